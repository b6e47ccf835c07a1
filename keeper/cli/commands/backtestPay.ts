/** The options of `strata backtest` that say what pools pay, which of them go together, and what they come to. */
import { readFile } from "node:fs/promises";

import type { Command } from "commander";

import type { PricePath } from "../../market/types.ts";
import type { MeasuredPay } from "../../backtest/pay/measured.ts";
import type { OriginFile, PayOrigin } from "../../backtest/pay/origin.ts";
import type { PoolHours } from "../../backtest/pay/poolHours.ts";
import type { FeeModel } from "../../backtest/study/options.ts";
import { SimulationFileError } from "../../sim/errors.ts";
import { UsageError } from "../errors.ts";
import { parseToken, parseWhole } from "../parse.ts";

export interface PayOptions {
  readonly prices?: string;
  readonly from?: string;
  readonly to?: string;
  readonly fees: string;
  readonly k?: string;
  readonly placebos?: string;
  readonly poolBars?: readonly string[];
  readonly events?: string;
  readonly tickmap?: string;
  readonly fee?: number;
  readonly quote?: 0 | 1;
  readonly baseDecimals?: number;
  readonly quoteDecimals?: number;
}

export function payOptions(command: Command): Command {
  return command
    .option(
      "--fees <model>",
      "what pools pay: lvr = k times what they lose to arbitrage; volume, events = what one pool was seen to pay",
      "lvr",
    )
    .option(
      "--k <ratio>",
      "lvr: fees over LVR over the whole window (default: 0.9); 0.7, 1 and 1.2 are shown beside it",
    )
    .option("--pool-bars <files...>", "volume: minute bars of the pool, CSV; several files are joined")
    .option("--events <file>", "events: CSV of the pool's events (strata data fetch writes one)")
    .option("--tickmap <file>", "events: the pool before them (default: read out of the events)")
    .option(
      "--fee <millionths>",
      "volume: the pool's fee, 500 for 0.05 %; events: only if neither tick map nor swaps tell it",
      parseWhole(999_999),
    )
    .option(
      "--quote <token>",
      "volume, events: which token is the quote, 0 or 1 (default: told from the price)",
      parseToken,
    )
    .option("--base-decimals <n>", "volume, events: decimals of the base (default: 18)", parseWhole(36))
    .option("--quote-decimals <n>", "volume, events: decimals of the quote (default: 6)", parseWhole(36));
}

/** Options that not every model takes, with the models that do. */
const ONLY = [
  ["k", "--k", ["lvr"], "the pay ratio is measured there"],
  ["placebos", "--placebos", ["lvr"], "gate E is not asked there"],
  ["poolBars", "--pool-bars", ["volume"], ""],
  ["events", "--events", ["events"], ""],
  ["tickmap", "--tickmap", ["events"], ""],
  ["fee", "--fee", ["volume", "events"], ""],
  ["quote", "--quote", ["volume", "events"], ""],
  ["baseDecimals", "--base-decimals", ["volume", "events"], ""],
  ["quoteDecimals", "--quote-decimals", ["volume", "events"], ""],
] as const satisfies readonly (readonly [keyof PayOptions, string, readonly FeeModel[], string])[];

/** @throws UsageError for an option of another model, or one that the model lacks */
export function requireOwnOptions(options: PayOptions, model: FeeModel): void {
  for (const [key, option, models, why] of ONLY) {
    if (options[key] === undefined || models.some((one) => one === model)) continue;
    throw new UsageError(
      `${option} is for --fees ${models.join(" and ")} and not for ${model}${why === "" ? "" : `: ${why}`}; leave it away, or choose another model.`,
    );
  }
  const lacking = (option: string, what: string): never => {
    throw new UsageError(`--fees ${model} needs ${option}: ${what}.`);
  };
  if (model === "lvr" && options.prices === undefined) lacking("--prices FILE", "a CSV file of hourly bars");
  if (model === "volume" && options.poolBars === undefined)
    lacking("--pool-bars FILE", "minute bars of the pool that pays");
  if (model === "volume" && !(options.fee !== undefined && options.fee > 0))
    lacking("--fee N", "the pool's fee in millionths, which its bars do not state, such as 500 for 0.05 %");
  if (model === "events" && options.events === undefined) lacking("--events FILE", "the events of the pool that pays");
}

/** Prices to go along and what they are paid with. */
export interface Pay {
  readonly path: PricePath;
  /** Null for the model `lvr`. */
  readonly pool: { readonly measured: MeasuredPay; readonly origin: PayOrigin } | null;
}

/**
 * @param options of `requireOwnOptions`
 * @throws what the readers of the files throw, and BacktestOptionError for prices that are not the pool's
 */
export async function loadPay(options: PayOptions, model: FeeModel): Promise<Pay> {
  const { loadPath } = await import("../../market/path.ts");
  const { prices, from, to } = options;
  if (model === "lvr") return { path: await loadPath({ prices, from, to }), pool: null };
  const { measuredPay, pathOf, requireSamePrices } = await import("../../backtest/pay/measured.ts");
  const { hours, files, tickMap } = model === "volume" ? await readVolume(options) : await readEvents(options);
  let path = pathOf(hours);
  if (prices !== undefined) {
    const [begin, end] = [path.from, path.to].map((time) => new Date(time * 1000).toISOString());
    path = await loadPath({ prices, from: begin, to: end });
    requireSamePrices(hours, path);
  }
  const { fee, orientation } = hours;
  const { baseDecimals, quoteDecimals, quoteIsToken0 } = orientation;
  const origin: PayOrigin = {
    ...{ files, tickMap, fee, baseDecimals, quoteDecimals },
    quote: quoteIsToken0 ? 0 : 1,
    prices: prices === undefined ? "pool" : "file",
  };
  return { path, pool: { measured: measuredPay(hours, path), origin } };
}

interface ReadPool extends Pick<PayOrigin, "files" | "tickMap"> {
  readonly hours: PoolHours;
}

async function readVolume(options: PayOptions): Promise<ReadPool> {
  const { minutesOf, readMinuteFile } = await import("../../backtest/pay/minuteBars.ts");
  const { volumeHours } = await import("../../backtest/pay/volumeHours.ts");
  const { poolBars = [], fee = 0 } = options;
  const read = await Promise.all(poolBars.map(readMinuteFile));
  const minutes = minutesOf(read);
  // In the order of time, in which they were joined.
  const names = [...new Set(minutes.map(({ file }) => file))];
  const files = await Promise.all(names.map((name) => hashed(name, read.find((one) => one.name === name)?.text ?? "")));
  const hours = volumeHours({
    minutes,
    file: names.join(", "),
    fee,
    tokens: tokensOf(options),
    ...windowOptions(options),
  });
  return { hours, files, tickMap: null };
}

async function readEvents(options: PayOptions): Promise<ReadPool> {
  const { parseEvents } = await import("../../sim/replay/events.ts");
  const { readTickMap } = await import("../../sim/tickMap.ts");
  const { loadSource } = await import("../../backtest/exact/source.ts");
  const { windowOf } = await import("../../backtest/exact/window.ts");
  const { eventHours } = await import("../../backtest/pay/eventHours.ts");
  const { events: file = "", tickmap, fee } = options;
  const text = await readText(file, "--events");
  const map = tickmap === undefined ? undefined : readTickMap(tickmap);
  const source = loadSource({
    events: parseEvents(text, file),
    file,
    tokens: tokensOf(options),
    ...(map === undefined ? {} : { map }),
    ...(fee === undefined ? {} : { fee }),
  });
  const window = windowOf(source.events, source.since, windowOptions(options), file);
  return {
    hours: eventHours(source, window),
    files: [await hashed(file, text)],
    tickMap: tickmap === undefined ? null : await hashed(tickmap, await readText(tickmap, "--tickmap")),
  };
}

function tokensOf({ quote, baseDecimals = 18, quoteDecimals = 6 }: PayOptions) {
  return { baseDecimals, quoteDecimals, ...(quote === undefined ? {} : { quote }) };
}

function windowOptions({ from, to }: PayOptions): { readonly from?: string; readonly to?: string } {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

async function hashed(file: string, text: string): Promise<OriginFile> {
  const { sha256 } = await import("../../backtest/data/hash.ts");
  return { file, sha256: sha256(text) };
}

async function readText(file: string, option: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new SimulationFileError(file, undefined, `the file cannot be read; check the path given by ${option}.`, {
      cause,
    });
  }
}
