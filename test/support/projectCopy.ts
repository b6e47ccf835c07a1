/** A copy of the bootstrap around a program of the test's own, so that tests may start, break and kill it. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROJECT = join(import.meta.dirname, "../..");

/** What the set-up looks at: shared with the real project, so that nothing has to be installed or compiled. */
const SHARED = ["node_modules", "artifacts", "types", "cache", "contracts", "hardhat.config.ts", "package-lock.json"];

/**
 * Whether the real project is set up. If not, a copy must not be used: its set-up would reach through the links and
 * install into the real node_modules.
 */
export function isProjectReady(): boolean {
  const module = JSON.stringify(new URL("../../scripts/setup/ensure.mjs", import.meta.url).href);
  const code = `import { isReady } from ${module}; process.exit(isReady() ? 0 : 1);`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", code], { stdio: "ignore" }).status === 0;
}

/**
 * @param program TypeScript that stands in for keeper/cli/main.ts.
 * @returns The folder; the caller removes it.
 */
export function projectCopy(program: string): string {
  const root = mkdtempSync(join(tmpdir(), "strata-bootstrap-"));
  cpSync(join(PROJECT, "bin"), join(root, "bin"), { recursive: true });
  cpSync(join(PROJECT, "scripts/setup"), join(root, "scripts/setup"), { recursive: true });
  // The build's fingerprint covers Solidity under test/; there is none to copy as long as this link is enough.
  symlinkSync(join(PROJECT, "test"), join(root, "test"));
  for (const name of SHARED) symlinkSync(join(PROJECT, name), join(root, name));
  mkdirSync(join(root, "keeper/cli"), { recursive: true });
  writeFileSync(join(root, "package.json"), '{"name":"strata","type":"module"}');
  writeFileSync(join(root, "keeper/cli/main.ts"), program);
  return root;
}
