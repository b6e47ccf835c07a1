/**
 * JSON-RPC as the keeper uses it: one function (EIP-1193), so that a node over HTTP, a chain in the same process and a test's double are
 * the same thing to it. Quantities are hex on the wire and bigint or number here.
 */
import { NodeError } from "./failures.ts";

export interface Rpc {
  request(args: { readonly method: string; readonly params: readonly unknown[] }): Promise<unknown>;
}

/** A block by height, or the newest one. */
export type BlockTag = bigint | "latest";

export function toHex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

export function tagToHex(tag: BlockTag): string {
  return tag === "latest" ? tag : toHex(tag);
}

/** A quantity of an answer. Throws NodeError if it is none. */
export function quantity(value: unknown, what: string): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-f]+$/i.test(value)) {
    throw new NodeError(
      `The node's ${what} is not a hexadecimal quantity; check that the RPC address is an Ethereum node.`,
    );
  }
  return BigInt(value);
}

/** Bytes of an answer, hex. Throws NodeError if they are none. */
export function bytes(value: unknown, what: string): string {
  if (typeof value !== "string" || !/^0x([0-9a-f]{2})*$/i.test(value)) {
    throw new NodeError(`The node's ${what} is not hexadecimal data; check that the RPC address is an Ethereum node.`);
  }
  return value;
}

/** An object of an answer, or null where the protocol allows it. Throws NodeError for anything else. */
export function record(value: unknown, what: string): Readonly<Record<string, unknown>> | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") {
    throw new NodeError(`The node's ${what} is not an object; check that the RPC address is an Ethereum node.`);
  }
  return value as Readonly<Record<string, unknown>>;
}
