/** The strategy's memory, kept from tick to tick and over restarts. */
import type { Memory } from "../strategy/types.ts";
import { type Journal, text } from "./journal.ts";

export const NO_MEMORY: Memory = {
  lastRangeShift: null,
  lastTierMove: null,
  lastCompound: null,
  tierSignalSince: null,
  tierSignalFee: null,
  lastFeeChange: null,
  lastHedge: null,
  drained: false,
  lastReserveMove: null,
};

export function readMemory(journal: Journal): Memory {
  const row = journal.get("SELECT value FROM memory");
  // A field that an older version did not keep is "never".
  return row === undefined ? NO_MEMORY : { ...NO_MEMORY, ...(JSON.parse(text(row, "value")) as Memory) };
}

export function writeMemory(journal: Journal, memory: Memory): void {
  journal.run("INSERT OR REPLACE INTO memory (id, value) VALUES (1, :value)", { value: JSON.stringify(memory) });
}
