/** Runs test files in a sandbox, and decides which come first. */
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";

export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly failures: readonly Failure[] }
  | { readonly kind: "timeout"; readonly seconds: number }
  /** No test failed, and yet the run did: nothing can be said about the mutant. */
  | { readonly kind: "broken"; readonly output: string };

export interface Failure {
  /** Path in the sandbox. */
  readonly file: string;
  readonly title: string;
  readonly message: string;
}

export interface TestRun {
  readonly verdict: Verdict;
  /** Tests outside of every suite, which run before all others whatever the files' order is. */
  readonly outside: readonly string[];
  /** Test file -> seconds. */
  readonly seconds: ReadonlyMap<string, number>;
}

export interface RunOptions {
  readonly root: string;
  readonly files: readonly string[];
  readonly bail: boolean;
  readonly timeoutSeconds: number;
  readonly env: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Tests of the real build: its size and its gas. A build that is made to compile fast has neither. */
const OF_THE_REAL_BUILD = "24,576 bytes|typical calls' gas";

/** An event of mocha's json-stream reporter. */
interface Event {
  readonly kind: string;
  readonly file: string;
  readonly title: string;
  readonly message: string;
  readonly outside: boolean;
}

export function parseEvent(line: string): Event | undefined {
  if (!/^\["(start|pass|fail|end)",/.test(line)) return undefined;
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return undefined; // a test's own output that looks like an event
  }
  if (!Array.isArray(event)) return undefined;
  const [kind, body] = event as [string, Readonly<Record<string, unknown>> | undefined];
  const field = (name: string): string => {
    const value = body?.[name];
    return typeof value === "string" ? value : "";
  };
  const title = field("fullTitle");
  return { kind, file: field("file"), title, message: field("err"), outside: title !== "" && title === field("title") };
}

/** Runs the files in the order given, in a process of their own. */
export async function runTests(options: RunOptions): Promise<TestRun> {
  const cli = path.join(options.root, "node_modules/hardhat/dist/src/cli.js");
  const config = path.join(options.root, "scripts/mutation/hardhat.config.ts");
  const args = [cli, "--config", config, "test", "mocha", "--no-compile", "--grep-exclude", OF_THE_REAL_BUILD];
  if (options.bail) args.push("--bail");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args, ...options.files], {
    cwd: options.root,
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: "true", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const started = performance.now();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, options.timeoutSeconds * 1_000);
  const abort = (): boolean => child.kill("SIGKILL");
  options.signal?.addEventListener("abort", abort);
  if (options.signal?.aborted) abort();

  const failures: Failure[] = [];
  const outside: string[] = [];
  const seconds = new Map<string, number>();
  const tail: string[] = [];
  let last = started;
  const keep = (line: string): void => {
    tail.push(line);
    if (tail.length > 40) tail.shift();
  };
  createInterface({ input: child.stderr }).on("line", keep);
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = parseEvent(line);
    if (event === undefined) {
      keep(line);
      return;
    }
    const now = performance.now();
    const file = path.relative(options.root, event.file);
    // A test's time includes the hooks before it and, for the first one, the start of the process.
    if (event.file !== "") seconds.set(file, (seconds.get(file) ?? 0) + (now - last) / 1_000);
    last = now;
    if (event.outside) outside.push(`${file}: ${event.title}`);
    if (event.kind === "fail") failures.push({ file, title: event.title, message: event.message });
  });

  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearTimeout(timer);
  options.signal?.removeEventListener("abort", abort);

  const verdict = (): Verdict => {
    if (failures.length > 0) return { kind: "failed", failures };
    if (timedOut) return { kind: "timeout", seconds: options.timeoutSeconds };
    if (code !== 0) return { kind: "broken", output: tail.join("\n") };
    return { kind: "passed" };
  };
  return { verdict: verdict(), outside, seconds };
}

/** What a test file did against one source's mutants. */
interface Past {
  readonly kills: number;
  /** Spent in it. */
  readonly seconds: number;
}

/**
 * The order in which test files are tried: those first that kill most per second spent in them, and a file that kills early has
 * spent less than it takes. What is expected of a file before it was tried is how near its subject is to the mutated source.
 */
export class SuiteOrder {
  readonly #seconds: ReadonlyMap<string, number>;
  /** Mutated source -> test file -> what it did. */
  readonly #past = new Map<string, Map<string, Past>>();

  /** @param seconds test file -> how long it takes without a mutant */
  constructor(seconds: ReadonlyMap<string, number>) {
    this.#seconds = seconds;
  }

  /**
   * @param spent test file -> seconds, of a mutant of this source
   * @param killer the file that killed it
   */
  learn(source: string, spent: ReadonlyMap<string, number>, killer: string | undefined): void {
    const past = this.#past.get(source) ?? new Map<string, Past>();
    this.#past.set(source, past);
    for (const [file, seconds] of spent) {
      const before = past.get(file) ?? { kills: 0, seconds: 0 };
      past.set(file, { kills: before.kills + (file === killer ? 1 : 0), seconds: before.seconds + seconds });
    }
  }

  of(source: string): readonly string[] {
    const past = this.#past.get(source);
    const score = (file: string): number => {
      // As if it had been tried once, and had killed so much of a mutant in half of its time.
      const prior = isNear(source, file) ? 0.6 : 0.1;
      const { kills, seconds } = past?.get(file) ?? { kills: 0, seconds: 0 };
      return (prior + kills) / (Math.max(this.#seconds.get(file) ?? 1, 0.5) / 2 + seconds);
    };
    return [...this.#seconds.keys()].sort((a, b) => score(b) - score(a) || a.localeCompare(b));
  }

  /**
   * The files that are tried first, at least one: the one that killed this mutant before, those about the source, and others as long as all
   * together take no more than so many seconds; and the rest of them.
   */
  likeliest(source: string, seconds: number, killer?: string): readonly [readonly string[], readonly string[]] {
    const all = [...this.of(source)].sort((a, b) => Number(b === killer) - Number(a === killer));
    let sum = 0;
    const first = all.filter((file, i) => {
      sum += this.#seconds.get(file) ?? 0;
      return i === 0 || isNear(source, file) || sum <= seconds;
    });
    return [first, all.filter((file) => !first.includes(file))];
  }

  /** Only those about a source; all where there are none. */
  near(source: string): readonly string[] {
    const all = this.of(source);
    const near = all.filter((file) => isNear(source, file));
    return near.length > 0 ? near : all;
  }
}

/** Which suites are about a source: files of these names in test/contracts, or all files of a folder there. */
export const NEAR: Readonly<Record<string, readonly string[]>> = {
  "contracts/Vault.sol": [
    "shares",
    "exits",
    "oneBlock",
    "lpFees",
    "treasury",
    "lastExit",
    "construction",
    "reentrancy",
  ],
  "contracts/PlanLib.sol": ["plans", "charge", "arbitrage", "buckets", "treasury", "staleFeed"],
  "contracts/MoveLib.sol": ["sleeves"],
  "contracts/SleeveLib.sol": ["sleeves"],
  "contracts/sleeves/Sleeve.sol": ["sleeves"],
  "contracts/sleeves/MorphoSleeve.sol": ["sleeves"],
  "contracts/sleeves/AaveSleeve.sol": ["sleeves"],
  "contracts/sleeves/Erc4626Sleeve.sol": ["sleeves"],
  "contracts/sleeves/Erc7540Sleeve.sol": ["sleeves"],
  "contracts/libraries/Curve.sol": ["sleeves"],
  "contracts/Policy.sol": ["policy", "pause", "safeCheck", "construction"],
  "contracts/PriceOracle.sol": ["oracle", "volatility", "ticks", "safeCheck"],
  "contracts/libraries/Buckets.sol": ["buckets", "charge"],
  "contracts/libraries/Compact.sol": ["inventory", "buckets"],
  "contracts/libraries/LpFees.sol": ["lpFees", "shares", "exits"],
  "contracts/libraries/TreasuryBook.sol": ["treasury"],
  "contracts/libraries/PolicyLimits.sol": ["policy", "plans"],
  "contracts/libraries/Valuation.sol": ["charge", "shares", "ticks"],
  "contracts/libraries/Holdings.sol": ["inventory", "exits", "shares"],
  "contracts/libraries/RangeList.sol": ["inventory", "plans"],
  "contracts/libraries/LiquidityMath.sol": ["plans", "charge", "exits"],
  "contracts/libraries/Pools.sol": ["plans", "exits", "policy"],
  "contracts/libraries/SafeCheck.sol": ["safeCheck"],
};

function isNear(source: string, testFile: string): boolean {
  const subject = testFile.replace(/^test\/contracts\//, "").split(/[./]/)[0];
  return NEAR[source]?.some((word) => word === subject) === true;
}
