/** Commands of keepers that plan: honestly, with a stolen key, many times in a row, and between other people's trades. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { ONE } from "../../arithmetic.ts";
import { MAX_SQRT_LIMIT, MIN_SQRT_LIMIT, type MintStep, type PlanSteps } from "../../world.ts";
import { FAULT, type Tx } from "../chain.ts";
import { expectDone, type Ended, type Fuzz } from "../fuzz.ts";
import { checkPlan } from "../planCheck.ts";
import { marksNext } from "../sleeves/marks.ts";
import { poolSteps } from "../steps.ts";
import { expectUnchanged } from "../stateChecks.ts";
import { mend } from "./dao.ts";
import { edgeOf, harvests, hostileSteps } from "./harvests.ts";
import { arbitrage, moveTx, rangeRound, report } from "./strangers.ts";

/** With nothing but these an honest plan may be declined, when keeper, pause and feeds are in order. */
const HONEST = new Set([
  "LossAboveLimit",
  "LossBudgetSpent",
  "TurnoverBudgetSpent",
  "ArbitrageAboveLimit",
  "SlippageOnMint",
  "SlippageOnSwap",
  "TooManyPositions",
  "SpotOutsideBand",
  "TwapOutsideBand",
  "CoreWeightAboveCap",
  "PoolNotAllowed",
  "WidthNotAllowed",
  "NothingToManage",
  "AS",
  "SPL",
]);

/** Besides, what an honest move may meet: its sleeve's terms, its venue's state, the policy's choice. */
const MOVING = new Set([
  "HealthBelowOpening",
  "RateAboveCap",
  "SleeveNotAllowed",
  "SleeveAboveCap",
  "NothingToBorrowAgainst",
  "Obstructed",
  "ReceivedTooLittle",
  "Insolvent",
  "NoDebt",
  "NoSleeve",
  "ERC6909InsufficientBalance",
  // Of Morpho, and of the local vaults.
  "insufficient collateral",
  "insufficient liquidity",
  "inconsistent input",
  "zero assets",
  "Paused",
  "Refused",
  "ZeroAmount",
  "ERC4626ExceededMaxWithdraw",
  "ERC4626ExceededMaxDeposit",
  "ERC4626ExceededMaxRedeem",
]);

export function planTx(fuzz: Fuzz, from: string, steps: PlanSteps): Tx {
  const { world, chain, look } = fuzz;
  const plan = {
    nonce: steps.nonce ?? look.nonce,
    deadline: steps.deadline ?? chain.next + 3_600,
    twapHint: steps.twapHint ?? look.twapHint,
    decisionHash: `0x${"5".repeat(64)}`,
    burns: (steps.burns ?? []).map((b) => ({ fraction: ONE, min0: 0n, min1: 0n, ...b })),
    swaps: (steps.swaps ?? []).map((s) => ({
      fraction: ONE,
      sqrtPriceLimitX96: s.zeroForOne ? MIN_SQRT_LIMIT : MAX_SQRT_LIMIT,
      minOut: 0n,
      ...s,
    })),
    mints: (steps.mints ?? []).map((m) => ({ fraction0: ONE, fraction1: ONE, minLiquidity: 0n, ...m })),
    moves: (steps.moves ?? []).map((m) => ({ afterSwaps: false, fraction: ONE, min: 0n, ...m })),
  };
  return fuzz.toVault(from, world.vault.interface.encodeFunctionData("execute", [plan]));
}

/** Runs a plan, checks it, or checks that it was declined for a reason that may be. */
export async function tryPlan(fuzz: Fuzz, steps: PlanSteps, honest: boolean): Promise<Ended> {
  const { model, chain, random } = fuzz;
  const before = fuzz.look;
  const keeper = random.pick([
    ...(model.policy.keepers.size > 0 ? model.policy.keepers : [fuzz.world.who.keeper.address]),
  ]);
  const at = chain.next;
  const declined = expectedRefusal(fuzz, keeper, at);
  fuzz.marks = await marksNext(fuzz);
  const outcome = await chain.send(planTx(fuzz, keeper, steps));
  if (outcome.ok) {
    expect(declined, INVARIANT.PLAN_FAILS_CLOSED).to.equal(null);
    const charge = await checkPlan(fuzz, steps, before, outcome);
    return { text: `charged ${(Number(charge) / 1e14).toFixed(3)} bps` };
  }
  const { reason } = outcome;
  if (FAULT.test(reason) && !(reason === "unexplained" && !honest)) throw new Error(`a plan failed: ${reason}`);
  if (declined !== null && honest) expect(reason, INVARIANT.PLAN_FAILS_CLOSED).to.equal(declined);
  const moves = (steps.moves ?? []).length > 0;
  if (declined === null && honest && !HONEST.has(reason) && !(moves && MOVING.has(reason)))
    throw new Error(`an honest plan was refused: ${reason}`);
  expectUnchanged(before, await fuzz.refresh());
  return { text: `refused, ${reason}`, reason };
}

/** Why no plan at all can run now, or null. */
function expectedRefusal({ model }: Fuzz, keeper: string, at: number): string | null {
  if (model.totalSupply === 0n) return "NothingToManage";
  if (!model.policy.keepers.has(keeper)) return "NotKeeper";
  if (model.policy.paused(at)) return "Paused";
  return model.oracle.refusal(at);
}

/** Mostly somebody may plan. */
export async function prepare(fuzz: Fuzz): Promise<void> {
  if (fuzz.random.chance(0.8)) await mend(fuzz);
  await fuzz.refresh();
}

// ---------------------------------------------------------------- honest

export async function honestPlan(fuzz: Fuzz): Promise<Ended> {
  await prepare(fuzz);
  if (fuzz.random.chance(0.75)) {
    await arbitrage(fuzz);
    await fuzz.chain.pass(1_900);
    await report(fuzz, fuzz.price);
    await fuzz.refresh();
  }
  return tryPlan(fuzz, randomPlan(fuzz), true);
}

function randomPlan(fuzz: Fuzz): PlanSteps {
  const { random, look, model, world } = fuzz;
  const many = look.positions.length > 6;
  const { allowed, caps } = model.policy;
  const tier = (): number => random.pick(random.chance(0.95) && allowed.length > 0 ? allowed : [...world.pools.keys()]);
  const burns = look.positions
    .filter(({ liquidity }) => random.chance(many ? 0.8 : 0.4) && liquidity > 0n)
    .map(({ index }) => ({ index, fraction: random.chance(0.2) ? 0n : random.fraction() }));
  const swaps = random.chance(0.4)
    ? [{ fee: tier(), zeroForOne: random.chance(0.5), fraction: BigInt(random.int(1, 20)) * (ONE / 100n) }]
    : [];
  const mints: MintStep[] = [];
  for (let i = random.int(0, 3); i > 0; i--) {
    // The same range again now and then, so that places grow; the greatest width now and then, which a spent budget allows.
    const again = look.positions.length > 0 && random.chance(0.25);
    const half = random.chance(0.15) ? caps.maxHalfWidth : random.int(100, 5_000);
    const { fee, tickLower, tickUpper } = again ? random.pick(look.positions) : within(fuzz, tier(), half);
    mints.push({ fee, tickLower, tickUpper, fraction0: random.fraction(), fraction1: random.fraction() });
  }
  return { burns, swaps, mints };
}

/** A range round the spot, no wider than the policy allows and inside the pool's ticks. */
function within(fuzz: Fuzz, fee: number, half: number): { fee: number; tickLower: number; tickUpper: number } {
  const { tickSpacing } = fuzz.world.pool(fee);
  const edge = Math.floor(887_272 / tickSpacing) * tickSpacing;
  const inward = Math.max(half - tickSpacing, tickSpacing);
  const { tickLower, tickUpper } = rangeRound(fuzz, fee, inward);
  return { fee, tickLower: Math.max(tickLower, -edge), tickUpper: Math.min(tickUpper, edge) };
}

// ---------------------------------------------------------------- hostile

/** What a stolen key would try: harvests, churn, extremes, wrong fields, and what is not his to do. */
export async function hostilePlan(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  await prepare(fuzz);
  if (random.chance(0.7)) {
    await arbitrage(fuzz);
    if (random.chance(0.5)) await fuzz.chain.pass(random.pick([600, 1_900, 20_000]));
    await report(fuzz, fuzz.price * (1 + (random.next() - 0.5) * 0.014));
    await fuzz.refresh();
  }
  const fee = random.pick(world.options.fees);
  // First pushes the pool to the edge of what the band forgives, as a keeper with money would.
  if (random.chance(0.5)) {
    const tx = moveTx(fuzz, fee, fuzz.look.spots.get(fee)?.sqrtPriceX96 ?? 0n, edgeOf(fuzz, fee));
    if (tx !== null) {
      await fuzz.must(tx);
      await fuzz.refresh();
    }
  }
  if (random.chance(0.06)) return strangersPlan(fuzz, fee);
  const steps = hostileSteps(fuzz, fee);
  return tryPlan(fuzz, { ...(random.chance(0.3) ? { twapHint: random.int(0, 65_535) } : {}), ...steps }, false);
}

async function strangersPlan(fuzz: Fuzz, fee: number): Promise<Ended> {
  const { random, world, model } = fuzz;
  const before = fuzz.look;
  const { stranger, safe, deployer, guardian } = world.who;
  const others = [...fuzz.lps, stranger, safe, deployer, guardian].filter(
    ({ address }) => !model.policy.keepers.has(address),
  );
  const ended = await fuzz.refused(planTx(fuzz, random.pick(others).address, hostileSteps(fuzz, fee)), [
    "NothingToManage",
    "NotKeeper",
    "WrongNonce",
    "PlanExpired",
  ]);
  expectUnchanged(before, await fuzz.refresh());
  return ended;
}

/** The same steps again and again: what one plan may, many together may not. */
export async function burst(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  await prepare(fuzz);
  await arbitrage(fuzz);
  if (random.chance(0.7)) await fuzz.chain.pass(1_900);
  await report(fuzz, fuzz.price * (1 + (random.next() - 0.5) * 0.012));
  await fuzz.refresh();
  const fee = random.pick(world.options.fees);
  let went = 0;
  let last: Ended = { text: "none" };
  for (let i = random.int(3, 8); i > 0; i--) {
    const tx = moveTx(fuzz, fee, fuzz.look.spots.get(fee)?.sqrtPriceX96 ?? 0n, edgeOf(fuzz, fee));
    if (tx !== null) await fuzz.must(tx);
    await fuzz.refresh();
    last = await tryPlan(fuzz, random.pick(harvests(fuzz, fee))(), false);
    if (last.reason === undefined) went++;
    if (random.chance(0.2)) await arbitrage(fuzz);
    await fuzz.refresh();
  }
  return went > 0
    ? { text: `${went} went through` }
    : { text: last.text, ...(last.reason ? { reason: last.reason } : {}) };
}

/** Moves the pool, plans, and moves it back, in one block. */
export async function sandwich(fuzz: Fuzz): Promise<Ended> {
  const { random, world, model, chain } = fuzz;
  const fee = random.pick(world.options.fees);
  await prepare(fuzz);
  if (random.chance(0.85)) {
    await arbitrage(fuzz);
    if (random.chance(0.7)) await chain.pass(1_900);
    await report(fuzz, fuzz.price * (1 + (random.next() - 0.5) * 0.012));
    await fuzz.refresh();
  }
  const before = fuzz.look;
  const keeper = [...model.policy.keepers][0] ?? world.who.keeper.address;
  const now = before.spots.get(fee)?.sqrtPriceX96 ?? 0n;
  const target = edgeOf(fuzz, fee);
  const steps = random.pick(harvests(fuzz, fee))();
  const front = moveTx(fuzz, fee, now, target);
  const back = moveTx(fuzz, fee, target, now);
  if (front === null || back === null) return { text: "it stands at the edge", reason: "atEdge" };
  const declined = expectedRefusal(fuzz, keeper, chain.next);
  fuzz.marks = await marksNext(fuzz);
  const [moved, planned, returned] = await chain.sendTogether([front, planTx(fuzz, keeper, steps), back]);
  if (moved === undefined || planned === undefined || returned === undefined) throw new Error("three were sent");
  // The way back is barred (SPL) if the plan's own swaps went further: then the pool stays where they left it.
  if (!planned.ok) {
    const after = await fuzz.refresh();
    expectUnchanged(withoutFees(before), withoutFees(after));
    const reason = await reasonAlone(fuzz, front, planTx(fuzz, keeper, steps));
    return { text: `refused inside the block, ${reason}`, reason };
  }
  expect(declined, INVARIANT.PLAN_FAILS_CLOSED).to.equal(null);
  const spots = new Map<number, bigint>();
  for (const step of poolSteps(world, expectDone(moved).logs))
    if (step.kind === "swap") spots.set(step.fee, step.sqrtPriceX96);
  const charge = await checkPlan(fuzz, steps, before, planned, spots);
  return { text: `charged ${(Number(charge) / 1e14).toFixed(3)} bps` };
}

/** Inside a block a refusal gives no reason: the same again, in two blocks. */
async function reasonAlone({ chain }: Fuzz, front: Tx, plan: Tx): Promise<string> {
  return chain.undone(async () => {
    await chain.send(front);
    const outcome = await chain.send(plan);
    return outcome.ok ? "insideBlock" : outcome.reason;
  });
}

/** Trades in the block changed what positions hold at spot and are owed; liquidity they do not change. */
function withoutFees(look: Fuzz["look"]): Fuzz["look"] {
  const positions = look.positions.map((p) => ({ ...p, amount0: 0n, amount1: 0n, fees0: 0n, fees1: 0n }));
  return { ...look, positions };
}
