/** Pools as they were; the figures stand in docs/backtest.md. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { runExact } from "../../../../keeper/backtest/exact/exactRun.ts";
import { loadSource } from "../../../../keeper/backtest/exact/source.ts";
import { windowOf } from "../../../../keeper/backtest/exact/window.ts";
import { attributionAt, TERMS } from "../../../../keeper/backtest/engine/terms.ts";
import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { eventHours } from "../../../../keeper/backtest/pay/eventHours.ts";
import { measuredPay, pathOf } from "../../../../keeper/backtest/pay/measured.ts";
import { minutesOf, readMinuteFile } from "../../../../keeper/backtest/pay/minuteBars.ts";
import { volumeHours } from "../../../../keeper/backtest/pay/volumeHours.ts";
import { staticRange } from "../../../../keeper/backtest/strategies/passive.ts";
import type { Strategy } from "../../../../keeper/backtest/strategies/strategy.ts";
import { parseEvents } from "../../../../keeper/sim/replay/events.ts";
import { expectClose } from "../../../support/close.ts";
import { dataFile } from "../../market/fixtures.ts";
import { runIn, worldOfHours } from "./worlds.ts";

const TOKENS = { baseDecimals: 18, quoteDecimals: 6 } as const;

async function volumeOf(files: readonly string[], window: { from?: string; to?: string } = {}) {
  const minutes = minutesOf(await Promise.all(files.map(readMinuteFile)));
  return { minutes, hours: volumeHours({ minutes, file: "the pool", fee: 500, tokens: TOKENS, ...window }) };
}

describe("backtest/pay: real pools", function () {
  this.timeout(60_000);

  it("2024-01-05, minute bars: fees imply a volatility of 57 %, the price realised 52.4 %", async function () {
    const file = dataFile(this, "univ3", "usdc-weth-500-2024-01-05.minute.csv");
    if (file === undefined) return;
    const { hours } = await volumeOf([file]);
    expect(hours.bars.length).to.equal(24);
    expectClose(hours.volatility.implied ?? 0, 0.57, 0.005, "implied");
    expectClose(hours.volatility.realised ?? 0, 0.525, 0.005, "realised");
    expectClose(measuredPay(hours, pathOf(hours)).payRatio ?? 0, 1.28, 0.01, "pay ratio by the hour");
  });

  it("2024-01-05: bars and events of the same hours agree, and events with the exact engine", async function () {
    const bars = dataFile(this, "univ3", "usdc-weth-500-2024-01-05.minute.csv");
    const file = dataFile(this, "univ3", "usdc-weth-500-2024-01-05.events.csv");
    if (bars === undefined || file === undefined) return;
    const events = parseEvents(await readFile(file, "utf8"), file);
    const source = loadSource({ events, file, tokens: TOKENS });
    const window = windowOf(source.events, source.since, {}, file);
    const byEvents = eventHours(source, window);
    const { hours: byVolume } = await volumeOf([bars], { from: "2024-01-05T01:00Z", to: "2024-01-05T23:00Z" });
    expect(byVolume.bars.map(({ time }) => time)).to.deep.equal(byEvents.bars.map(({ time }) => time));
    for (const [i, { close }] of byEvents.bars.entries())
      // A swap in the mark's own second belongs to the hour before it in one and after it in the other.
      expectClose((byVolume.bars[i]?.close ?? 0) / close, 1, 1e-3, `price of hour ${i}`);
    const [volume, paid] = [byVolume, byEvents].map((hours) => runIn(worldOfHours(hours), staticRange(0.2)).terms.fees);
    expectClose((volume ?? 0) / (paid ?? 1), 1, 0.01, "fees of +-20 %, volume over events");
    const costs = { ...DEFAULT_COSTS, gas: 0 };
    const { record } = runExact(staticRange(0.2), { source, window, mode: "prices", costs, reserve: null });
    const exact = attributionAt(record.terms, record.terms.length - TERMS).fees;
    expectClose((paid ?? 0) / exact, 1, 1e-6, "fees of +-20 %, events over exact");
  });

  it("Polygon, five days of August 2023 in five files: pay and its dilution", async function () {
    const first = dataFile(this, "univ3", "polygon-usdc-weth-500-2023-08-13.minute.csv");
    if (first === undefined) return;
    const days = [13, 14, 15, 16, 17].map((day) =>
      join(first, "..", `polygon-usdc-weth-500-2023-08-${day}.minute.csv`),
    );
    const { minutes, hours } = await volumeOf(days);
    // One minute is missing: the first of the 14th.
    expect([hours.bars.length, minutes.length]).to.deep.equal([120, 120 * 60 - 1]);
    expectClose(measuredPay(hours, pathOf(hours)).payRatio ?? 0, 0.3, 0.005, "pay ratio");
    let own = 0;
    const whole: Strategy = {
      baseShare: 0.5,
      open(book) {
        own = book.mint(book.price / 1.2, book.price * 1.2);
      },
      act: () => undefined,
    };
    const world = worldOfHours(hours);
    const { terms } = runIn(world, whole);
    const [from] = [world.tape.from];
    let [alone, shared] = [0, 0];
    for (const { time, inAmount0, inAmount1, liquidity } of minutes) {
      const price = world.tape.price[Math.floor((time - from) / 3600) + 1] ?? 0;
      const fees = 0.0005 * (inAmount0 / 1e6 + (inAmount1 / 1e18) * price);
      alone += (fees * own) / (liquidity / 1e12);
      shared += (fees * own) / (own + liquidity / 1e12);
    }
    expectClose(terms.fees / shared, 1, 2e-3, "fees over the sum of minutes");
    expect(shared / alone).to.be.within(0.85, 0.9);
  });
});
