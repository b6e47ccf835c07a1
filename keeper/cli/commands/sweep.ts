import { availableParallelism } from "node:os";

import { type Command, InvalidArgumentError } from "commander";

import type { Run } from "../context.ts";
import { InterruptedError, UsageError } from "../errors.ts";
import { inputsFolder } from "../inputsFolder.ts";

interface SweepOptions {
  readonly config?: string;
  readonly out?: string;
  readonly redis?: string;
  readonly workers?: number;
  readonly patience: number;
}

interface WorkerOptions extends SweepOptions {
  readonly takeover: number;
  readonly once?: true;
}

/** Milliseconds from one line of progress to the next: on a terminal the line is rewritten, elsewhere each one stays. */
const [EVERY_ON_TERMINAL, EVERY_ELSEWHERE] = [500, 10_000];

export function addSweep(program: Command, start: (command: Command) => Run): void {
  const sweep = program
    .command("sweep")
    .description("try a strategy's parameters over past prices, on all cores or on many machines")
    .option("--config <file>", "JSON: prices, strategy, its parameters' values or ranges (docs/sweep.md)")
    .option("--out <file>", "the results, to which a sweep that was stopped adds (default: CONFIG.results.jsonl)")
    .option("--redis <url>", "have workers elsewhere compute it: redis://HOST:6379")
    .option("--workers <n>", "threads (default: one a core)", parseWorkers)
    .option("--patience <seconds>", "how long Redis may be away", parseSeconds, 10)
    .action(async (options: SweepOptions, command: Command) => runSweepCommand(options, start(command)));
  sweep
    .command("worker")
    .description("compute what sweeps elsewhere ask for over Redis: strata sweep worker --redis URL")
    .option(
      "--takeover <seconds>",
      "after how long the work of a worker that was killed is done by another",
      parseSeconds,
      30,
    )
    .option("--once", "end when the sweep is done instead of waiting for the next one")
    // --redis, --workers and --patience are those of `sweep`.
    .action(async (_: unknown, command: Command) =>
      runWorkerCommand(command.optsWithGlobals<WorkerOptions>(), start(command)),
    );
}

async function runSweepCommand(options: SweepOptions, { environment, output, stderr, signal }: Run): Promise<void> {
  if (options.config === undefined)
    throw new UsageError("--config is missing; name the file that says what to try (docs/sweep.md has one).");
  if (options.redis !== undefined && options.workers !== undefined)
    throw new UsageError(
      "--workers says how many threads compute here; with --redis give it to `strata sweep worker`.",
    );
  // Loaded only now: no other command needs them.
  const { readSweepConfig } = await import("../../backtest/sweep/configFile.ts");
  const { readFedFunds } = await import("../../backtest/data/fedFunds.ts");
  const { DEFAULT_COSTS: costs } = await import("../../backtest/model/costs.ts");
  const { startMarks } = await import("../../backtest/study/options.ts");
  const { codeVersion } = await import("../../backtest/sweep/codeVersion.ts");
  const { progress } = await import("../../backtest/sweep/progress.ts");
  const { runSweep } = await import("../../backtest/sweep/runSweep.ts");
  const { sweepDocument, sweepText } = await import("../../backtest/sweep/summary.ts");
  const { loadPath } = await import("../../market/path.ts");

  // Everything that can be wrong is found before anything is written or takes time.
  const config = await readSweepConfig(options.config);
  const { family, k, starts, prices, from, to } = config;
  const folder = inputsFolder(config.inputs, environment, `${options.config}: inputs`);
  const reserve = folder === null ? null : await readFedFunds(folder);
  const path = await loadPath({ prices, from, to });
  startMarks(starts, path.bars.length);
  const link = options.redis === undefined ? null : await openLink(options.redis, options.patience);

  let report: ((done: number, force?: boolean) => void) | undefined;
  const file = options.out ?? `${options.config.replace(/\.json$/, "")}.results.jsonl`;
  try {
    const run = await runSweep({
      config,
      definition: { family, k, starts, costs, reserve, path },
      codeVersion: codeVersion(),
      file,
      onProgress: (done, all) => {
        if (report === undefined) {
          if (done > 0) output.log(`${done.toLocaleString("en-US")} configurations are in ${file} already.`);
          report = progress({
            all,
            before: done,
            now: () => performance.now(),
            every: stderr.isTTY === true ? EVERY_ON_TERMINAL : EVERY_ELSEWHERE,
            write: (line) => stderr.write(stderr.isTTY === true ? `\r\x1b[K${line}` : `${line}\n`),
          });
        } else report(done, done === all);
      },
      compute: async (order) => {
        if (link === null) {
          const { sweepOnThreads } = await import("../../backtest/sweep/onThreads.ts");
          return sweepOnThreads({ ...order, workers: options.workers ?? availableParallelism(), signal });
        }
        const { collectOverRedis } = await import("../../backtest/sweep/redis/collect.ts");
        return collectOverRedis({ ...order, link, log: (line) => output.log(line), signal });
      },
    });
    if (!run.complete) {
      throw new InterruptedError(
        `Stopped with ${run.rows.size} of ${run.configurations} configurations in ${file}; the same command goes on from there.`,
      );
    }
    output.result(sweepDocument(run), () => sweepText(run));
  } finally {
    if (stderr.isTTY === true && report !== undefined) stderr.write("\n");
    link?.close();
  }
}

async function runWorkerCommand(options: WorkerOptions, { output, signal }: Run): Promise<void> {
  if (options.redis === undefined)
    throw new UsageError("--redis is missing; give the address that the sweep was started with: redis://HOST:6379.");
  if (options.config !== undefined || options.out !== undefined)
    throw new UsageError("A worker gets its sweep over Redis; give --config and --out to `strata sweep`.");
  const { codeVersion } = await import("../../backtest/sweep/codeVersion.ts");
  const { serveOverRedis } = await import("../../backtest/sweep/redis/serve.ts");
  const link = await openLink(options.redis, options.patience);
  try {
    const version = codeVersion();
    output.log(`Waiting at ${link.place} for sweeps of code ${version}; Ctrl-C ends it.`);
    const { computed } = await serveOverRedis({
      link,
      codeVersion: version,
      threads: options.workers ?? availableParallelism(),
      takeover: options.takeover * 1_000,
      once: options.once === true,
      log: (line) => output.log(line),
      signal,
    });
    output.result({ codeVersion: version, computed }, () => `${computed} configurations computed.`);
  } finally {
    link.close();
  }
}

async function openLink(url: string, patience: number) {
  const { openRedis } = await import("../../backtest/sweep/redis/connection.ts");
  return openRedis(url, patience * 1_000);
}

function parseWorkers(text: string): number {
  const workers = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(workers >= 1 && workers <= 256)) throw new InvalidArgumentError("Write a number of threads from 1 to 256.");
  return workers;
}

function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(seconds >= 1 && seconds <= 3_600)) throw new InvalidArgumentError("Write seconds from 1 to 3600.");
  return seconds;
}
