import type { Command } from "commander";

import { loadPath, type PathOptions } from "../../market/path.ts";
import { summaryDocument, summaryText } from "../../report/summary.ts";
import type { GlobalOptions, Run } from "../context.ts";
import { InterruptedError } from "../errors.ts";
import { DEFAULT_DIR } from "../localWorld.ts";
import { parsePort, parsePositive } from "../parse.ts";

interface LocalOptions extends GlobalOptions, PathOptions {
  readonly once?: true;
  readonly speed?: number;
  readonly port: number;
  readonly dir: string;
  readonly memory?: number;
}

/** Hours of path per second when somebody watches. */
const WATCHING_SPEED = 20;

export function addLocal(program: Command, start: (command: Command) => Run): void {
  program
    .command("local")
    .description("run a whole local world: chain, Uniswap v3, Safe, vault, market and keeper")
    .option("--prices <file>", "CSV of hourly bars instead of generated prices")
    .option("--from <date>", "first hour of the file's part, UTC (2020-03-01)")
    .option("--to <date>", "end of the file's part, not included")
    .option("--seed <n>", "seed of the generated prices")
    .option("--days <n>", "length of the generated prices")
    .option("--once", "end with the path and print a summary")
    .option(
      "--speed <hours>",
      `hours of the path per second (default: ${WATCHING_SPEED}, with --once as fast as it goes)`,
      parsePositive,
    )
    .option("--port <port>", "where the chain answers JSON-RPC on 127.0.0.1; 0 takes a free one", parsePort, 8545)
    .option("--dir <folder>", "where the world keeps its state and the keeper's journal", DEFAULT_DIR)
    .option("--memory <gb>", "memory that the run may take", parsePositive)
    .action(async (options: LocalOptions, command: Command) => {
      const { output, stderr, signal } = start(command);
      const path = await loadPath(options);
      // Loaded only now: the chain is large, and no other command needs it.
      const { runWorld } = await import("../../../scripts/local/world.ts");
      const { lineWatcher, liveWatcher } = await import("../../../scripts/local/view/watcher.ts");
      const watcher =
        stderr.isTTY === true ? liveWatcher(stderr, () => performance.now()) : lineWatcher((line) => output.log(line));
      const once = options.once === true;
      const speed = options.speed ?? (once ? null : WATCHING_SPEED);
      const { memory, port, dir } = options;
      const result = await runWorld({
        path,
        port,
        dir,
        speed,
        once,
        // Nobody reads the journal of a run that has ended, unless he said where he wants it.
        keepJournal: !once || command.getOptionValueSource("dir") !== "default",
        signal,
        watcher,
        ...(memory === undefined ? {} : { memoryLimit: memory * 2 ** 30 }),
        // Also of a world that stays up: printed when its path has ended, not when it is stopped.
        onEnd: (run) => output.result(summaryDocument(run), () => summaryText(run)),
      });
      if (result === "interrupted" && once) throw new InterruptedError();
    });
}
