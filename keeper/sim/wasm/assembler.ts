/**
 * A WebAssembly module written down in TypeScript: instructions are nested lists of bytes, put together by functions that are
 * named as in the specification. So the fast engine is source that one can read and change, and no binary lies in the
 * repository. Only what the engine needs is here. Source: WebAssembly Core Specification 2.0, chapter 5 (binary format).
 */

/** Instructions in the binary format. */
export type Code = readonly (number | Code)[];

export type ValueType = "i32" | "i64" | "f64";

const TYPE_BYTE: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c };
const VOID = 0x40;

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low + 128);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128. */
function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ;) {
    const low = Number(BigInt.asUintN(7, rest));
    rest >>= 7n;
    if ((rest === 0n && low < 64) || (rest === -1n && low >= 64)) return [...bytes, low];
    bytes.push(low + 128);
  }
}

const unary =
  (opcode: number) =>
  (a: Code): Code => [a, opcode];
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [a, b, opcode];
const load =
  (opcode: number, align: number) =>
  (address: Code, offset = 0): Code => [address, opcode, align, unsigned(offset)];
const store =
  (opcode: number, align: number) =>
  (address: Code, value: Code, offset = 0): Code => [address, value, opcode, align, unsigned(offset)];

export const i32 = {
  const: (value: number): Code => [0x41, signed(BigInt(value))],
  load: load(0x28, 2),
  store: store(0x36, 2),
  eqz: unary(0x45),
  eq: binary(0x46),
  ne: binary(0x47),
  ltS: binary(0x48),
  ltU: binary(0x49),
  gtS: binary(0x4a),
  gtU: binary(0x4b),
  leS: binary(0x4c),
  leU: binary(0x4d),
  geS: binary(0x4e),
  geU: binary(0x4f),
  clz: unary(0x67),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  divS: binary(0x6d),
  remS: binary(0x6f),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shrS: binary(0x75),
  shrU: binary(0x76),
  wrapI64: unary(0xa7),
  truncF64S: unary(0xaa),
};

export const i64 = {
  const: (value: bigint): Code => [0x42, signed(BigInt.asIntN(64, value))],
  load: load(0x29, 3),
  load32U: load(0x35, 2),
  store: store(0x37, 3),
  store32: store(0x3e, 2),
  eqz: unary(0x50),
  eq: binary(0x51),
  ne: binary(0x52),
  ltS: binary(0x53),
  gtU: binary(0x56),
  geU: binary(0x5a),
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  divU: binary(0x80),
  and: binary(0x83),
  or: binary(0x84),
  shl: binary(0x86),
  shrS: binary(0x87),
  shrU: binary(0x88),
  extendI32S: unary(0xac),
  extendI32U: unary(0xad),
  reinterpretF64: unary(0xbd),
};

export const f64 = {
  const: (value: number): Code => [0x44, [...new Uint8Array(new Float64Array([value]).buffer)]],
  lt: binary(0x63),
  gt: binary(0x64),
  floor: unary(0x9c),
  add: binary(0xa0),
  sub: binary(0xa1),
  mul: binary(0xa2),
  div: binary(0xa3),
  convertI32S: unary(0xb7),
  convertI64U: unary(0xba),
  reinterpretI64: unary(0xbf),
};

/** Repeats while the condition holds, which is asked first. */
export function whileDo(condition: Code, ...body: readonly Code[]): Code {
  return [0x02, VOID, 0x03, VOID, i32.eqz(condition), 0x0d, 1, body, 0x0c, 0, 0x0b, 0x0b];
}

/** Repeats while the condition holds, which is asked last. */
export function doWhile(body: readonly Code[], condition: Code): Code {
  return [0x03, VOID, body, condition, 0x0d, 0, 0x0b];
}

export function when(condition: Code, then: readonly Code[], otherwise: readonly Code[] = []): Code {
  return [condition, 0x04, VOID, then, otherwise.length === 0 ? [] : [0x05, otherwise], 0x0b];
}

/** One of two values; only the chosen one is computed. */
export function choose(type: ValueType, condition: Code, then: Code, otherwise: Code): Code {
  return [condition, 0x04, TYPE_BYTE[type], then, 0x05, otherwise, 0x0b];
}

/** Ends the function, with its result if it has one. */
export function giveBack(value: Code = []): Code {
  return [value, 0x0f];
}

/** A parameter or a local variable. */
export interface Variable {
  readonly get: Code;
  set(value: Code): Code;
}

/** Declares a function's local variables. */
export interface Frame {
  i32(): Variable;
  i64(): Variable;
  f64(): Variable;
}

export type Call = (...args: readonly Code[]) => Code;

interface Definition {
  readonly params: readonly ValueType[];
  readonly result: ValueType | null;
  readonly locals: readonly ValueType[];
  readonly code: Code;
  /** Null if the function is not exported. */
  readonly exported: string | null;
}

/** Collects functions and encodes the module. Its memory comes from outside, as "env" "memory". */
export class ModuleWriter {
  readonly #functions: Definition[] = [];
  #globals = 0;

  /**
   * @param result null for none
   * @param body the instructions, given the frame and the parameters
   * @returns how to call it
   */
  define(
    params: readonly ValueType[],
    result: ValueType | null,
    body: (frame: Frame, ...params: readonly Variable[]) => readonly Code[],
    exported: string | null = null,
  ): Call {
    const locals: ValueType[] = [];
    const local = (type: ValueType) => (): Variable => variable(params.length + locals.push(type) - 1);
    const frame: Frame = { i32: local("i32"), i64: local("i64"), f64: local("f64") };
    const code = body(frame, ...params.map((_, index) => variable(index)));
    const index = this.#functions.push({ params, result, locals, code, exported }) - 1;
    return (...args) => [args, 0x10, unsigned(index)];
  }

  /** A variable of type i32 that all functions share, at first zero. */
  global(): Variable {
    const index = this.#globals++;
    return { get: [0x23, unsigned(index)], set: (value) => [value, 0x24, unsigned(index)] };
  }

  encode(): Uint8Array<ArrayBuffer> {
    const types = this.#functions.map(({ params, result }) => [
      0x60,
      vector(params.map((type) => [TYPE_BYTE[type]])),
      vector(result === null ? [] : [[TYPE_BYTE[result]]]),
    ]);
    const bodies = this.#functions.map(({ locals, code }) => {
      const body = flat([vector(locals.map((type) => [1, TYPE_BYTE[type]])), code, 0x0b]);
      return [unsigned(body.length), body];
    });
    const exports = this.#functions.flatMap(({ exported }, index) =>
      exported === null ? [] : [[name(exported), 0x00, unsigned(index)]],
    );
    const globals = Array.from({ length: this.#globals }, () => [TYPE_BYTE.i32, 1, i32.const(0), 0x0b]);
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, types),
      ...section(2, [[name("env"), name("memory"), 0x02, 0x00, unsigned(1)]]),
      ...section(
        3,
        this.#functions.map((_, index) => unsigned(index)),
      ),
      ...section(6, globals),
      ...section(7, exports),
      ...section(10, bodies),
    ]);
  }
}

function variable(index: number): Variable {
  return { get: [0x20, unsigned(index)], set: (value) => [value, 0x21, unsigned(index)] };
}

function vector(items: readonly Code[]): Code {
  return [unsigned(items.length), items];
}

function name(text: string): Code {
  const bytes = [...new TextEncoder().encode(text)];
  return [unsigned(bytes.length), bytes];
}

function section(id: number, items: readonly Code[]): number[] {
  const content = flat(vector(items));
  return [id, ...unsigned(content.length), ...content];
}

function flat(code: Code): number[] {
  const bytes: number[] = [];
  const walk = (part: Code): void => {
    for (const item of part) {
      if (typeof item === "number") bytes.push(item);
      else walk(item);
    }
  };
  walk(code);
  return bytes;
}
