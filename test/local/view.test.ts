import { expect } from "chai";

import { NOTHING } from "../../keeper/report/attribution.ts";
import { rangePicture, renderFrame } from "../../scripts/local/view/frame.ts";
import type { ActionView, WorldView } from "../../scripts/local/view/model.ts";
import { Terminal } from "../../scripts/local/view/terminal.ts";
import { lineWatcher, liveWatcher } from "../../scripts/local/view/watcher.ts";
import { NO_ACTIONS } from "../../keeper/report/summary.ts";

const action: ActionView = {
  time: 1_583_020_800,
  kinds: ["rangeShift"],
  refusal: null,
  why: "The price left the range.",
};

const view: WorldView = {
  url: "http://127.0.0.1:8545",
  chainId: 31337,
  vault: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  baseSymbol: "LETH",
  quoteSymbol: "LUSD",
  block: 5021,
  time: 1_583_020_800 + 43_200,
  from: 1_583_020_800,
  to: 1_583_020_800 + 86_400,
  pace: 20,
  remaining: 61,
  finished: false,
  marketPrice: 2713.4,
  oraclePrice: 2709.88,
  oracleError: 0.0075,
  nav: 1_024_310.22,
  sharePrice: 1.02431,
  shareReturn: 0.0243,
  hold: 0.019,
  static: -0.011,
  ranges: [
    { fee: 500, lower: 2310, upper: 3120, share: 0.412 },
    { fee: 3000, lower: 2800, upper: 3000, share: 0.2 },
  ],
  idle: 0.188,
  sleeves: [{ place: "conversion", share: 0.2, pnl: -321.5 }],
  liquidations: 0,
  deleverages: 2,
  terms: { ...NOTHING, market: 1000, fees: 500, lvr: 400, gas: 12, slippage: 3 },
  counts: { ...NO_ACTIONS, rangeShift: 3, feeTierMove: 1, compound: 4, deploy: 1 },
  refused: 2,
  holding: "The price is inside the range.",
  actions: [action],
};

describe("local/view", () => {
  it("draws where the price stands in a range, by ratio", () => {
    expect(rangePicture({ lower: 100, upper: 400 }, 200, 11)).to.equal(" [-----|-----] ");
    expect(rangePicture({ lower: 100, upper: 400 }, 100, 11)).to.equal(" [|----------] ");
    expect(rangePicture({ lower: 100, upper: 400 }, 399.99, 11)).to.equal(" [----------|] ");
    expect(rangePicture({ lower: 100, upper: 400 }, 99, 11)).to.equal("<[-----------] ");
    expect(rangePicture({ lower: 100, upper: 400 }, 400, 11)).to.equal(" [-----------]>");
  });

  it("shows everything that a watcher wants to know", () => {
    const frame = renderFrame(view, 200).join("\n");
    for (const text of [
      "block 5,021",
      "2020-03-01 12:00Z",
      "50 %",
      "1:01 left",
      "2,713.40 LUSD per LETH",
      "oracle 2,709.88 (within 0.75 %)",
      "NAV     1,024,310.22 LUSD",
      "share 1.024310",
      "return  share +2.43 %",
      "hold +1.90 %",
      "static range -1.10 %",
      "LVR -400.00",
      "0.05 %",
      "2,310.00 to 3,120.00",
      "41.2 %",
      "sleeves conversion 20.0 % (-321.50)   2 deleveragings",
      "1 deployment, 3 range shifts, 1 fee-tier move, 4 compounds, 0 settlements, 0 fee changes, 0 sleeve moves, 2 refused",
      "The price is inside the range.",
      "rangeShift  The price left the range.",
    ]) {
      expect(frame).to.include(text);
    }
  });

  it("keeps its height and the terminal's width whatever happens", () => {
    const shapes = [
      view,
      { ...view, ranges: [] },
      { ...view, sleeves: [], deleverages: 0 },
      { ...view, actions: [], oraclePrice: null, holding: null, finished: true },
    ];
    const heights = new Set(shapes.map((one) => renderFrame(one, 60).length));
    expect(heights.size).to.equal(1);
    for (const one of shapes) for (const line of renderFrame(one, 60)) expect(line.length).to.be.at.most(60);
  });

  it("cuts nothing off in a terminal of 80 columns", () => {
    const why = "The 1 % tier pays 142.9 % more than the 0.05 % tier after our own dilution, for 24.0 h.";
    const holding =
      "The nearest bound is 54.1 % of a half-width away; widths are off their target by at most 33 % of 40 %.";
    const terms = { ...NOTHING, market: 299_923.39, fees: 101_333.68, lvr: 97_143.64, gas: 441.23, slippage: 1234.56 };
    const counts = {
      ...NO_ACTIONS,
      deploy: 1,
      rangeShift: 17,
      feeTierMove: 18,
      compound: 10,
      settle: 20,
      feeChange: 40,
      sleeveMove: 50,
    };
    const sleeves = ["conversion", "reversal", "reserve", "asset"].map((place) => {
      return { place, share: -0.123, pnl: -123_456.78 };
    });
    const large = {
      ...view,
      sleeves,
      liquidations: 12,
      deleverages: 34,
      terms,
      counts,
      holding,
      actions: [{ ...action, why }, action],
    };
    const frame = renderFrame(large, 79);
    expect(frame.join("\n")).not.to.include("…");
    const words = frame.join(" ").replaceAll(/\s+/g, " ");
    for (const text of [
      "1:01 left",
      "hold +1.90 %",
      "static range -1.10 %",
      "gas -441.23",
      "asset -12.3 % (-123,456.78)",
      "34 deleveragings 12 liquidations",
      "10 compounds, 20 settlements, 40 fee changes, 50 sleeve moves, 2 refused",
      view.vault,
      holding,
      why,
      action.why,
    ]) {
      expect(words).to.include(text);
    }
    for (const line of frame) expect(line.length).to.be.at.most(79);
  });

  it("draws frames over one another and gives the cursor back", () => {
    let written = "";
    const terminal = new Terminal({ columns: 40, rows: 3, write: (text) => (written += text) });
    terminal.draw(["a", "b", "c", "d"]);
    expect(written).to.equal("\u001b[?25la\u001b[K\nb\u001b[K\n\u001b[J");
    written = "";
    terminal.draw(["e"]);
    expect(written).to.equal("\u001b[2Fe\u001b[K\n\u001b[J");
    written = "";
    terminal.release();
    terminal.release();
    expect(written).to.equal("\u001b[?25h");
  });

  it("asks for a view only when it will be drawn", async () => {
    let [now, asked] = [0, 0];
    const ask = (): Promise<WorldView> => {
      asked++;
      return Promise.resolve(view);
    };
    const watcher = liveWatcher({ write: () => true }, () => now);
    for (const time of [0, 10, 90, 110, 150]) {
      now = time;
      await watcher.hour(0, ask);
    }
    expect(asked).to.equal(2);

    const lines: string[] = [];
    const log = lineWatcher((line) => lines.push(line));
    for (let hour = 1; hour <= 48; hour++) await log.hour(view.from + hour * 3600, ask);
    log.acted(action);
    log.acted({ ...action, refusal: "the pool stands outside the band" });
    expect(asked).to.equal(4);
    expect(lines).to.have.length(4);
    expect(lines[0]).to.include("share 1.024310 (+2.43 %, hold +1.90 %)  3 shifts, 1 tier move, 4 compounds");
    expect(lines[2]).to.equal("2020-03-01 00:00Z  keeper: rangeShift: The price left the range.");
    expect(lines[3]).to.include("rangeShift refused (the pool stands outside the band)");
  });
});
