import {
  counted,
  duration,
  feeTier,
  grouped,
  percent,
  price,
  shortTime,
  signed,
  signedPercent,
} from "../../../keeper/report/format.ts";
import type { ActionView, RangeView, WorldView } from "./model.ts";

const PICTURE = 25;
const BAR = 24;
/** Lines for the newest actions. */
const ACTION_LINES = 8;
/** Characters of the names at the left. */
const NAME = 8;
/** Characters that the longest texts take; on narrow terminals they get lines accordingly. */
const LONG = 110;
/** Where a sentence may be broken: a number and its % stay together. */
const SPACE = / (?!%)/;
/** Likewise four sleeves, two of which stand beside each other only in theory, and what others did to their debts. */
const SLEEVES_LONG = 190;
/** Between the figures of a line. */
const GAP = "   ";

/**
 * Draws the world as lines of at most `columns` characters. Nothing is cut off from 80 columns on, and the number of lines
 * depends on `columns` and the number of ranges alone.
 */
export function renderFrame(view: WorldView, columns: number): readonly string[] {
  const progress = Math.min(1, Math.max(0, (view.time - view.from) / (view.to - view.from)));
  const long = (name: string, parts: readonly string[], gap: string, most = LONG): string[] =>
    block(name, parts, gap, columns, Math.ceil(most / Math.max(1, columns - NAME)));
  const lines = [
    label("Strata", [`local world at ${view.url ?? "no RPC server"}`, `chain ${view.chainId}`].join(GAP)),
    label("vault", view.vault),
    label("time", [shortTime(view.time), `block ${grouped(view.block, 0)}`].join(GAP)),
    label("path", [`${bar(progress, BAR)} ${percent(progress, 0)}`, ...pace(view)].join(GAP)),
    "",
    label("price", `${price(view.marketPrice)} ${view.quoteSymbol} per ${view.baseSymbol}${GAP}${oracle(view)}`),
    label("NAV", `${grouped(view.nav)} ${view.quoteSymbol}${GAP}share ${view.sharePrice.toFixed(6)}`),
    label(
      "return",
      [
        `share ${signedPercent(view.shareReturn)}`,
        `hold ${signedPercent(view.hold)}`,
        `static range ${signedPercent(view.static)}`,
      ].join(GAP),
    ),
    ...long("earned", earned(view), GAP),
    "",
    ...ranges(view),
    label("idle", percent(view.idle)),
    ...long("sleeves", sleeves(view), GAP, SLEEVES_LONG),
    "",
    ...long("keeper", keeper(view), ", "),
    ...long("now", (view.finished ? "the path has ended" : (view.holding ?? "acted")).split(SPACE), " "),
    ...actions(view.actions, columns),
  ];
  return lines.map((line) => clip(line, columns));
}

/**
 * Where a price stands in a range: "[-----|-----]", with the mark at the edge's arrow when it is outside.
 * @param width characters between the brackets
 */
export function rangePicture(range: Pick<RangeView, "lower" | "upper">, at: number, width = PICTURE): string {
  if (at < range.lower) return `<[${"-".repeat(width)}] `;
  if (at >= range.upper) return ` [${"-".repeat(width)}]>`;
  // By ratio, as ticks are: the middle of a range is its geometric mean.
  const place = Math.log(at / range.lower) / Math.log(range.upper / range.lower);
  const index = Math.min(width - 1, Math.floor(place * width));
  return ` [${"-".repeat(index)}|${"-".repeat(width - 1 - index)}] `;
}

/** The most ranges a vault can have. */
const MAX_RANGES = 8;

function ranges(view: WorldView): string[] {
  if (view.ranges.length === 0) return [label("ranges", "none yet"), "", ""];
  const shown = view.ranges.slice(0, MAX_RANGES).map((range, i) => {
    const bounds = `${price(range.lower)} to ${price(range.upper)}`;
    const text = `${feeTier(range.fee)} ${rangePicture(range, view.marketPrice)} ${bounds.padEnd(24)} ${percent(range.share)}`;
    return label(i === 0 ? "ranges" : "", text);
  });
  // At least three lines, so that the picture stands still while ranges come and go.
  while (shown.length < 3) shown.push("");
  return shown;
}

function sleeves(view: WorldView): string[] {
  const used = view.sleeves.map(({ place, share, pnl }) => `${place} ${percent(share)} (${signed(pnl)})`);
  if (used.length === 0) used.push("not used yet");
  if (view.deleverages > 0) used.push(counted(view.deleverages, "deleveraging"));
  if (view.liquidations > 0) used.push(counted(view.liquidations, "liquidation"));
  return used;
}

function earned(view: WorldView): string[] {
  const { market, fees, lvr, gas, slippage } = view.terms;
  return [
    `market ${signed(market)}`,
    `fees ${signed(fees)}`,
    `LVR ${signed(-lvr)}`,
    `slippage ${signed(-slippage)}`,
    `gas ${signed(-gas)}`,
  ];
}

function keeper(view: WorldView): string[] {
  const { deploy, rangeShift, feeTierMove, compound, settle, feeChange, sleeveMove } = view.counts;
  return [
    counted(deploy, "deployment"),
    counted(rangeShift, "range shift"),
    counted(feeTierMove, "fee-tier move"),
    counted(compound, "compound"),
    counted(settle, "settlement"),
    counted(feeChange, "fee change"),
    counted(sleeveMove, "sleeve move"),
    `${view.refused} refused`,
  ];
}

function oracle(view: WorldView): string {
  if (view.oraclePrice === null) return "oracle silent";
  return `oracle ${price(view.oraclePrice)} (within ${percent(view.oracleError, 2)})`;
}

function pace(view: WorldView): string[] {
  if (view.finished) return ["ended"];
  const left = view.remaining === null ? [] : [`${duration(view.remaining)} left`];
  return [`${grouped(view.pace, 0)} hours/s`, ...left];
}

function bar(fraction: number, width: number): string {
  const full = Math.round(fraction * width);
  return `[${"#".repeat(full)}${".".repeat(width - full)}]`;
}

/** The newest actions that can be told whole, at least one. */
function actions(newest: readonly ActionView[], columns: number): string[] {
  const lines: string[] = [];
  for (const [i, view] of newest.entries()) {
    const kinds = view.kinds.join(" + ");
    const what = view.refusal === null ? kinds : `${kinds} refused: ${view.refusal};`;
    const words = `${shortTime(view.time)}  ${what}  ${view.why}`.split(SPACE);
    const wrapped = wrap(words, " ", columns - 4).map((line, j) => `${j === 0 ? "  " : "    "}${line}`);
    if (i > 0 && lines.length + wrapped.length > ACTION_LINES) break;
    lines.push(...wrapped);
  }
  return exactly(lines, ACTION_LINES);
}

/** A name and parts that stay whole, on exactly so many lines. */
function block(name: string, parts: readonly string[], gap: string, columns: number, count: number): string[] {
  const lines = wrap(parts, gap, columns - NAME);
  return exactly(lines, count).map((line, i) => (line === "" ? "" : label(i === 0 ? name : "", line)));
}

/** Puts parts into lines of at most `width` characters; a part that is longer has a line of its own. */
function wrap(parts: readonly string[], gap: string, width: number): string[] {
  const lines: string[] = [];
  let line: string | null = null;
  for (const part of parts) {
    const longer: string = line === null ? part : `${line}${gap}${part}`;
    if (line !== null && longer.length + gap.trimEnd().length > width) {
      lines.push(`${line}${gap.trimEnd()}`);
      line = part;
    } else line = longer;
  }
  return line === null ? lines : [...lines, line];
}

/** So many lines: empty ones follow, or the last one tells that there was more. */
function exactly(lines: readonly string[], count: number): string[] {
  if (lines.length > count) return [...lines.slice(0, count - 1), `${lines[count - 1] ?? ""} …`];
  return [...lines, ...Array.from({ length: count - lines.length }, () => "")];
}

function label(name: string, text: string): string {
  return `${name.padEnd(NAME)}${text}`;
}

function clip(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
