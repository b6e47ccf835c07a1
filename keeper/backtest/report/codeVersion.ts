/** Which code computed a result. */
import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { promisify } from "node:util";

export interface CodeVersion {
  /** Of the package. */
  readonly version: string;
  /** Git commit; null where the code does not lie in a repository of its own, or there is no git. */
  readonly commit: string | null;
  /** True if files differ from the commit; null where there is none. */
  readonly changed: boolean | null;
}

const run = promisify(execFile);

/**
 * @param root folder of the package
 * @param version of the package
 */
export async function codeVersion(root: string, version: string): Promise<CodeVersion> {
  const unknown = { version, commit: null, changed: null };
  const git = async (...args: string[]): Promise<string | null> => {
    try {
      return (await run("git", ["-C", root, ...args])).stdout.trim();
    } catch {
      // No git, or no repository: then the version of the package is what is known, and says so itself.
      return null;
    }
  };
  const top = await git("rev-parse", "--show-toplevel");
  // Installed inside somebody else's repository, its commit would say nothing about us.
  if (top === null || (await realpath(top)) !== (await realpath(root))) return unknown;
  const commit = await git("rev-parse", "HEAD");
  const changes = await git("status", "--porcelain", "--untracked-files=no");
  return commit === null ? unknown : { version, commit, changed: changes === null ? null : changes !== "" };
}
