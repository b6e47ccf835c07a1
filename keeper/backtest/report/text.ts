/** The result for people. */
import { REGIME_NAMES } from "../data/regimes.ts";
import { totalOf } from "../../report/attribution.ts";
import { counted, feeTier, grouped, percent, shortTime, signed } from "../../report/format.ts";
import type { RunFigures } from "../metrics/runFigures.ts";
import type { StretchFigures } from "../metrics/stretch.ts";
import { GATE_NAMES, type Gates } from "../study/gates.ts";
import { originFiles } from "../pay/origin.ts";
import { DEFAULT_STARTS, type FeeModel } from "../study/options.ts";
import { type Spread, spreadOf } from "../metrics/spread.ts";
import type { StrategyStudy, Study } from "../study/study.ts";
import type { Joined } from "../study/walkForward.ts";
import type { Setting } from "./document.ts";
import { isShort, notesOf } from "./notes.ts";
import { ABLATION_MEASURES, meanAttribution, MEASURES, signDependsOnK, spreads } from "./summary.ts";

export function studyText(study: Study, setting: Setting): string {
  return [
    head(study, setting),
    figures(study, isShort(setting.path.bars.length)),
    ...(isShort(setting.path.bars.length) ? [] : [outcomes(study)]),
    attributions(study),
    ...(setting.k === null ? [] : [sensitivity(study)]),
    ...periods(study, isShort(setting.path.bars.length)),
    ...(study.gates === null ? [] : [gateLines(study.gates)]),
    ...ablations(study, isShort(setting.path.bars.length)),
    ...walked(study),
    notesOf(study, setting),
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function head(study: Study, setting: Setting): string[] {
  const { path, costs, reserve } = setting;
  const { starts } = study;
  const many = starts.length > 1 ? " a week apart" : "";
  const prices = setting.pool?.prices === "pool" ? "the pool's own prices" : (path.file ?? "generated prices");
  const few = starts.length < DEFAULT_STARTS ? `; fewer than ${DEFAULT_STARTS}: one path proves nothing` : "";
  return [
    `${prices}   ${shortTime(path.from)} to ${shortTime(path.to)}   ${grouped(path.bars.length, 0)} hours, ${path.filledBars} of them filled`,
    ...payLines(study, setting),
    `swap ${grouped(costs.swap * 10_000, 0)} bp, gas ${costs.gas} a rebalance, start ${grouped(costs.nav, 0)}; risk-free rate: ${reserve === "default" ? percent(costs.reserveRate) : reserve}`,
    `${counted(starts.length, "start")}${many}${few}; figures are means over them, in brackets their range`,
  ];
}

function payLines({ measured }: Study, { fees, k, pool }: Setting): string[] {
  if (k !== null)
    return [`fees follow ${fees}: ${k} x LVR of full-range liquidity over the whole window, by damped variance`];
  if (pool === undefined || measured === null) return [];
  const { implied, realised } = measured.volatility;
  const year = (volatility: number | null): string => (volatility === null ? "-" : percent(volatility));
  return [
    `fees follow ${fees}: measured at a pool of ${feeTier(pool.fee)}, ${PAY_WORDS[fees]}`,
    ...originFiles(pool).map(({ file, sha256 }) => `  ${file}   sha256 ${sha256}`),
    `pay ratio fees/LVR ${measured.payRatio === null ? "-" : measured.payRatio.toFixed(2)} of full-range liquidity over the whole window; volatility implied by fees ${year(implied)}, realised at ten minutes ${year(realised)}`,
  ];
}

const PAY_WORDS: Readonly<Record<FeeModel, string>> = {
  lvr: "",
  volume: "by volume over the recorded liquidity and our own",
  events: "by its events in the exact engine",
};

/** Of a short window without figures of a year. */
function figures({ strategies }: Study, short: boolean): string[] {
  const rows = strategies.map(({ name, runs }) => {
    const all = spreads(runs, MEASURES);
    if (short) {
      return [
        name,
        rate(all.netReturn, 3),
        strategies[0]?.runs.length === 1 ? "" : range(all.netReturn),
        rate(all.maxDrawdown, 3),
        rate(all.timeInRange),
        rate(all.impermanentLoss, 3),
        plain(all.payRatio),
      ];
    }
    return [
      name,
      rate(all.cagr),
      range(all.cagr),
      rate(all.maxDrawdown),
      rate(all.volatility),
      plain(all.sharpe),
      plain(all.sortino),
      plain(all.calmar),
      rate(all.timeInRange),
      plain(all.turnover),
      rate(all.impermanentLoss),
      plain(all.payRatio),
      rate(all.upCapture),
      rate(all.downCapture),
    ];
  });
  if (short) return table(["%", "return", "", "maxDD", "in range", "IL", "fees/LVR"], rows);
  return table(
    [
      "%",
      "CAGR",
      "",
      "maxDD",
      "vol",
      "Sharpe",
      "Sortino",
      "Calmar",
      "in range",
      "turnover",
      "IL",
      "fees/LVR",
      "up",
      "down",
    ],
    rows,
  );
}

/** What came of it in money, and where the ranges that are open at the end stop paying. */
function outcomes({ strategies, starts }: Study): string[] {
  const bounds = (name: StrategyStudy): readonly string[] => {
    const month = name.first.breakEven?.find(({ days }) => days === 30)?.absolute ?? null;
    if (month === null) return ["", ""];
    const upper = month.upper === null ? "any" : shortPrice(month.upper);
    return [`${shortPrice(month.lower)} to ${upper}`, `${(month.probability * 100).toFixed(0)} %`];
  };
  const rows = strategies.map((one) => {
    const all = spreads(one.runs, ["netReturn", "irr"] as const);
    const beats = one.beatsHold === null ? "-" : `${Math.round(one.beatsHold * starts.length)} of ${starts.length}`;
    return [one.name, rate(all.netReturn), range(all.netReturn), rate(all.irr), beats, ...bounds(one)];
  });
  return table(["%", "net return", "", "IRR", "beats hold", "break-even in 30 days", "probability"], rows);
}

function attributions({ strategies }: Study): string[] {
  const money = (value: number): string => signed(value, 0);
  const rows = strategies.map(({ name, runs }) => {
    const terms = meanAttribution(runs);
    const { market, fees, lvr, hedge, carry, gas, slippage } = terms;
    return [name, ...[market, fees, -lvr, hedge, carry, -gas, -slippage, totalOf(terms)].map(money)];
  });
  return table(["quote units", "market", "fees", "LVR", "hedge", "carry", "gas", "slippage", "total"], rows);
}

function sensitivity({ strategies }: Study): string[] {
  const ratios = [...(strategies[0]?.atK.keys() ?? [])];
  const rows = strategies.map(({ name, atK }) => [
    name,
    ...ratios.map((k) => rate(spreadOf((atK.get(k) ?? []).map(({ cagr }) => cagr)))),
    signDependsOnK(atK) ? "gain or loss depends on k" : "",
  ]);
  return table(["CAGR %, by k", ...ratios.map(String), ""], rows);
}

/** A line for each gate, and one for each pay ratio under it. */
function gateLines(gates: Gates): string[] {
  const verdict = (passed: boolean | null): string => (passed === null ? "-" : passed ? "passed" : "NOT PASSED");
  return [
    "gates for layered; X = full-range, recentre-20, recentre-40, charm-20, charm-40",
    ...GATE_NAMES.flatMap((name) => [
      `${name}  ${verdict(gates[name].passed)}  ${gates[name].asks}`,
      ...gates[name].at.map(({ k, figures: all, passed }) => {
        const shown = Object.entries(all).map(
          ([what, value]) => `${what} ${value === null ? "-" : shortFigure(value)}`,
        );
        return `   k = ${k}: ${verdict(passed)}   ${shown.join("   ")}`;
      }),
    ]),
  ];
}

/** What is missing without each rule: the figures of `layered` as it is, then without each in turn. */
function ablations({ ablation, strategies }: Study, short: boolean): string[][] {
  if (ablation === null) return [];
  const whole = strategies.find(({ name }) => name === "layered")?.runs;
  const row = (name: string, runs: readonly RunFigures[]): string[] => {
    const all = spreads(runs, ABLATION_MEASURES);
    const plans = all.rebalances === null ? "-" : all.rebalances.mean.toFixed(0);
    const [up, down] = [rate(all.upCapture), rate(all.downCapture)];
    const yearly = [rate(all.cagr), range(all.cagr)];
    const whole = [rate(all.netReturn, 3), range(all.netReturn)];
    return [name, ...(short ? whole : yearly), rate(all.maxDrawdown), plain(all.sharpe), up, down, plans];
  };
  return [
    table(
      ["layered, %", short ? "return" : "CAGR", "", "maxDD", "Sharpe", "up", "down", "plans"],
      [
        ...(whole === undefined ? [] : [row("as it is", whole)]),
        ...ablation.map(({ rule, without }) => row(`without ${rule}`, without)),
      ],
    ),
  ];
}

function walked({ walkForward }: Study): string[][] {
  if (walkForward === null) return [];
  const { quarters, joined, hindsight, changes, candidates, overfitting } = walkForward;
  const line = (name: string, { cagr, maxDrawdown, sharpe }: Joined): string[] => [
    name,
    (cagr * 100).toFixed(1),
    (maxDrawdown * 100).toFixed(1),
    sharpe === null ? "-" : sharpe.toFixed(2),
  ];
  const { probability, splits } = overfitting;
  return [
    table(
      [`walk-forward over ${counted(candidates.length, "candidate")}, %`, "CAGR", "maxDD", "Sharpe"],
      [
        line("chosen on the past, judged quarters joined", joined),
        line(`best in hindsight: ${hindsight.name}`, hindsight),
      ],
    ),
    table(
      ["judged quarter, %", "chosen", "mean of all", ""],
      quarters.map(({ quarter, chosen, netReturn, meanOfAll }) => [
        quarter,
        (netReturn * 100).toFixed(1),
        (meanOfAll * 100).toFixed(1),
        chosen,
      ]),
    ),
    [
      `the choice changed ${counted(changes, "time")}; what changing costs is not in these figures`,
      `probability of back-test overfitting: ${probability === null ? "-" : `${(probability * 100).toFixed(0)} % of ${grouped(splits, 0)} splits`}`,
    ],
  ];
}

function shortFigure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

type Periods = ReadonlyMap<string, readonly StretchFigures[]>;

/** Net returns by regime, year and quarter: a table each, a column for each strategy. */
function periods({ strategies, regimeBars }: Study, short: boolean): string[][] {
  const returns = (
    title: string,
    pick: (one: StrategyStudy) => Periods,
    names: readonly string[],
    labels = names,
  ): string[] =>
    table(
      [title, ...strategies.map(({ name }) => name)],
      names.map((name, i) => [
        labels[i] ?? name,
        ...strategies.map((one) =>
          rate(spreadOf((pick(one).get(name) ?? []).map(({ netReturn }) => netReturn)), short ? 3 : 1),
        ),
      ]),
    );
  const keys = (pick: (one: StrategyStudy) => Periods): string[] =>
    [...new Set(strategies.flatMap((one) => [...pick(one).keys()]))].toSorted();
  const regimes = REGIME_NAMES.filter((name) => regimeBars.has(name));
  const hours = regimes.map((name) => `${name}, ${grouped(regimeBars.get(name) ?? 0, 0)} h`);
  // Of a few days, year and quarter are the window, and so is a regime that nobody knows.
  if (short)
    return regimes.some((name) => name !== "unknown")
      ? [returns("%, by regime", (one) => one.regimes, regimes, hours)]
      : [];
  const [years, quarters] = [keys((one) => one.years), keys((one) => one.quarters)];
  return [
    returns("%, by regime", (one) => one.regimes, regimes, hours),
    returns("%, by year", (one) => one.years, years),
    returns("%, by quarter", (one) => one.quarters, quarters),
  ];
}

/** Columns as wide as their widest cell, the first one to the left and the others to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** Four digits say enough of a price years away from nothing. */
function shortPrice(value: number): string {
  return grouped(value, value < 10 ? 3 : value < 1_000 ? 1 : 0);
}

/** A fraction as a percentage without its sign of percent. */
function rate(spread: Spread | null, places = 1): string {
  if (spread === null) return "-";
  const written = (spread.mean * 100).toFixed(places);
  // Rounding may leave a minus before nothing.
  return Number(written) === 0 ? (0).toFixed(places) : written;
}

function range(spread: Spread | null): string {
  return spread === null ? "" : `[${(spread.min * 100).toFixed(0)} ${(spread.max * 100).toFixed(0)}]`;
}

function plain(spread: Spread | null): string {
  return spread === null ? "-" : spread.mean.toFixed(2);
}
