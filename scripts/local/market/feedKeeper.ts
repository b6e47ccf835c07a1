/** Publishes rounds as Chainlink's reporting networks do: on a deviation from the last answer, or when the heartbeat is over. */
import { hex } from "../hex.ts";
import type { LocalTransaction } from "../chain.ts";
import type { FeedTerms, LocalFeed } from "../protocols/feeds.ts";

/** Seconds between the network's observation and its block. */
const OBSERVATION_AGE = 12;
const TRANSMIT_GAS = 200_000n;

/** What a feed has published last. */
export interface FeedRound {
  /** Dollars. */
  readonly answer: number;
  /** Unix seconds of the block. */
  readonly time: number;
}

/** Whether a network with these terms publishes now. It always does if it never has. */
export function isDue(terms: FeedTerms, last: FeedRound | null, price: number, time: number): boolean {
  if (last === null || time - last.time >= terms.heartbeat) return true;
  return Math.abs(price - last.answer) >= terms.deviation * last.answer;
}

/** One feed's network. */
export class FeedKeeper {
  readonly feed: LocalFeed;
  readonly #transmitter: string;
  #last: FeedRound | null = null;

  /** @param transmitter the account that owns the aggregator */
  constructor(feed: LocalFeed, transmitter: string) {
    this.feed = feed;
    this.#transmitter = transmitter;
  }

  get last(): FeedRound | null {
    return this.#last;
  }

  /**
   * The transmission that is due in the block at `time`, or null. It counts as published from here on, so it must be sent.
   * @param price dollars
   * @param force publishes even if nothing is due
   */
  transmission(price: number, time: number, force = false): LocalTransaction | null {
    const { terms, aggregator, aggregatorAbi } = this.feed;
    if (!force && !isDue(terms, this.#last, price, time)) return null;
    const answer = Math.round(price * 10 ** terms.decimals);
    const observedAt = Math.max(time - OBSERVATION_AGE, this.#last?.time ?? 0);
    this.#last = { answer: answer / 10 ** terms.decimals, time };
    return {
      from: this.#transmitter,
      to: aggregator,
      data: aggregatorAbi.encodeFunctionData("transmit", [hex(BigInt(answer)), observedAt]),
      gas: TRANSMIT_GAS,
      what: `The ${terms.description} transmission`,
    };
  }
}
