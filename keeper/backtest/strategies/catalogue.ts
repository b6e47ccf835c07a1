/** Every strategy by the name that the command line and all tables use (design: "Baselines"). */
import { BacktestOptionError } from "../errors.ts";
import { charm } from "./charm.ts";
import { hold } from "./hold.ts";
import { fullRange, staticRange } from "./passive.ts";
import { recentre } from "./recentre.ts";
import type { Strategy } from "./strategy.ts";

// Here go `layered`, which asks the keeper's `decide` at every mark, and its twin `no-lp`, which needs the run of `layered` to copy its delta.
const CATALOGUE = {
  hold: () => hold(0.5),
  "hold-base": () => hold(1),
  "full-range": fullRange,
  static: () => staticRange(0.2),
  "recentre-20": () => recentre(0.2),
  "recentre-40": () => recentre(0.4),
  "charm-20": () => charm(0.2),
  "charm-40": () => charm(0.4),
} as const satisfies Readonly<Record<string, () => Strategy>>;

export type StrategyName = keyof typeof CATALOGUE;

export const STRATEGY_NAMES = Object.keys(CATALOGUE) as readonly StrategyName[];

/** A strategy that has not begun. */
export function createStrategy(name: StrategyName): Strategy {
  return CATALOGUE[name]();
}

/**
 * Names in the order in which they were written, each once.
 * @param text with commas between the names
 * @throws BacktestOptionError for a name that is none, or no name at all
 */
export function parseStrategies(text: string): readonly StrategyName[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  for (const name of names) {
    if (!isStrategyName(name))
      throw new BacktestOptionError(
        `--strategies: there is no strategy "${name}"; choose from ${STRATEGY_NAMES.join(", ")}.`,
      );
  }
  if (names.length === 0)
    throw new BacktestOptionError(`--strategies names none; choose from ${STRATEGY_NAMES.join(", ")}.`);
  return [...new Set(names)] as StrategyName[];
}

function isStrategyName(name: string): name is StrategyName {
  return Object.hasOwn(CATALOGUE, name);
}
