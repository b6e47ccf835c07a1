/**
 * Incidents in which somebody could do, or have done with others' tokens, what nobody should.
 * Each test replays an incident's mechanism on Uniswap's own bytecode and carries the incident's name.
 */
import { expect } from "chai";
import { Interface, type TransactionReceipt } from "ethers";
import { network } from "hardhat";

import { loadArtifact } from "../../../scripts/deploy/artifacts.ts";
import { GOVERNOR_FUNCTIONS } from "../../../scripts/deploy/strata.ts";
import { ONE } from "../../support/arithmetic.ts";
import { arm, depositStep, withdrawStep } from "../../support/attackContract.ts";
import { components } from "../../support/checks.ts";
import { bySafe, capsOf, govern, managerAs, roomGivingCalls } from "../../support/governance.ts";
import { ORDERS } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { doorsOf, tryDoor } from "./doors.ts";
import { MARKET, minus, shareValue, worldsOf } from "./support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

for (const order of ORDERS) {
  const { fresh, thin, taxed } = worldsOf(connection, order.quoteIsToken0);

  describe(`contracts/incidents/authority: ${order.name}`, () => {
    it(
      cites("Visor 2021, $8.2M", INVARIANT.REENTRANCY, INVARIANT.DEPOSIT_ROUNDS_UP, INVARIANT.ONLY_TO_PAYEES),
      async () => {
        // The only code of others that runs is the pair's tokens'. Here one of them calls back at every transfer.
        const world = await fresh({ baseKind: "LocalHookToken" });
        await world.firstDeposit(world.who.alice, 10_000n * ONE);
        const { attack, address } = await arm(world);
        const token = await world.ethers.getContractAt("LocalHookToken", await world.base.getAddress());
        const again = [
          depositStep(world, address, 1_000n * ONE),
          withdrawStep(world, address, 1n),
          { target: world.addresses.vault, data: world.vault.interface.encodeFunctionData("claimTreasury") },
          { target: world.addresses.vault, data: world.vault.interface.encodeFunctionData("syncTreasuryShare") },
        ];
        const run = attack.interface;
        await token.arm(again.map((call) => ({ target: address, data: run.encodeFunctionData("run", [[call]]) })));
        const quiet = await world.book();
        await attack.run([depositStep(world, address, 1_000n * ONE)]);
        await attack.run([withdrawStep(world, address, 400n * ONE)]);
        await token.disarm();
        const seen = await token.seen();
        const guard = world.vault.interface.getError("ReentrancyGuardReentrantCall")?.selector;
        expect(seen.length >= 2 * again.length).to.equal(true);
        expect(seen.every((outcome) => !outcome.ok && outcome.result === guard)).to.equal(true);
        expect(await world.vault.balanceOf(address)).to.equal(600n * ONE);
        expect(shareValue(world, await world.book()) >= shareValue(world, quiet)).to.equal(true);
        // A recipient that a caller names is never called: this one would revert whatever it is asked.
        const mute = await world.ethers.deployContract("LocalRawFeed", [8], world.who.attacker);
        const name = await mute.getAddress();
        const had = await world.balances(name);
        await attack.run([depositStep(world, name, 10n * ONE)]);
        await attack.run([withdrawStep(world, name, 10n * ONE)]);
        const has = await world.balances(name);
        expect(has.amount0 > had.amount0 && has.amount1 > had.amount1).to.equal(true);
        expect(await world.vault.balanceOf(name)).to.equal(10n * ONE);
      },
    );

    it(cites("Visor 2021, $0.5M", INVARIANT.ONLY_TO_PAYEES, INVARIANT.NO_ADMIN), async () => {
      const world = await networkHelpers.loadFixture(taxed);
      // Something of everything is there to be taken: idle tokens, ranges, pending fees, the treasury's booked part.
      await world.deposit(world.who.bob, 10_000n * ONE);
      await world.movePools(2_010);
      await world.movePools(MARKET);
      await world.withdraw(world.who.bob, 1_000n * ONE);
      const booked = await world.vault.treasuryBook();
      expect(booked.amount0 > 0n && booked.amount1 > 0n).to.equal(true);
      const { safe, guardian, keeper, deployer, owners, treasury } = world.who;
      const roles = [safe, guardian, keeper, deployer, ...owners.slice(0, 1)];
      const quiet = components(await world.book());
      const supply = await world.vault.totalSupply();
      const held = async (): Promise<string> => {
        const list: bigint[] = [];
        for (const who of roles) {
          const { amount0, amount1 } = await world.balances(who.address);
          list.push(amount0, amount1, await world.vault.balanceOf(who.address));
        }
        return list.join();
      };
      const start = await held();
      const paid = await world.balances(treasury.address);
      const passed = new Map<string, number>();
      for (const who of roles) {
        const gift = world.token0.interface.encodeFunctionData("transfer", [who.address, 1n]);
        for (const a of [
          { address: who.address, number: 1n, flag: true, bytes: gift },
          { address: await world.token0.getAddress(), number: 1n << 96n, flag: false, bytes: gift },
          { address: world.addresses.vault, number: 0n, flag: true, bytes: "0x" },
        ]) {
          const doors = [...(await doorsOf(world, a))];
          if (who === keeper && a.number === 1n) {
            const plan = await world.plan({ burns: [{ index: 0 }], mints: [await world.around(500, 900)] });
            doors.push({
              name: "Vault.execute (a real plan)",
              target: world.addresses.vault,
              data: world.vault.interface.encodeFunctionData("execute", [plan]),
            });
          }
          for (const door of doors) {
            const went = await tryDoor(world, who, door, async () => {
              // Who has no tokens and no shares has none afterwards, and shares change hands for nobody.
              if (who !== keeper) expect(await held(), `${door.name} by ${who.address}`).to.equal(start);
              else if ((await held()) !== start) {
                // The keeper owns tokens in this world and may buy shares like anybody; he gets none for nothing.
                expect(door.name).to.equal("Vault.deposit");
              }
              const now = await world.balances(treasury.address);
              const more = minus(now, paid);
              expect(more.amount0 <= booked.amount0 && more.amount1 <= booked.amount1, door.name).to.equal(true);
              expect((await world.vault.totalSupply()) >= supply, door.name).to.equal(true);
              if (!door.name.startsWith("Vault.")) {
                expect([...components(await world.book())], door.name).to.deep.equal([...quiet]);
              }
            });
            if (went) passed.set(door.name, (passed.get(door.name) ?? 0) + 1);
          }
        }
      }
      // The walk is worth nothing if it only meets closed doors: roles' own functions, and everybody's, did open.
      for (const name of ["Policy.pause", "Vault.claimTreasury", "Vault.setFees", "Vault.execute (a real plan)"]) {
        expect(passed.has(name), name).to.equal(true);
      }
      // With the delay as well: what the governor may do moves nothing, and it may do nothing else.
      const plain = new Interface((await loadArtifact("Policy")).abi);
      const limits = await capsOf(world);
      const decisions: Record<string, readonly unknown[]> = {
        setCaps: [{ ...limits, coreWeightCapBps: 5_000 }],
        addKeeper: [safe.address],
        setTreasury: [safe.address],
        renewPause: [],
        unpause: [],
      };
      for (const [name, values] of Object.entries(decisions)) {
        await govern(world, world.addresses.policy, plain.encodeFunctionData(name, values));
        expect(await held(), name).to.equal(start);
        expect([...components(await world.book())], name).to.deep.equal([...quiet]);
      }
      expect(GOVERNOR_FUNCTIONS.policy.filter((name) => !(name in decisions))).to.deep.equal(["addPool", "setSleeve"]);
      for (const [target, data] of [
        [await world.token0.getAddress(), world.token0.interface.encodeFunctionData("transfer", [safe.address, 1n])],
        [
          await world.token0.getAddress(),
          world.token0.interface.encodeFunctionData("transferFrom", [world.addresses.vault, safe.address, 1n]),
        ],
        [world.addresses.vault, world.vault.interface.encodeFunctionData("withdraw", [1n, 0n, 0n, safe.address, 0n])],
      ] as const) {
        await expect(
          managerAs(world, "safe").getFunction("schedule").send(target, data, 0),
        ).to.be.revertedWithCustomError(world.manager, "AccessManagerUnauthorizedCall");
        await expect(managerAs(world, "safe").getFunction("execute").send(target, data)).to.be.revertedWithCustomError(
          world.manager,
          "AccessManagerUnauthorizedCall",
        );
      }
    });

    it(
      cites("Orange, Jan 2025, $0.8M", INVARIANT.POLICY_SAFE, INVARIANT.POLICY_DIRECTION, INVARIANT.NO_ADMIN),
      async () => {
        const world = await fresh({ otherFees: [100] });
        await world.firstDeposit(world.who.alice, 10_000n * ONE);
        const { owners, attacker, guardian } = world.who;
        const [first, second] = owners;
        if (first === undefined || second === undefined) throw new Error("no owners");
        const safeAddress = await world.safe.getAddress();
        const manager = world.addresses.accessManager;
        const setup = world.safe.interface;
        const decisions = await roomGivingCalls(world);
        // Two owners weaken the Safe to one signature; one online key is then enough to schedule.
        await bySafe(world, safeAddress, setup.encodeFunctionData("changeThreshold", [1]), [first, second]);
        for (const { target, data } of decisions) {
          const schedule = world.manager.interface.encodeFunctionData("schedule", [target, data, 0]);
          await bySafe(world, manager, schedule, [first]);
        }
        await world.pass(world.options.governanceDelay + 1);
        for (const { target, data } of decisions) {
          const call = world.manager.interface.encodeFunctionData("execute", [target, data]);
          // The Safe says GS013 for whatever failed inside; the same call from the Safe's address tells the reason.
          await expect(bySafe(world, manager, call, [first])).to.be.revert(world.ethers);
          await expect(
            managerAs(world, "safe").getFunction("execute").staticCall(target, data),
          ).to.be.revertedWithCustomError(world.policy, "UnsafeSafe");
        }
        // A module is as good as a missing signature.
        await bySafe(world, safeAddress, setup.encodeFunctionData("changeThreshold", [2]), [first]);
        await bySafe(world, safeAddress, setup.encodeFunctionData("enableModule", [attacker.address]), [first, second]);
        for (const { target, data } of decisions) {
          await expect(
            managerAs(world, "safe").getFunction("execute").staticCall(target, data),
          ).to.be.revertedWithCustomError(world.policy, "UnsafeSafe");
        }
        // What takes room away still works, and leaving too.
        await world.policy.connect(guardian).removePool(10_000);
        await world.withdraw(world.who.alice, 1_000n * ONE);
        // Mended, the Safe decides again; what it scheduled has waited long enough.
        const sentinel = "0x0000000000000000000000000000000000000001";
        const disable = setup.encodeFunctionData("disableModule", [sentinel, attacker.address]);
        await bySafe(world, safeAddress, disable, [first, second]);
        const addPool = decisions.find(({ name }) => name === "addPool");
        if (addPool === undefined) throw new Error("no vote for a tier");
        const call = world.manager.interface.encodeFunctionData("execute", [addPool.target, addPool.data]);
        await expect(bySafe(world, manager, call, [first])).to.be.revert(world.ethers);
        await bySafe(world, manager, call, [first, second]);
        expect((await world.policy.limits()).fees).to.include(100n);
        // Not upgradeable: no proxy's slot is set, no function's name says so, and no code can be destroyed or delegated
        // anywhere but to the library that is linked in.
        const IMPLEMENTATION = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a33f3d6b9bba8b4b1c";
        const BEACON = "0xa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50";
        for (const address of [world.addresses.vault, world.addresses.policy, world.addresses.oracle]) {
          for (const slot of [IMPLEMENTATION, BEACON]) {
            expect(BigInt(await world.ethers.provider.getStorage(address, slot))).to.equal(0n);
          }
        }
        for (const name of ["Vault", "Policy", "PriceOracle"]) {
          new Interface((await loadArtifact(name)).abi).forEachFunction((fragment) => {
            expect(/upgrade|implementation|initialize|delegate|migrate/i.test(fragment.name), fragment.name).to.equal(
              false,
            );
          });
        }
        // Linked libraries, fixed at deployment, are all that is run in the place of a contract's own code.
        const { vault, policy, oracle, planLib, moveLib, sleeveLib } = world.addresses;
        for (const [address, name] of [
          [vault, "Vault"],
          [policy, "Policy"],
          [oracle, "PriceOracle"],
          [planLib, "PlanLib"],
          [moveLib, "MoveLib"],
          [sleeveLib, "SleeveLib"],
        ] as const) {
          const links = Object.values((await loadArtifact(name)).linkReferences)
            .flatMap((file) => Object.values(file))
            .flat().length;
          const code = opcodes(await world.ethers.provider.getCode(address));
          expect(code.filter((op) => op === 0xf4).length, name).to.equal(links);
          expect(code.includes(0xf2) || code.includes(0xff), name).to.equal(false);
        }
      },
    );

    it(cites("Aperture, Jan 2026, $3.7M", INVARIANT.ONLY_TO_PAYEES, INVARIANT.CALLBACK), async () => {
      const world = await networkHelpers.loadFixture(thin);
      // Everybody has approved the vault without limit; nobody's approval may move a wei that he did not send himself.
      const { alice, bob, carol, stranger, attacker, keeper } = world.who;
      const victims = [alice, bob, carol, stranger];
      const look = async (): Promise<string> => {
        const list: bigint[] = [];
        for (const victim of victims) {
          const { amount0, amount1 } = await world.balances(victim.address);
          list.push(amount0, amount1, await world.vault.balanceOf(victim.address));
          for (const token of [world.token0, world.token1]) {
            list.push(await token.allowance(victim.address, world.addresses.vault));
          }
        }
        return list.join();
      };
      const start = await look();
      for (const token of [world.token0, world.token1]) {
        expect((await token.allowance(bob.address, world.addresses.vault)) > 10n ** 60n).to.equal(true);
      }
      let passed = 0;
      for (const who of [attacker, keeper]) {
        for (const token of [world.token0, world.token1]) {
          const steal = token.interface.encodeFunctionData("transferFrom", [bob.address, who.address, 10n ** 6n]);
          for (const address of [bob.address, await token.getAddress(), who.address]) {
            for (const door of await doorsOf(world, { address, number: 10n ** 9n, flag: true, bytes: steal })) {
              const went = await tryDoor(world, who, door, async () => {
                // A gift of shares to a victim is the one change: paid by the giver.
                const now = await look();
                if (door.name === "Vault.deposit" || door.name === "Vault.transfer") {
                  expect(victimsLost(start, now), door.name).to.equal(false);
                } else expect(now, door.name).to.equal(start);
              });
              if (went) passed += 1;
            }
          }
        }
      }
      expect(passed > 20, `${passed} calls went through`).to.equal(true);
      // Nor can a contract pose as a pool: the callbacks pay the pool that a running plan calls, and nobody else.
      const { attack, address } = await arm(world);
      for (const name of ["uniswapV3MintCallback", "uniswapV3SwapCallback"] as const) {
        const data = world.vault.interface.encodeFunctionData(name as "uniswapV3MintCallback", [1n, 1n, "0x"]);
        await expect(attack.run([{ target: world.addresses.vault, data }]))
          .to.be.revertedWithCustomError(world.vault, "UnexpectedCallback")
          .withArgs(address);
      }
    });

    it(
      cites(
        "audit of a modular vault: allowances left behind when a module changed",
        INVARIANT.PLAN_CLEAN,
        INVARIANT.CALLBACK,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(thin);
        const { guardian, bob, alice } = world.who;
        const { vault } = world.addresses;
        const receipts: (TransactionReceipt | null)[] = [];
        const half = { fraction0: ONE / 2n, fraction1: ONE / 2n };
        receipts.push(await world.deposit(bob, 5_000n * ONE));
        const plan = await world.execute({
          burns: [{ index: 0 }],
          swaps: [{ fee: 3_000, zeroForOne: true, fraction: ONE / 50n }],
          mints: [
            { ...(await world.around(10_000, 2_000)), ...half },
            { ...(await world.around(3_000, 1_200)), ...half },
          ],
        });
        receipts.push(plan.receipt);
        receipts.push(await world.withdraw(alice, 1_000n * ONE));
        receipts.push(await (await world.vault.claimTreasury()).wait());
        // The tiers are taken away, and the keeper's plan takes the ranges out of them.
        for (const fee of [500, 3_000, 10_000]) {
          receipts.push(await (await world.policy.connect(guardian).removePool(fee)).wait());
        }
        const { positions } = await world.book();
        const leave = await world.execute({ burns: positions.map(({ index }) => ({ index })) });
        receipts.push(leave.receipt);
        const approval = world.token0.interface.getEvent("Approval").topicHash;
        const spenders = [
          ...world.contracts(),
          ...world.people(),
          ...[...world.pools.values()].map((pool) => pool.address),
          await world.factory.getAddress(),
        ];
        for (const token of [world.token0, world.token1]) {
          for (const spender of spenders) expect(await token.allowance(vault, spender), spender).to.equal(0n);
          const address = await token.getAddress();
          for (const receipt of receipts) {
            for (const log of receipt?.logs ?? []) {
              if (log.address === address && log.topics[0] === approval) {
                expect(BigInt(log.topics[1] ?? "0x0")).not.to.equal(BigInt(vault));
              }
            }
          }
        }
        // A pool that was a venue a moment ago can neither pull nor be paid.
        for (const pool of world.pools.values()) {
          const venue = await world.as(pool.address);
          await expect(world.token0.connect(venue).transferFrom(vault, pool.address, 1n)).to.be.revertedWithCustomError(
            world.token0,
            "ERC20InsufficientAllowance",
          );
          await expect(world.vault.connect(venue).uniswapV3MintCallback(1n, 1n, "0x")).to.be.revertedWithCustomError(
            world.vault,
            "UnexpectedCallback",
          );
        }
        await world.withdraw(bob, 5_000n * ONE);
      },
    );
  });
}

/** Whether any number of the second look is under its fellow of the first. */
function victimsLost(before: string, after: string): boolean {
  const was = before.split(",").map(BigInt);
  return after.split(",").some((now, i) => BigInt(now) < (was[i] ?? 0n));
}

/** The instructions of a deployed contract, without the constants between them. */
function opcodes(code: string): readonly number[] {
  const bytes = Buffer.from(code.slice(2), "hex");
  const list: number[] = [];
  for (let i = 0; i < bytes.length; i += 1) {
    const op = bytes[i] ?? 0;
    list.push(op);
    if (op >= 0x60 && op <= 0x7f) i += op - 0x5f;
  }
  return list;
}
