/**
 * The vault that is dearest to leave: eight ranges in three tiers and a sleeve in each of its four places, two of them with
 * debts in different tokens. Nothing anywhere earns or costs interest and no price moves, so that what LPs get at different
 * times can be compared wei by wei.
 */
import { Contract } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { NetworkConnection } from "hardhat/types/network";

import type { LocalReitVault } from "../../../types/ethers-contracts/local/LocalReitVault.ts";
import type { LocalReserveVault } from "../../../types/ethers-contracts/local/LocalReserveVault.ts";
import type { AaveSleeve } from "../../../types/ethers-contracts/sleeves/AaveSleeve.ts";
import type { Erc4626Sleeve } from "../../../types/ethers-contracts/sleeves/Erc4626Sleeve.ts";
import type { Erc7540Sleeve } from "../../../types/ethers-contracts/sleeves/Erc7540Sleeve.ts";
import type { MorphoSleeve } from "../../../types/ethers-contracts/sleeves/MorphoSleeve.ts";
import { DEFAULT_AAVE, deployAave, type Aave } from "../../support/aave.ts";
import { MAX_UINT256, ONE, type Pair2 } from "../../support/arithmetic.ts";
import { mintEightRanges } from "../../support/leaving.ts";
import { deployMorphoWorld, type MorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, deployReserveSleeve, MORPHO_TERMS, putInPlace } from "../../support/sleeves.ts";
import { deployWorld, type World } from "../../support/world.ts";
import { DAY, TERMS } from "./assetSleeves.ts";

export const PLACE = { conversion: 0, reserve: 1, fund: 2, loan: 3 } as const;
export const OBSTACLE = { None: 0n, Unhealthy: 1n, Illiquid: 2n, Pending: 3n, Closed: 4n } as const;

/** Seconds until the fund deals; it has eight dealing times in a delay. */
const SETTLEMENT = DAY / 3;
/** Quote units in each pool, so that the vault can sell all that it has of a token in one plan. */
const DEPTH = 1e9;
/** Code that answers every call with a revert. */
const REVERTS = "0x60006000fd";
const NO_CODE = "0x";
const NO_INTEREST = { optimalBps: 8_000, baseBps: 0, slope1Bps: 0, slope2Bps: 0 };

export interface House {
  readonly world: World;
  readonly lending: MorphoWorld;
  readonly aave: Aave;
  readonly reserve: LocalReserveVault;
  readonly fund: LocalReitVault;
  readonly sleeves: {
    readonly conversion: MorphoSleeve;
    readonly reserve: Erc4626Sleeve;
    readonly fund: Erc7540Sleeve;
    readonly loan: AaveSleeve;
  };
  readonly lps: readonly HardhatEthersSigner[];
}

/** The sleeves by place. */
export function placesOf({ sleeves }: House): readonly (MorphoSleeve | Erc4626Sleeve | Erc7540Sleeve | AaveSleeve)[] {
  return [sleeves.conversion, sleeves.reserve, sleeves.fund, sleeves.loan];
}

/** All places filled, the fund's deposit settled: it holds shares, which cannot be paid at once. */
export async function openHouse(connection: NetworkConnection, quoteIsToken0: boolean): Promise<House> {
  const world = await deployWorld(connection, { quoteIsToken0, depth: DEPTH, caps: { maxPlanLossBps: 100 } });
  const { ethers, who } = world;
  const lending = await deployMorphoWorld(world);
  for (const market of [lending.conversion, lending.reversal]) await lending.setRate(market, 0n);
  const aave = await deployAave(world, {
    utilisationBps: 0,
    base: { ...DEFAULT_AAVE.base, rates: NO_INTEREST },
    quote: { ...DEFAULT_AAVE.quote, rates: NO_INTEREST },
  });
  const conversion = await deployMorphoSleeve(lending, lending.conversion);
  const { venue: reserve, sleeve: reserveSleeve } = await deployReserveSleeve(world, TERMS);
  const fund = await ethers.deployContract("LocalReitVault", [
    world.quote.target,
    "Local REIT",
    "LREIT",
    who.deployer.address,
    ONE,
    SETTLEMENT,
  ]);
  const fundSleeve = await ethers.deployContract("Erc7540Sleeve", [world.addresses.vault, fund.target, TERMS]);
  const loan = await ethers.deployContract("AaveSleeve", [
    world.addresses.vault,
    aave.addresses.pool,
    world.base.target,
    MORPHO_TERMS,
  ]);
  const sleeves = { conversion, reserve: reserveSleeve, fund: fundSleeve, loan };
  const lps = [who.carol, who.alice, who.bob];
  const house: House = { world, lending, aave, reserve, fund, sleeves, lps };
  for (const [place, sleeve] of placesOf(house).entries()) {
    await putInPlace(world, place, await sleeve.getAddress());
    for (const lp of lps) {
      for (const token of [world.base, world.quote]) await token.connect(lp).approve(sleeve.target, MAX_UINT256);
    }
  }
  await fill(house);
  return house;
}

/** A million from three LPs; about four tenths of it go to the sleeves and the rest to eight ranges, which then earn fees. */
async function fill(house: House): Promise<void> {
  const { world } = house;
  const { alice, bob, carol } = world.who;
  const [base1, quote1] = [world.options.quoteIsToken0, !world.options.quoteIsToken0];
  await world.firstDeposit(alice, 500_000n * ONE);
  await world.deposit(bob, 300_000n * ONE);
  await world.deposit(carol, 200_000n * ONE);
  await world.execute({
    moves: [
      { sleeve: PLACE.conversion, take: false, token1: quote1, fraction: ONE / 5n },
      { sleeve: PLACE.conversion, take: true, token1: base1, fraction: ONE / 2n },
      { sleeve: PLACE.loan, take: false, token1: base1, fraction: ONE / 5n },
      { sleeve: PLACE.loan, take: true, token1: quote1, fraction: (4n * ONE) / 10n },
      { sleeve: PLACE.reserve, take: false, token1: quote1, fraction: ONE / 4n },
      { sleeve: PLACE.fund, take: false, token1: quote1, fraction: ONE / 4n },
    ],
  });
  await mintEightRanges(world);
  await settle(house);
  await world.movePools(world.options.price * 1.01);
  await world.movePools(world.options.price);
  await world.report(world.options.price);
}

/** Lets the fund deal, and takes in what it has settled. */
export async function settle({ world, sleeves }: House): Promise<void> {
  await world.pass(SETTLEMENT + SETTLEMENT / 4);
  await sleeves.fund.settle();
  await world.report(world.options.price);
}

/** The fund gives everything back: its sleeve holds cash alone, which it can pay out. */
export async function collectFund(house: House): Promise<void> {
  const { world } = house;
  const step = { sleeve: PLACE.fund, token1: !world.options.quoteIsToken0 };
  await world.execute({ moves: [{ ...step, take: true }] });
  await settle(house);
}

/** Everything that LPs own, token by token: idle, in ranges with their fees, and in sleeves after their debts. */
export async function estate(house: House): Promise<Pair2> {
  const { world } = house;
  const book = await world.book();
  let { idle0: amount0, idle1: amount1 } = book;
  for (const p of book.positions) {
    amount0 += p.amount0 + p.fees0;
    amount1 += p.amount1 + p.fees1;
  }
  for (const sleeve of placesOf(house)) {
    const nets = await sleeve.nets();
    amount0 += nets.low0;
    amount1 += nets.low1;
  }
  return { amount0, amount1 };
}

// ---------------------------------------------------------------- what can go wrong

export type Heal = () => Promise<void>;

export interface Failure {
  readonly name: string;
  readonly place: number;
  /** What the lens says of it. */
  readonly why: bigint;
  fail(house: House): Promise<Heal>;
}

const nothing: Heal = () => Promise.resolve();

async function replaceCode({ world }: House, address: string, code: string): Promise<Heal> {
  const was = await world.ethers.provider.getCode(address);
  const { networkHelpers } = world.connection;
  await networkHelpers.setCode(address, code);
  return () => networkHelpers.setCode(address, was);
}

/** A feed of the base at another price than the world's, for one venue alone. */
async function strayFeed({ world }: House, factor: number): Promise<string> {
  const feed = await world.ethers.deployContract("LocalRawFeed", [8]);
  await feed.report(BigInt(Math.round(world.options.price * factor * 1e8)));
  return feed.getAddress();
}

async function codeOf({ world }: House, contract: { getAddress(): Promise<string> }): Promise<string> {
  return world.ethers.provider.getCode(await contract.getAddress());
}

async function aaveSource({ aave, world }: House): Promise<string> {
  const abi = ["function getSourceOfAsset(address) view returns (address)"];
  const oracle = new Contract(aave.addresses.oracle, abi, world.who.deployer);
  return (await oracle.getFunction("getSourceOfAsset")(world.base.target)) as string;
}

const place = PLACE;
const { Unhealthy, Illiquid, Pending, Closed } = OBSTACLE;

export const CONVERSION_FAILURES: readonly Failure[] = [
  {
    name: "conversion unhealthy",
    place: place.conversion,
    why: Unhealthy,
    async fail(house) {
      const { world, lending } = house;
      const { oracle, collateralToken, loanToken } = lending.conversion.params;
      const args = [collateralToken, loanToken, world.quoteFeed.target, await strayFeed(house, 1.9)] as const;
      const stressed = await world.ethers.deployContract("LocalMorphoOracle", [...args]);
      return replaceCode(house, oracle, await codeOf(house, stressed));
    },
  },
  {
    name: "conversion's oracle silent",
    place: place.conversion,
    why: Closed,
    fail: (house) => replaceCode(house, house.lending.conversion.params.oracle, REVERTS),
  },
  {
    name: "conversion's rate model reverting",
    place: place.conversion,
    why: Closed,
    fail: (house) => replaceCode(house, house.lending.markets.rateModel, REVERTS),
  },
  {
    name: "Morpho gone",
    place: place.conversion,
    why: Closed,
    fail: (house) => replaceCode(house, house.lending.markets.morpho, NO_CODE),
  },
];

export const RESERVE_FAILURES: readonly Failure[] = [
  {
    name: "reserve lent out",
    place: place.reserve,
    why: Illiquid,
    async fail({ world, reserve }) {
      const { stranger } = world.who;
      const assets = await reserve.totalAssets();
      await reserve.connect(stranger).lend(assets);
      await world.quote.connect(stranger).approve(reserve.target, assets);
      return async () => {
        await reserve.connect(stranger).giveBack(assets);
      };
    },
  },
  {
    name: "reserve paused",
    place: place.reserve,
    why: Closed,
    async fail({ reserve }) {
      await reserve.setPaused(true);
      return async () => {
        await reserve.setPaused(false);
      };
    },
  },
  {
    name: "reserve refuses the sleeve",
    place: place.reserve,
    why: Closed,
    async fail({ reserve, sleeves }) {
      await reserve.setRefused(sleeves.reserve.target, true);
      return async () => {
        await reserve.setRefused(sleeves.reserve.target, false);
      };
    },
  },
  {
    name: "reserve gone",
    place: place.reserve,
    why: Closed,
    fail: async (house) => replaceCode(house, await house.reserve.getAddress(), NO_CODE),
  },
];

/** Of a fund that holds shares. */
export const FUND_FAILURES: readonly Failure[] = [
  { name: "fund not asked yet", place: place.fund, why: Pending, fail: () => Promise.resolve(nothing) },
  {
    name: "fund's redemption pending",
    place: place.fund,
    why: Pending,
    async fail({ world }) {
      const step = { sleeve: PLACE.fund, token1: !world.options.quoteIsToken0 };
      await world.execute({ moves: [{ ...step, take: true, fraction: ONE / 2n }] });
      return nothing;
    },
  },
  {
    name: "fund's deposit pending",
    place: place.fund,
    why: Pending,
    async fail({ world }) {
      const step = { sleeve: PLACE.fund, token1: !world.options.quoteIsToken0 };
      await world.execute({
        burns: [{ index: 0, fraction: ONE / 2n }],
        moves: [{ ...step, take: false, fraction: ONE / 2n }],
      });
      return nothing;
    },
  },
  {
    name: "fund paused",
    place: place.fund,
    why: Pending,
    async fail({ fund }) {
      await fund.setPaused(true);
      return async () => {
        await fund.setPaused(false);
      };
    },
  },
  {
    name: "fund refuses the sleeve",
    place: place.fund,
    why: Pending,
    async fail({ fund, sleeves }) {
      await fund.setRefused(sleeves.fund.target, true);
      return async () => {
        await fund.setRefused(sleeves.fund.target, false);
      };
    },
  },
  {
    name: "fund gone",
    place: place.fund,
    why: Pending,
    fail: async (house) => replaceCode(house, await house.fund.getAddress(), NO_CODE),
  },
];

export const LOAN_FAILURES: readonly Failure[] = [
  {
    name: "loan unhealthy",
    place: place.loan,
    why: Unhealthy,
    async fail(house) {
      const stressed = await house.world.ethers.deployContract("LocalAavePriceSource", [await strayFeed(house, 0.45)]);
      return replaceCode(house, await aaveSource(house), await codeOf(house, stressed));
    },
  },
  {
    name: "loan's collateral lent out",
    place: place.loan,
    why: Illiquid,
    async fail({ aave, world }) {
      await aave.drain(world.base);
      return () => aave.refill(world.base);
    },
  },
  {
    name: "Aave paused",
    place: place.loan,
    why: Closed,
    async fail({ aave }) {
      await aave.setPoolPaused(true);
      return () => aave.setPoolPaused(false);
    },
  },
  {
    name: "loan's price source reverting",
    place: place.loan,
    why: Closed,
    fail: async (house) => replaceCode(house, await aaveSource(house), REVERTS),
  },
  {
    name: "Aave gone",
    place: place.loan,
    why: Closed,
    fail: (house) => replaceCode(house, house.aave.addresses.pool, NO_CODE),
  },
];
