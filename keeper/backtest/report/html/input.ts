/** What a report is made of. */
import type { PricePath } from "../../../market/types.ts";
import type { StrategyName } from "../../strategies/catalogue.ts";
import type { Study } from "../../study/study.ts";
import type { StudyDocument } from "../document.ts";
import type { HeatMapInput } from "./heatMap.ts";

export interface ReportInput {
  /** Every number of a table is one of its. */
  readonly document: StudyDocument;
  /** For the lines: value and ranges by the hour of each strategy's first run. */
  readonly study: Study;
  readonly path: PricePath;
  /** Whose ranges are drawn over the price; null if nobody opened any. */
  readonly ranges: StrategyName | null;
  readonly sweep?: HeatMapInput;
}
