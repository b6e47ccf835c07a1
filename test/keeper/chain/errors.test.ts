import { expect } from "chai";
import { Interface } from "ethers";

import { contractInterface, CONTRACTS } from "../../../keeper/chain/abi.ts";
import { decodeRefusal, explainedErrors, revertDataOf, Reverted } from "../../../keeper/chain/errors.ts";

const ACCOUNT = "0x00000000000000000000000000000000000000AA";

describe("errors of the chain", () => {
  it("explains every custom error of our contracts, and none that does not exist", () => {
    const built = new Set<string>();
    for (const name of CONTRACTS) contractInterface(name).forEachError((error) => built.add(error.format("sighash")));
    // An inlined library's error is in no ABI.
    built.add("InvalidTick(int24)");
    expect([...built].filter((signature) => !explainedErrors().includes(signature))).to.deep.equal([]);
    expect(explainedErrors().filter((signature) => !built.has(signature))).to.deep.equal([]);
  });

  it("says each in one sentence, with its arguments", () => {
    for (const name of CONTRACTS) {
      contractInterface(name).forEachError((error) => {
        const abi = contractInterface(name);
        const values = error.inputs.map((input) => sample(input.type));
        const refusal = decodeRefusal(abi.encodeErrorResult(error, values));
        expect(refusal.name).to.equal(error.name);
        expect(refusal.message, refusal.message).to.match(/^[A-Z0-9].*\.$/);
        expect(refusal.message, refusal.message).not.to.match(/undefined|NaN|\?/);
      });
    }
  });

  it("knows OpenZeppelin's errors of venues, which pass through the sleeves", () => {
    const venue = new Interface([
      "error ERC4626ExceededMaxRedeem(address owner, uint256 shares, uint256 max)",
      "error ERC4626ExceededMaxWithdraw(address owner, uint256 assets, uint256 max)",
      "error ERC4626ExceededMaxDeposit(address receiver, uint256 assets, uint256 max)",
      "error ERC4626ExceededMaxMint(address receiver, uint256 shares, uint256 max)",
      "error EnforcedPause()",
    ]);
    venue.forEachError((error) => {
      const data = venue.encodeErrorResult(error, error.inputs.length === 0 ? [] : [ACCOUNT, 20n, 12n]);
      const refusal = decodeRefusal(data);
      expect(refusal.name).to.equal(error.name);
      expect(refusal.message).to.match(/^The venue (pays|takes|gives|is paused)[^?]+; [^?]+\.$/u);
      if (error.inputs.length > 0) expect(refusal.message).to.match(/at most 12 .*not 20;/u);
    });
  });

  it("says why a sleeve is obstructed", () => {
    const said = (why: number): string =>
      decodeRefusal(contractInterface("Erc4626Sleeve").encodeErrorResult("Obstructed", [why])).message;
    expect(said(1)).to.contain("too near liquidation");
    expect(said(2)).to.contain("has lent out what it would have to pay");
    expect(said(3)).to.contain("settles later");
    expect(said(4)).to.contain("does not answer or is closed");
  });

  it("tells the two SpotOutsideBand apart", () => {
    const plan = contractInterface("PlanLib").encodeErrorResult("SpotOutsideBand", [500, 1n]);
    const oracle = contractInterface("PriceOracle").encodeErrorResult("SpotOutsideBand", [3_000, 1n, 2n, 3n]);
    expect(decodeRefusal(plan).message).to.contain("0.05 % pool").and.not.contain("reference");
    expect(decodeRefusal(oracle).message).to.contain("reference pool (0.3 %)");
  });

  it("shows figures as people read them", () => {
    const data = contractInterface("PlanLib").encodeErrorResult("LossAboveLimit", [31n * 10n ** 14n, 25n * 10n ** 14n]);
    expect(decodeRefusal(data).message).to.equal(
      "The plan would be charged 0.310 % of NAV, above the policy's limit of 0.250 %; swap less, mint wider or move in smaller parts.",
    );
  });

  it("knows Uniswap's letters, Solidity's reasons and panics, and admits what it does not know", () => {
    const plain = new Interface(["error Error(string)", "error Panic(uint256)"]);
    expect(decodeRefusal(plain.encodeErrorResult("Error", ["SPL"])).message)
      .to.contain("price limit")
      .and.contain("SPL");
    expect(decodeRefusal(plain.encodeErrorResult("Error", ["something else"])).message).to.contain("something else");
    expect(decodeRefusal(plain.encodeErrorResult("Panic", [17])).message).to.contain("overflow");
    expect(decodeRefusal("0x").name).to.equal("Unknown");
    expect(decodeRefusal("0xdeadbeef").message).to.contain("0xdeadbeef");
    // A known selector with arguments cut off.
    expect(decodeRefusal(contractInterface("PlanLib").getError("WrongNonce")?.selector ?? "").name).to.equal("Unknown");
  });

  it("finds revert data in the shapes that providers use", () => {
    const data = contractInterface("Policy").encodeErrorResult("NotKeeper", [ACCOUNT]);
    const shapes: unknown[] = [
      Object.assign(new Error("execution reverted"), { code: 3, data }),
      Object.assign(new Error("reverted"), { data: { message: "x", data } }),
      Object.assign(new Error("could not coalesce"), {
        info: { error: { code: 3, message: "execution reverted", data } },
      }),
      Object.assign(new Error("outer"), { error: { data } }),
      new Error("outer", { cause: Object.assign(new Error("inner"), { data }) }),
    ];
    for (const shape of shapes) expect(revertDataOf(shape)).to.equal(data);
    expect(revertDataOf(new Error("execution reverted"))).to.equal("0x");
    expect(revertDataOf(new Error("connection refused"))).to.equal(null);
    expect(revertDataOf(null)).to.equal(null);
    const error = new Reverted(data);
    expect(error.refusal.name).to.equal("NotKeeper");
    expect(error.message).to.contain(ACCOUNT);
  });
});

function sample(type: string): unknown {
  if (type === "address") return ACCOUNT;
  if (type === "string") return "text";
  if (type === "bytes32") return `0x${"11".repeat(32)}`;
  return 7n;
}
