/**
 * `npm run vote -- FUNCTION VALUES...`: the DAO of the running local world decides something. Two owners of its Safe sign with
 * their published test keys; what gives room is scheduled, waits for the delay in the path's time, and is executed.
 *
 * `npm run vote -- guardian FUNCTION VALUES...`: the guardian's account does it alone, at once; only what takes room away.
 *
 * `npm run vote -- sleeve set PLACE ADDRESS CAP_BPS`, `npm run vote -- [guardian] sleeve cap PLACE CAP_BPS`: likewise about sleeves.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { Contract, Interface, JsonRpcProvider, NonceManager, type Result, Wallet, ZeroAddress } from "ethers";

import { decodeRefusal, revertDataOf } from "../../keeper/chain/errors.ts";
import { DEFAULT_DIR, findLocalWorld, type LocalWorldState } from "../../keeper/cli/localWorld.ts";
import { loadArtifact } from "../deploy/artifacts.ts";
import { loadAccessManager } from "../deploy/strata.ts";
import { localAccounts } from "../local/accounts.ts";
import { signSafeCall, type SafeCall } from "../local/protocols/safe.ts";
import { governedCall, VoteError, type GovernedCall } from "./call.ts";

const SAFE_ABI = [
  "function nonce() view returns (uint256)",
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool)",
];
/** Seconds of the clock without a block after which the path is taken to have ended, so that time must be moved by hand. */
const IDLE = 5;

/** The word that lets the guardian act instead of the Safe. */
const GUARDIAN = "guardian";

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  try {
    await vote(words);
    return 0;
  } catch (error) {
    if (!(error instanceof VoteError)) throw error;
    process.stderr.write(`vote: ${error.message}\n`);
    return 2;
  }
}

async function vote(all: readonly string[]): Promise<void> {
  const byGuardian = all[0] === GUARDIAN;
  const words = byGuardian ? all.slice(1) : all;
  const world = findLocalWorld(DEFAULT_DIR);
  // What is wrong with the words is said also where no world runs.
  if (world === null) await governedCall(words, () => Promise.resolve({}));
  if (world === null) throw new VoteError("No local world runs here; start one with 'npm start' in another terminal.");
  const provider = new JsonRpcProvider(world.url, world.chainId, { staticNetwork: true, cacheTimeout: -1 });
  try {
    const call = await governedCall(words, (contract) => presentTerms(provider, world, contract));
    const target = world[call.contract];
    say(`decision   ${words.join(" ")}`);
    if (byGuardian) {
      await asGuardian(provider, { to: target, data: call.data }, call);
      say("in effect  at once: the guardian can only take room away");
      return;
    }
    if (!call.delayed) {
      await asSafe(provider, world, { to: target, data: call.data });
      say("in effect  at once: it only takes room away");
      return;
    }
    const manager = new Interface((await loadAccessManager()).abi);
    const to = world.accessManager;
    await asSafe(provider, world, { to, data: manager.encodeFunctionData("schedule", [target, call.data, 0]) });
    const reader = new Contract(to, manager, provider);
    const id = (await reader.getFunction("hashOperation")(world.safe, target, call.data)) as string;
    const due = Number(await reader.getFunction("getSchedule")(id));
    say(`scheduled  operation ${id}, due ${new Date(due * 1000).toISOString()} of the path's time`);
    await waitUntil(provider, due);
    await asSafe(provider, world, { to, data: manager.encodeFunctionData("execute", [target, call.data]) });
    say("in effect  after the delay");
    if (call.adopts !== null) await adopt(provider, world, call.adopts);
  } finally {
    provider.destroy();
  }
}

/** The policy has named a sleeve; that the vault takes it in needs nobody's leave, only that nothing is left in the one before. */
async function adopt(provider: JsonRpcProvider, world: LocalWorldState, index: number): Promise<void> {
  const { safeOwner1 } = localAccounts();
  const carrier = new NonceManager(new Wallet(safeOwner1.privateKey, provider));
  const vault = new Contract(world.vault, (await loadArtifact("Vault")).abi, carrier);
  const policy = new Contract(world.policy, (await loadArtifact("Policy")).abi, provider);
  const named = (await policy.getFunction("sleeves")(index)) as string;
  const [list] = (await vault.getFunction("sleeves")()) as [readonly string[], bigint];
  if (list[index] === named) {
    say("adopted    the vault has this sleeve already; only its cap has changed");
    return;
  }
  try {
    await vault.getFunction("adoptSleeve").staticCall(index);
    const response = (await vault.getFunction("adoptSleeve").send(index, { gasLimit: 1_000_000 })) as {
      wait: (confirmations: number, timeout: number) => Promise<unknown>;
    };
    await response.wait(1, 60_000);
  } catch (error) {
    const data = revertDataOf(error);
    // Anything but a refusal is a fault of the connection's.
    if (data === null) throw error;
    say(`waiting    the vault does not take it in yet: ${decodeRefusal(data).message}`);
    say(`           anybody may call Vault.adoptSleeve(${index}) once that has changed`);
    return;
  }
  say(
    `adopted    ${named === ZeroAddress ? "the vault has freed" : "the vault has taken the sleeve in at"} place ${index}`,
  );
}

/** The policy's or the oracle's numbers as they are now. */
async function presentTerms(
  provider: JsonRpcProvider,
  world: LocalWorldState,
  contract: "policy" | "oracle",
): Promise<Readonly<Record<string, unknown>>> {
  const [address, name, view] =
    contract === "policy" ? [world.policy, "Policy", "limits"] : [world.oracle, "PriceOracle", "terms"];
  const reader = new Contract(address, (await loadArtifact(name)).abi, provider);
  return ((await reader.getFunction(view)()) as Result).toObject();
}

/** The guardian's own account, which needs nobody. */
async function asGuardian(provider: JsonRpcProvider, to: SafeCall, call: GovernedCall): Promise<void> {
  if (call.delayed)
    throw new VoteError("The guardian only takes room away; this gives some, so the Safe must decide it.");
  const guardian = new Wallet(localAccounts().guardian.privateKey, provider);
  try {
    await provider.call({ from: guardian.address, ...to });
    const response = await guardian.sendTransaction({ ...to, gasLimit: 1_000_000 });
    await response.wait(1, 60_000);
  } catch (error) {
    const data = revertDataOf(error);
    const why = data === null ? "" : ` ${decodeRefusal(data).message}`;
    throw new VoteError(`The guardian's call would fail or did.${why}`, { cause: error });
  }
  say(`sent       by the guardian ${guardian.address}`);
}

/** Two owners sign, the first carries the transaction. */
async function asSafe(provider: JsonRpcProvider, world: LocalWorldState, call: SafeCall): Promise<void> {
  const { safeOwner1, safeOwner2 } = localAccounts();
  const carrier = new NonceManager(new Wallet(safeOwner1.privateKey, provider));
  const safe = new Contract(world.safe, SAFE_ABI, carrier);
  const nonce = (await safe.getFunction("nonce")()) as bigint;
  const keys = [safeOwner1.privateKey, safeOwner2.privateKey];
  const signatures = signSafeCall(world.chainId, world.safe, nonce, call, keys);
  const args = [call.to, 0, call.data, 0, 0, 0, 0, ZeroAddress, ZeroAddress, signatures];
  try {
    await safe.getFunction("execTransaction").staticCall(...args);
    // A fixed limit: an estimate inside a block's second can miss what depends on time.
    const response = (await safe.getFunction("execTransaction").send(...args, { gasLimit: 1_000_000 })) as {
      wait: (confirmations: number, timeout: number) => Promise<unknown>;
    };
    await response.wait(1, 60_000);
  } catch (cause) {
    throw new VoteError(`The Safe's call would fail or did.${await whyRefused(provider, world.safe, call)}`, { cause });
  }
  say(`signed     by two owners of the Safe, nonce ${nonce}`);
}

/** A Safe says only that its call failed; the call itself, tried from its address, says why. */
async function whyRefused(provider: JsonRpcProvider, safe: string, call: SafeCall): Promise<string> {
  try {
    await provider.call({ from: safe, ...call });
  } catch (error) {
    const data = revertDataOf(error);
    if (data !== null) return ` ${decodeRefusal(data).message}`;
  }
  return " The call alone would go through, so look at the Safe: its owners, threshold and nonce.";
}

/** Waits for the chain's time; where the path has ended and no block comes, moves it. */
async function waitUntil(provider: JsonRpcProvider, due: number): Promise<void> {
  let last = { time: await chainTime(provider), since: Date.now() };
  while (last.time < due) {
    await sleep(500);
    const time = await chainTime(provider);
    if (time !== last.time) last = { time, since: Date.now() };
    else if (Date.now() - last.since > IDLE * 1000) {
      say("waiting    the path has ended: the local chain's time is moved to the due date");
      await provider.send("evm_increaseTime", [due - time]);
      await provider.send("evm_mine", []);
    }
  }
}

async function chainTime(provider: JsonRpcProvider): Promise<number> {
  const block = await provider.getBlock("latest");
  if (block === null) throw new VoteError("The local world has no block; is it still starting?");
  return block.timestamp;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
