/** The normal distribution and fixed quadrature that the closed forms need. */

/** Density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * Distribution function of the standard normal, absolute error below 1e-12: the Taylor series of the integral round zero
 * (Marsaglia, "Evaluating the normal distribution", 2004), and Laplace's continued fraction in the tails, where the series loses digits.
 */
export function normalDistribution(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  const magnitude = Math.abs(x);
  if (magnitude > 38) return x > 0 ? 1 : 0;
  if (magnitude > 5) {
    let fraction = magnitude;
    for (let k = 40; k > 0; k--) fraction = magnitude + k / fraction;
    const tail = normalDensity(magnitude) / fraction;
    return x > 0 ? 1 - tail : tail;
  }
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + sum * normalDensity(x);
}

// Gauss-Legendre nodes and weights on [-1, 1], ten points, positive half.
const NODES = [
  [0.14887433898163122, 0.29552422471475287],
  [0.4333953941292472, 0.26926671930999635],
  [0.6794095682990244, 0.21908636251598204],
  [0.8650633666889845, 0.1494513491505806],
  [0.9739065285171717, 0.06667134430868814],
] as const;

/** Integral of a smooth function from a to b, ten-point Gauss-Legendre. */
export function integrate(f: (x: number) => number, a: number, b: number): number {
  const middle = (a + b) / 2;
  const half = (b - a) / 2;
  let sum = 0;
  for (const [node, weight] of NODES) sum += weight * (f(middle - half * node) + f(middle + half * node));
  return sum * half;
}
