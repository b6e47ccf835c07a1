/** What things cost where no input says otherwise (design: "Inputs"). Rates are fractions a year and compound continuously, as in keeper/sleeves. */
export interface Costs {
  /** Quote units with which every run begins. */
  readonly nav: number;
  /** Fraction of what is sold: pool fee and impact together. */
  readonly swap: number;
  /** Quote units a rebalance, whatever it consists of. */
  readonly gas: number;
  /** Owed on base that was borrowed. */
  readonly borrowRate: number;
  /** Earned by the collateral of a debt. */
  readonly collateralYield: number;
  /** Earned by quote in the reserve, where fed funds are unknown. */
  readonly reserveRate: number;
  /** Loan-to-value at which a venue liquidates: the most common one of Morpho Blue's for ether. */
  readonly liquidationLtv: number;
}

export const DEFAULT_COSTS: Costs = {
  nav: 1_000_000,
  swap: 0.001,
  gas: 15,
  borrowRate: 0.025,
  collateralYield: 0,
  reserveRate: 0.02,
  liquidationLtv: 0.86,
};
