/**
 * Prints what the local market pays liquidity on real prices: `node scripts/local/calibrate-market.ts [FROM TO]` (Node 24),
 * dates as 2019-06-01, default that day to 2023-01-01. Reads prices/eth-usd-1h.csv under STRATA_DATA, default
 * ../shared/data. The figures in market/market.ts come from it.
 */
import { join, resolve } from "node:path";

import { loadPath } from "../../keeper/market/path.ts";
import { dryRun, type DryRunBar, type DryRunTier } from "./market/dryRun.ts";
import { DEFAULT_TVL } from "./protocols/liquidity.ts";
import { FEE_TIERS } from "./protocols/uniswap.ts";

const FIFTHS = 5;
const DAY_BARS = 24;

const fees = (tier: DryRunTier): number => tier.arbitrageFees + tier.noiseFees;

/** A figure of the tier at `index`, summed over bars. */
function sum(bars: readonly DryRunBar[], index: number, value: (tier: DryRunTier) => number): number {
  return bars.reduce((total, bar) => {
    const tier = bar.tiers[index];
    return tier === undefined ? total : total + value(tier);
  }, 0);
}

function ratio(bars: readonly DryRunBar[], index: number, value: (tier: DryRunTier) => number): number {
  return sum(bars, index, value) / sum(bars, index, (tier) => tier.loss);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(name: string, values: readonly number[]): void {
  process.stdout.write(`${name.padEnd(52)}${values.map((value) => value.toFixed(2).padStart(8)).join("")}\n`);
}

const root = resolve(import.meta.dirname, "../..");
const file = join(resolve(root, process.env["STRATA_DATA"] ?? "../shared/data"), "prices", "eth-usd-1h.csv");
const [from = "2019-06-01", to = "2023-01-01"] = process.argv.slice(2);
const path = await loadPath({ prices: file, from, to });
const bars = [...dryRun(path, { seed: 1, payRatio: 0.9, stops: 3, tvl: DEFAULT_TVL })];
const tiers = FEE_TIERS.map((_, i) => i);

const total = (value: (tier: DryRunTier) => number): number => tiers.reduce((all, i) => all + sum(bars, i, value), 0);
process.stdout.write(`${bars.length} bars from ${from} to ${to}; columns: ${FEE_TIERS.join(", ")}\n`);
print("fees over loss, all tiers", [total(fees) / total((tier) => tier.loss)]);
print(
  "fees over loss",
  tiers.map((i) => ratio(bars, i, fees)),
);
print(
  "of which arbitrage",
  tiers.map((i) => ratio(bars, i, (tier) => tier.arbitrageFees)),
);
print("swaps a stop", [bars.reduce((all, bar) => all + bar.swaps, 0) / bars.length / 3]);

const days = Array.from({ length: Math.floor(bars.length / DAY_BARS) }, (_, day) => {
  const own = bars.slice(day * DAY_BARS, (day + 1) * DAY_BARS);
  const last = path.bars[(day + 1) * DAY_BARS - 1]?.close ?? Number.NaN;
  const open = path.bars[0]?.open ?? Number.NaN;
  // Loss a day is value * s^2 / 8 / 365, and the value of a full range goes with the square root of the price.
  const value = DEFAULT_TVL[500] * Math.sqrt(last / open);
  const volatility = Math.sqrt((sum(own, 0, (tier) => tier.loss) * 8 * 365) / value);
  return { volatility, ratios: tiers.map((i) => ratio(own, i, fees)) };
}).toSorted((a, b) => a.volatility - b.volatility);
for (let fifth = 0; fifth < FIFTHS; fifth++) {
  const own = days.slice((fifth * days.length) / FIFTHS, ((fifth + 1) * days.length) / FIFTHS);
  const volatility = median(own.map((day) => day.volatility));
  print(
    `days of volatility ${volatility.toFixed(2)}: median fees over loss`,
    tiers.map((i) => median(own.map((day) => day.ratios[i] ?? Number.NaN))),
  );
}
