import { expect } from "chai";
import { Interface, ZeroAddress } from "ethers";

import { loadArtifact } from "../../../scripts/deploy/artifacts.ts";
import { decisions, governedCall, type Present, VoteError } from "../../../scripts/governance/call.ts";
import { voteWords } from "../../../scripts/governance/words.ts";

const ACCOUNT = "0x00000000000000000000000000000000000000AA";

/** Fields of Policy.Caps in their order. */
const CAPS = [
  "coreWeightCapBps",
  "minHalfWidth",
  "maxHalfWidth",
  "maxPlanLossBps",
  "lossCapBps",
  "lossRefillBps",
  "turnoverCapBps",
  "turnoverRefillBps",
  "churnCapBps",
  "churnRefillBps",
  "volFloorBps",
  "lvrLimitBps",
  "treasuryShareBps",
  "maxEntryFeeBps",
  "maxExitFeeBps",
  "deleverageCapBps",
  "deleverageRefillBps",
];

async function refused(words: readonly string[], present?: Present): Promise<string> {
  try {
    await governedCall(words, present);
  } catch (error) {
    expect(error).to.be.instanceOf(VoteError);
    return (error as Error).message;
  }
  throw new Error(`"${words.join(" ")}" was not refused.`);
}

describe("the words of a vote", () => {
  it("become a call of the policy or the oracle, delayed if it gives room", async () => {
    const policy = new Interface((await loadArtifact("Policy")).abi);
    const values = CAPS.map((_, i) => String(i + 1));
    const caps = await governedCall(["setCaps", ...values]);
    expect(caps).to.include({ contract: "policy", delayed: true });
    expect(policy.decodeFunctionData("setCaps", caps.data)[0]).to.deep.equal(values.map(BigInt));
    for (const [name, delayed] of [
      ["setTreasury", true],
      ["addKeeper", true],
      ["removeKeeper", false],
    ] as const) {
      const call = await governedCall([name, ACCOUNT]);
      expect(call).to.include({ contract: "policy", delayed });
      expect(policy.decodeFunctionData(name, call.data)[0]).to.equal(ACCOUNT);
    }
    for (const [name, delayed] of [
      ["renewPause", true],
      ["unpause", true],
      ["pause", false],
    ] as const) {
      expect(await governedCall([name])).to.include({ contract: "policy", delayed, signature: name });
    }
    const pool = await governedCall(["removePool", "10000"]);
    expect(pool).to.include({ contract: "policy", delayed: false });
    expect(policy.decodeFunctionData("removePool", pool.data)[0]).to.equal(10_000n);
    const terms = await governedCall(["setTerms", "3000", "1800", "500", "4200", "87000", "50", "25"]);
    expect(terms).to.include({ contract: "oracle", delayed: true });
  });

  it("name a sleeve's place instead of its index", async () => {
    const policy = new Interface((await loadArtifact("Policy")).abi);
    const set = await governedCall(["sleeve", "set", "reserve", ACCOUNT, "3500"]);
    expect(set).to.include({ contract: "policy", delayed: true, open: false });
    expect(set.place).to.deep.equal({ act: "set", index: 2, sleeve: ACCOUNT });
    expect([...policy.decodeFunctionData("setSleeve", set.data)]).to.deep.equal([2n, ACCOUNT, 3_500n]);
    const freed = await governedCall(["sleeve", "set", "asset", "none", "0"]);
    expect([...policy.decodeFunctionData("setSleeve", freed.data)]).to.deep.equal([3n, ZeroAddress, 0n]);
    const lowered = await governedCall(["sleeve", "cap", "conversion", "1000"]);
    expect(lowered).to.include({ contract: "policy", delayed: false, open: false, place: null });
    expect([...policy.decodeFunctionData("lowerSleeveCap", lowered.data)]).to.deep.equal([0n, 1_000n]);

    const vault = new Interface((await loadArtifact("Vault")).abi);
    for (const [words, name, open] of [
      [["unwind", "reversal"], "unwind", false],
      [["sleeve", "adopt", "1"], "adoptSleeve", true],
      [["sleeve", "deleverage", "reversal"], "deleverage", true],
    ] as const) {
      const call = await governedCall(words);
      expect(call).to.include({ contract: "vault", delayed: false, open });
      expect([...vault.decodeFunctionData(name, call.data)]).to.deep.equal([1n]);
      expect(call.place).to.deep.equal({ act: name === "adoptSleeve" ? "adopt" : name, index: 1 });
    }
    expect(await refused(["unwind"])).to.match(/^Write unwind PLACE; a PLACE is 0 to 3/);
    expect(await refused(["unwind", "4"])).to.match(/no place "4".*conversion, reversal/);

    for (const words of [
      [],
      ["put"],
      ["set", "reserve", ACCOUNT],
      ["cap", "reserve"],
      ["cap", "reserve", "1", "2"],
      ["adopt"],
      ["deleverage", "0", "1"],
    ])
      expect(await refused(["sleeve", ...words])).to.match(/^Write sleeve set PLACE ADDRESS CAP_BPS/);
    expect(await refused(["sleeve", "cap", "core", "1000"])).to.match(
      /no place "core".*conversion, reversal, reserve, asset/,
    );
    expect(await refused(["sleeve", "set", "reserve", "somewhere", "1"])).to.match(
      /sleeve "somewhere" is no address: write 0x and 40 hex digits/,
    );
    expect(await refused(["sleeve", "set", "reserve", "none", "5"])).to.match(/has a cap of 0: write none 0/);
  });

  it("may name only what changes: the rest stays as it is", async () => {
    const policy = new Interface((await loadArtifact("Policy")).abi);
    const asked: string[] = [];
    const present = (contract: string): Promise<Record<string, bigint>> => {
      asked.push(contract);
      return Promise.resolve(Object.fromEntries(CAPS.map((name, i) => [name, BigInt(i + 20)])));
    };
    const call = await governedCall(["setCaps", "lossRefillBps=5", "treasuryShareBps=1000"], present);
    const given: Record<string, bigint> = { lossRefillBps: 5n, treasuryShareBps: 1_000n };
    const expected = CAPS.map((name, i) => given[name] ?? BigInt(i + 20));
    expect(policy.decodeFunctionData("setCaps", call.data)[0]).to.deep.equal(expected);
    expect(asked).to.deep.equal(["policy"]);
    expect(await refused(["setCaps", "lossRefil=5"], present)).to.match(/there is no field lossRefil/);
  });

  it("are refused with what there is instead", async () => {
    expect(await refused(["transferOwnership"])).to.match(
      /"transferOwnership".*setCaps coreWeightCapBps minHalfWidth/s,
    );
    expect(await refused(["setCaps", "20"])).to.match(/takes 17 values, not 1/);
  });

  it("are refused for a number that no contract takes, with the greatest that one does", async () => {
    expect(await refused(["sleeve", "set", "conversion", ACCOUNT, "99999"])).to.equal(
      "capBps 99999 is too large: the greatest is 10000.",
    );
    expect(await refused(["sleeve", "cap", "conversion", "-1"])).to.equal(
      "capBps -1 is negative: write a whole number from 0 to 10000.",
    );
    expect(await refused(["addPool", "one"])).to.equal('fee "one" is no whole number: write one from 0 to 16777215.');
    expect(await refused(["addPool", "-1"])).to.match(/fee -1 is negative/);
    const present = (): Promise<Record<string, bigint>> =>
      Promise.resolve(Object.fromEntries(CAPS.map((name) => [name, 1n])));
    expect(await refused(["setCaps", "treasuryShareBps=1001"], present)).to.equal(
      "treasuryShareBps 1001 is too large: the greatest is 1000.",
    );
    expect(await refused(["setCaps", "lossCapBps=0.5"], present)).to.match(/"0.5" is no whole number/);
  });

  it("are not needed to be told what there is, the guardian only of what he may do", async () => {
    const all = await decisions(false);
    for (const one of [
      "setCaps core",
      "setTerms reference",
      "pause",
      "sleeve set PLACE",
      "unwind PLACE",
      "sleeve adopt",
    ])
      expect(all).to.include(one);
    const guardian = await decisions(true);
    for (const one of ["tightenCaps core", "removePool fee", "pause", "sleeve cap PLACE", "unwind PLACE"])
      expect(guardian).to.include(one);
    expect(guardian).not.to.match(/setCaps|addPool|setTerms|sleeve set|adopt|unpause/);
  });

  it("may name the world's folder anywhere, and who acts", () => {
    expect(voteWords(["guardian", "--dir", "w", "pause"])).to.deep.equal({
      dir: "w",
      namedDir: "w",
      byGuardian: true,
      decision: ["pause"],
    });
    expect(voteWords(["addPool", "-1", "--dir=w"])).to.deep.include({ dir: "w", decision: ["addPool", "-1"] });
    expect(voteWords(["guardian", "--help"])).to.deep.include({ byGuardian: true, namedDir: null, decision: [] });
    expect(() => voteWords(["pause", "--dir"])).to.throw(VoteError, /--dir needs/);
    expect(() => voteWords(["pause", "--port", "1"])).to.throw(VoteError, /no option --port/);
  });
});
