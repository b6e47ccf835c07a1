import { expect } from "chai";
import { network } from "hardhat";

import type { World } from "../support/world.ts";
import { deployWorld } from "../support/world.ts";
import { ROLES, type Caps } from "../../scripts/deploy/strata.ts";
import type { OracleTermsStruct, OracleTermsStructOutput } from "../../types/ethers-contracts/PriceOracle.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const CAPS: Caps = { maxPlanLossBps: 25, coreWeightCapBps: 6_500, minHalfWidth: 400, maxHalfWidth: 20_000 };
const WEEK = 7 * 86_400;

async function open(): Promise<World> {
  return deployWorld(connection, { caps: CAPS, fees: [500, 3_000], otherFees: [100, 10_000, 200] });
}

/** Calls the manager as somebody. */
function manager(world: World, who: keyof World["who"]): World["manager"] {
  return world.manager.connect(world.who[who]) as World["manager"];
}

/** The oracle's terms as they are written, from what was read. */
function termsOf(read: OracleTermsStructOutput): OracleTermsStruct {
  const { referenceFee, twapWindow, twapBandBps, baseHeartbeat, quoteHeartbeat, baseDeviationBps, quoteDeviationBps } =
    read;
  return { referenceFee, twapWindow, twapBandBps, baseHeartbeat, quoteHeartbeat, baseDeviationBps, quoteDeviationBps };
}

/** What the governor decides: announced, waited for, done. */
async function govern(world: World, target: string, data: string): Promise<void> {
  await manager(world, "safe").getFunction("schedule").send(target, data, 0);
  await world.pass(world.options.governanceDelay + 1);
  try {
    await manager(world, "safe").getFunction("execute").send(target, data);
  } catch (error) {
    // What cannot be done stays announced; withdrawn, so that a test may announce it again.
    await manager(world, "safe").getFunction("cancel").send(world.who.safe.address, target, data);
    throw error;
  }
}

describe("contracts/policy: limits", () => {
  it("are what they were set to, in one word", async () => {
    const world = await networkHelpers.loadFixture(open);
    const limits = await world.policy.limits();
    expect(limits.fees.map(Number)).to.deep.equal([500, 3_000, 0, 0]);
    expect(
      [limits.maxPlanLossBps, limits.coreWeightCapBps, limits.minHalfWidth, limits.maxHalfWidth].map(Number),
    ).to.deep.equal(Object.values(CAPS));
    // Every field at its greatest, so that none runs into its neighbour.
    const greatest = { maxPlanLossBps: 100, coreWeightCapBps: 10_000, minHalfWidth: 887_272, maxHalfWidth: 887_272 };
    await govern(world, world.addresses.policy, world.policy.interface.encodeFunctionData("setCaps", [greatest]));
    const now = await world.policy.limits();
    expect(
      [...now.fees, now.maxPlanLossBps, now.coreWeightCapBps, now.minHalfWidth, now.maxHalfWidth].map(Number),
    ).to.deep.equal([500, 3_000, 0, 0, 100, 10_000, 887_272, 887_272]);
    const packed = await world.policy.planLimits(world.who.keeper.address);
    expect(packed).to.equal(
      500n | (3_000n << 24n) | (100n << 96n) | (10_000n << 112n) | (887_272n << 128n) | (887_272n << 152n),
    );
  });

  it("no vote lifts a cap above the code's", async () => {
    const world = await networkHelpers.loadFixture(open);
    for (const [change, field] of [
      [{ maxPlanLossBps: 101 }, "maxPlanLossBps"],
      [{ coreWeightCapBps: 10_001 }, "coreWeightCapBps"],
      [{ minHalfWidth: 0 }, "minHalfWidth"],
      [{ minHalfWidth: 20_001 }, "minHalfWidth"],
      [{ maxHalfWidth: 887_273 }, "maxHalfWidth"],
      [{ maxHalfWidth: 399 }, "minHalfWidth"],
    ] as const) {
      const data = world.policy.interface.encodeFunctionData("setCaps", [{ ...CAPS, ...change }]);
      await expect(govern(world, world.addresses.policy, data))
        .to.be.revertedWithCustomError(world.policy, "CapOutOfBounds")
        .withArgs(field);
    }
  });

  it(cites("tightening only tightens, at once", INVARIANT.POLICY_DIRECTION), async () => {
    const world = await networkHelpers.loadFixture(open);
    const policy = world.policy.connect(world.who.safe);
    for (const [change, field] of [
      [{ maxPlanLossBps: 26 }, "maxPlanLossBps"],
      [{ coreWeightCapBps: 6_501 }, "coreWeightCapBps"],
      [{ minHalfWidth: 399 }, "minHalfWidth"],
      [{ maxHalfWidth: 20_001 }, "maxHalfWidth"],
    ] as const) {
      await expect(policy.tightenCaps({ ...CAPS, ...change }))
        .to.be.revertedWithCustomError(policy, "NotTighter")
        .withArgs(field);
    }
    await expect(
      policy.tightenCaps({ ...CAPS, minHalfWidth: 20_001, maxHalfWidth: 20_000 }),
    ).to.be.revertedWithCustomError(policy, "CapOutOfBounds");
    await policy.tightenCaps(CAPS);
    const tight = { maxPlanLossBps: 0, coreWeightCapBps: 0, minHalfWidth: 20_000, maxHalfWidth: 20_000 };
    await expect(policy.tightenCaps(tight)).to.emit(policy, "CapsSet");
    const now = await policy.limits();
    expect([now.maxPlanLossBps, now.coreWeightCapBps, now.minHalfWidth, now.maxHalfWidth].map(Number)).to.deep.equal(
      Object.values(tight),
    );
  });

  it("a tier is admitted if its pool is there, remembers enough and is not in already, up to four", async () => {
    const world = await networkHelpers.loadFixture(open);
    const add = (fee: number): Promise<void> =>
      govern(world, world.addresses.policy, world.policy.interface.encodeFunctionData("addPool", [fee]));
    for (const fee of [0, 2_500])
      await expect(add(fee)).to.be.revertedWithCustomError(world.policy, "NoSuchPool").withArgs(fee);
    await expect(add(500)).to.be.revertedWithCustomError(world.policy, "PoolAlreadyAllowed").withArgs(500);
    await add(100);
    await add(10_000);
    await expect(add(200)).to.be.revertedWithCustomError(world.policy, "TooManyPools");
    expect((await world.policy.limits()).fees.map(Number)).to.deep.equal([500, 3_000, 100, 10_000]);
    // A removed place is used again.
    const policy = world.policy.connect(world.who.safe);
    await expect(policy.removePool(3_000)).to.emit(policy, "PoolRemoved").withArgs(3_000);
    for (const fee of [3_000, 0])
      await expect(policy.removePool(fee)).to.be.revertedWithCustomError(policy, "PoolNotAllowed").withArgs(fee);
    await add(200);
    expect((await world.policy.limits()).fees.map(Number)).to.deep.equal([500, 200, 100, 10_000]);
  });

  it("a tier whose pool forgets too soon is refused, also when it has only promised to remember", async () => {
    const world = await deployWorld(connection, {
      fees: [3_000],
      otherFees: [500],
      cardinality: 60,
      minCardinality: 60,
    });
    const create = async (fee: number): Promise<string> => {
      const pair = [await world.token0.getAddress(), await world.token1.getAddress()];
      await world.factory.getFunction("createPool").send(...pair, fee);
      return String(await world.factory.getFunction("getPool").staticCall(...pair, fee));
    };
    const pool = await create(10_000);
    const add = (): Promise<void> =>
      govern(world, world.addresses.policy, world.policy.interface.encodeFunctionData("addPool", [10_000]));
    await expect(add()).to.be.revertedWithCustomError(world.policy, "CardinalityTooLow").withArgs(10_000, 0, 60);
    const { contract } = world.pool(3_000);
    const call = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
      world.market.run([{ target: pool, data: contract.interface.encodeFunctionData(name, args) }]);
    await call("initialize", (await world.pool(3_000).slot0()).sqrtPriceX96);
    await call("increaseObservationCardinalityNext", 60);
    await expect(add()).to.be.revertedWithCustomError(world.policy, "CardinalityTooLow").withArgs(10_000, 1, 60);
    await call("mint", await world.market.getAddress(), -887_200, 887_200, 10n ** 12n, "0x");
    await add();
  });

  it("keepers are added once and removed once", async () => {
    const world = await networkHelpers.loadFixture(open);
    const add = (account: string): Promise<void> =>
      govern(world, world.addresses.policy, world.policy.interface.encodeFunctionData("addKeeper", [account]));
    await expect(add("0x0000000000000000000000000000000000000000")).to.be.revertedWithCustomError(
      world.policy,
      "InvalidKeeper",
    );
    await expect(add(world.who.keeper.address)).to.be.revertedWithCustomError(world.policy, "InvalidKeeper");
    await add(world.who.bob.address);
    expect(await world.policy.isKeeper(world.who.bob.address)).to.equal(true);
    const policy = world.policy.connect(world.who.safe);
    await policy.removeKeeper(world.who.bob.address);
    await expect(policy.removeKeeper(world.who.bob.address)).to.be.revertedWithCustomError(policy, "InvalidKeeper");
    await expect(world.policy.planLimits(world.who.bob.address)).to.be.revertedWithCustomError(policy, "NotKeeper");
  });
});

describe("contracts/policy: roles", () => {
  it(cites("nobody is administrator, and the deployer can do nothing", INVARIANT.NO_ADMIN), async () => {
    const world = await networkHelpers.loadFixture(open);
    const { deployer, keeper, attacker, safe } = world.who;
    const has = async (role: bigint, account: string): Promise<boolean> =>
      ((await world.manager.getFunction("hasRole").staticCall(role, account)) as readonly [boolean, bigint])[0];
    const accounts = [...world.contracts(), ...world.people()];
    for (const account of accounts) expect(await has(ROLES.ADMIN, account)).to.equal(false);
    // By the manager's own record, for whoever it may be: every grant has been revoked.
    const events = async (name: string): Promise<readonly string[]> =>
      (await world.manager.queryFilter(name)).flatMap((log) =>
        "args" in log && log.args[0] === ROLES.ADMIN ? [String(log.args[1])] : [],
      );
    expect(await events("RoleGranted")).to.deep.equal([deployer.address]);
    expect(await events("RoleGranted")).to.deep.equal(await events("RoleRevoked"));

    const policy = world.policy.connect(deployer);
    const terms = termsOf(await world.oracle.terms());
    for (const call of [
      policy.setCaps(CAPS),
      policy.tightenCaps(CAPS),
      policy.addPool(100),
      policy.removePool(500),
      policy.addKeeper(attacker.address),
      policy.removeKeeper(keeper.address),
      world.oracle.connect(deployer).setTerms(terms),
    ]) {
      await expect(call)
        .to.be.revertedWithCustomError(world.policy, "AccessManagedUnauthorized")
        .withArgs(deployer.address);
    }
    for (const [name, args] of [
      ["grantRole", [ROLES.ADMIN, deployer.address, 0]],
      ["grantRole", [ROLES.GOVERNOR, deployer.address, 0]],
      ["grantRole", [ROLES.GUARDIAN, deployer.address, 0]],
      ["setTargetFunctionRole", [world.addresses.policy, ["0x12345678"], ROLES.GOVERNOR]],
      ["setTargetAdminDelay", [world.addresses.policy, 0]],
      ["setTargetClosed", [world.addresses.policy, true]],
      ["updateAuthority", [world.addresses.policy, deployer.address]],
      ["setRoleAdmin", [ROLES.GOVERNOR, ROLES.GUARDIAN]],
      ["setGrantDelay", [ROLES.GOVERNOR, 0]],
    ] as const) {
      for (const who of ["deployer", "safe", "keeper"] as const) {
        if (who === "safe" && name === "grantRole" && args[0] !== ROLES.ADMIN) continue;
        await expect(
          manager(world, who)
            .getFunction(name)
            .send(...args),
          `${who} ${name}`,
        ).to.revert(world.ethers);
      }
    }
    expect(await has(ROLES.GOVERNOR, safe.address)).to.equal(true);
    expect(await has(ROLES.GUARDIAN, safe.address)).to.equal(true);
  });

  it(
    cites(
      "what gives room waits for the delay and is announced; strangers cannot announce",
      INVARIANT.POLICY_DIRECTION,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const { safe, stranger, bob } = world.who;
      const { policy, oracle } = world.addresses;
      const terms = termsOf(await world.oracle.terms());
      const decisions = [
        {
          target: policy,
          data: world.policy.interface.encodeFunctionData("setCaps", [{ ...CAPS, maxPlanLossBps: 50 }]),
        },
        { target: policy, data: world.policy.interface.encodeFunctionData("addPool", [100]) },
        { target: policy, data: world.policy.interface.encodeFunctionData("addKeeper", [bob.address]) },
        {
          target: oracle,
          data: world.oracle.interface.encodeFunctionData("setTerms", [{ ...terms, twapBandBps: 400 }]),
        },
      ];
      for (const { target, data } of decisions) {
        const snapshot = await networkHelpers.takeSnapshot();
        await expect(manager(world, "stranger").getFunction("schedule").send(target, data, 0)).to.revert(world.ethers);
        await expect(stranger.sendTransaction({ to: target, data })).to.be.revertedWithCustomError(
          world.policy,
          "AccessManagedUnauthorized",
        );
        await expect(safe.sendTransaction({ to: target, data })).to.revert(world.ethers);
        await manager(world, "safe").getFunction("schedule").send(target, data, 0);
        const ready = (await world.now()) + world.options.governanceDelay;
        for (const early of [ready - world.options.governanceDelay / 2, ready - 1]) {
          await networkHelpers.time.setNextBlockTimestamp(early);
          await expect(manager(world, "safe").getFunction("execute").send(target, data)).to.be.revertedWithCustomError(
            world.manager,
            "AccessManagerNotReady",
          );
        }
        const waited = await networkHelpers.takeSnapshot();
        await networkHelpers.time.setNextBlockTimestamp(ready);
        await manager(world, "safe").getFunction("execute").send(target, data);
        await expect(manager(world, "safe").getFunction("execute").send(target, data)).to.be.revertedWithCustomError(
          world.manager,
          "AccessManagerNotScheduled",
        );
        await waited.restore();
        await networkHelpers.time.setNextBlockTimestamp(ready + WEEK);
        await expect(manager(world, "safe").getFunction("execute").send(target, data)).to.be.revertedWithCustomError(
          world.manager,
          "AccessManagerExpired",
        );
        await snapshot.restore();
      }
    },
  );

  it(cites("what takes room away happens at once", INVARIANT.POLICY_DIRECTION), async () => {
    const world = await networkHelpers.loadFixture(open);
    const { safe, stranger, keeper } = world.who;
    const calls = ["tightenCaps", "removePool", "removeKeeper"] as const;
    const data = {
      tightenCaps: world.policy.interface.encodeFunctionData("tightenCaps", [{ ...CAPS, maxPlanLossBps: 5 }]),
      removePool: world.policy.interface.encodeFunctionData("removePool", [500]),
      removeKeeper: world.policy.interface.encodeFunctionData("removeKeeper", [keeper.address]),
    };
    for (const name of calls) {
      await expect(
        stranger.sendTransaction({ to: world.addresses.policy, data: data[name] }),
      ).to.be.revertedWithCustomError(world.policy, "AccessManagedUnauthorized");
      await safe.sendTransaction({ to: world.addresses.policy, data: data[name] });
    }
    const limits = await world.policy.limits();
    expect(Number(limits.maxPlanLossBps)).to.equal(5);
    expect(limits.fees.map(Number)).to.deep.equal([0, 3_000, 0, 0]);
    expect(await world.policy.isKeeper(keeper.address)).to.equal(false);
  });

  it(
    cites(
      "a guardian cancels what the governor has announced, raises nothing, and can be replaced",
      INVARIANT.POLICY_DIRECTION,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const { safe, bob, carol } = world.who;
      const grant = world.manager.interface.encodeFunctionData("grantRole", [ROLES.GUARDIAN, bob.address, 0]);
      await govern(world, world.addresses.accessManager, grant);
      const data = world.policy.interface.encodeFunctionData("addKeeper", [carol.address]);
      await manager(world, "safe").getFunction("schedule").send(world.addresses.policy, data, 0);
      await manager(world, "bob").getFunction("cancel").send(safe.address, world.addresses.policy, data);
      await world.pass(world.options.governanceDelay + 1);
      await expect(
        manager(world, "safe").getFunction("execute").send(world.addresses.policy, data),
      ).to.be.revertedWithCustomError(world.manager, "AccessManagerNotScheduled");
      const policy = world.policy.connect(bob);
      for (const call of [policy.setCaps(CAPS), policy.addPool(100), policy.addKeeper(bob.address)]) {
        await expect(call).to.be.revertedWithCustomError(policy, "AccessManagedUnauthorized");
      }
      await policy.removeKeeper(world.who.keeper.address);
      // It cannot veto its own removal.
      const revoke = world.manager.interface.encodeFunctionData("revokeRole", [ROLES.GUARDIAN, bob.address]);
      await manager(world, "safe").getFunction("schedule").send(world.addresses.accessManager, revoke, 0);
      await expect(
        manager(world, "bob").getFunction("cancel").send(safe.address, world.addresses.accessManager, revoke),
      ).to.revert(world.ethers);
      await world.pass(world.options.governanceDelay + 1);
      await manager(world, "safe").getFunction("execute").send(world.addresses.accessManager, revoke);
      await expect(policy.removePool(500)).to.be.revertedWithCustomError(policy, "AccessManagedUnauthorized");
    },
  );

  it(
    cites(
      "a guardian cancels a new governor too: one without a delay would end all delays",
      INVARIANT.POLICY_DIRECTION,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const { safe, bob, attacker } = world.who;
      await govern(
        world,
        world.addresses.accessManager,
        world.manager.interface.encodeFunctionData("grantRole", [ROLES.GUARDIAN, bob.address, 0]),
      );
      const data = world.manager.interface.encodeFunctionData("grantRole", [ROLES.GOVERNOR, attacker.address, 0]);
      await manager(world, "safe").getFunction("schedule").send(world.addresses.accessManager, data, 0);
      await manager(world, "bob").getFunction("cancel").send(safe.address, world.addresses.accessManager, data);
      await world.pass(world.options.governanceDelay + 1);
      await expect(
        manager(world, "safe").getFunction("execute").send(world.addresses.accessManager, data),
      ).to.be.revertedWithCustomError(world.manager, "AccessManagerNotScheduled");
    },
  );
});

describe("contracts/policy: construction", () => {
  it("refuses a tier without a pool and caps beyond the code's", async () => {
    const world = await networkHelpers.loadFixture(open);
    const deploy = (caps: Caps, fees: readonly number[]): Promise<unknown> =>
      world.factory
        .getAddress()
        .then(async (factory) =>
          world.ethers.deployContract("Policy", [
            world.addresses.accessManager,
            factory,
            await world.token0.getAddress(),
            await world.token1.getAddress(),
            60,
            caps,
            [...fees],
          ]),
        );
    await expect(deploy(CAPS, [2_500])).to.be.revertedWithCustomError(world.policy, "NoSuchPool");
    await expect(deploy({ ...CAPS, maxPlanLossBps: 101 }, [])).to.be.revertedWithCustomError(
      world.policy,
      "CapOutOfBounds",
    );
    await expect(deploy(CAPS, [500, 500])).to.be.revertedWithCustomError(world.policy, "PoolAlreadyAllowed");
    await expect(deploy(CAPS, [500, 3_000, 100, 10_000, 200])).to.be.revertedWithCustomError(
      world.policy,
      "TooManyPools",
    );
    await deploy(CAPS, [500, 3_000]);
  });
});
