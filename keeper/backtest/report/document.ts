/**
 * The result for programs: rates and returns are fractions, amounts decimal strings in quote units, times ISO 8601. What has no value (a ratio that
 * divides by nothing, time in range without ranges) is null. Figures are means over the starts.
 */
import type { PricePath } from "../../market/types.ts";
import { type Attribution, totalOf } from "../../report/attribution.ts";
import { decimal, isoTime } from "../../report/format.ts";
import { canonicalJson } from "../../strategy/canonical.ts";
import type { ConfigOverrides } from "../../strategy/config.ts";
import { STRATEGY } from "../../strategy/version.ts";
import { hashOf, sha256 } from "../data/hash.ts";
import { REGIME_NAMES } from "../data/regimes.ts";
import type { StretchFigures } from "../metrics/stretch.ts";
import type { Costs } from "../model/costs.ts";
import type { BookBreakEven } from "../metrics/breakEven.ts";
import type { PayOrigin } from "../pay/origin.ts";
import type { FeeModel, PayRatio } from "../study/options.ts";
import type { Spread } from "../metrics/spread.ts";
import type { Ablation } from "../study/ablation.ts";
import type { StrategyStudy, Study } from "../study/study.ts";
import type { Candidate } from "../study/walkForward.ts";
import type { CodeVersion } from "./codeVersion.ts";
import { notesOf } from "./notes.ts";
import {
  ABLATION_MEASURES,
  type Measure,
  meanAttribution,
  MEASURES,
  signDependsOnK,
  spreads,
  STRETCH_MEASURES,
} from "./summary.ts";

/** What a study was made of, beside its figures. */
export interface Setting {
  readonly path: PricePath;
  readonly fees: FeeModel;
  readonly k: PayRatio;
  /** Where pay was measured. */
  readonly pool?: PayOrigin;
  readonly costs: Costs;
  /** Where the reserve's yield comes from. */
  readonly reserve: "fed funds" | "default";
  /** SHA-256 of its rates, where they are not the default. */
  readonly ratesHash?: string;
  /** Of `layered`'s configuration what is not the default. */
  readonly overrides?: ConfigOverrides;
  /** The file that they stand in. */
  readonly configFile?: string;
  /** Each rule was left out in turn. */
  readonly ablation?: boolean;
  /** What the walk-forward chose from; null if there was none. */
  readonly candidates?: readonly Candidate[] | null;
  /** Seeds 1 to so many shuffled the signals of gate E. */
  readonly placebos: number;
  /** What computed it, so that anybody can do so again. */
  readonly code?: CodeVersion;
}

/** Places of an amount: sums agree with the net asset value to well under a cent. */
const PLACES = 6;

export type StudyDocument = ReturnType<typeof studyDocument>;

export function studyDocument(study: Study, setting: Setting) {
  const { path, fees, k, costs, reserve, overrides = {}, placebos, code = null, pool } = setting;
  const { ratesHash, configFile = null, ablation = false, candidates = null } = setting;
  const { strategies, starts } = study;
  const measuredAt = pool === undefined ? {} : { pool };
  const model = { fees, k, feeScale: study.feeScale, ...measuredAt, ...costs, reserve, baseline: "hold-base" };
  const rates = ratesHash === undefined ? {} : { ratesSha256: ratesHash };
  const data = { file: path.file ?? null, from: isoTime(path.from), to: isoTime(path.to) };
  const asked = {
    strategy: STRATEGY,
    overrides,
    ...{ placebos, ablation, candidates: candidates ?? [] },
    // By content: where files lie changes no figure.
    model: { ...model, ...rates, ...(pool === undefined ? {} : { pool: { ...pool, ...contents(pool) } }) },
    data: { from: data.from, to: data.to, bars: hashOf(path) },
    strategies: strategies.map(({ name }) => name),
  };
  const named = <T>(of: (one: StrategyStudy) => T): Record<string, T> =>
    Object.fromEntries(strategies.map((one) => [one.name, of(one)]));
  const stretches = (pick: (one: StrategyStudy) => ReadonlyMap<string, readonly StretchFigures[]>, name: string) =>
    Object.fromEntries(
      strategies.flatMap((one) => {
        const runs = pick(one).get(name);
        return runs === undefined ? [] : [[one.name, stretchDocument(runs)] as const];
      }),
    );
  const periods = (pick: (one: StrategyStudy) => ReadonlyMap<string, readonly StretchFigures[]>): string[] =>
    [...new Set(strategies.flatMap((one) => [...pick(one).keys()]))].toSorted();
  return {
    data: { ...data, bars: path.bars.length, filledBars: path.filledBars, sha256: hashOf(path) },
    model: { ...model, ...rates },
    ...(study.measured === null ? {} : { measured: measuredDocument(study.measured) }),
    notes: notesOf(study, setting),
    configHash: sha256(canonicalJson({ ...asked, starts: starts.map(isoTime) })),
    // Nothing else in these runs is drawn.
    seed: study.gates === null || placebos === 0 ? null : { placebos: [1, placebos] },
    code,
    layered: { ...STRATEGY, overrides, configFile },
    end: { price: path.bars.at(-1)?.close ?? null, volatility: study.endVolatility },
    starts: starts.map(isoTime),
    ...(study.gates === null ? {} : { gates: study.gates }),
    ...(study.ablation === null ? {} : { ablation: study.ablation.map(ablationDocument) }),
    ...(study.walkForward === null ? {} : { walkForward: study.walkForward }),
    strategies: named(strategyDocument),
    regimes: REGIME_NAMES.filter((name) => study.regimeBars.has(name)).map((name) => ({
      name,
      bars: study.regimeBars.get(name),
      strategies: stretches((one) => one.regimes, name),
    })),
    quarters: periods((one) => one.quarters).map((quarter) => ({
      quarter,
      strategies: stretches((one) => one.quarters, quarter),
    })),
    years: periods((one) => one.years).map((year) => ({ year, strategies: stretches((one) => one.years, year) })),
  };
}

function contents({ files, tickMap }: PayOrigin) {
  return { files: files.map(({ sha256: hash }) => hash), tickMap: tickMap?.sha256 ?? null };
}

/** Fractions; null where it divides by nothing. */
function measuredDocument({ payRatio, volatility }: NonNullable<Study["measured"]>) {
  return { payRatio, impliedVolatility: volatility.implied, realisedVolatility: volatility.realised };
}

function strategyDocument({ runs, atK, beatsHold, first }: StrategyStudy) {
  const all = spreads(runs, MEASURES);
  return {
    ...means(all),
    attribution: attributionDocument(meanAttribution(runs)),
    starts: { n: runs.length, min: all.netReturn?.min ?? null, max: all.netReturn?.max ?? null },
    ranges: rangesOf(all),
    atK: [...atK].map(([k, others]) => ({
      k,
      ...means(spreads(others, ["netReturn", "cagr", "maxDrawdown"] as const)),
    })),
    signDependsOnK: atK.size === 0 ? null : signDependsOnK(atK),
    beatsHold,
    breakEven: first.breakEven?.map(breakEvenDocument) ?? null,
  };
}

function ablationDocument({ rule, without }: Ablation) {
  return {
    rule,
    without: {
      ...means(spreads(without, ABLATION_MEASURES)),
      attribution: attributionDocument(meanAttribution(without)),
    },
  };
}

/** Prices are quote units per base unit. */
function breakEvenDocument({ days, fees, absolute, versusTokens }: BookBreakEven) {
  return { days, expectedFees: decimal(fees, PLACES), absolute, versusTokens };
}

function stretchDocument(runs: readonly StretchFigures[]) {
  return {
    ...means(spreads(runs, STRETCH_MEASURES)),
    attribution: attributionDocument(meanAttribution(runs)),
    starts: runs.length,
  };
}

function means<M extends Measure>(all: Readonly<Record<M, Spread | null>>): Readonly<Record<M, number | null>> {
  const entries = Object.entries<Spread | null>(all).map(([name, spread]) => [name, spread?.mean ?? null] as const);
  return Object.fromEntries(entries) as Record<M, number | null>;
}

function rangesOf<M extends Measure>(
  all: Readonly<Record<M, Spread | null>>,
): Readonly<Record<M, readonly [least: number, greatest: number] | null>> {
  const entries = Object.entries<Spread | null>(all).map(
    ([name, spread]) => [name, spread === null ? null : ([spread.min, spread.max] as const)] as const,
  );
  return Object.fromEntries(entries) as Record<M, readonly [number, number] | null>;
}

/** Terms as they are printed add up to the total as it is printed. */
export function attributionDocument(terms: Attribution): Readonly<Record<keyof Attribution | "total", string>> {
  const round = (value: number): number => Number(value.toFixed(PLACES));
  const { market, fees, lvr, hedge, carry, gas, slippage } = terms;
  const rounded = {
    market: round(market),
    fees: round(fees),
    lvr: round(lvr),
    hedge: round(hedge),
    carry: round(carry),
    gas: round(gas),
    slippage: round(slippage),
  };
  return {
    market: decimal(rounded.market, PLACES),
    fees: decimal(rounded.fees, PLACES),
    lvr: decimal(rounded.lvr, PLACES),
    hedge: decimal(rounded.hedge, PLACES),
    carry: decimal(rounded.carry, PLACES),
    gas: decimal(rounded.gas, PLACES),
    slippage: decimal(rounded.slippage, PLACES),
    total: decimal(totalOf(rounded), PLACES),
  };
}
