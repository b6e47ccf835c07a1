import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setImmediate } from "node:timers/promises";

import type { Command } from "commander";

import type { Run } from "../context.ts";
import { InterruptedError, UsageError } from "../errors.ts";
import { version } from "../version.ts";
import { inputsFolder } from "../inputsFolder.ts";
import { loadPay, type PayOptions, payOptions, requireOwnOptions } from "./backtestPay.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface BacktestOptions extends PayOptions {
  readonly strategies: string;
  readonly inputs?: string;
  readonly starts: string;
  readonly config?: string;
  readonly ablation: boolean;
  readonly walkForward: boolean;
  readonly out?: string;
  readonly ranges?: string;
  readonly sweep?: string;
}

export function addBacktest(program: Command, start: (command: Command) => Run): void {
  const command = program
    .command("backtest")
    .description("run strategies over past prices, from several starts, and say where their profit came from")
    .option("--prices <file>", "CSV of hourly bars; with --fees volume or events the pool's own unless given")
    .requiredOption(
      "--strategies <names>",
      "with commas between them: hold,full-range,recentre-20; a wrong one lists all",
    )
    .option("--from <date>", "first hour of the file's part, UTC (2018-01-01)")
    .option("--to <date>", "end of the file's part, not included")
    .option(
      "--inputs <folder>",
      "rates, laid out like the data folder (default: STRATA_DATA, else ../shared/data if it is there)",
    )
    .option("--starts <n>", "starting dates, a week apart", "6")
    .option("--placebos <n>", "lvr: runs of layered on shuffled signals, for gate E (default: 39)")
    .option("--ablation", "layered without each of its rules in turn", false)
    .option("--walk-forward", "layered's configuration chosen on the past, judged on the next quarter", false)
    .option("--config <file>", "JSON with what of layered's configuration is not the default")
    .option("--out <folder>", "write a report there: report.html for people, CSV and JSON; a new or an empty folder")
    .option("--ranges <name>", "with --out: the strategy whose ranges are drawn (default: layered, else the first)")
    .option("--sweep <file>", "with --out: results of strata sweep, shown as a heat map");
  payOptions(command).action(async (options: BacktestOptions, running: Command) => {
    const { environment, output, signal } = start(running);
    // Loaded only now: no other command needs them.
    const { DEFAULT_K, DEFAULT_PLACEBOS, parseFeeModel, parseK, parsePlacebos, parseStarts } =
      await import("../../backtest/study/options.ts");
    const { parseStrategies, requireOwnPool, STRATEGY_NAMES } = await import("../../backtest/strategies/catalogue.ts");
    const { DEFAULT_CANDIDATES } = await import("../../backtest/study/walkForward.ts");
    const { readConfig } = await import("../../backtest/data/config.ts");
    const { readFedFunds } = await import("../../backtest/data/fedFunds.ts");
    const { sha256 } = await import("../../backtest/data/hash.ts");
    const { canonicalJson } = await import("../../strategy/canonical.ts");
    const { DEFAULT_COSTS: costs } = await import("../../backtest/model/costs.ts");
    const { runStudy } = await import("../../backtest/study/study.ts");
    const { studyDocument } = await import("../../backtest/report/document.ts");
    const { studyText } = await import("../../backtest/report/text.ts");
    const { codeVersion } = await import("../../backtest/report/codeVersion.ts");
    const { OWNED, PAGE, rangesShown, saveReport } = await import("../../backtest/report/save.ts");
    const { readSweepMap } = await import("../../backtest/report/sweepMap.ts");
    const { requireOurs } = await import("../../backtest/report/folder.ts");

    // Everything that can be wrong is found before anything takes time.
    const strategies = parseStrategies(options.strategies, STRATEGY_NAMES);
    const [fees, starts] = [parseFeeModel(options.fees), parseStarts(options.starts)];
    requireOwnOptions(options, fees);
    const k = fees !== "lvr" ? null : options.k === undefined ? DEFAULT_K : parseK(options.k);
    const placebos =
      fees !== "lvr" ? 0 : options.placebos === undefined ? DEFAULT_PLACEBOS : parsePlacebos(options.placebos);
    const config =
      options.config === undefined ? { overrides: {}, candidates: null } : await readConfig(options.config);
    const { overrides } = config;
    const candidates = options.walkForward ? (config.candidates ?? DEFAULT_CANDIDATES) : null;
    requireShown(options, strategies);
    requireLayered(options, strategies);
    if (options.out !== undefined) await requireOurs(options.out, OWNED);
    const sweep = options.sweep === undefined ? {} : { sweep: await readSweepMap(options.sweep) };
    const folder = inputsFolder(options.inputs ?? null, environment);
    const reserve = folder === null ? null : await readFedFunds(folder);
    const { path, pool } = await loadPay(options, fees);
    if (pool !== null) requireOwnPool(strategies, pool.origin);
    const pause = async (): Promise<void> => {
      await setImmediate();
      if (signal.aborted) throw new InterruptedError();
    };
    const study = await runStudy({
      ...{ path, strategies, k, starts, costs, reserve, overrides, placebos, pause },
      ablation: options.ablation,
      ...(candidates === null ? {} : { walkForward: candidates }),
      ...(pool === null ? {} : { measured: pool.measured }),
    });
    const code = await codeVersion(ROOT, version());
    const setting = {
      ...{ path, fees, k, costs, overrides, placebos, candidates, code, ablation: options.ablation },
      reserve: reserve === null ? "default" : "fed funds",
      ...(reserve === null ? {} : { ratesHash: sha256(canonicalJson(reserve)) }),
      ...(options.config === undefined ? {} : { configFile: options.config }),
      ...(pool === null ? {} : { pool: pool.origin }),
    } as const;
    const document = studyDocument(study, setting);
    if (options.out !== undefined) {
      const ranges = rangesShown(study, options.ranges);
      const files = await saveReport(options.out, { document, study, path, ranges, ...sweep });
      output.log(`The report is ${join(options.out, PAGE)}; ${files.length - 1} files with its figures lie beside it.`);
    }
    output.result(document, () => studyText(study, setting));
  });
}

/** Strategies that the keeper's configuration changes. */
const CONFIGURED = new Set(["layered", "layered-core", "no-lp"]);

/** @throws UsageError for a wish about the keeper's strategy where it does not run */
function requireLayered({ config, ablation, walkForward }: BacktestOptions, strategies: readonly string[]): void {
  if (config !== undefined && !strategies.some((name) => CONFIGURED.has(name)))
    throw new UsageError("--config is about layered; add it to --strategies, or leave --config away.");
  for (const [option, wanted] of [
    ["--ablation", ablation],
    ["--walk-forward", walkForward],
  ] as const) {
    if (wanted && !strategies.includes("layered"))
      throw new UsageError(`${option} is about layered; add it to --strategies, or leave ${option} away.`);
  }
}

/** @throws UsageError for a wish about a report that nobody asked for, or about a strategy that does not run */
function requireShown({ ranges, sweep, out }: BacktestOptions, strategies: readonly string[]): void {
  for (const [option, value] of [
    ["--ranges", ranges],
    ["--sweep", sweep],
  ] as const) {
    if (value !== undefined && out === undefined)
      throw new UsageError(`${option} says what a report shows; add --out FOLDER, or leave it away.`);
  }
  if (ranges !== undefined && !strategies.includes(ranges))
    throw new UsageError(`--ranges "${ranges}" is not among --strategies; choose from ${strategies.join(", ")}.`);
}
