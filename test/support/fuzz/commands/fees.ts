/** Commands of keepers and of anybody on entry and exit fees. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import type { Ended, Fuzz } from "../fuzz.ts";
import { report } from "./strangers.ts";

export async function setFees(fuzz: Fuzz): Promise<Ended> {
  const { random, world, model } = fuzz;
  const { maxEntryFeeBps, maxExitFeeBps } = model.policy.caps;
  const [entry, exit] = random.chance(0.8)
    ? [random.int(0, maxEntryFeeBps), random.int(0, maxExitFeeBps)]
    : [random.int(0, 55), random.int(0, 55)];
  const keepers = [...model.policy.keepers];
  const others = [world.who.keeper.address, world.who.stranger.address];
  const from = random.pick(keepers.length > 0 && random.chance(0.85) ? keepers : others);
  const tx = fuzz.toVault(from, world.vault.interface.encodeFunctionData("setFees", [entry, exit]));
  if (!model.policy.keepers.has(from)) return fuzz.refused(tx, ["NotKeeper"]);
  if (entry > maxEntryFeeBps || exit > maxExitFeeBps) {
    return fuzz.refused(tx, ["FeeAboveCap"]);
  }
  const { at } = await fuzz.must(tx);
  model.fees.announce(BigInt(entry), BigInt(exit), at);
  // Often the day passes after which a rise is in force.
  if (random.chance(0.4)) {
    await fuzz.chain.pass(86_400);
    await report(fuzz, fuzz.price);
  }
  return { text: `${entry}, ${exit} bps` };
}

/** Anybody brings the fees down to lowered caps. */
export async function clampFees(fuzz: Fuzz): Promise<Ended> {
  const { random, world, model } = fuzz;
  const from = random.pick([...fuzz.lps, world.who.stranger]).address;
  const { at } = await fuzz.must(fuzz.toVault(from, world.vault.interface.encodeFunctionData("clampFees")));
  const [maxEntry, maxExit] = [model.policy.cap("maxEntryFeeBps"), model.policy.cap("maxExitFeeBps")];
  model.fees.clamp(maxEntry, maxExit, at);
  const { feeBook, entryFeeBps, exitFeeBps } = await fuzz.refresh();
  expect(
    entryFeeBps <= maxEntry &&
      exitFeeBps <= maxExit &&
      feeBook.nextEntryBps <= maxEntry &&
      feeBook.nextExitBps <= maxExit,
    INVARIANT.LP_FEES_CAPPED,
  ).to.equal(true);
  return { text: `${entryFeeBps}, ${exitFeeBps} bps` };
}
