import { expect } from "chai";

import { strategyConfig } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import type { Decision, SleeveState, VaultState } from "../../../keeper/strategy/types.ts";
import { expectClose } from "../../support/close.ts";
import { ASSET, execute, FRESH_MEMORY, HOUR, makeSignals, makeState, POLICY, RESERVE, START } from "./world.ts";

const NOW = START + 40 * 86_400;
const DAY = 24 * HOUR;
const RESTED = { ...FRESH_MEMORY, lastRangeShift: NOW - 20 * DAY, lastCompound: NOW };
/** The other rules have tests of their own. */
const ONLY = strategyConfig({ rules: { ...strategyConfig().rules, reserve: false, hedge: false, settle: false } });

/** The core is at its target, so that nothing else is wanted. */
function vault(changes: Partial<Parameters<typeof makeState>[0]> = {}): VaultState {
  return makeState({
    time: NOW,
    price: 2000,
    idleBase: 100,
    idleQuote: 200_000,
    ranges: [{ fee: 3000, tickLower: -203_280, tickUpper: -197_340, value: 600_000 }],
    memory: RESTED,
    sleeves: [ASSET],
    ...changes,
  });
}

const HOT = { launchActivity: 3, assetCorrelation: -0.1, assetReports: 20 };
const signals = (changes: Readonly<Record<string, number | null>>) =>
  makeSignals({ realisedVolatility30d: 0.8, trendEnsemble: 0.5, "feePerLiquidity.3000": 0.0177, ...changes });
const told = (state: VaultState, changes: Readonly<Record<string, number | null>>, config = ONLY): Decision =>
  decide(state, signals(changes), POLICY, config);
const said = (decision: Decision): string =>
  decision.reasons
    .filter(({ rule }) => rule === "asset")
    .map(({ text }) => text)
    .join(" ");
const assetOf = (state: VaultState): SleeveState => state.sleeves.find(({ kind }) => kind === "asset")!;
/** A fund after a deposit has settled: shares, which are paid later. */
const held = (owned: number, changes: Partial<SleeveState> = {}): SleeveState => ({
  ...ASSET,
  owned,
  obstacle: "pending",
  ...changes,
});

describe("decide: the asset sleeve", () => {
  it("shifts a small step of idle quote while more pools than usual are opened", () => {
    const state = vault();
    const decision = told(state, HOT);
    expect(decision.actions, said(decision)).to.deep.equal(["sleeveMove"]);
    const after = execute(state, decision);
    expectClose(assetOf(after).owned, 0.02 * state.nav, 1e-6);
    expectClose(state.idleQuote - after.idleQuote, 0.02 * state.nav, 1e-6);
    expect(decision.memory).to.include({ launchesSince: NOW, lastAssetMove: NOW });
    expect(said(decision)).to.match(
      /^Yesterday's new pools stand 3\.0 standard deviations .* correlation .* is -0\.10; \d+ goes/,
    );
    // 4 % a year on 20,000; 30 of gas and twice three days are earned back in (30 + 20000 (1 - e^(-0.04 * 6 / 365))) / 800 years.
    const years = (30 + 20_000 * (1 - Math.exp((-0.04 * 6) / 365))) / 800;
    expect(said(decision)).to.contain(
      `it earns 800 a year, which pays for gas and settlement both ways in ${(years * 365).toFixed(0)} days`,
    );
  });

  it("takes from the reserve what is not idle beyond the buffer", () => {
    const state = vault({ idleQuote: 60_000, sleeves: [{ ...RESERVE, owned: 140_000 }, ASSET] });
    const decision = told(state, HOT);
    const [first, second] = decision.sleeveMoves;
    expect(first).to.deep.include({ sleeve: 2, take: true });
    expect(second).to.deep.include({ sleeve: 3, take: false });
    expectClose(first!.amount, 0.02 * state.nav - (60_000 - 0.05 * state.nav), 1e-6);
    execute(state, decision);
    const bare = vault({ idleQuote: 40_000, idleBase: 200 });
    expect(said(told(bare, HOT))).to.contain("leave 0.000, which is not worth a plan");
  });

  it("goes step by step to its own limit or the sleeve's cap, a day apart", () => {
    for (const [cap, most] of [
      [0.1, 0.06],
      [0.05, 0.05],
    ] as const) {
      let state = vault({ idleQuote: 300_000, idleBase: 50, sleeves: [{ ...ASSET, cap }] });
      for (let hour = 0; hour < 6 * 24; hour++) {
        const decision = told(state, HOT);
        if (decision.sleeveMoves.length > 0) {
          const last = state.memory.lastAssetMove ?? null;
          expect(last === null || state.time - last >= DAY).to.equal(true);
        }
        state = { ...(decision.actions.length > 0 ? execute(state, decision) : state), memory: decision.memory };
        state = { ...state, time: state.time + HOUR, memory: { ...state.memory, lastCompound: state.time } };
      }
      expect(assetOf(state).owned / state.nav).to.be.within(most * 0.9, most + 1e-9);
    }
  });

  it("holds while the count of pools is not known, whether or not it holds something, and keeps what it remembers", () => {
    const since = NOW - 3 * DAY;
    for (const sleeve of [ASSET, held(20_000)]) {
      const decision = told(vault({ sleeves: [sleeve], memory: { ...RESTED, launchesSince: since } }), {
        ...HOT,
        launchActivity: null,
      });
      expect(decision.sleeveMoves).to.deep.equal([]);
      expect(said(decision)).to.contain("How many pools are opened a day is not known, so nothing moves");
      expect(decision.memory.launchesSince).to.equal(since);
    }
  });

  it("gives nothing while the correlation is not measured from enough reports, or is not near zero", () => {
    const why = (changes: Readonly<Record<string, number | null>>): string => {
      const decision = told(vault(), { ...HOT, ...changes });
      expect(decision.sleeveMoves).to.deep.equal([]);
      return said(decision);
    };
    expect(why({ assetCorrelation: null, assetReports: null })).to.contain("not measured yet: 0 of 16 reports");
    expect(why({ assetReports: 15 })).to.contain("not measured yet: 15 of 16 reports");
    expect(why({ assetCorrelation: 0.3 })).to.contain("correlation with the pair is 0.30, above 0.2");
    expect(why({ launchActivity: 1.5 })).to.contain("1.5 standard deviations from the days before, which is no spike");
  });

  it("has hysteresis: a spike counts for a week and until activity is low, and a correlation until it is clearly positive", () => {
    const since = (activity: number, before: number | null): number | null | undefined =>
      told(vault({ memory: { ...RESTED, launchesSince: before } }), { ...HOT, launchActivity: activity }).memory
        .launchesSince;
    expect(since(1.9, null)).to.equal(null);
    expect(since(2, null)).to.equal(NOW);
    expect(since(0.6, NOW - 9 * DAY)).to.equal(NOW - 9 * DAY);
    expect(since(0.1, NOW - 6 * DAY)).to.equal(NOW - 6 * DAY);
    expect(since(0.1, NOW - 7 * DAY)).to.equal(null);
    const holding = vault({ sleeves: [held(20_000)], memory: { ...RESTED, launchesSince: NOW - DAY } });
    expect(told(holding, { ...HOT, assetCorrelation: 0.4 }).sleeveMoves).to.deep.equal([]);
    expect(told(holding, { ...HOT, assetCorrelation: 0.6 }).sleeveMoves[0]).to.deep.include({ take: true });
  });

  it("asks all of it back when the spike is over, waits, and collects what has come", () => {
    const over = { ...HOT, launchActivity: 0 };
    let state = vault({ sleeves: [held(40_000)] });
    const asked = told(state, over);
    expect(asked.sleeveMoves).to.deep.equal([
      { sleeve: 3, token: "quote", take: true, afterSwaps: false, amount: 40_000, all: true, settlesLater: true },
    ]);
    expect(said(asked)).to.contain("40000 is asked back");
    state = execute(state, asked);
    expect(assetOf(state)).to.deep.include({ owned: 40_000, pending: 40_000 });
    expect(said(told({ ...state, time: NOW + 2 * DAY }, over))).to.contain(
      "what is there is under way, 48.0 h to wait",
    );
    // Nobody can say from outside whether it has come: it is asked again.
    expect(told({ ...state, time: NOW + 4 * DAY }, over).sleeveMoves[0]).to.deep.include({ settlesLater: true });
    const paid: VaultState = { ...state, time: NOW + 5 * DAY, sleeves: [{ ...ASSET, owned: 40_010 }] };
    const collected = told(paid, over);
    expect(collected.sleeveMoves[0]).to.deep.include({ take: true, all: true });
    expect("settlesLater" in collected.sleeveMoves[0]!).to.equal(false);
    expect(assetOf(execute(paid, collected)).owned).to.equal(0);
  });

  it("has an off switch, and says when there is no such sleeve or its venue refuses", () => {
    const off = strategyConfig({ rules: { ...ONLY.rules, asset: false } });
    const decision = told(vault(), HOT, off);
    expect(decision.sleeveMoves).to.deep.equal([]);
    expect(said(decision)).to.equal("The asset sleeve is switched off.");
    expect("launchesSince" in decision.memory).to.equal(false);
    const without = told(vault({ sleeves: [RESERVE] }), HOT);
    expect(said(without)).to.contain("There is no asset sleeve");
    expect("launchesSince" in without.memory).to.equal(false);
    expect(said(told(vault({ sleeves: [{ ...ASSET, allowed: false }] }), HOT))).to.contain("policy allows no more");
    expect(said(told(vault({ sleeves: [{ ...ASSET, obstacle: "closed" }] }), HOT))).to.contain("its venue refuses now");
    const shut = vault({ sleeves: [held(20_000, { obstacle: "closed" })] });
    expect(said(told(shut, { ...HOT, launchActivity: 0 }))).to.contain("its venue pays nothing out now");
  });
});
