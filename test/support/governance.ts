/** Votes of the DAO in contract tests: what waits for the delay, and what does not. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { HDNodeWallet, Mnemonic, ZeroAddress, type TransactionReceipt } from "ethers";

import { GOVERNOR_FUNCTIONS, type Caps } from "../../scripts/deploy/strata.ts";
import { PUBLIC_TEST_MNEMONIC } from "../../scripts/local/accounts.ts";
import { signSafeCall } from "../../scripts/local/protocols/safe.ts";
import { mined, type World } from "./world.ts";

/** The caps in force. */
export async function capsOf(world: World): Promise<Caps> {
  const l = await world.policy.limits();
  return {
    coreWeightCapBps: Number(l.coreWeightCapBps),
    minHalfWidth: Number(l.minHalfWidth),
    maxHalfWidth: Number(l.maxHalfWidth),
    maxPlanLossBps: Number(l.maxPlanLossBps),
    lossCapBps: Number(l.lossCapBps),
    lossRefillBps: Number(l.lossRefillBps),
    turnoverCapBps: Number(l.turnoverCapBps),
    turnoverRefillBps: Number(l.turnoverRefillBps),
    churnCapBps: Number(l.churnCapBps),
    churnRefillBps: Number(l.churnRefillBps),
    volFloorBps: Number(l.volFloorBps),
    lvrLimitBps: Number(l.lvrLimitBps),
    treasuryShareBps: Number(l.treasuryShareBps),
    maxEntryFeeBps: Number(l.maxEntryFeeBps),
    maxExitFeeBps: Number(l.maxExitFeeBps),
    deleverageCapBps: Number(l.deleverageCapBps),
    deleverageRefillBps: Number(l.deleverageRefillBps),
  };
}

/** The guardian lowers some caps, at once. */
export async function tighten(world: World, changes: Partial<Caps>): Promise<void> {
  await world.policy.connect(world.who.guardian).tightenCaps({ ...(await capsOf(world)), ...changes });
}

/**
 * As tight as the code lets caps be.
 * @param maxHalfWidth the one in force, ticks: it is the governor's alone, and a least width equal to it leaves one width
 */
export function tightestCaps(maxHalfWidth: number): Caps {
  return {
    coreWeightCapBps: 0,
    minHalfWidth: maxHalfWidth,
    maxHalfWidth,
    maxPlanLossBps: 0,
    lossCapBps: 0,
    lossRefillBps: 0,
    turnoverCapBps: 0,
    turnoverRefillBps: 0,
    churnCapBps: 0,
    churnRefillBps: 0,
    volFloorBps: 65_535,
    lvrLimitBps: 1,
    treasuryShareBps: 0,
    maxEntryFeeBps: 0,
    maxExitFeeBps: 0,
    deleverageCapBps: 0,
    deleverageRefillBps: 0,
  };
}

/** The manager as somebody calls it. */
export function managerAs(world: World, who: Exclude<keyof World["who"], "owners">): World["manager"] {
  return world.manager.connect(world.who[who]) as World["manager"];
}

/**
 * What the governor decides: announced, waited for, done. Feeds answer again after the wait, at `price` if there is one.
 * @throws what the call itself throws; the announcement is withdrawn then, so that a test may announce it again
 */
export async function govern(world: World, target: string, data: string, price?: number): Promise<void> {
  await managerAs(world, "safe").getFunction("schedule").send(target, data, 0);
  await world.pass(world.options.governanceDelay + 1);
  if (price !== undefined) await world.report(price);
  try {
    await managerAs(world, "safe").getFunction("execute").send(target, data);
  } catch (error) {
    await managerAs(world, "safe").getFunction("cancel").send(world.who.safe.address, target, data);
    throw error;
  }
}

/** Sets caps in a world whose governor has no delay, so that budgets can be watched from one second to the next. */
export async function setCaps(world: World, changes: Partial<Caps>): Promise<void> {
  if (world.options.governanceDelay !== 0) throw new Error("deploy the world with governanceDelay 0, or use govern");
  await world.policy.connect(world.who.safe).setCaps({ ...(await capsOf(world)), ...changes });
}

/** The private key of one of Hardhat's accounts, which come from the mnemonic that everybody has. */
function privateKeyOf(address: string): string {
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(PUBLIC_TEST_MNEMONIC), "m/44'/60'/0'/0");
  for (let index = 0; index < 20; index++) {
    const wallet = root.deriveChild(index);
    if (wallet.address === address) return wallet.privateKey;
  }
  throw new Error(`${address} is none of Hardhat's accounts; sign with one of world.who.owners`);
}

/**
 * A call of the real Safe, with real signatures; a stranger carries it.
 * @throws the Safe's own reason: "GS020" for too few signatures, "GS013" for whatever failed inside
 */
export async function bySafe(
  world: World,
  to: string,
  data: string,
  owners: readonly HardhatEthersSigner[],
): Promise<TransactionReceipt> {
  const { chainId } = await world.ethers.provider.getNetwork();
  const nonce = (await world.safe.getFunction("nonce")()) as bigint;
  const keys = owners.map((owner) => privateKeyOf(owner.address));
  const signatures = signSafeCall(Number(chainId), await world.safe.getAddress(), nonce, { to, data }, keys);
  const carried = world.safe.connect(world.who.stranger) as World["safe"];
  const response = await carried
    .getFunction("execTransaction")
    .send(to, 0, data, 0, 0, 0, 0, ZeroAddress, ZeroAddress, signatures);
  return mined(await response.wait());
}

/** Every call that gives room, by name: its target and its data. */
export async function roomGivingCalls(
  world: World,
): Promise<readonly { readonly name: string; readonly target: string; readonly data: string }[]> {
  const { policy, oracle, addresses, who } = world;
  const caps = await capsOf(world);
  const t = await oracle.terms();
  const terms = {
    referenceFee: t.referenceFee,
    twapWindow: t.twapWindow,
    twapBandBps: t.twapBandBps,
    baseHeartbeat: t.baseHeartbeat,
    quoteHeartbeat: t.quoteHeartbeat,
    baseDeviationBps: t.baseDeviationBps,
    quoteDeviationBps: t.quoteDeviationBps,
  };
  const abi = policy.interface;
  const calls = [
    { name: "setCaps", target: addresses.policy, data: abi.encodeFunctionData("setCaps", [caps]) },
    { name: "addPool", target: addresses.policy, data: abi.encodeFunctionData("addPool", [100]) },
    { name: "setSleeve", target: addresses.policy, data: abi.encodeFunctionData("setSleeve", [0, ZeroAddress, 0]) },
    { name: "addKeeper", target: addresses.policy, data: abi.encodeFunctionData("addKeeper", [who.bob.address]) },
    { name: "setTreasury", target: addresses.policy, data: abi.encodeFunctionData("setTreasury", [who.carol.address]) },
    { name: "renewPause", target: addresses.policy, data: abi.encodeFunctionData("renewPause") },
    { name: "unpause", target: addresses.policy, data: abi.encodeFunctionData("unpause") },
    { name: "setTerms", target: addresses.oracle, data: oracle.interface.encodeFunctionData("setTerms", [terms]) },
  ];
  const expected = [...GOVERNOR_FUNCTIONS.policy, ...GOVERNOR_FUNCTIONS.oracle];
  const missing = expected.filter((name) => !calls.some((call) => call.name === name));
  if (missing.length > 0) throw new Error(`governor functions without a test: ${missing.join(", ")}`);
  return calls;
}
