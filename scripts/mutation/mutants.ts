/** All mutants of a source file. */
import { Source, span, text, walk, type AstNode, type Span } from "./ast.ts";
import { editsOf, isSilent, normal, type OperatorName } from "./operators.ts";

/**
 * What makes a mutant the same one after its file has changed elsewhere: no line and no offset, but the place by name and the
 * code itself.
 */
export interface Identity {
  /** Path in the project. */
  readonly file: string;
  readonly operator: OperatorName;
  /** "Contract.function", or the contract alone outside functions. */
  readonly function: string;
  /** The statement around the change, white space made even. */
  readonly in: string;
  readonly original: string;
  readonly mutated: string;
  /** Which of several equal ones, from 1, in the order of the source. */
  readonly nth: number;
}

export interface Mutant extends Identity {
  readonly line: number;
  readonly span: Span;
  readonly replacement: string;
  /** AST ids of the functions and constants that hold the change, for finding the contracts that contain it. */
  readonly definition: number;
  readonly contract: number;
}

export function keyOf(identity: Identity): string {
  const { file, operator, function: name, in: statement, original, mutated, nth } = identity;
  return [file, operator, name, statement, original, mutated, nth].join("\u0000");
}

const STATEMENTS = new Set([
  "ExpressionStatement",
  "VariableDeclarationStatement",
  "Return",
  "IfStatement",
  "ForStatement",
  "WhileStatement",
  "ModifierInvocation",
]);
const DEFINITIONS = new Set(["FunctionDefinition", "ModifierDefinition", "VariableDeclaration"]);

/** @param ast the file's SourceUnit */
export function mutantsOf(file: string, content: string, ast: AstNode): readonly Mutant[] {
  const source = new Source(content);
  const mutants: Mutant[] = [];
  const seen = new Map<string, number>();
  walk(ast, (node, ancestors) => {
    if (isSilent(node)) return false;
    const contract = ancestors.find((one) => one.nodeType === "ContractDefinition");
    // A file's own types and errors are no code.
    if (contract === undefined) return true;
    const definition = ancestors.slice(ancestors.indexOf(contract) + 1).find((one) => DEFINITIONS.has(one.nodeType));
    if (definition === undefined) return true;
    // `uint256[MAX] list`: a length is a type.
    if (node.nodeType === "ArrayTypeName") return false;

    for (const edit of editsOf(node, ancestors.at(-1), source)) {
      const original = normal(source.at(edit.span));
      const mutated = normal(edit.replacement);
      const identity = {
        file,
        operator: edit.operator,
        function: `${text(contract, "name")}.${nameOf(definition)}`,
        in: statementAround(node, ancestors, source),
        original,
        mutated,
      };
      const key = keyOf({ ...identity, nth: 0 });
      const nth = (seen.get(key) ?? 0) + 1;
      seen.set(key, nth);
      mutants.push({
        ...identity,
        nth,
        line: source.line(edit.span.start),
        span: edit.span,
        replacement: edit.replacement,
        definition: definition.id,
        contract: contract.id,
      });
    }
    return true;
  });
  return mutants;
}

export function apply(mutant: Mutant, content: string): string {
  return new Source(content).replace(mutant.span, mutant.replacement);
}

function nameOf(definition: AstNode): string {
  return text(definition, "name") || text(definition, "kind");
}

/** The innermost statement; of an `if` or a loop only the head, so that a change in its body makes no other mutant of it. */
function statementAround(node: AstNode, ancestors: readonly AstNode[], source: Source): string {
  const path = [...ancestors, node];
  const at = path.findLastIndex((one) => STATEMENTS.has(one.nodeType) || DEFINITIONS.has(one.nodeType));
  const statement = path[at];
  if (statement === undefined) return "";
  const { start, length } = span(statement);
  const body = statement["trueBody"] ?? statement["body"];
  if (typeof body !== "object" || body === null || !("src" in body)) return normal(source.at({ start, length }));
  return normal(source.at({ start, length: span(body as AstNode).start - start }));
}
