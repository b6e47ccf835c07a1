/** Compiles on a thread of its own, and remembers on disk what it has compiled. */
import { createHash, randomUUID } from "node:crypto";
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
  async compile(units: readonly Unit[], changed?: CompileRequest["changed"], signal?: AbortSignal): Promise<Compiled> {
    const file = path.join(this.#folder, `${this.#key(units, changed)}.json`);
    const kept = await readOrNothing(file);
    if (kept !== undefined) {
      const now = new Date();
      await utimes(file, now, now);
      return JSON.parse(kept) as Compiled;
    }
    const compiled = await this.#ask({ units, changed }, signal);
    await mkdir(this.#folder, { recursive: true });
    // Renamed into place, so that a run that is ended leaves no half a file; lanes may write the same one at once.
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify(compiled));
    await rename(draft, file);
    return compiled;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** @throws if the signal ends it, or the thread ends without an answer */
  async #ask(request: CompileRequest, signal: AbortSignal | undefined): Promise<Compiled> {
    this.#worker ??= new Worker(new URL("compileWorker.ts", import.meta.url), { workerData: this.#project.sources });
    const worker = this.#worker;
    const ended = new AbortController();
    const exited = (): void => ended.abort();
    worker.once("exit", exited);
    try {
      const signals = signal === undefined ? [ended.signal] : [ended.signal, signal];
      const answer = once(worker, "message", { signal: AbortSignal.any(signals) }); // rejects on the thread's "error"
      worker.postMessage(request);
      const [compiled] = (await answer) as [Compiled];
      return compiled;
    } catch (error) {
      // An answer that still comes would be taken for that to the next question.
      await this.close();
      if (ended.signal.aborted)
        throw new Error("the compiler's thread ended without an answer; run it again", { cause: error });
      throw error;
    } finally {
      worker.off("exit", exited);
    }
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
    // Another campaign may remove or rename it meanwhile.
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > CACHE_AGE) await rm(file, { force: true });
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
