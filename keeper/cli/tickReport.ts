/** What a tick saw, decided and did, for programs and for people. */
import { unitsFromWei } from "../chain/prices.ts";
import { toJsonable } from "../observe/snapshot.ts";
import { feeTier, grouped, isoTime, percent, price, signed } from "../report/format.ts";
import { priceOfTick } from "../strategy/ticks.ts";
import type { TickResult } from "../run/types.ts";

export function tickDocument(tick: TickResult): unknown {
  const { state, decision } = tick;
  return toJsonable({
    time: isoTime(state.time),
    block: state.block,
    outcome: tick.outcome,
    detail: tick.detail,
    price: state.price === null ? null : String(state.price),
    nav: String(state.nav),
    call: tick.call,
    actions: decision.actions,
    reasons: decision.reasons,
    expectedCost: decision.expectedCost.toFixed(6),
    expectedGain: decision.expectedGain.toFixed(6),
    book: decision.book,
    decision: {
      burns: decision.burns,
      sleeveMoves: decision.sleeveMoves,
      swaps: decision.swaps,
      mints: decision.mints,
      fees: decision.fees,
    },
    decisionHash: tick.decisionHash,
    plan: tick.plan,
    preview: tick.preview,
    charge: tick.charge,
    gasEstimate: tick.gasEstimate,
    transaction: tick.transaction,
    signals: tick.signals,
    unknown: tick.unknown,
  });
}

export function tickText(tick: TickResult): string {
  const { state, decision } = tick;
  const row = (name: string, text: string): string => `  ${name.padEnd(9)} ${text}`;
  const range = (move: { readonly fee: number; readonly tickLower: number; readonly tickUpper: number }): string =>
    `${feeTier(move.fee)}  ${price(priceOfTick(move.tickLower, state))} to ${price(priceOfTick(move.tickUpper, state))}`;
  const burns = decision.burns.map((burn) => {
    const held = state.positions.find((position) => position.index === burn.index);
    const what = held === undefined ? `position ${burn.index}` : range(held);
    return row("burn", `${percent(burn.fraction)} of ${what}`);
  });
  const mints = decision.mints.map((mint) =>
    row("mint", `${range(mint)}, at most ${grouped(mint.maxBase, 4)} base and ${grouped(mint.maxQuote)} quote`),
  );
  const swaps = decision.swaps.map((swap, i) =>
    row("swap", `sell ${grouped(swap.amount, 4)} ${swap.sell} in ${feeTier(swap.fee)}${brings(tick, i)}`),
  );
  const moves = decision.sleeveMoves.map((move) =>
    row(
      move.take ? "take" : "give",
      `${grouped(move.amount, 4)} ${move.token} ${move.take ? "from" : "to"} sleeve ${move.sleeve}${move.afterSwaps ? ", after the swaps" : ""}`,
    ),
  );
  const kinds = decision.actions.length === 0 ? "" : ` (${decision.actions.join(" + ")})`;
  return [
    `${isoTime(state.time)}, block ${state.block}: ${tick.outcome}${kinds}. ${tick.detail}`,
    row("price", state.price === null ? "the oracle is silent" : price(state.price)),
    row("NAV", grouped(state.nav)),
    ...burns,
    ...moves,
    ...swaps,
    ...mints,
    ...(decision.fees === null
      ? []
      : [row("fees", `entry ${decision.fees.entryBps}, exit ${decision.fees.exitBps} bps`)]),
    ...(decision.actions.length === 0
      ? []
      : [row("estimate", `cost ${grouped(decision.expectedCost)}, gain ${signed(decision.expectedGain)}`)]),
    ...decision.reasons.map((reason) => row(reason.rule, reason.text)),
    ...(tick.unknown === null ? [] : [row("unknown", tick.unknown)]),
    ...(tick.transaction === null ? [] : [row("sent", tick.transaction.hash)]),
  ].join("\n");
}

/** What a swap brings by the preview, and how many ticks it crosses; nothing if the plan was not made. */
function brings({ preview, decision, snapshot }: TickResult, i: number): string {
  const [swap, outcome] = [decision.swaps[i], preview?.swaps[i]];
  if (swap === undefined || outcome === undefined) return "";
  const [bought, decimals] = swap.sell === "base" ? ["quote", snapshot.quoteDecimals] : ["base", snapshot.baseDecimals];
  const amount = grouped(unitsFromWei(outcome.amountOut, decimals), 4);
  if (outcome.crossed === null) return `, for about ${amount} ${bought}`;
  return `, for ${amount} ${bought}${outcome.crossed === 0 ? "" : ` across ${outcome.crossed} ticks`}`;
}

/** One line of a running keeper's log. */
export function tickLine(tick: TickResult): string {
  const kinds = tick.decision.actions.length === 0 ? "" : ` ${tick.decision.actions.join(" + ")}`;
  const unknown = tick.unknown === null ? "" : ` ${tick.unknown}`;
  return `${isoTime(tick.state.time)}  block ${tick.state.block}  ${tick.outcome}${kinds}: ${tick.detail}${unknown}`;
}
