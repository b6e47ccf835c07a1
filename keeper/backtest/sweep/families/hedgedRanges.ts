/** Up to three ranges and a conversion that follows the trend (strategies/hedgedRanges.ts). */
import { z } from "zod";

import { trendVotes } from "../../data/trendVotes.ts";
import { hedgedRanges } from "../../strategies/hedgedRanges.ts";
import { halfWidth } from "./baselines.ts";
import { defineFamily } from "./family.ts";

const weight = z.number().min(0).max(1);

const schema = z
  .strictObject({
    halfWidth1: halfWidth.default(0.1),
    halfWidth2: halfWidth.default(0.25),
    halfWidth3: halfWidth.default(0.6),
    /** Parts of the net asset value; 0 for no such range. */
    weight1: weight.default(0.2),
    weight2: weight.default(0.2),
    weight3: weight.default(0.2),
    cooldownHours: z.number().min(0).max(8_760).default(24),
    hedge: z.number().min(0).max(1).default(1),
    /** A conversion at 0.86 or above is liquidated; up to 0.8 an hour's usual move is left. */
    ltv: z.number().min(0.05).max(0.8).default(0.65),
    checkHours: z.number().min(1).max(8_760).default(24),
    band: z.number().min(0).max(1).default(0.05),
  })
  .refine(({ weight1, weight2, weight3 }) => weight1 + weight2 + weight3 <= 1 + Number.EPSILON, {
    error: "weight1, weight2 and weight3 together are more than 1",
  })
  .refine(({ weight1, weight2, weight3 }) => weight1 + weight2 + weight3 > 0, {
    error: "weight1, weight2 and weight3 are all 0, so there is no range",
  });

export const hedgedRangesFamily = defineFamily(schema, ({ tape, path }) => {
  const votes = trendVotes(tape, path);
  return ({ cooldownHours, hedge, ltv, checkHours, band, ...of }) => {
    const weights = new Map<number, number>();
    const given = [
      [of.halfWidth1, of.weight1],
      [of.halfWidth2, of.weight2],
      [of.halfWidth3, of.weight3],
    ] as const;
    // Ranges of the same bounds are one range.
    for (const [width, part] of given) if (part > 0) weights.set(width, (weights.get(width) ?? 0) + part);
    const ranges = [...weights].map(([width, part]) => ({ halfWidth: width, weight: part }));
    return hedgedRanges({ ranges, cooldownHours, hedge, ltv, checkHours, band }, votes);
  };
});
