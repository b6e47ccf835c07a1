import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { ChainNode } from "../../../../keeper/chain/node.ts";
import type { Rpc } from "../../../../keeper/chain/rpc.ts";
import { httpRpc } from "../../../../keeper/sim/fetch/httpRpc.ts";
import { patientRpc } from "../../../../keeper/sim/fetch/patientRpc.ts";
import { rejects } from "../../../local/support.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json =
  (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
const GOOD = json({ jsonrpc: "2.0", id: 1, result: "0x7a69", error: null });

describe("sim/fetch: a node over HTTP", () => {
  let server: Server;
  let answers: Answer[];
  let seen: IncomingMessage[];
  let pauses: number[];
  let lines: string[];

  beforeEach(async () => {
    [answers, seen, pauses, lines] = [[], [], [], []];
    server = createServer((request, response) => {
      seen.push(request);
      request.resume();
      (answers.shift() ?? GOOD)(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const rpc = (credentials = "", timeout = 5_000): Rpc => {
    const { port } = server.address() as AddressInfo;
    const sleep = (milliseconds: number): Promise<void> => {
      pauses.push(milliseconds);
      return Promise.resolve();
    };
    const url = `http://${credentials}127.0.0.1:${port}/`;
    return patientRpc(httpRpc(url, timeout, new AbortController().signal), { sleep, log: (line) => lines.push(line) });
  };
  const ask = (from = rpc(), method = "eth_chainId"): Promise<unknown> => from.request({ method, params: [] });

  it("takes a result beside an empty error", async () => {
    expect(await ask()).to.equal("0x7a69");
  });

  it("tells errors of every shape", async () => {
    answers = [
      json({ error: "no such method" }),
      json({ error: { code: -32_000, message: "query exceeds max block range 10" } }),
      json({ error: { reason: "odd" } }),
      json("<html>", 403),
      json("[]"),
    ];
    for (const words of [/^no such method$/, /^query exceeds/, /odd/, /HTTP 403 without a JSON/, /without a result/]) {
      await rejects(ask(), words);
    }
    expect(pauses).to.deep.equal([]);
  });

  it("asks again while the node is busy, longer and longer, or as long as it wants", async () => {
    answers = [
      json("<html>", 500),
      json({ error: { code: -32_005, message: "daily rate limit" } }, 429),
      json({ error: "Too many requests" }, 200, { "retry-after": "7" }),
      (request) => request.socket.destroy(),
      json("", 429, { "retry-after": new Date(Date.now() + 60_000).toUTCString() }),
    ];
    expect(await ask()).to.equal("0x7a69");
    expect(pauses.slice(0, 4)).to.deep.equal([500, 1_000, 7_000, 4_000]);
    expect(pauses[4]).to.be.within(50_000, 60_000);
    expect(lines.join("\n")).to.match(/does not answer \(Too many requests\); asking again in 7 s/);
  });

  it("gives up after six times, or when the node wants too long a rest, and says that it does not answer", async () => {
    answers = Array.from({ length: 6 }, () => json("", 503));
    await rejects(new ChainNode(rpc()).chainId(), /The node does not answer \(eth_chainId: HTTP 503\)/);
    expect(pauses.length).to.equal(5);
    answers = [json("", 429, { "retry-after": "86400" })];
    await rejects(new ChainNode(rpc()).chainId(), /The node does not answer \(eth_chainId: HTTP 429\)/);
  });

  it("does not ask again for logs that take too long", async () => {
    answers = [() => undefined, () => undefined];
    await rejects(ask(rpc("", 50), "eth_getLogs"), /no answer within 0.05 s/);
    expect(seen.length).to.equal(1);
    expect(await ask(rpc("", 200))).to.equal("0x7a69");
    expect(pauses).to.deep.equal([500]);
  });

  it("sends a name and a password in the header and names them nowhere", async () => {
    const node = rpc("me:s%2Fcret@");
    expect(await ask(node)).to.equal("0x7a69");
    expect(seen[0]?.headers.authorization).to.equal(`Basic ${Buffer.from("me:s/cret").toString("base64")}`);
    answers = [json("<html>", 401)];
    const error = await rejects(new ChainNode(node).chainId(), /HTTP 401/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const gone = await rejects(new ChainNode(node).chainId(), /does not answer/);
    for (let at: unknown = error; at instanceof Error; at = at.cause) expect(String(at.stack)).not.to.contain("cret");
    for (let at: unknown = gone; at instanceof Error; at = at.cause) expect(String(at.stack)).not.to.contain("cret");
    expect(lines.join("\n")).not.to.contain("cret");
  });
});
