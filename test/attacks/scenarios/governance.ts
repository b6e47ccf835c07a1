/** The governor's powers in the wrong hands, at the wrong time, or by a Safe that has been weakened. */
import type { Result } from "ethers";

import { GUARDIAN_FUNCTIONS, ROLES } from "../../../scripts/deploy/strata.ts";
import { ONE } from "../../support/arithmetic.ts";
import { capsOf, tightestCaps } from "../../support/governance.ts";
import { mined } from "../../support/world.ts";
import { recentre } from "../honest.ts";
import { governed, manage, refusedTo } from "../roles.ts";
import type { Scenario } from "../scenario.ts";

const DAY = 86_400;

export const scenarios: readonly Scenario[] = [
  {
    name: "role shortcuts",
    actor: "governance",
    about:
      "Every governed function by everybody: directly, through the manager without a schedule, scheduled by the wrong one, too early, too late, and twice; only the Safe's own call after its delay passes.",
    path: false,
    world: { otherFees: [100] },
    play: async (stage) => {
      const { world } = stage;
      const { deployer, keeper, guardian, alice, attacker, treasury, owners, safe } = world.who;
      await stage.attack(async () => {
        const calls = await governed(stage, world.who.attacker.address);
        const people = [deployer, keeper, guardian, alice, attacker, treasury, ...owners.slice(0, 1)];
        for (const { name, target, data } of calls) {
          for (const who of people) {
            const manager = world.manager.connect(who) as typeof world.manager;
            const by = (verb: string, ...args: readonly unknown[]): Promise<unknown> =>
              stage.act(() => manager.getFunction(verb).send(...args));
            await refusedTo(stage, who, `${name}, directly`, { target, data });
            await stage.refused(`${name}, executed`, () => by("execute", target, data));
            await stage.refused(`${name}, scheduled`, () => by("schedule", target, data, 0));
          }
          await refusedTo(stage, safe, `${name} by the Safe, unannounced`, { target, data });
          await stage.refused(`${name} by the Safe, at a time before its delay`, async () =>
            stage.act(async () => manage(stage, "safe", "schedule", target, data, (await world.now()) + DAY)),
          );
          await stage.act(() => manage(stage, "safe", "schedule", target, data, 0));
          await refusedTo(stage, safe, `${name} by the Safe, at once`, { target, data });
        }
        await world.pass(world.options.governanceDelay - 600);
        for (const { name, target, data } of calls) {
          await refusedTo(stage, safe, `${name}, ten minutes early`, { target, data });
        }
        // A week after its time has come a vote lapses.
        await world.pass(7 * DAY + 700);
        for (const { name, target, data } of calls) {
          await refusedTo(stage, safe, `${name}, a week late`, { target, data });
        }
        const caps = tightestCaps((await capsOf(world)).maxHalfWidth);
        const takes: Record<string, readonly unknown[]> = {
          tightenCaps: [caps],
          removePool: [500],
          lowerSleeveCap: [0, 0],
          removeKeeper: [keeper.address],
          pause: [],
        };
        stage.must(
          GUARDIAN_FUNCTIONS.policy.every((name) => name in takes),
          "every function of the guardian is tried",
        );
        for (const [name, args] of Object.entries(takes)) {
          const data = world.policy.interface.encodeFunctionData(name as "tightenCaps", args as never);
          for (const who of [deployer, keeper, alice, attacker, ...owners.slice(0, 1)]) {
            await refusedTo(stage, who, `${name} by somebody`, { target: world.addresses.policy, data });
          }
        }
      });
      await stage.at(20 * DAY);
      await recentre(stage);
    },
  },
  {
    name: "roles granted again with a shorter delay",
    actor: "governance",
    about:
      "The Safe would give its own role to itself or to another without the 48 hours, or make itself administrator; nobody can, for ever. It can name a guardian, after its delay.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const { safe, attacker } = world.who;
      const { accessManager, policy } = world.addresses;
      await stage.attack(async () => {
        const abi = world.manager.interface;
        const wishes: readonly (readonly [string, readonly unknown[]])[] = [
          ["grantRole", [ROLES.GOVERNOR, safe.address, 0]],
          ["grantRole", [ROLES.GOVERNOR, attacker.address, 0]],
          ["grantRole", [ROLES.ADMIN, safe.address, 0]],
          ["setRoleAdmin", [ROLES.GOVERNOR, ROLES.GOVERNOR]],
          ["setRoleGuardian", [ROLES.GOVERNOR, ROLES.GOVERNOR]],
          ["setGrantDelay", [ROLES.GOVERNOR, 0]],
          ["setTargetFunctionRole", [policy, [world.policy.interface.getFunction("setCaps").selector], ROLES.GUARDIAN]],
          ["setTargetAdminDelay", [policy, 0]],
          ["setTargetClosed", [policy, true]],
          ["updateAuthority", [policy, attacker.address]],
        ];
        for (const [name, args] of wishes) {
          const data = abi.encodeFunctionData(name, [...args]);
          await refusedTo(stage, safe, name, { target: accessManager, data });
          await stage.refused(`${name}, scheduled`, () =>
            stage.act(() => manage(stage, "safe", "schedule", accessManager, data, 0)),
          );
        }
        const named = abi.encodeFunctionData("grantRole", [ROLES.GUARDIAN, attacker.address, 0]);
        await refusedTo(stage, safe, "a new guardian at once", { target: accessManager, data: named });
        await stage.act(() => manage(stage, "safe", "schedule", accessManager, named, 0));
        // The guardian of today may stop that one.
        await stage.act(() => manage(stage, "guardian", "cancel", safe.address, accessManager, named));
        const [member] = (await world.manager.getFunction("hasRole").staticCall(ROLES.ADMIN, safe.address)) as [
          boolean,
        ];
        stage.must(!member, "the Safe is no administrator");
      });
      await stage.at(3_600);
    },
  },
  {
    name: "a vote of a weakened Safe",
    actor: "governance",
    about:
      "Between the vote and its execution the Safe falls to one signature, or gets a module: everything that gives room is refused until it is mended, taking away and leaving are not.",
    path: false,
    world: { otherFees: [100] },
    play: async (stage) => {
      const { world } = stage;
      const { safe, alice, attacker } = world.who;
      await stage.attack(async () => {
        const calls = await governed(stage, world.who.attacker.address);
        for (const { target, data } of calls) await stage.act(() => manage(stage, "safe", "schedule", target, data, 0));
        await world.pass(world.options.governanceDelay + 1);
        const itself = world.safe.connect(safe) as typeof world.safe;
        const change = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
          stage.act(() => itself.getFunction(name).send(...args));
        await change("changeThreshold", 1);
        for (const { name, target, data } of calls) {
          await refusedTo(stage, safe, `${name} with one signature`, { target, data });
        }
        await change("changeThreshold", 2);
        await change("enableModule", attacker.address);
        for (const { name, target, data } of calls) {
          await refusedTo(stage, safe, `${name} with a module`, { target, data });
        }
        await stage.act(() => world.policy.connect(safe).removePool(10_000));
      });
      await stage.at(3 * DAY);
      await stage.withdraw(alice, 1_000n * ONE);
    },
  },
  {
    name: "a vote beyond the code's caps",
    actor: "governance",
    about:
      "An honest majority is tricked into the widest limits it can write; each number is refused above the constants that no vote can lift.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const { safe } = world.who;
      const { policy, oracle } = world.addresses;
      await stage.attack(async () => {
        const caps = await capsOf(world);
        const beyond: Record<string, number> = {
          coreWeightCapBps: 10_001,
          minHalfWidth: 0,
          maxHalfWidth: 887_273,
          maxPlanLossBps: 101,
          lossCapBps: 101,
          lossRefillBps: caps.lossCapBps + 1,
          turnoverCapBps: 10_001,
          turnoverRefillBps: caps.turnoverCapBps + 1,
          churnCapBps: 1_001,
          churnRefillBps: caps.churnCapBps + 1,
          volFloorBps: 0,
          lvrLimitBps: 201,
          treasuryShareBps: 1_001,
          maxEntryFeeBps: 51,
          maxExitFeeBps: 51,
          deleverageCapBps: 301,
          deleverageRefillBps: caps.deleverageCapBps + 1,
        };
        stage.must(
          Object.keys(caps).every((field) => field in beyond),
          "every limit is tried",
        );
        const terms = ((await world.oracle.terms()) as unknown as Result).toObject() as Record<string, bigint>;
        const votes: [string, string][] = Object.entries(beyond).map(([field, value]) => [
          policy,
          world.policy.interface.encodeFunctionData("setCaps", [{ ...caps, [field]: value }]),
        ]);
        for (const wide of [
          { baseDeviationBps: 276n },
          { quoteDeviationBps: 251n },
          { twapBandBps: 1_001n },
          { twapWindow: 299n },
          { twapWindow: 86_401n },
          { baseHeartbeat: 172_801n },
          { quoteHeartbeat: 0n },
          { referenceFee: 100n },
        ]) {
          votes.push([oracle, world.oracle.interface.encodeFunctionData("setTerms", [{ ...terms, ...wide } as never])]);
        }
        for (const [target, data] of votes) {
          mined(await (await manage(stage, "safe", "schedule", target, data, 0)).wait());
        }
        await world.pass(world.options.governanceDelay + 1);
        for (const [target, data] of votes) {
          await refusedTo(stage, safe, "a number above the code's", { target, data });
        }
      });
      await stage.at(3 * DAY);
      await recentre(stage);
    },
  },
  {
    name: "a hostile vote, and two days to leave",
    actor: "governance",
    about:
      "A captured Safe schedules the widest limits and a keeper of its own; who reads the schedule has left, paid in full, before any of it holds.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const { safe, alice, attacker } = world.who;
      await stage.attack(async () => {
        for (const { target, data } of await governed(stage, world.who.attacker.address)) {
          await stage.act(() => manage(stage, "safe", "schedule", target, data, 0));
        }
      });
      await stage.at(DAY);
      await stage.withdraw(alice, await world.vault.balanceOf(alice.address));
      await stage.at(3 * DAY);
      await stage.attack(async () => {
        const data = world.policy.interface.encodeFunctionData("addKeeper", [attacker.address]);
        await stage.act(() => safe.sendTransaction({ to: world.addresses.policy, data }));
        stage.must(await world.policy.isKeeper(attacker.address), "the vote passes, too late to cost anybody");
      });
    },
  },
];
