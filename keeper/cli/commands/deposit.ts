import type { Command } from "commander";

import type { Run } from "../context.ts";
import { UsageError } from "../errors.ts";
import { deposit, type DepositSize } from "../lp/deposit.ts";
import { moveDocument, moveText, STOPPED } from "../lp/move.ts";
import { parseAmount, parseShares } from "../parse.ts";
import { actorFor, withVault } from "../vaultConnection.ts";
import { lpOptions, type LpOptions } from "./options.ts";

interface DepositOptions extends LpOptions {
  readonly value?: string;
  readonly shares?: bigint;
}

export function addDeposit(program: Command, start: (command: Command) => Run): void {
  const command = program
    .command("deposit")
    .description("buy shares of the vault with both tokens")
    .option("--value <amount>", "how much to deposit, in units of the quote token", parseValue)
    .option("--shares <n>", "or how many shares to buy, exactly", parseShares);
  lpOptions(command).action(async (options: DepositOptions, self: Command) => {
    const run = start(self);
    const { environment, output } = run;
    const size = sizeOf(options);
    const move = await withVault(
      run,
      options.dir,
      async (connection) => {
        const actor = await actorFor(connection, environment, options.as);
        return deposit(connection, actor, size, options.slippage);
      },
      STOPPED,
    );
    output.result(moveDocument(move), () => moveText(move));
  });
}

function sizeOf({ value, shares }: DepositOptions): DepositSize {
  if ((value === undefined) === (shares === undefined)) {
    throw new UsageError("Say how much to deposit: either --value AMOUNT or --shares N.");
  }
  if (shares !== undefined) return { shares };
  const text = value ?? "";
  return {
    value(decimals) {
      try {
        return parseAmount(text, decimals);
      } catch (error) {
        throw new UsageError(`--value ${text}: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

/** Checked now with the most places that a token has, in wei once the token's are known. */
function parseValue(text: string): string {
  parseAmount(text, 18);
  return text;
}
