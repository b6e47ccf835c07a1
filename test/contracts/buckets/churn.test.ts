/** The churn budget. */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE, valueOfTokens, VALUE_BITS } from "../../support/arithmetic.ts";
import { asLevel, capacityOf, LEVEL_ONE, navAt } from "../../support/chargeModel.ts";
import { figure } from "../../support/figures.ts";
import { setCaps } from "../../support/governance.ts";
import { ORDERS, type MintStep } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { Ledger } from "./ledger.ts";
import { DAY, keeper, levelsNow, moveTo, sell, setLevels, worldsOf } from "./support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

for (const order of ORDERS) {
  const q = order.quoteIsToken0;
  const { open, still, placed } = worldsOf(connection, q);

  describe(`contracts/buckets/churn: ${order.name}`, () => {
    it(
      cites(
        "churn is what ranges lost against holding: by hand, and by the model there and back",
        INVARIANT.BUDGET_CHURN,
        INVARIANT.BUDGET_LEVEL,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(placed);
        const ledger = await Ledger.of(world);
        await ledger.execute({});
        const from = (await levelsNow(world)).churn;
        const [range] = (await world.book()).positions;
        if (range === undefined) throw new Error("no range");
        const nav = Number(navAt(await world.book(), world.priceX96(2_000), q) >> VALUE_BITS);
        await moveTo(world, 2_060);
        // Held: the tokens of before at the new price. In range: L (2 sqrt P - sqrt Pa - P / sqrt Pb), fees left aside (they are
        // not collected by this plan), so the loss is L (sqrt P1 - sqrt P0)^2 / sqrt P0, in quote.
        const ratio = Math.sqrt(2_060 / 2_000);
        const root = Math.sqrt(2_000);
        // Both tokens have 18 decimals here, so the pool's sqrt price is the price's, either way round.
        const loss = Number(range.liquidity) * root * (ratio - 1) ** 2;
        await ledger.execute({});
        const there = Number((await levelsNow(world)).churn - from) / 1e12;
        const expected = loss / (nav * (1 + 0.03 / 2));
        expect(Math.abs(there / expected - 1) < 0.02, `${there} ${expected}`).to.equal(true);
        figure(`3 % up: churn ${(there * 1e4).toFixed(3)} bps, by hand ${(expected * 1e4).toFixed(3)} bps`);
        // Back again: from the inventory at 2,060 the way back is a loss against holding too.
        await moveTo(world, 2_000);
        await ledger.execute({});
        const back = Number((await levelsNow(world)).churn - from) / 1e12 - there;
        expect(Math.abs(back / there - 1) < 0.05, `${back} ${there}`).to.equal(true);
        // Without a plan between, there and back is nothing lost.
        const was = (await levelsNow(world)).churn;
        await moveTo(world, 2_060);
        await moveTo(world, 2_000);
        await ledger.execute({});
        expect((await levelsNow(world)).churn - was < LEVEL_ONE / 10n ** 6n).to.equal(true);
      },
    );

    it(
      cites(
        "deposits, exits and presents between two plans change churn by nothing they did not bring",
        INVARIANT.BUDGET_CHURN,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(placed);
        const { alice, bob, carol } = world.who;
        const start = await networkHelpers.takeSnapshot();
        const { churn: atFirst } = await levelsNow(world);
        const churnAfter = async (between: () => Promise<unknown>): Promise<bigint> => {
          await moveTo(world, 2_090);
          await between();
          await world.execute({});
          return (await levelsNow(world)).churn;
        };
        const quiet = await churnAfter(() => Promise.resolve());
        expect(quiet > 10n ** 7n, `${quiet}`).to.equal(true);
        await start.restore();
        const busy = await churnAfter(async () => {
          await world.deposit(bob, 350_000n * ONE);
          await world.deposit(carol, 7n);
          await world.withdraw(alice, 60_000n * ONE);
        });
        await start.restore();
        await moveTo(world, 2_090);
        const book = await world.book();
        const market = world.priceX96(2_090);
        const owed = book.positions.reduce(
          (sum, p) => sum + valueOfTokens({ amount0: p.fees0, amount1: p.fees1 }, market, q),
          0n,
        );
        const fees = asLevel(owed, navAt(book, market, q));
        // The supply changed after the loss had happened: for each share it is the same loss, less the fees that an exit has
        // collected, of a NAV that has grown by them.
        const expected = ((quiet - fees) * LEVEL_ONE) / (LEVEL_ONE + fees);
        expect(
          busy >= expected - expected / 10_000n && busy <= expected + expected / 10_000n,
          `${busy}, quiet ${quiet}, fees ${fees}, expected ${expected}`,
        ).to.equal(true);
        await start.restore();
        const gift = await churnAfter(async () => {
          const { amount0, amount1 } = world.halves(10_000n * ONE);
          await world.token0.connect(bob).transfer(world.addresses.vault, amount0);
          await world.token1.connect(bob).transfer(world.addresses.vault, amount1);
        });
        expect(gift).to.equal(atFirst);
      },
    );

    it(cites("collected fees count, uncollected ones do not", INVARIANT.BUDGET_CHURN), async () => {
      const world = await networkHelpers.loadFixture(placed);
      for (let i = 0; i < 2; i++) {
        await world.movePools(2_030);
        await world.movePools(1_975);
      }
      await moveTo(world, 2_040);
      const start = await networkHelpers.takeSnapshot();
      const { churn: was } = await levelsNow(world);
      await world.execute({});
      const without = (await levelsNow(world)).churn - was;
      await start.restore();
      const [range] = (await world.book()).positions;
      const fees = valueOfTokens(
        { amount0: range?.fees0 ?? 0n, amount1: range?.fees1 ?? 0n },
        world.priceX96(2_040),
        q,
      );
      const part = asLevel(fees, navAt(await world.book(), world.priceX96(2_040), q));
      await world.execute({ burns: [{ index: 0, fraction: 0n }] });
      const with_ = (await levelsNow(world)).churn - was;
      const expected = without > part ? without - part : 0n;
      expect(without > 10n ** 7n && part > 10n ** 6n, `${without} ${part}`).to.equal(true);
      expect(with_ >= expected - expected / 100n - 2n && with_ <= expected + expected / 100n + 2n).to.equal(true);
    });

    it(
      cites(
        "while churn is full: burns, swaps and the greatest width, to two spacings; one unit less and any width",
        INVARIANT.BUDGET_CHURN,
        INVARIANT.PLAN_RANGES,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        await setCaps(world, { maxHalfWidth: 4_000, churnCapBps: 200 });
        const small = { fraction0: ONE / 100n, fraction1: ONE / 100n };
        await world.execute({ mints: [{ ...(await world.around(3_000, 1_200)), ...small }] });
        const capacity = capacityOf(200);
        // What a plan without a move adds by rounding.
        const before = await networkHelpers.takeSnapshot();
        const { churn: was } = await levelsNow(world);
        await world.execute({});
        const rounding = (await levelsNow(world)).churn - was;
        expect(rounding <= 250_000n, `${rounding}`).to.equal(true);
        await before.restore();
        const tick = Math.floor((await world.tick(3_000)) / 60) * 60;
        const of = (half: number, less = 0): MintStep => ({
          fee: 3_000,
          tickLower: tick - half,
          tickUpper: tick + half - less,
          ...small,
        });
        // Greatest width 8,000, less two spacings of 60 is 7,880: of the multiples of 60, 7,920 and 7,980 are wide enough.
        const narrow = of(600);
        await setLevels(world, { churn: capacity });
        for (const mint of [narrow, of(3_900), of(3_960, 60)]) {
          await expect(keeper(world).execute(await world.plan({ mints: [mint] })))
            .to.be.revertedWithCustomError(world.planErrors, "WidthNotAllowed")
            .withArgs(mint.tickLower, mint.tickUpper);
        }
        const full = await networkHelpers.takeSnapshot();
        for (const mint of [of(3_960), of(3_960, -60)]) {
          await world.execute({ mints: [mint] });
          await full.restore();
        }
        await world.execute({ burns: [{ index: 0, fraction: ONE / 2n }] });
        await world.execute({ ...sell(ONE / 100n), burns: [{ index: 0 }] });
        await full.restore();
        await setLevels(world, { churn: capacity - 1n - rounding });
        await world.execute({ mints: [narrow] });
        await full.restore();
        await setLevels(world, { churn: capacity - rounding });
        if (rounding > 0n) {
          await expect(keeper(world).execute(await world.plan({ mints: [narrow] }))).to.be.revertedWithCustomError(
            world.planErrors,
            "WidthNotAllowed",
          );
        }
        // It drains, and any width is allowed again.
        await full.restore();
        await setLevels(world, { churn: capacity + 10n ** 9n });
        await setCaps(world, { churnRefillBps: 100 });
        await expect(keeper(world).execute(await world.plan({ mints: [narrow] }))).to.be.revertedWithCustomError(
          world.planErrors,
          "WidthNotAllowed",
        );
        await world.pass(DAY / 5);
        await world.report(2_000);
        await world.execute({ mints: [narrow] });
      },
    );

    it(cites("a real loss of the market fills churn, and time empties it", INVARIANT.BUDGET_CHURN), async () => {
      const world = await networkHelpers.loadFixture(open);
      await setCaps(world, { churnCapBps: 40, churnRefillBps: 40, minHalfWidth: 200, turnoverRefillBps: 10_000 });
      await world.execute({ mints: [await world.around(500, 300)] });
      let plans = 0;
      for (let price = 2_000; ; plans++) {
        price = plans % 2 === 0 ? 2_020 : 2_000;
        await world.movePools(price);
        await world.report(price);
        await world.pass(1_800);
        const range = { ...(await world.around(500, 300)), fraction0: ONE / 2n, fraction1: ONE / 2n };
        const indices = (await world.book()).positions.map(({ index }) => ({ index }));
        try {
          await world.execute({ burns: indices, mints: [range] });
        } catch (error) {
          expect(String(error)).to.include("WidthNotAllowed");
          break;
        }
        if (plans > 30) throw new Error("a range that loses must fill the churn budget");
      }
      figure(`half-width 300 ticks, moves of 1 %: churn of 40 bps is full after ${plans} plans`);
      // Out with it, and after a day in again.
      await world.execute({ burns: (await world.book()).positions.map(({ index }) => ({ index })) });
      await world.pass(2 * DAY);
      const price = plans % 2 === 0 ? 2_020 : 2_000;
      await world.report(price);
      await world.execute({ mints: [{ ...(await world.around(500, 300)), fraction0: ONE / 2n, fraction1: ONE / 2n }] });
    });

    it(
      cites(
        "after everybody has left, the next ones' budget does not begin with a comparison to the old shares",
        INVARIANT.BUDGET_CHURN,
        INVARIANT.FIRST_DEPOSIT,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { alice, attacker, bob } = world.who;
        await world.withdraw(alice, 100_000n * ONE - 1n);
        // A share that is dear by a present, and a plan that remembers it so.
        await world.quote.connect(attacker).transfer(world.addresses.vault, 2_000n * ONE);
        await world.execute({});
        expect((await world.vault.inventory())[q ? 0 : 1] > 2n ** 96n).to.equal(true);
        await world.withdraw(alice, 1n);
        await world.firstDeposit(bob, 20_000n * ONE);
        expect([...(await world.vault.inventory())]).to.deep.equal([0n, 0n]);
        const { churn } = await levelsNow(world);
        await world.execute({ mints: [await world.around(3_000, 1_200)] });
        expect((await levelsNow(world)).churn <= churn).to.equal(true);
      },
    );
  });
}
