import { expect } from "chai";
import { network } from "hardhat";

import { ONE } from "../support/arithmetic.ts";
import type { World } from "../support/world.ts";
import { deployWorld } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const GAS = { gasLimit: 2_000_000n };
const MAX = 1n << 200n;

describe("contracts/one block", () => {
  async function open(): Promise<World> {
    const world = await deployWorld(connection);
    await world.firstDeposit(world.who.alice, 5_000n * ONE);
    await world.execute({ mints: [await world.around(3_000, 1_000)] });
    return world;
  }

  /** A contract with tokens and allowances, to act several times in one transaction. */
  async function flashContract(world: World): Promise<string> {
    const flash = await world.market.getAddress();
    const calls = [world.token0, world.token1].map((token) => ({
      token,
      data: token.interface.encodeFunctionData("approve", [world.addresses.vault, MAX]),
    }));
    await world.market.run(
      await Promise.all(calls.map(async ({ token, data }) => ({ target: await token.getAddress(), data }))),
    );
    return flash;
  }

  it(cites("deposit and withdraw in one transaction is refused", INVARIANT.ONE_BLOCK), async () => {
    const world = await networkHelpers.loadFixture(open);
    const flash = await flashContract(world);
    const shares = 1_000n * ONE;
    const { interface: abi } = world.vault;
    const deposit = {
      target: world.addresses.vault,
      data: abi.encodeFunctionData("deposit", [shares, MAX, MAX, flash]),
    };
    const withdraw = (part: bigint): { target: string; data: string } => ({
      target: world.addresses.vault,
      data: abi.encodeFunctionData("withdraw", [part, 0, 0, flash, 0]),
    });
    await expect(world.market.run([deposit, withdraw(shares)]))
      .to.be.revertedWithCustomError(world.vault, "SharesLocked")
      .withArgs(flash, shares);
    await expect(world.market.run([deposit, withdraw(1n)])).to.be.revertedWithCustomError(world.vault, "SharesLocked");
    const transfer = {
      target: world.addresses.vault,
      data: abi.encodeFunctionData("transfer", [world.who.bob.address, shares]),
    };
    await expect(world.market.run([deposit, transfer])).to.be.revertedWithCustomError(world.vault, "SharesLocked");
    const approve = {
      target: world.addresses.vault,
      data: abi.encodeFunctionData("approve", [world.who.bob.address, MAX]),
    };
    await world.market.run([deposit, approve]);
    // The next block is enough.
    await world.vault.connect(world.who.bob).transferFrom(flash, world.who.bob.address, shares);
    await world.withdraw(world.who.bob, shares);
  });

  it(
    cites("shares of earlier blocks move and leave in the block of a deposit, fresh ones do not", INVARIANT.ONE_BLOCK),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const { alice, bob } = world.who;
      const old = await world.vault.balanceOf(alice.address);
      const vault = world.vault.connect(alice);
      const [deposited, left, moved, tooMuch] = await world.inOneBlock([
        () => vault.deposit(10n * ONE, MAX, MAX, alice.address, GAS),
        () => vault.withdraw(old / 2n, 0, 0, alice.address, 0, GAS),
        () => vault.transfer(bob.address, old - old / 2n, GAS),
        () => vault.transfer(bob.address, 1n, GAS),
      ]);
      expect([deposited, left, moved, tooMuch].map((r) => r?.status)).to.deep.equal([1, 1, 1, 0]);
      expect(await world.vault.balanceOf(alice.address)).to.equal(10n * ONE);
      await vault.transfer(bob.address, 10n * ONE);
    },
  );

  it(cites("two deposits in one block are both locked", INVARIANT.ONE_BLOCK), async () => {
    const world = await networkHelpers.loadFixture(open);
    const { bob, carol } = world.who;
    const receipts = await world.inOneBlock([
      () => world.vault.connect(bob).deposit(3n * ONE, MAX, MAX, bob.address, GAS),
      () => world.vault.connect(carol).deposit(4n * ONE, MAX, MAX, bob.address, GAS),
      () => world.vault.connect(bob).transfer(carol.address, 4n * ONE, GAS),
      () => world.vault.connect(bob).withdraw(1n, 0, 0, bob.address, 0, GAS),
    ]);
    expect(receipts.map((r) => r.status)).to.deep.equal([1, 1, 0, 0]);
    expect(await world.vault.balanceOf(bob.address)).to.equal(7n * ONE);
    await world.withdraw(bob, 7n * ONE);
  });

  it(cites("dust deposited to or sent to somebody blocks none of his shares", INVARIANT.NO_GRIEF), async () => {
    const world = await networkHelpers.loadFixture(open);
    const { alice, attacker, bob } = world.who;
    await world.deposit(attacker, ONE);
    const all = await world.vault.balanceOf(alice.address);
    const receipts = await world.inOneBlock([
      () => world.vault.connect(attacker).deposit(1n, MAX, MAX, alice.address, GAS),
      () => world.vault.connect(attacker).transfer(alice.address, 1n, GAS),
      () => world.vault.connect(alice).withdraw(all / 2n, 0, 0, alice.address, 0, GAS),
      () => world.vault.connect(alice).transfer(bob.address, all - all / 2n, GAS),
      // The transferred wei was old; it may leave too. The minted one may not.
      () => world.vault.connect(alice).withdraw(1n, 0, 0, alice.address, 0, GAS),
      () => world.vault.connect(alice).withdraw(1n, 0, 0, alice.address, 0, GAS),
    ]);
    expect(receipts.map((r) => r.status)).to.deep.equal([1, 1, 1, 1, 1, 0]);
    expect(await world.vault.balanceOf(alice.address)).to.equal(1n);
  });

  it(cites("the lock is what lockedShares says, and gone one block later", INVARIANT.ONE_BLOCK), async () => {
    const world = await networkHelpers.loadFixture(open);
    const { bob } = world.who;
    const { blockNumber } = await world.deposit(bob, 5n * ONE);
    const locked = (tag: number): Promise<bigint> => world.vault.lockedShares(bob.address, { blockTag: tag });
    expect(await locked(blockNumber)).to.equal(5n * ONE);
    await networkHelpers.mine();
    expect(await locked(blockNumber + 1)).to.equal(0n);
  });

  it(cites("a permit moves fresh shares no sooner", INVARIANT.ONE_BLOCK), async () => {
    const world = await networkHelpers.loadFixture(open);
    const { bob, carol } = world.who;
    const value = 9n * ONE;
    const deadline = (await world.now()) + 1_000;
    const domain = {
      name: await world.vault.name(),
      version: "1",
      chainId: (await world.ethers.provider.getNetwork()).chainId,
      verifyingContract: world.addresses.vault,
    };
    const types = {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    };
    const message = { owner: bob.address, spender: carol.address, value, nonce: 0, deadline };
    const signature = await bob.signTypedData(domain, types, message);
    const [r, s, v] = [
      signature.slice(0, 66),
      `0x${signature.slice(66, 130)}`,
      Number(`0x${signature.slice(130, 132)}`),
    ];
    const receipts = await world.inOneBlock([
      () => world.vault.connect(bob).deposit(value, MAX, MAX, bob.address, GAS),
      () => world.vault.connect(carol).permit(bob.address, carol.address, value, deadline, v, r, s, GAS),
      () => world.vault.connect(carol).transferFrom(bob.address, carol.address, value, GAS),
    ]);
    expect(receipts.map((receipt) => receipt.status)).to.deep.equal([1, 1, 0]);
    await world.vault.connect(carol).transferFrom(bob.address, carol.address, value);
    expect(await world.vault.balanceOf(carol.address)).to.equal(value);
  });
});
