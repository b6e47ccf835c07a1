import { expect } from "chai";
import { network } from "hardhat";

import { ONE } from "../support/arithmetic.ts";
import { setCaps } from "../support/governance.ts";
import type { World } from "../support/world.ts";
import { deployWorld, type TokenKind } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";
import type { LocalHookToken } from "../../types/ethers-contracts/local/LocalHookToken.ts";

const connection = await network.create();
const { networkHelpers } = connection;

interface Door {
  readonly name: string;
  readonly target: string;
  readonly data: string;
  /** The error that must come back. */
  readonly error: string;
}

for (const side of ["base", "quote"] as const) {
  describe(`contracts/reentrancy: the ${side} token calls back`, () => {
    async function open(): Promise<World> {
      const kind: TokenKind = "LocalHookToken";
      const world = await deployWorld(connection, side === "base" ? { baseKind: kind } : { quoteKind: kind });
      await world.firstDeposit(world.who.alice, 10_000n * ONE);
      await world.execute({
        mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
      });
      return world;
    }

    async function doors(world: World): Promise<readonly Door[]> {
      const { vault, lens, addresses } = world;
      const locked = "ReentrancyGuardReentrantCall";
      const person = world.who.attacker.address;
      const plan = await world.plan({ nonce: (await world.vault.planNonce()) + 1n });
      const at = (name: string, data: string, error = locked): Door => ({ name, target: addresses.vault, data, error });
      const abi = vault.interface;
      const callback = [10n ** 18n, 10n ** 6n, "0x"];
      return [
        at("deposit", abi.encodeFunctionData("deposit", [ONE, 10n ** 20n, 10n ** 20n, person])),
        at("withdraw", abi.encodeFunctionData("withdraw", [1n, 0n, 0n, person, 0n])),
        at("execute", abi.encodeFunctionData("execute", [plan])),
        at("setFees", abi.encodeFunctionData("setFees", [0, 0])),
        at("clampFees", abi.encodeFunctionData("clampFees")),
        at("syncTreasuryShare", abi.encodeFunctionData("syncTreasuryShare")),
        at("claimTreasury", abi.encodeFunctionData("claimTreasury")),
        at("totals", abi.encodeFunctionData("totals")),
        at("previewDeposit", abi.encodeFunctionData("previewDeposit", [ONE])),
        at(
          "mint callback",
          abi.encodeFunctionData("uniswapV3MintCallback", [callback[0] ?? 0, callback[1] ?? 0, "0x"]),
          "UnexpectedCallback",
        ),
        at(
          "swap callback",
          abi.encodeFunctionData("uniswapV3SwapCallback", [callback[0] ?? 0, callback[1] ?? 0, "0x"]),
          "UnexpectedCallback",
        ),
        {
          name: "lens.observe",
          target: addresses.lens,
          data: lens.interface.encodeFunctionData("observe", [addresses.vault, person]),
          error: locked,
        },
      ];
    }

    async function expectAllClosed(
      world: World,
      act: () => Promise<unknown>,
      which?: readonly Door[],
    ): Promise<number> {
      const token: LocalHookToken = await world.ethers.getContractAt("LocalHookToken", await world[side].getAddress());
      const list = which ?? (await doors(world));
      await token.arm(list.map(({ target, data }) => ({ target, data })));
      await act();
      await token.disarm();
      const seen = await token.seen();
      expect(seen.length % list.length).to.equal(0);
      expect(seen.length > 0, "the hook must have run").to.equal(true);
      const open: string[] = [];
      for (const [i, outcome] of seen.entries()) {
        const door = list[i % list.length];
        if (door === undefined) continue;
        const selector = world.vault.interface.getError(door.error)?.selector;
        if (outcome.ok || outcome.result.slice(0, 10) !== selector)
          open.push(`${door.name}: ${outcome.ok} ${outcome.result.slice(0, 10)}`);
      }
      expect([...new Set(open)], INVARIANT.REENTRANCY).to.deep.equal([]);
      return seen.length / list.length;
    }

    it(cites("during a deposit", INVARIANT.REENTRANCY), async () => {
      const world = await networkHelpers.loadFixture(open);
      await expectAllClosed(world, () => world.deposit(world.who.bob, 10n * ONE));
      expect(await world.vault.balanceOf(world.who.bob.address)).to.equal(10n * ONE);
    });

    it(cites("during a first deposit", INVARIANT.REENTRANCY), async () => {
      const kind: TokenKind = "LocalHookToken";
      const world = await deployWorld(connection, side === "base" ? { baseKind: kind } : { quoteKind: kind });
      await expectAllClosed(world, () => world.firstDeposit(world.who.bob, 5_000n * ONE));
      expect(await world.vault.balanceOf(world.who.bob.address)).to.equal(5_000n * ONE);
    });

    it(
      cites(
        "during a withdrawal, from the pool's payment and from the vault's",
        INVARIANT.REENTRANCY,
        INVARIANT.WITHDRAW_PREVIEW,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { alice } = world.who;
        const preview = await world.lens.previewWithdraw(world.addresses.vault, 4_000n * ONE, 0);
        const had = await world.balances(alice.address);
        const times = await expectAllClosed(world, () => world.withdraw(alice, 4_000n * ONE));
        expect(times).to.equal(2);
        const has = await world.balances(alice.address);
        expect([has.amount0 - had.amount0, has.amount1 - had.amount1]).to.deep.equal([
          preview.amount0,
          preview.amount1,
        ]);
      },
    );

    it(cites("during a plan's collects, swaps and mints", INVARIANT.REENTRANCY, INVARIANT.CALLBACK), async () => {
      const world = await networkHelpers.loadFixture(open);
      const mint = { ...(await world.around(10_000, 2_000)), fraction0: ONE / 2n, fraction1: ONE / 2n };
      const times = await expectAllClosed(world, () =>
        world.execute({
          burns: [{ index: 0 }],
          swaps: [{ fee: 500, zeroForOne: true, fraction: ONE / 50n }],
          mints: [mint],
        }),
      );
      expect(times >= 3).to.equal(true);
      expect(await world.vault.planNonce()).to.equal(2n);
    });

    it(cites("while fees are collected for the treasury, and while it is paid", INVARIANT.REENTRANCY), async () => {
      const kind: TokenKind = "LocalHookToken";
      const world = await deployWorld(connection, {
        ...(side === "base" ? { baseKind: kind } : { quoteKind: kind }),
        governanceDelay: 0,
        caps: { treasuryShareBps: 1_000 },
      });
      await world.firstDeposit(world.who.alice, 10_000n * ONE);
      await world.execute({
        mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
      });
      await world.movePools(2_010);
      await world.movePools(1_990);
      await setCaps(world, { treasuryShareBps: 500 });
      await expectAllClosed(world, () => world.vault.syncTreasuryShare());
      const { treasury } = world.who;
      const booked = await world.vault.treasuryBook();
      const had = await world.balances(treasury.address);
      expect(await expectAllClosed(world, () => world.vault.claimTreasury())).to.equal(1);
      const has = await world.balances(treasury.address);
      expect([has.amount0 - had.amount0, has.amount1 - had.amount1]).to.deep.equal([booked.amount0, booked.amount1]);
    });

    it(cites("a withdrawal's preview refuses too, since somebody may lend on it", INVARIANT.REENTRANCY), async () => {
      const world = await networkHelpers.loadFixture(open);
      const data = world.lens.interface.encodeFunctionData("previewWithdraw", [world.addresses.vault, ONE, 0]);
      const preview = {
        name: "lens.previewWithdraw",
        target: world.addresses.lens,
        data,
        error: "ReentrancyGuardReentrantCall",
      };
      await expectAllClosed(world, () => world.execute({ burns: [{ index: 0 }] }), [preview]);
      await expectAllClosed(world, () => world.withdraw(world.who.alice, 4_000n * ONE), [preview]);
    });

    it(cites("a plan's steps cannot be used to have another pool paid", INVARIANT.CALLBACK), async () => {
      const world = await networkHelpers.loadFixture(open);
      const token: LocalHookToken = await world.ethers.getContractAt("LocalHookToken", await world[side].getAddress());
      // While the plan mints into one pool, the attacker's contract trades with another one; that pool asks him, not the vault.
      const other = world.pool(10_000);
      const data = other.contract.interface.encodeFunctionData("swap", [
        await world.market.getAddress(),
        true,
        10n ** 12n,
        4295128740n,
        "0x",
      ]);
      const run = world.market.interface.encodeFunctionData("run", [[{ target: other.address, data }]]);
      const before = await world.book();
      await token.arm([{ target: await world.market.getAddress(), data: run }]);
      const { chargeX18 } = await world.execute({ mints: [await world.around(500, 1_200)] });
      await token.disarm();
      expect((await token.seen()).some((outcome) => outcome.ok)).to.equal(true);
      expect(chargeX18 < 3n * 10n ** 14n).to.equal(true);
      expect((await world.book()).supply).to.equal(before.supply);
    });
  });
}

describe("contracts/reentrancy: callbacks", () => {
  async function open(): Promise<World> {
    const world = await deployWorld(connection);
    await world.firstDeposit(world.who.alice, 10_000n * ONE);
    await world.execute({
      mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
    });
    return world;
  }

  it(
    cites(
      "nobody is paid outside a plan: strangers, keepers, genuine pools, the vault itself",
      INVARIANT.CALLBACK,
      INVARIANT.PLAN_CLEAN,
    ),
    async () => {
      const world = await networkHelpers.loadFixture(open);
      const before = await world.balances(world.addresses.vault);
      const callers = [
        world.who.stranger.address,
        world.who.keeper.address,
        world.addresses.vault,
        world.addresses.policy,
      ];
      for (const pool of world.pools.values()) callers.push(pool.address);
      for (const caller of callers) {
        const vault = world.vault.connect(await world.as(caller));
        await expect(vault.uniswapV3MintCallback(1n, 1n, "0x"))
          .to.be.revertedWithCustomError(world.vault, "UnexpectedCallback")
          .withArgs(caller);
        await expect(vault.uniswapV3SwapCallback(1n, -1n, "0x")).to.be.revertedWithCustomError(
          world.vault,
          "UnexpectedCallback",
        );
      }
      expect(await world.balances(world.addresses.vault)).to.deep.equal(before);
    },
  );

  it(cites("nor after a plan in the same transaction", INVARIANT.CALLBACK, INVARIANT.PLAN_CLEAN), async () => {
    const world = await deployWorld(connection);
    await world.firstDeposit(world.who.alice, 10_000n * ONE);
    // The keeper is a contract that plans and then asks to be paid as the pool would; the vault reads msg.sender, so only
    // a pool could pass, and after the plan not even that one: see ExpectedPool.
    const market = await world.market.getAddress();
    const data = world.policy.interface.encodeFunctionData("addKeeper", [market]);
    const manager = world.manager.connect(world.who.safe) as typeof world.manager;
    await manager.getFunction("schedule").send(world.addresses.policy, data, 0);
    await world.pass(world.options.governanceDelay + 1);
    await manager.getFunction("execute").send(world.addresses.policy, data);
    await world.report(2_000);
    const plan = await world.plan({ mints: [await world.around(3_000, 1_200)] });
    const callback = world.vault.interface.encodeFunctionData("uniswapV3MintCallback", [1n, 1n, "0x"]);
    const execute = {
      target: world.addresses.vault,
      data: world.vault.interface.encodeFunctionData("execute", [plan]),
    };
    await expect(world.market.run([execute, { target: world.addresses.vault, data: callback }]))
      .to.be.revertedWithCustomError(world.vault, "UnexpectedCallback")
      .withArgs(market);
    // Two plans in one transaction are two plans: nothing of the first one's transient state is in the second one's way.
    const next = await world.plan({ nonce: 1n, burns: [{ index: 0 }] });
    await world.market.run([
      execute,
      { target: world.addresses.vault, data: world.vault.interface.encodeFunctionData("execute", [next]) },
    ]);
    expect(await world.vault.planNonce()).to.equal(2n);
    expect((await world.book()).positions).to.deep.equal([]);
  });
});
