/**
 * From liquidity and a price move to amounts, and back. Sqrt prices are Q64.96, L is raw liquidity, amounts are wei.
 * Source: Uniswap v3 Core whitepaper, section 6.2 (equations 6.13 to 6.16); every rounding favours the pool.
 */
import { add256, divUp, MAX_UINT160, MAX_UINT256, mulDiv, mulDivUp, Q96, toUint160 } from "./integers.ts";
import { require } from "./revert.ts";

/**
 * Token0 between two prices, L (1/sqrt(lower) - 1/sqrt(upper)); the order of the prices does not matter.
 * @param up true rounds up (what a trader or an LP pays), false down (what he gets)
 */
export function amount0Delta(a: bigint, b: bigint, liquidity: bigint, up: boolean): bigint {
  const [lower, upper] = a > b ? [b, a] : [a, b];
  require(lower > 0n);
  const numerator = liquidity << 96n;
  return up ? divUp(mulDivUp(numerator, upper - lower, upper), lower) : mulDiv(numerator, upper - lower, upper) / lower;
}

/** Token1 between two prices, L (sqrt(upper) - sqrt(lower)). @param up as in {@link amount0Delta} */
export function amount1Delta(a: bigint, b: bigint, liquidity: bigint, up: boolean): bigint {
  const move = a > b ? a - b : b - a;
  return up ? mulDivUp(liquidity, move, Q96) : mulDiv(liquidity, move, Q96);
}

/**
 * The price after an amount in. Rounded so that it never passes the price that the amount pays for.
 * @param zeroForOne token0 comes in and the price falls; else token1 and it rises
 * @throws PoolRevert without liquidity, or if the price leaves 160 bits
 */
export function nextPriceFromInput(price: bigint, liquidity: bigint, amountIn: bigint, zeroForOne: boolean): bigint {
  require(price > 0n && liquidity > 0n);
  return zeroForOne ? afterToken0In(price, liquidity, amountIn) : afterToken1In(price, liquidity, amountIn);
}

/**
 * The price after an amount out. Rounded so that at least that amount comes out.
 * @param zeroForOne token1 goes out and the price falls; else token0 and it rises
 * @throws PoolRevert without liquidity, or if there is not so much to go out
 */
export function nextPriceFromOutput(price: bigint, liquidity: bigint, amountOut: bigint, zeroForOne: boolean): bigint {
  require(price > 0n && liquidity > 0n);
  return zeroForOne ? afterToken1Out(price, liquidity, amountOut) : afterToken0Out(price, liquidity, amountOut);
}

/** L sqrt(P) / (L + amount sqrt(P)), up; where that product passes 256 bits, L / (L / sqrt(P) + amount), as the contract does. */
function afterToken0In(price: bigint, liquidity: bigint, amount: bigint): bigint {
  // Without an amount the rounding could move the price.
  if (amount === 0n) return price;
  const numerator = liquidity << 96n;
  const product = amount * price;
  if (product <= MAX_UINT256 && numerator + product <= MAX_UINT256) {
    return mulDivUp(numerator, price, numerator + product);
  }
  return divUp(numerator, add256(numerator / price, amount));
}

/** L sqrt(P) / (L - amount sqrt(P)), up. */
function afterToken0Out(price: bigint, liquidity: bigint, amount: bigint): bigint {
  if (amount === 0n) return price;
  const numerator = liquidity << 96n;
  const product = amount * price;
  require(product <= MAX_UINT256 && numerator > product);
  return toUint160(mulDivUp(numerator, price, numerator - product));
}

/** sqrt(P) + amount / L, down. */
function afterToken1In(price: bigint, liquidity: bigint, amount: bigint): bigint {
  const quotient = amount <= MAX_UINT160 ? (amount << 96n) / liquidity : mulDiv(amount, Q96, liquidity);
  return toUint160(add256(price, quotient));
}

/** sqrt(P) - amount / L, down, so the quotient up. */
function afterToken1Out(price: bigint, liquidity: bigint, amount: bigint): bigint {
  const quotient = amount <= MAX_UINT160 ? divUp(amount << 96n, liquidity) : mulDivUp(amount, Q96, liquidity);
  require(price > quotient);
  return price - quotient;
}
