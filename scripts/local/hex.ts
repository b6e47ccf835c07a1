/** JSON-RPC's quantity. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
