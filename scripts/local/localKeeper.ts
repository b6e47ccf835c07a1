/** The keeper of the local world: the same one that `strata keeper run` starts, in this process and with sending on. */
import { rmSync } from "node:fs";

import { Wallet } from "ethers";

import type { ChainNode } from "../../keeper/chain/node.ts";
import { Journal } from "../../keeper/journal/journal.ts";
import type { CallKind } from "../../keeper/execution/calls.ts";
import type { PricePath } from "../../keeper/market/types.ts";
import type { VaultAddresses } from "../../keeper/observe/observe.ts";
import { DEFAULT_BRAIN } from "../../keeper/cli/brain.ts";
import { Keeper } from "../../keeper/run/keeper.ts";
import { fixedHistory } from "../../keeper/run/past.ts";
import type { ActionName } from "../../keeper/report/summary.ts";
import type { TickResult } from "../../keeper/run/types.ts";
import type { LocalChain } from "./chain.ts";
import type { ActionView } from "./view/model.ts";

export interface LocalKeeper {
  tick(signal: AbortSignal): Promise<LocalTick>;
  close(): void;
}

export interface LocalTick {
  /** What was done or refused; null for a hold. */
  readonly action: ActionView | null;
  /** Whether it was a plan, and no other call. */
  readonly isPlan: boolean;
  /** Why the keeper holds; null if it does not. */
  readonly holding: string | null;
}

export interface LocalKeeperOptions {
  readonly chain: LocalChain;
  readonly node: ChainNode;
  readonly addresses: VaultAddresses;
  readonly path: PricePath;
  /** File of the journal; an older one belongs to a chain that is gone. */
  readonly journal: string;
}

/** Removes a journal's file and what SQLite keeps beside it. */
export function removeJournal(file: string): void {
  for (const ending of ["", "-wal", "-shm"]) rmSync(`${file}${ending}`, { force: true });
}

export async function openLocalKeeper(options: LocalKeeperOptions): Promise<LocalKeeper> {
  const { chain, node, addresses, path } = options;
  const { keeper: account } = chain.accounts;
  const chainId = BigInt(chain.chainId);
  removeJournal(options.journal);
  const journal = Journal.open(options.journal, { chainId, vault: addresses.vault, keeper: account.address });
  try {
    const keeper = await Keeper.open({
      node,
      chainId,
      addresses,
      keeper: account.address,
      signer: new Wallet(account.privateKey),
      journal,
      brain: DEFAULT_BRAIN,
      history: fixedHistory(path.history),
      settings: {
        send: true,
        // The chain's time is the path's, not the clock's.
        maxBlockAge: null,
        // Blocks come only with the path, and a chain in this process does not reorganise.
        confirmations: 1,
      },
    });
    return {
      tick: async (signal) => toLocalTick(await keeper.tick(signal)),
      close: () => journal.close(),
    };
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** The rule that opens the first ranges (keeper/strategy/rules/deploy.ts). Its plans are range shifts by kind. */
const DEPLOY = "deploy";

/** Housekeeping by the call that does it. */
const CHORES: Partial<Record<CallKind, ActionName>> = { poke: "poke", syncTreasuryShare: "treasurySync" };

function toLocalTick(tick: TickResult): LocalTick {
  if (tick.outcome === "hold") return { action: null, isPlan: false, holding: tick.detail };
  const chore = CHORES[tick.call ?? "plan"];
  if (chore !== undefined) {
    const done = tick.outcome === "confirmed" ? null : tick.detail;
    return {
      action: { time: tick.state.time, kinds: [chore], refusal: done, why: tick.detail },
      isPlan: false,
      holding: null,
    };
  }
  const { decision, outcome, detail, state } = tick;
  const deploys = decision.reasons[0]?.rule === DEPLOY;
  const why = (deploys ? decision.reasons[0] : reasonOf(decision))?.text ?? detail;
  const refusal = outcome === "confirmed" ? null : detail;
  return {
    action: { time: state.time, kinds: deploys ? [DEPLOY] : decision.actions, refusal, why },
    isPlan: tick.call === "plan",
    holding: null,
  };
}

/** Sleeves are moved by more than one rule; an action of any other kind has its rule's name. */
const SLEEVE_RULES: readonly string[] = ["hedge", "reversal", "reserve", "asset"];

/** The rule that acted tells why; the others tell why they did not. The rules are asked until one acts, so it is the last asked. */
function reasonOf({ reasons, actions }: TickResult["decision"]): TickResult["decision"]["reasons"][number] | undefined {
  const rules: readonly string[] = actions.includes("sleeveMove") ? SLEEVE_RULES : actions;
  const acted = reasons.findLast((reason) => rules.includes(reason.rule))?.rule;
  return reasons.find((reason) => reason.rule === acted) ?? reasons[0];
}
