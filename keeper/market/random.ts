/** A stream of random numbers that a seed determines, the same on every machine. */
export interface Random {
  /** 32 random bits. */
  readonly uint32: () => number;
  /** Uniform in (0, 1), both ends excluded, 52 bits. */
  readonly uniform: () => number;
  /** Standard normal. */
  readonly normal: () => number;
  /** Exponential with mean 1. */
  readonly exponential: () => number;
  /** Uniform integer in [0, n). */
  readonly below: (n: number) => number;
  /** The same elements in a random order; the argument is left alone. */
  readonly shuffled: <T>(items: readonly T[]) => T[];
}

const MASK = (1n << 64n) - 1n;

/** splitmix64 (Steele, Lea, Flood 2014; reference code by Vigna): `count` 64-bit words from a seed. */
export function splitmix64(seed: bigint, count: number): bigint[] {
  let state = seed & MASK;
  return Array.from({ length: count }, () => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  });
}

/** xoshiro128** 1.1 (Blackman, Vigna, ACM TOMS 2021) from its four words of state, not all zero. Integer arithmetic only. */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [s0, s1, s2, s3] = state;
  return () => {
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  };
}

/**
 * A stream for a seed: xoshiro128** whose state splitmix64 fills, as its authors advise. `stream` gives independent streams of one seed.
 *
 * @param seed integer from 0 to 2^53 - 1
 * @param stream integer from 0 to 2^32 - 1
 */
export function seededRandom(seed: number, stream = 0): Random {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`The seed ${seed} is not an integer from 0 to 2^53 - 1.`);
  // Hashing seed and stream in turn keeps (seed, stream) pairs from sharing a state.
  const [mixed = 0n] = splitmix64(BigInt(seed), 1);
  const [a = 0n, b = 0n] = splitmix64(mixed ^ BigInt(stream), 2);
  const word = (value: bigint): number => Number(value & 0xffffffffn) | 0;
  const uint32 = xoshiro128([word(a), word(a >> 32n), word(b), word(b >> 32n)]);
  const uniform = (): number => ((uint32() >>> 6) * 2 ** 26 + (uint32() >>> 6) + 0.5) / 2 ** 52;
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // Marsaglia's polar method.
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * scale;
      return u * scale;
    }
  };
  const below = (n: number): number => Math.floor(uniform() * n);
  const shuffled = <T>(items: readonly T[]): T[] => {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i -= 1) {
      const j = below(i + 1);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  };
  return { uint32, uniform, normal, exponential: () => -Math.log(uniform()), below, shuffled };
}
