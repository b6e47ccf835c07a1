import { expect } from "chai";
import { Interface } from "ethers";

import { loadArtifact } from "../../../scripts/deploy/artifacts.ts";
import { governedCall, VoteError } from "../../../scripts/governance/call.ts";

async function refused(words: readonly string[]): Promise<string> {
  try {
    await governedCall(words);
  } catch (error) {
    expect(error).to.be.instanceOf(VoteError);
    return (error as Error).message;
  }
  throw new Error(`"${words.join(" ")}" was not refused.`);
}

describe("the words of a vote", () => {
  it("become a call of the policy or the oracle, delayed if it gives room", async () => {
    const policy = new Interface((await loadArtifact("Policy")).abi);
    const caps = await governedCall(["setCaps", "20", "6000", "500", "20000"]);
    expect(caps).to.include({ contract: "policy", delayed: true });
    expect(policy.decodeFunctionData("setCaps", caps.data)[0]).to.deep.equal([20n, 6000n, 500n, 20000n]);
    const pool = await governedCall(["removePool", "10000"]);
    expect(pool).to.include({ contract: "policy", delayed: false });
    expect(policy.decodeFunctionData("removePool", pool.data)[0]).to.equal(10_000n);
    const terms = await governedCall(["setTerms", "3000", "1800", "500", "4200", "87000", "50", "25"]);
    expect(terms).to.include({ contract: "oracle", delayed: true });
  });

  it("are refused with what there is instead", async () => {
    expect(await refused([])).to.match(/without a name.*setCaps maxPlanLossBps coreWeightCapBps/s);
    expect(await refused(["transferOwnership"])).to.include('"transferOwnership"');
    expect(await refused(["setCaps", "20"])).to.match(/takes 4 values, not 1/);
    expect(await refused(["addPool", "one"])).to.match(/does not fit addPool fee/);
    expect(await refused(["addPool", "-1"])).to.match(/does not fit/);
  });
});
