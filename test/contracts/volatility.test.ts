import { expect } from "chai";
import { network } from "hardhat";

import { divUp, max, ONE, Random } from "../support/arithmetic.ts";
import { figure } from "../support/figures.ts";
import { tighten } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const HOUR = 3_600;
const YEAR = 365 * 86_400;
/** Time constant of the mean: a decay of 0.94 a day. */
const MEMORY = 400 * HOUR;
const MAX_UINT64 = (1n << 64n) - 1n;

/** The decayed mean of squared returns in floats, from its definition alone. */
function next(variance: number, from: number, to: number, seconds: number): number {
  const sample = ((to / from - 1) ** 2 * YEAR) / seconds;
  return (variance * MEMORY + sample * seconds) / (MEMORY + seconds);
}

for (const order of ORDERS) {
  describe(`contracts/volatility: ${order.name}`, () => {
    async function open(): Promise<World> {
      return deployWorld(connection, { quoteIsToken0: order.quoteIsToken0, fees: [3_000] });
    }
    const variance = async (world: World): Promise<bigint> => (await world.oracle.feeds()).varianceE12;

    it(
      cites(
        "follows the mean of squared returns over a random path, poked by anybody at any time",
        INVARIANT.VOLATILITY,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const random = new Random(order.quoteIsToken0 ? 31 : 32);
        const people = [world.who.stranger, world.who.keeper, world.who.attacker, world.who.bob];
        expect([await variance(world), await world.oracle.lastPoke()]).to.deep.equal([0n, 0n]);
        await world.oracle.poke();
        expect([await variance(world), await world.oracle.lastPoke()]).to.deep.equal([0n, BigInt(await world.now())]);
        let [price, at, model, exact] = [2_000, await world.now(), 0, 0n];
        for (let i = 0; i < 60; i++) {
          const seconds = random.pick([HOUR, HOUR + 1, 2 * HOUR, 7_777, 30_000, 86_400, 500_000]);
          const to = Math.round(price * Math.exp((random.next() - 0.5) * 0.1) * 1e8) / 1e8;
          await networkHelpers.time.setNextBlockTimestamp(at + seconds - 1);
          await world.report(to);
          // Two reports, two blocks: the poke comes at the second that was chosen or a second or two later.
          const last = (await world.oracle.feeds()).mid;
          const before = world.priceX96(price);
          await world.oracle.connect(random.pick(people)).poke();
          const now = await world.now();
          const elapsed = BigInt(now - at);
          model = next(model, price, to, now - at);
          // The same in whole numbers, every step rounded up.
          const change = divUp(max(last - before, before - last) * 10n ** 12n, before);
          const sample = divUp((change * change * BigInt(YEAR)) / 10n ** 12n, elapsed);
          exact = divUp(exact * BigInt(MEMORY) + sample * elapsed, BigInt(MEMORY) + elapsed);
          const chain = await variance(world);
          expect(chain).to.equal(exact);
          expect(Math.abs(Number(chain) / 1e12 / model - 1) < 1e-6, `${chain} ${model}`).to.equal(true);
          expect(await world.oracle.lastPoke()).to.equal(BigInt(now));
          [price, at] = [to, now];
        }
        figure(`after 60 pokes: annual volatility ${(Math.sqrt(model) * 100).toFixed(1)} %`);
        // A quiet year and a half: it decays, and never below what rounding up leaves.
        const was = await variance(world);
        for (let i = 0; i < 5; i++) {
          await world.pass(100 * 86_400);
          await world.report(price);
          await world.oracle.poke();
        }
        const left = Number(await variance(world)) / Number(was);
        const decay = (MEMORY / (MEMORY + 100 * 86_400)) ** 5;
        expect(Math.abs(left / decay - 1) < 1e-3, `${left} ${decay}`).to.equal(true);
      },
    );

    it(cites("once an hour, to the second", INVARIANT.VOLATILITY), async () => {
      const world = await networkHelpers.loadFixture(open);
      await world.oracle.poke();
      const at = await world.now();
      for (const seconds of [1, 1_800, HOUR - 1]) {
        await networkHelpers.time.setNextBlockTimestamp(at + seconds);
        await expect(world.oracle.poke())
          .to.be.revertedWithCustomError(world.oracle, "PokedTooSoon")
          .withArgs(at + HOUR);
      }
      await networkHelpers.time.setNextBlockTimestamp(at + HOUR);
      await world.oracle.poke();
      expect(await world.oracle.lastPoke()).to.equal(BigInt(at + HOUR));
    });

    it(
      cites(
        "a feed that is stale, wrong or silent is not taken in, and nothing else changes",
        INVARIANT.VOLATILITY,
        INVARIANT.ORACLE_REFUSES,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await world.oracle.poke();
        await world.pass(2 * HOUR);
        await world.report(2_100);
        await world.oracle.poke();
        const was = [await variance(world), await world.oracle.lastPoke()];
        await world.pass(2 * HOUR);
        const now = await world.now();
        for (const answer of [0n, -5n]) {
          await world.baseFeed.report(answer);
          await expect(world.oracle.poke()).to.be.revertedWithCustomError(world.oracle, "FeedStale");
        }
        await world.baseFeed.setRound(2_000n * 10n ** 8n, 0, now - 172_900);
        await expect(world.oracle.poke()).to.be.revertedWithCustomError(world.oracle, "FeedStale");
        await world.report(2_000);
        await world.quoteFeed.setSilent(true);
        await expect(world.oracle.poke()).to.be.revertedWithCustomError(world.quoteFeed, "Silent");
        await world.quoteFeed.setSilent(false);
        expect([await variance(world), await world.oracle.lastPoke()]).to.deep.equal(was);
        // The pool need not agree: what is measured is the feeds' price.
        await world.movePools(3_000);
        await world.oracle.poke();
        expect((await variance(world)) > (was[0] ?? 0n)).to.equal(true);
      },
    );

    it(cites("is clamped at its field's end, not wrapped", INVARIANT.VOLATILITY), async () => {
      const world = await networkHelpers.loadFixture(open);
      await world.oracle.poke();
      await world.pass(HOUR);
      await world.report(2_000_000);
      await expect(world.oracle.poke())
        .to.emit(world.oracle, "VolatilityPoked")
        .withArgs(world.priceX96(2_000_000), MAX_UINT64);
      expect(await variance(world)).to.equal(MAX_UINT64);
      await world.pass(HOUR);
      await world.report(2_000);
      await world.oracle.poke();
      const next_ = await variance(world);
      expect(next_ < MAX_UINT64 && next_ > MAX_UINT64 - MAX_UINT64 / 100n).to.equal(true);
    });

    it(
      cites(
        "only makes the policy stricter: below the floor it says nothing, above it a mint that passed is refused",
        INVARIANT.VOLATILITY,
        INVARIANT.ARBITRAGE,
      ),
      async () => {
        const world = await deployWorld(connection, {
          quoteIsToken0: order.quoteIsToken0,
          caps: { volFloorBps: 5_000, lvrLimitBps: 40 },
        });
        await world.firstDeposit(world.who.alice, 20_000n * ONE);
        const mint = { ...(await world.around(3_000, 600)), fraction0: ONE / 2n, fraction1: ONE / 2n };
        const plan = async (): Promise<void> => {
          await world.vault.connect(world.who.keeper).execute.staticCall(await world.plan({ mints: [mint] }));
        };
        await plan();
        // Calm for weeks: what passes and what does not is the floor's word.
        await world.oracle.poke();
        for (let i = 0; i < 4; i++) {
          await world.pass(7 * 86_400);
          await world.report(2_000);
          await world.oracle.poke();
        }
        expect(await variance(world)).to.equal(0n);
        await plan();
        const calm = await networkHelpers.takeSnapshot();
        await tighten(world, { volFloorBps: 20_000 });
        const strict = async (): Promise<void> => {
          await expect(plan()).to.be.revertedWithCustomError(world.planErrors, "ArbitrageAboveLimit");
        };
        await strict();
        await calm.restore();
        // A week of 8 % days, measured: the same mint at the same floor.
        for (let day = 0; day < 8; day++) {
          await world.pass(86_400);
          await world.report(day % 2 === 0 ? 2_160 : 2_000);
          await world.oracle.poke();
        }
        expect(Number(await variance(world)) / 1e12 > 0.25).to.equal(true);
        await strict();
        // A wider one still fits.
        await world.execute({
          mints: [{ ...(await world.around(3_000, 6_000)), fraction0: ONE / 4n, fraction1: ONE / 4n }],
        });
      },
    );

    it(cites("a change of terms keeps what was measured", INVARIANT.VOLATILITY), async () => {
      const world = await deployWorld(connection, {
        quoteIsToken0: order.quoteIsToken0,
        fees: [3_000],
        governanceDelay: 0,
      });
      await world.oracle.poke();
      await world.pass(HOUR);
      await world.report(2_050);
      await world.oracle.poke();
      const was = await variance(world);
      const t = await world.oracle.terms();
      await world.oracle.connect(world.who.safe).setTerms({
        referenceFee: t.referenceFee,
        twapWindow: t.twapWindow,
        twapBandBps: 321,
        baseHeartbeat: t.baseHeartbeat,
        quoteHeartbeat: t.quoteHeartbeat,
        baseDeviationBps: 77,
        quoteDeviationBps: t.quoteDeviationBps,
      });
      expect([was > 0n, await variance(world)]).to.deep.equal([true, was]);
      expect((await world.oracle.terms()).twapBandBps).to.equal(321n);
    });
  });
}
