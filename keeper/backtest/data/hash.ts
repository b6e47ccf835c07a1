/** What names the content that figures were computed from. */
import { createHash } from "node:crypto";

import type { PricePath } from "../../market/types.ts";

/** Of the window and the history before it, so that the same prices have the same hash wherever they lie. */
export function hashOf({ history, bars }: Pick<PricePath, "history" | "bars">): string {
  const numbers = new Float64Array((history.length + bars.length) * 5);
  let at = 0;
  for (const list of [history, bars]) {
    for (const { time, open, high, low, close } of list) {
      numbers.set([time, open, high, low, close], at);
      at += 5;
    }
  }
  return sha256(new Uint8Array(numbers.buffer));
}

/** Hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
