/** What the feeds were told, and what follows from it: the price, its band, whether a plan may read it, the volatility. */
import { divUp, Q96 } from "../../arithmetic.ts";
import type { OracleTerms } from "../../../../scripts/deploy/strata.ts";
import type { WorldOptions } from "../../world.ts";

const BPS = 10_000n;
const MIN_BAND_BPS = 25n;
const HOUR = 3_600;
const YEAR = 31_536_000n;
/** 400 hours: a decay of 0.94 a day is a mean age of 1 / 0.06 days. */
const MEMORY = 1_440_000n;
const E12 = 10n ** 12n;

export interface Told {
  readonly answer: bigint;
  readonly updatedAt: number;
  readonly silent: boolean;
}

export interface Band {
  readonly mid: bigint;
  readonly low: bigint;
  readonly high: bigint;
}

type Options = Pick<WorldOptions, "baseDecimals" | "quoteDecimals" | "baseFeedDecimals" | "quoteFeedDecimals">;

export class OracleModel {
  readonly #options: Options;
  terms: OracleTerms;
  base: Told = { answer: 0n, updatedAt: 0, silent: false };
  quote: Told = { answer: 0n, updatedAt: 0, silent: false };
  #poked: { readonly at: number; readonly mid: bigint } | null = null;
  #varianceE12 = 0n;

  constructor(options: Options, terms: OracleTerms) {
    this.#options = options;
    this.terms = terms;
  }

  /** The error that a reading of the feeds gives now, or null. */
  refusal(at: number): "Silent" | "FeedStale" | null {
    for (const [feed, heartbeat] of [
      [this.base, this.terms.baseHeartbeat],
      [this.quote, this.terms.quoteHeartbeat],
    ] as const) {
      if (feed.silent) return "Silent";
      if (feed.answer <= 0n || feed.updatedAt > at || at - feed.updatedAt > heartbeat) return "FeedStale";
    }
    return null;
  }

  /** Price and band, quote wei per base wei times 2^96, from the last answers. */
  get band(): Band {
    const { baseDecimals, quoteDecimals, baseFeedDecimals, quoteFeedDecimals } = this.#options;
    const up = 10n ** BigInt(quoteDecimals + quoteFeedDecimals);
    const down = 10n ** BigInt(baseDecimals + baseFeedDecimals);
    const mid = (this.base.answer * Q96 * up) / (this.quote.answer * down);
    const sum = BigInt(this.terms.baseDeviationBps + this.terms.quoteDeviationBps);
    const band = sum < MIN_BAND_BPS ? MIN_BAND_BPS : sum;
    return { mid, low: (mid * (BPS - band)) / BPS, high: (mid * (BPS + band)) / BPS + 1n };
  }

  get varianceE12(): bigint {
    return this.#varianceE12;
  }

  get lastPoke(): number {
    return this.#poked?.at ?? 0;
  }

  pokeRefusal(at: number): string | null {
    if (this.#poked !== null && at < this.#poked.at + HOUR) return "PokedTooSoon";
    return this.refusal(at);
  }

  /** The decayed mean of squared returns; each step rounded up. */
  poke(at: number): void {
    const last = this.#poked;
    const { mid } = this.band;
    this.#poked = { at, mid };
    if (last === null) return;
    const elapsed = BigInt(at - last.at);
    const change = mid > last.mid ? mid - last.mid : last.mid - mid;
    const returned = divUp(change * E12, last.mid);
    const sample = divUp((returned * returned * YEAR) / E12, elapsed);
    this.#varianceE12 = divUp(this.#varianceE12 * MEMORY + sample * elapsed, MEMORY + elapsed);
  }
}
