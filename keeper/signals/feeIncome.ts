/**
 * What liquidity earns, measured from fee growth alone (see samples.ts). Liquidity is in whole units throughout
 * (`wholeLiquidity`), fees in quote units at the price of their interval.
 *
 * - `feePerLiquidity.FEE`: fees of one unit of liquidity in range, a day. Exponentially weighted in time with a constant of 3 days:
 *   sum of w_i f_i / sum of w_i dt_i, w_i the mean of e^(-age/3d) over the interval.
 * - `feeVolatility.FEE`: fee-implied volatility s_fee = 2 sqrt(sum of f_i / sqrt(P_i) * 365 / days) over 7 days: the
 *   volatility at which LVR would equal these fees. It measures pay, not volatility. Growth is per unit of the liquidity that was in
 *   range at each swap, so the liquidity is weighted by time as it must be, and no snapshot of it enters.
 * - `payRatio.FEE`: k = (s_fee / s)^2, fees over LVR, s realised over the same days. `payRatio` is that of the vault's
 *   positions together: the mean weighted by their liquidity in range.
 * - `vaultFeesPerDay`, `vaultFeeRate`: what the present positions would have earned over the weighted past, quote units a
 *   day and as a fraction of core value a year. An interval counts whole, half or not at all as both, one or none of its
 *   ends lie inside the range.
 */
import { priceOfTick, tickOfPrice, wholeLiquidity } from "../strategy/ticks.ts";
import { value } from "../strategy/liquidity.ts";
import type { PositionState, Sample, Signal, VaultState } from "../strategy/types.ts";
import { volatilityBetween, type VarianceRun } from "./realisedVolatility.ts";
import { covered, feeGrowth, intervals, type Interval, marks } from "./samples.ts";
import { DAY, DAYS_PER_YEAR, HOUR, signal } from "./signal.ts";

/** Time constant of the weights, seconds. */
const MEMORY = 3 * DAY;
/** Window of the weights: e^-5 = 0.7 % of them lie outside. */
const WINDOW = 15 * DAY;
/** Seconds between looks. Growth loses nothing to it; only the price at which fees in base are valued gets coarser. */
const SPACING = 3 * HOUR;
const PAY_WINDOW = 7 * DAY;
/** Fees have a daily cycle, so less than a day says nothing. */
const MIN_COVERED = DAY;
/** Oldest the latest look but this one may be. */
const MAX_SILENCE = 6 * HOUR;

/** Name of the signal that `decide` compares tiers by. */
export function feePerLiquidityName(fee: number): string {
  return `feePerLiquidity.${String(fee)}`;
}

/** Quote units per unit of *raw* liquidity over an interval. */
function feesOf(interval: Interval): number {
  const growth = feeGrowth(interval);
  return growth.quote + growth.base * interval.price;
}

/** Mean of e^(-(now - t)/MEMORY) over an interval, times its length in days. */
function weightedDays(interval: Interval, now: number): number {
  return (MEMORY / DAY) * (Math.exp((interval.to - now) / MEMORY) - Math.exp((interval.from - now) / MEMORY));
}

/** Weighted rate, quote units per raw liquidity a day. `share` says how much of an interval's fees count. */
function weightedRate(
  list: readonly Interval[],
  days: readonly number[],
  share: (interval: Interval) => number,
): number | null {
  if (covered(list) < MIN_COVERED) return null;
  let fees = 0;
  let total = 0;
  for (const [i, interval] of list.entries()) {
    const weighted = days[i] ?? 0;
    fees += (weighted / (interval.to - interval.from)) * DAY * share(interval) * feesOf(interval);
    total += weighted;
  }
  return fees / total;
}

function insideShare(interval: Interval, position: PositionState): number {
  const inside = (tick: number): number => (tick >= position.tickLower && tick < position.tickUpper ? 0.5 : 0);
  return inside(interval.before.tick) + inside(interval.after.tick);
}

export function feeIncomeSignals(state: VaultState, samples: readonly Sample[], run: VarianceRun): Signal[] {
  const { price } = state;
  const found = marks(state, samples, state.time - WINDOW, SPACING);
  const paid = found.filter((mark) => mark.time >= state.time - PAY_WINDOW);
  const previous = found.at(-2);
  const fresh = previous !== undefined && state.time - previous.time <= MAX_SILENCE;
  // Fees per raw liquidity become fees per whole liquidity by the inverse of the liquidity's own conversion.
  const perWhole = 1 / wholeLiquidity(1, state);

  const signals: Signal[] = [];
  let feesPerDay: number | null = null;
  let coreValue = 0;
  let ratios = 0;
  let ratioWeights = 0;
  for (const tier of state.tiers) {
    const list = intervals(found, tier.fee);
    const days = list.map((interval) => weightedDays(interval, state.time));
    const rate = weightedRate(list, days, () => 1);
    const measured = feeVolatility(intervals(paid, tier.fee), perWhole);
    const ratio = measured === null ? null : payRatio(measured, run);
    const name = String(tier.fee);
    signals.push(
      signal(
        feePerLiquidityName(tier.fee),
        rate === null ? null : rate * perWhole,
        "quote per liquidity per day",
        "size",
        fresh,
      ),
      signal(`feeVolatility.${name}`, measured?.volatility ?? null, "per year", "show", fresh),
      signal(`payRatio.${name}`, ratio, "fees / LVR", "size", fresh),
    );
    if (price === null) continue;
    const tick = tickOfPrice(price, state);
    for (const position of state.positions) {
      if (position.fee !== tier.fee || !(position.liquidity > 0)) continue;
      const earned = weightedRate(list, days, (interval) => insideShare(interval, position));
      if (earned !== null) feesPerDay = (feesPerDay ?? 0) + earned * position.liquidity;
      coreValue += value(
        {
          liquidity: wholeLiquidity(position.liquidity, state),
          lower: priceOfTick(position.tickLower, state),
          upper: priceOfTick(position.tickUpper, state),
        },
        price,
      );
      if (ratio !== null && tick >= position.tickLower && tick < position.tickUpper) {
        ratios += ratio * position.liquidity;
        ratioWeights += position.liquidity;
      }
    }
  }
  const annual = feesPerDay === null || !(coreValue > 0) ? null : (feesPerDay * DAYS_PER_YEAR) / coreValue;
  return [
    ...signals,
    signal("payRatio", ratioWeights > 0 ? ratios / ratioWeights : null, "fees / LVR", "size", fresh),
    signal("vaultFeesPerDay", feesPerDay, "quote per day", "size", fresh),
    signal("vaultFeeRate", annual, "per year of core value", "size", fresh),
  ];
}

interface FeeVolatility {
  readonly volatility: number;
  readonly from: number;
  readonly to: number;
}

function feeVolatility(list: readonly Interval[], perWhole: number): FeeVolatility | null {
  const seconds = covered(list);
  const [first, last] = [list[0], list.at(-1)];
  if (first === undefined || last === undefined || seconds < MIN_COVERED) return null;
  let sum = 0;
  for (const interval of list) sum += (feesOf(interval) * perWhole) / Math.sqrt(interval.price);
  return { volatility: 2 * Math.sqrt((sum * DAYS_PER_YEAR * DAY) / seconds), from: first.from, to: last.to };
}

function payRatio(measured: FeeVolatility, run: VarianceRun): number | null {
  const realised = volatilityBetween(run, measured.from, measured.to);
  return realised === null || realised === 0 ? null : (measured.volatility / realised) ** 2;
}
