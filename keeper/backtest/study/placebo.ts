/**
 * Placebo: the same rules on signals whose days were shuffled in blocks. A block keeps what belongs together within a month (a trend lasts, a storm
 * clusters, all signals of a day go together), and what the blocks lose is their tie to the prices of their time. A strategy whose Sharpe ratio is
 * not better than that of most such runs has not been told anything by its signals.
 *
 * What a unit of liquidity earns is an amount of quote and goes with sqrt(P); it is moved in units of that, so that a placebo is wrong about the
 * time and not about the price as well. The oracle's volatility is not shuffled: it is the chain's own limit and no signal of the keeper's.
 */
import { seededRandom } from "../../market/random.ts";
import type { SignalTape } from "../strategies/layered/signalTape.ts";

/** Days. */
const BLOCK = 30;
const DAY = 24;

/**
 * @param root square roots of the prices at the marks (Tape)
 * @param seed another shuffle for another seed
 */
export function shuffledSignals(tape: SignalTape, root: Float64Array, seed: number): SignalTape {
  const marks = tape.bearish.length;
  const size = BLOCK * DAY;
  const blocks = seededRandom(seed).shuffled(Array.from({ length: Math.ceil(marks / size) }, (_, i) => i));
  const order = blocks.flatMap((block) =>
    Array.from({ length: Math.min(size, marks - block * size) }, (_, i) => block * size + i),
  );
  const shuffled = (values: Float64Array): Float64Array => Float64Array.from(order, (mark) => values[mark] as number);
  const rootOf = (mark: number): number => root[mark] as number;
  const feeRate = shuffled(tape.feeRate.map((rate, mark) => rate / rootOf(mark)));
  return {
    week: shuffled(tape.week),
    month: shuffled(tape.month),
    bearish: shuffled(tape.bearish),
    feeRate: feeRate.map((rate, mark) => rate * rootOf(mark)),
    payRatio: shuffled(tape.payRatio),
    oracle: tape.oracle,
  };
}
