import { expect } from "chai";
import { Interface } from "ethers";

import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import { deployProtocols, type LocalProtocols } from "../../scripts/local/protocols/index.ts";
import { rejects, SOME_TIME } from "./support.ts";

const TRADE = new Interface([
  "function trade((address pool, bool zeroForOne, int256 amountSpecified, uint160 sqrtPriceLimitX96)[] orders) returns ((bool skipped, int256 amount0, int256 amount1)[])",
]);

describe("local contracts", () => {
  let chain: LocalChain;
  let protocols: LocalProtocols;

  before(async () => {
    chain = await startChain({ time: SOME_TIME });
    protocols = await deployProtocols(chain, { price: 2000 });
  });

  after(async () => {
    await chain.stop();
  });

  const trader = async (): Promise<string> => {
    const contract = await chain.ethers.deployContract("LocalTrader");
    const address = await contract.getAddress();
    for (const token of [protocols.pair.base, protocols.pair.quote]) {
      const erc20 = await chain.ethers.getContractAt("LocalToken", token);
      await (await erc20.getFunction("mint").send(address, 10n ** 26n)).wait();
    }
    return address;
  };

  it("LocalTrader makes a batch of swaps, reports each, and names those that were past their limit", async () => {
    const address = await trader();
    const contract = await chain.ethers.getContractAt("LocalTrader", address);
    const [first, second] = protocols.uniswap.pools.map((pool) => pool.address) as [string, string];
    const orders = [
      { pool: first, zeroForOne: true, amountSpecified: 10n ** 18n, sqrtPriceLimitX96: 1n << 33n },
      { pool: second, zeroForOne: false, amountSpecified: 10n ** 9n, sqrtPriceLimitX96: 1n << 33n },
      { pool: second, zeroForOne: false, amountSpecified: 10n ** 9n, sqrtPriceLimitX96: 1n << 159n },
    ];
    const result = await contract.getFunction("trade").staticCall(orders);
    const fills = result as readonly { skipped: boolean; amount0: bigint; amount1: bigint }[];
    expect(fills.map((fill) => fill.skipped)).to.deep.equal([false, true, false]);
    expect(fills[0]?.amount0).to.equal(10n ** 18n);
    expect(fills[0]?.amount1).to.be.within(-2000n * 10n ** 6n, -1998n * 10n ** 6n);
    expect([fills[1]?.amount0, fills[1]?.amount1]).to.deep.equal([0n, 0n]);
    expect(fills[2]?.amount1).to.equal(10n ** 9n);
    const receipt = await (await contract.getFunction("trade").send(orders)).wait();
    const skipped = contract.interface.getEvent("Skipped").topicHash;
    const logs = (receipt as { logs: readonly { topics: readonly string[] }[] }).logs;
    expect(logs.filter((log) => log.topics[0] === skipped).map((log) => Number(log.topics[1]))).to.deep.equal([1]);
  });

  it("LocalTrader and LocalLiquidity obey their owner and pay only the pool they called", async () => {
    const address = await trader();
    const stranger = await chain.ethers.getSigner(chain.accounts.stranger.address);
    const contract = await chain.ethers.getContractAt("LocalTrader", address, stranger);
    await rejects(contract.getFunction("trade").send([]), /NotOwner/);
    await rejects(contract.getFunction("uniswapV3SwapCallback").send(1n, 0n, "0x"), /UnexpectedCallback/);
    const liquidity = await chain.ethers.getContractAt("LocalLiquidity", protocols.background.address, stranger);
    const pool = protocols.uniswap.pools[0]?.address ?? "";
    await rejects(liquidity.getFunction("mint").send(pool, -10, 10, 1n), /NotOwner/);
    await rejects(liquidity.getFunction("burn").send(pool, -10, 10, 1n), /NotOwner/);
    await rejects(liquidity.getFunction("uniswapV3MintCallback").send(1n, 0n, "0x"), /UnexpectedCallback/);
  });

  it("LocalTrader reverts a batch as a whole", async () => {
    const address = await trader();
    const base = await chain.ethers.getContractAt("LocalToken", protocols.pair.base);
    const balance = async (): Promise<bigint> => await base.getFunction("balanceOf")(address);
    const before = await balance();
    const pool = protocols.uniswap.pools[0]?.address ?? "";
    const orders = [
      [pool, true, 10n ** 18n, 1n << 33n],
      [pool, true, 10n ** 30n, 4295128740n],
    ];
    const data = TRADE.encodeFunctionData("trade", [orders]);
    const from = chain.accounts.deployer.address;
    const batch = chain.block((await chain.time()) + 1, [
      { from, to: address, data, gas: 5_000_000n, what: "The batch" },
    ]);
    await rejects(batch, /The batch failed/);
    expect(await balance()).to.equal(before);
  });

  it("LocalLiquidity takes its liquidity out again", async () => {
    const owner = await chain.ethers.getSigner(chain.accounts.liquidityProvider.address);
    const liquidity = await chain.ethers.getContractAt("LocalLiquidity", protocols.background.address, owner);
    const pool = protocols.uniswap.pools[2];
    if (pool === undefined) throw new Error("A pool is missing.");
    const [lower, upper] = [-887_200, 887_200];
    const part = protocols.background.liquidity[pool.fee] / 10n;
    const out = (await liquidity.getFunction("burn").staticCall(pool.address, lower, upper, part)) as {
      amount0: bigint;
      amount1: bigint;
    };
    expect(out.amount0).to.be.within(124n * 10n ** 18n, 126n * 10n ** 18n);
    expect(out.amount1).to.be.within(249_000n * 10n ** 6n, 251_000n * 10n ** 6n);
  });

  it("LocalFeeToken keeps a part of each transfer, and none of mints", async () => {
    const token = await chain.ethers.deployContract("LocalFeeToken", ["Fee Token", "FEE", 18, 100]);
    const [from, to] = [chain.accounts.deployer.address, chain.accounts.stranger.address];
    await (await token.getFunction("mint").send(from, 10_000n)).wait();
    await (await token.getFunction("transfer").send(to, 1_000n)).wait();
    const balance = async (of: string): Promise<bigint> => await token.getFunction("balanceOf")(of);
    expect(await balance(from)).to.equal(9_000n);
    expect(await balance(to)).to.equal(990n);
    expect(await token.getFunction("totalSupply")()).to.equal(9_990n);
    await rejects(chain.ethers.deployContract("LocalFeeToken", ["Fee Token", "FEE", 18, 10_001]), /FeeTooHigh/);
  });
});
