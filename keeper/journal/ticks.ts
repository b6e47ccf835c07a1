/** One line per tick: what was seen and what came of it. */
import type { Journal } from "./journal.ts";
import { number, text } from "./journal.ts";

export interface TickLine {
  readonly id: number;
  /** Unix seconds of the block. */
  readonly time: number;
  readonly block: number;
  readonly outcome: string;
  readonly actions: readonly string[];
  readonly detail: string;
  /** Quote units. */
  readonly nav: number;
}

/** @returns the line's id */
export function writeTick(journal: Journal, line: Omit<TickLine, "id">): number {
  const { time, block, outcome, detail, nav } = line;
  return Number(
    journal.run(
      "INSERT INTO ticks (time, block, outcome, actions, detail, nav) VALUES (:time, :block, :outcome, :actions, :detail, :nav)",
      { time, block, outcome, actions: JSON.stringify(line.actions), detail, nav },
    ),
  );
}

/** The latest lines, newest first. */
export function lastTicks(journal: Journal, count: number): TickLine[] {
  return journal.all("SELECT * FROM ticks ORDER BY id DESC LIMIT :count", { count }).map((row) => ({
    id: number(row, "id"),
    time: number(row, "time"),
    block: number(row, "block"),
    outcome: text(row, "outcome"),
    actions: JSON.parse(text(row, "actions")) as string[],
    detail: text(row, "detail"),
    nav: number(row, "nav"),
  }));
}

/** Forgets lines from before this time, unix seconds. */
export function pruneTicks(journal: Journal, before: number): void {
  journal.run("DELETE FROM ticks WHERE time < :before", { before });
}
