/**
 * The keeper's own strategy in a back-test: at every mark it is asked what it would do (`decide`, the function that the keeper calls), held to the
 * limits and budgets of the chain, and its plan is carried out at the model's costs.
 *
 * What it has here: a core in one pool, a conversion, a reserve. What it has not: other tiers (they pay alike in the model), a reversal
 * (off by default), an asset sleeve (there is no history of one), entry and exit fees (nobody comes or goes).
 */
import { decide } from "../../../strategy/decide.ts";
import { type ConfigOverrides, type StrategyConfig, strategyConfig } from "../../../strategy/config.ts";
import { NO_MOVES, project } from "../../../strategy/project.ts";
import type { Decision, Memory } from "../../../strategy/types.ts";
import { viewOf } from "../../../strategy/view.ts";
import { BookError } from "../../engine/book.ts";
import type { StrategyBook } from "../../engine/strategyBook.ts";
import type { Strategy } from "../strategy.ts";
import { BudgetLevels } from "./budgets.ts";
import { fill } from "./fill.ts";
import { limitsFor } from "./limits.ts";
import { poolOf } from "./pool.ts";
import { type SignalTape, signalsAt } from "./signalTape.ts";
import { type Bounds, stateOf } from "./state.ts";

export interface LayeredOptions {
  readonly signals: SignalTape;
  /** Of the run's fee flow. */
  readonly feeScale: number;
  readonly overrides?: ConfigOverrides;
  /** Without them neither hedge nor reserve: the core alone. */
  readonly sleeves?: boolean;
  /** Told of every decision that acts, and whether it was carried out. */
  readonly heard?: (decision: Decision, refused: string | null) => void;
}

export interface LayeredStrategy extends Strategy {
  /** Plans carried out, and plans that the chain's limits or the book refused. */
  readonly plans: () => { readonly done: number; readonly refused: number };
}

const NEVER: Memory = {
  lastRangeShift: null,
  lastTierMove: null,
  lastCompound: null,
  tierSignalSince: null,
  tierSignalFee: null,
  lastFeeChange: null,
  lastHedge: null,
  drained: false,
  lastReserveMove: null,
};

/** A back-test's configuration: nobody enters or leaves, so no fee for it is steered. @throws StrategyConfigError */
export function backtestConfig(overrides: ConfigOverrides = {}): StrategyConfig {
  return strategyConfig({ ...overrides, rules: { ...strategyConfig().rules, ...overrides.rules, feeChange: false } });
}

export function layered(options: LayeredOptions): LayeredStrategy {
  const { signals: tape, feeScale, sleeves = true } = options;
  const config = backtestConfig(options.overrides);
  const levels = new BudgetLevels();
  let memory = NEVER;
  let bounds: readonly Bounds[] = [];
  let [done, refused] = [0, 0];

  const act = (book: StrategyBook): void => {
    const { price } = book;
    const { fee, tickSpacing } = poolOf(book);
    const limits = limitsFor(fee);
    const shareSupply = book.costs.nav;
    const state = stateOf(book, {
      bounds,
      budgets: levels.at(book.time),
      left: levels.left,
      shareSupply,
      oracleVolatility: tape.oracle[book.mark] as number,
      memory,
      sleeves,
    });
    const signals = signalsAt(tape, book.mark, feeScale, book.inRange, fee);
    const decision = decide(state, signals, limits, config);
    if (decision.actions.length === 0) {
      ({ memory } = decision);
      return;
    }
    const view = viewOf(state, price, signals, limits, config);
    const projection = project(view, { ...NO_MOVES, ...decision });
    const takeBack = book.checkpoint();
    let why = levels.broken(project(view, NO_MOVES), projection, decision.mints, tickSpacing);
    try {
      if (why === null) bounds = fill(book, decision, bounds);
    } catch (error) {
      if (!(error instanceof BookError)) throw error;
      takeBack();
      why = error.message;
    }
    options.heard?.(decision, why);
    if (why !== null) {
      // As on chain: nothing happened, so what the plan would have been remembered for is not.
      refused++;
      return;
    }
    done++;
    ({ memory } = decision);
    levels.spend(projection);
    levels.left = leftBehind(book, shareSupply);
    book.payGas();
  };

  return { baseShare: 0.5, open: act, act, plans: () => ({ done, refused }) };
}

/** Net base: in ranges, idle, in pending fees, less what is owed. */
export function netDelta({ idle, pendingFees, debt, ranges }: StrategyBook): number {
  let base = idle.base + pendingFees.base - debt.owed;
  for (let i = 0; i < ranges.count; i++) base += ranges.base[i] as number;
  return base;
}

/** What a plan leaves behind each share, fees that were not collected aside; whole units. */
function leftBehind(book: StrategyBook, shareSupply: number): { base: number; quote: number } {
  const { idle, debt, reserve, ranges } = book;
  let [base, quote] = [idle.base - debt.owed, idle.quote + debt.owned + reserve];
  for (let i = 0; i < ranges.count; i++) {
    base += ranges.base[i] as number;
    quote += ranges.quote[i] as number;
  }
  return { base: base / shareSupply, quote: quote / shareSupply };
}
