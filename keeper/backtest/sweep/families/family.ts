/**
 * A family of strategies: one idea with its numbers left open, which is what a sweep tries values for. To add one, write a file beside this one
 * and name it in registry.ts.
 */
import type { z } from "zod";

import type { PricePath } from "../../../market/types.ts";
import type { Tape } from "../../data/tape.ts";
import type { FeeFlow } from "../../model/feeFlow.ts";
import type { Strategy } from "../../strategies/strategy.ts";

/** What is there before any configuration: the same for all of a sweep. */
export interface FamilyInputs {
  readonly path: PricePath;
  readonly tape: Tape;
  /** At the sweep's pay ratio. */
  readonly flow: FeeFlow;
}

/** A parameter's value. Flat, so that a configuration is a row of a table; a nested setting takes a name with dots. */
export type Value = number | boolean | string;
export type Parameters = Readonly<Record<string, Value>>;

export interface Family {
  /** Names, defaults and limits of the parameters; a refinement says which of them do not go together. */
  readonly schema: z.ZodObject;
  /**
   * Computes whatever configurations can share (signals of the whole tape); called once a worker.
   * @returns makes a strategy that has not begun, from values that the schema has passed and completed
   */
  readonly prepare: (inputs: FamilyInputs) => (parameters: Parameters) => Strategy;
}

/** Ties `prepare` to what the schema gives. */
export function defineFamily<Schema extends z.ZodObject>(
  schema: Schema,
  prepare: (inputs: FamilyInputs) => (parameters: z.output<Schema>) => Strategy,
): Family {
  // The one cast: whoever calls what `prepare` returns has had the schema pass the values.
  return { schema, prepare: (inputs) => prepare(inputs) as (parameters: Parameters) => Strategy };
}
