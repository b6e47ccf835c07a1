/** One run of a scenario: the world, the attacker, the market's price, and what was seen. */
import type { TransactionReceipt, TransactionResponse } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { ONE, sqrtPriceOf, valueOfTokens, type Pair2 } from "../support/arithmetic.ts";
import type { PlanSteps, World } from "../support/world.ts";
import type { Attacker, Call } from "./attacker.ts";
import { refusalOf, succeeded } from "./revert.ts";
import type { PlanRecord } from "./scenario.ts";
import type { Venues } from "./venues.ts";

/** Plans of the attacker's contract and calls of his between them, in one transaction. */
export type Strike =
  | { readonly before?: readonly Call[]; readonly plan: PlanSteps; readonly after?: readonly Call[] }
  | { readonly steps: readonly (Call | { readonly plan: PlanSteps })[] };

export interface StrikeOptions {
  /** Measure what LPs lost by it at M (two copies of the chain); default true. */
  readonly measure?: boolean;
}

/** Limits of the policy that bound an attack, bps. */
const LIMITS = [
  "lossCapBps",
  "lossRefillBps",
  "churnCapBps",
  "churnRefillBps",
  "deleverageCapBps",
  "deleverageRefillBps",
] as const;
export type Limits = Readonly<Record<(typeof LIMITS)[number], number>>;

/** Values are in 2^-64 quote wei (test/support/arithmetic.ts). */
export class Stage {
  readonly world: World;
  readonly attacker: Attacker;
  /** Where the scenario has sleeves. */
  readonly #venues: Venues | undefined;
  readonly attacking: boolean;
  /** Those whose loss counts. */
  readonly lps: HardhatEthersSigner[];
  /** Unix seconds of the copy. */
  readonly start: number;
  /** The market's price, quote units per base unit. */
  market: number;
  /** What the feeds answer. */
  feed: number;
  readonly plans: PlanRecord[] = [];
  readonly refusedWith: string[] = [];
  readonly broken: string[] = [];
  /** Numbers that a scenario wants to report. */
  readonly figures: Record<string, number> = {};
  operations = 0;
  /** The smallest that were seen. */
  limits: Limits = limitsBy(() => Infinity);
  /** What LPs have paid in since the copy, at M of the end. */
  paid: Pair2 = { amount0: 0n, amount1: 0n };
  #feedAt: number;
  #churn = { time: 0, levelE12: 0n };

  constructor(parts: {
    readonly world: World;
    readonly attacker: Attacker;
    readonly venues?: Venues | undefined;
    readonly attacking: boolean;
    readonly lps: HardhatEthersSigner[];
    readonly start: number;
    readonly market: number;
    readonly feed: number;
  }) {
    this.world = parts.world;
    this.attacker = parts.attacker;
    this.#venues = parts.venues;
    this.attacking = parts.attacking;
    this.lps = parts.lps;
    this.start = parts.start;
    this.market = parts.market;
    this.feed = parts.feed;
    this.#feedAt = parts.start;
  }

  /** The vault's sleeves and their venues. */
  get venues(): Venues {
    if (this.#venues === undefined) throw new Error('The scenario has no sleeves; say "sleeves: true" in it.');
    return this.#venues;
  }

  get hasVenues(): boolean {
    return this.#venues !== undefined;
  }

  // ---- the two runs

  /** Only in the run with the attack. */
  async attack(steps: () => Promise<void>): Promise<void> {
    if (this.attacking) await steps();
  }

  /** Notes a sentence that should have been true. */
  must(condition: boolean, sentence: string): void {
    if (!condition) this.broken.push(sentence);
  }

  /** Reads the limits now in force: an attack is held against the smallest, whoever lowered them on the way. */
  async noteLimits(): Promise<void> {
    const now = await this.world.policy.limits();
    this.limits = limitsBy((name) => Math.min(this.limits[name], Number(now[name])));
  }

  // ---- the world

  /** Goes to so many seconds after the copy. The feeds repeat their answer unless told not to. */
  async at(seconds: number, options: { readonly feeds?: boolean } = {}): Promise<void> {
    const target = this.start + seconds;
    const now = await this.world.now();
    if (now > target) {
      throw new Error(`It is ${now - target} s past second ${seconds} of the scenario; leave more time before it.`);
    }
    if (now < target) await this.world.connection.networkHelpers.time.increaseTo(target);
    if (options.feeds !== false) await this.report(this.feed);
  }

  /** The feeds answer. */
  async report(price: number): Promise<void> {
    await this.world.report(price);
    this.feed = price;
    this.#feedAt = await this.world.now();
  }

  /**
   * The market moves, and arbitrage takes all pools along.
   *
   * @param options.feeds "follow" answers as a feed must, at its deviation threshold or heartbeat; "report" answers at once;
   *        "silent" does not answer
   */
  async moveMarket(price: number, options: { readonly feeds?: "follow" | "report" | "silent" } = {}): Promise<void> {
    this.market = price;
    await this.world.movePools(price);
    const feeds = options.feeds ?? "follow";
    if (feeds === "silent") return;
    const terms = await this.world.oracle.terms();
    const away = Math.abs(price / this.feed - 1) * 10_000 >= Number(terms.baseDeviationBps);
    const old = (await this.world.now()) - this.#feedAt >= Number(terms.baseHeartbeat) - 600;
    if (feeds === "report" || away || old) await this.report(price);
  }

  /** An honest deposit. */
  async deposit(lp: HardhatEthersSigner, shares: bigint): Promise<void> {
    const before = await this.world.balances(lp.address);
    await this.world.deposit(lp, shares);
    const after = await this.world.balances(lp.address);
    if (!this.lps.includes(lp)) return;
    this.paid = {
      amount0: this.paid.amount0 + before.amount0 - after.amount0,
      amount1: this.paid.amount1 + before.amount1 - after.amount1,
    };
  }

  async withdraw(lp: HardhatEthersSigner, shares: bigint): Promise<void> {
    await this.world.withdraw(lp, shares);
  }

  /** An honest withdrawal with the units that the lens tells him to take, or that he is told to. */
  async leave(lp: HardhatEthersSigner, shares: bigint, mask?: bigint): Promise<void> {
    const units = mask ?? (this.#venues === undefined ? 0n : await this.#venues.exitMask(shares));
    succeeded(await (await this.world.vault.connect(lp).withdraw(shares, 0, 0, lp.address, units)).wait());
  }

  /** The governor's decision, with its delay: takes governanceDelay seconds, and the feeds answer afterwards. */
  async govern(target: string, data: string): Promise<void> {
    const { world } = this;
    await govern(world, target, data);
    await this.report(this.feed);
  }

  // ---- the attacker

  /** Calls of the attacker's contract, in one transaction. */
  async batch(calls: readonly Call[]): Promise<TransactionReceipt> {
    this.operations += calls.length;
    const tx = await this.attacker.contract.connect(this.world.who.attacker).run([...calls]);
    return succeeded(await tx.wait());
  }

  /** A transaction of his by whatever signer. */
  async act(send: () => Promise<TransactionResponse>): Promise<TransactionReceipt> {
    this.operations += 1;
    return succeeded(await (await send()).wait());
  }

  /** Demands that something is refused, and notes by which error. @return its name, undefined if it was not refused */
  async refused(what: string, send: () => Promise<unknown>): Promise<string | undefined> {
    try {
      await send();
    } catch (error) {
      const name = refusalOf(this.world, error);
      this.refusedWith.push(name);
      return name;
    }
    this.broken.push(`not refused: ${what}`);
    return undefined;
  }

  /** The error that a batch would meet, undefined if it would pass; costs nothing. */
  async refusal(calls: readonly Call[]): Promise<string | undefined> {
    try {
      await this.attacker.contract.connect(this.world.who.attacker).run.staticCall([...calls]);
      return undefined;
    } catch (error) {
      return refusalOf(this.world, error);
    }
  }

  /** A plan by the attacker's contract, between his own calls, measured. */
  async strike(strike: Strike, options: StrikeOptions = {}): Promise<PlanRecord> {
    const calls = await this.#callsOf(strike);
    const measure = options.measure ?? true;
    const before = measure ? await this.mark() : undefined;
    const receipt = await this.batch(calls);
    const after = measure ? await this.mark() : undefined;
    return this.record(receipt, before, after, plansIn(strike));
  }

  /** What LPs would lose by a strike at M, bps; on a copy of the chain, so that nothing happens. */
  async rehearse(strike: Strike): Promise<number> {
    const before = await this.mark();
    return onCopy(this.world.connection, async () => {
      const tx = await this.attacker.contract.connect(this.world.who.attacker).run([...(await this.#callsOf(strike))]);
      succeeded(await tx.wait());
      return bps(before - (await this.mark()), before);
    });
  }

  /** What would refuse a strike; undefined if nothing. */
  async strikeRefusal(strike: Strike): Promise<string | undefined> {
    return this.refusal(await this.#callsOf(strike));
  }

  async #callsOf(strike: Strike): Promise<readonly Call[]> {
    const { world, attacker } = this;
    let nonce = await world.vault.planNonce();
    const calls: Call[] = [];
    for (const step of stepsOf(strike)) {
      if ("plan" in step) {
        // A hint may miss: swaps before the plan move the observations, and the vault then searches for itself.
        calls.push(attacker.execute(await world.plan({ twapHint: 0, nonce, ...step.plan })));
        nonce += 1n;
      } else calls.push(step);
    }
    return calls;
  }

  /** The largest of `steps` equal parts of 1 (1e18) with which a strike passes; 0 if none does. */
  async greatest(build: (fraction: bigint) => Strike | Promise<Strike>, steps = 1_024): Promise<bigint> {
    let low = 0;
    let high = steps;
    const part = (n: number): bigint => (ONE * BigInt(n)) / BigInt(steps);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((await this.strikeRefusal(await build(part(middle)))) === undefined) low = middle;
      else high = middle - 1;
    }
    return part(low);
  }

  /** Reads a transaction's plans into the record. Values are the vault's per share before and after, at M. */
  async record(
    receipt: TransactionReceipt,
    before: bigint | undefined,
    after: bigint | undefined,
    plans: readonly PlanSteps[],
  ): Promise<PlanRecord> {
    const { world } = this;
    let count = 0;
    let chargeX18 = 0n;
    for (const log of receipt.logs) {
      if (log.address !== world.addresses.vault) continue;
      const event = world.vault.interface.parseLog(log);
      if (event?.name !== "PlanExecuted") continue;
      count += 1;
      chargeX18 += event.args["chargeX18"] as bigint;
    }
    await this.noteLimits();
    const { maxHalfWidth } = await world.policy.limits();
    const narrow = plans.some((plan) =>
      (plan.mints ?? []).some(
        (m) => m.tickUpper - m.tickLower < 2 * (Number(maxHalfWidth) - world.pool(m.fee).tickSpacing),
      ),
    );
    const time = (await receipt.getBlock()).timestamp;
    const record: PlanRecord = {
      time,
      plans: count,
      chargeBps: Number(chargeX18) / 1e14,
      churnBps: await this.#churnOf(time),
      narrow,
      ...(before === undefined || after === undefined ? {} : { lossBps: bps(before - after, before) }),
    };
    this.plans.push(record);
    return record;
  }

  /** What the plans of a moment added to the churn budget. */
  async #churnOf(time: number): Promise<number> {
    const { world } = this;
    const s = await world.lens.observe(world.addresses.vault, this.attacker.address);
    const rate = s.limits.churnRefillBps * 100_000_000n;
    const gone = (seconds: bigint): bigint => (seconds * rate) / 86_400n;
    // The view drains to its own time; the level of the plan's moment was so much higher.
    const level = s.budgets.churnE12 === 0n ? 0n : s.budgets.churnE12 + gone(s.timestamp - BigInt(time));
    const elapsed = BigInt(Math.max(0, time - this.#churn.time));
    const left = this.#churn.levelE12 - gone(elapsed);
    const charge = level - (left > 0n ? left : 0n);
    this.#churn = { time, levelE12: level };
    return Math.max(0, Number(charge)) / 1e8;
  }

  // ---- looking

  /** The vault's value per share at M with every pool at M, scaled by 1e18; measured on a copy of the chain. */
  async mark(): Promise<bigint> {
    const { world } = this;
    // Before time passes: what the vault's units of its sleeves bring, by the venues' own word.
    const inSleeves = await this.#venues?.worthOf(world.addresses.vault);
    return onCopy(world.connection, async () => {
      await this.restorePools();
      // At M the composition is that of M; totals count pending fees without the treasury's part.
      const { total0, total1, supply } = await world.book();
      const amount0 = total0 + (inSleeves?.amount0 ?? 0n);
      const amount1 = total1 + (inSleeves?.amount1 ?? 0n);
      return (this.signedAtMarket({ amount0, amount1 }) * ONE) / supply;
    });
  }

  /** An arbitrageur takes every pool to the market's price. */
  async restorePools(): Promise<void> {
    const { world } = this;
    const target = sqrtPriceOf(world.priceX96(this.market), world.options.quoteIsToken0);
    for (const fee of world.pools.keys()) await world.movePool(fee, target);
  }

  /** Amounts that may be below zero, at M; each token apart, since a division rounds towards zero. */
  signedAtMarket({ amount0, amount1 }: Pair2): bigint {
    const part = (amount: bigint, value: (x: bigint) => bigint): bigint =>
      amount < 0n ? -value(-amount) : value(amount);
    return (
      part(amount0, (x) => this.valueAtMarket({ amount0: x, amount1: 0n })) +
      part(amount1, (x) => this.valueAtMarket({ amount0: 0n, amount1: x }))
    );
  }

  /** Tokens at M. */
  valueAtMarket(amounts: Pair2): bigint {
    return valueOfTokens(amounts, this.world.priceX96(this.market), this.world.options.quoteIsToken0);
  }
}

function stepsOf(strike: Strike): readonly (Call | { readonly plan: PlanSteps })[] {
  return "steps" in strike ? strike.steps : [...(strike.before ?? []), { plan: strike.plan }, ...(strike.after ?? [])];
}

function plansIn(strike: Strike): readonly PlanSteps[] {
  return stepsOf(strike).flatMap((step) => ("plan" in step ? [step.plan] : []));
}

/** Runs something on a copy of the chain, which is thrown away. An error of `body` is never hidden by one of the restoring. */
export async function onCopy<T>(connection: World["connection"], body: () => Promise<T>): Promise<T> {
  const copy = await connection.networkHelpers.takeSnapshot();
  let result: T;
  try {
    result = await body();
  } catch (error) {
    // Whoever shares this chain must give it up after any error: it may not have been put back.
    await copy.restore().catch(() => undefined);
    throw error;
  }
  await copy.restore();
  return result;
}

/** Part of a whole in basis points, to the sixth decimal. */
export function bps(part: bigint, whole: bigint): number {
  if (whole === 0n) return part === 0n ? 0 : Infinity;
  return Number((part * 10_000_000_000n) / whole) / 1e6;
}

/** Schedules a call of the Safe's, waits, makes it. */
export async function govern(world: World, target: string, data: string): Promise<void> {
  const manager = world.manager.connect(world.who.safe) as typeof world.manager;
  succeeded(await ((await manager.getFunction("schedule").send(target, data, 0)) as TransactionResponse).wait());
  await world.pass(world.options.governanceDelay + 1);
  succeeded(await (await world.who.safe.sendTransaction({ to: target, data })).wait());
}

function limitsBy(bps: (name: keyof Limits) => number): Limits {
  return Object.fromEntries(LIMITS.map((name) => [name, bps(name)])) as Limits;
}
