import { divUp, mulDiv, mulDivUp, wrap256 } from "./integers.ts";
import { amount0Delta, amount1Delta, nextPriceFromInput, nextPriceFromOutput } from "./sqrtPriceMath.ts";

/** Fees are hundredths of a basis point: 3000 is 0.3 %. */
export const FEE_UNIT = 1_000_000n;

/** What one step of a swap does, inside one stretch of constant liquidity. */
export interface SwapStep {
  /** Sqrt price after it, Q64.96. */
  readonly next: bigint;
  /** Wei, without the fee. */
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  /** Wei of the token that comes in, on top of amountIn. */
  readonly feeAmount: bigint;
}

/**
 * One step: as far as the remaining amount carries, but not past the target.
 * Source: Uniswap v3 Core whitepaper, section 6.2.3; the roundings are the deployed SwapMath's.
 *
 * @param current sqrt price, Q64.96
 * @param target sqrt price; at or below the current one, token0 comes in
 * @param remaining what is still to come in if zero or more, what is still to go out, negated, if less; wei
 * @param fee in hundredths of a basis point, below FEE_UNIT
 * @throws PoolRevert where the contract's arithmetic reverts
 */
export function swapStep(current: bigint, target: bigint, liquidity: bigint, remaining: bigint, fee: bigint): SwapStep {
  const zeroForOne = current >= target;
  const exactIn = remaining >= 0n;
  const inTo = (price: bigint): bigint =>
    zeroForOne ? amount0Delta(price, current, liquidity, true) : amount1Delta(current, price, liquidity, true);
  const outTo = (price: bigint): bigint =>
    zeroForOne ? amount1Delta(price, current, liquidity, false) : amount0Delta(current, price, liquidity, false);

  let next = target;
  if (exactIn) {
    const lessFee = mulDiv(remaining, FEE_UNIT - fee, FEE_UNIT);
    if (lessFee < inTo(target)) next = nextPriceFromInput(current, liquidity, lessFee, zeroForOne);
  } else if (-remaining < outTo(target)) {
    next = nextPriceFromOutput(current, liquidity, -remaining, zeroForOne);
  }

  const amountIn = inTo(next);
  const wholeOut = outTo(next);
  // Rounding in the price may have taken a wei more than was asked for; it stays in the pool.
  const amountOut = !exactIn && wholeOut > -remaining ? -remaining : wholeOut;
  // Where the input ends before the target, its whole rest is the fee.
  const feeAmount =
    exactIn && next !== target ? wrap256(remaining - amountIn) : mulDivUp(amountIn, fee, FEE_UNIT - fee);
  return { next, amountIn, amountOut, feeAmount };
}

/** Fee of a flash loan, up. */
export function flashFee(amount: bigint, fee: bigint): bigint {
  return divUp(amount * fee, FEE_UNIT);
}
