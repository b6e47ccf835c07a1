import { expect } from "chai";
import { network } from "hardhat";

import { MAX_UINT256, ONE, Q96, Random } from "../support/arithmetic.ts";
import { figure } from "../support/figures.ts";
import type { World } from "../support/world.ts";
import { DECIMALS, deployWorld, ORDERS, priceX96Of, sqrtAtTick, type WorldOptions } from "../support/world.ts";
import type { OracleTerms } from "../../scripts/deploy/strata.ts";
import type { PriceOracle } from "../../types/ethers-contracts/PriceOracle.ts";
import type { Pool } from "../support/pools.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const NOBODY = "0x0000000000000000000000000000000000000000";
const TERMS: OracleTerms = {
  referenceFee: 3_000,
  twapWindow: 1_800,
  twapBandBps: 500,
  baseHeartbeat: 4_200,
  quoteHeartbeat: 87_000,
  baseDeviationBps: 50,
  quoteDeviationBps: 25,
};

/** Another oracle on a world's pair and feeds. */
async function another(
  world: World,
  terms: Partial<OracleTerms>,
  sequencerFeed = NOBODY,
  minCardinality = 1,
  changes: object = {},
): Promise<PriceOracle> {
  return world.ethers.deployContract("PriceOracle", [
    {
      authority: world.addresses.accessManager,
      factory: await world.factory.getAddress(),
      token0: await world.token0.getAddress(),
      token1: await world.token1.getAddress(),
      quoteIsToken0: world.options.quoteIsToken0,
      safe: world.who.safe.address,
      baseFeed: await world.baseFeed.getAddress(),
      quoteFeed: await world.quoteFeed.getAddress(),
      sequencerFeed,
      minCardinality,
      terms: { ...TERMS, ...terms },
      ...changes,
    },
  ]);
}

describe("contracts/oracle: feeds", () => {
  async function open(): Promise<World> {
    return deployWorld(connection, { terms: TERMS });
  }

  for (const [i, decimals] of DECIMALS.entries()) {
    for (const order of ORDERS) {
      const feedDecimals = [
        [8, 8],
        [18, 8],
        [8, 18],
        [6, 0],
      ][(i + (order.quoteIsToken0 ? 1 : 0)) % 4] ?? [8, 8];
      const [baseFeedDecimals = 8, quoteFeedDecimals = 8] = feedDecimals;
      it(`prices ${decimals.baseDecimals}/${decimals.quoteDecimals} decimals by feeds of ${baseFeedDecimals}/${quoteFeedDecimals}, ${order.name}`, async () => {
        const options: Partial<WorldOptions> = {
          ...decimals,
          quoteIsToken0: order.quoteIsToken0,
          baseFeedDecimals,
          quoteFeedDecimals,
        };
        const world = await deployWorld(connection, { ...options, terms: TERMS });
        const { mid, low, high } = await world.oracle.feeds();
        expect(mid).to.equal(priceX96Of(2_000, { ...decimals, baseFeedDecimals }));
        expect(low).to.equal((mid * 9_925n) / 10_000n);
        // Outward, and where the division is exact a unit more.
        expect(high).to.equal((mid * 10_075n) / 10_000n + 1n);
        const band = await world.oracle.read(MAX_UINT256);
        expect([band.mid, band.low, band.high]).to.deep.equal([mid, low, high]);
        // A quote that is worth 1.25 dollars makes the base cheaper in it.
        if (quoteFeedDecimals > 1) {
          await world.quoteFeed.report(125n * 10n ** BigInt(quoteFeedDecimals - 2));
          expect((await world.oracle.feeds()).mid).to.equal((mid * 4n) / 5n);
        }
      });
    }
  }

  it(
    cites(
      "answers that are zero, negative, from the future or too old are refused, each feed by itself",
      INVARIANT.ORACLE_REFUSES,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const { oracle } = world;
      for (const [feed, heartbeat, good] of [
        [world.baseFeed, 4_200, 2_000n * 10n ** 8n],
        [world.quoteFeed, 87_000, 10n ** 8n],
      ] as const) {
        const address = await feed.getAddress();
        const refused = async (answer: bigint, updatedAt: number): Promise<void> => {
          await world.report(2_000);
          await feed.setRound(answer, updatedAt, updatedAt);
          for (const call of [() => oracle.feeds(), () => oracle.read(0)]) {
            await expect(call())
              .to.be.revertedWithCustomError(oracle, "FeedStale")
              .withArgs(address, answer, updatedAt, heartbeat);
          }
        };
        const now = await world.now();
        await refused(0n, now);
        await refused(-1n, now);
        await refused(-good, now);
        await refused(good, now + 10_000);
        await refused(good, now - heartbeat);
        await refused(good, 0);
        // Exactly as old as allowed is allowed: the round is written one second before the block that reads it.
        await world.report(2_000);
        const at = (await world.now()) + 10;
        await networkHelpers.time.setNextBlockTimestamp(at);
        await feed.setRound(good, at - heartbeat, at - heartbeat);
        expect((await oracle.feeds()).mid > 0n).to.equal(true);
        await networkHelpers.mine();
        await expect(oracle.feeds()).to.be.revertedWithCustomError(oracle, "FeedStale");
        await world.report(2_000);
        await feed.setSilent(true);
        await expect(oracle.feeds()).to.be.revertedWithCustomError(feed, "Silent");
        await feed.setSilent(false);
      }
    },
  );

  it(
    cites(
      "a refused price stops plans and a first deposit, not later deposits and exits",
      INVARIANT.ORACLE_REFUSES,
      INVARIANT.WITHDRAW_OPEN,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const { alice, bob, keeper } = world.who;
      await world.baseFeed.report(0n);
      await expect(world.firstDeposit(alice, 5_000n * ONE)).to.be.revertedWithCustomError(world.oracle, "FeedStale");
      await world.report(2_000);
      await world.firstDeposit(alice, 5_000n * ONE);
      await world.execute({ mints: [await world.around(3_000, 1_200)] });
      await world.baseFeed.report(0n);
      await expect(world.vault.connect(keeper).execute(await world.plan({}))).to.be.revertedWithCustomError(
        world.oracle,
        "FeedStale",
      );
      await world.deposit(bob, ONE);
      await world.withdraw(bob, ONE);
      await world.withdraw(alice, await world.vault.balanceOf(alice.address));
      const snapshot = await world.lens.observe(world.addresses.vault, keeper.address);
      expect(snapshot.oracleOk).to.equal(false);
      expect(world.oracle.interface.parseError(snapshot.oracleError)?.name).to.equal("FeedStale");
      expect([snapshot.price.mid, snapshot.price.low, snapshot.price.high]).to.deep.equal([0n, 0n, 0n]);
    },
  );

  it("the band has a floor, and terms have caps", async () => {
    const world = await networkHelpers.loadFixture(open);
    const narrow = await another(world, { baseDeviationBps: 0, quoteDeviationBps: 0 });
    const { mid, low, high } = await narrow.feeds();
    expect([low, high]).to.deep.equal([(mid * 9_975n) / 10_000n, (mid * 10_025n) / 10_000n + 1n]);
    const widest = await another(world, { baseDeviationBps: 200, quoteDeviationBps: 100 });
    expect((await widest.feeds()).low).to.equal((mid * 97n) / 100n);
    // The caps themselves are allowed.
    for (const terms of [
      { twapBandBps: 1 },
      { twapBandBps: 1_000 },
      { twapWindow: 300 },
      { twapWindow: 86_400 },
      { baseHeartbeat: 1 },
      { baseHeartbeat: 172_800 },
      { quoteHeartbeat: 1 },
      { quoteHeartbeat: 172_800 },
    ])
      for (const [name, value] of Object.entries(terms)) {
        const kept = (await (await another(world, terms)).terms()) as unknown as Record<string, bigint>;
        expect(kept[name], name).to.equal(BigInt(value));
      }
    for (const [terms, reason] of [
      [{ baseDeviationBps: 201, quoteDeviationBps: 100 }, "deviations above cap"],
      [{ baseDeviationBps: 65_535, quoteDeviationBps: 65_535 }, "deviations above cap"],
      [{ twapBandBps: 0 }, "twapBandBps outside (0, cap]"],
      [{ twapBandBps: 1_001 }, "twapBandBps outside (0, cap]"],
      [{ twapWindow: 299 }, "twapWindow outside bounds"],
      [{ twapWindow: 86_401 }, "twapWindow outside bounds"],
      [{ baseHeartbeat: 0 }, "baseHeartbeat outside (0, cap]"],
      [{ baseHeartbeat: 172_801 }, "baseHeartbeat outside (0, cap]"],
      [{ quoteHeartbeat: 0 }, "quoteHeartbeat outside (0, cap]"],
      [{ quoteHeartbeat: 172_801 }, "quoteHeartbeat outside (0, cap]"],
      [{ referenceFee: 100 }, "no reference pool"],
    ] as const) {
      await expect(another(world, terms)).to.be.revertedWithCustomError(world.oracle, "InvalidTerms").withArgs(reason);
    }
    await expect(another(world, {}, NOBODY, 60_000))
      .to.be.revertedWithCustomError(world.oracle, "InvalidTerms")
      .withArgs("reference pool keeps too few observations");
    const [token0, token1] = [await world.token0.getAddress(), await world.token1.getAddress()];
    for (const pair of [
      { token0: token1, token1: token0 },
      { token0, token1: token0 },
    ])
      await expect(another(world, {}, NOBODY, 1, pair)).to.be.revertedWithCustomError(world.oracle, "InvalidPair");
  });

  it("a price that no pool could show is refused", async () => {
    const world = await networkHelpers.loadFixture(open);
    await world.baseFeed.report(1n);
    await expect(world.oracle.feeds()).to.be.revertedWithCustomError(world.oracle, "PriceOutOfRange");
    await world.baseFeed.report(10n ** 60n);
    await expect(world.oracle.feeds()).to.be.revertedWithCustomError(world.oracle, "PriceOutOfRange");
  });

  it(cites("a rollup's sequencer must be up, and for an hour", INVARIANT.ORACLE_REFUSES), async () => {
    const world = await networkHelpers.loadFixture(open);
    const feed = world.sequencerFeed;
    const oracle = await another(world, { baseHeartbeat: 172_800, quoteHeartbeat: 172_800 }, await feed.getAddress());
    const now = await world.now();
    for (const [answer, since] of [
      [1n, now - 100_000],
      [0n, 0],
      [0n, now + 100_000],
      [0n, now - 100],
      [-1n, now - 100_000],
    ] as const) {
      await feed.setRound(answer, since, now);
      await expect(oracle.feeds()).to.be.revertedWithCustomError(oracle, "SequencerDown").withArgs(since);
    }
    const back = (await world.now()) + 1;
    await feed.setRound(0n, back, back);
    await networkHelpers.time.increaseTo(back + 3_599);
    await expect(oracle.feeds()).to.be.revertedWithCustomError(oracle, "SequencerDown");
    await networkHelpers.time.increaseTo(back + 3_600);
    expect((await oracle.feeds()).mid > 0n).to.equal(true);
  });

  for (const order of ORDERS) {
    it(
      cites(`spot and TWAP of the reference pool must agree with the feeds, ${order.name}`, INVARIANT.ORACLE_REFUSES),
      async () => {
        const world = await deployWorld(connection, {
          quoteIsToken0: order.quoteIsToken0,
          terms: { ...TERMS, baseHeartbeat: 172_800, quoteHeartbeat: 172_800 },
        });
        const { oracle } = world;
        // 0.75 % of both feeds and the pool's own 0.3 %.
        for (const [price, good] of [
          [2_000 * 1.0075 * 1.003 * 0.9999, true],
          [2_000 * 1.0075 * 1.003 * 1.0001, false],
          [2_000 * 0.9925 * 0.997 * 1.0001, true],
          [2_000 * 0.9925 * 0.997 * 0.9999, false],
        ] as const) {
          await world.movePools(price);
          if (good) expect((await oracle.read(0)).mid).to.equal(world.priceX96(2_000));
          else await expect(oracle.read(0)).to.be.revertedWithCustomError(oracle, "SpotOutsideBand");
        }
        // The market jumps 10 % and the feeds with it; the mean of half an hour needs time to follow within 5 %.
        await world.movePools(2_000);
        await world.pass(3_600);
        await world.movePools(2_200);
        await world.report(2_200);
        await expect(oracle.read(0)).to.be.revertedWithCustomError(oracle, "TwapOutsideBand");
        await world.pass(600);
        await expect(oracle.read(0)).to.be.revertedWithCustomError(oracle, "TwapOutsideBand");
        await world.pass(600);
        expect((await oracle.read(0)).mid).to.equal(world.priceX96(2_200));
      },
    );
  }
});

/** The mean tick over a window by the pool's own `observe`, rounded to negative infinity. */
async function meanTick(pool: Pool, window: number): Promise<number> {
  const [start = 0n, end = 0n] = await pool.observe([window, 0]);
  const change = end - start;
  const floor = change / BigInt(window) - (change < 0n && change % BigInt(window) !== 0n ? 1n : 0n);
  return Number(floor);
}

/** As the contract turns a tick into a price, quote per base: two divisions when turned round. */
function priceAtTick(tick: number, quoteIsToken0: boolean): bigint {
  const root = sqrtAtTick(tick);
  return quoteIsToken0 ? (((Q96 * Q96) / root) * Q96) / root : (root * root) / Q96;
}

for (const order of ORDERS) {
  describe(`contracts/oracle: TWAP, ${order.name}`, () => {
    const q = order.quoteIsToken0;
    const WINDOW = 600;
    async function open(): Promise<World> {
      return deployWorld(connection, { quoteIsToken0: q, fees: [3_000], cardinality: 7, minCardinality: 1 });
    }

    /** Whether the hint lets `read` do without the pool's search, told from the ring itself. */
    async function fast(world: World, hint: number): Promise<boolean> {
      const pool = world.pool(3_000);
      const { observationCardinality: size } = await pool.slot0();
      if (hint >= size) return false;
      const now = await world.now();
      const [at, next] = [await pool.observation(hint), await pool.observation((hint + 1) % size)];
      return at.initialized && now - at.timestamp >= WINDOW && next.initialized && now - next.timestamp < WINDOW;
    }

    it(
      cites(
        "is pool.observe's, rounded down, for right, wrong and random hints, over growth and wrap of the ring",
        INVARIANT.ORACLE_TWAP,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const pool = world.pool(3_000);
        // One basis point of TWAP band: `read` always refuses, and its error says which mean it found.
        const probe = await another(world, {
          twapBandBps: 1,
          twapWindow: WINDOW,
          baseDeviationBps: 300,
          quoteDeviationBps: 0,
          baseHeartbeat: 172_800,
          quoteHeartbeat: 172_800,
        });
        const random = new Random(q ? 21 : 22);
        const { interface: abi } = pool.contract;
        let [compared, quiet, old, hinted, sizes] = [0, 0, 0, 0, 0];
        for (let i = 0; i < 60; i++) {
          if (i === 20 || i === 40) {
            await world.market.run([
              {
                target: pool.address,
                data: abi.encodeFunctionData("increaseObservationCardinalityNext", [i === 20 ? 13 : 40]),
              },
            ]);
          }
          const price = 2_000 * (1 + (random.next() - 0.5) * 0.02);
          await world.movePools(price);
          // Busy at first, so that a small ring forgets the window's start; then anything, the window's own length included.
          await world.pass(random.pick(i < 12 ? [1, 2, 13, 61] : [1, 2, 13, 61, 127, 350, 599, 600, 601, 1_300]));
          // A feed a little away from the spot, on the side that the mean is not.
          const { sqrtPriceX96, observationCardinality, observationIndex, tick } = await pool.slot0();
          const newest = await pool.observation(observationIndex);
          let mean: number;
          try {
            mean = await meanTick(pool, WINDOW);
          } catch (error) {
            expect(String(error)).to.include("OLD");
            await world.report(price);
            for (const hint of [await probe.findTwapHint(), 0, MAX_UINT256])
              await expect(probe.read(hint)).to.be.revertedWith("OLD");
            old++;
            continue;
          }
          const away = mean > tick !== q ? 0.988 : 1.012;
          await world.report(price * away);
          expect((await pool.slot0()).sqrtPriceX96).to.equal(sqrtPriceX96);
          mean = await meanTick(pool, WINDOW);
          const expected = priceAtTick(mean, q);
          const { mid } = await probe.feeds();
          const best = Number(await probe.findTwapHint());
          const hints: (number | bigint)[] = [best, 0, 65_535, MAX_UINT256, random.int(0, 100)];
          if (i % 10 === 9) for (let hint = 0; hint < observationCardinality; hint++) hints.push(hint);
          for (const hint of hints) {
            await expect(probe.read(hint), `hint ${hint} at step ${i}`)
              .to.be.revertedWithCustomError(probe, "TwapOutsideBand")
              .withArgs(expected, mid);
            compared++;
          }
          if ((await world.now()) - newest.timestamp >= WINDOW) quiet++;
          else {
            // The window's start lies inside the ring, so there is a right hint, and it is found.
            expect(await fast(world, best), `hint ${best} at step ${i}`).to.equal(true);
            hinted++;
          }
          sizes = Math.max(sizes, observationCardinality);
        }
        figure(
          `${compared} means compared; ${hinted} by the right hint, ${quiet} with nothing inside the window, ${old} out of reach; ring up to ${sizes}`,
        );
        expect(compared > 100 && quiet > 3 && old > 0 && hinted > 10 && sizes === 40).to.equal(true);
      },
    );

    it("a right hint saves the pool's search", async () => {
      const world = await deployWorld(connection, {
        quoteIsToken0: q,
        fees: [3_000],
        cardinality: 100,
        minCardinality: 1,
        terms: { twapWindow: WINDOW },
      });
      for (let i = 0; i < 110; i++) {
        await world.movePools(2_000 + (i % 2));
        await world.pass(20);
      }
      await world.report(2_000);
      const hint = await world.oracle.findTwapHint();
      expect(await fast(world, Number(hint))).to.equal(true);
      const gas = async (h: bigint): Promise<bigint> => world.oracle.read.estimateGas(h);
      const [right, wrong] = [await gas(hint), await gas(MAX_UINT256)];
      figure(
        `oracle read: ${right} gas with the hint, ${wrong} without, of which 21,000 and more are a transaction's own`,
      );
      expect(right + 10_000n < wrong).to.equal(true);
    });

    it(cites("a change of price inside this block moves the mean by nothing", INVARIANT.ORACLE_TWAP), async () => {
      const world = await networkHelpers.loadFixture(open);
      const pool = world.pool(3_000);
      await world.movePools(2_004);
      await world.pass(3_600);
      const probe = await another(world, {
        twapBandBps: 1,
        twapWindow: WINDOW,
        baseDeviationBps: 300,
        quoteDeviationBps: 0,
        baseHeartbeat: 172_800,
        quoteHeartbeat: 172_800,
      });
      const before = await meanTick(pool, WINDOW);
      await world.movePools(2_030);
      await world.report(2_010);
      // The report's block is one second later: one second of the window stands at the new price.
      const { tick } = await pool.slot0();
      const mean = await meanTick(pool, WINDOW);
      expect(Math.abs(mean - before) <= Math.ceil(Math.abs(tick - before) / WINDOW)).to.equal(true);
      await expect(probe.read(await probe.findTwapHint()))
        .to.be.revertedWithCustomError(probe, "TwapOutsideBand")
        .withArgs(priceAtTick(mean, q), (await probe.feeds()).mid);
    });
  });
}
