/**
 * A tick map read out of the events themselves, for files that come without one. Every swap says what liquidity there is where it ended, so a
 * stretch between usable ticks in which any swap ended is known for the whole time, once the mints and burns since then are taken off again.
 * A stretch that was only passed through takes the liquidity of the one below it, and is counted; beyond the prices that were seen the liquidity
 * is that of the last stretch, which no event depends on.
 */
import { MAX_TICK } from "../../chain/tickMath.ts";
import { SimulationFileError } from "../errors.ts";
import type { PoolState, TickState } from "../machine.ts";
import type { PoolTerms } from "../types.ts";
import type { FileEvent, FileSwap } from "./events.ts";

export interface DerivedMap {
  /** The pool after the first swap. */
  readonly state: PoolState;
  /** What came after it. */
  readonly events: readonly FileEvent[];
  /** Stretches between the lowest and the highest price in which a swap ended. */
  readonly seen: number;
  /** Those that were only passed through. */
  readonly passed: number;
}

/**
 * @param events in the order of the chain
 * @param file how messages name them
 * @throws SimulationFileError without a swap, or for two swaps that cannot both be true
 */
export function mapFromEvents(events: readonly FileEvent[], { tickSpacing }: PoolTerms, file: string): DerivedMap {
  const begin = events.findIndex(({ kind }) => kind === "SWAP");
  const first = events[begin];
  if (first?.kind !== "SWAP")
    throw new SimulationFileError(
      file,
      undefined,
      "there is no swap in the file, so no price is known; give one that has some.",
    );
  const rest = events.slice(begin + 1);
  const stretches = liquidityOfStretches(first, rest, tickSpacing, file);
  const [lowest, highest] = [Math.min(...stretches.keys()), Math.max(...stretches.keys())];
  const end = Math.floor(MAX_TICK / tickSpacing) * tickSpacing;

  const nets = new Map<number, bigint>();
  let [before, passed] = [0n, 0];
  for (let stretch = lowest; stretch <= highest; stretch++) {
    const known = stretches.get(stretch);
    if (known === undefined) passed++;
    const liquidity = known ?? before;
    if (liquidity !== before) nets.set(stretch === lowest ? -end : stretch * tickSpacing, liquidity - before);
    before = liquidity;
  }
  if (before > 0n) nets.set(end, -before);
  return {
    state: {
      sqrtPriceX96: first.sqrtPriceX96,
      tick: first.tick,
      liquidity: first.liquidity,
      feeGrowth: { token0X128: 0n, token1X128: 0n },
      feeProtocol: 0,
      time: first.time,
      ticks: ticksOf(nets, rest),
    },
    events: rest,
    seen: stretches.size,
    passed,
  };
}

/** Liquidity in each stretch after the first swap, by the number of spacings below it. */
function liquidityOfStretches(
  first: FileSwap,
  rest: readonly FileEvent[],
  spacing: number,
  file: string,
): ReadonlyMap<number, bigint> {
  const found = new Map([[Math.floor(first.tick / spacing), { liquidity: first.liquidity, line: first.line }]]);
  /** What mints and burns since then begin at each tick. */
  const joined = new Map<number, bigint>();
  let { tick } = first;
  /** What they come to at the present tick. */
  let added = 0n;
  for (const event of rest) {
    if (event.kind !== "SWAP") {
      const { tickLower, tickUpper } = event.range;
      const delta = event.kind === "MINT" ? event.liquidity : event.kind === "BURN" ? -event.liquidity : 0n;
      joined.set(tickLower, (joined.get(tickLower) ?? 0n) + delta);
      joined.set(tickUpper, (joined.get(tickUpper) ?? 0n) - delta);
      if (tickLower <= tick && tick < tickUpper) added += delta;
      continue;
    }
    const [was, is] = [Math.floor(tick / spacing), Math.floor(event.tick / spacing)];
    for (let at = was; at < is; at++) added += joined.get((at + 1) * spacing) ?? 0n;
    for (let at = was; at > is; at--) added -= joined.get(at * spacing) ?? 0n;
    tick = event.tick;
    const liquidity = event.liquidity - added;
    const known = found.get(is);
    if (liquidity < 0n || (known !== undefined && known.liquidity !== liquidity)) {
      throw new SimulationFileError(
        file,
        event.line,
        `the liquidity of ${event.liquidity} does not go with ${
          known === undefined ? "the mints and burns before it" : `that of line ${known.line} at the same prices`
        }; see that no event is missing, that all are of one pool, and that --fee is its own.`,
      );
    }
    if (known === undefined) found.set(is, { liquidity, line: event.line });
  }
  return new Map([...found].map(([stretch, { liquidity }]) => [stretch, liquidity]));
}

/** Ticks with as much liquidity of both sides as their net and the burns to come ask for; how much more there was no event tells. */
function ticksOf(nets: ReadonlyMap<number, bigint>, rest: readonly FileEvent[]): readonly TickState[] {
  const balance = new Map<number, bigint>();
  const lowest = new Map<number, bigint>();
  for (const event of rest) {
    if (event.kind !== "MINT" && event.kind !== "BURN") continue;
    for (const tick of [event.range.tickLower, event.range.tickUpper]) {
      const now = (balance.get(tick) ?? 0n) + (event.kind === "MINT" ? event.liquidity : -event.liquidity);
      balance.set(tick, now);
      if (now < (lowest.get(tick) ?? 0n)) lowest.set(tick, now);
    }
  }
  return [...new Set([...nets.keys(), ...lowest.keys()])]
    .toSorted((a, b) => a - b)
    .map((tick) => {
      const net = nets.get(tick) ?? 0n;
      const [least, burned] = [net < 0n ? -net : net, -(lowest.get(tick) ?? 0n)];
      return {
        tick,
        liquidityGross: least + burned,
        liquidityNet: net,
        feeGrowthOutside0X128: 0n,
        feeGrowthOutside1X128: 0n,
      };
    });
}
