/** Reaching a node, and knowing that it is the right one and awake. */
import { FetchRequest, JsonRpcProvider, Network } from "ethers";

import { ConfigError, ConnectionError, StaleBlockError } from "./failures.ts";
import { boundedHttp } from "./http.ts";
import { ChainNode, messageOf } from "./node.ts";
import type { Rpc } from "./rpc.ts";

export interface ConnectOptions {
  /** HTTP(S) address of the node. */
  readonly url: string;
  /** The chain that the operator means; the node must be on it. */
  readonly chainId: bigint;
  /** Milliseconds for one request. Default 10,000. */
  readonly timeout?: number;
  /** Ends every request under way, and refuses those that come later. */
  readonly signal?: AbortSignal;
}

export interface Connection {
  readonly node: ChainNode;
  /** For ethers' contracts and signers. */
  readonly provider: JsonRpcProvider;
  /** Lets go of the connection, so that the process can end. */
  close(): void;
}

const DEFAULT_TIMEOUT = 10_000;

/**
 * Connects and asks for the chain id.
 *
 * @throws ConfigError if the address is none or the node is on another chain; ConnectionError if it does not answer
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { url, chainId, timeout = DEFAULT_TIMEOUT, signal } = options;
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol !== "http:" && protocol !== "https:") {
    throw new ConfigError(`RPC_URL is not an http or https address ("${withoutSecrets(url)}"); correct it.`);
  }
  const request = new FetchRequest(url);
  const closed = new AbortController();
  request.getUrlFunc = boundedHttp(
    timeout,
    signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal]),
  );
  const provider = new QuietProvider(request, chainId, {
    staticNetwork: Network.from(chainId),
    batchMaxCount: 1,
    // By default ethers answers an equal request within 250 ms from memory: a keeper must see what is there now.
    cacheTimeout: -1,
  });
  const node = new ChainNode(rpcOf(provider));
  const close = (): void => {
    provider.destroy();
    closed.abort();
  };
  let actual: bigint;
  try {
    actual = await node.chainId();
  } catch (error) {
    close();
    throw new ConnectionError(
      `No node answers at ${withoutSecrets(url)} (${messageOf(error instanceof Error ? (error.cause ?? error) : error)}); check RPC_URL and that the node is up.`,
      { cause: error },
    );
  }
  if (actual !== chainId) {
    close();
    throw new ConfigError(
      `The node at ${withoutSecrets(url)} is on chain ${actual}, the configuration says ${chainId}; correct RPC_URL or CHAIN_ID.`,
    );
  }
  return { node, provider, close };
}

/**
 * A provider that can be closed while ethers' own polling still asks: whoever closes it waits for none of its answers any more, and a
 * rejection that nobody awaits would end the process.
 */
class QuietProvider extends JsonRpcProvider {
  override async send(...args: Parameters<JsonRpcProvider["send"]>): ReturnType<JsonRpcProvider["send"]> {
    try {
      return (await super.send(...args)) as unknown;
    } catch (error) {
      if (!this.destroyed) throw error;
      return new Promise<never>(() => undefined);
    }
  }
}

/** An ethers provider as plain JSON-RPC. */
export function rpcOf(provider: Pick<JsonRpcProvider, "send">): Rpc {
  return { request: ({ method, params }) => provider.send(method, [...params]) as Promise<unknown> };
}

/** Throws StaleBlockError if a block is older than `maxAge` seconds. @param now unix seconds */
export function checkBlockAge(timestamp: number, now: number, maxAge: number): void {
  const age = now - timestamp;
  if (age > maxAge) {
    throw new StaleBlockError(
      `The node's newest block is ${Math.round(age)} s old, more than ${maxAge} s; wait until it is in sync or use another node.`,
    );
  }
}

/** Scheme and host only: keys of hosted nodes stand in the path, the query or the user part. */
function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return url.slice(0, 20);
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
