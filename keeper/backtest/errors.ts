/** A back-test that was asked for and cannot be meant (an unknown strategy, an impossible pay ratio); the message says what to write instead. */
export class BacktestOptionError extends Error {
  override readonly name = "BacktestOptionError";
}

/** A fault in one of the files under `--inputs`: the message names the file and, where there is one, the line, and says what to do. */
export class BacktestInputError extends Error {
  override readonly name = "BacktestInputError";

  /** @param line physical, counted from 1; undefined when the fault is not at one line */
  constructor(file: string, line: number | undefined, problem: string, options?: ErrorOptions) {
    super(`${file}${line === undefined ? "" : `:${line}`}: ${problem}`, options);
  }
}
