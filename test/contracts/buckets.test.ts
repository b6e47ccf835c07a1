import { expect } from "chai";
import { network } from "hardhat";

import { ONE, Random, valueOfTokens, VALUE_BITS, type Pair2 } from "../support/arithmetic.ts";
import {
  asLevel,
  capacityOf,
  chargesOf,
  churnDoubtBelow,
  doubt,
  drained,
  flowsOf,
  LEVEL_ONE,
  MAX_LEVEL,
  navAt,
  type BudgetedPlan,
  type Charges,
  type Levels,
} from "../support/chargeModel.ts";
import { figure } from "../support/figures.ts";
import { capsOf, setCaps, tighten } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS, type Executed, type MintStep, type PlanSteps } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const DAY = 86_400;
const TREASURY_BPS = 700;
/** No drain, so that a level stands still from one second to the next. */
const STILL = { lossRefillBps: 0, turnoverRefillBps: 0, churnRefillBps: 0 };
const NOTHING: Levels = { loss: 0n, turnover: 0n, churn: 0n };

/** Levels at the time of the latest block. */
async function levelsNow(world: World): Promise<Levels> {
  const b = await world.vault.budgets();
  return { loss: b.lossE12, turnover: b.turnoverE12, churn: b.churnE12 };
}

/** The vault's word with nonce, clock and levels: found by its content, so that it moves with the layout. */
async function meterSlot(world: World): Promise<{ readonly slot: number; readonly word: bigint }> {
  const nonce = await world.vault.planNonce();
  const { loss, turnover, churn } = await levelsNow(world);
  for (let slot = 0; slot < 40; slot++) {
    const word = BigInt(await networkHelpers.getStorageAt(world.addresses.vault, slot));
    const field = (shift: bigint): bigint => (word >> shift) & MAX_LEVEL;
    if ((word & 0xffffffffn) === nonce && field(64n) === loss && field(104n) === turnover && field(144n) === churn)
      return { slot, word };
  }
  throw new Error("no word of the vault looks like its meter right after a plan: has the layout changed?");
}

/** Puts a level where no sequence of round charges would bring it to the unit. Right after a plan, while nothing drains. */
async function setLevels(world: World, changes: Partial<Levels>): Promise<void> {
  let { word } = await meterSlot(world);
  const { slot } = await meterSlot(world);
  for (const [name, shift] of [
    ["loss", 64n],
    ["turnover", 104n],
    ["churn", 144n],
  ] as const) {
    const level = changes[name];
    if (level === undefined) continue;
    word = (word & ~(MAX_LEVEL << shift)) | (level << shift);
  }
  await networkHelpers.setStorageAt(world.addresses.vault, slot, word);
  const now = await levelsNow(world);
  expect({ ...now, ...changes }).to.deep.equal(now);
}

/** Follows a vault's budgets from plan to plan with the model, and compares. */
class Ledger {
  readonly #world: World;
  #levels: Levels;
  #clock: number;
  /** The greatest distance between chain and model, units of 1e-12. */
  worst = 0n;

  /** @param levels at `clock`; nothing has been charged before the first plan of all */
  constructor(world: World, levels: Levels = NOTHING, clock = 0) {
    this.#world = world;
    this.#levels = levels;
    this.#clock = clock;
  }

  /** From here on. */
  static async of(world: World): Promise<Ledger> {
    return new Ledger(world, await levelsNow(world), await world.now());
  }

  async execute(steps: PlanSteps): Promise<Charges & { readonly executed: Executed; readonly plan: BudgetedPlan }> {
    const world = this.#world;
    const q = world.options.quoteIsToken0;
    const inventory = await world.vault.inventory();
    const left: Pair2 = { amount0: inventory.perShare0X96, amount1: inventory.perShare1X96 };
    const before = await world.book();
    const held = await world.balances(world.addresses.vault);
    const { low, high } = await world.oracle.feeds();
    const caps = await capsOf(world);
    const { shareBps: treasuryBps } = await world.vault.treasuryBook();

    const executed = await world.execute(steps);
    const flows = flowsOf(world, executed.receipt, held, await world.balances(world.addresses.vault));
    const after = await world.book();
    const supply = await world.vault.totalSupply();
    const plan = { flows, before, after, supply, treasuryBps, mid: executed.priceX96, low, high };
    const charges = chargesOf(plan, left, q);

    const at = await world.now();
    const seconds = at - this.#clock;
    const expected: Levels = {
      loss: drained(this.#levels.loss, seconds, caps.lossRefillBps) + charges.loss,
      turnover: drained(this.#levels.turnover, seconds, caps.turnoverRefillBps) + charges.turnover,
      churn: drained(this.#levels.churn, seconds, caps.churnRefillBps) + charges.churn,
    };
    const is = await levelsNow(world);
    const slack = doubt(plan, q);
    for (const name of ["loss", "turnover", "churn"] as const) {
      const away = is[name] - expected[name];
      const below = name === "churn" ? churnDoubtBelow(plan, q) : 0n;
      expect(away >= -below && away <= slack, `${name}: ${is[name]}, model ${expected[name]}, doubt ${slack}`).to.equal(
        true,
      );
      if (away > this.worst) this.worst = away;
    }
    // The charge in the event and the level are one number: rounding up twice is rounding up once.
    expect(is.loss).to.equal(
      drained(this.#levels.loss, seconds, caps.lossRefillBps) + (executed.chargeX18 + 999_999n) / 1_000_000n,
    );
    // What is left is kept in 24 significant bits, rounded up; before that each range's tokens are rounded down by a wei.
    const now = await world.vault.inventory();
    const wei = (BigInt(before.positions.length + 2) << 96n) / supply;
    for (const [model, chain] of [
      [charges.left.amount0, now.perShare0X96],
      [charges.left.amount1, now.perShare1X96],
    ] as const) {
      expect(chain >= model - wei && chain <= model + (model >> 23n) + wei + 1n, `left ${chain}, ${model}`).to.equal(
        true,
      );
    }
    [this.#levels, this.#clock] = [is, at];
    return { ...charges, executed, plan };
  }
}

function randomPlan(random: Random, ticks: ReadonlyMap<number, number>, held: readonly number[]): PlanSteps {
  const spacing: Readonly<Record<number, number>> = { 500: 10, 3_000: 60, 10_000: 200 };
  const mints: MintStep[] = [];
  for (let i = random.int(0, 2); i > 0; i--) {
    const fee = random.pick([500, 3_000, 10_000]);
    const step = spacing[fee] ?? 1;
    const centre = (ticks.get(fee) ?? 0) + random.int(-200, 200);
    const half = random.int(800, 4_000);
    mints.push({
      fee,
      tickLower: Math.floor((centre - half) / step) * step,
      tickUpper: Math.ceil((centre + half) / step) * step,
      fraction0: random.fraction(),
      fraction1: random.fraction(),
    });
  }
  return {
    burns: held.filter(() => random.chance(0.6)).map((index) => ({ index, fraction: random.fraction() })),
    swaps: random.chance(0.6)
      ? [
          {
            fee: random.pick([500, 3_000]),
            zeroForOne: random.chance(0.5),
            fraction: BigInt(random.int(1, 20)) * (ONE / 100n),
          },
        ]
      : [],
    mints,
  };
}

for (const order of ORDERS) {
  const q = order.quoteIsToken0;

  for (const decimals of [
    { baseDecimals: 18, quoteDecimals: 18 },
    q ? { baseDecimals: 8, quoteDecimals: 18 } : { baseDecimals: 18, quoteDecimals: 6 },
  ]) {
    it(
      cites(
        `contracts/buckets: levels are the model's over a random path, ${order.name}, base ${decimals.baseDecimals} / quote ${decimals.quoteDecimals} decimals`,
        INVARIANT.BUDGET_LEVEL,
        INVARIANT.BUDGET_LOSS,
        INVARIANT.BUDGET_TURNOVER,
        INVARIANT.BUDGET_CHURN,
      ),
      async () => {
        const world = await deployWorld(connection, {
          quoteIsToken0: q,
          ...decimals,
          caps: { maxPlanLossBps: 100, treasuryShareBps: TREASURY_BPS },
        });
        const { alice, bob } = world.who;
        await world.firstDeposit(alice, 100_000n * ONE);
        const ledger = new Ledger(world);
        const random = new Random(decimals.baseDecimals + decimals.quoteDecimals + (q ? 100 : 0));
        let [ran, refused] = [0, 0];
        const charged = { loss: 0, turnover: 0, churn: 0 };
        await ledger.execute({
          mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
        });
        for (let i = 0; i < 11; i++) {
          const price = 2_000 * (1 + (random.next() - 0.5) / 12);
          await world.movePools(price);
          await world.report(price * (1 + (random.next() - 0.5) * 0.01));
          await world.pass(random.int(3_600, 40_000));
          if (random.chance(0.3)) await world.deposit(bob, random.wei(ONE, 40_000n * ONE));
          if (random.chance(0.3)) await world.withdraw(alice, random.wei(ONE, 10_000n * ONE));
          const ticks = new Map<number, number>();
          for (const fee of world.pools.keys()) ticks.set(fee, await world.tick(fee));
          const held = (await world.book()).positions.map((p) => p.index);
          try {
            const charges = await ledger.execute(randomPlan(random, ticks, held));
            ran++;
            for (const name of ["loss", "turnover", "churn"] as const) if (charges[name] > 0n) charged[name]++;
          } catch (error) {
            if (
              !/LossAboveLimit|BudgetSpent|SlippageOnMint|SpotOutsideBand|ArbitrageAbove|WidthNot|'AS'/.test(
                String(error),
              )
            )
              throw error;
            refused++;
          }
        }
        figure(
          `${ran} plans, ${refused} refused; charged: loss ${charged.loss}, turnover ${charged.turnover}, churn ${charged.churn}; ` +
            `chain above the model by at most ${ledger.worst}e-12 of NAV`,
        );
        expect(
          ran >= 6 && charged.loss > 3 && charged.turnover > 1 && charged.churn > 1,
          "too little was charged",
        ).to.equal(true);
        // A wei of an 18-decimals quote is nothing beside 1e-12 of NAV: there the levels are the model's to the unit.
        if (decimals.quoteDecimals === 18 && decimals.baseDecimals === 18) expect(ledger.worst <= 1n).to.equal(true);
      },
    );
  }

  describe(`contracts/buckets: ${order.name}`, () => {
    async function open(): Promise<World> {
      const world = await deployWorld(connection, {
        quoteIsToken0: q,
        quoteDecimals: 18,
        governanceDelay: 0,
        caps: { maxPlanLossBps: 100 },
      });
      await world.firstDeposit(world.who.alice, 100_000n * ONE);
      return world;
    }
    /** Nothing drains, one plan has run. */
    async function still(): Promise<World> {
      const world = await open();
      await setCaps(world, STILL);
      await world.execute({});
      return world;
    }
    const sell = (part: bigint): PlanSteps => ({ swaps: [{ fee: 500, zeroForOne: true, fraction: part }] });
    const keeper = (world: World): World["vault"] => world.vault.connect(world.who.keeper);

    // ---------------------------------------------------------------- loss

    it(
      cites(
        "loss fills up to the capacity, to the unit, and not by one more",
        INVARIANT.BUDGET_LOSS,
        INVARIANT.BUDGET_LEVEL,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        const start = await networkHelpers.takeSnapshot();
        const { chargeX18 } = await world.execute(sell(ONE / 10n));
        const { loss: charge } = await levelsNow(world);
        expect(charge).to.equal((chargeX18 + 999_999n) / 1_000_000n);
        expect(charge > 0n).to.equal(true);
        await start.restore();
        const capacity = capacityOf(100);
        await setLevels(world, { loss: capacity - charge + 1n });
        await expect(keeper(world).execute(await world.plan(sell(ONE / 10n))))
          .to.be.revertedWithCustomError(world.planErrors, "LossBudgetSpent")
          .withArgs(capacity + 1n, capacity);
        await setLevels(world, { loss: capacity - charge });
        await world.execute(sell(ONE / 10n));
        expect((await levelsNow(world)).loss).to.equal(capacity);
        // Full is full for the least charge, and still nothing for a plan that loses nothing.
        await expect(keeper(world).execute(await world.plan(sell(ONE / 10n ** 9n))))
          .to.be.revertedWithCustomError(world.planErrors, "LossBudgetSpent")
          .withArgs((level: bigint) => level > capacity && level < capacity + 10n, capacity);
        await world.execute({});
      },
    );

    it(cites("loss drains at its rate, rounded down, to nothing and no further", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(still);
      await world.execute(sell(ONE / 2n));
      const { loss } = await levelsNow(world);
      const from = await world.now();
      await setCaps(world, { lossRefillBps: 7 });
      for (const seconds of [10, 11, 3_600, 86_399, 86_400]) {
        await networkHelpers.time.increaseTo(from + seconds);
        expect((await levelsNow(world)).loss).to.equal(loss - (BigInt(seconds) * 7n * 10n ** 8n) / 86_400n);
      }
      await world.pass(400 * DAY);
      expect((await levelsNow(world)).loss).to.equal(0n);
      await world.report(2_000);
      const { chargeX18 } = await world.execute(sell(ONE / 50n));
      expect((await levelsNow(world)).loss).to.equal((chargeX18 + 999_999n) / 1_000_000n);
    });

    it(
      cites(
        "over twelve days no more than capacity and refill together is lost, however often the keeper asks",
        INVARIANT.BUDGET_LOSS,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await setCaps(world, { lossCapBps: 20, lossRefillBps: 5 });
        let [charged, plans, refused] = [0n, 0, 0];
        const start = await world.now();
        let direction = true;
        for (let half = 0; half < 24; half++) {
          for (;;) {
            try {
              const { chargeX18 } = await world.execute({
                swaps: [{ fee: 500, zeroForOne: direction, fraction: ONE / 8n }],
              });
              charged += chargeX18;
              plans++;
              direction = !direction;
            } catch (error) {
              if (!String(error).includes("BudgetSpent")) throw error;
              refused++;
              break;
            }
          }
          await world.movePools(2_000);
          await world.pass(DAY / 2);
          await world.report(2_000);
        }
        const days = ((await world.now()) - start) / DAY;
        const most = 20 + 5 * days;
        const spent = Number(charged) / 1e14;
        figure(
          `${plans} plans, ${refused} refused, ${spent.toFixed(2)} bps in ${days.toFixed(1)} days; budget ${most.toFixed(2)}`,
        );
        expect(spent <= most && spent > 0.8 * most).to.equal(true);
      },
    );

    it(cites("a plan of dust pays at least a unit, each time", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(still);
      const [range] = [await world.around(3_000, 1_200)];
      for (const steps of [
        sell(ONE / 10n ** 15n),
        sell(10n),
        { mints: [{ ...range, fraction0: ONE / 10n ** 12n, fraction1: ONE / 10n ** 12n }] },
        { mints: [{ ...range, fraction0: ONE / 10n ** 14n, fraction1: ONE / 10n ** 14n }] },
      ] satisfies PlanSteps[]) {
        const { loss } = await levelsNow(world);
        const { chargeX18 } = await world.execute(steps);
        expect(chargeX18 >= 1n && chargeX18 < 10n ** 7n, `${chargeX18}`).to.equal(true);
        expect((await levelsNow(world)).loss - loss).to.equal((chargeX18 + 999_999n) / 1_000_000n);
      }
    });

    it(cites("a gain refills nothing", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(still);
      await world.execute({
        ...sell(ONE / 10n),
        mints: [{ ...(await world.around(500, 400)), fraction0: ONE / 4n, fraction1: ONE / 4n }],
      });
      await setLevels(world, { churn: 10n ** 9n });
      const was = await levelsNow(world);
      // Fees without a move, a present of both tokens, and a better price in the feed than in the pool.
      for (let i = 0; i < 3; i++) {
        await world.movePool(500, ((await world.pool(500).slot0()).sqrtPriceX96 * 1_001n) / 1_000n);
        await world.movePools(2_000);
      }
      const { amount0, amount1 } = world.halves(5_000n * ONE);
      await world.token0.connect(world.who.bob).transfer(world.addresses.vault, amount0);
      await world.token1.connect(world.who.bob).transfer(world.addresses.vault, amount1);
      await world.execute({ burns: [{ index: 0, fraction: 0n }] });
      expect(await levelsNow(world)).to.deep.equal(was);
    });

    it(
      cites(
        "a governed change in mid-use: what was used stays used, more room is room at once, less room stops what costs",
        INVARIANT.BUDGET_LEVEL,
        INVARIANT.BUDGET_LOSS,
        INVARIANT.BUDGET_TURNOVER,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await setCaps(world, { lossCapBps: 30, lossRefillBps: 0, turnoverRefillBps: 0, churnRefillBps: 0 });
        const range = { ...(await world.around(3_000, 1_200)), fraction0: ONE / 4n, fraction1: ONE / 4n };
        await world.execute({ mints: [range] });
        await setLevels(world, { loss: capacityOf(25), turnover: capacityOf(4_000) });
        const was = await levelsNow(world);
        const refusedFor = async (error: string, steps: PlanSteps): Promise<void> => {
          await expect(keeper(world).execute(await world.plan(steps))).to.be.revertedWithCustomError(
            world.planErrors,
            error,
          );
        };
        await refusedFor("LossBudgetSpent", sell(ONE / 2n));
        await setCaps(world, { lossCapBps: 60 });
        expect(await levelsNow(world)).to.deep.equal(was);
        const up = await networkHelpers.takeSnapshot();
        await world.execute(sell(ONE / 2n));
        expect((await levelsNow(world)).loss > was.loss).to.equal(true);
        await up.restore();

        // The guardian takes nearly all away: levels stand above what may be.
        await tighten(world, { lossCapBps: 1, turnoverCapBps: 100 });
        expect(await levelsNow(world)).to.deep.equal(was);
        await refusedFor("LossBudgetSpent", sell(ONE / 1_000n));
        await refusedFor("LossBudgetSpent", { mints: [range] });
        // What costs nothing goes through: nothing at all, collecting, taking a part or all of a range out.
        await world.execute({});
        await world.execute({ burns: [{ index: 0, fraction: 0n }] });
        await world.execute({ burns: [{ index: 0, fraction: ONE / 3n + 1n }] });
        await world.execute({ burns: [{ index: 0 }] });
        expect((await world.book()).positions).to.deep.equal([]);
        const after = await levelsNow(world);
        expect([after.loss, after.turnover]).to.deep.equal([was.loss, was.turnover]);

        // A rate that comes later drains what is there, and once below the capacity plans run again.
        await setCaps(world, { lossCapBps: 20, lossRefillBps: 10, turnoverCapBps: 10_000, turnoverRefillBps: 10_000 });
        await refusedFor("LossBudgetSpent", sell(ONE / 1_000n));
        await world.pass(DAY);
        await world.report(2_000);
        await world.execute(sell(ONE / 1_000n));
      },
    );

    it(
      cites("no loss limit at all still lets a keeper take out", INVARIANT.BUDGET_LOSS, INVARIANT.PLAN_LIMIT),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        await world.execute({ mints: [await world.around(3_000, 1_200)] });
        await tighten(world, { maxPlanLossBps: 0, lossCapBps: 0, turnoverCapBps: 0, churnCapBps: 0 });
        for (let i = 1; i < 6; i++) {
          await world.movePools(2_000 + i);
          await world.execute({ burns: [{ index: 0, fraction: ONE / 7n + BigInt(i) }] });
        }
        await world.execute({ burns: [{ index: 0 }] });
        await expect(keeper(world).execute(await world.plan(sell(ONE / 1_000n)))).to.be.revertedWithCustomError(
          world.planErrors,
          "LossAboveLimit",
        );
      },
    );

    // ---------------------------------------------------------------- turnover

    it(
      cites("turnover is the value sold at mid, and only of what the pool took", INVARIANT.BUDGET_TURNOVER),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        const mid = world.priceX96(2_000);
        for (const zeroForOne of [true, false]) {
          for (const stops of [false, true]) {
            const { sqrtPriceX96 } = await world.pool(500).slot0();
            const near = zeroForOne ? (sqrtPriceX96 * 99_999n) / 100_000n : (sqrtPriceX96 * 100_001n) / 100_000n;
            const had = await levelsNow(world);
            const held = await world.balances(world.addresses.vault);
            const swap = { fee: 500, zeroForOne, fraction: ONE / 20n };
            const { navLow } = await world.execute({
              swaps: [stops ? { ...swap, sqrtPriceLimitX96: near } : swap],
            });
            const has = await world.balances(world.addresses.vault);
            const sold = zeroForOne
              ? { amount0: held.amount0 - has.amount0, amount1: 0n }
              : { amount0: 0n, amount1: held.amount1 - has.amount1 };
            const value = valueOfTokens(sold, mid, q);
            const least = asLevel(value, (navLow + 1n) << VALUE_BITS);
            const level = (await levelsNow(world)).turnover - had.turnover;
            expect(level >= least && level <= least + 1n, `${level} ${least}`).to.equal(true);
            if (stops) expect((await world.pool(500).slot0()).sqrtPriceX96).to.equal(near);
          }
        }
      },
    );

    it(cites("turnover fills up to the capacity, to the unit", INVARIANT.BUDGET_TURNOVER), async () => {
      const world = await networkHelpers.loadFixture(still);
      const start = await networkHelpers.takeSnapshot();
      await world.execute(sell(ONE / 10n));
      const { turnover } = await levelsNow(world);
      await start.restore();
      const capacity = capacityOf(10_000);
      await setLevels(world, { turnover: capacity - turnover + 1n });
      await expect(keeper(world).execute(await world.plan(sell(ONE / 10n))))
        .to.be.revertedWithCustomError(world.planErrors, "TurnoverBudgetSpent")
        .withArgs(capacity + 1n, capacity);
      await setLevels(world, { turnover: capacity - turnover });
      await world.execute(sell(ONE / 10n));
      expect((await levelsNow(world)).turnover).to.equal(capacity);
      // Full: ranges inside one pool are not its matter.
      await world.execute({
        mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
      });
      await world.execute({ burns: [{ index: 0 }], mints: [await world.around(3_000, 2_400)] });
      expect((await levelsNow(world)).turnover).to.equal(capacity);
      await expect(
        keeper(world).execute(await world.plan({ burns: [{ index: 0 }], mints: [await world.around(500, 2_400)] })),
      ).to.be.revertedWithCustomError(world.planErrors, "TurnoverBudgetSpent");
    });

    it(
      cites(
        "re-ranging inside one pool is free, moving between pools costs the lesser side",
        INVARIANT.BUDGET_TURNOVER,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(still);
        const ledger = new Ledger(world);
        const part = (fee: number, half: number, share: bigint): Promise<MintStep> =>
          world.around(fee, half).then((range) => ({ ...range, fraction0: share, fraction1: share }));
        const turnover = async (steps: PlanSteps): Promise<bigint> => {
          const { turnover: was } = await levelsNow(world);
          await ledger.execute(steps);
          return (await levelsNow(world)).turnover - was;
        };
        // Idle tokens go in, ranges come out to be idle: nothing moved from pool to pool.
        expect(await turnover({ mints: [await part(3_000, 1_200, ONE / 2n)] })).to.equal(0n);
        expect(await turnover({ burns: [{ index: 0, fraction: ONE / 2n }] })).to.equal(0n);
        expect(await turnover({ burns: [{ index: 0 }], mints: [await part(3_000, 900, ONE / 2n)] })).to.equal(0n);
        // Two pools, each re-ranged in itself: what differs is what did not find its way back.
        await turnover({ mints: [await part(500, 600, ONE)] });
        const both = await turnover({
          burns: [{ index: 0 }, { index: 1 }],
          mints: [await part(3_000, 900, ONE / 2n), await part(500, 600, ONE)],
        });
        expect(both < LEVEL_ONE / 1_000n, `${both}`).to.equal(true);

        // Three pools: what leaves one enters two others, as far as it goes.
        const nav = navAt(await world.book(), world.priceX96(2_000), q);
        const [first] = (await world.book()).positions;
        if (first === undefined) throw new Error("no range");
        const away = asLevel(valueOfTokens(first, world.priceX96(2_000), q), nav);
        await ledger.execute({});
        const moved = await turnover({
          burns: [{ index: first.index }],
          mints: [await part(500, 600, ONE / 2n), await part(10_000, 3_000, ONE)],
        });
        // The same thing by the model, to the unit (Ledger); here by hand, to a thousandth.
        expect(Math.abs(Number(moved) / Number(away) - 1) < 0.02, `${moved} of ${away}`).to.equal(true);
      },
    );

    // ---------------------------------------------------------------- churn

    /** One range round 2,000, a plan's inventory behind it. */
    async function placed(): Promise<World> {
      const world = await still();
      await world.execute({
        mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
      });
      return world;
    }
    const moveTo = async (world: World, price: number): Promise<void> => {
      await world.movePools(price);
      await world.report(price);
      await world.pass(3_600);
    };

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

    it(cites("levels saturate at their forty bits and come down again", INVARIANT.BUDGET_LEVEL), async () => {
      const world = await networkHelpers.loadFixture(placed);
      await setLevels(world, { loss: MAX_LEVEL, turnover: MAX_LEVEL, churn: MAX_LEVEL - 1n });
      await moveTo(world, 2_080);
      await world.execute({});
      expect(await levelsNow(world)).to.deep.equal({ loss: MAX_LEVEL, turnover: MAX_LEVEL, churn: MAX_LEVEL });
      await expect(keeper(world).execute(await world.plan(sell(ONE / 10n))))
        .to.be.revertedWithCustomError(world.planErrors, "LossBudgetSpent")
        .withArgs(MAX_LEVEL, capacityOf(100));
      await world.execute({ burns: [{ index: 0 }] });
      await setCaps(world, { lossRefillBps: 100, turnoverRefillBps: 10_000, churnRefillBps: 1_000 });
      await world.pass(111 * DAY);
      expect(await levelsNow(world)).to.deep.equal(NOTHING);
      await world.report(2_080);
      await world.execute(sell(ONE / 10n));
    });
  });
}
