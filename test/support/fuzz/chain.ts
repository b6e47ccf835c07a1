/**
 * The chain as the fuzz drives it: raw requests with a clock of its own, so that a seed gives the same run on any machine, and
 * several times as many transactions a second as through a signer.
 */
import { AbiCoder, type ErrorFragment, type Interface } from "ethers";

import type { World } from "../world.ts";

export interface RawLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export interface Tx {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** A transaction that went through. `at` is its block's time, unix seconds. */
export interface Done {
  readonly ok: true;
  readonly at: number;
  readonly gasUsed: bigint;
  readonly logs: readonly RawLog[];
}

/** A transaction that was refused; `reason` is the error's name, or the text of a reason string. */
export interface Refusal {
  readonly ok: false;
  readonly at: number;
  readonly reason: string;
}

export type Outcome = Done | Refusal;

/** Seconds between one transaction's block and the next one's. */
const BLOCK_TIME = 12;
const GAS = "0xb71b00"; // 12 million
const GAS_PRICE = "0x2540be400"; // 10 gwei: equal prices keep a block's transactions in order
const ERROR_STRING = "0x08c379a0";
const PANIC = "0x4e487b71";
/** TickMath reverts with this in assembly, so no ABI of ours carries it. */
const LIBRARY_ERRORS: Readonly<Record<string, string>> = { "0x8b86327a": "InvalidTick" };
/** Refusals that say that code broke, rather than declined. */
export const FAULT = /^(Panic|out of gas|unexplained|unknown|invalid)/;

interface RawReceipt {
  readonly status: string;
  readonly gasUsed: string;
  readonly logs: readonly RawLog[];
}

export class FuzzChain {
  readonly #world: World;
  readonly #errors = new Map<string, string>();
  #now: number;
  #blocks = 0;
  #caller = "";

  private constructor(world: World, now: number) {
    this.#world = world;
    this.#now = now;
    const { vault, planErrors, policy, oracle, manager, baseFeed, token0 } = world;
    for (const { interface: abi } of [vault, planErrors, policy, oracle, manager, baseFeed, token0]) this.#learn(abi);
    for (const [selector, name] of Object.entries(LIBRARY_ERRORS)) this.#errors.set(selector, name);
  }

  static async on(world: World): Promise<FuzzChain> {
    const chain = new FuzzChain(world, await world.now());
    chain.#caller = await world.market.getAddress();
    return chain;
  }

  /** Errors of other contracts of the world. */
  learn(abi: Interface): void {
    this.#learn(abi);
  }

  #learn(abi: Interface): void {
    abi.forEachError((error: ErrorFragment) => this.#errors.set(error.selector, error.name));
  }

  /** Time of the last block. */
  get now(): number {
    return this.#now;
  }

  /** Blocks that were made since the beginning, undone ones included: a look is as fresh as this number. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Time of the next block. */
  get next(): number {
    return this.#now + BLOCK_TIME;
  }

  /** Lets seconds pass; a block marks the end of them. */
  async pass(seconds: number): Promise<void> {
    this.#now += seconds;
    this.#blocks++;
    await this.#request("evm_setNextBlockTimestamp", [this.#now]);
    await this.#request("evm_mine", []);
  }

  /** Sends a transaction into a block of its own. */
  async send(tx: Tx): Promise<Outcome> {
    const at = this.next;
    await this.#request("evm_setNextBlockTimestamp", [at]);
    this.#now = at;
    this.#blocks++;
    try {
      const hash = await this.#submit(tx);
      const receipt = await this.#receipt(hash);
      return { ok: true, at, gasUsed: BigInt(receipt.gasUsed), logs: receipt.logs };
    } catch (error) {
      return { ok: false, at, reason: this.#reason(error) };
    }
  }

  /** Sends transactions into one block, in this order. A refusal gives no reason. */
  async sendTogether(txs: readonly Tx[]): Promise<readonly Outcome[]> {
    const at = this.next;
    const hashes: string[] = [];
    await this.#request("evm_setAutomine", [false]);
    try {
      for (const tx of txs) hashes.push(await this.#submit(tx));
      await this.#request("evm_setNextBlockTimestamp", [at]);
      await this.#request("evm_mine", []);
    } finally {
      await this.#request("evm_setAutomine", [true]);
    }
    this.#now = at;
    this.#blocks++;
    const outcomes: Outcome[] = [];
    for (const hash of hashes) {
      const { status, gasUsed, logs } = await this.#receipt(hash);
      outcomes.push(
        status === "0x1"
          ? { ok: true, at, gasUsed: BigInt(gasUsed), logs }
          : { ok: false, at, reason: "refused inside a block" },
      );
    }
    return outcomes;
  }

  /** Reads as of the last block, or as of the next one. */
  async call(to: string, data: string, when: "now" | "next" = "now"): Promise<string> {
    if (when === "next") await this.#request("evm_setNextBlockTimestamp", [this.next]);
    return (await this.#request("eth_call", [{ to, data }, when === "now" ? "latest" : "pending"])) as string;
  }

  /** Reads what may refuse to answer. */
  async ask(to: string, data: string, when: "now" | "next" = "now"): Promise<{ readonly result: string } | Refusal> {
    try {
      return { result: await this.call(to, data, when) };
    } catch (error) {
      return { ok: false, at: this.next, reason: this.#reason(error) };
    }
  }

  /** Calldata that reads many things in one call. */
  bundle(reads: readonly { readonly target: string; readonly data: string }[]): string {
    return this.#world.market.interface.encodeFunctionData("run", [[...reads]]);
  }

  async readBundle(data: string, when: "now" | "next" = "now"): Promise<readonly string[]> {
    return splitBytesArray(await this.call(this.#caller, data, when));
  }

  async read(
    reads: readonly { readonly target: string; readonly data: string }[],
    when: "now" | "next" = "now",
  ): Promise<readonly string[]> {
    return reads.length === 0 ? [] : this.readBundle(this.bundle(reads), when);
  }

  /** Runs something and undoes it on chain. */
  async undone<T>(work: () => Promise<T>): Promise<T> {
    const now = this.#now;
    const id = await this.#request("evm_snapshot", []);
    try {
      return await work();
    } finally {
      await this.#request("evm_revert", [id]);
      this.#now = now;
    }
  }

  async #submit(tx: Tx): Promise<string> {
    return (await this.#request("eth_sendTransaction", [{ ...tx, gas: GAS, gasPrice: GAS_PRICE }])) as string;
  }

  async #receipt(hash: string): Promise<RawReceipt> {
    const receipt = (await this.#request("eth_getTransactionReceipt", [hash])) as RawReceipt | null;
    if (receipt === null) throw new Error(`the chain has no receipt of ${hash}`);
    return receipt;
  }

  #request(method: string, params: readonly unknown[]): Promise<unknown> {
    return this.#world.connection.provider.request({ method, params: [...params] });
  }

  /** @throws the error itself if it is not a refusal */
  #reason(error: unknown): string {
    const { data, message } = error as { readonly data?: unknown; readonly message?: string };
    if (message?.includes("out of gas") === true) return "out of gas";
    if (message?.includes("invalid opcode") === true) return "invalid opcode";
    if (typeof data !== "string" || !data.startsWith("0x")) throw error;
    if (data === "0x") return "unexplained";
    const selector = data.slice(0, 10);
    const rest = `0x${data.slice(10)}`;
    if (selector === ERROR_STRING) return String(AbiCoder.defaultAbiCoder().decode(["string"], rest)[0]);
    if (selector === PANIC) return `Panic ${BigInt(rest)}`;
    return this.#errors.get(selector) ?? `unknown ${selector}`;
  }
}

/** Items of an ABI-encoded `bytes[]` that is the only result of a call. */
function splitBytesArray(hex: string): readonly string[] {
  const word = (at: number): number => parseInt(hex.slice(2 + at * 2, 2 + (at + 32) * 2), 16);
  const list = word(0);
  const count = word(list);
  const items: string[] = [];
  for (let i = 0; i < count; i++) {
    const at = list + 32 + word(list + 32 * (i + 1));
    const length = word(at);
    items.push(`0x${hex.slice(2 + (at + 32) * 2, 2 + (at + 32 + length) * 2)}`);
  }
  return items;
}
