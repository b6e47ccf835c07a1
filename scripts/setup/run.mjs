// Runs a development task under Node 24 after the set-up: node scripts/setup/run.mjs TASK [ARGUMENTS]
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

import { HARDHAT, forgetBuild, toolEnvironment } from "./build.mjs";
import { ensure, main } from "./ensure.mjs";
import { runInFront } from "./process.mjs";
import { ROOT, SetupError, inRoot } from "./project.mjs";

const tool = (name, ...parts) => inRoot("node_modules", name, ...parts);
const ESLINT = tool("eslint", "bin", "eslint.js");
const PRETTIER = tool("prettier", "bin", "prettier.cjs");
const SOLHINT = tool("solhint", "solhint.js");
const TSC = tool("typescript", "bin", "tsc");
const QUIET_SOLHINT = ["--max-warnings", "0", "--noPoster", "--disc"];

/** Task name to a list of commands for Node; all run even if one fails, so that one run shows every complaint. */
const TASKS = {
  test: (args) => [[HARDHAT, "test", "mocha", "--no-compile", ...withTestFiles(args)]],
  coverage: (args) => {
    forgetBuild(); // Coverage compiles instrumented contracts over the real ones.
    return [[HARDHAT, "test", "mocha", "--coverage", ...withTestFiles(args)]];
  },
  lint: () => [
    [ESLINT, "--max-warnings", "0", "."],
    [PRETTIER, "--check", "--log-level", "warn", "."],
    [SOLHINT, ...QUIET_SOLHINT, "contracts/*.sol", "contracts/!(local)/**/*.sol"],
    [SOLHINT, ...QUIET_SOLHINT, "-c", ".solhint.local.json", "contracts/local/**/*.sol"],
  ],
  format: () => [
    [ESLINT, "--fix", "."],
    [PRETTIER, "--write", "--log-level", "warn", "."],
  ],
  typecheck: () => [[TSC, "-p", "."]],
  build: () => [],
  vote: (args) => [[inRoot("scripts", "governance", "localVote.ts"), ...args]],
  bench: (args) => [[inRoot("scripts", "bench", "main.ts"), ...args]],
  attacks: (args) => [[inRoot("test", "attacks", "main.ts"), ...args]],
  nightly: (args) => [[inRoot("scripts", "nightly", "main.ts"), ...args]],
  mutate: (args) => [[inRoot("scripts", "mutation", "main.ts"), ...args]],
  "check-files": () => [[inRoot("scripts", "ci", "tracked-files.ts")]],
  "check-sizes": () => [[inRoot("scripts", "ci", "contract-sizes.ts")]],
};

/** Folders become the test files in them; without any file or folder, it is every *.test.ts under test/. */
function withTestFiles(args) {
  const isTarget = (arg, index) => !arg.startsWith("-") && !["--grep", "--grep-exclude"].includes(args[index - 1]);
  const expanded = args.flatMap((arg, index) => (isTarget(arg, index) && isFolder(arg) ? testFiles(arg) : [arg]));
  const missing = args.find((arg, index) => isTarget(arg, index) && !fs.existsSync(path.resolve(ROOT, arg)));
  if (missing !== undefined) throw new SetupError(`There is no test file "${missing}"; name one that exists.`);
  const all = args.some(isTarget) ? expanded : [...args, ...testFiles("test")];
  if (!all.some((arg) => arg.endsWith(".ts"))) {
    throw new SetupError("There is no *.test.ts file there; name a test file or a folder that holds some.");
  }
  return all;
}

const isFolder = (file) => fs.statSync(path.resolve(ROOT, file), { throwIfNoEntry: false })?.isDirectory() === true;

function testFiles(folder) {
  if (!isFolder(folder)) return [];
  const entries = fs.readdirSync(path.resolve(ROOT, folder), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return testFiles(file);
      return entry.name.endsWith(".test.ts") ? [file] : [];
    })
    .sort();
}

await main(async () => {
  const [name = "", ...args] = process.argv.slice(2);
  const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (task === undefined) {
    throw new SetupError(`There is no task "${name}"; the tasks are ${Object.keys(TASKS).join(", ")}.`);
  }
  const node = await ensure();
  let worst = 0;
  for (const command of task(args)) {
    const code = await runInFront(node, command, { env: toolEnvironment(), cwd: ROOT });
    if (code > 128) return code; // Ended by a signal: the user wants no further command.
    worst = Math.max(worst, code);
  }
  return worst;
});
