import type { Command } from "commander";

import type { Run } from "../context.ts";
import { UsageError } from "../errors.ts";
import { moveDocument, moveText, STOPPED } from "../lp/move.ts";
import { withdraw, type WithdrawSize } from "../lp/withdraw.ts";
import { parsePercentExactly, parseShares, PERCENT_UNIT } from "../parse.ts";
import { actorFor, withVault } from "../vaultConnection.ts";
import { lpOptions, type LpOptions } from "./options.ts";

interface WithdrawOptions extends LpOptions {
  readonly shares?: bigint;
  readonly percent?: bigint;
  readonly all?: true;
}

export function addWithdraw(program: Command, start: (command: Command) => Run): void {
  const command = program
    .command("withdraw")
    .description("give shares back and take the vault's tokens out, in kind")
    .option("--shares <n>", "how many shares, exactly", parseShares)
    .option("--percent <p>", "or what part of the account's shares", parsePercentExactly)
    .option("--all", "or all of them");
  lpOptions(command).action(async (options: WithdrawOptions, self: Command) => {
    const run = start(self);
    const { environment, output } = run;
    const size = sizeOf(options);
    const move = await withVault(
      run,
      options.dir,
      async (connection) => {
        const actor = await actorFor(connection, environment, options.as);
        return withdraw(connection, actor, size, options.slippage);
      },
      STOPPED,
    );
    output.result(moveDocument(move), () => moveText(move));
  });
}

function sizeOf({ shares, percent, all }: WithdrawOptions): WithdrawSize {
  if ([shares, percent, all].filter((one) => one !== undefined).length !== 1) {
    throw new UsageError("Say how much to withdraw: one of --shares N, --percent P and --all.");
  }
  if (shares !== undefined) return { shares };
  if (percent === 0n) throw new UsageError("--percent 0 withdraws nothing; write a number above zero.");
  return { percent: percent ?? 100n * PERCENT_UNIT };
}
