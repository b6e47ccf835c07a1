/** The published SDK as a second opinion. Its ES modules do not load in Node, its CommonJS build does. */
import { createRequire } from "node:module";

import type * as Sdk from "@uniswap/v3-sdk";

const require = createRequire(import.meta.url);

export const { TickMath, SqrtPriceMath, maxLiquidityForAmounts } = require("@uniswap/v3-sdk") as typeof Sdk;

/** The SDK's own integers, which are not bigint. */
export type SdkInteger = typeof TickMath.MIN_SQRT_RATIO;

const Integer = TickMath.MIN_SQRT_RATIO.constructor as unknown as { BigInt(text: string): SdkInteger };

export function toSdk(value: bigint): SdkInteger {
  return Integer.BigInt(value.toString());
}

export function fromSdk(value: SdkInteger): bigint {
  return BigInt(value.toString());
}
