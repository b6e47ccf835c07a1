/** What pools and tokens tell of a transaction in their events: the only source of the models' flows. */
import { Interface } from "ethers";

import { POOL_INTERFACE } from "../pools.ts";
import type { World } from "../world.ts";
import type { RawLog } from "./chain.ts";

export type PoolStep =
  | {
      readonly kind: "mint" | "burn";
      readonly fee: number;
      readonly owner: string;
      readonly tickLower: number;
      readonly tickUpper: number;
      readonly liquidity: bigint;
      readonly amount0: bigint;
      readonly amount1: bigint;
    }
  | {
      readonly kind: "collect";
      readonly fee: number;
      readonly owner: string;
      readonly tickLower: number;
      readonly tickUpper: number;
      readonly amount0: bigint;
      readonly amount1: bigint;
    }
  | {
      readonly kind: "swap";
      readonly fee: number;
      readonly recipient: string;
      readonly amount0: bigint;
      readonly amount1: bigint;
      readonly sqrtPriceX96: bigint;
    };

const KINDS: Readonly<Record<string, "mint" | "burn" | "collect" | "swap">> = {
  Mint: "mint",
  Burn: "burn",
  Collect: "collect",
  Swap: "swap",
};

/** The steps of every pool of the world, in their order. */
export function poolSteps(world: World, logs: readonly RawLog[]): readonly PoolStep[] {
  const fees = new Map([...world.pools].map(([fee, pool]) => [pool.address.toLowerCase(), fee]));
  const steps: PoolStep[] = [];
  for (const log of logs) {
    const fee = fees.get(log.address.toLowerCase());
    if (fee === undefined) continue;
    const parsed = POOL_INTERFACE.parseLog(log);
    const kind = parsed === null ? undefined : KINDS[parsed.name];
    if (parsed === null || kind === undefined) continue;
    const { args } = parsed;
    const amount0 = args["amount0"] as bigint;
    const amount1 = args["amount1"] as bigint;
    if (kind === "swap") {
      const recipient = args["recipient"] as string;
      steps.push({ kind, fee, recipient, amount0, amount1, sqrtPriceX96: args["sqrtPriceX96"] as bigint });
      continue;
    }
    const range = {
      fee,
      owner: args["owner"] as string,
      tickLower: Number(args["tickLower"]),
      tickUpper: Number(args["tickUpper"]),
      amount0,
      amount1,
    };
    if (kind === "collect") steps.push({ kind, ...range });
    else steps.push({ kind, ...range, liquidity: args["amount"] as bigint });
  }
  return steps;
}

export interface TokenEvent {
  readonly token: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly value: bigint;
}

const TOKEN = new Interface([
  "event Transfer(address indexed from, address indexed to, uint256 value)",
  "event Approval(address indexed owner, address indexed spender, uint256 value)",
]);

/** Events of the two tokens. */
export function tokenEvents(tokens: readonly string[], logs: readonly RawLog[]): readonly TokenEvent[] {
  const events: TokenEvent[] = [];
  for (const log of logs) {
    const token = tokens.find((address) => address.toLowerCase() === log.address.toLowerCase());
    const parsed = token === undefined ? null : TOKEN.parseLog(log);
    if (token === undefined || parsed === null) continue;
    const [from, to, value] = parsed.args as unknown as [string, string, bigint];
    events.push({ token, name: parsed.name, from, to, value });
  }
  return events;
}
