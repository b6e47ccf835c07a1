/** How `layered` was judged: its gates, what each rule is worth, and what choosing on the past would have brought. */
import { grouped } from "../../../report/format.ts";
import { GATE_NAMES } from "../../study/gates.ts";
import type { StudyDocument } from "../document.ts";
import { el, join, type Markup, text } from "./markup.ts";
import { type Cell, folded, table } from "./table.ts";
import { plain, rate, share } from "./write.ts";

const VERDICTS = { yes: "passed", no: "not passed", open: "-" } as const;

function verdict(passed: boolean | null): string {
  return passed === null ? VERDICTS.open : passed ? VERDICTS.yes : VERDICTS.no;
}

/** Empty where `layered` did not run. */
export function judged(document: StudyDocument): readonly Markup[] {
  const { gates } = document;
  return [
    ...(gates === undefined ? [] : [gateTable(gates)]),
    ...(document.ablation === undefined ? [] : [ablationTable(document)]),
    ...(document.walkForward === undefined ? [] : walked(document.walkForward)),
  ];
}

function gateTable(gates: NonNullable<StudyDocument["gates"]>): Markup {
  const passed = GATE_NAMES.filter((name) => gates[name].passed === true).length;
  const judgedAtAll = GATE_NAMES.filter((name) => gates[name].passed !== null).length;
  const rows = GATE_NAMES.flatMap((name) =>
    gates[name].at.map(({ k, figures, passed: here }): Cell[] => [
      `${name}, k = ${k}`,
      verdict(here),
      gates[name].asks,
      Object.entries(figures)
        .map(([what, value]) => `${words(what)} ${value === null ? "-" : shown(value)}`)
        .join(", "),
    ]),
  );
  return join([
    el(
      "p",
      {},
      text(
        `Gates are what layered must pass before anybody is told that it pays. It passes ${grouped(passed, 0)} of the ${grouped(judgedAtAll, 0)} that were judged. X stands for full-range, recentre-20, recentre-40, charm-20 and charm-40.`,
      ),
    ),
    table("Gates, means over the starts", ["gate", "verdict", "what is asked", "figures"], rows),
  ]);
}

/** "partInX" -> "part in X". */
function words(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").replaceAll(/ (?!X\b)[A-Z]/g, (found) => found.toLowerCase());
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

function ablationTable(document: StudyDocument): Markup {
  const whole = document.strategies["layered"];
  const row = (name: string, of: Readonly<Record<string, unknown>>): Cell[] => {
    const at = (measure: string): number | null => (typeof of[measure] === "number" ? of[measure] : null);
    return [
      name,
      rate(at("cagr")),
      share(at("maxDrawdown")),
      plain(at("sharpe")),
      rate(at("upCapture")),
      rate(at("downCapture")),
      plain(at("rebalances"), 0),
    ];
  };
  const rows = [
    ...(whole === undefined ? [] : [row("as it is", whole)]),
    ...(document.ablation ?? []).map(({ rule, without }) => row(`without ${rule}`, without)),
  ];
  return table(
    "layered without each of its rules: what is missing is what the rule is worth. In percent, except Sharpe and plans",
    ["layered", "return a year", "greatest fall", "Sharpe", "up-capture", "down-capture", "plans"],
    rows,
  );
}

function walked({
  candidates,
  quarters,
  joined,
  hindsight,
  overfitting,
  changes,
}: NonNullable<StudyDocument["walkForward"]>): readonly Markup[] {
  const line = (name: string, one: typeof joined): Cell[] => [
    name,
    rate(one.cagr),
    share(one.maxDrawdown),
    plain(one.sharpe),
  ];
  const { probability } = overfitting;
  const luck =
    probability === null
      ? ""
      : ` The probability that choosing by the past overfits is ${grouped(probability * 100, 0)}\u00a0%.`;
  return [
    el(
      "p",
      {},
      text(
        `Walk-forward: before every quarter the one of ${grouped(candidates.length, 0)} settings that had the best Sharpe ratio until then is taken, and the quarter after is what counts. The choice changed ${grouped(changes, 0)} times, which costs nothing in these figures.${luck}`,
      ),
    ),
    table(
      "Walk-forward, in percent, except Sharpe",
      ["", "return a year", "greatest fall", "Sharpe"],
      [line("chosen on the past", joined), line(`best in hindsight: ${hindsight.name}`, hindsight)],
    ),
    folded(
      "Quarter by quarter",
      table(
        "Judged quarters, %",
        ["quarter", "chosen", "mean of all", "setting"],
        quarters.map((one): Cell[] => [one.quarter, rate(one.netReturn), rate(one.meanOfAll), one.chosen]),
      ),
    ),
  ];
}
