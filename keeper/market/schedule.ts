import { REGIME, SCHEDULE } from "./parameters.ts";
import type { Random } from "./random.ts";
import { REGIMES, type Regime } from "./regimes.ts";

/** A run of hours in one regime. */
export interface Episode {
  readonly regime: Regime;
  /** At least 1. */
  readonly hours: number;
}

/**
 * A schedule of regimes in which each appears, by construction and not by a lucky seed.
 *
 * The hours are cut into equal strata of at most {@link SCHEDULE.stratumDays} days. In each of them every regime gets its fitted share of the hours,
 * varied at random; the hours of a regime are broken into episodes whose number follows from its mean duration and whose lengths are
 * random; a crash is followed by a stressed episode; everything else stands in random order. A path of 4 hours or more so has all four regimes.
 *
 * @returns episodes whose hours add up to `hours`
 */
export function scheduleRegimes(random: Random, hours: number): Episode[] {
  const strata = Math.max(1, Math.ceil(hours / (SCHEDULE.stratumDays * 24)));
  return apportion(
    Array.from({ length: strata }, () => 1),
    hours,
  ).flatMap((part) => stratum(random, part));
}

function stratum(random: Random, hours: number): Episode[] {
  const weights = REGIMES.map((regime) => REGIME[regime].share * Math.exp(SCHEDULE.shareSpread * random.normal()));
  const totals = apportion(weights, hours);
  const lengths: Record<Regime, number[]> = { calm: [], trending: [], stressed: [], crash: [] };
  for (const regime of ["calm", "trending", "crash", "stressed"] as const) {
    const total = totals[REGIMES.indexOf(regime)] ?? 0;
    const wanted = Math.max(1, Math.round(total / REGIME[regime].meanHours));
    // Each crash has its own aftermath, so there are at least as many stressed episodes as crashes.
    lengths[regime] = breakUp(random, total, regime === "stressed" ? Math.max(wanted, lengths.crash.length) : wanted);
  }
  const stressed = [...lengths.stressed];
  const blocks: Episode[][] = [];
  for (const regime of REGIMES) {
    if (regime === "stressed") continue;
    for (const length of lengths[regime]) {
      const block: Episode[] = [{ regime, hours: length }];
      const aftermath = regime === "crash" ? stressed.pop() : undefined;
      if (aftermath !== undefined) block.push({ regime: "stressed", hours: aftermath });
      blocks.push(block);
    }
  }
  for (const length of stressed) blocks.push([{ regime: "stressed", hours: length }]);
  return random.shuffled(blocks).flat();
}

/** Random lengths that add up to `total`: exponential with a floor, so that no episode is over in an hour unless the total is tiny. */
function breakUp(random: Random, total: number, parts: number): number[] {
  if (total === 0) return [];
  return apportion(
    Array.from({ length: Math.min(parts, total) }, () => 0.25 + random.exponential()),
    total,
  );
}

/** Whole numbers that add up to `total`, in proportion to the weights, each at least 1 as long as `total` reaches. */
function apportion(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const floor = Math.min(1, Math.floor(total / weights.length));
  const free = total - floor * weights.length;
  let [given, passed] = [0, 0];
  return weights.map((weight) => {
    passed += weight;
    const part = Math.round((free * passed) / sum) - given;
    given += part;
    return floor + part;
  });
}
