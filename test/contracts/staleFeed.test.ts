/**
 * The stale-feed harvest, and why a plan is charged at both ends of the oracle's band. The market stands 0.5 % above a feed that
 * has no reason to answer yet. A keeper has the vault's base minted just above a thin pool's spot and buys through it. NAV at
 * the feed's one price sees nothing of it; the market does.
 */
import { expect } from "chai";
import { network } from "hardhat";

import type { Caps } from "../../scripts/deploy/strata.ts";
import { ONE, sqrtPriceOf, valueOfTokens } from "../support/arithmetic.ts";
import { flowsOf, modelCharge } from "../support/chargeModel.ts";
import { valueOfBook } from "../support/checks.ts";
import { bps, figure } from "../support/figures.ts";
import type { Book, Executed, World } from "../support/world.ts";
import { deployWorld, ORDERS, sqrtAtTick, WIDE_CAPS } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const FEED = 2_000;
/** 0.5 % above, the base feed's own deviation threshold: it need not answer. */
const MARKET = 2_010;
const THIN = 500;
/** Of the vault's base: 15 % of NAV. */
const PART = (3n * ONE) / 10n;
/** Ticks that the mint spans, and with it how much of the lag the attacker gives back on the way. */
const WIDTH = 20;

interface Harvest {
  readonly executed: Executed;
  /** Fractions of NAV, 1e18 = all. */
  readonly naive: bigint;
  readonly model: bigint;
  readonly lost: bigint;
  readonly gained: bigint;
}

for (const order of ORDERS) {
  const q = order.quoteIsToken0;

  describe(`contracts/staleFeed: ${order.name}`, () => {
    /** Half of NAV is idle base; the thin pool stands where the feed does, every other pool at the market. */
    async function open(caps: Partial<Caps> = {}): Promise<World> {
      const world = await deployWorld(connection, { quoteIsToken0: q, depths: { [THIN]: 1_000 }, caps });
      await world.firstDeposit(world.who.alice, 100_000n * ONE);
      await world.movePools(MARKET);
      return world;
    }
    async function wide(): Promise<World> {
      return open(WIDE_CAPS);
    }

    const rootOf = (world: World, price: number): bigint => sqrtPriceOf(world.priceX96(price), q);
    const at = (world: World, book: Book, price: number): bigint => valueOfBook(book, world.priceX96(price), q);
    const part = (less: bigint, whole: bigint): bigint => (less * ONE) / whole;

    /** The range of base just on the far side of the thin pool's spot. */
    async function justAbove(world: World): Promise<{ fee: number; tickLower: number; tickUpper: number }> {
      const { tickSpacing } = world.pool(THIN);
      const tick = await world.tick(THIN);
      const lower = q
        ? Math.floor(tick / tickSpacing) * tickSpacing - WIDTH
        : (Math.floor(tick / tickSpacing) + 1) * tickSpacing;
      return { fee: THIN, tickLower: lower, tickUpper: lower + WIDTH };
    }

    async function harvest(world: World): Promise<Harvest> {
      const { keeper } = world.who;
      // The attacker is the keeper: he trades through a contract of his own.
      const hand = await world.ethers.deployContract("LocalCaller", keeper);
      const address = await hand.getAddress();
      for (const token of [world.token0, world.token1]) await token.mint(address, 10n ** 30n);
      const swapTo = async (price: number): Promise<void> => {
        const pool = world.pool(THIN);
        const target = rootOf(world, price);
        const { sqrtPriceX96 } = await pool.slot0();
        if (sqrtPriceX96 === target) return;
        const data = pool.contract.interface.encodeFunctionData("swap", [
          address,
          target < sqrtPriceX96,
          1n << 200n,
          target,
          "0x",
        ]);
        await hand.connect(keeper).run([{ target: pool.address, data }]);
      };
      const quiet = await world.book();
      const rich = await world.balances(address);

      // The thin pool goes back to the feed's price: that costs the attacker next to nothing.
      await swapTo(FEED);
      const before = await world.book();
      const tokens = await world.balances(world.addresses.vault);
      const range = await justAbove(world);
      const fractions = q ? { fraction0: 0n, fraction1: PART } : { fraction0: PART, fraction1: 0n };
      const executed = await world.execute({ mints: [{ ...range, ...fractions }] });
      const after = await world.book();
      const flows = flowsOf(world, executed.receipt, tokens, await world.balances(world.addresses.vault));
      const band = await world.oracle.read(await world.oracle.findTwapHint());
      const model = modelCharge(flows, after, band, q);
      // NAV at the oracle's one price before and after: what a naive check would charge.
      const naive = part(at(world, before, FEED) - at(world, after, FEED), at(world, before, FEED));

      // The loop closes: he buys through the range up to the market, where every pool then stands.
      await swapTo(MARKET);
      const end = await world.book();
      const [sold] = end.positions;
      const edge = q ? sqrtAtTick(range.tickLower) : sqrtAtTick(range.tickUpper);
      const { sqrtPriceX96 } = await world.pool(THIN).slot0();
      expect(q ? sqrtPriceX96 <= edge : sqrtPriceX96 >= edge, "all of the range must be bought").to.equal(true);
      expect(q ? sold?.amount1 : sold?.amount0).to.equal(0n);
      const lost = part(at(world, quiet, MARKET) - at(world, end, MARKET), at(world, quiet, MARKET));
      const has = await world.balances(address);
      const price = world.priceX96(MARKET);
      const gained = part(valueOfTokens(has, price, q) - valueOfTokens(rich, price, q), at(world, quiet, MARKET));
      return { executed, naive, model, lost, gained };
    }

    it(
      cites(
        "the naive check charges nothing while LPs lose about 5 bps; ours charges it in full",
        INVARIANT.PLAN_CHARGE,
        INVARIANT.BUDGET_LOSS,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(wide);
        const band = await world.oracle.read(await world.oracle.findTwapHint());
        const market = world.priceX96(MARKET);
        expect(band.low < market && market < band.high, "the market is inside the band").to.equal(true);
        const { executed, naive, model, lost, gained } = await harvest(world);
        figure(
          `market ${MARKET}, feed ${FEED}: naive charge ${bps(naive)}, LPs lost ${bps(lost)}, ` +
            `attacker gained ${bps(gained)}, charged ${bps(executed.chargeX18)}`,
        );
        expect(naive < 5n * 10n ** 12n, `naive ${bps(naive)}`).to.equal(true);
        expect(lost > 4n * 10n ** 14n && lost < 6n * 10n ** 14n, `lost ${bps(lost)}`).to.equal(true);
        // A theft, not a market's move: what LPs lost is what he gained, but for the fees of a pool that is hardly anybody's.
        expect(gained > (lost * 9n) / 10n && gained <= lost, `gained ${bps(gained)}`).to.equal(true);
        expect(executed.chargeX18 >= lost, `charged ${bps(executed.chargeX18)}`).to.equal(true);
        // And not by an arbitrary amount: it is the definition, to the last digits.
        expect(executed.chargeX18 >= model && executed.chargeX18 - model < 10n ** 12n).to.equal(true);
        const { lossE12 } = await world.vault.budgets();
        expect(lossE12 * 10n ** 6n + 10n ** 11n >= lost, `budget used ${lossE12}`).to.equal(true);
      },
    );

    it(
      cites("again and again, until the loss budget is spent and nothing of it is left", INVARIANT.BUDGET_LOSS),
      async () => {
        const world = await open({ ...WIDE_CAPS, lossCapBps: 20, lossRefillBps: 1 });
        const start = at(world, await world.book(), MARKET);
        let [rounds, charged] = [0, 0n];
        for (;;) {
          try {
            const { executed } = await harvest(world);
            charged += executed.chargeX18;
            rounds += 1;
          } catch (error) {
            expect(String(error)).to.match(/LossBudgetSpent/);
            break;
          }
          // What the range holds now is quote: out of it, so that the next one is minted from idle base again.
          await world.execute({ burns: (await world.book()).positions.map(({ index }) => ({ index })) });
        }
        const lost = part(start - at(world, await world.book(), MARKET), start);
        const { lossCapacityE12 } = await world.vault.budgets();
        figure(
          `${rounds} harvests: charged ${bps(charged)} of ${bps(lossCapacityE12 * 10n ** 6n)}, LPs lost ${bps(lost)}`,
        );
        expect(rounds > 1).to.equal(true);
        expect(lost <= lossCapacityE12 * 10n ** 6n).to.equal(true);
      },
    );

    it(cites("production's arbitrage limit refuses so narrow a range outright", INVARIANT.ARBITRAGE), async () => {
      const world = await open({ ...WIDE_CAPS, volFloorBps: 4_000, lvrLimitBps: 40 });
      await expect(harvest(world)).to.be.revertedWithCustomError(world.planErrors, "ArbitrageAboveLimit");
    });
  });
}
