/** One decision on a local world, from its words to its effect. */
import { Contract, Interface, JsonRpcProvider, type Result } from "ethers";

import { findLocalWorld, type LocalWorldState } from "../../keeper/cli/localWorld.ts";
import { loadArtifact } from "../deploy/artifacts.ts";
import { loadAccessManager } from "../deploy/strata.ts";
import type { SafeCall } from "../local/protocols/safe.ts";
import { decisions, governedCall, VoteError, type GovernedCall } from "./call.ts";
import { waitUntil } from "./localTime.ts";
import { adopt, afterUnwind, deleverage, type Ballot } from "./places.ts";
import { asAccount, asSafe, CallRefused } from "./senders.ts";
import { checkSleeve, tryOperation } from "./trial.ts";
import { voteWords, type VoteWords } from "./words.ts";

/** How often ethers asks for a receipt, milliseconds; its default of 4 s is long for a chain on this machine. */
const POLLING = 50;
/** Stands for terms that nobody can read: any number does to look at the words beside it. */
const ANY_TERMS: Readonly<Record<string, unknown>> = new Proxy({}, { get: () => 0n });

/**
 * Carries out what the words say, and says each step; without a decision it says what there is to decide.
 * @throws VoteError if the words or the chain refuse it
 */
export async function vote(all: readonly string[], say: (line: string) => void): Promise<void> {
  const words = voteWords(all);
  if (words.decision.length === 0) {
    say(await decisions(words.byGuardian));
    return;
  }
  const world = findLocalWorld(words.dir);
  if (world === null) {
    // What is wrong with the words is said also where no world runs.
    await callOf(words, () => Promise.resolve(ANY_TERMS));
    const start = words.namedDir === null ? "'npm start'" : `'npm start -- --dir ${words.namedDir}'`;
    throw new VoteError(`No local world runs here; start one with ${start} in another terminal.`);
  }
  const provider = new JsonRpcProvider(world.url, world.chainId, { staticNetwork: true, cacheTimeout: -1 });
  provider.pollingInterval = POLLING;
  const option = words.namedDir === null ? "" : `--dir ${words.namedDir} `;
  try {
    const ballot = { provider, world, say, command: (more: string) => `npm run vote -- ${option}${more}` };
    await decide(ballot, words, await callOf(words, (contract) => presentTerms(provider, world, contract)));
  } finally {
    provider.destroy();
  }
}

/** The call, if those who are to make it may. */
async function callOf(
  { decision, byGuardian }: VoteWords,
  present: Parameters<typeof governedCall>[1],
): Promise<GovernedCall> {
  const call = await governedCall(decision, present);
  if (byGuardian && call.delayed) {
    throw new VoteError("The guardian only takes room away; this gives some, so the Safe must decide it.");
  }
  return call;
}

async function decide(ballot: Ballot, { decision, byGuardian }: VoteWords, call: GovernedCall): Promise<void> {
  const { provider, world, say } = ballot;
  const target = { to: world[call.contract], data: call.data };
  say(`decision   ${decision.join(" ")}`);
  if (call.open) {
    await byAnybody(ballot, call);
    return;
  }
  if (call.delayed) {
    await afterDelay(ballot, target, call);
    return;
  }
  if (byGuardian) {
    await asGuardian(ballot, target);
  } else {
    say(`signed     by two owners of the Safe, nonce ${await asSafe(provider, world, target)}`);
  }
  const { place } = call;
  say(place === null ? "in effect  at once: it only takes room away" : "in effect  at once");
  if (place?.act === "unwind") await afterUnwind(ballot, place.index);
}

/** The guardian's own account, which needs nobody. */
async function asGuardian({ provider, say, world }: Ballot, call: SafeCall): Promise<void> {
  try {
    await asAccount(provider, "guardian", call);
  } catch (error) {
    if (!(error instanceof CallRefused)) throw error;
    throw new VoteError(`The guardian's call would fail or did. ${error.message}`, { cause: error });
  }
  say(`sent       by the guardian ${world.accounts["guardian"] ?? ""}`);
}

async function byAnybody(ballot: Ballot, { place }: GovernedCall): Promise<void> {
  if (place?.act === "deleverage") await deleverage(ballot, place.index);
  if (place?.act === "adopt" && !(await adopt(ballot, place.index))) {
    throw new VoteError("The place is as it was; do what stands above and repeat this.");
  }
}

/** What gives room is tried, scheduled, waited for and executed. */
async function afterDelay(ballot: Ballot, target: SafeCall, { place }: GovernedCall): Promise<void> {
  const { provider, world, say } = ballot;
  if (place?.act === "set") await checkSleeve(provider, world, place);
  const to = world.accessManager;
  await tryOperation(provider, to, target);
  const manager = new Interface((await loadAccessManager()).abi);
  const decided = async (name: string, values: readonly unknown[]): Promise<void> => {
    const nonce = await asSafe(provider, world, { to, data: manager.encodeFunctionData(name, values) });
    say(`signed     by two owners of the Safe, nonce ${nonce}`);
  };
  await decided("schedule", [target.to, target.data, 0]);
  const reader = new Contract(to, manager, provider);
  const id = (await reader.getFunction("hashOperation")(world.safe, target.to, target.data)) as string;
  const due = Number(await reader.getFunction("getSchedule")(id));
  say(`scheduled  operation ${id}, due ${new Date(due * 1000).toISOString()} of the path's time`);
  await waitUntil(ballot, due);
  await decided("execute", [target.to, target.data]);
  say("in effect  after the delay");
  if (place?.act === "set") await adopt(ballot, place.index);
}

/** The policy's or the oracle's numbers as they are now; nothing of the vault's is a struct. */
async function presentTerms(
  provider: JsonRpcProvider,
  world: LocalWorldState,
  contract: GovernedCall["contract"],
): Promise<Readonly<Record<string, unknown>>> {
  if (contract === "vault") return {};
  const [address, name, view] =
    contract === "policy" ? [world.policy, "Policy", "limits"] : [world.oracle, "PriceOracle", "terms"];
  const reader = new Contract(address, (await loadArtifact(name)).abi, provider);
  return ((await reader.getFunction(view)()) as Result).toObject();
}
