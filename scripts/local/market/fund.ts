/**
 * What the local property fund reports: once a week, a value that drifts and wanders by itself. It has nothing to do with the pair's
 * price, which is what an asset sleeve is for; its correlation is there to be measured.
 */
import { weiFromUnits } from "../../../keeper/chain/prices.ts";
import type { Random } from "../../../keeper/market/random.ts";
import type { LocalChain, LocalTransaction } from "../chain.ts";
import type { LocalAssetVaults } from "../protocols/assetVaults.ts";

const WEEK = 7 * 86_400;
const YEAR = 365 * 86_400;

/** Seconds between two reports. */
export const REPORT_STEP = WEEK;
/** Income and growth a year, and how far appraisals wander in a year: those of unlisted property funds, roughly. */
const DRIFT = 0.05;
const VOLATILITY = 0.04;

/** Asset units per share after a week. */
export function nextNav(nav: number, random: Random): number {
  const years = REPORT_STEP / YEAR;
  return nav * Math.exp((DRIFT - VOLATILITY ** 2 / 2) * years + VOLATILITY * Math.sqrt(years) * random.normal());
}

/** The fund's reporter. */
export class FundReporter {
  readonly #chain: LocalChain;
  readonly #assets: LocalAssetVaults;
  readonly #random: Random;
  #nav = 1;
  #last: number;

  /** @param time unix seconds at which the fund stands at 1 */
  constructor(chain: LocalChain, assets: LocalAssetVaults, random: Random, time: number) {
    this.#chain = chain;
    this.#assets = assets;
    this.#random = random;
    this.#last = time;
  }

  /** Asset units per share, by the last report. */
  get nav(): number {
    return this.#nav;
  }

  /** The report that is due, if one is. */
  async hour(time: number): Promise<readonly LocalTransaction[]> {
    if (time - this.#last < REPORT_STEP) return [];
    this.#last = time;
    this.#nav = nextNav(this.#nav, this.#random);
    const fund = await this.#chain.ethers.getContractAt("LocalReitVault", this.#assets.reit);
    const data = fund.interface.encodeFunctionData("report", [weiFromUnits(this.#nav, 18)]);
    return [{ from: this.#assets.reporter, to: this.#assets.reit, data, gas: 200_000n, what: "The fund's report" }];
  }
}
