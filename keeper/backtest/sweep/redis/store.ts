/**
 * What a sweep has in Redis beside its queue: its definition, so that workers need nothing but the address; its name in the list of sweeps; and
 * the mark of the one process that collects its results.
 */
import type { Redis } from "ioredis";
import { z } from "zod";

import type { Bar } from "../../../market/types.ts";
import { sha256 } from "../../data/hash.ts";
import type { SweepDefinition } from "../definition.ts";
import { SweepError } from "../errors.ts";
import type { Header } from "../results/row.ts";

/** Before all keys, BullMQ's too. */
export const PREFIX = "strata";
const LIST = `${PREFIX}:sweeps`;
/** Seconds after which the definition of a sweep that nobody goes on with is dropped; it is given again when somebody does. */
const KEPT = 30 * 86_400;

/** Names a sweep in Redis: the configurations, and the code that is to compute them. */
export function sweepIdOf({ configHash, codeVersion }: Pick<Header, "configHash" | "codeVersion">): string {
  return sha256(`${configHash} ${codeVersion}`).slice(0, 24);
}

/** BullMQ's name of the sweep's queue. */
export function queueOf(id: string): string {
  return `sweep-${id}`;
}

export async function publish(redis: Redis, id: string, codeVersion: string, text: string): Promise<void> {
  // The definition first: who finds the name finds what it means.
  await redis.set(`${PREFIX}:sweep:${id}`, text, "EX", KEPT);
  await redis.hset(LIST, id, codeVersion);
}

export async function withdraw(redis: Redis, id: string): Promise<void> {
  await redis.hdel(LIST, id);
  await redis.del(`${PREFIX}:sweep:${id}`);
}

/** A worker's look for stalled jobs writes to a queue that may have been removed just before; what it wrote then is removed too. */
export async function sweepUp(redis: Redis, id: string): Promise<void> {
  if ((await redis.hexists(LIST, id)) === 1) return;
  await redis.del(`${PREFIX}:${queueOf(id)}:meta`, `${PREFIX}:${queueOf(id)}:stalled-check`);
}

/** Code version by sweep. */
export function listSweeps(redis: Redis): Promise<Record<string, string>> {
  return redis.hgetall(LIST);
}

/** Null if it is there no more. @throws SweepError for what this code does not read */
export async function fetchDefinition(redis: Redis, id: string): Promise<SweepDefinition | null> {
  const text = await redis.get(`${PREFIX}:sweep:${id}`);
  return text === null ? null : decodeDefinition(text);
}

/** Marks this process as the one that collects a sweep's results, for so many milliseconds. False if another one does. */
export async function claim(redis: Redis, id: string, token: string, milliseconds: number): Promise<boolean> {
  const answer = await redis.eval(
    `local holder = redis.call("GET", KEYS[1])
     if holder and holder ~= ARGV[1] then return 0 end
     redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
     return 1`,
    1,
    `${PREFIX}:sweep:${id}:collector`,
    token,
    String(milliseconds),
  );
  return answer === 1;
}

export async function unclaim(redis: Redis, id: string, token: string): Promise<void> {
  await redis.eval(
    `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end`,
    1,
    `${PREFIX}:sweep:${id}:collector`,
    token,
  );
}

const row = z.tuple([
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.union([z.literal(0), z.literal(1)]),
]);
const definitionSchema = z.strictObject({
  family: z.string(),
  k: z.number(),
  starts: z.int().positive(),
  costs: z.strictObject({
    nav: z.number(),
    swap: z.number(),
    gas: z.number(),
    borrowRate: z.number(),
    collateralYield: z.number(),
    reserveRate: z.number(),
    liquidationLtv: z.number(),
  }),
  reserve: z.array(z.strictObject({ from: z.number(), rate: z.number() })).nullable(),
  path: z.strictObject({
    source: z.enum(["generator", "file"]),
    from: z.number(),
    to: z.number(),
    step: z.number(),
    filledBars: z.int(),
    bars: z.array(row).min(1),
    history: z.array(row),
  }),
});

/** JSON writes a number so that reading it gives the same one. The name of the file stays at home. */
export function encodeDefinition({ path, ...rest }: SweepDefinition): string {
  const { source, from, to, step, filledBars } = path;
  const rows = (bars: readonly Bar[]): z.infer<typeof row>[] =>
    bars.map((bar) => [bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.filled === true ? 1 : 0]);
  return JSON.stringify({
    ...rest,
    path: { source, from, to, step, filledBars, bars: rows(path.bars), history: rows(path.history) },
  });
}

export function decodeDefinition(text: string): SweepDefinition {
  const read = definitionSchema.safeParse(JSON.parse(text));
  if (!read.success)
    throw new SweepError("The sweep in Redis is not one that this code wrote; use the same version everywhere.", {
      cause: read.error,
    });
  const { path, ...rest } = read.data;
  const bars = (rows: readonly z.infer<typeof row>[]): Bar[] =>
    rows.map(([time, open, high, low, close, volume, filled]) => ({
      time,
      open,
      high,
      low,
      close,
      volume,
      ...(filled === 1 ? { filled: true as const } : {}),
    }));
  return { ...rest, path: { ...path, bars: bars(path.bars), history: bars(path.history) } };
}
