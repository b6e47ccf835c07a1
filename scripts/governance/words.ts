/** The words after `npm run vote --`: who acts, on which world, and what is decided. */
import { DEFAULT_DIR } from "../../keeper/cli/localWorld.ts";
import { VoteError } from "./call.ts";

export interface VoteWords {
  /** State folder of the local world. */
  readonly dir: string;
  /** The folder as it was named, for commands that are proposed; null for the default. */
  readonly namedDir: string | null;
  /** The guardian's account acts instead of the Safe. */
  readonly byGuardian: boolean;
  /** The decision; none to be told what there is. */
  readonly decision: readonly string[];
}

/** The word that lets the guardian act instead of the Safe. */
const GUARDIAN = "guardian";
const DIR = "--dir";
const HELP: ReadonlySet<string> = new Set(["--help", "-h"]);

/** @throws VoteError */
export function voteWords(all: readonly string[]): VoteWords {
  const rest: string[] = [];
  let namedDir: string | null = null;
  let help = false;
  for (let i = 0; i < all.length; i++) {
    const word = all[i] ?? "";
    const isDir = word === DIR || word.startsWith(`${DIR}=`);
    if (isDir) {
      namedDir = word === DIR ? (all[++i] ?? "") : word.slice(DIR.length + 1);
      if (namedDir === "") throw new VoteError(`${DIR} needs the state folder of a local world after it.`);
    } else if (HELP.has(word)) help = true;
    // A single dash begins a negative number, about which its field has a sentence.
    else if (word.startsWith("--")) throw new VoteError(`There is no option ${word}; there is ${DIR} FOLDER.`);
    else rest.push(word);
  }
  const byGuardian = rest[0] === GUARDIAN;
  const decision = byGuardian ? rest.slice(1) : rest;
  return { dir: namedDir ?? DEFAULT_DIR, namedDir, byGuardian, decision: help ? [] : decision };
}
