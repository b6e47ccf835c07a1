import { Interface } from "ethers";

import { quantity, record, type Rpc, toHex } from "../../chain/rpc.ts";
import { UnsoundAnswerError } from "./errors.ts";

const EVENTS = new Interface([
  "event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)",
  "event Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)",
  "event Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)",
  "event Collect(address indexed owner, address recipient, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount0, uint128 amount1)",
  "event Flash(address indexed sender, address indexed recipient, uint256 amount0, uint256 amount1, uint256 paid0, uint256 paid1)",
  "event SetFeeProtocol(uint8 feeProtocol0Old, uint8 feeProtocol1Old, uint8 feeProtocol0New, uint8 feeProtocol1New)",
  "event Initialize(uint160 sqrtPriceX96, int24 tick)",
]);
/** All that change the pool's price, liquidity or fee growth. */
const NAMES = ["Swap", "Mint", "Burn", "Collect", "Flash", "SetFeeProtocol", "Initialize"] as const;
const TOPICS = NAMES.map((name) => EVENTS.getEvent(name)?.topicHash ?? "");

/** One of the pool's logs, decoded. */
export interface PoolLog {
  readonly kind: Uppercase<(typeof NAMES)[number]>;
  readonly block: number;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly transactionIndex: number;
  readonly logIndex: number;
  /** Addresses in lower case, numbers as bigint, by the names in the protocol's events. */
  readonly fields: Readonly<Record<string, string | bigint>>;
}

/**
 * The pool's logs of some blocks, both ends included.
 * @throws UnsoundAnswerError if the node answers with something else than was asked for; whatever the node throws
 */
export async function poolLogs(rpc: Rpc, pool: string, from: number, to: number): Promise<readonly PoolLog[]> {
  const answer = await rpc.request({
    method: "eth_getLogs",
    params: [{ address: pool, fromBlock: toHex(from), toBlock: toHex(to), topics: [TOPICS] }],
  });
  if (!Array.isArray(answer))
    throw new UnsoundAnswerError("The node's answer to eth_getLogs is no list; use another node.");
  const logs = (answer as unknown[]).map((raw) => decode(raw, pool, from, to));
  logs.forEach((log, i) => {
    const last = logs[i - 1];
    if (last === undefined || log.block > last.block) return;
    if (log.block < last.block || log.logIndex <= last.logIndex) {
      throw new UnsoundAnswerError(
        `The node lists log ${log.logIndex} of block ${log.block} after log ${last.logIndex} of block ${last.block}; use another node.`,
      );
    }
    if (log.blockHash !== last.blockHash) {
      throw new UnsoundAnswerError(
        `The node's logs of block ${log.block} are of two blocks; its chain was reorganised.`,
      );
    }
  });
  return logs;
}

function decode(raw: unknown, pool: string, from: number, to: number): PoolLog {
  const fail = (problem: string, cause?: unknown): never => {
    throw new UnsoundAnswerError(`The node's log ${problem}; use another node.`, { cause });
  };
  const log = record(raw, "log") ?? {};
  const text = (name: string): string => {
    const value = log[name];
    return typeof value === "string" ? value.toLowerCase() : fail(`has no ${name}`);
  };
  const whole = (name: string): number => Number(quantity(log[name], `log's ${name}`));
  if (text("address") !== pool.toLowerCase()) fail(`is of ${text("address")}, not of the pool`);
  if (log["removed"] === true) fail("was removed by a reorganisation");
  const block = whole("blockNumber");
  if (block < from || block > to) fail(`is of block ${block}, outside of ${from} to ${to}`);
  const topics = Array.isArray(log["topics"]) ? (log["topics"] as string[]) : fail("has no topics");
  let parsed;
  try {
    parsed = EVENTS.parseLog({ topics, data: text("data") });
  } catch (cause) {
    return fail(`${whole("logIndex")} of block ${block} cannot be decoded`, cause);
  }
  if (parsed === null) return fail(`${whole("logIndex")} of block ${block} is none of ${NAMES.join(", ")}`);
  const fields: Record<string, string | bigint> = {};
  parsed.fragment.inputs.forEach((input, i) => {
    const value: unknown = parsed.args[i];
    fields[input.name] = typeof value === "bigint" ? value : String(value).toLowerCase();
  });
  return {
    kind: parsed.name.toUpperCase() as PoolLog["kind"],
    block,
    blockHash: text("blockHash"),
    transactionHash: text("transactionHash"),
    transactionIndex: whole("transactionIndex"),
    logIndex: whole("logIndex"),
    fields,
  };
}
