import { setImmediate } from "node:timers/promises";

import type { Command } from "commander";

import type { Run } from "../context.ts";
import { InterruptedError } from "../errors.ts";
import { inputsFolder } from "../inputsFolder.ts";

interface BacktestOptions {
  readonly prices: string;
  readonly from?: string;
  readonly to?: string;
  readonly strategies: string;
  readonly inputs?: string;
  readonly fees: string;
  readonly k: string;
  readonly starts: string;
}

export function addBacktest(program: Command, start: (command: Command) => Run): void {
  program
    .command("backtest")
    .description("run strategies over past prices, from several starts, and say where their profit came from")
    .requiredOption("--prices <file>", "CSV of hourly bars")
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
    .option("--fees <model>", "what pools pay: lvr = k times what they lose to arbitrage", "lvr")
    .option("--k <ratio>", "fees over LVR over the whole window; 0.7, 1 and 1.2 are shown beside it", "0.9")
    .option("--starts <n>", "starting dates, a week apart", "6")
    .action(async (options: BacktestOptions, command: Command) => {
      const { environment, output, signal } = start(command);
      // Loaded only now: no other command needs them.
      const { parseFeeModel, parseK, parseStarts } = await import("../../backtest/study/options.ts");
      const { parseStrategies } = await import("../../backtest/strategies/catalogue.ts");
      const { readFedFunds } = await import("../../backtest/data/fedFunds.ts");
      const { DEFAULT_COSTS: costs } = await import("../../backtest/model/costs.ts");
      const { runStudy } = await import("../../backtest/study/study.ts");
      const { studyDocument } = await import("../../backtest/report/document.ts");
      const { studyText } = await import("../../backtest/report/text.ts");
      const { loadPath } = await import("../../market/path.ts");

      // Everything that can be wrong is found before anything takes time.
      const strategies = parseStrategies(options.strategies);
      const [fees, k, starts] = [parseFeeModel(options.fees), parseK(options.k), parseStarts(options.starts)];
      const folder = inputsFolder(options.inputs ?? null, environment);
      const reserve = folder === null ? null : await readFedFunds(folder);
      const { prices, from, to } = options;
      const path = await loadPath({ prices, from, to });
      const pause = async (): Promise<void> => {
        await setImmediate();
        if (signal.aborted) throw new InterruptedError();
      };
      const study = await runStudy({ path, strategies, k, starts, costs, reserve, pause });
      const setting = { path, fees, k, costs, reserve: reserve === null ? "default" : "fed funds" } as const;
      output.result(studyDocument(study, setting), () => studyText(study, setting));
    });
}
