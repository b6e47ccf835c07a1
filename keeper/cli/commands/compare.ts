import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

import type { Command } from "commander";

import { HOUR } from "../../market/time.ts";
import type { Bar } from "../../market/types.ts";
import { SimulationFileError } from "../../sim/errors.ts";
import type { Run } from "../context.ts";
import { CommandError, InterruptedError } from "../errors.ts";
import { parsePositive, parseToken, parseWhole } from "../parse.ts";

interface CompareOptions {
  readonly events: string;
  readonly tickmap?: string;
  readonly fee?: number;
  readonly strategies: string;
  readonly history?: string;
  readonly from?: string;
  readonly to?: string;
  readonly days?: number;
  readonly nav?: number;
  readonly replay: string;
  readonly quote?: 0 | 1;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
}

export function addCompare(program: Command, start: (command: Command) => Run): void {
  program
    .command("compare")
    .description(
      "run strategies through a pool's events in the exact and in the fast engine, and hold one against the other",
    )
    .requiredOption("--events <file>", "CSV of the pool's events (strata data fetch writes one)")
    .option("--tickmap <file>", "the pool before them; without it, it is read out of the events where that can be done")
    .option(
      "--fee <millionths>",
      "the pool's fee, 500 for 0.05 % (default: the tick map's, else the tier that reproduces the swaps)",
      parseWhole(999_999),
    )
    .option(
      "--strategies <names>",
      "with commas between them; a wrong one lists all",
      "hold,full-range,static,recentre-20,recentre-40,charm-20,charm-40",
    )
    .option("--history <file>", "hourly prices of the time before, as a past for the signals of layered; never traded")
    .option("--from <date>", "first hour, UTC (default: the first at which the pool's state is known)")
    .option("--to <date>", "end, not included (default: the last whole hour of the events)")
    .option("--days <n>", "length instead of an end", parseWhole(36_500))
    .option("--nav <amount>", "quote units to begin with (default: 1,000,000)", parsePositive)
    .option(
      "--replay <what>",
      "prices: swaps go on to the recorded price; amounts: they bring the recorded amounts",
      "prices",
    )
    .option("--quote <token>", "which token is the quote, 0 or 1 (default: told from the price)", parseToken)
    .option("--base-decimals <n>", "decimals of the base", parseWhole(36), 18)
    .option("--quote-decimals <n>", "decimals of the quote", parseWhole(36), 6)
    .action(async (options: CompareOptions, command: Command) => {
      const { output, signal } = start(command);
      // Loaded only now: no other command needs them.
      const { parseStrategies, STRATEGY_NAMES } = await import("../../backtest/strategies/catalogue.ts");
      const { parseReplay } = await import("../../backtest/exact/poolFeed.ts");
      const { compareEngines } = await import("../../backtest/exact/compare.ts");
      const { loadSource } = await import("../../backtest/exact/source.ts");
      const { windowOf } = await import("../../backtest/exact/window.ts");
      const { DEFAULT_COSTS } = await import("../../backtest/model/costs.ts");
      const { comparisonDocument, comparisonText } = await import("../../backtest/report/comparison.ts");
      const { parseEvents } = await import("../../sim/replay/events.ts");
      const { readTickMap } = await import("../../sim/tickMap.ts");

      const { events: file, tickmap, fee, quote, baseDecimals, quoteDecimals } = options;
      // Everything that can be wrong is found before anything takes time.
      const strategies = parseStrategies(options.strategies, STRATEGY_NAMES);
      const mode = parseReplay(options.replay);
      const costs = options.nav === undefined ? DEFAULT_COSTS : { ...DEFAULT_COSTS, nav: options.nav };
      const map = tickmap === undefined ? undefined : readTickMap(tickmap);
      const source = loadSource({
        events: parseEvents(await readText(file), file),
        file,
        tokens: { baseDecimals, quoteDecimals, ...(quote === undefined ? {} : { quote }) },
        ...(map === undefined ? {} : { map }),
        ...(fee === undefined ? {} : { fee }),
      });
      const window = windowOf(source.events, source.since, options, file);
      const history = await readHistory(options.history, source.since);
      const pause = async (): Promise<void> => {
        await setImmediate();
        if (signal.aborted) throw new InterruptedError();
      };
      const result = await compareEngines({ source, window, strategies, mode, costs, reserve: null, history, pause });
      const setting = { source, window, mode, costs };
      output.result(comparisonDocument(result, setting), () => comparisonText(result, setting));
      if (!result.passed) {
        const names = result.strategies.filter(({ passed }) => !passed).map(({ name }) => name);
        throw new CommandError(
          `The engines are further apart than 0.5 % of fees or 0.1 % of NAV for ${names.join(", ")}; see the differences above.`,
        );
      }
    });
}

/** What a file of hourly prices says of the time before the pool's; nothing without a file. @throws MarketDataError, BacktestOptionError */
async function readHistory(file: string | undefined, since: number): Promise<readonly Bar[]> {
  if (file === undefined) return [];
  const { readPricePath } = await import("../../market/file.ts");
  const { pastBefore } = await import("../../backtest/exact/past.ts");
  const { bars } = await readPricePath(file);
  return pastBefore(bars, Math.ceil(since / HOUR) * HOUR, file);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new SimulationFileError(file, undefined, "the file cannot be read; check the path.", { cause });
  }
}
