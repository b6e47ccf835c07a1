import { mkdtempSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { connect } from "../../../keeper/chain/connect.ts";
import { ConnectionError } from "../../../keeper/chain/failures.ts";
import { finish, inProcess, run, start } from "./run.ts";

const A = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const B = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512";
const C = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0";
const emptyDir = (): string => mkdtempSync(join(tmpdir(), "strata-"));

/** A node that knows nothing but its chain's id and that there is no code anywhere, unless `answer` says more. */
function fakeNode(
  chainId: number,
  answer: (method: string, params: readonly unknown[]) => string = () => "0x",
): Promise<{ readonly url: string; readonly server: Server }> {
  return listen(
    createServer((request, response) => {
      let body = "";
      request.on("data", (part: Buffer) => (body += part.toString()));
      request.on("end", () => {
        const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] };
        const result = method === "eth_chainId" ? `0x${chainId.toString(16)}` : answer(method, params);
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
      });
    }),
  );
}

/** A server that takes requests and never answers. */
function silentNode(): Promise<{ readonly url: string; readonly server: Server }> {
  return listen(createServer(() => undefined));
}

function listen(server: Server): Promise<{ readonly url: string; readonly server: Server }> {
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
    ["a deposit of zero", ["deposit", "--value", "0"], /--value.*'0' is invalid\. Write an amount above zero/],
    ["two sizes of a withdrawal", ["withdraw", "--all", "--shares", "1"], /one of --shares N, --percent P and --all/],
    ["an account that is none", ["status", "--account", "0x12"], /--account "0x12" is not an address/],
    [
      "no configuration at all",
      ["status"],
      /^strata: No local world runs here: start one with 'npm start', or set RPC_URL/,
    ],
    ["a keeper without a vault", ["keeper", "tick"], /No local world runs here/],
    ["a negative deposit", ["deposit", "--value", "-5"], /--value.*'-5' is invalid\. Write an amount above zero/],
    ["a percentage that is none", ["withdraw", "--percent", "101"], /--percent.*'101' is invalid/],
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

  it("lists --json and --verbose in every command's help, and --units' none", async () => {
    for (const command of ["local", "status", "deposit", "withdraw", "redeem"]) {
      const { code, stdout } = await inProcess([command, "--help"]);
      expect(code).to.equal(0);
      expect(stdout, command)
        .to.match(/--json /)
        .and.match(/--verbose /);
    }
    expect((await inProcess(["withdraw", "--help"])).stdout).to.match(/"none"/);
  });

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

  it("names swapped, equal and foreign addresses, with exit 2", async () => {
    // Only contract B has a POLICY(); neither answers as a lens.
    const { url, server } = await fakeNode(7, (method, params) => {
      if (method === "eth_getCode") return "0x60";
      const call = params[0] as { readonly to?: string } | undefined;
      return call?.to?.toLowerCase() === B.toLowerCase() ? `0x${A.slice(2).toLowerCase().padStart(64, "0")}` : "0x";
    });
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [A, B, /VAULT 0x5Fb.* is no vault but LENS 0xe7f.* is one: swap/],
      [A, C, /VAULT 0x5Fb.* is no vault/],
      [B, A, /LENS 0x5Fb.* does not answer as a lens/],
      [A, A, /VAULT and LENS are the same/],
    ];
    try {
      for (const [VAULT, LENS, message] of cases) {
        const { code, stderr } = await inProcess(["status", "--dir", emptyDir()], {
          RPC_URL: url,
          CHAIN_ID: "7",
          VAULT,
          LENS,
        });
        expect(stderr).to.match(message);
        expect(code).to.equal(2);
      }
    } finally {
      server.close();
    }
  });

  it("does not wait for a node that never answers: in time by itself, at once when stopped", async () => {
    const { url, server } = await silentNode();
    try {
      const began = performance.now();
      const failed = connect({ url, chainId: 7n, timeout: 300 }).then(
        () => null,
        (error: unknown) => error,
      );
      expect(await failed)
        .to.be.instanceOf(ConnectionError)
        .with.property("message")
        .that.includes("within 0.3 s");
      expect(performance.now() - began).to.be.below(3_000);

      const asked = new Promise((resolve) => server.once("request", resolve));
      const child = start(["status", "--dir", emptyDir()], { RPC_URL: url, CHAIN_ID: "7", VAULT: A, LENS: B });
      const ended = finish(child);
      await asked;
      const stopped = performance.now();
      child.kill("SIGTERM");
      const { code, stderr } = await ended;
      expect(performance.now() - stopped).to.be.below(5_000);
      expect(code).to.equal(130);
      expect(stderr).to.equal("strata: Stopped before its end.\n");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("closes without a word while requests are under way", async () => {
    const { url, server } = await fakeNode(7);
    try {
      const connection = await connect({ url, chainId: 7n });
      const { provider } = connection;
      const unheard: unknown[] = [];
      const hear = (error: unknown): unknown => unheard.push(error);
      process.on("unhandledRejection", hear);
      void provider.getBlockNumber();
      void provider.send("eth_gasPrice", []);
      connection.close();
      void provider.send("eth_gasPrice", []);
      await new Promise((resolve) => setTimeout(resolve, 200));
      process.off("unhandledRejection", hear);
      expect(unheard).to.deep.equal([]);
    } finally {
      server.closeAllConnections();
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

  it("tells its version", async () => {
    const { code, stdout } = await inProcess(["--version"]);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    expect(code).to.equal(0);
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
