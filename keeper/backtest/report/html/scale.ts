/** From values to places: linear, logarithmic, time; each with the ticks that suit it. */

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Scale {
  readonly domain: readonly [number, number];
  /** Places of the domain's ends; the first may be the greater one, as in a y axis. */
  readonly range: readonly [number, number];
  /** Ascending, inside the domain. */
  readonly ticks: readonly Tick[];
  at(value: number): number;
}

type Pair = readonly [number, number];

/** @param count about so many ticks. @param format of a tick's label */
export function linear(domain: Pair, range: Pair, count = 5, format: (value: number) => string = String): Scale {
  const [from, to] = widened(domain);
  const step = niceStep((to - from) / count);
  const places = Math.max(0, -Math.floor(Math.log10(step)));
  const ticks: Tick[] = [];
  // Multiples and not sums, so that no rounding piles up.
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) {
    const value = Number((i * step).toFixed(places));
    ticks.push({ value, label: format(value) });
  }
  return { domain: [from, to], range, ticks, at: (value) => along((value - from) / (to - from), range) };
}

/** @param domain above zero */
export function logarithmic(domain: Pair, range: Pair, count = 6, format: (value: number) => string = String): Scale {
  if (!(domain[0] > 0)) throw new RangeError(`A logarithmic scale cannot begin at ${domain[0]}; use a linear one.`);
  const [low, high] = widened([Math.log(domain[0]), Math.log(domain[1])]);
  const [from, to] = [Math.exp(low), Math.exp(high)];
  const ticks = logTicks(from, to, count).map((value) => ({ value, label: format(value) }));
  return { domain: [from, to], range, ticks, at: (value) => along((Math.log(value) - low) / (high - low), range) };
}

/** @param domain unix seconds. @param count at most so many ticks */
export function time(domain: Pair, range: Pair, count = 8): Scale {
  const [from, to] = domain;
  return {
    domain,
    range,
    ticks: timeTicks(from, to, count),
    at: (value) => along((value - from) / (to - from), range),
  };
}

/** Inside the domain, the nearer end otherwise. */
export function clamp(scale: Scale, value: number): number {
  return Math.min(Math.max(value, scale.domain[0]), scale.domain[1]);
}

function along(part: number, [from, to]: Pair): number {
  return from + part * (to - from);
}

/** A domain without width gets some, so that nothing divides by zero. */
function widened([from, to]: Pair): Pair {
  if (to > from) return [from, to];
  const half = Math.abs(from) > 0 ? Math.abs(from) * 0.05 : 1;
  return [from - half, from + half];
}

/** 1, 2 or 5 times a power of ten: the first that is not clearly smaller. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough * 0.8) ?? 10;
  return factor * power;
}

/** Whole decades, with 2 and 5 or all digits between if there is room; linear steps over less than half a decade. */
function logTicks(from: number, to: number, count: number): number[] {
  const decades = Math.log10(to / from);
  if (decades < 0.7) return linear([from, to], [0, 1], count).ticks.map(({ value }) => value);
  const digits = [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]].find((set) => set.length * decades <= count + 1) ?? [1];
  const skip = Math.max(1, Math.ceil(decades / count));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    if (digits.length === 1 && power % skip !== 0) continue;
    for (const digit of digits) {
      const value = Number((digit * 10 ** power).toPrecision(3));
      if (value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9)) ticks.push(value);
    }
  }
  return ticks;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const DAY = 86_400;

/** Years, else quarters, months, fortnights or days: the finest of which there are not too many. */
function timeTicks(from: number, to: number, count: number): Tick[] {
  const month = (months: number): Tick[] => {
    const first = new Date(from * 1000);
    const ticks: Tick[] = [];
    for (let at = first.getUTCFullYear() * 12; ; at += months) {
      const value = Date.UTC(Math.floor(at / 12), at % 12) / 1000;
      if (value > to) return ticks;
      const [year, name] = [Math.floor(at / 12), MONTHS[at % 12] ?? ""];
      if (value >= from) ticks.push({ value, label: months >= 12 ? String(year) : `${name} ${year}` });
    }
  };
  const day = (days: number): Tick[] => {
    const ticks: Tick[] = [];
    for (let value = Math.ceil(from / DAY) * DAY; value <= to; value += days * DAY) {
      const date = new Date(value * 1000);
      ticks.push({ value, label: `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""}` });
    }
    return ticks;
  };
  const choices = [
    () => day(1),
    () => day(2),
    () => day(7),
    () => day(14),
    () => month(1),
    () => month(3),
    () => month(6),
    () => month(12),
  ];
  const days = (to - from) / DAY;
  const spans = [1, 2, 7, 14, 30, 91, 182, 365];
  const fit = choices.findIndex((_, i) => days / (spans[i] ?? 1) <= count);
  const chosen = choices[fit];
  return chosen === undefined ? month(12 * Math.ceil(days / 365 / count)) : chosen();
}
