/**
 * Fixes what the simulated chain would take from the clock on the wall and from its own traffic, so that equal runs are
 * equal: every automatically mined block comes a fixed interval after the one before it and has the same base fee.
 */
import type { HookManager } from "hardhat/types/hooks";
import type { NetworkConnection } from "hardhat/types/network";
import type { JsonRpcResponse } from "hardhat/types/providers";

import { hex } from "./hex.ts";

const SENDS = new Set(["eth_sendTransaction", "eth_sendRawTransaction"]);
/** After these the caller has chosen the next block's time himself. */
const TIME_SETTERS = new Set(["evm_setNextBlockTimestamp", "evm_increaseTime"]);
const MINES = new Set(["evm_mine", "hardhat_mine"]);

export interface BlockRules {
  /** Seconds between automatically mined blocks. */
  readonly interval: number;
  /** Wei; null lets it float. */
  readonly baseFee: bigint | null;
}

/** Undoes {@link holdBlockRules}. */
export interface HeldRules {
  release(): void;
}

/** @param connection whose requests to watch: other chains of the process go their own way */
export function holdBlockRules(hooks: HookManager, connection: NetworkConnection, rules: BlockRules): HeldRules {
  const request = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    connection.provider.request({ method, params });
  let timeChosen = false;
  let ours = false;
  let queue: Promise<unknown> = Promise.resolve();

  const prepareBlock = async (): Promise<void> => {
    if (rules.baseFee !== null) await request("hardhat_setNextBlockBaseFeePerGas", hex(rules.baseFee));
    if (timeChosen) return;
    ours = true;
    try {
      await request("evm_setNextBlockTimestamp", (await latestTime(connection)) + rules.interval);
    } finally {
      ours = false;
    }
  };

  const handlers: Parameters<typeof hooks.registerHandlers<"network">>[1] = {
    async onRequest(context, seen, message, next): Promise<JsonRpcResponse> {
      const pass = (): Promise<JsonRpcResponse> => next(context, seen, message);
      if (seen.id !== connection.id) return pass();
      if (TIME_SETTERS.has(message.method)) timeChosen ||= !ours;
      if (MINES.has(message.method)) timeChosen = false;
      if (!SENDS.has(message.method)) return pass();
      // One send at a time: the second of two would otherwise be given the first one's time.
      const result = queue.then(async () => {
        if ((await request("hardhat_getAutomine")) !== true) return pass();
        await prepareBlock();
        const response = await pass();
        timeChosen = false;
        return response;
      });
      queue = result.catch(() => undefined);
      return result;
    },
  };
  hooks.registerHandlers("network", handlers);
  return { release: () => hooks.unregisterHandlers("network", handlers) };
}

/** Unix seconds of the newest block. */
export async function latestTime(connection: Pick<NetworkConnection, "provider">): Promise<number> {
  const block = (await connection.provider.request({ method: "eth_getBlockByNumber", params: ["latest", false] })) as {
    readonly timestamp: string;
  };
  return Number(block.timestamp);
}
