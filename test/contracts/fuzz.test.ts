import { expect } from "chai";
import { network } from "hardhat";

import { figure } from "../support/figures.ts";
import { FuzzRunner } from "../support/fuzzRunner.ts";
import { deployWorld, ORDERS } from "../support/world.ts";

const connection = await network.create();

/** A whole number from the environment. */
function setting(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not "${text}"`);
  return value;
}

const CALLS = setting("FUZZ_CALLS", 320);
const SEED = setting("FUZZ_SEED", 20_240);

/** Decimals change with the order, so that the default run meets both kinds. */
const DECIMALS = [
  { baseDecimals: 18, quoteDecimals: 6 },
  { baseDecimals: 8, quoteDecimals: 18 },
] as const;

describe("contracts/fuzz: random commands by everybody", () => {
  for (const [i, order] of ORDERS.entries()) {
    it(`keep every invariant that a state or a step can show, ${order.name}`, async function () {
      const calls = Math.ceil(CALLS / ORDERS.length);
      this.timeout(60_000 + calls * 2_000);
      const world = await deployWorld(connection, {
        quoteIsToken0: order.quoteIsToken0,
        ...(DECIMALS[i] ?? {}),
        // Shallow, so that the vault's own trades and ranges matter in them.
        depths: { 500: 300_000, 3_000: 3_000_000, 10_000: 100_000 },
        caps: { maxPlanLossBps: 100, coreWeightCapBps: 10_000, minHalfWidth: 10, maxHalfWidth: 887_272 },
      });
      const runner = new FuzzRunner(world, SEED + i);
      await runner.run(calls);
      const line = [...runner.tallies]
        .map(([name, { accepted, refused }]) => `${name} ${accepted}/${refused}`)
        .join(", ");
      const reasons = [...runner.tallies].map(
        ([name, tally]) => `${name}: ${[...tally.reasons].map(([why, n]) => `${why} ${n}`).join(", ")}`,
      );
      figure(`seed ${SEED + i}, ${calls} calls, accepted/refused: ${line}`);
      for (const reason of reasons) if (!reason.endsWith(": ")) figure(`refused ${reason}`);
      const plans = runner.tallies.get("plan");
      // A run in which no plan went through, or none was refused, has tested nothing.
      if (calls < 150) return;
      for (const name of ["deposit", "withdraw", "transfer", "flash", "trade"]) {
        expect(runner.tallies.get(name)?.accepted ?? 0, name).to.be.greaterThan(2);
      }
      expect(plans?.accepted ?? 0).to.be.greaterThan(5);
      expect(runner.tallies.get("hostile")?.refused ?? 0).to.be.greaterThan(3);
    });
  }
});
