/** The compiler's compact AST, as far as a mutator needs it. Source: Solidity's documentation, "Compiler Input and Output JSON". */

/** A node; its other fields depend on `nodeType`. */
export interface AstNode {
  readonly nodeType: string;
  readonly id: number;
  /** "start:length:file", in bytes of UTF-8. */
  readonly src: string;
  readonly [field: string]: unknown;
}

/** A part of a source, in bytes. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

export function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && "nodeType" in value && "src" in value;
}

/** The node in a field, if there is one. */
export function child(node: AstNode, field: string): AstNode | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

/** The nodes in a list; gaps, such as those of `(a, , b)`, are left out. */
export function children(node: AstNode, field: string): readonly AstNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function text(node: AstNode, field: string): string {
  const value = node[field];
  return typeof value === "string" ? value : "";
}

export function number(node: AstNode, field: string): number | undefined {
  const value = node[field];
  return typeof value === "number" ? value : undefined;
}

/** The compiler's name for an expression's type, for example "t_uint256"; empty where it gives none. */
export function typeOf(node: AstNode): string {
  const types = node["typeDescriptions"];
  if (typeof types !== "object" || types === null || !("typeIdentifier" in types)) return "";
  return typeof types.typeIdentifier === "string" ? types.typeIdentifier : "";
}

export function span(node: AstNode): Span {
  const [start, length] = node.src.split(":").map(Number);
  if (start === undefined || length === undefined || !Number.isInteger(start) || !Number.isInteger(length)) {
    throw new Error(`the AST node ${node.id} has no place in its source: "${node.src}"`);
  }
  return { start, length };
}

/**
 * Visits a node and all below it, in the order of the source.
 *
 * @param visit gets the node and its ancestors, nearest last; false keeps it out of the node's children
 */
export function walk(
  root: AstNode,
  visit: (node: AstNode, ancestors: readonly AstNode[]) => boolean,
  ancestors: readonly AstNode[] = [],
): void {
  if (!visit(root, ancestors)) return;
  const below: AstNode[] = [];
  for (const value of Object.values(root)) {
    if (isNode(value)) below.push(value);
    else if (Array.isArray(value)) below.push(...value.filter(isNode));
  }
  below.sort((a, b) => span(a).start - span(b).start);
  const path = [...ancestors, root];
  for (const node of below) walk(node, visit, path);
}

/** A source as bytes, because that is what the compiler counts in. */
export class Source {
  readonly text: string;
  readonly #bytes: Buffer;

  constructor(content: string) {
    this.text = content;
    this.#bytes = Buffer.from(content, "utf8");
  }

  at({ start, length }: Span): string {
    return this.#bytes.toString("utf8", start, start + length);
  }

  /** Counted from one. */
  line(offset: number): number {
    let line = 1;
    for (let i = 0; i < offset; ++i) if (this.#bytes[i] === 0x0a) line += 1;
    return line;
  }

  replace({ start, length }: Span, replacement: string): string {
    return Buffer.concat([
      this.#bytes.subarray(0, start),
      Buffer.from(replacement, "utf8"),
      this.#bytes.subarray(start + length),
    ]).toString("utf8");
  }
}
