/**
 * The same strategies in both engines, and how far apart they come out. The fast engine is fed from the exact run of the same strategy: prices at
 * the marks, and fees of a unit of liquidity in each bar by the prices and in the token in which they were paid. Beside it stands the fast
 * engine that knows of each bar only the sum and takes the price to have gone straight, as it does over price files.
 */
import type { DatedRate } from "../data/fedFunds.ts";
import { midnights } from "../data/calendar.ts";
import { type RunRecord, runStrategy } from "../engine/run.ts";
import { attributionAt, TERMS } from "../engine/terms.ts";
import type { World } from "../engine/world.ts";
import type { Costs } from "../model/costs.ts";
import { createBaseline, type BaselineName } from "../strategies/catalogue.ts";
import { runExact } from "./exactRun.ts";
import { PoolFeed, type ReplayMode } from "./poolFeed.ts";
import { type PoolVolatility, poolVolatility } from "./poolVolatility.ts";
import { poolOf, type PoolSource } from "./source.ts";
import type { Window } from "./window.ts";
import { HOUR } from "../../market/time.ts";

/** What the project promises, fractions. */
export const LIMITS = { fees: 0.005, nav: 0.001 } as const;

export interface CompareOptions {
  readonly source: PoolSource;
  readonly window: Window;
  readonly strategies: readonly BaselineName[];
  readonly mode: ReplayMode;
  readonly costs: Costs;
  /** Fed funds; null if unknown. */
  readonly reserve: readonly DatedRate[] | null;
  /** Awaited between runs, so that a long comparison can be stopped: it ends with what this throws. */
  readonly pause: () => Promise<void>;
}

/** Quote units at the end. */
export interface EngineFigures {
  readonly fees: number;
  readonly lvr: number;
  readonly nav: number;
  readonly rebalances: number;
}

/** Fast over exact, less one. */
export interface Differences {
  readonly fees: number;
  readonly lvr: number;
  /** At the end. */
  readonly nav: number;
  /** At the mark at which they are furthest apart, without its sign. */
  readonly navAtWorst: number;
}

export interface StrategyComparison {
  readonly name: BaselineName;
  readonly exact: EngineFigures;
  readonly fast: EngineFigures;
  readonly difference: Differences;
  /** Of the fast engine that knows the sum of each bar alone. */
  readonly differenceBySum: Differences;
  /** Volume over that of the same pool without us, less one. */
  readonly extraVolume: number;
  /** See PoolFeed. */
  readonly deviation: number;
  readonly share: number;
  readonly passed: boolean;
}

export interface Comparison {
  readonly strategies: readonly StrategyComparison[];
  /** Over the hours of all events. */
  readonly volatility: PoolVolatility;
  readonly passed: boolean;
}

/** @throws SimulationFileError for events that do not follow from the source's state */
export async function compareEngines(options: CompareOptions): Promise<Comparison> {
  const { source, window, pause } = options;
  const strategies: StrategyComparison[] = [];
  const withoutUs = bareVolume(options, window.from + window.bars * HOUR);
  for (const name of options.strategies) {
    await pause();
    strategies.push(compareOne(name, options, withoutUs));
  }
  const { events, terms, orientation, since } = source;
  const last = events.at(-1)?.time ?? since;
  const hours = [Math.floor(since / HOUR) * HOUR, Math.ceil(last / HOUR) * HOUR] as const;
  return {
    strategies,
    volatility: poolVolatility(events, terms.fee, orientation, ...hours),
    passed: strategies.every(({ passed }) => passed),
  };
}

/** Volume of the events in a pool that is theirs alone. */
function bareVolume({ source, mode }: CompareOptions, end: number): number {
  const feed = new PoolFeed({ ...source, pool: poolOf(source), mode, own: () => 0n, onSwap: () => undefined });
  feed.advanceTo(end);
  return feed.volume;
}

function compareOne(name: BaselineName, options: CompareOptions, withoutUs: number): StrategyComparison {
  const { record: exact, world, feed } = runExact(createBaseline(name), options);
  const knots = midnights(world.tape);
  const { profile: _profile, ...sums } = world;
  const run = (fed: World): RunRecord => runStrategy(fed, createBaseline(name), 0, knots);
  const fast = run(world);
  const difference = differences(fast, exact);
  return {
    name,
    exact: figures(exact),
    fast: figures(fast),
    difference,
    differenceBySum: differences(run(sums), exact),
    extraVolume: withoutUs > 0 ? feed.volume / withoutUs - 1 : 0,
    deviation: feed.deviation,
    share: feed.share,
    passed: Math.abs(difference.fees) <= LIMITS.fees && difference.navAtWorst <= LIMITS.nav,
  };
}

function figures({ terms, nav, rebalances }: RunRecord): EngineFigures {
  const { fees, lvr } = attributionAt(terms, terms.length - TERMS);
  return { fees, lvr, nav: nav[nav.length - 1] ?? Number.NaN, rebalances };
}

function differences(fast: RunRecord, exact: RunRecord): Differences {
  const [a, b] = [figures(fast), figures(exact)];
  let navAtWorst = 0;
  for (const [mark, nav] of fast.nav.entries())
    navAtWorst = Math.max(navAtWorst, Math.abs(relative(nav, exact.nav[mark] ?? Number.NaN)));
  return { fees: relative(a.fees, b.fees), lvr: relative(a.lvr, b.lvr), nav: relative(a.nav, b.nav), navAtWorst };
}

/** Something where there is nothing is wrong by all of it. */
function relative(value: number, reference: number): number {
  return reference === 0 ? Math.sign(value) : value / reference - 1;
}
