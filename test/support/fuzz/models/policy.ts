/** The DAO's rules as the commands set them. */
import type { Caps } from "../../../../scripts/deploy/strata.ts";
import { CAP_NAMES, type CapName } from "../look.ts";

/** For each cap, whether a smaller number takes room away; "neither" for the width that confines plans when churn is spent. */
const SMALLER_IS_TIGHTER: Readonly<Record<CapName, boolean | "neither">> = {
  coreWeightCapBps: true,
  minHalfWidth: false,
  maxHalfWidth: "neither",
  maxPlanLossBps: true,
  lossCapBps: true,
  lossRefillBps: true,
  turnoverCapBps: true,
  turnoverRefillBps: true,
  churnCapBps: true,
  churnRefillBps: true,
  volFloorBps: false,
  lvrLimitBps: true,
  treasuryShareBps: true,
  maxEntryFeeBps: true,
  maxExitFeeBps: true,
  deleverageCapBps: true,
  deleverageRefillBps: true,
};

export class PolicyModel {
  caps: Caps;
  /** Four places, 0 for an empty one. */
  fees: readonly number[];
  keepers: ReadonlySet<string>;
  treasury: string;
  pausedUntil = 0;

  constructor(caps: Caps, fees: readonly number[], keepers: readonly string[], treasury: string) {
    this.caps = caps;
    this.fees = [0, 1, 2, 3].map((i) => fees[i] ?? 0);
    this.keepers = new Set(keepers);
    this.treasury = treasury;
  }

  paused(at: number): boolean {
    return at < this.pausedUntil;
  }

  get allowed(): readonly number[] {
    return this.fees.filter((fee) => fee !== 0);
  }

  cap(name: CapName): bigint {
    return BigInt(this.caps[name]);
  }

  /** True if no cap of `caps` is looser than it is. */
  isTighter(caps: Caps): boolean {
    return CAP_NAMES.every((name) => {
      const smaller = SMALLER_IS_TIGHTER[name];
      if (smaller === "neither") return caps[name] === this.caps[name];
      return smaller ? caps[name] <= this.caps[name] : caps[name] >= this.caps[name];
    });
  }

  /** As the chain's `limits` show it. */
  get limits(): Readonly<Record<string, bigint>> {
    const limits: Record<string, bigint> = { pausedUntil: BigInt(this.pausedUntil) };
    for (const name of CAP_NAMES) limits[name] = BigInt(this.caps[name]);
    return limits;
  }
}
