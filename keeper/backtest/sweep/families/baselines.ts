/** The baselines with their widths left open (docs/backtest.md). */
import { z } from "zod";

import { charm } from "../../strategies/charm.ts";
import { staticRange } from "../../strategies/passive.ts";
import { recentre } from "../../strategies/recentre.ts";
import { defineFamily } from "./family.ts";

/** Half-width of a range, fraction of price. */
export const halfWidth = z.number().min(0.005).max(10);

export const recentreFamily = defineFamily(
  z.strictObject({ halfWidth: halfWidth.default(0.2) }),
  () => (parameters) => recentre(parameters.halfWidth),
);

export const staticFamily = defineFamily(
  z.strictObject({ halfWidth: halfWidth.default(0.2) }),
  () => (parameters) => staticRange(parameters.halfWidth),
);

export const charmFamily = defineFamily(
  z.strictObject({ halfWidth: halfWidth.default(0.2), everyHours: z.int().min(1).max(8_760).default(48) }),
  () => (parameters) => charm(parameters.halfWidth, parameters.everyHours),
);
