import { mkdtempSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { inProcess, run } from "./run.ts";

const A = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const B = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512";
const emptyDir = (): string => mkdtempSync(join(tmpdir(), "strata-"));

/** A node that knows nothing but its chain's id and that there is no code anywhere. */
function fakeNode(chainId: number): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const { id, method } = JSON.parse(body) as { id: number; method: string };
      const result = method === "eth_chainId" ? `0x${chainId.toString(16)}` : "0x";
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve({ url: `http://127.0.0.1:${typeof address === "object" ? String(address?.port) : ""}`, server });
    });
  });
}

describe("cli: wrong usage and configuration", function () {
  this.timeout(60_000);

  const cases: readonly (readonly [string, readonly string[], RegExp, Readonly<Record<string, string>>?])[] = [
    ["an unknown command", ["lend"], /unknown command 'lend'.*strata --help/],
    ["an unknown option", ["status", "--fast"], /unknown option '--fast'/],
    ["a port that is none", ["local", "--port", "eighty"], /--port.*'eighty' is invalid\. Write a TCP port/],
    ["a speed of zero", ["local", "--speed", "0"], /Write a number above zero/],
    [
      "a date that does not exist",
      ["local", "--prices", "x.csv", "--from", "2020-02-31"],
      /--from "2020-02-31" is not a date/,
    ],
    ["--from without a file", ["local", "--from", "2020-03-01"], /add --prices FILE/],
    ["a price file that does not exist", ["local", "--prices", "no-such.csv"], /no-such\.csv/],
    ["a deposit of nothing in particular", ["deposit"], /either --value AMOUNT or --shares N/],
    ["a deposit of zero", ["deposit", "--value", "0"], /Write an amount above zero/],
    ["two sizes of a withdrawal", ["withdraw", "--all", "--shares", "1"], /one of --shares N, --percent P and --all/],
    ["an account that is none", ["status", "--account", "0x12"], /--account "0x12" is not an address/],
    ["no configuration at all", ["status"], /4 settings are missing or wrong:\n {2}RPC_URL is missing/],
    [
      "several wrong settings at once",
      ["status"],
      /RPC_URL "here" is not an http[^]*CHAIN_ID "main" is not a chain id[^]*VAULT "0x1" is not an address[^]*LENS is missing/,
      { RPC_URL: "here", CHAIN_ID: "main", VAULT: "0x1" },
    ],
  ];
  for (const [what, args, message, environment = {}] of cases) {
    it(`${what}: exit 2 and one sentence`, async () => {
      const dir = args[0] === "lend" || args.includes("--fast") ? [] : ["--dir", emptyDir()];
      const { code, stdout, stderr } = await inProcess([...args, ...dir], environment);
      expect(stderr).to.match(message);
      expect(stderr)
        .to.match(/^strata: /)
        .and.not.match(/\n {4}at /);
      expect(stdout).to.equal("");
      expect(code).to.equal(2);
    });
  }

  it("names a wrong chain, and addresses without contracts, with exit 2", async () => {
    const { url, server } = await fakeNode(7);
    try {
      const environment = { RPC_URL: url, CHAIN_ID: "8", VAULT: A, LENS: B };
      const wrongChain = await inProcess(["status", "--dir", emptyDir()], environment);
      expect(wrongChain.stderr).to.match(/is on chain 7, the configuration says 8; correct RPC_URL or CHAIN_ID/);
      expect(wrongChain.code).to.equal(2);
      const noCode = await inProcess(["status", "--dir", emptyDir()], { ...environment, CHAIN_ID: "7" });
      expect(noCode.stderr).to.match(/VAULT 0x5FbDB.* is no contract on chain 7[^]*LENS 0xe7f17.* is no contract/);
      expect(noCode.code).to.equal(2);
    } finally {
      server.close();
    }
  });

  it("says that no node answers, with exit 1 and nothing on stdout", async () => {
    const { url, server } = await fakeNode(7);
    server.close();
    const environment = { RPC_URL: url, CHAIN_ID: "7", VAULT: A, LENS: B };
    const plain = await run(["status", "--json", "--dir", emptyDir()], environment);
    expect(plain.code).to.equal(1);
    expect(plain.stdout).to.equal("");
    expect(plain.stderr)
      .to.match(/^strata: No node answers at http:\/\/127\.0\.0\.1:\d+ /)
      .and.not.match(/\n {4}at /);
    const verbose = await inProcess(["status", "--verbose", "--dir", emptyDir()], environment);
    expect(verbose.stderr).to.match(/\n {4}at /);
  });

  it("helps with exit 0 when asked, and with exit 2 when no command is named", async () => {
    const asked = await run(["--help"]);
    expect(asked.code).to.equal(0);
    for (const command of ["local", "status", "deposit", "withdraw", "keeper"])
      expect(asked.stdout).to.include(command);
    const none = await inProcess([]);
    expect(none.code).to.equal(2);
    expect(none.stdout).to.equal("");
    const wrong = await run(["lend"]);
    expect([wrong.code, wrong.stdout]).to.deep.equal([2, ""]);
  });
});
