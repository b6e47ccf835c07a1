/** The pool itself refuses, as the contract would revert: nothing has changed. */
export class PoolRevert extends Error {
  override readonly name = "PoolRevert";
  /** The protocol's own code ("LOK", "SPL", ...), empty where the contract reverts without a reason. */
  readonly code: string;

  constructor(code = "") {
    super(`The pool reverts ${code === "" ? "without a reason" : `with "${code}"`}; ${explain(code)}.`);
    this.code = code;
  }
}

/** A call that no transaction could make, such as an amount that does not fit its type. */
export class SimulationInputError extends Error {
  override readonly name = "SimulationInputError";
}

/** What to do about each code, as a phrase. */
const ADVICE: Readonly<Record<string, string>> = {
  LOK: "initialise it first, and do not call it from its own callback",
  AI: "it is initialised already",
  AS: "swap an amount other than zero",
  SPL: "put the price limit on the side to which the swap moves the price, inside the protocol's bounds",
  TLU: "put the lower tick below the upper one",
  TLM: "use a lower tick from the lowest tick on",
  TUM: "use an upper tick up to the highest one",
  LO: "add less liquidity to these ticks",
  LA: "add less liquidity",
  LS: "take out no more liquidity than there is",
  NP: "only a position with liquidity can be updated",
  M0: "pay what the mint asks of token0",
  M1: "pay what the mint asks of token1",
  IIA: "pay what the swap asks",
  F0: "pay token0 back with its fee",
  F1: "pay token1 back with its fee",
  L: "a flash loan needs liquidity in range",
  TF: "the pool does not hold that much of the token",
  OLD: "ask for a time that the observations still reach",
  I: "initialise it first",
  R: "use a sqrt price inside the protocol's range",
};

function explain(code: string): string {
  return ADVICE[code] ?? "check the amounts and ticks of the call";
}

/** Solidity's require. */
export function require(condition: boolean, code?: string): asserts condition {
  if (!condition) throw new PoolRevert(code);
}
