import { expect } from "chai";
import { network } from "hardhat";
import { concat, toBeHex, ZeroAddress, zeroPadValue, type Contract } from "ethers";

import { ONE } from "../support/arithmetic.ts";
import { capsOf, govern, managerAs, roomGivingCalls } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld } from "../support/world.ts";
import { deployBareSafe } from "../../scripts/local/protocols/bareSafe.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const SENTINEL = "0x0000000000000000000000000000000000000001";

describe("contracts/safeCheck", () => {
  async function open(): Promise<World> {
    const world = await deployWorld(connection, { otherFees: [100] });
    await world.firstDeposit(world.who.alice, 5_000n * ONE);
    return world;
  }
  /** The Safe as itself: what its owners have signed it does to itself. */
  const itself = (world: World): Contract => world.safe.connect(world.who.safe) as Contract;
  const WEAKER = [
    {
      name: "a threshold of one",
      weaken: (world: World) => itself(world).getFunction("changeThreshold").send(1),
      mend: (world: World) => itself(world).getFunction("changeThreshold").send(2),
      args: [1, false],
    },
    {
      name: "a module",
      weaken: (world: World) => itself(world).getFunction("enableModule").send(world.who.attacker.address),
      mend: (world: World) => itself(world).getFunction("disableModule").send(SENTINEL, world.who.attacker.address),
      args: [2, true],
    },
  ] as const;

  for (const { name, weaken, mend, args } of WEAKER) {
    it(
      cites(
        `a Safe with ${name} gives no room any more, announced before or after, until it is mended`,
        INVARIANT.POLICY_SAFE,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const calls = await roomGivingCalls(world);
        const schedule = async (): Promise<void> => {
          for (const { target, data } of calls)
            await managerAs(world, "safe").getFunction("schedule").send(target, data, 0);
        };
        const refused = async (): Promise<void> => {
          for (const { name: call, target, data } of calls) {
            await expect(managerAs(world, "safe").getFunction("execute").send(target, data), call)
              .to.be.revertedWithCustomError(world.policy, "UnsafeSafe")
              .withArgs(...args);
          }
        };
        // Announced while all was well, due when it no longer is.
        await schedule();
        await weaken(world);
        await world.pass(world.options.governanceDelay + 1);
        await refused();
        // Announced by the weakened Safe.
        for (const { target, data } of calls)
          await managerAs(world, "guardian").getFunction("cancel").send(world.who.safe.address, target, data);
        await schedule();
        await world.pass(world.options.governanceDelay + 1);
        await refused();
        await mend(world);
        await world.report(2_000);
        for (const { target, data } of calls) await managerAs(world, "safe").getFunction("execute").send(target, data);
        expect(await world.policy.isKeeper(world.who.bob.address)).to.equal(true);
        expect((await world.policy.limits()).fees).to.include(100n);
      },
    );

    it(
      cites(
        `a Safe with ${name} still takes room away, and LPs still leave`,
        INVARIANT.POLICY_SAFE,
        INVARIANT.POLICY_DIRECTION,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await weaken(world);
        const policy = world.policy.connect(world.who.safe);
        await policy.tightenCaps({ ...(await capsOf(world)), maxPlanLossBps: 3 });
        await policy.removePool(500);
        await policy.removeKeeper(world.who.keeper.address);
        await policy.pause();
        await world.withdraw(world.who.alice, 1_000n * ONE);
        expect((await capsOf(world)).maxPlanLossBps).to.equal(3);
      },
    );
  }

  it(cites("a policy is not built on a Safe that one key moves", INVARIANT.POLICY_SAFE), async () => {
    const world = await networkHelpers.loadFixture(open);
    const { owners, deployer, treasury } = world.who;
    const addresses = owners.map((owner) => owner.address);
    const build = async (safe: string): Promise<unknown> =>
      world.ethers.deployContract("Policy", [
        {
          authority: world.addresses.accessManager,
          factory: await world.factory.getAddress(),
          token0: await world.token0.getAddress(),
          token1: await world.token1.getAddress(),
          safe,
          treasury: treasury.address,
          minCardinality: 60,
          caps: await capsOf(world),
          fees: [500],
        },
      ]);
    const alone = await deployBareSafe(deployer, addresses, 1);
    await expect(build(await alone.getAddress()))
      .to.be.revertedWithCustomError(world.policy, "UnsafeSafe")
      .withArgs(1, false);
    // No Safe at all.
    await expect(build(world.who.stranger.address)).to.revert(world.ethers);
    await expect(build(await world.token0.getAddress())).to.revert(world.ethers);
    await build(world.who.safe.address);
  });

  it(
    cites(
      "a real vote: two owners sign, the Safe announces, waits, and does it",
      INVARIANT.POLICY_SAFE,
      INVARIANT.POLICY_DIRECTION,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const [first, second] = [...world.who.owners].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
      if (first === undefined || second === undefined) throw new Error("no owners");
      /** One owner approves on chain, the other one sends it: the Safe counts both. */
      const vote = async (to: string, data: string, owners = [first, second]): Promise<unknown> => {
        const nonce = (await world.safe.getFunction("nonce").staticCall()) as bigint;
        const tx = [to, 0, data, 0, 0, 0, 0, ZeroAddress, ZeroAddress] as const;
        const hash = String(await world.safe.getFunction("getTransactionHash").staticCall(...tx, nonce));
        for (const owner of owners.slice(1))
          await (world.safe.connect(owner) as Contract).getFunction("approveHash").send(hash);
        // An approved hash's signature: the owner, nothing, 1.
        const signatures = concat(
          owners.map((owner) => concat([zeroPadValue(owner.address, 32), toBeHex(0, 32), "0x01"])),
        );
        return (world.safe.connect(owners[0] ?? first) as Contract)
          .getFunction("execTransaction")
          .send(...tx, signatures);
      };
      const data = world.policy.interface.encodeFunctionData("addKeeper", [world.who.bob.address]);
      const { policy, accessManager } = world.addresses;
      const schedule = world.manager.interface.encodeFunctionData("schedule", [policy, data, 0]);
      const execute = world.manager.interface.encodeFunctionData("execute", [policy, data]);
      await expect(vote(accessManager, schedule, [first])).to.be.revertedWith("GS020");
      await expect(vote(accessManager, execute)).to.be.revertedWith("GS013");
      await vote(accessManager, schedule);
      await expect(vote(accessManager, execute)).to.be.revertedWith("GS013");
      await world.pass(world.options.governanceDelay);
      await vote(accessManager, execute);
      expect(await world.policy.isKeeper(world.who.bob.address)).to.equal(true);
      // The same two people weaken their own Safe: with that the next vote for room fails.
      await vote(await world.safe.getAddress(), world.safe.interface.encodeFunctionData("changeThreshold", [1]));
      const more = world.policy.interface.encodeFunctionData("addKeeper", [world.who.carol.address]);
      await expect(govern(world, policy, more))
        .to.be.revertedWithCustomError(world.policy, "UnsafeSafe")
        .withArgs(1, false);
    },
  );
});
