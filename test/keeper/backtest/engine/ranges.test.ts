import fc from "fast-check";

import { baseAt, insideRoot, partInside, quoteAt } from "../../../../keeper/backtest/engine/ranges.ts";
import { amounts } from "../../../../keeper/strategy/liquidity.ts";
import { expectClose } from "../../../support/close.ts";
import "../../../support/seed.ts";

const price = fc.double({ min: 1e-6, max: 1e9, noNaN: true });

describe("backtest: ranges on square roots", () => {
  it("hold what keeper/strategy/liquidity.ts says, at every price and also without bounds", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
        fc.oneof(price, fc.constant(0)),
        fc.oneof(price, fc.constant(Number.POSITIVE_INFINITY)),
        price,
        (liquidity, one, other, at) => {
          const [lower, upper] = one < other ? [one, other] : [other, one];
          fc.pre(lower < upper && lower < Number.POSITIVE_INFINITY);
          const expected = amounts({ liquidity, lower, upper }, at);
          const [low, high] = [Math.sqrt(lower), Math.sqrt(upper)];
          const inside = insideRoot(Math.sqrt(at), low, high);
          // Differences of square roots: what cancels is bounded by what they are differences of.
          const scale = liquidity * 1e-12;
          expectClose(baseAt(liquidity, inside, high), expected.base, scale / inside, "base");
          expectClose(quoteAt(liquidity, inside, low), expected.quote, scale * inside, "quote");
        },
      ),
    );
  });

  it("are inside for as much of a bar as the way from mark to mark lies in them", () => {
    expectClose(partInside(40, 50, 30, 60), 1, 0);
    expectClose(partInside(40, 50, 45, 60), 0.5, 1e-15);
    expectClose(partInside(50, 40, 45, 60), 0.5, 1e-15);
    expectClose(partInside(40, 50, 42, 44), 0.2, 1e-15);
    expectClose(partInside(40, 50, 50, 60), 0, 0);
    expectClose(partInside(45, 45, 40, 50), 1, 0);
    expectClose(partInside(50, 50, 40, 50), 0, 0);
    expectClose(partInside(40, 40, 40, 50), 1, 0);
  });

  it("that divide a range between them divide its bar between them", () => {
    const root = fc.double({ min: 1, max: 100, noNaN: true });
    fc.assert(
      fc.property(root, root, root, (before, after, cut) => {
        fc.pre(Math.abs(after - before) > 1e-6);
        const parts = partInside(before, after, 0, cut) + partInside(before, after, cut, Number.POSITIVE_INFINITY);
        expectClose(parts, 1, 1e-9);
      }),
    );
  });
});
