/** The pair's two tokens, in the order that is asked for. */
import type { Orientation } from "../../../keeper/chain/prices.ts";
import type { LocalChain } from "../chain.ts";
import { LocalWorldError } from "../errors.ts";
import { nextAddresses } from "./artifact.ts";

export interface TokenOptions {
  /** Default false: the base is token0. */
  readonly quoteIsToken0?: boolean;
  /** Default 18. */
  readonly baseDecimals?: number;
  /** Default 6. */
  readonly quoteDecimals?: number;
}

/** A pair of local tokens and which is which. */
export interface LocalPair extends Orientation {
  readonly base: string;
  readonly quote: string;
  readonly token0: string;
  readonly token1: string;
}

/**
 * Deploys a base "LETH" and a quote "LUSD" that anybody can mint. A pool's token0 is the lower address, and the deployer's
 * next two addresses are known beforehand, so the order is chosen by which token goes first.
 */
export async function deployPair(chain: LocalChain, options: TokenOptions = {}): Promise<LocalPair> {
  const { quoteIsToken0 = false, baseDecimals = 18, quoteDecimals = 6 } = options;
  const [first, second] = await nextAddresses(chain, chain.accounts.deployer.address, 2);
  if (first === undefined || second === undefined)
    throw new LocalWorldError("No address for the tokens: report a bug.");
  const firstIsToken0 = BigInt(first) < BigInt(second);
  const quoteFirst = firstIsToken0 === quoteIsToken0;

  const deploy = async (quote: boolean): Promise<string> => {
    const token = quote
      ? await chain.ethers.deployContract("LocalToken", ["Local Dollar", "LUSD", quoteDecimals])
      : await chain.ethers.deployContract("LocalToken", ["Local Ether", "LETH", baseDecimals]);
    await token.waitForDeployment();
    return token.getAddress();
  };
  const one = await deploy(quoteFirst);
  const two = await deploy(!quoteFirst);
  const [base, quote] = quoteFirst ? [two, one] : [one, two];
  const [token0, token1] = quoteIsToken0 ? [quote, base] : [base, quote];
  if (BigInt(token0) >= BigInt(token1)) {
    throw new LocalWorldError("The tokens came out in the wrong order: was the deployer's account used meanwhile?");
  }
  return { base, quote, token0, token1, quoteIsToken0, baseDecimals, quoteDecimals };
}
