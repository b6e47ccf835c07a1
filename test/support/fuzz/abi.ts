/**
 * Decodes what a call returned into plain values, several times as fast as ethers, whose results are objects of many faces:
 * whole numbers as bigint, structs as records. Driven by the ABI, so that a new field of a struct needs nothing here.
 */
import type { Interface, ParamType } from "ethers";

export type Plain = bigint | boolean | string | readonly Plain[] | { readonly [name: string]: Plain };

/** Results of a function: one value as itself, several as a list. */
export function decodeResult(abi: Interface, name: string, hex: string): unknown {
  const fragment = abi.getFunction(name);
  if (fragment === null) throw new Error(`the contract has no function ${name}`);
  const values = decodeAll(fragment.outputs, hex, 2, false);
  return fragment.outputs.length === 1 ? (values as readonly Plain[])[0] : values;
}

/** @param base where the list's offsets count from, in characters */
function decodeAll(params: readonly ParamType[], hex: string, base: number, named: boolean): Plain {
  const values: Plain[] = [];
  let at = base;
  for (const param of params) {
    if (isDynamic(param)) {
      values.push(decodeOne(param, hex, base + 2 * Number(word(hex, at))));
      at += 64;
    } else {
      values.push(decodeOne(param, hex, at));
      at += 64 * words(param);
    }
  }
  return named ? Object.fromEntries(params.map(({ name }, i) => [name, values[i] ?? 0n])) : values;
}

function decodeOne(param: ParamType, hex: string, at: number): Plain {
  const { baseType, arrayChildren, components } = param;
  if (baseType === "tuple") return decodeAll(components ?? [], hex, at, true);
  if (baseType === "array") {
    const child = arrayChildren;
    if (child === null) throw new Error("an array of nothing");
    const fixed = param.arrayLength !== null && param.arrayLength >= 0;
    const count = fixed ? param.arrayLength : Number(word(hex, at));
    return decodeAll(Array<ParamType>(count).fill(child), hex, fixed ? at : at + 64, false);
  }
  if (baseType === "bytes" || baseType === "string") {
    return `0x${hex.slice(at + 64, at + 64 + 2 * Number(word(hex, at)))}`;
  }
  if (baseType === "bool") return word(hex, at) === 1n;
  if (baseType === "address") return `0x${hex.slice(at + 24, at + 64)}`;
  if (baseType.startsWith("uint")) return word(hex, at);
  if (baseType.startsWith("int")) return BigInt.asIntN(256, word(hex, at));
  return `0x${hex.slice(at, at + 64)}`;
}

const word = (hex: string, at: number): bigint => BigInt(`0x${hex.slice(at, at + 64)}`);

function isDynamic(param: ParamType): boolean {
  const { baseType, arrayChildren, arrayLength, components } = param;
  if (baseType === "bytes" || baseType === "string") return true;
  if (baseType === "array") {
    return arrayLength === null || arrayLength < 0 || (arrayChildren !== null && isDynamic(arrayChildren));
  }
  return (components ?? []).some(isDynamic);
}

/** Words of a static value. */
function words(param: ParamType): number {
  if (param.baseType === "array")
    return (param.arrayLength ?? 0) * (param.arrayChildren ? words(param.arrayChildren) : 1);
  if (param.baseType === "tuple") return (param.components ?? []).reduce((sum, child) => sum + words(child), 0);
  return 1;
}
