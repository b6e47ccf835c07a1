import { readFile } from "node:fs/promises";

import { type Command, InvalidArgumentError } from "commander";

import { SimulationFileError } from "../../sim/errors.ts";
import { parseEvents } from "../../sim/replay/events.ts";
import type { SwapTrace } from "../../sim/replay/orders.ts";
import { replay, type ReplayResult } from "../../sim/replay/replay.ts";
import { readTickMap } from "../../sim/tickMap.ts";
import { grouped } from "../../report/format.ts";
import type { Run } from "../context.ts";
import { CommandError } from "../errors.ts";

interface ReplayOptions {
  readonly events: string;
  readonly tickmap?: string;
  readonly fee?: number;
}

/** Mismatches that the text shows; --json has them all. */
const SHOWN = 5;

export function addReplay(program: Command, start: (command: Command) => Run): void {
  program
    .command("replay")
    .description("replay a pool's events and hold every swap against the simulated pool")
    .requiredOption("--events <file>", "CSV of the pool's events (strata data fetch writes one)")
    .option(
      "--tickmap <file>",
      "start from this tick map; without it every swap inside one stretch of liquidity is checked",
    )
    .option(
      "--fee <millionths>",
      "the pool's fee, 500 for 0.05 % (default: the tier that reproduces the swaps)",
      parseFee,
    )
    .action(async (options: ReplayOptions, command: Command) => {
      const { output } = start(command);
      const events = parseEvents(await readText(options.events), options.events);
      const map = options.tickmap === undefined ? undefined : readTickMap(options.tickmap);
      const began = performance.now();
      const result = replay(events, {
        file: options.events,
        ...(map === undefined ? {} : { map }),
        ...(options.fee === undefined ? {} : { fee: options.fee }),
      });
      const seconds = (performance.now() - began) / 1_000;
      const swapsPerSecond = Math.round(result.swaps / Math.max(seconds, 1e-6));
      output.result(document(result, swapsPerSecond), () => text(result, swapsPerSecond));
      if (result.mismatched > 0) throw new CommandError(difference(result, options.fee));
    });
}

/** What to do about swaps that differ. */
function difference({ checked, mismatched, exact, mismatches }: ReplayResult, fee: number | undefined): string {
  const said = `${mismatched} of ${checked} swaps differ from the simulated pool`;
  if (exact === 0 && fee !== undefined) {
    return `${said}, which is every one: the pool does not take --fee ${fee}; leave --fee out to have it found.`;
  }
  const open = mismatches.filter(({ ticksBetween }) => ticksBetween).length;
  const events = "see the lines named above for missing or wrong events";
  if (open === 0) return `${said}; ${events}.`;
  const which = open === mismatched ? "each of them" : `${open} of them`;
  return `${said}; ${which} passed usable ticks, between which liquidity may have begun and ended: give --tickmap to judge ${open === 1 ? "it" : "those"}, and ${events}.`;
}

function parseFee(text: string): number {
  const fee = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(fee < 1_000_000)) throw new InvalidArgumentError("Write millionths, such as 500 for 0.05 %.");
  return fee;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new SimulationFileError(file, undefined, "the file cannot be read; check the path.", { cause });
  }
}

/** bigint has no JSON: amounts are wei in decimal digits. */
function document({ crossings, mismatches, ...counts }: ReplayResult, swapsPerSecond: number): unknown {
  const plain = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? part.toString() : part)));
  return {
    ...counts,
    ...(crossings === null ? {} : { crossings }),
    swapsPerSecond,
    mismatches: mismatches.map(plain),
  };
}

function text(result: ReplayResult, swapsPerSecond: number): string {
  const { skippedWhy, mismatches } = result;
  const why = {
    noStateBefore: "have no state before them",
    otherLiquidityAfter: "end at another liquidity and need a tick map",
    movesNothing: "move nothing",
    beforeTheMap: "lie before the tick map",
  } as const;
  const reasons = Object.entries(skippedWhy) as [keyof typeof why, number][];
  return [
    `${grouped(result.events, 0)} events, ${grouped(result.swaps, 0)} swaps, fee ${result.fee / 10_000} %`,
    `${grouped(result.checked, 0)} swaps checked: ${grouped(result.exact, 0)} exact, ${result.mismatched} mismatched`,
    ...(result.crossings === null ? [] : [`${grouped(result.crossings, 0)} initialised ticks crossed`]),
    ...reasons.map(([reason, count]) => `${grouped(count, 0)} not checked: they ${why[reason]}`),
    `${grouped(swapsPerSecond, 0)} swaps a second`,
    ...mismatches
      .slice(0, SHOWN)
      .map(
        ({ line, event, simulated, ticksBetween }) =>
          `${
            simulated === null
              ? `line ${line}: the pool refuses the swap`
              : `line ${line}: ${told(event, simulated.liquidity)}; the pool gives ${told(simulated, event.liquidity)}`
          }${ticksBetween ? " (ticks between)" : ""}`,
      ),
  ].join("\n");
}

/** Amounts, and the liquidity where it differs. */
function told({ amount0, amount1, liquidity }: SwapTrace, other: bigint): string {
  return `amounts ${amount0}, ${amount1}${liquidity === other ? "" : `, liquidity ${liquidity}`}`;
}
