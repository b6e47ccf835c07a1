/**
 * The local chain's time. While a world follows its path the time passes there; after the path's end no block comes, so it is moved
 * here, and with it the feeds: nobody else would report any more, and the oracle would be silent for good.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { Contract, Wallet, type JsonRpcProvider } from "ethers";

import { decodeRefusal, revertDataOf } from "../../keeper/chain/errors.ts";
import type { LocalWorldState } from "../../keeper/cli/localWorld.ts";
import { loadArtifact } from "../deploy/artifacts.ts";
import { localAccounts } from "../local/accounts.ts";
import { VoteError } from "./call.ts";
import type { Ballot } from "./places.ts";

/** Seconds of the clock without a block after which a path is taken to have ended that does not say when it ends. */
const IDLE = 5;
/** Milliseconds between two looks. */
const LOOK = 500;
/** As a hint that points nowhere: the oracle searches for itself. */
const NO_HINT = 65_535;

/** Waits for the chain's time; where the path has ended and no block comes, moves it. */
export async function waitUntil({ provider, world, say }: Ballot, due: number): Promise<void> {
  let last = { time: await chainTime(provider), since: Date.now() };
  while (last.time < due) {
    await sleep(LOOK);
    const time = await chainTime(provider);
    if (time !== last.time) last = { time, since: Date.now() };
    // A slow path has seconds without a block, too: one that has not come to its end keeps its own time.
    else if (Date.now() - last.since > IDLE * 1000 && time >= (world.pathEndsAt ?? 0)) {
      say("waiting    the path has ended: the local chain's time is moved to the due date");
      await provider.send("evm_mine", [due]);
      say(`feeds      report their last prices again; ${await renewFeeds(provider, world)}`);
    }
  }
}

/**
 * Both feeds report their last answer as observed now. The pools need nothing: nobody has traded since, so that over the window of the
 * average the price was the present one.
 * @returns what the oracle says then
 */
export async function renewFeeds(provider: JsonRpcProvider, world: LocalWorldState): Promise<string> {
  const oracle = new Contract(world.oracle, (await loadArtifact("PriceOracle")).abi, provider);
  const proxyAbi = (await loadArtifact("local/LocalFeedProxy")).abi;
  const aggregatorAbi = (await loadArtifact("local/LocalAggregator")).abi;
  const reporter = new Wallet(localAccounts().feedTransmitter.privateKey, provider);
  for (const name of ["BASE_FEED", "QUOTE_FEED"]) {
    const proxy = new Contract((await oracle.getFunction(name)()) as string, proxyAbi, provider);
    const answer = (await proxy.getFunction("latestAnswer")()) as bigint;
    const aggregator = new Contract((await proxy.getFunction("aggregator")()) as string, aggregatorAbi, reporter);
    const sent = (await aggregator.getFunction("transmit").send(answer, await chainTime(provider))) as {
      wait(confirmations: number, timeout: number): Promise<unknown>;
    };
    await sent.wait(1, 60_000);
  }
  try {
    await oracle.getFunction("read")(NO_HINT);
    return "the oracle speaks";
  } catch (error) {
    const data = revertDataOf(error);
    if (data === null) throw error;
    return `the oracle is silent: ${decodeRefusal(data).message}`;
  }
}

async function chainTime(provider: JsonRpcProvider): Promise<number> {
  const block = await provider.getBlock("latest");
  if (block === null) throw new VoteError("The local world has no block; is it still starting?");
  return block.timestamp;
}
