/** What others count and report about the market, in the journal: pools opened by day, marks of the asset sleeve's venue. */
import type { AssetMark, LaunchDay } from "../strategy/types.ts";
import { type Journal, number } from "./journal.ts";

export function readLaunches(journal: Journal): LaunchDay[] {
  return journal
    .all("SELECT day, pools FROM launches ORDER BY day")
    .map((row) => ({ day: number(row, "day"), pools: number(row, "pools") }));
}

export function writeLaunches(journal: Journal, { day, pools }: LaunchDay): void {
  journal.run("INSERT OR REPLACE INTO launches (day, pools) VALUES (:day, :pools)", { day, pools });
}

/** Of one sleeve: marks of another one's venue are in another unit. */
export function readMarks(journal: Journal, sleeve: string): AssetMark[] {
  return journal
    .all("SELECT time, value FROM marks WHERE sleeve = :sleeve ORDER BY time", { sleeve })
    .map((row) => ({ time: number(row, "time"), value: number(row, "value") }));
}

export function writeMark(journal: Journal, sleeve: string, { time, value }: AssetMark): void {
  journal.run("INSERT OR REPLACE INTO marks (time, sleeve, value) VALUES (:time, :sleeve, :value)", {
    time,
    sleeve,
    value,
  });
}

/** Forgets what is from before these times, unix seconds. */
export function pruneRecords(journal: Journal, launchesBefore: number, marksBefore: number): void {
  journal.run("DELETE FROM launches WHERE day < :before", { before: launchesBefore });
  journal.run("DELETE FROM marks WHERE time < :before", { before: marksBefore });
}
