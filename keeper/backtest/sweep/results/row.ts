/** The lines of a results file. */
import { z } from "zod";

import { canonicalJson } from "../../../strategy/canonical.ts";
import { sha256 } from "../../data/hash.ts";
import { outcomeSchema, type Outcome } from "../evaluate.ts";
import type { Parameters } from "../families/family.ts";

/** The first line: what the others are results of. */
export interface Header {
  readonly strata: "sweep";
  /** Of prices and rates. */
  readonly dataHash: string;
  /** Of the set of configurations. */
  readonly configHash: string;
  readonly codeVersion: string;
}

export const headerSchema: z.ZodType<Header> = z.strictObject({
  strata: z.literal("sweep"),
  dataHash: z.string(),
  configHash: z.string(),
  codeVersion: z.string(),
});

/** One configuration's result. */
export interface Row {
  readonly hash: string;
  readonly parameters: Parameters;
  readonly outcome: Outcome;
  /** Which worker computed it, where there were several machines. */
  readonly worker?: string | undefined;
}

const rowSchema: z.ZodType<Row> = z.strictObject({
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  parameters: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  outcome: outcomeSchema,
  worker: z.string().optional(),
});

/** Hexadecimal digits of a line's checksum: against damage and slips of an editor, not against forgers. */
const SUM_LENGTH = 16;

/** A row as its line in the file, without the line's end. */
export function lineOf(row: Row): string {
  return JSON.stringify({ ...row, sum: sumOf(row) });
}

/** @returns the row, or what is wrong with the line */
export function rowOf(line: string): Row | string {
  const found = parseJson(line);
  if (typeof found !== "object" || found === null || !("sum" in found)) return "this is no result of a sweep";
  const { sum, ...rest } = found;
  const row = rowSchema.safeParse(rest);
  if (!row.success) return "this is no result of a sweep";
  return sum === sumOf(row.data) ? row.data : "this result was changed after it had been written";
}

/** Keys in one order, whoever wrote them. */
function sumOf({ hash, parameters, outcome, worker }: Row): string {
  return sha256(canonicalJson({ hash, parameters, outcome, ...(worker === undefined ? {} : { worker }) })).slice(
    0,
    SUM_LENGTH,
  );
}

/** Undefined for what is no JSON, which no schema passes. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
