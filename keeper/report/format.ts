/** How figures are written: for programs as exact decimal strings, for people with separators and signs. */

/** Decimal string of an amount in whole units, rounded to so many places; never an exponent, never "-0". */
export function decimal(value: number, places = 6): string {
  const text = value.toFixed(places);
  return Number(text) === 0 ? (0).toFixed(places) : text;
}

/** ISO 8601, UTC, of unix seconds. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** "2020-03-12 14:20Z" */
export function shortTime(seconds: number): string {
  return `${isoTime(seconds).slice(0, 16).replace("T", " ")}Z`;
}

/** "1,234,567.89" */
export function grouped(value: number, places = 2): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** "+1,234.56" or "-1,234.56"; what rounds to zero has no sign. */
export function signed(value: number, places = 2): string {
  const rounded = Number(value.toFixed(places));
  if (rounded === 0) return grouped(0, places);
  return `${rounded > 0 ? "+" : "-"}${grouped(Math.abs(rounded), places)}`;
}

/** A fraction as "+1.23 %". */
export function signedPercent(fraction: number, places = 2): string {
  return `${signed(fraction * 100, places)} %`;
}

/** A fraction as "12.3 %". */
export function percent(fraction: number, places = 1): string {
  return `${grouped(fraction * 100, places)} %`;
}

/** A fee tier in hundredths of a basis point as "0.05 %". */
export function feeTier(fee: number): string {
  return `${(fee / 10_000).toFixed(2)} %`;
}

/** A price with as many places as give it six significant digits, between 2 and 8. */
export function price(value: number): string {
  const size = value > 0 ? Math.floor(Math.log10(value)) : 0;
  return grouped(value, Math.min(8, Math.max(2, 5 - size)));
}

/** "1 shift", "2 shifts". @param thing its singular */
export function counted(count: number, thing: string): string {
  return `${grouped(count, 0)} ${thing}${count === 1 ? "" : "s"}`;
}

/** Seconds as "1:02:03" or "4:05". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
