/** `npm run bench -- gas [--json] [--calls]`, exit code 1 if a call costs more than the product promises; `npm run bench -- sim [--json]` */
import { parseArgs } from "node:util";

import { parseOrExplain, WRONG_USAGE } from "../support/args.ts";
import type { GasReport, Line } from "./gas.ts";
import type { SimLine, SimReport } from "./sim.ts";
import type { SleeveGas } from "./sleeves.ts";

const USAGE = "usage: npm run bench -- gas [--json] [--calls], npm run bench -- sim [--json]";

/** The lines that the product promises (docs/gas.md). */
const LIMITS = { deposit: 187_000, rebalance: 760_000, withdrawHalf: 322_000, overFloor: 130_000, exit: 2_500_000 };

const SLEEVE_LINES: readonly (readonly [keyof SleeveGas, string])[] = [
  ["conversionOpenStep", "conversion: give collateral and borrow"],
  ["conversionCloseStep", "conversion: repay and take collateral"],
  ["reserveGive", "reserve: give"],
  ["reserveTake", "reserve: take"],
  ["exit", "exit, the fund in units"],
  ["exitInTokens", "exit, all in tokens"],
  ["exitInUnits", "exit, all in units"],
];

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseOrExplain(() => parse(args), USAGE);
  if (parsed === undefined) return WRONG_USAGE;
  const [name] = parsed.positionals;
  const { json = false, calls = false } = parsed.values;
  if (parsed.positionals.length !== 1 || (name !== "gas" && name !== "sim") || (calls && name === "sim")) {
    process.stderr.write(`${USAGE}\n`);
    return WRONG_USAGE;
  }
  // Each is loaded only if it is asked for: one brings a chain along.
  if (name === "sim") {
    const { measureSim } = await import("./sim.ts");
    const report = await measureSim((line) => process.stderr.write(`${line}\n`));
    process.stdout.write(json ? `${JSON.stringify({ sim: report })}\n` : simText(report));
    return 0;
  }
  const { measureGas } = await import("./gas.ts");
  const report = await measureGas({ calls });
  process.stdout.write(json ? `${JSON.stringify({ gas: report })}\n` : text(report));
  const broken = exceeded(report);
  for (const line of broken) process.stderr.write(`${line}\n`);
  return broken.length === 0 ? 0 : 1;
}

/** The promised lines that the report breaks, a sentence each. */
function exceeded({ deposit, rebalance, withdrawHalf, sleeves }: GasReport): string[] {
  const lines: readonly (readonly [string, number, number])[] = [
    ["A repeat deposit", deposit.strata, LIMITS.deposit],
    ["A rebalance", rebalance.strata, LIMITS.rebalance],
    ["A rebalance over its floor", rebalance.strata - rebalance.floor, LIMITS.overFloor],
    ["Withdrawing half", withdrawHalf.strata, LIMITS.withdrawHalf],
    ["An exit with the fund in units", sleeves.exit, LIMITS.exit],
    ["An exit in tokens", sleeves.exitInTokens, LIMITS.exit],
    ["An exit in units", sleeves.exitInUnits, LIMITS.exit],
  ];
  return lines
    .filter(([, used, limit]) => used > limit)
    .map(
      ([name, used, limit]) =>
        `${name} costs ${used.toLocaleString("en")} gas; ${limit.toLocaleString("en")} are promised.`,
    );
}

function simText(report: SimReport): string {
  const count = (value: number): string => value.toLocaleString("en").padStart(12);
  const row = (name: string, line: SimLine | undefined): string =>
    line === undefined
      ? ""
      : `${name.padEnd(16)}${count(line.strataPerSecond)}${count(line.v3sdkPerSecond)}${`${line.ratio} x`.padStart(12)}${count(line.referencePerSecond)}${count(line.crossings)}\n`;
  return [
    "swaps a second        strata      v3-sdk       ratio   reference   crossings\n",
    row("full range", report.fullRange),
    row("real map", report.realMap),
    `\nback-test of ${report.fast.bars.toLocaleString("en")} bars, three ranges and a hedge: ${report.fast.seconds} s\n`,
    `sweep of ${report.sweep.configurations.toLocaleString("en")} configurations over them, ${report.sweep.starts} starts each, ${report.sweep.workers} threads: ${report.sweep.seconds} s\n`,
  ].join("");
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: { json: { type: "boolean" }, calls: { type: "boolean" } },
    allowPositionals: true,
  });
}

function text(report: GasReport): string {
  const row = (name: string, line: Line, limit: number): string =>
    `${name.padEnd(16)}${line.strata.toLocaleString("en").padStart(10)}${line.floor.toLocaleString("en").padStart(10)}` +
    `${(line.strata - line.floor).toLocaleString("en").padStart(10)}${limit.toLocaleString("en").padStart(10)}\n`;
  const sleeves = SLEEVE_LINES.map(
    ([field, name]) => `${name.padEnd(44)}${report.sleeves[field].toLocaleString("en").padStart(10)}\n`,
  );
  const bytes = Object.entries(report.runtimeBytes).map(
    ([name, size]) => `${name.padEnd(16)}${size.toLocaleString("en").padStart(10)} of 24,576 bytes\n`,
  );
  const calls = Object.entries(report.calls ?? {}).map(
    ([step, list]) =>
      `\n${step}: gas by call (gas with callees, gas of its own)\n${list
        .map(
          (call) =>
            `${"  ".repeat(call.depth + 1)}${call.name.padEnd(44 - 2 * call.depth)}${call.gas.toLocaleString("en").padStart(10)}${call.self.toLocaleString("en").padStart(10)}\n`,
        )
        .join("")}`,
  );
  return [
    "call                strata     floor  overhead     limit\n",
    row("repeat deposit", report.deposit, LIMITS.deposit),
    row("rebalance", report.rebalance, LIMITS.rebalance),
    row("withdraw half", report.withdrawHalf, LIMITS.withdrawHalf),
    `rebalance may cost ${LIMITS.overFloor.toLocaleString("en")} over its floor\n\n`,
    "eight ranges and three live sleeves                 gas\n",
    ...sleeves,
    `an exit may cost ${LIMITS.exit.toLocaleString("en")} in every state\n\n`,
    ...bytes,
    ...calls,
  ].join("");
}
