/**
 * Prints what the price generator was fitted to beside what it makes: `node scripts/fit-generator.ts` (Node 24).
 * Reads prices/eth-usd-1h.csv under STRATA_DATA, default ../shared/data. docs/price-paths.md holds the figures.
 */
import { join, resolve } from "node:path";
import { readPricePath } from "../keeper/market/file.ts";
import { generatePath } from "../keeper/market/generator.ts";
import { HOUR_PROFILE } from "../keeper/market/parameters.ts";
import { HOURS_PER_YEAR, labelRegimes, type Regime, REGIMES } from "../keeper/market/regimes.ts";
import { describePath, hourProfile, logReturns, mean, variance } from "../keeper/market/statistics.ts";
import type { Bar } from "../keeper/market/types.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

type Figures = Record<string, number>;

/** All figures of a path in one flat table. */
function figures(bars: readonly Bar[]): Figures {
  const { autocorrelation, varianceRatio, shares, ...plain } = describePath(bars);
  const table: Figures = { ...plain };
  for (const [lag, value] of Object.entries(autocorrelation)) table[`autocorrelation of |r|, ${lag}`] = value;
  for (const [span, value] of Object.entries(varianceRatio)) table[`variance ratio, ${span}`] = value;
  for (const [name, value] of Object.entries(shares)) table[`30-day volatility, share ${name}`] = value;
  return { ...table, ...regimeFigures(bars) };
}

/** Share, volatility, drift and mean length of each regime by hindsight. */
function regimeFigures(bars: readonly Bar[]): Figures {
  const labels = labelRegimes(bars);
  const returns = logReturns(bars);
  const table: Figures = {};
  for (const regime of REGIMES) {
    const own = returns.filter((_, i) => labels[i] === regime);
    table[`${regime}: share`] = own.length / bars.length;
    table[`${regime}: volatility`] = Math.sqrt(variance(own) * HOURS_PER_YEAR);
    table[`${regime}: mean return, bp per hour`] = mean(own) * 1e4;
    table[`${regime}: mean hours`] = own.length / runs(labels, regime);
  }
  return table;
}

function runs(labels: readonly Regime[], regime: Regime): number {
  return labels.filter((label, i) => label === regime && labels[i - 1] !== regime).length;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const root = resolve(import.meta.dirname, "..");
const file = join(resolve(root, process.env.STRATA_DATA ?? "../shared/data"), "prices", "eth-usd-1h.csv");
const data = await readPricePath(file);
const measured = figures(data.bars);
const days = Math.floor(data.bars.length / 24);
const generated = SEEDS.map((seed) => figures(generatePath({ seed, days, historyDays: 0 }).bars));

print(`${days} days of data; generator: mean of ${SEEDS.length} seeds over as many days, smallest and largest`);
print(`${"".padEnd(36)}${"data".padStart(9)}${"mean".padStart(9)}${"least".padStart(9)}${"most".padStart(9)}`);
for (const [name, value] of Object.entries(measured)) {
  const all = Float64Array.from(generated, (table) => table[name] ?? NaN);
  const cells = [value, mean(all), Math.min(...all), Math.max(...all)];
  print(name.padEnd(36) + cells.map((cell) => cell.toFixed(3).padStart(9)).join(""));
}

const profile = hourProfile(data.bars);
print(`\nmean |return| by hour of the day, data:      ${profile.map((value) => value.toFixed(2)).join(" ")}`);
print(`mean |return| by hour of the day, generator: ${HOUR_PROFILE.map((value) => value.toFixed(2)).join(" ")}`);

const recent = data.bars.filter((bar) => bar.time >= Date.UTC(2020, 0, 1) / 1000);
const typical = recent.filter((bar) => Math.abs(Math.log(bar.high / bar.low) - 0.01) < 0.001 && bar.volume > 0);
const volume = Math.exp(mean(Float64Array.from(typical, (bar) => Math.log(bar.volume))));
print(`mean volume of an hour whose range is 1 %, data from 2020: ${volume.toFixed(0)} base units`);

const drifts = Float64Array.from({ length: 200 }, (_, seed) => {
  const { bars } = generatePath({ seed, historyDays: 0 });
  return Math.log((bars.at(-1)?.close ?? NaN) / (bars[0]?.open ?? NaN));
});
print(
  `log price change over 60 days, 200 seeds: mean ${mean(drifts).toFixed(3)} with standard error ` +
    `${Math.sqrt(variance(drifts) / drifts.length).toFixed(3)}, deviation ${Math.sqrt(variance(drifts)).toFixed(3)}`,
);
const sixty = Float64Array.from({ length: Math.floor(data.bars.length / 1440) }, (_, i) =>
  Math.log((data.bars[(i + 1) * 1440 - 1]?.close ?? NaN) / (data.bars[i * 1440]?.open ?? NaN)),
);
print(
  `log price change over 60 days, data, ${sixty.length} windows: mean ${mean(sixty).toFixed(3)}, deviation ${Math.sqrt(variance(sixty)).toFixed(3)}`,
);

const path = generatePath();
const labels = REGIMES.map((regime) => `${regime} ${path.regimes.filter((own) => own === regime).length}`);
const closes = path.bars.map((bar) => bar.close);
print(`\ndefault path: hours by regime: ${labels.join(", ")}`);
print(
  `default path: start ${path.bars[0]?.open ?? NaN}, lowest close ${Math.min(...closes)}, highest ${Math.max(...closes)}, end ${closes.at(-1) ?? NaN}`,
);
const order = path.regimes.flatMap((regime, i) => (path.regimes[i - 1] === regime ? [] : [`${regime}@${i}`]));
print(`default path: ${order.join(" ")}`);
