import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { decide } from "../../../keeper/strategy/decide.ts";
import type { Policy, Signals, VaultState } from "../../../keeper/strategy/types.ts";
import { deepFreeze } from "./world.ts";

interface Fixture {
  readonly about: string;
  readonly state: VaultState;
  readonly signals: Signals;
  readonly policy: Policy;
  readonly expected: {
    readonly actions: readonly string[];
    /** Rules that spoke, in order. */
    readonly reasons: readonly string[];
    readonly burns: readonly { readonly index: number; readonly fraction: number }[];
    readonly swaps: number;
    readonly mints: readonly { readonly fee: number; readonly tickLower: number; readonly tickUpper: number }[];
  };
}

const folder = join(import.meta.dirname, "fixtures");

describe("decisions on recorded states", () => {
  for (const name of readdirSync(folder)) {
    const fixture = JSON.parse(readFileSync(join(folder, name), "utf8")) as Fixture;
    it(`${name}: ${fixture.about}`, () => {
      const { state, signals, policy } = deepFreeze(fixture);
      const decision = decide(state, signals, policy);
      expect(decision.actions).to.deep.equal(fixture.expected.actions);
      expect(decision.reasons.map((reason) => reason.rule)).to.deep.equal(fixture.expected.reasons);
      expect(decision.burns).to.deep.equal(fixture.expected.burns);
      expect(decision.swaps).to.have.length(fixture.expected.swaps);
      expect(decision.mints.map(({ fee, tickLower, tickUpper }) => ({ fee, tickLower, tickUpper }))).to.deep.equal(
        fixture.expected.mints,
      );
      for (const reason of decision.reasons) {
        expect(reason.text).to.match(/^[A-Z0-9].*\.$/);
        expect(Object.values(reason.figures).every(Number.isFinite)).to.equal(true);
      }
    });
  }
});
