import { HOURS_PER_YEAR } from "../../signals/signal.ts";
import type { World } from "./world.ts";

/** Annual rate of the reserve in the bar that ended at a mark: the next one's is not known yet. At the first mark that of the first bar. */
export function rateBefore({ growth }: Pick<World, "growth">, mark: number): number {
  return Math.log(growth.reserve[Math.max(mark - 1, 0)] as number) * HOURS_PER_YEAR;
}
