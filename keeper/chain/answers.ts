/** Questions to contracts that may be none of ours, or may have nobody behind them any more. */
import { isError } from "ethers";

import { revertDataOf } from "./errors.ts";

/** Null if the contract refuses, or answers in another form than it was asked for; any other failure is thrown. */
export async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (isError(error, "CALL_EXCEPTION") || isError(error, "BAD_DATA") || revertDataOf(error) !== null) return null;
    throw error;
  }
}
