// Dependencies: `npm ci` under Node 24, once per lock file.
//
// Under an older Node npm silently skips Hardhat's native part (an optional dependency whose engines ask for Node 22),
// and every Hardhat command then dies. So npm itself must run under Node 24, which npx fetches when it is not here yet.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";

import { lockFingerprint } from "./fingerprint.mjs";
import { runQuietly } from "./process.mjs";
import { ROOT, NODE_MAJOR, SetupError, bundledNode, inRoot, readJson, runningIsModern, say } from "./project.mjs";

const STAMP = inRoot("node_modules", ".strata-install.json");
const isWindows = process.platform === "win32";

/** What npm hands down to its scripts and what would bend a nested npm; the user's own settings (proxy, cache) stay. */
const NOT_FOR_NPM =
  /^(npm_(package|lifecycle|command|execpath|node_execpath).*|npm_config_(yes|package|call|local_prefix|workspaces?|omit|include|only|production|dry_run|json|loglevel|silent|quiet|global|location|user_agent)|NODE_ENV|INIT_CWD)$/i;

/** The Node that the last install was checked with, or undefined when there is something to do. */
export function installedNode() {
  const stamp = readJson(STAMP);
  if (stamp === undefined || stamp.lock !== lockFingerprint() || stamp.platform !== platform()) return undefined;
  if (stamp.node === "bundled") return fs.existsSync(bundledNode()) ? bundledNode() : undefined;
  return runningIsModern() ? process.execPath : undefined;
}

/** Installs, or adopts an install made by hand that equals the lock file. */
export async function install() {
  if (!matchesLock() || check() === undefined) {
    fs.rmSync(STAMP, { force: true });
    await npmCi();
  }
  const node = check();
  if (node === undefined) {
    throw new SetupError(
      `The dependencies are installed, but no Node ${NODE_MAJOR} runs Hardhat's native part here; ` +
        `allow npm's install scripts (npm config set ignore-scripts false) or use Node ${NODE_MAJOR}, then run it again.`,
    );
  }
  linkCommand();
  fs.writeFileSync(STAMP, JSON.stringify({ lock: lockFingerprint(), platform: platform(), node }));
}

const platform = () => `${process.platform}-${process.arch}`;

/** Whether npm's own record of what lies in node_modules agrees with the lock file, optional packages aside. */
function matchesLock() {
  const wanted = readJson(inRoot("package-lock.json"))?.packages;
  const present = readJson(inRoot("node_modules", ".package-lock.json"))?.packages;
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([name, { version, integrity, optional }]) => {
    if (name === "") return true;
    const found = present[name];
    if (found === undefined) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

/** Which Node, the bundled one first, can load Hardhat's native part. */
function check() {
  const candidates = [["bundled", bundledNode()], ...(runningIsModern() ? [["running", process.execPath]] : [])];
  const works = ([, node]) =>
    spawnSync(node, ["-e", 'import("@nomicfoundation/edr").catch(() => process.exit(1))'], {
      cwd: ROOT,
      stdio: "ignore",
    }).status === 0;
  return candidates.find(works)?.[0];
}

async function npmCi() {
  const env = npmEnvironment();
  const node = await modernNode(env);
  const count = Object.keys(readJson(inRoot("package-lock.json"))?.packages ?? {}).length;
  const label = `installing ${count} packages`;
  say(`${label} (npm ci under Node ${NODE_MAJOR}; a minute or two)`);
  const args = ["ci", "--include=dev", "--include=optional", "--prefer-offline", "--no-audit", "--no-fund"];
  const pathEnv = withPath(env, [path.dirname(node), ...searchPath(env)]);
  const cli = npmCli(env);
  const { code, output } = await (cli === undefined
    ? runQuietly(label, "npm", args, { env: pathEnv, shell: isWindows })
    : runQuietly(label, node, [cli, ...args], { env: pathEnv }));
  if (code !== 0) {
    process.stderr.write(output);
    throw new SetupError(
      output.includes("EUSAGE")
        ? `package-lock.json does not fit package.json; run "npm install" under Node ${NODE_MAJOR} and commit both.`
        : "npm could not install the dependencies; check the network and npm's messages above, then run it again.",
    );
  }
}

/** The environment for npm: without the outer npm's settings and without our own node_modules, which npm ci deletes. */
function npmEnvironment() {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_FOR_NPM.test(name)));
  const ours = inRoot("node_modules") + path.sep;
  return withPath(
    env,
    searchPath(env).filter((folder) => !(folder + path.sep).startsWith(ours)),
  );
}

const pathKey = (env) => Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
const searchPath = (env) => (env[pathKey(env)] ?? "").split(path.delimiter).filter((folder) => folder !== "");
const withPath = (env, folders) => ({ ...env, [pathKey(env)]: folders.join(path.delimiter) });

/** npm's JavaScript, so that Node 24 can run it whatever its first line says; undefined behind a version manager. */
function npmCli(env) {
  const found = searchPath(env)
    .map((folder) => path.join(folder, "npm"))
    .find((file) => fs.existsSync(file));
  if (found === undefined || isWindows) return undefined;
  const real = fs.realpathSync(found);
  return path.basename(real) === "npm-cli.js" ? real : undefined;
}

/** A Node 24 outside our node_modules: the running one, or the one that npx fetches into npm's cache. */
async function modernNode(env) {
  if (runningIsModern() && !process.execPath.startsWith(inRoot("node_modules") + path.sep)) return process.execPath;
  const version = readJson(inRoot("package-lock.json"))?.packages["node_modules/node"]?.version ?? String(NODE_MAJOR);
  const label = `fetching Node ${version}`;
  say(label);
  // In an empty folder, or npx would answer with the copy in node_modules.
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), "strata-node-"));
  try {
    const args = ["-y", "-p", `node@${version}`, "--", "node", "-p", "process.execPath"];
    const { code, stdout, output } = await runQuietly(label, "npx", args, { env, cwd, shell: isWindows });
    const node = stdout.trim().split(/\r?\n/).at(-1) ?? "";
    if (code === 0 && fs.existsSync(node) && isModern(node)) return node;
    process.stderr.write(output);
    throw new SetupError(
      `Node ${NODE_MAJOR} could not be fetched; check the network and npm's messages above, ` +
        `or install Node ${NODE_MAJOR} yourself, then run it again.`,
    );
  } finally {
    fs.rmSync(cwd, { recursive: true, force: true });
  }
}

function isModern(node) {
  const { stdout } = spawnSync(node, ["-p", "process.versions.node"], { encoding: "utf8" });
  return Number.parseInt(stdout ?? "", 10) >= NODE_MAJOR;
}

/** npm links the bins of dependencies only, not the project's own; scripts and npx shall find `strata` too. */
function linkCommand() {
  if (isWindows) return;
  const link = inRoot("node_modules", ".bin", "strata");
  fs.rmSync(link, { force: true });
  fs.symlinkSync(path.join("..", "..", "bin", "strata.mjs"), link);
}
