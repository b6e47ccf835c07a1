import { expect } from "chai";

import { sleeveDocuments, sleeveLines } from "../../../keeper/cli/sleeveLines.ts";
import type { PairInfo } from "../../../keeper/cli/vaultConnection.ts";
import type { SleeveState, VaultState } from "../../../keeper/strategy/types.ts";
import { CONVERSION, makeState, RESERVE, REVERSAL, START, withHealth } from "../strategy/world.ts";

const base = { address: "0x01", symbol: "ETH", decimals: 18 };
const quote = { address: "0x02", symbol: "USD", decimals: 6 };
const PAIR: PairInfo = {
  base,
  quote,
  token0: base,
  token1: quote,
  quoteIsToken0: false,
  baseDecimals: 18,
  quoteDecimals: 6,
};

function vault(...sleeves: readonly SleeveState[]): VaultState {
  return makeState({ time: START, price: 2000, idleBase: 0, idleQuote: 950_000, ranges: [], sleeves });
}

const line = (sleeve: SleeveState): string => sleeveLines(vault(sleeve), [], PAIR, null)[0]?.[1] ?? "";
const document = (sleeve: SleeveState): Readonly<Record<string, unknown>> =>
  sleeveDocuments(vault(sleeve), [])[0] as Readonly<Record<string, unknown>>;

describe("cli/sleeveLines", () => {
  it("sets what a sleeve owns, before its debt, against its cap: that is what the cap is on", () => {
    const conversion = withHealth({ ...CONVERSION, owned: 100_000, owed: 25, cap: 0.05 }, 2000);
    expect(line(conversion)).to.contain("worth 50,000.00 USD (5.0 %); owns 10.0 % of NAV (cap 5 %)");
    expect(document(conversion)).to.include({ ownedBps: 1_000, capBps: 500 });
    const reversal = withHealth({ ...REVERSAL, owned: 50, owed: 50_000 }, 2000);
    expect(line(reversal)).to.contain("owns 10.0 % of NAV (cap 10 %)");
  });

  it("shows the dearest rate, and when anybody may bring the debt down", () => {
    const debt = withHealth({ ...CONVERSION, owned: 100_000, owed: 25 }, 2000);
    expect(line(debt)).to.contain("at 3.0 % a year (dearest 25 %), health 1.72 (deleveraged under 1.10);");
    expect(line(debt)).not.to.contain("anybody");
    expect(document(debt)).to.include({ borrowRateCap: 0.25, deleverage: null });
    const dear = { ...debt, borrowRate: 0.5 };
    expect(line(dear)).to.contain("borrowing is dearer than its cap, so anybody may bring the debt down");
    expect(document(dear)["deleverage"]).to.equal("borrowing is dearer than its cap");
    const weak = withHealth({ ...CONVERSION, owned: 100_000, owed: 40 }, 2000);
    expect(line(weak)).to.contain("its health is under the floor, so anybody may bring the debt down");
  });

  it("does not take a venue that tells no yield for one that pays none", () => {
    expect(line({ ...RESERVE, owned: 1_000 })).to.contain("earns 4.0 % a year");
    const silent = { ...RESERVE, owned: 1_000, supplyRate: 0 };
    expect(line(silent)).to.contain("its venue does not tell what it earns");
    expect(document(silent)["supplyRate"]).to.equal(null);
  });
});
