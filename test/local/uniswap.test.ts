import { expect } from "chai";
import { Contract, keccak256 } from "ethers";

import { priceFromSqrtPriceX96 } from "../../keeper/chain/prices.ts";
import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import { DEFAULT_TVL, deployBackground } from "../../scripts/local/protocols/liquidity.ts";
import { deployPair } from "../../scripts/local/protocols/tokens.ts";
import {
  deployUniswap,
  FEE_TIERS,
  POOL_INIT_CODE_HASH,
  poolAddress,
  poolArtifact,
} from "../../scripts/local/protocols/uniswap.ts";
import { SOME_TIME } from "./support.ts";
import { expectClose } from "../support/close.ts";

describe("local Uniswap v3", () => {
  let chain: LocalChain;

  before(async () => {
    chain = await startChain({ time: SOME_TIME });
  });

  after(async () => {
    await chain.stop();
  });

  it("has mainnet's pool code and mainnet's addresses", () => {
    expect(keccak256(poolArtifact().bytecode)).to.equal(POOL_INIT_CODE_HASH);
    // Mainnet's factory, USDC and WETH give mainnet's pools.
    const [factory, usdc, weth] = [
      "0x1F98431c8aD98523631AE4a59f267346ea31F984",
      "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
      "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    ];
    expect(poolAddress(factory, usdc, weth, 500)).to.equal("0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640");
    expect(poolAddress(factory, weth, usdc, 3000)).to.equal("0x8ad599c3A0ff1De082011EFDDc58f1908eb6e6D8");
  });

  for (const quoteIsToken0 of [false, true]) {
    for (const [baseDecimals, quoteDecimals] of [
      [18, 6],
      [8, 18],
    ] as const) {
      const name = `token0 = ${quoteIsToken0 ? "quote" : "base"}, decimals ${baseDecimals}/${quoteDecimals}`;
      it(`opens three pools at a price with background liquidity: ${name}`, async () => {
        const pair = await deployPair(chain, { quoteIsToken0, baseDecimals, quoteDecimals });
        expect(BigInt(pair.token0) < BigInt(pair.token1)).to.equal(true);
        expect(pair.token0).to.equal(quoteIsToken0 ? pair.quote : pair.base);
        const uniswap = await deployUniswap(chain, pair, { price: 219.37, observationCardinality: 3 });
        const background = await deployBackground(chain, pair, uniswap, 219.37, DEFAULT_TVL);
        expect(uniswap.pools.map((pool) => pool.fee)).to.deep.equal([...FEE_TIERS]);

        for (const pool of uniswap.pools) {
          const contract = new Contract(pool.address, poolArtifact().abi, chain.ethers.provider);
          const slot0 = (await contract.getFunction("slot0")()) as {
            sqrtPriceX96: bigint;
            observationCardinalityNext: bigint;
          };
          expectClose(priceFromSqrtPriceX96(slot0.sqrtPriceX96, pair) / 219.37, 1, 1e-9, "price");
          expect(slot0.observationCardinalityNext).to.equal(3n);
          expect(await contract.getFunction("tickSpacing")()).to.equal(BigInt(pool.tickSpacing));
          expect(await contract.getFunction("liquidity")()).to.equal(background.liquidity[pool.fee]);
          const held = async (token: string, decimals: number): Promise<number> => {
            const erc20 = await chain.ethers.getContractAt("LocalToken", token);
            return Number(await erc20.getFunction("balanceOf")(pool.address)) / 10 ** decimals;
          };
          const [base, quote] = [await held(pair.base, baseDecimals), await held(pair.quote, quoteDecimals)];
          expectClose((base * 219.37) / (DEFAULT_TVL[pool.fee] / 2), 1, 1e-4, "base side");
          expectClose(quote / (DEFAULT_TVL[pool.fee] / 2), 1, 1e-4, "quote side");
        }

        const quoter = new Contract(uniswap.quoter.address, uniswap.quoter.abi, chain.ethers.provider);
        const [amountOut] = (await quoter.getFunction("quoteExactInputSingle").staticCall({
          tokenIn: pair.base,
          tokenOut: pair.quote,
          amountIn: 10n ** BigInt(baseDecimals),
          fee: 3000,
          sqrtPriceLimitX96: 0,
        })) as [bigint];
        expectClose(Number(amountOut) / 10 ** quoteDecimals, 219.37 * 0.997, 0.01, "quote");
      });
    }
  }
});
