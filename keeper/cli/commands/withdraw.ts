import type { Command } from "commander";

import type { Run } from "../context.ts";
import { UsageError } from "../errors.ts";
import { moveDocument, moveText } from "../lp/move.ts";
import { withdraw, type WithdrawSize } from "../lp/withdraw.ts";
import { parsePercent, parseShares } from "../parse.ts";
import { actorFor, connectVault } from "../vaultConnection.ts";
import { lpOptions, type LpOptions } from "./options.ts";

interface WithdrawOptions extends LpOptions {
  readonly shares?: bigint;
  readonly percent?: number;
  readonly all?: true;
}

export function addWithdraw(program: Command, start: (command: Command) => Run): void {
  const command = program
    .command("withdraw")
    .description("give shares back and take the vault's tokens out, in kind")
    .option("--shares <n>", "how many shares, exactly", parseShares)
    .option("--percent <p>", "or what part of the account's shares", parsePercent)
    .option("--all", "or all of them");
  lpOptions(command).action(async (options: WithdrawOptions, self: Command) => {
    const { environment, output } = start(self);
    const size = sizeOf(options);
    const connection = await connectVault(environment, options.dir);
    try {
      const actor = await actorFor(connection, environment, options.as);
      const move = await withdraw(connection, actor, size, options.slippage);
      output.result(moveDocument(move), () => moveText(move));
    } finally {
      connection.close();
    }
  });
}

function sizeOf({ shares, percent, all }: WithdrawOptions): WithdrawSize {
  if ([shares, percent, all].filter((one) => one !== undefined).length !== 1) {
    throw new UsageError("Say how much to withdraw: one of --shares N, --percent P and --all.");
  }
  if (shares !== undefined) return { shares };
  if (percent === 0) throw new UsageError("--percent 0 withdraws nothing; write a number above zero.");
  return { fraction: percent ?? 1 };
}
