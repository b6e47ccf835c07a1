import { expect } from "chai";

import { apply, keyOf, mutantsOf, type Mutant } from "../../../scripts/mutation/mutants.ts";
import type { OperatorName } from "../../../scripts/mutation/operators.ts";
import { analyse } from "../../../scripts/mutation/solc.ts";

const FILE = "contracts/Sample.sol";

/** A contract around some members, with what they may call. */
function contractWith(members: string): string {
  return `// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;
library Maths {
  // A sign of more bytes than one: offsets count bytes (§ €).
  function mulDiv(uint256 a, uint256 b, uint256 c) internal pure returns (uint256) { return a * b / c; }
  function mulDivRoundingUp(uint256 a, uint256 b, uint256 c) internal pure returns (uint256) { return a * b / c + 1; }
}
contract Sample {
  error Wrong(uint256 value);
  event Done(uint256 value);
  uint256 total;
  modifier restricted() { _; }
  modifier other() { _; }
  ${members}
}`;
}

function mutants(content: string): readonly Mutant[] {
  const { asts } = analyse([FILE], (file) => (file === FILE ? content : undefined));
  const ast = asts.get(FILE);
  if (ast === undefined) throw new Error("no AST");
  return mutantsOf(FILE, content, ast).filter((one) => one.function.startsWith("Sample."));
}

/** "original -> mutated" of an operator's mutants. */
function changes(members: string, operator: OperatorName): readonly string[] {
  return mutants(contractWith(members))
    .filter((one) => one.operator === operator)
    .map((one) => `${one.original} -> ${one.mutated}`);
}

describe("scripts/mutation/mutants", function () {
  this.timeout(30_000);

  const compare = "function f(uint256 a, uint256 b) public pure returns (bool) { return a < b; }";

  it("moves a boundary and turns a comparison round", () => {
    expect(changes(compare, "comparison-boundary")).to.deep.equal(["a < b -> (a <= b)"]);
    expect(changes(compare, "comparison-negation")).to.deep.equal(["a < b -> (a >= b)"]);
  });

  it("exchanges arithmetic, also inside a larger expression", () => {
    const f = "function f(uint256 a, uint256 b) public pure returns (uint256) { return (a + b) * 3; }";
    expect(changes(f, "arithmetic")).to.deep.equal(["(a + b) * 3 -> ((a + b) / 3)", "a + b -> (a - b)"]);
  });

  it("turns the direction of a rounding", () => {
    const f = "function f(uint256 a) public pure returns (uint256) { return Maths.mulDiv(a, 2, 3); }";
    expect(changes(f, "rounding")).to.deep.equal(["Maths.mulDiv -> Maths.mulDivRoundingUp"]);
  });

  it("changes numbers and truths, but no length of an array", () => {
    const f = "function f() public pure returns (uint256[2] memory a, bool b) { a[1] = 7 days; b = true; }";
    expect(changes(f, "constant")).to.deep.equal([
      "1 -> (1 + 1)",
      "1 -> 0",
      "7 days -> (7 days + 1)",
      "7 days -> 0",
      "true -> false",
    ]);
  });

  it("removes a check as a whole, and fixes any other condition", () => {
    const f = `function f(uint256 a) public { if (a == 0) revert Wrong(a); if (a == 1) { revert Wrong(1); } if (a == 2) total = a; }`;
    expect(changes(f, "check")).to.deep.equal([
      "if (a == 0) revert Wrong(a); -> {}",
      "if (a == 1) { revert Wrong(1); } -> {}",
    ]);
    expect(changes(f, "condition")).to.deep.equal(["a == 2 -> true", "a == 2 -> false"]);
  });

  it("removes statements with their semicolon; reverts, events and loop heads stay", () => {
    const f = `function f(uint256 a) public { total = a; emit Done(a); for (uint256 i = 0; i < a; ++i) total += i; }`;
    expect(changes(f, "statement")).to.deep.equal(["total = a; -> {}", "total += i; -> {}"]);
  });

  it("exchanges neighbours of one type, unless they are factors of a mulDiv", () => {
    const f = `function g(uint256 a, uint256 b, bool c) private {}
      function f(uint256 a, uint256 b) public { g(a, b, true); g(a, a, true); total = Maths.mulDiv(a, b, a); }`;
    expect(changes(f, "arguments")).to.deep.equal(["a, b -> b, a", "b, a -> a, b"]);
  });

  it("exchanges and, or and not; counts backwards; turns assignments", () => {
    const f = `function f(bool a, bool b) public returns (bool) { total += 2; total--; return a && !b; }`;
    expect(changes(f, "logic")).to.deep.equal(["a && !b -> (a || !b)", "!b -> (b)"]);
    expect(changes(f, "increment")).to.deep.equal(["total-- -> total++"]);
    expect(changes(f, "assignment")).to.deep.equal(["total += 2 -> total -= 2", "total += 2 -> total = 2"]);
  });

  it("returns zero of a value type", () => {
    const f = `function f(uint256 a) public pure returns (uint256) { return a; }
      function g() public view returns (address) { return msg.sender; }
      function h(bool b) public pure returns (bool) { return b; }
      function s() public pure returns (string memory) { return "x"; }`;
    expect(changes(f, "return-zero")).to.deep.equal(["a -> 0", "msg.sender -> address(0)", "b -> false"]);
  });

  it("removes the modifiers that guard", () => {
    expect(changes("function f() public restricted other {}", "modifier")).to.deep.equal(["restricted -> "]);
  });

  it("leaves assembly and what reverts and events say alone", () => {
    const f = `function f(uint256 a) public { emit Done(a + 1); if (a > 9) revert Wrong(a + 2); assembly { sstore(0, add(a, 1)) } }`;
    expect(changes(f, "arithmetic")).to.deep.equal([]);
    expect(changes(f, "constant")).to.deep.equal(["9 -> (9 + 1)", "9 -> 0"]);
  });

  it("makes sources that the compiler takes", () => {
    const content = contractWith(`
      function f(uint256 a, uint256 b) public restricted returns (uint256) {
        if (a == 0) revert Wrong(a);
        if (a > b) total += 1; else total = b;
        for (uint256 i = 0; i < a; ++i) { total = Maths.mulDiv(total, 2, b); }
        return a > b && b != 7 ? a : b;
      }`);
    const all = mutants(content);
    expect(all.length).to.be.greaterThan(30);
    for (const mutant of all) {
      const changed = apply(mutant, content);
      expect(changed).to.not.equal(content);
      analyse([FILE], (file) => (file === FILE ? changed : undefined));
    }
  });

  it("knows a mutant again after the file has moved, and tells equal ones apart", () => {
    const twice = "function f(uint256 a) public { total = a + 1; total = a + 1; }";
    const before = mutants(contractWith(twice));
    const after = mutants(contractWith(`// a line more\n  uint256 more;\n ${twice}`));
    expect(before.map(keyOf)).to.deep.equal(after.map(keyOf));
    expect(new Set(before.map(keyOf)).size).to.equal(before.length);
    expect(before.map(({ line }) => line)).to.not.deep.equal(after.map(({ line }) => line));
  });
});
