import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { getAddress, Wallet } from "ethers";

import { Journal, JournalError } from "../journal/journal.ts";
import { loadPath } from "../market/path.ts";
import { Keeper } from "../run/keeper.ts";
import { LOCAL_SETTINGS } from "../run/types.ts";
import { fixedHistory, NO_HISTORY, type HistorySource } from "../run/past.ts";
import { DEFAULT_BRAIN } from "./brain.ts";
import { privateKeyFrom, type Environment } from "./config.ts";
import { ConfigurationError } from "./errors.ts";
import { connectVault, type VaultConnection } from "./vaultConnection.ts";

export interface KeeperSessionOptions {
  /** State folder of the local world, and of journals without a name of their own. */
  readonly dir: string;
  readonly journal?: string;
  /** CSV of hourly bars to warm the signals up. */
  readonly history?: string;
  readonly send: boolean;
}

/** A keeper that is ready to tick. */
export interface KeeperSession {
  readonly keeper: Keeper;
  readonly account: string;
  readonly connection: VaultConnection;
  close(): void;
}

/**
 * Opens the keeper of the configured vault. In the local world it goes by the world's own keeper's key, and by a copy of that keeper's
 * journal, so that it knows what that one knows.
 */
export async function openKeeper(environment: Environment, options: KeeperSessionOptions): Promise<KeeperSession> {
  const connection = await connectVault(environment, options.dir);
  const { target } = connection;
  const closers = [(): void => connection.close()];
  const close = (): void => {
    for (const closer of closers.reverse()) closer();
  };
  try {
    const hasKey = (environment["KEEPER_PRIVATE_KEY"]?.trim() ?? "") !== "";
    const key =
      target.local !== null && !hasKey ? await localKeeperKey() : privateKeyFrom(environment, "KEEPER_PRIVATE_KEY");
    const signer = new Wallet(key);
    const own = target.local?.accounts["keeper"];
    if (own !== undefined && signer.address !== getAddress(own) && options.journal === undefined) {
      throw new ConfigurationError([
        `KEEPER_PRIVATE_KEY is the key of ${signer.address}, but the local world's keeper is ${own}; unset it to act as that one, or name a journal for this account with --journal FILE.`,
      ]);
    }
    const file =
      options.journal ??
      (target.local === null ? defaultJournal(options.dir, connection) : copyOf(target.local.journal));
    if (target.local !== null && options.journal === undefined) {
      closers.push(() => {
        removeJournal(file);
      });
    }
    const identity = { chainId: BigInt(target.chainId), vault: target.vault, keeper: signer.address };
    const journal = Journal.open(file, identity);
    closers.push(() => journal.close());
    const keeper = await Keeper.open({
      node: connection.node,
      chainId: BigInt(target.chainId),
      addresses: target,
      keeper: signer.address,
      signer,
      journal,
      brain: DEFAULT_BRAIN,
      history: historyFrom(options.history),
      settings: {
        send: options.send,
        ...(target.local === null ? {} : LOCAL_SETTINGS),
      },
    });
    return { keeper, account: signer.address, connection, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function localKeeperKey(): Promise<string> {
  const { localAccounts } = await import("../../scripts/local/accounts.ts");
  return localAccounts().keeper.privateKey;
}

function defaultJournal(dir: string, connection: VaultConnection): string {
  const { chainId, vault } = connection.target;
  return join(dir, "keeper", `${chainId}-${vault.toLowerCase()}.sqlite`);
}

function historyFrom(file: string | undefined): HistorySource {
  if (file === undefined) return NO_HISTORY;
  return {
    async bars() {
      const path = await loadPath({ prices: file });
      return fixedHistory([...path.history, ...path.bars]).bars();
    },
  };
}

/** A journal that another process writes to, as it is now. */
function copyOf(file: string): string {
  const copy = join(dirname(file), `copy-${process.pid}.sqlite`);
  removeJournal(copy);
  mkdirSync(dirname(copy), { recursive: true });
  let source: DatabaseSync | null = null;
  try {
    source = new DatabaseSync(file, { readOnly: true, timeout: 2_000 });
    source.prepare("VACUUM INTO ?").run(copy);
  } catch (cause) {
    throw new JournalError(`The local world's journal ${file} cannot be read; start the local world again.`, { cause });
  } finally {
    source?.close();
  }
  return copy;
}

function removeJournal(file: string): void {
  for (const ending of ["", "-wal", "-shm"]) rmSync(`${file}${ending}`, { force: true });
}
