/**
 * The same strategies in both engines, and how far apart they come out. The fast engine is fed from the exact run of the same strategy: prices at
 * the marks, and fees of a unit of liquidity in each bar by the prices and in the token in which they were paid. Beside it stands the fast
 * engine that knows of each bar only the sum and takes the price to have gone straight, as it does over price files. Signals are those of the exact
 * run in all three, and so is what the keeper sees of the pool, so that decisions part only where books do.
 */
import type { DatedRate } from "../data/fedFunds.ts";
import { midnights } from "../data/calendar.ts";
import { type RunRecord, runStrategy } from "../engine/run.ts";
import type { StrategyBook } from "../engine/strategyBook.ts";
import { attributionAt, TERMS } from "../engine/terms.ts";
import type { World } from "../engine/world.ts";
import type { Costs } from "../model/costs.ts";
import { createStrategy, type StrategyName } from "../strategies/catalogue.ts";
import { netDelta } from "../strategies/layered/layered.ts";
import type { SignalTape } from "../strategies/layered/signalTape.ts";
import type { Strategy } from "../strategies/strategy.ts";
import { compareDecisions, type DecisionDifferences, type Told } from "./decisionLog.ts";
import { type ExactRun, runExact } from "./exactRun.ts";
import { PoolFeed, type ReplayMode } from "./poolFeed.ts";
import { PoolSignals } from "./poolSignals.ts";
import { type PoolVolatility, poolVolatility } from "./poolVolatility.ts";
import { poolOf, type PoolSource } from "./source.ts";
import type { Window } from "./window.ts";
import { HOUR } from "../../market/time.ts";
import type { Bar } from "../../market/types.ts";

/** What the project promises, fractions. */
export const LIMITS = { fees: 0.005, nav: 0.001 } as const;

export interface CompareOptions {
  readonly source: PoolSource;
  readonly window: Window;
  readonly strategies: readonly StrategyName[];
  readonly mode: ReplayMode;
  readonly costs: Costs;
  /** Fed funds; null if unknown. */
  readonly reserve: readonly DatedRate[] | null;
  /** Hourly bars up to the first hour of the pool's state, for the signals of `layered` (past.ts); default none. */
  readonly history?: readonly Bar[];
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
  readonly name: StrategyName;
  readonly exact: EngineFigures;
  readonly fast: EngineFigures;
  readonly difference: Differences;
  /** Of the fast engine that knows the sum of each bar alone. */
  readonly differenceBySum: Differences;
  /** Null for a strategy that tells of none. */
  readonly decisions: DecisionDifferences | null;
  readonly decisionsBySum: DecisionDifferences | null;
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
  let twin: Deltas | null = null;
  for (const name of options.strategies) {
    await pause();
    if (name === "no-lp") twin ??= runAll("layered", options, null).deltas;
    const ran = runAll(name, options, twin);
    if (name === "layered") twin = ran.deltas;
    strategies.push(comparison(name, ran, withoutUs));
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

/** A strategy in the exact engine, in the fast one that is fed with its pay, and in the one that knows sums alone. */
interface Trio<T> {
  readonly exact: T;
  readonly fast: T;
  readonly sums: T;
}

/** Net delta of `layered` at each mark in each engine, which `no-lp` copies. */
type Deltas = Trio<Float64Array>;

interface Ran {
  readonly records: Trio<RunRecord>;
  readonly told: Trio<readonly Told[]>;
  readonly deltas: Deltas;
  readonly feed: ExactRun["feed"];
}

/** @param twin for `no-lp`: of `layered` */
function runAll(name: StrategyName, options: CompareOptions, twin: Deltas | null): Ran {
  const { source, window, history } = options;
  const none = (): Float64Array => new Float64Array(window.bars + 1);
  const deltas = { exact: none(), fast: none(), sums: none() };
  const told: Trio<Told[]> = { exact: [], fast: [], sums: [] };
  // Made for who asks: most strategies know of no signals, which take longer than all the rest.
  const made: { signals: PoolSignals | null } = { signals: null };
  const signals = (): SignalTape => (made.signals ??= new PoolSignals(window, source.orientation, history)).tape;
  const create = (engine: keyof Deltas): Strategy =>
    createStrategy(name, {
      feeScale: 1,
      signals,
      deltas: () => twin?.[engine] ?? none(),
      overrides: {},
      heard: (decision, refused) => told[engine].push({ decision, refused }),
    });
  const seeIn = (engine: keyof Deltas) => (book: StrategyBook) => {
    deltas[engine][book.mark] = netDelta(book);
  };
  const strategy = create("exact");
  const { record, world, feed } = runExact(strategy, {
    ...options,
    ...(made.signals === null ? {} : { signals: made.signals }),
    seen: seeIn("exact"),
  });
  const knots = midnights(world.tape);
  const { profile: _profile, ...sums } = world;
  const run = (fed: World, engine: keyof Deltas): RunRecord =>
    runStrategy(fed, create(engine), 0, knots, { see: seeIn(engine) });
  return { records: { exact: record, fast: run(world, "fast"), sums: run(sums, "sums") }, told, deltas, feed };
}

function comparison(
  name: StrategyName,
  { records: { exact, fast, sums }, told, feed }: Ran,
  withoutUs: number,
): StrategyComparison {
  const difference = differences(fast, exact);
  const decides = told.exact.length + told.fast.length + told.sums.length > 0;
  return {
    name,
    exact: figures(exact),
    fast: figures(fast),
    difference,
    differenceBySum: differences(sums, exact),
    decisions: decides ? compareDecisions(told.exact, told.fast) : null,
    decisionsBySum: decides ? compareDecisions(told.exact, told.sums) : null,
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
