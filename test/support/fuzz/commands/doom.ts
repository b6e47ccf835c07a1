/** The worst day: feeds dead, paused, no keeper, no pool. Everybody leaves; then the day is undone. */
import { INVARIANT } from "../../../contracts/invariants.ts";
import { expectDone, type Ended, type Fuzz } from "../fuzz.ts";
import { exodus } from "./lps.ts";
import { claimAll, redeemAll } from "./units.ts";
import { heal } from "./venues.ts";

/** Days after which a fund has settled what was asked for. */
const SETTLED = 4 * 86_400;

/** The venues that can, refuse to pay. */
async function shut({ sleeves, chain, world }: Fuzz): Promise<void> {
  if (sleeves === null) return;
  const { reserve, addresses } = sleeves.venues;
  const data = reserve.interface.encodeFunctionData("setPaused", [true]);
  for (const to of [addresses.reserve, addresses.fund]) {
    expectDone(await chain.send({ from: world.who.deployer.address, to, data }));
  }
}

/** Later all is well again: who left with units is paid by every venue that can pay. */
async function comeBack(fuzz: Fuzz): Promise<string> {
  await heal(fuzz);
  await fuzz.refresh();
  const { redeemed, left } = await redeemAll(fuzz);
  await fuzz.chain.pass(SETTLED);
  for (const { address } of fuzz.lps) await claimAll(fuzz, address);
  return `${redeemed} redeemed, ${left} not`;
}

/** @returns what was seen; nothing of it remains, on chain or in the shadow */
export async function doom(fuzz: Fuzz): Promise<Ended> {
  const { world, chain, model } = fuzz;
  const { interface: abi } = world.policy;
  const guardian = world.who.guardian.address;
  const restore = model.remember();
  const seen = fuzz.look;
  const from = world.who.deployer.address;
  const silence = async (silent: boolean): Promise<void> => {
    const data = world.baseFeed.interface.encodeFunctionData("setSilent", [silent]);
    for (const to of [fuzz.feeds.base, fuzz.feeds.quote]) expectDone(await chain.send({ from, to, data }));
  };
  try {
    return await chain.undone(async () => {
      await silence(true);
      for (const keeper of model.policy.keepers) {
        await fuzz.must(fuzz.toPolicy(guardian, abi.encodeFunctionData("removeKeeper", [keeper])));
      }
      for (const fee of model.policy.allowed) {
        await fuzz.must(fuzz.toPolicy(guardian, abi.encodeFunctionData("removePool", [fee])));
      }
      // Refused if there was a pause not long ago, which is as well.
      if (!model.policy.paused(chain.next)) await chain.send(fuzz.toPolicy(guardian, abi.encodeFunctionData("pause")));
      if (fuzz.sleeves !== null) await shut(fuzz);
      await fuzz.refresh();
      const { text } = await exodus(fuzz);
      if (fuzz.sleeves === null) return { text };
      await silence(false);
      return { text: `${text}, ${await comeBack(fuzz)}` };
    });
  } catch (cause) {
    throw new Error(`${INVARIANT.WITHDRAW_OPEN}: ${String(cause)}`, { cause });
  } finally {
    restore();
    fuzz.restore(seen);
  }
}
