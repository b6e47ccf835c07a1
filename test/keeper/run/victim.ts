/** A keeper in a process of its own that kills itself without warning at a boundary. Arguments: URL VAULT LENS JOURNAL CHECKPOINT */
import { connect } from "../../../keeper/chain/connect.ts";
import { Journal } from "../../../keeper/journal/journal.ts";
import { SYSTEM_CLOCK } from "../../../keeper/run/clock.ts";
import { Keeper } from "../../../keeper/run/keeper.ts";
import { CHAIN_ID, INSTANT, keeperWallet, recentre, told } from "../rig.ts";

const [url = "", vault = "", lens = "", file = "", fatal = ""] = process.argv.slice(2);
const signer = keeperWallet();
const { node } = await connect({ url, chainId: CHAIN_ID });
const journal = Journal.open(file, { chainId: CHAIN_ID, vault, keeper: signer.address });
const keeper = await Keeper.open({
  node,
  chainId: CHAIN_ID,
  addresses: { vault, lens },
  keeper: signer.address,
  signer,
  journal,
  brain: told((state) => recentre(state)),
  settings: INSTANT,
  clock: SYSTEM_CLOCK,
  checkpoint: (at) => {
    if (at === fatal) process.kill(process.pid, "SIGKILL");
  },
});
await keeper.tick();
// Reached only if the boundary was not: the test sees that the process ended by itself.
process.exit(0);
