/**
 * What the chain allows a keeper by default: the policy, the places of the sleeves with their terms, and the error of the oracle's price. The same
 * numbers as the deployment's (scripts/deploy), which a test compares; they stand here because the keeper imports nothing of scripts.
 */
import type { Policy, SleeveState } from "../../../strategy/types.ts";
import type { Costs } from "../../model/costs.ts";
import { FEE } from "./pool.ts";

export const LIMITS: Policy = {
  allowedFees: [FEE],
  maxPlanLoss: 0.0025,
  coreWeightCap: 0.65,
  minHalfWidth: 400,
  maxHalfWidth: 20_000,
  maxPositions: 8,
  refill: { loss: 0.001, turnover: 0.06, churn: 0.005 },
  lvrLimit: 0.004,
  volatilityFloor: 0.4,
  pausedUntil: 0,
  maxEntryFee: 0,
  maxExitFee: 0,
};

/** The same for a vault that stands in a pool of this tier. */
export function limitsFor(fee: number): Policy {
  return fee === FEE ? LIMITS : { ...LIMITS, allowedFees: [fee] };
}

/** Fractions of NAV that the budgets hold. */
export const CAPACITY = { loss: 0.005, turnover: 0.18, churn: 0.02 } as const;

/** Half of the feeds' error band: the deviations of both feeds, 50 and 25 bps. */
export const PRICE_ERROR = 0.0075;

/** Fractions of NAV, before debts. */
export const SLEEVE_CAPS = { conversion: 0.4, reserve: 0.35 } as const;
export const OPENING_HEALTH = 1.32;
export const FLOOR_HEALTH = 1.1;
export const RATE_CAP = 0.25;

const EMPTY: Omit<
  SleeveState,
  "index" | "kind" | "cap" | "threshold" | "opening" | "floor" | "borrowRate" | "rateCap"
> = {
  asset: "quote",
  owned: 0,
  owed: 0,
  health: null,
  supplyRate: 0,
  pending: 0,
  units: 0,
  live: false,
  allowed: true,
  answers: true,
  sound: true,
  obstacle: "none",
};

/** The place of the conversion with nothing in it. */
export function conversionPlace(costs: Costs): SleeveState {
  return {
    ...EMPTY,
    index: 0,
    kind: "conversion",
    cap: SLEEVE_CAPS.conversion,
    threshold: costs.liquidationLtv,
    opening: OPENING_HEALTH,
    floor: FLOOR_HEALTH,
    borrowRate: costs.borrowRate,
    rateCap: RATE_CAP,
    supplyRate: costs.collateralYield,
  };
}

/** The place of the reserve with nothing in it. */
export const RESERVE_PLACE: SleeveState = {
  ...EMPTY,
  index: 2,
  kind: "reserve",
  cap: SLEEVE_CAPS.reserve,
  threshold: 0,
  opening: 0,
  floor: 0,
  borrowRate: 0,
  rateCap: 0,
};
