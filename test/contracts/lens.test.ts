import { expect } from "chai";
import { network } from "hardhat";

import { ONE, VALUE_BITS } from "../support/arithmetic.ts";
import { navAt } from "../support/chargeModel.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS } from "../support/world.ts";

const connection = await network.create();
const { networkHelpers } = connection;

for (const order of ORDERS) {
  describe(`contracts/lens: ${order.name}`, () => {
    async function open(): Promise<World> {
      const world = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      await world.execute({
        mints: [
          { ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n },
          { ...(await world.around(500, 600)), fraction0: ONE / 2n, fraction1: ONE / 2n },
        ],
      });
      await world.movePools(2_009);
      return world;
    }

    it("tells in one call what each contract tells by itself", async () => {
      const world = await networkHelpers.loadFixture(open);
      const { vault, oracle, policy } = world;
      const s = await world.lens.observe(world.addresses.vault, world.who.keeper.address);
      const block = await world.ethers.provider.getBlock("latest");
      const [total0, total1] = await vault.totals();
      const idle = await world.balances(world.addresses.vault);
      const [mid, low, high] = await oracle.read(0);
      expect([s.chainId, s.blockNumber, s.timestamp]).to.deep.equal([
        31337n,
        BigInt(block?.number ?? 0),
        BigInt(block?.timestamp ?? 0),
      ]);
      expect([s.token0, s.token1]).to.deep.equal([await world.token0.getAddress(), await world.token1.getAddress()]);
      expect([s.quoteIsToken0, s.baseDecimals, s.quoteDecimals]).to.deep.equal([order.quoteIsToken0, 18n, 6n]);
      expect([s.nonce, s.supply]).to.deep.equal([1n, await vault.totalSupply()]);
      expect([s.idle0, s.idle1, s.total0, s.total1]).to.deep.equal([idle.amount0, idle.amount1, total0, total1]);
      expect([s.keeperAllowed, s.oracleOk, s.oracleError]).to.deep.equal([true, true, "0x"]);
      expect([s.price.mid, s.price.low, s.price.high]).to.deep.equal([mid, low, high]);
      expect(s.limits).to.deep.equal(await policy.limits());
      expect(s.oracleTerms).to.deep.equal(await oracle.terms());
      expect(s.twapHint).to.equal(await oracle.findTwapHint());
      expect((await world.lens.observe(world.addresses.vault, world.who.stranger.address)).keeperAllowed).to.equal(
        false,
      );
    });

    it("tells budgets, fees in force and announced, the treasury's share, what the last plan left, and NAV", async () => {
      const world = await deployWorld(connection, {
        quoteIsToken0: order.quoteIsToken0,
        caps: { treasuryShareBps: 640, maxEntryFeeBps: 50, maxExitFeeBps: 50 },
      });
      const { alice, keeper } = world.who;
      await world.firstDeposit(alice, 20_000n * ONE);
      await world.execute({
        swaps: [{ fee: 500, zeroForOne: true, fraction: ONE / 10n }],
        mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
      });
      await world.oracle.poke();
      await world.vault.connect(keeper).setFees(40, 25);
      const observe = (): ReturnType<typeof world.lens.observe.staticCall> =>
        world.lens.observe(world.addresses.vault, keeper.address);
      const first = await observe();
      const { nextAt } = await world.vault.feeBook();
      expect([first.entryFeeBps, first.exitFeeBps, first.nextEntryFeeBps, first.nextExitFeeBps]).to.deep.equal([
        0n,
        0n,
        40n,
        25n,
      ]);
      expect(first.nextFeesAt).to.equal(nextAt);
      expect(first.treasuryShareBps).to.equal(640n);
      const left = await world.vault.inventory();
      expect([first.left0PerShareX96, first.left1PerShareX96]).to.deep.equal([left.perShare0X96, left.perShare1X96]);
      expect(left.perShare0X96 > 0n && left.perShare1X96 > 0n).to.equal(true);
      expect(first.lastPoke).to.equal(await world.oracle.lastPoke());
      expect(first.budgets).to.deep.equal(await world.vault.budgets());
      expect(first.budgets.lossE12 > 0n && first.budgets.turnoverE12 > 0n).to.equal(true);
      expect([first.budgets.lossCapacityE12, first.budgets.churnCapacityE12]).to.deep.equal([10n ** 10n, 10n ** 11n]);
      // In force a day later: nothing is announced any more.
      await world.pass(86_400);
      const second = await observe();
      expect([second.entryFeeBps, second.exitFeeBps]).to.deep.equal([40n, 25n]);
      expect([second.nextEntryFeeBps, second.nextExitFeeBps, second.nextFeesAt]).to.deep.equal([0n, 0n, 0n]);
      // NAV by liquidity at the oracle's price: a pool that is pushed away moves it by its fees at most, totals by much more.
      const mid = world.priceX96(2_000);
      const model = navAt(await world.book(), mid, order.quoteIsToken0) >> VALUE_BITS;
      expect(second.nav <= model && model - second.nav <= 10n, `${second.nav} ${model}`).to.equal(true);
      await world.movePools(2_020);
      const third = await observe();
      expect(third.nav >= second.nav && third.nav - second.nav < second.nav / 1_000n).to.equal(true);
    });

    it("shows each range as its pool has it", async () => {
      const world = await networkHelpers.loadFixture(open);
      const s = await world.lens.observe(world.addresses.vault, world.who.keeper.address);
      expect(s.positions.map((p) => Number(p.fee))).to.deep.equal([3_000, 500]);
      const ranges = await world.vault.ranges();
      for (const p of s.positions) {
        const range = ranges[Number(p.index)];
        expect([range?.fee, range?.tickLower, range?.tickUpper]).to.deep.equal([p.fee, p.tickLower, p.tickUpper]);
        const pool = world.pool(Number(p.fee));
        const held = await pool.position(world.positionKey(Number(p.tickLower), Number(p.tickUpper)));
        expect(p.liquidity).to.equal(held.liquidity);
        // What burning it all would bring now, to the wei.
        const vault = await world.as(world.addresses.vault);
        const burn = (pool.contract.connect(vault) as typeof pool.contract).getFunction("burn");
        const [amount0, amount1] = (await burn.staticCall(p.tickLower, p.tickUpper, p.liquidity)) as [bigint, bigint];
        expect([p.amount0, p.amount1]).to.deep.equal([amount0, amount1]);
        expect(p.fees0 + p.fees1 > 0n).to.equal(true);
      }
    });

    it("shows the allowed tiers, and those in which the vault still stands", async () => {
      const world = await networkHelpers.loadFixture(open);
      const tiers = async (): Promise<readonly (readonly [number, boolean])[]> =>
        (await world.lens.observe(world.addresses.vault, world.who.keeper.address)).tiers.map((tier) => [
          Number(tier.fee),
          tier.allowed,
        ]);
      expect(await tiers()).to.deep.equal([
        [500, true],
        [3_000, true],
        [10_000, true],
      ]);
      const policy = world.policy.connect(world.who.safe);
      await policy.removePool(500);
      await policy.removePool(10_000);
      expect(await tiers()).to.deep.equal([
        [3_000, true],
        [500, false],
      ]);
      const s = await world.lens.observe(world.addresses.vault, world.who.keeper.address);
      for (const tier of s.tiers) {
        const pool = world.pool(Number(tier.fee));
        const { sqrtPriceX96, tick } = await pool.slot0();
        expect([tier.pool, tier.sqrtPriceX96, Number(tier.tick)]).to.deep.equal([pool.address, sqrtPriceX96, tick]);
        expect(Number(tier.tickSpacing)).to.equal(pool.tickSpacing);
        expect(tier.liquidity).to.equal(await pool.contract.getFunction("liquidity").staticCall());
        expect(tier.feeGrowthGlobal0X128).to.equal(
          await pool.contract.getFunction("feeGrowthGlobal0X128").staticCall(),
        );
        expect(tier.feeGrowthGlobal1X128).to.equal(
          await pool.contract.getFunction("feeGrowthGlobal1X128").staticCall(),
        );
      }
    });

    it("reports why the oracle is silent instead of failing with it", async () => {
      const world = await networkHelpers.loadFixture(open);
      await world.movePools(2_500);
      const s = await world.lens.observe(world.addresses.vault, world.who.keeper.address);
      expect(s.oracleOk).to.equal(false);
      expect(world.oracle.interface.parseError(s.oracleError)?.name).to.equal("SpotOutsideBand");
      expect(s.price.mid).to.equal(0n);
      expect(s.positions).to.have.length(2);
    });

    it("sees an empty vault", async () => {
      const world = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      const s = await world.lens.observe(world.addresses.vault, world.who.keeper.address);
      expect([s.supply, s.total0, s.total1, s.positions.length, s.tiers.length]).to.deep.equal([0n, 0n, 0n, 0, 3]);
    });
  });
}
