/**
 * All runs of a study, each made once: a strategy, a pay ratio, a start. What several need (worlds, the keeper's signals, the run of `layered` that
 * its twin copies) is made when the first one asks for it.
 */
import type { PricePath } from "../../market/types.ts";
import { HOUR } from "../../signals/signal.ts";
import type { ConfigOverrides } from "../../strategy/config.ts";
import { midnights } from "../data/calendar.ts";
import type { DatedRate } from "../data/fedFunds.ts";
import { type Growth, growthOf } from "../data/growth.ts";
import { type Tape, tapeOf, timeOf } from "../data/tape.ts";
import { type RunRecord, runStrategy } from "../engine/run.ts";
import type { World } from "../engine/world.ts";
import type { Costs } from "../model/costs.ts";
import { dampedVariance, type FeeFlow, feeFlow } from "../model/feeFlow.ts";
import { createStrategy, type Materials, type StrategyName } from "../strategies/catalogue.ts";
import { netDelta } from "../strategies/layered/layered.ts";
import { type SignalTape, signalTape } from "../strategies/layered/signalTape.ts";
import type { Strategy } from "../strategies/strategy.ts";

export interface RunsOptions {
  readonly path: PricePath;
  readonly costs: Costs;
  /** Fed funds; null if unknown. */
  readonly reserve: readonly DatedRate[] | null;
  /** Of `layered`'s configuration; default none. */
  readonly overrides?: ConfigOverrides;
  /** Awaited between runs, so that a long study can be stopped: it ends with what this throws. */
  readonly pause: () => Promise<void>;
}

/** How a run of `layered` may differ from the study's own. */
export interface Variant {
  readonly overrides?: ConfigOverrides;
  readonly signals?: SignalTape;
}

export class Runs {
  readonly tape: Tape;
  /** Logarithm of what a unit of quote without risk has grown to at each mark. */
  readonly riskFree: Float64Array;
  readonly #options: RunsOptions;
  readonly #growth: Growth;
  readonly #damped: Float64Array;
  readonly #knots: Int32Array;
  readonly #worlds = new Map<number, { readonly world: World; readonly flow: FeeFlow }>();
  readonly #records = new Map<string, RunRecord>();
  readonly #deltas = new Map<string, Float64Array>();
  #signals: SignalTape | null = null;

  constructor(options: RunsOptions) {
    this.#options = options;
    const { path, costs, reserve } = options;
    this.tape = tapeOf(path);
    this.#growth = growthOf(this.tape, costs, reserve);
    this.riskFree = cumulativeLog(this.#growth.reserve);
    this.#damped = dampedVariance(path);
    this.#knots = midnights(this.tape);
  }

  /** Fee variance over the damped variance at a pay ratio. */
  feeScale(k: number): number {
    return this.#at(k).flow.scale;
  }

  get signals(): SignalTape {
    const { flow } = this.#at(1);
    this.#signals ??= signalTape(this.#options.path, this.tape, flow.perLiquidity, flow.scale);
    return this.#signals;
  }

  /** @param start mark */
  async record(name: StrategyName, k: number, start: number): Promise<RunRecord> {
    const key = `${name} ${k} ${start}`;
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    if (name === "no-lp") await this.record("layered", k, start);
    await this.#options.pause();
    const record =
      name === "layered" ? this.#layered(k, start, key) : this.#run(this.#create(name, k, start), k, start);
    this.#records.set(key, record);
    return record;
  }

  /** A run of `layered` that differs from the study's; not kept. */
  async variant(k: number, start: number, { overrides, signals }: Variant): Promise<RunRecord> {
    await this.#options.pause();
    const all = merged(this.#options.overrides ?? {}, overrides ?? {});
    const materials = { ...this.#materials(k, start), overrides: all, signals: () => signals ?? this.signals };
    return this.#run(createStrategy("layered", materials), k, start);
  }

  /** Keeps the net delta of every mark besides. */
  #layered(k: number, start: number, key: string): RunRecord {
    const strategy = this.#create("layered", k, start);
    const deltas = new Float64Array(this.tape.bars - start + 1);
    const kept = (action: "open" | "act"): Strategy["act"] => {
      return (book) => {
        strategy[action](book);
        deltas[(book.time - timeOf(this.tape, start)) / HOUR] = netDelta(book);
      };
    };
    this.#deltas.set(key, deltas);
    return this.#run({ baseShare: strategy.baseShare, open: kept("open"), act: kept("act") }, k, start);
  }

  #run(strategy: Strategy, k: number, start: number): RunRecord {
    return runStrategy(this.#at(k).world, strategy, start, this.#knots);
  }

  #create(name: StrategyName, k: number, start: number): Strategy {
    return createStrategy(name, this.#materials(k, start));
  }

  #materials(k: number, start: number): Materials {
    return {
      feeScale: this.feeScale(k),
      signals: () => this.signals,
      deltas: () => this.#deltas.get(`layered ${k} ${start}`) ?? new Float64Array(),
      overrides: this.#options.overrides ?? {},
    };
  }

  #at(k: number): { readonly world: World; readonly flow: FeeFlow } {
    const known = this.#worlds.get(k);
    if (known !== undefined) return known;
    const flow = feeFlow(this.tape, this.#damped, k);
    const { costs } = this.#options;
    const world = { tape: this.tape, feePerLiquidity: flow.perLiquidity, growth: this.#growth, costs };
    this.#worlds.set(k, { world, flow });
    return { world, flow };
  }
}

/** Section by section. */
export function merged(a: ConfigOverrides, b: ConfigOverrides): ConfigOverrides {
  const sections = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof ConfigOverrides>;
  const both = (section: keyof ConfigOverrides): unknown => {
    const [first, second] = [a[section], b[section]];
    return typeof first === "object" && typeof second === "object" ? { ...first, ...second } : (second ?? first);
  };
  return Object.fromEntries([...sections].map((section) => [section, both(section)]));
}

/** Logarithm of the product of the factors before each mark. */
function cumulativeLog(factors: Float64Array): Float64Array {
  const sums = new Float64Array(factors.length + 1);
  for (const [i, factor] of factors.entries()) sums[i + 1] = (sums[i] ?? 0) + Math.log(factor);
  return sums;
}
