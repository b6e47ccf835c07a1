import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { type Ownership, writeFolder } from "../../../../keeper/backtest/report/folder.ts";

const OURS: Ownership = { file: "page", mark: "made by us", names: new Set(["page", "data", "old"]) };
const files = new Map([
  ["page", "made by us, now"],
  ["data", "1"],
]);

async function refusal(folder: string): Promise<string> {
  try {
    await writeFolder(folder, files, OURS);
  } catch (error) {
    expect((error as Error).name).to.equal("BacktestOptionError");
    return (error as Error).message;
  }
  throw new Error("It was written.");
}

describe("report: its folder", () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), "strata-"))));

  it("appears with all files, and nothing else is left", async () => {
    await writeFolder(join(home, "report"), files, OURS);
    expect(readdirSync(home)).to.deep.equal(["report"]);
    expect(readdirSync(join(home, "report")).toSorted()).to.deep.equal(["data", "page"]);
    expect(readFileSync(join(home, "report", "page"), "utf8")).to.equal("made by us, now");
  });

  it("takes an empty folder, and replaces an earlier report as a whole", async () => {
    mkdirSync(join(home, "report"));
    await writeFolder(join(home, "report"), files, OURS);
    writeFileSync(join(home, "report", "old"), "of an earlier run");
    await writeFolder(join(home, "report"), files, OURS);
    expect(readdirSync(join(home, "report")).toSorted()).to.deep.equal(["data", "page"]);
    expect(readdirSync(home)).to.deep.equal(["report"]);
  });

  it("refuses foreign content, a file, and a parent that is not there; touches nothing", async () => {
    const folder = join(home, "report");
    mkdirSync(folder);
    writeFileSync(join(folder, "page"), "made by us");
    writeFileSync(join(folder, "thesis.doc"), "years of work");
    expect(await refusal(folder)).to.match(
      /holds thesis\.doc, which is no part of a report; name a new or an empty folder/,
    );
    expect(readdirSync(folder).toSorted()).to.deep.equal(["page", "thesis.doc"]);

    const like = join(home, "like");
    mkdirSync(like);
    writeFileSync(join(like, "page"), "somebody else's page");
    expect(await refusal(like)).to.match(/holds files that are not of an earlier report/);
    expect(readFileSync(join(like, "page"), "utf8")).to.equal("somebody else's page");

    writeFileSync(join(home, "file"), "");
    expect(await refusal(join(home, "file"))).to.match(/is there and is no folder; name a new one/);
    expect(await refusal(join(home, "no", "report"))).to.match(
      /would lie in .*no, which is no folder; make that first/,
    );
    expect(existsSync(join(home, "no"))).to.equal(false);
  });

  it("says where it may not write", async function () {
    // Whoever runs as root may write everywhere.
    if (process.getuid?.() === 0) this.skip();
    chmodSync(home, 0o500);
    expect(await refusal(join(home, "report"))).to.match(
      /cannot be written \(EACCES\); name a folder where you may write/,
    );
    chmodSync(home, 0o700);
  });

  it("leaves the earlier report and no draft where a file cannot be written", async () => {
    const folder = join(home, "report");
    await writeFolder(folder, files, OURS);
    let told = "";
    await writeFolder(folder, new Map([...files, [join("no", "such"), ""]]), OURS).catch(
      (error: unknown) => (told = String(error)),
    );
    expect(told).to.match(/cannot be written \(ENOENT\)/);
    expect(readdirSync(home)).to.deep.equal(["report"]);
    expect(readFileSync(join(folder, "page"), "utf8")).to.equal("made by us, now");
  });
});
