/**
 * Worker threads that compute configurations of one sweep. node:worker_threads directly: every task is alike, takes a tenth of a second and
 * needs nothing back but its answer, so a queue and a list of idle threads are all that a library would add.
 */
import { Worker } from "node:worker_threads";

import type { SweepDefinition } from "../definition.ts";
import { SweepError } from "../errors.ts";
import type { Outcome } from "../evaluate.ts";
import type { Parameters } from "../families/family.ts";
import type { Answer, Task } from "./messages.ts";

interface Order extends Task {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export class ThreadPool {
  readonly #threads: readonly Worker[];
  readonly #idle: Worker[] = [];
  readonly #waiting: Order[] = [];
  readonly #running = new Map<Worker, Order>();
  #next = 0;
  /** Why nothing is computed any more. */
  #broken: Error | null = null;

  /** @param size threads, at least 1 */
  constructor(definition: SweepDefinition, size: number) {
    this.#threads = Array.from({ length: size }, () => this.#start(definition));
    this.#idle.push(...this.#threads);
  }

  get size(): number {
    return this.#threads.length;
  }

  /**
   * Computes a configuration as soon as a thread is free.
   * @throws SweepError if a thread died, or the pool was closed before
   */
  run(parameters: Parameters): Promise<Outcome> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    this.#waiting.push({ id: this.#next++, parameters, resolve, reject });
    this.#dispatch();
    return promise;
  }

  /** Ends the threads; what they were computing is lost, and its promise rejects with the reason. */
  async close(reason = new SweepError("Nothing is computed any more; run the same command again.")): Promise<void> {
    this.#break(reason);
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #start(definition: SweepDefinition): Worker {
    const thread = new Worker(new URL("./thread.ts", import.meta.url), { workerData: definition });
    thread.on("message", ({ id, outcome }: Answer) => {
      const order = this.#running.get(thread);
      if (order?.id !== id) return;
      this.#running.delete(thread);
      this.#idle.push(thread);
      order.resolve(outcome);
      this.#dispatch();
    });
    thread.on("error", (cause) => this.#break(this.#explain(thread, cause)));
    thread.on("exit", (code) =>
      this.#break(this.#explain(thread, new Error(`the thread ended with exit code ${code}`))),
    );
    return thread;
  }

  #dispatch(): void {
    for (;;) {
      const [thread, order] = [this.#idle.at(-1), this.#waiting[0]];
      if (thread === undefined || order === undefined) return;
      this.#idle.pop();
      this.#waiting.shift();
      this.#running.set(thread, order);
      thread.postMessage({ id: order.id, parameters: order.parameters } satisfies Task);
    }
  }

  #explain(thread: Worker, cause: unknown): SweepError {
    const order = this.#running.get(thread);
    const what = order === undefined ? "A worker thread" : `The configuration ${JSON.stringify(order.parameters)}`;
    const why = cause instanceof Error ? cause.message : String(cause);
    return new SweepError(
      `${what} failed: ${why}; what is recorded stays, so mend it and run the same command again.`,
      {
        cause,
      },
    );
  }

  /** The first reason counts; whatever is not done yet hears it. */
  #break(error: Error): void {
    if (this.#broken !== null) return;
    this.#broken = error;
    for (const order of [...this.#running.values(), ...this.#waiting]) order.reject(error);
    this.#running.clear();
    this.#waiting.length = 0;
  }
}
