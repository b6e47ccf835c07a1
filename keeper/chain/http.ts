/** One HTTP exchange that ends in time: ethers' own leaves the socket of a request that timed out open, and the process with it. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { gunzipSync } from "node:zlib";

import { makeError, type FetchGetUrlFunc } from "ethers";

/**
 * How ethers' FetchRequest reaches a server.
 *
 * @param timeout milliseconds for the whole exchange, from the connection to the last byte of the answer
 * @param stop ends every exchange under way
 */
export function boundedHttp(timeout: number, stop: AbortSignal): FetchGetUrlFunc {
  return (req) => {
    const late = AbortSignal.timeout(timeout);
    const send = new URL(req.url).protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        const why: Error =
          late.aborted && !stop.aborted
            ? makeError(`no answer within ${timeout / 1000} s`, "TIMEOUT", {
                operation: "request",
                reason: "timeout",
                request: req,
              })
            : error;
        reject(why);
      };
      const exchange = send(
        req.url,
        { method: req.method, headers: { ...req.headers }, signal: AbortSignal.any([late, stop]) },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("error", fail);
          response.on("end", () => {
            const body = Buffer.concat(parts);
            try {
              resolve({
                statusCode: response.statusCode ?? 0,
                statusMessage: response.statusMessage ?? "",
                headers: flat(response.headers),
                body: response.headers["content-encoding"] === "gzip" && body.length > 0 ? gunzipSync(body) : body,
              });
            } catch (error) {
              fail(error as Error);
            }
          });
        },
      );
      exchange.on("error", fail);
      exchange.end(req.body === null ? undefined : Buffer.from(req.body));
    });
  };
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}
