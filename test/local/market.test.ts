import { expect } from "chai";
import { Contract } from "ethers";

import { seededRandom } from "../../keeper/market/random.ts";
import type { Bar, PricePath } from "../../keeper/market/types.ts";
import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import { dryRun, type DryRunTier } from "../../scripts/local/market/dryRun.ts";
import { Market, type MarketOptions, type StopReport } from "../../scripts/local/market/market.ts";
import { deployProtocols, type LocalProtocols } from "../../scripts/local/protocols/index.ts";
import { DEFAULT_TVL } from "../../scripts/local/protocols/liquidity.ts";
import { randomBars } from "./market/randomBars.ts";
import { rejects, SOME_TIME } from "./support.ts";
import { expectClose } from "../support/close.ts";

interface World {
  readonly chain: LocalChain;
  readonly protocols: LocalProtocols;
  readonly market: Market;
}

/** Calm, then a storm. */
const volatility =
  (count: number) =>
  (i: number): number =>
    i < count / 2 ? 0.5 : 2;

function pathOf(bars: readonly Bar[]): PricePath {
  const from = bars[0]?.time ?? 0;
  return { source: "generator", from, to: from + bars.length * 3600, step: 3600, bars, filledBars: 0, history: [] };
}

const somePath = (count: number): PricePath =>
  pathOf(randomBars(seededRandom(11), { count, volatility: volatility(count), time: SOME_TIME + 86_400 }));

describe("local market", () => {
  const chains: LocalChain[] = [];

  afterEach(async () => {
    await Promise.all(chains.splice(0).map((chain) => chain.stop()));
  });

  const world = async (path: PricePath, options: MarketOptions & { quoteIsToken0?: boolean } = {}): Promise<World> => {
    const chain = await startChain({ time: path.from - 3600 });
    chains.push(chain);
    const { quoteIsToken0 = false, ...rest } = options;
    const protocols = await deployProtocols(chain, { price: path.bars[0]?.open ?? NaN, quoteIsToken0 });
    const market = new Market(chain, protocols, path, rest);
    await market.open();
    return { chain, protocols, market };
  };

  const finish = async (market: Market): Promise<StopReport[]> => {
    const reports: StopReport[] = [];
    for (let report = await market.step(); report !== null; report = await market.step()) reports.push(report);
    return reports;
  };

  for (const quoteIsToken0 of [false, true]) {
    describe(`token0 = ${quoteIsToken0 ? "quote" : "base"}`, () => {
      it("keeps every pool within its fee of the path, the feeds within their deviation, and pays both ways", async function () {
        this.timeout(120_000);
        const path = somePath(48);
        const { chain, protocols, market } = await world(path, { quoteIsToken0 });
        const proxy = await chain.ethers.getContractAt("LocalFeedProxy", protocols.feeds.base.proxy);
        let stops = 0;
        for (let report = await market.step(); report !== null; report = await market.step()) {
          stops++;
          expect(await chain.time()).to.equal(report.time);
          for (const pool of await market.pools()) {
            const away = Math.abs(pool.price / report.price - 1);
            expect(away, `${pool.fee} pool at stop ${stops}`).to.be.at.most((pool.fee / 1e6) * (1 + 1e-9));
          }
          const round = (await proxy.getFunction("latestRoundData")()) as { answer: bigint; updatedAt: bigint };
          // The quote strays from its dollar by a few basis points, which the base's feed sees and the path does not.
          expect(Math.abs(Number(round.answer) / 1e8 / report.price - 1)).to.be.lessThan(0.005 + 0.0025);
          expect(report.time - Number(round.updatedAt)).to.be.lessThan(3600);
        }
        expect(stops).to.equal(144);
        expect(market.remaining).to.equal(0);
        expect(
          (await market.pools()).every((pool) => pool.liquidity === protocols.background.liquidity[pool.fee]),
        ).to.equal(true);

        const totals = market.totals();
        expectClose(totals.payRatio ?? NaN, 0.9, 0.2, "fees over loss versus rebalancing");
        const [cheap, middle] = totals.tiers;
        if (cheap === undefined || middle === undefined) throw new Error("Two tiers expected.");
        expect(cheap.noiseBuys / cheap.noiseSells).to.be.within(0.7, 1.4);
        expect(cheap.arbitrageVolume).to.be.greaterThan(0);
        expect(middle.noiseBuys + middle.noiseSells).to.be.greaterThan(0);
        expectClose(cheap.noiseFees, (cheap.noiseBuys + cheap.noiseSells) * 0.0005, 1e-6 * cheap.noiseFees);
      });
    });
  }

  it("pays the pools what it says: their own fee growth agrees with the totals", async () => {
    const path = somePath(12);
    const { chain, protocols, market } = await world(path);
    await finish(market);
    const price = path.bars.at(-1)?.close ?? NaN;
    for (const [i, pool] of protocols.uniswap.pools.entries()) {
      const abi = [
        "function feeGrowthGlobal0X128() view returns (uint256)",
        "function feeGrowthGlobal1X128() view returns (uint256)",
      ];
      const contract = new Contract(pool.address, abi, chain.ethers.provider);
      const liquidity = Number(protocols.background.liquidity[pool.fee]);
      const base = (Number((await contract.getFunction("feeGrowthGlobal0X128")()) as bigint) / 2 ** 128) * liquidity;
      const quote = (Number((await contract.getFunction("feeGrowthGlobal1X128")()) as bigint) / 2 ** 128) * liquidity;
      const tier = market.totals().tiers[i];
      if (tier === undefined) throw new Error("A tier is missing.");
      const paid = (base / 1e18) * price + quote / 1e6;
      // The totals value each stop at its own price, this at the last one.
      expectClose(paid / (tier.arbitrageFees + tier.noiseFees), 1, 0.03, `${pool.fee} tier's fees`);
    }
  });

  it("does on the chain what the planner's model foresees", async () => {
    const path = somePath(12);
    const { market } = await world(path);
    await finish(market);
    const bars = [...dryRun(path, { seed: 1, payRatio: 0.9, stops: 3, tvl: DEFAULT_TVL })];
    for (const [i, tier] of market.totals().tiers.entries()) {
      const foreseen = (value: (of: DryRunTier) => number): number =>
        bars.reduce((sum, bar) => {
          const of = bar.tiers[i];
          return of === undefined ? Number.NaN : sum + value(of);
        }, 0);
      expectClose(foreseen((of) => of.noiseFees) / tier.noiseFees, 1, 0.01, `${tier.fee} tier's noise fees`);
      expectClose(
        foreseen((of) => of.arbitrageFees) / tier.arbitrageFees,
        1,
        0.01,
        `${tier.fee} tier's arbitrage fees`,
      );
      expectClose(foreseen((of) => of.loss) / tier.backgroundLvr, 1, 1e-6, `${tier.fee} tier's loss`);
    }
    expectClose(bars.reduce((sum, bar) => sum + bar.swaps, 0) / market.totals().swaps, 1, 0.02, "swaps");
  });

  it("moves the noise from the cheap tier to the deeper one under stress", async function () {
    this.timeout(120_000);
    const share = async (level: number): Promise<number> => {
      const bars = randomBars(seededRandom(5), { count: 24, volatility: () => level, time: SOME_TIME + 86_400 });
      const { market } = await world(pathOf(bars));
      await finish(market);
      const [cheap, middle] = market.totals().tiers.map((tier) => tier.noiseFees);
      return (middle ?? NaN) / ((cheap ?? NaN) + (middle ?? NaN));
    };
    const [calm, stressed] = [await share(0.3), await share(2.5)];
    expect(stressed).to.be.greaterThan(calm + 0.2);
  });

  it("ends with the same block for the same seed, and another for another", async function () {
    this.timeout(120_000);
    const path = somePath(6);
    const lastHash = async (seed: number): Promise<string | null | undefined> => {
      const { chain, market } = await world(path, { seed });
      await finish(market);
      return (await chain.ethers.provider.getBlock("latest"))?.hash;
    };
    const [one, same, other] = [await lastHash(1), await lastHash(1), await lastHash(2)];
    expect(one).to.match(/^0x[0-9a-f]{64}$/);
    expect(same).to.equal(one);
    expect(other).not.to.equal(one);
  });

  it("brings no noise where the source has a gap, and arbitrage only if the price moved", async () => {
    const path = somePath(4);
    const [a, b, c, d] = path.bars as [Bar, Bar, Bar, Bar];
    const flat = {
      time: b.time,
      open: a.close,
      high: a.close,
      low: a.close,
      close: a.close,
      volume: 0,
      filled: true,
    } as const;
    const { market } = await world(pathOf([a, flat, c, d]));
    const reports = await finish(market);
    expect(reports.slice(3, 6).map((report) => report.swaps)).to.deep.equal([0, 0, 0]);
    expect(reports.slice(6).every((report) => report.swaps > 0)).to.equal(true);
  });

  it("brings pools back that somebody has moved between stops", async () => {
    const path = somePath(2);
    const { chain, protocols, market } = await world(path);
    await market.step();
    const signer = await chain.ethers.getSigner(chain.accounts.stranger.address);
    const thief = await chain.ethers.deployContract("LocalTrader", signer);
    const address = await thief.getAddress();
    for (const token of [protocols.pair.base, protocols.pair.quote]) {
      await (
        await (
          await chain.ethers.getContractAt("LocalToken", token, signer)
        )
          .getFunction("mint")
          .send(address, 10n ** 26n)
      ).wait();
    }
    const pool = protocols.uniswap.pools[1]?.address ?? "";
    await (
      await thief
        .getFunction("trade")
        .send([{ pool, zeroForOne: false, amountSpecified: 10n ** 13n, sqrtPriceLimitX96: 1n << 159n }])
    ).wait();
    const moved = (await market.pools())[1]?.price ?? NaN;
    expect(moved / (path.bars[0]?.open ?? NaN)).to.be.greaterThan(1.2);
    const report = await market.step();
    expect(Math.abs(((await market.pools())[1]?.price ?? NaN) / (report?.price ?? NaN) - 1)).to.be.at.most(
      0.003 * (1 + 1e-9),
    );
  });

  it("publishes the feeds on demand, for deployments that take days", async () => {
    const path = somePath(2);
    const { chain, protocols, market } = await world(path);
    const proxy = await chain.ethers.getContractAt("LocalFeedProxy", protocols.feeds.base.proxy);
    const round = async (): Promise<{ answer: bigint; updatedAt: bigint }> =>
      await proxy.getFunction("latestRoundData")();
    expectClose(Number((await round()).answer) / 1e8 / (path.bars[0]?.open ?? NaN), 1, 0.0025);
    await chain.mine(path.from - 60);
    await market.publishFeeds();
    expect((await round()).updatedAt).to.equal(BigInt(path.from - 59));
    expect(await chain.time()).to.equal(path.from - 59);
  });

  it("refuses to start twice, to step while closed, to run behind the chain, and an empty path", async () => {
    const path = somePath(2);
    const { chain, protocols, market } = await world(path);
    await rejects(market.open(), /open already/);
    await rejects(new Market(chain, protocols, path).step(), /not open yet/);
    expect(() => new Market(chain, protocols, { ...path, bars: [] })).to.throw(/no bars/);
    expect(() => new Market(chain, protocols, path, { stops: 4 })).to.throw(/multiple of three/);
    await chain.mine(path.from + 1200);
    await rejects(market.step(), /past the path's next stop/);
  });
});
