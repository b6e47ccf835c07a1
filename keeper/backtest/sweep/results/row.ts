/** The lines of a results file. */
import { z } from "zod";

import type { Parameters } from "../families/family.ts";
import { outcomeSchema, type Outcome } from "../evaluate.ts";

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

export const rowSchema: z.ZodType<Row> = z.strictObject({
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  parameters: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  outcome: outcomeSchema,
  worker: z.string().optional(),
});
