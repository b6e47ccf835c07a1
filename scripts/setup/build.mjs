// Contracts: `hardhat build`, once per state of the sources. Types of the contracts exist only after it.
import fs from "node:fs";
import process from "node:process";

import { buildFingerprint } from "./fingerprint.mjs";
import { runQuietly } from "./process.mjs";
import { SetupError, inRoot, readJson, say } from "./project.mjs";

const STAMP = inRoot("cache", "strata-build.json");
const OUTPUTS = [inRoot("artifacts", "contracts"), inRoot("types", "ethers-contracts", "index.ts")];

export const HARDHAT = inRoot("node_modules", "hardhat", "dist", "src", "cli.js");

export const isBuilt = () =>
  readJson(STAMP)?.sources === buildFingerprint() && OUTPUTS.every((output) => fs.existsSync(output));

/** Makes the next command build again. */
export const forgetBuild = () => fs.rmSync(STAMP, { force: true });

export async function build(node) {
  const sources = buildFingerprint(); // Before the compiler reads: a later change then builds again.
  forgetBuild();
  const label = "compiling the contracts";
  say(label);
  const { code, output } = await runQuietly(label, node, [HARDHAT, "build"], { env: toolEnvironment() });
  if (code !== 0) {
    process.stderr.write(output);
    throw new SetupError("The contracts do not compile; correct what the compiler names above, then run it again.");
  }
  fs.mkdirSync(inRoot("cache"), { recursive: true });
  fs.writeFileSync(STAMP, JSON.stringify({ sources }));
}

/** The environment of our tools: node_modules/.bin first, no usage statistics sent, no warning for node:sqlite. */
export function toolEnvironment() {
  const delimiter = process.platform === "win32" ? ";" : ":";
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  return {
    ...process.env,
    HARDHAT_DISABLE_TELEMETRY: process.env.HARDHAT_DISABLE_TELEMETRY ?? "true",
    NODE_OPTIONS: [process.env.NODE_OPTIONS, "--disable-warning=ExperimentalWarning"].filter(Boolean).join(" "),
    [key]: [inRoot("node_modules", ".bin"), process.env[key]].filter(Boolean).join(delimiter),
  };
}
