/**
 * Whole numbers of 256 bits in WebAssembly's memory: limbs of 32 bits, so that the product of two and a carry fit the machine's
 * 64 bits. Source of the division: Knuth, The Art of Computer Programming, volume 2, section 4.3.1, algorithm D.
 */
import {
  type Call,
  type Code,
  f64,
  giveBack,
  i32,
  i64,
  type ModuleWriter,
  type Variable,
  when,
  whileDo,
  doWhile,
} from "./assembler.ts";
import { DIVISOR, PRODUCT, QUOTIENT, WIDE } from "./layout.ts";

/** Why a swap cannot be made; SUCCESS is zero. */
export const STATUS = {
  success: 0,
  overflow: 1,
  tooMuchLiquidity: 2,
  tooLittleLiquidity: 3,
  noAmount: 4,
  locked: 5,
  limit: 6,
};

/** The arithmetic as calls; arguments are addresses unless said otherwise. */
export interface Wide {
  /** First fault of a computation; zero is none. */
  readonly fault: Variable;
  /** Notes a fault unless there is one. */
  readonly fail: (status: number) => Code;
  readonly copy: (to: Code, from: Code) => Code;
  readonly clear: (to: Code) => Code;
  readonly isZero: (a: Code) => Code;
  /** -1, 0 or 1. */
  readonly compare: Call;
  readonly equal: (a: Code, b: Code) => Code;
  /** (to, a, b) to = a + b mod 2^256; gives the carry. */
  readonly add: Call;
  /** (to, a, b) to = a - b mod 2^256; gives the borrow. */
  readonly subtract: Call;
  /** (to) to = to + 1; a fault if it does not fit. */
  readonly increment: Call;
  readonly clearProduct: Code;
  /** (to, a, b) to[0..15] = a b, upper limbs as they were beyond the product's; gives the number of limbs written. */
  readonly multiply: Call;
  /** (to, d, up) to = PRODUCT / d, rounded up if `up`; a fault if d is zero or the quotient does not fit. Destroys PRODUCT. */
  readonly divide: Call;
  /** (a) as a float, to a few parts in 10^16. */
  readonly toFloat: Call;
}

const word = (address: Code, index: number): Code => i64.load(address, index * 8);

export function defineWide(m: ModuleWriter): Wide {
  const fault = m.global();
  const fail = (status: number): Code => when(i32.eqz(fault.get), [fault.set(i32.const(status))]);
  const each = (work: (index: number) => Code): Code => [0, 1, 2, 3].map(work);
  const copy = (to: Code, from: Code): Code => each((i) => i64.store(to, word(from, i), i * 8));
  const clear = (to: Code): Code => each((i) => i64.store(to, i64.const(0n), i * 8));
  const isZero = (a: Code): Code => i64.eqz(i64.or(i64.or(word(a, 0), word(a, 1)), i64.or(word(a, 2), word(a, 3))));
  const clearProduct = Array.from({ length: 10 }, (_, i) => i64.store(i32.const(PRODUCT), i64.const(0n), i * 8));

  const compare = m.define(["i32", "i32"], "i32", (f, a, b) => {
    const [x, y] = [f.i64(), f.i64()];
    return [
      [3, 2, 1, 0].map((i) => [
        x.set(word(a.get, i)),
        y.set(word(b.get, i)),
        when(i64.ne(x.get, y.get), [giveBack(i32.sub(i32.shl(i64.gtU(x.get, y.get), i32.const(1)), i32.const(1)))]),
      ]),
      i32.const(0),
    ];
  });

  // Limb by limb: the carry is what stands above 32 bits.
  const add = m.define(["i32", "i32", "i32"], "i32", (f, to, a, b) => {
    const sum = f.i64();
    return [
      sum.set(i64.const(0n)),
      Array.from({ length: 8 }, (_, i) => [
        sum.set(
          i64.add(i64.add(i64.load32U(a.get, i * 4), i64.load32U(b.get, i * 4)), i64.shrU(sum.get, i64.const(32n))),
        ),
        i64.store32(to.get, sum.get, i * 4),
      ]),
      i32.wrapI64(i64.shrU(sum.get, i64.const(32n))),
    ];
  });

  // The borrow is the sign, shifted all the way down: zero or minus one.
  const subtract = m.define(["i32", "i32", "i32"], "i32", (f, to, a, b) => {
    const difference = f.i64();
    return [
      difference.set(i64.const(0n)),
      Array.from({ length: 8 }, (_, i) => [
        difference.set(
          i64.add(
            i64.sub(i64.load32U(a.get, i * 4), i64.load32U(b.get, i * 4)),
            i64.shrS(difference.get, i64.const(32n)),
          ),
        ),
        i64.store32(to.get, difference.get, i * 4),
      ]),
      i32.wrapI64(i64.shrU(difference.get, i64.const(63n))),
    ];
  });

  const increment = m.define(["i32"], null, (f, to) => {
    const value = f.i64();
    return [
      each((i) => [
        value.set(i64.add(word(to.get, i), i64.const(1n))),
        i64.store(to.get, value.get, i * 8),
        when(i64.ne(value.get, i64.const(0n)), [giveBack()]),
      ]),
      fail(STATUS.overflow),
    ];
  });

  /** (a, most) limbs in use. */
  const length = m.define(["i32", "i32"], "i32", (_f, a, n) => [
    whileDo(
      i64.eqz(i64.load32U(i32.add(a.get, i32.shl(i32.sub(n.get, i32.const(1)), i32.const(2))))),
      n.set(i32.sub(n.get, i32.const(1))),
      when(i32.eqz(n.get), [giveBack(i32.const(0))]),
    ),
    n.get,
  ]);

  const limbs = (count: Code): Code => i32.shl(count, i32.const(2));

  const multiply = m.define(["i32", "i32", "i32"], "i32", (f, to, a, b) => {
    const [na, nb, i, j, at] = [f.i32(), f.i32(), f.i32(), f.i32(), f.i32()];
    const [factor, sum] = [f.i64(), f.i64()];
    const next = (v: Variable): Code => v.set(i32.add(v.get, i32.const(4)));
    return [
      na.set(limbs(length(a.get, i32.const(8)))),
      nb.set(limbs(length(b.get, i32.const(8)))),
      when(i32.eqz(i32.mul(na.get, nb.get)), [giveBack(i32.const(0))]),
      // The first row writes, so that the target need not be cleared; the others add.
      factor.set(i64.load32U(a.get)),
      sum.set(i64.const(0n)),
      j.set(i32.const(0)),
      doWhile(
        [
          sum.set(i64.add(i64.mul(factor.get, i64.load32U(i32.add(b.get, j.get))), i64.shrU(sum.get, i64.const(32n)))),
          i64.store32(i32.add(to.get, j.get), sum.get),
          next(j),
        ],
        i32.ltU(j.get, nb.get),
      ),
      i64.store32(i32.add(to.get, j.get), i64.shrU(sum.get, i64.const(32n))),
      i.set(i32.const(4)),
      whileDo(
        i32.ltU(i.get, na.get),
        factor.set(i64.load32U(i32.add(a.get, i.get))),
        sum.set(i64.const(0n)),
        j.set(i32.const(0)),
        at.set(i32.add(to.get, i.get)),
        doWhile(
          [
            sum.set(
              i64.add(
                i64.add(i64.mul(factor.get, i64.load32U(i32.add(b.get, j.get))), i64.load32U(at.get)),
                i64.shrU(sum.get, i64.const(32n)),
              ),
            ),
            i64.store32(at.get, sum.get),
            next(j),
            next(at),
          ],
          i32.ltU(j.get, nb.get),
        ),
        i64.store32(at.get, i64.shrU(sum.get, i64.const(32n))),
        next(i),
      ),
      i32.shrU(i32.add(na.get, nb.get), i32.const(2)),
    ];
  });

  /** (nn, divisor) PRODUCT of nn limbs by a limb, into QUOTIENT; gives whether something remains. */
  const divideByLimb = m.define(["i32", "i64"], "i32", (f, nn, divisor) => {
    const [i, rest, part, quotient] = [f.i32(), f.i64(), f.i64(), f.i64()];
    return [
      i.set(limbs(nn.get)),
      rest.set(i64.const(0n)),
      doWhile(
        [
          i.set(i32.sub(i.get, i32.const(4))),
          part.set(i64.or(i64.shl(rest.get, i64.const(32n)), i64.load32U(i.get, PRODUCT))),
          quotient.set(i64.divU(part.get, divisor.get)),
          rest.set(i64.sub(part.get, i64.mul(quotient.get, divisor.get))),
          i64.store32(i.get, quotient.get, QUOTIENT),
        ],
        i.get,
      ),
      i64.ne(rest.get, i64.const(0n)),
    ];
  });

  /** (from, to, n, bits) Shifts n limbs up by less than 32 bits; the limb above them takes what runs over. */
  const shiftUp = m.define(["i32", "i32", "i32", "i64"], null, (f, from, to, n, bits) => {
    const [i, carry] = [f.i32(), f.i64()];
    return [
      i.set(i32.const(0)),
      carry.set(i64.const(0n)),
      n.set(limbs(n.get)),
      doWhile(
        [
          carry.set(
            i64.or(i64.shl(i64.load32U(i32.add(from.get, i.get)), bits.get), i64.shrU(carry.get, i64.const(32n))),
          ),
          i64.store32(i32.add(to.get, i.get), carry.get),
          i.set(i32.add(i.get, i32.const(4))),
        ],
        i32.ltU(i.get, n.get),
      ),
      i64.store32(i32.add(to.get, i.get), i64.shrU(carry.get, i64.const(32n))),
    ];
  });

  /** (nn, d, nd) PRODUCT of nn limbs by nd >= 2 limbs, nn >= nd, into QUOTIENT; gives whether something remains. */
  const divideByMany = m.define(["i32", "i32", "i32"], "i32", (f, nn, d, nd) => {
    const [bytes, j, i, at] = [f.i32(), f.i32(), f.i32(), f.i32()];
    const [bits, top, second, part, guess, rest, carry, t] = [
      f.i64(),
      f.i64(),
      f.i64(),
      f.i64(),
      f.i64(),
      f.i64(),
      f.i64(),
      f.i64(),
    ];
    const low = (value: Code): Code => i64.and(value, i64.const(0xffff_ffffn));
    const lower = (): Code => [guess.set(i64.sub(guess.get, i64.const(1n))), rest.set(i64.add(rest.get, top.get))];
    const tooHigh = i32.or(
      i64.geU(guess.get, i64.const(1n << 32n)),
      i64.gtU(
        i64.mul(guess.get, second.get),
        i64.or(i64.shl(rest.get, i64.const(32n)), i64.load32U(j.get, PRODUCT - 8)),
      ),
    );
    return [
      bytes.set(limbs(nd.get)),
      // D1: the divisor's highest bit becomes the limb's.
      bits.set(i64.extendI32U(i32.clz(i32.load(i32.sub(i32.add(d.get, bytes.get), i32.const(4)))))),
      shiftUp(d.get, i32.const(DIVISOR), nd.get, bits.get),
      shiftUp(i32.const(PRODUCT), i32.const(PRODUCT), nn.get, bits.get),
      top.set(i64.load32U(bytes.get, DIVISOR - 4)),
      second.set(i64.load32U(bytes.get, DIVISOR - 8)),
      // j is the place in bytes of the limb above the part that is divided.
      j.set(limbs(nn.get)),
      doWhile(
        [
          // D3: a guess from the upper limbs, at most two too high, then none or one.
          part.set(i64.or(i64.shl(i64.load32U(j.get, PRODUCT), i64.const(32n)), i64.load32U(j.get, PRODUCT - 4))),
          guess.set(i64.divU(part.get, top.get)),
          rest.set(i64.sub(part.get, i64.mul(guess.get, top.get))),
          when(tooHigh, [lower(), when(i64.eqz(i64.shrU(rest.get, i64.const(32n))), [when(tooHigh, [lower()])])]),
          // D4: subtract.
          at.set(i32.sub(j.get, bytes.get)),
          i.set(i32.const(0)),
          carry.set(i64.const(0n)),
          t.set(i64.const(0n)),
          doWhile(
            [
              carry.set(i64.add(i64.mul(guess.get, i64.load32U(i.get, DIVISOR)), i64.shrU(carry.get, i64.const(32n)))),
              t.set(i64.add(i64.sub(i64.load32U(at.get, PRODUCT), low(carry.get)), i64.shrS(t.get, i64.const(32n)))),
              i64.store32(at.get, t.get, PRODUCT),
              i.set(i32.add(i.get, i32.const(4))),
              at.set(i32.add(at.get, i32.const(4))),
            ],
            i32.ltU(i.get, bytes.get),
          ),
          t.set(
            i64.add(
              i64.sub(i64.load32U(at.get, PRODUCT), i64.shrU(carry.get, i64.const(32n))),
              i64.shrS(t.get, i64.const(32n)),
            ),
          ),
          i64.store32(at.get, t.get, PRODUCT),
          // D6: the guess was one too high after all; add the divisor back.
          when(i64.ltS(t.get, i64.const(0n)), [
            guess.set(i64.sub(guess.get, i64.const(1n))),
            at.set(i32.sub(j.get, bytes.get)),
            i.set(i32.const(0)),
            carry.set(i64.const(0n)),
            doWhile(
              [
                carry.set(
                  i64.add(
                    i64.add(i64.load32U(at.get, PRODUCT), i64.load32U(i.get, DIVISOR)),
                    i64.shrU(carry.get, i64.const(32n)),
                  ),
                ),
                i64.store32(at.get, carry.get, PRODUCT),
                i.set(i32.add(i.get, i32.const(4))),
                at.set(i32.add(at.get, i32.const(4))),
              ],
              i32.ltU(i.get, bytes.get),
            ),
            i64.store32(at.get, i64.add(i64.load32U(at.get, PRODUCT), i64.shrU(carry.get, i64.const(32n))), PRODUCT),
          ]),
          i64.store32(i32.sub(j.get, bytes.get), guess.get, QUOTIENT),
          j.set(i32.sub(j.get, i32.const(4))),
        ],
        i32.geU(j.get, bytes.get),
      ),
      i32.ne(length(i32.const(PRODUCT), nd.get), i32.const(0)),
    ];
  });

  const divide = m.define(["i32", "i32", "i32"], null, (f, to, d, up) => {
    const [nn, nd, n, i, remains] = [f.i32(), f.i32(), f.i32(), f.i32(), f.i32()];
    return [
      nd.set(length(d.get, i32.const(8))),
      when(i32.eqz(nd.get), [fail(STATUS.overflow), giveBack()]),
      nn.set(length(i32.const(PRODUCT), i32.const(17))),
      when(
        i32.ltU(nn.get, nd.get),
        [clear(to.get), remains.set(i32.ne(nn.get, i32.const(0)))],
        [
          when(
            i32.eq(nd.get, i32.const(1)),
            [remains.set(divideByLimb(nn.get, i64.load32U(d.get)))],
            [remains.set(divideByMany(nn.get, d.get, nd.get))],
          ),
          clear(to.get),
          n.set(limbs(length(i32.const(QUOTIENT), i32.add(i32.sub(nn.get, nd.get), i32.const(1))))),
          when(i32.gtU(n.get, i32.const(WIDE)), [fail(STATUS.overflow), n.set(i32.const(WIDE))]),
          i.set(i32.const(0)),
          whileDo(
            i32.ltU(i.get, n.get),
            i64.store32(i32.add(to.get, i.get), i64.load32U(i.get, QUOTIENT)),
            i.set(i32.add(i.get, i32.const(4))),
          ),
        ],
      ),
      when(i32.and(remains.get, up.get), [increment(to.get)]),
    ];
  });

  const toFloat = m.define(["i32"], "f64", (_f, a) => [
    [3, 2, 1, 0]
      .map((i) => f64.mul(f64.convertI64U(word(a.get, i)), f64.const(2 ** (64 * i))))
      .reduce((sum, part) => f64.add(sum, part)),
  ]);

  return {
    fault,
    fail,
    copy,
    clear,
    isZero,
    compare,
    equal: (a, b) => i32.eqz(compare(a, b)),
    add,
    subtract,
    increment,
    clearProduct,
    multiply,
    divide,
    toFloat,
  };
}
