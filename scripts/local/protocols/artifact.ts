/** Contracts from npm packages: the deployed projects' own compiled bytecode, not ours. */
import { createRequire } from "node:module";

import type { Interface } from "ethers";
import { ContractFactory, getCreateAddress, type InterfaceAbi } from "ethers";
import { z } from "zod";

import { LocalWorldError } from "../errors.ts";
import type { LocalChain } from "../chain.ts";

const require = createRequire(import.meta.url);

const artifactSchema = z.object({
  contractName: z.string(),
  abi: z.array(z.unknown()),
  bytecode: z.string().regex(/^0x[0-9a-fA-F]+$/, "is not linked bytecode"),
});

export interface NpmArtifact {
  readonly name: string;
  readonly abi: InterfaceAbi;
  /** Creation code, hex. */
  readonly bytecode: string;
}

/** A deployed contract. */
export interface Deployed {
  readonly address: string;
  readonly abi: Interface;
}

/**
 * Reads an artifact.
 * @param path module path such as "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json"
 * @throws LocalWorldError if the package is missing or is not what we expect
 */
export function npmArtifact(path: string): NpmArtifact {
  let raw: unknown;
  try {
    raw = require(path);
  } catch (error) {
    throw new LocalWorldError(`${path} cannot be read: install the packages again (npm ci).`, { cause: error });
  }
  const parsed = artifactSchema.safeParse(raw);
  if (!parsed.success) {
    throw new LocalWorldError(`${path} is not a contract artifact: install the packages again (npm ci).`, {
      cause: parsed.error,
    });
  }
  const { contractName, abi, bytecode } = parsed.data;
  return { name: contractName, abi: abi as InterfaceAbi, bytecode };
}

/** Deploys an artifact from the deployer's account; automatic mining must be on. */
export async function deployArtifact(
  chain: LocalChain,
  artifact: NpmArtifact,
  ...args: readonly unknown[]
): Promise<Deployed> {
  const deployer = await chain.ethers.getSigner(chain.accounts.deployer.address);
  const factory = new ContractFactory(artifact.abi, artifact.bytecode, deployer);
  const contract = await factory.deploy(...args);
  await contract.waitForDeployment();
  return { address: await contract.getAddress(), abi: contract.interface };
}

/** The addresses of an account's next contracts, in order. */
export async function nextAddresses(chain: LocalChain, from: string, count: number): Promise<readonly string[]> {
  const nonce = await chain.ethers.provider.getTransactionCount(from);
  return Array.from({ length: count }, (_, i) => getCreateAddress({ from, nonce: nonce + i }));
}
