/** How the report writes numbers. A minus is a hyphen, as in every other output. */
import { grouped, signed } from "../../../report/format.ts";
import type { Figure } from "./table.ts";

const figure = (value: number | null, write: (value: number) => string): Figure => ({
  value,
  text: value === null ? "-" : write(value),
});

/** A fraction as percent with a sign: "+12.6". */
export function rate(value: number | null, places = 1): Figure {
  return figure(value, (fraction) => signed(fraction * 100, places));
}

/** A fraction as percent without one: "66.9". */
export function share(value: number | null, places = 1): Figure {
  return figure(value, (fraction) => grouped(fraction * 100, places));
}

/** "1.23" */
export function plain(value: number | null, places = 2): Figure {
  return figure(value, (number) => grouped(number, places));
}

/** An amount as the document has it: "+1,234". */
export function money(amount: string): Figure {
  return figure(Number(amount), (value) => signed(value, 0));
}

/** "+12.6 %" with a space that does not break. */
export function percentText(fraction: number, places = 1): string {
  return `${signed(fraction * 100, places)}\u00a0%`;
}

/** "1 January 2018", UTC. @param time ISO 8601 or unix seconds */
export function longDate(time: string | number): string {
  const date = new Date(typeof time === "number" ? time * 1000 : time);
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

/** "a", "a and b", "a, b and c" */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

/** A price for an axis: "1,200", "0.045". */
export function priceText(value: number): string {
  if (value === 0) return "0";
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return grouped(value, Math.abs(value) >= 100 ? 0 : Math.min(places, 8));
}

/** "1.2m", "340k", "900" */
export function shortMoney(value: number): string {
  const size = Math.abs(value);
  const [unit, name] = size >= 1e6 ? [1e6, "m"] : size >= 1e3 ? [1e3, "k"] : [1, ""];
  return `${Number((value / unit).toPrecision(3))}${name}`;
}
