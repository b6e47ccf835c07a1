import { expect } from "chai";
import { makeError } from "ethers";

import { contractInterface } from "../../../keeper/chain/abi.ts";
import { Reverted } from "../../../keeper/chain/errors.ts";
import { CommandError } from "../../../keeper/cli/errors.ts";
import { effectiveBps, exitFeeText, inTokens } from "../../../keeper/cli/lp/move.ts";
import { shortOf } from "../../../keeper/cli/lp/withdraw.ts";
import { parsePercentExactly, PERCENT_UNIT } from "../../../keeper/cli/parse.ts";
import { inOurWords, type PairInfo } from "../../../keeper/cli/vaultConnection.ts";

const address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const token0 = { address, symbol: "LETH", decimals: 18 };
const token1 = { address, symbol: "LUSD", decimals: 6 };
const pair: PairInfo = {
  token0,
  token1,
  base: token0,
  quote: token1,
  quoteIsToken0: false,
  baseDecimals: 18,
  quoteDecimals: 6,
};

describe("cli/lp/move", () => {
  for (const [name, words] of [
    [
      "DepositAboveMax",
      "The shares cost 1.5 LETH and 3,000 LUSD, more than the 1.25 LETH and 2,500 LUSD that were offered",
    ],
    [
      "WithdrawBelowMin",
      "The shares bring 1.5 LETH and 3,000 LUSD, less than the 1.25 LETH and 2,500 LUSD that were asked for",
    ],
  ] as const) {
    it(`tells ${name} in the tokens' units and names --slippage`, () => {
      const amounts = [15n * 10n ** 17n, 125n * 10n ** 16n, 3_000n * 10n ** 6n, 2_500n * 10n ** 6n];
      const told = inTokens(new Reverted(contractInterface("Vault").encodeErrorResult(name, amounts)), pair);
      expect(told).to.be.instanceOf(CommandError);
      expect((told as Error).message).to.match(new RegExp(`^${words}: .*--slippage`));
    });
  }

  it("leaves other refusals as they are", () => {
    const other = new Reverted(contractInterface("Vault").encodeErrorResult("ZeroShares", []));
    expect(inTokens(other, pair)).to.equal(other);
  });

  it("tells a lost nonce as another command of the account", () => {
    const lost = [
      makeError("nonce has already been used", "NONCE_EXPIRED", { transaction: {} }),
      makeError("replacement fee too low", "REPLACEMENT_UNDERPRICED", { transaction: {} }),
      makeError("could not coalesce error", "UNKNOWN_ERROR", {
        error: { message: "Nonce too low. Expected nonce to be 5 but got 4." },
      }),
    ];
    for (const error of lost) {
      expect((inOurWords(error) as Error).message).to.match(/^Another command of this account is running; wait /);
    }
    const other = new Error("nonce too low");
    expect(inOurWords(other)).to.equal(other);
  });

  it("tells what ethers says of a contract, and of a purse without gas, in its own words", () => {
    const call = { action: "call", data: "0x", reason: null, transaction: { to: address, data: "0x" } } as const;
    const said = [
      makeError("missing revert data", "CALL_EXCEPTION", { ...call, invocation: null, revert: null }),
      makeError("could not decode result data", "BAD_DATA", { value: "0x" }),
      makeError("insufficient funds", "INSUFFICIENT_FUNDS", { transaction: {} }),
    ].map((error) => (inOurWords(error) as Error).message);
    expect(said[0]).to.match(/^The call was refused without a reason; /);
    expect(said[1]).to.match(/^A contract does not answer as it should; /);
    expect(said[2]).to.match(/^The account has too little of the chain's own coin to pay for gas; /);
  });

  it("says what a leaver lacks for a debt, by the preview as by the withdrawal", () => {
    const actor = { address, name: "lp1", signer: null as never };
    const has = { shares: 1n, amount0: 10n ** 18n, amount1: 0n };
    expect(shortOf(actor, pair, has, { amount0: 10n ** 18n, amount1: 0n })).to.equal(null);
    expect(shortOf(actor, pair, has, { amount0: 2n * 10n ** 18n, amount1: 0n })).to.match(
      /^To leave in tokens lp1 has to pay in .* too little: 1 LETH of up to 2 LETH; get more of it, or leave with units/,
    );
  });

  it("says an exit fee's effective rate", () => {
    const wei = 10n ** 18n;
    const fee = { bps: 5, shares: 200n * wei };
    expect(effectiveBps(fee, 570_203n * wei)).to.equal(3.51);
    expect(effectiveBps(fee, 0n)).to.equal(0);
    expect(exitFeeText(fee, 570_203n * wei)).to.equal(
      "200 shares (3.51 bps of what leaves: 5 bps of the lesser of what leaves and what stays)",
    );
  });
});

describe("cli/parse", () => {
  it("takes a percentage exactly", () => {
    expect(parsePercentExactly("100")).to.equal(100n * PERCENT_UNIT);
    expect(parsePercentExactly("0.00001 %")).to.equal(10n ** 13n);
    expect(parsePercentExactly("0")).to.equal(0n);
    for (const text of ["-1", "100.1", "1e2", "", `0.${"0".repeat(18)}1`]) {
      expect(() => parsePercentExactly(text)).to.throw(/Write /);
    }
  });
});
