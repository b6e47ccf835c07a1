/** How far a sweep is, in a line now and then. */

export interface ProgressOptions {
  readonly all: number;
  /** Done before it began; they say nothing about its speed. */
  readonly before: number;
  /** Milliseconds, any beginning. */
  readonly now: () => number;
  /** Milliseconds from line to line at least. */
  readonly every: number;
  readonly write: (line: string) => void;
}

/** @returns told after each step how many are done; `force` writes a line though the last one was just now */
export function progress({ all, before, now, every, write }: ProgressOptions): (done: number, force?: boolean) => void {
  const began = now();
  let last = began;
  return (done, force = false) => {
    const time = now();
    if (!force && time - last < every) return;
    last = time;
    write(progressLine(done, all, (done - before) / Math.max((time - began) / 1_000, 1e-9)));
  };
}

/** "312 of 1,000 configurations, 8.4 a second, 1 min 22 s left" */
export function progressLine(done: number, all: number, rate: number): string {
  const number = (value: number): string => value.toLocaleString("en-US");
  const left = rate > 0 ? (all - done) / rate : Number.NaN;
  const rest = done === all ? "" : Number.isFinite(left) ? `, ${duration(left)} left` : ", time left unknown";
  return `${number(done)} of ${number(all)} configurations, ${rate.toFixed(rate < 10 ? 1 : 0)} a second${rest}`;
}

/** "42 s", "1 min 22 s", "3 h 5 min" */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
