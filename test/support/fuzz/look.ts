/** One look at everything that the fuzz compares: the vault's books, every balance, every pool's price. One call. */
import type { Pair2 } from "../arithmetic.ts";
import { POOL_INTERFACE } from "../pools.ts";
import type { Book, Held, World } from "../world.ts";
import { decodeResult } from "./abi.ts";
import type { FuzzChain } from "./chain.ts";
import { bookReads, parseBooks, type SleeveBook, type VenueBook } from "./sleeves/books.ts";
import { holdersOf, type SleeveSide } from "./sleeves/open.ts";

export interface Spot {
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
}

export interface FeeBook {
  readonly locked: bigint;
  readonly since: bigint;
  readonly until: bigint;
  readonly entryBps: bigint;
  readonly exitBps: bigint;
  readonly nextEntryBps: bigint;
  readonly nextExitBps: bigint;
  readonly nextAt: bigint;
}

/** A place for a sleeve, as the lens shows it; amounts are what the vault's units stand for, debts below zero. */
export interface PlaceLook {
  readonly index: number;
  readonly sleeve: string;
  readonly live: boolean;
  readonly allowed: boolean;
  readonly capBps: bigint;
  readonly answers: boolean;
  readonly units: bigint;
  readonly totalUnits: bigint;
  readonly low: Pair2;
  readonly high: Pair2;
  /** Of the whole sleeve. */
  readonly owned: bigint;
  readonly owed: bigint;
  readonly healthX18: bigint;
}

/** What no passing of time changes. */
export interface Lasting {
  readonly nonce: bigint;
  readonly totalSupply: bigint;
  readonly feeBook: FeeBook;
  readonly treasury: Pair2 & { readonly shareBps: bigint };
  /** Tokens in the vault, the treasury's included. */
  readonly held: Pair2;
  readonly positions: readonly Held[];
  readonly shares: ReadonlyMap<string, bigint>;
  readonly limits: Readonly<Record<string, bigint>>;
  readonly fees: readonly number[];
  readonly keepers: readonly string[];
  readonly treasuryAccount: string;
  /** Of every sleeve by its address, whether it has a place or not; none in a world without. */
  readonly books: ReadonlyMap<string, SleeveBook>;
}

export interface Look extends Lasting {
  readonly timestamp: number;
  /** Effective supply: without fee shares that have come free. */
  readonly supply: bigint;
  readonly idle: Pair2;
  readonly total: Pair2;
  readonly budgets: Readonly<
    Record<"loss" | "turnover" | "churn" | "deleverage", { readonly level: bigint; readonly capacity: bigint }>
  >;
  readonly entryFeeBps: bigint;
  readonly exitFeeBps: bigint;
  readonly oracleOk: boolean;
  readonly price: { readonly mid: bigint; readonly low: bigint; readonly high: bigint; readonly varianceE12: bigint };
  readonly twapHint: bigint;
  readonly spots: ReadonlyMap<number, Spot>;
  /** By the lens, at the oracle's middle, quote wei. */
  readonly nav: bigint;
  /** Places that hold a sleeve. */
  readonly places: readonly PlaceLook[];
  readonly venues: VenueBook | null;
}

const LIMITS = [
  "coreWeightCapBps",
  "minHalfWidth",
  "maxHalfWidth",
  "maxPlanLossBps",
  "lossCapBps",
  "lossRefillBps",
  "turnoverCapBps",
  "turnoverRefillBps",
  "churnCapBps",
  "churnRefillBps",
  "volFloorBps",
  "lvrLimitBps",
  "treasuryShareBps",
  "maxEntryFeeBps",
  "maxExitFeeBps",
  "deleverageCapBps",
  "deleverageRefillBps",
] as const;

export type CapName = (typeof LIMITS)[number];
export const CAP_NAMES: readonly CapName[] = LIMITS;

interface Parts {
  readonly chain: FuzzChain;
  readonly world: World;
  /** Accounts that can have shares. */
  readonly sharers: readonly string[];
  readonly keepers: readonly string[];
  /** Calls of a look, and of all balances. */
  readonly bundle: string;
  readonly everybody: string;
  readonly supplies: string;
  /** What the sleeves' books take, if there are any. */
  readonly side: SleeveSide | null;
  readonly books: string;
}

export class Observer {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param keepers accounts that are or may become keepers */
  static async of(
    chain: FuzzChain,
    world: World,
    keepers: readonly string[],
    side: SleeveSide | null,
  ): Promise<Observer> {
    const { addresses, vault, lens, policy, token0, pools } = world;
    const { who } = world;
    const people = [who.alice, who.bob, who.carol, who.attacker].map(({ address }) => address);
    const sharers = [addresses.vault, ...people];
    const [address0, address1] = [await world.token0.getAddress(), await world.token1.getAddress()];
    const ofVault = (data: string): { target: string; data: string } => ({ target: addresses.vault, data });
    const reads: { target: string; data: string }[] = [
      {
        target: addresses.lens,
        data: lens.interface.encodeFunctionData("observe", [addresses.vault, world.who.keeper.address]),
      },
      ofVault(vault.interface.encodeFunctionData("totalSupply")),
      ofVault(vault.interface.encodeFunctionData("feeBook")),
      ofVault(vault.interface.encodeFunctionData("treasuryBook")),
      { target: addresses.policy, data: policy.interface.encodeFunctionData("treasury") },
      ...keepers.map((keeper) => ({
        target: addresses.policy,
        data: policy.interface.encodeFunctionData("isKeeper", [keeper]),
      })),
      ...[...pools.values()].map((pool) => ({
        target: pool.address,
        data: POOL_INTERFACE.encodeFunctionData("slot0"),
      })),
    ];
    const balance = (target: string, account: string): { target: string; data: string } => ({
      target,
      data: token0.interface.encodeFunctionData("balanceOf", [account]),
    });
    for (const account of sharers) reads.push(balance(addresses.vault, account));
    for (const token of [address0, address1]) reads.push(balance(token, addresses.vault));
    // Whoever can come by tokens at all: what went to anybody else is missing from the sums.
    const holders = [...sharers, who.treasury.address, who.stranger.address, who.keeper.address];
    holders.push(await world.market.getAddress(), ...[...pools.values()].map(({ address }) => address));
    if (side !== null) holders.push(...holdersOf(side));
    const everybody = [address0, address1].flatMap((token) => holders.map((account) => balance(token, account)));
    return new Observer({
      chain,
      world,
      sharers,
      keepers,
      bundle: chain.bundle(reads),
      everybody: chain.bundle(everybody),
      supplies: chain.bundle(
        [address0, address1].map((target) => ({ target, data: token0.interface.encodeFunctionData("totalSupply") })),
      ),
      side,
      books: side === null ? "" : chain.bundle(await bookReads(world, side, sharers)),
    });
  }

  /** Sum of each token over everybody. */
  async tokens(): Promise<Pair2> {
    const { chain, everybody } = this.#parts;
    const balances = (await chain.readBundle(everybody)).map(BigInt);
    const sum = (list: readonly bigint[]): bigint => list.reduce((a, b) => a + b, 0n);
    const half = balances.length / 2;
    return { amount0: sum(balances.slice(0, half)), amount1: sum(balances.slice(half)) };
  }

  /** So much of each token exists: venues mint what they earn. */
  async supplies(): Promise<Pair2> {
    const [amount0, amount1] = (await this.#parts.chain.readBundle(this.#parts.supplies)).map(BigInt);
    return { amount0: amount0 ?? 0n, amount1: amount1 ?? 0n };
  }

  async look(): Promise<Look> {
    const { chain, world, sharers, bundle, side } = this.#parts;
    const { lens, vault, pools } = world;
    const results = await chain.readBundle(bundle);
    let place = 0;
    const next = (): string => {
      const result = results[place++];
      if (result === undefined) throw new Error("the bundle is shorter than its reads");
      return result;
    };
    const s = decodeResult(lens.interface, "observe", next()) as Awaited<ReturnType<World["lens"]["observe"]>>;
    const totalSupply = BigInt(next());
    const feeBook = decodeResult(vault.interface, "feeBook", next()) as FeeBook;
    const treasury = decodeResult(vault.interface, "treasuryBook", next()) as Look["treasury"];
    const treasuryAccount = `0x${next().slice(26)}`;
    const keepers = this.#parts.keepers.filter(() => BigInt(next()) === 1n);
    const spots = new Map<number, Spot>();
    for (const fee of pools.keys()) {
      const slot0 = next();
      spots.set(fee, {
        sqrtPriceX96: BigInt(slot0.slice(0, 66)),
        tick: Number(BigInt.asIntN(24, BigInt(`0x${slot0.slice(66, 130)}`))),
      });
    }
    const shares = new Map(sharers.map((holder) => [holder, BigInt(next())]));
    const held = { amount0: BigInt(next()), amount1: BigInt(next()) };
    const limits: Record<string, bigint> = { pausedUntil: s.limits.pausedUntil };
    for (const name of LIMITS) limits[name] = s.limits[name];
    const read = side === null ? null : parseBooks(side, sharers, await chain.readBundle(this.#parts.books));
    return {
      timestamp: Number(s.timestamp),
      nonce: s.nonce,
      totalSupply,
      supply: s.supply,
      feeBook,
      treasury,
      held,
      idle: { amount0: s.idle0, amount1: s.idle1 },
      total: { amount0: s.total0, amount1: s.total1 },
      positions: s.positions.map((p) => ({
        index: Number(p.index),
        fee: Number(p.fee),
        tickLower: Number(p.tickLower),
        tickUpper: Number(p.tickUpper),
        liquidity: p.liquidity,
        amount0: p.amount0,
        amount1: p.amount1,
        fees0: p.fees0,
        fees1: p.fees1,
      })),
      shares,
      limits,
      fees: s.limits.fees.map(Number),
      keepers,
      treasuryAccount,
      budgets: {
        loss: { level: s.budgets.lossE12, capacity: s.budgets.lossCapacityE12 },
        turnover: { level: s.budgets.turnoverE12, capacity: s.budgets.turnoverCapacityE12 },
        churn: { level: s.budgets.churnE12, capacity: s.budgets.churnCapacityE12 },
        deleverage: { level: s.budgets.deleverageE12, capacity: s.budgets.deleverageCapacityE12 },
      },
      entryFeeBps: s.entryFeeBps,
      exitFeeBps: s.exitFeeBps,
      oracleOk: s.oracleOk,
      price: { mid: s.price.mid, low: s.price.low, high: s.price.high, varianceE12: s.price.varianceE12 },
      twapHint: s.twapHint,
      spots,
      nav: s.nav,
      places: s.sleeves.map((p) => ({
        index: Number(p.index),
        sleeve: p.sleeve.toLowerCase(),
        live: p.live,
        allowed: p.allowed,
        capBps: p.capBps,
        answers: p.answers,
        units: p.units,
        totalUnits: p.totalUnits,
        low: { amount0: p.nets.low0, amount1: p.nets.low1 },
        high: { amount0: p.nets.high0, amount1: p.nets.high1 },
        owned: p.report.owned,
        owed: p.report.owed,
        healthX18: p.report.healthX18,
      })),
      books: read?.books ?? new Map<string, SleeveBook>(),
      venues: read?.venues ?? null,
    };
  }
}

/** What LPs own, as of a look: the treasury's part of pending fees is not theirs. */
export function lpBook(look: Look): Book {
  const lps = (fees: bigint): bigint => fees - (fees * look.treasury.shareBps) / 10_000n;
  return {
    supply: look.supply,
    idle0: look.idle.amount0,
    idle1: look.idle.amount1,
    total0: look.total.amount0,
    total1: look.total.amount1,
    positions: look.positions.map((p) => ({ ...p, fees0: lps(p.fees0), fees1: lps(p.fees1) })),
  };
}
