/** A fault in a file of events or in a tick map: the message names the file and, where there is one, the line. */
export class SimulationFileError extends Error {
  override readonly name = "SimulationFileError";
  readonly file: string;
  /** Physical line, counted from 1. */
  readonly line: number | undefined;

  constructor(file: string, line: number | undefined, problem: string, options?: ErrorOptions) {
    super(`${file}${line === undefined ? "" : `:${line}`}: ${problem}`, options);
    this.file = file;
    this.line = line;
  }
}
