import { expect } from "chai";
import { makeError } from "ethers";

import { contractInterface } from "../../../keeper/chain/abi.ts";
import { Reverted } from "../../../keeper/chain/errors.ts";
import { CommandError } from "../../../keeper/cli/errors.ts";
import { inTokens } from "../../../keeper/cli/lp/move.ts";
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
