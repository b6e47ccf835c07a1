import { readdirSync } from "node:fs";

import { expect } from "chai";
import { Interface } from "ethers";

import { NOT_MUTATED, reachable, runTwice, together, WEIGHTS } from "../../../scripts/mutation/campaign.ts";
import { nameError } from "../../../scripts/mutation/errorNames.ts";
import { text, walk } from "../../../scripts/mutation/ast.ts";
import { Reach } from "../../../scripts/mutation/reach.ts";
import { analyse } from "../../../scripts/mutation/solc.ts";
import { NEAR, parseEvent, SuiteOrder, type TestRun } from "../../../scripts/mutation/suites.ts";

describe("scripts/mutation/suites", () => {
  it("reads the reporter's events and nothing that only looks like one", () => {
    const body = { title: "b", fullTitle: "a b", file: "/x/a.test.ts", err: "no" };
    const event = { kind: "fail", file: "/x/a.test.ts", title: "a b", message: "no", outside: false };
    expect(parseEvent(JSON.stringify(["fail", body]))).to.deep.equal(event);
    expect(parseEvent(JSON.stringify(["fail", { ...body, title: "a b" }]))).to.deep.equal({ ...event, outside: true });
    expect(parseEvent('["fail",broken')).to.equal(undefined);
    expect(parseEvent("      · 3 gas")).to.equal(undefined);
  });

  it("tries first what is near and short, and learns what kills", () => {
    const order = new SuiteOrder(
      new Map([
        ["test/contracts/policy.test.ts", 5],
        ["test/contracts/plans.test.ts", 5],
        ["test/contracts/shares.test.ts", 5],
        ["test/contracts/short.test.ts", 1],
      ]),
    );
    const source = "contracts/PlanLib.sol";
    expect(order.of(source)[0]).to.equal("test/contracts/plans.test.ts");
    const [plans, shares] = ["test/contracts/plans.test.ts", "test/contracts/shares.test.ts"];
    const spent = new Map([
      [plans, 5],
      [shares, 1],
    ]);
    for (let i = 0; i < 3; ++i) order.learn(source, spent, shares);
    expect(order.of(source)[0]).to.equal(shares);
    // What kills early is tried before what kills as often and takes longer.
    for (let i = 0; i < 20; ++i) order.learn(source, new Map([[plans, 0.1]]), plans);
    expect(order.of(source)[0]).to.equal(plans);
    expect(order.of("contracts/Policy.sol")[0]).to.equal("test/contracts/policy.test.ts");
    expect([...order.of(source)].sort()).to.have.length(4);
    expect(order.near(source)).to.deep.equal(["test/contracts/plans.test.ts"]);
    expect(order.likeliest(source, 100)).to.deep.equal([order.of(source), []]);
    // What is about the source is never put off.
    expect(order.likeliest(source, 0)[0]).to.deep.equal([plans]);
    const [first, rest] = order.likeliest(source, 12);
    // Without a file there would be no limit: all tests would run.
    expect(order.likeliest("contracts/Other.sol", 0)[0]).to.have.length(1);
    expect(first).to.include(plans);
    expect([first.length, rest.length]).to.deep.equal([3, 1]);
    expect(order.near("contracts/Other.sol")).to.have.length(4);
    // What killed it before comes first, however long it takes and whatever it is about.
    const [again, others] = order.likeliest(source, 0, "test/contracts/policy.test.ts");
    expect(again).to.deep.equal(["test/contracts/policy.test.ts", plans]);
    expect(others).to.have.length(2);
    expect(order.likeliest(source, 12, "test/contracts/gone.test.ts")).to.deep.equal(order.likeliest(source, 12));
  });

  it("takes a folder of test/contracts for one suite, whatever its files are called", () => {
    const files = ["test/contracts/buckets/loss.test.ts", "test/contracts/incidents/plans.test.ts"] as const;
    const order = new SuiteOrder(new Map(files.map((file) => [file, 5])));
    expect(order.near("contracts/libraries/Buckets.sol")).to.deep.equal([files[0]]);
    expect(order.of("contracts/PlanLib.sol")[0]).to.equal(files[0]);
  });

  it("knows suites that exist for every source that is mutated", () => {
    const entries = readdirSync(new URL("../../contracts/", import.meta.url));
    const suites = entries.map((name) => name.replace(/\.test\.ts$/, ""));
    expect(Object.keys(NEAR).sort()).to.deep.equal(Object.keys(WEIGHTS).sort());
    for (const [source, words] of Object.entries(NEAR)) expect(suites, source).to.include.members([...words]);
  });

  it("mutates every source that is deployed, or says why not", () => {
    const list = (folder: string): readonly string[] =>
      readdirSync(new URL(`../../../${folder}/`, import.meta.url))
        .filter((name) => name.endsWith(".sol"))
        .map((name) => `${folder}/${name}`);
    const sources = ["contracts", "contracts/libraries", "contracts/sleeves"].flatMap(list);
    expect([...Object.keys(WEIGHTS), ...Object.keys(NOT_MUTATED)].sort()).to.deep.equal([...sources].sort());
    for (const reason of Object.values(NOT_MUTATED)) expect(reason.length).to.be.greaterThan(20);
  });

  it("runs again what timed out, and nothing else", async () => {
    const verdicts: TestRun["verdict"][] = [{ kind: "timeout", seconds: 1 }, { kind: "passed" }, { kind: "passed" }];
    const run = (): Promise<TestRun> =>
      Promise.resolve({
        verdict: verdicts.shift() ?? { kind: "broken", output: "" },
        outside: [],
        seconds: new Map(),
      });
    expect((await runTwice(run)).verdict.kind).to.equal("passed");
    expect(verdicts).to.have.length(1);
    await runTwice(run);
    expect(verdicts).to.have.length(0);
  });

  it("stops the other lanes after an error, and waits for them", async () => {
    const stop = new AbortController();
    let ended = false;
    const other = new Promise<void>((resolve) => {
      stop.signal.addEventListener("abort", () => {
        setTimeout(() => {
          ended = true;
          resolve();
        }, 5);
      });
    });
    const error = await together([Promise.reject(new Error("lane")), other], stop).catch((one: unknown) => one);
    expect(error).to.be.an("error").with.property("message", "lane");
    expect(ended).to.equal(true);
  });

  it("leaves out mutants that no deployed contract contains, and names their functions", () => {
    const mutant = { file: "A.sol", definition: 3, function: "A.f" } as Parameters<typeof reachable>[0][number];
    const lost = { ...mutant, definition: 4, function: "A.unused" };
    expect(reachable([mutant, lost, lost], [new Set([3])])).to.deep.equal({
      mutants: [mutant],
      unreachable: ["A.unused"],
    });
  });

  it("names an error whose selector is known", () => {
    const errors = [new Interface(["error Apart(uint256 by, string why)"])];
    const data = errors[0]?.encodeErrorResult("Apart", [7, "far"]) ?? "";
    const message = `VM Exception while processing transaction: reverted with an unrecognized custom error (return data: ${data})`;
    expect(nameError(message, errors)).to.equal(
      `VM Exception while processing transaction: reverted with custom error 'Apart(7, "far")'`,
    );
    expect(nameError(message, [])).to.equal(message);
    expect(nameError("out of gas", errors)).to.equal("out of gas");
  });
});

describe("scripts/mutation/reach", function () {
  this.timeout(30_000);

  it("finds what a contract inlines, and leaves out what is linked or belongs to another", () => {
    const content = `// SPDX-License-Identifier: GPL-2.0-or-later
      pragma solidity ^0.8.30;
      library In { uint256 internal constant K = 3; function inner() internal pure returns (uint256) { return deep(); }
        function deep() private pure returns (uint256) { return K; } function unused() internal pure {} }
      library Linked { function far() external pure returns (uint256) { return In.inner(); } }
      contract Base { function base() internal pure {} }
      contract A is Base { function a() public pure returns (uint256) { return In.inner(); } }
      contract B { function b() public pure returns (uint256) { return Linked.far(); } }`;
    const { asts } = analyse(["x.sol"], () => content);
    const reach = new Reach(asts);
    const nameOf = new Map<number, string>();
    for (const ast of asts.values()) {
      walk(ast, (node) => {
        if (/Definition$|^VariableDeclaration$/.test(node.nodeType)) nameOf.set(node.id, text(node, "name"));
        return true;
      });
    }
    const names = (contract: string): readonly string[] =>
      [...reach.of({ file: "x.sol", contract })]
        .map((id) => nameOf.get(id) ?? "")
        .filter((name) => name !== "")
        .sort();
    expect(names("A")).to.deep.equal(["K", "a", "base", "deep", "inner"]);
    expect(names("B")).to.deep.equal(["b"]);
    expect(names("Linked")).to.deep.equal(["K", "deep", "far", "inner"]);
  });
});
