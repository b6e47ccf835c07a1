/**
 * Ablation: `layered` with each of its rules switched off in turn. What a rule is worth is what is missing without it, from the same starts at the
 * same pay; a rule without which nothing is missing has no business being on.
 */
import type { StrategyConfig } from "../../strategy/config.ts";
import { type RunFigures, runFigures } from "../metrics/runFigures.ts";
import type { PayRatio } from "./options.ts";
import type { Runs } from "./runs.ts";

type RuleName = keyof StrategyConfig["rules"];

/**
 * Rules that a back-test can tell something about. Without `deploy` there is no vault; tiers pay alike in the model; nobody comes or goes, so fees for
 * it earn nothing; the quick ratio and the asset need what the model does not know.
 */
export const ABLATED = [
  "rangeShift",
  "compound",
  "oneSidedOrder",
  "swap",
  "trendTilt",
  "settle",
  "hedge",
  "reserve",
] as const satisfies readonly RuleName[];
export type AblatedRule = (typeof ABLATED)[number];

export interface Ablation {
  readonly rule: AblatedRule;
  /** One run without the rule for each start. */
  readonly without: readonly RunFigures[];
}

export async function ablate(runs: Runs, k: PayRatio, starts: readonly number[]): Promise<readonly Ablation[]> {
  const found: Ablation[] = [];
  for (const rule of ABLATED) {
    const without: RunFigures[] = [];
    for (const start of starts) {
      const record = await runs.variant(k, start, { overrides: { rules: { [rule]: false } } });
      without.push(runFigures(record, runs.tape, runs.riskFree));
    }
    found.push({ rule, without });
  }
  return found;
}
