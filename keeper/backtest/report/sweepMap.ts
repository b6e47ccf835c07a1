/**
 * A heat map from the results of `strata sweep`: one JSON line a configuration after a header. Of all parameters it shows the two that move the
 * objective most, and in each cell the mean over all others, because the best of many is partly luck.
 */
import { readFile } from "node:fs/promises";

import { BacktestInputError } from "../errors.ts";
import { spreadOf } from "../metrics/spread.ts";
import { headerSchema, parseJson, rowOf } from "../sweep/results/row.ts";
import type { HeatMapAxis, HeatMapInput } from "./html/heatMap.ts";

/** A configuration that has a result. */
export interface SweepResult {
  readonly parameters: Readonly<Record<string, Value>>;
  readonly objective: number;
}
type Value = number | boolean | string;

/** @throws BacktestInputError for a file that cannot be read, is of something else, or has fewer than two parameters to show */
export async function readSweepMap(file: string): Promise<HeatMapInput> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (cause) {
    throw new BacktestInputError(file, undefined, "the file cannot be read; give the results of strata sweep.", {
      cause,
    });
  }
  const map = sweepMap(parseSweep(content, file), file);
  if (map !== null) return map;
  throw new BacktestInputError(
    file,
    undefined,
    "fewer than two parameters differ among its results; sweep over two at least, or leave --sweep away.",
  );
}

/** Configurations without a figure are left out, and so is a last line that was not finished: the sweep may still run. */
export function parseSweep(content: string, file: string): readonly SweepResult[] {
  const lines = content.split("\n").slice(0, -1);
  if (!headerSchema.safeParse(parseJson(lines[0] ?? "")).success)
    throw new BacktestInputError(
      file,
      1,
      "this is not the beginning of a sweep's results; give a file that strata sweep wrote.",
    );
  return lines.slice(1).flatMap((line, i) => {
    const row = rowOf(line);
    if (typeof row === "string") throw new BacktestInputError(file, i + 2, `${row}; remove the line.`);
    const { parameters, outcome } = row;
    const objective = "figures" in outcome ? outcome.figures.means.cagr : null;
    return objective === null ? [] : [{ parameters, objective }];
  });
}

/** @param file for the reader. @returns null if fewer than two parameters differ */
export function sweepMap(results: readonly SweepResult[], file: string): HeatMapInput | null {
  const names = [...new Set(results.flatMap(({ parameters }) => Object.keys(parameters)))].toSorted();
  const axes = names
    .map((name) => axisOf(name, results))
    .filter(({ axis }) => axis.values.length > 1)
    .toSorted((a, b) => b.effect - a.effect);
  const [columns, rows] = axes;
  if (columns === undefined || rows === undefined) return null;
  const cells = rows.axis.values.map((_, r) =>
    columns.axis.values.map((_value, c) =>
      meanOf(results.filter(({ parameters }) => columns.placeOf(parameters) === c && rows.placeOf(parameters) === r)),
    ),
  );
  const others = axes.slice(2).map(({ axis }) => axis.name);
  return {
    title: `Return a year of ${results.length} configurations`,
    source: `Results of strata sweep in ${file}, over the prices, dates, costs and k of that sweep, which may be others than this report's.`,
    columns: columns.axis,
    rows: rows.axis,
    objective: {
      name: others.length === 0 ? "Return a year (CAGR)" : `Return a year (CAGR), mean over ${others.join(", ")},`,
      unit: "fraction",
      best: "highest",
    },
    cells,
  };
}

interface Axis {
  readonly axis: HeatMapAxis;
  /** Variance of the means at each of its values: how much the objective moves with this parameter. */
  readonly effect: number;
  /** -1 for a configuration that has no such parameter. */
  placeOf(parameters: SweepResult["parameters"]): number;
}

/** More numbers than this are gathered in bins; a random search has one for each configuration. */
const MOST_VALUES = 12;
const BINS = 8;

function axisOf(name: string, results: readonly SweepResult[]): Axis {
  const values = [...new Set(results.flatMap(({ parameters }) => parameters[name] ?? []))].toSorted(inOrder);
  const numbers = values.filter((value) => typeof value === "number");
  const binned = values.length > MOST_VALUES && numbers.length === values.length;
  const [low, high] = [numbers[0] ?? 0, numbers.at(-1) ?? 0];
  const width = (high - low) / BINS;
  const placeOf = (parameters: SweepResult["parameters"]): number => {
    const value = parameters[name];
    if (value === undefined) return -1;
    return binned && typeof value === "number"
      ? Math.min(BINS - 1, Math.floor((value - low) / width))
      : values.indexOf(value);
  };
  const edge = (i: number): string => String(Number((low + i * width).toPrecision(3)));
  const labels = binned
    ? Array.from({ length: BINS }, (_, i) => `${edge(i)} to ${edge(i + 1)}`)
    : values.map((value) => (typeof value === "number" ? value : String(value)));
  const means = labels.map((_, place) => meanOf(results.filter(({ parameters }) => placeOf(parameters) === place)));
  const centre = spreadOf(means)?.mean ?? 0;
  const effect = spreadOf(means.map((mean) => (mean === null ? null : (mean - centre) ** 2)))?.mean ?? 0;
  return { axis: { name, values: labels }, effect, placeOf };
}

function meanOf(results: readonly SweepResult[]): number | null {
  return spreadOf(results.map(({ objective }) => objective))?.mean ?? null;
}

function inOrder(a: Value, b: Value): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
}
