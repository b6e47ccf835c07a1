/** A fault in the market data themselves: the message names the file and, where there is one, the line, and says what to do. */
export class MarketDataError extends Error {
  override readonly name = "MarketDataError";
  /** The file as the caller named it. */
  readonly file: string;
  /** Physical line, counted from 1; undefined when the fault is not at one line. */
  readonly line: number | undefined;

  constructor(file: string, line: number | undefined, problem: string, options?: ErrorOptions) {
    super(`${file}${line === undefined ? "" : `:${line}`}: ${problem}`, options);
    this.file = file;
    this.line = line;
  }
}

/** A wrong request for market data (a date that is none, options that exclude each other); the message says what to pass instead. */
export class MarketOptionError extends Error {
  override readonly name = "MarketOptionError";
}

/** A price observation that cannot be used (not a positive price, or older than what was already seen). */
export class ObservationError extends Error {
  override readonly name = "ObservationError";
}
