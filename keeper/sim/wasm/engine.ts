/** The compiled module, and a memory of its own for each pool. */
import { INVERSE_POWERS, MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "../../chain/tickMath.ts";
import { FEE_UNIT } from "../swapStep.ts";
import type { PoolTerms } from "../types.ts";
import { FEE, KEEP, MAX_PRICE, MILLION, MIN_PRICE, POWERS, STATE, TICKS } from "./layout.ts";
import { swapModule } from "./swapModule.ts";

const PAGE = 65_536;

/** What the module exports; see swapModule.ts. Flags are 0 or 1, the status as in wide.ts. */
interface Exports {
  readonly compute: (exactIn: number, zeroForOne: number) => number;
  readonly commit: (zeroForOne: number, time: number) => void;
}

let compiled: WebAssembly.Module | null = null;

/** Views over a pool's memory; they follow it when it grows. */
export class Engine {
  readonly memory: WebAssembly.Memory;
  readonly compute: Exports["compute"];
  readonly commit: Exports["commit"];
  words: BigUint64Array;
  signedWords: BigInt64Array;
  ints: Int32Array;
  bytes: Uint8Array;

  constructor({ fee, tickSpacing }: PoolTerms) {
    compiled ??= new WebAssembly.Module(swapModule());
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(TICKS / PAGE) + 1 });
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.memory } });
    // Our own module: its types are those of swapModule.ts.
    const { compute, commit } = exports as unknown as Exports;
    this.compute = compute;
    this.commit = commit;
    const { buffer } = this.memory;
    this.words = new BigUint64Array(buffer);
    this.signedWords = new BigInt64Array(buffer);
    this.ints = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);

    this.write(MILLION, FEE_UNIT);
    this.write(KEEP, FEE_UNIT - BigInt(fee));
    this.write(FEE, BigInt(fee));
    this.write(MIN_PRICE, MIN_SQRT_RATIO);
    this.write(MAX_PRICE, MAX_SQRT_RATIO);
    INVERSE_POWERS.forEach((power, i) => {
      this.words[POWERS / 8 + 2 * i] = power;
      this.words[POWERS / 8 + 2 * i + 1] = power >> 64n;
    });
    this.ints[STATE.tickSpacing / 4] = tickSpacing;
  }

  /** Makes room up to an address. */
  reserve(end: number): void {
    const missing = end - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    // By half as much again, so that many ticks cost few moves.
    this.memory.grow(Math.ceil(Math.max(missing, (end - TICKS) / 2) / PAGE));
    const { buffer } = this.memory;
    this.words = new BigUint64Array(buffer);
    this.signedWords = new BigInt64Array(buffer);
    this.ints = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /** An unsigned number of up to 256 bits; a typed array takes the lowest 64 bits of what it is given. */
  write(address: number, value: bigint): void {
    const { words } = this;
    const i = address / 8;
    words[i] = value;
    const above = value >> 64n;
    words[i + 1] = above;
    // Most amounts end here.
    const rest = above >> 64n;
    words[i + 2] = rest;
    words[i + 3] = rest === 0n ? 0n : rest >> 64n;
  }

  /** An unsigned number of 256 bits. */
  read(address: number): bigint {
    const { words, ints } = this;
    const i = address / 4;
    let value = words[address / 8] ?? 0n;
    if ((ints[i + 2] ?? 0) !== 0 || (ints[i + 3] ?? 0) !== 0) value |= (words[address / 8 + 1] ?? 0n) << 64n;
    if ((ints[i + 4] ?? 0) !== 0 || (ints[i + 5] ?? 0) !== 0) value |= (words[address / 8 + 2] ?? 0n) << 128n;
    if ((ints[i + 6] ?? 0) !== 0 || (ints[i + 7] ?? 0) !== 0) value |= (words[address / 8 + 3] ?? 0n) << 192n;
    return value;
  }

  int(address: number): number {
    return this.ints[address / 4] ?? 0;
  }

  setInt(address: number, value: number): void {
    this.ints[address / 4] = value;
  }
}
