import type { Environment } from "./config.ts";
import type { Output, Sink } from "./output.ts";

/** What the program is given from outside; tests bring their own. */
export interface Context {
  /** With .env merged in. */
  readonly environment: Environment;
  readonly stdout: Sink;
  readonly stderr: Sink & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  /** Aborted by Ctrl-C, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: true;
  readonly verbose?: true;
}

/** A command's share of the context. */
export interface Run extends Context {
  readonly output: Output;
}
