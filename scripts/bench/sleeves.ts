import { deploy, loadArtifact } from "../deploy/artifacts.ts";
import type { SleeveConfig } from "../deploy/sleeves.ts";
import { borrowUpTo, deployMarkets, supplyMarkets } from "../local/protocols/morpho.ts";
import type { LocalReitVault, LocalReserveVault } from "../../types/ethers-contracts/index.js";
import { openVault, type BenchVault } from "./vault.ts";
import { call, FEE, mined, SPACING, UNIT, World } from "./world.ts";

/**
 * Gas of plans that only move, and of exits, of a vault with eight ranges in one tier and three live sleeves: a conversion on
 * Morpho Blue, a lending reserve (ERC-4626) and a fund that settles later (ERC-7540). Whole transactions, after refunds.
 */
export interface SleeveGas {
  /** More collateral and more debt for a conversion that is open. */
  readonly conversionOpenStep: number;
  /** A part of the debt repaid, a part of the collateral taken back. */
  readonly conversionCloseStep: number;
  readonly reserveGive: number;
  readonly reserveTake: number;
  /** A tenth of the shares: conversion and reserve in tokens, the fund in units, as long as it holds shares. */
  readonly exit: number;
  /** A tenth in tokens from all three: the fund has paid out and holds cash. */
  readonly exitInTokens: number;
  /** A tenth with units of all three: the venues are not asked. */
  readonly exitInUnits: number;
}

const CONVERSION = 0;
const RESERVE = 2;
const FUND = 3;
/** What lenders have in each of Morpho's markets, and strangers in the reserve. */
const DEPTH = 1_000_000n * UNIT;
/** Nothing but what the code allows limits the sleeves: every check is made all the same. */
const WIDE_CAP_BPS = 10_000;
const WIDE_TURNOVER = { turnoverCapBps: 10_000, turnoverRefillBps: 10_000 };

interface Step {
  readonly sleeve: number;
  readonly take: boolean;
  readonly token1: boolean;
  readonly fraction: bigint;
}

export async function measureSleeves(): Promise<SleeveGas> {
  const world = await World.create();
  await world.fourSwaps();
  const bench = await openVault(world, { caps: WIDE_TURNOVER, sleeves: (feeds) => venues(world, feeds) });
  const plan = (moves: readonly Step[]): Promise<number> => execute(world, bench, { moves });
  // The quote is token1.
  const give = (sleeve: number, part: bigint): Step => ({ sleeve, take: false, token1: true, fraction: UNIT / part });
  const take = (sleeve: number, part: bigint): Step => ({ sleeve, take: true, token1: true, fraction: UNIT / part });
  const base = (step: Step): Step => ({ ...step, token1: false });

  await plan([give(CONVERSION, 5n), base(take(CONVERSION, 3n)), give(RESERVE, 5n), give(FUND, 5n)]);
  await execute(world, bench, { mints: await eightRanges(world) });
  await settle(world);
  await world.fourSwaps();

  const conversionOpenStep = await plan([give(CONVERSION, 10n), base(take(CONVERSION, 20n))]);
  const conversionCloseStep = await plan([base(give(CONVERSION, 10n)), take(CONVERSION, 10n)]);
  const reserveGive = await plan([give(RESERVE, 10n)]);
  const reserveTake = await plan([take(RESERVE, 10n)]);
  // While nobody else holds units of the fund, all of it can be asked for; it settles in the next second.
  await plan([take(FUND, 1n)]);
  await settle(world);
  await world.fourSwaps();
  const exitInTokens = await leave(world, bench, 0n);
  await plan([give(FUND, 5n)]);
  await settle(world);
  await world.fourSwaps();
  const exit = await leave(world, bench, 1n << BigInt(FUND));
  await world.fourSwaps();
  const all = [CONVERSION, RESERVE, FUND].reduce((mask, place) => mask | (1n << BigInt(place)), 0n);
  const exitInUnits = await leave(world, bench, all);
  return { conversionOpenStep, conversionCloseStep, reserveGive, reserveTake, exit, exitInTokens, exitInUnits };

  /** Anybody may have the sleeve take in what its venue has settled. */
  async function settle(of: World): Promise<void> {
    const address = bench.at.sleeves.asset;
    if (address === undefined) throw new Error("the fund's sleeve was not deployed");
    const sleeve = await of.ethers.getContractAt("Erc7540Sleeve", address, of.owner);
    await (await sleeve.settle()).wait();
  }
}

/** Markets, a reserve and a fund with other people's money in them. */
async function venues(
  world: World,
  feeds: { readonly baseFeed: string; readonly quoteFeed: string },
): Promise<readonly SleeveConfig[]> {
  const { ethers, owner, tokens } = world;
  const [base, quote] = await Promise.all(tokens.map((token) => token.getAddress()));
  if (base === undefined || quote === undefined) throw new Error("the bench's world has two tokens");
  const markets = await deployMarkets(ethers, owner, { base, quote, ...feeds });
  await supplyMarkets(ethers, owner, markets, { conversion: DEPTH, reversal: 0n });
  await borrowUpTo(ethers, owner, markets.morpho, markets.conversion, (9n * UNIT) / 10n);

  const rate = UNIT / 20n / 31_536_000n;
  const reserve = await deploy(owner, await loadArtifact("local/LocalReserveVault"), [quote, "Reserve", "RES", rate]);
  // Of no delay: what is asked for settles in the next second.
  const fund = await deploy(owner, await loadArtifact("local/LocalReitVault"), [
    quote,
    "Fund",
    "FUND",
    owner.address,
    UNIT,
    0,
  ]);
  const deposited: LocalReserveVault = await ethers.getContractAt("LocalReserveVault", reserve, owner);
  const traded: LocalReitVault = await ethers.getContractAt("LocalReitVault", fund, owner);
  await call(tokens[1], "mint", [owner.address, 2n * DEPTH]);
  for (const venue of [reserve, fund]) await call(tokens[1], "approve", [venue, DEPTH]);
  await (await deposited.deposit(DEPTH, owner.address)).wait();
  await (await traded.requestDeposit(DEPTH, owner.address, owner.address)).wait();
  await (await traded["deposit(uint256,address)"](DEPTH, owner.address)).wait();
  return [
    {
      place: "conversion",
      venue: { kind: "morpho", morpho: markets.morpho, market: markets.conversion.params },
      capBps: WIDE_CAP_BPS,
    },
    { place: "reserve", venue: { kind: "erc4626", venue: reserve }, capBps: WIDE_CAP_BPS },
    { place: "asset", venue: { kind: "erc7540", venue: fund }, capBps: WIDE_CAP_BPS },
  ];
}

interface Steps {
  readonly moves?: readonly Step[];
  readonly mints?: readonly { readonly tickLower: number; readonly tickUpper: number }[];
}

async function execute(world: World, { at, vault, keeper, lens, report }: BenchVault, steps: Steps): Promise<number> {
  await report();
  const { twapHint } = (await lens.getFunction("observe").staticCall(at.vault, world.owner.address)) as {
    twapHint: bigint;
  };
  const { timestamp } = (await world.owner.provider?.getBlock("latest")) ?? { timestamp: 0 };
  const response = await keeper.execute({
    nonce: await vault.planNonce(),
    deadline: BigInt(timestamp + 600),
    twapHint,
    decisionHash: "0x".padEnd(66, "1"),
    burns: [],
    swaps: [],
    moves: (steps.moves ?? []).map((move) => ({ ...move, afterSwaps: false, min: 0n })),
    mints: (steps.mints ?? []).map((range) => ({
      ...range,
      fee: FEE,
      fraction0: UNIT / 10n,
      fraction1: UNIT / 10n,
      minLiquidity: 1n,
    })),
  });
  return Number((await mined(response)).gasUsed);
}

/** A tenth of the user's shares. */
async function leave(world: World, { vault }: BenchVault, mask: bigint): Promise<number> {
  const { address } = world.user;
  const shares = (await vault.balanceOf(address)) / 10n;
  return Number((await mined(await vault.withdraw(shares, 0n, 0n, address, mask))).gasUsed);
}

/** As many as a vault can have, each half again as wide as the one before. */
async function eightRanges(world: World): Promise<readonly { tickLower: number; tickUpper: number }[]> {
  const centre = Math.floor((await world.tick()) / SPACING) * SPACING;
  return Array.from({ length: 8 }, (_, i) => {
    const half = Math.ceil((600 * 1.5 ** i) / SPACING) * SPACING;
    return { tickLower: centre - half, tickUpper: centre + half };
  });
}
