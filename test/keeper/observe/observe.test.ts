import { expect } from "chai";
import { network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";

import { ConfigError } from "../../../keeper/chain/failures.ts";
import { observe } from "../../../keeper/observe/observe.ts";
import { snapshotFromJson, toJsonable } from "../../../keeper/observe/snapshot.ts";
import { toPolicy, toState } from "../../../keeper/observe/toState.ts";
import { DECIMALS, deployWorld, ORDERS, type World } from "../../support/world.ts";
import { expectClose } from "../../support/close.ts";
import { NO_MEMORY, rigFor, type Rig } from "../rig.ts";

const UNIT = 10n ** 18n;

for (const order of ORDERS) {
  describe(`observing a vault, ${order.name}`, () => {
    let connection: NetworkConnection;
    let world: World;
    let rig: Rig;

    before(async () => {
      connection = await network.create();
      world = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0 });
      await world.firstDeposit(world.who.alice, 100_000n * UNIT);
      const around = await world.around(3_000, 4_000);
      const half = UNIT / 2n;
      await world.execute({ mints: [{ ...around, fraction0: half, fraction1: half }] });
      // A hundredth of a base unit and a thousand quote units.
      await world.swap(3_000, !order.quoteIsToken0, 10n ** 16n);
      await world.swap(3_000, order.quoteIsToken0, 10n ** 9n);
      rig = rigFor(world);
    });
    after(() => connection.close());

    it("asks the node once", async () => {
      rig.rpc.asked.length = 0;
      await observe(rig.node, rig.addresses, rig.wallet.address);
      expect(rig.rpc.asked).to.deep.equal(["eth_call"]);
    });

    it("is of the block that is named, also when the chain has gone on", async () => {
      const now = await observe(rig.node, rig.addresses, rig.wallet.address);
      await world.swap(500, !order.quoteIsToken0, 10n ** 16n);
      const later = await observe(rig.node, rig.addresses, rig.wallet.address);
      const again = await observe(rig.node, rig.addresses, rig.wallet.address, now.blockNumber);
      expect(later.blockNumber).to.equal(now.blockNumber + 1n);
      expect(later.tiers[0]?.sqrtPriceX96).not.to.equal(now.tiers[0]?.sqrtPriceX96);
      expect(again).to.deep.equal(now);
    });

    it("survives its JSON form to the last bit", async () => {
      const now = await observe(rig.node, rig.addresses, rig.wallet.address);
      const text = JSON.stringify(toJsonable(now));
      expect(snapshotFromJson(JSON.parse(text) as ReturnType<typeof toJsonable<typeof now>>)).to.deep.equal(now);
    });

    it("shows the strategy base and quote, whichever is token0", async () => {
      const snapshot = await observe(rig.node, rig.addresses, rig.wallet.address);
      const state = toState(snapshot, NO_MEMORY);
      expectClose(state.price, 2_000, 1e-9);
      expectClose(state.priceError, 0.0075, 1e-9);
      expectClose(state.nav, 100_000, 5);
      expectClose(state.shareSupply, 100_000, 1e-9);
      for (const tier of state.tiers) {
        expectClose(tier.price, 2_000, 2);
        // The oriented tick belongs to the price in quote wei per base wei.
        expectClose(1.0001 ** tier.tick * 1e12, tier.price, tier.price * 1e-4);
        expect(1.0001 ** tier.tick * 1e12).to.be.at.most(tier.price);
      }
      const [position] = state.positions;
      expect(position?.tickLower).to.be.lessThan(position?.tickUpper ?? 0);
      expect(position?.tickLower).to.be.lessThan(state.tiers[1]?.tick ?? 0);
      expect(position?.tickUpper).to.be.greaterThan(state.tiers[1]?.tick ?? 0);
      expectClose((position?.base ?? 0) * 2_000 + (position?.quote ?? 0), 50_000, 2_000);
      // Both swaps paid a fee in their own token; 0.3 % of 1e16 wei and 1e9 wei, the vault's part of them.
      expect(position?.feesBase).to.be.greaterThan(0);
      expect(position?.feesQuote).to.be.greaterThan(0);
      const inside = (position?.base ?? 0) + (position?.feesBase ?? 0) + state.idleBase;
      const held = order.quoteIsToken0 ? snapshot.total1 : snapshot.total0;
      expectClose(inside, Number(held) / 1e18, 1e-12);
      expect(toPolicy(snapshot)).to.deep.equal({
        allowedFees: [500, 3_000, 10_000],
        maxPlanLoss: 0.0025,
        coreWeightCap: 1,
        minHalfWidth: 10,
        maxHalfWidth: 887_272,
        maxPositions: 8,
        refill: { loss: 0.01, turnover: 1, churn: 0.1 },
        lvrLimit: 0.02,
        volatilityFloor: 0.1,
        pausedUntil: 0,
        maxEntryFee: 0.003,
        maxExitFee: 0.003,
      });
      // The plan above minted, swapped nothing and found nothing behind.
      expect(state.budgets.loss.used).to.be.within(0, 0.001);
      expect(state.budgets).to.deep.include({
        turnover: { used: 0, capacity: 1 },
        churn: { used: 0, capacity: 0.1 },
      });
      expect(state.budgets.loss.capacity).to.equal(0.01);
      expect([state.entryFee, state.exitFee, state.oracleVolatility]).to.deep.equal([0, 0, 0]);
    });

    it("reports a silent oracle instead of failing", async () => {
      const restore = await connection.networkHelpers.takeSnapshot();
      await world.pass(3 * 86_400);
      const snapshot = await observe(rig.node, rig.addresses, rig.wallet.address);
      expect(snapshot.oracleOk).to.equal(false);
      expect(snapshot.oracleError.length).to.be.greaterThan(2);
      const state = toState(snapshot, NO_MEMORY);
      expect(state.price).to.equal(null);
      expectClose(state.nav, 100_000, 50);
      await restore.restore();
    });

    it("says that an address holds no lens", async () => {
      const wrong = { ...rig.addresses, lens: world.who.stranger.address };
      let error: unknown = null;
      try {
        await observe(rig.node, wrong, rig.wallet.address);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).to.be.instanceOf(ConfigError);
      expect(String(error)).to.contain("There is no lens at");
    });
  });
}

describe("observing tokens of other decimals", () => {
  for (const decimals of DECIMALS) {
    it(`${decimals.baseDecimals}/${decimals.quoteDecimals}: prices and NAV are in whole units`, async () => {
      const connection = await network.create();
      try {
        const world = await deployWorld(connection, { ...decimals, quoteIsToken0: true, fees: [3_000] });
        await world.firstDeposit(world.who.alice, 50_000n * UNIT);
        const rig = rigFor(world);
        const state = toState(await observe(rig.node, rig.addresses, rig.wallet.address), NO_MEMORY);
        expectClose(state.price, 2_000, 1e-6);
        expectClose(state.tiers[0]?.price, 2_000, 1e-3);
        expectClose(state.nav, 50_000, 0.1);
        expectClose(state.idleBase, 12.5, 1e-3);
      } finally {
        await connection.close();
      }
    });
  }
});
