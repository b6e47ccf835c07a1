/**
 * The other liquidity providers: one position over the full range in each pool. Mainnet's providers concentrate, so a
 * full-range position of 40 M stands for a much smaller real pool; what matters here is that the depth is known, is the
 * same at every price, and dwarfs the vault.
 */
import { getSqrtRatioAtTick, maxUsableTick, minUsableTick } from "../../../keeper/chain/tickMath.ts";
import { sqrtPriceX96FromPrice, weiFromUnits } from "../../../keeper/chain/prices.ts";
import { getAmountsForLiquidity } from "../../../keeper/chain/liquidityAmounts.ts";
import type { LocalChain } from "../chain.ts";
import type { FeeTier, LocalUniswap } from "./uniswap.ts";
import type { LocalPair } from "./tokens.ts";

/** Value of the full-range position in each pool at the opening price, quote units, half in each token. */
export type BackgroundTvl = Readonly<Record<FeeTier, number>>;

export const DEFAULT_TVL: BackgroundTvl = { 500: 40e6, 3000: 60e6, 10000: 5e6 };

export interface LocalBackground {
  /** The LocalLiquidity contract that owns the positions. */
  readonly address: string;
  /** Raw liquidity in each pool. */
  readonly liquidity: Readonly<Record<FeeTier, bigint>>;
}

/** Opens the positions; the pools must stand at `price`. */
export async function deployBackground(
  chain: LocalChain,
  pair: LocalPair,
  uniswap: LocalUniswap,
  price: number,
  tvl: BackgroundTvl,
): Promise<LocalBackground> {
  const owner = await chain.ethers.getSigner(chain.accounts.liquidityProvider.address);
  const helper = await chain.ethers.deployContract("LocalLiquidity", owner);
  await helper.waitForDeployment();
  const address = await helper.getAddress();

  const sqrtPriceX96 = sqrtPriceX96FromPrice(price, pair);
  const liquidity: Record<FeeTier, bigint> = { 500: 0n, 3000: 0n, 10000: 0n };
  let need0 = 0n;
  let need1 = 0n;
  for (const pool of uniswap.pools) {
    liquidity[pool.fee] = fullRangeLiquidity(tvl[pool.fee], sqrtPriceX96, pair);
    const amounts = getAmountsForLiquidity(
      sqrtPriceX96,
      getSqrtRatioAtTick(minUsableTick(pool.tickSpacing)),
      getSqrtRatioAtTick(maxUsableTick(pool.tickSpacing)),
      liquidity[pool.fee],
      "up",
    );
    need0 += amounts.amount0;
    need1 += amounts.amount1;
  }
  for (const [token, amount] of [
    [pair.token0, need0],
    [pair.token1, need1],
  ] as const) {
    const contract = await chain.ethers.getContractAt("LocalToken", token, owner);
    await (await contract.getFunction("mint").send(address, amount)).wait();
  }
  for (const pool of uniswap.pools) {
    const minted = await helper
      .getFunction("mint")
      .send(pool.address, minUsableTick(pool.tickSpacing), maxUsableTick(pool.tickSpacing), liquidity[pool.fee]);
    await minted.wait();
  }
  return { address, liquidity };
}

/** V = 2 L sqrt(P) in quote wei for a position without bounds, so L = V / (2 sqrt(P)). */
function fullRangeLiquidity(tvl: number, sqrtPriceX96: bigint, pair: LocalPair): bigint {
  const half = weiFromUnits(tvl / 2, pair.quoteDecimals);
  return pair.quoteIsToken0 ? (half * sqrtPriceX96) >> 96n : (half << 96n) / sqrtPriceX96;
}
