/** A test suite as a process of its own, longer than in `npm test`; what it counted comes back in a file. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HARDHAT = path.join(ROOT, "node_modules/hardhat/dist/src/cli.js");

/**
 * Runs a test file; its own report goes to stderr, where a failure names the seed that shows it again.
 * @param environment what the suite reads
 * @returns the exit code
 */
export async function runSuite(suite: string, environment: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", HARDHAT, "test", "mocha", "--no-compile", suite],
    {
      cwd: ROOT,
      env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: "true", ...environment },
      // Its report belongs to the log.
      stdio: ["ignore", process.stderr, process.stderr],
    },
  );
  return new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? 1));
  });
}

/** @returns nothing if the suite ended before it wrote the file */
export async function readCounts(file: string): Promise<unknown> {
  let text;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return JSON.parse(text);
}
