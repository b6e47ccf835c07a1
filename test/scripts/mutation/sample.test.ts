import { expect } from "chai";

import type { Mutant } from "../../../scripts/mutation/mutants.ts";
import { OPERATORS } from "../../../scripts/mutation/operators.ts";
import { inOrder } from "../../../scripts/mutation/sample.ts";

function mutant(file: string, operator: Mutant["operator"], name: string, line: number): Mutant {
  const original = `${file} ${operator} ${line}`;
  return {
    file,
    operator,
    function: name,
    in: original,
    original,
    mutated: "",
    nth: 1,
    line,
    span: { start: 0, length: 1 },
    replacement: "",
    definition: 0,
    contract: 0,
  };
}

/** Much arithmetic and little else, in two files. */
const ALL = ["A.sol", "B.sol"].flatMap((file) =>
  Array.from({ length: 120 }, (_, i) =>
    mutant(file, i % 10 === 0 ? (OPERATORS[i % OPERATORS.length] ?? "check") : "arithmetic", `f${i % 7}`, i),
  ),
);

describe("scripts/mutation/sample", () => {
  it("takes every mutant once, and the same order for the same seed", () => {
    const order = inOrder(ALL, {}, 5);
    expect(new Set(order).size).to.equal(ALL.length);
    expect(inOrder(ALL, {}, 5)).to.deep.equal(order);
    expect(inOrder(ALL, {}, 6)).to.not.deep.equal(order);
  });

  it("gives each file its weight from the beginning", () => {
    const first = inOrder(ALL, { "A.sol": 3, "B.sol": 1 }, 1).slice(0, 40);
    expect(first.filter(({ file }) => file === "A.sol").length).to.equal(30);
  });

  it("takes from every operator and every function before it repeats one", () => {
    const first = inOrder(ALL, { "A.sol": 1 }, 1).filter(({ file }) => file === "A.sol");
    const operators = new Set(ALL.map(({ operator }) => operator));
    expect(new Set(first.slice(0, operators.size).map(({ operator }) => operator)).size).to.equal(operators.size);
    const counts = new Map<string, number>();
    for (const { function: name } of first.slice(0, 42)) counts.set(name, (counts.get(name) ?? 0) + 1);
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).to.be.lessThan(5);
  });
});
