/** One thread of a pool: prepares the sweep once, then computes what it is sent. An error that is no result ends it; the pool tells why. */
import { parentPort, workerData } from "node:worker_threads";

import type { SweepDefinition } from "../definition.ts";
import { openEvaluator } from "../evaluate.ts";
import type { Answer, Task } from "./messages.ts";

if (parentPort === null) throw new Error("thread.ts is started by pool.ts; run `strata sweep` instead.");
const port = parentPort;
const evaluate = openEvaluator(workerData as SweepDefinition);
port.on("message", ({ id, parameters }: Task) => {
  port.postMessage({ id, outcome: evaluate(parameters) } satisfies Answer);
});
