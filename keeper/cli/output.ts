/** Where a command writes, and how it is asked to write. */
export interface Output {
  /** One JSON document on stdout and nothing else there. */
  readonly json: boolean;
  /** Prints the command's result: the document with --json, else the text. Called once at most. */
  result(document: unknown, text: () => string): void;
  /** A line for people, on stderr. */
  log(line: string): void;
}

/** The part of a stream that is written to. */
export interface Sink {
  write(text: string): unknown;
}

export function createOutput(json: boolean, stdout: Sink, stderr: Sink): Output {
  return {
    json,
    result(document, text) {
      stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : `${text()}\n`);
    },
    log(line) {
      stderr.write(`${line}\n`);
    },
  };
}
