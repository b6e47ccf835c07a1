/** Moves of plans: how much moves, in which order, what the policy must allow, and what can always be taken back. */
import { ZeroAddress } from "ethers";
import { expect } from "chai";
import { network } from "hardhat";

import type { Erc4626Sleeve } from "../../../types/ethers-contracts/sleeves/Erc4626Sleeve.ts";
import type { MorphoSleeve } from "../../../types/ethers-contracts/sleeves/MorphoSleeve.ts";
import { divUp, ONE, Q96, type Pair2 } from "../../support/arithmetic.ts";
import { govern } from "../../support/governance.ts";
import { deployMorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, deployReserveSleeve, putInPlace } from "../../support/sleeves.ts";
import { deployWorld, ORDERS, type Executed, type MoveStep, type World } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { TERMS } from "./assetSleeves.ts";
import { movesOf } from "./chargeModel.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const CONVERSION = 0;
const RESERVE = 1;
const ODD = 123_456_789_012_345_678n;

interface Stage {
  readonly world: World;
  readonly conversion: MorphoSleeve;
  readonly reserve: Erc4626Sleeve;
}

for (const { name, quoteIsToken0 } of ORDERS) {
  describe(`contracts/sleeves/moves: ${name}`, () => {
    const [base1, quote1] = [quoteIsToken0, !quoteIsToken0];
    const baseOf = (p: Pair2): bigint => (base1 ? p.amount1 : p.amount0);
    const quoteOf = (p: Pair2): bigint => (quote1 ? p.amount1 : p.amount0);

    const give = (sleeve: number, fraction = ONE, token1 = quote1): MoveStep => ({
      sleeve,
      take: false,
      token1,
      fraction,
    });
    const take = (sleeve: number, fraction = ONE, token1 = quote1): MoveStep => ({
      sleeve,
      take: true,
      token1,
      fraction,
    });
    const borrow = (fraction: bigint): MoveStep => take(CONVERSION, fraction, base1);
    const repay = (fraction = ONE): MoveStep => give(CONVERSION, fraction, base1);

    async function open(): Promise<Stage> {
      const world = await deployWorld(connection, { quoteIsToken0 });
      const lending = await deployMorphoWorld(world);
      const conversion = await deployMorphoSleeve(lending, lending.conversion);
      const { sleeve: reserve } = await deployReserveSleeve(world, TERMS);
      await putInPlace(world, CONVERSION, await conversion.getAddress());
      await putInPlace(world, RESERVE, await reserve.getAddress());
      await world.firstDeposit(world.who.alice, 1_000_000n * ONE);
      return { world, conversion, reserve };
    }

    /** A fifth of the quote secures a debt of half of it in base, and a fifth of the rest is in the reserve. */
    async function opened(): Promise<Stage> {
      const stage = await open();
      await stage.world.execute({
        moves: [give(CONVERSION, ONE / 5n), borrow(ONE / 2n), give(RESERVE, ONE / 5n)],
      });
      return stage;
    }

    async function idle({ world }: Stage): Promise<Pair2> {
      const { idle0: amount0, idle1: amount1 } = await world.vault.idle();
      return { amount0, amount1 };
    }

    async function moved(sleeve: MorphoSleeve | Erc4626Sleeve, executed: Executed): Promise<readonly Pair2[]> {
      return movesOf(sleeve, await sleeve.getAddress(), executed.receipt);
    }

    /** What the sleeve's report says in the second in which the next plan then runs. */
    async function owedThen({ world, conversion }: Stage): Promise<bigint> {
      const at = (await world.now()) + 60;
      await networkHelpers.time.setNextBlockTimestamp(at);
      const { owed } = await conversion.report({ blockTag: "pending" });
      await networkHelpers.time.setNextBlockTimestamp(at);
      return owed;
    }

    it(cites("give: the fraction of all idle tokens but a wei", INVARIANT.PLAN_MOVES), async () => {
      const stage = await networkHelpers.loadFixture(open);
      const had = quoteOf(await idle(stage));
      const executed = await stage.world.execute({ moves: [give(RESERVE, ODD)] });
      const [only] = await moved(stage.reserve, executed);
      expect(only && quoteOf(only)).to.equal(((had - 1n) * ODD) / ONE);
      expect(quoteOf(await idle(stage))).to.equal(had - ((had - 1n) * ODD) / ONE);
      const rest = await stage.world.execute({ moves: [give(RESERVE)] });
      const [all] = await moved(stage.reserve, rest);
      expect(all && quoteOf(all)).to.equal(had - ((had - 1n) * ODD) / ONE - 1n);
    });

    it(
      cites("take: the fraction of what the sleeve owns, and all of it leaves no unit", INVARIANT.PLAN_MOVES),
      async () => {
        const stage = await networkHelpers.loadFixture(opened);
        const nets = await stage.reserve.nets();
        const owned = quoteOf({ amount0: nets.low0, amount1: nets.low1 });
        const [part] = await moved(stage.reserve, await stage.world.execute({ moves: [take(RESERVE, ODD)] }));
        expect(part && -quoteOf(part)).to.equal((owned * ODD) / ONE);
        await stage.world.execute({ moves: [take(RESERVE)] });
        expect(await stage.reserve.totalUnits()).to.equal(0n);
        expect((await stage.world.vault.sleeves()).live).to.equal(1n << BigInt(CONVERSION));
      },
    );

    it(cites("borrow: the fraction of what secures it, at the oracle's middle", INVARIANT.PLAN_MOVES), async () => {
      const stage = await networkHelpers.loadFixture(open);
      const { mid } = await stage.world.oracle.feeds();
      const executed = await stage.world.execute({ moves: [give(CONVERSION, ONE / 3n), borrow(ODD)] });
      const [gave, took] = await moved(stage.conversion, executed);
      expect(took && -baseOf(took)).to.equal(gave && (((quoteOf(gave) * Q96) / mid) * ODD) / ONE);
    });

    it(
      cites("repay: the fraction of the debt, rounded up, and no more than is idle", INVARIANT.PLAN_MOVES),
      async () => {
        const stage = await networkHelpers.loadFixture(opened);
        const owed = await owedThen(stage);
        const [part] = await moved(stage.conversion, await stage.world.execute({ moves: [repay(ODD)] }));
        expect(part && baseOf(part)).to.equal(divUp(owed * ODD, ONE));
        // The vault keeps a tenth of what it would need.
        await stage.world.execute({
          mints: [{ ...(await stage.world.around(3_000, 2_400)), fraction0: ONE, fraction1: ONE }],
        });
        const left = baseOf(await idle(stage));
        const still = await owedThen(stage);
        const [rest] = await moved(stage.conversion, await stage.world.execute({ moves: [repay()] }));
        expect(rest && baseOf(rest)).to.equal(left < still ? left : still);
      },
    );

    it(cites("all of a sleeve with a debt: what it owes is paid from idle tokens", INVARIANT.PLAN_MOVES), async () => {
      const stage = await networkHelpers.loadFixture(opened);
      const { world, conversion } = stage;
      const had = await idle(stage);
      const owed = await owedThen(stage);
      const { owned } = await conversion.report();
      await expect(world.execute({ moves: [{ ...take(CONVERSION), min: owned + 1n }] }))
        .to.be.revertedWithCustomError(world.moveErrors, "SlippageOnMove")
        .withArgs(CONVERSION, owned, owned + 1n);
      await networkHelpers.time.setNextBlockTimestamp((await world.now()) + 60);
      await world.execute({ moves: [{ ...take(CONVERSION), min: owned }] });
      const now = await idle(stage);
      expect(quoteOf(now) - quoteOf(had)).to.equal(owned);
      // A minute more of interest than was looked at.
      expect(baseOf(had) - baseOf(now)).to.be.within(owed, owed + owed / 1_000_000n);
      expect(await conversion.totalUnits()).to.equal(0n);
      expect((await world.vault.sleeves()).live).to.equal(1n << BigInt(RESERVE));
    });

    it(cites("the vault's part is closed to the end while others hold units", INVARIANT.PLAN_MOVES), async () => {
      const { world, conversion } = await networkHelpers.loadFixture(opened);
      const { alice, bob } = world.who;
      await world.vault.connect(alice).transfer(bob.address, 100_000n * ONE);
      await world.vault.connect(bob).withdraw(100_000n * ONE, 0, 0, bob.address, 1n << BigInt(CONVERSION));
      const { owned, owed } = await conversion.report();
      const units = await conversion.balanceOf(bob.address, 0);
      const all = await conversion.totalUnits();
      await world.execute({ moves: [take(CONVERSION)] });
      expect(await conversion.balanceOf(world.addresses.vault, 0)).to.equal(0n);
      expect((await world.vault.sleeves()).live).to.equal(1n << BigInt(RESERVE));
      // What is left is his part of both legs: what was taken was the vault's alone.
      const his = await conversion.report();
      expect(his.owned).to.be.within((owned * units) / all, (owned * units) / all + 1n);
      expect(his.owed).to.be.within((owed * units) / all - 1n, (owed * units) / all + owed / 1_000_000n);
      const had = (await world.balances(bob.address)).amount0 + (await world.balances(bob.address)).amount1;
      await world.base.connect(bob).approve(conversion.target, his.owed * 2n);
      await conversion.connect(bob).redeem(units, 0, bob.address);
      expect(had > 0n && (await conversion.totalUnits())).to.equal(0n);
      // And the place can be used again.
      await world.execute({ moves: [give(CONVERSION, ONE / 10n), borrow(ONE / 3n)] });
    });

    it(cites("too little idle to pay a debt closes nothing", INVARIANT.PLAN_MOVES), async () => {
      const { world, conversion } = await networkHelpers.loadFixture(opened);
      // All base waits in a range on the far side of the price.
      const { fee, tickLower, tickUpper } = await world.around(3_000, 2_400);
      const away = base1 ? -4_800 : 4_800;
      const range = { fee, tickLower: tickLower + away, tickUpper: tickUpper + away };
      await world.execute({ mints: [{ ...range, fraction0: ONE, fraction1: ONE }] });
      const { owned, owed } = await conversion.report();
      await expect(world.execute({ moves: [take(CONVERSION)] })).to.be.revertedWith("insufficient collateral");
      const after = await conversion.report();
      expect([after.owned, after.owed >= owed]).to.deep.equal([owned, true]);
    });

    it(cites("take less than its minimum is refused", INVARIANT.PLAN_MOVES), async () => {
      const { world, reserve } = await networkHelpers.loadFixture(opened);
      const nets = await reserve.nets();
      const owned = quoteOf({ amount0: nets.low0, amount1: nets.low1 });
      await expect(world.execute({ moves: [{ ...take(RESERVE, ONE / 2n), min: owned / 2n + 1n }] }))
        .to.be.revertedWithCustomError(world.moveErrors, "SlippageOnMove")
        .withArgs(RESERVE, owned / 2n, owned / 2n + 1n);
      await world.execute({ moves: [{ ...take(RESERVE, ONE / 2n), min: owned / 2n }] });
    });

    it(cites("moves stand in the order in which they run, or the plan is refused", INVARIANT.PLAN_MOVES), async () => {
      const { world } = await networkHelpers.loadFixture(opened);
      const late = { ...take(RESERVE, ONE / 4n), afterSwaps: true };
      const early = take(RESERVE, ONE / 4n);
      for (const moves of [
        [late, early],
        [early, late, early],
      ]) {
        await expect(world.execute({ moves })).to.be.revertedWithCustomError(world.planErrors, "MovesOutOfOrder");
      }
      await world.execute({ moves: [early, late] });
      await world.execute({ moves: [late] });
    });

    it(cites("a move after the swaps spends what they brought", INVARIANT.PLAN_MOVES), async () => {
      const stage = await networkHelpers.loadFixture(opened);
      const had = quoteOf(await idle(stage));
      const executed = await stage.world.execute({
        swaps: [{ fee: 500, zeroForOne: !base1, fraction: ONE / 10n }],
        moves: [{ ...give(RESERVE), afterSwaps: true }],
      });
      const [only] = await moved(stage.reserve, executed);
      // A tenth of 275 base at 2,000, less the pool's fee and slippage.
      const brought = (only ? quoteOf(only) : 0n) + 1n - had;
      expect(brought > 54_000n * 10n ** 6n && brought < 55_000n * 10n ** 6n, `brought ${brought}`).to.equal(true);
      expect(quoteOf(await idle(stage))).to.equal(1n);
    });

    it(cites("fractions above one and places without a sleeve are refused", INVARIANT.PLAN_MOVES), async () => {
      const { world } = await networkHelpers.loadFixture(opened);
      const refused = async (move: MoveStep, error: string): Promise<void> => {
        await expect(world.execute({ moves: [move] })).to.be.revertedWithCustomError(world.moveErrors, error);
      };
      await refused(give(RESERVE, ONE + 1n), "FractionAboveOne");
      await refused(give(2), "NoSleeve");
      await refused(give(4), "NoSleeve");
      const { world: empty } = await networkHelpers.loadFixture(open);
      await expect(empty.execute({ moves: [borrow(ONE / 2n)] }))
        .to.be.revertedWithCustomError(empty.moveErrors, "NothingToBorrowAgainst")
        .withArgs(CONVERSION);
    });

    it(
      cites("a sleeve that owes nothing by its nature lends nothing and takes no repayment", INVARIANT.PLAN_MOVES),
      async () => {
        const { world, reserve } = await networkHelpers.loadFixture(opened);
        for (const move of [take(RESERVE, ONE / 100n, base1), give(RESERVE, ONE / 100n, base1)]) {
          await expect(world.execute({ moves: [move] })).to.be.revertedWithCustomError(reserve, "NoDebt");
        }
      },
    );

    it(
      cites(
        "from sleeve to sleeve in one plan, and no token is left behind",
        INVARIANT.PLAN_MOVES,
        INVARIANT.PLAN_CLEAN,
      ),
      async () => {
        const stage = await networkHelpers.loadFixture(opened);
        const before = quoteOf(await idle(stage));
        const nets = await stage.reserve.nets();
        const owned = quoteOf({ amount0: nets.low0, amount1: nets.low1 });
        const { owned: secured } = await stage.conversion.report();
        // All that the plan finds idle goes, less the wei; what was idle before comes back out of the conversion next.
        await stage.world.execute({ moves: [take(RESERVE), give(CONVERSION)] });
        const now = (await stage.conversion.report()).owned;
        expect(now - secured).to.be.within(before + owned - 1n, before + owned + 1n);
        for (const token of [stage.world.base, stage.world.quote]) {
          for (const sleeve of [stage.conversion, stage.reserve])
            expect(await token.balanceOf(sleeve.target)).to.equal(0n);
        }
      },
    );

    describe("what the policy allows", () => {
      /** The DAO wants neither sleeve any more. */
      async function dismissed(): Promise<Stage> {
        const stage = await opened();
        const { world } = stage;
        for (const place of [CONVERSION, RESERVE]) {
          const data = world.policy.interface.encodeFunctionData("setSleeve", [place, ZeroAddress, 0]);
          await govern(world, world.addresses.policy, data, world.options.price);
        }
        return stage;
      }

      it(cites("a dismissed sleeve gets nothing and borrows nothing", INVARIANT.PLAN_SLEEVES), async () => {
        const { world } = await networkHelpers.loadFixture(dismissed);
        for (const move of [give(CONVERSION, ONE / 100n), give(RESERVE, ONE / 100n)]) {
          await expect(world.execute({ moves: [move] }))
            .to.be.revertedWithCustomError(world.moveErrors, "SleeveNotAllowed")
            .withArgs(move.sleeve);
        }
        // Repaid first, so that the next token taken would be borrowed.
        await world.execute({ moves: [repay()] });
        await expect(world.execute({ moves: [borrow(ONE / 100n)] }))
          .to.be.revertedWithCustomError(world.moveErrors, "SleeveNotAllowed")
          .withArgs(CONVERSION);
      });

      it(cites("a dismissed sleeve borrows no more on top of a debt either", INVARIANT.PLAN_SLEEVES), async () => {
        const { world } = await networkHelpers.loadFixture(dismissed);
        await expect(world.execute({ moves: [borrow(ONE / 100n)] }))
          .to.be.revertedWithCustomError(world.moveErrors, "SleeveNotAllowed")
          .withArgs(CONVERSION);
      });

      it(cites("a dismissed sleeve is repaid and taken out of, to the end", INVARIANT.PLAN_SLEEVES), async () => {
        const { world, conversion, reserve } = await networkHelpers.loadFixture(dismissed);
        await world.execute({ moves: [repay(ONE / 2n), take(CONVERSION, ONE / 3n), take(RESERVE, ONE / 2n)] });
        await world.execute({ moves: [repay(), take(CONVERSION), take(RESERVE)] });
        expect(await conversion.totalUnits()).to.equal(0n);
        expect(await reserve.totalUnits()).to.equal(0n);
        expect((await world.vault.sleeves()).live).to.equal(0n);
      });

      it(cites("what is owned stays inside the cap, to a rounding up", INVARIANT.PLAN_SLEEVES), async () => {
        const { world, reserve } = await networkHelpers.loadFixture(open);
        await world.policy.connect(world.who.guardian).lowerSleeveCap(RESERVE, 1_000);
        // Half of NAV at mid is quote; NAV is counted at the low end, where the base is worth 0.75 % less.
        await expect(world.execute({ moves: [give(RESERVE, (2n * ONE) / 10n)] }))
          .to.be.revertedWithCustomError(world.planErrors, "SleeveAboveCap")
          .withArgs(RESERVE, 1_004n, 1_000n);
        const { navLow } = await world.execute({ moves: [give(RESERVE, (199n * ONE) / 1_000n)] });
        const { owned } = await reserve.report();
        expect(divUp(owned * 10_000n, navLow)).to.equal(999n);
      });

      it(
        cites("a lowered cap locks no keeper out of the rest, and lets nothing more in", INVARIANT.PLAN_SLEEVES),
        async () => {
          const { world } = await networkHelpers.loadFixture(opened);
          for (const place of [CONVERSION, RESERVE]) {
            await world.policy.connect(world.who.guardian).lowerSleeveCap(place, 0);
          }
          for (const place of [CONVERSION, RESERVE]) {
            await expect(world.execute({ moves: [give(place, ONE / 1_000n)] })).to.be.revertedWithCustomError(
              world.planErrors,
              "SleeveAboveCap",
            );
          }
          await world.execute({
            mints: [{ ...(await world.around(3_000, 2_400)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
          });
          await world.execute({ moves: [repay(ONE / 2n), take(RESERVE, ONE / 2n)] });
          await world.execute({ moves: [repay(), take(CONVERSION), take(RESERVE)] });
          expect((await world.vault.sleeves()).live).to.equal(0n);
        },
      );

      it(cites("a lowered cap lets no debt grow", INVARIANT.PLAN_SLEEVES), async () => {
        const { world } = await networkHelpers.loadFixture(opened);
        await world.policy.connect(world.who.guardian).lowerSleeveCap(CONVERSION, 0);
        await expect(world.execute({ moves: [borrow(ONE / 100n)] })).to.be.revertedWithCustomError(
          world.planErrors,
          "SleeveAboveCap",
        );
      });
    });
  });
}
