/** Two price feeds of the pair in Chainlink's shape: base in dollars and quote in dollars, each behind its proxy. */
import type { Interface } from "ethers";

import type { LocalChain } from "../chain.ts";

export interface FeedTerms {
  readonly description: string;
  readonly decimals: number;
  /** The reporting network publishes when the price has moved by so much of the last answer, as a fraction. */
  readonly deviation: number;
  /** Or when so many seconds have passed. */
  readonly heartbeat: number;
}

/** Mainnet's ETH / USD: 0.5 %, one hour. */
export const BASE_FEED: FeedTerms = { description: "ETH / USD", decimals: 8, deviation: 0.005, heartbeat: 3600 };
/** Mainnet's USDC / USD: 0.25 %, one day. */
export const QUOTE_FEED: FeedTerms = { description: "USDC / USD", decimals: 8, deviation: 0.0025, heartbeat: 86_400 };

export interface LocalFeed {
  readonly terms: FeedTerms;
  /** What consumers read. */
  readonly proxy: string;
  /** Where rounds are transmitted. */
  readonly aggregator: string;
  readonly aggregatorAbi: Interface;
}

export interface LocalFeeds {
  readonly base: LocalFeed;
  readonly quote: LocalFeed;
}

/** Deploys both feeds, owned by the account feedTransmitter. They have no round yet. */
export async function deployFeeds(
  chain: LocalChain,
  terms: { readonly base: FeedTerms; readonly quote: FeedTerms },
): Promise<LocalFeeds> {
  return { base: await deployFeed(chain, terms.base), quote: await deployFeed(chain, terms.quote) };
}

/** An aggregator and its proxy, which is in the aggregator's access list. */
export async function deployFeed(chain: LocalChain, terms: FeedTerms): Promise<LocalFeed> {
  const owner = await chain.ethers.getSigner(chain.accounts.feedTransmitter.address);
  const max = 10n ** 6n * 10n ** BigInt(terms.decimals);
  const aggregator = await chain.ethers.deployContract(
    "LocalAggregator",
    [terms.decimals, terms.description, 1, max],
    owner,
  );
  await aggregator.waitForDeployment();
  const aggregatorAddress = await aggregator.getAddress();
  const nobody = "0x0000000000000000000000000000000000000000";
  const proxy = await chain.ethers.deployContract("LocalFeedProxy", [aggregatorAddress, nobody], owner);
  await proxy.waitForDeployment();
  const proxyAddress = await proxy.getAddress();
  const added = await aggregator.getFunction("addAccess").send(proxyAddress);
  await added.wait();
  return { terms, proxy: proxyAddress, aggregator: aggregatorAddress, aggregatorAbi: aggregator.interface };
}
