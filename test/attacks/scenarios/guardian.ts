/** The guardian, who may take room away at once: what he can spoil, and that he can neither gain, nor give room, nor stay. */
import type { Result, TransactionResponse } from "ethers";

import type { Caps } from "../../../scripts/deploy/strata.ts";
import { GOVERNOR_FUNCTIONS, ROLES } from "../../../scripts/deploy/strata.ts";
import { ONE } from "../../support/arithmetic.ts";
import { mined } from "../../support/world.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { recentre } from "./lp.ts";

const DAY = 86_400;

/** The limits in force, as setCaps and tightenCaps take them. */
export async function capsNow(stage: Stage): Promise<Record<keyof Caps, bigint>> {
  const limits = (await stage.world.policy.limits()) as unknown as Result;
  const { fees: _fees, pausedUntil: _until, ...caps } = limits.toObject() as Record<string, bigint>;
  return caps as Record<keyof Caps, bigint>;
}

/** As tight as the code lets them be. */
export function tightest(caps: Record<keyof Caps, bigint>): Record<keyof Caps, bigint> {
  return {
    ...caps,
    coreWeightCapBps: 0n,
    minHalfWidth: caps.maxHalfWidth,
    maxPlanLossBps: 0n,
    lossCapBps: 0n,
    lossRefillBps: 0n,
    turnoverCapBps: 0n,
    turnoverRefillBps: 0n,
    churnCapBps: 0n,
    churnRefillBps: 0n,
    volFloorBps: 65_535n,
    lvrLimitBps: 1n,
    treasuryShareBps: 0n,
    maxEntryFeeBps: 0n,
    maxExitFeeBps: 0n,
  };
}

/** The AccessManager as somebody calls it. */
export function managerBy(stage: Stage, who: "safe" | "guardian" | "attacker"): Stage["world"]["manager"] {
  return stage.world.manager.connect(stage.world.who[who]) as Stage["world"]["manager"];
}

/** Sends a call to the AccessManager. */
export function manage(
  stage: Stage,
  who: "safe" | "guardian" | "attacker",
  name: string,
  ...args: readonly unknown[]
): Promise<TransactionResponse> {
  return managerBy(stage, who)
    .getFunction(name)
    .send(...args);
}

const policyCall = (stage: Stage, name: string, args: readonly unknown[] = []): string =>
  stage.world.policy.interface.encodeFunctionData(name as "setCaps", args as never);

export const scenarios: readonly Scenario[] = [
  {
    name: "pauses as often as allowed",
    actor: "guardian",
    about:
      "He pauses whenever he may, which is half of the time: a pause ends after seven days, the next waits seven more, exits go on in both. Accepted: deposits and plans wait a week until the governor removes him.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const { guardian, alice, bob } = world.who;
      const pause = (): Promise<TransactionResponse> => world.policy.connect(guardian).pause();
      for (const start of [0, 14 * DAY]) {
        await stage.at(start + 600);
        await stage.attack(async () => {
          await stage.act(pause);
          await stage.refused("a second pause on top", () => stage.act(pause));
          await stage.refused("a deposit meanwhile", () => world.deposit(bob, ONE));
          await stage.refused("a plan meanwhile", () => recentre(stage));
        });
        await stage.at(start + DAY);
        await stage.withdraw(alice, 1_000n * ONE);
        await stage.at(start + 7 * DAY + 700);
        await stage.attack(async () => {
          await stage.refused("a pause right after it", () => stage.act(pause));
        });
        await stage.at(start + 7 * DAY + 800);
        await recentre(stage);
        await stage.at(start + 14 * DAY - 60);
        await stage.attack(async () => {
          await stage.refused("a pause a minute before its time", () => stage.act(pause));
        });
      }
      await stage.at(29 * DAY);
    },
  },
  {
    name: "takes away everything that he can",
    actor: "guardian",
    about:
      "Every keeper, every tier and all room gone, the vault paused and every vote cancelled: exits stay open, he cannot cancel his own removal, and two delays later the governor has mended it all.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const { guardian, keeper, alice, safe } = world.who;
      const { policy, accessManager } = world.addresses;
      await stage.attack(async () => {
        const caps = await capsNow(stage);
        const by = world.policy.connect(guardian);
        await stage.act(() => by.pause());
        await stage.act(() => by.removeKeeper(keeper.address));
        for (const fee of [500, 3_000, 10_000]) await stage.act(() => by.removePool(fee));
        await stage.act(() => by.tightenCaps(tightest(caps)));
        await stage.refused("a plan", () => recentre(stage));

        const mend = [
          policyCall(stage, "setCaps", [caps]),
          policyCall(stage, "addKeeper", [keeper.address]),
          ...[500, 3_000, 10_000].map((fee) => policyCall(stage, "addPool", [fee])),
          policyCall(stage, "unpause"),
        ];
        const removal = world.manager.interface.encodeFunctionData("revokeRole", [ROLES.GUARDIAN, guardian.address]);
        for (const data of mend) {
          mined(await (await manage(stage, "safe", "schedule", policy, data, 0)).wait());
          await stage.act(() => manage(stage, "guardian", "cancel", safe.address, policy, data));
        }
        mined(await (await manage(stage, "safe", "schedule", accessManager, removal, 0)).wait());
        await stage.refused("a cancellation of his own removal", () =>
          stage.act(() => manage(stage, "guardian", "cancel", safe.address, accessManager, removal)),
        );
        await world.pass(world.options.governanceDelay + 1);
        mined(await (await safe.sendTransaction({ to: accessManager, data: removal })).wait());
        await stage.refused("anything after that", () => stage.act(() => by.removeKeeper(keeper.address)));
        for (const data of mend) mined(await (await manage(stage, "safe", "schedule", policy, data, 0)).wait());
        await stage.refused("a cancellation after that", () =>
          stage.act(() => manage(stage, "guardian", "cancel", safe.address, policy, mend[0])),
        );
        await world.pass(world.options.governanceDelay + 1);
        for (const data of mend) mined(await (await safe.sendTransaction({ to: policy, data })).wait());
        const days = ((await world.now()) - stage.start) / DAY;
        stage.figures["daysUntilMended"] = days;
        stage.must(days < 4.1, "two delays are enough");
      });
      await stage.at(5 * DAY);
      await stage.withdraw(alice, 1_000n * ONE);
      await recentre(stage);
      await stage.at(6 * DAY);
    },
  },
  {
    name: "exits while the guardian holds everything shut",
    actor: "guardian",
    about:
      "The same griefing, and the honest LP leaves in the middle of it: with everything removed, tightened and paused he is paid what he would have been paid without it.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const { guardian, keeper, alice } = world.who;
      await stage.attack(async () => {
        const by = world.policy.connect(guardian);
        await stage.act(() => by.pause());
        await stage.act(() => by.removeKeeper(keeper.address));
        for (const fee of [500, 3_000, 10_000]) await stage.act(() => by.removePool(fee));
        const caps = tightest(await capsNow(stage));
        await stage.act(() => by.tightenCaps(caps));
        await stage.act(() => world.vault.connect(guardian).clampFees());
      });
      await stage.at(600);
      await stage.withdraw(alice, (await world.vault.balanceOf(alice.address)) / 2n);
      await stage.at(1_200);
      await stage.withdraw(alice, await world.vault.balanceOf(alice.address));
    },
  },
  {
    name: "guardian tries to give room",
    actor: "guardian",
    about:
      "Each limit a unit looser, each governed function, each role and each function of the vault: he is refused everything that does not take away.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const { guardian } = world.who;
      const { policy, oracle, vault } = world.addresses;
      await stage.attack(async () => {
        const caps = await capsNow(stage);
        const by = world.policy.connect(guardian);
        for (const field of Object.keys(caps) as (keyof Caps)[]) {
          const looser = field === "minHalfWidth" || field === "volFloorBps" ? caps[field] - 1n : caps[field] + 1n;
          await stage.refused(`a looser ${field}`, () => stage.act(() => by.tightenCaps({ ...caps, [field]: looser })));
        }
        const terms = ((await world.oracle.terms()) as unknown as Result).toObject();
        const calls: Record<string, readonly unknown[]> = {
          setCaps: [caps],
          addPool: [100],
          addKeeper: [guardian.address],
          setTreasury: [guardian.address],
          renewPause: [],
          unpause: [],
        };
        stage.must(
          GOVERNOR_FUNCTIONS.policy.every((name) => name in calls),
          "every governed function is tried",
        );
        const governed: [string, string][] = Object.entries(calls).map(([name, args]) => [
          policy,
          policyCall(stage, name, args),
        ]);
        governed.push([oracle, world.oracle.interface.encodeFunctionData("setTerms", [terms as never])]);
        for (const [target, data] of governed) {
          await stage.refused("a governed call", () => stage.act(() => guardian.sendTransaction({ to: target, data })));
          await stage.refused("the same scheduled", () =>
            stage.act(() => manage(stage, "guardian", "schedule", target, data, 0)),
          );
          await stage.refused("the same executed", () =>
            stage.act(() => manage(stage, "guardian", "execute", target, data)),
          );
        }
        for (const [name, ...args] of [
          ["grantRole", ROLES.GOVERNOR, guardian.address, 0],
          ["grantRole", ROLES.ADMIN, guardian.address, 0],
          ["grantRole", ROLES.GUARDIAN, world.who.attacker.address, 0],
          ["revokeRole", ROLES.GOVERNOR, world.who.safe.address],
          ["setRoleAdmin", ROLES.GOVERNOR, ROLES.GUARDIAN],
          ["setRoleGuardian", ROLES.GUARDIAN, ROLES.GUARDIAN],
          ["setTargetClosed", policy, true],
          ["setTargetAdminDelay", policy, 0],
          ["updateAuthority", policy, guardian.address],
        ] as const) {
          await stage.refused(name, () => stage.act(() => manage(stage, "guardian", name, ...args)));
        }
        await stage.refused("fees", () => stage.act(() => world.vault.connect(guardian).setFees(30, 30)));
        const plan = await world.plan({});
        await stage.refused("a plan", () => stage.act(() => world.vault.connect(guardian).execute(plan)));
        await stage.refused("an exit of shares that he has not", () =>
          stage.act(() => world.vault.connect(guardian).withdraw(1, 0, 0, guardian.address, 0)),
        );
        stage.must((await world.token0.allowance(vault, guardian.address)) === 0n, "no allowance is his");
      });
      await stage.at(3_600);
      await recentre(stage);
    },
  },
  {
    name: "caps lowered under the present state",
    actor: "guardian",
    about:
      "Weight, width, arbitrage and loss limits are set below what stands there, to lock the keeper out of mending it: he may not go further out, and can go back inside by a plan at a time.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const { guardian } = world.who;
      const quarter = { fraction0: ONE / 4n, fraction1: ONE / 4n };
      await stage.attack(async () => {
        const caps = await capsNow(stage);
        const lowered = {
          ...caps,
          coreWeightCapBps: 2_000n,
          minHalfWidth: 2_000n,
          lvrLimitBps: 1n,
          lossCapBps: 1n,
          lossRefillBps: 1n,
        };
        await stage.act(() => world.policy.connect(guardian).tightenCaps(lowered));
        const wide = await world.around(3_000, 4_000);
        await stage.refused("further out", () => world.execute({ mints: [{ ...wide, ...quarter }] }));
        await stage.refused("the old width", async () =>
          world.execute({ burns: [{ index: 0 }], mints: [{ ...(await world.around(3_000, 1_200)), ...quarter }] }),
        );
        // Half a step back: still outside the weight's cap, no further than before.
        await world.execute({ burns: [{ index: 0, fraction: ONE / 4n }] });
        // And inside.
        const eighth = { fraction0: ONE / 8n, fraction1: ONE / 8n };
        await world.execute({ burns: [{ index: 0 }], mints: [{ ...wide, ...eighth }] });
        // With no loss allowed at all, taking out is free.
        await stage.act(() => world.policy.connect(guardian).tightenCaps(tightest({ ...lowered })));
        await world.execute({ burns: [{ index: 0 }] });
      });
      await stage.at(3_600);
    },
  },
];
