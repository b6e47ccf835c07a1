import type { Rpc } from "../../chain/rpc.ts";

/** A node's answer to a request that it refuses. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number | string;

  constructor(message: string, code: number | string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * JSON-RPC over HTTP for reading: one request at a time each, bounded in time.
 * @param timeout milliseconds for one request
 */
export function httpRpc(url: string, timeout: number, signal: AbortSignal): Rpc {
  let id = 0;
  return {
    async request({ method, params }) {
      const late = AbortSignal.timeout(timeout);
      let response: Response;
      let body: string;
      try {
        response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }),
          signal: AbortSignal.any([late, signal]),
        });
        body = await response.text();
      } catch (cause) {
        if (late.aborted) throw new RpcError(`no answer within ${timeout / 1_000} s`, "TIMEOUT", { cause });
        throw cause;
      }
      let answer: unknown;
      try {
        answer = JSON.parse(body);
      } catch (cause) {
        throw new RpcError(`HTTP ${response.status} without a JSON body`, "SERVER_ERROR", { cause });
      }
      const { result, error } = (answer ?? {}) as { result?: unknown; error?: { message?: unknown; code?: unknown } };
      if (error !== undefined) throw new RpcError(String(error.message), Number(error.code ?? 0));
      if (result === undefined) throw new RpcError(`HTTP ${response.status} without a result`, "SERVER_ERROR");
      return result;
    },
  };
}
