/** Moves that several attacks share. */
import { ONE } from "../support/arithmetic.ts";
import type { PlanSteps } from "../support/world.ts";
import type { Call } from "./attacker.ts";
import type { Stage, Strike } from "./stage.ts";

/** Both thresholds of the production feeds. */
export const BAND = 0.0075;

/** What the feeds say in every scenario's beginning. */
export const FEED = 2_000;
export const HIGH = FEED * (1 + BAND);
export const LOW = FEED * (1 - BAND);

const TIERS = [500, 3_000, 10_000] as const;

/** Calls that take pools from the market's price to others; and those that bring them back. */
export function skew(
  stage: Stage,
  prices: Readonly<Partial<Record<(typeof TIERS)[number], number>>>,
): { readonly away: readonly Call[]; readonly back: readonly Call[] } {
  const away: Call[] = [];
  const back: Call[] = [];
  for (const fee of TIERS) {
    const price = prices[fee];
    if (price === undefined || price === stage.market) continue;
    const up = price > stage.market;
    away.push(stage.attacker.swapTo(fee, price, up ? "below" : "above"));
    back.push(stage.attacker.swapTo(fee, stage.market, up ? "above" : "below"));
  }
  return { away, back };
}

/** All pools at one price. */
export function allAt(stage: Stage, price: number): ReturnType<typeof skew> {
  return skew(stage, { 500: price, 3_000: price, 10_000: price });
}

/** A plan whose size is a fraction (1e18) that can be searched for. */
export type Sized = (fraction: bigint) => Strike;

export type Step = Call | { readonly plan: PlanSteps };

/** The price up to which a pool of this tier may stand away from the feed: the band, widened by the fee, and a hair inside. */
export function edgeOf(fee: number, side: "low" | "high", feed = FEED): number {
  return side === "low"
    ? feed * (1 - BAND) * (1 - fee / 1e6) * 1.000_002
    : feed * (1 + BAND) * (1 + fee / 1e6) * 0.999_998;
}

/** Burns of everything that the vault has in pools. */
export async function everything(stage: Stage): Promise<PlanSteps> {
  return { burns: (await stage.world.book()).positions.map((p) => ({ index: p.index })) };
}

export interface Harvest {
  readonly fee: number;
  /** Where the attacker pushes the pool before the vault mints. */
  readonly edge: number;
  /** Ticks. */
  readonly width: number;
  readonly sells: "base" | "quote";
}

/**
 * The vault takes all its ranges out; the attacker pushes a pool to the edge of what the vault tolerates; the vault mints what it holds
 * of one token just inside, and he buys through it to the market's price. One transaction; two plans.
 */
export async function harvest(stage: Stage, what: Harvest): Promise<Sized> {
  const out = await everything(stage);
  return (fraction) => ({ steps: harvestSteps(stage, what, out, fraction) });
}

export function harvestSteps(stage: Stage, what: Harvest, out: PlanSteps, fraction: bigint): readonly Step[] {
  const { attacker, market } = stage;
  const { fee, edge, width, sells } = what;
  const [away, back] = sells === "base" ? (["above", "below"] as const) : (["below", "above"] as const);
  const range = sells === "base" ? attacker.baseRange(fee, edge, width) : attacker.quoteRange(fee, edge, width);
  const mint = sells === "base" ? attacker.mintOfBase(range, fraction) : attacker.mintOfQuote(range, fraction);
  return [
    ...((out.burns ?? []).length > 0 ? [{ plan: out }] : []),
    attacker.swapTo(fee, edge, away),
    { plan: { mints: [mint] } },
    attacker.swapTo(fee, market, back),
  ];
}

/** The vault's swap against liquidity that is all the attacker's, at a price that he has chosen. */
export function ownPoolSwap(
  stage: Stage,
  what: { readonly fee: number; readonly price: number; readonly sells: "base" | "quote" },
  out: PlanSteps,
  fraction: bigint,
): readonly Step[] {
  const { attacker, market } = stage;
  const { fee, price, sells } = what;
  const range = attacker.containing(fee, price);
  const liquidity = attacker.liquidity(1e12);
  const from = price < market ? "above" : "below";
  return [
    attacker.swapTo(fee, price, from),
    attacker.mint(range, liquidity),
    { plan: { ...out, swaps: [{ fee, zeroForOne: (sells === "base") === attacker.sellsBase, fraction }] } },
    attacker.burn(range, liquidity),
    attacker.collect(range),
    attacker.swapTo(fee, market, from === "above" ? "below" : "above"),
  ];
}

/** The same, searched for. */
export async function ownPool(
  stage: Stage,
  what: { readonly fee: number; readonly price: number; readonly sells: "base" | "quote" },
): Promise<Sized> {
  const out = await everything(stage);
  return (fraction) => ({ steps: ownPoolSwap(stage, what, out, fraction) });
}

/** The dearest tier at the low edge of what is tolerated: the vault sells base there, all of it to the attacker. */
export async function dearestPool(stage: Stage): Promise<Sized> {
  return ownPool(stage, { fee: 10_000, price: edgeOf(10_000, "low"), sells: "base" });
}

/**
 * Strikes with the greatest fraction that passes, again and again, until nothing passes, or what passes is not worth a
 * transaction (a hundredth of a basis point).
 */
export async function exhaust(stage: Stage, next: () => Promise<Sized> | Sized, most = 40): Promise<void> {
  for (let i = 0; i < most; i += 1) {
    const sized = await next();
    const fraction = await stage.greatest(sized, 512);
    if (fraction === 0n) {
      const why = await stage.strikeRefusal(sized(ONE));
      if (why !== undefined) stage.refusedWith.push(why);
      return;
    }
    const { chargeBps } = await stage.strike(sized(fraction));
    if (chargeBps < 0.01) return;
  }
}

/** Sum of what the plans so far cost, bps. */
export function lost(stage: Stage): number {
  return stage.plans.reduce((sum, plan) => sum + Math.max(0, plan.lossBps ?? 0), 0);
}
