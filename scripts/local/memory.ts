/** Does a price path fit into memory? The chain keeps every block, receipt and changed storage slot of a run. */
import { LocalWorldError } from "./errors.ts";
import { expectedMemory } from "./market/memory.ts";

const GB = 2 ** 30;

/** What an hour of the path adds besides the market's blocks: the keeper's tick, its journal and its plans. Measured, see docs/operator.md. */
const KEEPER_BYTES_PER_HOUR = 20e3;

/** Most that a run may take unless the user allows more. */
export const DEFAULT_MEMORY_LIMIT = 2 * GB;

/** The path would need more memory than there is or than is allowed. */
export class MemoryError extends LocalWorldError {
  constructor(message: string) {
    super(message);
    this.name = "MemoryError";
  }
}

/** Memory that the process needs at the end of a path, bytes. */
export function estimateMemory(bars: number, stops: number): number {
  return expectedMemory(bars, stops) + bars * KEEPER_BYTES_PER_HOUR;
}

/** Longest path for so much memory, bars. */
export function barsThatFit(bytes: number, stops: number): number {
  const [base, one] = [estimateMemory(0, stops), estimateMemory(1, stops)];
  return Math.max(0, Math.floor((bytes - base) / (one - base)));
}

/**
 * Refuses a path that would not fit.
 * @param bars hours of the path
 * @param stops blocks of the market in an hour
 * @param limit bytes that the run may take
 * @param available bytes that the machine still has
 * @throws MemoryError
 */
export function checkMemory(bars: number, stops: number, limit: number, available: number): void {
  const needed = estimateMemory(bars, stops);
  const scarce = available < limit;
  const allowed = scarce ? available : limit;
  if (needed <= allowed) return;
  const gb = (bytes: number): string => `${(bytes / GB).toFixed(1)} GB`;
  const days = Math.floor(barsThatFit(allowed, stops) / 24);
  throw new MemoryError(
    scarce
      ? `A path of ${bars} hours needs about ${gb(needed)} of memory and ${gb(allowed)} are free: take a path of at most ${days} days, or end other programs.`
      : `A path of ${bars} hours needs about ${gb(needed)} of memory and the limit is ${gb(allowed)}: take a path of at most ${days} days, or raise the limit with --memory.`,
  );
}
