/**
 * Everything that a worker must know to compute any configuration of a sweep, and the names of both: whoever has the same definition gets
 * the same figures, on any machine.
 */
import type { PricePath } from "../../market/types.ts";
import { canonicalJson } from "../../strategy/canonical.ts";
import type { DatedRate } from "../data/fedFunds.ts";
import { hashOf, sha256 } from "../data/hash.ts";
import type { Costs } from "../model/costs.ts";
import type { Parameters } from "./families/family.ts";

export interface SweepDefinition {
  readonly family: string;
  /** Pay ratio. */
  readonly k: number;
  readonly starts: number;
  readonly costs: Costs;
  /** Fed funds; null if unknown. */
  readonly reserve: readonly DatedRate[] | null;
  readonly path: PricePath;
}

export interface Configuration {
  /** Names the figures: of the parameters and of all that the definition says. */
  readonly hash: string;
  readonly parameters: Parameters;
}

/** Of prices and rates. */
export function dataHashOf({ path, reserve }: SweepDefinition): string {
  const { from, to } = path;
  return sha256(
    canonicalJson({ prices: hashOf(path), from, to, reserve: reserve?.map((one) => [one.from, one.rate]) ?? null }),
  );
}

/** Hashes configurations of a definition; what they share is hashed once. */
export function configurationHasher(definition: SweepDefinition): (parameters: Parameters) => string {
  const { family, k, starts, costs } = definition;
  const data = dataHashOf(definition);
  return (parameters) =>
    sha256(canonicalJson({ family, k, starts, costs: { ...costs }, data, parameters: { ...parameters } }));
}

/** One for each way to fill the parameters in, ascending by hash: points that are alike become one. */
export function configurationsOf(definition: SweepDefinition, points: readonly Parameters[]): readonly Configuration[] {
  const hashOfOne = configurationHasher(definition);
  const byHash = new Map(points.map((parameters) => [hashOfOne(parameters), parameters]));
  return [...byHash].map(([hash, parameters]) => ({ hash, parameters })).toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
}

/** Names a sweep: the set of its configurations. What it is ranked by is no part of it. */
export function configHashOf(configurations: readonly Configuration[]): string {
  return sha256(configurations.map(({ hash }) => hash).join("\n"));
}
