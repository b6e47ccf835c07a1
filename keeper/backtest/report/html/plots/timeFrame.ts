/** The time axis that all plots over the window share. */
import { isoTime } from "../../../../report/format.ts";
import { type Tape, timeOf } from "../../../data/tape.ts";
import type { Frame } from "../axes.ts";
import { WIDTH } from "../figure.ts";
import { type Scale, time } from "../scale.ts";

/** @param right room for labels */
export function timeFrame(
  tape: Tape,
  top: number,
  height: number,
  right: number,
): { readonly frame: Frame; readonly x: Scale } {
  const frame: Frame = { left: 58, right: WIDTH - right, top, bottom: top + height };
  return { frame, x: time([tape.from, timeOf(tape, tape.bars)], [frame.left, frame.right]) };
}

/** Marks at which values are read out: about so many, evenly, both ends included. */
export function samples(tape: Tape, count = 250): readonly number[] {
  const steps = Math.min(count, tape.bars);
  return Array.from({ length: steps + 1 }, (_, i) => Math.round((i * tape.bars) / steps));
}

/** "2020-03-12" */
export function dayOf(tape: Tape, mark: number): string {
  return isoTime(timeOf(tape, mark)).slice(0, 10);
}
