/**
 * How much of the core's base is to be owed by conversions, and how much to be added by reversals.
 *
 * The bearish part b of the trend's voices is the conversion's; while pools run short of quote, some is added. A governed part p of the bullish
 * rest, at most a quarter, is the reversal's: p (1 - b).
 *
 * CONVERSION AGAINST REVERSAL. A conversion sells what it owes, a reversal buys base for what it owes; so with debts of the same value they cancel,
 * and a pair of different size has the delta of its difference alone. The common part costs D_conversion + D_reversal a year per unit of debt
 * value (`interestDifferential`) and hedges nothing, so it is left out on both sides unless both together earn.
 */
import { nettingSaves } from "../../sleeves/debt.ts";
import type { Memory } from "../types.ts";
import { fresh, type View } from "../view.ts";
import { overlaysOf, type Overlay } from "./overlay.ts";

/** Parts of the core's base. */
export interface Wish {
  readonly conversion: number;
  readonly reversal: number;
  /** What was left out on both sides. */
  readonly netted: number;
}

/** Whether the pools are short of quote, from a threshold to a higher one. */
export function drainMemory(view: View): Pick<Memory, "drained"> {
  const { config, state } = view;
  const quick = fresh(view.signals, "poolQuickRatio");
  if (!config.rules.quickRatio || quick === null) return { drained: false };
  return { drained: quick < (state.memory.drained ? config.quickRatio.above : config.quickRatio.below) };
}

/** Null while the trend is not known. */
export function wishOf(view: View): Wish | null {
  const { bearish, config } = view;
  if (bearish === null) return null;
  const added = drainMemory(view).drained ? config.quickRatio.adds : 0;
  const short = config.rules.hedge ? Math.min(1, bearish + added) : 0;
  const reversals = overlaysOf(view, "reversal");
  const long = config.rules.reversal && reversals.length > 0 ? config.reversal.part * (1 - bearish) : 0;
  const netted = cheaperNetted(overlaysOf(view, "conversion"), reversals) ? Math.min(short, long) : 0;
  return { conversion: short - netted, reversal: long - netted, netted };
}

function cheaperNetted(conversions: readonly Overlay[], reversals: readonly Overlay[]): boolean {
  const least = (list: readonly Overlay[]): number => Math.min(...list.map(({ differential }) => differential));
  return conversions.length > 0 && reversals.length > 0 && nettingSaves(least(conversions), least(reversals)) >= 0;
}
