/** The worst day: feeds dead, paused, no keeper, no pool. Everybody leaves; then the day is undone. */
import { INVARIANT } from "../../../contracts/invariants.ts";
import { expectDone, type Ended, type Fuzz } from "../fuzz.ts";
import { exodus } from "./lps.ts";

/** @returns what was seen; nothing of it remains, on chain or in the shadow */
export async function doom(fuzz: Fuzz): Promise<Ended> {
  const { world, chain, model } = fuzz;
  const { interface: abi } = world.policy;
  const guardian = world.who.guardian.address;
  const restore = model.remember();
  const seen = fuzz.look;
  try {
    return await chain.undone(async () => {
      const data = world.baseFeed.interface.encodeFunctionData("setSilent", [true]);
      for (const to of [fuzz.feeds.base, fuzz.feeds.quote]) {
        expectDone(await chain.send({ from: world.who.deployer.address, to, data }));
      }
      for (const keeper of model.policy.keepers) {
        await fuzz.must(fuzz.toPolicy(guardian, abi.encodeFunctionData("removeKeeper", [keeper])));
      }
      for (const fee of model.policy.allowed) {
        await fuzz.must(fuzz.toPolicy(guardian, abi.encodeFunctionData("removePool", [fee])));
      }
      // Refused if there was a pause not long ago, which is as well.
      if (!model.policy.paused(chain.next)) await chain.send(fuzz.toPolicy(guardian, abi.encodeFunctionData("pause")));
      await fuzz.refresh();
      const { text } = await exodus(fuzz);
      return { text };
    });
  } catch (cause) {
    throw new Error(`${INVARIANT.WITHDRAW_OPEN}: ${String(cause)}`, { cause });
  } finally {
    restore();
    fuzz.restore(seen);
  }
}
