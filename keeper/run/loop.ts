/** Ticks for ever, until somebody says stop. */
import { RetryableError } from "../chain/failures.ts";
import type { Clock } from "./clock.ts";
import type { TickResult } from "./types.ts";

export interface LoopOptions {
  /** Milliseconds from the start of one tick to the start of the next. */
  readonly interval: number;
  /** Given: the loop ends after the tick under way. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Called with every result; what it throws ends the loop. */
  readonly onTick: (result: TickResult) => void;
  /** Called with every failure that the loop tries again after, and the milliseconds until then. */
  readonly onRetry: (error: RetryableError, delay: number) => void;
  /** Milliseconds; longest wait after repeated failures. Default 5 minutes. */
  readonly maxDelay?: number;
  /** From 0 to 1, below 1; spreads retries of several keepers. */
  readonly random: () => number;
}

const DEFAULT_MAX_DELAY = 300_000;

/**
 * Runs until the signal. After a RetryableError it waits, twice as long each time, and tries again; any other error ends it and is thrown.
 *
 * @param tick one round; gets the signal, so that it stops waiting too
 */
export async function runLoop(tick: (signal: AbortSignal) => Promise<TickResult>, options: LoopOptions): Promise<void> {
  const { interval, signal, clock, onTick, onRetry, maxDelay = DEFAULT_MAX_DELAY, random } = options;
  let failures = 0;
  while (!signal.aborted) {
    const start = clock.now();
    let result: TickResult;
    try {
      result = await tick(signal);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      const delay = Math.min(interval * 2 ** failures, maxDelay) * (0.75 + 0.5 * random());
      failures += 1;
      onRetry(error, delay);
      await clock.sleep(delay, signal);
      continue;
    }
    failures = 0;
    onTick(result);
    const delay = interval - (clock.now() - start);
    if (delay > 0) await clock.sleep(delay, signal);
  }
}
