/**
 * The past that signals read: hourly bars and samples, in memory for the ticks and in the journal for the next start. Bars come from a warm-up
 * source first and from what the keeper sees afterwards.
 */
import { ConfigError } from "../chain/failures.ts";
import type { Journal } from "../journal/journal.ts";
import { prunePast, readPast, type StoredPast, writeBars, writeOpenBar, writeSample } from "../journal/past.ts";
import { advance, type HourlyBars, observe, startHourly } from "../market/hourly.ts";
import { formatTime, HOUR } from "../market/time.ts";
import type { Bar } from "../market/types.ts";
import { MAX_HISTORY_DAYS } from "../market/window.ts";
import type { History, Sample, VaultState } from "../strategy/types.ts";

/** Where bars from before the keeper's own time come from: a path's history, a file, an exchange. */
export interface HistorySource {
  /** Hourly, oldest first, without holes; may be empty. */
  bars(): Promise<readonly Bar[]>;
}

/** No warm-up: signals that need a past stay silent until the keeper has seen enough. */
export const NO_HISTORY: HistorySource = { bars: () => Promise.resolve([]) };

/** Bars that are there already, for example a path's history. */
export function fixedHistory(bars: readonly Bar[]): HistorySource {
  return { bars: () => Promise.resolve(bars) };
}

/** Days for which samples are kept: longer than any signal looks back through them. */
const SAMPLE_DAYS = 30;
const DAY = 24 * HOUR;
/** Seconds by which a block may lie before what was seen already: a node behind its fellows or a reorganisation, not another chain. */
const MAX_STEP_BACK = HOUR;

export class Past {
  readonly #journal: Journal;
  #hourly: HourlyBars;
  #samples: Sample[];
  #prunedAt: number;

  private constructor(journal: Journal, hourly: HourlyBars, samples: readonly Sample[]) {
    this.#journal = journal;
    this.#hourly = hourly;
    this.#samples = [...samples];
    this.#prunedAt = samples[0]?.time ?? 0;
  }

  /**
   * Takes up the journal's past and the source's before and between. Hours that the keeper saw itself are kept as it saw them.
   *
   * @param now unix seconds, the chain's; bars from after it would hold back everything that the keeper sees until then
   * @throws ConfigError, before anything is written, if the source or the journal is ahead of the chain
   */
  static async open(journal: Journal, source: HistorySource, now: number): Promise<Past> {
    const stored = readPast(journal);
    const bars = await source.bars();
    const sourceEnd = endOf(bars);
    if (sourceEnd > now) {
      throw new ConfigError(
        `The history's last bar closes at ${formatTime(sourceEnd)}, after the chain's time ${formatTime(now)}; give a history that ends before.`,
      );
    }
    refuseAhead(Math.max(endOf(stored.bars), stored.time ?? -Infinity), now);
    const hourly = join(bars, stored);
    journal.transaction(() => {
      writeBars(journal, hourly.closed);
    });
    return new Past(journal, hourly, stored.samples);
  }

  get history(): History {
    return { bars: this.#hourly.closed, samples: this.#samples };
  }

  /**
   * Takes in what a tick saw and writes it to the journal. A slightly older block than the last one adds nothing (a reorganisation can bring
   * one), one of the same time no second sample.
   *
   * @throws ConfigError if the chain went back further, so that it cannot be the one that was seen before
   */
  record(state: VaultState, marketPrice: number | null): void {
    const { time } = state;
    refuseAhead(this.#hourly.time, time);
    if (time < this.#hourly.time) return;
    const before = this.#hourly;
    this.#hourly = marketPrice === null ? advance(before, time) : observe(before, { time, price: marketPrice });
    const sample = state.price === null ? null : { time, price: state.price, tiers: state.tiers.map(tierSample) };
    const isNew = sample !== null && (this.#samples.at(-1)?.time ?? -Infinity) < time;
    if (isNew) this.#samples.push(sample);

    this.#journal.transaction(() => {
      if (this.#hourly.closed !== before.closed) {
        const known = before.closed.at(-1)?.time ?? -Infinity;
        writeBars(
          this.#journal,
          this.#hourly.closed.filter((bar) => bar.time > known),
        );
      }
      writeOpenBar(this.#journal, time, this.#hourly.open);
      if (isNew) writeSample(this.#journal, sample);
      if (time - this.#prunedAt >= DAY) this.#prune(time);
    });
  }

  #prune(time: number): void {
    this.#prunedAt = time;
    const samplesBefore = time - SAMPLE_DAYS * DAY;
    const first = this.#samples.findIndex((sample) => sample.time >= samplesBefore);
    if (first > 0) this.#samples = this.#samples.slice(first);
    prunePast(this.#journal, samplesBefore, this.#hourly.closed[0]?.time ?? time - MAX_HISTORY_DAYS * DAY);
  }
}

/**
 * The market's price at a tick, quote units per base unit, for hourly bars: the spot of the tier with the smallest fee, which follows the
 * market most closely, held inside the oracle's band so that nobody can paint it. The feeds' own price moves in steps of their deviation
 * threshold and would overstate hourly volatility. Null while the oracle is silent.
 */
export function marketPrice(state: VaultState): number | null {
  if (state.price === null) return null;
  const cheapest = state.tiers
    .filter((tier) => tier.liquidity > 0)
    .reduce<VaultState["tiers"][number] | null>(
      (best, tier) => (best === null || tier.fee < best.fee ? tier : best),
      null,
    );
  if (cheapest === null) return state.price;
  const low = state.price * (1 - state.priceError);
  const high = state.price * (1 + state.priceError);
  return Math.min(Math.max(cheapest.price, low), high);
}

function tierSample(tier: VaultState["tiers"][number]): Sample["tiers"][number] {
  const { fee, tick, liquidity, feeGrowthBase, feeGrowthQuote } = tier;
  return { fee, tick, liquidity, feeGrowthBase, feeGrowthQuote };
}

/** When the last bar closes, unix seconds; -Infinity without bars. */
function endOf(bars: readonly Bar[]): number {
  const last = bars.at(-1);
  return last === undefined ? -Infinity : last.time + HOUR;
}

function refuseAhead(seen: number, now: number): void {
  if (seen <= now + MAX_STEP_BACK) return;
  throw new ConfigError(
    `The journal knows the market up to ${formatTime(seen)}, but the chain's time is ${formatTime(now)}; give a new journal, or a node that is not behind.`,
  );
}

/** The longest unbroken run of hours up to the newest, from both. */
function join(source: readonly Bar[], stored: StoredPast): HourlyBars {
  const byTime = new Map<number, Bar>();
  for (const bar of [...source, ...stored.bars]) {
    const known = byTime.get(bar.time);
    // What was carried over a gap gives way to what somebody saw.
    if (known === undefined || known.filled === true || bar.filled !== true) byTime.set(bar.time, bar);
  }
  const bars = [...byTime.values()].sort((a, b) => a.time - b.time);
  let start = bars.length - 1;
  while (start > 0 && bars[start - 1]?.time === (bars[start]?.time ?? 0) - HOUR) start--;
  const closed = startHourly(bars.slice(Math.max(start, 0)));
  const { open, time } = stored;
  const joins = open !== undefined && (closed.closed.length === 0 || open.time >= closed.time);
  // An hour that the source has closed meanwhile is no longer open; one further on leaves hours that the next observation fills.
  return { closed: closed.closed, open: joins ? open : undefined, time: Math.max(closed.time, time ?? -Infinity) };
}
