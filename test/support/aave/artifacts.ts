/** Aave's own compiled contracts, and their libraries put where they belong. */
import { createRequire } from "node:module";

import { Contract, type InterfaceAbi, type Signer } from "ethers";
import { z } from "zod";

import { deploy, type Artifact } from "../../../scripts/deploy/artifacts.ts";

const require = createRequire(import.meta.url);
const PACKAGE = "@aave/core-v3/artifacts";

const place = z.object({ start: z.number(), length: z.number() });
const schema = z.object({
  contractName: z.string(),
  sourceName: z.string(),
  abi: z.array(z.unknown()),
  bytecode: z.string().startsWith("0x6"),
  deployedBytecode: z.string(),
  linkReferences: z.record(z.string(), z.record(z.string(), z.array(place))),
});

/** @param source path under the package's contracts without its ending, for example "protocol/pool/Pool" */
export function aaveArtifact(source: string): Artifact {
  const name = source.slice(source.lastIndexOf("/") + 1);
  const { abi, ...rest } = schema.parse(require(`${PACKAGE}/contracts/${source}.sol/${name}.json`));
  return { ...rest, abi: abi as InterfaceAbi };
}

/** Deploys Aave's contracts; a library that several of them use is deployed once. */
export class AaveDeployer {
  readonly #signer: Signer;
  readonly #libraries = new Map<string, string>();

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  async deploy(source: string, args: readonly unknown[] = []): Promise<Contract> {
    const artifact = aaveArtifact(source);
    return new Contract(await this.#linked(artifact, args), artifact.abi, this.#signer);
  }

  /** The proxy at an address, with its implementation's functions. */
  at(source: string, address: string): Contract {
    return new Contract(address, aaveArtifact(source).abi, this.#signer);
  }

  async #linked(artifact: Artifact, args: readonly unknown[]): Promise<string> {
    const libraries: Record<string, string> = {};
    for (const [file, names] of Object.entries(artifact.linkReferences)) {
      const source = file.replace(/^contracts\//u, "").replace(/\.sol$/u, "");
      for (const name of Object.keys(names)) libraries[name] = await this.#library(source);
    }
    return deploy(this.#signer, artifact, args, libraries);
  }

  async #library(source: string): Promise<string> {
    const known = this.#libraries.get(source);
    if (known !== undefined) return known;
    const address = await this.#linked(aaveArtifact(source), []);
    this.#libraries.set(source, address);
    return address;
  }
}
