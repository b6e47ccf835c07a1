/** Help for the tests of the local world. */
import { expect } from "chai";

/** Expects a rejection whose message matches, and gives the error back. */
export async function rejects(promise: Promise<unknown>, message: RegExp): Promise<Error> {
  let error: unknown;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  if (!(error instanceof Error))
    throw new Error(`Expected a rejection that matches ${message.source}, but there was none.`);
  expect(error.message).to.match(message);
  return error;
}

/** 2024-01-01, when a test does not care. */
export const SOME_TIME = 1_704_067_200;
