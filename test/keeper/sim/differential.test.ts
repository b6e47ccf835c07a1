import { writeFile } from "node:fs/promises";

import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";

import {
  getSqrtRatioAtTick,
  MAX_SQRT_RATIO,
  MAX_TICK,
  MIN_SQRT_RATIO,
  MIN_TICK,
} from "../../../keeper/chain/tickMath.ts";
import { BytecodePool, TIERS } from "../../support/sim/bytecode.ts";
import { newTally, runLockstep } from "../../support/sim/lockstep.ts";
import { batches } from "../../support/sim/operations.ts";
import { SEED } from "../../support/seed.ts";

/** A whole number from the environment. */
function setting(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number`);
  return value;
}

const CALLS = setting("SIM_CALLS", 5_000);
const SIM_SEED = setting("SIM_SEED", SEED);
const PER_WORLD = 250;
const PER_BATCH = 25;
/** Reverts that a long run must have seen, or it tested little. */
const CODES = ["", "AI", "AS", "LOK", "LO", "LS", "M0", "IIA", "F0", "NP", "SPL", "TF", "TLU", "OLD"];
const ENOUGH = 4_000;

const openingPrice = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -250_000, max: 250_000 }).map(getSqrtRatioAtTick) },
  { weight: 2, arbitrary: fc.integer({ min: MIN_TICK, max: MAX_TICK - 1 }).map(getSqrtRatioAtTick) },
  { weight: 1, arbitrary: fc.bigInt({ min: MIN_SQRT_RATIO, max: MAX_SQRT_RATIO - 1n }) },
  { weight: 1, arbitrary: fc.constantFrom(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1n) },
);

describe("sim: the simulated pools against the deployed bytecode", function () {
  this.timeout(Math.max(600_000, CALLS * 60));
  const tally = newTally();
  let connection: NetworkConnection;
  let pools: readonly BytecodePool[];

  before(async () => {
    connection = await network.create({
      override: { blockGasLimit: 1_000_000_000n, initialDate: new Date((2 ** 32 - 30_000_000) * 1_000) },
    });
    pools = await BytecodePool.deployAll(connection);
  });
  after(async () => {
    await connection.close();
    const file = process.env["SIM_JSON"];
    if (file === undefined || file === "") return;
    await writeFile(file, JSON.stringify({ ...tally, kinds: [...tally.kinds], codes: [...tally.codes] }));
  });

  const worlds = Math.ceil(CALLS / PER_WORLD);
  TIERS.forEach((terms, tier) => {
    it(`agree in every call, tier ${terms.fee}`, async () => {
      const runs = Math.floor((worlds + TIERS.length - 1 - tier) / TIERS.length);
      if (runs === 0) return;
      const property = fc.asyncProperty(openingPrice, batches(PER_WORLD, PER_BATCH), async (price, world) => {
        const snapshot: unknown = await connection.provider.request({ method: "evm_snapshot", params: [] });
        try {
          await runLockstep(pools[tier]!, terms, price, world, tally);
        } finally {
          await connection.provider.request({ method: "evm_revert", params: [snapshot] });
        }
      });
      await fc.assert(property, { numRuns: runs, seed: SIM_SEED + tier, endOnFailure: true });
    });
  });

  it("made the calls that were asked for, of every kind, and met every kind of refusal", function () {
    process.stderr.write(
      `sim: ${tally.calls} calls, ${tally.refused} refused, ${tally.crossings} ticks crossed, 0 mismatches; ` +
        `${[...tally.codes].map(([code, n]) => `${code === "" ? "(none)" : code} ${n}`).join(", ")}\n`,
    );
    expect(tally.calls).to.be.at.least(CALLS);
    if (CALLS < ENOUGH) return;
    expect([...tally.codes.keys()]).to.include.members(CODES);
    expect(tally.refused).to.be.lessThan(tally.calls / 2);
  });
});
