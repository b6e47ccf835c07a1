import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { checkBlockAge, connect } from "../../../keeper/chain/connect.ts";
import { ConfigError, ConnectionError, NodeError, StaleBlockError } from "../../../keeper/chain/failures.ts";
import { Reverted } from "../../../keeper/chain/errors.ts";

type Answer = { readonly result?: unknown; readonly error?: unknown };

/** A node's double on loopback. Undefined: never answers. */
async function serve(
  answer: (method: string) => Answer | string | undefined,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { id, method } = JSON.parse(body) as { id: number; method: string };
      const given = answer(method);
      if (given === undefined) return;
      response.setHeader("Content-Type", "application/json");
      response.end(typeof given === "string" ? given : JSON.stringify({ jsonrpc: "2.0", id, ...given }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function failure(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("connecting to a node", () => {
  const servers: Server[] = [];
  const started = async (answer: (method: string) => Answer | string | undefined): Promise<string> => {
    const { url, server } = await serve(answer);
    servers.push(server);
    return url;
  };
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it("connects to the chain that is meant and asks every time anew", async () => {
    let asked = 0;
    const url = await started((method) => {
      asked += 1;
      return { result: method === "eth_chainId" ? "0x7a69" : "0x5" };
    });
    const connection = await connect({ url, chainId: 31337n });
    await connection.node.transactionCount("0x00000000000000000000000000000000000000aa", "latest");
    await connection.node.transactionCount("0x00000000000000000000000000000000000000aa", "latest");
    expect(asked).to.equal(3);
    connection.close();
  });

  it("refuses another chain, and what is no address", async () => {
    const url = await started(() => ({ result: "0x1" }));
    const wrong = await failure(connect({ url, chainId: 31337n }));
    expect(wrong).to.be.instanceOf(ConfigError);
    expect(wrong.message).to.contain("is on chain 1, the configuration says 31337");
    for (const bad of ["", "localhost:8545", "ws://127.0.0.1:1", "file:///etc/passwd"]) {
      expect(await failure(connect({ url: bad, chainId: 1n })), bad).to.be.instanceOf(ConfigError);
    }
  });

  it("says that nobody answers, without the key that an address may carry", async () => {
    const url = await started(() => ({ result: "0x1" }));
    servers[0]?.close();
    const error = await failure(connect({ url: `${url}/v3/secret-key`, chainId: 1n, timeout: 2_000 }));
    expect(error).to.be.instanceOf(ConnectionError);
    expect(error.message).to.contain(url).and.contain("check RPC_URL").and.not.contain("secret-key");
  });

  it("does not wait longer than it was told", async () => {
    const url = await started(() => undefined);
    const start = Date.now();
    expect(await failure(connect({ url, chainId: 1n, timeout: 300 }))).to.be.instanceOf(ConnectionError);
    expect(Date.now() - start).to.be.lessThan(5_000);
  });

  it("does not take a web page for a node", async () => {
    const url = await started(() => "<html></html>");
    expect(await failure(connect({ url, chainId: 1n, timeout: 2_000 }))).to.be.instanceOf(ConnectionError);
  });

  it("tells a refusing contract from a refusing node", async () => {
    const url = await started((method) => {
      if (method === "eth_chainId") return { result: "0x1" };
      if (method === "eth_call") return { error: { code: 3, message: "execution reverted", data: "0xdeadbeef" } };
      return { error: { code: -32601, message: "method not found" } };
    });
    const connection = await connect({ url, chainId: 1n });
    const { node } = connection;
    const to = "0x00000000000000000000000000000000000000aa";
    const refused = await failure(node.call({ to, data: "0x" }, "latest"));
    expect(refused).to.be.instanceOf(Reverted);
    expect((refused as Reverted).refusal.data).to.equal("0xdeadbeef");
    const missing = await failure(node.priorityFee());
    expect(missing).to.be.instanceOf(NodeError);
    expect(missing.message).to.contain("eth_maxPriorityFeePerGas").and.contain("method not found");
    connection.close();
  });

  it("classes what a node says to a transaction, and never throws for it", async () => {
    const words: [string, string][] = [
      ["already known", "known"],
      ["nonce too low: next nonce 5, tx nonce 4", "nonce"],
      ["replacement transaction underpriced", "underpriced"],
      ["insufficient funds for gas * price + value", "funds"],
      ["the moon is in the wrong house", "other"],
    ];
    let said = "";
    const url = await started((method) =>
      method === "eth_chainId" ? { result: "0x1" } : { error: { code: -32000, message: said } },
    );
    const connection = await connect({ url, chainId: 1n });
    const { node } = connection;
    for (const [message, kind] of words) {
      said = message;
      const result = await node.send("0x02");
      expect(result.accepted ? "accepted" : result.kind, message).to.equal(kind);
    }
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    const gone = await node.send("0x02");
    expect(gone.accepted ? "accepted" : gone.kind).to.equal("connection");
    connection.close();
  });

  it("notices a node that fell asleep", () => {
    expect(() => checkBlockAge(1_000, 1_299, 300)).not.to.throw();
    expect(() => checkBlockAge(1_000, 1_301, 300)).to.throw(StaleBlockError, "301 s old");
  });
});
