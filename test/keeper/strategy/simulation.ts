/** A month or more of hours: the price moves, the tiers pay, `decide` is asked, and its plan is carried out with the closed forms. */
import type { Bar } from "../../../keeper/market/types.ts";
import { computeSignals } from "../../../keeper/signals/computeSignals.ts";
import type { StrategyConfig } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import type { Decision, Policy, Sample, SleeveState, VaultState } from "../../../keeper/strategy/types.ts";
import { execute, makeState, passHour, sampleOf } from "./world.ts";

export interface Step {
  readonly before: VaultState;
  readonly after: VaultState;
  readonly decision: Decision;
}

export function simulate(
  history: readonly Bar[],
  bars: readonly Bar[],
  policy: Policy,
  config: StrategyConfig,
  pay: (time: number) => Readonly<Record<number, number>>,
  nav = 1_000_000,
  sleeves: readonly SleeveState[] = [],
): Step[] {
  const first = bars[0]!;
  const known = [...history];
  const samples: Sample[] = [];
  const steps: Step[] = [];
  let state = makeState({
    price: first.open,
    time: first.time,
    idleBase: nav / 2 / first.open,
    idleQuote: nav / 2,
    sleeves,
  });
  for (const bar of bars) {
    state = passHour(state, bar, pay(bar.time));
    known.push(bar);
    const decision = decide(state, computeSignals(state, { bars: known, samples }), policy, config);
    samples.push(sampleOf(state));
    const after = decision.actions.length === 0 ? { ...state, memory: decision.memory } : execute(state, decision);
    steps.push({ before: state, after, decision });
    state = after;
  }
  return steps;
}
