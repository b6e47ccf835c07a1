import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MAX_BYTES, complaints, forbiddenText, parseAllowances } from "../../../scripts/ci/tracked-files.ts";

// Assembled, so that this file passes the check that it tests.
const SLASH = "/";
const MACHINE_PATH = `${SLASH}home${SLASH}somebody`;
const RESOLVED = "resolved";
const REGISTRY = `https:${SLASH}${SLASH}registry.example.com`;

describe("tracked files", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "strata-tracked-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("finds registry hosts, download addresses and machine paths, with their line", () => {
    const resolved = `"${RESOLVED}": "https:${SLASH}${SLASH}example.com/a.tgz"`;
    const content = [
      "fine",
      `see ${REGISTRY}/x`,
      `cd ${MACHINE_PATH}/x`,
      resolved,
      `file:${SLASH}${SLASH}${MACHINE_PATH}`,
    ];
    expect(forbiddenText(content.join("\n")).map(({ line }) => line)).to.deep.equal([2, 3, 4, 5]);
  });

  it("leaves relative paths, addresses of the web and the word registry alone", () => {
    const content = [
      "./tmp/x",
      "a/home/b",
      "../work/y",
      "https://example.com/home/page",
      "registry.pools.get()",
      "/tmpfs",
    ];
    expect(forbiddenText(content.join("\n"))).to.deep.equal([]);
  });

  it("accepts what is allowed for that file, and only there", () => {
    for (const name of ["a.md", "b.md"]) writeFileSync(join(folder, name), `${MACHINE_PATH}\n`);
    const allowances = parseAllowances(`# why\n\na.md ${MACHINE_PATH}\n`);
    const found = complaints(folder, ["a.md", "b.md"], allowances);
    expect(found).to.have.length(1);
    expect(found[0]).to.match(/^b\.md:1: /);
  });

  it("complains about an allowance that nothing needs", () => {
    writeFileSync(join(folder, "a.md"), "fine\n");
    expect(complaints(folder, ["a.md"], [{ path: "a.md", text: "gone" }])[0]).to.include("nothing needs");
  });

  it("complains about an allowance without a text", () => {
    expect(() => parseAllowances("a.md")).to.throw('write "PATH TEXT"');
  });

  it("complains about a file over the limit, text or binary, and not about one at it", () => {
    writeFileSync(join(folder, "at"), Buffer.alloc(MAX_BYTES));
    writeFileSync(join(folder, "binary"), Buffer.alloc(MAX_BYTES + 1));
    writeFileSync(join(folder, "text"), "a".repeat(MAX_BYTES + 1));
    const found = complaints(folder, ["at", "binary", "text"], []);
    expect(found.map((line) => line.split(":")[0])).to.deep.equal(["binary", "text"]);
  });
});
