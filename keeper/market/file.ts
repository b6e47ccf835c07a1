import { readFile } from "node:fs/promises";
import { parseCsv } from "./csv.ts";
import { MarketDataError } from "./errors.ts";
import type { PricePath } from "./types.ts";
import { cutWindow, type Window } from "./window.ts";

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; check the path.",
  EISDIR: "this is a directory; give the path of a CSV file.",
  EACCES: "the file may not be read; give yourself permission to read it.",
  EPERM: "the file may not be read; give yourself permission to read it.",
  ERR_FS_FILE_TOO_LARGE: "the file is too large to be read at once; cut it to the years that are needed.",
  ERR_STRING_TOO_LONG: "the file is too large to be read at once; cut it to the years that are needed.",
};

/**
 * Reads hourly bars from a CSV file (dialects in csv.ts) and cuts a window out of them (rules in window.ts). The whole file is checked, not only the window.
 *
 * @throws MarketDataError if the file cannot be read, has a defect or cannot serve the window; MarketOptionError if the window is none
 */
export async function readPricePath(file: string, window: Window = {}): Promise<PricePath> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    throw new MarketDataError(
      file,
      undefined,
      READ_FAULTS[code] ?? "the file cannot be read; check the path and the disk.",
      { cause },
    );
  }
  return cutWindow(parseCsv(text, file), file, window);
}
