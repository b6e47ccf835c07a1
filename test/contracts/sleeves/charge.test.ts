/** What plans with moves are charged, against an independent model, and the ways to be charged less than was lost. */
import { expect } from "chai";
import { network } from "hardhat";

import type { Erc4626Sleeve } from "../../../types/ethers-contracts/sleeves/Erc4626Sleeve.ts";
import type { MorphoSleeve } from "../../../types/ethers-contracts/sleeves/MorphoSleeve.ts";
import type { LocalReserveVault } from "../../../types/ethers-contracts/local/LocalReserveVault.ts";
import { ONE, Q96, type Pair2 } from "../../support/arithmetic.ts";
import { capacityOf, drained, flowsOf, type Levels } from "../../support/chargeModel.ts";
import { bps, figure } from "../../support/figures.ts";
import { capsOf } from "../../support/governance.ts";
import { deployMorphoWorld, type MorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, deployReserveSleeve, putInPlace } from "../../support/sleeves.ts";
import { deployWorld, ORDERS, type Executed, type PlanSteps, type World } from "../../support/world.ts";
import { levelsNow } from "../buckets/support.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { TERMS } from "./assetSleeves.ts";
import { chargesWithSleeves, churnBelow, doubtWithSleeves, movesOf, type SleeveCharges } from "./chargeModel.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const CONVERSION = 0;
const RESERVE = 1;
const YEAR = 31_536_000n;

interface Stage {
  readonly world: World;
  readonly lending: MorphoWorld;
  readonly venue: LocalReserveVault;
  readonly sleeves: readonly [MorphoSleeve, Erc4626Sleeve];
  /** Which of the tokens are token1. */
  readonly base1: boolean;
  readonly quote1: boolean;
}

/** Quote units in the 0.05 % tier: half of the vault can be sold there at hardly more than the fee. */
const DEEP = 4e9;

async function stageOf(quoteIsToken0: boolean, baseDecimals = 18, quoteDecimals = 6): Promise<Stage> {
  const world = await deployWorld(connection, {
    quoteIsToken0,
    baseDecimals,
    quoteDecimals,
    depths: { 500: DEEP },
    caps: { maxPlanLossBps: 100, lossCapBps: 100, turnoverCapBps: 10_000 },
  });
  const lending = await deployMorphoWorld(world);
  const conversion = await deployMorphoSleeve(lending, lending.conversion);
  const { venue, sleeve } = await deployReserveSleeve(world, TERMS, ONE / 20n / YEAR);
  const sleeves = [conversion, sleeve] as const;
  for (const [place, one] of sleeves.entries()) await putInPlace(world, place, await one.getAddress());
  await world.firstDeposit(world.who.alice, 1_000_000n * ONE);
  return { world, lending, venue, sleeves, base1: quoteIsToken0, quote1: !quoteIsToken0 };
}

/** Follows the budgets from plan to plan with the model, and compares. */
class SleeveLedger {
  readonly #stage: Stage;
  #levels: Levels;
  #clock: number;
  /** The greatest distance between chain and model, units of 1e-12. */
  worst = 0n;

  private constructor(stage: Stage, levels: Levels, clock: number) {
    this.#stage = stage;
    this.#levels = levels;
    this.#clock = clock;
  }

  static async of(stage: Stage): Promise<SleeveLedger> {
    return new SleeveLedger(stage, await levelsNow(stage.world), await stage.world.now());
  }

  /** What the sleeves stand for at the low mark, in the second of the next block. */
  async #nets(blockTag: "pending" | "latest"): Promise<readonly Pair2[]> {
    const all: Pair2[] = [];
    for (const sleeve of this.#stage.sleeves) {
      const { low0, low1 } = await sleeve.nets({ blockTag });
      all.push({ amount0: low0, amount1: low1 });
    }
    return all;
  }

  async execute(steps: PlanSteps): Promise<SleeveCharges & { readonly executed: Executed }> {
    const { world, sleeves } = this.#stage;
    const q = world.options.quoteIsToken0;
    const { perShare0X96: amount0, perShare1X96: amount1 } = await world.vault.inventory();
    const book = await world.book();
    const balances = await world.balances(world.addresses.vault);
    const { low, high } = await world.oracle.feeds();
    const caps = await capsOf(world);
    const at = (await world.now()) + 60;
    await networkHelpers.time.setNextBlockTimestamp(at);
    const before = await this.#nets("pending");
    await networkHelpers.time.setNextBlockTimestamp(at);

    const executed = await world.execute(steps);
    expect(await world.now()).to.equal(at);
    const flows = flowsOf(world, executed.receipt, balances, await world.balances(world.addresses.vault));
    const after = await this.#nets("latest");
    const zero = { amount0: 0n, amount1: 0n };
    const seen = await Promise.all(
      sleeves.map(async (sleeve, i) => ({
        before: before[i] ?? zero,
        after: after[i] ?? zero,
        moves: movesOf(sleeve, await sleeve.getAddress(), executed.receipt, before[i] ?? zero),
      })),
    );
    const plan = {
      flows,
      before: book,
      after: await world.book(),
      supply: await world.vault.totalSupply(),
      treasuryBps: BigInt(caps.treasuryShareBps),
      mid: executed.priceX96,
      low,
      high,
      sleeves: seen,
    };
    const charges = chargesWithSleeves(plan, { amount0, amount1 }, q);
    const slack = doubtWithSleeves(plan, q);
    const seconds = at - this.#clock;
    const is = await levelsNow(world);
    for (const [name, refill, below] of [
      ["loss", caps.lossRefillBps, 0n],
      ["turnover", caps.turnoverRefillBps, 0n],
      ["churn", caps.churnRefillBps, churnBelow(plan, q)],
    ] as const) {
      const expected = drained(this.#levels[name], seconds, refill) + charges[name];
      const away = is[name] - expected;
      expect(away >= -below && away <= slack, `${name}: ${is[name]}, model ${expected}, doubt ${slack}`).to.equal(true);
      if (away > this.worst) this.worst = away;
    }
    await this.#expectLeft(charges.left, plan.supply, book.positions.length);
    await expectNoAllowance(this.#stage);
    [this.#levels, this.#clock] = [is, at];
    return { ...charges, executed };
  }

  /** Kept in 24 significant bits, rounded up; before that each range's tokens are rounded down by a wei. */
  async #expectLeft(left: Pair2, supply: bigint, ranges: number): Promise<void> {
    const now = await this.#stage.world.vault.inventory();
    const wei = (BigInt(ranges + 2) << 96n) / supply;
    for (const [model, chain] of [
      [left.amount0, now.perShare0X96],
      [left.amount1, now.perShare1X96],
    ] as const) {
      const size = model < 0n ? -model : model;
      const near = chain >= model - wei && chain <= model + (size >> 23n) + wei + 1n;
      expect(near, `left ${chain}, model ${model}`).to.equal(true);
    }
  }
}

/** Neither the vault nor a sleeve lets anybody take tokens of theirs. */
async function expectNoAllowance({ world, lending, venue, sleeves }: Stage): Promise<void> {
  const spenders = [lending.markets.morpho, await venue.getAddress()];
  for (const token of [world.base, world.quote]) {
    for (const sleeve of sleeves) {
      expect(await token.allowance(world.addresses.vault, sleeve.target)).to.equal(0n);
      for (const spender of spenders) expect(await token.allowance(sleeve.target, spender)).to.equal(0n);
    }
    for (const spender of spenders) expect(await token.allowance(world.addresses.vault, spender)).to.equal(0n);
  }
}

for (const { name, quoteIsToken0 } of ORDERS) {
  describe(`contracts/sleeves/charge: ${name}`, () => {
    const stage = (): Promise<Stage> => stageOf(quoteIsToken0);

    for (const decimals of [
      [18, 6],
      [8, 18],
    ] as const) {
      it(
        cites(
          `levels are the model's over a conversion's and a reserve's life, decimals ${decimals.join("/")}`,
          INVARIANT.BUDGET_LOSS,
          INVARIANT.BUDGET_TURNOVER,
          INVARIANT.BUDGET_CHURN,
          INVARIANT.PLAN_SLEEVE_CHARGE,
          INVARIANT.PLAN_MOVES,
        ),
        async () => {
          const s = await stageOf(quoteIsToken0, ...decimals);
          const { world, lending, base1, quote1 } = s;
          const ledger = await SleeveLedger.of(s);
          const half = { fraction0: ONE / 2n, fraction1: ONE / 2n };
          const charged = { low: 0, high: 0, churn: 0 };
          const run = async (steps: PlanSteps): Promise<void> => {
            const { atLow, atHigh, churn } = await ledger.execute(steps);
            if (atLow > atHigh && atLow > 0n) charged.low++;
            if (atHigh > atLow && atHigh > 0n) charged.high++;
            if (churn > 0n) charged.churn++;
          };
          await run({ mints: [{ ...(await world.around(3_000, 2_400)), ...half }] });
          await run({ moves: [{ sleeve: RESERVE, take: false, token1: quote1, fraction: ONE / 4n }] });
          // Opened, and what it brings sold in a dear pool: less base than before, so that the dear end decides.
          await run({
            moves: [
              { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 2n },
              { sleeve: CONVERSION, take: true, token1: base1, fraction: ONE / 2n },
            ],
            swaps: [{ fee: 10_000, zeroForOne: !base1, fraction: ONE / 8n }],
          });
          await lending.setRate(lending.conversion, ONE / 5n / YEAR);
          for (const price of [2_030, 1_990]) {
            await world.movePools(price);
            await world.pass(3 * 86_400);
            await world.report(price);
            await run({});
          }
          // From the reserve to the conversion, and base bought: the cheap end decides.
          await run({
            moves: [
              { sleeve: RESERVE, take: true, token1: quote1, fraction: ONE / 2n },
              { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 3n, afterSwaps: true },
            ],
            swaps: [{ fee: 10_000, zeroForOne: base1, fraction: ONE / 6n }],
          });
          await run({
            burns: [{ index: 0, fraction: ONE / 3n }],
            moves: [
              { sleeve: CONVERSION, take: false, token1: base1, fraction: ONE / 2n },
              { sleeve: CONVERSION, take: true, token1: quote1, fraction: ONE / 4n },
              { sleeve: RESERVE, take: false, token1: quote1, fraction: ONE / 10n },
            ],
            mints: [{ ...(await world.around(500, 1_200)), ...half }],
          });
          await world.pass(86_400);
          await world.report(1_990);
          await run({
            moves: [
              { sleeve: CONVERSION, take: false, token1: base1 },
              { sleeve: CONVERSION, take: true, token1: quote1 },
              { sleeve: RESERVE, take: true, token1: quote1 },
            ],
          });
          expect((await world.vault.sleeves()).live).to.equal(0n);
          figure(
            `the low end decided ${charged.low} times, the high end ${charged.high}; churn was charged ${charged.churn} times; ` +
              `chain above the model by at most ${ledger.worst}e-12 of NAV`,
          );
          expect(charged.low > 0 && charged.high > 0 && charged.churn > 1, "too little was charged").to.equal(true);
        },
      );
    }

    it(
      cites(
        "a debt beyond what the vault has of its token is no churn",
        INVARIANT.BUDGET_CHURN,
        INVARIANT.PLAN_SLEEVES,
      ),
      async () => {
        const s = await networkHelpers.loadFixture(stage);
        const { world, base1, quote1 } = s;
        const ledger = await SleeveLedger.of(s);
        // Nothing is left of the base but a wei, and as much again of it is owed.
        await ledger.execute({
          moves: [
            { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 2n },
            { sleeve: CONVERSION, take: true, token1: base1, fraction: ONE / 2n },
          ],
          swaps: [{ fee: 500, zeroForOne: !base1, fraction: ONE }],
        });
        const { perShare0X96, perShare1X96 } = await world.vault.inventory();
        expect((base1 ? perShare1X96 : perShare0X96) < 0n, "the vault is not short of base").to.equal(true);
        for (const price of [2_010, 2_200, 1_900]) {
          await world.movePools(price);
          await world.pass(7_200);
          await world.report(price);
          const { churn } = await levelsNow(world);
          await ledger.execute({});
          // Interest of two hours and the roundings to 24 bits.
          expect((await levelsNow(world)).churn - churn <= 10n ** 7n, `at ${price}`).to.equal(true);
        }
      },
    );

    it(
      cites("what is paid for a debt under water is charged", INVARIANT.PLAN_SLEEVE_CHARGE, INVARIANT.BUDGET_LOSS),
      async () => {
        const s = await networkHelpers.loadFixture(stage);
        const { world, base1, quote1 } = s;
        await world.execute({
          moves: [
            { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 50n },
            { sleeve: CONVERSION, take: true, token1: base1, fraction: (6n * ONE) / 10n },
          ],
        });
        // The base at twice its price: the debt is worth a fifth more than its collateral.
        await world.movePools(4_000);
        await world.pass(7_200);
        await world.report(4_000);
        const ledger = await SleeveLedger.of(s);
        const { executed } = await ledger.execute({
          moves: [{ sleeve: CONVERSION, take: false, token1: base1, fraction: ONE / 10n }],
        });
        const { owed } = await s.sleeves[CONVERSION].report();
        // A ninth of what is left is what was paid; at the high end, and what is owed beyond the collateral is charged, too.
        const paid = ((owed / 9n) * executed.priceX96) / Q96;
        expect((executed.chargeX18 * executed.navLow) / ONE > paid, `charged ${executed.chargeX18}`).to.equal(true);
      },
    );

    it(
      cites("a sleeve with a debt is closed in one move, and what it costs is charged", INVARIANT.PLAN_SLEEVE_CHARGE),
      async () => {
        const s = await networkHelpers.loadFixture(stage);
        const { world, lending, base1, quote1 } = s;
        const ledger = await SleeveLedger.of(s);
        await ledger.execute({
          moves: [
            { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 4n },
            { sleeve: CONVERSION, take: true, token1: base1, fraction: ONE / 2n },
          ],
          swaps: [{ fee: 500, zeroForOne: !base1, fraction: ONE / 4n }],
        });
        await lending.setRate(lending.conversion, ONE / 5n / YEAR);
        await world.pass(3 * 86_400);
        await world.report(world.options.price);
        await ledger.execute({
          swaps: [{ fee: 500, zeroForOne: base1, fraction: ONE / 8n }],
          moves: [{ sleeve: CONVERSION, take: true, token1: quote1, afterSwaps: true }],
        });
        expect((await world.vault.sleeves()).live).to.equal(0n);
      },
    );

    it(cites("a wei of each token is charged for every touched sleeve", INVARIANT.PLAN_SLEEVE_CHARGE), async () => {
      const { world, quote1 } = await networkHelpers.loadFixture(stage);
      const give = (sleeve: number) => ({ sleeve, take: false, token1: quote1, fraction: ONE / 100n });
      for (const moves of [[give(CONVERSION)], [give(CONVERSION), give(RESERVE)]]) {
        const { chargeX18, navLow } = await world.execute({ moves });
        const quoteWei = (chargeX18 * navLow) / ONE;
        // A wei of base is nothing in a quote of six decimals but a rounding up; the reserve may round two wei of the quote away.
        const n = BigInt(moves.length);
        expect(quoteWei >= n - 1n && quoteWei <= 5n * n, `${n} sleeves: ${quoteWei} wei`).to.equal(true);
        expect(chargeX18 > 0n).to.equal(true);
      }
    });

    it(cites("what is moved from sleeve to sleeve is turnover once", INVARIANT.BUDGET_TURNOVER), async () => {
      const { world, quote1 } = await networkHelpers.loadFixture(stage);
      await world.execute({ moves: [{ sleeve: RESERVE, take: false, token1: quote1, fraction: ONE / 2n }] });
      const idle = await world.vault.idle();
      await world.pass(2 * 86_400);
      await world.report(world.options.price);
      expect((await levelsNow(world)).turnover).to.equal(0n);
      const executed = await world.execute({
        moves: [
          { sleeve: RESERVE, take: true, token1: quote1 },
          { sleeve: CONVERSION, take: false, token1: quote1, fraction: ONE / 2n },
        ],
      });
      const { turnover } = await levelsNow(world);
      // 250,000 taken of a million, and as much given: a quarter of NAV, not a half.
      const quarter = ((quote1 ? idle.idle1 : idle.idle0) * 10n ** 12n) / executed.navLow;
      expect(turnover >= quarter && turnover <= (quarter * 1_001n) / 1_000n, `${turnover}, ${quarter}`).to.equal(true);
    });

    it(cites("a plan that does not fit into the turnover budget is refused", INVARIANT.BUDGET_TURNOVER), async () => {
      const { world, quote1 } = await networkHelpers.loadFixture(stage);
      const caps = { ...(await capsOf(world)), turnoverCapBps: 1_000, turnoverRefillBps: 0 };
      await world.policy.connect(world.who.guardian).tightenCaps(caps);
      const give = (part: bigint): PlanSteps => ({
        moves: [{ sleeve: RESERVE, take: false, token1: quote1, fraction: part }],
      });
      // Half of NAV is quote: 20.2 % of it are 10.1 % of NAV at mid, and NAV is counted at the low end.
      await expect(world.execute(give((202n * ONE) / 1_000n))).to.be.revertedWithCustomError(
        world.planErrors,
        "TurnoverBudgetSpent",
      );
      await world.execute(give((198n * ONE) / 1_000n));
      const { turnover } = await levelsNow(world);
      expect(turnover <= capacityOf(1_000) && turnover > capacityOf(980)).to.equal(true);
    });

    for (const { gift, what } of [
      { gift: 10_000n, what: "a donation to the venue" },
      { gift: 0n, what: "(no donation, for comparison)" },
    ]) {
      it(cites(`${what} hides no loss`, INVARIANT.PLAN_SLEEVE_CHARGE, INVARIANT.PLAN_CHARGE), async () => {
        const plain = await harvest(await networkHelpers.loadFixture(stage), 0n);
        const gifted = await harvest(await networkHelpers.loadFixture(stage), gift);
        figure(`${what}: charged ${bps(gifted)} for a loss of ${bps(plain)}`);
        expect(plain > ONE / 2_000n, `the swap lost only ${plain}`).to.equal(true);
        // The donation makes NAV larger, by which the loss is divided.
        expect(gifted * 100n >= plain * 97n, `charged ${gifted} of ${plain}`).to.equal(true);
      });
    }

    /** Takes all out of the reserve and loses in the 1 % pool, after so many quote units were given to the venue. */
    async function harvest({ world, venue, base1, quote1 }: Stage, gift: bigint): Promise<bigint> {
      await world.execute({ moves: [{ sleeve: RESERVE, take: false, token1: quote1, fraction: ONE / 2n }] });
      // The venue's other holders would keep most of it: the keeper is all of them, so that it comes back to him.
      const shares = await venue.balanceOf(world.who.stranger.address);
      await venue.connect(world.who.stranger).redeem(shares, world.who.stranger.address, world.who.stranger.address);
      if (gift > 0n) await world.quote.mint(venue.target, gift * 10n ** 6n);
      const { chargeX18 } = await world.execute({
        moves: [{ sleeve: RESERVE, take: true, token1: quote1 }],
        swaps: [{ fee: 10_000, zeroForOne: base1, fraction: ONE / 10n }],
      });
      return chargeX18;
    }

    it(
      cites(
        "interest of a debt fills the churn budget by what it is, to a part in four million of NAV",
        INVARIANT.BUDGET_CHURN,
      ),
      async () => {
        const { world, lending, sleeves, base1, quote1 } = await networkHelpers.loadFixture(stage);
        await world.execute({
          moves: [
            { sleeve: CONVERSION, take: false, token1: quote1, fraction: (9n * ONE) / 10n },
            { sleeve: CONVERSION, take: true, token1: base1, fraction: ONE / 2n },
          ],
        });
        await lending.setRate(lending.conversion, ONE / 5n / YEAR);
        const { owed } = await sleeves[CONVERSION].report();
        await world.pass(10 * 86_400);
        await world.report(world.options.price);
        await world.execute({});
        const { nav } = await world.lens.observe(world.addresses.vault, world.who.keeper.address);
        const { mid } = await world.oracle.feeds();
        const grown = (await sleeves[CONVERSION].report()).owed - owed;
        const interest = (((grown * mid) / Q96) * 10n ** 12n) / nav;
        const { churn } = await levelsNow(world);
        // What was left is rounded up in its 24 bits: one part in 2^23 of each token.
        expect(
          churn >= interest - 2n && churn <= interest + 10n ** 12n / (1n << 22n),
          `${churn}, ${interest}`,
        ).to.equal(true);
      },
    );
  });
}
