/** What shares cost and bring, in exact wei, now and after a move of the price that the LP accepts. */
import { getAmountsForLiquidity } from "../../chain/liquidityAmounts.ts";
import { getSqrtRatioAtTick, MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "../../chain/tickMath.ts";

/** The part of the lens's snapshot that shares are priced by. Small numbers may come as bigint, as ethers decodes them. */
export interface SharesSnapshot {
  readonly quoteIsToken0: boolean;
  readonly supply: bigint;
  readonly idle0: bigint;
  readonly idle1: bigint;
  readonly total0: bigint;
  readonly total1: bigint;
  /** The treasury's part of pending fees, as the vault books it. */
  readonly treasuryShareBps: number;
  readonly oracleOk: boolean;
  /** Quote wei per base wei times 2^96. */
  readonly price: { readonly mid: bigint };
  readonly positions: readonly {
    readonly fee: bigint | number;
    readonly tickLower: bigint | number;
    readonly tickUpper: bigint | number;
    readonly liquidity: bigint;
    readonly fees0: bigint;
    readonly fees1: bigint;
  }[];
  readonly tiers: readonly { readonly fee: bigint | number; readonly sqrtPriceX96: bigint }[];
  readonly sleeves: readonly {
    readonly nets: { readonly low0: bigint; readonly low1: bigint; readonly high0: bigint; readonly high1: bigint };
  }[];
}

export interface TokenWei {
  readonly amount0: bigint;
  readonly amount1: bigint;
}

/** Parts of a unit for tolerances: fine enough for a hundredth of a basis point. */
const UNIT = 1_000_000_000n;
/** On top of the price's move, for the fees that arrive meanwhile: one basis point. */
const FEES_MEANWHILE = UNIT / 10_000n;
const Q96 = 1n << 96n;
const BPS = 10_000n;
const WEI_PER_SHARE = 10n ** 18n;

/** Quote wei that the whole vault is worth at the oracle's price, or at the first tier's spot while the oracle is silent. */
export function valueWei(snapshot: SharesSnapshot): bigint {
  const { amount0, amount1 } = withSleeves(snapshot, { amount0: snapshot.total0, amount1: snapshot.total1 });
  const [base, quote] = snapshot.quoteIsToken0 ? [amount1, amount0] : [amount0, amount1];
  return quote + (base * priceX96(snapshot)) / Q96;
}

/** What whoever enters pays for: sleeves at their high marks on top of the rest. */
function withSleeves(snapshot: SharesSnapshot, rest: TokenWei): TokenWei {
  return snapshot.sleeves.reduce(
    ({ amount0, amount1 }, { nets }) => ({ amount0: amount0 + nets.high0, amount1: amount1 + nets.high1 }),
    rest,
  );
}

/** Shares that so many quote wei buy now, the entry fee paid, rounded down. */
export function sharesForValue(snapshot: SharesSnapshot, value: bigint, entryFeeBps: number): bigint {
  const all = valueWei(snapshot);
  return all === 0n ? 0n : (value * snapshot.supply * BPS) / (all * (BPS + BigInt(entryFeeBps)));
}

/** The fee on so many shares, in shares; rounded up, as the vault does (contracts/libraries/LpFees.sol). */
export function feeOn(shares: bigint, feeBps: number): bigint {
  return divUp(shares * BigInt(feeBps), BPS);
}

/** Most that a deposit of `shares`, entry fee included, may cost while the price moves by up to `tolerance` (a fraction) either way. */
export function depositBounds(snapshot: SharesSnapshot, shares: bigint, tolerance: number): TokenWei {
  const cost = (total: bigint): bigint =>
    divUp(shares * (total + 1n) * (UNIT + FEES_MEANWHILE), snapshot.supply * UNIT);
  const costs = moves(tolerance).map((factor) => withSleeves(snapshot, totalsAt(snapshot, factor)));
  return {
    amount0: greatest(costs.map((total) => cost(total.amount0))),
    amount1: greatest(costs.map((total) => cost(total.amount1))),
  };
}

/** Least that a withdrawal of `shares`, exit fee deducted, may bring while the price moves by up to `tolerance` (a fraction) either way. */
export function withdrawBounds(snapshot: SharesSnapshot, shares: bigint, tolerance: number): TokenWei {
  const gain = (total: bigint): bigint => (shares * total * (UNIT - FEES_MEANWHILE)) / (snapshot.supply * UNIT);
  const gains = moves(tolerance).map((factor) => totalsAt(snapshot, factor));
  return {
    amount0: least(gains.map((total) => gain(total.amount0))),
    amount1: least(gains.map((total) => gain(total.amount1))),
  };
}

/** Most that a vault's first deposit may cost: half of its value in each token at the oracle's price, and the tolerance. */
export function firstDepositBounds(
  snapshot: SharesSnapshot,
  shares: bigint,
  quoteDecimals: number,
  tolerance: number,
): TokenWei {
  const value = (shares * 10n ** BigInt(quoteDecimals) * scaled(1 + tolerance)) / (WEI_PER_SHARE * UNIT) + 1n;
  const quote = value / 2n + 1n;
  const base = (quote * Q96) / priceX96(snapshot) + 1n;
  return snapshot.quoteIsToken0 ? { amount0: quote, amount1: base } : { amount0: base, amount1: quote };
}

/** Idle, positions and fees with every pool's price multiplied by the square of `factor` / UNIT. */
function totalsAt(snapshot: SharesSnapshot, factor: bigint): TokenWei {
  let [amount0, amount1] = [snapshot.idle0, snapshot.idle1];
  for (const position of snapshot.positions) {
    const tier = snapshot.tiers.find((one) => BigInt(one.fee) === BigInt(position.fee));
    if (tier === undefined) continue;
    const held = getAmountsForLiquidity(
      clamp((tier.sqrtPriceX96 * factor) / UNIT),
      getSqrtRatioAtTick(Number(position.tickLower)),
      getSqrtRatioAtTick(Number(position.tickUpper)),
      position.liquidity,
      "up",
    );
    const ours = (fees: bigint): bigint => fees - (fees * BigInt(snapshot.treasuryShareBps)) / BPS;
    amount0 += held.amount0 + ours(position.fees0);
    amount1 += held.amount1 + ours(position.fees1);
  }
  return { amount0, amount1 };
}

/** Factors of the square root of the price: none, down and up. What a range holds of a token is monotone, so the ends are the extremes. */
function moves(tolerance: number): readonly bigint[] {
  return [UNIT, scaled(Math.sqrt(1 - tolerance)), scaled(Math.sqrt(1 + tolerance))];
}

function scaled(factor: number): bigint {
  return BigInt(Math.round(factor * Number(UNIT)));
}

function clamp(sqrtPriceX96: bigint): bigint {
  if (sqrtPriceX96 < MIN_SQRT_RATIO) return MIN_SQRT_RATIO;
  return sqrtPriceX96 < MAX_SQRT_RATIO ? sqrtPriceX96 : MAX_SQRT_RATIO - 1n;
}

/** Quote wei per base wei times 2^96. */
function priceX96(snapshot: SharesSnapshot): bigint {
  if (snapshot.oracleOk) return snapshot.price.mid;
  const sqrt = snapshot.tiers[0]?.sqrtPriceX96 ?? 0n;
  const price = (sqrt * sqrt) / Q96;
  if (!snapshot.quoteIsToken0) return price;
  return price === 0n ? 0n : (Q96 * Q96) / price;
}

function divUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}

function greatest(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b), 0n);
}

function least(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a < b ? a : b));
}
