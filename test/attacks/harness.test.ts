/** The attack suite must be able to fail, and must see nothing where nothing happens. */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE, VALUE_BITS } from "../support/arithmetic.ts";
import { expectClose } from "../support/close.ts";
import { flowsOf, lossAt } from "../support/chargeModel.ts";
import { ORDERS, type World } from "../support/world.ts";
import { documentOf, summaryOf, tableOf } from "./report.ts";
import { refusalOf } from "./revert.ts";
import { build, measure, playOnce, prepare, Worlds } from "./run.ts";
import type { Measured, Scenario } from "./scenario.ts";
import { judge, passed, THEOREM, type Rules } from "./score.ts";
import { bps, type Stage } from "./stage.ts";
import { playAll } from "./suite.ts";
import { edgeOf, FEED, harvest, HIGH } from "./tactics.ts";

const GAS_LIMIT = 58_000_000n;

/** One stale-feed harvest, without the honest range, so that its transaction has one plan. */
const HARVEST: Scenario = {
  name: "one harvest",
  actor: "keeper",
  about: "A test's own attack.",
  path: false,
  prepare: async (stage) => {
    await stage.world.execute({ burns: [{ index: 0 }] });
  },
  play: async (stage) => {
    await stage.moveMarket(HIGH, { feeds: "silent" });
    await stage.attack(async () => {
      const strike = await harvest(stage, { fee: 500, edge: edgeOf(500, "low"), width: 800, sells: "base" });
      const { lossBps, chargeBps } = await stage.strike(strike(ONE));
      stage.figures["lossBps"] = lossBps ?? Number.NaN;
      stage.figures["chargeBps"] = chargeBps;
    });
  },
};

describe("attacks/harness", () => {
  const worlds = new Worlds(() => network.create({ override: { gas: GAS_LIMIT } }));
  after(() => worlds.close());

  describe("an attack that costs LPs something", () => {
    let m: Measured;
    before(async () => {
      m = await worlds.measure(HARVEST);
    });

    it("holds by the theorem, and is seen in full", () => {
      const outcome = judge(m, 0);
      expect(outcome.why).to.deep.equal([]);
      expect(outcome.lpLossBps).to.be.greaterThan(5);
      expect(outcome.attackerProfitBps).to.be.greaterThan(5);
      // The whole run and the one plan tell the same.
      expectClose(outcome.lpLossBps, m.figures["lossBps"] ?? Number.NaN, 0.001);
      expect(outcome.lpLossBps).to.be.at.most(outcome.chargedBps);
    });

    it("does not hold if the budget is nothing", () => {
      const outcome = judge(m, 0, { ...THEOREM, lossBudgetBps: () => 0 });
      expect(outcome.held).to.equal(false);
      expect(passed(outcome)).to.equal(false);
      expect(documentOf([outcome]).failed).to.equal(1);
      expect(tableOf([outcome])).to.match(/NO\n/u);
      expect(summaryOf([outcome])).to.match(/1 NOT/u);
    });

    it("does not hold for anybody but a keeper", () => {
      const outcome = judge({ ...m, scenario: { ...HARVEST, actor: "outsider" } }, 0);
      expect(outcome.held).to.equal(false);
      expect(outcome.budgetBps).to.be.lessThan(0.001);
    });

    it("does not hold if churn is more than its budget", () => {
      const churned = m.plans.map((plan) => ({ ...plan, churnBps: 300 }));
      expect(judge({ ...m, plans: churned }, 0).held).to.equal(false);
    });

    it("fails the suite if it was foretold to exceed and does not", () => {
      const outcome = judge({ ...m, scenario: { ...HARVEST, expectedToExceed: true } }, 0);
      expect(outcome.held).to.equal(true);
      expect(passed(outcome)).to.equal(false);
    });

    it("forgives a foretold attack its loss and nothing else", () => {
      const foretold: Measured = { ...m, scenario: { ...HARVEST, expectedToExceed: true } };
      const rules: Rules = { ...THEOREM, lossBudgetBps: () => 0 };
      expect(passed(judge(foretold, 0, rules))).to.equal(true);
      expect(passed(judge({ ...foretold, broken: ["not refused: a replay"] }, 0, rules))).to.equal(false);
      expect(passed(judge({ ...foretold, broken: ["not refused: a replay"] }, 0))).to.equal(false);
    });

    it("holds anybody but a keeper to the wei: LPs' loss, the treasury's and his profit", () => {
      const scenario: Scenario = { ...HARVEST, actor: "outsider" };
      const quiet: Measured = {
        ...m,
        scenario,
        plans: [],
        attacked: m.control - m.tolerance,
        profit: m.tolerance,
        treasury: { control: m.tolerance, attacked: 0n },
      };
      expect(judge(quiet, 0).why).to.deep.equal([]);
      expect(judge({ ...quiet, attacked: quiet.attacked - 1n }, 0).why[0]).to.match(/^LPs lost/u);
      expect(judge({ ...quiet, profit: quiet.profit + 1n }, 0).why[0]).to.match(/^the attacker gained/u);
      expect(judge({ ...quiet, treasury: { control: m.tolerance + 1n, attacked: 0n } }, 0).why[0]).to.match(
        /^the treasury/u,
      );
    });

    it("refuses to judge what it could not judge whole", () => {
      expect(() => judge({ ...m, scenario: { ...HARVEST, acceptedBps: 1 } }, 0)).to.throw("acceptedBps");
      const unmeasured = m.plans.map(({ lossBps: _, ...plan }) => plan);
      expect(() => judge({ ...m, plans: unmeasured, scenario: { ...HARVEST, path: true } }, 0)).to.throw(
        "not measured",
      );
    });

    it("goes on after a scenario that throws, and fails it by name", async () => {
      const bad: Scenario = { ...HARVEST, name: "a slip", play: () => Promise.reject(new Error("evm_revert failed")) };
      const { outcomes, crashed } = await playAll(
        [bad, HARVEST],
        (one) => (one === bad ? worlds.measure(one) : Promise.resolve(m)),
        { outcome: () => undefined, crash: () => undefined },
      );
      expect(outcomes.map(({ name }) => name)).to.deep.equal([HARVEST.name]);
      expect(crashed[0]?.error).to.include("evm_revert failed");
      expect(documentOf(outcomes, crashed).failed).to.equal(1);
      expect(summaryOf(outcomes, crashed)).to.include("a slip THREW");
    });

    it("takes an error of its own for no refusal", () => {
      expect(() => refusalOf({} as World, new Error("evm_revert failed"))).to.throw("evm_revert failed");
      expect(refusalOf({} as World, new Error("Transaction reverted without a reason string"))).to.equal("revert");
    });

    it("names a keeper without a budget only if he took something", () => {
      const none = { ...judge(m, 0), name: "none", budgetBps: 0, lpLossBps: 0 };
      expect(documentOf([none, judge(m, 0)]).worst.lossOfBudget?.name).to.equal(HARVEST.name);
    });

    it("does not hold if one of its sentences was not true", () => {
      const outcome = judge({ ...m, broken: ["not refused: a replay"] }, 0);
      expect(outcome.held).to.equal(false);
    });
  });

  it("the naive charge, NAV at one price, lets the harvest pass for nothing, and the suite says so", async () => {
    // What a plan would be charged if its tokens were valued at the feed's price alone.
    let naiveBps = Number.NaN;
    const scenario: Scenario = {
      ...HARVEST,
      name: "one harvest, naively charged",
      // Ranges of 1.2 %, minted above the feed's price: at that price they are the base that they were made of.
      world: { caps: { minHalfWidth: 60, lvrLimitBps: 200 } },
      play: async (stage) => {
        await stage.moveMarket(FEED * 1.005, { feeds: "silent" });
        await stage.attack(async () => {
          naiveBps = await naive(stage);
        });
      },
    };
    const m = await worlds.measure(scenario);
    const rules: Rules = { ...THEOREM, chargeBps: () => naiveBps };
    const outcome = judge(m, 0, rules);
    // A wei may be lost in the pool's rounding.
    expectClose(naiveBps, 0, 1e-6, "naive charge");
    expect(outcome.lpLossBps).to.be.greaterThan(3.5);
    expect(outcome.chargedBps).to.be.greaterThan(outcome.lpLossBps);
    expect(outcome.held).to.equal(false);
    expect(judge(m, 0).held).to.equal(true);
  });

  for (const { name, quoteIsToken0 } of ORDERS) {
    it(`without attack steps both runs are equal to the wei: ${name}`, async () => {
      const scenario: Scenario = {
        name: "a quiet week",
        actor: "keeper",
        about: "Honest deposits, exits and prices, and an attacker who does nothing.",
        path: true,
        world: { quoteIsToken0 },
        prepare: async (stage) => {
          await stage.deposit(stage.world.who.bob, 70_000n * ONE);
          stage.lps.push(stage.world.who.bob, stage.world.who.carol);
        },
        play: async (stage) => {
          const { bob, carol } = stage.world.who;
          await stage.at(3_600);
          await stage.moveMarket(2_060);
          await stage.deposit(carol, 31_337n * ONE);
          await stage.at(2 * 86_400);
          await stage.moveMarket(1_950);
          await stage.withdraw(bob, 33_333n * ONE);
          await stage.attack(() => Promise.resolve());
        },
      };
      const connection = await network.create({ override: { gas: GAS_LIMIT } });
      try {
        const setting = await prepare(await build(connection, scenario), scenario);
        const control = await playOnce(setting, scenario, false);
        const attacked = await playOnce(setting, scenario, true);
        expect(attacked.lps).to.equal(control.lps);
        expect(control.lps >> VALUE_BITS > 0n).to.equal(true);
        expect(attacked.profit).to.equal(0n);
        const outcome = judge(await measure(setting, scenario), 0);
        expect(outcome.lpLossBps).to.equal(0);
        expect(outcome.wholeRunLossBps).to.equal(0);
        expect(outcome.attackerProfitBps).to.equal(0);
        expect(outcome.held).to.equal(true);
      } finally {
        await connection.close();
      }
    });
  }

  describe("with sleeves", () => {
    const sleeves: Omit<Scenario, "name" | "about" | "play"> = { actor: "lp", path: false, sleeves: true };

    it("units that LPs leave with are theirs still: both runs are equal to the wei", async () => {
      const outcome = judge(
        await worlds.measure({
          ...sleeves,
          name: "a quiet day with units",
          about: "One LP leaves with units of two places, the others in tokens, and nobody attacks.",
          prepare: async (stage) => {
            await stage.deposit(stage.world.who.bob, 70_000n * ONE);
            stage.lps.push(stage.world.who.bob);
          },
          play: async (stage) => {
            await stage.leave(stage.world.who.bob, 70_000n * ONE, stage.venues.mask("conversion", "asset"));
            await stage.at(86_400);
          },
        }),
        0,
      );
      expect(outcome.why).to.deep.equal([]);
      expect(outcome.lpLossWei).to.equal("0");
      expect(outcome.attackerProfitBps).to.equal(0);
    });

    it("counts what a thief takes out of a venue", async () => {
      const outcome = judge(
        await worlds.measure({
          ...sleeves,
          name: "a theft from the reserve",
          about: "Nobody can do this: a tenth of what the reserve's sleeve holds is taken in its name.",
          play: async (stage) => {
            await stage.attack(async () => {
              const { reserve, reserveSleeve } = stage.venues;
              const sleeve = await stage.world.as(await reserveSleeve.getAddress());
              const shares = (await reserveSleeve.held()) / 10n;
              await stage.act(() => reserve.connect(sleeve).redeem(shares, stage.attacker.address, sleeve.address));
            });
            await stage.at(3_600);
          },
        }),
        0,
      );
      expect(outcome.held).to.equal(false);
      expect(outcome.lpLossBps).to.be.greaterThan(10);
      expectClose(outcome.attackerProfitBps, outcome.lpLossBps, 0.01);
    });
  });

  it("counts what a thief takes, and demands what was said to be refused", async () => {
    const scenario: Scenario = {
      name: "a theft",
      actor: "lp",
      about: "Nobody can do this: a hundredth of the vault's tokens is taken out of its account.",
      path: false,
      play: async (stage) => {
        await stage.attack(async () => {
          const { world } = stage;
          const vault = await world.as(world.addresses.vault);
          for (const token of [world.token0, world.token1]) {
            const held = await token.balanceOf(world.addresses.vault);
            await stage.act(() => token.connect(vault).transfer(stage.attacker.address, held / 100n));
          }
          const name = await stage.refused("nothing at all", () => Promise.resolve());
          expect(name).to.equal(undefined);
        });
      },
    };
    const outcome = judge(await worlds.measure(scenario), 0);
    expect(outcome.held).to.equal(false);
    // Half of the vault was idle.
    expectClose(outcome.lpLossBps, 50, 1);
    expectClose(outcome.attackerProfitBps, outcome.lpLossBps, 0.01);
    expect(outcome.why).to.include("not refused: nothing at all");
  });
});

/** Strikes, and charges the plan at the feed's price alone. */
async function naive(stage: Stage): Promise<number> {
  const { world } = stage;
  const feed = world.priceX96(stage.feed);
  const q = world.options.quoteIsToken0;
  const steps = (await harvest(stage, { fee: 500, edge: stage.feed, width: 120, sells: "base" }))(ONE);
  const before = await world.balances(world.addresses.vault);
  await stage.strike(steps);
  const after = await world.balances(world.addresses.vault);
  const receipt = await world.ethers.provider.getTransactionReceipt(
    (await world.vault.queryFilter(world.vault.filters.PlanExecuted())).at(-1)?.transactionHash ?? "",
  );
  if (receipt === null) throw new Error("The strike left no event; look at its plan.");
  const loss = lossAt(flowsOf(world, receipt, before, after), feed, q);
  return bps(loss, stage.valueAtMarket(before));
}
