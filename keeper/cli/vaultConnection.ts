import { formatUnits, isError, Wallet, ZeroAddress, type Signer } from "ethers";

import { lensAt, tokenAt, vaultAt } from "../chain/abi.ts";
import { orNull } from "../chain/answers.ts";
import { connect, type Connection } from "../chain/connect.ts";
import { Reverted, revertDataOf } from "../chain/errors.ts";
import { ConnectionError } from "../chain/failures.ts";
import { isConnectionFailure, messageOf } from "../chain/node.ts";
import { observe } from "../observe/observe.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import { privateKeyFrom, resolveTarget, type Environment, type Target } from "./config.ts";
import type { Run } from "./context.ts";
import { CommandError, ConfigurationError, InterruptedError, UsageError } from "./errors.ts";
import { findLocalWorld } from "./localWorld.ts";

/** A vault that commands talk to. */
export interface VaultConnection extends Connection {
  readonly target: Target;
  readonly vault: ReturnType<typeof vaultAt>;
  readonly lens: ReturnType<typeof lensAt>;
}

/**
 * Connects to the vault that the environment names, or to the local world's.
 * @throws ConfigurationError, ConfigError for a wrong chain, ConnectionError for a node that does not answer
 */
export async function connectVault(
  environment: Environment,
  dir: string,
  signal?: AbortSignal,
): Promise<VaultConnection> {
  const target = resolveTarget(environment, findLocalWorld(dir));
  const connection = await connect({
    url: target.rpcUrl,
    chainId: BigInt(target.chainId),
    ...(signal === undefined ? {} : { signal }),
  });
  // How often ethers asks for a receipt, milliseconds; its default of 4 s is long for a chain on this machine.
  connection.provider.pollingInterval = target.local === null ? 2_000 : 50;
  try {
    const problems: string[] = [];
    for (const name of ["vault", "lens"] as const) {
      const code = await connection.provider.getCode(target[name]);
      if (code === "0x") {
        problems.push(`${name.toUpperCase()} ${target[name]} is no contract on chain ${target.chainId}; correct it.`);
      }
    }
    if (problems.length > 0) throw new ConfigurationError(problems);
    await checkRoles(connection, target);
  } catch (error) {
    connection.close();
    throw error;
  }
  return {
    ...connection,
    target,
    vault: vaultAt(target.vault, connection.provider),
    lens: lensAt(target.lens, connection.provider),
  };
}

/** That the vault is a vault and the lens a lens: swapped addresses are contracts, too. */
async function checkRoles({ provider }: Connection, { vault, lens }: Target): Promise<void> {
  if (vault === lens) {
    throw new ConfigurationError([
      `VAULT and LENS are the same address ${vault}; LENS is another contract: correct it.`,
    ]);
  }
  const vaultOk = await answers(vaultAt(vault, provider).POLICY());
  if (!vaultOk && (await answers(vaultAt(lens, provider).POLICY()))) {
    throw new ConfigurationError([`VAULT ${vault} is no vault but LENS ${lens} is one: swap the two.`]);
  }
  if (!vaultOk) {
    throw new ConfigurationError([`VAULT ${vault} is no vault (it has no POLICY()); set it to the vault's address.`]);
  }
  if (!(await answers(lensAt(lens, provider).observe(vault, ZeroAddress)))) {
    throw new ConfigurationError([`LENS ${lens} does not answer as a lens does; set it to the deployment's lens.`]);
  }
}

/** False if the contract refuses or answers in another form; any other failure is thrown. */
async function answers(asked: Promise<unknown>): Promise<boolean> {
  return (await orNull(asked.then(() => true))) ?? false;
}

/**
 * Connects, works, and lets go of the connection. A stop signal ends the work at once, whatever it waits for.
 *
 * @param stopped what to say then
 * @throws InterruptedError after a stop; what the work throws, in our words
 */
export async function withVault<Result>(
  { environment, signal }: Pick<Run, "environment" | "signal">,
  dir: string,
  work: (connection: VaultConnection) => Promise<Result>,
  stopped?: string,
): Promise<Result> {
  let connection: VaultConnection | null = null;
  let interrupt = (): void => undefined;
  const stop = new Promise<never>((_resolve, reject) => {
    interrupt = (): void => reject(new InterruptedError(stopped));
    if (signal.aborted) interrupt();
    signal.addEventListener("abort", interrupt);
  });
  const all = async (): Promise<Result> => {
    connection = await connectVault(environment, dir, signal);
    return work(connection);
  };
  try {
    return await Promise.race([stop, all()]);
  } catch (error) {
    if (signal.aborted) throw error instanceof InterruptedError ? error : new InterruptedError(stopped);
    throw inOurWords(error);
  } finally {
    signal.removeEventListener("abort", interrupt);
    (connection as VaultConnection | null)?.close();
  }
}

/** What ethers says of a lost nonce, a lost node, an empty purse or a contract as one sentence; any other error as it is. */
export function inOurWords(error: unknown): unknown {
  if (
    isError(error, "NONCE_EXPIRED") ||
    isError(error, "REPLACEMENT_UNDERPRICED") ||
    isError(error, "TRANSACTION_REPLACED") ||
    (error instanceof Error && "code" in error && /nonce too (low|high)|already known/i.test(messageOf(error)))
  ) {
    return new CommandError("Another command of this account is running; wait until it has ended and run this again.", {
      cause: error,
    });
  }
  // Errors of ethers carry a code, ours do not.
  if (error instanceof Error && "code" in error && isConnectionFailure(error)) {
    return new ConnectionError(
      `The node does not answer (${messageOf(error)}); check RPC_URL and that the node is up.`,
      {
        cause: error,
      },
    );
  }
  if (isError(error, "INSUFFICIENT_FUNDS")) {
    return new CommandError("The account has too little of the chain's own coin to pay for gas; give it some.", {
      cause: error,
    });
  }
  if (isError(error, "CALL_EXCEPTION")) return new Reverted(revertDataOf(error) ?? "0x", { cause: error });
  if (isError(error, "BAD_DATA")) {
    return new CommandError("A contract does not answer as it should; check the addresses.", { cause: error });
  }
  return error;
}

/** Accounts of the local world that a person may act as. */
const LOCAL_ROLES = ["lp1", "lp2", "keeper", "stranger"] as const;

/** The account that deposits or withdraws. */
export interface Actor {
  readonly address: string;
  readonly signer: Signer;
  /** How messages name it. */
  readonly name: string;
}

/**
 * The local world's account of a role, or the one of LP_PRIVATE_KEY.
 * @param role --as; without it "lp1" in the local world, unless LP_PRIVATE_KEY is set
 */
export async function actorFor(
  connection: VaultConnection,
  environment: Environment,
  role: string | undefined,
): Promise<Actor> {
  const { target, provider } = connection;
  const hasKey = (environment["LP_PRIVATE_KEY"]?.trim() ?? "") !== "";
  if (role === undefined && (target.local === null || hasKey)) {
    const signer = new Wallet(privateKeyFrom(environment, "LP_PRIVATE_KEY"), provider);
    return { address: signer.address, signer, name: signer.address };
  }
  if (target.local === null) {
    throw new UsageError(
      "--as names an account of the local world, which is not what RPC_URL points to; leave it out and set LP_PRIVATE_KEY.",
    );
  }
  const chosen = role ?? "lp1";
  const known = LOCAL_ROLES.find((one) => one === chosen);
  if (known === undefined)
    throw new UsageError(`There is no account "${chosen}" here; --as takes ${LOCAL_ROLES.join(", ")}.`);
  const { localAccounts } = await import("../../scripts/local/accounts.ts");
  const account = localAccounts()[known];
  const signer = new Wallet(account.privateKey, provider);
  return { address: account.address, signer, name: `${known} (public test key)` };
}

/** The vault now. @param keeper whose right to plan is asked; nobody's if left out */
export function observeVault(connection: VaultConnection, keeper = ZeroAddress): Promise<Snapshot> {
  return observe(connection.node, connection.target, keeper);
}

export interface TokenInfo {
  readonly address: string;
  readonly symbol: string;
  readonly decimals: number;
}

/** The vault's tokens in the pool's order, and which of them is the quote. */
export interface PairInfo {
  readonly token0: TokenInfo;
  readonly token1: TokenInfo;
  readonly base: TokenInfo;
  readonly quote: TokenInfo;
  readonly quoteIsToken0: boolean;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
}

export async function readPair(connection: VaultConnection, snapshot: Snapshot): Promise<PairInfo> {
  const { quoteIsToken0, baseDecimals, quoteDecimals } = snapshot;
  const read = async (address: string, decimals: number): Promise<TokenInfo> => ({
    address,
    symbol: await tokenAt(address, connection.provider).symbol(),
    decimals,
  });
  const token0 = await read(snapshot.token0, quoteIsToken0 ? quoteDecimals : baseDecimals);
  const token1 = await read(snapshot.token1, quoteIsToken0 ? baseDecimals : quoteDecimals);
  const [base, quote] = quoteIsToken0 ? [token1, token0] : [token0, token1];
  return { token0, token1, base, quote, quoteIsToken0, baseDecimals, quoteDecimals };
}

/** What an account holds of shares and tokens, wei. */
export interface Holdings {
  readonly shares: bigint;
  readonly amount0: bigint;
  readonly amount1: bigint;
}

export async function holdingsOf(connection: VaultConnection, pair: PairInfo, account: string): Promise<Holdings> {
  const [shares, amount0, amount1] = await Promise.all([
    connection.vault.balanceOf(account),
    tokenAt(pair.token0.address, connection.provider).balanceOf(account),
    tokenAt(pair.token1.address, connection.provider).balanceOf(account),
  ]);
  return { shares, amount0, amount1 };
}

/** Exact decimal string of an amount. */
export function exact(amount: bigint, token: TokenInfo): string {
  return formatUnits(amount, token.decimals);
}

/** "12.5 LETH" */
export function tokenText(amount: bigint, token: TokenInfo): string {
  const value = Number(exact(amount, token));
  return `${value.toLocaleString("en-US", { maximumFractionDigits: 6 })} ${token.symbol}`;
}

/** An amount of each token by role, for documents. */
export function byRole(
  pair: PairInfo,
  amounts: { readonly amount0: bigint; readonly amount1: bigint },
): { readonly base: string; readonly quote: string } {
  const [base, quote] = pair.quoteIsToken0 ? [amounts.amount1, amounts.amount0] : [amounts.amount0, amounts.amount1];
  return { base: exact(base, pair.base), quote: exact(quote, pair.quote) };
}
