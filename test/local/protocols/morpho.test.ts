import { expect } from "chai";
import { network } from "hardhat";
import { keccak256 } from "ethers";

import { startChain, type LocalChain } from "../../../scripts/local/chain.ts";
import { deployFeeds, type LocalFeed, type LocalFeeds } from "../../../scripts/local/protocols/feeds.ts";
import {
  borrowInBackground,
  deployMorpho,
  LLTV,
  marketId,
  type LocalMarket,
} from "../../../scripts/local/protocols/morpho.ts";
import { deployPair } from "../../../scripts/local/protocols/tokens.ts";
import { loadArtifact } from "../../../scripts/deploy/artifacts.ts";
import { divUp, ONE } from "../../support/arithmetic.ts";
import { expectClose } from "../../support/close.ts";
import { deployMorphoWorld, YEAR, type MorphoWorld } from "../../support/morpho.ts";
import { deployWorld, ORDERS } from "../../support/world.ts";
import { rejects, SOME_TIME } from "../support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

/**
 * Hash of the creation code that solc 0.8.19 makes of the package's Morpho.sol itself with the authors' settings (via IR,
 * 999,999 runs, paris, no hash in the metadata).
 */
const CREATION_CODE_HASH = "0xdcb9e02b20ae51a00b431973f1d683fdbcb9d4bc2fa7af31ba291a53960420f0";
const DAYS_30 = 30 * 86_400;
const SCALE = 10n ** 36n;
const A_YEAR = Number(YEAR);

/** Base and quote: those of the local world, of two tokens as fine, of a coarse base. */
const DECIMALS = [
  { baseDecimals: 18, quoteDecimals: 6 },
  { baseDecimals: 18, quoteDecimals: 18 },
  { baseDecimals: 8, quoteDecimals: 18 },
] as const;

/** What Morpho adds to so much debt: the exponential's first three terms, each rounded down. */
function interest(debt: bigint, ratePerSecond: bigint, seconds: bigint): bigint {
  const first = ratePerSecond * seconds;
  const second = (first * first) / (2n * ONE);
  const third = (second * first) / (3n * ONE);
  return (debt * (first + second + third)) / ONE;
}

for (const order of ORDERS) {
  for (const decimals of DECIMALS) {
    const name = `${order.name}, decimals ${decimals.baseDecimals}/${decimals.quoteDecimals}`;

    describe(`local Morpho: ${name}`, () => {
      const [baseUnit, quoteUnit] = [10n ** BigInt(decimals.baseDecimals), 10n ** BigInt(decimals.quoteDecimals)];

      async function open(): Promise<MorphoWorld> {
        const options = {
          ...decimals,
          quoteIsToken0: order.quoteIsToken0,
          fees: [500],
          caps: {},
          quoteFeedDecimals: 18,
        };
        return deployMorphoWorld(await deployWorld(connection, { ...options, terms: { referenceFee: 500 } }));
      }

      const load = (): Promise<MorphoWorld> => networkHelpers.loadFixture(open);

      /** Alice's borrowing in each market: 100 base worth of collateral, two thirds of its worth as debt. */
      function loans(m: MorphoWorld): readonly { market: LocalMarket; collateral: bigint; debt: bigint }[] {
        return [
          { market: m.conversion, collateral: 200_000n * quoteUnit, debt: (200n * baseUnit) / 3n },
          { market: m.reversal, collateral: 100n * baseUnit, debt: (400_000n * quoteUnit) / 3n },
        ];
      }

      it("prices the collateral in the loan, in both directions, by the vault's feeds", async () => {
        const m = await load();
        expect(m.conversion.params.collateralToken).to.equal(await m.world.quote.getAddress());
        expect(m.reversal.params.collateralToken).to.equal(await m.world.base.getAddress());
        // 1,717.17 dollars a base, 0.97 a quote.
        await m.world.baseFeed.report(171_717_000_000n);
        await m.world.quoteFeed.report(97n * 10n ** 16n);
        expect(await m.price(m.reversal)).to.equal((SCALE * quoteUnit * 171_717n) / (baseUnit * 97n));
        expect(await m.price(m.conversion)).to.equal((SCALE * baseUnit * 97n) / (quoteUnit * 171_717n));
        await m.world.baseFeed.report(-1n);
        const oracle = await m.world.ethers.getContractAt("LocalMorphoOracle", m.reversal.params.oracle);
        await expect(m.price(m.reversal)).to.be.revertedWithCustomError(oracle, "NegativeAnswer");
      });

      it("lends against collateral up to the LLTV, not a wei more", async () => {
        const m = await load();
        const { alice } = m.world.who;
        for (const { market, collateral } of loans(m)) {
          await m.borrow(market, alice, collateral, 0n);
          const most = (((collateral * (await m.price(market))) / SCALE) * LLTV) / ONE;
          const morpho = m.as(alice);
          const borrow = (amount: bigint): ReturnType<typeof morpho.borrow> =>
            morpho.borrow(market.params, amount, 0, alice.address, alice.address);
          // The debt of shares is rounded up, so that the last wei is already one too many.
          await expect(borrow(most + 1n)).to.be.revertedWith("insufficient collateral");
          const token = await m.world.ethers.getContractAt("LocalToken", market.params.loanToken);
          await expect(borrow(most - 1n)).to.changeTokenBalance(connection.ethers, token, alice, most - 1n);
        }
      });

      it("charges 30 days by the rate model's curve and credits them to the lenders", async () => {
        const m = await load();
        // At the target the rate itself, at full use four times of it, at half of the target's use 1/4 + 3/4 * 1/2 of it.
        const points = [
          { utilization: 0.9, factor: 1, reach: async (): Promise<unknown> => m.refill(m.reversal) },
          { utilization: 1, factor: 4, reach: async (): Promise<unknown> => m.drain(m.reversal) },
          { utilization: 0.45, factor: 0.625, reach: async (): Promise<unknown> => m.refill(m.reversal) },
        ];
        const { alice } = m.world.who;
        for (const { utilization, factor, reach } of points) {
          await reach();
          await m.accrue(m.reversal);
          const { totalSupplyAssets } = await m.totals(m.reversal);
          const have = await m.position(m.reversal, alice.address);
          const want = (totalSupplyAssets * BigInt(Math.round(utilization * 1e4))) / 10_000n;
          if (utilization < 1 && want > have.debt) {
            await m.borrow(m.reversal, alice, (want * 2n * SCALE) / (await m.price(m.reversal)), want - have.debt);
          } else if (utilization < 1) {
            await m.give(alice, m.reversal.params.loanToken, have.debt);
            await (await m.as(alice).repay(m.reversal.params, have.debt - want, 0, alice.address, "0x")).wait();
          }
          const before = await m.totals(m.reversal);
          const rate = await m.rateModel.rateAt(m.reversal.id, await m.utilization(m.reversal));
          expectClose(Number(rate) / 1e18 / ((factor * 0.025) / A_YEAR), 1, 1e-6, "rate");

          await m.accrue(m.reversal, DAYS_30);
          const after = await m.totals(m.reversal);
          const seconds = after.lastUpdate - before.lastUpdate;
          const charged = after.totalBorrowAssets - before.totalBorrowAssets;
          expect(charged).to.equal(interest(before.totalBorrowAssets, rate, seconds));
          expect(after.totalSupplyAssets - before.totalSupplyAssets).to.equal(charged);
          const growth = Number(after.totalBorrowAssets) / Number(before.totalBorrowAssets);
          const closedForm = Math.exp((factor * 0.025 * Number(seconds)) / A_YEAR);
          expectClose((growth - 1) / (closedForm - 1), 1, 1e-5, "interest");
        }
      });

      it("lets a debt be repaid by shares, to the last wei", async () => {
        const m = await load();
        const { alice } = m.world.who;
        for (const { market, collateral, debt } of loans(m)) {
          await m.borrow(market, alice, collateral, debt);
          await m.setRate(market, (5n * ONE) / 100n / YEAR);
          const { borrowShares } = await m.position(market, alice.address);
          await m.world.pass(DAYS_30);
          await m.give(alice, market.params.loanToken, debt);
          const token = await m.world.ethers.getContractAt("LocalToken", market.params.loanToken);
          const had = await token.balanceOf(alice.address);
          await (await m.as(alice).repay(market.params, 0, borrowShares, alice.address, "0x")).wait();
          const paid = had - (await token.balanceOf(alice.address));
          expectClose(Number(paid) / Number(debt), Math.exp((0.05 * 30) / 365), 1e-6, "repayment");
          expect((await m.position(market, alice.address)).borrowShares).to.equal(0n);
          await (await m.as(alice).withdrawCollateral(market.params, collateral, alice.address, alice.address)).wait();
          expect((await m.position(market, alice.address)).collateral).to.equal(0n);
        }
      });

      it("liquidates who is past the LLTV, at 1 / (1 - 0.3 (1 - LLTV)) of what is repaid", async () => {
        const m = await load();
        const { alice } = m.world.who;
        // Debt over collateral is 2/3; past 0.86 with the base a third dearer, or a third cheaper.
        const prices = [2_000 * 1.32, 2_000 / 1.32];
        for (const [i, { market, collateral, debt }] of loans(m).entries()) {
          await m.world.report(2_000);
          await m.borrow(market, alice, collateral, debt);
          await rejects(m.liquidate(market, alice.address), /position is healthy/);

          await m.world.report(prices[i] ?? 0);
          const before = await m.position(market, alice.address);
          const price = await m.price(market);
          const loan = await m.world.ethers.getContractAt("LocalToken", market.params.loanToken);
          await m.give(m.liquidator, market.params.loanToken, 2n * before.debt);
          const had = await loan.balanceOf(await m.morpho.getAddress());
          await m.liquidate(market, alice.address, before.borrowShares / 2n);
          const repaid = (await loan.balanceOf(await m.morpho.getAddress())) - had;
          const seized = before.collateral - (await m.position(market, alice.address)).collateral;
          const factor = Number((seized * price) / 10n ** 18n) / 1e18 / Number(repaid);
          expectClose(factor, 1 / 0.958, 1e-6, "incentive");
          expectClose(Number(repaid) / (Number(before.debt) / 2), 1, 1e-6, "half the debt");
        }
      });

      it("takes the rest of an insolvent borrower's debt from the lenders", async () => {
        const m = await load();
        const { alice } = m.world.who;
        const [, loan] = loans(m);
        if (loan === undefined) throw new Error("no loan");
        await m.borrow(loan.market, alice, loan.collateral, loan.debt);
        await m.world.report(1_000);
        await m.accrue(loan.market);
        const before = await m.totals(loan.market);
        const { debt } = await m.position(loan.market, alice.address);
        await m.seize(loan.market, alice.address);
        const after = await m.totals(loan.market);
        expect(await m.position(loan.market, alice.address)).to.deep.equal({
          borrowShares: 0n,
          collateral: 0n,
          debt: 0n,
        });
        // 100 base at 1,000, less the incentive, is what came back.
        const lost = Number(debt) / Number(quoteUnit) - 100_000 * 0.958;
        expectClose(
          Number(before.totalSupplyAssets - after.totalSupplyAssets) / Number(quoteUnit) / lost,
          1,
          1e-4,
          "loss",
        );
      });

      it("has no money for a lender at full use, and some again when the whale has paid", async () => {
        const m = await load();
        for (const market of [m.conversion, m.reversal]) {
          await m.drain(market);
          expect(await m.utilization(market)).to.equal(ONE);
          const morpho = m.as(m.lender);
          const withdraw = (amount: bigint): ReturnType<typeof morpho.withdraw> =>
            morpho.withdraw(market.params, amount, 0, m.lender.address, m.lender.address);
          await expect(withdraw(1_000n)).to.be.revertedWith("insufficient liquidity");
          expect(await m.rateModel.rateAt(market.id, ONE)).to.equal(4n * (await m.rateModel.rateAtTarget(market.id)));
          await m.refill(market);
          expect(await m.utilization(market)).to.equal(0n);
          await expect(withdraw(1_000n)).not.to.revert(connection.ethers);
        }
      });

      it("applies a forced rate from then on and leaves the past alone", async () => {
        const m = await load();
        const { conversion: market } = m;
        await m.accrue(market);
        const start = await m.totals(market);
        const curve = await m.rateModel.rateAt(market.id, await m.utilization(market));
        await m.world.pass(DAYS_30);
        const forced = (2n * ONE) / YEAR;
        await m.setRate(market, forced);
        const middle = await m.totals(market);
        expect(middle.totalBorrowAssets - start.totalBorrowAssets).to.equal(
          interest(start.totalBorrowAssets, curve, middle.lastUpdate - start.lastUpdate),
        );
        await m.accrue(market, DAYS_30);
        const end = await m.totals(market);
        expect(end.totalBorrowAssets - middle.totalBorrowAssets).to.equal(
          interest(middle.totalBorrowAssets, forced, end.lastUpdate - middle.lastUpdate),
        );
        await m.setRate(market, null);
        const released = await m.totals(market);
        await m.accrue(market, 1_000);
        const last = await m.totals(market);
        const back = await m.rateModel.rateAt(
          market.id,
          (released.totalBorrowAssets * ONE) / released.totalSupplyAssets,
        );
        expect(last.totalBorrowAssets - released.totalBorrowAssets).to.equal(
          interest(released.totalBorrowAssets, back, last.lastUpdate - released.lastUpdate),
        );
      });
    });
  }
}

describe("local Morpho on the local chain", () => {
  let chain: LocalChain;

  before(async () => {
    chain = await startChain({ time: SOME_TIME });
  });

  after(async () => {
    await chain.stop();
  });

  async function answer(feed: LocalFeed, value: bigint): Promise<void> {
    const owner = await chain.ethers.getSigner(chain.accounts.feedTransmitter.address);
    const aggregator = await chain.ethers.getContractAt("LocalAggregator", feed.aggregator, owner);
    await (await aggregator.transmit(value, await chain.time())).wait();
  }

  it("is to the byte what the package's own source compiles to", async () => {
    const { bytecode } = await loadArtifact("local/LocalMorpho");
    expect(keccak256(bytecode)).to.equal(CREATION_CODE_HASH);
  });

  it("opens both markets before the feeds speak and fills them with borrowers afterwards", async () => {
    const pair = await deployPair(chain);
    const feeds: LocalFeeds = await deployFeeds(chain, {
      base: { description: "ETH / USD", decimals: 8, deviation: 0.005, heartbeat: 3600 },
      quote: { description: "USDC / USD", decimals: 8, deviation: 0.0025, heartbeat: 86_400 },
    });
    const markets = await deployMorpho(chain, pair, feeds, { price: 2_000, depth: 1e6 });
    const morpho = await chain.ethers.getContractAt("LocalMorpho", markets.morpho);
    expect((await morpho.market(markets.conversion.id)).totalSupplyAssets).to.equal(500n * 10n ** 18n);
    expect((await morpho.market(markets.reversal.id)).totalSupplyAssets).to.equal(10n ** 12n);
    for (const market of [markets.conversion, markets.reversal]) {
      expect(market.id).to.equal(marketId(market.params));
      expect((await morpho.idToMarketParams(market.id)).loanToken).to.equal(market.params.loanToken);
    }

    await answer(feeds.base, 2_000n * 10n ** 8n);
    await answer(feeds.quote, 10n ** 8n);
    await borrowInBackground(chain, markets, 0.5);
    for (const market of [markets.conversion, markets.reversal]) {
      const { totalBorrowAssets, totalSupplyAssets } = await morpho.market(market.id);
      expect(totalBorrowAssets).to.equal(divUp(totalSupplyAssets, 2n));
    }
  });
});
