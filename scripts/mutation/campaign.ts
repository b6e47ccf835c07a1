/** Runs mutants against the tests, on several lanes at once. */
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";

import type { AstNode } from "./ast.ts";
import { Compiler, pruneCache, type Project } from "./compiler.ts";
import { shortKey, type Killers } from "./killers.ts";
import { apply, keyOf, mutantsOf, type Mutant } from "./mutants.ts";
import { Reach, type Unit } from "./reach.ts";
import { inOrder } from "./sample.ts";
import { Sandbox } from "./sandbox.ts";
import { analyse } from "./solc.ts";
import { runTests, SuiteOrder, type TestRun } from "./suites.ts";

/** What may be mutated, and how much of a sample is of each: what holds the money, then what limits the keeper. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  "contracts/Vault.sol": 40,
  "contracts/PlanLib.sol": 48,
  "contracts/MoveLib.sol": 14,
  "contracts/SleeveLib.sol": 20,
  "contracts/sleeves/Sleeve.sol": 16,
  "contracts/sleeves/MorphoSleeve.sol": 8,
  "contracts/sleeves/AaveSleeve.sol": 6,
  "contracts/sleeves/Erc4626Sleeve.sol": 7,
  "contracts/sleeves/Erc7540Sleeve.sol": 8,
  "contracts/Policy.sol": 22,
  "contracts/PriceOracle.sol": 12,
  "contracts/libraries/Buckets.sol": 12,
  "contracts/libraries/LpFees.sol": 12,
  "contracts/libraries/Compact.sol": 4,
  "contracts/libraries/Curve.sol": 4,
  "contracts/libraries/TreasuryBook.sol": 5,
  "contracts/libraries/PolicyLimits.sol": 9,
  "contracts/libraries/Valuation.sol": 6,
  "contracts/libraries/Holdings.sol": 6,
  "contracts/libraries/RangeList.sol": 5,
  "contracts/libraries/LiquidityMath.sol": 5,
  "contracts/libraries/Pools.sol": 4,
  "contracts/libraries/SafeCheck.sol": 3,
};

/** Sources that are not mutated, and why. */
export const NOT_MUTATED: Readonly<Record<string, string>> = {
  "contracts/Lens.sol":
    "views alone; no call that moves tokens reads them, and a mutant here takes nothing from anybody",
  "contracts/TickLens.sol":
    "never deployed and a view; tests hold every map that it reads against the pool's own ticks",
  "contracts/libraries/ExpectedPool.sol": "two lines of assembly, which the operators leave alone",
};

/** What tests deploy. */
const UNITS: readonly Unit[] = [
  ...["Vault", "PlanLib", "MoveLib", "SleeveLib", "Policy", "PriceOracle", "Lens"],
  ...["MorphoSleeve", "AaveSleeve", "Erc4626Sleeve", "Erc7540Sleeve"].map((name) => `sleeves/${name}`),
].map((source) => ({ file: `contracts/${source}.sol`, contract: source.slice(source.lastIndexOf("/") + 1) }));

const SUITES = "test/contracts";
/**
 * How much of the tests a mutant meets at first, in seconds that they take without one: those likeliest to kill it. What this does not kill
 * meets the rest when all mutants have had their turn, for nearly every mutant that is killed is killed by the likeliest tests, and one
 * that is not costs as much as twenty others.
 */
const PATIENCE_SECONDS = 60;
/** The fuzz against a mutant: enough commands to reach every function, few enough to be repeated for each mutant. */
const FUZZ = { FUZZ_CALLS: "160", FUZZ_PER_WORLD: "40", FUZZ_LANES: "1" } as const;

export type Outcome =
  | { readonly kind: "killed"; readonly by: string; readonly test: string }
  | { readonly kind: "timedOut"; /** The last file that said anything. */ readonly by: string }
  | {
      readonly kind: "survived";
      /** Test files that it has not met: they come later, or the time was up. */
      readonly notMet: readonly string[];
    }
  /** The tests ended without an answer. */
  | { readonly kind: "broken"; readonly output: string }
  | { readonly kind: "notCompiled"; readonly error: string }
  /** The compiler made the same code of it. */
  | { readonly kind: "sameCode" };

export interface Result {
  readonly mutant: Mutant;
  readonly outcome: Outcome;
}

export interface CampaignOptions {
  readonly root: string;
  /** How many mutants that compile to other code; Infinity for all. */
  readonly count: number;
  readonly lanes: number;
  /** No mutant is begun, and none gone on with, after so many seconds. */
  readonly budgetSeconds: number;
  /** Identities of survivors that are explained: of these only the nearest tests are asked whether that still holds. */
  readonly explained: ReadonlySet<string>;
  /** What killed mutants before: tried first. */
  readonly killers: Killers;
  /** Test files instead of all of test/contracts. */
  readonly suites: readonly string[] | undefined;
  /** Ends the campaign early; what was run until then is reported. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export interface CampaignReport {
  readonly results: readonly Result[];
  /** Every mutant that the sources give, in the seed's order. */
  readonly all: readonly Mutant[];
  readonly notReached: number;
  /** Functions with mutants that no deployed contract contains; these mutants are left out. */
  readonly unreachable: readonly string[];
  readonly seconds: number;
}

/** The campaign cannot say anything about mutants. */
export class CampaignError extends Error {
  override name = "CampaignError";
}

/** Reads the contracts once: what is edited during a campaign does not disturb it. */
export function readProject(root: string): Project {
  return analyse([...new Set([...Object.keys(WEIGHTS), ...UNITS.map(({ file }) => file)])], (file) =>
    readSource(root, file),
  );
}

/** @param only part of a source's path; undefined for all */
export function findMutants(project: Project, seed: number, only: string | undefined): readonly Mutant[] {
  const files = Object.keys(WEIGHTS).filter((file) => only === undefined || file.includes(only));
  if (files.length === 0)
    throw new CampaignError(`no source is called ${only ?? ""}; give one of ${Object.keys(WEIGHTS).join(", ")}`);
  const mutants = files.flatMap((file) => mutantsOf(file, sourceOf(project, file), astOf(project, file)));
  return inOrder(mutants, WEIGHTS, seed);
}

export async function runCampaign(
  project: Project,
  all: readonly Mutant[],
  options: CampaignOptions,
): Promise<CampaignReport> {
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1_000;
  const cache = path.join(options.root, "cache/mutation");
  const suites = options.suites ?? (await suitesOf(options.root));
  const stop = new AbortController();
  const signal = AbortSignal.any([AbortSignal.timeout(options.budgetSeconds * 1_000), options.signal, stop.signal]);
  // Before anything is measured: a cache that cannot be tidied costs no results.
  await pruneCache(cache, Date.now()).catch((error: unknown) => {
    options.log(`the cache could not be tidied: ${String(error)}`);
  });
  const lanes: Lane[] = [];
  try {
    const reach = reachOf(project);
    const { mutants, unreachable } = reachable(all, [...reach.values()]);
    if (unreachable.length > 0) options.log(`no deployed contract contains ${unreachable.join(", ")}; left out`);
    for (let i = 0; i < options.lanes; ++i) {
      lanes.push(new Lane(await Sandbox.create(options.root), new Compiler(project, cache), project, reach));
    }
    const seconds = await baseline(lanes, suites, stop, signal, options.log);
    const order = new SuiteOrder(seconds);
    const total = [...seconds.values()].reduce((sum, one) => sum + one, 0);
    options.log(
      `without a mutant ${suites.length} test files pass, ${total.toFixed(0)} s of tests; ${elapsed().toFixed(0)} s so far`,
    );

    const results: Result[] = [];
    let taken = 0;
    let inWork = 0;
    const counted = (): number => results.filter(({ outcome }) => isCounted(outcome)).length;
    const work = async (lane: Lane): Promise<void> => {
      while (!signal.aborted && counted() + inWork < options.count) {
        const mutant = mutants[taken];
        if (mutant === undefined) return;
        taken += 1;
        inWork += 1;
        const [first, rest] = options.explained.has(keyOf(mutant))
          ? [order.near(mutant.file), []]
          : order.likeliest(mutant.file, PATIENCE_SECONDS, options.killers.get(shortKey(mutant)));
        const outcome = await meet(lane, mutant, first, rest);
        inWork -= 1;
        if (outcome === undefined) return;
        results.push({ mutant, outcome });
        options.log(`${counted()} ${describe(mutant)}: ${say(outcome)}`);
      }
    };
    /** @param later test files that it is to meet another time */
    const meet = async (
      lane: Lane,
      mutant: Mutant,
      files: readonly string[],
      later: readonly string[],
    ): Promise<Outcome | undefined> => {
      const tried = await lane.try(mutant, files, total * 3 + 60, signal);
      if (tried === undefined) return undefined;
      const { outcome, seconds } = tried;
      order.learn(mutant.file, seconds, outcome.kind === "killed" ? outcome.by : undefined);
      return outcome.kind === "survived" ? { ...outcome, notMet: later } : outcome;
    };
    // A mutant that does not count makes room for another one when every lane may have stopped already.
    do await together(lanes.map(work), stop);
    while (!signal.aborted && counted() < options.count && taken < mutants.length);

    const open = results.flatMap(({ mutant, outcome }, place) =>
      outcome.kind === "survived" && outcome.notMet.length > 0 ? [{ place, mutant, files: outcome.notMet }] : [],
    );
    if (open.length > 0)
      options.log(`${open.length} mutants meet the rest of the tests; ${elapsed().toFixed(0)} s so far`);
    const meetRest = async (lane: Lane): Promise<void> => {
      for (let next = open.shift(); next !== undefined && !signal.aborted; next = open.shift()) {
        const { place, mutant, files } = next;
        const outcome = await meet(lane, mutant, files, []);
        if (outcome === undefined) return;
        results[place] = { mutant, outcome };
        options.log(`again: ${describe(mutant)}: ${say(outcome)}`);
      }
    };
    await together(lanes.map(meetRest), stop);

    const notReached = Math.max(0, Math.min(options.count, mutants.length - (results.length - counted())) - counted());
    return { results, all, notReached, unreachable, seconds: elapsed() };
  } finally {
    await Promise.allSettled(lanes.map((lane) => lane.close()));
  }
}

/**
 * Waits for all; after the first error the others are stopped, and have ended before it is thrown: what they work on is removed next.
 */
export async function together(parts: readonly Promise<void>[], stop: AbortController): Promise<void> {
  try {
    await Promise.all(parts);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(parts);
    throw error;
  }
}

/** @param reached for each deployed contract the definitions that it contains */
export function reachable(
  mutants: readonly Mutant[],
  reached: readonly ReadonlySet<number>[],
): { readonly mutants: readonly Mutant[]; readonly unreachable: readonly string[] } {
  const isReached = ({ definition }: Mutant): boolean => reached.some((one) => one.has(definition));
  const lost = mutants.filter((mutant) => !isReached(mutant));
  return { mutants: mutants.filter(isReached), unreachable: [...new Set(lost.map((mutant) => mutant.function))] };
}

/** Runs again what timed out: a machine that was busy for a while must not look like a test that noticed. */
export async function runTwice(run: () => Promise<TestRun>): Promise<TestRun> {
  const first = await run();
  return first.verdict.kind === "timeout" ? run() : first;
}

/** Whether an outcome says something about the tests. */
export function isCounted(outcome: Outcome): boolean {
  return outcome.kind === "killed" || outcome.kind === "timedOut" || outcome.kind === "survived";
}

export function describe(mutant: Mutant): string {
  return `${mutant.file}:${mutant.line} ${mutant.function} [${mutant.operator}] ${short(mutant.original)} -> ${short(mutant.mutated)}`;
}

function say(outcome: Outcome): string {
  switch (outcome.kind) {
    case "killed":
      return `killed by ${path.relative(SUITES, outcome.by)}, "${outcome.test}"`;
    case "timedOut":
      return `timed out twice, after ${outcome.by === "" ? "nothing" : outcome.by}`;
    case "survived":
      return outcome.notMet.length > 0 ? "not killed by the likeliest tests" : "SURVIVED";
    case "broken":
      return `the tests did not run:\n${outcome.output}`;
    case "notCompiled":
      return "does not compile";
    case "sameCode":
      return "same code";
  }
}

function short(code: string): string {
  if (code === "") return "(nothing)";
  return code.length > 90 ? `${code.slice(0, 87)}...` : code;
}

function outcomeOf({ verdict, seconds }: TestRun): Outcome {
  switch (verdict.kind) {
    case "passed":
      return { kind: "survived", notMet: [] };
    case "timeout":
      return { kind: "timedOut", by: [...seconds.keys()].at(-1) ?? "" };
    case "failed":
      return { kind: "killed", by: verdict.failures[0]?.file ?? "", test: verdict.failures[0]?.title ?? "" };
    case "broken":
      return { kind: "broken", output: verdict.output };
  }
}

interface Tried {
  readonly outcome: Outcome;
  /** Test file -> seconds spent in it. */
  readonly seconds: ReadonlyMap<string, number>;
}

/** One mutant at a time, in a sandbox of its own. */
class Lane {
  readonly #sandbox: Sandbox;
  readonly #compiler: Compiler;
  readonly #project: Project;
  readonly #reach: ReadonlyMap<Unit, ReadonlySet<number>>;
  readonly #original = new Map<Unit, string>();

  constructor(sandbox: Sandbox, compiler: Compiler, project: Project, reach: ReadonlyMap<Unit, ReadonlySet<number>>) {
    this.#sandbox = sandbox;
    this.#compiler = compiler;
    this.#project = project;
    this.#reach = reach;
  }

  /** Puts the fast build of the unchanged contracts into the sandbox. */
  async prepare(signal: AbortSignal): Promise<void> {
    for (const unit of UNITS) {
      const compiled = await this.#compiler.compile([unit], undefined, signal);
      if ("errors" in compiled) {
        throw new CampaignError(`${unit.contract} does not compile with fast settings:\n${compiled.errors.join("\n")}`);
      }
      const [code] = compiled.code;
      if (code === undefined) throw new CampaignError(`no code of ${unit.contract}`);
      await this.#sandbox.install(unit, code);
      this.#original.set(unit, code.evm.bytecode.object);
    }
  }

  async run(files: readonly string[], bail: boolean, timeoutSeconds: number, signal?: AbortSignal): Promise<TestRun> {
    return runTests({
      root: this.#sandbox.root,
      files,
      bail,
      timeoutSeconds,
      env: FUZZ,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** @returns nothing if the signal ended it */
  async try(
    mutant: Mutant,
    suites: readonly string[],
    timeoutSeconds: number,
    signal: AbortSignal,
  ): Promise<Tried | undefined> {
    const units = UNITS.filter((unit) => this.#reach.get(unit)?.has(mutant.definition) === true);
    const content = apply(mutant, sourceOf(this.#project, mutant.file));
    const isOver = (): boolean => signal.aborted;
    const compiled = await this.#compiler
      .compile(units, { file: mutant.file, content }, signal)
      .catch((error: unknown) => {
        if (isOver()) return undefined;
        throw error;
      });
    if (isOver() || compiled === undefined) return undefined;
    const untested = (outcome: Outcome): Tried => ({ outcome, seconds: new Map() });
    if ("errors" in compiled) return untested({ kind: "notCompiled", error: compiled.errors[0] ?? "" });
    if (units.every((unit, i) => compiled.code[i]?.evm.bytecode.object === this.#original.get(unit))) {
      return untested({ kind: "sameCode" });
    }

    const restore: (() => Promise<void>)[] = [];
    try {
      for (const [i, unit] of units.entries()) {
        const code = compiled.code[i];
        if (code !== undefined) restore.push(await this.#sandbox.install(unit, code));
      }
      const run = await runTwice(() => this.run(suites, true, timeoutSeconds, signal));
      if (isOver()) return undefined;
      return { outcome: outcomeOf(run), seconds: run.seconds };
    } finally {
      for (const undo of restore) await undo();
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#compiler.close(), this.#sandbox.remove()]);
  }
}

/**
 * Runs all tests against the unchanged contracts, each file on one lane.
 *
 * @returns test file -> seconds
 * @throws CampaignError if one fails: it would kill every mutant
 */
async function baseline(
  lanes: readonly Lane[],
  suites: readonly string[],
  stop: AbortController,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<ReadonlyMap<string, number>> {
  log(`compiling ${UNITS.length} contracts, then ${suites.length} test files without a mutant`);
  const seconds = new Map<string, number>();
  const failures: string[] = [];
  // One after the other: the second lane finds the first one's builds.
  for (const lane of lanes) {
    await lane.prepare(signal).catch((error: unknown) => {
      throw signal.aborted ? tooEarly() : error;
    });
  }
  const open = [...suites];
  await together(
    lanes.map(async (lane) => {
      for (let file = open.shift(); file !== undefined; file = open.shift()) {
        const started = performance.now();
        const { verdict, outside } = await lane.run([file], false, 1_200, signal);
        seconds.set(file, (performance.now() - started) / 1_000);
        if (verdict.kind === "failed")
          failures.push(...verdict.failures.map((one) => `${one.file}: ${one.title}: ${one.message}`));
        else if (verdict.kind === "broken") failures.push(`${file} does not run:\n${verdict.output}`);
        else if (verdict.kind === "timeout") failures.push(`${file} takes more than ${verdict.seconds} s`);
        // It would be run first for every mutant, and nobody would see why the campaign is slow.
        failures.push(...outside.map((test) => `${test}: stands in no describe`));
      }
    }),
    stop,
  );
  if (signal.aborted) throw tooEarly();
  if (failures.length > 0) {
    throw new CampaignError(`tests are unfit without any mutant; mend them first:\n${failures.join("\n")}`);
  }
  return seconds;
}

function tooEarly(): CampaignError {
  return new CampaignError("ended before the tests had run without a mutant; give it more minutes");
}

async function suitesOf(root: string): Promise<readonly string[]> {
  const names = await readdir(path.join(root, SUITES), { recursive: true });
  return names
    .filter((name) => name.endsWith(".test.ts"))
    .sort()
    .map((name) => `${SUITES}/${name.replaceAll(path.sep, "/")}`);
}

function reachOf(project: Project): ReadonlyMap<Unit, ReadonlySet<number>> {
  const reach = new Reach(project.asts);
  return new Map(UNITS.map((unit) => [unit, reach.of(unit)]));
}

/** A source as an import names it: ours, or a package's. */
function readSource(root: string, file: string): string | undefined {
  const at = path.join(root, file.startsWith("contracts/") ? file : path.join("node_modules", file));
  return existsSync(at) ? readFileSync(at, "utf8") : undefined;
}

function sourceOf(project: Project, file: string): string {
  const content = project.sources.get(file);
  if (content === undefined) throw new CampaignError(`there is no ${file}`);
  return content;
}

function astOf(project: Project, file: string): AstNode {
  const ast = project.asts.get(file);
  if (ast === undefined) throw new CampaignError(`the compiler gave no AST of ${file}`);
  return ast;
}
