import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { codeVersion } from "../../../../keeper/backtest/report/codeVersion.ts";

describe("report: code version", () => {
  it("is the commit of a repository of its own, changed or not, else the package's version alone", async () => {
    const root = mkdtempSync(join(tmpdir(), "strata-"));
    const none = { version: "1.2.3", commit: null, changed: null };
    expect(await codeVersion(root, "1.2.3")).to.deep.equal(none);

    const git = (...args: string[]): string => execFileSync("git", ["-C", root, ...args], { encoding: "utf8" }).trim();
    git("init", "-q");
    writeFileSync(join(root, "file"), "1");
    git("add", "file");
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first");
    const commit = git("rev-parse", "HEAD");
    expect(await codeVersion(root, "1.2.3")).to.deep.equal({ version: "1.2.3", commit, changed: false });
    writeFileSync(join(root, "file"), "2");
    expect(await codeVersion(root, "1.2.3")).to.deep.equal({ version: "1.2.3", commit, changed: true });

    // Installed inside somebody else's repository.
    mkdirSync(join(root, "inner"));
    expect(await codeVersion(join(root, "inner"), "1.2.3")).to.deep.equal(none);
  });
});
