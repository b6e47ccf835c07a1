/**
 * What a path costs in memory: the chain keeps every block, receipt and changed storage word. Measured with Node 24 and
 * Hardhat 3.17 on March 2020 (2,229 stops, 34,829 swaps): 290 MB before the first stop, about 630 MB at the end, 150 kB a stop or
 * 10 kB a swap; calm weeks leave less. Swaps that have a transaction and a block each would leave 33 kB.
 */

/** Bytes of the process before the first stop: Node, Hardhat, the deployment, the source's bars. */
const BASE_BYTES = 350e6;
/** Bytes that a stop of the market leaves behind, a margin of a fifteenth included. */
const BYTES_PER_STOP = 160e3;

/**
 * Expected resident memory of the process at the path's end, bytes, without a keeper's own transactions.
 * @param bars of the path
 * @param stops of the market in a bar
 */
export function expectedMemory(bars: number, stops: number): number {
  return BASE_BYTES + bars * stops * BYTES_PER_STOP;
}
