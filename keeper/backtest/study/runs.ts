/**
 * All runs of a study, each made once: a strategy, a pay ratio, a start. What several need (worlds, the keeper's signals, the run of `layered` that
 * its twin copies) is made when the first one asks for it.
 */
import type { PricePath } from "../../market/types.ts";
import type { ConfigOverrides } from "../../strategy/config.ts";
import { midnights } from "../data/calendar.ts";
import type { DatedRate } from "../data/fedFunds.ts";
import { cumulativeLog, type Growth, growthOf } from "../data/growth.ts";
import { type Tape, tapeOf } from "../data/tape.ts";
import type { Book } from "../engine/book.ts";
import { RangeHistory } from "../engine/rangeHistory.ts";
import { type Observer, type RunRecord, runStrategy } from "../engine/run.ts";
import type { World } from "../engine/world.ts";
import type { Costs } from "../model/costs.ts";
import type { MeasuredPay } from "../pay/measured.ts";
import { dampedVariance, type FeeFlow, feeFlow } from "../model/feeFlow.ts";
import { createStrategy, type Materials, type StrategyName } from "../strategies/catalogue.ts";
import { netDelta } from "../strategies/layered/layered.ts";
import { type SignalTape, signalTape } from "../strategies/layered/signalTape.ts";
import type { Strategy } from "../strategies/strategy.ts";
import type { PayRatio } from "./options.ts";

export interface RunsOptions {
  readonly path: PricePath;
  readonly costs: Costs;
  /** Fed funds; null if unknown. */
  readonly reserve: readonly DatedRate[] | null;
  /** Of `layered`'s configuration; default none. */
  readonly overrides?: ConfigOverrides;
  /** Awaited between runs, so that a long study can be stopped: it ends with what this throws. */
  readonly pause: () => Promise<void>;
  /** Pay ratio at which the runs from the first mark keep the ranges that they had open; none unless given. */
  readonly historyAt?: PayRatio;
  /** Pay of the path's hours as a pool had it; then every run is at the pay ratio null. Without it pay follows the model `lvr`. */
  readonly measured?: MeasuredPay;
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
  readonly #worlds = new Map<PayRatio, { readonly world: World; readonly flow: FeeFlow }>();
  readonly #records = new Map<string, RunRecord>();
  readonly #deltas = new Map<string, Deltas>();
  readonly #histories = new Map<string, RangeHistory>();
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

  /** Fee variance over the damped variance at a pay ratio; 1 where pay is measured. */
  feeScale(k: PayRatio): number {
    return this.#at(k).flow.scale;
  }

  get signals(): SignalTape {
    const { flow } = this.#at(this.#options.measured === undefined ? 1 : null);
    this.#signals ??= signalTape(this.#options.path, this.tape, flow.perLiquidity, flow.scale);
    return this.#signals;
  }

  /** @param start mark */
  async record(name: StrategyName, k: PayRatio, start: number): Promise<RunRecord> {
    const key = `${name} ${String(k)} ${start}`;
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    if (name === "no-lp") await this.record("layered", k, start);
    await this.#options.pause();
    const observers: Observer[] = [];
    if (name === "layered") {
      const deltas = new Deltas(this.tape.bars, start);
      this.#deltas.set(key, deltas);
      observers.push(deltas);
    }
    if (k === this.#options.historyAt && start === 0) {
      const history = new RangeHistory();
      this.#histories.set(key, history);
      observers.push(history);
    }
    const record = this.#run(createStrategy(name, this.#materials(k, start)), k, start, observers);
    this.#records.set(key, record);
    return record;
  }

  /** Ranges of a run from the first mark, and the book that it ended with; null where none were kept. */
  history(name: StrategyName, k: PayRatio): RangeHistory | null {
    return this.#histories.get(`${name} ${String(k)} 0`) ?? null;
  }

  /** A run of `layered` that differs from the study's; not kept. */
  async variant(k: PayRatio, start: number, { overrides, signals }: Variant): Promise<RunRecord> {
    await this.#options.pause();
    const all = merged(this.#options.overrides ?? {}, overrides ?? {});
    const materials = { ...this.#materials(k, start), overrides: all, signals: () => signals ?? this.signals };
    return this.#run(createStrategy("layered", materials), k, start, []);
  }

  #run(strategy: Strategy, k: PayRatio, start: number, observers: readonly Observer[]): RunRecord {
    const { world } = this.#at(k);
    if (observers.length === 0) return runStrategy(world, strategy, start, this.#knots);
    const see = (book: Book): void => {
      for (const observer of observers) observer.see(book);
    };
    return runStrategy(world, strategy, start, this.#knots, { see });
  }

  #materials(k: PayRatio, start: number): Materials {
    return {
      feeScale: this.feeScale(k),
      signals: () => this.signals,
      deltas: () => this.#deltas.get(`layered ${String(k)} ${start}`)?.values ?? new Float64Array(),
      overrides: this.#options.overrides ?? {},
    };
  }

  #at(k: PayRatio): { readonly world: World; readonly flow: FeeFlow } {
    const known = this.#worlds.get(k);
    if (known !== undefined) return known;
    const { costs, measured } = this.#options;
    if ((measured === undefined) === (k === null))
      throw new Error("A pay ratio is for the model lvr, and for nothing that was measured; report this as a bug.");
    const flow =
      measured === undefined
        ? feeFlow(this.tape, this.#damped, k ?? Number.NaN)
        : { perLiquidity: measured.perLiquidity, scale: 1 };
    const { profile, grid } = measured ?? {};
    const world: World = {
      tape: this.tape,
      feePerLiquidity: flow.perLiquidity,
      growth: this.#growth,
      costs,
      ...(profile === undefined ? {} : { profile }),
      ...(grid === undefined || grid === null ? {} : { grid }),
    };
    this.#worlds.set(k, { world, flow });
    return { world, flow };
  }
}

/** The net delta of every mark, which the twin copies. */
class Deltas implements Observer {
  readonly values: Float64Array;
  readonly #start: number;

  constructor(bars: number, start: number) {
    this.values = new Float64Array(bars - start + 1);
    this.#start = start;
  }

  see(book: Book): void {
    this.values[book.mark - this.#start] = netDelta(book);
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
