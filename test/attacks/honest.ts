/** What honest people do in several scenarios. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { ONE } from "../support/arithmetic.ts";
import { mined } from "../support/world.ts";
import type { Stage } from "./stage.ts";
import { FEED } from "./tactics.ts";

/** Besides the reference tier the vault stands in the two thin ones, and is most of their liquidity. */
export async function inEveryTier(stage: Stage): Promise<void> {
  const { world } = stage;
  const part = { fraction0: ONE / 12n, fraction1: ONE / 12n };
  await world.execute({
    mints: [
      { ...(await world.around(500, 1_000)), ...part },
      { ...(await world.around(10_000, 1_000)), ...part },
    ],
  });
}

/** Trades to and fro, so that every range is owed fees. */
export async function earnFees(stage: Stage): Promise<void> {
  for (const price of [FEED * 1.01, FEED * 0.99, FEED]) await stage.world.movePools(price);
}

/** The honest keeper's plan: the reference tier's range anew, no swap. */
export async function recentre(stage: Stage): Promise<void> {
  const { world } = stage;
  const { positions } = await world.book();
  await world.execute({
    burns: positions.filter((p) => p.fee === 3_000).map((p) => ({ index: p.index })),
    mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
  });
}

/** The vault takes the policy's treasury share from here on. */
export async function adoptTreasuryShare({ world }: Stage): Promise<void> {
  mined(await (await world.vault.syncTreasuryShare()).wait());
}

/** Another honest LP, who is in before the copies are made and whose loss counts too. */
export async function joinedBy(stage: Stage, lp: HardhatEthersSigner, shares: bigint): Promise<void> {
  await stage.deposit(lp, shares);
  stage.lps.push(lp);
}

/** Sells the vault's idle base for quote after the price has risen out of its range, in steps of the turnover budget. */
export async function withoutBase(stage: Stage): Promise<void> {
  const { world, attacker } = stage;
  await stage.moveMarket(2_300, { feeds: "report" });
  // The reference pool's average follows.
  await world.pass(3_600);
  await stage.report(2_300);
  for (const parts of [8n, 7n, 6n, 5n, 4n, 3n, 2n, 1n]) {
    await world.execute({ swaps: [{ fee: 3_000, zeroForOne: attacker.sellsBase, fraction: ONE / parts }] });
    await stage.moveMarket(2_300);
    await world.pass(86_400);
    await stage.report(2_300);
  }
}
