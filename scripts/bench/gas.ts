import poolArtifact from "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json" with { type: "json" };
import { Contract, Interface, MaxUint256, type ContractTransactionReceipt } from "ethers";

import type { LocalBareVault } from "../../types/ethers-contracts/index.js";
import { deploy, loadArtifact } from "../deploy/artifacts.ts";
import { callTree, type CallGas } from "./callTree.ts";
import { measureSleeves, type SleeveGas } from "./sleeves.ts";
import { openVault } from "./vault.ts";
import { call, FEE, mined, SPACING, UNIT, World } from "./world.ts";

/**
 * Gas of the three calls that matter, under the conditions in which the peers were measured (docs/gas.md): 0.3 % pool at
 * price 1, two 18-decimals tokens, background liquidity of 1e24 raw over the full range, observation cardinality 100; a
 * base range of +-1,200 ticks and a one-sided one of 600; before each call four swaps of 500 tokens in alternating
 * directions, 600 s apart; feeds behind proxies; new ticks uninitialised. The floor runs the same calls on
 * contracts/local/LocalBareVault.sol, on a chain of its own, in the same run.
 */
export interface GasReport {
  readonly deposit: Line;
  readonly rebalance: Line;
  readonly withdrawHalf: Line;
  /** Moves of plans and exits with sleeves, under conditions of their own (scripts/bench/sleeves.ts). */
  readonly sleeves: SleeveGas;
  /** Deployed bytes of each contract of ours. */
  readonly runtimeBytes: Readonly<Record<string, number>>;
  /** Where the gas of each of the vault's calls went; only if asked for. */
  readonly calls?: Readonly<Partial<Record<Step, readonly NamedCall[]>>>;
}

/** A call with its contract and function spelled out where the bench knows them. */
export type NamedCall = CallGas & { readonly name: string };

export interface Line {
  readonly strata: number;
  readonly floor: number;
}

type Step = "deposit" | "rebalance" | "withdrawHalf";

const CONTRACTS = [
  "Vault",
  "PlanLib",
  "MoveLib",
  "SleeveLib",
  "Policy",
  "PriceOracle",
  "Lens",
  "sleeves/MorphoSleeve",
  "sleeves/Erc4626Sleeve",
  "sleeves/Erc7540Sleeve",
  "sleeves/AaveSleeve",
] as const;

export async function measureGas(options: { readonly calls?: boolean } = {}): Promise<GasReport> {
  const calls: Partial<Record<Step, readonly NamedCall[]>> = {};
  const strata = await runStrata(options.calls === true ? calls : null);
  const floor = await runFloor();
  const line = (step: Step): Line => ({ strata: strata[step], floor: floor[step] });
  const runtimeBytes: Record<string, number> = {};
  for (const name of CONTRACTS) {
    const { deployedBytecode } = await loadArtifact(name);
    runtimeBytes[name.slice(name.lastIndexOf("/") + 1)] = (deployedBytecode.length - 2) / 2;
  }
  return {
    deposit: line("deposit"),
    rebalance: line("rebalance"),
    withdrawHalf: line("withdrawHalf"),
    sleeves: await measureSleeves(),
    runtimeBytes,
    ...(options.calls === true && { calls }),
  };
}

/**
 * Base range round a tick, and the one-sided range above it for the token0 that the base leaves over: all swaps here end
 * with the vault longer in token0 than the base range takes.
 */
function rangesRound(tick: number): { base: [number, number]; side: [number, number] } {
  const centre = Math.floor(tick / SPACING) * SPACING;
  return { base: [centre - 1_200, centre + 1_200], side: [centre + SPACING, centre + SPACING + 600] };
}

async function runStrata(calls: Partial<Record<Step, readonly NamedCall[]>> | null): Promise<Record<Step, number>> {
  const world = await World.create();
  await world.fourSwaps();
  const { at, vault, keeper, lens, base, quote, report } = await openVault(world);
  const me = world.user.address;
  const [token0, token1] = world.tokens;

  const names = await callNames({
    [at.vault]: "Vault",
    [at.planLib]: "PlanLib",
    [at.moveLib]: "MoveLib",
    [at.sleeveLib]: "SleeveLib",
    [at.policy]: "Policy",
    [at.oracle]: "PriceOracle",
    [await world.pool.getAddress()]: "Pool",
    [base.proxy]: "BaseFeed",
    [quote.proxy]: "QuoteFeed",
    [await base.aggregator.getAddress()]: "BaseAggregator",
    [await quote.aggregator.getAddress()]: "QuoteAggregator",
    [await token0.getAddress()]: "Token0",
    [await token1.getAddress()]: "Token1",
  });
  const note = async (step: Step, receipt: ContractTransactionReceipt): Promise<number> => {
    if (calls !== null)
      calls[step] = (await callTree(world.request, receipt.hash)).map((c) => ({ ...c, name: names(c) }));
    return Number(receipt.gasUsed);
  };

  let held = 0;
  const rebalance = async (): Promise<number> => {
    await report();
    const ranges = rangesRound(await world.tick());
    const { twapHint } = (await lens.getFunction("observe").staticCall(at.vault, me)) as { twapHint: bigint };
    const burns = Array.from({ length: held }, (_, index) => ({ index, fraction: UNIT, min0: 0n, min1: 0n }));
    const mint = ([tickLower, tickUpper]: [number, number], fraction0: bigint, fraction1: bigint) => ({
      fee: FEE,
      tickLower,
      tickUpper,
      fraction0,
      fraction1,
      minLiquidity: 1n,
    });
    const { timestamp } = (await world.owner.provider?.getBlock("latest")) ?? { timestamp: 0 };
    const receipt = await keeper
      .execute({
        nonce: await vault.planNonce(),
        deadline: BigInt(timestamp + 600),
        twapHint,
        decisionHash: "0x".padEnd(66, "1"),
        burns,
        swaps: [],
        mints: [mint(ranges.base, UNIT, UNIT), mint(ranges.side, UNIT, UNIT)],
        moves: [],
      })
      .then(mined);
    held = 2;
    return await note("rebalance", receipt);
  };
  return await threeCalls(world, {
    rebalance,
    deposit: async () => {
      const shares = (await vault.balanceOf(me)) / 10n;
      return await note("deposit", await vault.deposit(shares, MaxUint256, MaxUint256, me).then(mined));
    },
    withdrawHalf: async () => {
      const shares = (await vault.balanceOf(me)) / 2n;
      return await note("withdrawHalf", await vault.withdraw(shares, 0n, 0n, me, 0n).then(mined));
    },
  });
}

async function runFloor(): Promise<Record<Step, number>> {
  const world = await World.create();
  const artifact = await loadArtifact("local/LocalBareVault");
  const at = await deploy(world.owner, artifact, [await world.pool.getAddress()]);
  const vault = new Contract(at, artifact.abi, world.user) as unknown as LocalBareVault;
  for (const token of world.tokens) await call(token.connect(world.user) as Contract, "approve", [at, MaxUint256]);
  await world.fourSwaps();
  await vault.deposit(10_000n * UNIT).then(mined);
  const me = await world.user.getAddress();
  return await threeCalls(world, {
    rebalance: async () => {
      const { base, side } = rangesRound(await world.tick());
      return Number((await vault.rebalance(...base, ...side).then(mined)).gasUsed);
    },
    deposit: async () => Number((await vault.deposit(1_000n * UNIT).then(mined)).gasUsed),
    withdrawHalf: async () => Number((await vault.withdraw((await vault.balanceOf(me)) / 2n).then(mined)).gasUsed),
  });
}

/** The order of the conditions: ranges opened, a repeat deposit, a rebalance after 6,000 the other way, half withdrawn. */
async function threeCalls(
  world: World,
  vault: {
    rebalance: () => Promise<number>;
    deposit: () => Promise<number>;
    withdrawHalf: () => Promise<number>;
  },
): Promise<Record<Step, number>> {
  await world.fourSwaps();
  await vault.rebalance();
  await world.fourSwaps();
  const deposit = await vault.deposit();
  await world.fourSwaps();
  await world.swap(true, 6_000n);
  const rebalance = await vault.rebalance();
  await world.fourSwaps();
  const withdrawHalf = await vault.withdrawHalf();
  return { deposit, rebalance, withdrawHalf };
}

/** Says who was called and which of the known functions. */
async function callNames(contracts: Readonly<Record<string, string>>): Promise<(call: CallGas) => string> {
  const known = new Map(Object.entries(contracts).map(([address, name]) => [address.toLowerCase(), name]));
  const functions = new Map<string, string>();
  const ours = ["Vault", "PlanLib", "Policy", "PriceOracle", "local/LocalAggregator", "local/LocalToken"].map(
    loadArtifact,
  );
  const abis = [poolArtifact.abi, ...(await Promise.all(ours)).map((artifact) => artifact.abi)];
  for (const abi of abis) {
    new Interface(abi).forEachFunction((f) => functions.set(f.selector, f.name));
  }
  return ({ to, selector }) => `${known.get(to) ?? to}.${functions.get(selector) ?? selector}`;
}
