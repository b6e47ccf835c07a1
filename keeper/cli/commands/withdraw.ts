import type { Command } from "commander";

import type { Run } from "../context.ts";
import { UsageError } from "../errors.ts";
import { moveDocument, moveText, STOPPED } from "../lp/move.ts";
import { previewDocument, previewText } from "../lp/preview.ts";
import { previewWithdrawal, withdraw, type WithdrawSize } from "../lp/withdraw.ts";
import { parsePercentExactly, parsePlaces, parseShares, PERCENT_UNIT } from "../parse.ts";
import { actorFor, withVault } from "../vaultConnection.ts";
import { lpOptions, type LpOptions } from "./options.ts";

interface WithdrawOptions extends LpOptions {
  readonly shares?: bigint;
  readonly percent?: bigint;
  readonly all?: true;
  readonly units?: readonly number[];
  readonly preview?: true;
}

export function addWithdraw(program: Command, start: (command: Command) => Run): void {
  const command = program
    .command("withdraw")
    .description("give shares back and take the vault's tokens out, in kind")
    .option("--shares <n>", "how many shares, exactly", parseShares)
    .option("--percent <p>", "or what part of the account's shares", parsePercentExactly)
    .option("--all", "or all of them")
    .option(
      "--units <places>",
      'places of sleeves to leave with units of instead of tokens, such as "0,2", or "none"; empty places are passed over; default: those that pay nothing now',
      parsePlaces,
    )
    .option("--preview", "only show what it would bring, and by which way each sleeve is left");
  lpOptions(command).action(async (options: WithdrawOptions, self: Command) => {
    const run = start(self);
    const { environment, output } = run;
    const size = sizeOf(options);
    const units = options.units ?? null;
    if (options.preview === true) {
      const preview = await withVault(run, options.dir, async (connection) =>
        previewWithdrawal(connection, await actorFor(connection, environment, options.as), size, units),
      );
      output.result(previewDocument(preview), () => previewText(preview));
      return;
    }
    const move = await withVault(
      run,
      options.dir,
      async (connection) => {
        const actor = await actorFor(connection, environment, options.as);
        return withdraw(connection, actor, size, { slippage: options.slippage, units });
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
