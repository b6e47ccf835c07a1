// Notices that the npm (or npx) which started us is gone.
//
// npm runs a script through a shell and sends signals to that shell, which dies without telling us; and a killed npm
// tells nobody. Without npm in between we stay, as a program under nohup must.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import process from "node:process";

const POLL_MS = 500;

/** Parent of a process; undefined when it cannot be told. */
function parentOf(pid) {
  try {
    if (process.platform === "linux") {
      // "PID (NAME) STATE PPID ...", where NAME may hold spaces and brackets.
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    }
    return Number(spawnSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" }).stdout) || undefined;
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return undefined; // It ended meanwhile.
    throw error;
  }
}

// At the start of the process, because the set-up may take minutes and npm may be gone after it. Windows keeps no parents.
const underNpm = process.env.npm_lifecycle_event !== undefined && process.platform !== "win32";
const shell = process.ppid;
const npm = underNpm ? parentOf(shell) : undefined;

const isGone = () => process.ppid !== shell || (npm !== undefined && parentOf(shell) !== npm);

/**
 * Calls `onGone` once when npm ends before us; never when it was not npm that started us.
 * @returns {() => void} Stops watching.
 */
export function watchStarter(onGone) {
  if (!underNpm) return () => {};
  const timer = setInterval(() => {
    if (!isGone()) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
