/** What every command of the fuzz works with: a world, its chain and shadow, a generator of randomness, the last look. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { Random, type Pair2 } from "../arithmetic.ts";
import type { World } from "../world.ts";
import { FAULT, type Done, type FuzzChain, type Outcome, type Refusal, type Tx } from "./chain.ts";
import type { Look, Observer } from "./look.ts";
import type { Model } from "./model.ts";
import type { Marks } from "./sleeves/marks.ts";
import type { SleeveSide } from "./sleeves/open.ts";

/** How a command ended. `reason` is that of a refusal. */
export interface Ended {
  readonly text: string;
  readonly reason?: string;
}

export interface RangePlace {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
}

export class Fuzz {
  readonly world: World;
  readonly chain: FuzzChain;
  readonly model: Model;
  readonly random: Random;
  readonly lps: readonly HardhatEthersSigner[];
  /** Addresses of token0 and token1, of the market's contract, and of the two price feeds. */
  readonly tokens: readonly [string, string];
  readonly market: string;
  readonly feeds: { readonly base: string; readonly quote: string };
  /** Every range in which the vault ever stood, and those that strangers gave it without its knowledge. */
  readonly seen = new Map<string, RangePlace>();
  readonly given = new Set<string>();
  /** Nothing in a world without sleeves. */
  readonly sleeves: SleeveSide | null;
  /** What the places stood for in the second of the plan that is checked, before it. */
  marks: readonly Marks[] = [];
  readonly #observer: Observer;
  /** The market's price, quote units per base unit. */
  price: number;
  #look: Look;
  #lookedAt: number;

  constructor(parts: {
    readonly world: World;
    readonly chain: FuzzChain;
    readonly model: Model;
    readonly observer: Observer;
    readonly tokens: readonly [string, string];
    readonly market: string;
    readonly feeds: { readonly base: string; readonly quote: string };
    readonly seed: number;
    readonly look: Look;
    readonly sleeves: SleeveSide | null;
  }) {
    this.world = parts.world;
    this.chain = parts.chain;
    this.model = parts.model;
    this.#observer = parts.observer;
    this.tokens = parts.tokens;
    this.market = parts.market;
    this.feeds = parts.feeds;
    this.sleeves = parts.sleeves;
    this.random = new Random(parts.seed);
    this.#look = parts.look;
    this.#lookedAt = parts.chain.blocks;
    this.price = parts.world.options.price;
    const { alice, bob, carol, attacker } = parts.world.who;
    this.lps = [alice, bob, carol, attacker];
  }

  /** The last look. */
  get look(): Look {
    return this.#look;
  }

  /** Looks again, if there is a new block. @returns the new look, which is also the last one from now on */
  async refresh(): Promise<Look> {
    if (this.chain.blocks !== this.#lookedAt) {
      this.#look = await this.#observer.look();
      this.#lookedAt = this.chain.blocks;
    }
    return this.#look;
  }

  /** The chain was set back to where it was at that look. */
  restore(look: Look): void {
    this.#look = look;
    this.#lookedAt = this.chain.blocks;
  }

  /** Sum of each token over everybody. */
  tokenSums(): Promise<Pair2> {
    return this.#observer.tokens();
  }

  /** So much of each token exists. */
  supplies(): Promise<Pair2> {
    return this.#observer.supplies();
  }

  /** Sends what has to go through. */
  async must(tx: Tx): Promise<Done> {
    return expectDone(await this.chain.send(tx));
  }

  /** Sends what has to be refused, by an error that names itself. */
  async refused(tx: Tx, reasons?: readonly string[]): Promise<Ended> {
    return this.expectRefused(await this.chain.send(tx), reasons);
  }

  /** @throws unless it was refused, for one of the reasons if any are given, and not by a fault of the code */
  expectRefused(outcome: Outcome, reasons?: readonly string[]): Ended {
    if (outcome.ok) throw new Error(`this had to be refused${reasons === undefined ? "" : `: ${reasons.join(", ")}`}`);
    const { reason } = outcome;
    if (FAULT.test(reason) || (reasons !== undefined && !reasons.includes(reason))) {
      throw new Error(`refused for a wrong reason: ${reason} instead of ${reasons?.join(", ") ?? "a named error"}`);
    }
    return { text: `refused, ${reason}`, reason };
  }

  get quoteIsToken0(): boolean {
    return this.world.options.quoteIsToken0;
  }

  /** A transaction to the vault. */
  toVault(from: string, data: string): Tx {
    return { from, to: this.world.addresses.vault, data };
  }

  toPolicy(from: string, data: string): Tx {
    return { from, to: this.world.addresses.policy, data };
  }

  async tokenBalances(account: string): Promise<Pair2> {
    const data = this.world.token0.interface.encodeFunctionData("balanceOf", [account]);
    const [amount0, amount1] = await this.chain.read(this.tokens.map((target) => ({ target, data })));
    return { amount0: BigInt(amount0 ?? 0), amount1: BigInt(amount1 ?? 0) };
  }
}

export function expectDone(outcome: Outcome | Refusal): Done {
  if (!outcome.ok) throw new Error(`this had to go through, but was refused: ${outcome.reason}`);
  return outcome;
}
