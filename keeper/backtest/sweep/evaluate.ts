/** From a configuration to its figures. What does not depend on the configuration is computed once. */
import { z } from "zod";

import type { Attribution } from "../../report/attribution.ts";
import { midnights } from "../data/calendar.ts";
import { cumulativeLog, growthOf } from "../data/growth.ts";
import { tapeOf } from "../data/tape.ts";
import { BookError } from "../engine/book.ts";
import { runStrategy } from "../engine/run.ts";
import { runFigures } from "../metrics/runFigures.ts";
import { dampedVariance, feeFlow } from "../model/feeFlow.ts";
import { type Measure, meanAttribution, MEASURES, spreads } from "../report/summary.ts";
import { startMarks } from "../study/options.ts";
import type { SweepDefinition } from "./definition.ts";
import { SweepError } from "./errors.ts";
import type { Parameters } from "./families/family.ts";
import { FAMILIES } from "./families/registry.ts";

/** Means over the starts, as in `strata backtest`. */
export interface Figures {
  readonly means: Readonly<Record<Measure, number | null>>;
  /** Least and greatest net return of a start. */
  readonly netReturns: readonly [least: number, greatest: number];
  /** Quote units. */
  readonly attribution: Attribution;
}

/** A strategy that its book stopped (it wanted what it did not have) has no figures; that is a result too, the same on every machine. */
export type Outcome = { readonly figures: Figures } | { readonly error: string };

const finite = z.number();
export const outcomeSchema: z.ZodType<Outcome> = z.union([
  z.strictObject({
    figures: z.strictObject({
      means: z.record(z.enum(MEASURES), finite.nullable()),
      netReturns: z.tuple([finite, finite]),
      attribution: z.strictObject({
        market: finite,
        fees: finite,
        lvr: finite,
        hedge: finite,
        carry: finite,
        gas: finite,
        slippage: finite,
      }),
    }),
  }),
  z.strictObject({ error: z.string() }),
]);

/**
 * @returns computes one configuration; its parameters are as the family's schema gives them
 * @throws SweepError for an unknown family; BacktestOptionError if the window is too short for the starts
 */
export function openEvaluator(definition: SweepDefinition): (parameters: Parameters) => Outcome {
  const { path, costs, k } = definition;
  const family = FAMILIES.get(definition.family);
  if (family === undefined)
    throw new SweepError(
      `There is no family "${definition.family}" here; use the same version of the code everywhere.`,
    );
  const tape = tapeOf(path);
  const starts = startMarks(definition.starts, tape.bars);
  const growth = growthOf(tape, costs, definition.reserve);
  const riskFree = cumulativeLog(growth.reserve);
  const knots = midnights(tape);
  const flow = feeFlow(tape, dampedVariance(path), k);
  const world = { tape, feePerLiquidity: flow.perLiquidity, growth, costs };
  const create = family.prepare({ path, tape, flow });
  return (parameters) => {
    try {
      const runs = starts.map((start) =>
        runFigures(runStrategy(world, create(parameters), start, knots), tape, riskFree),
      );
      const all = spreads(runs, MEASURES);
      const returns = runs.map(({ netReturn }) => netReturn);
      return {
        figures: {
          means: Object.fromEntries(MEASURES.map((name) => [name, all[name]?.mean ?? null])) as Figures["means"],
          netReturns: [Math.min(...returns), Math.max(...returns)],
          attribution: meanAttribution(runs),
        },
      };
    } catch (error) {
      if (error instanceof BookError) return { error: error.message };
      throw error;
    }
  };
}
