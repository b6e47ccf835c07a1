import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { findLocalWorld, stateFile, type LocalWorldState } from "../../keeper/cli/localWorld.ts";
import type { SummaryDocument } from "../../keeper/report/summary.ts";
import { finish, inProcess, run, start, waitFor } from "../keeper/cli/run.ts";
import { dataFile } from "../keeper/market/fixtures.ts";
import { expectClose } from "../support/close.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "strata-"));

/** Whether something listens on a port of 127.0.0.1. */
function isBusy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(true));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(false)));
  });
}

function portOf(world: LocalWorldState): number {
  return Number(new URL(world.url).port);
}

/** A port that nothing listens on now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** State of a world whose process is gone: no system gives out this id. */
const DEAD: LocalWorldState = {
  pid: 2 ** 30,
  url: "http://127.0.0.1:1",
  chainId: 31337,
  startedAt: "2024-01-01T00:00:00.000Z",
  vault: "0x01",
  lens: "0x02",
  policy: "0x03",
  oracle: "0x04",
  planLib: "0x05",
  accessManager: "0x06",
  safe: "0x07",
  factory: "0x08",
  quoter: "0x09",
  baseToken: "0x0a",
  quoteToken: "0x0b",
  journal: "keeper.sqlite",
  pools: {},
  accounts: {},
};

describe("local world, as a process", function () {
  this.timeout(240_000);

  it("runs three days to the end and accounts for every unit", async () => {
    const dir = folder();
    const { code, stdout, stderr } = await run([
      "local",
      "--once",
      "--json",
      "--days",
      "3",
      "--seed",
      "5",
      "--port",
      "0",
      "--dir",
      dir,
    ]);
    expect(code, stderr).to.equal(0);
    // Throws if there is anything beside one document.
    const summary = JSON.parse(stdout) as SummaryDocument;

    expect(summary.chainId).to.equal(31337);
    expect(summary.safe).to.include({ threshold: 2 });
    expect(summary.safe.owners).to.have.length(3);
    expect(summary.path).to.include({ source: "generator", seed: 5, bars: 72, filledBars: 0 });
    expect(Date.parse(summary.path.to) - Date.parse(summary.path.from)).to.equal(3 * 86_400_000);
    expect(summary.ticks).to.equal(72);
    expect(summary.plans).to.be.at.least(1);
    expect(summary.actions).to.include({ deploy: 1 });
    expect(summary.actions).to.include({ treasurySync: 0 });
    expect(summary.actions.sleeveMove).to.be.at.least(1);
    expect(summary.actions.poke).to.be.at.least(1);
    for (const name of ["loss", "turnover", "churn"] as const) {
      const { usedBps, capacityBps } = summary.budgets[name];
      expect(usedBps).to.be.at.least(0);
      expect(capacityBps).to.equal({ loss: 50, turnover: 1_800, churn: 200 }[name]);
    }

    const number = (text: string): number => {
      expect(text).to.match(/^-?\d+\.\d+$/);
      return Number(text);
    };
    const { market, fees, lvr, hedge, carry, gas, slippage, total } = summary.attribution;
    const identity =
      number(market) + number(fees) - number(lvr) + number(hedge) + number(carry) - number(gas) - number(slippage);
    expectClose(identity, number(total), 1e-6);
    // The NAV changes by the total and by the gas that the keeper paid instead of the vault, to a thousandth of a unit in a million.
    const change = number(summary.nav.end) - number(summary.nav.start);
    expectClose(change, number(total) + number(gas) + number(summary.flows), 1e-3);
    expect(number(fees)).to.be.above(0);
    expect(number(gas)).to.be.above(0);
    // Two deposits, and the second one's entry fee of 1 bp.
    expectClose(number(summary.nav.start), 1_000_040, 1);
    for (const baseline of Object.values(summary.baselines)) expect(number(baseline)).to.be.within(500_000, 2_000_000);
    // But for the fee's shares, of which some come free in these days.
    expectClose(
      number(summary.sharePrice.end) / number(summary.sharePrice.start),
      number(summary.nav.end) / number(summary.nav.start),
      5e-5,
    );
    // The state that other terminals read is gone with the world.
    expect(findLocalWorld(dir)).to.equal(null);
  });

  it("follows a price file and counts the hours that it fills", async function () {
    const prices = dataFile(this, "prices", "eth-usd-1h.csv");
    if (prices === undefined) return;
    const window = ["--prices", prices, "--from", "2020-03-04T06:00Z", "--to", "2020-03-04T18:00Z"];
    const { code, stdout, stderr } = await run([
      "local",
      "--once",
      "--json",
      ...window,
      "--port",
      "0",
      "--dir",
      folder(),
    ]);
    expect(code, stderr).to.equal(0);
    const summary = JSON.parse(stdout) as SummaryDocument;
    expect(summary.path).to.deep.equal({
      source: "file",
      file: prices,
      from: "2020-03-04T06:00:00.000Z",
      to: "2020-03-04T18:00:00.000Z",
      bars: 11,
      filledBars: 1,
    });
    expectClose(Number(summary.unexplained), 0, 1e-3);
  });

  it("serves the other commands while it runs, and Ctrl-C leaves neither process nor port nor state", async () => {
    const dir = folder();
    const child = start(["local", "--days", "30", "--seed", "3", "--speed", "4", "--port", "0", "--dir", dir]);
    const ended = finish(child);
    try {
      await waitFor(child, /keeper: deploy/);
      const world = findLocalWorld(dir);
      expect(world).not.to.equal(null);

      const status = JSON.parse((await inProcess(["status", "--json", "--as", "lp1", "--dir", dir])).stdout) as {
        readonly nav: string;
        readonly local: boolean;
        readonly positions: readonly unknown[];
        readonly keeper: { readonly allowed: boolean };
        readonly account: { readonly shares: string };
      };
      expect(status).to.include({ local: true });
      expect(status.positions).to.have.length.above(0);
      expect(status.keeper.allowed).to.equal(true);
      expect(status.account.shares).to.equal("600000.0");
      expect((await inProcess(["status", "--dir", dir])).stdout).to.match(/NAV .* LUSD[^]*range 0/);

      interface Moved {
        readonly shares: string;
        readonly amounts: { readonly base: string; readonly quote: string };
        readonly before: { readonly shares: string };
        readonly after: { readonly shares: string };
      }
      const deposited = await inProcess([
        "deposit",
        "--value",
        "5000",
        "--as",
        "lp2",
        "--slippage",
        "10",
        "--json",
        "--dir",
        dir,
      ]);
      expect(deposited.code, deposited.stderr).to.equal(0);
      const deposit = JSON.parse(deposited.stdout) as Moved;
      expectClose(Number(deposit.after.shares) - Number(deposit.before.shares), Number(deposit.shares), 1e-9);
      expect(Number(deposit.amounts.quote)).to.be.within(500, 4500);

      const withdrawn = await inProcess([
        "withdraw",
        "--all",
        "--as",
        "lp2",
        "--slippage",
        "10",
        "--json",
        "--dir",
        dir,
      ]);
      expect(withdrawn.code, withdrawn.stderr).to.equal(0);
      expect((JSON.parse(withdrawn.stdout) as Moved).after.shares).to.equal("0.0");
      const again = await inProcess(["withdraw", "--all", "--as", "lp2", "--dir", dir]);
      expect([again.code, again.stderr]).to.deep.equal([
        1,
        "strata: lp2 (public test key) holds no shares of this vault; check the account.\n",
      ]);
      const tooMuch = await inProcess(["deposit", "--value", "99000000", "--dir", dir]);
      expect(tooMuch.code).to.equal(1);
      expect(tooMuch.stderr).to.match(/lp1 \(public test key\) has too little for this deposit/);

      const tick = await inProcess(["keeper", "tick", "--json", "--dir", dir]);
      expect(tick.code, tick.stderr).to.equal(0);
      expect(JSON.parse(tick.stdout)).to.have.property("outcome").that.is.oneOf(["hold", "dry-run", "refused"]);

      const keeper = start(["keeper", "run", "--interval", "0.2", "--json", "--dir", dir]);
      const stopped = finish(keeper);
      const said = await waitFor(keeper, /sending is off\.\n.*block \d+ {2}(hold|dry-run|refused)/);
      expect(said).to.match(/^Keeper 0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc for vault 0x/);
      keeper.kill("SIGINT");
      const ran = await stopped;
      expect(ran.code, ran.stderr).to.equal(0);
      expect((JSON.parse(ran.stdout) as { readonly ticks: number }).ticks).to.be.at.least(1);

      child.kill("SIGINT");
      const { code, stdout } = await ended;
      expect(code).to.equal(0);
      expect(stdout).to.equal("");
      expect(await isBusy(portOf(world!))).to.equal(false);
      expect(() => readFileSync(stateFile(dir))).to.throw(/ENOENT/);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("stays up idle after the path, with the summary printed, until it is told to stop", async () => {
    const dir = folder();
    const child = start(["local", "--json", "--days", "1", "--speed", "1000", "--port", "0", "--dir", dir]);
    const ended = finish(child);
    try {
      await waitFor(child, /the chain stays up at .* until Ctrl-C/);
      const world = findLocalWorld(dir);
      const provider = new JsonRpcProvider(world!.url, 31337, { staticNetwork: true });
      const block = await provider.getBlockNumber();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await provider.getBlockNumber()).to.equal(block);
      provider.destroy();
      child.kill("SIGTERM");
      const { code, stdout } = await ended;
      expect(code).to.equal(0);
      expect((JSON.parse(stdout) as SummaryDocument).path.bars).to.equal(24);
      expect(await isBusy(portOf(world!))).to.equal(false);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("ends a run with --once that is interrupted with 130 and no document", async () => {
    const child = start(["local", "--once", "--json", "--days", "30", "--port", "0", "--dir", folder()]);
    const ended = finish(child);
    await waitFor(child, /keeper: deploy/);
    child.kill("SIGINT");
    const { code, stdout } = await ended;
    expect([code, stdout]).to.deep.equal([130, ""]);
  });

  it("refuses a folder that it cannot use with exit 2, and ends", async () => {
    const dir = folder();
    const file = join(dir, "file");
    writeFileSync(file, "");
    const under = join(file, "deep");
    const refused = await run(["local", "--once", "--days", "1", "--port", "0", "--dir", under]);
    expect([refused.code, refused.stdout]).to.deep.equal([2, ""]);
    expect(refused.stderr).to.match(/The state folder .*deep cannot be made or written \(ENOTDIR\).*--dir/);

    // A folder where the state's file must be.
    const odd = folder();
    mkdirSync(stateFile(odd));
    const blocked = await inProcess(["local", "--once", "--days", "1", "--port", "0", "--dir", odd]);
    expect([blocked.code, blocked.stderr]).to.deep.equal([
      2,
      `strata: ${stateFile(odd)} is a folder: remove it, or choose another folder with --dir.\n`,
    ]);

    // A file where the port's folder must be, seen only when the chain is up.
    const port = await freePort();
    writeFileSync(join(dir, `local-${port}`), "");
    const taken = await run(["local", "--once", "--days", "1", "--port", String(port), "--dir", dir]);
    expect(taken.code).to.equal(2);
    expect(taken.stderr).to.match(/The state folder .*local-\d+ cannot be made or written \(EEXIST\)/);
    expect(await isBusy(port)).to.equal(false);
  });

  it("leaves a running world's folder alone, and takes over what a dead one left", async () => {
    const dir = folder();
    // The parent of this process lives, and is not the process that would take the folder.
    writeFileSync(stateFile(dir), JSON.stringify({ ...DEAD, pid: process.ppid }));
    const refused = await run(["local", "--once", "--days", "1", "--port", "0", "--dir", dir]);
    expect(refused.code).to.equal(2);
    expect(refused.stderr).to.match(/Another local world \(process \d+, .*\) keeps its state in .*--dir/);
    expect(findLocalWorld(dir)?.pid).to.equal(process.ppid);

    for (const left of ["{ half", JSON.stringify(DEAD)]) {
      writeFileSync(stateFile(dir), left);
      const { code, stderr } = await run(["local", "--once", "--days", "1", "--port", "0", "--dir", dir]);
      expect(code, stderr).to.equal(0);
      expect(existsSync(stateFile(dir))).to.equal(false);
    }
  });

  it("refuses a busy port and a path that would not fit, each with exit 2 and before anything runs", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const busy = await run(["local", "--once", "--days", "1", "--port", String(port), "--dir", folder()]);
    server.close();
    expect(busy.code).to.equal(2);
    expect(busy.stderr).to.match(new RegExp(`Port ${String(port)} on 127\\.0\\.0\\.1 is in use.*--port`));

    const long = await run(["local", "--once", "--days", "2000", "--port", "0", "--dir", folder()]);
    expect(long.code).to.equal(2);
    expect(long.stderr).to.match(/A path of 48000 hours needs about .* take a path of at most \d+ days/);
    expect(long.stdout).to.equal("");
  });
});
