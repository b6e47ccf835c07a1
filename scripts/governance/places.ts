/** What the vault does with a place once the policy has named a sleeve for it or none, and what people can do next. */
import { Contract, Interface, ZeroAddress, type JsonRpcProvider, type TransactionReceipt } from "ethers";

import type { LocalWorldState } from "../../keeper/cli/localWorld.ts";
import { loadArtifact } from "../deploy/artifacts.ts";
import { SLEEVE_PLACES } from "../deploy/sleeves.ts";
import { asAccount, CallRefused } from "./senders.ts";

/** Who does what anybody may do. */
const ANYBODY = "stranger";

/** The world that a vote is about. */
export interface Ballot {
  readonly provider: JsonRpcProvider;
  readonly world: LocalWorldState;
  readonly say: (line: string) => void;
  /** The command that decides these words on this world. */
  readonly command: (words: string) => string;
}

/** The vault's places. */
export interface Places {
  /** What stands in each. */
  readonly held: readonly string[];
  /** What the policy has named for each. */
  readonly named: readonly string[];
  /** Bit i: the vault has something in place i. */
  readonly live: bigint;
}

export async function readPlaces(provider: JsonRpcProvider, world: LocalWorldState): Promise<Places> {
  const vault = new Contract(world.vault, (await loadArtifact("Vault")).abi, provider);
  const policy = new Contract(world.policy, (await loadArtifact("Policy")).abi, provider);
  const [held, live] = (await vault.getFunction("sleeves")()) as [readonly string[], bigint];
  const named: string[] = [];
  for (const index of SLEEVE_PLACES.keys()) named.push((await policy.getFunction("sleeves")(index)) as string);
  return { held: [...held], named, live };
}

/** "place 2 (reserve)". */
export function namedPlace(index: number): string {
  return `place ${index} (${placeName(index)})`;
}

/**
 * The vault takes in what the policy names, which needs nobody's leave, only that nothing is left in the sleeve before it.
 * @returns false if it cannot yet; said why, and what to do
 */
export async function adopt(ballot: Ballot, index: number): Promise<boolean> {
  const { provider, world, say, command } = ballot;
  const { held, named } = await readPlaces(provider, world);
  const next = named[index] ?? ZeroAddress;
  if (held[index] === next) {
    say(
      next === ZeroAddress
        ? `adopted    ${namedPlace(index)} is free already`
        : `adopted    the vault has the policy's sleeve in ${namedPlace(index)} already`,
    );
    return true;
  }
  const vault = new Interface((await loadArtifact("Vault")).abi);
  try {
    await asAccount(provider, ANYBODY, { to: world.vault, data: vault.encodeFunctionData("adoptSleeve", [index]) });
  } catch (error) {
    if (!(error instanceof CallRefused)) throw error;
    const name = placeName(index);
    if (error.refusal !== "SleeveNotEmpty") {
      say(`waiting    the vault does not take it in yet: ${error.message}`);
    } else {
      say(
        `waiting    ${namedPlace(index)} is still filled; nothing more can be given to the sleeve there, and it must be empty:`,
      );
      say(`           the keeper empties it within its budgets, a debt in days; the guardian takes it apart at once:`);
      say(`             ${command(`guardian unwind ${name}`)}`);
    }
    say(
      `           then anybody may have the vault ${next === ZeroAddress ? "free the place" : "take the next sleeve in"}:`,
    );
    say(`             ${command(`sleeve adopt ${name}`)}`);
    return false;
  }
  say(`adopted    the vault has ${next === ZeroAddress ? "freed" : "taken the sleeve in at"} ${namedPlace(index)}`);
  return true;
}

/** Anybody has a debt brought down. */
export async function deleverage({ provider, world, say }: Ballot, index: number): Promise<void> {
  const vault = new Interface((await loadArtifact("Vault")).abi);
  const call = { to: world.vault, data: vault.encodeFunctionData("deleverage", [index]) };
  const paid = paidIn(vault, "Deleveraged", await asAccount(provider, ANYBODY, call));
  say(`repaid     ${paid} wei of the debt in ${namedPlace(index)}`);
}

/** Says what an unwinding has left, and what comes next. */
export async function afterUnwind(ballot: Ballot, index: number): Promise<void> {
  const { provider, world, say, command } = ballot;
  const { held, named, live } = await readPlaces(provider, world);
  const name = placeName(index);
  const isFilled = ((live >> BigInt(index)) & 1n) === 1n;
  if (isFilled) {
    say(
      `unwound    what could be taken out of ${namedPlace(index)}; the rest waits for its venue, or for tokens to pay its debt with:`,
    );
    say(`             ${command(`guardian unwind ${name}`)}`);
  } else {
    say(`unwound    ${namedPlace(index)} is empty; what it held is idle in the vault`);
  }
  if (held[index] === named[index]) {
    say(
      "next       the policy still names this sleeve, so plans may fill it again; to prevent that at once, and to free the place:",
    );
    say(`             ${command(`guardian sleeve cap ${name} 0`)}`);
    say(`             ${command(`sleeve set ${name} none 0`)}`);
  } else {
    say(
      `next       ${isFilled ? "once it is empty, " : ""}anybody may have the vault take in what the policy names now:`,
    );
    say(`             ${command(`sleeve adopt ${name}`)}`);
  }
}

function placeName(index: number): string {
  return SLEEVE_PLACES[index] ?? String(index);
}

/** What an event says was paid of a debt, wei. */
function paidIn(vault: Interface, event: string, receipt: TransactionReceipt | null): bigint {
  for (const log of receipt?.logs ?? []) {
    const parsed = vault.parseLog(log);
    if (parsed?.name === event) return parsed.args.getValue("paid") as bigint;
  }
  return 0n;
}
