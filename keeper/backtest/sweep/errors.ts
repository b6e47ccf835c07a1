/** A sweep that was asked for and cannot be meant: its configuration file, an option, or a results file of something else. Exit code 2. */
export class SweepConfigError extends Error {
  override readonly name = "SweepConfigError";
  /** One sentence for each fault, beginning with its path in the file where there is one. */
  readonly faults: readonly string[];

  /** @param what the file, or what else has the faults */
  constructor(what: string, faults: readonly string[], options?: ErrorOptions) {
    super(
      faults.length === 1
        ? `${what}: ${faults[0] ?? ""}`
        : `${what} has ${faults.length} faults:${faults.map((fault) => `\n  ${fault}`).join("")}`,
      options,
    );
    this.faults = faults;
  }
}

/** A sweep that could not go on; what is recorded stays, and the same command goes on from there. */
export class SweepError extends Error {
  override readonly name = "SweepError";
}
