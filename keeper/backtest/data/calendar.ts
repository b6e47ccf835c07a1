/** Days, quarters and years of a tape, UTC. */
import { DAY } from "../../market/time.ts";
import { type Tape, timeOf } from "./tape.ts";

/** Marks at midnight, ascending. */
export function midnights(tape: Tape): Int32Array {
  const marks: number[] = [];
  for (let mark = 0; mark <= tape.bars; mark++) if (timeOf(tape, mark) % DAY === 0) marks.push(mark);
  return Int32Array.from(marks);
}

/** "2018" */
export function yearName(time: number): string {
  return String(new Date(time * 1000).getUTCFullYear());
}

/** "2018-Q1" */
export function quarterName(time: number): string {
  return `${yearName(time)}-Q${Math.floor(new Date(time * 1000).getUTCMonth() / 3) + 1}`;
}
