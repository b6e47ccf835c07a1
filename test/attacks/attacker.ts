/** The attacker's contract: builds its calls, and remembers what must be unwound. */
import type { Interface } from "ethers";

import { getTickAtSqrtRatio } from "../../keeper/chain/tickMath.ts";
import type { LocalCaller } from "../../types/ethers-contracts/local/LocalCaller.ts";
import type { PlanStruct } from "../../types/ethers-contracts/Vault.ts";
import { ONE, Q96, sqrtPriceOf } from "../support/arithmetic.ts";
import { MAX_SQRT_LIMIT, MIN_SQRT_LIMIT, mined, type MintStep, type World } from "../support/world.ts";

export interface Call {
  readonly target: string;
  readonly data: string;
}

export interface RangeOf {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
}

/** More than any pool takes; a price limit stops the swap. */
const EVERYTHING = 1n << 200n;
const MAX_UINT128 = (1n << 128n) - 1n;

export class Attacker {
  readonly world: World;
  readonly contract: LocalCaller;
  readonly address: string;
  readonly #ranges = new Map<string, RangeOf>();

  private constructor(world: World, contract: LocalCaller, address: string) {
    this.world = world;
    this.contract = contract;
    this.address = address;
  }

  /** A contract with more tokens than any attack uses, and allowances to the vault. */
  static async create(world: World): Promise<Attacker> {
    const contract = await world.ethers.deployContract("LocalCaller", world.who.attacker);
    const address = await contract.getAddress();
    const attacker = new Attacker(world, contract, address);
    const approvals: Call[] = [];
    for (const token of [world.token0, world.token1]) {
      mined(await (await token.mint(address, 10n ** 40n)).wait());
      approvals.push({
        target: await token.getAddress(),
        data: token.interface.encodeFunctionData("approve", [world.addresses.vault, (1n << 256n) - 1n]),
      });
    }
    mined(await (await contract.run(approvals)).wait());
    return attacker;
  }

  // ---- prices and ranges

  /** The pools' root of a price in quote units. */
  sqrt(price: number): bigint {
    return sqrtPriceOf(this.world.priceX96(price), this.world.options.quoteIsToken0);
  }

  /** The tick of a price. */
  tickOf(price: number): number {
    return getTickAtSqrtRatio(this.sqrt(price));
  }

  /** The range that holds only base while the price is at most `price`, its near end as close as the tier's ticks allow. */
  baseRange(fee: number, price: number, width: number): RangeOf {
    return this.#beyond(fee, price, width, this.world.options.quoteIsToken0 ? -1 : 1);
  }

  /** The range that holds only quote while the price is at least `price`, likewise. */
  quoteRange(fee: number, price: number, width: number): RangeOf {
    return this.#beyond(fee, price, width, this.world.options.quoteIsToken0 ? 1 : -1);
  }

  #beyond(fee: number, price: number, width: number, side: 1 | -1): RangeOf {
    const { tickSpacing } = this.world.pool(fee);
    const ticks = Math.ceil(width / tickSpacing) * tickSpacing;
    const tick = this.tickOf(price);
    if (side === 1) {
      // All token0: the lower end above the current tick.
      const tickLower = (Math.floor(tick / tickSpacing) + 1) * tickSpacing;
      return { fee, tickLower, tickUpper: tickLower + ticks };
    }
    const tickUpper = Math.floor(tick / tickSpacing) * tickSpacing;
    return { fee, tickLower: tickUpper - ticks, tickUpper };
  }

  /** A range of that width, half of it on each side of a price. */
  rangeRound(fee: number, price: number, width: number): RangeOf {
    const { tickSpacing } = this.world.pool(fee);
    const tickLower = Math.round((this.tickOf(price) - width / 2) / tickSpacing) * tickSpacing;
    return { fee, tickLower, tickUpper: tickLower + Math.ceil(width / tickSpacing) * tickSpacing };
  }

  /** The tier's narrowest range that contains a price. */
  containing(fee: number, price: number): RangeOf {
    const { tickSpacing } = this.world.pool(fee);
    const tickLower = Math.floor(this.tickOf(price) / tickSpacing) * tickSpacing;
    return { fee, tickLower, tickUpper: tickLower + tickSpacing };
  }

  /** Liquidity of a full-range position worth so many quote units at the opening price; in a narrow range it costs far less. */
  liquidity(quoteUnits: number): bigint {
    const { quoteIsToken0, quoteDecimals, price } = this.world.options;
    const half = BigInt(Math.round(quoteUnits / 2)) * 10n ** BigInt(quoteDecimals);
    const root = this.sqrt(price);
    return quoteIsToken0 ? (half * root) / Q96 : (half * Q96) / root;
  }

  /** The mint of a part of the vault's base in a range of base only; likewise quote. */
  mintOfBase(range: RangeOf, fraction = ONE): MintStep {
    return this.world.options.quoteIsToken0
      ? { ...range, fraction0: 0n, fraction1: fraction }
      : { ...range, fraction0: fraction, fraction1: 0n };
  }

  mintOfQuote(range: RangeOf, fraction = ONE): MintStep {
    return this.world.options.quoteIsToken0
      ? { ...range, fraction0: fraction, fraction1: 0n }
      : { ...range, fraction0: 0n, fraction1: fraction };
  }

  /** Whether selling base is zeroForOne. */
  get sellsBase(): boolean {
    return !this.world.options.quoteIsToken0;
  }

  // ---- calls

  /** Trades a pool to a price; `from` says on which side the pool stands when the call is made. */
  swapTo(fee: number, price: number, from: "above" | "below"): Call {
    // Price falls when base is sold.
    return this.swapToSqrt(fee, this.sqrt(price), from === "above" ? this.sellsBase : !this.sellsBase);
  }

  swapToSqrt(fee: number, limit: bigint, zeroForOne: boolean): Call {
    return this.swap(fee, zeroForOne, EVERYTHING, limit);
  }

  swap(fee: number, zeroForOne: boolean, amount: bigint, limit?: bigint): Call {
    const at = limit ?? (zeroForOne ? MIN_SQRT_LIMIT : MAX_SQRT_LIMIT);
    return this.#pool(fee, "swap", [this.address, zeroForOne, amount, at, "0x"]);
  }

  /** Liquidity of his own; taken out again at the close if it still stands then. */
  mint(range: RangeOf, liquidity: bigint): Call {
    this.#ranges.set(`${range.fee}:${range.tickLower}:${range.tickUpper}`, range);
    return this.#pool(range.fee, "mint", [this.address, range.tickLower, range.tickUpper, liquidity, "0x"]);
  }

  /** A gift: liquidity in a position of the vault's. */
  mintFor(owner: string, range: RangeOf, liquidity: bigint): Call {
    return this.#pool(range.fee, "mint", [owner, range.tickLower, range.tickUpper, liquidity, "0x"]);
  }

  burn(range: RangeOf, liquidity: bigint): Call {
    return this.#pool(range.fee, "burn", [range.tickLower, range.tickUpper, liquidity]);
  }

  collect(range: RangeOf): Call {
    return this.#pool(range.fee, "collect", [this.address, range.tickLower, range.tickUpper, MAX_UINT128, MAX_UINT128]);
  }

  execute(plan: PlanStruct): Call {
    return this.vault("execute", [plan]);
  }

  deposit(shares: bigint, to = this.address): Call {
    return this.vault("deposit", [shares, (1n << 255n) - 1n, (1n << 255n) - 1n, to]);
  }

  /** @param mask bit i: units of sleeve i instead of tokens */
  withdraw(shares: bigint, to = this.address, mask = 0n): Call {
    return this.vault("withdraw", [shares, 0n, 0n, to, mask]);
  }

  /** Any function of the vault. */
  vault(name: string, args: readonly unknown[]): Call {
    const untyped: Interface = this.world.vault.interface;
    return { target: this.world.addresses.vault, data: untyped.encodeFunctionData(name, args) };
  }

  /** Calls that take out all liquidity that he still has in pools. */
  async unwind(): Promise<readonly Call[]> {
    const calls: Call[] = [];
    for (const range of this.#ranges.values()) {
      const key = this.world.positionKey(range.tickLower, range.tickUpper, this.address);
      const { liquidity, owed0, owed1 } = await this.world.pool(range.fee).position(key);
      if (liquidity > 0n) calls.push(this.burn(range, liquidity));
      if (liquidity > 0n || owed0 > 0n || owed1 > 0n) calls.push(this.collect(range));
    }
    return calls;
  }

  #pool(fee: number, name: string, args: readonly unknown[]): Call {
    const pool = this.world.pool(fee);
    return { target: pool.address, data: pool.contract.interface.encodeFunctionData(name, args) };
  }
}
