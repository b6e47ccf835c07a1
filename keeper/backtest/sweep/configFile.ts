/** A sweep's configuration file: JSON, every key known, every value checked, all faults told at once with their paths. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { z } from "zod";

import { DEFAULT_K, DEFAULT_STARTS, GREATEST_K, GREATEST_STARTS } from "../study/options.ts";
import { SweepConfigError } from "./errors.ts";
import type { Family, Parameters, Value } from "./families/family.ts";
import { FAMILIES, FAMILY_NAMES } from "./families/registry.ts";
import { OBJECTIVE_NAMES, type Objective } from "./objective.ts";
import { countOf, points, type Search } from "./search/enumerate.ts";
import { type Dimension, type Space, valuesOf } from "./search/space.ts";

/** More than this is a grid that nobody meant: on two cores some hours. */
export const GREATEST_COUNT = 100_000;
const DEFAULT_BEST = 10;

export interface SweepConfig {
  /** Absolute paths; null for the usual folder of inputs. */
  readonly prices: string;
  readonly inputs: string | null;
  readonly from?: string;
  readonly to?: string;
  readonly k: number;
  readonly starts: number;
  readonly family: string;
  readonly search: Search;
  /** With the family's defaults filled in; some may be alike. */
  readonly points: readonly Parameters[];
  /** Points that the family's rules forbid and the file says to leave out. */
  readonly skipped: number;
  readonly objective: Objective;
  /** How many the summary names. */
  readonly best: number;
}

const searchSchema = z.discriminatedUnion(
  "method",
  [
    z.strictObject({ method: z.literal("grid") }),
    z.strictObject({
      method: z.literal("random"),
      seed: z.int().min(0),
      count: z.int().min(1).max(GREATEST_COUNT),
    }),
  ],
  { error: 'is neither "grid" nor "random"' },
);

const fileSchema = z.strictObject({
  prices: z.string().min(1),
  from: z.string().optional(),
  to: z.string().optional(),
  inputs: z.string().min(1).optional(),
  // Measured pay is of days, and a sweep over days is a search for luck.
  fees: z
    .literal("lvr", { error: 'is not "lvr", which is the only fee model of a sweep; strata backtest has the others' })
    .optional(),
  k: z.number().min(0).max(GREATEST_K).default(DEFAULT_K),
  starts: z.int().min(1).max(GREATEST_STARTS).default(DEFAULT_STARTS),
  strategy: z.string(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  search: searchSchema.default({ method: "grid" }),
  impossible: z.enum(["refuse", "skip"]).default("refuse"),
  objective: z.enum(OBJECTIVE_NAMES).default("sharpe"),
  best: z.int().min(1).max(1_000).default(DEFAULT_BEST),
});

const rangeSchema = z
  .strictObject({
    min: z.number(),
    max: z.number(),
    scale: z.enum(["linear", "log"]).default("linear"),
    step: z.number().positive().optional(),
  })
  .refine(({ min, max }) => min < max, { error: "min is not below max" })
  .refine(({ scale, min }) => scale === "linear" || min > 0, { error: "a log scale needs a min above 0" })
  .refine(({ scale, step }) => scale === "linear" || step === undefined, { error: "a log scale has no step" })
  .refine(({ min, max, step }) => step === undefined || (max - min) / step <= GREATEST_COUNT, {
    error: `a range of more than ${GREATEST_COUNT} steps; take longer ones`,
  });

/** @throws SweepConfigError */
export async function readSweepConfig(file: string): Promise<SweepConfig> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new SweepConfigError(file, ["the file cannot be read; check the path and that you may read it."], { cause });
  }
  return parseSweepConfig(text, file);
}

/**
 * @param file for messages; paths inside it are relative to its folder
 * @throws SweepConfigError with every fault
 */
export function parseSweepConfig(text: string, file: string): SweepConfig {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new SweepConfigError(file, [`is no JSON (${(cause as Error).message}); see docs/sweep.md for one that is.`], {
      cause,
    });
  }
  const parsed = fileSchema.safeParse(json);
  const faults = parsed.success ? [] : parsed.error.issues.flatMap((issue) => tell(issue));
  // What depends on the family is looked at even if something else is wrong: one run tells everything.
  const raw = typeof json === "object" && json !== null ? (json as Readonly<Record<string, unknown>>) : {};
  const family = typeof raw["strategy"] === "string" ? FAMILIES.get(raw["strategy"]) : undefined;
  if (typeof raw["strategy"] === "string" && family === undefined)
    faults.push(`strategy: there is no family "${raw["strategy"]}"; choose from ${FAMILY_NAMES.join(", ")}.`);
  const isGrid = z.object({ method: z.literal("grid") }).safeParse(raw["search"] ?? { method: "grid" }).success;
  const given = z.record(z.string(), z.unknown()).safeParse(raw["parameters"] ?? {});
  let space: Space = new Map();
  if (family !== undefined && given.success) space = readSpace(given.data, family, isGrid, faults);
  if (!parsed.success || family === undefined || faults.length > 0) throw new SweepConfigError(file, faults);

  const { data } = parsed;
  const count = countOf(space, data.search);
  if (count > GREATEST_COUNT) {
    throw new SweepConfigError(file, [
      `parameters: the grid has ${count} configurations, more than ${GREATEST_COUNT}; list fewer values, or draw some with "search": {"method": "random", ...}.`,
    ]);
  }
  const { possible, problems, impossible } = complete(points(space, data.search), family);
  if (data.impossible === "refuse" && impossible > 0) {
    throw new SweepConfigError(
      file,
      [...problems].map(
        ([problem, { times, first }]) =>
          `parameters: ${problem}, in ${times} of ${count} configurations (first ${JSON.stringify(first)}); choose other values, or leave such out with "impossible": "skip".`,
      ),
    );
  }
  if (possible.length === 0)
    throw new SweepConfigError(file, ["parameters: no configuration is possible; choose other values."]);
  const near = (path: string): string => resolve(dirname(file), path);
  return {
    prices: near(data.prices),
    inputs: data.inputs === undefined ? null : near(data.inputs),
    ...(data.from === undefined ? {} : { from: data.from }),
    ...(data.to === undefined ? {} : { to: data.to }),
    k: data.k,
    starts: data.starts,
    family: data.strategy,
    search: data.search,
    points: possible,
    skipped: impossible,
    objective: data.objective,
    best: data.best,
  };
}

/** @param faults what is wrong is added */
function readSpace(given: Readonly<Record<string, unknown>>, family: Family, isGrid: boolean, faults: string[]): Space {
  const space = new Map<string, Dimension>();
  const names = Object.keys(family.schema.shape);
  for (const [name, value] of Object.entries(given)) {
    const path = `parameters.${name}`;
    // Own properties only: "constructor" is no parameter.
    const schema: z.core.$ZodType | undefined = Object.hasOwn(family.schema.shape, name)
      ? (family.schema.shape[name] as z.core.$ZodType)
      : undefined;
    if (schema === undefined) {
      faults.push(`${path}: the family has no such parameter; it has ${names.join(", ")}.`);
      continue;
    }
    const check = (one: unknown, at: string): void => {
      const found = z.safeParse(schema, one);
      if (!found.success) faults.push(...found.error.issues.flatMap((issue) => tell(issue, at)));
    };
    if (Array.isArray(value)) {
      const list: readonly unknown[] = value;
      if (list.length === 0) faults.push(`${path}: the list is empty; give at least one value, or leave it out.`);
      for (const [i, one] of list.entries()) check(one, `${path}[${i}]`);
      space.set(name, { kind: "choices", values: list as Value[] });
    } else if (typeof value === "object" && value !== null) {
      const range = rangeSchema.safeParse(value);
      if (!range.success) {
        faults.push(...range.error.issues.flatMap((issue) => tell(issue, path)));
        continue;
      }
      const { min, max, scale, step = null } = range.data;
      if (isGrid && step === null)
        faults.push(`${path}: a grid cannot visit every value of a range; give it a step, or list the values.`);
      const dimension = { kind: "range", min, max, scale, step } as const;
      const ends = valuesOf(dimension);
      check(min, `${path}.min`);
      check(ends?.at(-1) ?? max, `${path}.max`);
      space.set(name, dimension);
    } else {
      check(value, path);
      space.set(name, { kind: "choices", values: [value as Value] });
    }
  }
  return space;
}

interface Problem {
  times: number;
  readonly first: Parameters;
}

/** Fills defaults in and tells the points that the family's rules forbid, by rule. */
function complete(all: readonly Parameters[], family: Family) {
  const possible: Parameters[] = [];
  const problems = new Map<string, Problem>();
  for (const point of all) {
    const parsed = family.schema.safeParse(point);
    if (parsed.success) {
      possible.push(parsed.data as Parameters);
      continue;
    }
    for (const { path, message } of parsed.error.issues) {
      const told = path.length === 0 ? message : `${path.join(".")}: ${message}`;
      const known = problems.get(told);
      if (known === undefined) problems.set(told, { times: 1, first: point });
      else known.times++;
    }
  }
  return { possible, problems, impossible: all.length - possible.length };
}

/** One sentence a fault, with its path. */
function tell(issue: z.core.$ZodIssue, under = ""): string[] {
  const at = (keys: readonly PropertyKey[]): string =>
    keys.reduce<string>(
      (path, key) =>
        typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`,
      under,
    );
  const path = at(issue.path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => `${at([...issue.path, key])}: there is no such key; remove it or correct its name.`);
  return [`${path === "" ? "the file" : path}: ${lowerFirst(issue.message)}.`];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
