import { expect } from "chai";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

const MODULE = new URL("../../../scripts/setup/lock.mjs", import.meta.url).href;

describe("set-up lock", () => {
  let folder: string;
  let lock: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "strata-lock-"));
    lock = join(folder, "nested", "setup.lock");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Runs code with `take` in scope in `count` processes at once; throws when one of them fails. */
  const inProcesses = (count: number, code: string): void => {
    const script = `
      import fs from "node:fs";
      import { takeLock } from ${JSON.stringify(MODULE)};
      const lock = ${JSON.stringify(lock)};
      const counter = ${JSON.stringify(join(folder, "counter"))};
      const take = () => takeLock(lock, () => fs.writeSync(1, "waiting\\n"));
      ${code}`;
    const file = join(folder, "script.mjs");
    writeFileSync(file, script);
    const line = Array.from({ length: count }, () => `"${process.execPath}" "${file}" & pids="$pids $!"`).join("\n");
    execFileSync("bash", ["-c", `${line}\nfor pid in $pids; do wait $pid || exit 1; done`], { timeout: 60_000 });
  };

  const ownedBy = (owner: { pid: number; host: string }): void => {
    mkdirSync(lock, { recursive: true });
    writeFileSync(join(lock, "owner.json"), JSON.stringify(owner));
  };
  const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

  // Reads, waits, writes: any overlap loses an increment.
  const INCREMENT = `
    const release = await take();
    const value = fs.existsSync(counter) ? Number(fs.readFileSync(counter, "utf8")) : 0;
    await new Promise((resolve) => setTimeout(resolve, 100));
    fs.writeFileSync(counter, String(value + 1));
    release();`;
  const counted = (): number => Number(readFileSync(join(folder, "counter"), "utf8"));

  it("lets one process in at a time and leaves nothing behind", () => {
    inProcesses(6, INCREMENT);
    expect(counted()).to.equal(6);
    expect(existsSync(lock)).to.equal(false);
  });

  it("survives many short turns: a release never takes somebody else's fresh lock away", () => {
    // Each turn marks itself inside; a mark that is there already means that two were in.
    inProcesses(
      4,
      `
      const inside = counter + ".inside";
      for (let turn = 0; turn < 10; turn++) {
        const release = await take();
        fs.mkdirSync(inside);
        fs.rmdirSync(inside);
        release();
      }`,
    );
    expect(existsSync(lock)).to.equal(false);
  });

  it("takes over from a holder that died, still one at a time", () => {
    ownedBy({ pid: deadPid(), host: hostname() });
    inProcesses(4, INCREMENT);
    expect(counted()).to.equal(4);
  });

  it("takes over from another machine's holder only when its heartbeat is old", () => {
    ownedBy({ pid: 1, host: "elsewhere" });
    const attempt = `
      const result = await Promise.race([take().then(() => "taken"), new Promise((resolve) => setTimeout(resolve, 600, "held"))]);
      fs.writeFileSync(counter, result);
      process.exit(0);`;
    inProcesses(1, attempt);
    expect(readFileSync(join(folder, "counter"), "utf8")).to.equal("held");
    const old = new Date(Date.now() - 120_000);
    utimesSync(lock, old, old);
    inProcesses(1, attempt);
    expect(readFileSync(join(folder, "counter"), "utf8")).to.equal("taken");
  });
});
