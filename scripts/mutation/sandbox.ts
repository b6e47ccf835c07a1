/** A copy of the project in which artifacts may be replaced and tests run, while nothing changes in the project itself. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Unit } from "./reach.ts";
import type { Code } from "./solc.ts";

/** What tests read. The contracts' sources are there for tests of the text alone: nothing is compiled in a sandbox. */
const COPIED = [
  "package.json",
  "hardhat.config.ts",
  "contracts",
  "keeper",
  "scripts",
  "test",
  "types",
  "artifacts/contracts",
];

export class Sandbox {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(project: string): Promise<Sandbox> {
    const sandbox = new Sandbox(await mkdtemp(path.join(tmpdir(), "strata-mutation-")));
    for (const name of COPIED) await cp(path.join(project, name), path.join(sandbox.root, name), { recursive: true });
    // A link is enough here: what is in there never looks for the project by its own place.
    await symlink(path.join(project, "node_modules"), path.join(sandbox.root, "node_modules"));
    return sandbox;
  }

  /** Replaces a contract's build. @returns what restores the one before */
  async install(unit: Unit, code: Code): Promise<() => Promise<void>> {
    const file = path.join(this.root, "artifacts", unit.file, `${unit.contract}.json`);
    const before = await readFile(file, "utf8");
    const { bytecode, deployedBytecode } = code.evm;
    const artifact = {
      ...(JSON.parse(before) as object),
      abi: code.abi,
      bytecode: `0x${bytecode.object}`,
      deployedBytecode: `0x${deployedBytecode.object}`,
      linkReferences: bytecode.linkReferences,
      deployedLinkReferences: deployedBytecode.linkReferences,
      immutableReferences: deployedBytecode.immutableReferences ?? {},
    };
    await writeFile(file, JSON.stringify(artifact));
    return () => writeFile(file, before);
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
