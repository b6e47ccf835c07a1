import { expect } from "chai";

import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import type { SweepDefinition } from "../../../../keeper/backtest/sweep/definition.ts";
import { openEvaluator } from "../../../../keeper/backtest/sweep/evaluate.ts";
import { FAMILIES } from "../../../../keeper/backtest/sweep/families/registry.ts";
import { ThreadPool } from "../../../../keeper/backtest/sweep/threads/pool.ts";
import { totalOf } from "../../../../keeper/report/attribution.ts";
import { expectClose } from "../../../support/close.ts";
import { gbm, pathOf } from "../worlds.ts";

const definition: SweepDefinition = {
  family: "hedged-ranges",
  k: 0.9,
  starts: 2,
  costs: DEFAULT_COSTS,
  reserve: null,
  path: pathOf(gbm(24 * 60, 0.8, 91)),
};

describe("sweep: one configuration", () => {
  it("of every family has figures with its defaults, and does not remember the one before", () => {
    for (const [family, { schema }] of FAMILIES) {
      const evaluate = openEvaluator({ ...definition, family });
      const defaults = schema.parse({}) as Record<string, number>;
      const [name = ""] = Object.entries(defaults).find(([, value]) => typeof value === "number") ?? [];
      const first = evaluate(defaults);
      evaluate({ ...defaults, [name]: defaults[name]! * 1.5 });
      expect(evaluate(defaults), family).to.deep.equal(first);
      if (!("figures" in first)) throw new Error(`${family}: ${first.error}`);
      const { means, netReturns, attribution } = first.figures;
      expectClose(totalOf(attribution), means.netReturn! * 1_000_000, 0.005, `${family}'s total`);
      expect(means.netReturn).to.be.within(...netReturns);
    }
  });

  it("whose book stops it is a result without figures", () => {
    // Gas that costs more than there is.
    const evaluate = openEvaluator({ ...definition, costs: { ...DEFAULT_COSTS, gas: 2_000_000 } });
    const outcome = evaluate(FAMILIES.get("hedged-ranges")!.schema.parse({}) as never);
    expect(outcome).to.have.all.keys("error");
    expect((outcome as { readonly error: string }).error).to.match(/Gas of 2000000 is more than the book is worth/);
  });

  it("that brings its thread down is named, and nothing waits for it", async () => {
    const pool = new ThreadPool({ ...definition, family: "martingale" }, 2);
    const failures = await Promise.allSettled([pool.run({ a: 1 }), pool.run({ a: 2 }), pool.run({ a: 3 })]);
    for (const failure of failures) {
      expect(failure.status).to.equal("rejected");
      expect(String((failure as PromiseRejectedResult).reason)).to.match(
        /The configuration {"a":\d} failed: There is no family "martingale" here; .*run the same command again/,
      );
    }
    await pool.close();
    await pool.run({ a: 4 }).then(
      () => expect.fail("a closed pool computes nothing"),
      (error: unknown) => expect(String(error)).to.match(/martingale/),
    );
  });
});
