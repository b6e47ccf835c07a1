/**
 * Every sleeve's own books and its venue's, read as plain storage: nothing in here asks a sleeve what anything is worth, and nothing
 * changes with time alone. What a debt has grown to is computed beside Morpho from its definition.
 */
import { divUp, ONE } from "../../arithmetic.ts";
import type { World } from "../../world.ts";
import type { FuzzSleeve, SleeveSide } from "./open.ts";

export interface Read {
  readonly target: string;
  readonly data: string;
}

/** One sleeve; what its kind does not have is zero. */
export interface SleeveBook {
  readonly total: bigint;
  readonly units: ReadonlyMap<string, bigint>;
  /** At Morpho. */
  readonly collateral: bigint;
  readonly borrowShares: bigint;
  /** The sleeve's own book of venue shares, and how many it has. */
  readonly held: bigint;
  readonly venueShares: bigint;
  /** A fund's, see Erc7540Sleeve. */
  readonly cash: bigint;
  readonly depositing: bigint;
  readonly redeeming: bigint;
  readonly asked: bigint;
  readonly filled: bigint;
  readonly claimable: bigint;
  readonly waiting: bigint;
  /** Of the asset, at the sleeve's address. */
  readonly tokens: bigint;
  /** What the sleeve lets its venue take of both tokens, and the vault the sleeve and its venue. */
  readonly allowances: readonly bigint[];
}

/** A lending market by its last accrual. */
export interface MarketBook {
  readonly supplyAssets: bigint;
  readonly borrowAssets: bigint;
  readonly borrowShares: bigint;
  readonly lastUpdate: bigint;
  /** Per second, 1e18, as its own state makes it. */
  readonly rate: bigint;
}

export interface VenueBook {
  readonly conversion: MarketBook;
  readonly reversal: MarketBook;
  /** Asset wei per share wei of the fund, 1e18. */
  readonly nav: bigint;
}

const TARGET = (9n * ONE) / 10n;
const VIRTUAL_SHARES = 10n ** 6n;

export function word(hex: string, index = 0): bigint {
  return BigInt(`0x${hex.slice(2 + 64 * index, 66 + 64 * index)}`);
}

/** @param holders of units */
export async function bookReads(world: World, side: SleeveSide, holders: readonly string[]): Promise<readonly Read[]> {
  const { venues, sleeves } = side;
  const { lending } = venues;
  const tokens = [await world.token0.getAddress(), await world.token1.getAddress()] as const;
  const reads: Read[] = [];
  const ask = (target: string, data: string): void => void reads.push({ target, data });
  const fund = venues.fundSleeve.interface;
  const token = world.token0.interface;
  const morpho = lending.morpho.interface;
  const allowance = (target: string, owner: string, spender: string): void =>
    ask(target, token.encodeFunctionData("allowance", [owner, spender]));
  for (const { address, kind, assetIsToken0, venue, market } of sleeves) {
    ask(address, fund.encodeFunctionData("totalUnits"));
    for (const holder of holders) ask(address, fund.encodeFunctionData("balanceOf", [holder, 0]));
    if (market !== null) {
      ask(venue, morpho.encodeFunctionData("position", [market.id, address]));
    } else {
      ask(address, fund.encodeFunctionData("held"));
      ask(venue, token.encodeFunctionData("balanceOf", [address]));
    }
    if (kind === "fund") {
      ask(address, fund.encodeFunctionData("cash"));
      ask(address, fund.encodeFunctionData("depositing"));
      ask(address, fund.encodeFunctionData("redeeming"));
      ask(address, fund.encodeFunctionData("line"));
      for (const holder of holders) ask(address, fund.encodeFunctionData("ticketsOf", [holder]));
    }
    ask(tokens[assetIsToken0 ? 0 : 1], token.encodeFunctionData("balanceOf", [address]));
    for (const one of tokens) {
      allowance(one, address, venue);
      allowance(one, world.addresses.vault, address);
      allowance(one, world.addresses.vault, venue);
    }
    if (market === null) allowance(venue, address, venue);
  }
  for (const { id } of [lending.conversion, lending.reversal]) {
    ask(venues.addresses.morpho, morpho.encodeFunctionData("market", [id]));
    for (const utilization of [0n, TARGET, ONE]) {
      const data = lending.rateModel.interface.encodeFunctionData("rateAt", [id, utilization]);
      ask(lending.markets.rateModel, data);
    }
  }
  ask(venues.addresses.fund, venues.fund.interface.encodeFunctionData("navPerShare"));
  return reads;
}

/** @param results of bookReads, in their order */
export function parseBooks(
  side: SleeveSide,
  holders: readonly string[],
  results: readonly string[],
): { readonly books: ReadonlyMap<string, SleeveBook>; readonly venues: VenueBook } {
  let place = 0;
  const next = (): string => {
    const result = results[place++];
    if (result === undefined) throw new Error("the books are shorter than their reads");
    return result;
  };
  const books = new Map(side.sleeves.map((sleeve) => [sleeve.address, parseBook(sleeve, holders, next)]));
  const [conversion, reversal] = [parseMarket(next), parseMarket(next)];
  return { books, venues: { conversion, reversal, nav: word(next()) } };
}

function parseBook(sleeve: FuzzSleeve, holders: readonly string[], next: () => string): SleeveBook {
  const total = word(next());
  const units = new Map(holders.map((holder) => [holder, word(next())]));
  let [collateral, borrowShares, held, venueShares] = [0n, 0n, 0n, 0n];
  if (sleeve.kind === "loan") {
    const position = next();
    [borrowShares, collateral] = [word(position, 1), word(position, 2)];
  } else {
    [held, venueShares] = [word(next()), word(next())];
  }
  let [cash, depositing, redeeming, asked, filled, claimable, waiting] = [0n, 0n, 0n, 0n, 0n, 0n, 0n];
  if (sleeve.kind === "fund") {
    [cash, depositing, redeeming] = [word(next()), word(next()), word(next())];
    const line = next();
    [asked, filled] = [word(line), word(line, 1)];
    for (let i = 0; i < holders.length; i++) {
      const tickets = next();
      claimable += word(tickets);
      waiting += word(tickets, 1);
    }
  }
  const tokens = word(next());
  const allowances = Array.from({ length: sleeve.market === null ? 7 : 6 }, () => word(next()));
  return {
    total,
    units,
    collateral,
    borrowShares,
    held,
    venueShares,
    cash,
    depositing,
    redeeming,
    asked,
    filled,
    claimable,
    waiting,
    tokens,
    allowances,
  };
}

function parseMarket(next: () => string): MarketBook {
  const market = next();
  const [supplyAssets, borrowAssets, borrowShares, lastUpdate] = [0, 2, 3, 4].map((i) => word(market, i)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const [empty, target, full] = [word(next()), word(next()), word(next())];
  const rate = empty === full ? target : curve(target, supplyAssets === 0n ? 0n : (borrowAssets * ONE) / supplyAssets);
  return { supplyAssets, borrowAssets, borrowShares, lastUpdate, rate };
}

/** The rate model's curve: a quarter of the target's rate at no utilisation, four times it at full one. */
function curve(atTarget: bigint, utilization: bigint): bigint {
  if (utilization >= TARGET) return atTarget + (atTarget * 3n * (utilization - TARGET)) / (ONE - TARGET);
  return (atTarget * (TARGET + 3n * utilization)) / (4n * TARGET);
}

/** What all borrow shares of a market owe at a time: interest compounds to the third order, rounded down. */
export function borrowedAt(market: MarketBook, at: number): bigint {
  const first = market.rate * (BigInt(at) - market.lastUpdate);
  const second = (first * first) / (2n * ONE);
  const third = (second * first) / (3n * ONE);
  return market.borrowAssets + (market.borrowAssets * (first + second + third)) / ONE;
}

/** What it takes to repay so many borrow shares at a time, rounded up. */
export function debtOf(market: MarketBook, shares: bigint, at: number): bigint {
  return divUp(shares * (borrowedAt(market, at) + 1n), market.borrowShares + VIRTUAL_SHARES);
}
