import { isoTime } from "../../report/format.ts";
import type { PoolLog } from "./logs.ts";
import type { Checkpoint } from "./progress.ts";

type PoolAfter = Checkpoint["pool"];

/**
 * The rows of a chunk, in the columns of a file of events.
 * @param times unix seconds by block
 * @param before the pool before the chunk; null while nobody knows
 */
export function rowsOf(
  logs: readonly PoolLog[],
  times: ReadonlyMap<number, number>,
  before: PoolAfter,
): { readonly rows: readonly string[]; readonly after: PoolAfter } {
  let pool = before;
  const rows: string[] = [];
  for (const log of logs) {
    const { kind, fields } = log;
    let delta = 0n;
    if (kind === "SWAP" || kind === "INITIALIZE") {
      pool = {
        sqrtPriceX96: String(fields["sqrtPriceX96"]),
        tick: Number(fields["tick"]),
        liquidity: String(fields["liquidity"] ?? 0n),
      };
    } else if ((kind === "MINT" || kind === "BURN") && pool !== null) {
      const isActive = Number(fields["tickLower"]) <= pool.tick && pool.tick < Number(fields["tickUpper"]);
      delta = isActive ? BigInt(fields["amount"] ?? 0) * (kind === "MINT" ? 1n : -1n) : 0n;
      pool = { ...pool, liquidity: String(BigInt(pool.liquidity) + delta) };
    }
    if (kind !== "SWAP" && kind !== "MINT" && kind !== "BURN" && kind !== "COLLECT") continue;
    rows.push(
      [
        log.block,
        isoTime(times.get(log.block) ?? 0)
          .slice(0, 19)
          .replace("T", " "),
        kind,
        log.transactionHash,
        log.transactionIndex,
        log.logIndex,
        kind === "SWAP" ? fields["sender"] : fields["owner"],
        fields["recipient"] ?? "",
        fields["amount0"],
        fields["amount1"],
        pool?.liquidity ?? "",
        pool === null ? "" : delta,
        pool?.sqrtPriceX96 ?? "",
        pool?.tick ?? "",
        fields["tickLower"] ?? "",
        fields["tickUpper"] ?? "",
        kind === "MINT" || kind === "BURN" ? fields["amount"] : "",
      ].join(","),
    );
  }
  return { rows, after: pool };
}
