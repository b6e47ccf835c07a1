/** The governor's powers in the wrong hands, at the wrong time, or by a Safe that has been weakened. */
import type { Result } from "ethers";

import { GOVERNOR_FUNCTIONS, GUARDIAN_FUNCTIONS, ROLES } from "../../../scripts/deploy/strata.ts";
import { ONE } from "../../support/arithmetic.ts";
import { mined } from "../../support/world.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { capsNow, manage, tightest } from "./guardian.ts";
import { recentre } from "./lp.ts";

const DAY = 86_400;

interface Governed {
  readonly name: string;
  readonly target: string;
  readonly data: string;
}

/** Every function that gives room, with arguments that would change something. */
async function governed(stage: Stage): Promise<readonly Governed[]> {
  const { world } = stage;
  const { policy, oracle } = world.addresses;
  const someone = world.who.attacker.address;
  const caps = await capsNow(stage);
  const terms = ((await world.oracle.terms()) as unknown as Result).toObject() as Record<string, bigint>;
  const calls: Record<string, readonly unknown[]> = {
    setCaps: [{ ...caps, lossCapBps: 100n, lossRefillBps: 100n }],
    addPool: [100],
    addKeeper: [someone],
    setTreasury: [someone],
    renewPause: [],
    unpause: [],
  };
  const list: Governed[] = Object.entries(calls).map(([name, args]) => ({
    name,
    target: policy,
    data: world.policy.interface.encodeFunctionData(name as "setCaps", args as never),
  }));
  list.push({
    name: "setTerms",
    target: oracle,
    data: world.oracle.interface.encodeFunctionData("setTerms", [{ ...terms, baseDeviationBps: 275n } as never]),
  });
  const names = [...GOVERNOR_FUNCTIONS.policy, ...GOVERNOR_FUNCTIONS.oracle];
  stage.must(
    names.every((name) => list.some((one) => one.name === name)) && names.length === list.length,
    "every governed function is tried",
  );
  return list;
}

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
        const calls = await governed(stage);
        const people = [deployer, keeper, guardian, alice, attacker, treasury, ...owners.slice(0, 1)];
        for (const { name, target, data } of calls) {
          for (const who of people) {
            const manager = world.manager.connect(who) as typeof world.manager;
            const by = (verb: string, ...args: readonly unknown[]): Promise<unknown> =>
              stage.act(() => manager.getFunction(verb).send(...args));
            await stage.refused(`${name}, directly`, () => stage.act(() => who.sendTransaction({ to: target, data })));
            await stage.refused(`${name}, executed`, () => by("execute", target, data));
            await stage.refused(`${name}, scheduled`, () => by("schedule", target, data, 0));
          }
          const send = (): Promise<unknown> => stage.act(() => safe.sendTransaction({ to: target, data }));
          await stage.refused(`${name} by the Safe, unannounced`, send);
          await stage.refused(`${name} by the Safe, at a time before its delay`, async () =>
            stage.act(async () => manage(stage, "safe", "schedule", target, data, (await world.now()) + DAY)),
          );
          await stage.act(() => manage(stage, "safe", "schedule", target, data, 0));
          await stage.refused(`${name} by the Safe, at once`, send);
        }
        await world.pass(world.options.governanceDelay - 600);
        for (const { name, target, data } of calls) {
          await stage.refused(`${name}, ten minutes early`, () =>
            stage.act(() => safe.sendTransaction({ to: target, data })),
          );
        }
        // A week after its time has come a vote lapses.
        await world.pass(7 * DAY + 700);
        for (const { name, target, data } of calls) {
          await stage.refused(`${name}, a week late`, () =>
            stage.act(() => safe.sendTransaction({ to: target, data })),
          );
        }
        const caps = tightest(await capsNow(stage));
        const takes: Record<string, readonly unknown[]> = {
          tightenCaps: [caps],
          removePool: [500],
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
            await stage.refused(`${name} by somebody`, () =>
              stage.act(() => who.sendTransaction({ to: world.addresses.policy, data })),
            );
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
          await stage.refused(name, () => stage.act(() => safe.sendTransaction({ to: accessManager, data })));
          await stage.refused(`${name}, scheduled`, () =>
            stage.act(() => manage(stage, "safe", "schedule", accessManager, data, 0)),
          );
        }
        const named = abi.encodeFunctionData("grantRole", [ROLES.GUARDIAN, attacker.address, 0]);
        await stage.refused("a new guardian at once", () =>
          stage.act(() => safe.sendTransaction({ to: accessManager, data: named })),
        );
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
        const calls = await governed(stage);
        for (const { target, data } of calls) await stage.act(() => manage(stage, "safe", "schedule", target, data, 0));
        await world.pass(world.options.governanceDelay + 1);
        const itself = world.safe.connect(safe) as typeof world.safe;
        const change = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
          stage.act(() => itself.getFunction(name).send(...args));
        await change("changeThreshold", 1);
        for (const { name, target, data } of calls) {
          await stage.refused(`${name} with one signature`, () =>
            stage.act(() => safe.sendTransaction({ to: target, data })),
          );
        }
        await change("changeThreshold", 2);
        await change("enableModule", attacker.address);
        for (const { name, target, data } of calls) {
          await stage.refused(`${name} with a module`, () =>
            stage.act(() => safe.sendTransaction({ to: target, data })),
          );
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
        const caps = await capsNow(stage);
        const beyond: Record<string, bigint> = {
          coreWeightCapBps: 10_001n,
          minHalfWidth: 0n,
          maxHalfWidth: 887_273n,
          maxPlanLossBps: 101n,
          lossCapBps: 101n,
          lossRefillBps: caps.lossCapBps + 1n,
          turnoverCapBps: 10_001n,
          turnoverRefillBps: caps.turnoverCapBps + 1n,
          churnCapBps: 1_001n,
          churnRefillBps: caps.churnCapBps + 1n,
          volFloorBps: 0n,
          lvrLimitBps: 201n,
          treasuryShareBps: 1_001n,
          maxEntryFeeBps: 51n,
          maxExitFeeBps: 51n,
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
          await stage.refused("a number above the code's", () =>
            stage.act(() => safe.sendTransaction({ to: target, data })),
          );
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
        for (const { target, data } of await governed(stage)) {
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
