/**
 * The venues of a fuzzed world and the sleeves on them: a conversion, a reserve, a fund and a reversal, each in its place, and a second
 * sleeve on each venue that waits for a vote. The world's market contract is everybody else at every venue.
 */
import { deployMorphoWorld, type MorphoWorld } from "../../morpho.ts";
import type { LocalMarket } from "../../../../scripts/local/protocols/morpho.ts";
import type { LocalReitVault } from "../../../../types/ethers-contracts/local/LocalReitVault.ts";
import type { LocalReserveVault } from "../../../../types/ethers-contracts/local/LocalReserveVault.ts";
import type { Erc7540Sleeve } from "../../../../types/ethers-contracts/sleeves/Erc7540Sleeve.ts";
import { MAX_UINT256, ONE, type Random } from "../../arithmetic.ts";
import { deployMorphoSleeve, MORPHO_TERMS, putInPlace } from "../../sleeves.ts";
import type { World } from "../../world.ts";

export type SleeveKind = "loan" | "reserve" | "fund";

export interface FuzzSleeve {
  readonly name: string;
  readonly kind: SleeveKind;
  /** Lower case, as decoded results have it. */
  readonly address: string;
  /** The place for which it was made. */
  readonly place: number;
  readonly assetIsToken0: boolean;
  /** Whom the sleeve has to allow its tokens. */
  readonly venue: string;
  /** Of a loan. */
  readonly market: LocalMarket | null;
  readonly openingHealth: bigint;
}

export interface Venues {
  readonly lending: MorphoWorld;
  readonly reserve: LocalReserveVault;
  readonly fund: LocalReitVault;
  readonly addresses: { readonly morpho: string; readonly reserve: string; readonly fund: string };
  /** Every sleeve has the functions of one of these. */
  readonly fundSleeve: Erc7540Sleeve;
}

/** What the DAO names and what the vault has taken in, place by place. */
export interface Place {
  policy: FuzzSleeve | null;
  capBps: number;
  vault: FuzzSleeve | null;
}

export interface SleeveSide {
  readonly venues: Venues;
  readonly sleeves: readonly FuzzSleeve[];
  readonly places: Place[];
}

const RESERVE_TERMS = { maxRate: ONE / 4n, tolerance: ONE / 1_000n, premiumBps: 0n } as const;
const FUND_TERMS = { maxRate: ONE / 5n, tolerance: ONE / 200n, premiumBps: 100n } as const;
/** Of the second loans: opened more carefully, deleveraged earlier. */
const CAREFUL_TERMS = {
  openingHealth: (150n * ONE) / 100n,
  floorHealth: (120n * ONE) / 100n,
  rateCap: ONE / 10n,
} as const;
/** Quote units that others hold in the reserve and in the fund. */
const OTHERS = 2_000_000n;
const YEAR = 31_536_000n;

/** Deploys all, votes the first sleeve of each place in, and has the vault take it in. */
export async function openSleeves(world: World, random: Random): Promise<SleeveSide> {
  const lending = await deployMorphoWorld(world, { utilization: ONE / 2n });
  const venues = await openVenues(world, lending);
  const sleeves = await deploySleeves(world, lending, venues);
  const places: Place[] = [];
  for (let index = 0; index < 4; index++) {
    const first = sleeves.find(({ place }) => place === index);
    if (first === undefined) throw new Error(`no sleeve for place ${index}`);
    const capBps = random.chance(0.5) ? 10_000 : random.int(1_000, 6_000);
    await putInPlace(world, index, first.address, capBps);
    places.push({ policy: first, capBps, vault: first });
  }
  const { alice, bob, carol, attacker } = world.who;
  // Whoever has units of a loan pays its debt to redeem them.
  for (const lp of [alice, bob, carol, attacker]) {
    for (const { kind, address, assetIsToken0 } of sleeves) {
      if (kind === "loan")
        await (assetIsToken0 ? world.token1 : world.token0).connect(lp).approve(address, MAX_UINT256);
    }
  }
  return { venues, sleeves, places };
}

async function openVenues(world: World, lending: MorphoWorld): Promise<Venues> {
  const { ethers, quote, who, market, addresses, options } = world;
  const asset = await quote.getAddress();
  const rate = ONE / 25n / YEAR;
  const reserve = await ethers.deployContract("LocalReserveVault", [asset, "Reserve", "LRES", rate], who.deployer);
  const fund = await ethers.deployContract(
    "LocalReitVault",
    [asset, "Fund", "LREIT", who.deployer.address, ONE, 0],
    who.deployer,
  );
  const at = {
    morpho: lending.markets.morpho,
    reserve: await reserve.getAddress(),
    fund: await fund.getAddress(),
  };
  const me = await market.getAddress();
  const depth = OTHERS * 10n ** BigInt(options.quoteDecimals);
  const calls: { target: string; data: string }[] = [];
  for (const token of [world.token0, world.token1]) {
    for (const spender of Object.values(at)) {
      const data = token.interface.encodeFunctionData("approve", [spender, MAX_UINT256]);
      calls.push({ target: await token.getAddress(), data });
    }
  }
  const claim = fund.interface.encodeFunctionData("deposit(uint256,address)", [depth, me]);
  calls.push(
    { target: at.reserve, data: reserve.interface.encodeFunctionData("deposit", [depth, me]) },
    { target: at.fund, data: fund.interface.encodeFunctionData("requestDeposit", [depth, me, me]) },
    { target: at.fund, data: claim },
  );
  await (await market.run(calls)).wait();
  const fundSleeve = await ethers.deployContract("Erc7540Sleeve", [addresses.vault, at.fund, FUND_TERMS]);
  return { lending, reserve, fund, addresses: at, fundSleeve };
}

async function deploySleeves(world: World, lending: MorphoWorld, venues: Venues): Promise<readonly FuzzSleeve[]> {
  const { ethers, addresses, options } = world;
  const quoteIsToken0 = options.quoteIsToken0;
  const list: FuzzSleeve[] = [];
  const add = async (
    name: string,
    sleeve: { getAddress(): Promise<string> },
    rest: Omit<FuzzSleeve, "name" | "address">,
  ): Promise<void> => {
    list.push({ name, address: (await sleeve.getAddress()).toLowerCase(), ...rest });
  };
  for (const [suffix, terms] of [
    ["", MORPHO_TERMS],
    [" two", CAREFUL_TERMS],
  ] as const) {
    for (const [name, place, market] of [
      ["conversion", 0, lending.conversion],
      ["reversal", 3, lending.reversal],
    ] as const) {
      await add(`${name}${suffix}`, await deployMorphoSleeve(lending, market, terms), {
        kind: "loan",
        place,
        assetIsToken0: (name === "conversion") === quoteIsToken0,
        venue: venues.addresses.morpho,
        market,
        openingHealth: terms.openingHealth,
      });
    }
    const { reserve, fund } = venues.addresses;
    const resting = { assetIsToken0: quoteIsToken0, market: null, openingHealth: 0n };
    const onReserve = await ethers.deployContract("Erc4626Sleeve", [addresses.vault, reserve, reserve, RESERVE_TERMS]);
    await add(`reserve${suffix}`, onReserve, { kind: "reserve", place: 1, venue: reserve, ...resting });
    const onFund =
      suffix === ""
        ? venues.fundSleeve
        : await ethers.deployContract("Erc7540Sleeve", [addresses.vault, fund, FUND_TERMS]);
    await add(`fund${suffix}`, onFund, { kind: "fund", place: 2, venue: fund, ...resting });
  }
  return list;
}

/** The sleeve at an address that a decoded result names. */
export function sleeveAt(side: SleeveSide, address: string): FuzzSleeve {
  const sleeve = side.sleeves.find((one) => one.address === address.toLowerCase());
  if (sleeve === undefined) throw new Error(`no sleeve of ours at ${address}`);
  return sleeve;
}

/** Everybody beside the vault and its people who can come by tokens. */
export function holdersOf({ venues, sleeves }: SleeveSide): readonly string[] {
  const { lender, whale, liquidator } = venues.lending;
  return [
    ...sleeves.map(({ address }) => address),
    ...Object.values(venues.addresses),
    ...[lender, whale, liquidator].map(({ address }) => address),
    // Where the reserve's losses go.
    `0x${"dead".padStart(40, "0")}`,
  ];
}
