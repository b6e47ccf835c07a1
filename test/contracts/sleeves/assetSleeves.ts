/** A sleeve of assets on a local venue, with the real vault's address as its caller: what the vault does, one call at a time. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import type { ISleeve } from "../../../types/ethers-contracts/interfaces/ISleeve.ts";
import type { LocalToken } from "../../../types/ethers-contracts/local/LocalToken.ts";
import { ONE } from "../../support/arithmetic.ts";
import { mined, type World } from "../../support/world.ts";

export const DAY = 86_400;
export const YEAR = 365n * 86_400n;
/** One unit of the asset, which has six decimals in these worlds. */
export const UNIT = 10n ** 6n;

export interface SleeveTerms {
  /** A year, 1e18 = 100 %. */
  readonly maxRate: bigint;
  /** 1e18 = all of what is paid. */
  readonly tolerance: bigint;
  readonly premiumBps: bigint;
}

export const TERMS: SleeveTerms = { maxRate: ONE / 10n, tolerance: ONE / 1_000n, premiumBps: 0n };

/** Signed as the sleeve says it: positive was given to it. */
export interface Moved {
  readonly asset: bigint;
  readonly units: bigint;
}

/** The units of a vault that is alone. */
export const ALL_UNITS = 10n ** 30n;

/** Acts as the vault on one sleeve. */
export class Caller {
  readonly world: World;
  readonly asset: LocalToken;
  readonly sleeve: ISleeve;
  readonly address: string;
  readonly vault: HardhatEthersSigner;

  constructor(world: World, sleeve: ISleeve, address: string, vault: HardhatEthersSigner) {
    this.world = world;
    this.asset = world.quote;
    this.sleeve = sleeve;
    this.address = address;
    this.vault = vault;
  }

  /** Sends so much of the asset from new money of the vault's and puts it in. */
  async give(amount: bigint): Promise<Moved> {
    await this.asset.mint(this.vault.address, amount);
    await this.asset.connect(this.vault).transfer(this.address, amount);
    return this.move(amount);
  }

  async take(amount: bigint): Promise<Moved> {
    return this.move(-amount);
  }

  /** As the vault, of the asset; the tokens of a gift are there already. */
  async move(asset: bigint): Promise<Moved> {
    const [low, high] = this.band();
    const [give0, give1] = this.sorted(asset);
    const sent = await this.sleeve.connect(this.vault).move(give0, give1, low, high);
    const receipt = mined(await sent.wait());
    for (const log of receipt.logs) {
      const event = log.address === this.address ? this.sleeve.interface.parseLog(log) : null;
      if (event?.name !== "Moved") continue;
      const [moved0, moved1, units] = [...event.args] as bigint[];
      return { asset: (this.world.options.quoteIsToken0 ? moved0 : moved1) ?? 0n, units: units ?? 0n };
    }
    throw new Error("no event of a move");
  }

  /** Pays the part `part / whole` of the vault's units out to the vault. @return what came */
  async exit(part: bigint, whole: bigint): Promise<bigint> {
    const before = await this.asset.balanceOf(this.vault.address);
    await this.sleeve.connect(this.vault).exit(part, whole);
    return (await this.asset.balanceOf(this.vault.address)) - before;
  }

  async redeem(holder: HardhatEthersSigner, units: bigint, min = 0n): Promise<bigint> {
    const before = await this.asset.balanceOf(holder.address);
    await this.sleeve.connect(holder).redeem(units, min, holder.address);
    return (await this.asset.balanceOf(holder.address)) - before;
  }

  /** What the vault's units stand for, of the asset. */
  async marks(): Promise<{ readonly low: bigint; readonly high: bigint }> {
    const n = await this.sleeve.nets();
    return this.world.options.quoteIsToken0 ? { low: n.low0, high: n.high0 } : { low: n.low1, high: n.high1 };
  }

  async units(holder = this.vault.address): Promise<bigint> {
    return this.sleeve.balanceOf(holder, 0);
  }

  /** Hands units of the vault's to somebody, as the vault does for leavers. */
  async leave(holder: HardhatEthersSigner, units: bigint): Promise<void> {
    await this.sleeve.connect(this.vault).transfer(holder.address, 0, units);
  }

  band(): readonly [bigint, bigint] {
    const price = this.world.options.price;
    return [this.world.priceX96(price * 0.995), this.world.priceX96(price * 1.005)];
  }

  /** An amount of the asset in the pair's order. */
  sorted(asset: bigint, other = 0n): readonly [bigint, bigint] {
    return this.world.options.quoteIsToken0 ? [asset, other] : [other, asset];
  }
}

/** Wraps a deployed sleeve of the world's vault. */
export async function callerOf(world: World, address: string): Promise<Caller> {
  const sleeve = await world.ethers.getContractAt("ISleeve", address);
  return new Caller(world, sleeve, address, await world.as(world.addresses.vault));
}
