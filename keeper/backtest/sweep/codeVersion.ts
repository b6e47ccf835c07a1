/**
 * What code computed a figure: the version of the package and a hash of the keeper's sources, which run as they lie. A commit's hash would not
 * see what was changed since; a version number alone would have to be remembered with every change.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const KEEPER = fileURLToPath(new URL("../../", import.meta.url));
/** Talks to people and computes nothing. */
const PASSED_OVER = "cli";

/** "0.1.0+1f0c9a55d2e7" */
export function codeVersion(): string {
  const text = readFileSync(join(KEEPER, "..", "package.json"), "utf8");
  const { version } = JSON.parse(text) as { readonly version: string };
  const hash = createHash("sha256");
  const files = readdirSync(KEEPER, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".ts") && !name.startsWith(`${PASSED_OVER}/`))
    .toSorted();
  for (const name of files) {
    // Whatever a checkout makes of line ends, it is the same code.
    const source = readFileSync(join(KEEPER, name), "utf8").replaceAll("\r\n", "\n");
    hash.update(`${name}\n${source.length}\n${source}`);
  }
  return `${version}+${hash.digest("hex").slice(0, 12)}`;
}
