/** What one share of the asset sleeve's venue is worth by the venue's own word (signal `assetCorrelation`). */
import { Interface } from "ethers";

import { contractInterface } from "../chain/abi.ts";
import type { ChainNode } from "../chain/node.ts";
import type { SleeveView } from "./snapshot.ts";
import { ASSET_PLACE } from "./toState.ts";

/** ERC-4626. */
const VENUE = new Interface(["function convertToAssets(uint256 shares) view returns (uint256)"]);

/** The asset sleeve (what borrows in its place is a hedge), if its venue answers. */
export function assetPlace(sleeves: readonly SleeveView[]): SleeveView | null {
  const found = sleeves.find(({ index, report }) => index === ASSET_PLACE && report.openingX18 === 0n);
  return found !== undefined && found.answers && (found.live || found.allowed) ? found : null;
}

/**
 * Asset wei for the sleeve's probe amount of shares, as a float: only its changes count.
 *
 * @throws Reverted if the sleeve has no such venue or the venue does not say, NodeError, ConnectionError
 */
export async function assetMark(node: ChainNode, sleeve: string, block: bigint): Promise<number> {
  const abi = contractInterface("Erc4626Sleeve");
  const ask = async (name: "VENUE" | "PROBE"): Promise<unknown> =>
    abi.decodeFunctionResult(name, await node.call({ to: sleeve, data: abi.encodeFunctionData(name) }, block))[0];
  const [venue, probe] = [await ask("VENUE"), await ask("PROBE")];
  const data = VENUE.encodeFunctionData("convertToAssets", [probe]);
  return Number(VENUE.decodeFunctionResult("convertToAssets", await node.call({ to: String(venue), data }, block))[0]);
}
