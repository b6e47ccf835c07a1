import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { privateKeyFrom, resolveTarget, withEnvFile } from "../../../keeper/cli/config.ts";
import { ConfigurationError } from "../../../keeper/cli/errors.ts";
import {
  findLocalWorld,
  removeLocalWorld,
  stateFile,
  writeLocalWorld,
  type LocalWorldState,
} from "../../../keeper/cli/localWorld.ts";

const A = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const B = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512";
const GOOD = { RPC_URL: "http://127.0.0.1:8545", CHAIN_ID: "1", VAULT: A, LENS: B };

const world: LocalWorldState = {
  pid: process.pid,
  url: "http://127.0.0.1:9999",
  chainId: 31337,
  startedAt: "2026-01-01T00:00:00.000Z",
  vault: A,
  lens: B,
  policy: A,
  oracle: A,
  planLib: A,
  accessManager: A,
  safe: A,
  factory: A,
  quoter: A,
  baseToken: A,
  quoteToken: B,
  journal: "keeper.sqlite",
  pools: { "500": A },
  accounts: { keeper: B },
};

function problemsOf(environment: Record<string, string>, local: LocalWorldState | null = null): readonly string[] {
  try {
    resolveTarget(environment, local);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
  throw new Error("the configuration was accepted");
}

describe("cli/config", () => {
  it("takes a complete environment", () => {
    expect(resolveTarget(GOOD, null)).to.deep.equal({
      rpcUrl: GOOD.RPC_URL,
      chainId: 1,
      vault: A,
      lens: B,
      local: null,
    });
  });

  it("names every missing variable at once, with the fix", () => {
    const problems = problemsOf({ VAULT: A, CHAIN_ID: " " });
    expect(problems).to.have.length(3);
    for (const name of ["RPC_URL", "CHAIN_ID", "LENS"])
      expect(problems.join("\n")).to.include(`${name} is missing: set it to`);
  });

  it("says first that no local world runs when nothing names a vault", () => {
    const first = /^No local world runs here: start one with 'npm start', or set /;
    expect(() => resolveTarget({ VAULT: " " }, null)).to.throw(ConfigurationError, first);
    // As from a copy of an .env file that names a chain only.
    const chainOnly = { RPC_URL: GOOD.RPC_URL, CHAIN_ID: "31337" };
    expect(() => resolveTarget(chainOnly, null)).to.throw(ConfigurationError, first);
    expect(problemsOf(chainOnly)).to.have.length(2);
  });

  it("knows the local world by any spelling of its address", () => {
    for (const RPC_URL of ["http://localhost:9999", "http://127.0.0.1:9999/", "http://[::1]:9999"]) {
      expect(resolveTarget({ RPC_URL }, world).local).to.equal(world);
    }
  });

  for (const [name, value] of [
    ["RPC_URL", "localhost:8545"],
    ["RPC_URL", "ftp://example.org"],
    ["CHAIN_ID", "0x1"],
    ["CHAIN_ID", "0"],
    ["CHAIN_ID", "1.5"],
    ["VAULT", "0x1234"],
    ["VAULT", A.slice(2)],
    ["LENS", A.replace("F", "f")], // its checksum is wrong
  ] as const) {
    it(`refuses ${name}=${value}`, () => {
      const problems = problemsOf({ ...GOOD, [name]: value });
      expect(problems).to.have.length(1);
      expect(problems[0])
        .to.match(new RegExp(`^${name} "`))
        .and.match(/; write /);
    });
  }

  it("uses the running local world when the environment names no vault", () => {
    const target = resolveTarget({}, world);
    expect(target.rpcUrl).to.equal(world.url);
    expect(target.local).to.equal(world);
    expect(resolveTarget({ RPC_URL: world.url, VAULT: "" }, world).local).to.equal(world);
  });

  it("never mixes the local world with another chain", () => {
    expect(problemsOf({ RPC_URL: "http://127.0.0.1:8545", CHAIN_ID: "1" }, world)).to.have.length(2);
    expect(resolveTarget(GOOD, world).local).to.equal(null);
  });

  it("keeps private keys out of its messages", () => {
    const bad = `0x${"ab".repeat(31)}`;
    for (const key of [bad, `0x${"00".repeat(32)}`, `0x${"ff".repeat(32)}`, "ab".repeat(32)]) {
      expect(() => privateKeyFrom({ KEEPER_PRIVATE_KEY: key }, "KEEPER_PRIVATE_KEY"))
        .to.throw(ConfigurationError, /is not a private key/)
        .and.satisfy((error: Error) => !error.message.includes(key.slice(2)));
    }
    const good = `0x${"ab".repeat(32)}`;
    expect(privateKeyFrom({ KEEPER_PRIVATE_KEY: good }, "KEEPER_PRIVATE_KEY")).to.equal(good);
  });

  it("lets the environment win over .env, and does without a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "strata-"));
    writeFileSync(join(folder, ".env"), "CHAIN_ID=5\nVAULT=from-file\n");
    const merged = withEnvFile({ CHAIN_ID: "7" }, join(folder, ".env"));
    expect(merged).to.include({ CHAIN_ID: "7", VAULT: "from-file" });
    expect(withEnvFile({ CHAIN_ID: "7" }, join(folder, "none"))).to.deep.equal({ CHAIN_ID: "7" });
    expect(() => withEnvFile({}, folder)).to.throw(ConfigurationError, /cannot be read/);
  });
});

describe("cli/localWorld", () => {
  it("publishes a world while its process lives, and takes back only its own", () => {
    const folder = join(mkdtempSync(join(tmpdir(), "strata-")), "deep");
    expect(findLocalWorld(folder)).to.equal(null);
    writeLocalWorld(folder, world);
    expect(findLocalWorld(folder)).to.deep.equal(world);
    removeLocalWorld(folder, process.pid + 1);
    expect(findLocalWorld(folder)).to.deep.equal(world);
    removeLocalWorld(folder, process.pid);
    expect(findLocalWorld(folder)).to.equal(null);
    // No process has this id: it is above every system's limit.
    writeLocalWorld(folder, { ...world, pid: 2 ** 30 });
    expect(findLocalWorld(folder)).to.equal(null);
  });

  it("says which file is broken", () => {
    const folder = mkdtempSync(join(tmpdir(), "strata-"));
    writeFileSync(stateFile(folder), "{}");
    expect(() => findLocalWorld(folder)).to.throw(/local\.json is not a local world's state; remove it/);
  });
});
