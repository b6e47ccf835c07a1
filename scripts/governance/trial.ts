/** A delayed decision is tried before it is signed: what would be refused after the delay is refused at once, with the reason. */
import { Contract, ZeroAddress, type JsonRpcProvider } from "ethers";

import { revertDataOf } from "../../keeper/chain/errors.ts";
import type { LocalWorldState } from "../../keeper/cli/localWorld.ts";
import { loadArtifact } from "../deploy/artifacts.ts";
import type { SafeCall } from "../local/protocols/safe.ts";
import { VoteError, type PlaceAct } from "./call.ts";
import { namedPlace, readPlaces } from "./places.ts";
import { CallRefused } from "./senders.ts";

/**
 * Answers every question with (true, 0): whoever asks may, and need not wait. In place of the AccessManager's code for the length of
 * one eth_call, since the real one has leave for an operation only while it executes it.
 */
const ALWAYS_LEAVE = "0x60015f5260405ff3";

/**
 * Makes a delayed operation's call from the AccessManager's address without leaving anything behind.
 * @throws CallRefused if it would fail
 */
export async function tryOperation(provider: JsonRpcProvider, accessManager: string, call: SafeCall): Promise<void> {
  const from = { from: accessManager, to: call.to, data: call.data };
  try {
    await provider.send("eth_call", [from, "latest", { [accessManager]: { code: ALWAYS_LEAVE } }]);
  } catch (error) {
    const data = revertDataOf(error);
    if (data === null) throw error;
    const before = "The operation would fail after the delay, so it is not scheduled. ";
    throw new CallRefused(data, { before, cause: error });
  }
}

/**
 * The policy does not ask the vault whether it could take a sleeve in; afterwards it could not, and the place would be lost for a delay.
 * @throws VoteError if the vault could never adopt the sleeve there
 */
export async function checkSleeve(
  provider: JsonRpcProvider,
  world: LocalWorldState,
  { index, sleeve }: Extract<PlaceAct, { act: "set" }>,
): Promise<void> {
  if (sleeve === ZeroAddress) return;
  if ((await provider.getCode(sleeve)) === "0x") {
    throw new VoteError(`${sleeve} has no code, so it is no sleeve; deploy the sleeve first and name its address.`);
  }
  const vault = await vaultOf(provider, sleeve);
  if (vault === null) {
    throw new VoteError(`${sleeve} is no sleeve (it does not name its vault); name the address of a sleeve.`);
  }
  if (vault !== world.vault) {
    throw new VoteError(`${sleeve} belongs to another vault, ${vault}; deploy a sleeve for ${world.vault}.`);
  }
  const { held, named } = await readPlaces(provider, world);
  const elsewhere = (list: readonly string[]): number => list.findIndex((one, i) => one === sleeve && i !== index);
  const stands = elsewhere(held);
  if (stands >= 0) {
    throw new VoteError(
      `${sleeve} stands in ${namedPlace(stands)} of the vault, and a sleeve has one place; deploy another for ${namedPlace(index)}.`,
    );
  }
  const waits = elsewhere(named);
  if (waits >= 0) {
    throw new VoteError(
      `${sleeve} is named for ${namedPlace(waits)} by the policy, and a sleeve has one place; deploy another for ${namedPlace(index)}.`,
    );
  }
}

/** Null for a contract that has no VAULT(). */
async function vaultOf(provider: JsonRpcProvider, sleeve: string): Promise<string | null> {
  const contract = new Contract(sleeve, (await loadArtifact("sleeves/MorphoSleeve")).abi, provider);
  try {
    return (await contract.getFunction("VAULT")()) as string;
  } catch (error) {
    // ethers' own word for an answer that is no address.
    if (revertDataOf(error) !== null || (error as { code?: unknown }).code === "BAD_DATA") return null;
    throw error;
  }
}
