import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { contractSizes } from "../../../scripts/ci/contract-sizes.ts";

describe("contract sizes", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "strata-sizes-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const write = (sourceName: string, contractName: string, deployedBytecode: string): void => {
    const at = join(folder, sourceName);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, `${contractName}.json`), JSON.stringify({ contractName, sourceName, deployedBytecode }));
  };

  it("counts bytes, link placeholders as 20, largest first, without interfaces and local contracts", () => {
    write("contracts/A.sol", "A", "0x6001");
    write("contracts/libraries/L.sol", "L", `0x60__$${"0".repeat(34)}$__00`);
    write("contracts/interfaces/I.sol", "I", "0x");
    write("contracts/local/T.sol", "T", "0x600160016001");
    expect(contractSizes(folder)).to.deep.equal([
      { name: "L", runtimeBytes: 22 },
      { name: "A", runtimeBytes: 2 },
    ]);
  });

  it("refuses a file that is no artifact", () => {
    writeFileSync(join(folder, "x.json"), "{}");
    expect(() => contractSizes(folder)).to.throw();
  });
});
