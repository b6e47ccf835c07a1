/**
 * The contracts' interfaces at run time, from the build's artifacts, with TypeChain's types. (TypeChain's own factories cannot be loaded
 * under Node's type stripping.)
 */
import { readFileSync } from "node:fs";

import { Contract, type ContractRunner, Interface, type InterfaceAbi } from "ethers";

import type { Lens, Policy, PriceOracle, Vault } from "../../types/ethers-contracts/index.js";
import type { Erc7540Sleeve } from "../../types/ethers-contracts/sleeves/Erc7540Sleeve.js";
import { BuildError } from "./failures.ts";

/** Contracts whose artifacts carry everything that the keeper encodes, decodes or explains. */
export const CONTRACTS = [
  "Vault",
  "PlanLib",
  "MoveLib",
  "SleeveLib",
  "Policy",
  "PriceOracle",
  "Lens",
  "MorphoSleeve",
  "AaveSleeve",
  "Erc4626Sleeve",
  "Erc7540Sleeve",
] as const;
export type ContractName = (typeof CONTRACTS)[number];

const ROOT = new URL("../../", import.meta.url);
const loaded = new Map<ContractName, Interface>();
const codes = new Map<string, string>();

function artifact(name: string): { readonly abi?: unknown; readonly bytecode?: unknown } {
  try {
    const folder = name.endsWith("Sleeve") ? "sleeves/" : "";
    const text = readFileSync(new URL(`artifacts/contracts/${folder}${name}.sol/${name}.json`, ROOT), "utf8");
    return JSON.parse(text) as { abi?: unknown; bytecode?: unknown };
  } catch (cause) {
    throw new BuildError(`There is no build of the contract ${name}; run 'npm run build'.`, { cause });
  }
}

/** What creates the contract, before its constructor's arguments. @throws BuildError if the project has not been built */
export function creationCode(name: "TickLens"): string {
  const known = codes.get(name);
  if (known !== undefined) return known;
  const { bytecode } = artifact(name);
  if (typeof bytecode !== "string" || !bytecode.startsWith("0x"))
    throw new BuildError(`The build of the contract ${name} has no code; run 'npm run build' again.`);
  codes.set(name, bytecode);
  return bytecode;
}

/** @throws BuildError if the project has not been built */
export function contractInterface(name: ContractName): Interface {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const { abi } = artifact(name);
  if (!Array.isArray(abi))
    throw new BuildError(`The build of the contract ${name} has no ABI; run 'npm run build' again.`);
  const made = new Interface(abi as InterfaceAbi);
  loaded.set(name, made);
  return made;
}

// Casts below: TypeChain describes exactly what ethers builds from the same ABI.

export function vaultAt(address: string, runner: ContractRunner): Vault {
  return new Contract(address, contractInterface("Vault"), runner) as unknown as Vault;
}

export function lensAt(address: string, runner: ContractRunner): Lens {
  return new Contract(address, contractInterface("Lens"), runner) as unknown as Lens;
}

export function policyAt(address: string, runner: ContractRunner): Policy {
  return new Contract(address, contractInterface("Policy"), runner) as unknown as Policy;
}

export function oracleAt(address: string, runner: ContractRunner): PriceOracle {
  return new Contract(address, contractInterface("PriceOracle"), runner) as unknown as PriceOracle;
}

/** Any sleeve: this kind has the functions of all of them, and tickets beside. */
export function sleeveAt(address: string, runner: ContractRunner): Erc7540Sleeve {
  return new Contract(address, contractInterface("Erc7540Sleeve"), runner) as unknown as Erc7540Sleeve;
}

/** ERC-20 with metadata, as the vault's own interface describes it. */
export type Token = Pick<
  Vault,
  "allowance" | "approve" | "balanceOf" | "decimals" | "name" | "symbol" | "totalSupply" | "transfer"
>;

/** A token of the pair. */
export function tokenAt(address: string, runner: ContractRunner): Token {
  return vaultAt(address, runner);
}
