/** What a sweep varies: for each parameter a value, a list of them, or a range. */
import type { Value } from "../families/family.ts";

export interface Range {
  readonly kind: "range";
  readonly min: number;
  readonly max: number;
  /** Of the draws: even between the ends, or even in orders of magnitude. */
  readonly scale: "linear" | "log";
  /** Values are min, min + step, ... up to max; null for all between. */
  readonly step: number | null;
}

export interface Choices {
  readonly kind: "choices";
  /** At least one. */
  readonly values: readonly Value[];
}

export type Dimension = Range | Choices;
/** By parameter; those that are not named keep the family's default. */
export type Space = ReadonlyMap<string, Dimension>;

/** Digits that a drawn value has: what people read and type is what was computed. */
const DIGITS = 6;

/** Without what floating point adds: 0.1 + 2 * 0.1 is 0.3. */
function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** Every value of a dimension; null for a range without steps, which has too many. */
export function valuesOf(dimension: Dimension): readonly Value[] | null {
  if (dimension.kind === "choices") return dimension.values;
  const { min, max, step } = dimension;
  if (step === null) return null;
  return Array.from({ length: stepsOf(min, max, step) + 1 }, (_, i) => clean(min + i * step));
}

/** How many values `valuesOf` gives; null for a range without steps. */
export function sizeOf(dimension: Dimension): number | null {
  if (dimension.kind === "choices") return dimension.values.length;
  return dimension.step === null ? null : stepsOf(dimension.min, dimension.max, dimension.step) + 1;
}

/** Whole steps from one end to the other; a last step that floating point makes a hair too long counts. */
function stepsOf(min: number, max: number, step: number): number {
  return Math.floor((max - min) / step + 1e-9);
}

/** @param uniform in (0, 1) */
export function drawFrom(dimension: Dimension, uniform: number): Value {
  if (dimension.kind === "choices" || dimension.step !== null) {
    const values = valuesOf(dimension) ?? [];
    return values[Math.floor(uniform * values.length)] as Value; // Below the length, because uniform is below 1.
  }
  const { min, max, scale } = dimension;
  const value = scale === "log" ? min * (max / min) ** uniform : min + (max - min) * uniform;
  return Math.min(max, Math.max(min, Number(value.toPrecision(DIGITS))));
}
