/**
 * The keeper's budgets as the chain keeps them: levels that drain with time and rise with every plan (contracts/libraries/Buckets.sol), and what
 * the last plan left behind each share, against which the next one's churn is charged.
 */
import type { Projection } from "../../../strategy/project.ts";
import type { Budgets, MintMove, VaultState } from "../../../strategy/types.ts";
import { DAY } from "../../../signals/signal.ts";
import { CAPACITY, LIMITS } from "./limits.ts";

const NAMES = ["loss", "turnover", "churn"] as const;

export class BudgetLevels {
  readonly #used = { loss: 0, turnover: 0, churn: 0 };
  #at = 0;
  /** Whole units per share. */
  left: VaultState["left"] = { base: 0, quote: 0 };

  /** @param time unix seconds, not before the last one */
  at(time: number): Budgets {
    const days = (time - this.#at) / DAY;
    this.#at = time;
    for (const name of NAMES) this.#used[name] = Math.max(this.#used[name] - days * LIMITS.refill[name], 0);
    const level = (name: (typeof NAMES)[number]) => ({ used: this.#used[name], capacity: CAPACITY[name] });
    return { loss: level("loss"), turnover: level("turnover"), churn: level("churn") };
  }

  /**
   * Which limit of the chain a plan would break; null if it keeps them all. Levels as of the last `at`. Above the core's cap and the arbitrage limit a
   * plan may leave what it finds, as on chain.
   * @param tickSpacing of the pool
   */
  broken(before: Projection, after: Projection, mints: readonly MintMove[], tickSpacing: number): string | null {
    const { charge, turnover, churn, coreWeight, arbitrage } = after;
    if (charge > LIMITS.maxPlanLoss) return "loss of a plan";
    if (this.#used.loss + charge > CAPACITY.loss) return "loss budget";
    if (this.#used.turnover + turnover > CAPACITY.turnover) return "turnover budget";
    if (mints.length === 0) return null;
    if (coreWeight > LIMITS.coreWeightCap && after.core > before.core) return "core weight";
    if (arbitrage > LIMITS.lvrLimit && arbitrage > before.arbitrage) return "arbitrage limit";
    const widest = mints.every((mint) => mint.tickUpper - mint.tickLower >= 2 * (LIMITS.maxHalfWidth - tickSpacing));
    return churn >= CAPACITY.churn && !widest ? "churn budget" : null;
  }

  spend({ charge, turnover, churn }: Projection): void {
    this.#used.loss += charge;
    this.#used.turnover += turnover;
    this.#used.churn = churn;
  }
}
