import { getAddress, isAddress } from "ethers";
import type { Command } from "commander";

import type { Run } from "../context.ts";
import { UsageError } from "../errors.ts";
import { readStatus, statusDocument, statusText } from "../status.ts";
import { actorFor, withVault } from "../vaultConnection.ts";
import { vaultOptions, type VaultOptions } from "./options.ts";

interface StatusOptions extends VaultOptions {
  readonly as?: string;
  readonly account?: string;
}

export function addStatus(program: Command, start: (command: Command) => Run): void {
  const command = program
    .command("status")
    .description("show the vault: value, shares, ranges, tiers, oracle, policy, keeper")
    .option("--account <address>", "show what this account holds, too")
    .option("--as <account>", "or an account of the local world, such as lp1");
  vaultOptions(command).action(async (options: StatusOptions, self: Command) => {
    const run = start(self);
    const { environment, output } = run;
    const { account: given } = options;
    if (given !== undefined && options.as !== undefined) {
      throw new UsageError("Name one account: either --account or --as.");
    }
    // Said first: after isAddress the compiler takes it for no string at all.
    const wrong = `--account "${given ?? ""}" is not an address; write 0x and 40 hex digits.`;
    if (given !== undefined && !isAddress(given)) throw new UsageError(wrong);
    const status = await withVault(run, options.dir, async (connection) => {
      const account =
        options.as === undefined
          ? given && getAddress(given)
          : (await actorFor(connection, environment, options.as)).address;
      return readStatus(connection, environment, account);
    });
    output.result(statusDocument(status), () => statusText(status));
  });
}
