/**
 * What must hold in every reachable state of a vault with sleeves, whoever acts: beside those of test/contracts/invariants.ts
 * that speak of sleeves. Written before the checks. Source: contracts/sleeves, SleeveLib, MoveLib, docs/threat-model.md "Sleeves".
 */
export const SLEEVE_INVARIANT = {
  UNITS_SUM: "units: those of a sleeve are the vault's and the leavers', and nobody else has any",
  UNITS_BACKED:
    "units: the venue's own books show what the sleeve says that they stand for, and holders' claims beside it",
  UNITS_NOT_GIVEN: "units: the vault's grow by its own moves only, and by nobody else's act",
  UNITS_LIVE: "units: the vault's list names a sleeve as live if and only if the vault holds units of it",
  UNITS_KEEP: "units: what one stands for never falls because another holder leaves, redeems or enters",
  UNITS_NOT_DILUTED: "units: a plan that moves a sleeve takes nothing from those who have left with units of it",
  REDEEM: "redeem: takes what the units owe, rounded up, and brings what they own, rounded down, to the wei",
  NO_ALLOWANCE: "allowance: none is left from a sleeve or the vault to any venue or sleeve after any call",
  EXIT_SOME_MASK: "exit: every LP can leave with the mask that the lens names, whatever the venues do",
  DEBT_OPENED:
    "debt: after borrowing, or taking what secures it, health is at least the opening's, at the price of the feeds",
  DEBT_ACCRUED: "debt: is the venue's, interest accrued to this second, to the wei",
  NAV: "nav: what the lens shows is core and sleeves at their low marks at the oracle's middle",
  PLACES: "places: are the policy's to fill and anybody's to take in, once what stood there is gone",
  DELEVERAGE:
    "deleverage, unwind: lose LPs no more than their own budget is charged, and no wei of tokens leaves but to venues",
  STRANGERS: "strangers: no act of theirs at a venue takes anything from the vault's core",
} as const;

export type SleeveInvariant = (typeof SLEEVE_INVARIANT)[keyof typeof SLEEVE_INVARIANT];
