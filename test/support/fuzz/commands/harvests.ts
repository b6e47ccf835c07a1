/** What a stolen key would try: plans that take value if nothing stops them, and plans that are wrong. */
import { ONE, sqrtPriceOf } from "../../arithmetic.ts";
import { MAX_SQRT_LIMIT, type BurnStep, type MintStep, type PlanSteps, type SwapStep } from "../../world.ts";
import type { Fuzz } from "../fuzz.ts";
import { rangeRound } from "./strangers.ts";

/** A sqrt price at an edge of what a pool's check allows, just inside it or just outside. */
export function edgeOf(fuzz: Fuzz, fee: number): bigint {
  const { random, model, quoteIsToken0: q } = fuzz;
  const broken = model.oracle.base.answer <= 0n || model.oracle.quote.answer <= 0n;
  const { low, high } = broken
    ? { low: fuzz.world.priceX96(fuzz.price * 0.99), high: fuzz.world.priceX96(fuzz.price * 1.01) }
    : model.oracle.band;
  const unit = 1_000_000n;
  const inward = BigInt(random.pick([1, 1, 300, 1_000, 3_000, -300]));
  // Parts in a million inside or outside of it, or on it.
  const edge = random.chance(0.5)
    ? (low * (unit - BigInt(fee) + inward)) / unit
    : (high * (unit + BigInt(fee) - inward)) / unit;
  return sqrtPriceOf(edge, q);
}

/** Plans that take value if nothing stops them. */
export function harvests(fuzz: Fuzz, fee: number): readonly (() => PlanSteps)[] {
  const { random, look, world } = fuzz;
  const { tickSpacing } = world.pool(fee);
  const tick = look.spots.get(fee)?.tick ?? 0;
  const above = Math.ceil((tick + 1) / tickSpacing) * tickSpacing;
  const below = Math.floor(tick / tickSpacing) * tickSpacing;
  const strip = (at: number, width: number): MintStep => ({
    fee,
    tickLower: at,
    tickUpper: at + width * tickSpacing,
    fraction0: random.fraction(),
    fraction1: random.fraction(),
  });
  const width = random.pick([1, 2, 2, 5, 20]);
  const everything: BurnStep[] = look.positions.map(({ index }) => ({ index }));
  const swap = (fraction: bigint): SwapStep => ({ fee, zeroForOne: random.chance(0.5), fraction });
  const other = random.pick([...world.pools.keys()]);
  const [low, high] = bandTicks(fuzz, tickSpacing);
  return [
    // One-sided strips beside the spot, which a trade then takes.
    () => ({ mints: [strip(above, width)] }),
    () => ({ mints: [strip(below - width * tickSpacing, width)] }),
    () => ({ burns: everything, mints: [strip(above, width), strip(below - width * tickSpacing, width)] }),
    // Ranges whose ends are the band's.
    () => ({ burns: everything, mints: [{ ...strip(low, 1), tickUpper: high }] }),
    () => ({ mints: [strip(low, width), strip(high - width * tickSpacing, width)] }),
    // Swaps in a pool that somebody moved, there and back.
    () => ({ swaps: [swap(random.fraction())] }),
    () => ({
      burns: everything,
      swaps: [
        { fee, zeroForOne: true },
        { fee, zeroForOne: false },
      ],
    }),
    () => ({ swaps: [swap(ONE / 10n), swap(ONE / 10n), swap(ONE / 10n)] }),
    // From pool to pool.
    () => ({ burns: everything, mints: [{ ...rangeRound(fuzz, other, 2_000) }] }),
    () => ({ burns: everything, mints: [{ ...rangeRound(fuzz, fee, random.int(20, 500)) }] }),
    // Dust and all but dust.
    () => ({
      burns: look.positions.map(({ index }) => ({ index, fraction: random.pick([0n, 1n, 2n, ONE - 1n]) })),
      swaps: [swap(random.pick([1n, 2n, 10n ** 9n]))],
      mints: [{ ...strip(below, 4), fraction0: random.pick([1n, ONE - 1n]), fraction1: random.pick([1n, ONE - 1n]) }],
    }),
    () => ({ swaps: [swap(random.pick([0n, 1n, ONE - 1n]))] }),
  ];
}

/** The band's ends as ticks of a spacing, outside it. */
function bandTicks(fuzz: Fuzz, tickSpacing: number): readonly [number, number] {
  const price = fuzz.world.priceX96(fuzz.price);
  const root = Number(sqrtPriceOf(price, fuzz.quoteIsToken0)) / 2 ** 96;
  const tick = Math.log(root * root) / Math.log(1.0001);
  const { baseDeviationBps, quoteDeviationBps } = fuzz.model.oracle.terms;
  const reach = baseDeviationBps + quoteDeviationBps; // a tick is a basis point
  return [
    Math.floor((tick - reach) / tickSpacing) * tickSpacing,
    Math.ceil((tick + reach) / tickSpacing) * tickSpacing,
  ];
}

export function hostileSteps(fuzz: Fuzz, fee: number): PlanSteps {
  const { random, look, world } = fuzz;
  if (random.chance(0.6)) return random.pick(harvests(fuzz, fee))();
  const round = rangeRound(fuzz, fee, random.int(20, 2_000));
  const { tickSpacing } = world.pool(fee);
  const everything = look.positions.map(({ index }) => ({ index }));
  const wrong: readonly (() => PlanSteps)[] = [
    () => ({ mints: [{ ...round, fraction0: ONE + 1n }] }),
    () => ({ mints: [{ ...round, tickLower: round.tickLower + 1 }] }),
    () => ({ mints: [{ ...round, tickLower: round.tickUpper, tickUpper: round.tickLower }] }),
    () => ({ mints: [{ fee, tickLower: -887_300, tickUpper: 0 }] }),
    () => ({ mints: [{ ...round, fee: random.pick([0, 1, 200, 1_048_575]) }] }),
    () => ({ swaps: [{ fee: random.pick([0, 1, 200, 1_048_575]), zeroForOne: true }] }),
    () => ({ swaps: [{ fee, zeroForOne: true, sqrtPriceLimitX96: MAX_SQRT_LIMIT }] }),
    () => ({ burns: [{ index: random.int(0, 255) }, { index: random.int(0, 9) }] }),
    () => ({ burns: [...everything, ...everything] }),
    () => ({ burns: [{ index: 0, fraction: ONE + 1n }] }),
    () => ({ burns: everything.map(({ index }) => ({ index, min0: 1n << 127n })) }),
    () => ({ nonce: BigInt(random.int(0, 500)), burns: everything }),
    () => ({ deadline: 1, burns: everything }),
    () => ({
      mints: Array.from({ length: 9 }, (_, i) => ({
        ...round,
        tickUpper: round.tickUpper + i * tickSpacing,
        fraction0: ONE / 50n,
        fraction1: ONE / 50n,
      })),
    }),
  ];
  return random.pick(wrong)();
}
