import { expect } from "chai";
import { AbiCoder, getAddress, getCreate2Address, keccak256, ZeroAddress } from "ethers";
import { network } from "hardhat";

import { capsOf, govern, managerAs, roomGivingCalls, tightestCaps } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld } from "../support/world.ts";
import { DEFAULT_CAPS, GOVERNOR_FUNCTIONS, GUARDIAN_FUNCTIONS, ROLES, type Caps } from "../../scripts/deploy/strata.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const CAPS: Caps = { ...DEFAULT_CAPS, treasuryShareBps: 300 };
const WEEK = 7 * 86_400;

async function open(): Promise<World> {
  return deployWorld(connection, { caps: CAPS, fees: [500, 3_000], otherFees: [100, 10_000, 200] });
}

describe("contracts/policy: limits", () => {
  it("are what they were set to, in two words whose fields do not touch", async () => {
    const world = await networkHelpers.loadFixture(open);
    const limits = await world.policy.limits();
    expect(limits.fees.map(Number)).to.deep.equal([500, 3_000, 0, 0]);
    expect(await capsOf(world)).to.deep.equal(CAPS);
    expect(limits.pausedUntil).to.equal(0n);
    // Every field at its greatest, so that none runs into its neighbour.
    const greatest: Caps = {
      coreWeightCapBps: 10_000,
      minHalfWidth: 887_272,
      maxHalfWidth: 887_272,
      maxPlanLossBps: 100,
      lossCapBps: 100,
      lossRefillBps: 100,
      turnoverCapBps: 10_000,
      turnoverRefillBps: 10_000,
      churnCapBps: 1_000,
      churnRefillBps: 1_000,
      volFloorBps: 65_535,
      lvrLimitBps: 200,
      treasuryShareBps: 1_000,
      maxEntryFeeBps: 50,
      maxExitFeeBps: 50,
      deleverageCapBps: 300,
      deleverageRefillBps: 100,
    };
    await govern(world, world.addresses.policy, world.policy.interface.encodeFunctionData("setCaps", [greatest]));
    expect(await capsOf(world)).to.deep.equal(greatest);
    expect((await world.policy.limits()).fees.map(Number)).to.deep.equal([500, 3_000, 0, 0]);
    const packed = await world.policy.planLimits(world.who.keeper.address);
    expect(packed.first).to.equal(
      500n |
        (3_000n << 24n) |
        (10_000n << 96n) |
        (887_272n << 112n) |
        (887_272n << 136n) |
        (100n << 160n) |
        (100n << 176n) |
        (100n << 192n) |
        (10_000n << 208n) |
        (10_000n << 224n),
    );
    const second =
      1_000n |
      (1_000n << 16n) |
      (65_535n << 32n) |
      (200n << 48n) |
      (1_000n << 104n) |
      (50n << 120n) |
      (50n << 128n) |
      (300n << 136n) |
      (100n << 152n);
    expect(packed.second).to.equal(second);
    // A pause is a field of its own, and moves no other; while it lasts there are no limits to plan with.
    await world.policy.connect(world.who.guardian).pause();
    const until = BigInt(await world.now()) + BigInt(WEEK);
    expect((await world.policy.limits()).pausedUntil).to.equal(until);
    expect(await capsOf(world)).to.deep.equal(greatest);
    await expect(world.policy.planLimits(world.who.keeper.address))
      .to.be.revertedWithCustomError(world.policy, "Paused")
      .withArgs(until);
    await networkHelpers.time.increaseTo(until);
    expect((await world.policy.planLimits(world.who.keeper.address)).second).to.equal(second | (until << 64n));
  });

  /** Each cap beyond what the code allows, and the field that is named. */
  const BEYOND: readonly (readonly [change: Partial<Caps>, field: keyof Caps])[] = [
    [{ coreWeightCapBps: 10_001 }, "coreWeightCapBps"],
    [{ minHalfWidth: 0 }, "minHalfWidth"],
    [{ minHalfWidth: 20_001 }, "minHalfWidth"],
    [{ maxHalfWidth: 887_273 }, "maxHalfWidth"],
    [{ maxHalfWidth: 399 }, "minHalfWidth"],
    [{ maxPlanLossBps: 101 }, "maxPlanLossBps"],
    [{ lossCapBps: 101 }, "lossCapBps"],
    [{ turnoverCapBps: 10_001 }, "turnoverCapBps"],
    [{ churnCapBps: 1_001 }, "churnCapBps"],
    // A budget that came back within a day would be none.
    [{ lossCapBps: 50, lossRefillBps: 51 }, "lossRefillBps"],
    [{ turnoverCapBps: 600, turnoverRefillBps: 601 }, "turnoverRefillBps"],
    [{ churnCapBps: 50, churnRefillBps: 51 }, "churnRefillBps"],
    [{ lvrLimitBps: 0 }, "lvrLimitBps"],
    [{ lvrLimitBps: 201 }, "lvrLimitBps"],
    [{ volFloorBps: 0 }, "volFloorBps"],
    [{ treasuryShareBps: 1_001 }, "treasuryShareBps"],
    [{ maxEntryFeeBps: 51 }, "maxEntryFeeBps"],
    [{ maxExitFeeBps: 51 }, "maxExitFeeBps"],
    [{ deleverageCapBps: 301 }, "deleverageCapBps"],
    [{ deleverageCapBps: 10, deleverageRefillBps: 11 }, "deleverageRefillBps"],
  ];

  it(cites("no vote lifts a cap above the code's, and each cap has one", INVARIANT.POLICY_CAPS), async () => {
    const world = await networkHelpers.loadFixture(open);
    for (const [change, field] of BEYOND) {
      const data = world.policy.interface.encodeFunctionData("setCaps", [{ ...CAPS, ...change }]);
      await expect(govern(world, world.addresses.policy, data), JSON.stringify(change))
        .to.be.revertedWithCustomError(world.policy, "CapOutOfBounds")
        .withArgs(field);
    }
    expect(new Set(BEYOND.map(([, field]) => field))).to.deep.equal(new Set(Object.keys(CAPS)));
    expect(await capsOf(world)).to.deep.equal(CAPS);
  });

  it(cites("tightening only tightens, each field by itself, at once", INVARIANT.POLICY_DIRECTION), async () => {
    const world = await networkHelpers.loadFixture(open);
    const policy = world.policy.connect(world.who.guardian);
    const rises: readonly (keyof Caps)[] = ["minHalfWidth", "volFloorBps"];
    for (const field of Object.keys(CAPS) as (keyof Caps)[]) {
      const looser = CAPS[field] + (rises.includes(field) ? -1 : 1);
      await expect(policy.tightenCaps({ ...CAPS, [field]: looser }), field)
        .to.be.revertedWithCustomError(policy, "NotTighter")
        .withArgs(field);
      // The greatest width is the governor's alone: it is also where a spent churn budget confines plans.
      if (field === "maxHalfWidth") {
        await expect(policy.tightenCaps({ ...CAPS, maxHalfWidth: CAPS.maxHalfWidth - 1 }))
          .to.be.revertedWithCustomError(policy, "NotTighter")
          .withArgs(field);
        continue;
      }
      // One step the other way is taken, and nothing else moves.
      const snapshot = await networkHelpers.takeSnapshot();
      const tighter = { ...CAPS, [field]: CAPS[field] + (rises.includes(field) ? 1 : -1) };
      await policy.tightenCaps(tighter);
      expect(await capsOf(world)).to.deep.equal(tighter);
      await snapshot.restore();
    }
    // The code's own bounds hold for the guardian too.
    await expect(policy.tightenCaps({ ...CAPS, minHalfWidth: CAPS.maxHalfWidth + 1 })).to.be.revertedWithCustomError(
      policy,
      "CapOutOfBounds",
    );
    await expect(policy.tightenCaps({ ...CAPS, lossCapBps: 9 }))
      .to.be.revertedWithCustomError(policy, "CapOutOfBounds")
      .withArgs("lossRefillBps");
    await policy.tightenCaps(CAPS);
    const tight = tightestCaps(CAPS.maxHalfWidth);
    await expect(policy.tightenCaps(tight)).to.emit(policy, "CapsSet");
    expect(await capsOf(world)).to.deep.equal(tight);
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
    const { deployer, keeper, safe } = world.who;
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
    for (const call of [
      () => policy.tightenCaps(CAPS),
      () => policy.removePool(500),
      () => policy.removeKeeper(keeper.address),
      () => policy.pause(),
      ...(await roomGivingCalls(world)).map(
        ({ target, data }) =>
          () =>
            deployer.sendTransaction({ to: target, data }),
      ),
    ]) {
      await expect(call())
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
          managerAs(world, who)
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
      const { safe, stranger } = world.who;
      for (const { target, data } of await roomGivingCalls(world)) {
        const snapshot = await networkHelpers.takeSnapshot();
        await expect(managerAs(world, "stranger").getFunction("schedule").send(target, data, 0)).to.revert(
          world.ethers,
        );
        await expect(stranger.sendTransaction({ to: target, data })).to.be.revertedWithCustomError(
          world.policy,
          "AccessManagedUnauthorized",
        );
        await expect(safe.sendTransaction({ to: target, data })).to.revert(world.ethers);
        await managerAs(world, "safe").getFunction("schedule").send(target, data, 0);
        const ready = (await world.now()) + world.options.governanceDelay;
        for (const early of [ready - world.options.governanceDelay / 2, ready - 1]) {
          await networkHelpers.time.setNextBlockTimestamp(early);
          await expect(
            managerAs(world, "safe").getFunction("execute").send(target, data),
          ).to.be.revertedWithCustomError(world.manager, "AccessManagerNotReady");
        }
        const waited = await networkHelpers.takeSnapshot();
        await networkHelpers.time.setNextBlockTimestamp(ready);
        await managerAs(world, "safe").getFunction("execute").send(target, data);
        await expect(managerAs(world, "safe").getFunction("execute").send(target, data)).to.be.revertedWithCustomError(
          world.manager,
          "AccessManagerNotScheduled",
        );
        await waited.restore();
        await networkHelpers.time.setNextBlockTimestamp(ready + WEEK);
        await expect(managerAs(world, "safe").getFunction("execute").send(target, data)).to.be.revertedWithCustomError(
          world.manager,
          "AccessManagerExpired",
        );
        await snapshot.restore();
      }
    },
  );

  for (const who of ["safe", "guardian"] as const) {
    it(cites(`what takes room away happens at once, by the ${who}`, INVARIANT.POLICY_DIRECTION), async () => {
      const world = await networkHelpers.loadFixture(open);
      const { stranger, keeper } = world.who;
      const abi = world.policy.interface;
      const calls = {
        tightenCaps: abi.encodeFunctionData("tightenCaps", [{ ...CAPS, maxPlanLossBps: 5 }]),
        removePool: abi.encodeFunctionData("removePool", [500]),
        lowerSleeveCap: abi.encodeFunctionData("lowerSleeveCap", [0, 0]),
        removeKeeper: abi.encodeFunctionData("removeKeeper", [keeper.address]),
        pause: abi.encodeFunctionData("pause"),
      };
      expect(Object.keys(calls)).to.deep.equal(GUARDIAN_FUNCTIONS.policy);
      for (const data of Object.values(calls)) {
        const to = world.addresses.policy;
        await expect(stranger.sendTransaction({ to, data })).to.be.revertedWithCustomError(
          world.policy,
          "AccessManagedUnauthorized",
        );
        await world.who[who].sendTransaction({ to, data });
      }
      expect(await capsOf(world)).to.deep.equal({ ...CAPS, maxPlanLossBps: 5 });
      const limits = await world.policy.limits();
      expect(limits.fees.map(Number)).to.deep.equal([0, 3_000, 0, 0]);
      expect(limits.pausedUntil).to.equal(BigInt(await world.now()) + BigInt(WEEK));
      expect(await world.policy.isKeeper(keeper.address)).to.equal(false);
    });
  }

  it(
    cites("every function that changes something has a role, and no function has two directions", INVARIANT.NO_ADMIN),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const roleOf = (target: string, selector: string): Promise<bigint> =>
        world.manager.getFunction("getTargetFunctionRole").staticCall(target, selector) as Promise<bigint>;
      // Not restricted at all: the authority's own call, and the poke that is everybody's.
      const free = ["setAuthority", "poke"];
      for (const [target, abi, governor, guardian] of [
        [world.addresses.policy, world.policy.interface, GOVERNOR_FUNCTIONS.policy, GUARDIAN_FUNCTIONS.policy],
        [world.addresses.oracle, world.oracle.interface, GOVERNOR_FUNCTIONS.oracle, []],
      ] as const) {
        const found: Record<string, bigint> = {};
        abi.forEachFunction((f) => {
          if (f.stateMutability !== "view" && f.stateMutability !== "pure" && !free.includes(f.name))
            found[f.selector] = (governor as readonly string[]).includes(f.name) ? ROLES.GOVERNOR : ROLES.GUARDIAN;
        });
        expect(Object.keys(found)).to.have.length(governor.length + guardian.length);
        for (const [selector, role] of Object.entries(found)) expect(await roleOf(target, selector)).to.equal(role);
      }
    },
  );

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
      await managerAs(world, "safe").getFunction("schedule").send(world.addresses.policy, data, 0);
      await managerAs(world, "bob").getFunction("cancel").send(safe.address, world.addresses.policy, data);
      await world.pass(world.options.governanceDelay + 1);
      await expect(
        managerAs(world, "safe").getFunction("execute").send(world.addresses.policy, data),
      ).to.be.revertedWithCustomError(world.manager, "AccessManagerNotScheduled");
      const policy = world.policy.connect(bob);
      for (const { name, target, data: raise } of await roomGivingCalls(world)) {
        await expect(bob.sendTransaction({ to: target, data: raise }), name).to.be.revertedWithCustomError(
          policy,
          "AccessManagedUnauthorized",
        );
        await expect(managerAs(world, "bob").getFunction("schedule").send(target, raise, 0), name).to.revert(
          world.ethers,
        );
      }
      await policy.removeKeeper(world.who.keeper.address);
      // It cannot veto its own removal.
      const revoke = world.manager.interface.encodeFunctionData("revokeRole", [ROLES.GUARDIAN, bob.address]);
      await managerAs(world, "safe").getFunction("schedule").send(world.addresses.accessManager, revoke, 0);
      await expect(
        managerAs(world, "bob").getFunction("cancel").send(safe.address, world.addresses.accessManager, revoke),
      ).to.revert(world.ethers);
      await world.pass(world.options.governanceDelay + 1);
      await managerAs(world, "safe").getFunction("execute").send(world.addresses.accessManager, revoke);
      await expect(policy.removePool(500)).to.be.revertedWithCustomError(policy, "AccessManagedUnauthorized");
    },
  );

  it(
    cites(
      "nobody can be made governor any more: one without a delay would end all delays",
      INVARIANT.POLICY_DIRECTION,
      INVARIANT.NO_ADMIN,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const { safe, attacker } = world.who;
      const { accessManager } = world.addresses;
      for (const delay of [0, 172_800]) {
        const abi = world.manager.interface;
        const grant = abi.encodeFunctionData("grantRole", [ROLES.GOVERNOR, attacker.address, delay]);
        const regrant = abi.encodeFunctionData("grantRole", [ROLES.GOVERNOR, safe.address, delay]);
        for (const data of [grant, regrant]) {
          await expect(managerAs(world, "safe").getFunction("schedule").send(accessManager, data, 0)).to.revert(
            world.ethers,
          );
          await expect(safe.sendTransaction({ to: accessManager, data })).to.revert(world.ethers);
        }
      }
      // The guardian's role is the governor's to give, after the delay, and the guardian's to stop.
      const data = world.manager.interface.encodeFunctionData("grantRole", [ROLES.GUARDIAN, attacker.address, 0]);
      await managerAs(world, "safe").getFunction("schedule").send(accessManager, data, 0);
      await managerAs(world, "guardian").getFunction("cancel").send(safe.address, accessManager, data);
      await world.pass(world.options.governanceDelay + 1);
      await expect(
        managerAs(world, "safe").getFunction("execute").send(accessManager, data),
      ).to.be.revertedWithCustomError(world.manager, "AccessManagerNotScheduled");
    },
  );
});

describe("contracts/policy: construction", () => {
  it("refuses a tier without a pool and caps beyond the code's", async () => {
    const world = await networkHelpers.loadFixture(open);
    const treasury = world.who.treasury.address;
    const deploy = async (caps: Caps, fees: readonly number[], changes: object = {}): Promise<unknown> =>
      world.ethers.deployContract("Policy", [
        {
          authority: world.addresses.accessManager,
          factory: await world.factory.getAddress(),
          token0: await world.token0.getAddress(),
          token1: await world.token1.getAddress(),
          safe: world.who.safe.address,
          treasury,
          minCardinality: 60,
          caps,
          fees: [...fees],
          ...changes,
        },
      ]);
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
    await expect(deploy(CAPS, [500], { treasury: ZeroAddress })).to.be.revertedWithCustomError(
      world.policy,
      "InvalidTreasury",
    );
    await deploy(CAPS, [500, 3_000]);
  });

  it("refuses a pool that the factory names but did not make as Uniswap makes pools", async () => {
    const world = await networkHelpers.loadFixture(open);
    // A contract that answers every question with the address of a real pool of this pair, made by another factory.
    const real = world.pool(500).address;
    const liar = "0x00000000000000000000000000000000000fac70";
    await networkHelpers.setCode(liar, `0x73${real.slice(2)}60005260206000f3`);
    const [token0, token1] = [await world.token0.getAddress(), await world.token1.getAddress()];
    const policy = world.ethers.deployContract("Policy", [
      {
        authority: world.addresses.accessManager,
        factory: liar,
        token0,
        token1,
        safe: world.who.safe.address,
        treasury: world.who.treasury.address,
        minCardinality: 60,
        caps: CAPS,
        fees: [500],
      },
    ]);
    const salt = keccak256(AbiCoder.defaultAbiCoder().encode(["address", "address", "uint24"], [token0, token1, 500]));
    const initCodeHash = "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54";
    await expect(policy)
      .to.be.revertedWithCustomError(world.policy, "PoolNotFromFactory")
      .withArgs(500, getCreate2Address(getAddress(liar), salt, initCodeHash), real);
  });
});
