/**
 * A seeded runner of random commands on one vault: LPs, traders, donors, time, an honest and a hostile keeper, guardian and
 * governor. After every command the invariants that a state or a step can show are checked; a command that is refused must
 * leave everything as it was.
 */
import { expect } from "chai";
import type { TransactionReceipt } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { INVARIANT } from "../contracts/invariants.ts";
import { max, min, ONE, Random, valueOfTokens, VALUE_BITS } from "./arithmetic.ts";
import { flowsOf, lossAt, modelCharge, navAt } from "./chargeModel.ts";
import { components, expectDepositKeepsValue, expectProRataExit, expectTotals, priceGrid, rangeKey } from "./checks.ts";
import { sqrtAtTick, type Book, type MintStep, type PlanSteps, type World } from "./world.ts";

const MAX = 1n << 200n;
const GAS = { gasLimit: 12_000_000n };

export interface Tally {
  accepted: number;
  refused: number;
  readonly reasons: Map<string, number>;
}

/** A run that broke an invariant: the seed and the last commands are enough to see it again. */
export class FuzzFailure extends Error {
  constructor(seed: number, log: readonly string[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`FUZZ_SEED=${seed} breaks at command ${log.length}: ${reason}\n  ${log.slice(-40).join("\n  ")}`, { cause });
    this.name = "FuzzFailure";
  }
}

/** Why a transaction was refused: a custom error's name, a reason string, or what else the chain said. */
export function reasonOf(error: unknown): string {
  const text = String(error);
  const custom = /reverted with custom error '(\w+)/.exec(text) ?? /reverted with reason string '([^']*)'/.exec(text);
  if (custom?.[1] !== undefined) return custom[1];
  const unknown = /unrecognized custom error \(return data: (0x[0-9a-f]{8})/.exec(text);
  if (unknown?.[1] !== undefined) return unknown[1];
  if (text.includes("panic code")) return "Panic";
  if (text.includes("reverted without a reason")) return "unexplained";
  return text;
}

/** Refusals that say that our code broke rather than declined. */
const FAULTS = /^Panic$|out of gas|invalid opcode|function selector was not recognized/;
/** TickMath's InvalidTick(int24): a library error that no ABI of ours carries. */
const INVALID_TICK = "0x8b86327a";
/** With nothing but these an honest plan may be declined. */
const HONEST = new Set([
  "LossAboveLimit",
  "SlippageOnMint",
  "SlippageOnSwap",
  "TooManyPositions",
  "SpotOutsideBand",
  "TwapOutsideBand",
  "CoreWeightAboveCap",
  "PoolNotAllowed",
  "WidthNotAllowed",
  "NothingToManage",
  "FeedStale",
  "AS",
  "SPL",
]);

type Command = () => Promise<string>;

export class FuzzRunner {
  readonly tallies = new Map<string, Tally>();
  readonly #world: World;
  readonly #random: Random;
  readonly #seed: number;
  readonly #log: string[] = [];
  /** Every range in which the vault ever stood. */
  readonly #seen = new Map<string, { fee: number; tickLower: number; tickUpper: number }>();
  readonly #holders: string[] = [];
  readonly #lps: readonly HardhatEthersSigner[];
  #price: number;
  #tokens: readonly [bigint, bigint] = [0n, 0n];
  #lockedEver = 0n;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#price = world.options.price;
    this.#lps = [world.who.alice, world.who.bob, world.who.carol, world.who.attacker];
  }

  /** Runs so many commands. @throws FuzzFailure at the first broken invariant */
  async run(calls: number): Promise<void> {
    const { market, pools } = this.#world;
    this.#holders.push(...this.#world.people(), ...this.#world.contracts(), await market.getAddress());
    for (const pool of pools.values()) this.#holders.push(pool.address);
    this.#tokens = await this.#allTokens();
    const commands: readonly (readonly [weight: number, name: string, run: Command])[] = [
      [16, "deposit", () => this.#deposit()],
      [14, "withdraw", () => this.#withdraw()],
      [5, "transfer", () => this.#transfer()],
      [4, "flash", () => this.#flash()],
      [14, "trade", () => this.#trade()],
      [12, "market", () => this.#moveMarket()],
      [16, "plan", () => this.#plan()],
      [11, "hostile", () => this.#hostile()],
      [3, "donate", () => this.#donate()],
      [3, "donate to range", () => this.#donateToRange()],
      [4, "time", () => this.#passTime()],
      [1.5, "guardian", () => this.#guardian()],
      [4, "governor", () => this.#governor()],
    ];
    const total = commands.reduce((sum, [weight]) => sum + weight, 0);
    try {
      for (let call = 0; call < calls; call++) {
        let at = this.#random.next() * total;
        const [, name, run] = commands.find(([weight]) => (at -= weight) < 0) ??
          commands[0] ?? [0, "", () => Promise.resolve("")];
        this.#log.push(name);
        const outcome = await run();
        this.#log[this.#log.length - 1] = `${name}: ${outcome}`;
        const tally = this.tallies.get(name) ?? { accepted: 0, refused: 0, reasons: new Map<string, number>() };
        const reason = /^refused, (?:first, )?(\w+)/.exec(outcome)?.[1];
        if (reason === undefined) tally.accepted++;
        else {
          tally.refused++;
          tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
        }
        this.tallies.set(name, tally);
        await this.#checkState();
      }
      this.#log.push("the end: everybody leaves without oracle and keeper");
      await this.#everybodyLeaves();
    } catch (error) {
      throw new FuzzFailure(this.#seed, this.#log, error);
    }
  }

  // ---------------------------------------------------------------- commands of LPs

  async #deposit(): Promise<string> {
    const world = this.#world;
    const lp = this.#random.pick(this.#lps);
    const to = this.#random.chance(0.8) ? lp : this.#random.pick(this.#lps);
    const before = await world.book();
    if (before.supply <= 1_000n) return this.#firstDeposit(lp);
    const shares = this.#random.wei(1n, 300_000n * ONE);
    const preview = await world.vault.previewDeposit(shares);
    const had = await world.balances(lp.address);
    const slack = this.#random.chance(0.9) ? 0n : 1n;
    if (slack > 0n) {
      return this.#refused(before, () =>
        world.vault.connect(lp).deposit(shares, preview.amount0 - 1n, preview.amount1, to.address, GAS),
      );
    }
    await (await world.vault.connect(lp).deposit(shares, preview.amount0, preview.amount1, to.address, GAS)).wait();
    const has = await world.balances(lp.address);
    const after = await world.book();
    expect([had.amount0 - has.amount0, had.amount1 - has.amount1], INVARIANT.DEPOSIT_PREVIEW).to.deep.equal([
      preview.amount0,
      preview.amount1,
    ]);
    expect(after.positions, INVARIANT.DEPOSIT_IDLE).to.deep.equal(before.positions);
    expect(after.supply - before.supply).to.equal(shares);
    const { quoteIsToken0 } = world.options;
    expectDepositKeepsValue(
      before,
      after,
      priceGrid(world.priceX96(this.#price), before, quoteIsToken0, sqrtAtTick),
      quoteIsToken0,
    );
    return `${shares} to ${to.address.slice(0, 6)}`;
  }

  async #firstDeposit(lp: HardhatEthersSigner): Promise<string> {
    const world = this.#world;
    const before = await world.book();
    const shares = this.#random.wei(world.options.minFirstShares, 100_000n * ONE);
    // A tenth more than it costs at the spot, since the feed may say another price; the vault takes what is due.
    const { amount0, amount1 } = world.halves((shares * 11n) / 10n, this.#price);
    const few = world.options.minFirstShares - 1n;
    await this.#refused(before, () => world.vault.connect(lp).deposit(few, amount0, amount1, lp.address, GAS));
    try {
      await (await world.vault.connect(lp).deposit(shares, amount0, amount1, lp.address, GAS)).wait();
    } catch (error) {
      const reason = reasonOf(error);
      if (!["SpotOutsideBand", "TwapOutsideBand", "FirstDepositUnderpaid", "FeedStale"].includes(reason)) throw error;
      return `refused, first, ${reason}`;
    }
    const { supply } = await world.book();
    expect(supply, INVARIANT.FIRST_DEPOSIT).to.equal(shares + 1_000n);
    return `first, ${shares}`;
  }

  async #withdraw(): Promise<string> {
    const world = this.#world;
    const lp = this.#random.pick(this.#lps);
    const has = await world.vault.balanceOf(lp.address);
    const before = await world.book();
    if (has === 0n)
      return this.#refused(before, () => world.vault.connect(lp).withdraw(1n, 0n, 0n, lp.address, 0n, GAS));
    const shares = this.#random.chance(0.25) ? has : this.#random.wei(1n, has);
    const to = this.#random.pick(this.#lps);
    const preview = await world.lens.previewWithdraw(world.addresses.vault, shares);
    const had = await world.balances(to.address);
    const receipt = await (
      await world.vault.connect(lp).withdraw(shares, preview.amount0, preview.amount1, to.address, 0n, GAS)
    ).wait();
    const got = await world.balances(to.address);
    expect([got.amount0 - had.amount0, got.amount1 - had.amount1], INVARIANT.WITHDRAW_PREVIEW).to.deep.equal([
      preview.amount0,
      preview.amount1,
    ]);
    const after = await world.book();
    expect(before.supply - after.supply).to.equal(shares);
    expectProRataExit(before, after);
    expect((receipt?.gasUsed ?? 0n) < 2_500_000n, INVARIANT.WITHDRAW_OPEN).to.equal(true);
    await this.#expectPaidOnly(receipt, [to.address]);
    return `${shares} of ${has}`;
  }

  async #transfer(): Promise<string> {
    const world = this.#world;
    const from = this.#random.pick(this.#lps);
    const to = this.#random.pick(this.#lps);
    const before = await world.book();
    const has = await world.vault.balanceOf(from.address);
    if (has === 0n) return this.#refused(before, () => world.vault.connect(from).transfer(to.address, 1n, GAS));
    const shares = this.#random.wei(1n, has);
    await (await world.vault.connect(from).transfer(to.address, shares, GAS)).wait();
    expect(await world.book()).to.deep.equal(before);
    return `${shares}`;
  }

  /** Deposit and leave, or send away, in one block. */
  async #flash(): Promise<string> {
    const world = this.#world;
    const lp = this.#random.pick(this.#lps);
    const before = await world.book();
    if (before.supply <= 1_000n) return "nothing to flash";
    const old = await world.vault.balanceOf(lp.address);
    const shares = this.#random.wei(1n, 100_000n * ONE);
    const tooMuch = old + this.#random.wei(1n, shares);
    const vault = world.vault.connect(lp);
    const away = this.#random.pick(this.#lps.filter((other) => other !== lp));
    const leaves = this.#random.chance(0.5);
    const receipts = await world.inOneBlock([
      () => vault.deposit(shares, MAX, MAX, lp.address, GAS),
      () =>
        leaves ? vault.withdraw(tooMuch, 0n, 0n, lp.address, 0n, GAS) : vault.transfer(away.address, tooMuch, GAS),
      ...(old > 0n ? [() => vault.transfer(away.address, old, GAS)] : []),
    ]);
    expect(
      receipts.map((r) => r.status),
      INVARIANT.ONE_BLOCK,
    ).to.deep.equal([1, 0, ...(old > 0n ? [1] : [])]);
    const after = await world.book();
    expect(await world.vault.balanceOf(lp.address), INVARIANT.ONE_BLOCK).to.equal(shares);
    const { quoteIsToken0 } = world.options;
    expectDepositKeepsValue(
      before,
      after,
      priceGrid(world.priceX96(this.#price), before, quoteIsToken0, sqrtAtTick),
      quoteIsToken0,
    );
    return `${shares}, ${old} older ones moved`;
  }

  // ---------------------------------------------------------------- commands of strangers

  async #trade(): Promise<string> {
    const world = this.#world;
    const fee = this.#random.pick([...world.pools.keys()]);
    const zeroForOne = this.#random.chance(0.5);
    const { amount0, amount1 } = world.halves(400_000n * ONE, this.#price);
    const amount = this.#random.wei(1n, zeroForOne ? amount0 : amount1);
    const before = await world.book();
    await world.swap(fee, zeroForOne, amount);
    await this.#expectNothingLost(before);
    return `${amount} in ${fee}, ${zeroForOne ? "0 for 1" : "1 for 0"}`;
  }

  /** The price walks; arbitrage follows in all pools, the feed mostly. */
  async #moveMarket(): Promise<string> {
    const world = this.#world;
    const step = this.#random.chance(0.1) ? 0.12 : 0.02;
    this.#price = Math.min(Math.max(this.#price * (1 + (this.#random.next() - 0.5) * step), 500), 8_000);
    const before = await world.book();
    await world.movePools(this.#price);
    await this.#expectNothingLost(before);
    if (this.#random.chance(0.85)) await world.report(this.#price * (1 + (this.#random.next() - 0.5) * 0.012));
    await world.pass(this.#random.pick([12, 600, 3_600]));
    return this.#price.toFixed(2);
  }

  async #donate(): Promise<string> {
    const world = this.#world;
    const token = this.#random.pick([world.token0, world.token1]);
    const { amount0, amount1 } = world.halves(5_000n * ONE, this.#price);
    const amount = this.#random.wei(1n, token === world.token0 ? amount0 : amount1);
    const before = await world.book();
    await (await token.connect(world.who.attacker).transfer(world.addresses.vault, amount)).wait();
    await this.#expectNothingLost(before);
    return `${amount}`;
  }

  async #donateToRange(): Promise<string> {
    const world = this.#world;
    const before = await world.book();
    if (before.positions.length === 0) return "no range";
    const range = this.#random.pick(before.positions);
    const pool = world.pool(range.fee);
    const liquidity = this.#random.wei(1n, max(range.liquidity / 10n, 2n));
    const data = pool.contract.interface.encodeFunctionData("mint", [
      world.addresses.vault,
      range.tickLower,
      range.tickUpper,
      liquidity,
      "0x",
    ]);
    await (await world.market.run([{ target: pool.address, data }])).wait();
    await this.#expectNothingLost(before);
    return `${liquidity} to ${rangeKey(range)}`;
  }

  async #passTime(): Promise<string> {
    const seconds = this.#random.pick([1, 60, 1_800, 7_200, 86_400]);
    await this.#world.pass(seconds);
    if (this.#random.chance(0.7)) await this.#world.report(this.#price);
    return `${seconds} s`;
  }

  // ---------------------------------------------------------------- commands of the DAO

  async #guardian(): Promise<string> {
    const world = this.#world;
    const policy = world.policy.connect(world.who.safe);
    const limits = await world.policy.limits();
    const fees = limits.fees.filter((fee) => fee !== 0n);
    if (fees.length > 1 && this.#random.chance(0.5)) {
      const fee = this.#random.pick(fees);
      await (await policy.removePool(fee)).wait();
      return `removes ${fee}`;
    }
    const caps = {
      maxPlanLossBps: min(limits.maxPlanLossBps, BigInt(this.#random.int(5, 100))),
      coreWeightCapBps: min(limits.coreWeightCapBps, BigInt(this.#random.int(2_000, 10_000))),
      minHalfWidth: limits.minHalfWidth,
      maxHalfWidth: limits.maxHalfWidth,
    };
    await (await policy.tightenCaps(caps)).wait();
    return `caps ${caps.maxPlanLossBps}, ${caps.coreWeightCapBps}`;
  }

  /** After its delay the governor gives all the room back. */
  async #governor(): Promise<string> {
    const world = this.#world;
    const manager = world.manager.connect(world.who.safe) as typeof world.manager;
    const { interface: abi } = world.policy;
    const caps = { maxPlanLossBps: 100, coreWeightCapBps: 10_000, minHalfWidth: 10, maxHalfWidth: 887_272 };
    const calls = [abi.encodeFunctionData("setCaps", [caps])];
    const allowed = new Set((await world.policy.limits()).fees.map(Number));
    for (const fee of world.options.fees) if (!allowed.has(fee)) calls.push(abi.encodeFunctionData("addPool", [fee]));
    for (const data of calls) await manager.getFunction("schedule").send(world.addresses.policy, data, 0);
    await world.pass(world.options.governanceDelay + 1);
    for (const data of calls) await manager.getFunction("execute").send(world.addresses.policy, data);
    await world.report(this.#price);
    return `${calls.length} decisions`;
  }

  // ---------------------------------------------------------------- commands of keepers

  async #plan(): Promise<string> {
    const world = this.#world;
    const before = await world.book();
    if (this.#random.chance(0.7)) {
      await world.movePools(this.#price);
      await world.pass(1_900);
      await world.report(this.#price);
    }
    return this.#tryPlan(await this.#randomPlan(before), HONEST);
  }

  async #randomPlan(book: Book): Promise<PlanSteps> {
    const random = this.#random;
    const many = book.positions.length > 6;
    const allowed = (await this.#world.policy.limits()).fees.map(Number).filter((fee) => fee !== 0);
    const tier = (): number => random.pick(random.chance(0.95) ? allowed : this.#world.options.fees);
    const burns = book.positions
      .filter(() => random.chance(many ? 0.8 : 0.4))
      .map(({ index }) => ({ index, fraction: random.chance(0.2) ? 0n : random.fraction() }));
    const swaps = random.chance(0.4)
      ? [{ fee: tier(), zeroForOne: random.chance(0.5), fraction: BigInt(random.int(1, 20)) * (ONE / 100n) }]
      : [];
    const mints: MintStep[] = [];
    for (let i = random.int(0, 3); i > 0; i--) {
      // The same range again now and then, so that places grow.
      const again = book.positions.length > 0 && random.chance(0.25);
      const range = again ? random.pick(book.positions) : await this.#world.around(tier(), random.int(100, 5_000));
      const { fee, tickLower, tickUpper } = range;
      mints.push({ fee, tickLower, tickUpper, fraction0: random.fraction(), fraction1: random.fraction() });
    }
    return { burns, swaps, mints };
  }

  /** What a stolen key would try: harvests, wrong fields, and what is not his to do. */
  async #hostile(): Promise<string> {
    const world = this.#world;
    const random = this.#random;
    const book = await world.book();
    const fee = random.pick(world.options.fees);
    const around = await world.around(fee, random.int(20, 2_000));
    const { tickSpacing } = world.pool(fee);
    const above = Math.ceil(((await world.tick(fee)) + 1) / tickSpacing) * tickSpacing;
    const below = above - 2 * tickSpacing;
    const narrow = (at: number): MintStep => ({
      fee,
      tickLower: at,
      tickUpper: at + 2 * tickSpacing,
      fraction0: random.fraction(),
      fraction1: random.fraction(),
    });
    const everything = book.positions.map(({ index }) => ({ index }));
    const plans: readonly (() => PlanSteps)[] = [
      () => ({ mints: [narrow(above)] }),
      () => ({ mints: [narrow(below - 2 * tickSpacing)] }),
      () => ({ burns: everything, mints: [narrow(above), narrow(below - 4 * tickSpacing)] }),
      () => ({
        burns: everything,
        swaps: [
          { fee, zeroForOne: true },
          { fee, zeroForOne: false },
        ],
      }),
      () => ({ swaps: [{ fee, zeroForOne: random.chance(0.5), fraction: random.fraction() }] }),
      () => ({ mints: [{ ...around, fraction0: ONE + 1n }] }),
      () => ({ mints: [{ ...around, tickLower: around.tickLower + 1 }] }),
      () => ({ mints: [{ ...around, tickLower: around.tickUpper, tickUpper: around.tickLower }] }),
      () => ({ mints: [{ fee, tickLower: -887_300, tickUpper: 0 }] }),
      () => ({ mints: [{ ...around, fee: random.pick([0, 1, 100, 1_048_575]) }] }),
      () => ({ burns: [{ index: random.int(0, 255) }, { index: random.int(0, 9) }] }),
      () => ({ burns: [...everything, ...everything] }),
      () => ({ burns: [{ index: 0, fraction: ONE + 1n }] }),
      () => ({ nonce: BigInt(random.int(0, 500)), burns: everything }),
      () => ({ deadline: 1, burns: everything }),
      () => ({
        mints: Array.from({ length: 9 }, (_, i) => ({
          ...around,
          tickUpper: around.tickUpper + i * tickSpacing,
          fraction0: ONE / 50n,
          fraction1: ONE / 50n,
        })),
      }),
    ];
    // First pushes the pool to the edge of what the band forgives, as a keeper with money would.
    if (random.chance(0.4)) {
      const { sqrtPriceX96 } = await world.pool(fee).slot0();
      await world.movePool(fee, (sqrtPriceX96 * BigInt(random.int(9_950, 10_050))) / 10_000n);
    }
    const steps = random.pick(plans)();
    if (random.chance(0.1)) {
      const stranger = random.pick([...this.#lps, world.who.stranger, world.who.safe, world.who.deployer]);
      const before = await world.book();
      const plan = await world.plan(steps);
      return this.#refused(before, () => world.vault.connect(stranger).execute(plan, GAS));
    }
    return this.#tryPlan({ twapHint: random.int(0, 65_535), ...steps }, null);
  }

  /** @param expected the only reasons for which it may be refused; null for any that is not a fault of the code */
  async #tryPlan(steps: PlanSteps, expected: ReadonlySet<string> | null): Promise<string> {
    const world = this.#world;
    const before = await world.book();
    const limits = await world.policy.limits();
    const nonce = await world.vault.planNonce();
    const held = await world.balances(world.addresses.vault);
    const plan = await world.plan(steps);
    let receipt: TransactionReceipt | null;
    try {
      receipt = await (await world.vault.connect(world.who.keeper).execute(plan, GAS)).wait();
    } catch (error) {
      const reason = reasonOf(error);
      if (FAULTS.test(reason) || (expected !== null && !expected.has(reason))) throw error;
      if (reason.startsWith("0x") && reason !== INVALID_TICK) throw error;
      expect(await world.book()).to.deep.equal(before);
      expect(await world.vault.planNonce(), INVARIANT.PLAN_ONCE).to.equal(nonce);
      return `refused, ${reason.slice(0, 60)}`;
    }
    if (receipt === null) throw new Error("the plan was not mined");
    const after = await world.book();
    const { chargeX18, navLow } = world.executed(receipt);
    expect(await world.vault.planNonce(), INVARIANT.PLAN_ONCE).to.equal(nonce + 1n);
    expect(after.supply).to.equal(before.supply);

    // Charge: at no price inside the band was more lost than was charged, and not more than the limit was charged.
    const { quoteIsToken0: q } = world.options;
    const { low, high } = await world.oracle.feeds({ blockTag: receipt.blockNumber });
    const flows = flowsOf(world, receipt, held, await world.balances(world.addresses.vault));
    const nav = navAt(after, low, q);
    expect(navLow <= nav >> VALUE_BITS).to.equal(true);
    for (let k = 0n; k <= 8n; k++) {
      const part = (lossAt(flows, low + ((high - low) * k) / 8n, q) * ONE) / nav;
      expect(part <= chargeX18, `${INVARIANT.PLAN_CHARGE}: ${part} > ${chargeX18} at ${k}/8`).to.equal(true);
    }
    const wei = BigInt(2 + 2 * flows.minted.length);
    const rounding = ((valueOfTokens({ amount0: wei, amount1: wei }, high, q) + (4n << VALUE_BITS)) * ONE) / nav + 2n;
    // With little in the vault a wei is a large part; then navLow's own rounding counts as well.
    const model = modelCharge(flows, after, { low, high }, q);
    const navRounding = (model * (nav - (navLow << VALUE_BITS))) / max(navLow << VALUE_BITS, 1n);
    expect(
      chargeX18 <= model + 2n * rounding + navRounding,
      `${INVARIANT.PLAN_CHARGE}: ${chargeX18} for ${model}`,
    ).to.equal(true);
    expect(chargeX18 <= (limits.maxPlanLossBps * ONE) / 10_000n, INVARIANT.PLAN_LIMIT).to.equal(true);

    const allowed = new Set(limits.fees.map(Number));
    for (const { fee, tickLower, tickUpper } of steps.mints ?? []) {
      this.#seen.set(rangeKey({ fee, tickLower, tickUpper }), { fee, tickLower, tickUpper });
      const width = BigInt(tickUpper - tickLower);
      const fits = allowed.has(fee) && width >= 2n * limits.minHalfWidth && width <= 2n * limits.maxHalfWidth;
      expect(fits, INVARIANT.PLAN_RANGES).to.equal(true);
    }
    const core = (book: Book): bigint => navAt({ ...book, idle0: 0n, idle1: 0n }, low, q);
    const inside = core(after) * 10_000n <= limits.coreWeightCapBps * nav;
    const slack = valueOfTokens({ amount0: 8n, amount1: 8n }, high, q);
    expect(inside || core(after) <= core(before) + slack, INVARIANT.PLAN_WEIGHT).to.equal(true);
    await this.#expectPaidOnly(
      receipt,
      [...world.pools.values()].map((pool) => pool.address),
    );
    for (const log of receipt.logs) {
      const token = [await world.token0.getAddress(), await world.token1.getAddress()].includes(log.address);
      if (token) expect(world.token0.interface.parseLog(log)?.name, INVARIANT.PLAN_CLEAN).to.equal("Transfer");
    }
    return `charged ${(Number(chargeX18) / 1e14).toFixed(3)} bps`;
  }

  // ---------------------------------------------------------------- checks

  /** A call that must be refused, by an error that names itself, and change nothing. */
  async #refused(before: Book, send: () => Promise<{ wait(): Promise<unknown> }>): Promise<string> {
    let reason: string;
    try {
      await (await send()).wait();
      throw new Error("it should have been refused");
    } catch (error) {
      reason = reasonOf(error);
      if (FAULTS.test(reason) || !/^\w{2,60}$/.test(reason)) throw error;
    }
    expect(await this.#world.book()).to.deep.equal(before);
    return `refused, ${reason}`;
  }

  /** Nothing that a stranger did made any component smaller. */
  async #expectNothingLost(before: Book): Promise<void> {
    const after = await this.#world.book();
    expect(after.supply).to.equal(before.supply);
    const is = components(after);
    for (const [name, was] of components(before)) {
      const left = is.get(name) ?? 0n;
      expect(left >= was, `${INVARIANT.ONLY_TO_PAYEES}: ${name} ${was} -> ${left}`).to.equal(true);
    }
  }

  /** The vault's tokens went to these and to nobody else. */
  async #expectPaidOnly(receipt: TransactionReceipt | null, payees: readonly string[]): Promise<void> {
    const { token0, token1, addresses } = this.#world;
    const tokens = [await token0.getAddress(), await token1.getAddress()];
    for (const log of receipt?.logs ?? []) {
      if (!tokens.includes(log.address)) continue;
      const event = token0.interface.parseLog(log);
      if (event?.name !== "Transfer" || event.args["from"] !== addresses.vault) continue;
      expect(payees, INVARIANT.ONLY_TO_PAYEES).to.include(event.args["to"]);
    }
  }

  async #checkState(): Promise<void> {
    const world = this.#world;
    const book = await world.book();
    expectTotals(book);
    expect(await this.#allTokens(), INVARIANT.CONSERVATION).to.deep.equal(this.#tokens);

    const shares = await this.#read(
      this.#holders.map((holder) => world.vault.interface.encodeFunctionData("balanceOf", [holder])),
      world.addresses.vault,
    );
    expect(
      shares.reduce((sum, one) => sum + one, 0n),
      INVARIANT.SUPPLY,
    ).to.equal(book.supply);
    const locked = await world.vault.balanceOf(world.addresses.vault);
    expect(locked >= this.#lockedEver, INVARIANT.SUPPLY).to.equal(true);
    if (book.supply > 0n) expect(locked >= 1_000n, INVARIANT.SUPPLY).to.equal(true);
    this.#lockedEver = locked;

    for (const p of book.positions) {
      expect(p.liquidity > 0n, INVARIANT.PLAN_LIST).to.equal(true);
      this.#seen.set(rangeKey(p), p);
    }
    expect(new Set(book.positions.map(rangeKey)).size, INVARIANT.PLAN_LIST).to.equal(book.positions.length);
    const listed = new Set(book.positions.map(rangeKey));
    for (const [key, { fee, tickLower, tickUpper }] of this.#seen) {
      if (listed.has(key)) continue;
      const held = await world.pool(fee).position(world.positionKey(tickLower, tickUpper));
      expect([held.liquidity, held.owed0, held.owed1], `${INVARIANT.PLAN_LIST}: ${key}`).to.deep.equal([0n, 0n, 0n]);
    }
    if (this.#seen.size > 60)
      for (const key of [...this.#seen.keys()].slice(0, 20)) if (!listed.has(key)) this.#seen.delete(key);
  }

  async #everybodyLeaves(): Promise<void> {
    const world = this.#world;
    await world.baseFeed.setSilent(true);
    await (await world.policy.connect(world.who.safe).removeKeeper(world.who.keeper.address)).wait();
    for (const lp of this.#lps) {
      const shares = await world.vault.balanceOf(lp.address);
      if (shares === 0n) continue;
      const before = await world.book();
      await world.withdraw(lp, shares);
      expectProRataExit(before, await world.book());
    }
    await this.#checkState();
    const { supply } = await world.book();
    expect(supply === 1_000n || supply === 0n, INVARIANT.WITHDRAW_OPEN).to.equal(true);
  }

  /** The sum of each token over everybody who can have it. */
  async #allTokens(): Promise<readonly [bigint, bigint]> {
    const { token0, token1 } = this.#world;
    const sum = async (token: typeof token0): Promise<bigint> => {
      const data = this.#holders.map((holder) => token.interface.encodeFunctionData("balanceOf", [holder]));
      return (await this.#read(data, await token.getAddress())).reduce((a, b) => a + b, 0n);
    };
    return [await sum(token0), await sum(token1)];
  }

  /** Many reads of one contract in one call. */
  async #read(data: readonly string[], target: string): Promise<readonly bigint[]> {
    const results = await this.#world.market.run.staticCall(data.map((one) => ({ target, data: one })));
    return results.map((result) => BigInt(result));
  }
}
