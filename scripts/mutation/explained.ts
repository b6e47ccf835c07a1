/** Survivors that somebody has looked at: why no test can, or need, kill them. */
import { z } from "zod";

import { keyOf, type Identity, type Mutant } from "./mutants.ts";
import { OPERATORS } from "./operators.ts";

const ENTRY = z.strictObject({
  file: z.string().min(1),
  operator: z.enum(OPERATORS),
  function: z.string().min(1),
  in: z.string(),
  original: z.string(),
  mutated: z.string(),
  nth: z.int().positive().default(1),
  reason: z.string().min(20),
});

export type Explanation = Identity & { readonly reason: string };

/** @throws if the text is no list of explanations, or explains a mutant twice */
export function parseExplained(json: string): readonly Explanation[] {
  const list = z.array(ENTRY).parse(JSON.parse(json));
  const seen = new Set<string>();
  for (const entry of list) {
    const key = keyOf(entry);
    if (seen.has(key)) throw new Error(`a mutant is explained twice: ${entry.function}, ${entry.original}; keep one`);
    seen.add(key);
  }
  return list;
}

export interface Sorted {
  /** Nobody has said why. */
  readonly survived: readonly Mutant[];
  readonly explained: readonly (Mutant & { readonly reason: string })[];
  /** Explanations whose mutant was killed, or cannot be made any more; those of mutants that were not run are not judged. */
  readonly stale: readonly Explanation[];
}

/**
 * @param survivors mutants that no test killed
 * @param killed mutants that a test killed
 * @param all every mutant that the sources give
 */
export function sortSurvivors(
  survivors: readonly Mutant[],
  killed: readonly Mutant[],
  all: readonly Mutant[],
  explanations: readonly Explanation[],
): Sorted {
  const reasons = new Map(explanations.map((entry) => [keyOf(entry), entry.reason]));
  const survived: Mutant[] = [];
  const explained: (Mutant & { readonly reason: string })[] = [];
  for (const mutant of survivors) {
    const reason = reasons.get(keyOf(mutant));
    if (reason === undefined) survived.push(mutant);
    else explained.push({ ...mutant, reason });
  }
  const dead = new Set(killed.map(keyOf));
  const possible = new Set(all.map(keyOf));
  const files = new Set(all.map(({ file }) => file));
  const stale = explanations.filter((entry) => {
    const key = keyOf(entry);
    return dead.has(key) || (files.has(entry.file) && !possible.has(key));
  });
  return { survived, explained, stale };
}
