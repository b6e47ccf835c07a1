/** Which deployed contracts contain a function: a change in an internal library function changes every contract that inlines it. */
import { children, isNode, number, text, walk, type AstNode } from "./ast.ts";

/** A contract that is deployed by itself. */
export interface Unit {
  /** Path in the project. */
  readonly file: string;
  readonly contract: string;
}

export class Reach {
  readonly #definitions = new Map<number, AstNode>();
  readonly #contracts = new Map<number, AstNode>();
  /** Definition -> contract that it stands in; none for constants of a file. */
  readonly #owner = new Map<number, AstNode>();
  readonly #byName = new Map<string, AstNode>();

  /** @param asts file -> SourceUnit, of all files that may be mutated or contain what may be */
  constructor(asts: ReadonlyMap<string, AstNode>) {
    for (const [file, ast] of asts) {
      walk(ast, (node, ancestors) => {
        if (node.nodeType === "ContractDefinition") {
          this.#contracts.set(node.id, node);
          this.#byName.set(`${file}:${text(node, "name")}`, node);
        }
        if (/^(Function|Modifier)Definition$|^VariableDeclaration$/.test(node.nodeType)) {
          this.#definitions.set(node.id, node);
          const owner = ancestors.find((one) => one.nodeType === "ContractDefinition");
          if (owner !== undefined) this.#owner.set(node.id, owner);
        }
        return true;
      });
    }
  }

  /** Ids of all functions, modifiers and constants whose code is part of a contract's. */
  of(unit: Unit): ReadonlySet<number> {
    const contract = this.#byName.get(`${unit.file}:${unit.contract}`);
    if (contract === undefined) throw new Error(`there is no contract ${unit.contract} in ${unit.file}`);
    const reached = new Set<number>();
    const open: AstNode[] = [];
    const bases = contract["linearizedBaseContracts"];
    for (const id of Array.isArray(bases) ? bases : []) {
      const base = typeof id === "number" ? this.#contracts.get(id) : undefined;
      if (base !== undefined) open.push(...children(base, "nodes"));
    }
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      walk(node, (one) => {
        if (this.#definitions.has(one.id)) reached.add(one.id);
        const id = number(one, "referencedDeclaration");
        const target = id === undefined ? undefined : this.#definitions.get(id);
        if (target !== undefined && !reached.has(target.id) && this.#isInlined(target)) {
          reached.add(target.id);
          open.push(target);
        }
        return true;
      });
    }
    return reached;
  }

  /** A library's external functions are linked, and another contract's are called. */
  #isInlined(target: AstNode): boolean {
    if (target.nodeType === "VariableDeclaration") return target["constant"] === true;
    const owner = this.#owner.get(target.id);
    if (owner === undefined) return true;
    if (text(owner, "contractKind") !== "library") return false;
    return text(target, "visibility") !== "external" && text(target, "visibility") !== "public";
  }
}

/** Files that a file imports, itself included, as far as their ASTs are known. */
export function importsOf(file: string, asts: ReadonlyMap<string, AstNode>): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [file];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const nodes = asts.get(name)?.["nodes"];
    for (const node of Array.isArray(nodes) ? nodes.filter(isNode) : []) {
      if (node.nodeType === "ImportDirective") open.push(text(node, "absolutePath"));
    }
  }
  return found;
}
