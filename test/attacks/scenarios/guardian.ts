/** The guardian, who may take room away at once: what he can spoil, and that he can neither gain, nor give room, nor stay. */
import type { TransactionResponse } from "ethers";

import { ROLES, type Caps } from "../../../scripts/deploy/strata.ts";
import { ONE } from "../../support/arithmetic.ts";
import { capsOf, tightestCaps } from "../../support/governance.ts";
import { mined } from "../../support/world.ts";
import { recentre } from "../honest.ts";
import { governed, manage, refusedTo, shutEverything } from "../roles.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";

const DAY = 86_400;

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
        const caps = await capsOf(world);
        const by = world.policy.connect(guardian);
        await shutEverything(stage);
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
      const { guardian, alice } = world.who;
      await stage.attack(async () => {
        await shutEverything(stage);
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
      const { policy, vault } = world.addresses;
      await stage.attack(async () => {
        const caps = await capsOf(world);
        const by = world.policy.connect(guardian);
        for (const field of Object.keys(caps) as (keyof Caps)[]) {
          const looser = field === "minHalfWidth" || field === "volFloorBps" ? caps[field] - 1 : caps[field] + 1;
          await stage.refused(`a looser ${field}`, () => stage.act(() => by.tightenCaps({ ...caps, [field]: looser })));
        }
        for (const { name, target, data } of await governed(stage, guardian.address)) {
          await refusedTo(stage, guardian, name, { target, data });
          await stage.refused(`${name}, scheduled`, () =>
            stage.act(() => manage(stage, "guardian", "schedule", target, data, 0)),
          );
          await stage.refused(`${name}, executed`, () =>
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
        const caps = await capsOf(world);
        const lowered = {
          ...caps,
          coreWeightCapBps: 2_000,
          minHalfWidth: 2_000,
          lvrLimitBps: 1,
          lossCapBps: 1,
          lossRefillBps: 1,
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
        await stage.act(() => world.policy.connect(guardian).tightenCaps(tightestCaps(lowered.maxHalfWidth)));
        await world.execute({ burns: [{ index: 0 }] });
      });
      await stage.at(3_600);
    },
  },
];
