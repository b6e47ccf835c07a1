/** Which configurations did best. */
import { type Objective, OBJECTIVES } from "../objective.ts";
import type { Row } from "./row.ts";

/** The first `count` by the objective, the better ones first and equal ones by hash; rows without the figure are left out. */
export function ranked(rows: Iterable<Row>, objective: Objective, count: number): readonly Row[] {
  const sign = OBJECTIVES[objective] === "greatest" ? -1 : 1;
  const figured = [...rows].flatMap((row) => {
    const value = "figures" in row.outcome ? row.outcome.figures.means[objective] : null;
    return value === null ? [] : [{ row, value }];
  });
  return figured
    .toSorted((a, b) => sign * (a.value - b.value) || (a.row.hash < b.row.hash ? -1 : 1))
    .slice(0, count)
    .map(({ row }) => row);
}
