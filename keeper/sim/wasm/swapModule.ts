/**
 * A whole swap in WebAssembly, over a pool that lies in its memory (layout.ts). pool.ts and swapStep.ts are the same rules to
 * read; what differs here is only how the same numbers are found:
 *
 * - Initialised ticks are a sorted list with a cursor instead of a bitmap. A swap stops at the ends of the bitmap's words all
 *   the same, since those stops round.
 * - Whether an amount reaches the target is first asked of floats. Only where they are too close to tell is it computed.
 * - Sqrt prices of ticks are kept once computed; the tick of a price is guessed from its logarithm and then proved by the two
 *   sqrt prices round it.
 * - The ticks that a swap passes are turned after it has succeeded, so that a revert leaves no trace and a quote costs no copy.
 */
import { MAX_TICK, MIN_TICK } from "../../chain/tickMath.ts";
import { type Code, choose, f64, giveBack, i32, i64, ModuleWriter, type Variable, when, whileDo } from "./assembler.ts";
import {
  CACHE,
  CACHE_ENTRIES,
  CACHE_TAG,
  CACHE_TAG_SHIFT,
  DENOMINATOR,
  FEE,
  FEE_AMOUNT,
  IN,
  KEEP,
  LESS_FEE,
  MAX_PRICE,
  MILLION,
  MIN_PRICE,
  MOVE,
  NEXT,
  OBSERVATION,
  OBSERVATIONS,
  OBSERVED,
  ORDER,
  OUT,
  POWERS,
  PRODUCT,
  STATE,
  SWAP,
  TARGET,
  TEMPORARY,
  TICK,
  TICKS,
  WIDE,
} from "./layout.ts";
import { defineWide, STATUS } from "./wide.ts";

/** The log2 of the sqrt price's step from tick to tick. */
const LOG2_STEP = Math.log2(1.0001) / 2;
/** How much two floats of the same amount can differ at most, with room to spare, and wei of rounding. */
const FLOAT_ERROR = 1e-12;
const FLOAT_WEI = 8;

/** The module's bytes; it exports `compute` and `commit`, see engine.ts. */
export function swapModule(): Uint8Array<ArrayBuffer> {
  const m = new ModuleWriter();
  const wide = defineWide(m);
  const at = (address: number): Code => i32.const(address);
  const UP = i32.const(1);
  const DOWN = i32.const(0);
  const { copy, clear, isZero, clearProduct } = wide;
  /** a = b c through PRODUCT, for a divisor: PRODUCT = b c 2^(32 limbs). */
  const product = (b: number, c: number, limbs = 0): Code => [
    clearProduct,
    wide.multiply(at(PRODUCT + 4 * limbs), at(b), at(c)),
    DROP,
  ];

  /** (tick) Address of its sqrt price; good until 1,024 other ticks have been asked for. */
  const priceOfTick = m.define(["i32"], "i32", (f, tick) => {
    const [entry, size, bit] = [f.i32(), f.i32(), f.i32()];
    return [
      entry.set(i32.add(at(CACHE), i32.mul(i32.and(tick.get, i32.const(CACHE_ENTRIES - 1)), i32.const(WIDE)))),
      when(i32.eq(i32.load(entry.get, CACHE_TAG), i32.add(tick.get, i32.const(CACHE_TAG_SHIFT))), [
        giveBack(entry.get),
      ]),
      size.set(choose("i32", i32.ltS(tick.get, i32.const(0)), i32.sub(i32.const(0), tick.get), tick.get)),
      // 1 in Q128, times a power for each bit; see keeper/chain/tickMath.ts.
      clear(at(TEMPORARY)),
      i64.store(at(TEMPORARY), i64.const(1n), 16),
      whileDo(
        size.get,
        when(i32.and(size.get, i32.const(1)), [
          clearProduct,
          clear(at(DENOMINATOR)),
          [0, 1].map((i) =>
            i64.store(at(DENOMINATOR), i64.load(i32.shl(bit.get, i32.const(4)), POWERS + 8 * i), 8 * i),
          ),
          wide.multiply(at(PRODUCT), at(TEMPORARY), at(DENOMINATOR)),
          DROP,
          copy(at(TEMPORARY), at(PRODUCT + 16)),
        ]),
        size.set(i32.shrU(size.get, i32.const(1))),
        bit.set(i32.add(bit.get, i32.const(1))),
      ),
      when(i32.gtS(tick.get, i32.const(0)), [
        clearProduct,
        [0, 1, 2, 3].map((i) => i64.store(at(PRODUCT), i64.const(-1n), 8 * i)),
        wide.divide(at(TEMPORARY), at(TEMPORARY), DOWN),
      ]),
      // From Q128 to Q96, up.
      clear(entry.get),
      [0, 1].map((i) => i64.store(entry.get, i64.load(at(TEMPORARY), 8 * i + 4), 8 * i)),
      i64.store32(entry.get, i64.load32U(at(TEMPORARY), 20), 16),
      when(i64.ne(i64.load32U(at(TEMPORARY)), i64.const(0n)), [wide.increment(entry.get)]),
      i32.store(entry.get, i32.add(tick.get, i32.const(CACHE_TAG_SHIFT)), CACHE_TAG),
      entry.get,
    ];
  });

  // The tag stands in a price's upper limb, which a price never uses: it must be taken off before one computes with it.
  const loadPriceOfTick = (to: number, tick: Code): Code => [
    copy(at(to), priceOfTick(tick)),
    i32.store(at(to), i32.const(0), CACHE_TAG),
  ];

  /** (tick, price) Whether the price is at or above the tick's. */
  const isAtOrAbove = m.define(["i32", "i32"], "i32", (_f, tick, price) => [
    loadPriceOfTick(TEMPORARY, tick.get),
    i32.geS(wide.compare(price.get, at(TEMPORARY)), i32.const(0)),
  ]);

  /** (price, hint) The greatest tick whose sqrt price is at or below; the hint is tried first. */
  const tickOfPrice = m.define(["i32", "i32"], "i32", (f, price, tick) => {
    const [value, z, square] = [f.f64(), f.f64(), f.f64()];
    const bits = f.i64();
    const next = i32.add(tick.get, i32.const(1));
    // log2 of the mantissa by the series of the inverse hyperbolic tangent round sqrt(2).
    const series = [13, 11, 9, 7, 5, 3, 1]
      .map((n) => f64.const(2 / Math.LN2 / n))
      .reduce((sum, term) => f64.add(f64.mul(sum, square.get), term));
    return [
      when(isAtOrAbove(tick.get, price.get), [when(i32.eqz(isAtOrAbove(next, price.get)), [giveBack(tick.get)])]),
      bits.set(i64.reinterpretF64(wide.toFloat(price.get))),
      value.set(f64.reinterpretI64(i64.or(i64.and(bits.get, i64.const((1n << 52n) - 1n)), i64.const(1023n << 52n)))),
      z.set(f64.div(f64.sub(value.get, f64.const(Math.SQRT2)), f64.add(value.get, f64.const(Math.SQRT2)))),
      square.set(f64.mul(z.get, z.get)),
      value.set(
        f64.add(
          f64.convertI32S(i32.sub(i32.wrapI64(i64.shrU(bits.get, i64.const(52n))), i32.const(1023 + 96))),
          f64.add(f64.const(0.5), f64.mul(z.get, series)),
        ),
      ),
      tick.set(i32.truncF64S(f64.floor(f64.mul(value.get, f64.const(1 / LOG2_STEP))))),
      when(i32.ltS(tick.get, i32.const(MIN_TICK)), [tick.set(i32.const(MIN_TICK))]),
      when(i32.geS(tick.get, i32.const(MAX_TICK)), [tick.set(i32.const(MAX_TICK - 1))]),
      whileDo(i32.eqz(isAtOrAbove(tick.get, price.get)), tick.set(i32.sub(tick.get, i32.const(1)))),
      whileDo(isAtOrAbove(next, price.get), tick.set(next)),
      tick.get,
    ];
  });

  /** (to, lower, upper, up) Token0 between two prices at the swap's liquidity. */
  const amount0 = m.define(["i32", "i32", "i32", "i32"], null, (_f, to, lower, upper, up) => [
    wide.subtract(at(MOVE), upper.get, lower.get),
    DROP,
    product(SWAP.liquidity, MOVE, 3),
    wide.divide(at(TEMPORARY), upper.get, up.get),
    clearProduct,
    copy(at(PRODUCT), at(TEMPORARY)),
    wide.divide(to.get, lower.get, up.get),
  ]);

  /** (to, lower, upper, up) Token1 between two prices at the swap's liquidity. */
  const amount1 = m.define(["i32", "i32", "i32", "i32"], null, (_f, to, lower, upper, up) => [
    wide.subtract(at(MOVE), upper.get, lower.get),
    DROP,
    product(SWAP.liquidity, MOVE),
    // Divided by 2^96: three limbs fall away.
    copy(to.get, at(PRODUCT + 12)),
    when(i32.and(up.get, i64.ne(i64.or(i64.load(at(PRODUCT)), i64.load32U(at(PRODUCT), 8)), i64.const(0n))), [
      wide.increment(to.get),
    ]),
  ]);

  /** Not zero if PRODUCT, of a wide number and a price, does not fit 256 bits. */
  const aboveWide = [32, 40, 48]
    .map((offset) => i64.load(at(PRODUCT), offset))
    .reduce((all, part) => i64.or(all, part));

  const fitsPrice = (address: number): Code =>
    when(
      i64.ne(i64.or(i64.shrU(i64.load(at(address), 16), i64.const(32n)), i64.load(at(address), 24)), i64.const(0n)),
      [wide.fail(STATUS.overflow)],
    );

  /** (zeroForOne) NEXT after LESS_FEE has come in. */
  const nextFromInput = m.define(["i32"], null, (_f, zeroForOne) => {
    return [
      when(
        zeroForOne.get,
        [
          when(isZero(at(LESS_FEE)), [copy(at(NEXT), at(SWAP.price)), giveBack()]),
          product(LESS_FEE, SWAP.price),
          copy(at(DENOMINATOR), at(PRODUCT)),
          // L 2^96
          clear(at(TEMPORARY)),
          [0, 1].map((i) => i64.store(at(TEMPORARY), i64.load(at(SWAP.liquidity), 8 * i), 12 + 8 * i)),
          when(
            i64.eqz(i64.or(aboveWide, i64.extendI32U(wide.add(at(DENOMINATOR), at(DENOMINATOR), at(TEMPORARY))))),
            [product(SWAP.liquidity, SWAP.price, 3), wide.divide(at(NEXT), at(DENOMINATOR), UP)],
            [
              clearProduct,
              copy(at(PRODUCT), at(TEMPORARY)),
              wide.divide(at(DENOMINATOR), at(SWAP.price), DOWN),
              when(wide.add(at(DENOMINATOR), at(DENOMINATOR), at(LESS_FEE)), [wide.fail(STATUS.overflow)]),
              clearProduct,
              copy(at(PRODUCT), at(TEMPORARY)),
              wide.divide(at(NEXT), at(DENOMINATOR), UP),
            ],
          ),
        ],
        [
          clearProduct,
          copy(at(PRODUCT + 12), at(LESS_FEE)),
          wide.divide(at(NEXT), at(SWAP.liquidity), DOWN),
          when(wide.add(at(NEXT), at(NEXT), at(SWAP.price)), [wide.fail(STATUS.overflow)]),
          fitsPrice(NEXT),
        ],
      ),
    ];
  });

  /** (zeroForOne) NEXT after SWAP.remaining has gone out. */
  const nextFromOutput = m.define(["i32"], null, (_f, zeroForOne) => [
    when(
      zeroForOne.get,
      [
        clearProduct,
        copy(at(PRODUCT + 12), at(SWAP.remaining)),
        wide.divide(at(TEMPORARY), at(SWAP.liquidity), UP),
        when(i32.leS(wide.compare(at(SWAP.price), at(TEMPORARY)), i32.const(0)), [wide.fail(STATUS.overflow)]),
        wide.subtract(at(NEXT), at(SWAP.price), at(TEMPORARY)),
        DROP,
      ],
      [
        product(SWAP.remaining, SWAP.price),
        when(i64.ne(aboveWide, i64.const(0n)), [wide.fail(STATUS.overflow), giveBack()]),
        clear(at(TEMPORARY)),
        [0, 1].map((i) => i64.store(at(TEMPORARY), i64.load(at(SWAP.liquidity), 8 * i), 12 + 8 * i)),
        when(i32.leS(wide.compare(at(TEMPORARY), at(PRODUCT)), i32.const(0)), [wide.fail(STATUS.overflow), giveBack()]),
        wide.subtract(at(DENOMINATOR), at(TEMPORARY), at(PRODUCT)),
        DROP,
        product(SWAP.liquidity, SWAP.price, 3),
        wide.divide(at(NEXT), at(DENOMINATOR), UP),
        fitsPrice(NEXT),
      ],
    ),
  ]);

  /** (amount, target, token0) 1 if the amount surely ends before the target, 0 if that must be computed. */
  const surelyShort = m.define(["i32", "i32", "i32"], "i32", (f, amount, target, token0) => {
    const [move, whole] = [f.f64(), f.f64()];
    return [
      when(
        i32.geS(wide.compare(at(SWAP.price), target.get), i32.const(0)),
        [wide.subtract(at(MOVE), at(SWAP.price), target.get), DROP],
        [wide.subtract(at(MOVE), target.get, at(SWAP.price)), DROP],
      ),
      move.set(f64.mul(wide.toFloat(at(MOVE)), wide.toFloat(at(SWAP.liquidity)))),
      whole.set(
        choose(
          "f64",
          token0.get,
          // L 2^96 (upper - lower) / upper / lower
          f64.div(
            f64.mul(f64.div(move.get, wide.toFloat(target.get)), f64.const(2 ** 96)),
            wide.toFloat(at(SWAP.price)),
          ),
          f64.mul(move.get, f64.const(2 ** -96)),
        ),
      ),
      f64.lt(wide.toFloat(amount.get), f64.sub(f64.mul(whole.get, f64.const(1 - FLOAT_ERROR)), f64.const(FLOAT_WEI))),
    ];
  });

  /** (zeroForOne, price) IN up to a price. */
  const inTo = (zeroForOne: Variable, price: number): Code =>
    when(
      zeroForOne.get,
      [amount0(at(IN), at(price), at(SWAP.price), UP)],
      [amount1(at(IN), at(SWAP.price), at(price), UP)],
    );
  const outTo = (zeroForOne: Variable, price: number): Code =>
    when(
      zeroForOne.get,
      [amount1(at(OUT), at(price), at(SWAP.price), DOWN)],
      [amount0(at(OUT), at(SWAP.price), at(price), DOWN)],
    );

  /** (exactIn, zeroForOne) One step as in swapStep.ts: from SWAP to NEXT, IN, OUT and FEE_AMOUNT. There is liquidity. */
  const step = m.define(["i32", "i32"], null, (f, exactIn, zeroForOne) => {
    const reached = f.i32();
    return [
      reached.set(i32.const(0)),
      when(
        exactIn.get,
        [
          product(SWAP.remaining, KEEP),
          wide.divide(at(LESS_FEE), at(MILLION), DOWN),
          when(i32.eqz(surelyShort(at(LESS_FEE), at(TARGET), zeroForOne.get)), [
            inTo(zeroForOne, TARGET),
            reached.set(i32.geS(wide.compare(at(LESS_FEE), at(IN)), i32.const(0))),
          ]),
          when(
            reached.get,
            [copy(at(NEXT), at(TARGET))],
            [
              nextFromInput(zeroForOne.get),
              // Rounding can carry the price to the target all the same.
              reached.set(wide.equal(at(NEXT), at(TARGET))),
              inTo(zeroForOne, NEXT),
            ],
          ),
          outTo(zeroForOne, NEXT),
        ],
        [
          when(i32.eqz(surelyShort(at(SWAP.remaining), at(TARGET), i32.eqz(zeroForOne.get))), [
            outTo(zeroForOne, TARGET),
            reached.set(i32.geS(wide.compare(at(SWAP.remaining), at(OUT)), i32.const(0))),
          ]),
          when(reached.get, [copy(at(NEXT), at(TARGET))], [nextFromOutput(zeroForOne.get), outTo(zeroForOne, NEXT)]),
          inTo(zeroForOne, NEXT),
          when(i32.gtS(wide.compare(at(OUT), at(SWAP.remaining)), i32.const(0)), [copy(at(OUT), at(SWAP.remaining))]),
        ],
      ),
      when(
        i32.and(exactIn.get, i32.eqz(reached.get)),
        [wide.subtract(at(FEE_AMOUNT), at(SWAP.remaining), at(IN)), DROP],
        [product(IN, FEE), wide.divide(at(FEE_AMOUNT), at(KEEP), UP)],
      ),
    ];
  });

  /** (index) Address of a tick's record. */
  const record = (index: Code): Code => i32.add(at(TICKS), i32.mul(index, i32.const(TICK.size)));

  /** (record, zeroForOne) The swap's liquidity past a tick. */
  const passTick = m.define(["i32", "i32"], null, (f, tick, zeroForOne) => {
    const [carry, i, net] = [f.i64(), f.i32(), f.i64()];
    // Net liquidity is signed: added going up, taken off going down. Five limbs hold the sum with its sign.
    return [
      carry.set(i64.const(0n)),
      whileDo(
        i32.ltU(i.get, i32.const(16)),
        net.set(i64.load32U(i32.add(tick.get, i.get), TICK.net)),
        carry.set(
          i64.add(
            i64.load32U(i.get, SWAP.liquidity),
            i64.add(
              i64.shrS(carry.get, i64.const(32n)),
              choose("i64", zeroForOne.get, i64.sub(i64.const(0n), net.get), net.get),
            ),
          ),
        ),
        i64.store32(i.get, carry.get, SWAP.liquidity),
        i.set(i32.add(i.get, i32.const(4))),
      ),
      // The sign extension of the net liquidity, and what ran over.
      net.set(i64.shrS(i64.load(tick.get, TICK.net + 8), i64.const(63n))),
      carry.set(
        i64.add(
          i64.shrS(carry.get, i64.const(32n)),
          choose("i64", zeroForOne.get, i64.sub(i64.const(0n), net.get), net.get),
        ),
      ),
      when(i64.ltS(carry.get, i64.const(0n)), [wide.fail(STATUS.tooLittleLiquidity)]),
      when(i64.ltS(i64.const(0n), carry.get), [wide.fail(STATUS.tooMuchLiquidity)]),
    ];
  });

  /** (exactIn, zeroForOne) Computes a swap from ORDER and STATE into SWAP; gives a status. */
  m.define(
    ["i32", "i32"],
    "i32",
    (f, exactIn, zeroForOne) => {
      const [tick, cursor, spacing, edge, next, index, initialized, part, count] = Array.from({ length: 9 }, () =>
        f.i32(),
      ) as [Variable, Variable, Variable, Variable, Variable, Variable, Variable, Variable, Variable];
      const stop = (status: number): Code => giveBack(i32.const(status));
      const isBeyond = (a: number, b: number): Code =>
        choose(
          "i32",
          zeroForOne.get,
          i32.ltS(wide.compare(at(a), at(b)), i32.const(0)),
          i32.gtS(wide.compare(at(a), at(b)), i32.const(0)),
        );
      return [
        when(isZero(at(ORDER.amount)), [stop(STATUS.noAmount)]),
        when(isZero(at(STATE.price)), [stop(STATUS.locked)]),
        when(
          i32.eqz(
            choose(
              "i32",
              zeroForOne.get,
              i32.and(
                i32.ltS(wide.compare(at(ORDER.limit), at(STATE.price)), i32.const(0)),
                i32.gtS(wide.compare(at(ORDER.limit), at(MIN_PRICE)), i32.const(0)),
              ),
              i32.and(
                i32.gtS(wide.compare(at(ORDER.limit), at(STATE.price)), i32.const(0)),
                i32.ltS(wide.compare(at(ORDER.limit), at(MAX_PRICE)), i32.const(0)),
              ),
            ),
          ),
          [stop(STATUS.limit)],
        ),
        wide.fault.set(i32.const(0)),
        copy(at(SWAP.price), at(STATE.price)),
        copy(at(SWAP.liquidity), at(STATE.liquidity)),
        when(zeroForOne.get, [copy(at(SWAP.growth), at(STATE.growth0))], [copy(at(SWAP.growth), at(STATE.growth1))]),
        copy(at(SWAP.remaining), at(ORDER.amount)),
        clear(at(SWAP.calculated)),
        clear(at(SWAP.protocolFee)),
        i32.store(at(SWAP.crossed), i32.const(0)),
        tick.set(i32.load(at(STATE.tick))),
        cursor.set(i32.load(at(STATE.cursor))),
        count.set(i32.load(at(STATE.tickCount))),
        spacing.set(i32.load(at(STATE.tickSpacing))),
        part.set(
          choose(
            "i32",
            zeroForOne.get,
            i32.and(i32.load(at(STATE.feeProtocol)), i32.const(15)),
            i32.shrU(i32.load(at(STATE.feeProtocol)), i32.const(4)),
          ),
        ),

        whileDo(
          i32.eqz(i32.or(isZero(at(SWAP.remaining)), wide.equal(at(SWAP.price), at(ORDER.limit)))),
          // The tick's place among usable ticks, rounded down.
          index.set(i32.divS(tick.get, spacing.get)),
          when(i32.ltS(i32.remS(tick.get, spacing.get), i32.const(0)), [index.set(i32.sub(index.get, i32.const(1)))]),
          // The nearest initialised tick, if it lies before the end of the bitmap's word.
          when(
            zeroForOne.get,
            [
              edge.set(i32.mul(i32.and(index.get, i32.const(-256)), spacing.get)),
              next.set(edge.get),
              initialized.set(i32.const(0)),
              when(i32.gtS(cursor.get, i32.const(0)), [
                next.set(i32.load(record(i32.sub(cursor.get, i32.const(1))))),
                initialized.set(i32.geS(next.get, edge.get)),
              ]),
            ],
            [
              edge.set(i32.mul(i32.or(i32.add(index.get, i32.const(1)), i32.const(255)), spacing.get)),
              next.set(edge.get),
              initialized.set(i32.const(0)),
              when(i32.ltS(cursor.get, count.get), [
                next.set(i32.load(record(cursor.get))),
                initialized.set(i32.leS(next.get, edge.get)),
              ]),
            ],
          ),
          when(i32.eqz(initialized.get), [next.set(edge.get)]),
          when(i32.ltS(next.get, i32.const(MIN_TICK)), [next.set(i32.const(MIN_TICK))]),
          when(i32.gtS(next.get, i32.const(MAX_TICK)), [next.set(i32.const(MAX_TICK))]),
          loadPriceOfTick(TARGET, next.get),
          // From here on `edge` says whether the target is the tick, not the limit.
          edge.set(i32.const(1)),
          when(isBeyond(TARGET, ORDER.limit), [copy(at(TARGET), at(ORDER.limit)), edge.set(i32.const(0))]),

          when(
            isZero(at(SWAP.liquidity)),
            // Nothing is traded on the way; the price simply moves there.
            [copy(at(SWAP.price), at(TARGET)), index.set(i32.const(1))],
            [
              step(exactIn.get, zeroForOne.get),
              when(wide.fault.get, [giveBack(wide.fault.get)]),
              when(
                exactIn.get,
                [subtract(SWAP.remaining, IN), subtract(SWAP.remaining, FEE_AMOUNT), accumulate(SWAP.calculated, OUT)],
                [
                  subtract(SWAP.remaining, OUT),
                  accumulate(SWAP.calculated, IN),
                  accumulate(SWAP.calculated, FEE_AMOUNT),
                ],
              ),
              when(part.get, [
                clearProduct,
                copy(at(PRODUCT), at(FEE_AMOUNT)),
                clear(at(DENOMINATOR)),
                i32.store(at(DENOMINATOR), part.get),
                wide.divide(at(TEMPORARY), at(DENOMINATOR), DOWN),
                subtract(FEE_AMOUNT, TEMPORARY),
                accumulate(SWAP.protocolFee, TEMPORARY),
                clearAbove128(SWAP.protocolFee),
              ]),
              clearProduct,
              copy(at(PRODUCT + 16), at(FEE_AMOUNT)),
              wide.divide(at(TEMPORARY), at(SWAP.liquidity), DOWN),
              when(wide.fault.get, [giveBack(wide.fault.get)]),
              accumulate(SWAP.growth, TEMPORARY),
              // `index` says whether the price moved.
              index.set(i32.ne(wide.compare(at(NEXT), at(SWAP.price)), i32.const(0))),
              copy(at(SWAP.price), at(NEXT)),
            ],
          ),

          when(
            i32.and(edge.get, wide.equal(at(SWAP.price), at(TARGET))),
            [
              when(initialized.get, [
                when(zeroForOne.get, [cursor.set(i32.sub(cursor.get, i32.const(1)))]),
                copy(i32.add(record(cursor.get), i32.const(TICK.crossing)), at(SWAP.growth)),
                passTick(record(cursor.get), zeroForOne.get),
                when(wide.fault.get, [giveBack(wide.fault.get)]),
                when(i32.eqz(zeroForOne.get), [cursor.set(i32.add(cursor.get, i32.const(1)))]),
                i32.store(at(SWAP.crossed), i32.add(i32.load(at(SWAP.crossed)), i32.const(1))),
              ]),
              tick.set(i32.sub(next.get, zeroForOne.get)),
            ],
            [when(index.get, [tick.set(tickOfPrice(at(SWAP.price), tick.get))])],
          ),
        ),
        i32.store(at(SWAP.tick), tick.get),
        i32.store(at(SWAP.cursor), cursor.get),
        i32.const(STATUS.success),
      ];
    },
    "compute",
  );

  function accumulate(to: number, amount: number): Code {
    return [wide.add(at(to), at(to), at(amount)), DROP];
  }
  function subtract(from: number, amount: number): Code {
    return [wide.subtract(at(from), at(from), at(amount)), DROP];
  }
  function clearAbove128(address: number): Code {
    return [i64.store(at(address), i64.const(0n), 16), i64.store(at(address), i64.const(0n), 24)];
  }

  /** (newest, time) Makes OBSERVED the newest observation, carried on to `time`. */
  const carryOn = m.define(["i32", "i32"], null, (f, newest, time) => {
    const elapsed = f.i32();
    return [
      [0, 1, 2, 3, 4].map((i) => i64.store(at(OBSERVED), i64.load(newest.get, 8 * i), 8 * i)),
      elapsed.set(i32.sub(time.get, i32.load(newest.get, OBSERVATION.time))),
      when(i32.eqz(elapsed.get), [giveBack()]),
      i32.store(at(OBSERVED), time.get, OBSERVATION.time),
      i32.store(at(OBSERVED), i32.const(1), OBSERVATION.initialized),
      // Signed 56 bits: shifted up and down again.
      i64.store(
        at(OBSERVED),
        i64.shrS(
          i64.shl(
            i64.add(
              i64.load(newest.get, OBSERVATION.tickCumulative),
              i64.mul(i64.extendI32S(i32.load(at(STATE.tick))), i64.extendI32U(elapsed.get)),
            ),
            i64.const(8n),
          ),
          i64.const(8n),
        ),
        OBSERVATION.tickCumulative,
      ),
      clearProduct,
      i32.store(at(PRODUCT), elapsed.get, 16),
      copy(at(DENOMINATOR), at(STATE.liquidity)),
      when(isZero(at(DENOMINATOR)), [i32.store(at(DENOMINATOR), i32.const(1))]),
      wide.divide(at(TEMPORARY), at(DENOMINATOR), DOWN),
      clear(at(IN)),
      copy160(IN, at(OBSERVED + OBSERVATION.secondsPerLiquidity)),
      accumulate(TEMPORARY, IN),
      [0, 1].map((i) =>
        i64.store(at(OBSERVED), i64.load(at(TEMPORARY), 8 * i), OBSERVATION.secondsPerLiquidity + 8 * i),
      ),
      i64.store(at(OBSERVED), i64.load32U(at(TEMPORARY), 16), OBSERVATION.secondsPerLiquidity + 16),
    ];
  });

  function copy160(to: number, from: Code): Code {
    return [
      [0, 1].map((i) => i64.store(at(to), i64.load(from, 8 * i), 8 * i)),
      i64.store(at(to), i64.load32U(from, 16), 16),
      i64.store(at(to), i64.const(0n), 24),
    ];
  }

  /** (zeroForOne, time) Writes the swap that was computed last. */
  m.define(
    ["i32", "i32"],
    null,
    (f, zeroForOne, time) => {
      const [tick, last, left, newest, cardinality, index] = Array.from({ length: 6 }, () => f.i32()) as [
        Variable,
        Variable,
        Variable,
        Variable,
        Variable,
        Variable,
      ];
      const observation = (i: Code): Code => i32.add(at(OBSERVATIONS), i32.mul(i, i32.const(OBSERVATION.size)));
      /** outside = all - outside */
      const turn = (offset: number, all: Code): Code => [
        wide.subtract(i32.add(tick.get, i32.const(offset)), all, i32.add(tick.get, i32.const(offset))),
        DROP,
      ];
      const moved = i32.ne(i32.load(at(SWAP.tick)), i32.load(at(STATE.tick)));
      return [
        when(
          zeroForOne.get,
          [
            copy(at(STATE.growth0), at(SWAP.growth)),
            accumulate(STATE.protocol0, SWAP.protocolFee),
            clearAbove128(STATE.protocol0),
          ],
          [
            copy(at(STATE.growth1), at(SWAP.growth)),
            accumulate(STATE.protocol1, SWAP.protocolFee),
            clearAbove128(STATE.protocol1),
          ],
        ),
        left.set(i32.load(at(SWAP.crossed))),
        when(i32.or(moved, i32.ne(left.get, i32.const(0))), [
          newest.set(observation(i32.load(at(STATE.observationIndex)))),
          carryOn(newest.get, time.get),
          // The ticks passed lie side by side, from the lower of the two cursors on.
          tick.set(record(choose("i32", zeroForOne.get, i32.load(at(SWAP.cursor)), i32.load(at(STATE.cursor))))),
          whileDo(
            left.get,
            when(
              zeroForOne.get,
              [turn(TICK.growth0, i32.add(tick.get, i32.const(TICK.crossing))), turn(TICK.growth1, at(STATE.growth1))],
              [turn(TICK.growth0, at(STATE.growth0)), turn(TICK.growth1, i32.add(tick.get, i32.const(TICK.crossing)))],
            ),
            copy160(IN, at(OBSERVED + OBSERVATION.secondsPerLiquidity)),
            turn(TICK.secondsPerLiquidity, at(IN)),
            // 160 bits: what lies above wraps away.
            i32.store(tick.get, i32.const(0), TICK.secondsPerLiquidity + 20),
            i64.store(tick.get, i64.const(0n), TICK.secondsPerLiquidity + 24),
            i64.store(
              tick.get,
              i64.shrS(
                i64.shl(
                  i64.sub(
                    i64.load(at(OBSERVED), OBSERVATION.tickCumulative),
                    i64.load(tick.get, TICK.tickCumulativeOutside),
                  ),
                  i64.const(8n),
                ),
                i64.const(8n),
              ),
              TICK.tickCumulativeOutside,
            ),
            i32.store(tick.get, i32.sub(time.get, i32.load(tick.get, TICK.secondsOutside)), TICK.secondsOutside),
            tick.set(i32.add(tick.get, i32.const(TICK.size))),
            left.set(i32.sub(left.get, i32.const(1))),
          ),
          when(i32.and(moved, i32.ne(i32.load(newest.get, OBSERVATION.time), time.get)), [
            last.set(i32.load(at(STATE.observationIndex))),
            cardinality.set(i32.load(at(STATE.observationCardinality))),
            when(
              i32.and(
                i32.gtU(i32.load(at(STATE.observationCardinalityNext)), cardinality.get),
                i32.eq(last.get, i32.sub(cardinality.get, i32.const(1))),
              ),
              [
                cardinality.set(i32.load(at(STATE.observationCardinalityNext))),
                i32.store(at(STATE.observationCardinality), cardinality.get),
              ],
            ),
            index.set(i32.remS(i32.add(last.get, i32.const(1)), cardinality.get)),
            i32.store(at(STATE.observationIndex), index.get),
            newest.set(observation(index.get)),
            [0, 1, 2, 3, 4].map((i) => i64.store(newest.get, i64.load(at(OBSERVED), 8 * i), 8 * i)),
          ]),
        ]),
        copy(at(STATE.price), at(SWAP.price)),
        copy(at(STATE.liquidity), at(SWAP.liquidity)),
        i32.store(at(STATE.tick), i32.load(at(SWAP.tick))),
        i32.store(at(STATE.cursor), i32.load(at(SWAP.cursor))),
      ];
    },
    "commit",
  );

  return m.encode();
}

/** Throws away a value that nobody needs. */
const DROP: Code = [0x1a];
