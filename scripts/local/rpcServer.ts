/**
 * Serves an in-process chain as JSON-RPC over HTTP on loopback. Hardhat's own server cannot be used here: it opens a
 * chain of its own, reports a busy port as an uncaught exception, and its close waits for clients that keep connections.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { LocalWorldError, PortBusyError } from "./errors.ts";

const HOST = "127.0.0.1";
const MAX_BODY_BYTES = 10 * 1024 * 1024;

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const INTERNAL_ERROR = -32603;

/** What a request needs of the chain (EIP-1193). */
export interface RequestHandler {
  request(args: { readonly method: string; readonly params: readonly unknown[] }): Promise<unknown>;
}

export interface RpcServer {
  readonly url: string;
  readonly port: number;
  /** Ends all connections and frees the port. */
  close(): Promise<void>;
}

interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/**
 * Starts listening.
 * @param port TCP port; 0 takes a free one
 * @throws PortBusyError
 */
export async function startRpcServer(chain: RequestHandler, port: number): Promise<RpcServer> {
  const server = createServer((request, response) => {
    serve(chain, request, response).catch((error: unknown) => {
      // The client went away while it was read or answered: nobody is left to tell.
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  const actualPort = await listen(server, port);
  return {
    url: `http://${HOST}:${actualPort}`,
    port: actualPort,
    close: () => close(server),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") reject(new PortBusyError(port, error));
      else if (error.code === "EACCES") {
        reject(
          new LocalWorldError(`Port ${port} needs privileges: choose one above 1023 with --port.`, { cause: error }),
        );
      } else {
        reject(
          new LocalWorldError(`Cannot listen on ${HOST}:${port} (${error.code ?? error.message}).`, { cause: error }),
        );
      }
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      if (address === null || typeof address === "string") {
        reject(new LocalWorldError("The JSON-RPC server has no TCP address: report this as a bug."));
      } else resolve(address.port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
    server.closeAllConnections();
  });
}

async function serve(chain: RequestHandler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // The chain signs for its test accounts, so only pages of this machine may use it: neither a foreign origin nor a
  // foreign name that resolves to loopback.
  const origin = request.headers.origin;
  if (!isLoopback(`http://${request.headers.host ?? ""}`) || (origin !== undefined && !isLoopback(origin))) {
    response.writeHead(403).end();
    return;
  }
  if (origin !== undefined) {
    response.setHeader("Access-Control-Allow-Origin", origin);
    response.setHeader("Access-Control-Allow-Methods", "POST, OPTIONS");
    response.setHeader("Access-Control-Allow-Headers", "content-type");
    response.setHeader("Vary", "Origin");
  }
  if (request.method === "OPTIONS") {
    response.writeHead(204).end();
    return;
  }
  if (request.method !== "POST") {
    response.writeHead(405, { Allow: "POST, OPTIONS" }).end();
    return;
  }
  const body = await readBody(request);
  if (body === null) {
    response.writeHead(413).end();
    return;
  }
  const answer = await answerTo(chain, body);
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(answer));
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === HOST || hostname === "localhost" || hostname === "[::1]";
}

/** Null if the body is too long. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function answerTo(chain: RequestHandler, body: string): Promise<unknown> {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch (error) {
    return failure(null, { code: PARSE_ERROR, message: `The request is not JSON: ${String(error)}` });
  }
  if (!Array.isArray(message)) return answerOne(chain, message);
  // One after the other: a batch of transactions keeps its order.
  const answers: unknown[] = [];
  for (const one of message as unknown[]) answers.push(await answerOne(chain, one));
  return answers;
}

async function answerOne(chain: RequestHandler, message: unknown): Promise<unknown> {
  if (!isObject(message) || typeof message["method"] !== "string") {
    return failure(null, { code: INVALID_REQUEST, message: "A request needs a method." });
  }
  const id = message["id"] ?? null;
  const params = message["params"] ?? [];
  if (!Array.isArray(params)) return failure(id, { code: INVALID_REQUEST, message: "Params must be a list." });
  try {
    const result = await chain.request({ method: message["method"], params: params as unknown[] });
    return { jsonrpc: "2.0", id, result };
  } catch (error) {
    return failure(id, rpcError(error));
  }
}

function failure(id: unknown, error: RpcError): unknown {
  return { jsonrpc: "2.0", id, error };
}

/** Clients decode a revert from `data`, so its bytes must arrive as a plain hex string. */
function rpcError(error: unknown): RpcError {
  if (!(error instanceof Error)) return { code: INTERNAL_ERROR, message: String(error) };
  const code = "code" in error && typeof error.code === "number" ? error.code : INTERNAL_ERROR;
  const data = revertData(error);
  return { code, message: error.message, ...(data === null ? {} : { data }) };
}

/** The bytes that the EVM returned with an error, or null if it is not a revert. */
export function revertData(error: unknown): string | null {
  if (!isObject(error)) return null;
  const data = error["data"];
  if (typeof data === "string") return data;
  if (isObject(data) && typeof data["data"] === "string") return data["data"];
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
