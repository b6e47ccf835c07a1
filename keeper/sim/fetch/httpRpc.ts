import type { Rpc } from "../../chain/rpc.ts";

/** A node's answer to a request that it refuses, or none at all. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number | string;

  constructor(message: string, code: number | string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The node does not answer now; asked again it may. */
export class BusyNodeError extends RpcError {
  /** Milliseconds that it wants to be left alone; null if it does not say. */
  readonly wait: number | null;

  constructor(message: string, code: string, wait: number | null, options?: ErrorOptions) {
    super(message, code, options);
    this.wait = wait;
  }
}

/** What providers call one request too many. Their codes differ, and -32005 also stands for answers that are too large. */
const TOO_OFTEN = /too many requests|rate.?limit|compute units|capacity exceeded|throttl/i;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERRORS = 500;

/**
 * JSON-RPC over HTTP for reading: one request at a time each, bounded in time.
 * @param url a name and a password in it go into the request's header and into no message
 * @param timeout milliseconds for one request
 */
export function httpRpc(url: string, timeout: number, signal: AbortSignal): Rpc {
  const { address, authorization } = split(url);
  let id = 0;
  return {
    async request({ method, params }) {
      const late = AbortSignal.timeout(timeout);
      let response: Response;
      let body: string;
      try {
        response = await fetch(address, {
          method: "POST",
          headers: { "content-type": "application/json", ...(authorization === null ? {} : { authorization }) },
          body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }),
          signal: AbortSignal.any([late, signal]),
        });
        body = await response.text();
      } catch (cause) {
        if (signal.aborted) throw cause;
        if (late.aborted) {
          const message = `no answer within ${timeout / 1_000} s`;
          // Too many logs take too long each time.
          if (method === "eth_getLogs") throw new RpcError(message, "TIMEOUT", { cause });
          throw new BusyNodeError(message, "TIMEOUT", null, { cause });
        }
        throw new BusyNodeError(reasonOf(cause), "NETWORK_ERROR", null, { cause });
      }
      return resultOf(response, body);
    },
  };
}

function resultOf(response: Response, body: string): unknown {
  const { status } = response;
  const said = parsed(body);
  if (said?.error !== undefined && said.error !== null) {
    const { message, code } = told(said.error);
    if (status === TOO_MANY_REQUESTS || code === TOO_MANY_REQUESTS || TOO_OFTEN.test(message)) {
      throw new BusyNodeError(message, "NETWORK_ERROR", waitOf(response));
    }
    throw new RpcError(message, code);
  }
  if (status === TOO_MANY_REQUESTS) throw new BusyNodeError(`HTTP ${status}`, "NETWORK_ERROR", waitOf(response));
  if (status >= SERVER_ERRORS) throw new BusyNodeError(`HTTP ${status}`, "SERVER_ERROR", waitOf(response));
  if (said === null) throw new RpcError(`HTTP ${status} without a JSON body`, "SERVER_ERROR");
  if (said.result === undefined) throw new RpcError(`HTTP ${status} without a result`, "SERVER_ERROR");
  return said.result;
}

/** Null if it is no JSON object. */
function parsed(body: string): { readonly result?: unknown; readonly error?: unknown } | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null; // Said by the caller, with the status.
  }
}

/** An error as nodes write it, or as a gateway before them does. */
function told(error: unknown): { readonly message: string; readonly code: number } {
  if (typeof error !== "object" || error === null) return { message: String(error), code: 0 };
  const { message, code } = error as { message?: unknown; code?: unknown };
  return { message: typeof message === "string" ? message : JSON.stringify(error), code: Number(code ?? 0) };
}

/** Milliseconds. The header has seconds or a date. */
function waitOf({ headers }: Response): number | null {
  const text = headers.get("retry-after");
  if (text === null) return null;
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) && wait > 0 ? wait : null;
}

/** What the system says: fetch hides it in causes. */
function reasonOf(error: unknown): string {
  let reason = "no connection";
  for (let at = error; at instanceof Error; at = at.cause) reason = at.message === "" ? reason : at.message;
  return reason;
}

function split(url: string): { readonly address: string; readonly authorization: string | null } {
  const address = new URL(url);
  const { username, password } = address;
  if (username === "" && password === "") return { address: url, authorization: null };
  const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  address.username = "";
  address.password = "";
  return { address: address.href, authorization: `Basic ${Buffer.from(secret).toString("base64")}` };
}
