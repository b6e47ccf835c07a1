import {
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
/** Actions shown. */
const RECENT = 5;

/** Draws the world as lines of at most `columns` characters; always the same number of lines. */
export function renderFrame(view: WorldView, columns: number): readonly string[] {
  const progress = Math.min(1, Math.max(0, (view.time - view.from) / (view.to - view.from)));
  const lines = [
    `Strata local world   ${view.url ?? "no RPC server"}   chain ${view.chainId}   vault ${view.vault}`,
    `${shortTime(view.time)}   block ${grouped(view.block, 0)}   ${bar(progress, BAR)} ${percent(progress, 0)}   ${pace(view)}`,
    "",
    label("price", `${price(view.marketPrice)} ${view.quoteSymbol} per ${view.baseSymbol}   ${oracle(view)}`),
    label(
      "NAV",
      `${grouped(view.nav)} ${view.quoteSymbol}   share ${view.sharePrice.toFixed(6)}   profit ${signedPercent(view.profit)}   ` +
        `(hold ${signedPercent(view.hold)}, static range ${signedPercent(view.static)})`,
    ),
    label("earned", earned(view)),
    "",
    ...ranges(view),
    label("idle", percent(view.idle)),
    "",
    label(
      "keeper",
      `${view.counts.rangeShift} range shifts, ${view.counts.feeTierMove} fee-tier moves, ${view.counts.compound} compounds, ${view.refused} refused`,
    ),
    label("now", view.finished ? "the path has ended" : (view.holding ?? "acted")),
    ...Array.from({ length: RECENT }, (_, i) => action(view.actions[i])),
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

function earned(view: WorldView): string {
  const { market, fees, lvr, gas, slippage } = view.terms;
  return `market ${signed(market)}   fees ${signed(fees)}   LVR ${signed(-lvr)}   slippage ${signed(-slippage)}   gas ${signed(-gas)}`;
}

function oracle(view: WorldView): string {
  if (view.oraclePrice === null) return "oracle silent";
  return `oracle ${price(view.oraclePrice)} (within ${percent(view.oracleError, 2)})`;
}

function pace(view: WorldView): string {
  if (view.finished) return "ended";
  const left = view.remaining === null ? "" : `   ${duration(view.remaining)} left`;
  return `${grouped(view.pace, 0)} hours/s${left}`;
}

function bar(fraction: number, width: number): string {
  const full = Math.round(fraction * width);
  return `[${"#".repeat(full)}${".".repeat(width - full)}]`;
}

function action(view: ActionView | undefined): string {
  if (view === undefined) return "";
  const what = view.refusal === null ? view.kinds.join(" + ") : `${view.kinds.join(" + ")} refused: ${view.refusal};`;
  return `  ${shortTime(view.time)}  ${what}  ${view.why}`;
}

function label(name: string, text: string): string {
  return `${name.padEnd(8)}${text}`;
}

function clip(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
