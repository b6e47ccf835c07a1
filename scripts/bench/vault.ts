/** Strata in the bench's world: feeds behind proxies, the real deployment, a first deposit of 10,000 + 10,000 by the user. */
import { Contract, MaxUint256 } from "ethers";

import type { LocalAggregator, Vault } from "../../types/ethers-contracts/index.js";
import { deploy, loadArtifact } from "../deploy/artifacts.ts";
import type { SleeveConfig } from "../deploy/sleeves.ts";
import { DEFAULT_CAPS, DEFAULT_ORACLE_TERMS, deployStrata, type Caps, type StrataAddresses } from "../deploy/strata.ts";
import { deployBareSafe } from "../local/protocols/bareSafe.ts";
import { call, FEE, mined, UNIT, type World } from "./world.ts";

export interface Feed {
  readonly proxy: string;
  readonly aggregator: LocalAggregator;
}

export interface BenchVault {
  readonly at: StrataAddresses;
  /** As the user; and as the keeper. */
  readonly vault: Vault;
  readonly keeper: Vault;
  readonly lens: Contract;
  readonly base: Feed;
  readonly quote: Feed;
  /** Both feeds answer the pool's spot. */
  readonly report: () => Promise<void>;
}

export interface BenchOptions {
  readonly caps?: Partial<Caps>;
  /** Made once the feeds are there, since lending markets read them too. */
  readonly sleeves?: (feeds: {
    readonly baseFeed: string;
    readonly quoteFeed: string;
  }) => Promise<readonly SleeveConfig[]>;
}

export async function openVault(world: World, options: BenchOptions = {}): Promise<BenchVault> {
  const { owner, user } = world;
  const aggregatorArtifact = await loadArtifact("local/LocalAggregator");
  const feed = async (): Promise<{ proxy: string; aggregator: LocalAggregator }> => {
    const at = await deploy(owner, aggregatorArtifact, [8, "TOKEN / USD", 1, 10n ** 15n]);
    const proxy = await deploy(owner, await loadArtifact("local/LocalFeedProxy"), [at, "0x".padEnd(42, "0")]);
    const aggregator = new Contract(at, aggregatorArtifact.abi, owner) as unknown as LocalAggregator;
    await (await aggregator.addAccess(proxy)).wait();
    return { proxy, aggregator };
  };
  const base = await feed();
  const quote = await feed();
  const report = async (): Promise<void> => {
    const { timestamp } = (await owner.provider?.getBlock("latest")) ?? { timestamp: 0 };
    await (await base.aggregator.transmit(await world.spot8(), timestamp)).wait();
    await (await quote.aggregator.transmit(10n ** 8n, timestamp)).wait();
  };
  await report();

  const safe = await deployBareSafe(owner, [await owner.getAddress(), await user.getAddress()]);
  const [token0, token1] = world.tokens;
  const at = await deployStrata(owner, {
    factory: world.factory,
    base: await token0.getAddress(),
    quote: await token1.getAddress(),
    baseFeed: base.proxy,
    quoteFeed: quote.proxy,
    safe: await safe.getAddress(),
    treasury: await safe.getAddress(),
    governanceDelay: 172_800,
    fees: [FEE],
    minCardinality: 4,
    // Widths and weight as the bench's ranges need them; every budget and limit is checked.
    caps: { ...DEFAULT_CAPS, coreWeightCapBps: 10_000, minHalfWidth: 300, lvrLimitBps: 200, ...options.caps },
    oracleTerms: DEFAULT_ORACLE_TERMS,
    keepers: [await owner.getAddress()],
    minFirstShares: 1_000n * UNIT,
    name: "Strata",
    symbol: "STRATA",
    sleeves: (await options.sleeves?.({ baseFeed: base.proxy, quoteFeed: quote.proxy })) ?? [],
  });
  const vault = new Contract(at.vault, (await loadArtifact("Vault")).abi, user) as unknown as Vault;
  const keeper = vault.connect(owner);
  const lens = new Contract(at.lens, (await loadArtifact("Lens")).abi, owner);
  for (const token of world.tokens) await call(token.connect(user) as Contract, "approve", [at.vault, MaxUint256]);

  const me = await user.getAddress();
  const value = (20_000n * (UNIT + ((await world.spot8()) * UNIT) / 10n ** 8n)) / 2n;
  await vault.deposit((value * 9_999n) / 10_000n, 10_000n * UNIT, 10_000n * UNIT, me).then(mined);
  return { at, vault, keeper, lens, base, quote, report };
}
