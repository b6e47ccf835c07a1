/** A tick's inputs and its result. */
import type { Refusal } from "../chain/errors.ts";
import type { CallKind } from "../execution/calls.ts";
import type { ExecutionSettings } from "../execution/context.ts";
import type { Intent, IntentOutcome, MinedTransaction } from "../journal/intents.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import type { PredictedCharge } from "../plan/charge.ts";
import type { PaidOut } from "../plan/model.ts";
import type { SwapOutcome } from "../plan/pools.ts";
import type { Plan } from "../plan/types.ts";
import type { StrategyConfig } from "../strategy/config.ts";
import type { Decision, History, Policy, Signals, VaultState } from "../strategy/types.ts";

/** In the plan's order; wei. */
export interface PlanPreview {
  /** Fees aside. */
  readonly burns: readonly PaidOut[];
  readonly swaps: readonly SwapOutcome[];
}

/** Who decides. Pure functions: the keeper brings the world, the brain does not look at it. */
export interface Brain {
  readonly computeSignals: (state: VaultState, history: History) => Signals;
  readonly decide: (state: VaultState, signals: Signals, policy: Policy, config: StrategyConfig) => Decision;
  readonly config: StrategyConfig;
}

export interface KeeperSettings extends ExecutionSettings {
  /** Off unless the operator turns it on: without it a tick ends after the simulation. */
  readonly send: boolean;
  /** Fraction by which price and amounts may move before a plan refuses. */
  readonly tolerance: number;
  /** Whole seconds of the chain's time for which a plan may run. */
  readonly lifetime: number;
  /** Seconds; an older newest block stops the tick. Null: any age (a local chain has its own time). */
  readonly maxBlockAge: number | null;
  /** With sending on: poke the oracle's volatility once a day, and have the vault adopt the policy's treasury share. */
  readonly housekeeping: boolean;
}

const GWEI = 10n ** 9n;

export const DEFAULT_SETTINGS: KeeperSettings = {
  send: false,
  tolerance: 0.005,
  lifetime: 600,
  maxBlockAge: 300,
  housekeeping: true,
  confirmations: 3,
  patience: 90_000,
  poll: 2_000,
  replaceAfter: 45_000,
  maxAttempts: 6,
  maxFeePerGas: 300n * GWEI,
};

/**
 * On the local world's chain, whose time is its path's and not the clock's: it moves by many minutes from block to block, so a plan lives for
 * hours of it; a chain in one process does not reorganise.
 */
export const LOCAL_SETTINGS = {
  lifetime: 6 * 3_600,
  maxBlockAge: null,
  confirmations: 1,
} as const satisfies Partial<KeeperSettings>;

/**
 * hold: nothing to do. dry-run: would send, but sending is off. unplannable: the decision does not fit the snapshot. refused: the simulation
 * failed. too-dear: gas is above the cap. waiting: an earlier or this tick's transaction is still open. Else what became of `call`.
 */
export type TickOutcome = "hold" | "dry-run" | "unplannable" | "refused" | "too-dear" | "waiting" | IntentOutcome;

export interface TickResult {
  /** Number of the tick in the journal. */
  readonly id: number;
  readonly outcome: TickOutcome;
  /** Why, in one sentence. */
  readonly detail: string;
  readonly snapshot: Snapshot;
  readonly state: VaultState;
  readonly policy: Policy;
  readonly signals: Signals;
  readonly decision: Decision;
  /** What the node or a venue does not tell, and why; null if nothing failed. */
  readonly unknown: string | null;
  /** What this tick tried to send; null if nothing. */
  readonly call: CallKind | null;
  /** Null if nothing was planned. */
  readonly decisionHash: string | null;
  readonly plan: Plan | null;
  /** What the plan's burns and swaps bring, played through on the pools as they stood; null without a plan. */
  readonly preview: PlanPreview | null;
  /** What the chain is expected to charge; null without a plan. */
  readonly charge: PredictedCharge | null;
  /** Gas units by the node's estimate; null without a successful simulation. */
  readonly gasEstimate: bigint | null;
  /** Of the simulation, for `refused`. */
  readonly refusal: Refusal | null;
  /** Of this tick's call, once mined. */
  readonly transaction: MinedTransaction | null;
  /** An earlier tick's intent that this tick settled. */
  readonly settled: Intent | null;
}
