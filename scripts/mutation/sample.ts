/** Which mutants are run first: a spread over files, operators and functions that a seed decides. */
import type { Mutant } from "./mutants.ts";

/** Mulberry32: 32 bits of state are plenty for an order. Uniform in [0, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fisher and Yates. */
export function shuffled<T>(list: readonly T[], next: () => number): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; --i) {
    const j = Math.floor(next() * (i + 1));
    const [a, b] = [copy[i], copy[j]];
    if (a === undefined || b === undefined) continue;
    copy[i] = b;
    copy[j] = a;
  }
  return copy;
}

/**
 * All mutants in the order in which a campaign takes them. Each next one is of the file that is furthest behind its weight,
 * in there of the operator, and then of the function, taken least often; so every beginning of the list is a spread sample.
 *
 * @param weights file -> weight; a file without one has weight 1
 */
export function inOrder(
  mutants: readonly Mutant[],
  weights: Readonly<Record<string, number>>,
  seed: number,
): readonly Mutant[] {
  const next = random(seed);
  const files = new Map<string, { readonly order: readonly Mutant[]; taken: number; readonly weight: number }>();
  for (const [file, list] of grouped(mutants, (one) => one.file)) {
    files.set(file, { order: withinFile(shuffled(list, next)), taken: 0, weight: weights[file] ?? 1 });
  }
  const order: Mutant[] = [];
  while (order.length < mutants.length) {
    const open = [...files.values()].filter((one) => one.taken < one.order.length);
    const behind = least(open, (one) => (one.taken + 1) / one.weight);
    const mutant = behind?.order[behind.taken];
    if (behind === undefined || mutant === undefined) break;
    behind.taken += 1;
    order.push(mutant);
  }
  return order;
}

function withinFile(list: readonly Mutant[]): readonly Mutant[] {
  const open = new Map([...grouped(list, (one) => one.operator)]);
  const operators = new Map<string, number>();
  const functions = new Map<string, number>();
  const order: Mutant[] = [];
  while (open.size > 0) {
    const operator = least([...open.keys()], (name) => operators.get(name) ?? 0);
    if (operator === undefined) break;
    const candidates = open.get(operator) ?? [];
    const mutant = least(candidates, (one) => functions.get(one.function) ?? 0);
    if (mutant === undefined) break;
    const rest = candidates.filter((one) => one !== mutant);
    if (rest.length === 0) open.delete(operator);
    else open.set(operator, rest);
    operators.set(operator, (operators.get(operator) ?? 0) + 1);
    functions.set(mutant.function, (functions.get(mutant.function) ?? 0) + 1);
    order.push(mutant);
  }
  return order;
}

/** The first of those with the least value. */
function least<T>(list: readonly T[], value: (one: T) => number): T | undefined {
  let best: T | undefined;
  let bestValue = Infinity;
  for (const one of list) {
    const v = value(one);
    if (v < bestValue) {
      best = one;
      bestValue = v;
    }
  }
  return best;
}

function grouped<T>(list: readonly T[], key: (one: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const group = groups.get(key(one));
    if (group === undefined) groups.set(key(one), [one]);
    else group.push(one);
  }
  return groups;
}
