/** The vault's sleeves in an attack: four places, what stands in them at the market's price, and calls on them. */
import { Interface } from "ethers";

import {
  DEFAULT_FUND_TERMS,
  DEFAULT_RESERVE_TERMS,
  DEFAULT_SLEEVE_CAPS,
  SLEEVE_PLACES,
  type AssetTerms,
  type SleevePlace,
} from "../../scripts/deploy/sleeves.ts";
import type { LocalReitVault } from "../../types/ethers-contracts/local/LocalReitVault.ts";
import type { LocalReserveVault } from "../../types/ethers-contracts/local/LocalReserveVault.ts";
import type { Erc4626Sleeve } from "../../types/ethers-contracts/sleeves/Erc4626Sleeve.ts";
import type { Erc7540Sleeve } from "../../types/ethers-contracts/sleeves/Erc7540Sleeve.ts";
import type { MorphoSleeve } from "../../types/ethers-contracts/sleeves/MorphoSleeve.ts";
import { divUp, ONE, type Pair2 } from "../support/arithmetic.ts";
import { deployMorphoWorld, type MorphoWorld } from "../support/morpho.ts";
import { deployMorphoSleeve, putInPlace } from "../support/sleeves.ts";
import { mined, type MoveStep, type World } from "../support/world.ts";
import type { Attacker, Call } from "./attacker.ts";

export type Leg = "base" | "quote";

/** What sleeves and venues refuse with. */
export const SLEEVE_ERRORS = new Interface([
  "error NotVault(address caller)",
  "error HealthBelowOpening(uint256 healthX18, uint256 floorX18)",
  "error RateAboveCap(uint256 rateX18, uint256 capX18)",
  "error Insolvent()",
  "error UnitsNotWelcome()",
  "error PriceNeeded()",
  "error VenueNotExact(uint256 expected, uint256 actual)",
  "error RedeemBelowMin(uint256 amount, uint256 min)",
  "error NoDebt()",
  "error Obstructed(uint8 why)",
  "error ReceivedTooLittle(uint256 paid, uint256 received)",
  "error ReentrancyGuardReentrantCall()",
  "error ERC6909InsufficientBalance(address sender, uint256 balance, uint256 needed, uint256 id)",
  "error ERC6909InsufficientAllowance(address spender, uint256 allowance, uint256 needed, uint256 id)",
  "error ERC4626ExceededMaxWithdraw(address owner, uint256 assets, uint256 max)",
  "error ERC4626ExceededMaxRedeem(address owner, uint256 shares, uint256 max)",
  "error ERC4626ExceededMaxDeposit(address receiver, uint256 assets, uint256 max)",
]);

/** Quote units that others hold in each asset vault. */
const DEPTH = 20_000_000n;

export class Venues {
  readonly world: World;
  readonly lending: MorphoWorld;
  readonly reserve: LocalReserveVault;
  readonly fund: LocalReitVault;
  readonly conversion: MorphoSleeve;
  readonly reversal: MorphoSleeve;
  readonly reserveSleeve: Erc4626Sleeve;
  readonly assetSleeve: Erc7540Sleeve;
  /** By place. */
  readonly addresses: readonly string[];

  constructor(parts: Omit<Venues, VenuesMethods>) {
    this.world = parts.world;
    this.lending = parts.lending;
    this.reserve = parts.reserve;
    this.fund = parts.fund;
    this.conversion = parts.conversion;
    this.reversal = parts.reversal;
    this.reserveSleeve = parts.reserveSleeve;
    this.assetSleeve = parts.assetSleeve;
    this.addresses = parts.addresses;
  }

  index(place: SleevePlace): number {
    return SLEEVE_PLACES.indexOf(place);
  }

  address(place: SleevePlace): string {
    return this.addresses[this.index(place)] ?? "";
  }

  /** The ledger of a place, without the sleeve's own kind. */
  ledger(place: SleevePlace): MorphoSleeve {
    // Every sleeve has the functions of ISleeve and ERC-6909, and no other is called on this one.
    return this.conversion.attach(this.address(place)) as MorphoSleeve;
  }

  units(place: SleevePlace, holder: string): Promise<bigint> {
    return this.ledger(place).balanceOf(holder, 0);
  }

  // ---- what units stand for

  /** What all holders' units of a place bring and cost now at the venue, without any cap on what is believed; signed. */
  async #whole(place: SleevePlace): Promise<{ readonly asset: bigint; readonly debt: bigint }> {
    switch (place) {
      case "conversion":
      case "reversal": {
        const { owned, owed } = await this[place].report();
        return { asset: owned, debt: owed };
      }
      case "reserve": {
        // No more than is there, however much the sleeve counts.
        const [held, there] = [
          await this.reserveSleeve.held(),
          await this.reserve.balanceOf(await this.reserveSleeve.getAddress()),
        ];
        return { asset: await this.reserve.previewRedeem(held < there ? held : there), debt: 0n };
      }
      case "asset": {
        const sleeve = this.assetSleeve;
        const shares = (await sleeve.held()) + (await sleeve.redeeming());
        const inTokens = (await sleeve.cash()) + (await sleeve.depositing());
        return { asset: inTokens + (await this.fund.convertToAssets(shares)), debt: 0n };
      }
    }
  }

  /** What a holder's units of a place stand for: owned rounded down, owed up. */
  async worth(place: SleevePlace, holder: string): Promise<Pair2> {
    const units = await this.units(place, holder);
    if (units === 0n) return { amount0: 0n, amount1: 0n };
    const total = await this.ledger(place).totalUnits();
    const { asset, debt } = await this.#whole(place);
    const [own, owed] = [(asset * units) / total, divUp(debt * units, total)];
    return this.sorted(place === "reversal" ? "base" : "quote", own, -owed);
  }

  /** Likewise of all places together. */
  async worthOf(holder: string): Promise<Pair2> {
    let amount0 = 0n;
    let amount1 = 0n;
    for (const place of SLEEVE_PLACES) {
      const part = await this.worth(place, holder);
      amount0 += part.amount0;
      amount1 += part.amount1;
    }
    return { amount0, amount1 };
  }

  // ---- tokens in the pair's order

  sorted(leg: Leg, amount: bigint, other = 0n): Pair2 {
    return (leg === "quote") === this.world.options.quoteIsToken0
      ? { amount0: amount, amount1: other }
      : { amount0: other, amount1: amount };
  }

  /** Whether a leg is token1. */
  isToken1(leg: Leg): boolean {
    return (leg === "quote") !== this.world.options.quoteIsToken0;
  }

  // ---- steps of a plan

  give(place: SleevePlace, leg: Leg, fraction: bigint, afterSwaps = false): MoveStep {
    return { sleeve: this.index(place), take: false, token1: this.isToken1(leg), fraction, afterSwaps };
  }

  take(place: SleevePlace, leg: Leg, fraction: bigint, afterSwaps = false): MoveStep {
    return { ...this.give(place, leg, fraction, afterSwaps), take: true };
  }

  // ---- calls

  /** Any function of a place's ledger, for the attacker's contract. */
  call(place: SleevePlace, name: string, args: readonly unknown[]): Call {
    const untyped: Interface = this.conversion.interface;
    return { target: this.address(place), data: untyped.encodeFunctionData(name, args) };
  }

  /** Any function of Morpho. */
  morpho(name: string, args: readonly unknown[]): Call {
    const untyped: Interface = this.lending.morpho.interface;
    return { target: this.lending.markets.morpho, data: untyped.encodeFunctionData(name, args) };
  }

  /** Places whose bit is set in a mask. */
  mask(...places: readonly SleevePlace[]): bigint {
    return places.reduce((mask, place) => mask | (1n << BigInt(this.index(place))), 0n);
  }

  /** The mask that the lens tells somebody to leave with. */
  async exitMask(shares: bigint): Promise<bigint> {
    const { mask } = await this.world.lens.exitMask(this.world.addresses.vault, shares);
    return mask;
  }
}

type VenuesMethods =
  | "index"
  | "address"
  | "ledger"
  | "units"
  | "worth"
  | "worthOf"
  | "sorted"
  | "isToken1"
  | "give"
  | "take"
  | "call"
  | "morpho"
  | "mask"
  | "exitMask";

/** Deploys the venues, and sleeves with production's terms and caps in all four places of the vault. */
export async function deployVenues(world: World, attacker: Attacker): Promise<Venues> {
  const { ethers, quote, who, addresses } = world;
  const lending = await deployMorphoWorld(world);
  // No interest, so that both runs owe the same whatever blocks they take; scenarios about interest set a rate.
  for (const market of [lending.conversion, lending.reversal]) await lending.setRate(market, 0n);
  const asset = await quote.getAddress();
  const reserve = await ethers.deployContract("LocalReserveVault", [asset, "Reserve", "LRES", 0], who.deployer);
  const fundArgs = [asset, "REIT", "LREIT", who.deployer.address, ONE, 0] as const;
  const fund = await ethers.deployContract("LocalReitVault", [...fundArgs], who.deployer);
  await fillVaults(world, reserve, fund);

  const conversion = await deployMorphoSleeve(lending, lending.conversion);
  const reversal = await deployMorphoSleeve(lending, lending.reversal);
  const venue = await reserve.getAddress();
  const args = [addresses.vault, venue, venue, termsOf(DEFAULT_RESERVE_TERMS)] as const;
  const reserveSleeve = await ethers.deployContract("Erc4626Sleeve", [...args], who.deployer);
  const assetArgs = [addresses.vault, await fund.getAddress(), termsOf(DEFAULT_FUND_TERMS)] as const;
  const assetSleeve = await ethers.deployContract("Erc7540Sleeve", [...assetArgs], who.deployer);
  const list: string[] = [];
  for (const [index, sleeve] of [conversion, reversal, reserveSleeve, assetSleeve].entries()) {
    const address = await sleeve.getAddress();
    list.push(address);
    const place = SLEEVE_PLACES[index] ?? "conversion";
    await putInPlace(world, index, address, DEFAULT_SLEEVE_CAPS[place]);
  }
  const parts = { world, lending, reserve, fund, conversion, reversal, reserveSleeve, assetSleeve };
  const venues = new Venues({ ...parts, addresses: list });
  await allow(venues, attacker);
  return venues;
}

function termsOf({ maxRate, tolerance, premiumBps }: AssetTerms) {
  return { maxRate, tolerance, premiumBps };
}

/** Other people's money. */
async function fillVaults(world: World, reserve: LocalReserveVault, fund: LocalReitVault): Promise<void> {
  const { quote, who, options } = world;
  const { stranger } = who;
  const amount = DEPTH * 10n ** BigInt(options.quoteDecimals);
  const everything = (1n << 256n) - 1n;
  await (await quote.mint(stranger.address, 2n * amount)).wait();
  for (const vault of [reserve, fund])
    await (await quote.connect(stranger).approve(await vault.getAddress(), everything)).wait();
  await (await reserve.connect(stranger).deposit(amount, stranger.address)).wait();
  await (await fund.connect(stranger).requestDeposit(amount, stranger.address, stranger.address)).wait();
  await (await fund.connect(stranger)["deposit(uint256,address)"](amount, stranger.address)).wait();
  await (await fund.setSettlementDelay(3 * 86_400)).wait();
}

/** Who redeems units lets the sleeve take what they owe; the attacker lets venues take as well. */
async function allow(venues: Venues, attacker: Attacker): Promise<void> {
  const { world, addresses, lending, reserve, fund } = venues;
  const { alice, bob, carol, attacker: person } = world.who;
  const everything = (1n << 256n) - 1n;
  const others = [lending.markets.morpho, await reserve.getAddress(), await fund.getAddress()];
  const calls: Call[] = [];
  for (const token of [world.token0, world.token1]) {
    const target = await token.getAddress();
    for (const spender of [...addresses, ...others])
      calls.push({ target, data: token.interface.encodeFunctionData("approve", [spender, everything]) });
    for (const holder of [alice, bob, carol, person])
      for (const sleeve of addresses) mined(await (await token.connect(holder).approve(sleeve, everything)).wait());
  }
  mined(await (await attacker.contract.connect(person).run(calls)).wait());
}

/**
 * The honest keeper's opening: a twentieth of NAV secures a debt of half of it in base, which stays idle, and a twelfth is in the reserve.
 */
export async function openSleeves(venues: Venues): Promise<void> {
  const moves = [
    venues.give("conversion", "quote", ONE / 5n),
    venues.take("conversion", "base", ONE / 2n),
    venues.give("reserve", "quote", (2n * ONE) / 5n),
  ];
  await venues.world.execute({ moves });
}
