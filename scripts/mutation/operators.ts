/**
 * Mutation operators: for one node of the AST, what may be written in its place. Every operator stands for a mistake that
 * people make; none of them needs the node's surroundings beyond its parent.
 */
import { child, children, span, text, typeOf, type AstNode, type Source, type Span } from "./ast.ts";

export const OPERATORS = [
  "comparison-boundary",
  "comparison-negation",
  "arithmetic",
  "rounding",
  "constant",
  "condition",
  "statement",
  "check",
  "arguments",
  "logic",
  "increment",
  "assignment",
  "return-zero",
  "modifier",
] as const;

export type OperatorName = (typeof OPERATORS)[number];

/** One change of a source. */
export interface Edit {
  readonly operator: OperatorName;
  readonly span: Span;
  readonly replacement: string;
}

const BOUNDARY: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const NEGATION: Readonly<Record<string, string>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
};
const ARITHMETIC: Readonly<Record<string, string>> = {
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "<<": ">>",
  ">>": "<<",
  "&": "|",
  "|": "&",
};
const LOGIC: Readonly<Record<string, string>> = { "&&": "||", "||": "&&" };
const ASSIGNMENT: Readonly<Record<string, string>> = {
  "+=": "-=",
  "-=": "+=",
  "*=": "/=",
  "/=": "*=",
  "|=": "&=",
  "&=": "|=",
};

/** Functions that differ in nothing but the direction of their rounding. */
const ROUNDING: Readonly<Record<string, string>> = {
  mulDiv: "mulDivRoundingUp",
  mulDivRoundingUp: "mulDiv",
  valueUp: "valueDown",
  valueDown: "valueUp",
};
/** Functions whose first two arguments may be exchanged without an effect. */
const SYMMETRIC = new Set(["mulDiv", "mulDivRoundingUp"]);
const MODIFIERS = new Set(["restricted", "nonReentrant"]);

/** Nodes inside which nothing is mutated: what they say is read by people or by the compiler alone. */
const SILENT = new Set(["EmitStatement", "RevertStatement", "InlineAssembly", "StructDefinition", "ErrorDefinition"]);

export function isSilent(node: AstNode): boolean {
  return SILENT.has(node.nodeType);
}

/**
 * Everything that may be written in a node's place.
 *
 * @param parent the node around it
 */
export function editsOf(node: AstNode, parent: AstNode | undefined, source: Source): readonly Edit[] {
  const edits: Edit[] = [];
  const at = (operator: OperatorName, where: Span, replacement: string): void => {
    if (normal(source.at(where)) !== normal(replacement)) edits.push({ operator, span: where, replacement });
  };
  const here = span(node);
  const sourceOf = (other: AstNode): string => source.at(span(other));

  switch (node.nodeType) {
    case "BinaryOperation": {
      const left = child(node, "leftExpression");
      const right = child(node, "rightExpression");
      if (left === undefined || right === undefined) break;
      const write = (operator: string): string => `(${sourceOf(left)} ${operator} ${sourceOf(right)})`;
      const swaps = [
        ["comparison-boundary", BOUNDARY],
        ["comparison-negation", NEGATION],
        ["arithmetic", ARITHMETIC],
        ["logic", LOGIC],
      ] as const;
      for (const [operator, table] of swaps) {
        const other = table[text(node, "operator")];
        if (other !== undefined) at(operator, here, write(other));
      }
      break;
    }
    case "UnaryOperation": {
      const operand = child(node, "subExpression");
      if (operand === undefined) break;
      const operator = text(node, "operator");
      if (operator === "!") at("logic", here, `(${sourceOf(operand)})`);
      if (operator === "++" || operator === "--") {
        const other = operator === "++" ? "--" : "++";
        at("increment", here, node["prefix"] === true ? other + sourceOf(operand) : sourceOf(operand) + other);
      }
      break;
    }
    case "Assignment": {
      const left = child(node, "leftHandSide");
      const right = child(node, "rightHandSide");
      if (left === undefined || right === undefined) break;
      const operator = text(node, "operator");
      const other = ASSIGNMENT[operator];
      if (other !== undefined) at("assignment", here, `${sourceOf(left)} ${other} ${sourceOf(right)}`);
      if (operator !== "=") at("assignment", here, `${sourceOf(left)} = ${sourceOf(right)}`);
      break;
    }
    case "MemberAccess": {
      const name = text(node, "memberName");
      const other = roundingOf(name, node);
      if (other !== undefined) {
        const inner = child(node, "expression");
        if (inner !== undefined) at("rounding", here, `${sourceOf(inner)}.${other}`);
      }
      break;
    }
    case "Literal":
      if (text(node, "kind") === "bool") at("constant", here, text(node, "value") === "true" ? "false" : "true");
      if (text(node, "kind") === "number") {
        const value = sourceOf(node);
        at("constant", here, `(${value} + 1)`);
        if (!/^0+$/.test(value)) at("constant", here, "0");
      }
      break;
    case "IfStatement": {
      const condition = child(node, "condition");
      if (condition === undefined) break;
      if (isCheck(node)) at("check", statementSpan(here, source), "{}");
      else {
        at("condition", span(condition), "true");
        at("condition", span(condition), "false");
      }
      break;
    }
    case "Conditional": {
      const condition = child(node, "condition");
      if (condition === undefined) break;
      at("condition", span(condition), "true");
      at("condition", span(condition), "false");
      break;
    }
    case "ExpressionStatement":
      if (parent?.["initializationExpression"] !== node && parent?.["loopExpression"] !== node)
        at("statement", statementSpan(here, source), "{}");
      break;
    case "FunctionCall":
      for (const edit of swappedArguments(node, source)) edits.push(edit);
      break;
    case "Return": {
      const value = child(node, "expression");
      if (value === undefined) break;
      const zero = zeroOf(typeOf(value));
      if (zero !== undefined) at("return-zero", span(value), zero);
      break;
    }
    case "ModifierInvocation": {
      const name = child(node, "modifierName");
      if (name !== undefined && MODIFIERS.has(sourceOf(name))) at("modifier", here, "");
      break;
    }
    default:
  }
  return edits;
}

/** White space does not count when two pieces of source are compared. */
export function normal(code: string): string {
  return code.replace(/\s+/g, " ").trim();
}

/** `if (...) revert ...;` */
function isCheck(node: AstNode): boolean {
  if (child(node, "falseBody") !== undefined) return false;
  const body = child(node, "trueBody");
  if (body?.nodeType === "RevertStatement") return true;
  const statements = body === undefined ? [] : children(body, "statements");
  return body?.nodeType === "Block" && statements.length === 1 && statements[0]?.nodeType === "RevertStatement";
}

/** The span of a statement of one line ends before its semicolon. */
function statementSpan(where: Span, source: Source): Span {
  const rest = source.at({ start: where.start + where.length, length: 200 });
  const blank = /^\s*;/.exec(rest);
  return blank === null ? where : { start: where.start, length: where.length + Buffer.byteLength(blank[0]) };
}

function roundingOf(name: string, node: AstNode): string | undefined {
  const owner = child(node, "expression");
  // Math.Rounding.Ceil
  if (owner !== undefined && text(owner, "memberName") === "Rounding") {
    return name === "Ceil" ? "Floor" : name === "Floor" ? "Ceil" : undefined;
  }
  return typeOf(node).startsWith("t_function") ? ROUNDING[name] : undefined;
}

/** Neighbours of one type, exchanged. */
function swappedArguments(node: AstNode, source: Source): readonly Edit[] {
  const callee = child(node, "expression");
  const names = node["names"];
  if (callee === undefined || text(node, "kind") === "typeConversion") return [];
  if (Array.isArray(names) && names.length > 0) return [];
  const name = text(callee, "memberName") || text(callee, "name");
  // Two mistakes for one: what ceilDiv rounds is seen when it becomes a plain division.
  const edits: Edit[] = [];
  const given = children(node, "arguments");
  if (name === "ceilDiv" && given[0] !== undefined && given[1] !== undefined) {
    const quotient = `((${source.at(span(given[0]))}) / (${source.at(span(given[1]))}))`;
    edits.push({ operator: "rounding", span: span(node), replacement: quotient });
  }
  for (let i = 0; i + 1 < given.length; ++i) {
    const first = given[i];
    const second = given[i + 1];
    if (first === undefined || second === undefined) continue;
    if (typeOf(first) !== typeOf(second) || typeOf(first) === "") continue;
    if (i === 0 && SYMMETRIC.has(name)) continue;
    const [a, b] = [source.at(span(first)), source.at(span(second))];
    if (normal(a) === normal(b)) continue;
    const start = span(first).start;
    const between = source.at({
      start: start + span(first).length,
      length: span(second).start - start - span(first).length,
    });
    const length = span(second).start + span(second).length - start;
    edits.push({ operator: "arguments", span: { start, length }, replacement: b + between + a });
  }
  return edits;
}

/** The zero of a value type; nothing for types that have none in one word. */
function zeroOf(type: string): string | undefined {
  if (/^t_u?int\d+$/.test(type)) return "0";
  if (type === "t_bool") return "false";
  if (type === "t_address") return "address(0)";
  return undefined;
}
