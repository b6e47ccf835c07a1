/**
 * A sweep past one machine, the end that computes: waits for sweeps of its own code version and works on them, one after another, on a pool of
 * threads. Its main thread does nothing but talk to Redis, so the locks of its jobs are renewed while they are computed; when a worker is
 * killed its locks run out, and another worker's look for such jobs ("stalled") puts them back into the queue.
 */
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import { Queue, Worker } from "bullmq";

import { configurationHasher } from "../definition.ts";
import { SweepError } from "../errors.ts";
import type { Outcome } from "../evaluate.ts";
import { ThreadPool } from "../threads/pool.ts";
import type { JobData } from "./collect.ts";
import type { RedisLink } from "./connection.ts";
import { fetchDefinition, listSweeps, PREFIX, queueOf, sweepUp } from "./store.ts";

export interface ServeOptions {
  readonly link: RedisLink;
  readonly codeVersion: string;
  /** Threads. */
  readonly threads: number;
  /** Milliseconds after which the work of a worker that is silent is given to another. */
  readonly takeover: number;
  /** End when there is nothing to do any more, instead of waiting for the next sweep. */
  readonly once: boolean;
  readonly log: (line: string) => void;
  /** Ends it after what it has in hand. */
  readonly signal: AbortSignal;
}

/** Milliseconds between two looks for work. */
const EVERY = 500;
/** Times that a configuration may lose its worker: kills are nobody's fault, but one that brings every worker down must come to an end. */
const MOST_STALLS = 1_000;
/** Seconds that a wait for jobs lasts before it begins again: well under what counts as Redis being silent. */
const DRAIN = 2;

/** @returns how many configurations were computed here @throws SweepError if Redis goes away or a thread dies */
export async function serveOverRedis(options: ServeOptions): Promise<{ readonly computed: number }> {
  const { link, codeVersion, once, log, signal } = options;
  const foreign = new Set<string>();
  let computed = 0;
  try {
    for (let served = false; !signal.aborted;) {
      const sweeps = await listSweeps(link.client);
      for (const [id, version] of Object.entries(sweeps)) {
        if (version === codeVersion || foreign.has(id)) continue;
        foreign.add(id);
        log(`A sweep wants code ${version}, and this is ${codeVersion}; update the code here to work on it.`);
      }
      const own = Object.keys(sweeps).filter((id) => sweeps[id] === codeVersion);
      const id = await firstWithWork(link, own);
      if (id !== undefined) {
        computed += await work(options, id);
        served = true;
      } else if (once && served) break;
      else await sleep(EVERY, undefined, { signal });
    }
    return { computed };
  } catch (error) {
    if (link.lost.aborted) throw link.lost.reason;
    if (signal.aborted && error instanceof Error && error.name === "AbortError") return { computed };
    throw error;
  }
}

/** One with jobs that nobody has, else one whose jobs somebody has, who may be dead. */
async function firstWithWork(link: RedisLink, ids: readonly string[]): Promise<string | undefined> {
  let active: string | undefined;
  for (const id of ids) {
    const left = await leftIn(link, id);
    if (left.waiting > 0) return id;
    if (left.active > 0) active ??= id;
  }
  return active;
}

async function leftIn(link: RedisLink, id: string): Promise<{ readonly waiting: number; readonly active: number }> {
  const queue = new Queue(queueOf(id), { connection: link.client, prefix: PREFIX, skipMetasUpdate: true });
  queue.on("error", () => undefined);
  try {
    const { waiting = 0, prioritized = 0, delayed = 0, active = 0 } = await queue.getJobCounts();
    return { waiting: waiting + prioritized + delayed, active };
  } finally {
    await queue.close();
  }
}

/** Until the sweep has nothing left to compute, or the signal. @returns how many were computed */
async function work({ link, threads, takeover, log, signal }: ServeOptions, id: string): Promise<number> {
  const definition = await fetchDefinition(link.client, id);
  if (definition === null) return 0;
  log(`Working on ${definition.family} over ${definition.path.bars.length} hours, on ${threads} threads.`);
  const hashOf = configurationHasher(definition);
  const pool = new ThreadPool(definition, threads);
  const broken = new AbortController();
  let computed = 0;
  const compute = async ({
    id: hash,
    data,
  }: {
    readonly id?: string | undefined;
    readonly data: JobData;
  }): Promise<Outcome> => {
    // The same parameters over other data would have another hash.
    if (hashOf(data.parameters) !== hash)
      throw new SweepError("The job is not of this sweep; use the same version of the code everywhere.");
    try {
      const outcome = await pool.run(data.parameters);
      computed++;
      return outcome;
    } catch (error) {
      broken.abort(error);
      throw error;
    }
  };
  const worker = new Worker<JobData, Outcome>(queueOf(id), compute, {
    connection: link.client,
    prefix: PREFIX,
    name: `${hostname()}:${process.pid}`,
    concurrency: threads,
    lockDuration: takeover,
    stalledInterval: Math.max(takeover / 2, 1),
    maxStalledCount: MOST_STALLS,
    drainDelay: DRAIN,
    runRetryDelay: EVERY,
  });
  // A lock that was lost is another worker's job now; a connection that was lost is the link's to tell.
  worker.on("error", () => undefined);
  const ended = AbortSignal.any([signal, link.lost, broken.signal]);
  try {
    for (;;) {
      await sleep(EVERY, undefined, { signal: ended });
      const { waiting, active } = await leftIn(link, id);
      if (waiting + active === 0) break;
    }
  } catch (error) {
    if (!ended.aborted) throw error;
  } finally {
    // Asked to stop, it finishes what it has in hand. Without Redis nothing of that could be told.
    await worker.close(link.lost.aborted);
    await pool.close();
  }
  if (link.lost.aborted) throw link.lost.reason;
  await sweepUp(link.client, id);
  if (broken.signal.aborted) throw broken.signal.reason;
  return computed;
}
