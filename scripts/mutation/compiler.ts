/** Compiles on a thread of its own, and remembers on disk what it has compiled. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";

import type { AstNode } from "./ast.ts";
import type { CompileRequest } from "./compileWorker.ts";
import { importsOf, type Unit } from "./reach.ts";
import { SETTINGS, type Compiled, type Sources } from "./solc.ts";

/** A cached build that nobody used for so long is removed, milliseconds. */
const CACHE_AGE = 14 * 24 * 3_600_000;

export interface Project {
  readonly sources: Sources;
  readonly asts: ReadonlyMap<string, AstNode>;
  /** The compiler's. */
  readonly version: string;
}

export class Compiler {
  readonly #project: Project;
  readonly #folder: string;
  #worker: Worker | undefined;

  /** @param folder where builds are kept; made when needed */
  constructor(project: Project, folder: string) {
    this.#project = project;
    this.#folder = folder;
  }

  /** @param changed the one file in which a mutant differs */
  async compile(units: readonly Unit[], changed?: CompileRequest["changed"]): Promise<Compiled> {
    const file = path.join(this.#folder, `${this.#key(units, changed)}.json`);
    const kept = await readOrNothing(file);
    if (kept !== undefined) {
      const now = new Date();
      await utimes(file, now, now);
      return JSON.parse(kept) as Compiled;
    }
    const compiled = await this.#ask({ units, changed });
    await mkdir(this.#folder, { recursive: true });
    // Renamed into place, so that a run that is ended leaves no half a file.
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, JSON.stringify(compiled));
    await rename(draft, file);
    return compiled;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #ask(request: CompileRequest): Promise<Compiled> {
    this.#worker ??= new Worker(new URL("compileWorker.ts", import.meta.url), { workerData: this.#project.sources });
    const answer = once(this.#worker, "message"); // rejects on the thread's "error"
    this.#worker.postMessage(request);
    const [compiled] = (await answer) as [Compiled];
    return compiled;
  }

  /** sha256 over all that the output depends on: compiler, settings, units, and the files that the units import. */
  #key(units: readonly Unit[], changed: CompileRequest["changed"]): string {
    const hash = createHash("sha256").update(JSON.stringify([this.#project.version, SETTINGS, units]));
    const files = new Set(units.flatMap(({ file }) => [...importsOf(file, this.#project.asts)]));
    for (const file of [...files].sort()) {
      const content = changed?.file === file ? changed.content : (this.#project.sources.get(file) ?? "");
      hash.update(`\0${file}\0${content}`);
    }
    return hash.digest("hex");
  }
}

/** Removes builds that nobody used for long. */
export async function pruneCache(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    if (now - (await stat(file)).mtimeMs > CACHE_AGE) await rm(file);
  }
}

async function readOrNothing(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
