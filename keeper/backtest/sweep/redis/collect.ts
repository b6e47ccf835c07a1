/**
 * A sweep past one machine, the end that asks. Each missing configuration is a BullMQ job whose id is its hash, so that it is in the queue
 * once however often it is put there. What workers have done waits in Redis until it is on this machine's disk, and only then is its job
 * removed: a kill at any moment, of anybody, loses nothing and records nothing twice. If Redis itself forgets jobs (it was started again
 * without what it held), what is missing is put there again.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { type Job, Queue } from "bullmq";

import type { Configuration } from "../definition.ts";
import { SweepError } from "../errors.ts";
import { outcomeSchema } from "../evaluate.ts";
import type { Parameters } from "../families/family.ts";
import type { Row } from "../results/row.ts";
import type { Order } from "../runSweep.ts";
import type { RedisLink } from "./connection.ts";
import { claim, encodeDefinition, PREFIX, publish, queueOf, sweepIdOf, unclaim, withdraw } from "./store.ts";

export interface RedisSweep extends Order {
  readonly link: RedisLink;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a job carries. */
export interface JobData {
  readonly parameters: Parameters;
}

/** Milliseconds between two looks. */
const EVERY = 250;
/** Jobs that are put in or taken out at a time. */
const CHUNK = 200;
/** Milliseconds for which a collector that was killed keeps others out, and those that another one waits for. */
const CLAIM = 10_000;
const PATIENCE = 15_000;
/** Milliseconds without a worker after which it is said, once. */
const LONELY = 5_000;
/** Times that a job is begun before a failure of it ends the sweep: the first worker may have been short of memory. */
const ATTEMPTS = 2;

export interface Collected {
  /** False after the signal. */
  readonly complete: boolean;
  /** Worker processes that results came from. */
  readonly workers: number;
}

/** @throws SweepError if Redis goes away, a configuration fails, or another process collects the same sweep */
export async function collectOverRedis(sweep: RedisSweep): Promise<Collected> {
  const { link, header, signal } = sweep;
  if (sweep.missing.length === 0) return { complete: true, workers: 0 };
  const id = sweepIdOf(header);
  const token = randomUUID();
  const queue = new Queue<JobData, unknown>(queueOf(id), { connection: link.client, prefix: PREFIX });
  // The link says it when it matters; without a listener an event would end the process.
  queue.on("error", () => undefined);
  try {
    await own(sweep, id, token);
    try {
      const collected = await collect(sweep, queue, id, token);
      if (collected.complete) {
        await withdraw(link.client, id);
        await queue.obliterate({ force: true });
      }
      return collected;
    } finally {
      if (!link.lost.aborted) await unclaim(link.client, id, token);
    }
  } catch (error) {
    if (link.lost.aborted) throw link.lost.reason;
    if (signal.aborted && error instanceof Error && error.name === "AbortError") return { complete: false, workers: 0 };
    throw error;
  } finally {
    await queue.close();
  }
}

async function own({ link, log, signal }: RedisSweep, id: string, token: string): Promise<void> {
  const until = performance.now() + PATIENCE;
  for (let told = false; !(await claim(link.client, id, token, CLAIM)); told = true) {
    if (performance.now() > until)
      throw new SweepError("Another process collects the results of this sweep; let it end, then run it again.");
    if (!told) log("Another process collects the results of this sweep, or did until it was killed; waiting for it.");
    await sleep(EVERY, undefined, { signal });
  }
}

async function collect(
  { link, definition, header, missing, record, log, signal }: RedisSweep,
  queue: Queue<JobData, unknown>,
  id: string,
  token: string,
): Promise<Collected> {
  const left = new Map(missing.map((configuration) => [configuration.hash, configuration]));
  const workers = new Set<string>();
  const text = encodeDefinition(definition);
  const begun = performance.now();
  let lonely = true;
  let put = false;
  for (;;) {
    if (signal.aborted) return { complete: false, workers: workers.size };
    if (!(await claim(link.client, id, token, CLAIM)))
      throw new SweepError("Another process has taken over the results of this sweep; let it end, then run it again.");

    const jobs = ((await queue.getJobs(["completed"], 0, CHUNK - 1, true)) as (Job<JobData, unknown> | undefined)[])
      // A job may be gone between the list and the look.
      .filter((job) => job !== undefined);
    const rows = jobs.flatMap((job) => rowOf(job, left));
    record(rows);
    for (const row of rows) {
      left.delete(row.hash);
      if (row.worker !== undefined) workers.add(row.worker);
    }
    await Promise.all(jobs.map((job) => job.remove()));
    if (left.size === 0) return { complete: true, workers: workers.size };
    if (jobs.length > 0) {
      lonely = false;
      continue;
    }

    await refuseFailures(queue);
    // One answer for all states at one moment: what is in none of them is not there.
    const known = Object.values(await queue.getJobCounts()).reduce((sum, count) => sum + count, 0);
    if (!put || known < left.size) {
      await publish(link.client, id, header.codeVersion, text);
      const all = [...left.values()];
      for (let at = 0; at < all.length; at += CHUNK) await queue.addBulk(all.slice(at, at + CHUNK).map(jobOf));
      put = true;
    }
    if (lonely && performance.now() - begun > LONELY) {
      lonely = false;
      if ((await queue.getWorkersCount()) === 0)
        log(`No worker of code ${header.codeVersion} has come yet; start some: strata sweep worker --redis URL`);
    }
    await sleep(EVERY, undefined, { signal });
  }
}

function jobOf({ hash, parameters }: Configuration) {
  return { name: "configuration", data: { parameters }, opts: { jobId: hash, attempts: ATTEMPTS } };
}

/** Nothing for what is on record already: its job outlived a kill. */
function rowOf(job: Job<JobData, unknown>, left: ReadonlyMap<string, Configuration>): Row[] {
  const configuration = left.get(job.id ?? "");
  if (configuration === undefined) return [];
  const outcome = outcomeSchema.safeParse(job.returnvalue);
  if (!outcome.success)
    throw new SweepError(
      `A worker gave no result for ${JSON.stringify(configuration.parameters)}; use the same version of the code everywhere.`,
      { cause: outcome.error },
    );
  return [{ ...configuration, outcome: outcome.data, worker: job.processedBy }];
}

/** Failed jobs leave the queue, so that the next run tries them again. */
async function refuseFailures(queue: Queue<JobData, unknown>): Promise<void> {
  const failed = await queue.getJobs(["failed"], 0, CHUNK - 1, true);
  const first = failed[0];
  if (first === undefined) return;
  await Promise.all(failed.map((job) => job.remove()));
  throw new SweepError(
    `The configuration ${JSON.stringify(first.data.parameters)} failed on ${first.processedBy ?? "a worker"}: ${first.failedReason}; what is recorded stays, so mend it and run the same command again.`,
  );
}
