/**
 * How the use of each sleeve went up and down: of a conversion or reversal what it owes, of the others what they own, by moves between the
 * vault and the sleeve, whoever asked for them. Interest, reported prices, liquidations and units that leavers took change the level, too, and
 * are no moves.
 */
import type { SleeveState, Token, VaultState } from "../strategy/types.ts";
import type { VaultEvents } from "./events.ts";

/** Whole units of the token. */
export interface SleeveSteps {
  readonly index: number;
  readonly kind: SleeveState["kind"];
  /** What is counted: the token that it owes, or owns. */
  readonly token: Token;
  /** Moves that raised the level, moves that lowered it, and by how much together. */
  readonly up: number;
  readonly down: number;
  readonly raised: number;
  readonly lowered: number;
  /** The greatest level seen, and the latest. */
  readonly most: number;
  readonly end: number;
}

/** @param known of the same sleeve, undefined for one that is new */
function withMoves(known: SleeveSteps | undefined, sleeve: SleeveState, events: VaultEvents): SleeveSteps {
  const { index, kind } = sleeve;
  const owes = kind === "conversion" || kind === "reversal";
  const token = owes ? other(sleeve.asset) : sleeve.asset;
  const level = owes ? sleeve.owed : sleeve.owned;
  // Borrowing brings the loan token out, lending takes the asset in.
  const changes = events.sleeveMoves
    .filter((move) => move.index === index)
    .map((move) => (owes ? -move[token] : move[token]));
  const ups = changes.filter((change) => change > 0);
  const downs = changes.filter((change) => change < 0);
  return {
    index,
    kind,
    token,
    up: (known?.up ?? 0) + ups.length,
    down: (known?.down ?? 0) + downs.length,
    raised: (known?.raised ?? 0) + sum(ups),
    lowered: (known?.lowered ?? 0) - sum(downs),
    most: Math.max(known?.most ?? 0, level),
    end: level,
  };
}

/** With the moves of one step of the books. A sleeve that went keeps what it did. */
export function addSteps(
  known: ReadonlyMap<number, SleeveSteps>,
  after: VaultState,
  events: VaultEvents,
): Map<number, SleeveSteps> {
  const next = new Map(known);
  for (const sleeve of after.sleeves) next.set(sleeve.index, withMoves(known.get(sleeve.index), sleeve, events));
  return next;
}

function other(token: Token): Token {
  return token === "base" ? "quote" : "base";
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
