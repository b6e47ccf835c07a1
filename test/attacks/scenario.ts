/**
 * What an attack is. How to write one:
 *
 * 1. A file in `scenarios/` exports `scenarios: readonly Scenario[]`; `main.ts` finds every file there by itself. Names are
 *    unique over all files, short, and say the attack.
 * 2. `play(stage)` is run twice on copies of one chain: once with the attack, once without. What the attacker does stands in
 *    `await stage.attack(async () => { ... })`, which the control run skips; what the world does (prices, time, honest LPs,
 *    honest keepers) stands outside of it and happens in both. Both runs must see the same times: use `stage.at(seconds)`,
 *    seconds since the scenario began, after whatever takes blocks.
 * 3. The stage begins with an honest vault (`prepare` may add to it; it runs before the copies are made): `who.alice` has
 *    deposited a million quote units, half is in a range of the 0.3 % tier round 2,000, budgets are unused, feeds are fresh,
 *    caps and oracle terms are production's (`world` changes options of test/support/world.ts).
 *    `stage.attacker` is a contract with unlimited tokens and allowances to the vault, and a keeper if `actor` is "keeper".
 * 4. Tools: `stage.attacker` builds calls (swapTo, mint, burn, deposit, withdraw, execute ...), `stage.batch(calls)` makes them in
 *    one transaction, `stage.strike({ before, plan, after })` wraps a plan and measures it, `stage.act(() => tx)` sends from
 *    any signer, `stage.refused("why", () => ...)` demands a revert and notes its error: if nothing reverts, the scenario
 *    does not hold. `stage.must(condition, "sentence")` is for whatever else has to be true.
 *    `stage.market` is the market's price M; `stage.moveMarket(price, { feeds })` moves it. `stage.lps` are those whose loss
 *    counts (push others in `prepare`); they pay and are paid through `stage.deposit(lp, shares)` and `stage.withdraw(lp, shares)`.
 *    With `sleeves: true` the vault has sleeves: `stage.venues` knows them, builds moves of a plan and calls, and can disturb the venues.
 *    Marks count what the vault's units bring at the venues; at the close LPs leave with the units that the lens names and redeem them.
 * 5. The loop closes by itself: pools go to M (by an arbitrageur whose result is nobody's), the attacker's positions and
 *    shares are unwound, then every LP withdraws all his shares; both runs are compared at M.
 *    Measure of the loss: `path: false`, the whole difference at the one price; `path: true` (the market moves), the sum over plans of
 *    what each plan lost at its own M, because market gains and losses are nobody's theft.
 *    Allowed: a keeper the loss budget C + rT (and D + eT, where the scenario says that the vault deleverages); everybody else
 *    one wei of each token for each of his calls (`stage.act`, `batch`), and `acceptedBps` if the threat model accepts a loss. The
 *    same bound holds for what the treasury loses and for the profit of an LP or an outsider (`profitsHonestly`).
 */
import type { WorldOptions } from "../support/world.ts";
import type { Stage } from "./stage.ts";

export const ACTORS = ["keeper", "lp", "outsider", "guardian", "governance"] as const;
export type Actor = (typeof ACTORS)[number];

export interface Scenario {
  readonly name: string;
  readonly actor: Actor;
  /** One sentence: what the attacker tries and what should stop it. */
  readonly about: string;
  /** True if the market's price moves between plans. */
  readonly path: boolean;
  /** Options of the world beside the production defaults. */
  readonly world?: Partial<WorldOptions>;
  /**
   * Four sleeves in their places (venues.ts): a conversion that owns a twentieth of NAV and owes half of that, a twelfth in a lending
   * reserve, a reversal and a fund with nothing in them. Rates are zero until a scenario sets them.
   */
  readonly sleeves?: true;
  /** The attack may have the vault deleverage or unwind: what the swaps of that lose has a budget of its own, D + eT. */
  readonly deleverages?: true;
  /** False for a vault that nobody has deposited into yet. */
  readonly funded?: boolean;
  /** Before the copies are made. */
  prepare?(stage: Stage): Promise<void>;
  play(stage: Stage): Promise<void>;
  /** A loss that is accepted though no keeper causes it (docs/threat-model.md says why): bps of the vault, added to the budget. */
  readonly acceptedBps?: number;
  /**
   * Why an LP's or an outsider's profit is only reported: who pays it, and that he does so of his own will. Otherwise profit is
   * held against the same bound as the loss, since it may come from somebody who is not in `stage.lps`.
   */
  readonly profitsHonestly?: string;
  /** For an attack outside the theorem's assumption: the suite fails unless its loss exceeds the budget, and if anything else is wrong. */
  readonly expectedToExceed?: true;
}

/** One plan, or a few in one transaction. */
export interface PlanRecord {
  /** Unix seconds. */
  readonly time: number;
  readonly plans: number;
  /** What LPs lost by it at the market's price M, bps of the vault; below zero is a gain. Absent if it was not measured. */
  readonly lossBps?: number;
  /** What the vault charged to the loss budget. */
  readonly chargeBps: number;
  /** What it charged to the churn budget. */
  readonly churnBps: number;
  /** A range below the greatest width was minted. */
  readonly narrow: boolean;
}

/** What both runs showed, before it is judged. */
export interface Measured {
  readonly scenario: Scenario;
  /** What all LPs withdrew at M, in 2^-64 quote wei. */
  readonly control: bigint;
  readonly attacked: bigint;
  /** At M, in 2^-64 quote wei. */
  readonly profit: bigint;
  /** What the treasury has and what is booked for it at the end, at M, in the same unit. */
  readonly treasury: { readonly control: bigint; readonly attacked: bigint };
  /** One wei of each token for each of the attacker's calls, in the same unit. */
  readonly tolerance: bigint;
  readonly operations: number;
  /** From the copy to the close, of the attacked run. */
  readonly seconds: number;
  readonly plans: readonly PlanRecord[];
  readonly refusedWith: readonly string[];
  /** Sentences that turned out not to be true. */
  readonly broken: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  /** The smallest limits that were in force when somebody looked: before `play`, after each plan, after `play`. */
  readonly lossCapBps: number;
  readonly lossRefillBps: number;
  readonly churnCapBps: number;
  readonly churnRefillBps: number;
  readonly deleverageCapBps: number;
  readonly deleverageRefillBps: number;
}

export interface Outcome {
  readonly name: string;
  readonly actor: Actor;
  readonly about: string;
  /** The market moved, so that lpLossBps is a sum over plans. */
  readonly path: boolean;
  readonly attackerProfitBps: number;
  readonly lpLossBps: number;
  readonly churnBps: number;
  readonly budgetBps: number;
  readonly churnBudgetBps: number;
  readonly held: boolean;
  /** LPs lost more than the budget. */
  readonly exceeds: boolean;
  readonly expectedToExceed?: true;
  /** Why it did not hold. */
  readonly why: readonly string[];
  /** Loss of the whole run against the control, also where prices moved. */
  readonly wholeRunLossBps: number;
  readonly lpLossWei: string;
  readonly treasuryLossWei: string;
  readonly profitWei: string;
  readonly toleranceWei: string;
  readonly plans: number;
  readonly chargedBps: number;
  readonly operations: number;
  readonly days: number;
  readonly refusedWith: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  readonly seconds: number;
}
