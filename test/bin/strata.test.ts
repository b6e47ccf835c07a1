import { expect } from "chai";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { isProjectReady, projectCopy } from "../support/projectCopy.ts";

/** Prints its pid and waits; --handle counts SIGINTs and ends with 7 a second and a half after the first. */
const PROGRAM = `
const args: string[] = process.argv.slice(2);
if (args.includes("--exit")) process.exit(Number(args[1]));
if (args.includes("--handle")) {
  let seen = 0;
  process.on("SIGINT", () => {
    seen++;
    if (seen === 1) setTimeout(() => { console.log("seen " + seen); process.exit(7); }, 1500);
  });
}
if (args.includes("--wait")) {
  console.log("pid " + process.pid);
  setInterval(() => undefined, 1000);
} else {
  const { DatabaseSync } = await import("node:sqlite");
  new DatabaseSync(":memory:").close();
  console.log(JSON.stringify({ args, node: process.versions.node }));
}
`;

interface Running {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
}

describe("bin/strata.mjs", () => {
  let root: string | undefined;
  const started: Running[] = [];

  before(function () {
    if (!isProjectReady()) {
      // npm test sets the project up first; a bare `hardhat test mocha` may not have.
      process.stderr.write("skipped: run `npm run setup` first, this test shares the project's installation\n");
      this.skip();
    }
    root = projectCopy(PROGRAM);
  });
  after(() => {
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
  });
  afterEach(() => {
    for (const { process: child } of started.splice(0)) child.kill("SIGKILL");
  });

  /** Starts the command in a process group of its own. */
  const startIn = (folder: string, ...args: string[]): Running => {
    // Not as a script of npm, whatever runs this test.
    const { npm_lifecycle_event: _event, ...env } = process.env;
    const child = spawn(process.execPath, [join(folder, "bin/strata.mjs"), ...args], { env, detached: true });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = once(child, "close") as Running["ended"];
    const running = { process: child, stdout: () => stdout, stderr: () => stderr, ended };
    started.push(running);
    return running;
  };
  const start = (...args: string[]): Running => startIn(root ?? "", ...args);

  const until = async <T>(what: string, probe: () => T | undefined): Promise<T> => {
    for (let waited = 0; waited < 10_000; waited += 50) {
      const value = probe();
      if (value !== undefined) return value;
      await sleep(50);
    }
    throw new Error(`Waited 10 s in vain for ${what}.`);
  };

  const programPid = (running: Running): Promise<number> =>
    until("the program's pid", () => {
      const pid = /pid (\d+)/.exec(running.stdout())?.[1];
      return pid === undefined ? undefined : Number(pid);
    });

  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it("hands on the arguments, runs Node 24 and adds nothing to either output", async () => {
    const running = start("local", "--once", "--json", "two words");
    expect(await running.ended).to.deep.equal([0, null]);
    const answer = JSON.parse(running.stdout()) as { args: string[]; node: string };
    expect(answer.args).to.deep.equal(["local", "--once", "--json", "two words"]);
    expect(Number(answer.node.split(".")[0])).to.be.at.least(24);
    expect(running.stderr()).to.equal("");
  });

  it("compiles nothing for a command that touches no contract", async () => {
    const bare = projectCopy(PROGRAM);
    try {
      for (const built of ["artifacts", "types", "cache"]) rmSync(join(bare, built));
      const running = startIn(bare, "--json", "backtest", "--prices", "FILE");
      expect(await running.ended).to.deep.equal([0, null]);
      expect(running.stdout()).to.include('"backtest"');
      expect(running.stderr()).to.equal("");
    } finally {
      rmSync(bare, { recursive: true, force: true });
    }
  });

  it("exits with the program's code", async () => {
    expect((await start("--exit", "3").ended)[0]).to.equal(3);
  });

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    it(`hands on ${signal} and exits with ${code}`, async () => {
      const running = start("--wait");
      const pid = await programPid(running);
      running.process.kill(signal);
      expect((await running.ended)[0]).to.equal(code);
      expect(isAlive(pid)).to.equal(false);
    });
  }

  it("leaves no program behind when it is killed itself", async () => {
    const running = start("--wait");
    await programPid(running);
    running.process.kill("SIGKILL");
    // The pipes close when the last process that holds them ends: the program, not the bootstrap.
    expect(await Promise.race([running.ended, sleep(10_000, "still there")])).to.deep.equal([null, "SIGKILL"]);
  });

  it("makes one SIGINT out of those that a terminal sends to the whole group", async () => {
    const running = start("--wait", "--handle");
    await programPid(running);
    process.kill(-(running.process.pid ?? 0), "SIGINT");
    expect((await running.ended)[0]).to.equal(7);
    expect(running.stdout()).to.include("seen 1");
  });
});
