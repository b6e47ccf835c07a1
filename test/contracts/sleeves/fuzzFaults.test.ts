/** The fuzz must be able to fail: a fault planted in a world with sleeves is seen, by the invariant that forbids it. */
import { expect } from "chai";
import { network } from "hardhat";

import { MAX_UINT256, ONE } from "../../support/arithmetic.ts";
import { leave, depositTx, dueOf } from "../../support/fuzz/commands/lps.ts";
import { planTx, tryPlan } from "../../support/fuzz/commands/plans.ts";
import { arbitrage, report } from "../../support/fuzz/commands/strangers.ts";
import { sideOf } from "../../support/fuzz/commands/units.ts";
import type { Fuzz } from "../../support/fuzz/fuzz.ts";
import { checkPlan } from "../../support/fuzz/planCheck.ts";
import { begin, FuzzFailure, kindOf, runWorld, type Planted } from "../../support/fuzz/runner.ts";
import { checkSleeves } from "../../support/fuzz/sleeves/checks.ts";
import { SLEEVE_INVARIANT } from "../../support/fuzz/sleeves/invariants.ts";
import { expectMaskWorks } from "../../support/fuzz/sleeves/leaving.ts";
import { marksNext } from "../../support/fuzz/sleeves/marks.ts";
import { sleeveAt, type FuzzSleeve } from "../../support/fuzz/sleeves/open.ts";
import { checkState } from "../../support/fuzz/stateChecks.ts";
import { INVARIANT } from "../invariants.ts";

/** A seed whose world has sleeves. */
const SEED = 2;
/** Wei of a gift. */
const GIFT = 8n;

async function openAll(fuzz: Fuzz): Promise<void> {
  const { world, chain, model } = fuzz;
  const { alice, bob } = world.who;
  await arbitrage(fuzz);
  await chain.pass(1_900);
  await report(fuzz, fuzz.price);
  const shares = 100_000n * ONE;
  const { at } = await fuzz.must(depositTx(fuzz, alice.address, shares, world.halves(2n * shares, fuzz.price)));
  model.restart();
  model.totalSupply += shares + 1_000n - model.fees.settle(at);
  await fuzz.refresh();
  const moves = fuzz.look.places.flatMap(({ index, sleeve }) => {
    const found = sleeveAt(sideOf(fuzz), sleeve);
    const give = { sleeve: index, take: false, token1: !found.assetIsToken0, fraction: ONE / 50n };
    const borrow = { sleeve: index, take: true, token1: found.assetIsToken0, fraction: ONE / 4n };
    return found.kind === "loan" ? [give, borrow] : [give];
  });
  expect((await tryPlan(fuzz, { moves }, true)).reason).to.equal(undefined);
  await fuzz.refresh();
  // She leaves with units of everything that the mask names.
  const part = shares / 4n;
  const mask = (1n << 4n) - 1n;
  await leave(fuzz, alice.address, part, bob.address, await dueOf(fuzz, part, mask, chain.next), mask);
}

function named(fuzz: Fuzz, name: string): FuzzSleeve {
  const sleeve = sideOf(fuzz).sleeves.find((one) => one.name === name);
  if (sleeve === undefined) throw new Error(`no sleeve ${name}`);
  return sleeve;
}

/** Tampers, looks and checks; then everything is as it was. @return what the check said */
async function tampered(fuzz: Fuzz, act: () => Promise<void>, check: () => Promise<void> | void): Promise<string> {
  const seen = fuzz.look;
  try {
    return await fuzz.chain.undone(async () => {
      await act();
      await fuzz.refresh();
      try {
        await check();
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
      return "nothing was seen";
    });
  } finally {
    fuzz.restore(seen);
  }
}

/** As somebody who is not ours to command. */
async function sendAs(fuzz: Fuzz, from: string, to: string, data: string): Promise<void> {
  await fuzz.world.as(from);
  await fuzz.must({ from, to, data });
}

describe("contracts/sleeves/fuzzFaults: what the fuzz must see", () => {
  let fuzz: Fuzz;
  let close: () => Promise<void>;

  before(async () => {
    expect(kindOf(SEED).sleeves).to.equal(true);
    const connection = await network.create();
    close = () => connection.close();
    fuzz = await begin(connection, SEED);
    await openAll(fuzz);
  });
  after(() => close());

  const look = (): void => checkSleeves(fuzz, fuzz.look, false);

  it("sees nothing where nothing is wrong", async () => {
    checkState(fuzz);
    look();
    for (const { address } of fuzz.lps) await expectMaskWorks(fuzz, address);
    expect(fuzz.look.places.every(({ live }) => live)).to.equal(true);
  });

  it("an allowance left behind", async () => {
    const sleeve = named(fuzz, "reserve");
    const data = fuzz.world.token0.interface.encodeFunctionData("approve", [sleeve.venue, 1n]);
    const seen = await tampered(fuzz, () => sendAs(fuzz, sleeve.address, fuzz.tokens[0], data), look);
    expect(seen).to.contain(SLEEVE_INVARIANT.NO_ALLOWANCE);
  });

  it("venue shares gone from a reserve", async () => {
    const sleeve = named(fuzz, "reserve");
    const data = fuzz.world.token0.interface.encodeFunctionData("transfer", [fuzz.market, 1n]);
    const seen = await tampered(fuzz, () => sendAs(fuzz, sleeve.address, sleeve.venue, data), look);
    expect(seen).to.contain(SLEEVE_INVARIANT.UNITS_BACKED);
  });

  it("units that somebody has whom nobody knows", async () => {
    const sleeve = named(fuzz, "conversion");
    const abi = sideOf(fuzz).venues.fundSleeve.interface;
    const data = abi.encodeFunctionData("transfer", [fuzz.market, 0n, 1n]);
    const { bob } = fuzz.world.who;
    const seen = await tampered(fuzz, () => sendAs(fuzz, bob.address, sleeve.address, data), look);
    expect(seen).to.contain(SLEEVE_INVARIANT.UNITS_SUM);
  });

  it("units made for the vault without a move of its own", async () => {
    const sleeve = named(fuzz, "fund");
    const before = fuzz.look;
    const { vault } = fuzz.world.addresses;
    const give = fuzz.world.token0.interface.encodeFunctionData("transfer", [sleeve.address, GIFT]);
    const [give0, give1] = sleeve.assetIsToken0 ? [GIFT, 0n] : [0n, GIFT];
    const abi = sideOf(fuzz).venues.fundSleeve.interface;
    const move = abi.encodeFunctionData("move", [give0, give1, 1n, 1n]);
    const act = async (): Promise<void> => {
      await sendAs(fuzz, fuzz.market, fuzz.tokens[sleeve.assetIsToken0 ? 0 : 1], give);
      await sendAs(fuzz, vault, sleeve.address, move);
    };
    const seen = await tampered(fuzz, act, () => checkSleeves(fuzz, before, false));
    expect(seen).to.contain(SLEEVE_INVARIANT.UNITS_NOT_GIVEN);
  });

  it("a live bit that lies", async () => {
    const { vault } = fuzz.world.addresses;
    const seen = await tampered(
      fuzz,
      async () => {
        // Above the lanes of the first word of ranges, wherever the vault keeps them.
        for (let slot = 0n; slot < 16n; slot++) {
          const word = BigInt(await fuzz.world.ethers.provider.getStorage(vault, slot));
          if (((word >> 248n) & 15n) !== 15n) continue;
          await fuzz.world.connection.networkHelpers.setStorageAt(vault, slot, word ^ (1n << 249n));
        }
        await fuzz.chain.pass(12);
      },
      look,
    );
    expect(seen).to.contain(SLEEVE_INVARIANT.UNITS_LIVE);
  });

  it("a mask that does not work", async () => {
    const sleeve = named(fuzz, "reserve");
    const refuse = sideOf(fuzz).venues.reserve.interface.encodeFunctionData("setPaused", [true]);
    const { alice } = fuzz.world.who;
    const { lens } = fuzz.world.addresses;
    const { networkHelpers } = fuzz.world.connection;
    const code = await fuzz.world.ethers.provider.getCode(lens);
    try {
      const seen = await tampered(
        fuzz,
        async () => {
          await sendAs(fuzz, fuzz.market, sleeve.venue, refuse);
        },
        async () => {
          // A lens that says "nothing stands in the way" to whatever it is asked: two words of zeroes and no more.
          await networkHelpers.setCode(lens, "0x60a06000f3");
          await expectMaskWorks(fuzz, alice.address);
        },
      );
      expect(seen).to.contain(SLEEVE_INVARIANT.EXIT_SOME_MASK);
    } finally {
      await networkHelpers.setCode(lens, code);
    }
  });

  it("a plan that lost more than it was charged", async () => {
    const reserve = named(fuzz, "reserve");
    const place = fuzz.look.places.find(({ sleeve }) => sleeve === reserve.address);
    const take = { sleeve: place?.index ?? 0, take: true, token1: !reserve.assetIsToken0, fraction: ONE / 2n };
    const restore = { plans: fuzz.model.plans };
    const before = fuzz.look;
    const seen = await tampered(
      fuzz,
      async () => undefined,
      async () => {
        const marks = await marksNext(fuzz);
        // As if the sleeve had stood for a tenth more before: the plan then lost that without being charged for it.
        fuzz.marks = marks.map((mark) => {
          if (mark.sleeve !== reserve) return mark;
          const { amount0, amount1 } = mark.low;
          return { ...mark, low: { amount0: (amount0 * 11n) / 10n, amount1: (amount1 * 11n) / 10n } };
        });
        const keeper = [...fuzz.model.policy.keepers][0] ?? "";
        const steps = { moves: [take] };
        await checkPlan(fuzz, steps, before, await fuzz.must(planTx(fuzz, keeper, steps)));
      },
    );
    fuzz.model.plans = restore.plans;
    expect(seen).to.contain(INVARIANT.PLAN_CHARGE);
  });

  it("a run that is broken names its seed and its steps, and stops there", async () => {
    const connection = await network.create();
    const planted: Planted = {
      after: 3,
      act: async (broken) => {
        const sleeve = named(broken, "conversion");
        const data = broken.world.token0.interface.encodeFunctionData("approve", [sleeve.venue, MAX_UINT256]);
        await sendAs(broken, sleeve.address, broken.tokens[1], data);
        return { text: "planted" };
      },
    };
    try {
      const failure = await runWorld(connection, SEED, 8, planted).then(
        () => null,
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(FuzzFailure);
      const { message } = failure as FuzzFailure;
      expect(message).to.contain(`FUZZ_SEED=${SEED} FUZZ_CALLS=4 FUZZ_PER_WORLD=4`);
      expect(message).to.contain(SLEEVE_INVARIANT.NO_ALLOWANCE);
      expect(message).to.contain("planted");
    } finally {
      await connection.close();
    }
  });
});
