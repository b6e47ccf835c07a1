/** Commands of people who hold nothing of the vault: trades, prices, gifts, time, and what anybody may call. */
import { expect } from "chai";

import { INVARIANT } from "../../../contracts/invariants.ts";
import { max, ONE, sqrtPriceOf } from "../../arithmetic.ts";
import { rangeKey } from "../../checks.ts";
import { POOL_INTERFACE } from "../../pools.ts";
import { MAX_SQRT_LIMIT, MIN_SQRT_LIMIT, scaled } from "../../world.ts";
import type { Done, Tx } from "../chain.ts";
import { minus } from "../exact.ts";
import { expectDone, type Ended, type Fuzz } from "../fuzz.ts";
import { lpBook, type Look } from "../look.ts";
import { tokenEvents } from "../steps.ts";
import { expectFeesByView } from "./lps.ts";

// ---------------------------------------------------------------- steps that other commands use too

export function swapTx(fuzz: Fuzz, fee: number, zeroForOne: boolean, amount: bigint, limit?: bigint): Tx {
  const data = POOL_INTERFACE.encodeFunctionData("swap", [
    fuzz.market,
    zeroForOne,
    amount,
    limit ?? (zeroForOne ? MIN_SQRT_LIMIT : MAX_SQRT_LIMIT),
    "0x",
  ]);
  return marketTx(fuzz, fuzz.world.pool(fee).address, data);
}

/** A trade to a sqrt price, however deep the pool is; null if it stands there. */
export function moveTx(fuzz: Fuzz, fee: number, from: bigint, to: bigint): Tx | null {
  return from === to ? null : swapTx(fuzz, fee, to < from, 1n << 200n, to);
}

function marketTx(fuzz: Fuzz, target: string, data: string): Tx {
  const { world, market } = fuzz;
  return {
    from: world.who.deployer.address,
    to: market,
    data: world.market.interface.encodeFunctionData("run", [[{ target, data }]]),
  };
}

/** Trades pools to the market's price. */
export async function arbitrage(fuzz: Fuzz, fees: Iterable<number> = fuzz.world.pools.keys()): Promise<void> {
  const target = sqrtPriceOf(fuzz.world.priceX96(fuzz.price), fuzz.quoteIsToken0);
  for (const fee of fees) {
    const tx = moveTx(fuzz, fee, fuzz.look.spots.get(fee)?.sqrtPriceX96 ?? 0n, target);
    if (tx !== null) await fuzz.must(tx);
  }
}

/** Both feeds answer now. */
export async function report(fuzz: Fuzz, price: number): Promise<void> {
  const { baseFeedDecimals, quoteFeedDecimals } = fuzz.world.options;
  await tell(fuzz, "base", scaled(price, baseFeedDecimals));
  await tell(fuzz, "quote", 10n ** BigInt(quoteFeedDecimals));
}

/** One feed answers, now or at another time. */
async function tell(fuzz: Fuzz, which: "base" | "quote", answer: bigint, updatedAt?: number): Promise<void> {
  const { world, model } = fuzz;
  const feed = which === "base" ? world.baseFeed : world.quoteFeed;
  const address = fuzz.feeds[which];
  const from = world.who.deployer.address;
  if (model.oracle[which].silent) {
    await fuzz.must({ from, to: address, data: feed.interface.encodeFunctionData("setSilent", [false]) });
  }
  const data =
    updatedAt === undefined
      ? feed.interface.encodeFunctionData("report", [answer])
      : feed.interface.encodeFunctionData("setRound", [answer, updatedAt, updatedAt]);
  const { at } = await fuzz.must({ from, to: address, data });
  model.oracle[which] = { answer, updatedAt: updatedAt ?? at, silent: false };
}

export async function silence(fuzz: Fuzz): Promise<void> {
  const { world, model } = fuzz;
  const data = world.baseFeed.interface.encodeFunctionData("setSilent", [true]);
  await fuzz.must({ from: world.who.deployer.address, to: fuzz.feeds.base, data });
  model.oracle.base = { ...model.oracle.base, silent: true };
}

/** Nothing that a stranger did made any component smaller. */
export async function expectNothingLost(fuzz: Fuzz, before: Look): Promise<void> {
  const after = await fuzz.refresh();
  expect(after.totalSupply).to.equal(before.totalSupply);
  const [was, is] = [lpBook(before), lpBook(after)];
  const keeps = (name: string, had: bigint, has: bigint): void => {
    expect(has >= had, `${INVARIANT.ONLY_TO_PAYEES}: ${name} ${had} -> ${has}`).to.equal(true);
  };
  keeps("idle0", was.idle0, is.idle0);
  keeps("idle1", was.idle1, is.idle1);
  for (const p of was.positions) {
    const left = is.positions.find((other) => rangeKey(other) === rangeKey(p));
    keeps(`${rangeKey(p)} liquidity`, p.liquidity, left?.liquidity ?? 0n);
    keeps(`${rangeKey(p)} fees0`, p.fees0, left?.fees0 ?? 0n);
    keeps(`${rangeKey(p)} fees1`, p.fees1, left?.fees1 ?? 0n);
  }
}

// ---------------------------------------------------------------- the market

export async function trade(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const fee = random.pick([...world.pools.keys()]);
  const zeroForOne = random.chance(0.5);
  const { amount0, amount1 } = world.halves(400_000n * ONE, fuzz.price);
  const amount = random.wei(1n, zeroForOne ? amount0 : amount1);
  const before = fuzz.look;
  await fuzz.must(swapTx(fuzz, fee, zeroForOne, amount));
  await expectNothingLost(fuzz, before);
  return { text: `${amount} in ${fee}, ${zeroForOne ? "0 for 1" : "1 for 0"}` };
}

/** The price walks; arbitrage follows in most pools, the feed mostly. */
export async function moveMarket(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const step = random.chance(0.1) ? 0.12 : 0.02;
  fuzz.price = Math.min(Math.max(fuzz.price * (1 + (random.next() - 0.5) * step), 500), 8_000);
  const before = fuzz.look;
  const fees = [...world.pools.keys()].filter(() => random.chance(0.9));
  await arbitrage(fuzz, fees);
  await expectNothingLost(fuzz, before);
  if (random.chance(0.85)) await report(fuzz, fuzz.price * (1 + (random.next() - 0.5) * 0.012));
  await fuzz.chain.pass(random.pick([12, 600, 3_600]));
  return { text: fuzz.price.toFixed(2) };
}

/** The feeds speak: inside the band, outside it, late, nonsense, or not at all. */
export async function moveFeed(fuzz: Fuzz): Promise<Ended> {
  const { random, world, chain } = fuzz;
  const { baseFeedDecimals, quoteFeedDecimals } = world.options;
  const answer = scaled(fuzz.price, baseFeedDecimals);
  const kinds: readonly (readonly [name: string, speak: () => Promise<void>])[] = [
    ["honest", () => report(fuzz, fuzz.price)],
    ["inside the band", () => report(fuzz, fuzz.price * (1 + (random.next() - 0.5) * 0.014))],
    ["outside the band", () => report(fuzz, fuzz.price * (random.chance(0.5) ? 1.05 : 0.95))],
    [
      "quote off its peg",
      () => tell(fuzz, "quote", (10n ** BigInt(quoteFeedDecimals) * BigInt(random.int(970, 1_030))) / 1_000n),
    ],
    ["late", () => tell(fuzz, "base", answer, chain.now - 90_000)],
    ["from the future", () => tell(fuzz, "base", answer, chain.now + 90_000)],
    ["nothing", () => tell(fuzz, "base", 0n)],
    ["negative", () => tell(fuzz, "quote", -1n)],
    ["silent", () => silence(fuzz)],
  ];
  const [name, speak] = random.chance(0.5) ? (kinds[random.int(0, 1)] ?? random.pick(kinds)) : random.pick(kinds);
  await speak();
  return { text: name };
}

export async function passTime(fuzz: Fuzz): Promise<Ended> {
  const seconds = fuzz.random.pick([1, 60, 1_800, 7_200, 86_400]);
  await fuzz.chain.pass(seconds);
  if (fuzz.random.chance(0.8)) await report(fuzz, fuzz.price);
  return { text: `${seconds} s` };
}

// ---------------------------------------------------------------- gifts

export async function donate(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const t = random.int(0, 1);
  const { amount0, amount1 } = world.halves(5_000n * ONE, fuzz.price);
  const amount = random.wei(1n, t === 0 ? amount0 : amount1);
  const before = fuzz.look;
  const data = world.token0.interface.encodeFunctionData("transfer", [world.addresses.vault, amount]);
  await fuzz.must({ from: world.who.attacker.address, to: fuzz.tokens[t === 0 ? 0 : 1], data });
  await expectNothingLost(fuzz, before);
  return { text: `${amount} of token${t}` };
}

/** Liquidity in the vault's name: in one of its ranges, or in one of which it does not know. */
export async function donateToRange(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  const before = fuzz.look;
  const known = before.positions.length > 0 && random.chance(0.7);
  const fee = random.pick([...world.pools.keys()]);
  const range = known ? random.pick(before.positions) : rangeRound(fuzz, fee, random.int(10, 3_000));
  const held = before.positions.find((p) => rangeKey(p) === rangeKey(range));
  const liquidity = random.wei(1n, max((held?.liquidity ?? 10n ** 12n) / 10n, 2n));
  const data = POOL_INTERFACE.encodeFunctionData("mint", [
    world.addresses.vault,
    range.tickLower,
    range.tickUpper,
    liquidity,
    "0x",
  ]);
  if (held === undefined) fuzz.given.add(rangeKey(range));
  await fuzz.must(marketTx(fuzz, world.pool(range.fee).address, data));
  await expectNothingLost(fuzz, before);
  return { text: `${liquidity} to ${rangeKey(range)}${held === undefined ? ", unknown to it" : ""}` };
}

/** A range round a pool's tick: half-width in ticks, rounded outward to the pool's spacing. */
export function rangeRound(
  fuzz: Fuzz,
  fee: number,
  halfWidth: number,
): { fee: number; tickLower: number; tickUpper: number } {
  const { tickSpacing } = fuzz.world.pool(fee);
  const tick = fuzz.look.spots.get(fee)?.tick ?? 0;
  return {
    fee,
    tickLower: Math.floor((tick - halfWidth) / tickSpacing) * tickSpacing,
    tickUpper: Math.ceil((tick + halfWidth) / tickSpacing) * tickSpacing,
  };
}

// ---------------------------------------------------------------- what anybody may call

export async function poke(fuzz: Fuzz): Promise<Ended> {
  const { chain, model, world } = fuzz;
  const tx: Tx = {
    from: world.who.attacker.address,
    to: world.addresses.oracle,
    data: world.oracle.interface.encodeFunctionData("poke"),
  };
  const refusal = model.oracle.pokeRefusal(chain.next);
  if (refusal !== null) return fuzz.refused(tx, [refusal]);
  const { at, logs } = await fuzz.must(tx);
  model.oracle.poke(at);
  for (const log of logs) {
    const event = world.oracle.interface.parseLog(log);
    if (event !== null) expect(event.args["varianceE12"], INVARIANT.VOLATILITY).to.equal(model.oracle.varianceE12);
  }
  return { text: `variance ${model.oracle.varianceE12}` };
}

export async function claim(fuzz: Fuzz): Promise<Ended> {
  const { model, world, random } = fuzz;
  const to = model.policy.treasury;
  const had = await fuzz.tokenBalances(to);
  const before = fuzz.look;
  const from = random.pick([...fuzz.lps, world.who.stranger]).address;
  const done = await fuzz.must(fuzz.toVault(from, world.vault.interface.encodeFunctionData("claimTreasury")));
  const due = model.treasury.claim();
  expect(minus(await fuzz.tokenBalances(to), had), INVARIANT.TREASURY_ONLY).to.deep.equal(due);
  expectPaidOnly(fuzz, done, [to]);
  await expectNothingLost(fuzz, before);
  return { text: `${due.amount0} and ${due.amount1}` };
}

/** The policy's share is adopted after what was earned before has been booked at the old one. */
export async function sync(fuzz: Fuzz): Promise<Ended> {
  const { model, world, random } = fuzz;
  const before = fuzz.look;
  const share = model.policy.cap("treasuryShareBps");
  const from = random.pick([...fuzz.lps, world.who.stranger]).address;
  const outcome = await fuzz.chain.send(
    fuzz.toVault(from, world.vault.interface.encodeFunctionData("syncTreasuryShare")),
  );
  const done = expectDone(outcome);
  const fees = expectFeesByView(fuzz, before, done);
  const after = await fuzz.refresh();
  if (share === model.treasury.shareBps) {
    expect(fees.length, INVARIANT.TREASURY_CRYSTALLISED).to.equal(0);
    return { text: "nothing new" };
  }
  expect(fees.length, INVARIANT.TREASURY_CRYSTALLISED).to.equal(before.positions.length);
  model.treasury.collected(fees, after.treasury);
  model.treasury.adopt(share);
  for (const p of after.positions) expect([p.fees0, p.fees1], INVARIANT.TREASURY_CRYSTALLISED).to.deep.equal([0n, 0n]);
  expectPaidOnly(fuzz, done, []);
  return { text: `${share} bps` };
}

/** The vault's tokens went to these and to nobody else. */
export function expectPaidOnly(fuzz: Fuzz, done: Done, payees: readonly string[]): void {
  for (const { name, from, to } of tokenEvents(fuzz.tokens, done.logs)) {
    if (name === "Transfer" && from === fuzz.world.addresses.vault) {
      expect(payees, INVARIANT.ONLY_TO_PAYEES).to.include(to);
    }
  }
}
