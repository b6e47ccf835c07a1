/** A fault of the local world, said in one sentence with what to do about it. */
export class LocalWorldError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "LocalWorldError";
  }
}

/** The port for the chain's JSON-RPC is taken. */
export class PortBusyError extends LocalWorldError {
  readonly port: number;

  constructor(port: number, cause: unknown) {
    super(`Port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another one with --port.`, {
      cause,
    });
    this.name = "PortBusyError";
    this.port = port;
  }
}

/** A transaction of the local world was mined and failed. */
export class TransactionFailedError extends LocalWorldError {
  readonly hash: string;

  constructor(what: string, hash: string, reason: string) {
    super(`${what} failed on the local chain (transaction ${hash}): ${reason}.`);
    this.name = "TransactionFailedError";
    this.hash = hash;
  }
}
