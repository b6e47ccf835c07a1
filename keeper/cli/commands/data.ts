import { setTimeout as sleep } from "node:timers/promises";

import { isAddress } from "ethers";
import { type Command, InvalidArgumentError } from "commander";

import type { CandleResult } from "../../market/fetch/fetchCandles.ts";
import { formatTime, HOUR, parseDate } from "../../market/time.ts";
import type { FetchResult } from "../../sim/fetch/fetchEvents.ts";
import type { Run } from "../context.ts";
import { InterruptedError, UsageError } from "../errors.ts";

interface FetchCommandOptions {
  readonly pool: string;
  readonly rpc: string;
  readonly from?: number;
  readonly to?: number;
  readonly snapshot?: number;
  readonly out?: string;
  readonly tickmap?: string;
}

/** Milliseconds for one request: logs of many blocks take their time. */
const TIMEOUT = 60_000;

export function addData(program: Command, start: (command: Command) => Run): void {
  const data = program.command("data").description("data for replays and back-tests");
  addCandles(data, start);
  data
    .command("fetch")
    .description("pull a pool's events (--from, --to) or its tick map (--snapshot) from a node")
    .requiredOption("--pool <address>", "the Uniswap v3 pool")
    .requiredOption("--rpc <url>", "a node; past states (an archive) are needed for --snapshot and for finding gaps")
    .option("--from <block>", "first block of the events", parseBlock)
    .option("--to <block>", "last block of the events", parseBlock)
    .option("--snapshot <block>", "read the tick map after this block", parseBlock)
    .option("--out <file>", "the events' file (default: POOL-FROM-TO.events.csv)")
    .option("--tickmap <file>", "the tick map's file (default: POOL-BLOCK.tickmap.json)")
    .action(async (options: FetchCommandOptions, command: Command) => {
      const run = start(command);
      const { output, signal } = run;
      check(options);
      // Loaded only now: no other command needs them.
      const { httpRpc } = await import("../../sim/fetch/httpRpc.ts");
      const { fetchEvents } = await import("../../sim/fetch/fetchEvents.ts");
      const { fetchTickMap } = await import("../../sim/fetch/fetchTickMap.ts");
      const { pool, from, to, snapshot } = options;
      const { patientRpc } = await import("../../sim/fetch/patientRpc.ts");
      const short = pool.slice(0, 10).toLowerCase();
      const log = (line: string): void => output.log(line);
      const pause = (milliseconds: number): Promise<void> => sleep(milliseconds, undefined, { signal });
      const rpc = patientRpc(httpRpc(options.rpc, TIMEOUT, signal), { sleep: pause, log });
      let map: { readonly file: string; readonly block: number; readonly ticks: number } | null = null;
      let events: FetchResult | null = null;
      try {
        if (snapshot !== undefined) {
          const file = options.tickmap ?? `${short}-${snapshot}.tickmap.json`;
          map = { file, block: snapshot, ticks: await fetchTickMap({ rpc, pool, block: snapshot, file, log }) };
        }
        if (from !== undefined && to !== undefined) {
          const file = options.out ?? `${short}-${from}-${to}.events.csv`;
          events = await fetchEvents({ rpc, pool, from, to, file, signal, log, sleep: pause });
        }
      } catch (error) {
        if (!signal.aborted) throw error;
        const advice =
          map === null && snapshot !== undefined
            ? "the same command begins the tick map anew"
            : map === null
              ? "the same command goes on from there"
              : `without --snapshot and --tickmap, for the map is done, the same command goes on from there`;
        throw new InterruptedError(`Stopped before its end; ${advice}.`);
      }
      output.result({ ...(events === null ? {} : { events }), ...(map === null ? {} : { tickmap: map }) }, () =>
        [
          ...(map === null ? [] : [`${map.ticks} ticks at block ${map.block}: ${map.file}`]),
          ...(events === null ? [] : [`${events.events} events, ${checkedText(events)}: ${events.file}`]),
        ].join("\n"),
      );
    });
}

/** What could be made sure of; docs/simulation.md says what it covers. */
function checkedText({ gapChecked, unexplained }: FetchResult): string {
  if (gapChecked) return "each held against the pool's state";
  if (unexplained === 0) return "gaps not checked";
  return `gaps not checked, ${unexplained} swaps that may not follow from the one before`;
}

interface CandleCommandOptions {
  readonly exchange: string;
  readonly symbol: string;
  readonly from: string;
  readonly to: string;
  readonly out?: string;
  readonly url?: string;
}

function addCandles(data: Command, start: (command: Command) => Run): void {
  data
    .command("candles")
    .description("hourly candles from an exchange, for --prices")
    .requiredOption("--exchange <name>", "as ccxt names it: binance, kraken, coinbase, ...")
    .requiredOption("--symbol <market>", "such as ETH/USDT")
    .requiredOption("--from <date>", "first hour, UTC")
    .requiredOption("--to <date>", "end, UTC, not included")
    .option("--out <file>", "the file (default: EXCHANGE-SYMBOL-1h-FROM-TO.csv)")
    .option("--url <url>", "another address of the exchange's interface")
    .action(async (options: CandleCommandOptions, command: Command) => {
      const run = start(command);
      const { output, signal } = run;
      const { openExchange } = await import("../../market/fetch/exchange.ts");
      const { fetchCandles, withPatience } = await import("../../market/fetch/fetchCandles.ts");
      const { exchange, symbol, url } = options;
      checkName("--out", options.out);
      const [from, to] = [parseHour("--from", options.from), parseHour("--to", options.to)];
      const day = (time: number): string =>
        formatTime(time)
          .replace(/T00:00Z$/, "")
          .replace(":", "");
      const file = options.out ?? `${exchange}-${symbol.replace(/\W/g, "")}-1h-${day(from)}-${day(to)}.csv`;
      let result: CandleResult;
      try {
        const log = (line: string): void => output.log(line);
        const pause = (milliseconds: number): Promise<void> => sleep(milliseconds, undefined, { signal });
        const source = await withPatience({ signal, log, sleep: pause, name: exchange }, () =>
          openExchange({ exchange, symbol, timeout: TIMEOUT, ...(url === undefined ? {} : { url }) }),
        );
        const now = Date.now() / 1_000;
        result = await fetchCandles({ source, from, to, file, now, signal, log, sleep: pause });
      } catch (error) {
        if (!signal.aborted) throw error;
        throw new InterruptedError("Stopped before its end; the same command goes on from there.");
      }
      const { candles, missing, longestGap } = result;
      output.result({ ...result, first: formatTime(result.first), last: formatTime(result.last) }, () =>
        [
          `${candles} candles from ${formatTime(result.first)} to ${formatTime(result.last)}: ${file}`,
          ...(missing === 0 ? [] : [`${missing} hours are missing, at most ${longestGap} in a row.`]),
        ].join("\n"),
      );
    });
}

function parseHour(name: string, text: string): number {
  const time = parseDate(text);
  if (time === undefined || time % HOUR !== 0) {
    throw new UsageError(`${name} "${text}" is no whole hour; write 2024-01-05 or 2024-01-05T13:00Z.`);
  }
  return time;
}

function check({ pool, rpc, from, to, snapshot, out, tickmap }: FetchCommandOptions): void {
  // Said first: after isAddress the compiler takes it for no string at all.
  const wrong = `--pool "${pool}" is not an address; write 0x and 40 hex digits.`;
  if (!isAddress(pool)) throw new UsageError(wrong);
  if (!URL.canParse(rpc) || !/^https?:$/.test(new URL(rpc).protocol)) {
    throw new UsageError("--rpc is not an http or https address; write one such as http://127.0.0.1:8545.");
  }
  if ((from === undefined) !== (to === undefined))
    throw new UsageError("Give both --from and --to, or neither of them.");
  if (from === undefined && snapshot === undefined) {
    throw new UsageError("Say what to fetch: --from and --to for events, --snapshot for the tick map.");
  }
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError(`--from ${from} lies after --to ${to}; swap the two.`);
  }
  if (out !== undefined && from === undefined) {
    throw new UsageError("--out names the events' file; give --from and --to too, or leave it out.");
  }
  if (tickmap !== undefined && snapshot === undefined) {
    throw new UsageError("--tickmap names the tick map's file; give --snapshot too, or leave it out.");
  }
  checkName("--out", out);
  checkName("--tickmap", tickmap);
}

/** An empty name would be found out only when the file is written. */
function checkName(option: string, file: string | undefined): void {
  if (file === "") throw new UsageError(`${option} is empty; name a file, or leave it out.`);
}

function parseBlock(text: string): number {
  const block = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(block)) throw new InvalidArgumentError("Write a block number.");
  return block;
}
