/**
 * A vault's sleeves: their places, their terms by default and why, and how one is deployed. What a sleeve may do is fixed when it is
 * made; how much of the vault it may hold is the policy's cap for its place.
 */
import { Contract, type Signer } from "ethers";

import { deploy, loadArtifact } from "./artifacts.ts";

/** Places by index. */
export const SLEEVE_PLACES = ["conversion", "reversal", "reserve", "asset"] as const;
export type SleevePlace = (typeof SLEEVE_PLACES)[number];

/**
 * Basis points of NAV that a sleeve may own, before its debt.
 *
 * conversion: all that stands beside a core of 60 %. At a loan-to-value of 0.65 it secures a debt of 26 % of NAV, 87 % of the base that
 *   such a core holds in the middle of its range. The last eighth stays open: it would need 46 % of NAV (50 % at the core's cap), of
 *   which a part would have to be bought with borrowed money first, and every percent more is lent against more that a liquidation
 *   could cost (4.4 % of what is seized at Morpho's terms).
 * reversal: it adds to the core's long instead of hedging it: at most a quarter of the conversion's.
 * reserve: the remainder beside a core at its cap of 65 %.
 * asset: it settles in days and its price is a reporter's word, so that a wrong report must not cost more than a tenth.
 */
export const DEFAULT_SLEEVE_CAPS: Readonly<Record<SleevePlace, number>> = {
  conversion: 4_000,
  reversal: 1_000,
  reserve: 3_500,
  asset: 1_000,
};

const ONE = 10n ** 18n;

/** contracts/sleeves/MorphoSleeve.sol, struct Terms; 1e18 = 1. */
export interface DebtTerms {
  readonly openingHealth: bigint;
  readonly floorHealth: bigint;
  /** A year. */
  readonly rateCap: bigint;
}

/** contracts/sleeves/Erc4626Sleeve.sol, struct Terms. */
export interface AssetTerms {
  /** How fast a share's price is believed to rise at most, a year, 1e18 = 100 %. */
  readonly maxRate: bigint;
  /** What an entry may lose, 1e18 = all of it. */
  readonly tolerance: bigint;
  /** What newcomers pay above the venue's word. */
  readonly premiumBps: number;
}

/**
 * Health 1.32 is a loan-to-value of 0.65 where the market liquidates at 0.86, and 1.2 times the floor, as the code demands: the debt must
 * grow by a fifth against its collateral before anybody may deleverage, and by another tenth before anybody may liquidate. 25 % a year on
 * the largest conversion's debt costs 54 bps of NAV a month, more than a hedge is worth for long.
 */
export const DEFAULT_DEBT_TERMS: DebtTerms = {
  openingHealth: (132n * ONE) / 100n,
  floorHealth: (110n * ONE) / 100n,
  rateCap: ONE / 4n,
};

/** A lending reserve's price is never old and rises by interest: 25 % a year is more than the dearest storms pay for long. */
export const DEFAULT_RESERVE_TERMS: AssetTerms = { maxRate: ONE / 4n, tolerance: ONE / 1_000n, premiumBps: 0 };

/**
 * A fund's price is as old as its last report: a week's surprise of 1 % is on newcomers (premium), and a report that is above a year's
 * pace of 30 % by more than a quarter of a percent makes deposits wait.
 */
export const DEFAULT_FUND_TERMS: AssetTerms = { maxRate: (3n * ONE) / 10n, tolerance: ONE / 400n, premiumBps: 100 };

/** A Morpho Blue market, as Morpho writes its terms. */
export interface MorphoMarket {
  readonly loanToken: string;
  readonly collateralToken: string;
  readonly oracle: string;
  readonly irm: string;
  /** 1e18. */
  readonly lltv: bigint;
}

/** What a sleeve is made of; a new kind of venue is one more member here and one more line in {@link deploySleeve}. */
export type SleeveVenue =
  | { readonly kind: "morpho"; readonly morpho: string; readonly market: MorphoMarket; readonly terms?: DebtTerms }
  | { readonly kind: "erc4626"; readonly venue: string; readonly terms?: AssetTerms }
  | { readonly kind: "erc7540"; readonly venue: string; readonly terms?: AssetTerms };

export interface SleeveConfig {
  readonly place: SleevePlace;
  readonly venue: SleeveVenue;
  /** Default {@link DEFAULT_SLEEVE_CAPS}. */
  readonly capBps?: number;
}

export type SleeveAddresses = Readonly<Partial<Record<SleevePlace, string>>>;

/** Deploys one sleeve for a vault; it is powerless until the DAO names it. @returns its address */
export async function deploySleeve(deployer: Signer, vault: string, venue: SleeveVenue): Promise<string> {
  switch (venue.kind) {
    case "morpho": {
      const terms = venue.terms ?? DEFAULT_DEBT_TERMS;
      return deploy(deployer, await loadArtifact("sleeves/MorphoSleeve"), [vault, venue.morpho, venue.market, terms]);
    }
    case "erc4626": {
      const terms = venue.terms ?? DEFAULT_RESERVE_TERMS;
      // The venue is its own share (ERC-7575 tells others apart).
      const args = [vault, venue.venue, venue.venue, terms];
      return deploy(deployer, await loadArtifact("sleeves/Erc4626Sleeve"), args);
    }
    case "erc7540": {
      const terms = venue.terms ?? DEFAULT_FUND_TERMS;
      return deploy(deployer, await loadArtifact("sleeves/Erc7540Sleeve"), [vault, venue.venue, terms]);
    }
  }
}

/**
 * Deploys sleeves and puts them in their places, while the deployer still is administrator: later the same needs a vote.
 * @throws RangeError if two sleeves are for one place
 */
export async function placeSleeves(
  deployer: Signer,
  at: { readonly policy: string; readonly vault: string },
  configs: readonly SleeveConfig[],
): Promise<SleeveAddresses> {
  const policy = new Contract(at.policy, (await loadArtifact("Policy")).abi, deployer);
  const vault = new Contract(at.vault, (await loadArtifact("Vault")).abi, deployer);
  const placed: Partial<Record<SleevePlace, string>> = {};
  for (const { place, venue, capBps } of configs) {
    if (placed[place] !== undefined)
      throw new RangeError(`Two sleeves are for the place "${place}"; a place holds one.`);
    const sleeve = await deploySleeve(deployer, at.vault, venue);
    const index = SLEEVE_PLACES.indexOf(place);
    const set = await policy.getFunction("setSleeve").send(index, sleeve, capBps ?? DEFAULT_SLEEVE_CAPS[place]);
    await set.wait();
    const adopted = await vault.getFunction("adoptSleeve").send(index);
    await adopted.wait();
    placed[place] = sleeve;
  }
  return placed;
}
