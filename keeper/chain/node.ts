/**
 * What the keeper asks of an Ethereum node, and nothing more. Every method is one request. Failures are told apart here once: the
 * contract refused (Reverted), the node could not be reached (ConnectionError), the node refused (NodeError).
 */
import { ConnectionError, NodeError } from "./failures.ts";
import { revertDataOf, Reverted } from "./errors.ts";
import { type BlockTag, bytes, quantity, record, type Rpc, tagToHex, toHex } from "./rpc.ts";

export interface CallRequest {
  /** None creates a contract. */
  readonly to?: string;
  readonly data: string;
  readonly from?: string;
  readonly gas?: bigint;
}

export interface BlockHeader {
  readonly number: bigint;
  readonly hash: string;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Wei; null before EIP-1559. */
  readonly baseFeePerGas: bigint | null;
}

export interface EventLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export interface Receipt {
  readonly hash: string;
  readonly blockNumber: bigint;
  readonly blockHash: string;
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  /** Wei. */
  readonly effectiveGasPrice: bigint;
  readonly logs: readonly EventLog[];
}

/** Events of one kind of one contract. */
export interface LogFilter {
  readonly address: string;
  readonly topic0: string;
  /** Blocks, both ends included. */
  readonly from: bigint;
  readonly to: bigint;
}

/** What became of handing a signed transaction to the node. Only `accepted` is certain: after anything else it may or may not be known. */
export type SendResult =
  { readonly accepted: true } | { readonly accepted: false; readonly kind: SendFailure; readonly reason: string };

/** "known": the node has it already. "nonce": the account's nonce has moved on. */
export type SendFailure = "known" | "nonce" | "underpriced" | "funds" | "connection" | "other";

export class ChainNode {
  readonly #rpc: Rpc;

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  async chainId(): Promise<bigint> {
    return quantity(await this.#ask("eth_chainId"), "chain id");
  }

  /** Null if there is no such block (yet, or any more). */
  async block(tag: BlockTag): Promise<BlockHeader | null> {
    const raw = record(await this.#ask("eth_getBlockByNumber", tagToHex(tag), false), "block");
    if (raw === null) return null;
    const baseFee = raw["baseFeePerGas"];
    return {
      number: quantity(raw["number"], "block number"),
      hash: bytes(raw["hash"], "block hash"),
      timestamp: Number(quantity(raw["timestamp"], "block time")),
      baseFeePerGas: baseFee === undefined || baseFee === null ? null : quantity(baseFee, "base fee"),
    };
  }

  /** Throws Reverted if the contract refuses. */
  async call(request: CallRequest, tag: BlockTag): Promise<string> {
    return bytes(await this.#ask("eth_call", rawCall(request), tagToHex(tag)), "call result");
  }

  /** Gas units. Throws Reverted if the contract refuses. */
  async estimateGas(request: CallRequest, tag: BlockTag): Promise<bigint> {
    return quantity(await this.#ask("eth_estimateGas", rawCall(request), tagToHex(tag)), "gas estimate");
  }

  /** How many transactions of the account are in the chain up to the block, which is its next nonce. */
  async transactionCount(account: string, tag: BlockTag): Promise<number> {
    return Number(quantity(await this.#ask("eth_getTransactionCount", account, tagToHex(tag)), "account nonce"));
  }

  /** The node's suggestion for the priority fee, wei. */
  async priorityFee(): Promise<bigint> {
    return quantity(await this.#ask("eth_maxPriorityFeePerGas"), "priority fee");
  }

  /** Null while the transaction is in no canonical block. */
  async receipt(hash: string): Promise<Receipt | null> {
    const raw = record(await this.#ask("eth_getTransactionReceipt", hash), "receipt");
    if (raw === null) return null;
    const logs = raw["logs"];
    if (!Array.isArray(logs))
      throw new NodeError("The node's receipt has no logs; use a node that serves full receipts.");
    return {
      hash,
      blockNumber: quantity(raw["blockNumber"], "receipt's block"),
      blockHash: bytes(raw["blockHash"], "receipt's block hash"),
      succeeded: quantity(raw["status"], "receipt's status") === 1n,
      gasUsed: quantity(raw["gasUsed"], "gas used"),
      effectiveGasPrice: quantity(raw["effectiveGasPrice"] ?? "0x0", "gas price"),
      logs: (logs as unknown[]).map(eventLog),
    };
  }

  /** How many events of one kind a contract emitted in these blocks, both included. Nodes limit how many blocks they look through at once. */
  async countLogs(filter: LogFilter): Promise<number> {
    return (await this.#rawLogs(filter)).length;
  }

  /** The events themselves, in the order of the chain; the same limits. */
  async logs(filter: LogFilter): Promise<readonly EventLog[]> {
    return (await this.#rawLogs(filter)).map(eventLog);
  }

  async #rawLogs({ address, topic0, from, to }: LogFilter): Promise<readonly unknown[]> {
    const range = { fromBlock: toHex(from), toBlock: toHex(to) };
    const logs = await this.#ask("eth_getLogs", { address, topics: [topic0], ...range });
    if (!Array.isArray(logs))
      throw new NodeError("The node's events are not a list; use a node that serves eth_getLogs.");
    return logs as unknown[];
  }

  /** Hands over a signed transaction. Never throws for what the node says, since only the chain tells what became of it. */
  async send(raw: string): Promise<SendResult> {
    try {
      await this.#rpc.request({ method: "eth_sendRawTransaction", params: [raw] });
      return { accepted: true };
    } catch (error) {
      const reason = messageOf(error);
      return { accepted: false, kind: sendFailure(error, reason), reason };
    }
  }

  async #ask(method: string, ...params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#rpc.request({ method, params });
    } catch (error) {
      const data = revertDataOf(error);
      if (data !== null && (method === "eth_call" || method === "eth_estimateGas")) {
        throw new Reverted(data, { cause: error });
      }
      if (isConnectionFailure(error)) {
        throw new ConnectionError(
          `The node does not answer (${method}: ${messageOf(error)}); check RPC_URL (or --rpc) and that the node is up.`,
          {
            cause: error,
          },
        );
      }
      throw new NodeError(
        `The node refused ${method} (${messageOf(error)}); check that it is in sync and serves this method.`,
        {
          cause: error,
        },
      );
    }
  }
}

function rawCall(request: CallRequest): Record<string, string> {
  const { to, data, from, gas } = request;
  return {
    ...(to === undefined ? {} : { to }),
    data,
    ...(from === undefined ? {} : { from }),
    ...(gas === undefined ? {} : { gas: toHex(gas) }),
  };
}

function eventLog(raw: unknown): EventLog {
  const one = record(raw, "log") ?? {};
  const topics = one["topics"];
  return {
    address: bytes(one["address"], "log's address"),
    topics: Array.isArray(topics) ? (topics as unknown[]).map((topic) => bytes(topic, "log's topic")) : [],
    data: bytes(one["data"], "log's data"),
  };
}

/** By the words of geth, Nethermind, Erigon, Besu, Reth and Hardhat: JSON-RPC has no codes for these. */
function sendFailure(error: unknown, reason: string): SendFailure {
  if (isConnectionFailure(error)) return "connection";
  if (/already known|known transaction|already imported|already in (the )?mempool/i.test(reason)) return "known";
  if (/underpriced|fee too low|gas price too low|max fee per gas less than block base fee/i.test(reason))
    return "underpriced";
  if (/nonce (is )?too low|nonce.*(been )?used|old nonce/i.test(reason)) return "nonce";
  if (/insufficient funds|enough funds|insufficient balance|upfront cost/i.test(reason)) return "funds";
  return "other";
}

const CONNECTION_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "EPIPE",
  "TIMEOUT",
  "NETWORK_ERROR",
  "SERVER_ERROR",
]);

/** The request got no answer, or none from a node (ethers' codes for HTTP failures included). */
export function isConnectionFailure(error: unknown): boolean {
  for (let one = error, depth = 0; one instanceof Error && depth < 5; one = one.cause, depth++) {
    const code = "code" in one ? one.code : undefined;
    if (typeof code === "string" && CONNECTION_CODES.has(code)) return true;
  }
  return false;
}

/** The node's own words: ethers wraps them. One line. */
export function messageOf(error: unknown): string {
  const inner = nodeMessage(error);
  const text = inner ?? (error instanceof Error ? error.message : String(error));
  return text.replace(/\s+/g, " ").slice(0, 300);
}

function nodeMessage(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  const info = (error as Record<string, unknown>)["info"];
  for (const holder of [info, error]) {
    if (typeof holder !== "object" || holder === null) continue;
    const inner = (holder as Record<string, unknown>)["error"];
    if (typeof inner === "object" && inner !== null) {
      const message = (inner as Record<string, unknown>)["message"];
      if (typeof message === "string") return message;
    }
  }
  const short = (error as Record<string, unknown>)["shortMessage"];
  return typeof short === "string" ? short : null;
}
