import { resolve } from "node:path";

import { expect } from "chai";

import { parseSweepConfig, readSweepConfig } from "../../../../keeper/backtest/sweep/configFile.ts";
import { SweepConfigError } from "../../../../keeper/backtest/sweep/errors.ts";

const FILE = "sweeps/one.json";
const GOOD = { prices: "eth.csv", strategy: "hedged-ranges" };

function faultsOf(config: unknown): readonly string[] {
  try {
    parseSweepConfig(JSON.stringify(config), FILE);
  } catch (error) {
    if (error instanceof SweepConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe("sweep: the configuration file", () => {
  it("fills in defaults, and finds its files beside itself", () => {
    const config = parseSweepConfig(JSON.stringify({ ...GOOD, parameters: { hedge: [0, 1], ltv: 0.5 } }), FILE);
    expect(config).to.include({ k: 0.9, starts: 6, objective: "sharpe", best: 10, skipped: 0, inputs: null });
    expect(config.prices).to.equal(resolve("sweeps/eth.csv"));
    expect(config.points.length).to.equal(2);
    for (const point of config.points) expect(point).to.include({ ltv: 0.5, halfWidth1: 0.1, checkHours: 24 });
  });

  it("names every fault at once, each with its path", () => {
    const faults = faultsOf({
      prices: "",
      form: "2018-01-01",
      k: -1,
      starts: 1.5,
      strategy: "hedged-ranges",
      parameters: {
        halfWidth1: { min: 0.4, max: 0.1 },
        halfWidth2: { min: 0.1, max: 0.4 },
        halfWidth3: { min: 0.1, max: 11, step: 0.1 },
        weight1: [0.2, 3, "much"],
        width: 0.2,
        constructor: 1,
        ltv: { min: 0.1, max: 0.7, scale: "cubic" },
        band: [],
        hedge: { min: 0, max: 1, steps: 4 },
        checkHours: { min: 0, max: 48, scale: "log" },
        cooldownHours: null,
      },
      search: { method: "grid", seed: 1 },
      objective: "luck",
    });
    const paths = faults.map((fault) => fault.slice(0, fault.indexOf(": ")));
    expect(paths).to.have.members([
      ...["prices", "form", "k", "starts", "search.seed", "objective"],
      ...["parameters.halfWidth1", "parameters.halfWidth2", "parameters.halfWidth3.max", "parameters.weight1[1]"],
      ...["parameters.weight1[2]", "parameters.width", "parameters.constructor", "parameters.ltv.scale"],
      ...["parameters.band", "parameters.hedge.steps", "parameters.checkHours", "parameters.cooldownHours"],
    ]);
    const about = (path: string): string => faults.find((fault) => fault.startsWith(`${path}: `)) ?? "";
    expect(about("parameters.halfWidth1")).to.match(/min is not below max/);
    expect(about("parameters.halfWidth2")).to.match(/a grid cannot visit every value of a range; give it a step/);
    expect(about("parameters.width")).to.match(/no such parameter; it has halfWidth1, halfWidth2/);
    expect(about("form")).to.match(/there is no such key/);
  });

  it("refuses what is no search, no family, no JSON, and a grid that nobody meant", () => {
    expect(faultsOf({ ...GOOD, strategy: "martingale" })).to.deep.equal([
      'strategy: there is no family "martingale"; choose from recentre, charm, static, hedged-ranges, layered.',
    ]);
    expect(faultsOf({ ...GOOD, search: { method: "dice" } })[0]).to.match(
      /^search.method: is neither "grid" nor "random"/,
    );
    expect(faultsOf({ ...GOOD, search: { method: "random", count: 0 } }).map((one) => one.split(":")[0])).to.deep.equal(
      ["search.seed", "search.count"],
    );
    const steps = { min: 0.01, max: 0.9, step: 0.001 };
    expect(faultsOf({ ...GOOD, parameters: { hedge: steps, band: steps } })[0]).to.match(
      /the grid has 793881 configurations, more than 100000; list fewer values/,
    );
    expect(() => parseSweepConfig("{", FILE)).to.throw(/^sweeps\/one.json: is no JSON/);
    expect(faultsOf([])[0]).to.match(/^the file: .*expected object/);
  });

  it("refuses combinations that the family forbids, or leaves them out if the file says so", () => {
    const parameters = { weight1: [0.2, 0.7], weight2: [0.2, 0.4], weight3: 0 };
    expect(faultsOf({ ...GOOD, parameters })).to.deep.equal([
      'parameters: weight1, weight2 and weight3 together are more than 1, in 1 of 4 configurations (first {"weight1":0.7,"weight2":0.4,"weight3":0}); ' +
        'choose other values, or leave such out with "impossible": "skip".',
    ]);
    const config = parseSweepConfig(JSON.stringify({ ...GOOD, parameters, impossible: "skip" }), FILE);
    expect([config.points.length, config.skipped]).to.deep.equal([3, 1]);
    const none = { ...GOOD, parameters: { weight1: 0, weight2: 0, weight3: 0 }, impossible: "skip" };
    expect(faultsOf(none)).to.deep.equal(["parameters: no configuration is possible; choose other values."]);
  });

  it("says so when the file cannot be read", async () => {
    let message = "";
    await readSweepConfig("no-such.json").catch((error: unknown) => (message = (error as Error).message));
    expect(message).to.match(/^no-such.json: the file cannot be read/);
  });
});
