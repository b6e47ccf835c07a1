/**
 * The local chain: Hardhat's, in this process, with its own time, reachable over HTTP on loopback if wanted.
 *
 * Outside {@link LocalChain.block} each transaction is mined at once, `blockSeconds` after the block before it. `block`
 * puts several transactions into one block at a chosen time: that is how the market steps.
 */
import { fileURLToPath } from "node:url";

import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import type { TransactionReceipt } from "ethers";
import type { NetworkConnection } from "hardhat/types/network";
import type { EthereumProvider } from "hardhat/types/providers";

import { ACCOUNT_BALANCE, localAccounts, PUBLIC_TEST_MNEMONIC, type LocalAccounts } from "./accounts.ts";
import { holdBlockRules, latestTime } from "./blockRules.ts";
import { LocalWorldError, TransactionFailedError } from "./errors.ts";
import { hex } from "./hex.ts";
import { startRpcServer } from "./rpcServer.ts";

export interface ChainOptions {
  /** Unix seconds of the first block. Deployment takes some hundred seconds of the chain's time after it. */
  readonly time: number;
  /** Port for JSON-RPC on 127.0.0.1; 0 takes a free one; absent: no server. */
  readonly port?: number;
  /** Default 31337. */
  readonly chainId?: number;
  /** Wei, the same in every block. Default 20 gwei; null lets it float as on mainnet. */
  readonly baseFeePerGas?: bigint | null;
  /** Seconds between blocks that are mined by themselves. Default 1. */
  readonly blockSeconds?: number;
}

/** A transaction from one of the chain's own accounts, which signs inside the chain. */
export interface LocalTransaction {
  readonly from: string;
  readonly to: string;
  readonly data: string;
  /** Wei. */
  readonly value?: bigint;
  readonly gas: bigint;
  /** For the error, if it fails: "The market's trades". */
  readonly what: string;
}

export interface LocalLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export interface LocalReceipt {
  readonly hash: string;
  readonly gasUsed: bigint;
  readonly logs: readonly LocalLog[];
}

export interface LocalChain {
  readonly provider: EthereumProvider;
  /** hardhat-ethers bound to this chain. */
  readonly ethers: HardhatEthers;
  readonly connection: NetworkConnection;
  readonly chainId: number;
  /** JSON-RPC address, null without a server. */
  readonly url: string | null;
  readonly accounts: LocalAccounts;
  /** Unix seconds of the newest block. */
  time(): Promise<number>;
  /**
   * Mines exactly one block with these transactions in this order (and with what waited in the pool before them).
   * @param timestamp unix seconds, later than the newest block
   * @returns one receipt for each transaction
   * @throws TransactionFailedError if one of them failed; the block stands all the same
   */
  block(timestamp: number, transactions: readonly LocalTransaction[]): Promise<readonly LocalReceipt[]>;
  /** Moves the time on with one block without transactions of ours. */
  mine(timestamp: number): Promise<void>;
  /** Off: transactions wait in the pool for {@link block} or {@link mine}, as a keeper meets it on a network. */
  setAutomine(on: boolean): Promise<void>;
  /** Frees the port and the chain's memory. Calling it again does nothing. */
  stop(): Promise<void>;
}

interface RawReceipt {
  readonly status: string;
  readonly gasUsed: string;
  readonly blockNumber: string;
  readonly logs: readonly LocalLog[];
}

const GWEI = 10n ** 9n;
const DEFAULT_BASE_FEE = 20n * GWEI;
/** The world's own transactions pay any price: they must be in their block. */
const MAX_FEE = 100_000n * GWEI;

/**
 * Starts a chain.
 * @throws PortBusyError, LocalWorldError
 */
export async function startChain(options: ChainOptions): Promise<LocalChain> {
  if (!Number.isSafeInteger(options.time) || options.time <= 0) {
    throw new LocalWorldError(`A chain's first block needs a time in whole unix seconds, not ${options.time}.`);
  }
  // Hardhat looks for its configuration from the working directory upward; the user may stand anywhere.
  process.env["HARDHAT_CONFIG"] ??= fileURLToPath(new URL("../../hardhat.config.ts", import.meta.url));
  const { network, hooks } = await import("hardhat");

  const baseFee = options.baseFeePerGas === undefined ? DEFAULT_BASE_FEE : options.baseFeePerGas;
  const connection: NetworkConnection = await network.create({
    override: {
      chainId: options.chainId ?? 31337,
      initialDate: new Date(options.time * 1000),
      accounts: { mnemonic: PUBLIC_TEST_MNEMONIC, accountsBalance: ACCOUNT_BALANCE.toString() },
      // In the order sent, so that feeds come before trades inside a step's block.
      mining: { auto: true, mempool: { order: "fifo" } },
      ...(baseFee === null ? {} : { initialBaseFeePerGas: baseFee }),
    },
  });
  const rules = holdBlockRules(hooks, connection, { interval: options.blockSeconds ?? 1, baseFee });
  try {
    const server = options.port === undefined ? null : await startRpcServer(connection.provider, options.port);
    return new HardhatChain(connection, {
      baseFee,
      url: server?.url ?? null,
      async release(): Promise<void> {
        await server?.close();
        rules.release();
        await connection.close();
      },
    });
  } catch (error) {
    rules.release();
    await connection.close();
    throw error;
  }
}

interface Owned {
  readonly baseFee: bigint | null;
  readonly url: string | null;
  release(): Promise<void>;
}

class HardhatChain implements LocalChain {
  readonly provider: EthereumProvider;
  readonly ethers: HardhatEthers;
  readonly connection: NetworkConnection;
  readonly chainId: number;
  readonly url: string | null;
  readonly accounts: LocalAccounts = localAccounts();
  readonly #owned: Owned;
  #stopped: Promise<void> | null = null;

  constructor(connection: NetworkConnection, owned: Owned) {
    const config = connection.networkConfig;
    if (config.type !== "edr-simulated") {
      throw new LocalWorldError(`The local chain needs Hardhat's simulated network, not "${config.type}".`);
    }
    this.connection = connection;
    this.provider = connection.provider;
    this.ethers = connection.ethers;
    this.chainId = config.chainId;
    this.url = owned.url;
    this.#owned = owned;
  }

  time(): Promise<number> {
    return latestTime(this.connection);
  }

  async block(timestamp: number, transactions: readonly LocalTransaction[]): Promise<readonly LocalReceipt[]> {
    const automine = await this.#request<boolean>("hardhat_getAutomine");
    if (automine) await this.#request("evm_setAutomine", false);
    try {
      const hashes: string[] = [];
      for (const transaction of transactions) hashes.push(await this.#send(transaction));
      await this.mine(timestamp);
      const receipts: LocalReceipt[] = [];
      for (const [i, hash] of hashes.entries()) receipts.push(await this.#receipt(hash, transactions[i]?.what ?? "?"));
      return receipts;
    } finally {
      if (automine) await this.#request("evm_setAutomine", true);
    }
  }

  async mine(timestamp: number): Promise<void> {
    const { baseFee } = this.#owned;
    if (baseFee !== null) await this.#request("hardhat_setNextBlockBaseFeePerGas", hex(baseFee));
    await this.#request("evm_mine", hex(BigInt(timestamp)));
  }

  async setAutomine(on: boolean): Promise<void> {
    await this.#request("evm_setAutomine", on);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#owned.release();
    return this.#stopped;
  }

  #send(transaction: LocalTransaction): Promise<string> {
    const { from, to, data, gas, value } = transaction;
    return this.#request<string>("eth_sendTransaction", {
      from,
      to,
      data,
      gas: hex(gas),
      maxFeePerGas: hex(MAX_FEE),
      maxPriorityFeePerGas: hex(GWEI),
      ...(value === undefined ? {} : { value: hex(value) }),
    });
  }

  async #receipt(hash: string, what: string): Promise<LocalReceipt> {
    const raw = await this.#request<RawReceipt | null>("eth_getTransactionReceipt", hash);
    if (raw === null) throw new TransactionFailedError(what, hash, "it did not fit into its block");
    if (BigInt(raw.status) !== 1n) throw new TransactionFailedError(what, hash, await this.#whyFailed(hash, raw));
    return { hash, gasUsed: BigInt(raw.gasUsed), logs: raw.logs };
  }

  /** Runs the transaction again on the state before its block; earlier transactions of the block are missing there. */
  async #whyFailed(hash: string, raw: RawReceipt): Promise<string> {
    const sent = await this.#request<{ from: string; to: string; input: string; gas: string }>(
      "eth_getTransactionByHash",
      hash,
    );
    if (BigInt(sent.gas) === BigInt(raw.gasUsed)) return "it ran out of gas";
    const before = hex(BigInt(raw.blockNumber) - 1n);
    try {
      await this.#request("eth_call", { from: sent.from, to: sent.to, data: sent.input, gas: sent.gas }, before);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return "it succeeds alone on the state before its block, so an earlier transaction of the block is the cause";
  }

  async #request<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    return (await this.provider.request({ method, params })) as T;
  }
}

/** The receipt of a transaction that was sent with ethers; it must have been mined. */
export function mined(receipt: TransactionReceipt | null, what: string): TransactionReceipt {
  if (receipt === null) throw new LocalWorldError(`${what} was not mined: is automatic mining off?`);
  return receipt;
}
