/**
 * Value, flows and profit of each sleeve of one vault, sampled beside its ledger: core + idle + sleeves = NAV, and each sleeve's profit
 * is its change of value less what was moved into it.
 *
 * Values are at the sleeves' low marks, as the vault's NAV is. A liquidation is no flow but a loss; interest is profit below zero.
 */
import { Interface } from "ethers";

import { unitsFromWei, type Orientation } from "../../keeper/chain/prices.ts";
import type { SleeveView, Snapshot } from "../../keeper/observe/snapshot.ts";
import type { LogSource } from "../../keeper/report/events.ts";
import { SLEEVE_PLACES } from "../deploy/sleeves.ts";

/** What is looked at of one place in the lens's answer. `units` are the vault's, `nets` its part in wei of both tokens: below zero is owed. */
export type SleeveSample = Pick<SleeveView, "index" | "sleeve" | "units"> & {
  readonly nets: Pick<SleeveView["nets"], "low0" | "low1">;
};

/** What a plan, a deleveraging or an unwinding moved; positive into the sleeve. */
export interface SleeveMoved {
  readonly sleeve: string;
  readonly moved0: bigint;
  readonly moved1: bigint;
  /** Units that the vault got, or gave below zero. */
  readonly units: bigint;
}

/** Quote units. */
export interface SleeveLine {
  /** "conversion", "reversal", "reserve", "asset". */
  readonly place: string;
  readonly sleeve: string;
  /** What it owns less what it owes. */
  readonly value: number;
  /** Moved in less taken out, at the prices of those moments. */
  readonly flows: number;
  readonly pnl: number;
  /** Transactions that moved something. */
  readonly moves: number;
}

const ABI = new Interface(["event Moved(int256 moved0, int256 moved1, int256 units)"]);
const MOVED_TOPIC = ABI.getEvent("Moved")?.topicHash ?? "";

/** The sleeves in a lens's answer, without empty places. */
export function samplesOf(snapshot: Snapshot): readonly SleeveSample[] {
  return snapshot.sleeves.filter(({ sleeve }) => BigInt(sleeve) !== 0n);
}

/** What sleeves were moved in blocks from `from` to `to`. */
export async function readMoves(
  logs: LogSource,
  sleeves: readonly string[],
  from: number,
  to: number,
): Promise<readonly SleeveMoved[]> {
  if (sleeves.length === 0) return [];
  const found = await logs.getLogs({ address: [...sleeves], topics: [MOVED_TOPIC], fromBlock: from, toBlock: to });
  return found.map((log) => {
    const [moved0, moved1, units] = ABI.decodeEventLog("Moved", log.data) as unknown as [bigint, bigint, bigint];
    return { sleeve: log.address, moved0, moved1, units };
  });
}

interface Entry {
  readonly place: string;
  readonly base: number;
  readonly quote: number;
  readonly units: bigint;
  readonly value: number;
  readonly flows: number;
  readonly pnl: number;
  readonly moves: number;
}

/** Adds up the steps of one vault's sleeves. */
export class SleeveBook {
  readonly #orientation: Orientation;
  readonly #entries = new Map<string, Entry>();

  constructor(orientation: Orientation, start: readonly SleeveSample[], price: number) {
    this.#orientation = orientation;
    for (const sample of start) this.#entries.set(sample.sleeve, this.#entry(sample, price));
  }

  /** By place; a sleeve that another one has followed keeps its line. */
  get lines(): readonly SleeveLine[] {
    return [...this.#entries].map(([sleeve, { place, value, flows, pnl, moves }]) => {
      return { place, sleeve, value, flows, pnl, moves };
    });
  }

  /** Value of all sleeves. */
  get value(): number {
    return this.lines.reduce((sum, line) => sum + line.value, 0);
  }

  /**
   * Books the step to these samples.
   * @param price quote units per base unit, at the step's end
   * @param moved what was moved on the way; steps in which somebody touched the vault hold one block
   */
  step(samples: readonly SleeveSample[], price: number, moved: readonly SleeveMoved[] = []): void {
    for (const [sleeve, entry] of this.#entries) {
      // Another sleeve has its place: nothing was left in it.
      if (!samples.some((sample) => sample.sleeve === sleeve))
        this.#entries.set(sleeve, { ...entry, base: 0, quote: 0, units: 0n, value: 0, pnl: entry.pnl - entry.value });
    }
    for (const sample of samples) {
      const after = this.#entry(sample, price);
      const before = this.#entries.get(sample.sleeve) ?? this.#entry({ ...sample, units: 0n, nets: NOTHING }, price);
      const own = moved.filter(({ sleeve }) => sleeve === sample.sleeve);
      const into = this.#worth(own, price);
      const held = own.reduce((units, move) => units + move.units, before.units);
      const flow = into + goneWithUnits(before.base * price + before.quote + into, held, sample.units);
      this.#entries.set(sample.sleeve, {
        ...after,
        flows: before.flows + flow,
        pnl: before.pnl + after.value - before.value - flow,
        moves: before.moves + own.length,
      });
    }
  }

  #entry({ index, units, nets }: SleeveSample, price: number): Entry {
    const { base, quote } = this.#amounts(nets.low0, nets.low1);
    const place = SLEEVE_PLACES[index] ?? String(index);
    return { place, base, quote, units, value: base * price + quote, flows: 0, pnl: 0, moves: 0 };
  }

  #worth(moved: readonly SleeveMoved[], price: number): number {
    return moved.reduce((sum, { moved0, moved1 }) => {
      const { base, quote } = this.#amounts(moved0, moved1);
      return sum + base * price + quote;
    }, 0);
  }

  #amounts(amount0: bigint, amount1: bigint): { readonly base: number; readonly quote: number } {
    const { quoteIsToken0, baseDecimals, quoteDecimals } = this.#orientation;
    const [base, quote] = quoteIsToken0 ? [amount1, amount0] : [amount0, amount1];
    return { base: unitsFromWei(base, baseDecimals), quote: unitsFromWei(quote, quoteDecimals) };
  }
}

const NOTHING = { low0: 0n, low1: 0n };

/**
 * An LP left, in kind or with units, or a plan closed the sleeve: the vault's part fell by as much as its units did without a move.
 * @param value of the vault's part with what was moved
 */
function goneWithUnits(value: number, held: bigint, units: bigint): number {
  return units >= held ? 0 : -value * (1 - Number(units) / Number(held));
}
