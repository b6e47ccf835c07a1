/** The market without a chain: the planner on its own model of the pools. For calibration and for tests; about 1,500 stops a second. */
import { seededRandom } from "../../../keeper/market/random.ts";
import type { PricePath } from "../../../keeper/market/types.ts";
import { FEE_TIERS, type FeeTier } from "../protocols/uniswap.ts";
import { NOISE_STREAM, NoisePlanner } from "./planner.ts";
import { afterArbitrage, feeValue, tradeTo, type PoolModel } from "./poolModel.ts";
import { walkBar } from "./walk.ts";

export interface DryRunOptions {
  readonly seed: number;
  readonly payRatio: number;
  readonly stops: number;
  /** Value of the background liquidity at the path's first open, quote units. */
  readonly tvl: Readonly<Record<FeeTier, number>>;
}

/** One tier in one bar. Quote units. */
export interface DryRunTier {
  readonly fee: FeeTier;
  readonly arbitrageFees: number;
  readonly noiseFees: number;
  readonly loss: number;
}

export interface DryRunBar {
  readonly time: number;
  readonly swaps: number;
  /** In the order of FEE_TIERS. */
  readonly tiers: readonly DryRunTier[];
}

/** Walks a path and yields what each bar brought. */
export function* dryRun(path: PricePath, options: DryRunOptions): Generator<DryRunBar> {
  const open = path.bars[0]?.open ?? Number.NaN;
  const background = FEE_TIERS.map((fee) => options.tvl[fee] / 2 / Math.sqrt(open));
  const random = seededRandom(options.seed, NOISE_STREAM);
  const planner = new NoisePlanner({ path, stops: options.stops, payRatio: options.payRatio, random, background });
  const pools: PoolModel[] = FEE_TIERS.map((fee, i) => ({
    fee: fee / 1e6,
    liquidity: background[i] ?? 0,
    price: open,
  }));

  for (const [index, bar] of path.bars.entries()) {
    const tiers = FEE_TIERS.map((fee) => ({ fee, arbitrageFees: 0, noiseFees: 0, loss: 0 }));
    let swaps = 0;
    for (const stop of walkBar(bar, path.step, options.stops)) {
      let fees = 0;
      const trade = (i: number, who: "arbitrageFees" | "noiseFees", to: number): void => {
        const [pool, tier] = [pools[i], tiers[i]];
        if (pool === undefined || tier === undefined || to === pool.price) return;
        const paid = feeValue(tradeTo(pool, to), stop.price);
        tier[who] += paid;
        fees += paid;
        swaps++;
        pools[i] = { ...pool, price: to };
      };
      const arbitrage = (i: number): void => {
        const pool = pools[i];
        if (pool !== undefined) trade(i, "arbitrageFees", afterArbitrage(pool, stop.price));
      };
      const noise = planner.plan(index, [...pools], stop.price);
      for (const i of pools.keys()) arbitrage(i);
      for (const order of noise.orders) {
        for (const [i, part] of order.parts.entries()) {
          if (part === null) continue;
          trade(i, "noiseFees", part.price);
          arbitrage(i);
        }
      }
      for (const [i, tier] of tiers.entries()) tier.loss += planner.lossAtStop(index, stop.price, background[i] ?? 0);
      planner.settle(index, stop.price, fees);
    }
    yield { time: bar.time, swaps, tiers };
  }
}
