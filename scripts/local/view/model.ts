/** What a moment of the local world looks like to somebody who watches it. Prices in quote units per base unit, values in quote units. */
import type { Attribution } from "../../../keeper/report/attribution.ts";
import type { ActionName } from "../../../keeper/report/summary.ts";

export interface RangeView {
  readonly fee: number;
  readonly lower: number;
  readonly upper: number;
  /** Fraction of NAV. */
  readonly share: number;
}

/** A sleeve that has been used. */
export interface SleeveLineView {
  readonly place: string;
  /** What it owns less what it owes, as a fraction of NAV. */
  readonly share: number;
  /** Quote units, since the start. */
  readonly pnl: number;
}

/** Something that the keeper did, or that was refused. */
export interface ActionView {
  /** Unix seconds. */
  readonly time: number;
  readonly kinds: readonly ActionName[];
  /** Null if it happened; else what refused it and why. */
  readonly refusal: string | null;
  readonly why: string;
}

export interface WorldView {
  readonly url: string | null;
  readonly chainId: number;
  readonly vault: string;
  readonly baseSymbol: string;
  readonly quoteSymbol: string;
  readonly block: number;
  /** Unix seconds of the path. */
  readonly time: number;
  readonly from: number;
  readonly to: number;
  /** Hours of the path per second of the wall clock, lately. */
  readonly pace: number;
  /** Seconds of the wall clock to the path's end; null while unknown. */
  readonly remaining: number | null;
  readonly finished: boolean;
  readonly marketPrice: number;
  /** Null while the oracle is silent. */
  readonly oraclePrice: number | null;
  readonly oracleError: number;
  readonly nav: number;
  readonly sharePrice: number;
  /** Return of a share since the start, a fraction; what LPs bring or take does not touch it. */
  readonly shareReturn: number;
  /** Returns of the baselines since the start, fractions. */
  readonly hold: number;
  readonly static: number;
  readonly ranges: readonly RangeView[];
  /** Fraction of NAV. */
  readonly idle: number;
  readonly sleeves: readonly SleeveLineView[];
  /** What others did to the vault's debts since the start. */
  readonly liquidations: number;
  readonly deleverages: number;
  readonly terms: Attribution;
  readonly counts: Readonly<Record<ActionName, number>>;
  readonly refused: number;
  /** Why the keeper holds now; null right after an action. */
  readonly holding: string | null;
  /** Newest first. */
  readonly actions: readonly ActionView[];
}
