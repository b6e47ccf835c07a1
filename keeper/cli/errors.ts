/** Wrong usage or configuration: the program was asked for something that it cannot mean. Exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** One or more environment variables are missing or wrong; the message has a line for each. Exit code 2. */
export class ConfigurationError extends UsageError {
  override name = "ConfigurationError";
  /** One sentence for each variable. */
  readonly problems: readonly string[];

  /** @param first a sentence for the whole, before the list */
  constructor(problems: readonly string[], first = "") {
    super(
      first !== ""
        ? [first, ...problems].join("\n  ")
        : problems.length === 1
          ? (problems[0] ?? "")
          : `${problems.length} settings are missing or wrong:\n  ${problems.join("\n  ")}`,
    );
    this.problems = problems;
  }
}

/** Something that was asked for rightly did not work. Exit code 1. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** The command ended early because the user wished so (Ctrl-C); nothing is wrong. */
export class InterruptedError extends Error {
  override name = "InterruptedError";

  constructor(message = "Stopped before its end.") {
    super(message);
  }
}

/**
 * Names of the errors of other modules that tell of wrong usage, configuration or input. By name, so that a command that needs
 * none of those modules does not load them.
 */
const USAGE_ERRORS = new Set([
  "MarketOptionError",
  "MarketDataError",
  "PortBusyError",
  "MemoryError",
  "ConfigError",
  "StrategyConfigError",
  "SimulationFileError",
  "ReplayOptionError",
  "FetchOptionError",
  "CandleOptionError",
  "BacktestOptionError",
  "BacktestInputError",
  "SweepConfigError",
  "FileStateError",
]);

/** 0, 1 or 2, or 130 after Ctrl-C. */
export function exitCodeFor(error: unknown): number {
  if (error instanceof UsageError) return 2;
  if (error instanceof InterruptedError) return 130;
  return error instanceof Error && USAGE_ERRORS.has(error.name) ? 2 : 1;
}

/** What to print on stderr: one sentence, or with `verbose` the stack and every cause. */
export function describe(error: unknown, verbose: boolean): string {
  if (!verbose) return `strata: ${sentence(error)}`;
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null; at = at instanceof Error ? at.cause : undefined) {
    parts.push(at instanceof Error ? (at.stack ?? at.message) : JSON.stringify(at));
  }
  return `strata: ${parts.join("\ncaused by: ")}`;
}

function sentence(error: unknown): string {
  if (!(error instanceof Error))
    return `Something that is no error was thrown (${String(error)}); report this as a bug.`;
  const known = error.name !== "Error" && error.name !== "TypeError" && error.name !== "RangeError";
  // Errors of libraries can run over many lines; --verbose shows them whole.
  const text = known ? error.message : (error.message.split("\n")[0] ?? "");
  return known ? text : `${text} (run again with --verbose for the details)`;
}
