import { readFile } from "node:fs/promises";

import { ContractFactory, getAddress, type InterfaceAbi, type Signer } from "ethers";

/** What a build leaves of a contract; the fields that deployment and bindings need. */
export interface Artifact {
  readonly contractName: string;
  readonly sourceName: string;
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
  readonly deployedBytecode: string;
  readonly linkReferences: Readonly<
    Record<string, Readonly<Record<string, readonly { readonly start: number; readonly length: number }[]>>>
  >;
}

/** A build is missing or an artifact is not what was asked for. */
export class ArtifactError extends Error {
  override name = "ArtifactError";
}

const ROOT = new URL("../../", import.meta.url);

/**
 * Reads a contract's artifact.
 *
 * @param source path under contracts/ without its ending, for example "Vault" or "local/LocalToken"; the contract has the
 *   file's name
 * @throws ArtifactError if the project has not been built
 */
export async function loadArtifact(source: string): Promise<Artifact> {
  const name = source.slice(source.lastIndexOf("/") + 1);
  const file = new URL(`artifacts/contracts/${source}.sol/${name}.json`, ROOT);
  try {
    return JSON.parse(await readFile(file, "utf8")) as Artifact;
  } catch (cause) {
    throw new ArtifactError(`there is no build of ${source}; run 'npm run build' first`, { cause });
  }
}

/**
 * Puts library addresses into an artifact's creation code.
 *
 * @param libraries contract name -> address
 * @throws ArtifactError if a library that the code needs is not given, or one is given that it does not need
 */
export function link(artifact: Artifact, libraries: Readonly<Record<string, string>>): string {
  let code = artifact.bytecode;
  const unused = new Set(Object.keys(libraries));
  for (const byName of Object.values(artifact.linkReferences)) {
    for (const [name, places] of Object.entries(byName)) {
      const address = libraries[name];
      if (address === undefined) throw new ArtifactError(`${artifact.contractName} needs the address of ${name}`);
      unused.delete(name);
      for (const { start, length } of places) {
        const from = 2 + start * 2;
        code = code.slice(0, from) + getAddress(address).slice(2).toLowerCase() + code.slice(from + length * 2);
      }
    }
  }
  if (unused.size > 0) throw new ArtifactError(`${artifact.contractName} does not link ${[...unused].join(", ")}`);
  return code;
}

/** Deploys an artifact and waits until it is there. @returns its address */
export async function deploy(
  signer: Signer,
  artifact: Artifact,
  args: readonly unknown[],
  libraries: Readonly<Record<string, string>> = {},
): Promise<string> {
  const factory = new ContractFactory(artifact.abi, link(artifact, libraries), signer);
  const contract = await factory.deploy(...args);
  await contract.waitForDeployment();
  return await contract.getAddress();
}
