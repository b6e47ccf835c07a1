/**
 * The local world's keeper and its books look at the same block through the same lens: the second one is given the first one's answer. Only
 * what asks for the newest block is remembered, and only until there is a newer one.
 */
import type { Rpc } from "../../keeper/chain/rpc.ts";

export function rememberCalls(rpc: Rpc): Rpc {
  let block: unknown;
  let answers = new Map<string, unknown>();
  return {
    request: async (call) => {
      const { method, params } = call;
      if (method !== "eth_call" || params[1] !== "latest") return rpc.request(call);
      const newest = await rpc.request({ method: "eth_blockNumber", params: [] });
      if (newest !== block) [block, answers] = [newest, new Map<string, unknown>()];
      // Another block may come while this one is asked: what it answers belongs to the older one's.
      const now = answers;
      const key = JSON.stringify(params);
      if (!now.has(key)) now.set(key, await rpc.request(call));
      return now.get(key);
    },
  };
}
