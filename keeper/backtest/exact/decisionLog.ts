/**
 * What a keeper's strategy decided in each engine, and where they parted. Holds are not kept: a mark at which one engine acts and the other holds
 * counts as one at which they differ.
 */
import type { Decision } from "../../strategy/types.ts";

/** A decision that acts. */
export interface Told {
  readonly decision: Decision;
  /** Why the limits or the book refused it; null if it was carried out. */
  readonly refused: string | null;
}

export interface DecisionDifferences {
  /** Decisions that act. */
  readonly exact: number;
  readonly fast: number;
  /** Of the exact engine's. */
  readonly refused: number;
  /** Marks at which one engine acted and the other did not, or did something else. */
  readonly differing: number;
  /** The first of them; null if there is none. */
  readonly first: { readonly time: number; readonly exact: string; readonly fast: string } | null;
}

/** Amounts this close are the same one, reckoned in integers here and in floats there; relative. */
const SAME = 1e-6;

export function compareDecisions(exact: readonly Told[], fast: readonly Told[]): DecisionDifferences {
  const [a, b] = [byTime(exact), byTime(fast)];
  const times = [...new Set([...a.keys(), ...b.keys()])].toSorted((one, other) => one - other);
  const differing = times.filter((time) => !agree(a.get(time), b.get(time)));
  const [first] = differing;
  return {
    exact: exact.length,
    fast: fast.length,
    refused: exact.filter(({ refused }) => refused !== null).length,
    differing: differing.length,
    first: first === undefined ? null : { time: first, exact: describe(a.get(first)), fast: describe(b.get(first)) },
  };
}

/** A strategy is asked once a mark. */
function byTime(told: readonly Told[]): Map<number, Told> {
  return new Map(told.map((one) => [one.decision.time, one]));
}

function agree(a: Told | undefined, b: Told | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const [one, other] = [a.decision, b.decision];
  return (
    (a.refused === null) === (b.refused === null) &&
    one.actions.join() === other.actions.join() &&
    alike(one.burns, other.burns, (x, y) => x.index === y.index && close(x.fraction, y.fraction)) &&
    alike(one.swaps, other.swaps, (x, y) => x.sell === y.sell && close(x.amount, y.amount)) &&
    alike(one.mints, other.mints, (x, y) => x.tickLower === y.tickLower && x.tickUpper === y.tickUpper) &&
    alike(
      one.sleeveMoves,
      other.sleeveMoves,
      (x, y) =>
        x.sleeve === y.sleeve &&
        x.token === y.token &&
        x.take === y.take &&
        x.all === y.all &&
        close(x.amount, y.amount),
    )
  );
}

function alike<T>(a: readonly T[], b: readonly T[], same: (one: T, other: T) => boolean): boolean {
  return a.length === b.length && a.every((one, i) => same(one, b[i] as T));
}

function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME * Math.max(Math.abs(a), Math.abs(b));
}

function describe(told: Told | undefined): string {
  if (told === undefined) return "hold";
  const { decision, refused } = told;
  const what = `${decision.actions.join(", ")}: ${decision.reasons.at(-1)?.text ?? ""}`;
  return refused === null ? what : `${what} Refused: ${refused}`;
}
