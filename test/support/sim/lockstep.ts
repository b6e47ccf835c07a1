/** Three pools side by side, the reference, the fast one and the bytecode: every call is made on all, and all must agree. */
import { FastPool } from "../../../keeper/sim/fastPool.ts";
import type { PoolMachine } from "../../../keeper/sim/machine.ts";
import { Pool } from "../../../keeper/sim/pool.ts";
import { placeOf } from "../../../keeper/sim/tickBitmap.ts";
import { type BytecodePool, question, storageKey } from "./bytecode.ts";
import { calldata, type Outcome, simulate } from "./model.ts";
import { type Batch, type Operation, operationOf } from "./operations.ts";

/** What was done, for the report and to see that the run tested something. */
export interface Tally {
  calls: number;
  refused: number;
  /** Initialised ticks that swaps passed. */
  crossings: number;
  /** Calls by kind, and reverts by code. */
  readonly kinds: Map<string, number>;
  readonly codes: Map<string, number>;
}

export function newTally(): Tally {
  return { calls: 0, refused: 0, crossings: 0, kinds: new Map(), codes: new Map() };
}

/** The three disagree; the message says where and by how much. */
export class MismatchError extends Error {
  override readonly name = "MismatchError";
}

/** How many batches pass between two looks at everything that the pools hold. */
const LOOK_EVERY = 4;

/**
 * Runs a world: some calls before the pool is opened, the opening, then the batches.
 * @throws MismatchError at the first disagreement
 */
export async function runLockstep(
  chain: BytecodePool,
  terms: { readonly fee: number; readonly tickSpacing: number },
  openingPrice: bigint,
  batches: readonly Batch[],
  tally: Tally,
): Promise<void> {
  const pools = [new Pool(terms), new FastPool(terms)] as const;
  const [reference] = pools;
  let time = await chain.time();
  let count = 0;
  for (const { seconds, draws } of batches) {
    time += seconds;
    const expected: { readonly operation: Operation; readonly outcome: Outcome; readonly state: string }[] = [];
    const make = (operation: Operation): void => {
      const crossed = operation.kind === "swap" ? crossingsOf(operation, reference) : 0;
      const [outcome, fast] = pools.map((pool) => simulate(operation, pool, chain.driver, time)) as [Outcome, Outcome];
      const [state, fastState] = pools.map(stateWords) as [string, string];
      agree(operation, "fast result", fast, outcome);
      agree(operation, "fast state", split(fastState), split(state));
      expected.push({ operation, outcome, state });
      if (outcome.ok) tally.crossings += crossed;
    };
    draws.forEach((draw, i) => {
      // The first calls find the pool locked.
      if (count === 0 && i === 2) make({ kind: "initialize", price: openingPrice });
      make(operationOf(draw, reference, chain.driver));
    });
    const done = await chain.run(
      expected.map(({ operation }) => calldata(operation, chain.driver)),
      time,
    );
    if (done.length !== expected.length) throw new MismatchError(`${done.length} answers to ${expected.length} calls`);
    expected.forEach(({ operation, outcome, state }, i) => {
      const actual = done[i]!;
      agree(operation, "result", outcome, { ok: actual.ok, data: actual.data });
      agree(operation, "state", split(state), split(actual.state));
      note(tally, operation, outcome);
    });
    count += 1;
    if (count % LOOK_EVERY === 0 || count === batches.length) await compareAll(chain, pools);
  }
}

function crossingsOf(operation: Operation & { readonly kind: "swap" }, pool: PoolMachine): number {
  try {
    return pool.quote({
      zeroForOne: operation.zeroForOne,
      amountSpecified: operation.amount,
      sqrtPriceLimitX96: operation.limit,
    }).crossed;
  } catch {
    return 0; // A refusal, which is compared where the call is made.
  }
}

function note(tally: Tally, { kind }: Operation, { ok, data }: Outcome): void {
  tally.calls += 1;
  tally.kinds.set(kind, (tally.kinds.get(kind) ?? 0) + 1);
  if (ok) return;
  tally.refused += 1;
  const code = data === "0x" ? "" : Buffer.from(data.slice(138), "hex").toString("utf8").replaceAll("\0", "");
  tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
}

/** Ticks, bitmap, positions, observations and balances of all three. */
async function compareAll(chain: BytecodePool, pools: readonly PoolMachine[]): Promise<void> {
  const [reference, fast] = pools as [PoolMachine, PoolMachine];
  const ticks = [...new Set([...reference.state.ticks(), ...fast.state.ticks()])];
  const words = [...new Set(ticks.map((tick) => placeOf(tick, reference.tickSpacing).word))];
  const keys = [...reference.state.positions()].map(([key]) => key);
  const observations = Array.from(
    { length: Math.min(reference.state.slot0.observationCardinalityNext + 1, 40) },
    (_, i) => i,
  );
  const ranges = keys.map((key) => {
    const [owner = "", lower, upper] = key.split(":");
    return storageKey(owner, Number(lower), Number(upper));
  });
  const questions = [
    ...ticks.map((tick) => question("ticks", tick)),
    ...words.map((word) => question("tickBitmap", word)),
    ...ranges.map((key) => question("positions", key)),
    ...observations.map((index) => question("observations", index)),
  ];
  const names = [
    ...ticks.map((tick) => `tick ${tick}`),
    ...words.map((word) => `bitmap word ${word}`),
    ...keys.map((key) => `position ${key}`),
    ...observations.map((index) => `observation ${index}`),
  ];
  const told = (pool: PoolMachine): string[] => [
    ...ticks.map((tick) => tickWords(pool, tick)),
    ...words.map((word) => bitmapWord(pool, word)),
    ...keys.map((key) => positionWords(pool, key)),
    ...observations.map((index) => observationWords(pool, index)),
  ];
  const mine = told(reference);
  const quick = told(fast);
  const actual = await chain.ask(questions);
  names.forEach((name, i) => {
    agree(name, "reference and bytecode", split(mine[i] ?? ""), split((actual[i] ?? "").slice(2)));
    agree(name, "reference and fast", split(mine[i] ?? ""), split(quick[i] ?? ""));
  });
  for (const i of [0, 1] as const) {
    const [answer = "0x0"] = await chain.ask([`0x70a08231${hex(BigInt(chain.address))}`], chain.tokens[i]);
    for (const pool of pools) {
      const { amount0, amount1 } = pool.state.balances ?? { amount0: 0n, amount1: 0n };
      agree(`token${i}`, "balance", BigInt(answer), i === 0 ? amount0 : amount1);
    }
  }
}

function hex(value: bigint | number | boolean): string {
  return BigInt.asUintN(256, BigInt(value)).toString(16).padStart(64, "0");
}

function stateWords({ state }: PoolMachine): string {
  const { slot0, liquidity, feeGrowth, protocolFees } = state;
  return [
    slot0.sqrtPriceX96,
    slot0.tick,
    slot0.observationIndex,
    slot0.observationCardinality,
    slot0.observationCardinalityNext,
    slot0.feeProtocol,
    liquidity,
    feeGrowth.token0X128,
    feeGrowth.token1X128,
    protocolFees.amount0,
    protocolFees.amount1,
  ]
    .map(hex)
    .join("");
}

function tickWords({ state }: PoolMachine, tick: number): string {
  const info = state.tick(tick);
  return [
    info.liquidityGross,
    info.liquidityNet,
    info.feeGrowthOutside0X128,
    info.feeGrowthOutside1X128,
    info.tickCumulativeOutside,
    info.secondsPerLiquidityOutsideX128,
    info.secondsOutside,
    info.liquidityGross !== 0n,
  ]
    .map(hex)
    .join("");
}

/** From the list of ticks, since the fast pool has no bitmap. */
function bitmapWord({ state, tickSpacing }: PoolMachine, word: number): string {
  let bits = 0n;
  for (const tick of state.ticks()) {
    const place = placeOf(tick, tickSpacing);
    if (place.word === word) bits |= 1n << BigInt(place.bit);
  }
  return hex(bits);
}

function positionWords({ state }: PoolMachine, key: string): string {
  const position = state.position(key);
  return [
    position.liquidity,
    position.feeGrowthInside0LastX128,
    position.feeGrowthInside1LastX128,
    position.tokensOwed0,
    position.tokensOwed1,
  ]
    .map(hex)
    .join("");
}

function observationWords({ state }: PoolMachine, index: number): string {
  const one = state.observation(index);
  return [one.blockTimestamp, one.tickCumulative, one.secondsPerLiquidityCumulativeX128, one.initialized]
    .map(hex)
    .join("");
}

function split(words: string): string {
  return (words.match(/.{1,64}/g) ?? []).map((word) => `0x${word.replace(/^0+(?=.)/, "")}`).join(" ");
}

function agree(what: Operation | string, where: string, a: unknown, b: unknown): void {
  const [x, y] = [text(a), text(b)];
  if (x === y) return;
  throw new MismatchError(`${text(what)}: ${where}: ${x} is not ${y}`);
}

function text(value: unknown): string {
  return typeof value === "string"
    ? value
    : JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
}
