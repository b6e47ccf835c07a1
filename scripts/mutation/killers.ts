/**
 * Which test file killed a mutant the last time. It is tried first against the same mutant, so that a run spends its time on those that nothing
 * killed yet. Only an order: a mutant counts as killed if a test fails now.
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

import { z } from "zod";

import { keyOf, type Identity } from "./mutants.ts";

const FILE = new URL("killers.json", import.meta.url);
const KILLERS = z.record(z.string().regex(/^[0-9a-f]{16}$/), z.string().min(1));

/** shortKey of a mutant -> test file. */
export type Killers = ReadonlyMap<string, string>;

/** Of keyOf, so that the file stays small: the same as long as the statement and what is changed in it are. */
export function shortKey(mutant: Identity): string {
  return createHash("sha256").update(keyOf(mutant)).digest("hex").slice(0, 16);
}

/** @throws if the text is no list of test files by mutant */
export function parseKillers(json: string): Killers {
  return new Map(Object.entries(KILLERS.parse(JSON.parse(json))));
}

export async function readKillers(): Promise<Killers> {
  return parseKillers(await readFile(FILE, "utf8"));
}

/**
 * What is known after a run: what it found, and of mutants that it did not kill what was known before, without those that the sources no longer
 * give.
 */
export function updated(
  before: Killers,
  found: readonly { readonly mutant: Identity; readonly by: string }[],
  all: readonly Identity[],
): Killers {
  const possible = new Set(all.map(shortKey));
  const now = new Map([...before, ...found.map(({ mutant, by }) => [shortKey(mutant), by] as const)]);
  return new Map([...now].filter(([key]) => possible.has(key)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export async function writeKillers(killers: Killers): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(Object.fromEntries(killers), null, 2)}\n`);
}
