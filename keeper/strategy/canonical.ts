/**
 * One text for one value, so that a hash of it means something: JSON with sorted keys and no spaces, in the manner of RFC 8785 (JSON
 * Canonicalization Scheme). What JSON cannot say exactly (undefined, NaN, an infinity, a bigint, a function, a date) is
 * refused, never dropped.
 */
/** Raised for a value that has no canonical text. `path` says where, in the form `a.b[2]`. */
export class CanonicalError extends Error {
  readonly path: string;

  constructor(path: string, what: string) {
    super(
      `Cannot write ${path === "" ? "the value" : path} as canonical JSON: ${what}; give a finite number, a string, a boolean, null, an array or a plain object.`,
    );
    this.name = "CanonicalError";
    this.path = path;
  }
}

/** Canonical JSON of a value. Throws CanonicalError. */
export function canonicalJson(input: unknown): string {
  return write(input, "", new Set());
}

function write(input: unknown, path: string, open: Set<object>): string {
  if (input === null || typeof input === "boolean") return String(input);
  if (typeof input === "number") {
    if (!Number.isFinite(input)) throw new CanonicalError(path, `it is ${String(input)}`);
    return JSON.stringify(input);
  }
  if (typeof input === "string") {
    // A lone surrogate has no UTF-8 form, so two readers could hash different bytes.
    if (!input.isWellFormed()) throw new CanonicalError(path, "the text is not well-formed Unicode");
    return JSON.stringify(input);
  }
  if (typeof input !== "object") throw new CanonicalError(path, `it is of type ${typeof input}`);
  if (open.has(input)) throw new CanonicalError(path, "it contains itself");
  open.add(input);
  const text = Array.isArray(input) ? writeArray(input, path, open) : writeObject(input, path, open);
  open.delete(input);
  return text;
}

function writeArray(input: readonly unknown[], path: string, open: Set<object>): string {
  const parts: string[] = [];
  // By index, because map would pass over holes.
  for (let i = 0; i < input.length; i++) parts.push(write(input[i], `${path}[${String(i)}]`, open));
  return `[${parts.join(",")}]`;
}

function writeObject(input: object, path: string, open: Set<object>): string {
  const prototype: unknown = Object.getPrototypeOf(input);
  if (prototype !== Object.prototype && prototype !== null) throw new CanonicalError(path, "it is not a plain object");
  const record = input as Readonly<Record<string, unknown>>;
  // Without a comparator sort() orders by UTF-16 code units, as RFC 8785 asks.
  const parts = Object.keys(record)
    .sort()
    .map((key) => `${write(key, path, open)}:${write(record[key], path === "" ? key : `${path}.${key}`, open)}`);
  return `{${parts.join(",")}}`;
}
