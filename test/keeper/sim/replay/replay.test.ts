import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { getSqrtRatioAtTick } from "../../../../keeper/chain/tickMath.ts";
import { SimulationFileError } from "../../../../keeper/sim/errors.ts";
import { COLUMNS, parseEvents } from "../../../../keeper/sim/replay/events.ts";
import { replay, ReplayOptionError, type ReplayResult } from "../../../../keeper/sim/replay/replay.ts";
import { parseTickMap, type TickMap } from "../../../../keeper/sim/tickMap.ts";
import type { Range } from "../../../../keeper/sim/types.ts";
import { Pool } from "../../../../keeper/sim/pool.ts";
import { inProcess } from "../../cli/run.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const FILE = join(
  resolve(ROOT, process.env["STRATA_DATA"] ?? "../shared/data"),
  "univ3/usdc-weth-500-2024-01-05.events.csv",
);
const HEADER = COLUMNS.join(",");

const row = (fields: Partial<Record<(typeof COLUMNS)[number], string | number>>): string =>
  COLUMNS.map((name) => fields[name] ?? "").join(",");
const swapRow = (
  block: number,
  log: number,
  more: Partial<Record<(typeof COLUMNS)[number], string | number>> = {},
): string =>
  row({
    block_number: block,
    block_timestamp: "2024-01-05 00:00:00",
    tx_type: "SWAP",
    log_index: log,
    amount0: 0,
    amount1: 0,
    total_liquidity: "1000000000000000000",
    sqrtPriceX96: "79228162514264337593543950336",
    current_tick: 0,
    ...more,
  });

const parse = (...rows: readonly string[]) => parseEvents([HEADER, ...rows, ""].join("\n"), "f.csv");

function fails(work: () => unknown, message: RegExp, line?: number): void {
  let caught: unknown;
  try {
    work();
  } catch (error) {
    caught = error;
  }
  expect(caught, `nothing was thrown, expected ${message.source}`).to.be.instanceOf(SimulationFileError);
  expect((caught as Error).message).to.match(message);
  if (line !== undefined) expect((caught as SimulationFileError).line).to.equal(line);
}

describe("sim/replay: bad events", () => {
  const cases: readonly (readonly [string, readonly string[], RegExp, number])[] = [
    ["a row too short", ["1,2"], /2 columns where the header has 17/, 2],
    ["an unknown event", [swapRow(1, 1, { tx_type: "FLASH" })], /none of SWAP, MINT, BURN and COLLECT/, 2],
    ["a word for a number", [swapRow(1, 1, { amount0: "much" })], /amount0 "much" is not a whole number/, 2],
    ["an amount with decimals", [swapRow(1, 1, { amount0: "1.5" })], /amount0 "1\.5"/, 2],
    ["no time", [swapRow(1, 1, { block_timestamp: "noon" })], /block_timestamp "noon" is not a time/, 2],
    ["a time between two seconds", [swapRow(1, 1, { block_timestamp: "1212.5" })], /is no whole second/, 2],
    ["an amount beyond its type", [swapRow(1, 1, { amount0: String(2n ** 255n) })], /amount0 \d+ is out of range/, 2],
    ["two inflows", [swapRow(1, 1, { amount0: 1, amount1: 1 })], /both amounts of the swap go into the pool/, 2],
    ["two outflows", [swapRow(1, 1, { amount0: -1, amount1: -1 })], /both amounts of the swap leave/, 2],
    ["a tick of another price", [swapRow(1, 1, { current_tick: 7 })], /tick 7 is not that of the sqrt price/, 2],
    ["the same event twice", [swapRow(1, 1), swapRow(1, 1)], /is there already in line 2/, 3],
    ["blocks out of order", [swapRow(2, 1), swapRow(1, 1)], /out of order after block 2, log 1 in line 2/, 3],
    ["logs out of order", [swapRow(1, 2), swapRow(1, 1)], /out of order/, 3],
    [
      "time running back",
      [swapRow(1, 1), swapRow(2, 1, { block_timestamp: "2024-01-04" })],
      /the time of block 2 does not follow/,
      3,
    ],
    [
      "a tick beyond the protocol's",
      [swapRow(1, 1, { current_tick: 900_000 })],
      /current_tick 900000 is out of range/,
      2,
    ],
    [
      "an empty range",
      [
        row({
          block_number: 1,
          block_timestamp: "2024-01-05",
          tx_type: "MINT",
          log_index: 1,
          tick_lower: 10,
          tick_upper: 10,
        }),
      ],
      /range from 10 to 10 is empty/,
      2,
    ],
  ];
  for (const [what, rows, message, line] of cases) {
    it(`names the line of ${what}`, () => fails(() => parse(...rows), message, line));
  }

  it("names columns that are missing, and a file without events", () => {
    fails(
      () => parseEvents("block_number,amount0\n1,2\n", "f.csv"),
      /the header has no column block_timestamp, tx_type/,
      1,
    );
    fails(() => parseEvents("", "f.csv"), /begins with no header/, 1);
    fails(() => parseEvents(HEADER.replaceAll(",", ";"), "f.csv"), /not separated by commas/, 1);
    fails(() => parseEvents(HEADER.replace("amount0", '"amount0"'), "f.csv"), /the header has quotes/, 1);
    fails(() => parseEvents(HEADER.split("").join("\0"), "f.csv"), /not UTF-8 text/, 1);
    fails(() => parseEvents(`${HEADER}\n`, "f.csv"), /there is no event/);
    fails(() => parseEvents(`${HEADER},amount0\n`, "f.csv"), /amount0 twice/, 1);
  });

  it("names the line of a mint that is of another price than the swap before it", () => {
    const mint = row({
      block_number: 2,
      block_timestamp: "2024-01-05 00:00:12",
      tx_type: "MINT",
      log_index: 1,
      amount0: 2,
      amount1: 1,
      sqrtPriceX96: "79228162514264337593543950337",
      tick_lower: -10,
      tick_upper: 10,
      liquidity: 100,
    });
    fails(() => replay(parse(swapRow(1, 1), mint), { file: "f.csv" }), /a swap is missing or the row is wrong/, 3);
    fails(
      () => replay(parse(swapRow(1, 1), mint.replace("79228162514264337593543950337", "")), { file: "f.csv" }),
      /the MINT moves 2 and 1, at the pool's price it would be 1 and 1/,
      3,
    );
  });

  it("says that no swap can be checked, and that a fee is unknown", () => {
    expect(() => replay(parse(swapRow(1, 1)), { file: "f.csv" })).to.throw(
      ReplayOptionError,
      /no swap that can be checked/,
    );
    expect(() => replay(parse(swapRow(1, 1)), { file: "f.csv", fee: 7 })).to.throw(
      ReplayOptionError,
      /tick spacing of fee 7 is unknown/,
    );
  });
});

describe("sim/replay: events of a simulated pool", () => {
  const PRICE_1 = 1n << 96n;
  const LIQUIDITY = 10n ** 20n;
  const FULL = { tickLower: -887_220, tickUpper: 887_220 };

  /** Rows of swaps to these ticks, in a pool of 0.3 % with a full range and whatever else it is given. */
  function swapsTo(ticks: readonly number[], ranges: readonly Range[] = []): { rows: string[]; map: TickMap } {
    const pool = new Pool({ fee: 3_000, tickSpacing: 60 });
    pool.initialize(PRICE_1, 1_000);
    for (const range of [FULL, ...ranges]) pool.mint("a", range, LIQUIDITY, 1_000);
    const { slot0, liquidity } = pool.state;
    const map = parseTickMap(
      JSON.stringify({
        sqrtPriceX96: String(slot0.sqrtPriceX96),
        tick: slot0.tick,
        liquidity: String(liquidity),
        fee: 3_000,
        tickSpacing: 60,
        block: 0,
        ticks: pool.state.ticks().map((index) => {
          const { liquidityGross, liquidityNet } = pool.state.tick(index);
          return { index, liquidityGross: String(liquidityGross), liquidityNet: String(liquidityNet) };
        }),
      }),
      "map.json",
    );
    const rows = ticks.map((tick, i) => {
      const sqrtPriceLimitX96 = getSqrtRatioAtTick(tick) + 12_345n;
      const zeroForOne = sqrtPriceLimitX96 < pool.state.slot0.sqrtPriceX96;
      const done = pool.swap({ zeroForOne, amountSpecified: 10n ** 30n, sqrtPriceLimitX96 }, 1_000 + i);
      return swapRow(i + 1, 1, {
        amount0: String(done.amount0),
        amount1: String(done.amount1),
        total_liquidity: String(done.liquidity),
        sqrtPriceX96: String(done.sqrtPriceX96),
        current_tick: done.tick,
      });
    });
    return { rows, map };
  }

  it("names a liquidity that changes between two usable ticks, where nothing can begin or end", () => {
    const { rows } = swapsTo([10, 30, 20, 50, 5]);
    const wrong = rows.with(2, (rows[2] ?? "").replace(`,${LIQUIDITY},`, `,${LIQUIDITY + 1n},`));
    for (const fee of [undefined, 3_000]) {
      const result = replay(parse(...wrong), { file: "f.csv", ...(fee === undefined ? {} : { fee }) });
      expect(result.mismatches.map(({ line, ticksBetween }) => [line, ticksBetween])).to.deep.equal([
        [4, false],
        [5, false],
      ]);
      expect(result).to.include({ fee: 3_000, checked: 4, exact: 2 });
    }
    expect(replay(parse(...rows), { file: "f.csv" })).to.include({ checked: 4, exact: 4 });
  });

  it("says of swaps past usable ticks that only a tick map can judge them, and a tick map does", async () => {
    const { rows, map } = swapsTo([100, 900, 110, 130], [{ tickLower: 600, tickUpper: 660 }]);
    const told = replay(parse(...rows), { file: "f.csv", fee: 3_000 });
    expect(told.mismatches.map(({ line, ticksBetween }) => [line, ticksBetween])).to.deep.equal([
      [3, true],
      [4, true],
    ]);
    expect(replay(parse(...rows), { file: "f.csv", map })).to.include({ checked: 4, exact: 4, mismatched: 0 });
    const folder = mkdtempSync(join(tmpdir(), "strata-replay-"));
    try {
      const file = join(folder, "events.csv");
      writeFileSync(file, [HEADER, ...rows, ""].join("\n"));
      const { code, stdout, stderr } = await inProcess(["replay", "--events", file, "--fee", "3000"]);
      expect(code).to.equal(1);
      expect(stdout).to.match(/line 3: .*\(ticks between\)/);
      expect(stderr).to.match(/2 of 3 swaps differ.*each of them passed usable ticks.*give --tickmap/s);
      const other = await inProcess(["replay", "--events", file, "--fee", "10000"]);
      expect(other.stderr).to.match(/3 of 3 swaps differ.*does not take --fee 10000; leave --fee out/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is an error where nothing can be checked", () => {
    const { rows, map } = swapsTo([10, 30, 20]);
    expect(() => replay(parse(...rows), { file: "f.csv", map: { ...map, block: 3 } })).to.throw(
      ReplayOptionError,
      /tick map is of block 3 and f\.csv ends at block 3, so that nothing can be checked/,
    );
    expect(() => replay(parse(...rows.slice(0, 1)), { file: "f.csv", fee: 3_000 })).to.throw(
      ReplayOptionError,
      /no swap that can be checked/,
    );
  });

  it("names the tick spacing to which a mint does not belong", () => {
    const { rows, map } = swapsTo([10]);
    const mint = row({
      block_number: 2,
      block_timestamp: "2024-01-05 00:00:12",
      tx_type: "MINT",
      log_index: 1,
      amount0: 1,
      amount1: 1,
      tick_lower: -10,
      tick_upper: 60,
      liquidity: 100,
    });
    fails(
      () => replay(parse(...rows, mint), { file: "f.csv", map }),
      /refuses this MINT \(tick -10 is no multiple of the tick spacing 60\)/,
      3,
    );
  });
});

describe("sim/replay: a day of the real pool", function () {
  this.timeout(120_000);
  let text: string;
  before(function () {
    if (!existsSync(FILE)) {
      process.stderr.write("skipped: no univ3/usdc-weth-500-2024-01-05.events.csv under STRATA_DATA\n");
      this.skip();
    }
    text = readFileSync(FILE, "utf8");
  });

  it("is reproduced to the wei, and the fee is found", () => {
    const result: ReplayResult = replay(parseEvents(text, FILE), { file: FILE });
    expect(result).to.include({ fee: 500, swaps: 6_046, mismatched: 0 });
    expect(result.checked).to.equal(5_478);
    expect(result.exact).to.equal(result.checked);
  });

  it("is not by another fee", () => {
    const { exact, checked } = replay(parseEvents(text, FILE), { file: FILE, fee: 3_000 });
    expect(exact).to.be.lessThan(checked / 10);
  });

  it("shows a swap that was altered, and one that is missing", () => {
    const lines = text.split("\n");
    const events = parseEvents(text, FILE);
    const altered = lines.with(
      999,
      (lines[999] ?? "").replace(
        /,SWAP,(.*?),(-?\d+),(-?\d+),(\d+),/,
        (_, a: string, b: string, c: string, d: string) => `,SWAP,${a},${b},${BigInt(c) + 1n},${d},`,
      ),
    );
    const wrong = replay(parseEvents(altered.join("\n"), FILE), { file: FILE });
    expect(wrong.mismatches.map(({ line }) => line)).to.deep.equal([1_000]);
    // A swap in the middle of many that stay at one liquidity.
    const at = events.findIndex((event, i) => {
      const around = events.slice(i - 3, i + 4);
      return (
        i > 2_000 &&
        around.every((one) => one.kind === "SWAP" && one.liquidity === (event.kind === "SWAP" ? event.liquidity : 0n))
      );
    });
    const { line } = events[at]!;
    const missing = replay(parseEvents(lines.toSpliced(line - 1, 1).join("\n"), FILE), { file: FILE });
    expect(missing.mismatches.map((one) => one.line)).to.deep.equal([line]);
  });

  it("is what the command prints", async () => {
    const { code, stdout } = await inProcess(["replay", "--events", FILE, "--json"]);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.include({ fee: 500, checked: 5_478, exact: 5_478, mismatched: 0, skipped: 568 });
  });
});
