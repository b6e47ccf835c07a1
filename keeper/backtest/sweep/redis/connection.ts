/** A connection to Redis that says when it is gone for good, in a sentence. */
import { Redis } from "ioredis";

import { SweepConfigError, SweepError } from "../errors.ts";

/** Milliseconds from one attempt to come back to the next. */
const RETRY_EVERY = 250;
/** Milliseconds without an answer after which a server counts as gone; longer than any command here may block. */
const SILENCE = 10_000;

export interface RedisLink {
  readonly client: Redis;
  /** host:port, without what a URL may hold of secrets. */
  readonly place: string;
  /** Aborted, with a SweepError, when Redis is gone and has not come back in time. */
  readonly lost: AbortSignal;
  close(): void;
}

/**
 * @param patience milliseconds for which Redis may be away once it was there
 * @throws SweepConfigError for what is no address of a Redis; SweepError if there is none or it refuses
 */
export async function openRedis(url: string, patience: number): Promise<RedisLink> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol) || new URL(url).hostname === "")
    throw new SweepConfigError("--redis", ["this is no address of a Redis; write one such as redis://127.0.0.1:6379."]);
  const { hostname, port } = new URL(url);
  const place = `${hostname}:${port === "" ? "6379" : port}`;
  const lost = new AbortController();
  let [connected, closing] = [false, false];
  let away: number | null = null;
  let last: Error | undefined;
  const client = new Redis(url, {
    lazyConnect: true,
    // BullMQ's commands wait for Redis to come back; giving up is decided here.
    maxRetriesPerRequest: null,
    connectTimeout: patience,
    socketTimeout: SILENCE,
    retryStrategy: () => {
      if (!connected || closing) return null;
      away ??= performance.now();
      return performance.now() - away < patience ? RETRY_EVERY : null;
    },
  });
  client.on("error", (error: Error) => (last = error));
  client.on("ready", () => {
    connected = true;
    away = null;
  });
  client.on("end", () => {
    if (closing || !connected) return;
    lost.abort(
      new SweepError(
        `Redis at ${place} went away and has not come back for ${Math.round(patience / 1_000)} s; start it, then run the same command again.`,
        { cause: last },
      ),
    );
  });
  const close = (): void => {
    closing = true;
    // One that has ended would wait two seconds for an answer to its farewell.
    if (client.status !== "end") client.disconnect();
  };
  try {
    await client.connect();
    await client.ping();
  } catch (cause) {
    close();
    throw new SweepError(
      `Redis at ${place} cannot be used (${(last ?? (cause as Error)).message}); start it, or correct --redis.`,
      { cause },
    );
  }
  return { client, place, lost: lost.signal, close };
}
