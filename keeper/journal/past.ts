/** The market's past in the journal: hourly bars, the hour under way, and what each tick saw. */
import type { Bar } from "../market/types.ts";
import type { Sample } from "../strategy/types.ts";
import { type Journal, number, text, textOrNull } from "./journal.ts";

export interface StoredPast {
  /** Closed bars, oldest first. */
  readonly bars: readonly Bar[];
  readonly open: Bar | undefined;
  /** Unix seconds of the latest observation; null if there was none. */
  readonly time: number | null;
  /** Oldest first. */
  readonly samples: readonly Sample[];
}

export function readPast(journal: Journal): StoredPast {
  const open = journal.get("SELECT time, bar FROM open_bar");
  const openBar = open === undefined ? null : textOrNull(open, "bar");
  return {
    bars: journal.all("SELECT * FROM bars ORDER BY time").map((row) => ({
      time: number(row, "time"),
      open: number(row, "open"),
      high: number(row, "high"),
      low: number(row, "low"),
      close: number(row, "close"),
      volume: number(row, "volume"),
      ...(number(row, "filled") === 1 ? { filled: true as const } : {}),
    })),
    open: openBar === null ? undefined : (JSON.parse(openBar) as Bar),
    time: open === undefined ? null : number(open, "time"),
    samples: journal.all("SELECT * FROM samples ORDER BY time").map((row) => ({
      time: number(row, "time"),
      price: number(row, "price"),
      tiers: JSON.parse(text(row, "tiers")) as Sample["tiers"],
    })),
  };
}

export function writeBars(journal: Journal, bars: readonly Bar[]): void {
  for (const bar of bars) {
    const { time, open, high, low, close, volume } = bar;
    const filled = bar.filled === true ? 1 : 0;
    journal.run(
      "INSERT OR REPLACE INTO bars (time, open, high, low, close, volume, filled) VALUES (:time, :open, :high, :low, :close, :volume, :filled)",
      { time, open, high, low, close, volume, filled },
    );
  }
}

/** @param time unix seconds of the observation */
export function writeOpenBar(journal: Journal, time: number, bar: Bar | undefined): void {
  journal.run("INSERT OR REPLACE INTO open_bar (id, time, bar) VALUES (1, :time, :bar)", {
    time,
    bar: bar === undefined ? null : JSON.stringify(bar),
  });
}

export function writeSample(journal: Journal, sample: Sample): void {
  journal.run("INSERT OR REPLACE INTO samples (time, price, tiers) VALUES (:time, :price, :tiers)", {
    time: sample.time,
    price: sample.price,
    tiers: JSON.stringify(sample.tiers),
  });
}

/** Forgets samples and bars from before these times, unix seconds. */
export function prunePast(journal: Journal, samplesBefore: number, barsBefore: number): void {
  journal.run("DELETE FROM samples WHERE time < :before", { before: samplesBefore });
  journal.run("DELETE FROM bars WHERE time < :before", { before: barsBefore });
}
