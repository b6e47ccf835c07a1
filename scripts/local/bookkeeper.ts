import type { ChainNode } from "../../keeper/chain/node.ts";
import { NO_MEMORY } from "../../keeper/journal/memory.ts";
import { observe, type VaultAddresses } from "../../keeper/observe/observe.ts";
import type { Snapshot } from "../../keeper/observe/snapshot.ts";
import { toState } from "../../keeper/observe/toState.ts";
import type { MarkedState } from "../../keeper/report/attribution.ts";
import { readEvents, type EventSource, type LogSource } from "../../keeper/report/events.ts";
import { Ledger } from "../../keeper/report/ledger.ts";
import { readMoves, samplesOf, SleeveBook, type SleeveLine } from "./sleeveBook.ts";

export interface BookkeeperOptions {
  readonly node: ChainNode;
  readonly logs: LogSource;
  readonly addresses: VaultAddresses;
  /** Of the vault's pools and tokens. */
  readonly source: EventSource;
  /** Anybody; the lens tells his right to plan beside the rest. */
  readonly keeper: string;
}

/**
 * Keeps one vault's ledger on a chain of which every block's market price is known. Where the vault was touched between two
 * looks it goes through block by block, so that each step has one cause (keeper/report/attribution.ts).
 */
export class Bookkeeper {
  readonly #options: BookkeeperOptions;
  readonly #ledger: Ledger;
  readonly #sleeves: SleeveBook;
  #last: Snapshot;
  /** Market prices from blocks on, ascending, as far as they are still needed. */
  #marks: { readonly block: bigint; readonly price: number }[];

  private constructor(options: BookkeeperOptions, start: Snapshot, price: number) {
    this.#options = options;
    this.#last = start;
    this.#ledger = new Ledger(marked(start, price));
    this.#sleeves = new SleeveBook(options.source, samplesOf(start), price);
    this.#marks = [{ block: start.blockNumber, price }];
  }

  /** Opens the books at the newest block. @param price the market's, quote units per base unit */
  static async open(options: BookkeeperOptions, price: number): Promise<Bookkeeper> {
    const start = await observe(options.node, options.addresses, options.keeper);
    return new Bookkeeper(options, start, price);
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /** Each sleeve's value, flows and profit. */
  get sleeves(): readonly SleeveLine[] {
    return this.#sleeves.lines;
  }

  /** The vault at the last look. */
  get snapshot(): Snapshot {
    return this.#last;
  }

  /** The market's price is this from the newest block on. */
  async mark(price: number): Promise<void> {
    const block = await this.#options.node.block("latest");
    if (block !== null) this.#marks.push({ block: block.number, price });
  }

  /** Books everything up to the newest block. */
  async look(): Promise<void> {
    const { node, addresses, keeper } = this.#options;
    const now = await observe(node, addresses, keeper);
    if (now.blockNumber === this.#last.blockNumber) return;
    if (untouched(this.#last, now)) this.#book(now);
    else {
      for (let block = this.#last.blockNumber + 1n; block < now.blockNumber; block++) {
        const snapshot = await observe(node, addresses, keeper, block);
        await this.#bookWithEvents(snapshot);
      }
      await this.#bookWithEvents(now);
    }
    const current = this.#priceAt(now.blockNumber);
    this.#marks = [{ block: now.blockNumber, price: current }];
  }

  #book(snapshot: Snapshot): void {
    const price = this.#priceAt(snapshot.blockNumber);
    this.#ledger.step(marked(snapshot, price));
    this.#sleeves.step(samplesOf(snapshot), price);
    this.#last = snapshot;
  }

  async #bookWithEvents(snapshot: Snapshot): Promise<void> {
    const block = Number(snapshot.blockNumber);
    const { logs, source } = this.#options;
    const samples = samplesOf(snapshot);
    const price = this.#priceAt(snapshot.blockNumber);
    // Places may have got other sleeves by a vote.
    const sleeves = samples.map(({ index, sleeve }) => ({ index, address: sleeve }));
    const events = await readEvents(logs, { ...source, sleeves }, block, block);
    const moves = await readMoves(
      logs,
      samples.map(({ sleeve }) => sleeve),
      block,
      block,
    );
    this.#ledger.step(marked(snapshot, price), events);
    this.#sleeves.step(samples, price, moves);
    this.#last = snapshot;
  }

  #priceAt(block: bigint): number {
    const mark = this.#marks.findLast((one) => one.block <= block) ?? this.#marks[0];
    return mark?.price ?? 0;
  }
}

function marked(snapshot: Snapshot, price: number): MarkedState {
  return { state: toState(snapshot, NO_MEMORY), mark: price };
}

/**
 * Nobody deposited, withdrew, planned or deleveraged: pools and venues alone have moved. The supply is no sign, since fee shares come
 * free with time; whoever enters or leaves moves tokens or units as well. A liquidation is the venue's doing, and needs no events.
 */
function untouched(before: Snapshot, after: Snapshot): boolean {
  return (
    before.nonce === after.nonce &&
    before.idle0 === after.idle0 &&
    before.idle1 === after.idle1 &&
    before.positions.length === after.positions.length &&
    before.positions.every((position, i) => position.liquidity === after.positions[i]?.liquidity) &&
    sameUnits(before, after)
  );
}

/** Also: the same sleeves stand in the places. */
function sameUnits(before: Snapshot, after: Snapshot): boolean {
  const key = (snapshot: Snapshot): string =>
    samplesOf(snapshot)
      .map(({ sleeve, units }) => `${sleeve} ${units}`)
      .join();
  return key(before) === key(after);
}
