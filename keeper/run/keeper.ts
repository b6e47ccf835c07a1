/**
 * One vault's keeper: observe -> signals -> decide -> plan -> simulate -> submit -> confirm -> record. The journal's open intent, if there is
 * one, comes before everything else, so that a keeper that was killed anywhere takes up where it was.
 */
import { checkBlockAge } from "../chain/connect.ts";
import { ConfigError } from "../chain/failures.ts";
import type { ChainNode } from "../chain/node.ts";
import { type Call, CALL_NAMES, setFeesCall } from "../execution/calls.ts";
import type { Checkpoint, ExecutionContext, Signer } from "../execution/context.ts";
import { pursue } from "../execution/pursue.ts";
import { simulate } from "../execution/simulate.ts";
import { submit, TOO_DEAR } from "../execution/submit.ts";
import { type Intent, Intents } from "../journal/intents.ts";
import type { Journal } from "../journal/journal.ts";
import { readMemory, writeMemory } from "../journal/memory.ts";
import { pruneTicks, writeTick } from "../journal/ticks.ts";
import { observe, type VaultAddresses } from "../observe/observe.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import { toPolicy, toState } from "../observe/toState.ts";
import { executeCalldata } from "../plan/calldata.ts";
import { predictCharge } from "../plan/charge.ts";
import { decisionDocument, documentHash } from "../plan/hash.ts";
import { makePlan, type PlannedOutcome } from "../plan/plan.ts";
import { readReach } from "../plan/reach.ts";
import { PlanError } from "../plan/types.ts";
import { canonicalJson } from "../strategy/canonical.ts";
import type { Decision, History, Memory } from "../strategy/types.ts";
import { Chores, oracleOf } from "./chores.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { whenItFits } from "./refill.ts";
import { fixedHistory, type HistorySource, marketPrice, NO_HISTORY, Past } from "./past.ts";
import { Records } from "./records.ts";
import { type Brain, DEFAULT_SETTINGS, type KeeperSettings, type TickResult } from "./types.ts";

export interface KeeperOptions {
  readonly node: ChainNode;
  readonly chainId: bigint;
  readonly addresses: VaultAddresses;
  /** The account that plans. */
  readonly keeper: string;
  /** Signs for that account; null or absent: nothing can be sent. */
  readonly signer?: Signer | null;
  /** Opened for the same chain, vault and keeper; the caller closes it. */
  readonly journal: Journal;
  readonly brain: Brain;
  /** Default NO_HISTORY. */
  readonly history?: HistorySource;
  readonly settings?: Partial<KeeperSettings>;
  readonly clock?: Clock;
  readonly checkpoint?: (at: Checkpoint) => void;
}

/** Days for which the journal keeps its line per tick. */
const TICK_DAYS = 90;
const DAY = 86_400;

type Result = Omit<TickResult, "id">;
type Seen = Pick<Result, "snapshot" | "state" | "policy" | "signals" | "decision" | "settled" | "unknown">;
/** A result that lacks only what became of it. */
type Made = Omit<Result, "outcome" | "detail">;

/** What goes into the journal with a call. */
interface Published {
  readonly decisionHash: string | null;
  readonly document: string | null;
  readonly memory: Memory | null;
}

/** Of housekeeping: the strategy has held, and its memory is kept with the hold. */
const NOT_DECIDED: Published = { decisionHash: null, document: null, memory: null };

const NOTHING_PLANNED = {
  call: null,
  decisionHash: null,
  plan: null,
  preview: null,
  charge: null,
  gasEstimate: null,
  refusal: null,
  transaction: null,
} as const;

export class Keeper {
  readonly #context: ExecutionContext;
  readonly #addresses: VaultAddresses;
  readonly #journal: Journal;
  readonly #brain: Brain;
  readonly #settings: KeeperSettings;
  readonly #history: HistorySource;
  /** Opened by the first tick, which knows the chain's time. */
  #past: Past | null = null;
  readonly #records: Records;
  #chores: Chores | null = null;
  #ticksPrunedAt = 0;

  private constructor(options: KeeperOptions, settings: KeeperSettings, history: HistorySource) {
    this.#addresses = options.addresses;
    this.#journal = options.journal;
    this.#brain = options.brain;
    this.#settings = settings;
    this.#history = history;
    this.#records = new Records(options.node, options.journal, options.addresses.vault);
    this.#context = {
      node: options.node,
      chainId: options.chainId,
      vault: options.addresses.vault,
      keeper: options.keeper,
      // With sending off nothing is signed either, also not for an intent of an earlier run.
      signer: settings.send ? (options.signer ?? null) : null,
      intents: new Intents(options.journal),
      settings,
      clock: options.clock ?? SYSTEM_CLOCK,
      checkpoint: options.checkpoint ?? ((): void => undefined),
    };
  }

  /** @throws ConfigError if sending is on and the signer is missing or another account's, or a setting is out of its range */
  static async open(options: KeeperOptions): Promise<Keeper> {
    const settings: KeeperSettings = { ...DEFAULT_SETTINGS, ...options.settings };
    if (settings.send) {
      const signer = options.signer ?? null;
      if (signer === null)
        throw new ConfigError("Sending needs the keeper's key; set KEEPER_PRIVATE_KEY or leave --send out.");
      if (signer.address.toLowerCase() !== options.keeper.toLowerCase()) {
        throw new ConfigError(
          `The key belongs to ${signer.address}, the keeper is ${options.keeper}; use the keeper's own key.`,
        );
      }
    }
    if (!Number.isInteger(settings.confirmations) || settings.confirmations < 1) {
      throw new ConfigError(
        `The number of confirmations must be a whole number from 1, not ${settings.confirmations}.`,
      );
    }
    if (!Number.isInteger(settings.lifetime) || settings.lifetime < 1) {
      throw new ConfigError(`A plan's lifetime must be whole seconds from 1, not ${settings.lifetime}.`);
    }
    // Read now, so that a file which cannot be read stops the keeper before it starts.
    const bars = await (options.history ?? NO_HISTORY).bars();
    return new Keeper(options, settings, fixedHistory(bars));
  }

  /** Everything that the keeper meant to do outside, and what became of it. */
  get intents(): Intents {
    return this.#context.intents;
  }

  /**
   * One round.
   *
   * @param signal given: the tick stops waiting for its transaction; a later tick goes on
   * @throws ConfigError if the history or the journal is ahead of the chain
   * @throws RetryableError for a node that does not answer or is behind; anything else needs somebody
   */
  async tick(signal?: AbortSignal): Promise<TickResult> {
    const before = this.intents.open();
    if (before !== null) await pursue(this.#context, before, signal);
    const settled = before === null ? null : this.#settledNow(before);

    const snapshot = await this.#observe();
    const memory = readMemory(this.#journal);
    const state = toState(snapshot, memory);
    const policy = toPolicy(snapshot);
    this.#past ??= await Past.open(this.#journal, this.#history, snapshot.timestamp);
    this.#past.record(state, marketPrice(state));
    await this.#records.look(snapshot);
    const history = { ...this.#past.history, ...this.#records.history };
    const signals = this.#brain.computeSignals(state, history);
    const decision = this.#brain.decide(state, signals, policy, this.#brain.config);
    const seen: Seen = { snapshot, state, policy, signals, decision, settled, unknown: this.#records.trouble };

    const open = this.intents.open();
    const result: Result =
      open === null
        ? await this.#act(seen, memory, history, signal)
        : { ...seen, ...NOTHING_PLANNED, outcome: "waiting", detail: waiting(open) };
    return { ...result, id: this.#record(result) };
  }

  async #observe(): Promise<Snapshot> {
    const { node, chainId, keeper, clock } = this.#context;
    const snapshot = await observe(node, this.#addresses, keeper);
    if (snapshot.chainId !== chainId) {
      throw new ConfigError(
        `The node is on chain ${snapshot.chainId}, the keeper is set up for ${chainId}; correct RPC_URL or CHAIN_ID.`,
      );
    }
    if (this.#settings.maxBlockAge !== null) {
      checkBlockAge(snapshot.timestamp, clock.now() / 1000, this.#settings.maxBlockAge);
    }
    return snapshot;
  }

  async #act(seen: Seen, memory: Memory, history: History, signal: AbortSignal | undefined): Promise<Result> {
    const { snapshot, decision } = seen;
    const { vault } = this.#addresses;
    if (isHold(decision)) return (await this.#keepHouse(seen, signal)) ?? held(seen);
    const document = decisionDocument({
      vault,
      snapshot,
      memory,
      history,
      signals: seen.signals,
      config: this.#brain.config,
      decision,
    });
    const decisionHash = documentHash(document);
    const published = { decisionHash, document: canonicalJson(document), memory: decision.memory };
    const { tolerance, lifetime } = this.#settings;
    if (decision.fees !== null) {
      const call = setFeesCall(vault, decision.fees);
      return this.#send({ ...seen, ...NOTHING_PLANNED, decisionHash }, call, published, signal);
    }
    let planned: PlannedOutcome;
    try {
      const pools = await readReach(this.#context.node, snapshot, decision);
      planned = makePlan(decision, snapshot, { tolerance, lifetime, decisionHash, pools });
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      return { ...seen, ...NOTHING_PLANNED, decisionHash, outcome: "unplannable", detail: error.message };
    }
    const { plan } = planned;
    const preview = { burns: planned.burned, swaps: planned.swaps };
    const made = { ...seen, ...NOTHING_PLANNED, decisionHash, plan, preview, charge: predictCharge(planned, snapshot) };
    return this.#send(made, { kind: "plan", to: vault, calldata: executeCalldata(plan) }, published, signal);
  }

  /** What keeps the vault's surroundings in order, if something is due; null if nothing is, or if it cannot be done now. */
  async #keepHouse(seen: Seen, signal: AbortSignal | undefined): Promise<Result | null> {
    if (!this.#settings.housekeeping || this.#context.signer === null) return null;
    this.#chores ??= new Chores(this.#addresses.vault, await oracleOf(this.#context.node, this.#addresses.vault));
    const call = this.#chores.due(seen.snapshot);
    if (call === null) return null;
    const result = await this.#send({ ...seen, ...NOTHING_PLANNED }, call, NOT_DECIDED, signal);
    // Somebody else was faster, or it cannot be done yet: no reason to say more than that the strategy holds.
    return result.outcome === "refused" ? null : result;
  }

  /** Simulates, writes, signs, sends and follows one call. */
  async #send(made: Made, call: Call, published: Published, signal: AbortSignal | undefined): Promise<Result> {
    const { snapshot, decision } = made;
    const { node, keeper, signer } = this.#context;
    const name = CALL_NAMES[call.kind];
    const simulation = await simulate(node, call, keeper, snapshot.blockNumber);
    const tried = { ...made, call: call.kind };
    if (!simulation.ok) {
      const { refusal } = simulation;
      const wait = whenItFits(refusal, snapshot);
      return {
        ...tried,
        refusal,
        outcome: "refused",
        detail: `The chain would refuse the ${name}: ${refusal.message}${wait}`,
      };
    }
    const { gasEstimate, gasLimit } = simulation;
    if (signer === null) {
      const detail = `Would send a ${name} for about ${gasEstimate} gas; sending is off.`;
      return { ...tried, gasEstimate, outcome: "dry-run", detail };
    }
    const intent = await submit(
      this.#context,
      signer,
      {
        time: snapshot.timestamp,
        block: snapshot.blockNumber,
        kind: call.kind,
        to: call.to,
        decisionHash: published.decisionHash,
        actions: decision.actions,
        plan: made.plan,
        deadline: made.plan?.deadline ?? snapshot.timestamp + this.#settings.lifetime,
        calldata: call.calldata,
        gasLimit,
        memory: published.memory,
      },
      published.document,
    );
    if (intent === TOO_DEAR) {
      const detail = "Gas costs more than the cap; wait, or raise the cap.";
      return { ...tried, gasEstimate, outcome: "too-dear", detail };
    }
    const settlement = await pursue(this.#context, intent, signal);
    if (settlement !== null) return { ...tried, gasEstimate, ...settlement };
    const detail = waiting(intent, this.intents.attempts(intent.id).at(-1)?.answer ?? null);
    return { ...tried, gasEstimate, outcome: "waiting", detail };
  }

  /** An earlier intent as it stands now; null if it is still open. */
  #settledNow(intent: Intent): Intent | null {
    const now = this.intents.get(intent.id);
    return now.outcome === null ? null : now;
  }

  #record(result: Result): number {
    const { state, decision, outcome, detail } = result;
    return this.#journal.transaction(() => {
      // The strategy's memory of what it decided counts when that is done (Intents.settle); that of a hold at once.
      if (outcome === "hold" || (isHold(decision) && result.call !== null)) writeMemory(this.#journal, decision.memory);
      if (state.time - this.#ticksPrunedAt >= DAY) {
        pruneTicks(this.#journal, state.time - TICK_DAYS * DAY);
        this.#ticksPrunedAt = state.time;
      }
      const { time, block, nav } = state;
      return writeTick(this.#journal, { time, block, outcome, actions: decision.actions, detail, nav });
    });
  }
}

function isHold(decision: Decision): boolean {
  const { burns, swaps, mints, sleeveMoves, fees } = decision;
  return fees === null && burns.length + swaps.length + mints.length + sleeveMoves.length === 0;
}

function held(seen: Seen): Result {
  return { ...seen, ...NOTHING_PLANNED, outcome: "hold", detail: seen.decision.reasons[0]?.text ?? "Nothing to do." };
}

function waiting(intent: Intent, answer: string | null = null): string {
  const said = answer === null ? "" : ` (the node says: ${answer})`;
  return `The ${CALL_NAMES[intent.kind]} of block ${intent.block} is sent and not settled yet${said}; the next tick goes on waiting.`;
}
