/** A thread that keeps the compiler warm. It is given all sources once, and for each mutant only the file that differs. */
import { parentPort, workerData } from "node:worker_threads";

import type { Unit } from "./reach.ts";
import { compileUnits, type Sources } from "./solc.ts";

export interface CompileRequest {
  readonly units: readonly Unit[];
  readonly changed: { readonly file: string; readonly content: string } | undefined;
}

const sources = workerData as Sources;

parentPort?.on("message", ({ units, changed }: CompileRequest) => {
  const all = changed === undefined ? sources : new Map([...sources, [changed.file, changed.content]]);
  parentPort?.postMessage(compileUnits(all, units));
});
