/**
 * The points of a space that a sweep visits. They depend on names, values and the seed, never on the order in which a file names the
 * parameters; and draw i is the same however many are drawn, so a longer search contains the shorter one.
 */
import { seededRandom } from "../../../market/random.ts";
import type { Parameters } from "../families/family.ts";
import { drawFrom, sizeOf, type Space, valuesOf } from "./space.ts";

export type Search =
  { readonly method: "grid" } | { readonly method: "random"; readonly seed: number; readonly count: number };

/** How many points `points` gives before those that are alike are told; a grid must have no range without steps. */
export function countOf(space: Space, search: Search): number {
  if (search.method === "random") return search.count;
  return [...space.values()].reduce((product, dimension) => product * (sizeOf(dimension) ?? Number.NaN), 1);
}

export function points(space: Space, search: Search): readonly Parameters[] {
  // By code units: the same on every machine.
  const dimensions = [...space].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (search.method === "random") {
    return Array.from({ length: search.count }, (_, draw) => {
      const random = seededRandom(search.seed, draw);
      return Object.fromEntries(dimensions.map(([name, dimension]) => [name, drawFrom(dimension, random.uniform())]));
    });
  }
  let grid: Parameters[] = [{}];
  for (const [name, dimension] of dimensions) {
    const values = valuesOf(dimension);
    if (values === null) throw new RangeError(`"${name}" is a range without steps; a grid has none.`);
    grid = grid.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  return grid;
}
