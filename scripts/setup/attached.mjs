// Preloaded into the program that bin/strata.mjs starts (node --import), never imported.
//
// 1. If the bootstrap dies without a chance to hand a signal on (SIGKILL), the IPC channel closes and we end ourselves
//    the way a SIGTERM would: no process stays behind.
// 2. Ctrl-C reaches the program from the terminal, from npm and from the bootstrap: up to three SIGINTs for one key
//    press. Repeats within a second are dropped, so that a program may take a second Ctrl-C for impatience.
import process from "node:process";
import { isMainThread } from "node:worker_threads";

const SAME_SIGNAL_MS = 1_000;

if (isMainThread && process.channel !== undefined) {
  const lastSeen = new Map([
    ["SIGINT", -Infinity],
    ["SIGTERM", -Infinity],
    ["SIGHUP", -Infinity],
  ]);
  const emit = process.emit;
  process.emit = function (event, ...args) {
    const seen = lastSeen.get(event);
    if (seen !== undefined) {
      const now = performance.now();
      if (now - seen < SAME_SIGNAL_MS) return true;
      lastSeen.set(event, now);
    }
    return Reflect.apply(emit, process, [event, ...args]);
  };

  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref(); // The channel must not keep a finished program alive.
}
