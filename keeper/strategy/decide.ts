/**
 * The strategy: from what is to what should be done. Pure and deterministic: no clock, no randomness, nothing of Node. The keeper, the
 * back-test and the dashboard's explanation all call this.
 *
 * Rules are asked in order and the first that wants to act has the plan: a debt near its comfort level first, then a sleeve that the DAO wants
 * no more, first ranges if there are none, range shift, hedge, reversal, fee-tier move, compounding, reserve, asset, settling. If none of them does, the vault's entry and exit fee
 * may be changed. A hold tells of each rule why it did not act and by how much it missed.
 */
import { formatTime } from "../market/time.ts";
import { bookGreeks } from "./book.ts";
import { DEFAULT_CONFIG, type StrategyConfig } from "./config.ts";
import { NO_MOVES, project, type Projection, sumOf } from "./project.ts";
import { drainMemory } from "./overlay/wish.ts";
import type { Accepted, Verdict } from "./proposal.ts";
import { asset, spikeMemory } from "./rules/asset.ts";
import { compound } from "./rules/compound.ts";
import { deploy } from "./rules/deploy.ts";
import { feeChange } from "./rules/feeChange.ts";
import { feeTierMove, tierMemory, tierSignal } from "./rules/feeTierMove.ts";
import { hedge } from "./rules/hedge.ts";
import { leave } from "./rules/leave.ts";
import { protect } from "./rules/protect.ts";
import { rangeShift } from "./rules/rangeShift.ts";
import { reserve } from "./rules/reserve.ts";
import { reversal, reversalIsTooLarge } from "./rules/reversal.ts";
import { settle } from "./rules/settle.ts";
import type { Decision, FeeMove, Memory, Policy, Reason, Signals, VaultState } from "./types.ts";
import { STRATEGY } from "./version.ts";
import { viewOf, type View } from "./view.ts";

/**
 * @param state one vault at one block
 * @param signals of the same time (`computeSignals`)
 * @param policy what the chain allows
 */
export function decide(
  state: VaultState,
  signals: Signals,
  policy: Policy,
  config: StrategyConfig = DEFAULT_CONFIG,
): Decision {
  const spot = state.price ?? state.tiers[0]?.price ?? null;
  if (spot === null || !(spot > 0) || !Number.isFinite(spot)) {
    return decision(
      state,
      null,
      [reason("oracle", "There is no price, neither the oracle's nor a pool's.")],
      null,
      state.memory,
    );
  }
  const view = viewOf(state, spot, signals, policy, config);
  if (state.price === null) {
    return decision(
      state,
      view,
      [reason("oracle", "The oracle refuses to give a price, so nothing may be planned.")],
      null,
      state.memory,
    );
  }
  if (!(state.nav > 0) || !(state.shareSupply > 0)) {
    return decision(state, view, [reason("deploy", "The vault is empty.")], null, state.memory);
  }

  if (state.time < policy.pausedUntil) {
    const text = `The vault is paused until ${formatTime(policy.pausedUntil)}.`;
    return decision(state, view, [reason("paused", text)], null, state.memory);
  }

  const found = tierSignal(view);
  const tier = tierMemory(view, found);
  const memory: Memory = { ...state.memory, ...tier, ...drainMemory(view), ...spikeMemory(view) };
  const layerTwo = state.sleeves.length > 0;
  const danger = protect(view);
  const unwanted = leave(view);
  const [first, second] = reversalIsTooLarge(view) ? [reversal, hedge] : [hedge, reversal];
  const overlays = [() => first(view), () => second(view)];
  const rules: readonly (() => Verdict)[] = [
    ...(danger === null ? [] : [() => danger]),
    ...(unwanted === null ? [] : [() => unwanted]),
    ...(view.positions.length === 0 ? [() => deploy(view)] : [() => rangeShift(view)]),
    ...(layerTwo ? overlays : []),
    ...(view.positions.length === 0
      ? []
      : [() => feeTierMove(view, found, tier.tierSignalSince), () => compound(view)]),
    ...(layerTwo ? [() => reserve(view), () => asset(view)] : []),
    ...(view.positions.length === 0 ? [] : [() => settle(view)]),
  ];
  const reasons: Reason[] = [];
  for (const rule of rules) {
    const verdict = rule();
    reasons.push(...verdict.reasons);
    if (verdict.accepted !== null) {
      return decision(state, view, reasons, verdict.accepted, { ...memory, ...verdict.accepted.memory });
    }
  }
  const { fees, reasons: feeReasons, memory: feeMemory } = feeChange(view);
  return decision(state, view, [...reasons, ...feeReasons], null, { ...memory, ...feeMemory }, fees);
}

function reason(rule: string, text: string): Reason {
  return { rule, text, figures: {} };
}

function decision(
  state: VaultState,
  view: View | null,
  reasons: readonly Reason[],
  accepted: Accepted | null,
  memory: Memory,
  fees: FeeMove | null = null,
): Decision {
  const moves = accepted?.moves ?? NO_MOVES;
  return {
    strategy: STRATEGY,
    time: state.time,
    block: state.block,
    actions: accepted === null ? (fees === null ? [] : ["feeChange"]) : [accepted.kind],
    burns: moves.burns,
    swaps: moves.swaps,
    mints: moves.mints,
    sleeveMoves: moves.sleeveMoves,
    fees,
    expectedCost: accepted?.cost ?? 0,
    expectedGain: accepted?.gain ?? 0,
    // Shown and hashed, decided by nothing: reckoned when somebody looks, for a back-test looks at none of them.
    get book() {
      return view === null
        ? { delta: 0, gamma: 0, vega: 0 }
        : greeks(view, accepted?.projection ?? project(view, NO_MOVES));
    },
    reasons,
    memory,
  };
}

function greeks(view: View, after: Projection): Decision["book"] {
  const sleeves = sumOf(after.sleeves);
  const tokens = { base: after.idle.base + sleeves.base, quote: after.idle.quote + sleeves.quote };
  return bookGreeks(tokens, after.held, view.price, view.volatility, view.config.vegaTenorDays / 365);
}
