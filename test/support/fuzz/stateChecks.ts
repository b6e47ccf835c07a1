/** Invariants that one look shows, against the shadow. */
import { expect } from "chai";

import { INVARIANT } from "../../contracts/invariants.ts";
import { rangeKey } from "../checks.ts";
import { POOL_INTERFACE } from "../pools.ts";
import { amountsOf } from "./exact.ts";
import type { Fuzz } from "./fuzz.ts";
import type { Lasting, Look } from "./look.ts";
import { LOCKED_SHARES } from "./model.ts";

/** What no refused call may change. */
export function expectUnchanged(before: Look, after: Look): void {
  expect(lasting(after), "a refused call changed something").to.deep.equal(lasting(before));
}

function lasting(look: Look): Lasting {
  const {
    nonce,
    totalSupply,
    feeBook,
    treasury,
    held,
    positions,
    shares,
    limits,
    fees,
    keepers,
    treasuryAccount,
    books,
  } = look;
  return {
    nonce,
    totalSupply,
    feeBook,
    treasury,
    held,
    positions,
    shares,
    limits,
    fees,
    keepers,
    treasuryAccount,
    books,
  };
}

/** The last look against the shadow. */
export function checkState(fuzz: Fuzz): void {
  const { look, model } = fuzz;
  const at = look.timestamp;
  checkShares(look, fuzz, at);
  checkTotals(look);

  const { amount0, amount1, shareBps } = model.treasury.book;
  expect(look.treasury, INVARIANT.TREASURY_ONLY).to.deep.equal({ amount0, amount1, shareBps });
  expect(look.idle, INVARIANT.TREASURY_ONLY).to.deep.equal({
    amount0: look.held.amount0 - amount0,
    amount1: look.held.amount1 - amount1,
  });

  const { policy } = model;
  expect(look.limits, INVARIANT.POLICY_DIRECTION).to.deep.equal(policy.limits);
  expect(look.fees, INVARIANT.POLICY_DIRECTION).to.deep.equal(policy.fees);
  expect(new Set(look.keepers), INVARIANT.POLICY_DIRECTION).to.deep.equal(policy.keepers);
  expect(BigInt(look.treasuryAccount)).to.equal(BigInt(policy.treasury));

  expect(look.nonce, INVARIANT.PLAN_ONCE).to.equal(model.plans);
  for (const name of ["loss", "turnover", "churn", "deleverage"] as const) {
    const { level, capacity } = look.budgets[name];
    model.levels[name].expectShown(at, policy.cap(`${name}RefillBps`), level);
    expect(capacity, INVARIANT.BUDGET_LEVEL).to.equal(policy.cap(`${name}CapBps`) * 10n ** 8n);
  }
  if (fuzz.sleeves === null) expect(look.places, INVARIANT.PLAN_SLEEVES).to.deep.equal([]);
  if (look.oracleOk) {
    const { mid, low, high, varianceE12 } = look.price;
    expect({ mid, low, high }, INVARIANT.ORACLE_REFUSES).to.deep.equal(model.oracle.band);
    expect(varianceE12, INVARIANT.VOLATILITY).to.equal(model.oracle.varianceE12);
    expect(model.oracle.refusal(at), INVARIANT.ORACLE_REFUSES).to.equal(null);
  }
}

function checkShares(look: Look, { world, model }: Fuzz, at: number): void {
  expect(look.totalSupply, INVARIANT.SUPPLY).to.equal(model.totalSupply);
  let sum = 0n;
  for (const shares of look.shares.values()) sum += shares;
  expect(sum, INVARIANT.SUPPLY).to.equal(look.totalSupply);
  expect(look.feeBook, INVARIANT.LP_FEES_TO_STAYERS).to.deep.equal(model.fees.book);
  expect(look.supply, INVARIANT.LP_FEES_TO_STAYERS).to.equal(model.supply(at));
  const own = look.shares.get(world.addresses.vault);
  expect(own, INVARIANT.SUPPLY).to.equal(look.totalSupply === 0n ? 0n : LOCKED_SHARES + look.feeBook.locked);
  expect([look.entryFeeBps, look.exitFeeBps], INVARIANT.LP_FEES_CAPPED).to.deep.equal(model.fees.inForce(at));
  expect(look.entryFeeBps <= 50n && look.exitFeeBps <= 50n, INVARIANT.LP_FEES_CAPPED).to.equal(true);
}

/** What LPs own, component by component: idle tokens, principal at spot rounded up, their part of pending fees. */
function checkTotals(look: Look): void {
  let { amount0: total0, amount1: total1 } = look.idle;
  for (const p of look.positions) {
    const spot = look.spots.get(p.fee);
    if (spot === undefined) throw new Error(`no pool of tier ${p.fee}`);
    const down = amountsOf(p, spot.sqrtPriceX96, "down");
    expect([p.amount0, p.amount1]).to.deep.equal([down.amount0, down.amount1]);
    const up = amountsOf(p, spot.sqrtPriceX96, "up");
    total0 += up.amount0 + p.fees0 - (p.fees0 * look.treasury.shareBps) / 10_000n;
    total1 += up.amount1 + p.fees1 - (p.fees1 * look.treasury.shareBps) / 10_000n;
  }
  expect(look.total, INVARIANT.DEPOSIT_ROUNDS_UP).to.deep.equal({ amount0: total0, amount1: total1 });
}

/** The list names every range in which the vault stands. */
export async function checkList(fuzz: Fuzz): Promise<void> {
  const { look, seen, given, world, chain } = fuzz;
  const listed = new Set<string>();
  for (const p of look.positions) {
    const key = rangeKey(p);
    expect(p.liquidity > 0n, INVARIANT.PLAN_LIST).to.equal(true);
    expect(listed.has(key), INVARIANT.PLAN_LIST).to.equal(false);
    listed.add(key);
    given.delete(key);
    seen.set(key, { fee: p.fee, tickLower: p.tickLower, tickUpper: p.tickUpper });
  }
  const others = [...seen].filter(([key]) => !listed.has(key) && !given.has(key));
  const results = await chain.read(
    others.map(([, { fee, tickLower, tickUpper }]) => ({
      target: world.pool(fee).address,
      data: POOL_INTERFACE.encodeFunctionData("positions", [world.positionKey(tickLower, tickUpper)]),
    })),
  );
  for (const [i, result] of results.entries()) {
    const [liquidity, , , owed0, owed1] = POOL_INTERFACE.decodeFunctionResult(
      "positions",
      result,
    ) as unknown as bigint[];
    expect([liquidity, owed0, owed1], `${INVARIANT.PLAN_LIST}: ${others[i]?.[0] ?? ""}`).to.deep.equal([0n, 0n, 0n]);
  }
  // Those that are gone are looked at for a while, then forgotten, so that a long run does not slow down.
  if (seen.size > 60) for (const [key] of others.slice(0, 20)) seen.delete(key);
}
