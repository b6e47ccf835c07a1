import { expect } from "chai";
import { id } from "ethers";
import { network } from "hardhat";

import { ONE } from "../support/arithmetic.ts";
import { rangeKey } from "../support/checks.ts";
import { navAt } from "../support/chargeModel.ts";
import { tighten } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld, ORDERS } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

/** What one quote wei of doubt may cost a plan that loses nothing, as a fraction of 19,000 units. */
function oneWei(world: World): bigint {
  return ONE / (19_000n * 10n ** BigInt(world.options.quoteDecimals)) + 1n;
}

describe("contracts/plans", () => {
  async function open(): Promise<World> {
    const world = await deployWorld(connection, {
      otherFees: [100],
      caps: { minHalfWidth: 200, maxHalfWidth: 20_000, coreWeightCapBps: 10_000 },
    });
    await world.firstDeposit(world.who.alice, 20_000n * ONE);
    return world;
  }
  /** One range in the 0.3 % tier. */
  async function placed(): Promise<World> {
    const world = await open();
    await world.execute({ mints: [await world.around(3_000, 1_200)] });
    return world;
  }

  it(cites("a nonce is used once, whoever is late reads which one is next", INVARIANT.PLAN_ONCE), async () => {
    const world = await networkHelpers.loadFixture(placed);
    expect(await world.vault.planNonce()).to.equal(1n);
    for (const nonce of [0n, 2n]) {
      await expect(world.vault.connect(world.who.keeper).execute(await world.plan({ nonce })))
        .to.be.revertedWithCustomError(world.planErrors, "WrongNonce")
        .withArgs(1, nonce);
    }
    const plan = await world.plan({ decisionHash: `0x${"ab".repeat(32)}` });
    await expect(world.vault.connect(world.who.keeper).execute(plan))
      .to.emit(world.vault, "PlanExecuted")
      .withArgs(
        1,
        world.who.keeper.address,
        `0x${"ab".repeat(32)}`,
        (chargeX18: bigint) => chargeX18 <= oneWei(world),
        (nav: bigint) => nav > 19_000n * 10n ** 6n,
        world.priceX96(2_000),
      );
    await expect(world.vault.connect(world.who.keeper).execute(plan)).to.be.revertedWithCustomError(
      world.planErrors,
      "WrongNonce",
    );
  });

  it(cites("the deadline is the last second in which a plan may run", INVARIANT.PLAN_ONCE), async () => {
    const world = await networkHelpers.loadFixture(placed);
    const deadline = (await world.now()) + 100;
    const plan = await world.plan({ deadline });
    const snapshot = await networkHelpers.takeSnapshot();
    await networkHelpers.time.setNextBlockTimestamp(deadline + 1);
    await expect(world.vault.connect(world.who.keeper).execute(plan))
      .to.be.revertedWithCustomError(world.planErrors, "PlanExpired")
      .withArgs(deadline);
    await snapshot.restore();
    await networkHelpers.time.setNextBlockTimestamp(deadline);
    await world.vault.connect(world.who.keeper).execute(plan);
  });

  it(cites("only a keeper of the policy plans", INVARIANT.PLAN_ONCE), async () => {
    const world = await networkHelpers.loadFixture(placed);
    const { stranger, deployer, safe, keeper } = world.who;
    for (const signer of [stranger, deployer, safe]) {
      await expect(world.vault.connect(signer).execute(await world.plan({})))
        .to.be.revertedWithCustomError(world.policy, "NotKeeper")
        .withArgs(signer.address);
    }
    await world.policy.connect(safe).removeKeeper(keeper.address);
    await expect(world.vault.connect(keeper).execute(await world.plan({}))).to.be.revertedWithCustomError(
      world.policy,
      "NotKeeper",
    );
  });

  it("the library itself cannot be called to act on anything", async () => {
    const world = await networkHelpers.loadFixture(placed);
    const plan = await world.plan({});
    const data = world.vault.interface.encodeFunctionData("execute", [plan]);
    await expect(
      world.who.keeper.sendTransaction({ to: world.addresses.planLib, data, gasLimit: 1_000_000n }),
    ).to.revert(world.ethers);
  });

  it(
    cites("unknown and removed tiers are refused for swaps and mints, and left by burns", INVARIANT.PLAN_RANGES),
    async () => {
      const world = await networkHelpers.loadFixture(placed);
      const keeper = world.vault.connect(world.who.keeper);
      for (const fee of [0, 100, 2_500]) {
        await expect(keeper.execute(await world.plan({ swaps: [{ fee, zeroForOne: true, fraction: ONE / 10n }] })))
          .to.be.revertedWithCustomError(world.planErrors, "PoolNotAllowed")
          .withArgs(fee);
        await expect(keeper.execute(await world.plan({ mints: [{ fee, tickLower: -201_000, tickUpper: -199_800 }] })))
          .to.be.revertedWithCustomError(world.planErrors, "PoolNotAllowed")
          .withArgs(fee);
      }
      await world.policy.connect(world.who.safe).removePool(3_000);
      await expect(
        keeper.execute(await world.plan({ mints: [await world.around(3_000, 1_200)] })),
      ).to.be.revertedWithCustomError(world.planErrors, "PoolNotAllowed");
      // Nine tenths move on: all of NAV at mid is more than all of NAV at the band's low end, and so than the greatest budget.
      const part = { fraction0: (ONE * 9n) / 10n, fraction1: (ONE * 9n) / 10n };
      await world.execute({ burns: [{ index: 0 }], mints: [{ ...(await world.around(500, 1_200)), ...part }] });
      expect((await world.book()).positions.map((p) => p.fee)).to.deep.equal([500]);
    },
  );

  it(cites("a range is as wide as the policy says, at both ends exactly", INVARIANT.PLAN_RANGES), async () => {
    const world = await networkHelpers.loadFixture(open);
    const keeper = world.vault.connect(world.who.keeper);
    const tick = Math.floor((await world.tick(500)) / 10) * 10;
    const mint = (
      below: number,
      above: number,
    ): { fee: number; tickLower: number; tickUpper: number; fraction0: bigint; fraction1: bigint } => ({
      fee: 500,
      tickLower: tick - below,
      tickUpper: tick + above,
      fraction0: ONE / 100n,
      fraction1: ONE / 100n,
    });
    for (const [below, above] of [
      [190, 200],
      [20_000, 20_010],
      [-200, 200],
      [-300, 200],
    ] as const) {
      const [tickLower, tickUpper] = [tick - below, tick + above];
      await expect(keeper.execute(await world.plan({ mints: [mint(below, above)] })))
        .to.be.revertedWithCustomError(world.planErrors, "WidthNotAllowed")
        .withArgs(tickLower, tickUpper);
    }
    await world.execute({ mints: [mint(200, 200), mint(20_000, 20_000)] });
    expect((await world.book()).positions).to.have.length(2);
  });

  it("ticks off the grid or beyond Uniswap's range are refused by the pool's own rules", async () => {
    const world = await networkHelpers.loadFixture(open);
    const keeper = world.vault.connect(world.who.keeper);
    const off = { fee: 3_000, tickLower: -201_001, tickUpper: -199_801 };
    await expect(keeper.execute(await world.plan({ mints: [off] }))).to.revert(world.ethers);
    const beyond = { fee: 3_000, tickLower: -887_280, tickUpper: -867_000 };
    await expect(keeper.execute(await world.plan({ mints: [beyond] }))).to.revert(world.ethers);
    expect(await world.vault.planNonce()).to.equal(0n);
  });

  it("a fraction above one is refused in each step", async () => {
    const world = await networkHelpers.loadFixture(placed);
    const keeper = world.vault.connect(world.who.keeper);
    const fraction = ONE + 1n;
    const range = await world.around(3_000, 1_200);
    for (const steps of [
      { burns: [{ index: 0, fraction }] },
      { swaps: [{ fee: 500, zeroForOne: true, fraction }] },
      { mints: [{ ...range, fraction0: fraction }] },
      { mints: [{ ...range, fraction1: fraction }] },
    ]) {
      await expect(keeper.execute(await world.plan(steps)))
        .to.be.revertedWithCustomError(world.planErrors, "FractionAboveOne")
        .withArgs(fraction);
    }
  });

  it("an empty place, an index beyond the list and a range burned twice are refused", async () => {
    const world = await networkHelpers.loadFixture(placed);
    const keeper = world.vault.connect(world.who.keeper);
    for (const burns of [[{ index: 1 }], [{ index: 8 }], [{ index: 255 }]]) {
      await expect(keeper.execute(await world.plan({ burns })))
        .to.be.revertedWithCustomError(world.planErrors, "EmptyPosition")
        .withArgs(burns[0]?.index);
    }
    await expect(
      keeper.execute(await world.plan({ burns: [{ index: 0 }, { index: 0 }] })),
    ).to.be.revertedWithCustomError(world.planErrors, "EmptyPosition");
    await expect(
      keeper.execute(await world.plan({ burns: [{ index: 0 }, { index: 0, fraction: 0n }] })),
    ).to.be.revertedWithCustomError(world.planErrors, "EmptyPosition");
    // In slices a range would lose a wei of each token to the pool's rounding as often as the keeper likes.
    const slice = { index: 0, fraction: ONE / 1_000n };
    await expect(keeper.execute(await world.plan({ burns: [slice, slice] })))
      .to.be.revertedWithCustomError(world.planErrors, "BurnedTwice")
      .withArgs(0);
  });

  it(cites("the same range again grows the place that it has", INVARIANT.PLAN_LIST), async () => {
    const world = await networkHelpers.loadFixture(open);
    const range = await world.around(3_000, 1_200);
    await world.execute({ mints: [{ ...range, fraction0: ONE / 2n, fraction1: ONE / 2n }] });
    const before = await world.book();
    await world.execute({ mints: [range, { ...range, fraction0: ONE / 2n, fraction1: ONE / 2n }].slice(0, 1) });
    const after = await world.book();
    expect(after.positions).to.have.length(1);
    expect((after.positions[0]?.liquidity ?? 0n) > (before.positions[0]?.liquidity ?? 0n)).to.equal(true);
    // Burned and minted again in one plan: back into the same place.
    await world.execute({ burns: [{ index: 0 }], mints: [range] });
    expect((await world.book()).positions.map(rangeKey)).to.deep.equal(after.positions.map(rangeKey));
  });

  it(
    cites(
      "compounding: fraction 0 only collects, to the wei of what was owed",
      INVARIANT.FEES_BY_VIEW,
      INVARIANT.PLAN_CHARGE,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(placed);
      await world.movePools(2_012);
      await world.movePools(2_000);
      const before = await world.book();
      const [position] = before.positions;
      if (position === undefined) throw new Error("no position");
      expect(position.fees0 > 0n && position.fees1 > 0n).to.equal(true);
      const { chargeX18 } = await world.execute({ burns: [{ index: 0, fraction: 0n }] });
      const after = await world.book();
      expect(chargeX18 <= oneWei(world)).to.equal(true);
      expect(after.idle0 - before.idle0).to.equal(position.fees0);
      expect(after.idle1 - before.idle1).to.equal(position.fees1);
      expect(after.positions[0]).to.deep.equal({ ...position, fees0: 0n, fees1: 0n });
    },
  );

  it("a part of a range is burned, rounded down, and its minimum is kept", async () => {
    const world = await networkHelpers.loadFixture(placed);
    const keeper = world.vault.connect(world.who.keeper);
    const [was] = (await world.book()).positions;
    if (was === undefined) throw new Error("no position");
    const fraction = 333_333_333_333_333_333n;
    const least = { min0: (was.amount0 * 34n) / 100n, min1: (was.amount1 * 34n) / 100n };
    for (const min of [{ min0: least.min0 }, { min1: least.min1 }]) {
      await expect(
        keeper.execute(await world.plan({ burns: [{ index: 0, fraction, ...min }] })),
      ).to.be.revertedWithCustomError(world.planErrors, "SlippageOnBurn");
    }
    await world.execute({
      burns: [{ index: 0, fraction, min0: (was.amount0 * 33n) / 100n, min1: (was.amount1 * 33n) / 100n }],
    });
    const [is] = (await world.book()).positions;
    expect(is?.liquidity).to.equal(was.liquidity - (was.liquidity * fraction) / ONE);
  });

  it("a mint below its least liquidity, or of nothing, is refused", async () => {
    const world = await networkHelpers.loadFixture(open);
    const keeper = world.vault.connect(world.who.keeper);
    const range = await world.around(3_000, 1_200);
    const plan = async (extra: object): Promise<ReturnType<World["plan"]>> =>
      world.plan({ mints: [{ ...range, ...extra }] });
    await expect(keeper.execute(await plan({ minLiquidity: 1n << 100n }))).to.be.revertedWithCustomError(
      world.planErrors,
      "SlippageOnMint",
    );
    await expect(keeper.execute(await plan({ fraction0: 0n })))
      .to.be.revertedWithCustomError(world.planErrors, "SlippageOnMint")
      .withArgs(3_000, 0, 0);
    await expect(keeper.execute(await plan({ fraction1: 0n }))).to.be.revertedWithCustomError(
      world.planErrors,
      "SlippageOnMint",
    );
    const snapshot = await networkHelpers.takeSnapshot();
    await world.execute({ mints: [range] });
    const minLiquidity = (await world.book()).positions[0]?.liquidity ?? 0n;
    await snapshot.restore();
    await world.execute({ mints: [{ ...range, minLiquidity }] });
  });

  for (const order of ORDERS) {
    it(`a swap keeps its minimum and stops at its limit, ${order.name}`, async () => {
      const world = await deployWorld(connection, { quoteIsToken0: order.quoteIsToken0, depths: { 500: 2e6 } });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      const keeper = world.vault.connect(world.who.keeper);
      const before = await world.book();
      for (const zeroForOne of [true, false]) {
        const had = zeroForOne ? before.idle1 : before.idle0;
        const swap = { fee: 500, zeroForOne, fraction: ONE / 4n };
        // What it brings on a copy of the chain, to the wei; and a wei more.
        const copy = await networkHelpers.takeSnapshot();
        await world.execute({ swaps: [swap] });
        const { idle0, idle1 } = await world.vault.idle();
        const out = (zeroForOne ? idle1 : idle0) - had;
        await copy.restore();
        await expect(
          keeper.execute(await world.plan({ swaps: [{ ...swap, minOut: out + 1n }] })),
        ).to.be.revertedWithCustomError(world.planErrors, "SlippageOnSwap");
        await keeper.execute.staticCall(await world.plan({ swaps: [{ ...swap, minOut: out }] }));
      }
      const { sqrtPriceX96 } = await world.pool(500).slot0();
      const limit = (sqrtPriceX96 * 9_999n) / 10_000n;
      await world.execute({ swaps: [{ fee: 500, zeroForOne: true, sqrtPriceLimitX96: limit }] });
      expect((await world.pool(500).slot0()).sqrtPriceX96).to.equal(limit);
      const after = await world.book();
      expect(after.idle0 > 0n && after.idle0 < before.idle0 && after.idle1 > before.idle1).to.equal(true);
    });
  }

  it(
    cites(
      "eight ranges in three tiers fill both words; the ninth is refused; each place can be emptied and reused",
      INVARIANT.PLAN_LIST,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const keeper = world.vault.connect(world.who.keeper);
      const ranges = [
        await world.around(3_000, 600),
        await world.around(500, 600),
        await world.around(10_000, 600),
        await world.around(3_000, 1_800),
        await world.around(500, 1_800),
        await world.around(10_000, 1_800),
        await world.around(3_000, 3_600),
        await world.around(500, 3_600),
      ];
      const part = { fraction0: ONE / 20n, fraction1: ONE / 20n };
      // Three, then one more (the first word is full), then the rest: the second word comes into use on its own.
      await world.execute({ mints: ranges.slice(0, 3).map((r) => ({ ...r, ...part })) });
      await world.execute({ mints: ranges.slice(3, 4).map((r) => ({ ...r, ...part })) });
      await world.execute({ mints: ranges.slice(4, 5).map((r) => ({ ...r, ...part })) });
      await world.execute({ mints: ranges.slice(5, 8).map((r) => ({ ...r, ...part })) });
      expect((await world.book()).positions.map(rangeKey)).to.deep.equal(ranges.map(rangeKey));
      expect((await world.book()).positions.map((p) => p.index)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);

      const ninth = { ...(await world.around(10_000, 3_600)), ...part };
      await expect(keeper.execute(await world.plan({ mints: [ninth] }))).to.be.revertedWithCustomError(
        world.planErrors,
        "TooManyPositions",
      );
      // A place that the same plan empties is free for it, whichever it is.
      for (let index = 0; index < 8; index++) {
        const old = (await world.book()).positions.find((p) => p.index === index);
        const mint = { ...(await world.around(10_000, 4_000 + 200 * index)), ...part };
        await world.execute({ burns: [{ index }], mints: [mint] });
        const now = await world.book();
        expect(now.positions).to.have.length(8);
        expect(rangeKey(now.positions[index] ?? ninth)).to.equal(rangeKey(mint));
        expect(now.positions.map(rangeKey)).not.to.include(rangeKey(old ?? ninth));
      }
      // The second word empties, the first one forgets it, and it fills again.
      await world.execute({ burns: [{ index: 7 }, { index: 5 }, { index: 4 }, { index: 6 }] });
      expect((await world.book()).positions.map((p) => p.index)).to.deep.equal([0, 1, 2, 3]);
      await world.execute({ burns: [{ index: 1 }], mints: ranges.slice(0, 2).map((r) => ({ ...r, ...part })) });
      const last = await world.book();
      expect(last.positions.map((p) => p.index)).to.deep.equal([0, 1, 2, 3, 4]);
      expect([last.positions[1], last.positions[4]].map((p) => rangeKey(p ?? ninth))).to.deep.equal(
        ranges.slice(0, 2).map(rangeKey),
      );
      await world.execute({ burns: [0, 1, 2, 3, 4].map((index) => ({ index })) });
      expect((await world.book()).positions).to.deep.equal([]);
    },
  );

  it(
    cites(
      "the core's weight is capped, but a core already above the cap may be rolled and shrunk, not grown",
      INVARIANT.PLAN_WEIGHT,
    ),
    async () => {
      const world = await deployWorld(connection, { caps: { coreWeightCapBps: 6_000 } });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      const keeper = world.vault.connect(world.who.keeper);
      const range = await world.around(3_000, 1_200);
      const half = { ...range, fraction0: ONE / 2n, fraction1: ONE / 2n };
      await expect(keeper.execute(await world.plan({ mints: [range] })))
        .to.be.revertedWithCustomError(world.planErrors, "CoreWeightAboveCap")
        .withArgs((bps: bigint) => bps > 9_900n && bps <= 10_000n, 6_000);
      await world.execute({ mints: [half] });
      // The guardian lowers the cap under what stands.
      await tighten(world, { coreWeightCapBps: 3_000 });
      const tiny = { ...range, fraction0: ONE / 1_000n, fraction1: ONE / 1_000n };
      await expect(keeper.execute(await world.plan({ mints: [tiny] }))).to.be.revertedWithCustomError(
        world.planErrors,
        "CoreWeightAboveCap",
      );
      await world.execute({ burns: [{ index: 0, fraction: 0n }] });
      await world.execute({ burns: [{ index: 0, fraction: ONE / 10n }] });
      const [was] = (await world.book()).positions;
      await world.execute({
        burns: [{ index: 0, fraction: ONE / 2n }],
        mints: [{ ...range, fraction0: ONE / 10n, fraction1: ONE / 10n }],
      });
      const [is] = (await world.book()).positions;
      expect((is?.liquidity ?? 0n) < (was?.liquidity ?? 0n)).to.equal(true);
    },
  );

  it(cites("the weight is measured to the basis point, rounded up", INVARIANT.PLAN_WEIGHT), async () => {
    for (const quoteIsToken0 of [false, true]) {
      const world = await deployWorld(connection, { quoteIsToken0 });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      const range = await world.around(3_000, 1_200);
      const some = { ...range, fraction0: ONE / 3n, fraction1: ONE / 2n };
      const before = await networkHelpers.takeSnapshot();
      await world.execute({ mints: [some] });
      const book = await world.book();
      const { low } = await world.oracle.feeds();
      const nav = navAt(book, low, quoteIsToken0);
      const core = navAt({ ...book, idle0: 0n, idle1: 0n }, low, quoteIsToken0);
      const weightBps = (core * 10_000n + nav - 1n) / nav;
      expect(weightBps > 1_000n && weightBps < 9_000n).to.equal(true);
      const capAt = async (coreWeightCapBps: bigint): Promise<void> => {
        await before.restore();
        await tighten(world, { coreWeightCapBps: Number(coreWeightCapBps) });
      };
      await capAt(weightBps - 1n);
      await expect(world.vault.connect(world.who.keeper).execute(await world.plan({ mints: [some] })))
        .to.be.revertedWithCustomError(world.planErrors, "CoreWeightAboveCap")
        .withArgs(weightBps, weightBps - 1n);
      await capAt(weightBps);
      await world.execute({ mints: [some] });
    }
  });

  it(cites("a plan leaves no allowance to anybody", INVARIANT.PLAN_CLEAN), async () => {
    const world = await networkHelpers.loadFixture(placed);
    await world.execute({
      burns: [{ index: 0 }],
      swaps: [{ fee: 500, zeroForOne: true, fraction: ONE / 100n }],
      mints: [
        { ...(await world.around(10_000, 2_000)), fraction0: ONE / 2n, fraction1: ONE / 2n },
        await world.around(500, 2_000),
      ],
    });
    const spenders = [...world.pools.values()].map((pool) => pool.address);
    spenders.push(...world.contracts(), ...world.people());
    for (const token of [world.token0, world.token1]) {
      for (const spender of spenders) expect(await token.allowance(world.addresses.vault, spender)).to.equal(0n);
      expect(await token.queryFilter(token.filters.Approval(world.addresses.vault))).to.deep.equal([]);
    }
  });

  it(
    cites("a plan expects the pool that it calls, and none in the end", INVARIANT.PLAN_CLEAN, INVARIANT.CALLBACK),
    async () => {
      const world = await networkHelpers.loadFixture(placed);
      const half = { fraction0: ONE / 2n, fraction1: ONE / 2n };
      const { receipt } = await world.execute({
        burns: [{ index: 0 }],
        swaps: [{ fee: 500, zeroForOne: true, fraction: ONE / 100n }],
        mints: [{ ...(await world.around(10_000, 2_000)), ...half }],
      });
      const trace = (await world.connection.provider.request({
        method: "debug_traceTransaction",
        params: [receipt.hash, { disableMemory: true, disableStorage: true }],
      })) as { readonly structLogs: readonly { readonly op: string; readonly stack: readonly string[] }[] };
      // What the vault wrote into its transient word for the expected pool, in order.
      const slot = BigInt(id("strata.ExpectedPool")) - 1n;
      const written = trace.structLogs.flatMap(({ op, stack }) => {
        const [value, key] = stack.slice(-2).map((word) => BigInt(word.startsWith("0x") ? word : `0x${word}`));
        return op === "TSTORE" && key === slot && value !== undefined ? [value] : [];
      });
      expect(written).to.deep.equal([BigInt(world.pool(500).address), BigInt(world.pool(10_000).address), 0n]);
    },
  );

  it("more liquidity than a pool can count is refused by a name, and a part of it minted", async () => {
    const world = await networkHelpers.loadFixture(open);
    for (const token of [world.token0, world.token1]) await token.mint(world.addresses.vault, 10n ** 43n);
    const range = await world.around(3_000, 300);
    await expect(
      world.vault.connect(world.who.keeper).execute(await world.plan({ mints: [range] })),
    ).to.be.revertedWithCustomError(world.planErrors, "LiquidityOverflow");
    await world.execute({ mints: [{ ...range, fraction0: ONE / 10n ** 12n, fraction1: ONE / 10n ** 12n }] });
  });

  it("an empty swap and an empty vault are refused", async () => {
    const world = await deployWorld(connection);
    const keeper = world.vault.connect(world.who.keeper);
    await expect(keeper.execute(await world.plan({}))).to.be.revertedWithCustomError(
      world.planErrors,
      "NothingToManage",
    );
    // A present makes it no vault with LPs.
    await world.quote.connect(world.who.bob).transfer(world.addresses.vault, 1n);
    await world.base.connect(world.who.bob).transfer(world.addresses.vault, 10n ** 18n);
    await expect(keeper.execute(await world.plan({}))).to.be.revertedWithCustomError(
      world.planErrors,
      "NothingToManage",
    );
    await world.firstDeposit(world.who.alice, 20_000n * ONE);
    await expect(
      keeper.execute(await world.plan({ swaps: [{ fee: 500, zeroForOne: true, fraction: 0n }] })),
    ).to.be.revertedWith("AS");
  });
});
