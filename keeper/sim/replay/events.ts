/**
 * A file of pool events: CSV with one line for each Swap, Mint, Burn and Collect of one pool, in the order of the chain. The
 * columns are those of COLUMNS, in any order; further ones are left alone.
 */
import { MAX_TICK, MIN_TICK } from "../../chain/tickMath.ts";
import { parseTimestamp } from "../../market/time.ts";
import { SimulationFileError } from "../errors.ts";
import { MAX_UINT128, MAX_UINT160 } from "../integers.ts";
import { isTickOfPrice } from "../tickMap.ts";
import type { Range } from "../types.ts";

/** As fetched files have them, in this order. */
export const COLUMNS = [
  "block_number",
  "block_timestamp",
  "tx_type",
  "transaction_hash",
  "tx_index",
  "log_index",
  "sender",
  "receipt",
  "amount0",
  "amount1",
  "total_liquidity",
  "total_liquidity_delta",
  "sqrtPriceX96",
  "current_tick",
  "tick_lower",
  "tick_upper",
  "liquidity",
] as const;
export type Column = (typeof COLUMNS)[number];

/** Columns that a replay reads. */
const NEEDED: readonly Column[] = COLUMNS.filter(
  (name) => !["transaction_hash", "tx_index", "sender", "receipt", "total_liquidity_delta"].includes(name),
);

interface Place {
  readonly block: number;
  readonly logIndex: number;
  /** Unix seconds. */
  readonly time: number;
  /** Wei: as the pool sees them in a swap, what went in or came out otherwise. */
  readonly amount0: bigint;
  readonly amount1: bigint;
}

export interface SwapEvent extends Place {
  readonly kind: "SWAP";
  /** The pool after it. */
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly liquidity: bigint;
}

/** A change of a position; a burn of nothing only adds up fees. */
export interface RangeEvent extends Place {
  readonly kind: "MINT" | "BURN" | "COLLECT";
  readonly range: Range;
  /** What joins or leaves; zero for COLLECT. */
  readonly liquidity: bigint;
  /** The pool's price then; null where the file leaves it empty. */
  readonly sqrtPriceX96: bigint | null;
}

export type PoolEvent = SwapEvent | RangeEvent;

/** Where an event stands in its file. */
export interface InFile {
  /** Physical line, counted from 1. */
  readonly line: number;
}

export type FileEvent = PoolEvent & InFile;
export type FileSwap = SwapEvent & InFile;

/**
 * @param text the file's content
 * @param file how messages name it
 * @returns events in the order of the chain
 * @throws SimulationFileError at the first defect
 */
export function parseEvents(text: string, file: string): readonly FileEvent[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n/);
  const columns = findColumns(lines[0] ?? "", file);
  const events: FileEvent[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (line.trim() === "") continue;
    const event = parseRow(line, index + 1, columns, file);
    const last = events.at(-1);
    if (last !== undefined) checkOrder(last, event, file);
    events.push(event);
  }
  if (events.length === 0) {
    throw new SimulationFileError(file, undefined, "there is no event in the file; give one that has some.");
  }
  return events;
}

interface Columns {
  readonly count: number;
  readonly at: Readonly<Partial<Record<Column, number>>>;
}

function findColumns(header: string, file: string): Columns {
  const names = header.split(",").map((name) => name.trim());
  const wrong = formOf(header);
  if (wrong !== null) throw new SimulationFileError(file, 1, wrong);
  const missing = NEEDED.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new SimulationFileError(
      file,
      1,
      `the header has no column ${missing.join(", ")}; give a file with the columns ${COLUMNS.join(",")}.`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new SimulationFileError(file, 1, `the header has the column ${twice} twice; remove one of them.`);
  }
  return { count: names.length, at: Object.fromEntries(COLUMNS.map((name) => [name, names.indexOf(name)])) };
}

/** What keeps a file from being read as CSV at all, with what to do; null if nothing does. */
function formOf(header: string): string | null {
  if (header.trim() === "") return "the file begins with no header; give one as strata data fetch writes it.";
  if (header.includes("\0") || header.startsWith("\uFFFD")) return "the file is not UTF-8 text; save it as such.";
  if (header.includes(",")) return header.includes('"') ? "the header has quotes; save the file without them." : null;
  return /[;\t]/.test(header) ? "the columns are not separated by commas; save the file with commas." : null;
}

function parseRow(text: string, line: number, columns: Columns, file: string): FileEvent {
  const fail = (problem: string): never => {
    throw new SimulationFileError(file, line, problem);
  };
  const fields = text.split(",");
  if (fields.length !== columns.count) {
    fail(`the row has ${fields.length} columns where the header has ${columns.count}; complete or remove it.`);
  }
  const field = (name: Column): string => fields[columns.at[name] ?? -1]?.trim() ?? "";
  const integer = (name: Column, least: bigint, most: bigint): bigint => {
    const given = field(name);
    // Tables of floats write a tick as "199045.0".
    const plain = given.replace(/\.0*$/, "");
    if (!/^-?\d+$/.test(plain)) return fail(`${name} "${given}" is not a whole number; correct the row.`);
    const value = BigInt(plain);
    if (value < least || value > most) return fail(`${name} ${given} is out of range; correct the row.`);
    return value;
  };
  const count = (name: Column): number => Number(integer(name, 0n, BigInt(Number.MAX_SAFE_INTEGER)));
  const tick = (name: Column): number => Number(integer(name, BigInt(MIN_TICK), BigInt(MAX_TICK)));
  const amount = (name: Column, least: bigint): bigint => integer(name, least, (1n << 255n) - 1n);

  const time = parseTimestamp(field("block_timestamp"));
  if (time === undefined)
    return fail(`block_timestamp "${field("block_timestamp")}" is not a time; write an ISO date in UTC.`);
  if (!Number.isInteger(time)) {
    return fail(`block_timestamp "${field("block_timestamp")}" is no whole second; write the block's own time.`);
  }
  const place = { line, block: count("block_number"), logIndex: count("log_index"), time };

  const kind = field("tx_type");
  if (kind === "SWAP") {
    const event: SwapEvent & InFile = {
      ...place,
      kind,
      amount0: amount("amount0", -(1n << 255n)),
      amount1: amount("amount1", -(1n << 255n)),
      sqrtPriceX96: integer("sqrtPriceX96", 1n, MAX_UINT160),
      tick: tick("current_tick"),
      liquidity: integer("total_liquidity", 0n, MAX_UINT128),
    };
    if (event.amount0 > 0n && event.amount1 > 0n) fail("both amounts of the swap go into the pool; correct the row.");
    if (event.amount0 < 0n && event.amount1 < 0n) fail("both amounts of the swap leave the pool; correct the row.");
    if (!isPlausible(event))
      fail(`tick ${event.tick} is not that of the sqrt price ${event.sqrtPriceX96}; correct the row.`);
    return event;
  }
  if (kind === "MINT" || kind === "BURN" || kind === "COLLECT") {
    const range = { tickLower: tick("tick_lower"), tickUpper: tick("tick_upper") };
    if (range.tickLower >= range.tickUpper) {
      fail(`the range from ${range.tickLower} to ${range.tickUpper} is empty; correct the row.`);
    }
    return {
      ...place,
      kind,
      range,
      amount0: amount("amount0", 0n),
      amount1: amount("amount1", 0n),
      liquidity: kind === "COLLECT" ? 0n : integer("liquidity", 0n, MAX_UINT128),
      sqrtPriceX96: field("sqrtPriceX96") === "" ? null : integer("sqrtPriceX96", 1n, MAX_UINT160),
    };
  }
  return fail(`tx_type "${kind}" is none of SWAP, MINT, BURN and COLLECT; correct the row.`);
}

function isPlausible({ tick, sqrtPriceX96 }: SwapEvent): boolean {
  try {
    return isTickOfPrice(tick, sqrtPriceX96);
  } catch {
    return false; // A price that no pool can have.
  }
}

function checkOrder(last: FileEvent, event: FileEvent, file: string): void {
  const fail = (problem: string): never => {
    throw new SimulationFileError(file, event.line, problem);
  };
  const place = `block ${event.block}, log ${event.logIndex}`;
  if (event.block === last.block && event.logIndex === last.logIndex) {
    fail(`the event of ${place} is there already in line ${last.line}; keep one of the two rows.`);
  }
  if (event.block < last.block || (event.block === last.block && event.logIndex < last.logIndex)) {
    fail(
      `the event of ${place} is out of order after block ${last.block}, log ${last.logIndex} in line ${last.line}; sort the file by block and log index.`,
    );
  }
  if (event.block === last.block ? event.time !== last.time : event.time < last.time) {
    fail(
      `the time of block ${event.block} does not follow from that of block ${last.block} in line ${last.line}; correct one of them.`,
    );
  }
}
