/** Every function of every contract, to be tried with arguments of one's choice. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { ParamType } from "ethers";
import { Interface, type InterfaceAbi } from "ethers";

import { loadArtifact } from "../../../scripts/deploy/artifacts.ts";
import { loadAccessManager } from "../../../scripts/deploy/strata.ts";
import type { World } from "../../support/world.ts";

export interface Door {
  readonly name: string;
  readonly target: string;
  readonly data: string;
}

interface Arguments {
  readonly address: string;
  readonly number: bigint;
  readonly flag: boolean;
  readonly bytes: string;
}

/** Whether bytes of any length are hidden in an input. */
export function takesBytes(type: ParamType): boolean {
  if (type.baseType === "tuple") return (type.components ?? []).some(takesBytes);
  if (type.arrayChildren !== null) return takesBytes(type.arrayChildren);
  return type.type === "bytes";
}

function argument(type: ParamType, a: Arguments): unknown {
  if (type.baseType === "tuple") return (type.components ?? []).map((part) => argument(part, a));
  if (type.baseType === "array") return type.arrayLength === -1 ? [] : Array(type.arrayLength ?? 0).fill(0);
  if (type.type === "address") return a.address;
  if (type.type === "bool") return a.flag;
  if (type.type === "bytes") return a.bytes;
  if (type.type === "string") return "x";
  if (type.type.startsWith("bytes")) return `0x${"00".repeat(Number(type.type.slice(5)))}`;
  const bits = BigInt(type.type.replace(/^u?int/, "") || 256);
  const top = (1n << (type.type.startsWith("u") ? bits : bits - 1n)) - 1n;
  return a.number > top ? top : a.number;
}

/** Every function that can change something, of all five contracts, with arguments made of `a`. */
export async function doorsOf(world: World, a: Arguments): Promise<readonly Door[]> {
  const list: readonly (readonly [string, string, InterfaceAbi])[] = [
    ["Vault", world.addresses.vault, (await loadArtifact("Vault")).abi],
    ["Policy", world.addresses.policy, (await loadArtifact("Policy")).abi],
    ["PriceOracle", world.addresses.oracle, (await loadArtifact("PriceOracle")).abi],
    ["Lens", world.addresses.lens, (await loadArtifact("Lens")).abi],
    ["AccessManager", world.addresses.accessManager, (await loadAccessManager()).abi],
  ];
  const doors: Door[] = [];
  for (const [contract, target, abi] of list) {
    new Interface(abi).forEachFunction((fragment) => {
      if (fragment.constant) return;
      const values = fragment.inputs.map((input) => argument(input, a));
      const data = new Interface(abi).encodeFunctionData(fragment, values);
      doors.push({ name: `${contract}.${fragment.name}`, target, data });
    });
  }
  return doors;
}

/** Goes through a door, if it is open, in a state that is then put back. @returns whether it was open */
export async function tryDoor(
  world: World,
  signer: HardhatEthersSigner,
  door: Door,
  look: () => Promise<void>,
): Promise<boolean> {
  try {
    await signer.call({ to: door.target, data: door.data, gasLimit: 5_000_000n });
  } catch (error) {
    // Most doors are closed to most people, and a call that reverts changes nothing.
    expect(String(error)).to.match(/revert|CALL_EXCEPTION|invalid opcode/i);
    return false;
  }
  const snapshot = await world.connection.networkHelpers.takeSnapshot();
  await (await signer.sendTransaction({ to: door.target, data: door.data, gasLimit: 5_000_000n })).wait();
  await look();
  await snapshot.restore();
  return true;
}
