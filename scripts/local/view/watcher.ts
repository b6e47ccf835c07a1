import type { ActionView, WorldView } from "./model.ts";
import { renderFrame } from "./frame.ts";
import { actionLine, dayLine } from "./lines.ts";
import { Terminal, type Screen } from "./terminal.ts";

/** Sees the world go by. Views are made only when asked for, because they cost calls. */
export interface Watcher {
  /** What is being set up. */
  preparing(what: string): void;
  /** An hour of the path has passed. @param time unix seconds */
  hour(time: number, view: () => Promise<WorldView>): Promise<void>;
  acted(action: ActionView): void;
  /** The path has ended; what is printed from here on stands below. */
  ended(view: WorldView): void;
  /** The chain stays up until Ctrl-C. */
  idle(url: string): void;
  /** The last call. */
  close(): void;
}

const DAY = 86_400;
/** Least milliseconds between two pictures. */
const FRAME = 100;

/** Draws the world in a terminal. @param clock milliseconds */
export function liveWatcher(screen: Screen, clock: () => number): Watcher {
  const terminal = new Terminal(screen);
  let drawn = -Infinity;
  return {
    preparing: (what) => terminal.draw([`Strata local world: ${what} ...`]),
    async hour(_time, view) {
      if (clock() - drawn < FRAME) return;
      terminal.draw(renderFrame(await view(), terminal.columns));
      drawn = clock();
    },
    acted: () => undefined,
    ended(view) {
      terminal.draw(renderFrame(view, terminal.columns));
      terminal.release();
    },
    idle: (url) => screen.write(`${idleLine(url)}\n`),
    close: () => terminal.release(),
  };
}

/** Writes a line for each day and each action. */
export function lineWatcher(log: (line: string) => void): Watcher {
  return {
    preparing: (what) => log(`Strata local world: ${what}`),
    async hour(time, view) {
      if (time % DAY === 0) log(dayLine(await view()));
    },
    acted: (action) => log(actionLine(action)),
    ended: () => undefined,
    idle: (url) => log(idleLine(url)),
    close: () => undefined,
  };
}

function idleLine(url: string): string {
  return `The path has ended; the chain stays up at ${url} until Ctrl-C. In another terminal: npx strata status`;
}
