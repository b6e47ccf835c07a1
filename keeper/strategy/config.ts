/**
 * Every number that the strategy uses and every rule that can be switched off, with where it comes from. Values are fractions, quote
 * units, hours or days, as said. "Method" is the strategy handbook (docs/strategy.md).
 */

export interface StrategyConfig {
  /** What may be done at all. Off means: its reason says so and nothing else changes. */
  readonly rules: {
    /** Mint the first ranges of a vault that has none. */
    readonly deploy: boolean;
    readonly rangeShift: boolean;
    readonly feeTierMove: boolean;
    readonly compound: boolean;
    /** Put what one token leaves over into a range on its side of the price. */
    readonly oneSidedOrder: boolean;
    /** Swap a little when a token is missing. */
    readonly swap: boolean;
    /** Move the centre of new ranges with the trend. */
    readonly trendTilt: boolean;
    /** Have the churn budget charged in small parts. */
    readonly settle: boolean;
    /** Move the vault's entry and exit fee with volatility. */
    readonly feeChange: boolean;
    /** Owe base against the core's base while the trend is bearish, by a conversion. Off: debts are still brought down for their health. */
    readonly hedge: boolean;
    /** Step the hedge up sooner while the pools run short of quote. */
    readonly quickRatio: boolean;
    /** Put idle quote that nothing needs into a reserve. */
    readonly reserve: boolean;
    /** Add to the core's long by a reversal while the trend is bullish. Off: what an earlier setting has opened is closed. */
    readonly reversal: boolean;
    /** Shift a small part to the asset sleeve while more pools than usual are opened. Off: what is there stays. */
    readonly asset: boolean;
  };
  readonly hedge: {
    /** Value of the debt taken on or repaid by one plan, part of NAV. A step of 5 % turns over 13 %: the debt and what secures it given, and
     * the debt sold; the default turnover budget holds 18 % and gets 6 % back a day. */
    readonly step: number;
    /** Debt off its target by so much of NAV before it is moved. Method: 5 to 8 %; one voice of ten is 3 % beside a core half in base. */
    readonly band: number;
    /** Hours between two looks. Method: 24. A step that restores health does not wait. */
    readonly checkHours: number;
    /** Loan-to-value aimed at, and how far under the venue's own opening limit it stays besides. Method: 0.65, which at a threshold of 0.86
     * is that limit itself; the margin is the price's rise of 8 % until nothing can be borrowed or taken out any more. */
    readonly ltv: number;
    readonly ltvMargin: number;
    /** Health under which the debt is repaid first, whatever the trend. Between 1.43 after a step and the floor of 1.1 under which
     * anybody may deleverage, at a price that is not ours: a rise of 14 % from the step, and 14 % more to the floor. */
    readonly comfort: number;
    /** Dearest borrow rate a year at which more is borrowed; the venue's cap holds besides. At 15 % a full hedge of a quarter of NAV costs
     * 3.75 % of NAV a year, a third of what such a core loses to arbitrage at 80 % volatility. */
    readonly maxRate: number;
    /** Greatest move of a pool's price by the plan's own swap, fraction. */
    readonly maxImpact: number;
    /** Smallest debt change worth a plan, part of NAV. */
    readonly least: number;
    /** Part of the core's base that must be wanted for idle base to be delivered against a debt that cannot grow. Eight of ten voices: it sells
     * idle base in the end, and a single voice that turns does not buy it back. */
    readonly deliverFrom: number;
    /** Days for which the sentence says what the hedge costs. */
    readonly costDays: number;
  };
  readonly quickRatio: {
    /** Depth over outflow under which the hedge is stepped up, and from which no longer. Under 1 a bad day's outflow is more than what
     * stands within the band. */
    readonly below: number;
    readonly above: number;
    /** Part of the core's base that is hedged on top of the trend's: two voices. */
    readonly adds: number;
  };
  readonly reserve: {
    /** Part of NAV that stays idle, for exits, fees and the next range shift's missing token. */
    readonly buffer: number;
    /** Least and greatest part of NAV moved by one plan. */
    readonly least: number;
    readonly step: number;
    readonly cooldownHours: number;
    /** Part of the turnover budget's capacity that must be left after giving: the hedge goes first. */
    readonly leaves: number;
    /** Yield a year of a reserve that does not say: quote lent in calm years. */
    readonly assumedRate: number;
    readonly horizonDays: number;
  };
  readonly reversal: {
    /** Part of the core's base that is added when all voices are bullish; the bullish fraction of it otherwise. Method: at most 0.25. */
    readonly part: number;
    /** Greatest step, and off its target by how much it is moved; parts of NAV. Beside a core half in base a quarter of its base is 7.5 %
     * of NAV, so the hedge's band of 5 % would leave it all or nothing. */
    readonly step: number;
    readonly band: number;
  };
  readonly sleeves: {
    /** Of a sleeve's cap, the part that is used: the plan runs in another block, at another price, and pays for its swaps. A price that moves
     * by the plan's tolerance of 0.5 % moves NAV by less, and a plan is charged 0.25 % at most. */
    readonly capUse: number;
  };
  readonly asset: {
    /** Standard deviations of the days before above which the day's new pools are a spike, and under which it is over. One day in 44 is above
     * 2 by chance if days are normal and alike; they are neither, so the step is small. */
    readonly above: number;
    readonly below: number;
    /** Days for which a spike counts at least: two plans a day apart would cost more than they are worth. */
    readonly stayDays: number;
    /** Part of NAV given by one plan, and by all; the sleeve's cap holds besides. */
    readonly step: number;
    readonly most: number;
    /** Smallest part of NAV worth a plan. */
    readonly least: number;
    readonly cooldownHours: number;
    /** Correlation of the asset's returns with the pair's up to which more goes there, and above which it comes back. With sixteen reports
     * the standard error is 0.28, so "near zero" cannot be told finer. */
    readonly correlation: number;
    readonly release: number;
    readonly leastReports: number;
    /** Hours after which a redemption that was asked for is collected, and asked for again if it has not come. */
    readonly settleHours: number;
    /** What it is taken to earn a year where the venue does not say, and days from asking to being paid; for the sentence. */
    readonly assumedRate: number;
    readonly settlementDays: number;
  };
  readonly core: {
    /** Part of NAV to stand in ranges; the rest stays idle. Method's default 0.60. */
    readonly target: number;
    /** Of the policy's cap, the part that is used: the chain values ranges at another moment and rounds against the vault. */
    readonly capUse: number;
  };
  readonly width: {
    /** Half-width over the standard deviation of the horizon's return. Method: 1.5. */
    readonly multiple: number;
    /** Days of that horizon. Method: 30. */
    readonly horizonDays: number;
    /** Least and greatest half-width, fraction of price. Method: 8 % to 150 %. */
    readonly least: number;
    readonly greatest: number;
    /** Volatility a year while no window is full: ETH's mean of 2018-2022 is 0.98, its median year 0.92. */
    readonly fallbackVolatility: number;
    /** Greatest shift of the centre, part of the half-width. Small, for the trend's weight on ranges is not yet proved out of sample. */
    readonly maxTilt: number;
  };
  readonly rangeShift: {
    /** How far outside counts as having left, half-widths. 5 % of a +-34 % range is 1.5 % of price: more than an oracle's error. */
    readonly exitMargin: number;
    /** The same while most of the core still works elsewhere: a range left behind by its own width's quarter sells or buys nothing soon,
     * and following it closer would realise every swing. */
    readonly patientMargin: number;
    /** Width off its target by this fraction. A 30-day estimate moves by a quarter when the regime does not. */
    readonly widthTolerance: number;
    /** Nearer to a bound than this, half-widths, counts as leaving when the trend points there. */
    readonly nearBound: number;
    /** Bearish fraction from which a trend is one; 1 less this for a bullish one. Eight of ten voices. */
    readonly strongTrend: number;
    /** Part of a position that is moved while it still works; one that the price has left moves whole. */
    readonly part: number;
    /** Narrow only while measured fees over LVR are at least this. Under 1 tightening loses more than it earns, and a week's
     * realised variance has a standard error of sqrt(2 / 168) = 11 %. */
    readonly tightenPayRatio: number;
    /** Hours. Method: 24. */
    readonly cooldownHours: number;
    /** Days over which gain is set against cost. A default range lasts about 60 days (h^2/s^2), so this is cautious. */
    readonly horizonDays: number;
    /** A held range whose bounds are both this near to the new one's, half-widths, is filled instead. */
    readonly reuse: number;
  };
  readonly swap: {
    /** Greatest value sold in a plan, part of NAV. */
    readonly max: number;
    /** Considered only when the price has left a range and the missing token would hold what works under this part of the core's target. */
    readonly whenBelow: number;
    /** Greatest move of the pool's price by our own swap, fraction. */
    readonly maxImpact: number;
    /** Allowance over the estimate, fraction: the price moves between the decision and the block. */
    readonly tolerance: number;
  };
  readonly order: {
    /** Least part of NAV worth an order: smaller ones cost more gas than they earn in a fortnight. */
    readonly min: number;
    /** Least ticks between the price and the order, so that a move before the block does not make it need the other token. */
    readonly gapTicks: number;
  };
  readonly feeTierMove: {
    /** By how much the other tier must pay better, after our own dilution. */
    readonly advantage: number;
    /** Hours for which it must have done so without a break. */
    readonly persistHours: number;
    /** Part of the position that moves. */
    readonly part: number;
    readonly cooldownHours: number;
    readonly horizonDays: number;
  };
  readonly compound: {
    /** What is put to work must be at least so many times the gas. */
    readonly gasMultiple: number;
    /** Core weight must be this much of NAV under its target. */
    readonly band: number;
    readonly cooldownHours: number;
    readonly horizonDays: number;
  };
  readonly fees: {
    /** Fees over LVR expected of any tier before measuring. Method: 0.9 (measured 0.79-0.95 over months). */
    readonly priorPayRatio: number;
    /** Weight of the measured rate against the prior: k's 30-day autocorrelation is 0.19, and a fortnight remembers more. */
    readonly measuredWeight: number;
  };
  readonly limits: {
    /** Of what is left of a budget, the part that is used: the estimate is of the last block, not of the plan's. */
    readonly budgetUse: number;
    /** Of the arbitrage limit likewise; new ranges are laid out so wide that the whole core fits into it. */
    readonly arbitrageUse: number;
    /** Fullness from which the churn budget counts as spent. */
    readonly churnFull: number;
    /** Fullness down to which it must have drained before ranges that it forced to the greatest width are laid out anew. */
    readonly churnFree: number;
    /** Part of NAV that ranges have fallen behind holding from which the churn budget is charged without waiting for another plan: half of
     * what the default budget gets back in a day, and more than a price in the oracle's band can feign. */
    readonly settleAt: number;
  };
  readonly lpFees: {
    /** Days of expected LVR that a visit of one entry and one exit is to pay for. A visitor who is here only while it suits him leaves the
     * rest to those who stay, and a range shift waits for a day. */
    readonly days: number;
    /** Fees stay as they are unless they are off by at least so many basis points. */
    readonly bandBps: number;
    /** And by so large a part of what is in force: a week's volatility comes with an error of a tenth, its square with a fifth. */
    readonly bandPart: number;
    /** More than the day that a rise waits: a new announcement would put off the one before. */
    readonly cooldownHours: number;
  };
  readonly cost: {
    /** Quote units a plan. Method: 15 USD. */
    readonly gas: number;
    /** Expected gain must be so many times the cost. */
    readonly gainOverCost: number;
    /** Of the policy's limit on a plan's loss, the part that is used: the estimate is of the last block, not of the plan's. */
    readonly chargeUse: number;
  };
  /** A remainder or a part worth less than this of NAV is not left or made. */
  readonly minPosition: number;
  /** Tenor of the vega that is reported, days. The method's shortest. */
  readonly vegaTenorDays: number;
}

export const DEFAULT_CONFIG: StrategyConfig = {
  rules: {
    deploy: true,
    rangeShift: true,
    feeTierMove: true,
    compound: true,
    oneSidedOrder: true,
    swap: true,
    trendTilt: true,
    settle: true,
    feeChange: true,
    hedge: true,
    quickRatio: true,
    reserve: true,
    reversal: false,
    asset: true,
  },
  hedge: {
    step: 0.05,
    band: 0.05,
    checkHours: 24,
    ltv: 0.65,
    ltvMargin: 0.05,
    comfort: 1.25,
    maxRate: 0.15,
    maxImpact: 0.001,
    least: 0.005,
    deliverFrom: 0.8,
    costDays: 30,
  },
  quickRatio: { below: 1, above: 1.5, adds: 0.2 },
  reserve: {
    buffer: 0.05,
    least: 0.03,
    step: 0.1,
    cooldownHours: 24,
    leaves: 0.4,
    assumedRate: 0.03,
    horizonDays: 30,
  },
  reversal: { part: 0.25, step: 0.03, band: 0.03 },
  sleeves: { capUse: 0.98 },
  asset: {
    above: 2,
    below: 0.5,
    stayDays: 7,
    step: 0.02,
    most: 0.06,
    least: 0.005,
    cooldownHours: 24,
    correlation: 0.2,
    release: 0.5,
    leastReports: 16,
    settleHours: 96,
    assumedRate: 0.04,
    settlementDays: 3,
  },
  core: { target: 0.6, capUse: 0.98 },
  width: { multiple: 1.5, horizonDays: 30, least: 0.08, greatest: 1.5, fallbackVolatility: 0.9, maxTilt: 0.2 },
  rangeShift: {
    exitMargin: 0.05,
    patientMargin: 0.25,
    widthTolerance: 0.4,
    nearBound: 0.05,
    strongTrend: 0.8,
    part: 0.5,
    tightenPayRatio: 1.1,
    cooldownHours: 24,
    horizonDays: 14,
    reuse: 0.25,
  },
  swap: { max: 0.05, whenBelow: 0.6, maxImpact: 0.001, tolerance: 0.002 },
  order: { min: 0.05, gapTicks: 10 },
  feeTierMove: { advantage: 0.25, persistHours: 24, part: 1 / 3, cooldownHours: 48, horizonDays: 14 },
  compound: { gasMultiple: 10, band: 0.05, cooldownHours: 24, horizonDays: 14 },
  fees: { priorPayRatio: 0.9, measuredWeight: 0.3 },
  limits: { budgetUse: 0.97, arbitrageUse: 0.9, churnFull: 0.98, churnFree: 0.5, settleAt: 0.0025 },
  lpFees: { days: 1, bandBps: 2, bandPart: 0.25, cooldownHours: 25 },
  cost: { gas: 15, gainOverCost: 1.5, chargeUse: 0.8 },
  minPosition: 0.05,
  vegaTenorDays: 30,
};

/** Raised for a configuration that cannot be used. Lists everything that is wrong, not only the first. */
export class StrategyConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The strategy's configuration cannot be used; correct this: ${problems.join("; ")}.`);
    this.name = "StrategyConfigError";
    this.problems = problems;
  }
}

/** Any part of a configuration. */
export type ConfigOverrides = {
  readonly [Section in keyof StrategyConfig]?: StrategyConfig[Section] extends object
    ? Partial<StrategyConfig[Section]>
    : StrategyConfig[Section];
};

type Limits = readonly [least: number, greatest: number];
const FRACTION: Limits = [0, 1];
const HOURS: Limits = [0, 24 * 365];
const HORIZON: Limits = [1 / 24, 365];

/** What each number may be, ends included; `true` for a switch. The same shape as the configuration, so none can be forgotten. */
const RANGES: {
  readonly [Section in keyof StrategyConfig]: StrategyConfig[Section] extends object
    ? { readonly [Key in keyof StrategyConfig[Section]]: StrategyConfig[Section][Key] extends boolean ? true : Limits }
    : Limits;
} = {
  rules: {
    deploy: true,
    rangeShift: true,
    feeTierMove: true,
    compound: true,
    oneSidedOrder: true,
    swap: true,
    trendTilt: true,
    settle: true,
    feeChange: true,
    hedge: true,
    quickRatio: true,
    reserve: true,
    reversal: true,
    asset: true,
  },
  hedge: {
    step: [0.001, 1],
    band: FRACTION,
    checkHours: HOURS,
    ltv: [0, 0.95],
    ltvMargin: [0.01, 0.5],
    comfort: [1, 10],
    maxRate: [0, 10],
    maxImpact: [0, 0.1],
    least: FRACTION,
    deliverFrom: [0, 2],
    costDays: HORIZON,
  },
  quickRatio: { below: [0, 100], above: [0, 100], adds: FRACTION },
  reserve: {
    buffer: FRACTION,
    least: FRACTION,
    step: FRACTION,
    cooldownHours: HOURS,
    leaves: FRACTION,
    assumedRate: [0, 10],
    horizonDays: HORIZON,
  },
  reversal: { part: [0, 0.25], step: [0.001, 1], band: FRACTION },
  sleeves: { capUse: FRACTION },
  asset: {
    above: [0, 100],
    below: [-100, 100],
    stayDays: [0, 365],
    step: FRACTION,
    most: FRACTION,
    least: FRACTION,
    cooldownHours: HOURS,
    correlation: [-1, 1],
    release: [-1, 1],
    leastReports: [3, 10_000],
    settleHours: HOURS,
    assumedRate: [0, 10],
    settlementDays: [0, 365],
  },
  core: { target: FRACTION, capUse: FRACTION },
  width: {
    multiple: [0.01, 100],
    horizonDays: HORIZON,
    least: [0.0001, 100],
    greatest: [0.0001, 100],
    fallbackVolatility: [0.01, 10],
    maxTilt: [0, 0.9],
  },
  rangeShift: {
    exitMargin: [0, 10],
    patientMargin: [0, 10],
    widthTolerance: [0.01, 0.99],
    nearBound: FRACTION,
    strongTrend: [0.5, 1],
    part: [0.01, 1],
    tightenPayRatio: [0, 10],
    cooldownHours: HOURS,
    horizonDays: HORIZON,
    reuse: FRACTION,
  },
  swap: { max: FRACTION, whenBelow: FRACTION, maxImpact: [0, 0.1], tolerance: [0, 0.1] },
  order: { min: FRACTION, gapTicks: [0, 10_000] },
  feeTierMove: {
    advantage: [0, 100],
    persistHours: HOURS,
    part: [0.01, 1],
    cooldownHours: HOURS,
    horizonDays: HORIZON,
  },
  compound: { gasMultiple: [0, 1e6], band: FRACTION, cooldownHours: HOURS, horizonDays: HORIZON },
  fees: { priorPayRatio: [0, 10], measuredWeight: FRACTION },
  limits: { budgetUse: FRACTION, arbitrageUse: FRACTION, churnFull: FRACTION, churnFree: FRACTION, settleAt: FRACTION },
  lpFees: { days: [0, 365], bandBps: [0, 100], bandPart: FRACTION, cooldownHours: HOURS },
  cost: { gas: [0, 1e9], gainOverCost: [0, 1e6], chargeUse: FRACTION },
  minPosition: FRACTION,
  vegaTenorDays: [0.01, 3650],
};

/** The defaults with some values replaced, checked. Throws StrategyConfigError with every problem in it. */
export function strategyConfig(overrides: ConfigOverrides = {}): StrategyConfig {
  const merged: Record<string, unknown> = { ...DEFAULT_CONFIG };
  for (const [section, given] of Object.entries(overrides)) {
    const standard = merged[section];
    merged[section] = isRecord(standard) && isRecord(given) ? { ...standard, ...given } : given;
  }
  return validateConfig(merged);
}

/** Checks a configuration from anywhere, for example a file. Throws StrategyConfigError with every problem in it. */
export function validateConfig(given: unknown): StrategyConfig {
  if (!isRecord(given)) throw new StrategyConfigError(["it must be an object"]);
  const problems: string[] = [];
  check(given, RANGES, "", problems);
  if (problems.length > 0) throw new StrategyConfigError(problems);
  // Every key that StrategyConfig has was found with its type and range, and no other: RANGES has the same shape.
  const config = given as unknown as StrategyConfig;
  const { least, greatest } = config.width;
  if (least > greatest) {
    throw new StrategyConfigError([
      `width.least (${String(least)}) must not be above width.greatest (${String(greatest)})`,
    ]);
  }
  return config;
}

function check(given: Readonly<Record<string, unknown>>, ranges: object, prefix: string, problems: string[]): void {
  for (const [key, range] of Object.entries(ranges) as [string, unknown][]) {
    const path = `${prefix}${key}`;
    const found = given[key];
    if (range === true) {
      if (typeof found !== "boolean") problems.push(`${path} must be true or false, not ${shown(found)}`);
    } else if (Array.isArray(range)) {
      const [least, greatest] = range as unknown as Limits;
      if (typeof found !== "number" || !(found >= least && found <= greatest)) {
        problems.push(`${path} must be a number from ${String(least)} to ${String(greatest)}, not ${shown(found)}`);
      }
    } else if (isRecord(found) && isRecord(range)) {
      check(found, range, `${path}.`, problems);
    } else {
      problems.push(`${path} must be an object, not ${shown(found)}`);
    }
  }
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(ranges, key)) problems.push(`${prefix}${key} is not a setting`);
  }
}

function shown(found: unknown): string {
  if (found === undefined) return "missing";
  if (typeof found === "number") return String(found);
  return typeof found === "object" && found !== null ? "an object" : JSON.stringify(found);
}

function isRecord(found: unknown): found is Readonly<Record<string, unknown>> {
  return typeof found === "object" && found !== null && !Array.isArray(found);
}
