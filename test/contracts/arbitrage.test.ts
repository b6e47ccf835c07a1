import { expect } from "chai";
import { network } from "hardhat";

import { ONE, VALUE_BITS } from "../support/arithmetic.ts";
import { navAt } from "../support/chargeModel.ts";
import { figure } from "../support/figures.ts";
import { setCaps, tighten } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { DECIMALS, deployWorld, ORDERS, type MintStep, type PlanSteps } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

interface Placed {
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly liquidity: bigint;
}

/** A float of sqrt(1.0001)^tick. */
const root = (tick: number): number => Math.exp((tick * Math.log(1.0001)) / 2);

/** Sum of L sqrt(p) in quote wei, each range at its own price nearest to the band's high end, where it is greatest. */
function exposure(ranges: readonly Placed[], highX96: bigint, quoteIsToken0: boolean): number {
  const high = Number(highX96) / 2 ** 96;
  const sqrt = quoteIsToken0 ? 1 / Math.sqrt(high) : Math.sqrt(high);
  return ranges.reduce((sum, { tickLower, tickUpper, liquidity }) => {
    const at = Math.min(Math.max(sqrt, root(tickLower)), root(tickUpper));
    return sum + Number(liquidity) * (quoteIsToken0 ? 1 / at : at);
  }, 0);
}

/** Loss to arbitrage a year, quote wei: L sqrt(p) s^2 / 4 (Milionis, Moallemi, Roughgarden, Zhang, arXiv 2208.06046). */
const perYear = (sum: number, volatility: number): number => (sum * volatility ** 2) / 4;

/** The figures with which a plan is refused. */
async function refusal(
  world: World,
  steps: PlanSteps,
): Promise<{ readonly lossPerYear: number; readonly limit: number }> {
  const figures: bigint[] = [];
  const keep = (value: bigint): boolean => figures.push(value) > 0;
  await expect(world.vault.connect(world.who.keeper).execute(await world.plan(steps)))
    .to.be.revertedWithCustomError(world.planErrors, "ArbitrageAboveLimit")
    .withArgs(keep, keep);
  return { lossPerYear: Number(figures[0]), limit: Number(figures[1]) };
}

for (const order of ORDERS) {
  const q = order.quoteIsToken0;
  describe(`contracts/arbitrage: ${order.name}`, () => {
    for (const decimals of DECIMALS) {
      it(
        cites(
          `the limit is the formula's, base ${decimals.baseDecimals} / quote ${decimals.quoteDecimals} decimals`,
          INVARIANT.ARBITRAGE,
        ),
        async () => {
          const world = await deployWorld(connection, {
            quoteIsToken0: q,
            ...decimals,
            governanceDelay: 0,
            caps: { maxPlanLossBps: 100 },
          });
          await world.firstDeposit(world.who.alice, 20_000n * ONE);
          const { high, low } = await world.oracle.feeds();
          const { tickSpacing } = world.pool(3_000);
          const tick = Math.floor((await world.tick(3_000)) / tickSpacing) * tickSpacing;
          const part = (tickLower: number, tickUpper: number, share: bigint): MintStep => ({
            fee: 3_000,
            tickLower,
            tickUpper,
            fraction0: share,
            fraction1: share,
          });
          // Round the price, on either side of it, and two at once; then with a range that was there before.
          const cases: readonly (readonly MintStep[])[] = [
            [part(tick - 1_200, tick + 1_200, ONE)],
            [part(tick - 600, tick + 3_000, ONE / 3n)],
            [part(tick + 600, tick + 1_200, ONE)],
            [part(tick - 1_200, tick - 600, ONE)],
            [part(tick - 120, tick + 180, ONE / 10n), part(tick + 60, tick + 120, ONE / 2n)],
          ];
          const open = await networkHelpers.takeSnapshot();
          let worst = 0;
          // What stands already: nothing, a range round the price, and one on either side of it.
          const standing = [
            [],
            [part(tick - 2_400, tick + 240, ONE / 4n)],
            [part(tick - 1_800, tick - 900, ONE / 2n)],
            [part(tick + 900, tick + 1_800, ONE / 2n)],
          ];
          for (const before of standing) {
            for (const mints of before.length > 0 ? cases.slice(4) : cases) {
              if (before.length > 0) await world.execute({ mints: before });
              const start = await networkHelpers.takeSnapshot();
              await world.execute({ mints });
              const book = await world.book();
              const nav = Number(navAt(book, low, q) >> VALUE_BITS);
              const sum = exposure(book.positions, high, q);
              await start.restore();
              for (const [volFloorBps, lvrLimitBps] of [
                [40_000, 1],
                [65_535, 2],
              ] as const) {
                await setCaps(world, { volFloorBps, lvrLimitBps });
                const { lossPerYear, limit } = await refusal(world, { mints });
                const formula = perYear(sum, volFloorBps / 1e4);
                worst = Math.max(worst, Math.abs(lossPerYear / formula - 1));
                expect(Math.abs(lossPerYear / formula - 1) < 1e-7, `${lossPerYear} ${formula}`).to.equal(true);
                const allowed = (nav * lvrLimitBps * 365) / 1e4;
                // NAV is rounded down in every amount, and a wei of a base with few decimals is much.
                const doubt = Number(world.value({ amount0: 6n, amount1: 6n }, high)) / nav + 1e-9;
                expect(
                  limit <= allowed * (1 + 1e-12) && limit >= allowed * (1 - doubt) - 1,
                  `${limit} ${allowed}`,
                ).to.equal(true);
              }
              await open.restore();
            }
          }
          figure(
            `${2 * (cases.length + standing.length - 1)} refusals, at most ${worst.toExponential(1)} from the float`,
          );

          // At the limit itself: the fraction of the money that this range may have, a little less and a little more.
          const [volFloorBps, lvrLimitBps] = [10_000, 40];
          await setCaps(world, { volFloorBps, lvrLimitBps });
          const wide = part(tick - 300, tick + 300, ONE);
          const all = await refusal(world, { mints: [wide] });
          const share = all.limit / all.lossPerYear;
          expect(share > 0.02 && share < 0.98, `${share}`).to.equal(true);
          const some = (factor: number): MintStep =>
            part(wide.tickLower, wide.tickUpper, BigInt(Math.floor(share * factor * 1e15)) * 1_000n);
          // The remaining part of the money stays idle, and NAV with it: the limit does not move by more than the mint's own charge.
          const beyond = await refusal(world, { mints: [some(1.002)] });
          expect(beyond.lossPerYear / beyond.limit < 1.003).to.equal(true);
          await world.execute({ mints: [some(0.998)] });
        },
      );
    }

    async function open(): Promise<World> {
      const world = await deployWorld(connection, {
        quoteIsToken0: q,
        governanceDelay: 0,
        caps: { maxPlanLossBps: 100 },
      });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      await setCaps(world, { volFloorBps: 5_000, lvrLimitBps: 100 });
      await world.execute({
        mints: [{ ...(await world.around(3_000, 600)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
      });
      return world;
    }
    const total = async (world: World): Promise<number> => {
      const { high } = await world.oracle.feeds();
      return exposure((await world.book()).positions, high, q);
    };

    it(
      cites("measured volatility above the floor bites, by the formula", INVARIANT.ARBITRAGE, INVARIANT.VOLATILITY),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await world.oracle.poke();
        for (let i = 0; i < 6; i++) {
          await world.pass(86_400);
          await world.report(i % 2 === 0 ? 2_400 : 2_000);
          await world.oracle.poke();
        }
        const { varianceE12, high } = await world.oracle.feeds();
        const volatility = Math.sqrt(Number(varianceE12) / 1e12);
        expect(volatility > 0.5).to.equal(true);
        const start = await networkHelpers.takeSnapshot();
        const mint = { ...(await world.around(500, 100)), fraction0: ONE / 2n, fraction1: ONE / 2n };
        await setCaps(world, { lvrLimitBps: 200, volFloorBps: 1 });
        await tighten(world, { lvrLimitBps: 1 });
        const { lossPerYear } = await refusal(world, { mints: [mint] });
        await start.restore();
        await setCaps(world, { lvrLimitBps: 200, volFloorBps: 5_000 });
        // The same plan with nobody's measure in the way, for its liquidity.
        const quiet = await world.plan({ mints: [mint] });
        const before = await total(world);
        const { lossPerYear: withFloor } = await (async () => {
          await tighten(world, { lvrLimitBps: 1 });
          return refusal(world, { mints: [mint] });
        })();
        expect(withFloor).to.equal(lossPerYear);
        expect(quiet.mints.length === 1 && lossPerYear > perYear(before, volatility)).to.equal(true);
        expect(high > 0n).to.equal(true);
        figure(
          `measured ${(volatility * 100).toFixed(0)} %, floor 50 %: ${(lossPerYear / perYear(before, 0.5)).toFixed(2)} times the standing ranges at the floor`,
        );
        // A floor above the measure counts instead.
        await setCaps(world, { volFloorBps: 30_000 });
        const { lossPerYear: strict } = await refusal(world, { mints: [mint] });
        expect(Math.abs(strict / lossPerYear / (9 / volatility ** 2) - 1) < 1e-6).to.equal(true);
      },
    );

    it(
      cites(
        "a lowered limit does not lock the keeper out: as much or less may stand again, more may not",
        INVARIANT.ARBITRAGE,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const keeper = world.vault.connect(world.who.keeper);
        await tighten(world, { volFloorBps: 60_000, lvrLimitBps: 1 });
        const [range] = (await world.book()).positions;
        if (range === undefined) throw new Error("no range");
        const same: MintStep = { fee: 3_000, tickLower: range.tickLower, tickUpper: range.tickUpper };
        const refused = async (steps: PlanSteps): Promise<void> => {
          await expect(keeper.execute(await world.plan(steps))).to.be.revertedWithCustomError(
            world.planErrors,
            "ArbitrageAboveLimit",
          );
        };
        await refused({ mints: [{ ...same, fraction0: ONE / 1_000n, fraction1: ONE / 1_000n }] });
        await refused({
          burns: [{ index: 0, fraction: ONE / 10n }],
          mints: [{ ...same, fraction0: ONE / 2n, fraction1: ONE / 2n }],
        });
        const start = await networkHelpers.takeSnapshot();
        // Nothing, collecting, a part out; a roll into a wider range; the same range with a little less.
        for (const steps of [
          {},
          { burns: [{ index: 0, fraction: 0n }] },
          { burns: [{ index: 0, fraction: ONE / 5n }] },
          { burns: [{ index: 0 }] },
          {
            burns: [{ index: 0 }],
            mints: [{ ...(await world.around(3_000, 1_800)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
          },
          {
            burns: [{ index: 0, fraction: ONE / 2n }],
            mints: [{ ...same, fraction0: ONE / 10n, fraction1: ONE / 10n }],
          },
        ] satisfies PlanSteps[]) {
          const before = await total(world);
          await world.execute(steps);
          expect((await total(world)) <= before).to.equal(true);
          await start.restore();
        }
        // Narrower with the same money is worse, though the weight is the same.
        await refused({
          burns: [{ index: 0 }],
          mints: [{ ...(await world.around(3_000, 300)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
        });
      },
    );

    it(cites("a range that waits on one side is counted at its nearer edge", INVARIANT.ARBITRAGE), async () => {
      const world = await networkHelpers.loadFixture(open);
      const { high, low } = await world.oracle.feeds();
      const tick = Math.floor((await world.tick(3_000)) / 60) * 60;
      const sums: number[] = [];
      for (const [lower, upper] of [
        [tick + 1_200, tick + 1_800],
        [tick - 1_800, tick - 1_200],
      ] as const) {
        const start = await networkHelpers.takeSnapshot();
        await world.execute({
          burns: [{ index: 0 }],
          mints: [{ fee: 3_000, tickLower: lower, tickUpper: upper, fraction0: ONE / 50n, fraction1: ONE / 50n }],
        });
        const book = await world.book();
        await start.restore();
        await world.execute({ burns: [{ index: 0 }] });
        await setCaps(world, { volFloorBps: 65_535, lvrLimitBps: 1 });
        const mints = [{ fee: 3_000, tickLower: lower, tickUpper: upper, fraction0: ONE / 50n, fraction1: ONE / 50n }];
        const { lossPerYear } = await refusal(world, { mints });
        const formula = perYear(exposure(book.positions, high, q), 6.5535);
        expect(Math.abs(lossPerYear / formula - 1) < 1e-4, `${lossPerYear} ${formula}`).to.equal(true);
        // No price in the band exposes it more.
        for (let k = 0; k <= 10; k++) {
          const at = low + ((high - low) * BigInt(k)) / 10n;
          expect(perYear(exposure(book.positions, at, q), 6.5535) <= lossPerYear * (1 + 1e-9)).to.equal(true);
        }
        sums.push(lossPerYear);
        await start.restore();
      }
      expect(sums.every((sum) => sum > 0)).to.equal(true);
    });
  });
}
