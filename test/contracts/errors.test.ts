import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

const ROOT = join(import.meta.dirname, "..", "..");

/** Files below a folder whose name ends so, but not below `without`. */
function files(folder: string, end: string, without?: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(end) && (without === undefined || !name.startsWith(without)))
    .map((name) => join(ROOT, folder, name));
}

/** Errors that no input reaches, and why: they guard against a change of the contracts. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  TooManyTiers: "eight positions and a policy's four tiers are twelve tiers, for which there is room",
};

describe("contracts/errors", () => {
  it("each custom error of the contracts is expected by a test", () => {
    const declared = files("contracts", ".sol", "local").flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/^\s*error (\w+)\(/gm)].map((match) => match[1] ?? ""),
    );
    expect(declared.length > 40, "no errors found: has the layout of contracts/ changed?").to.equal(true);
    const tests = files("test/contracts", ".test.ts")
      .filter((file) => !file.endsWith("errors.test.ts"))
      .map((file) => readFileSync(file, "utf8"))
      .join("\n");
    const missing = [...new Set(declared)].filter(
      (name) => !tests.includes(`"${name}"`) && UNREACHABLE[name] === undefined,
    );
    expect(missing, "custom errors that no test of test/contracts names").to.deep.equal([]);
    // No excuse outlives its error.
    expect(declared).to.include.members(Object.keys(UNREACHABLE));
  });
});
