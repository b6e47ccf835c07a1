/** The contract of an attacker who needs no help: all tokens of the world, allowances to the vault, calls in one transaction. */
import type { LocalCaller } from "../../types/ethers-contracts/local/LocalCaller.ts";
import type { World } from "./world.ts";

/** More than anybody pays. */
export const MAX = 1n << 200n;

export interface Call {
  readonly target: string;
  readonly data: string;
}

/** A contract with all tokens of the world and allowances to the vault. */
export async function arm(world: World): Promise<{ readonly attack: LocalCaller; readonly address: string }> {
  const attack = await world.ethers.deployContract("LocalCaller", world.who.attacker);
  const address = await attack.getAddress();
  const approvals: Call[] = [];
  for (const token of [world.token0, world.token1]) {
    await token.mint(address, 10n ** 40n);
    approvals.push({
      target: await token.getAddress(),
      data: token.interface.encodeFunctionData("approve", [world.addresses.vault, MAX]),
    });
  }
  await attack.run(approvals);
  return { attack, address };
}

/** Trades a pool to a sqrt price, paid by `payer`. */
export function swapStep(world: World, payer: string, fee: number, zeroForOne: boolean, limit: bigint): Call {
  const pool = world.pool(fee);
  return {
    target: pool.address,
    data: pool.contract.interface.encodeFunctionData("swap", [payer, zeroForOne, MAX, limit, "0x"]),
  };
}

export function depositStep(world: World, to: string, shares: bigint, max0 = MAX, max1 = MAX): Call {
  return {
    target: world.addresses.vault,
    data: world.vault.interface.encodeFunctionData("deposit", [shares, max0, max1, to]),
  };
}

export function withdrawStep(world: World, to: string, shares: bigint): Call {
  return {
    target: world.addresses.vault,
    data: world.vault.interface.encodeFunctionData("withdraw", [shares, 0n, 0n, to, 0n]),
  };
}
