import { expect } from "chai";
import { network } from "hardhat";

import { abs, ONE, Random, VALUE_BITS, valueOfTokens } from "../support/arithmetic.ts";
import { flowsOf, lossAt, modelCharge, navAt, type PlanFlows } from "../support/chargeModel.ts";
import { valueOfBook } from "../support/checks.ts";
import { bps, figure } from "../support/figures.ts";
import { tighten } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS, sqrtAtTick, type Book, type PlanSteps } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

interface Measured {
  readonly chargeX18: bigint;
  readonly navLow: bigint;
  readonly flows: PlanFlows;
  readonly after: Book;
  readonly band: { readonly mid: bigint; readonly low: bigint; readonly high: bigint };
}

/** Runs a plan and reads from the chain what it did. */
async function measure(world: World, steps: PlanSteps): Promise<Measured> {
  const { mid, low, high } = await world.oracle.feeds();
  const before = await world.balances(world.addresses.vault);
  const { receipt, chargeX18, navLow } = await world.execute(steps);
  const flows = flowsOf(world, receipt, before, await world.balances(world.addresses.vault));
  return { chargeX18, navLow, flows, after: await world.book(), band: { mid, low, high } };
}

/** The chain's rounding: every amount by a wei of each token, every value by a wei, all against the plan. */
function roundingX18(m: Measured, quoteIsToken0: boolean): bigint {
  const wei = BigInt(2 + 2 * m.flows.minted.length);
  const doubt = valueOfTokens({ amount0: wei, amount1: wei }, m.band.high, quoteIsToken0) + (4n << VALUE_BITS);
  return (doubt * ONE) / navAt(m.after, m.band.low, quoteIsToken0) + 2n;
}

function randomSteps(random: Random, ticks: ReadonlyMap<number, number>, held: readonly number[]): PlanSteps {
  const fees = [500, 3_000, 10_000];
  const spacing: Readonly<Record<number, number>> = { 500: 10, 3_000: 60, 10_000: 200 };
  const burns = [];
  for (const index of held) if (random.chance(0.7)) burns.push({ index, fraction: random.fraction() });
  const swaps = [];
  if (random.chance(0.6)) {
    swaps.push({
      fee: random.pick([500, 3_000]),
      zeroForOne: random.chance(0.5),
      fraction: BigInt(random.int(1, 30)) * (ONE / 100n),
    });
  }
  const mints = [];
  for (let i = random.int(0, 2); i > 0; i--) {
    const fee = random.pick(fees);
    const step = spacing[fee] ?? 1;
    const centre = (ticks.get(fee) ?? 0) + random.int(-300, 300);
    const half = random.int(300, 4_000);
    const tickLower = Math.floor((centre - half) / step) * step;
    mints.push({
      fee,
      tickLower,
      tickUpper: Math.ceil((centre + half) / step) * step,
      fraction0: random.fraction(),
      fraction1: random.fraction(),
    });
  }
  return { burns, swaps, mints };
}

for (const order of ORDERS) {
  for (const decimals of [
    { baseDecimals: 18, quoteDecimals: 6 },
    { baseDecimals: 6, quoteDecimals: 18 },
  ]) {
    describe(`contracts/charge: ${order.name}, base ${decimals.baseDecimals} / quote ${decimals.quoteDecimals} decimals`, () => {
      const q = order.quoteIsToken0;
      async function open(): Promise<World> {
        const world = await deployWorld(connection, { quoteIsToken0: q, ...decimals, caps: { maxPlanLossBps: 100 } });
        await world.firstDeposit(world.who.alice, 100_000n * ONE);
        return world;
      }

      it(
        cites(
          "the charge is the loss at the worse end, and no price between the ends is worse",
          INVARIANT.PLAN_CHARGE,
          INVARIANT.PLAN_LIMIT,
        ),
        async () => {
          const world = await networkHelpers.loadFixture(open);
          const random = new Random(q ? 11 : 12);
          let [ran, refused, worst] = [0, 0, 0n];
          let [lowEnd, highEnd] = [0, 0];
          for (let i = 0; i < 26; i++) {
            const price = 2_000 * (1 + (random.next() - 0.5) / 20);
            await world.movePools(price);
            await world.report(price * (1 + (random.next() - 0.5) * 0.012));
            await world.pass(3_600);
            const ticks = new Map<number, number>();
            for (const fee of world.pools.keys()) ticks.set(fee, await world.tick(fee));
            const steps = randomSteps(
              random,
              ticks,
              (await world.book()).positions.map((p) => p.index),
            );
            let m: Measured;
            const nonce = await world.vault.planNonce();
            try {
              m = await measure(world, steps);
            } catch (error) {
              expect(await world.vault.planNonce()).to.equal(nonce);
              if (
                !/LossAboveLimit|SlippageOnMint|TooManyPositions|SpotOutsideBand|reason string 'AS'/.test(String(error))
              )
                throw error;
              refused++;
              continue;
            }
            ran++;
            const model = modelCharge(m.flows, m.after, m.band, q);
            const rounding = roundingX18(m, q);
            expect(m.chargeX18 >= model, `charged ${m.chargeX18}, lost ${model}`).to.equal(true);
            expect(
              m.chargeX18 <= model + rounding,
              `charged ${m.chargeX18}, lost ${model}, rounding ${rounding}`,
            ).to.equal(true);
            expect(m.chargeX18 <= ONE / 100n).to.equal(true);
            if (model > rounding) {
              if (lossAt(m.flows, m.band.low, q) > lossAt(m.flows, m.band.high, q)) lowEnd++;
              else highEnd++;
            }
            // NAV in the event: at the low end, without pending fees, rounded down per range.
            const nav = navAt(m.after, m.band.low, q) >> VALUE_BITS;
            expect(m.navLow <= nav).to.equal(true);
            const slack = (valueOfTokens({ amount0: 9n, amount1: 9n }, m.band.high, q) >> VALUE_BITS) + 2n;
            expect(nav - m.navLow <= slack).to.equal(true);
            for (let k = 0n; k <= 40n; k++) {
              const price96 = m.band.low + ((m.band.high - m.band.low) * k) / 40n;
              const part = (lossAt(m.flows, price96, q) * ONE) / navAt(m.after, m.band.low, q);
              expect(part <= m.chargeX18, `at ${k}/40: ${part} > ${m.chargeX18}`).to.equal(true);
              if (part > worst) worst = part;
            }
          }
          expect(ran >= 12, `${ran} ran, ${refused} refused`).to.equal(true);
          // Both ends must have decided, or the test says nothing about one of them.
          expect(lowEnd > 0 && highEnd > 0, `${lowEnd} low, ${highEnd} high`).to.equal(true);
          figure(
            `${ran} plans, ${refused} refused; worst end low ${lowEnd}, high ${highEnd}; greatest loss ${bps(worst)}`,
          );
        },
      );

      it(cites("an honest re-centring costs V d^2 / (4 h)", INVARIANT.PLAN_CHARGE), async () => {
        const world = await networkHelpers.loadFixture(open);
        await world.execute({ mints: [await world.around(3_000, 1_200)] });
        await world.movePools(2_080);
        await world.report(2_080);
        await world.pass(3_600);
        // Half in each token again, as a keeper that re-centres swaps first; then the centre is the price.
        const book = await world.book();
        const mid = world.priceX96(2_080);
        const value0 = world.value({ amount0: book.total0, amount1: 0n }, mid);
        const value1 = world.value({ amount0: 0n, amount1: book.total1 }, mid);
        const zeroForOne = value0 > value1;
        const fraction = (abs(value0 - value1) * ONE) / (2n * (zeroForOne ? value0 : value1));
        const swapped = await measure(world, { burns: [{ index: 0 }], swaps: [{ fee: 500, zeroForOne, fraction }] });
        const half = 1_200;
        const m = await measure(world, { mints: [await world.around(3_000, half)] });
        const h = half * Math.log(1.0001);
        const formula = (0.0075 * 0.0075) / (4 * h);
        const charge = Number(m.chargeX18) / 1e18;
        figure(
          `re-centring, half-width ${half} ticks: ${bps(m.chargeX18)} (V d^2 / 4h = ${(formula * 1e4).toFixed(3)} bps), its swap ${bps(swapped.chargeX18)}`,
        );
        // The formula is the first term of a series in d / h, for a centre that is the spot to the tick.
        expect(charge > 0.7 * formula && charge < 1.5 * formula).to.equal(true);
      });

      it(cites("more than the limit reverts and changes nothing", INVARIANT.PLAN_LIMIT), async () => {
        const world = await networkHelpers.loadFixture(open);
        await tighten(world, { maxPlanLossBps: 10 });
        const before = await world.book();
        const nonce = await world.vault.planNonce();
        // A fifth of one token at a fee of 1 % is 10 bps of NAV and the impact besides.
        const plan = await world.plan({ swaps: [{ fee: 10_000, zeroForOne: true, fraction: ONE / 5n }] });
        await expect(world.vault.connect(world.who.keeper).execute(plan))
          .to.be.revertedWithCustomError(world.planErrors, "LossAboveLimit")
          .withArgs((charge: bigint) => charge > 10n ** 15n && charge < 2n * 10n ** 15n, 10n ** 15n);
        expect(await world.book()).to.deep.equal(before);
        expect(await world.vault.planNonce()).to.equal(nonce);
      });
    });
  }

  describe(`contracts/charge: stale-feed harvest, ${order.name}`, () => {
    const q = order.quoteIsToken0;
    const FEED = 2_000;
    const MARKET = 2_010;

    /** The market is 0.5 % above a feed that has not moved yet; the 0.05 % pool is thin and lags with the feed. */
    async function lagging(): Promise<World> {
      const world = await deployWorld(connection, { quoteIsToken0: q, depths: { 500: 50e3 } });
      await world.firstDeposit(world.who.alice, 100_000n * ONE);
      await world.movePool(3_000, sqrtOf(world, MARKET));
      await world.movePool(10_000, sqrtOf(world, MARKET));
      return world;
    }
    function sqrtOf(world: World, price: number): bigint {
      const tick =
        Math.log(price * 10 ** (world.options.quoteDecimals - world.options.baseDecimals)) / Math.log(1.0001);
      return sqrtAtTick(Math.round(q ? -tick : tick));
    }

    /** Base just above the thin pool's spot: as narrow as the tier allows, on the side where base waits. */
    async function trap(world: World, fraction: bigint): Promise<PlanSteps> {
      const { tickSpacing } = world.pool(500);
      const tick = await world.tick(500);
      const tickLower = q
        ? Math.floor(tick / tickSpacing) * tickSpacing - 20
        : Math.ceil((tick + 1) / tickSpacing) * tickSpacing;
      return { mints: [{ fee: 500, tickLower, tickUpper: tickLower + 20, fraction0: fraction, fraction1: fraction }] };
    }

    it(
      cites("is charged in full, while a check of NAV at the feed's price sees nothing", INVARIANT.PLAN_CHARGE),
      async () => {
        const world = await networkHelpers.loadFixture(lagging);
        const market = world.priceX96(MARKET);
        const feed = world.priceX96(FEED);
        const snapshot = await networkHelpers.takeSnapshot();
        await world.movePools(MARKET);
        const honest = valueOfBook(await world.book(), market, q);
        await snapshot.restore();

        const before = await world.book();
        const { chargeX18 } = await world.execute(await trap(world, ONE / 5n));
        const minted = await world.book();
        // The keeper's partner buys through the range at the feed's price, and the market closes the rest.
        await world.movePools(MARKET);
        const harvested = await world.book();
        const lost = ((honest - valueOfBook(harvested, market, q)) * ONE) / honest;
        const naive =
          ((valueOfBook(before, feed, q) - valueOfBook(minted, feed, q)) * ONE) / valueOfBook(before, feed, q);
        const naiveLater =
          ((valueOfBook(before, feed, q) - valueOfBook(harvested, feed, q)) * ONE) / valueOfBook(before, feed, q);
        figure(
          `harvest of a tenth of NAV: lost ${bps(lost)}, charged ${bps(chargeX18)}; NAV at the feed's price sees ${bps(naive)}, afterwards ${bps(naiveLater)}`,
        );
        expect(lost > 3n * 10n ** 14n, "the attack must work, or its charge proves nothing").to.equal(true);
        expect(naive < 10n ** 13n && naiveLater < 10n ** 13n).to.equal(true);
        expect(chargeX18 >= lost).to.equal(true);
      },
    );

    it(cites("is refused when it is large", INVARIANT.PLAN_LIMIT), async () => {
      const world = await networkHelpers.loadFixture(lagging);
      const plan = await world.plan(await trap(world, ONE));
      await expect(world.vault.connect(world.who.keeper).execute(plan)).to.be.revertedWithCustomError(
        world.planErrors,
        "LossAboveLimit",
      );
    });

    it(cites("a touched pool outside the band is refused, whichever side", INVARIANT.ORACLE_REFUSES), async () => {
      const world = await networkHelpers.loadFixture(lagging);
      const range = await world.around(3_000, 600);
      for (const price of [FEED * 1.0085, FEED * 0.9915]) {
        await world.movePool(500, sqrtOf(world, price));
        for (const steps of [
          { mints: [{ ...range, fee: 500 }] },
          { swaps: [{ fee: 500, zeroForOne: true, fraction: ONE / 1_000n }] },
        ]) {
          await expect(world.vault.connect(world.who.keeper).execute(await world.plan(steps)))
            .to.be.revertedWithCustomError(world.planErrors, "SpotOutsideBand")
            .withArgs(500, (spot: bigint) => spot > 0n);
        }
      }
      // A swap may not push a pool out either.
      await world.movePool(500, sqrtOf(world, FEED));
      await expect(
        world.vault
          .connect(world.who.keeper)
          .execute(await world.plan({ swaps: [{ fee: 500, zeroForOne: true, fraction: ONE / 100n }] })),
      ).to.be.revertedWithCustomError(world.planErrors, "SpotOutsideBand");
    });
  });
}
