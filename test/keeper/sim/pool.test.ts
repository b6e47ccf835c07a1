import { expect } from "chai";
import fc from "fast-check";

import { MAX_SQRT_RATIO, MIN_SQRT_RATIO } from "../../../keeper/chain/tickMath.ts";
import { FastPool } from "../../../keeper/sim/fastPool.ts";
import { Pool } from "../../../keeper/sim/pool.ts";
import { PoolRevert, SimulationInputError } from "../../../keeper/sim/revert.ts";
import { simulate } from "../../support/sim/model.ts";
import { batches, operationOf } from "../../support/sim/operations.ts";
import "../../support/seed.ts";

const TERMS = { fee: 3_000, tickSpacing: 60 };
const DOWN = { zeroForOne: true, amountSpecified: 10n ** 18n, sqrtPriceLimitX96: MIN_SQRT_RATIO + 1n };
const UP = { zeroForOne: false, amountSpecified: 10n ** 19n, sqrtPriceLimitX96: MAX_SQRT_RATIO - 1n };

/** Everything that one can see of a pool, as text. */
function seen(pool: Pool | FastPool): string {
  const { state } = pool;
  const ticks = state.ticks();
  const observations = Array.from({ length: state.slot0.observationCardinalityNext }, (_, i) => state.observation(i));
  return JSON.stringify(
    [
      state.slot0,
      state.liquidity,
      state.feeGrowth,
      state.protocolFees,
      state.balances,
      ticks,
      ticks.map((tick) => state.tick(tick)),
      [...state.positions()].sort(([a], [b]) => (a < b ? -1 : 1)),
      observations,
    ],
    // Two records are equal whatever the order of their fields.
    (_key, value: unknown) =>
      typeof value === "bigint"
        ? value.toString()
        : typeof value === "object" && value !== null && !Array.isArray(value)
          ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
          : value,
  );
}

for (const Kind of [Pool, FastPool] as const) {
  describe(`sim/${Kind.name}`, () => {
    const opened = (): Pool | FastPool => {
      const pool = new Kind(TERMS);
      pool.initialize(1n << 96n, 100);
      pool.increaseObservationCardinalityNext(5);
      pool.mint("lp", { tickLower: -600, tickUpper: 600 }, 10n ** 20n, 100);
      pool.mint("lp", { tickLower: -60, tickUpper: 60 }, 10n ** 21n, 100);
      return pool;
    };

    it("quotes without a change, and the swap then does what was quoted", () => {
      const pool = opened();
      const before = seen(pool);
      for (const order of [DOWN, UP]) {
        const quoted = pool.quote(order);
        expect(seen(pool)).to.equal(before);
        expect(pool.clone().swap(order, 110)).to.deep.equal(quoted);
      }
    });

    it("comes back to a snapshot as often as wanted, with reserved observations empty again", () => {
      const pool = opened();
      const before = seen(pool);
      const snapshot = pool.snapshot();
      for (let i = 0; i < 3; i++) {
        pool.swap(UP, 120 + i);
        pool.increaseObservationCardinalityNext(20);
        pool.mint("lp2", { tickLower: -120, tickUpper: 180 }, 5n, 130);
        pool.burn("lp", { tickLower: -60, tickUpper: 60 }, 10n ** 21n, 130);
        expect(seen(pool)).to.not.equal(before);
        // Each kind restores its own kind of snapshot.
        (pool as Pool).restore(snapshot as ReturnType<Pool["snapshot"]>);
        expect(seen(pool)).to.equal(before);
        expect(pool.state.observation(7).blockTimestamp).to.equal(0);
      }
    });

    it("clones into a pool that goes its own way", () => {
      const pool = opened();
      const copy = pool.clone();
      expect(seen(copy)).to.equal(seen(pool));
      copy.swap(UP, 200);
      expect(seen(copy)).to.not.equal(seen(pool));
      expect(seen(pool)).to.equal(seen(opened()));
    });

    it("leaves no trace of what it refuses", () => {
      const pool = opened();
      const before = seen(pool);
      const refused: readonly (readonly [string, () => unknown])[] = [
        ["AI", () => pool.initialize(1n << 96n, 1)],
        ["AS", () => pool.swap({ ...DOWN, amountSpecified: 0n }, 200)],
        ["SPL", () => pool.swap({ ...DOWN, sqrtPriceLimitX96: MAX_SQRT_RATIO }, 200)],
        ["IIA", () => pool.swap(UP, 200, { amount0: 0n, amount1: 1n })],
        [
          "M0",
          () =>
            pool.mint("lp", { tickLower: -60, tickUpper: 60 }, 1_000_000n, 200, { amount0: 0n, amount1: 10n ** 9n }),
        ],
        ["LS", () => pool.burn("lp", { tickLower: -60, tickUpper: 60 }, 10n ** 22n, 200)],
        ["NP", () => pool.burn("lp", { tickLower: 0, tickUpper: 60 }, 0n, 200)],
        ["TLU", () => pool.mint("lp", { tickLower: 60, tickUpper: 60 }, 1n, 200)],
        ["TLM", () => pool.mint("lp", { tickLower: -887_273, tickUpper: 60 }, 1n, 200)],
        ["TUM", () => pool.mint("lp", { tickLower: 0, tickUpper: 887_273 }, 1n, 200)],
        ["LO", () => pool.mint("lp", { tickLower: 0, tickUpper: 60 }, 1n << 126n, 200)],
        ["", () => pool.mint("lp", { tickLower: 1, tickUpper: 60 }, 1n, 200)],
        ["TF", () => pool.flash({ amount0: 10n ** 30n, amount1: 0n })],
        ["F0", () => pool.flash({ amount0: 1_000n, amount1: 0n }, { amount0: 1_000n, amount1: 0n })],
        ["OLD", () => pool.observe([500], 200)],
      ];
      for (const [code, work] of refused) {
        expect(work, code).to.throw(PoolRevert).with.property("code", code);
        expect(seen(pool), code).to.equal(before);
      }
      expect(() => new Kind(TERMS).swap(DOWN, 1))
        .to.throw(PoolRevert)
        .with.property("code", "LOK");
      expect(() => pool.mint("lp", { tickLower: 0, tickUpper: 60 }, 1n << 128n, 200)).to.throw(SimulationInputError);
    });

    it("says of amounts and times that no transaction can have that they are none, and changes nothing", () => {
      const pool = opened();
      const before = seen(pool);
      for (const amountSpecified of [1n << 255n, 1n << 256n, -(1n << 255n) - 1n]) {
        for (const work of [pool.quote.bind(pool), (order: typeof DOWN) => pool.swap(order, 200)]) {
          expect(() => work({ ...DOWN, amountSpecified })).to.throw(
            SimulationInputError,
            /does not fit 256 bits with a sign/,
          );
        }
      }
      const range = { tickLower: -60, tickUpper: 60 };
      for (const time of [Number.NaN, 1.5, -1, Infinity, 2 ** 60]) {
        for (const work of [
          () => pool.swap(DOWN, time),
          () => pool.mint("lp", range, 1n, time),
          () => pool.burn("lp", range, 1n, time),
          () => pool.adjust(range, 1n, time),
          () => pool.observe([0], time),
          () => pool.snapshotCumulativesInside(range, time),
          () => new Kind(TERMS).initialize(1n << 96n, time),
        ]) {
          expect(work, String(time)).to.throw(SimulationInputError, /no whole number of unix seconds/);
        }
      }
      expect(seen(pool)).to.equal(before);
      // The least that int256 holds is an amount as well.
      expect(pool.quote({ ...DOWN, amountSpecified: -(1n << 255n) }).tick).to.be.lessThan(-600);
    });

    it("forgets everything when it takes over another pool", () => {
      const state = {
        sqrtPriceX96: 1n << 96n,
        tick: 0,
        liquidity: 0n,
        feeGrowth: { token0X128: 0n, token1X128: 0n },
        feeProtocol: 0,
        time: 500,
        ticks: [],
      };
      const [used, fresh] = [opened(), new Kind(TERMS)];
      used.swap(UP, 200);
      for (const pool of [used, fresh]) pool.load(state);
      expect(seen(used)).to.equal(seen(fresh));
      expect([...used.state.positions()]).to.deep.equal([]);
      expect(used.state.observation(1).initialized).to.equal(false);
    });

    it("shows its state also after a restore, and restores no other pool's", () => {
      const pool = opened();
      const { state } = pool;
      const snapshot = pool.snapshot() as ReturnType<Pool["snapshot"]>;
      pool.swap(UP, 200);
      (pool as Pool).restore(snapshot);
      pool.swap(DOWN, 210);
      expect(state.slot0).to.deep.equal(pool.state.slot0);
      expect(() => (new Kind({ fee: 3_000, tickSpacing: 10 }) as Pool).restore(snapshot)).to.throw(
        SimulationInputError,
        /of a pool with fee 3000 and tick spacing 60/,
      );
    });

    it("changes liquidity that belongs to nobody known", () => {
      const [pool, other] = [opened(), opened()];
      const range = { tickLower: -120, tickUpper: 120 };
      expect(pool.adjust(range, 10n ** 18n, 150)).to.deep.equal(other.mint("x", range, 10n ** 18n, 150));
      expect(pool.state.liquidity).to.equal(other.state.liquidity);
      const { amount0 } = pool.adjust(range, -(10n ** 18n), 150);
      expect(-amount0).to.equal(other.burn("x", range, 10n ** 18n, 150).amount0);
      expect(pool.state.ticks()).to.deep.equal([-600, -60, 60, 600]);
    });
  });
}

describe("sim/FastPool and sim/Pool", () => {
  it("are equal after any calls", () => {
    fc.assert(
      fc.property(batches(80, 20), fc.constantFrom(1, 10, 60, 200), (world, tickSpacing) => {
        const terms = { fee: 500, tickSpacing };
        const [slow, fast] = [new Pool(terms), new FastPool(terms)];
        slow.initialize(1n << 96n, 5);
        fast.initialize(1n << 96n, 5);
        let time = 2 ** 32 - 1_000;
        for (const { seconds, draws } of world) {
          time += seconds;
          for (const draw of draws) {
            const operation = operationOf(draw, slow, "lp");
            const outcome = simulate(operation, slow, "lp", time);
            expect(simulate(operation, fast, "lp", time)).to.deep.equal(outcome);
          }
          expect(seen(fast)).to.equal(seen(slow));
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});
