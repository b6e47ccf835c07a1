import { writeFile } from "node:fs/promises";

import { expect } from "chai";
import { network } from "hardhat";

import { figure } from "../support/figures.ts";
import { COMMAND_NAMES, kindOf, KINDS, runWorld, SLEEVE_COMMAND_NAMES } from "../support/fuzz/runner.ts";
import { Tally } from "../support/fuzz/tally.ts";

/** A whole number from the environment. */
function setting(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not "${text}"`);
  return value;
}

const CALLS = setting("FUZZ_CALLS", 960);
const SEED = setting("FUZZ_SEED", 20_240);
/** From one seed to the next; every third seed has sleeves, so that 3 keeps to worlds of one sort. */
const STEP = Math.max(setting("FUZZ_STEP", 1), 1);
/** Worlds of a short run: every kind, and a third of them with sleeves. */
const WORLDS = 12;
/** A fresh world after so many commands: memory stays bounded, and a failing seed is soon seen again. */
const PER_WORLD = setting("FUZZ_PER_WORLD", Math.min(600, Math.ceil(CALLS / WORLDS)));
/** Worlds that run side by side: one computes while another one's chain does. */
const LANES = setting("FUZZ_LANES", 2);
/** From so many commands on, a run in which a command hardly ever went through is one that tested nothing. */
const ENOUGH = 900;
/** Likewise of the commands that only worlds with sleeves have. */
const ENOUGH_SLEEVES = 900;

/** The least part of a command's calls that must go through, where it is not one in ten. */
const LEAST_ACCEPTED: Readonly<Record<string, number>> = {
  deposit: 0.4,
  withdraw: 0.4,
  transfer: 0.3,
  plan: 0.2,
  hostile: 0.05,
  sandwich: 0.05,
  trade: 1,
  market: 1,
  sync: 1,
  claim: 1,
  doom: 1,
  moves: 0.15,
  "hostile moves": 0.02,
  venue: 0.4,
  crash: 1,
  redeem: 0.05,
  deleverage: 0.01,
  adopt: 0.05,
};

/** Seeds of the worlds; eight in a row have every order of tokens with all decimals. */
const seeds = Array.from({ length: Math.ceil(CALLS / PER_WORLD) }, (_, i) => SEED + i * STEP);

async function run(seed: number): Promise<Tally> {
  const connection = await network.create();
  try {
    return await runWorld(connection, seed, Math.min(PER_WORLD, CALLS - seeds.indexOf(seed) * PER_WORLD));
  } finally {
    await connection.close();
  }
}

describe("contracts/fuzz: random commands by everybody", () => {
  const total = new Tally();
  const runs = new Map<number, Promise<Tally>>();
  let began = 0;

  before(() => {
    began = Date.now();
    const lanes = Array.from({ length: LANES }, () => Promise.resolve());
    for (const [i, seed] of seeds.entries()) {
      const lane = lanes[i % LANES] ?? Promise.resolve();
      const mine = lane.then(() => run(seed));
      runs.set(seed, mine);
      // Each world's failure is its own test's; the lane goes on.
      lanes[i % LANES] = mine.then(
        () => undefined,
        () => undefined,
      );
    }
  });

  for (let kind = 0; kind < Math.min(KINDS, seeds.length); kind++) {
    it(`keep every invariant that a state or a step can show: ${kindOf(SEED + kind * STEP).name}`, async function () {
      this.timeout(120_000 + CALLS * 1_000);
      for (const [i, seed] of seeds.entries()) if (i % KINDS === kind) total.add((await runs.get(seed)) ?? new Tally());
    });
  }

  it("let every command through a sensible part of the time", async function () {
    const seconds = (Date.now() - began) / 1_000;
    figure(
      `${total.calls} calls from seed ${SEED} in ${seeds.length} worlds, ` +
        `${seeds.filter((seed) => kindOf(seed).sleeves).length} of them with sleeves, ` +
        `${(total.calls / seconds).toFixed(0)} a second`,
    );
    for (const line of total.lines) figure(line);
    const peaks = [...total.peaks].map(([name, part]) => `${name} ${(part * 100).toFixed(1)} %`);
    figure(`fullest windows: ${peaks.join(", ")} of what capacity and refill allow`);
    const file = process.env["FUZZ_JSON"];
    if (file !== undefined && file !== "") {
      const sums = { calls: total.calls, accepted: total.accepted(), refused: total.refused(), seeds, seconds };
      await writeFile(file, `${JSON.stringify(sums)}\n`);
    }
    if (total.calls < ENOUGH) {
      figure(`skipped: ${total.calls} calls prove nothing about each command; set FUZZ_CALLS to ${ENOUGH} or more`);
      return this.skip();
    }
    const callsOf = (name: string): number => total.accepted(name) + total.refused(name);
    const moving = SLEEVE_COMMAND_NAMES.reduce((sum, name) => sum + callsOf(name), 0);
    for (const name of [...COMMAND_NAMES, ...(moving < ENOUGH_SLEEVES ? [] : SLEEVE_COMMAND_NAMES)]) {
      const accepted = total.accepted(name);
      const calls = callsOf(name);
      const least = Math.max(1, calls * (LEAST_ACCEPTED[name] ?? 0.1));
      expect(accepted, `${name}: accepted of ${calls}`).to.be.at.least(least);
    }
    for (const name of ["plan", "hostile", "deposit", "withdraw"])
      expect(total.refused(name), name).to.be.greaterThan(0);
  });
});
