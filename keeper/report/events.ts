/**
 * What happened to a vault between two blocks, read from the logs of the vault and of its pools. Amounts in whole units of
 * base and quote, ranges in oriented ticks.
 */
import { Interface, zeroPadValue, type Log, type LogDescription } from "ethers";

import { toOrientedRange, unitsFromWei, type Orientation } from "../chain/prices.ts";
import type { Amounts } from "../strategy/liquidity.ts";

export interface RangeKey {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
}

/** Liquidity taken out of a range; the amounts are its principal. */
export interface BurnEvent extends RangeKey, Amounts {
  /** Raw. */
  readonly liquidity: number;
}

/** A sleeve was given something (positive) or gave something; whole units. */
export interface SleeveEvent extends Amounts {
  readonly index: number;
  /** The vault's units that came or went with it, 1 = all of a vault that is alone. */
  readonly units: number;
}

export interface VaultEvents {
  readonly burns: readonly BurnEvent[];
  /** What pools paid out for the vault's positions, principal of burns included, to whomever it went. */
  readonly collects: readonly Amounts[];
  /** Change of the vault's tokens by its own swaps. */
  readonly swaps: readonly Amounts[];
  readonly deposits: readonly Amounts[];
  readonly withdrawals: readonly Amounts[];
  /** Paid in by leavers for their part of a debt. */
  readonly paidIn: readonly Amounts[];
  readonly sleeveMoves: readonly SleeveEvent[];
  /** Units that leavers took instead of tokens. */
  readonly unitsTaken: readonly { readonly index: number; readonly units: number }[];
  /** Debts that somebody brought down, or the guardian unwound; by the sleeve's place. */
  readonly interventions: readonly { readonly kind: "deleverage" | "unwind"; readonly index: number }[];
}

export const NO_EVENTS: VaultEvents = {
  burns: [],
  collects: [],
  swaps: [],
  deposits: [],
  withdrawals: [],
  paidIn: [],
  sleeveMoves: [],
  unitsTaken: [],
  interventions: [],
};

const POOL = new Interface([
  "event Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)",
  "event Collect(address indexed owner, address recipient, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount0, uint128 amount1)",
  "event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)",
]);
const VAULT = new Interface([
  "event Deposited(address indexed payer, address indexed to, uint256 shares, uint256 amount0, uint256 amount1)",
  "event Withdrawn(address indexed owner, address indexed to, uint256 shares, uint256 amount0, uint256 amount1)",
  "event PaidIn(address indexed owner, address indexed token, uint256 amount)",
  "event Deleveraged(uint256 indexed index, address indexed by, uint256 paid)",
  "event Unwound(uint256 indexed index, address indexed by, uint256 paid)",
]);
const SLEEVE = new Interface([
  "event Moved(int256 moved0, int256 moved1, int256 units)",
  "event Transfer(address caller, address indexed sender, address indexed receiver, uint256 indexed id, uint256 amount)",
]);
/** Units of a vault that is alone. */
const ALL_UNITS = 30;

/** What the reader needs of a chain (ethers' Provider has it). */
export interface LogSource {
  getLogs(filter: {
    readonly address: string | string[];
    readonly topics: (string | string[] | null)[];
    readonly fromBlock: number;
    readonly toBlock: number;
  }): Promise<readonly Pick<Log, "address" | "topics" | "data">[]>;
}

export interface EventSource extends Orientation {
  readonly vault: string;
  /** The pair's pools. */
  readonly pools: readonly { readonly fee: number; readonly address: string }[];
  /** The vault's sleeves by place. Without them, what moves between a sleeve and the vault would be taken for the sleeve's profit. */
  readonly sleeves?: readonly { readonly index: number; readonly address: string }[];
  readonly token0?: string;
}

/** Reads the vault's events of the blocks from `fromBlock` to `toBlock`, both included. */
export async function readEvents(
  chain: LogSource,
  source: EventSource,
  fromBlock: number,
  toBlock: number,
): Promise<VaultEvents> {
  const blocks = { fromBlock, toBlock };
  const topic = (abi: Interface, name: string): string => abi.getEvent(name)?.topicHash ?? "";
  const sleeves = source.sleeves ?? [];
  const [ofPools, ofVault, ofSleeves] = await Promise.all([
    chain.getLogs({
      ...blocks,
      address: source.pools.map((pool) => pool.address),
      // The vault is owner of its positions and sender of its swaps: the first indexed field of each event.
      topics: [["Burn", "Collect", "Swap"].map((name) => topic(POOL, name)), zeroPadValue(source.vault, 32)],
    }),
    chain.getLogs({
      ...blocks,
      address: source.vault,
      topics: [["Deposited", "Withdrawn", "PaidIn", "Deleveraged", "Unwound"].map((name) => topic(VAULT, name))],
    }),
    sleeves.length === 0
      ? []
      : chain.getLogs({
          ...blocks,
          address: sleeves.map(({ address }) => address),
          topics: [["Moved", "Transfer"].map((name) => topic(SLEEVE, name))],
        }),
  ]);
  const found: { [Kind in keyof VaultEvents]: VaultEvents[Kind][number][] } = {
    burns: [],
    collects: [],
    swaps: [],
    deposits: [],
    withdrawals: [],
    paidIn: [],
    sleeveMoves: [],
    unitsTaken: [],
    interventions: [],
  };
  for (const log of ofPools) {
    const event = parse(POOL, log);
    const fee = source.pools.find((pool) => pool.address.toLowerCase() === log.address.toLowerCase())?.fee;
    if (event === null || fee === undefined) continue;
    const amounts = amountsOf(event, source);
    if (event.name === "Collect") found.collects.push(amounts);
    else if (event.name === "Swap") found.swaps.push({ base: -amounts.base, quote: -amounts.quote });
    else {
      const ticks = { tickLower: Number(event.args["tickLower"]), tickUpper: Number(event.args["tickUpper"]) };
      found.burns.push({
        fee,
        ...toOrientedRange(ticks, source),
        liquidity: Number(event.args["amount"]),
        ...amounts,
      });
    }
  }
  for (const log of ofVault) {
    const event = parse(VAULT, log);
    if (event === null) continue;
    if (event.name === "PaidIn") {
      found.paidIn.push(paidIn(event, source));
    } else if (event.name === "Deleveraged" || event.name === "Unwound") {
      const kind = event.name === "Deleveraged" ? "deleverage" : "unwind";
      found.interventions.push({ kind, index: Number(event.args["index"]) });
    } else (event.name === "Deposited" ? found.deposits : found.withdrawals).push(amountsOf(event, source));
  }
  for (const log of ofSleeves) {
    const event = parse(SLEEVE, log);
    const index = sleeves.find(({ address }) => address.toLowerCase() === log.address.toLowerCase())?.index;
    if (event === null || index === undefined) continue;
    if (event.name === "Moved") {
      const units = unitsFromWei(event.args["units"] as bigint, ALL_UNITS);
      found.sleeveMoves.push({ index, units, ...amountsOf(event, source, "moved") });
    } else if (isExit(event, source)) {
      found.unitsTaken.push({ index, units: unitsFromWei(event.args["amount"] as bigint, ALL_UNITS) });
    }
  }
  return found;
}

/** Units that went from the vault to somebody. */
function isExit({ args }: LogDescription, { vault }: EventSource): boolean {
  const [sender, receiver] = [String(args["sender"]), String(args["receiver"])];
  return sender.toLowerCase() === vault.toLowerCase() && BigInt(receiver) !== 0n;
}

function paidIn({ args }: LogDescription, source: EventSource): Amounts {
  const isToken0 = String(args["token"]).toLowerCase() === source.token0?.toLowerCase();
  const isQuote = isToken0 === source.quoteIsToken0;
  const amount = unitsFromWei(args["amount"] as bigint, isQuote ? source.quoteDecimals : source.baseDecimals);
  return isQuote ? { base: 0, quote: amount } : { base: amount, quote: 0 };
}

export function sameRange(a: RangeKey, b: RangeKey): boolean {
  return a.fee === b.fee && a.tickLower === b.tickLower && a.tickUpper === b.tickUpper;
}

function parse(abi: Interface, log: Pick<Log, "topics" | "data">): LogDescription | null {
  return abi.parseLog({ topics: [...log.topics], data: log.data });
}

function amountsOf(event: LogDescription, orientation: Orientation, prefix = "amount"): Amounts {
  const amount = (name: string, decimals: number): number => unitsFromWei(event.args[name] as bigint, decimals);
  const { quoteIsToken0, baseDecimals, quoteDecimals } = orientation;
  return quoteIsToken0
    ? { base: amount(`${prefix}1`, baseDecimals), quote: amount(`${prefix}0`, quoteDecimals) }
    : { base: amount(`${prefix}0`, baseDecimals), quote: amount(`${prefix}1`, quoteDecimals) };
}
