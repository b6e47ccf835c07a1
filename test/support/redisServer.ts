/** A real Redis on loopback, that keeps nothing on disk, for as long as a test wants it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** By any of its names; null where there is none. */
export function findRedisServer(): string | null {
  return ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0) ?? null;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends it as a power cut would; what it held is gone. */
  kill(): Promise<void>;
}

/** @param port default a free one */
export async function startRedis(program: string, port?: number): Promise<RedisServer> {
  const at = port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), "strata-redis-"));
  const options = { bind: "127.0.0.1", port: String(at), save: "", appendonly: "no", dir: folder };
  const server = spawn(
    program,
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await ready(server);
  return {
    url: `redis://127.0.0.1:${at}`,
    port: at,
    kill: () =>
      new Promise((resolve) => {
        server.once("close", () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        server.kill("SIGKILL");
      }),
  };
}

function ready(server: ChildProcess): Promise<void> {
  let text = "";
  return new Promise((resolve, reject) => {
    server.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("Ready to accept connections")) resolve();
    });
    server.once("error", reject);
    server.once("close", (code) => reject(new Error(`Redis ended with ${String(code)} before it was ready:\n${text}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("no free port was given"));
      });
    });
  });
}
