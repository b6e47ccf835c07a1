/** `npm run nightly [-- [--only fuzz|sim|mutation] [--calls N] [--seed N] [--count N] [--minutes N] [--json]]` */
import { parseArgs } from "node:util";

import { CampaignError } from "../mutation/campaign.ts";
import { DEFAULTS, exitCodeOf, mutate } from "../mutation/mutate.ts";
import { textOf, type MutationDocument } from "../mutation/report.ts";
import { interrupted, parseOrExplain, wholeNumber, WRONG_USAGE } from "../support/args.ts";
import { runFuzz, type FuzzDocument } from "./fuzz.ts";
import { runSim, type SimDocument } from "./sim.ts";

const USAGE =
  "usage: npm run nightly [-- [--only fuzz|sim|mutation] [--calls N] [--seed N] [--count N] [--minutes N] [--json]]";

/** One for each of the two cores that a build machine has. */
const PROCESSES = 2;
const CALLS = 50_000;
const SIM_CALLS = 100_000;
const FUZZ_SEED = 1;

process.exitCode = await main(process.argv.slice(2));

/** @returns 0 if no invariant broke, the simulated pools equal the bytecode and all survivors are explained, 1 otherwise, 2 wrong usage, 3 tests fail without a mutant, 4 too few mutants were reached */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOrExplain(() => parse(args), USAGE);
  if (options === undefined) return WRONG_USAGE;
  const log = (line: string): boolean => process.stderr.write(`${line}\n`);
  let fuzz: FuzzDocument | undefined;
  let sim: SimDocument | undefined;
  let mutation: MutationDocument | undefined;
  let failed = 0;
  const runs = (name: string): boolean => options.only === undefined || options.only === name;
  if (runs("fuzz")) {
    log(`fuzz: ${options.calls} calls`);
    fuzz = await runFuzz({ calls: options.calls, seed: options.fuzzSeed, processes: PROCESSES });
    if (fuzz.failed > 0 || fuzz.calls < options.calls) failed = 1;
  }
  if (runs("sim")) {
    log(`sim: ${options.simCalls} calls`);
    sim = await runSim({ calls: options.simCalls, seed: options.fuzzSeed, processes: PROCESSES });
    if (sim.mismatches > 0 || sim.calls < options.simCalls) failed = 1;
  }
  if (runs("mutation")) {
    log(`mutation: ${options.count} mutants in at most ${options.minutes} minutes`);
    try {
      mutation = await mutate({
        count: options.count,
        seed: options.mutationSeed,
        minutes: options.minutes,
        lanes: PROCESSES,
        file: undefined,
        suites: undefined,
        remember: false,
        signal: interrupted(),
        log,
      });
      failed ||= exitCodeOf(mutation);
    } catch (error) {
      if (!(error instanceof CampaignError)) throw error;
      log(error.message);
      failed = 3;
    }
  }
  process.stdout.write(
    options.json
      ? `${JSON.stringify({
          ...(fuzz === undefined ? {} : { fuzz }),
          ...(sim === undefined ? {} : { sim }),
          ...(mutation === undefined ? {} : { mutation }),
        })}\n`
      : report(fuzz, sim, mutation),
  );
  return failed;
}

function report(
  fuzz: FuzzDocument | undefined,
  sim: SimDocument | undefined,
  mutation: MutationDocument | undefined,
): string {
  const lines: string[] = [];
  if (mutation !== undefined) lines.push(textOf(mutation));
  if (fuzz !== undefined) {
    lines.push(
      `fuzz: ${fuzz.calls} calls in ${fuzz.seeds.length} worlds, ${fuzz.refused} refused, ${fuzz.seconds} s` +
        (fuzz.failed > 0 ? `; ${fuzz.failed} processes FAILED, see the log` : ""),
    );
  }
  if (sim !== undefined) {
    lines.push(
      `sim: ${sim.calls} calls, ${sim.refused} refused, ${sim.crossings} ticks crossed, ${sim.mismatches} mismatches, ${sim.seconds} s` +
        (sim.mismatches > 0 ? "; FAILED, see the log" : ""),
    );
  }
  if (mutation !== undefined) {
    lines.push(
      `mutation: ${mutation.mutants} mutants, ${mutation.killed} killed, ` +
        `${mutation.survived.length} survivors and ${mutation.explained.length} explained ones, ${mutation.timedOut} timed out twice, ` +
        `${mutation.notReached} not reached, ${mutation.seconds} s`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      calls: { type: "string" },
      seed: { type: "string" },
      count: { type: "string" },
      minutes: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { only } = values;
  if (only !== undefined && only !== "fuzz" && only !== "sim" && only !== "mutation") {
    throw new Error("--only is fuzz, sim or mutation");
  }
  const whole = (name: "calls" | "seed" | "count" | "minutes", otherwise: number, least: number): number =>
    wholeNumber(name, values[name], otherwise, least);
  return {
    only,
    calls: whole("calls", CALLS, 1),
    simCalls: whole("calls", SIM_CALLS, 1),
    // The fuzz walks elsewhere with another seed, and the mutants are another sample.
    fuzzSeed: whole("seed", FUZZ_SEED, 0),
    mutationSeed: whole("seed", DEFAULTS.seed, 0),
    count: whole("count", DEFAULTS.count, 1),
    minutes: whole("minutes", DEFAULTS.minutes, 1),
    json: values.json,
  };
}
