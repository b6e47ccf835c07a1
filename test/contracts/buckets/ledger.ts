/** Levels beside an independent model of them. */
import { expect } from "chai";

import type { Pair2 } from "../../support/arithmetic.ts";
import {
  chargesOf,
  churnDoubtBelow,
  doubt,
  drained,
  flowsOf,
  type BudgetedPlan,
  type Charges,
  type Levels,
} from "../../support/chargeModel.ts";
import { capsOf } from "../../support/governance.ts";
import type { Executed, PlanSteps, World } from "../../support/world.ts";
import { levelsNow, NOTHING } from "./support.ts";

/** Follows a vault's budgets from plan to plan with the model, and compares. */
export class Ledger {
  readonly #world: World;
  #levels: Levels;
  #clock: number;
  /** The greatest distance between chain and model, units of 1e-12. */
  worst = 0n;

  /** @param levels at `clock`; nothing has been charged before the first plan of all */
  constructor(world: World, levels: Levels = NOTHING, clock = 0) {
    this.#world = world;
    this.#levels = levels;
    this.#clock = clock;
  }

  /** From here on. */
  static async of(world: World): Promise<Ledger> {
    return new Ledger(world, await levelsNow(world), await world.now());
  }

  async execute(steps: PlanSteps): Promise<Charges & { readonly executed: Executed; readonly plan: BudgetedPlan }> {
    const world = this.#world;
    const q = world.options.quoteIsToken0;
    const inventory = await world.vault.inventory();
    const left: Pair2 = { amount0: inventory.perShare0X96, amount1: inventory.perShare1X96 };
    const before = await world.book();
    const held = await world.balances(world.addresses.vault);
    const { low, high } = await world.oracle.feeds();
    const caps = await capsOf(world);
    const { shareBps: treasuryBps } = await world.vault.treasuryBook();

    const executed = await world.execute(steps);
    const flows = flowsOf(world, executed.receipt, held, await world.balances(world.addresses.vault));
    const after = await world.book();
    const supply = await world.vault.totalSupply();
    const plan = { flows, before, after, supply, treasuryBps, mid: executed.priceX96, low, high };
    const charges = chargesOf(plan, left, q);

    const at = await world.now();
    const seconds = at - this.#clock;
    const expected: Levels = {
      loss: drained(this.#levels.loss, seconds, caps.lossRefillBps) + charges.loss,
      turnover: drained(this.#levels.turnover, seconds, caps.turnoverRefillBps) + charges.turnover,
      churn: drained(this.#levels.churn, seconds, caps.churnRefillBps) + charges.churn,
    };
    const is = await levelsNow(world);
    const slack = doubt(plan, q);
    for (const name of ["loss", "turnover", "churn"] as const) {
      const away = is[name] - expected[name];
      const below = name === "churn" ? churnDoubtBelow(plan, q) : 0n;
      expect(away >= -below && away <= slack, `${name}: ${is[name]}, model ${expected[name]}, doubt ${slack}`).to.equal(
        true,
      );
      if (away > this.worst) this.worst = away;
    }
    // The charge in the event and the level are one number: rounding up twice is rounding up once.
    expect(is.loss).to.equal(
      drained(this.#levels.loss, seconds, caps.lossRefillBps) + (executed.chargeX18 + 999_999n) / 1_000_000n,
    );
    // What is left is kept in 24 significant bits, rounded up; before that each range's tokens are rounded down by a wei.
    const now = await world.vault.inventory();
    const wei = (BigInt(before.positions.length + 2) << 96n) / supply;
    for (const [model, chain] of [
      [charges.left.amount0, now.perShare0X96],
      [charges.left.amount1, now.perShare1X96],
    ] as const) {
      expect(chain >= model - wei && chain <= model + (model >> 23n) + wei + 1n, `left ${chain}, ${model}`).to.equal(
        true,
      );
    }
    [this.#levels, this.#clock] = [is, at];
    return { ...charges, executed, plan };
  }
}
