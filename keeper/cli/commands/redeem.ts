import type { Command } from "commander";

import type { Run } from "../context.ts";
import { UsageError } from "../errors.ts";
import { STOPPED } from "../lp/move.ts";
import { redeem, redemptionDocument, redemptionText } from "../lp/redeem.ts";
import { parseAddress, parsePercentExactly, parsePlace, PERCENT_UNIT } from "../parse.ts";
import { actorFor, withVault } from "../vaultConnection.ts";
import { lpOptions, type LpOptions } from "./options.ts";

interface RedeemCommandOptions extends LpOptions {
  readonly place?: number;
  readonly address?: string;
  readonly percent?: bigint;
  readonly preview?: true;
}

export function addRedeem(program: Command, start: (command: Command) => Run): void {
  const command = program
    .command("redeem")
    .description(
      "turn units of sleeves, which a withdrawal brought instead of tokens, into tokens; claim what has settled",
    )
    .option(
      "--place <n>",
      "only those of the sleeve that stands in this place of the vault, 0 to 3, or has left it",
      parsePlace,
    )
    .option(
      "--address <sleeve>",
      "or of the vault's sleeve at this address, also if it has left its place",
      parseAddress,
    )
    .option("--percent <p>", "what part of the units; default all", parsePercentExactly)
    .option("--preview", "only show what they would bring and cost");
  lpOptions(command).action(async (options: RedeemCommandOptions, self: Command) => {
    const run = start(self);
    if (options.place !== undefined && options.address !== undefined) {
      throw new UsageError("Name the sleeve once: --place N or --address SLEEVE.");
    }
    if (options.percent === 0n) throw new UsageError("--percent 0 redeems nothing; write a number above zero.");
    const done = await withVault(
      run,
      options.dir,
      async (connection) =>
        redeem(connection, await actorFor(connection, run.environment, options.as), {
          sleeve: options.place ?? options.address ?? null,
          percent: options.percent ?? 100n * PERCENT_UNIT,
          slippage: options.slippage,
          preview: options.preview === true,
        }),
      STOPPED,
    );
    run.output.result(redemptionDocument(done), () => redemptionText(done));
  });
}
