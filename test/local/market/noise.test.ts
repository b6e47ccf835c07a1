import { expect } from "chai";
import fc from "fast-check";

import { seededRandom } from "../../../keeper/market/random.ts";
import { drawOrders, noiseMix, planNoise, routeOrders } from "../../../scripts/local/market/noise.ts";
import {
  afterArbitrage,
  feeValue,
  noArbitrageBand,
  routeOrder,
  tradeTo,
  type PoolModel,
} from "../../../scripts/local/market/poolModel.ts";
import { expectClose } from "../../support/close.ts";
import "../../support/seed.ts";

const PRICE = 2000;
const pool = (fee: number, tvl: number, offset = 0): PoolModel => ({
  fee,
  liquidity: tvl / 2 / Math.sqrt(PRICE),
  price: PRICE * (1 + offset),
});
const pools = [pool(0.0005, 40e6), pool(0.003, 60e6), pool(0.01, 5e6)];

/** Three pools, each somewhere inside its band. */
const states = fc
  .tuple(...pools.map(({ fee }) => fc.double({ min: -fee, max: fee, noNaN: true })))
  .map((offsets) => pools.map((p, i) => ({ ...p, price: PRICE * (1 + (offsets[i] ?? 0)) })));
const side = fc.constantFrom("buy" as const, "sell" as const);

describe("market routing", () => {
  it("trades what a constant product says", () => {
    const p = pool(0.003, 1e6);
    const up = tradeTo(p, PRICE * 1.0404);
    // sqrt(1.0404) = 1.02: the quote reserve of half a million grows by 2 %, before the fee.
    expectClose(up.amountIn, (500_000 * 0.02) / 0.997, 1e-6);
    expectClose(feeValue(up, PRICE), up.amountIn * 0.003, 1e-9);
    const down = tradeTo(p, PRICE / 1.0404);
    expectClose(down.amountIn, (250 * 0.02) / 0.997, 1e-9);
    expectClose(feeValue(down, PRICE), down.amountIn * 0.003 * PRICE, 1e-9);
  });

  it("ends at one marginal price, worse nowhere, and takes the whole order", () => {
    fc.assert(
      fc.property(states, side, fc.double({ min: 100, max: 5e6, noNaN: true }), (start, way, notional) => {
        const prices = routeOrder(start, way, notional);
        const cost = (p: PoolModel, price: number): number =>
          way === "buy" ? price / (1 - p.fee) : price * (1 - p.fee);
        const traded = start.filter((p, i) => prices[i] !== p.price);
        const costs = start.flatMap((p, i) => (prices[i] === p.price ? [] : [cost(p, prices[i] ?? NaN)]));
        expect(traded.length).to.be.greaterThan(0);
        const marginal = costs[0] ?? NaN;
        for (const c of costs) expectClose(c / marginal, 1, 1e-9, "marginal price");
        for (const [i, p] of start.entries()) {
          // Whoever did not trade would not have been cheaper.
          const own = cost(p, p.price);
          if (prices[i] === p.price)
            expect(way === "buy" ? own >= marginal * (1 - 1e-9) : own <= marginal * (1 + 1e-9)).to.equal(true);
        }
        const taken = start.reduce((sum, p, i) => {
          const trade = tradeTo(p, prices[i] ?? NaN);
          return sum + (way === "buy" ? trade.amountIn : trade.amountIn * p.price);
        }, 0);
        expectClose(taken / notional, 1, 1e-6, "order taken");
      }),
      { numRuns: 300 },
    );
  });

  it("sends small orders to the cheap tier and spills large ones over", () => {
    const moved = (notional: number): boolean[] => routeOrder(pools, "buy", notional).map((price) => price > PRICE);
    expect(moved(1_000)).to.deep.equal([true, false, false]);
    expect(moved(200_000)).to.deep.equal([true, true, false]);
    expect(moved(2_000_000)).to.deep.equal([true, true, true]);
  });

  it("arbitrages to the nearer edge and leaves a pool inside its band alone", () => {
    const { low, high } = noArbitrageBand(PRICE, 0.003);
    expect(afterArbitrage(pool(0.003, 1e6, 0.01), PRICE)).to.equal(high);
    expect(afterArbitrage(pool(0.003, 1e6, -0.01), PRICE)).to.equal(low);
    expect(afterArbitrage(pool(0.003, 1e6, 0.002), PRICE)).to.equal(PRICE * 1.002);
  });
});

describe("market noise", () => {
  const mixes = fc.record({
    smallShare: fc.double({ min: 0, max: 1, noNaN: true }),
    smallOrders: fc.integer({ min: 1, max: 4 }),
    largeOrders: fc.constant(2),
  });

  it("pays the fees that are asked for and leaves every pool inside its band", () => {
    fc.assert(
      fc.property(states, mixes, fc.nat(), fc.double({ min: 1, max: 3000, noNaN: true }), (start, mix, seed, fees) => {
        const orders = drawOrders(seededRandom(seed), mix);
        expectClose(
          orders.reduce((sum, order) => sum + order.share, 0),
          1,
          1e-9,
          "sum of shares",
        );
        const plan = planNoise(start, PRICE, orders, fees);
        // Parts that are too small for a swap are left out, so the fees rise in steps of some cents.
        expectClose(plan.fees, fees, 0.02 * fees + 1, "fees");
        let now = start;
        for (const order of plan.orders) {
          now = now.map((p, i) => {
            const part = order.parts[i];
            if (part === null || part === undefined) return p;
            expect(part.side).to.equal(order.side);
            const moved = { ...p, price: part.price };
            return { ...moved, price: afterArbitrage(moved, PRICE) };
          });
        }
        for (const p of now) expect(Math.abs(p.price / PRICE - 1)).to.be.at.most(p.fee * (1 + 1e-9));
      }),
      { numRuns: 100 },
    );
  });

  it("gives small orders to the lowest fee only", () => {
    const orders = drawOrders(seededRandom(7), { smallShare: 1, smallOrders: 3, largeOrders: 2 });
    const plan = routeOrders(pools, PRICE, orders, 5e6);
    for (const [i, order] of orders.entries()) {
      const parts = plan.orders[i]?.parts ?? [];
      if (order.small) expect(parts.map((part) => part !== null)).to.deep.equal([true, false, false]);
    }
    expect(orders.filter((order) => order.small).map((order) => order.side)).to.satisfy(
      (sides: string[]) => sides[0] !== sides[1] && sides[1] !== sides[2],
    );
  });

  it("trades nothing when arbitrage has paid enough", () => {
    const orders = drawOrders(seededRandom(7), { smallShare: 0.5, smallOrders: 1, largeOrders: 2 });
    for (const fees of [0, -5, Number.NaN]) expect(planNoise(pools, PRICE, orders, fees).orders).to.deep.equal([]);
  });

  it("has fewer small orders when volatility is high, and more bundles when there is more to trade", () => {
    const cheap = pools[0] as PoolModel;
    expect(noiseMix(0.4, cheap, 10).smallShare).to.be.greaterThan(noiseMix(1.5, cheap, 10).smallShare);
    expect(noiseMix(0.4, cheap, 10).smallOrders).to.equal(1);
    expect(noiseMix(0.4, cheap, 1e6).smallOrders).to.equal(4);
  });
});
