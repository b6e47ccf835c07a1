/** Every family by the name that a sweep's configuration file uses. */
import { charmFamily, recentreFamily, staticFamily } from "./baselines.ts";
import type { Family } from "./family.ts";
import { hedgedRangesFamily } from "./hedgedRanges.ts";
import { layeredFamily } from "./layered.ts";

export const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ["recentre", recentreFamily],
  ["charm", charmFamily],
  ["static", staticFamily],
  ["hedged-ranges", hedgedRangesFamily],
  ["layered", layeredFamily],
]);

export const FAMILY_NAMES: readonly string[] = [...FAMILIES.keys()];
