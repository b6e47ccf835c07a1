/**
 * Fails when a file of the repository is over 1 MB, or names a package registry's host or an absolute path of somebody's
 * machine. Exceptions stand in .ci/allowed-text, one a line: PATH, a space, the exact text that may stand there.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const MAX_BYTES = 1_000_000;

// Assembled, so that this file passes its own check.
const MACHINE_FOLDERS = ["work", "tmp", "home", "root", "Users", "mnt", "var/folders"].join("|");

const FORBIDDEN: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: "a package registry's host", pattern: /\/\/[\w.-]*registry[\w.-]*\.[a-z]{2,}/gi },
  { what: "a package registry's host", pattern: /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\b/gi },
  { what: "a download address in the lock file", pattern: /"resolved": "(?:https?|git)[^"]*/g },
  { what: "an absolute path of a machine", pattern: new RegExp(`(?<![\\w.-])/(?:${MACHINE_FOLDERS})/[\\w.-]+`, "g") },
  { what: "an absolute path of a machine", pattern: /\b[A-Z]:\\Users\\\w+/g },
];

export interface Finding {
  readonly line: number;
  readonly what: string;
  readonly text: string;
}

/** Every forbidden text in a file's content, by line (from 1). */
export function forbiddenText(content: string): Finding[] {
  return content
    .split("\n")
    .flatMap((line, index) =>
      FORBIDDEN.flatMap(({ what, pattern }) =>
        [...line.matchAll(pattern)].map(([text]) => ({ line: index + 1, what, text })),
      ),
    );
}

/** Lines "PATH TEXT"; empty lines and lines that start with # do not count. */
export function parseAllowances(content: string): { path: string; text: string }[] {
  return content
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const space = line.indexOf(" ");
      if (space < 1) throw new Error(`.ci/allowed-text: write "PATH TEXT" instead of "${line}".`);
      return { path: line.slice(0, space), text: line.slice(space + 1) };
    });
}

/** Checks files given by name relative to `root`; returns one line per complaint. Allowances that match nothing are complaints too. */
export function complaints(
  root: string,
  files: readonly string[],
  allowances: readonly { path: string; text: string }[],
): string[] {
  const unused = new Set(allowances);
  const found = files.flatMap((file) => {
    const content = readFileSync(join(root, file));
    const size = content.length > MAX_BYTES ? [`${file}: ${content.length} bytes, more than ${MAX_BYTES}`] : [];
    if (content.includes(0)) return size; // Binary.
    const text = forbiddenText(content.toString("utf8")).flatMap((finding) => {
      const allowance = allowances.find(({ path, text }) => path === file && text === finding.text);
      if (allowance !== undefined) unused.delete(allowance);
      return allowance === undefined ? [`${file}:${finding.line}: ${finding.what}: ${finding.text}`] : [];
    });
    return [...size, ...text];
  });
  return [
    ...found,
    ...[...unused].map(({ path, text }) => `.ci/allowed-text: nothing needs "${path} ${text}" any more`),
  ];
}

function main(): number {
  const root = join(import.meta.dirname, "../..");
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  const files = listed.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));
  const allowed = join(root, ".ci", "allowed-text");
  const found = complaints(root, files, existsSync(allowed) ? parseAllowances(readFileSync(allowed, "utf8")) : []);
  for (const line of found) console.log(line);
  console.log(`${files.length} files checked, ${found.length} complaints`);
  return found.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = main();
