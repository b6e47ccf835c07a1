import { expect } from "chai";

import { strategyConfig } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import type { Decision, SleeveState, VaultState } from "../../../keeper/strategy/types.ts";
import {
  ASSET,
  CONVERSION,
  execute,
  FRESH_MEMORY,
  HOUR,
  makeSignals,
  makeState,
  POLICY,
  RESERVE,
  REVERSAL,
  START,
} from "./world.ts";

const NOW = START + 40 * 86_400;
const RESTED = { ...FRESH_MEMORY, lastRangeShift: NOW - 20 * 86_400, lastCompound: NOW };
/** Hedging wants more of it: leaving is the DAO's word, and stands above the trend's. */
const SIGNALS = makeSignals({ realisedVolatility30d: 0.8, trendEnsemble: 1, "feePerLiquidity.3000": 0.0177 });
const CONFIG = strategyConfig({ rules: { ...strategyConfig().rules, settle: false, hedge: false, reserve: false } });

function vault(sleeves: readonly SleeveState[]): VaultState {
  return makeState({
    time: NOW,
    price: 2000,
    idleBase: 30,
    idleQuote: 100_000,
    ranges: [{ fee: 3000, tickLower: -203_280, tickUpper: -197_340, value: 600_000 }],
    memory: RESTED,
    sleeves,
  });
}

const texts = (decision: Decision): string =>
  decision.reasons
    .filter(({ rule }) => rule === "leave")
    .map(({ text }) => text)
    .join(" ");

/** Day by day until nothing moves. */
function wound(start: VaultState): { state: VaultState; days: number; last: Decision } {
  let state = start;
  let last = decide(state, SIGNALS, POLICY, CONFIG);
  let days = 0;
  for (; last.actions.length > 0 && days < 30; days++) {
    const time = state.time + 25 * HOUR;
    state = { ...execute(state, last), time, memory: { ...last.memory, lastRangeShift: time, lastCompound: time } };
    last = decide(state, SIGNALS, POLICY, CONFIG);
  }
  return { state, days, last };
}

describe("decide: a sleeve that the DAO wants no more", () => {
  const unwanted = [{ allowed: false }, { cap: 0 }] as const;

  for (const change of unwanted) {
    it(`${JSON.stringify(change)}: debts go step by step to nothing, whatever the trend says`, () => {
      for (const debt of [
        { ...CONVERSION, owned: 200_000, owed: 60 },
        { ...REVERSAL, owned: 50, owed: 60_000 },
      ]) {
        const { state, days } = wound(vault([{ ...debt, ...change }]));
        expect(state.sleeves[0]).to.include({ owned: 0, owed: 0 });
        // 5 % of NAV a day.
        expect(days).to.be.within(2, 6);
      }
    });

    it(`${JSON.stringify(change)}: a reserve comes back at once, an asset as it settles`, () => {
      const reserve = vault([{ ...RESERVE, owned: 80_000, ...change }]);
      const decision = decide(reserve, SIGNALS, POLICY, CONFIG);
      expect(texts(decision)).to.equal("The policy wants the reserve in place 2 no more; 80000 quote comes back.");
      expect(execute(reserve, decision).sleeves[0]?.owned).to.equal(0);

      const asset = vault([{ ...ASSET, owned: 50_000, obstacle: "pending", ...change }]);
      const asked = decide(asset, SIGNALS, POLICY, CONFIG);
      expect(asked.sleeveMoves.map(({ take, settlesLater }) => [take, settlesLater])).to.deep.equal([[true, true]]);
      expect(texts(asked)).to.contain("The policy wants the asset in place 3 no more; 50000 is asked back");
    });
  }

  it("waits where the venue pays nothing out, and says so; leaves alone what is wanted", () => {
    const stuck = decide(
      vault([{ ...RESERVE, owned: 80_000, allowed: false, obstacle: "illiquid" }]),
      SIGNALS,
      POLICY,
      CONFIG,
    );
    expect(stuck.sleeveMoves).to.deep.equal([]);
    expect(texts(stuck)).to.equal(
      "The policy wants the reserve in place 2 no more, but its venue pays nothing out now (illiquid).",
    );
    const wanted = decide(vault([{ ...RESERVE, owned: 80_000 }]), SIGNALS, POLICY, CONFIG);
    expect(texts(wanted)).to.equal("");
    const empty = decide(
      vault([
        { ...CONVERSION, allowed: false },
        { ...RESERVE, allowed: false },
      ]),
      SIGNALS,
      POLICY,
      CONFIG,
    );
    expect(texts(empty)).to.equal("");
  });

  it("one whose venue refuses does not keep another from being emptied", () => {
    const state = vault([
      { ...RESERVE, owned: 80_000, allowed: false, obstacle: "closed" },
      { ...CONVERSION, owned: 200_000, owed: 60, allowed: false },
    ]);
    expect(decide(state, SIGNALS, POLICY, CONFIG).sleeveMoves.length).to.be.greaterThan(0);
  });
});
