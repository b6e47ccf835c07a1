import { expect } from "chai";

import type { CampaignReport, Outcome } from "../../../scripts/mutation/campaign.ts";
import type { Mutant } from "../../../scripts/mutation/mutants.ts";
import { exitCodeOf, isClean, isComplete } from "../../../scripts/mutation/mutate.ts";
import { documentOf, textOf } from "../../../scripts/mutation/report.ts";

function mutant(file: string, line: number): Mutant {
  return {
    file,
    operator: line % 2 === 0 ? "check" : "rounding",
    function: "A.f",
    in: `statement ${line}`,
    original: "up",
    mutated: "",
    nth: 1,
    line,
    span: { start: 0, length: 1 },
    replacement: "",
    definition: 0,
    contract: 0,
  };
}

const OUTCOMES: readonly Outcome[] = [
  { kind: "killed", by: "test/a.test.ts", test: "a" },
  { kind: "timedOut", by: "test/a.test.ts" },
  { kind: "survived", notMet: ["test/b.test.ts", "test/c.test.ts"] },
  { kind: "survived", notMet: [] },
  { kind: "notCompiled", error: "no" },
  { kind: "sameCode" },
];

const REPORT: CampaignReport = {
  results: OUTCOMES.map((outcome, i) => ({ mutant: mutant(i < 3 ? "A.sol" : "B.sol", i + 1), outcome })),
  all: [1, 2, 3, 4, 5, 6, 7].map((line) => mutant(line < 4 ? "A.sol" : "B.sol", line)),
  notReached: 1,
  unreachable: [],
  seconds: 61.4,
};

const { file, operator, function: name, in: statement, original, mutated, nth } = mutant("B.sol", 4);
const EXPLAINED = [
  { file, operator, function: name, in: statement, original, mutated, nth, reason: "nobody can tell the difference" },
];

describe("scripts/mutation/report", () => {
  const document = documentOf(REPORT, EXPLAINED, 9);

  it("counts what was run, and only that", () => {
    expect(document).to.deep.include({
      mutants: 4,
      killed: 2,
      timedOut: 1,
      notCompiled: 1,
      sameCode: 1,
      broken: 0,
      notReached: 1,
      possible: 7,
      seed: 9,
      seconds: 61,
    });
    expect(document.byFile).to.deep.equal({
      "A.sol": { mutants: 3, killed: 2, timedOut: 1, survived: 1, explained: 0 },
      "B.sol": { mutants: 1, killed: 0, timedOut: 0, survived: 0, explained: 1 },
    });
    expect(document.byOperator["rounding"]).to.deep.include({ mutants: 2, killed: 1, survived: 1 });
  });

  it("lists survivors by place, apart from those that are explained", () => {
    expect(document.survived.map(({ line }) => line)).to.deep.equal([3]);
    expect(document.explained.map(({ line, reason }) => [line, reason])).to.deep.equal([
      [4, "nobody can tell the difference"],
    ]);
    const text = textOf(document);
    expect(text).to.include("A.sol:3 A.f [rounding]");
    expect(text).to.include("up -> (nothing)");
    expect(text).to.include("no time for 2 test files");
    expect(text).to.include("nobody can tell the difference");
    expect(text).to.include("1 were not reached");
  });

  it("says nothing where too few mutants were reached, with a code of its own", () => {
    const fine = documentOf(
      { ...REPORT, results: REPORT.results.filter(({ mutant: { line } }) => line !== 3) },
      EXPLAINED,
      9,
    );
    expect(exitCodeOf({ ...fine, mutants: 9, notReached: 1 })).to.equal(0);
    expect(exitCodeOf({ ...fine, mutants: 8, notReached: 1 })).to.equal(4);
    expect(isComplete({ ...fine, mutants: 0, notReached: 0 })).to.equal(false);
    expect(exitCodeOf({ ...document, mutants: 9 })).to.equal(1);
  });

  it("names what timed out", () => {
    expect(document.timeouts.map(({ line }) => line)).to.deep.equal([2]);
    expect(textOf(document)).to.include("timed out twice");
  });

  it("is clean only if every survivor is explained and every mutant could be judged", () => {
    expect(isClean(document)).to.equal(false);
    const fine = REPORT.results.filter(({ mutant: { line } }) => line !== 3);
    expect(isClean(documentOf({ ...REPORT, results: fine }, EXPLAINED, 9))).to.equal(true);
    const broken = [...fine, { mutant: mutant("A.sol", 7), outcome: { kind: "broken" as const, output: "" } }];
    expect(isClean(documentOf({ ...REPORT, results: broken }, EXPLAINED, 9))).to.equal(false);
  });
});
