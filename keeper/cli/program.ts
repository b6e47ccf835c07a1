import { Command, CommanderError } from "commander";

import { addBacktest } from "./commands/backtest.ts";
import { addCompare } from "./commands/compare.ts";
import { addData } from "./commands/data.ts";
import { addDeposit } from "./commands/deposit.ts";
import { addKeeper } from "./commands/keeper.ts";
import { addLocal } from "./commands/local.ts";
import { addRedeem } from "./commands/redeem.ts";
import { addReplay } from "./commands/replay.ts";
import { addStatus } from "./commands/status.ts";
import { addSweep } from "./commands/sweep.ts";
import { addWithdraw } from "./commands/withdraw.ts";
import type { Context, GlobalOptions, Run } from "./context.ts";
import { describe, exitCodeFor, UsageError } from "./errors.ts";
import { createOutput } from "./output.ts";
import { version } from "./version.ts";

/**
 * Runs the command line.
 *
 * @param args without the program's name
 * @returns the exit code: 0, 1 for a failure, 2 for wrong usage or configuration, 130 after Ctrl-C
 */
export async function runProgram(args: readonly string[], context: Context): Promise<number> {
  const program = new Command("strata")
    .description("An adaptive, layered liquidity vault for Uniswap v3: local world, vault and keeper.")
    .version(version())
    .option("--json", "print one JSON document on stdout and nothing else there")
    .option("--verbose", "show the stack and the causes of an error")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      // Told once, below.
      outputError: () => undefined,
    });
  const start = (command: Command): Run => ({
    ...context,
    output: createOutput(command.optsWithGlobals<GlobalOptions>().json === true, context.stdout, context.stderr),
  });
  for (const add of [
    addLocal,
    addStatus,
    addDeposit,
    addWithdraw,
    addRedeem,
    addKeeper,
    addReplay,
    addBacktest,
    addCompare,
    addSweep,
    addData,
  ])
    add(program, start);
  for (const command of allCommands(program)) {
    // --json and --verbose are every command's.
    command.exitOverride().configureOutput(program.configureOutput()).configureHelp({ showGlobalOptions: true });
  }

  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help, --version
    const told = error instanceof CommanderError ? usage(error) : error;
    if (told === null) return 2; // Help was printed because no command was named.
    const verbose = program.opts<GlobalOptions>().verbose === true || args.includes("--verbose");
    context.stderr.write(`${describe(told, verbose)}\n`);
    return exitCodeFor(told);
  }
}

function usage(error: CommanderError): UsageError | null {
  if (error.code === "commander.help") return null;
  const text = error.message
    .replace(/^error: /, "")
    .replace(/\n/g, " ")
    .replace(/\.$/, "");
  return new UsageError(`${text}; see strata --help.`, { cause: error });
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
