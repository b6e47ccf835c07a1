/** Both engines beside each other, for programs and for people. */
import { counted, decimal, feeTier, grouped, isoTime, percent, shortTime } from "../../report/format.ts";
import { HOUR } from "../../market/time.ts";
import { type Comparison, type Differences, type EngineFigures, LIMITS } from "../exact/compare.ts";
import type { ReplayMode } from "../exact/poolFeed.ts";
import type { PoolSource } from "../exact/source.ts";
import type { Window } from "../exact/window.ts";
import type { Costs } from "../model/costs.ts";
import { table } from "./text.ts";

export interface ComparisonSetting {
  readonly source: PoolSource;
  readonly window: Window;
  readonly mode: ReplayMode;
  readonly costs: Costs;
}

/** Amounts are decimal strings in quote units, all else fractions; a difference is fast over exact, less one. */
export function comparisonDocument(result: Comparison, { source, window, mode, costs }: ComparisonSetting): unknown {
  const { file, terms, orientation, derived, checked, exact } = source;
  return {
    data: {
      file,
      from: isoTime(window.from),
      to: isoTime(window.from + window.bars * HOUR),
      bars: window.bars,
      fee: terms.fee,
      ...orientation,
      swapsChecked: checked,
      swapsExact: exact,
      tickmap: derived === null ? "file" : "events",
      ...(derived === null ? {} : { stretchesSeen: derived.seen, stretchesPassed: derived.passed }),
    },
    model: { replay: mode, ...costs },
    limits: LIMITS,
    feeImpliedVolatility: result.volatility.implied,
    realisedVolatility: result.volatility.realised,
    strategies: Object.fromEntries(
      result.strategies.map(({ name, exact: one, fast, ...rest }) => [
        name,
        { exact: figuresDocument(one), fast: figuresDocument(fast), ...rest },
      ]),
    ),
    passed: result.passed,
  };
}

function figuresDocument({ fees, lvr, nav, rebalances }: EngineFigures): unknown {
  return { fees: decimal(fees), lvr: decimal(lvr), nav: decimal(nav), rebalances };
}

export function comparisonText(result: Comparison, setting: ComparisonSetting): string {
  const decided = decisions(result);
  return [
    head(result, setting),
    figures(result),
    apart(result),
    ...(decided.length === 0 ? [] : [decided]),
    replayed(result, setting),
    verdict(result),
  ]
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function head({ volatility }: Comparison, { source, window, mode, costs }: ComparisonSetting): string[] {
  const { file, terms, derived, checked, exact } = source;
  const { implied, realised } = volatility;
  const end = window.from + window.bars * HOUR;
  return [
    `${file}   ${shortTime(window.from)} to ${shortTime(end)}   ${grouped(window.bars / 24, 1)} days, fee ${feeTier(terms.fee)}`,
    `${grouped(exact, 0)} of ${grouped(checked, 0)} swaps held against the pool without us are exact to the wei; ${
      derived === null
        ? "its ticks are those of the tick map"
        : `its ticks are read out of the events (${derived.seen} stretches of price seen, ${derived.passed} only passed through)`
    }`,
    mode === "prices"
      ? "swaps go on to the recorded price; our liquidity adds to their volume"
      : "swaps bring the recorded amounts; our liquidity holds the price back",
    `swap ${grouped(costs.swap * 10_000, 0)} bp outside of the pool, gas ${costs.gas} a rebalance, start ${grouped(costs.nav, 0)}`,
    `volatility over all events: ${implied === null ? "-" : percent(implied)} implied by fees, ${realised === null ? "-" : percent(realised)} realised by the pool's price at ten minutes`,
  ];
}

function figures({ strategies }: Comparison): string[] {
  const cells = ({ fees, lvr, nav }: EngineFigures): string[] => [fees, lvr, nav].map((value) => grouped(value));
  return table(
    ["quote units", "fees", "LVR", "NAV", "fees, fast", "LVR, fast", "NAV, fast", "rebalances"],
    strategies.map(({ name, exact, fast }) => [name, ...cells(exact), ...cells(fast), String(exact.rebalances)]),
  );
}

function apart({ strategies }: Comparison): string[] {
  const cells = ({ fees, lvr, nav, navAtWorst }: Differences): string[] => [
    ...[fees, lvr, nav].map(small),
    (navAtWorst * 100).toFixed(4),
  ];
  return table(
    ["fast - exact, %", "fees", "LVR", "NAV", "at worst", "by sums: fees", "LVR", "NAV", "at worst", ""],
    strategies.map(({ name, difference, differenceBySum, passed }) => [
      name,
      ...cells(difference),
      ...cells(differenceBySum),
      passed ? "" : "too far apart",
    ]),
  );
}

/** Of strategies that tell of decisions; nothing if there is none. */
function decisions({ strategies }: Comparison): string[] {
  const told = strategies.flatMap(({ name, decisions, decisionsBySum }) =>
    decisions === null || decisionsBySum === null ? [] : [{ name, decisions, decisionsBySum }],
  );
  if (told.length === 0) return [];
  return [
    ...table(
      ["decisions that act", "exact", "refused", "fast", "differ", "by sums: fast", "differ"],
      told.map(({ name, decisions: fed, decisionsBySum: sums }) => [
        name,
        ...[fed.exact, fed.refused, fed.fast, fed.differing, sums.fast, sums.differing].map(String),
      ]),
    ),
    ...told.flatMap(({ name, decisions: { first } }) =>
      first === null
        ? []
        : [`${name} parts first at ${shortTime(first.time)}. exact: ${first.exact} fast: ${first.fast}`],
    ),
  ];
}

function replayed({ strategies }: Comparison, { mode }: ComparisonSetting): string[] {
  return table(
    ["our liquidity, %", "share at most", mode === "prices" ? "volume that it adds" : "price off at most"],
    strategies.map(({ name, share, extraVolume, deviation }) => [
      name,
      (share * 100).toFixed(2),
      ((mode === "prices" ? extraVolume : deviation) * 100).toFixed(2),
    ]),
  );
}

function verdict({ strategies, passed }: Comparison): string[] {
  const limits = `fees within ${percent(LIMITS.fees)} and NAV within ${percent(LIMITS.nav)} at every mark`;
  const failed = strategies.filter((one) => !one.passed);
  return [passed ? `${limits}: yes` : `${limits}: no, ${counted(failed.length, "strategy")} of ${strategies.length}`];
}

function small(fraction: number): string {
  const text = (fraction * 100).toFixed(4);
  return Number(text) === 0 ? "0.0000" : text;
}
