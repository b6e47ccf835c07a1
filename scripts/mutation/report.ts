/** What a campaign found, for people and for programs. */
import type { CampaignReport, Outcome, Result } from "./campaign.ts";
import { sortSurvivors, type Explanation } from "./explained.ts";
import { keyOf, type Mutant } from "./mutants.ts";

export interface SurvivorDocument {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly operator: string;
  readonly in: string;
  readonly original: string;
  readonly mutated: string;
  readonly nth: number;
}

/** `npm run mutate -- --json`. */
export interface MutationDocument {
  /** Those that compile to other code and were run. */
  readonly mutants: number;
  /** Timed out ones included. */
  readonly killed: number;
  readonly timedOut: number;
  /** Those that timed out twice: killed, unless the machine was too slow. */
  readonly timeouts: readonly SurvivorDocument[];
  readonly notCompiled: number;
  readonly sameCode: number;
  /** Those against which the tests ended without an answer. */
  readonly broken: number;
  readonly notReached: number;
  /** Functions with mutants that no deployed contract contains. */
  readonly unreachable: readonly string[];
  /** All that the sources give. */
  readonly possible: number;
  /** `notMet` counts test files for which there was no time. */
  readonly survived: readonly (SurvivorDocument & { readonly notMet: number })[];
  readonly explained: readonly (SurvivorDocument & { readonly reason: string })[];
  readonly stale: readonly Explanation[];
  readonly byFile: Readonly<Record<string, Counts>>;
  readonly byOperator: Readonly<Record<string, Counts>>;
  readonly seed: number;
  readonly seconds: number;
}

export interface Counts {
  readonly mutants: number;
  readonly killed: number;
  readonly timedOut: number;
  readonly survived: number;
  readonly explained: number;
}

export function documentOf(
  report: CampaignReport,
  explanations: readonly Explanation[],
  seed: number,
): MutationDocument {
  const of = (...kinds: readonly Outcome["kind"][]): readonly Mutant[] =>
    report.results.filter(({ outcome }) => kinds.includes(outcome.kind)).map(({ mutant }) => mutant);
  const killed = of("killed", "timedOut");
  const survivors = of("survived");
  const sorted = sortSurvivors(survivors, killed, report.all, explanations);
  const explained = new Set(sorted.explained.map(keyOf));
  const notMet = (mutant: Mutant): number => {
    const outcome = report.results.find((result) => result.mutant === mutant)?.outcome;
    return outcome?.kind === "survived" ? outcome.notMet.length : 0;
  };
  const counts = (key: (mutant: Mutant) => string): Readonly<Record<string, Counts>> => {
    const groups = new Map<string, Result[]>();
    for (const result of report.results) {
      const name = key(result.mutant);
      groups.set(name, [...(groups.get(name) ?? []), result]);
    }
    const rows = [...groups].sort(([a], [b]) => a.localeCompare(b));
    return Object.fromEntries(rows.map(([name, results]) => [name, countsOf(results, explained)]));
  };
  return {
    mutants: killed.length + survivors.length,
    killed: killed.length,
    timedOut: of("timedOut").length,
    timeouts: of("timedOut").map(survivorOf),
    notCompiled: of("notCompiled").length,
    sameCode: of("sameCode").length,
    broken: of("broken").length,
    notReached: report.notReached,
    unreachable: report.unreachable,
    possible: report.all.length,
    survived: sorted.survived.map((mutant) => ({ ...survivorOf(mutant), notMet: notMet(mutant) })),
    explained: sorted.explained.map((mutant) => ({ ...survivorOf(mutant), reason: mutant.reason })),
    stale: sorted.stale,
    byFile: counts(({ file }) => file),
    byOperator: counts(({ operator }) => operator),
    seed,
    seconds: Math.round(report.seconds),
  };
}

function countsOf(results: readonly Result[], explained: ReadonlySet<string>): Counts {
  const count = (test: (result: Result) => boolean): number => results.filter(test).length;
  const survivors = count(({ outcome }) => outcome.kind === "survived");
  const excused = count(({ outcome, mutant }) => outcome.kind === "survived" && explained.has(keyOf(mutant)));
  const timedOut = count(({ outcome }) => outcome.kind === "timedOut");
  const killed = count(({ outcome }) => outcome.kind === "killed") + timedOut;
  return { mutants: killed + survivors, killed, timedOut, survived: survivors - excused, explained: excused };
}

function survivorOf(mutant: Mutant): SurvivorDocument {
  const { file, line, function: name, operator, in: statement, original, mutated, nth } = mutant;
  return { file, line, function: name, operator, in: statement, original, mutated, nth };
}

export function textOf(document: MutationDocument): string {
  const row = (name: string, c: Counts): string =>
    name.padEnd(36) +
    [c.mutants, c.killed, c.timedOut, c.explained, c.survived].map((n) => String(n).padStart(10)).join("");
  const head =
    "".padEnd(36) +
    ["mutants", "killed", "timed out", "explained", "survived"].map((name) => name.padStart(10)).join("");
  const total = {
    mutants: document.mutants,
    killed: document.killed,
    timedOut: document.timedOut,
    survived: document.survived.length,
    explained: document.explained.length,
  };
  const lines = [
    head,
    ...Object.entries(document.byFile).map(([name, counts]) => row(name, counts)),
    "",
    ...Object.entries(document.byOperator).map(([name, counts]) => row(name, counts)),
    "",
    row("all", total),
    `${document.notCompiled} more did not compile, ${document.sameCode} made the same code; ` +
      `${document.possible} are possible; seed ${document.seed}, ${document.seconds} s`,
  ];
  if (document.notReached > 0) lines.push(`${document.notReached} were not reached in the time given`);
  if (document.broken > 0) lines.push(`against ${document.broken} the tests did not run; see the log`);
  const place = (one: SurvivorDocument): string =>
    `  ${one.file}:${one.line} ${one.function} [${one.operator}]${one.nth > 1 ? ` no. ${one.nth}` : ""}\n` +
    `    in ${one.in}\n    ${one.original} -> ${one.mutated === "" ? "(nothing)" : one.mutated}`;
  if (document.unreachable.length > 0)
    lines.push(`no deployed contract contains ${document.unreachable.join(", ")}; remove them or say who deploys them`);
  if (document.timeouts.length > 0) {
    lines.push("", "timed out twice, and counted as killed:", ...document.timeouts.map(place));
  }
  if (document.survived.length > 0) {
    lines.push("", "survivors; write a test that kills each, or say in explained.json why none can:");
    lines.push(
      ...document.survived.map((one) =>
        one.notMet === 0 ? place(one) : `${place(one)}\n    there was no time for ${one.notMet} test files`,
      ),
    );
  }
  if (document.explained.length > 0) {
    lines.push("", "survivors that are explained:");
    lines.push(...document.explained.map((one) => `${place(one)}\n    ${one.reason}`));
  }
  if (document.stale.length > 0) {
    lines.push("", "explanations without a survivor; remove them from explained.json:");
    lines.push(...document.stale.map((one) => `  ${one.file} ${one.function} [${one.operator}] ${one.original}`));
  }
  return `${lines.join("\n")}\n`;
}
