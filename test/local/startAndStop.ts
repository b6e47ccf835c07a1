/** A process that starts a chain with a server, uses it over HTTP, stops it, and must then end by itself. For chain.test.ts. */
import { JsonRpcProvider } from "ethers";

import { startChain } from "../../scripts/local/chain.ts";

const chain = await startChain({ time: 1_704_067_200, port: 0 });
const provider = new JsonRpcProvider(chain.url ?? "");
const { chainId } = await provider.getNetwork();
// The provider's kept-alive connection is still open here, on purpose.
await chain.stop();
provider.destroy();
process.stdout.write(JSON.stringify({ chainId: Number(chainId), url: chain.url }));
