/** A sweep on this machine: every configuration that is missing, over a pool of threads, each recorded as it is done. */
import { SweepError } from "./errors.ts";
import type { Order } from "./runSweep.ts";
import { ThreadPool } from "./threads/pool.ts";

export interface ThreadSweep extends Pick<Order, "definition" | "missing" | "record"> {
  readonly workers: number;
  readonly signal: AbortSignal;
}

/** @returns whether all is done, which it is not after the signal, and the number of threads @throws SweepError if one of them dies */
export async function sweepOnThreads(
  sweep: ThreadSweep,
): Promise<{ readonly complete: boolean; readonly workers: number }> {
  const { definition, missing, record, signal } = sweep;
  const workers = Math.min(sweep.workers, missing.length);
  if (missing.length === 0) return { complete: true, workers };
  if (signal.aborted) return { complete: false, workers };
  const pool = new ThreadPool(definition, workers);
  const stopped = new SweepError("The sweep was stopped; run the same command again.");
  const stop = (): void => void pool.close(stopped);
  signal.addEventListener("abort", stop, { once: true });
  try {
    // One caller a thread: nothing waits in the pool, so a stop loses only what is being computed.
    const left = missing.values();
    const work = async (): Promise<void> => {
      for (const { hash, parameters } of left) {
        record([{ hash, parameters, outcome: await pool.run(parameters) }]);
      }
    };
    await Promise.all(Array.from({ length: pool.size }, work));
    return { complete: true, workers };
  } catch (error) {
    if (error === stopped) return { complete: false, workers };
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    await pool.close();
  }
}
