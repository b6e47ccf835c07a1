import { expect } from "chai";

import { parseOrExplain, wholeNumber } from "../../../scripts/support/args.ts";

describe("scripts/support/args", () => {
  it("takes a whole number from the least on, or what stands for a missing one", () => {
    expect(wholeNumber("count", "7", 3, 1)).to.equal(7);
    expect(wholeNumber("count", undefined, 3, 1)).to.equal(3);
    for (const text of ["0", "-1", "1.5", "x", "1e30"])
      expect(() => wholeNumber("count", text, 3, 1), text).to.throw("--count is a whole number from 1");
  });

  it("answers wrong usage with the complaint and the usage, in one line", () => {
    let written = "";
    const complain = (line: string): void => {
      written += line;
    };
    const fail = (): never => {
      throw new Error("no such option");
    };
    expect(parseOrExplain(() => 5, "usage: it", complain)).to.equal(5);
    expect(parseOrExplain<number>(fail, "usage: it", complain)).to.equal(undefined);
    expect(written).to.equal("no such option; usage: it\n");
  });
});
