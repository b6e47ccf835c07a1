import { Option, type Command } from "commander";

import { DEFAULT_DIR } from "../localWorld.ts";
import { parsePercent } from "../parse.ts";
import { DEFAULT_SLIPPAGE } from "../lp/move.ts";

/** Options of every command that talks to a vault. */
export interface VaultOptions {
  readonly dir: string;
}

export function vaultOptions(command: Command): Command {
  return command.option("--dir <folder>", "state folder of the local world", DEFAULT_DIR);
}

export interface LpOptions extends VaultOptions {
  readonly as?: string;
  readonly slippage: number;
}

export function lpOptions(command: Command): Command {
  return vaultOptions(command)
    .option(
      "--as <account>",
      "in the local world: lp1 (default), lp2, keeper or stranger; their keys are public test keys",
    )
    .addOption(
      new Option("--slippage <percent>", "price move that is accepted meanwhile")
        .argParser(parsePercent)
        .default(DEFAULT_SLIPPAGE, String(DEFAULT_SLIPPAGE * 100)),
    );
}
