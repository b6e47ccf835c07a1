/** What to pay for a transaction (EIP-1559), and how much more for one that replaces another at the same account nonce. */
import { ConfigError } from "../chain/failures.ts";
import type { ChainNode } from "../chain/node.ts";

/** Wei per gas. */
export interface Fees {
  readonly maxFee: bigint;
  readonly priorityFee: bigint;
}

/**
 * Fees for the next block, or null if they would exceed the cap. Without a rival the cap is bid when it lies between the next block's price
 * and the usual bid of twice the base fee; a replacement must raise both fees by an eighth, which every node accepts (geth asks for a tenth).
 *
 * @param cap most wei per gas that the operator pays
 * @param rival the dearest transaction already signed at the account's nonce, which may still lie in somebody's pool
 */
export async function quoteFees(node: ChainNode, cap: bigint, rival: Fees | null): Promise<Fees | null> {
  const [block, suggested] = await Promise.all([node.block("latest"), node.priorityFee()]);
  const baseFee = block?.baseFeePerGas ?? null;
  if (baseFee === null) {
    throw new ConfigError("The chain has no base fee (EIP-1559), which this keeper needs; use another chain.");
  }
  const leastPriority = rival === null ? 0n : raised(rival.priorityFee);
  const leastMax = rival === null ? 0n : raised(rival.maxFee);
  const priorityFee = max(suggested, leastPriority);
  const needed = max(baseFee + priorityFee, leastMax);
  if (needed > cap) return null;
  const wanted = max(2n * baseFee + priorityFee, leastMax);
  return { maxFee: wanted > cap ? cap : wanted, priorityFee };
}

/** An eighth more, rounded up. */
function raised(fee: bigint): bigint {
  return fee + (fee + 7n) / 8n;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
