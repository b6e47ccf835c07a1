import type { Command } from "commander";

import { runLoop } from "../../run/loop.ts";
import { SYSTEM_CLOCK } from "../../run/clock.ts";
import type { TickOutcome } from "../../run/types.ts";
import type { Run } from "../context.ts";
import { openKeeper } from "../keeperSession.ts";
import { parsePositive } from "../parse.ts";
import { tickDocument, tickLine, tickText } from "../tickReport.ts";
import { vaultOptions, type VaultOptions } from "./options.ts";

interface KeeperOptions extends VaultOptions {
  readonly send?: true;
  readonly journal?: string;
  readonly history?: string;
}

interface KeeperRunOptions extends KeeperOptions {
  readonly interval: number;
}

/** Seconds from tick to tick. */
const INTERVAL = 60;

export function addKeeper(program: Command, start: (command: Command) => Run): void {
  const keeper = program.command("keeper").description("watch the vault and propose plans");

  keeperOptions(keeper.command("tick").description("look once, decide, and say what would be done and why")).action(
    async (options: KeeperOptions, self: Command) => {
      const { environment, output, signal } = start(self);
      const session = await openKeeper(environment, { ...options, send: options.send === true });
      try {
        const tick = await session.keeper.tick(signal);
        output.result(tickDocument(tick), () => tickText(tick));
      } finally {
        session.close();
      }
    },
  );

  keeperOptions(keeper.command("run").description("tick until Ctrl-C"))
    .option("--interval <seconds>", "from the start of one tick to the start of the next", parsePositive, INTERVAL)
    .action(async (options: KeeperRunOptions, self: Command) => {
      const { environment, output, signal } = start(self);
      const session = await openKeeper(environment, { ...options, send: options.send === true });
      const outcomes: Partial<Record<TickOutcome, number>> = {};
      try {
        const { target } = session.connection;
        output.log(
          `Keeper ${session.account} for vault ${target.vault} on chain ${target.chainId}, sending is ${options.send === true ? "on" : "off"}.`,
        );
        await runLoop((stop) => session.keeper.tick(stop), {
          interval: options.interval * 1000,
          signal,
          clock: SYSTEM_CLOCK,
          onTick(tick) {
            outcomes[tick.outcome] = (outcomes[tick.outcome] ?? 0) + 1;
            output.log(tickLine(tick));
          },
          onRetry: (error, delay) => output.log(`${error.message} Next try in ${Math.round(delay / 1000)} s.`),
          random: Math.random,
        });
      } finally {
        session.close();
      }
      const ticks = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
      output.result({ ticks, outcomes }, () => `Stopped after ${ticks} ticks.`);
    });
}

function keeperOptions(command: Command): Command {
  return vaultOptions(command)
    .option("--send", "sign and send plans; without it nothing leaves this machine")
    .option("--journal <file>", "the keeper's journal (default: in the state folder, by chain and vault)")
    .option("--history <file>", "CSV of hourly bars from before the keeper's time, for its signals");
}
