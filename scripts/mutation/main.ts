/** `npm run mutate -- [--count N | --all] [--seed N] [--file PART] [--minutes N] [--suites FILE,...] [--lanes N] [--remember] [--list] [--json]` */
import { parseArgs } from "node:util";

import { interrupted, parseOrExplain, wholeNumber, WRONG_USAGE } from "../support/args.ts";
import { CampaignError } from "./campaign.ts";
import { DEFAULTS, exitCodeOf, list, mutate } from "./mutate.ts";
import { textOf } from "./report.ts";

const USAGE =
  "usage: npm run mutate -- [--count N | --all] [--seed N] [--file PART] [--minutes N] [--suites FILE,...] [--lanes N] [--remember] [--list] [--json]";

process.exitCode = await main(process.argv.slice(2));

/** @returns 0 all survivors are explained, 1 some are not, 2 wrong usage, 3 the tests are unfit without any mutant, 4 too few mutants were reached */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOrExplain(() => parse(args), USAGE);
  if (options === undefined) return WRONG_USAGE;
  const log = (line: string): boolean => process.stderr.write(`${line}\n`);
  try {
    if (options.list) {
      process.stdout.write(`${list(options).join("\n")}\n`);
      return 0;
    }
    const document = await mutate({ ...options, signal: interrupted(), log });
    process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : textOf(document));
    return exitCodeOf(document);
  } catch (error) {
    if (!(error instanceof CampaignError)) throw error;
    log(error.message);
    return 3;
  }
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: "string" },
      all: { type: "boolean", default: false },
      seed: { type: "string" },
      file: { type: "string" },
      minutes: { type: "string" },
      suites: { type: "string" },
      lanes: { type: "string" },
      remember: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const whole = (name: keyof typeof DEFAULTS, least: number): number =>
    wholeNumber(name, values[name], DEFAULTS[name], least);
  if (values.all && values.count !== undefined) throw new Error("--all and --count exclude each other");
  return {
    count: values.all ? Infinity : whole("count", 1),
    seed: whole("seed", 0),
    minutes: whole("minutes", 1),
    lanes: whole("lanes", 1),
    file: values.file,
    suites: values.suites?.split(","),
    remember: values.remember,
    list: values.list,
    json: values.json,
  };
}
