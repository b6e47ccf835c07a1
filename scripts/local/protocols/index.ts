/** Everything that the local world has besides the vault: tokens, Uniswap v3, liquidity, feeds, Safe, AccessManager. */
import type { LocalChain } from "../chain.ts";
import { deployAccessManager } from "./accessManager.ts";
import type { Deployed } from "./artifact.ts";
import { BASE_FEED, deployFeeds, QUOTE_FEED, type FeedTerms, type LocalFeeds } from "./feeds.ts";
import { DEFAULT_TVL, deployBackground, type BackgroundTvl, type LocalBackground } from "./liquidity.ts";
import { deploySafe, type LocalSafe } from "./safe.ts";
import { deployPair, type LocalPair, type TokenOptions } from "./tokens.ts";
import { deployUniswap, type LocalUniswap } from "./uniswap.ts";

export interface ProtocolOptions extends TokenOptions {
  /** Quote units per base unit at which the pools open: the path's first open. */
  readonly price: number;
  readonly observationCardinality?: number;
  readonly tvl?: BackgroundTvl;
  readonly baseFeed?: FeedTerms;
  readonly quoteFeed?: FeedTerms;
}

export interface LocalProtocols {
  readonly pair: LocalPair;
  readonly uniswap: LocalUniswap;
  readonly background: LocalBackground;
  readonly feeds: LocalFeeds;
  readonly safe: LocalSafe;
  /** Its only admin is the deployer, until the vault's deployment hands the power over. */
  readonly accessManager: Deployed;
}

/** Deploys it all, in the same order on every run, so that the addresses are the same too. Automatic mining must be on. */
export async function deployProtocols(chain: LocalChain, options: ProtocolOptions): Promise<LocalProtocols> {
  const pair = await deployPair(chain, options);
  const uniswap = await deployUniswap(chain, pair, options);
  const background = await deployBackground(chain, pair, uniswap, options.price, options.tvl ?? DEFAULT_TVL);
  const feeds = await deployFeeds(chain, {
    base: options.baseFeed ?? BASE_FEED,
    quote: options.quoteFeed ?? QUOTE_FEED,
  });
  const safe = await deploySafe(chain);
  const accessManager = await deployAccessManager(chain, chain.accounts.deployer.address);
  return { pair, uniswap, background, feeds, safe, accessManager };
}
