import { expect } from "chai";
import { Interface, ZeroAddress } from "ethers";

import { loadArtifact } from "../../../scripts/deploy/artifacts.ts";
import { governedCall, type Present, VoteError } from "../../../scripts/governance/call.ts";

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
    expect(set).to.include({ contract: "policy", delayed: true, adopts: 2 });
    expect([...policy.decodeFunctionData("setSleeve", set.data)]).to.deep.equal([2n, ACCOUNT, 3_500n]);
    const freed = await governedCall(["sleeve", "set", "asset", "none", "0"]);
    expect([...policy.decodeFunctionData("setSleeve", freed.data)]).to.deep.equal([3n, ZeroAddress, 0n]);
    const lowered = await governedCall(["sleeve", "cap", "conversion", "1000"]);
    expect(lowered).to.include({ contract: "policy", delayed: false, adopts: null });
    expect([...policy.decodeFunctionData("lowerSleeveCap", lowered.data)]).to.deep.equal([0n, 1_000n]);

    for (const words of [[], ["put"], ["set", "reserve", ACCOUNT], ["cap", "reserve"], ["cap", "reserve", "1", "2"]])
      expect(await refused(["sleeve", ...words])).to.match(/^Write sleeve set PLACE ADDRESS CAP_BPS/);
    expect(await refused(["sleeve", "cap", "core", "1000"])).to.match(
      /no place "core".*conversion, reversal, reserve, asset/,
    );
    expect(await refused(["sleeve", "set", "reserve", "somewhere", "1"])).to.match(
      /does not fit setSleeve index sleeve capBps/,
    );
  });

  it("may name only what changes: the rest stays as it is", async () => {
    const policy = new Interface((await loadArtifact("Policy")).abi);
    const asked: string[] = [];
    const present = (contract: string): Promise<Record<string, bigint>> => {
      asked.push(contract);
      return Promise.resolve(Object.fromEntries(CAPS.map((name, i) => [name, BigInt(i + 100)])));
    };
    const call = await governedCall(["setCaps", "lossRefillBps=5", "treasuryShareBps=1000"], present);
    const given: Record<string, bigint> = { lossRefillBps: 5n, treasuryShareBps: 1_000n };
    const expected = CAPS.map((name, i) => given[name] ?? BigInt(i + 100));
    expect(policy.decodeFunctionData("setCaps", call.data)[0]).to.deep.equal(expected);
    expect(asked).to.deep.equal(["policy"]);
    expect(await refused(["setCaps", "lossRefil=5"], present)).to.match(/there is no field lossRefil/);
  });

  it("are refused with what there is instead", async () => {
    expect(await refused([])).to.match(/without a name.*setCaps coreWeightCapBps minHalfWidth/s);
    expect(await refused(["transferOwnership"])).to.include('"transferOwnership"');
    expect(await refused(["setCaps", "20"])).to.match(/takes 17 values, not 1/);
    expect(await refused(["addPool", "one"])).to.match(/does not fit addPool fee/);
    expect(await refused(["addPool", "-1"])).to.match(/does not fit/);
  });
});
