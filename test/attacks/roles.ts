/** Calls of those who have a role, and attempts at them by those who have not. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { type Result, type TransactionResponse, ZeroAddress } from "ethers";

import { GOVERNOR_FUNCTIONS } from "../../scripts/deploy/strata.ts";
import { capsOf, managerAs, tightestCaps } from "../support/governance.ts";
import type { Call } from "./attacker.ts";
import type { Stage } from "./stage.ts";

/** Sends a call to the AccessManager. */
export function manage(
  stage: Stage,
  who: "safe" | "guardian",
  name: string,
  ...args: readonly unknown[]
): Promise<TransactionResponse> {
  return managerAs(stage.world, who)
    .getFunction(name)
    .send(...args);
}

export interface Governed extends Call {
  readonly name: string;
}

/**
 * Every function that gives room, with arguments that would change something.
 * @param someone whom they would favour
 */
export async function governed(stage: Stage, someone: string): Promise<readonly Governed[]> {
  const { world } = stage;
  const { policy, oracle } = world.addresses;
  const caps = await capsOf(world);
  const terms = ((await world.oracle.terms()) as unknown as Result).toObject() as Record<string, bigint>;
  const calls: Record<string, readonly unknown[]> = {
    setCaps: [{ ...caps, lossCapBps: 100, lossRefillBps: 100 }],
    addPool: [100],
    // Valid, and as good as any other for those who may not call it.
    setSleeve: [0, ZeroAddress, 0],
    addKeeper: [someone],
    setTreasury: [someone],
    renewPause: [],
    unpause: [],
  };
  const list: Governed[] = Object.entries(calls).map(([name, args]) => ({
    name,
    target: policy,
    data: world.policy.interface.encodeFunctionData(name as "setCaps", args as never),
  }));
  list.push({
    name: "setTerms",
    target: oracle,
    data: world.oracle.interface.encodeFunctionData("setTerms", [{ ...terms, baseDeviationBps: 275n } as never]),
  });
  const names = [...GOVERNOR_FUNCTIONS.policy, ...GOVERNOR_FUNCTIONS.oracle];
  stage.must(
    names.every((name) => list.some((one) => one.name === name)) && names.length === list.length,
    "every governed function is tried",
  );
  return list;
}

/** Demands that somebody's own transaction is refused. */
export function refusedTo(
  stage: Stage,
  who: HardhatEthersSigner,
  what: string,
  { target, data }: Call,
): Promise<string | undefined> {
  return stage.refused(what, () => stage.act(() => who.sendTransaction({ to: target, data })));
}

/** The guardian takes away all that he can: plans, deposits, keeper, tiers and every limit's room. */
export async function shutEverything(stage: Stage): Promise<void> {
  const { world } = stage;
  const by = world.policy.connect(world.who.guardian);
  await stage.act(() => by.pause());
  await stage.act(() => by.removeKeeper(world.who.keeper.address));
  for (const fee of world.options.fees) await stage.act(() => by.removePool(fee));
  const { maxHalfWidth } = await capsOf(world);
  await stage.act(() => by.tightenCaps(tightestCaps(maxHalfWidth)));
}
