/** Measured figures, printed among the tests' lines so that a reader of the log finds them beside what they prove. */
export function figure(text: string): void {
  process.stdout.write(`      · ${text}\n`);
}

/** A fraction in 1e18ths as basis points. */
export function bps(x18: bigint): string {
  return `${(Number(x18) / 1e14).toFixed(3)} bps`;
}
