/** What the scripts' command lines have in common: wrong usage, whole numbers, Ctrl-C. */

/** The exit code of a script that was called wrongly. */
export const WRONG_USAGE = 2;

/**
 * What `parse` makes of the arguments.
 * @returns undefined if it throws, after its complaint and the usage have been written to the standard error
 */
export function parseOrExplain<T>(
  parse: () => T,
  usage: string,
  complain: (text: string) => unknown = (text) => process.stderr.write(text),
): T | undefined {
  try {
    return parse();
  } catch (error) {
    complain(`${error instanceof Error ? error.message : String(error)}; ${usage}\n`);
    return undefined;
  }
}

/**
 * The whole number that an option gives.
 * @param text as on the command line; undefined if the option was not given, then it is `otherwise`
 * @throws with the option's name if it is not a whole number from `least` on
 */
export function wholeNumber(name: string, text: string | undefined, otherwise: number, least: number): number {
  const value = Number(text ?? otherwise);
  if (!Number.isSafeInteger(value) || value < least) throw new Error(`--${name} is a whole number from ${least}`);
  return value;
}

/** Aborted by Ctrl-C or a polite kill, which then do not end the process: it tidies up and prints what it knows. */
export function interrupted(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  return stop.signal;
}
