import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";

import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { findLocalWorld } from "../../../keeper/cli/localWorld.ts";
import { inProcess, start, waitFor } from "../cli/run.ts";

const DAYS = 20;

describe("sim: a run of the local world, fetched and replayed", function () {
  this.timeout(600_000);

  it("is reproduced from its snapshot to the wei, ticks crossed included, in every pool", async () => {
    const dir = mkdtempSync(join(tmpdir(), "strata-sim-"));
    const world = start([
      "local",
      "--days",
      String(DAYS),
      "--seed",
      "5",
      "--speed",
      "1000000",
      "--port",
      "0",
      "--dir",
      dir,
    ]);
    try {
      await waitFor(world, /Ctrl-C/);
      const state = findLocalWorld(dir);
      if (state === null) throw new Error("The world does not say where it is.");
      const provider = new JsonRpcProvider(state.url, undefined, { staticNetwork: true });
      const newest = await provider.getBlockNumber();
      provider.destroy();
      // Deployment lies well before the middle of the run, in which the pools are in full use.
      const block = Math.floor(newest / 2);
      let crossings = 0;
      for (const [fee, pool] of Object.entries(state.pools)) {
        const [events, map] = [join(dir, `${fee}.csv`), join(dir, `${fee}.json`)];
        const common = ["data", "fetch", "--pool", pool, "--rpc", state.url, "--json"];
        const fetched = await inProcess([
          ...common,
          ...["--snapshot", String(block), "--tickmap", map],
          ...["--from", String(block + 1), "--to", String(newest), "--out", events],
        ]);
        expect(fetched.code, fetched.stderr).to.equal(0);
        expect(JSON.parse(fetched.stdout)).to.have.nested.property("events.gapChecked", true);
        const replayed = await inProcess(["replay", "--events", events, "--tickmap", map, "--json"]);
        expect(replayed.code, replayed.stderr).to.equal(0);
        const result = JSON.parse(replayed.stdout) as Record<string, number>;
        expect(result["checked"]).to.equal(result["swaps"]);
        expect(result["exact"]).to.equal(result["checked"]);
        expect(result["swaps"]).to.be.greaterThan(0);
        const [exact = 0, swaps = 0, ticks = 0] = [result["exact"], result["swaps"], result["crossings"]];
        crossings += result["crossings"] ?? 0;
        // Both engines of the back-test on the same run.
        const compared = await inProcess([
          ...["compare", "--events", events, "--tickmap", map, "--strategies", "full-range,static,charm-20"],
        ]);
        expect(compared.code, compared.stderr + compared.stdout).to.equal(0);
        process.stderr.write(`local world, fee ${fee}: ${exact} of ${swaps} swaps exact, ${ticks} ticks crossed\n`);
      }
      expect(crossings).to.be.greaterThan(0);
      expect(readdirSync(dir).filter((name) => /part|draft/.test(name))).to.deep.equal([]);
    } finally {
      world.kill("SIGINT");
      await once(world, "close");
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
