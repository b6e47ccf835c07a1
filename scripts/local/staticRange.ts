/**
 * The baseline "static range": a real position of its own account in a real pool, opened once with as much as the vault
 * begins with, and left alone. Its fees are what that pool pays it, beside everybody else.
 */
import { Contract } from "ethers";

import { getSqrtRatioAtTick } from "../../keeper/chain/tickMath.ts";
import { getAmountsForLiquidity, getLiquidityForAmounts } from "../../keeper/chain/liquidityAmounts.ts";
import { orientedSpotTick, toPoolRange, unitsFromWei, weiFromUnits } from "../../keeper/chain/prices.ts";
import { mined, type LocalChain } from "./chain.ts";
import type { LocalPair } from "./protocols/tokens.ts";
import { poolArtifact, type LocalPool } from "./protocols/uniswap.ts";

/** Half-width of the range as a factor of the price: from P / 1.2 to P * 1.2. */
export const STATIC_FACTOR = 1.2;

export interface StaticRange {
  readonly fee: number;
  /** Oriented ticks. */
  readonly tickLower: number;
  readonly tickUpper: number;
  /** Whole units at the start, position and what was left over. */
  readonly start: { readonly base: number; readonly quote: number };
  /** Whole units that closing the position would bring now, fees included, with what was left over. */
  holdings(): Promise<{ readonly base: number; readonly quote: number }>;
}

/**
 * Opens it. Automatic mining must be on.
 * @param value quote units, at the price of the feeds or the market
 * @param price quote units per base unit
 */
export async function openStaticRange(
  chain: LocalChain,
  pair: LocalPair,
  pool: LocalPool,
  value: number,
  price: number,
): Promise<StaticRange> {
  const owner = await chain.ethers.getSigner(chain.accounts.stranger.address);
  const helper = await chain.ethers.deployContract("LocalLiquidity", owner);
  await helper.waitForDeployment();
  const address = await helper.getAddress();

  const state = new Contract(pool.address, poolArtifact().abi, owner);
  const [sqrtPriceX96] = (await state.getFunction("slot0")()) as [bigint];
  const centre = orientedSpotTick(sqrtPriceX96, pair);
  const width = Math.log(STATIC_FACTOR) / Math.log(1.0001);
  const align = (tick: number): number => Math.round(tick / pool.tickSpacing) * pool.tickSpacing;
  const range = { tickLower: align(centre - width), tickUpper: align(centre + width) };
  const ticks = toPoolRange(range, pair);
  const [lower, upper] = [getSqrtRatioAtTick(ticks.tickLower), getSqrtRatioAtTick(ticks.tickUpper)];

  // As much of both as the range needs at this price for the whole value: the cost of a unit of liquidity scales.
  const probe = 10n ** 24n;
  const unit = wholeAmounts(getAmountsForLiquidity(sqrtPriceX96, lower, upper, probe, "up"), pair);
  const scale = value / (unit.base * price + unit.quote);
  const start = { base: unit.base * scale, quote: unit.quote * scale };
  const wei = {
    base: weiFromUnits(start.base, pair.baseDecimals),
    quote: weiFromUnits(start.quote, pair.quoteDecimals),
  };
  const [amount0, amount1] = pair.quoteIsToken0 ? [wei.quote, wei.base] : [wei.base, wei.quote];
  const liquidity = getLiquidityForAmounts(sqrtPriceX96, lower, upper, amount0, amount1);

  for (const [token, amount] of [
    [pair.token0, amount0],
    [pair.token1, amount1],
  ] as const) {
    const contract = await chain.ethers.getContractAt("LocalToken", token, owner);
    await (await contract.getFunction("mint").send(address, amount)).wait();
  }
  const minted = await helper.getFunction("mint").send(pool.address, ticks.tickLower, ticks.tickUpper, liquidity);
  mined(await minted.wait(), "The static baseline's position");

  const balances = await Promise.all(
    [pair.token0, pair.token1].map(async (token): Promise<bigint> => {
      const contract = await chain.ethers.getContractAt("LocalToken", token, owner);
      return contract.getFunction("balanceOf")(address);
    }),
  );
  const [left0 = 0n, left1 = 0n] = balances;

  return {
    fee: pool.fee,
    ...range,
    start,
    async holdings() {
      // What closing would bring, asked without doing it.
      const [out0, out1] = (await helper
        .getFunction("burn")
        .staticCall(pool.address, ticks.tickLower, ticks.tickUpper, liquidity)) as [bigint, bigint];
      return wholeAmounts({ amount0: out0 + left0, amount1: out1 + left1 }, pair);
    },
  };
}

function wholeAmounts(
  amounts: { readonly amount0: bigint; readonly amount1: bigint },
  pair: LocalPair,
): { readonly base: number; readonly quote: number } {
  const [base, quote] = pair.quoteIsToken0 ? [amounts.amount1, amounts.amount0] : [amounts.amount0, amounts.amount1];
  return { base: unitsFromWei(base, pair.baseDecimals), quote: unitsFromWei(quote, pair.quoteDecimals) };
}
