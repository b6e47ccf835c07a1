import { accessSync, constants, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { FileStateError, writing } from "./errors.ts";

/**
 * Writes a file whole or not at all: readers see the old one or the new one.
 * @throws FileWriteError
 */
export function writeWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}.draft`;
  writing(file, () => {
    try {
      writeFileSync(draft, text, { flush: true });
      renameSync(draft, file);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  });
}

/**
 * For commands that work for long before they write.
 * @param option that names another file
 * @throws FileStateError if the file is there already, FileWriteError if its folder cannot take it
 */
export function checkFree(file: string, option: string): void {
  if (existsSync(file)) {
    throw new FileStateError(`${file} is there already; remove it, or name another file with ${option}.`);
  }
  writing(file, () => accessSync(dirname(file), constants.W_OK));
}
