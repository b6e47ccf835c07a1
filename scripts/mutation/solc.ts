/** The compiler, as a worker's thread and its parent see it. */
import { createRequire } from "node:module";

import type { AstNode } from "./ast.ts";
import type { Unit } from "./reach.ts";

/** File -> content, as imports name the files. */
export type Sources = ReadonlyMap<string, string>;

/** What a compiled contract is made of, as the compiler prints it. */
export interface Code {
  readonly abi: readonly unknown[];
  readonly evm: {
    readonly bytecode: { readonly object: string; readonly linkReferences: unknown };
    readonly deployedBytecode: {
      readonly object: string;
      readonly linkReferences: unknown;
      readonly immutableReferences?: unknown;
    };
  };
}

/** `code` in the order of the units, or why there is none. */
export type Compiled = { readonly code: readonly Code[] } | { readonly errors: readonly string[] };

/**
 * A build for tests alone: the way through Yul, without which the contracts are "stack too deep", but of the optimizer only the
 * few steps that keep code small enough to compile fast (8 s a contract here, against 60 with all steps).
 */
export const SETTINGS = {
  evmVersion: "cancun",
  viaIR: true,
  optimizer: {
    enabled: true,
    runs: 1,
    details: {
      yul: true,
      yulDetails: { stackAllocation: true, optimizerSteps: "u:fDnTOc" },
      cse: false,
      constantOptimizer: false,
      peephole: true,
      inliner: false,
      jumpdestRemover: true,
    },
  },
  metadata: { bytecodeHash: "none" },
} as const;

const OUTPUT = [
  "abi",
  "evm.bytecode.object",
  "evm.bytecode.linkReferences",
  "evm.deployedBytecode.object",
  "evm.deployedBytecode.linkReferences",
  "evm.deployedBytecode.immutableReferences",
];

interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly sources?: Readonly<Record<string, { readonly ast: AstNode }>>;
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Code>>>>;
}

interface Solc {
  compile(input: string, callbacks: { import(file: string): { contents: string } | { error: string } }): string;
  version(): string;
}

let loaded: Solc | undefined;

/** Loads the compiler once a thread: a second contract is compiled in half the time of the first. */
function solc(): Solc {
  loaded ??= createRequire(import.meta.url)("solc") as Solc;
  return loaded;
}

function run(files: readonly string[], read: (file: string) => string | undefined, settings: object): Output {
  const sources = Object.fromEntries(files.map((file) => [file, { content: read(file) ?? "" }]));
  const input = JSON.stringify({ language: "Solidity", sources, settings });
  const output = solc().compile(input, {
    import: (file) => {
      const contents = read(file);
      return contents === undefined ? { error: `no such file: ${file}` } : { contents };
    },
  });
  return JSON.parse(output) as Output;
}

function errorsOf(output: Output): readonly string[] {
  return (output.errors ?? []).filter((error) => error.severity === "error").map((error) => error.formattedMessage);
}

/** Compiles some contracts of one state of the sources. */
export function compileUnits(sources: Sources, units: readonly Unit[]): Compiled {
  const outputSelection: Record<string, Record<string, readonly string[]>> = {};
  for (const { file, contract } of units) outputSelection[file] = { ...outputSelection[file], [contract]: OUTPUT };
  const files = [...new Set(units.map(({ file }) => file))];
  const output = run(files, (file) => sources.get(file), { ...SETTINGS, outputSelection });
  const errors = errorsOf(output);
  if (errors.length > 0) return { errors };
  const code = units.map(({ file, contract }) => output.contracts?.[file]?.[contract]);
  const missing = units.filter((_, i) => code[i] === undefined).map(({ contract }) => contract);
  if (missing.length > 0) return { errors: [`the compiler gave no code for ${missing.join(", ")}`] };
  return { code: code.filter((one) => one !== undefined) };
}

/**
 * Reads files with all that they import, and their ASTs.
 *
 * @param read content of a file as an import names it
 * @throws if they do not compile
 */
export function analyse(
  files: readonly string[],
  read: (file: string) => string | undefined,
): { readonly sources: Sources; readonly asts: ReadonlyMap<string, AstNode>; readonly version: string } {
  const sources = new Map<string, string>();
  const output = run(
    files,
    (file) => {
      const content = read(file);
      if (content !== undefined) sources.set(file, content);
      return content;
    },
    { ...SETTINGS, outputSelection: { "*": { "": ["ast"] } } },
  );
  const errors = errorsOf(output);
  if (errors.length > 0) throw new Error(`the contracts do not compile; mend them first:\n${errors.join("\n")}`);
  const asts = new Map(Object.entries(output.sources ?? {}).map(([file, { ast }]) => [file, ast]));
  return { sources, asts, version: solc().version() };
}
