/** Every strategy by the name that the command line and all tables use (design: "Baselines"). */
import type { ConfigOverrides } from "../../strategy/config.ts";
import { feeTier } from "../../report/format.ts";
import { BacktestOptionError } from "../errors.ts";
import { charm } from "./charm.ts";
import { hold } from "./hold.ts";
import { layered, type LayeredOptions } from "./layered/layered.ts";
import { DECIMALS, FEE } from "./layered/pool.ts";
import type { SignalTape } from "./layered/signalTape.ts";
import { noLp } from "./noLp.ts";
import { fullRange, staticRange } from "./passive.ts";
import { recentre } from "./recentre.ts";
import type { Strategy } from "./strategy.ts";

/** What strategies may be made of beside their names. Baselines need nothing. */
export interface Materials {
  /** Of the run's fee flow. */
  readonly feeScale: number;
  readonly signals: () => SignalTape;
  /** The net delta of `layered` at each mark of its own run from the same start in the same world, base units. */
  readonly deltas: () => Float64Array;
  /** What of the strategy's configuration is not the default. */
  readonly overrides: ConfigOverrides;
  /** Told of every decision of `layered` that acts. */
  readonly heard?: LayeredOptions["heard"];
}

/** Made of their names alone. */
const BASELINES = {
  hold: () => hold(0.5),
  "hold-base": () => hold(1),
  "full-range": fullRange,
  static: () => staticRange(0.2),
  "recentre-20": () => recentre(0.2),
  "recentre-40": () => recentre(0.4),
  "charm-20": () => charm(0.2),
  "charm-40": () => charm(0.4),
} as const satisfies Readonly<Record<string, () => Strategy>>;

export type BaselineName = keyof typeof BASELINES;

export const BASELINE_NAMES = Object.keys(BASELINES) as readonly BaselineName[];

export function createBaseline(name: BaselineName): Strategy {
  return BASELINES[name]();
}

const CATALOGUE = {
  layered: (materials) => layered(layeredOptions(materials)),
  "layered-core": (materials) => layered({ ...layeredOptions(materials), sleeves: false }),
  "no-lp": ({ deltas }) => noLp(deltas()),
  ...BASELINES,
} as const satisfies Readonly<Record<string, (materials: Materials) => Strategy>>;

function layeredOptions({ signals, feeScale, overrides, heard }: Materials): LayeredOptions {
  return { signals: signals(), feeScale, overrides, ...(heard === undefined ? {} : { heard }) };
}

export type StrategyName = keyof typeof CATALOGUE;

export const STRATEGY_NAMES = Object.keys(CATALOGUE) as readonly StrategyName[];

/** The passive and rule-bound LPs that gates compare with (design: X). */
export const RIVALS = ["full-range", "recentre-20", "recentre-40", "charm-20", "charm-40"] as const;

/** A strategy that has not begun. */
export function createStrategy(name: StrategyName, materials: Materials): Strategy {
  const create: (materials: Materials) => Strategy = CATALOGUE[name];
  return create(materials);
}

/** Made of the keeper's decisions, which know one pool (layered/pool.ts). */
const KEEPERS = ["layered", "layered-core", "no-lp"] as const satisfies readonly StrategyName[];

/**
 * To be asked where pay is of one pool.
 * @throws BacktestOptionError for a strategy that stands in another pool than the one that pays
 */
export function requireOwnPool(
  names: readonly StrategyName[],
  pool: { readonly fee: number; readonly baseDecimals: number; readonly quoteDecimals: number },
): void {
  const { baseDecimals, quoteDecimals } = DECIMALS;
  const same = pool.fee === FEE && pool.baseDecimals === baseDecimals && pool.quoteDecimals === quoteDecimals;
  const keeper = same ? undefined : KEEPERS.find((name) => names.includes(name));
  if (keeper === undefined) return;
  throw new BacktestOptionError(
    `--strategies: ${keeper} stands in a pool of ${feeTier(FEE)} whose tokens have ${baseDecimals} and ${quoteDecimals} decimals, and this pay is of another one; leave it away, or measure such a pool.`,
  );
}

/**
 * Names in the order in which they were written, each once.
 * @param text with commas between the names
 * @param among the names that there are
 * @throws BacktestOptionError for a name that is none, or no name at all
 */
export function parseStrategies<N extends StrategyName>(text: string, among: readonly N[]): readonly N[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const choice = `choose from ${among.join(", ")}`;
  const found = names.map((name) => {
    const known = among.find((one) => one === name);
    if (known === undefined) throw new BacktestOptionError(`--strategies: there is no strategy "${name}"; ${choice}.`);
    return known;
  });
  if (found.length === 0) throw new BacktestOptionError(`--strategies names none; ${choice}.`);
  return [...new Set(found)];
}
