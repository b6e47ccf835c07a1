import { expect } from "chai";
import { readFileSync } from "node:fs";

import { findMutants, readProject } from "../../../scripts/mutation/campaign.ts";
import { parseExplained, sortSurvivors, type Explanation } from "../../../scripts/mutation/explained.ts";
import { keyOf, type Mutant } from "../../../scripts/mutation/mutants.ts";

const REASON = "both forms give the same result for every input that can occur";

function mutant(original: string): Mutant {
  return {
    file: "A.sol",
    operator: "check",
    function: "A.f",
    in: "",
    original,
    mutated: "{}",
    nth: 1,
    line: 1,
    span: { start: 0, length: 1 },
    replacement: "{}",
    definition: 0,
    contract: 0,
  };
}

function explain({ file, operator, function: name, in: statement, original, mutated, nth }: Mutant): Explanation {
  return { file, operator, function: name, in: statement, original, mutated, nth, reason: REASON };
}

describe("scripts/mutation/explained", () => {
  const [a, b, c] = [mutant("a"), mutant("b"), mutant("c")];

  it("separates survivors that somebody has explained", () => {
    const { survived, explained, stale } = sortSurvivors([a, b], [c], [a, b, c], [explain(b)]);
    expect(survived).to.deep.equal([a]);
    expect(explained).to.deep.equal([{ ...b, reason: REASON }]);
    expect(stale).to.deep.equal([]);
  });

  it("calls an explanation stale when its mutant is killed or gone, and leaves those that were not run", () => {
    const gone = explain(mutant("gone"));
    const otherFile = { ...explain(mutant("x")), file: "B.sol" };
    const { stale } = sortSurvivors([], [a], [a, b, c], [explain(a), explain(b), gone, otherFile]);
    expect(stale).to.deep.equal([explain(a), gone]);
  });

  it("refuses what explains nothing, or a mutant twice", () => {
    expect(() => parseExplained(JSON.stringify([{ ...explain(a), reason: "equivalent" }]))).to.throw();
    expect(() => parseExplained(JSON.stringify([{ ...explain(a), operator: "magic" }]))).to.throw();
    expect(() => parseExplained(JSON.stringify([explain(a), explain(a)]))).to.throw("twice");
    const { nth: _, ...once } = explain(a);
    expect(parseExplained(JSON.stringify([once]))).to.deep.equal([explain(a)]);
  });

  it("has no entry for a mutant that the contracts no longer give", function () {
    this.timeout(60_000);
    const list = parseExplained(
      readFileSync(new URL("../../../scripts/mutation/explained.json", import.meta.url), "utf8"),
    );
    const root = new URL("../../../", import.meta.url).pathname;
    const possible = new Set(findMutants(readProject(root), 1, undefined).map(keyOf));
    expect(possible.size).to.be.greaterThan(500);
    expect(list.filter((entry) => !possible.has(keyOf(entry))).map(({ function: name }) => name)).to.deep.equal([]);
  });
});
