/** How often each command went through, and why it was refused otherwise. */
import type { Ended } from "./fuzz.ts";

interface Count {
  accepted: number;
  readonly refused: Map<string, number>;
}

export class Tally {
  readonly #counts = new Map<string, Count>();
  readonly #peaks = new Map<string, number>();

  note(command: string, { reason }: Ended): void {
    const count = this.#of(command);
    if (reason === undefined) count.accepted++;
    else count.refused.set(reason, (count.refused.get(reason) ?? 0) + 1);
  }

  /** The greatest of some figure. */
  peak(name: string, value: number): void {
    this.#peaks.set(name, Math.max(value, this.#peaks.get(name) ?? 0));
  }

  get peaks(): ReadonlyMap<string, number> {
    return this.#peaks;
  }

  add(other: Tally): void {
    for (const [name, value] of other.#peaks) this.peak(name, value);
    for (const [command, { accepted, refused }] of other.#counts) {
      const count = this.#of(command);
      count.accepted += accepted;
      for (const [reason, n] of refused) count.refused.set(reason, (count.refused.get(reason) ?? 0) + n);
    }
  }

  #of(command: string): Count {
    const count = this.#counts.get(command) ?? { accepted: 0, refused: new Map<string, number>() };
    this.#counts.set(command, count);
    return count;
  }

  accepted(command?: string): number {
    let sum = 0;
    for (const [name, count] of this.#counts) if (command === undefined || name === command) sum += count.accepted;
    return sum;
  }

  /** @param reason only refusals for this one */
  refused(command?: string, reason?: string): number {
    let sum = 0;
    for (const [name, { refused }] of this.#counts) {
      if (command !== undefined && name !== command) continue;
      for (const [why, n] of refused) if (reason === undefined || why === reason) sum += n;
    }
    return sum;
  }

  get calls(): number {
    return this.accepted() + this.refused();
  }

  /** A line for each command: accepted, refused and why, the most frequent reason first. */
  get lines(): readonly string[] {
    return [...this.#counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, { accepted, refused }]) => {
        const reasons = [...refused].sort(([, a], [, b]) => b - a).map(([why, n]) => `${why} ${n}`);
        const sum = [...refused.values()].reduce((a, b) => a + b, 0);
        return `${name}: ${accepted} accepted, ${sum} refused${sum > 0 ? ` (${reasons.join(", ")})` : ""}`;
      });
  }
}
