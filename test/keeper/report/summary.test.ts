import { expect } from "chai";

import { totalOf, type Attribution } from "../../../keeper/report/attribution.ts";
import { NO_INCIDENTS } from "../../../keeper/report/incidents.ts";
import { decimal, duration, price, signed, signedPercent } from "../../../keeper/report/format.ts";
import { summaryDocument, summaryText, type RunResult } from "../../../keeper/report/summary.ts";
import { expectClose } from "../../support/close.ts";

const terms: Attribution = {
  market: 1234.567890123,
  fees: 345.6789012345,
  lvr: 222.2222222,
  hedge: 0,
  carry: 0,
  gas: 17.1717171717,
  slippage: 3.33333333,
};
const run: RunResult = {
  chainId: 31337,
  vault: "0x01",
  lens: "0x02",
  safe: { address: "0x03", threshold: 2, owners: ["0x04", "0x05", "0x06"] },
  path: {
    source: "file",
    file: "prices.csv",
    from: 1_583_020_800,
    to: 1_583_107_200,
    step: 3600,
    bars: Array.from({ length: 24 }, (_, i) => ({
      time: 1_583_020_800 + i * 3600,
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      volume: 0,
    })),
    filledBars: 1,
  },
  quoteSymbol: "LUSD",
  actions: {
    rangeShift: 2,
    feeTierMove: 1,
    compound: 3,
    deploy: 1,
    settle: 2,
    feeChange: 4,
    sleeveMove: 0,
    poke: 1,
    treasurySync: 0,
  },
  plans: 5,
  refused: 1,
  ticks: 24,
  budgets: {
    loss: { used: 0.00123, capacity: 0.005 },
    turnover: { used: 0.1, capacity: 0.18 },
    churn: { used: 0, capacity: 0.02 },
  },
  ledger: {
    terms,
    total: totalOf(terms),
    sleeves: [],
    steps: [],
    incidents: NO_INCIDENTS,
    start: 1_000_000,
    end: 1_000_000 + totalOf(terms) + terms.gas,
    flows: 0,
    unexplained: 0,
  },
  sharePrice: { start: 1, end: 1.0013547 },
  baselines: { hold: 1_001_000.5, static: 999_000.25 },
  staticRange: { fee: 3000, lower: 180, upper: 260 },
  seconds: 61.23456,
};

describe("report/summary", () => {
  const document = summaryDocument(run);

  it("prints amounts as decimal strings whose terms add up to the total exactly", () => {
    const { market, fees, lvr, hedge, carry, gas, slippage, total } = document.attribution;
    const micro = (text: string): bigint => BigInt(text.replace(".", ""));
    expect(
      micro(market) + micro(fees) - micro(lvr) + micro(hedge) + micro(carry) - micro(gas) - micro(slippage),
    ).to.equal(micro(total));
    expectClose(Number(document.nav.end) - Number(document.nav.start) - Number(gas), Number(total), 1e-5);
    for (const text of [document.nav.start, document.sharePrice.end, document.baselines.hold, total]) {
      expect(text).to.match(/^-?\d+\.\d+$/);
    }
  });

  it("has the documented fields", () => {
    expect(document).to.include({ chainId: 31337, vault: "0x01", refused: 1, seconds: 61.235, gasPaidBy: "keeper" });
    expect(document.path).to.deep.equal({
      source: "file",
      file: "prices.csv",
      from: "2020-03-01T00:00:00.000Z",
      to: "2020-03-02T00:00:00.000Z",
      bars: 23,
      filledBars: 1,
    });
    expect(document.actions).to.deep.equal({
      deploy: 1,
      rangeShift: 2,
      feeTierMove: 1,
      compound: 3,
      sleeveMove: 0,
      settle: 2,
      feeChange: 4,
      poke: 1,
      treasurySync: 0,
    });
    expect(document.budgets).to.deep.equal({
      loss: { usedBps: 12.3, capacityBps: 50 },
      turnover: { usedBps: 1_000, capacityBps: 1_800 },
      churn: { usedBps: 0, capacityBps: 200 },
    });
    expectClose(document.returns.hold, 0.0010005, 1e-12);
    expect(JSON.parse(JSON.stringify(document))).to.deep.equal(document);
  });

  it("tells what each sleeve made, so that core and sleeves add up to the total and the gas", () => {
    const sleeves = [
      { index: 0, kind: "conversion", hedge: 123.45678949, carry: -4.00000049 },
      { index: 2, kind: "reserve", hedge: 0, carry: 7.12345649 },
    ] as const;
    const with_ = { ...terms, hedge: 123.45678949, carry: 3.123456 };
    const {
      core,
      sleeves: told,
      attribution,
    } = summaryDocument({ ...run, ledger: { ...run.ledger, terms: with_, sleeves } });
    expect(told).to.deep.equal({
      conversion: { pnl: "119.456789", hedge: "123.456789", carry: "-4.000000" },
      reserve: { pnl: "7.123456", hedge: "0.000000", carry: "7.123456" },
    });
    const parts = Number(core.pnl) + Object.values(told ?? {}).reduce((sum, { pnl }) => sum + Number(pnl), 0);
    expectClose(parts, Number(attribution.total) + Number(attribution.gas), 1e-9);
    expectClose(Number(attribution.hedge) + Number(attribution.carry), 119.456789 + 7.123456, 1e-9);
    expect("sleeves" in summaryDocument(run)).to.equal(false);
  });

  it("tells how each sleeve's use went up and down", () => {
    const sleeves = [{ index: 0, kind: "conversion", hedge: 120, carry: -4 }] as const;
    const steps = [
      { index: 0, kind: "conversion", token: "base", up: 3, down: 1, raised: 30, lowered: 12, most: 25, end: 18.5 },
    ] as const;
    const hedged = { ...run, ledger: { ...run.ledger, sleeves, steps } };
    expect(summaryDocument(hedged).sleeves?.["conversion"]?.steps).to.deep.equal({
      of: "debt",
      token: "base",
      up: 3,
      down: 1,
      raised: "30.000000000",
      lowered: "12.000000000",
      most: "25.000000000",
      end: "18.500000000",
    });
    expect(summaryText(hedged)).to.include(
      "debt: 3 steps up by 30.00 base, 1 down by 12.00, 25.00 at most, 18.50 at the end",
    );
  });

  it("tells of liquidations, deleverages and unwinds if there were any", () => {
    expect("incidents" in document).to.equal(false);
    expect(summaryText(run)).not.to.include("liquidation");
    const incidents = { liquidations: 1, deleverages: 2, unwinds: 0 };
    const hit = { ...run, ledger: { ...run.ledger, incidents } };
    expect(summaryDocument(hit).incidents).to.deep.equal(incidents);
    expect(summaryText(hit)).to.include("1 liquidation, 2 deleverages, 0 unwinds, by others than the keeper");
  });

  it("tells people the same", () => {
    const text = summaryText(run);
    for (const part of [
      "+1,234.57",
      "-222.22",
      "1 deployment, 2 range shifts, 1 fee-tier move, 3 compounds",
      "1,001,000.50 (+0.10 %)",
      "paid by the keeper",
    ]) {
      expect(text).to.include(part);
    }
    expect(text).not.to.include("flows");
  });
});

describe("report/format", () => {
  it("never writes an exponent or a negative zero", () => {
    expect(decimal(1e-9)).to.equal("0.000000");
    expect(decimal(-1e-9)).to.equal("0.000000");
    expect(decimal(-1.5, 2)).to.equal("-1.50");
    expect(signed(-0.001)).to.equal("0.00");
    expect(signedPercent(0.01234)).to.equal("+1.23 %");
  });

  it("gives prices six digits and times in words", () => {
    expect(price(2713.4)).to.equal("2,713.40");
    expect(price(0.000123456)).to.equal("0.00012346");
    expect(price(123456.7)).to.equal("123,456.70");
    expect([duration(59.6), duration(3661)]).to.deep.equal(["1:00", "1:01:01"]);
  });
});
