/** Words of a contract's storage that tests set where no sequence of calls would bring them to the unit. */
import type { World } from "./world.ts";

/** Slots that are searched: more than any of our contracts' fields take. */
const SLOTS = 40;

/**
 * A word and its slot, found by what it holds, so that a test moves with the layout.
 *
 * @param what as the error names it
 */
export async function findWord(
  world: World,
  address: string,
  what: string,
  matches: (word: bigint) => boolean,
): Promise<{ readonly slot: number; readonly word: bigint }> {
  for (let slot = 0; slot < SLOTS; slot++) {
    const word = BigInt(await world.connection.networkHelpers.getStorageAt(address, slot));
    if (matches(word)) return { slot, word };
  }
  throw new Error(`no word of ${address} looks like ${what}: has the layout changed?`);
}
