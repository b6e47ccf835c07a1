import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes a file whole or not at all: readers see the old one or the new one. */
export function writeWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}.draft`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
