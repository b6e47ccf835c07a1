/** Why a sleeve pays nothing out now, in the order of contracts/interfaces/Types.sol, Obstacle. */
const OBSTACLES = [
  null,
  "its debt is too near liquidation for the venue to let anything go",
  "the venue has lent out what it would have to pay",
  "the venue settles later",
  "the venue does not answer or is closed",
] as const;

/** What a view that reverts counts as: a venue that does not answer does not pay either. */
export const CLOSED = 4;

/** Null if nothing stands in the way. */
export function obstacleText(obstacle: number): string | null {
  return OBSTACLES[obstacle] ?? null;
}
