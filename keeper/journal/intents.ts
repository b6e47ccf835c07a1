/** What the keeper means to do outside: intents, their signed transactions, and what became of them. */
import type { CallKind } from "../execution/calls.ts";
import type { Plan } from "../plan/types.ts";
import { type Jsonable, toJsonable } from "../observe/snapshot.ts";
import type { ActionKind, Memory } from "../strategy/types.ts";
import { type Journal, JournalError, number, numberOrNull, type Row, text, textOrNull } from "./journal.ts";
import { writeMemory } from "./memory.ts";

/**
 * confirmed: the call went through. reverted: it was mined and refused. superseded: another plan took its nonce. expired: its deadline passed
 * unmined. displaced: another transaction took the account's nonce.
 */
export type IntentOutcome = "confirmed" | "reverted" | "superseded" | "expired" | "displaced";

export interface NewIntent {
  /** Unix seconds of the snapshot's block. */
  readonly time: number;
  readonly block: bigint;
  readonly kind: CallKind;
  /** Contract that is called. */
  readonly to: string;
  /** Of the published decision; null for housekeeping, which the strategy does not decide. */
  readonly decisionHash: string | null;
  readonly actions: readonly ActionKind[];
  /** Null for any other kind. */
  readonly plan: Plan | null;
  /** Unix seconds of the chain after which it is not worth waiting for; a plan cannot run later. */
  readonly deadline: number;
  readonly accountNonce: number;
  readonly calldata: string;
  readonly gasLimit: bigint;
  /** The strategy's memory if the call is confirmed; null: as it is. */
  readonly memory: Memory | null;
}

export interface Intent extends Omit<NewIntent, "plan"> {
  readonly id: number;
  readonly plan: Jsonable<Plan> | null;
  /** Null if it is no plan. */
  readonly planNonce: bigint | null;
  /** Null while open. */
  readonly outcome: IntentOutcome | null;
  readonly detail: string | null;
  readonly transaction: MinedTransaction | null;
}

export interface MinedTransaction {
  readonly hash: string;
  readonly block: bigint;
  readonly gasUsed: bigint;
  /** Wei per gas. */
  readonly gasPrice: bigint;
}

export interface NewAttempt {
  readonly hash: string;
  readonly accountNonce: number;
  /** Signed, hex. */
  readonly raw: string;
  readonly maxFee: bigint;
  readonly priorityFee: bigint;
  /** Milliseconds of the keeper's clock. */
  readonly signedAt: number;
}

export interface Attempt extends NewAttempt {
  readonly intent: number;
  /** Null if the keeper cannot know whether it was handed over. */
  readonly sentAt: number | null;
  /** What the node said to it, null for "accepted" or not asked. */
  readonly answer: string | null;
}

export interface Settlement {
  readonly outcome: IntentOutcome;
  /** One sentence. */
  readonly detail: string;
  readonly transaction: MinedTransaction | null;
}

export class Intents {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /**
   * Writes an intent, its first signed transaction and its decision, if there is one, before anything is sent. On the disk when this returns.
   *
   * @throws JournalError if another intent is open
   */
  begin(intent: NewIntent, attempt: NewAttempt, document: string | null): Intent {
    const open = this.open();
    if (open !== null) {
      throw new JournalError(
        `Intent ${open.id} is not settled yet; settle it before a new one, and run one keeper per journal.`,
      );
    }
    return this.#journal.durably(() => {
      if (intent.decisionHash !== null && document !== null) {
        this.#journal.run("INSERT OR REPLACE INTO decisions (hash, time, document) VALUES (:hash, :time, :document)", {
          hash: intent.decisionHash,
          time: intent.time,
          document,
        });
      }
      const id = this.#journal.run(
        `INSERT INTO intents (kind, target, time, block, decision_hash, actions, plan, plan_nonce, deadline, account_nonce, calldata, gas_limit, memory)
         VALUES (:kind, :target, :time, :block, :decision_hash, :actions, :plan, :plan_nonce, :deadline, :account_nonce, :calldata, :gas_limit, :memory)`,
        {
          kind: intent.kind,
          target: intent.to,
          time: intent.time,
          block: Number(intent.block),
          // The columns of what only a plan has are older than the other kinds and may not be empty.
          decision_hash: intent.decisionHash ?? NONE,
          actions: JSON.stringify(intent.actions),
          plan: JSON.stringify(toJsonable(intent.plan)),
          plan_nonce: intent.plan?.nonce.toString() ?? NONE,
          deadline: intent.deadline,
          account_nonce: intent.accountNonce,
          calldata: intent.calldata,
          gas_limit: intent.gasLimit.toString(),
          memory: JSON.stringify(intent.memory),
        },
      );
      this.#addAttempt(Number(id), attempt);
      return this.get(Number(id));
    });
  }

  /** Writes a replacement before it is sent. On the disk when this returns. */
  addAttempt(intent: number, attempt: NewAttempt): void {
    this.#journal.durably(() => {
      this.#addAttempt(intent, attempt);
    });
  }

  /** Notes that the node was asked to take a transaction, and its answer if it did not. */
  markSent(hash: string, at: number, answer: string | null): void {
    this.#journal.run("UPDATE attempts SET sent_at = :at, answer = :answer WHERE hash = :hash", { hash, at, answer });
  }

  /** Closes an intent; with a confirmed one its memory becomes the strategy's. On the disk when this returns. */
  settle(id: number, settlement: Settlement, at: number): void {
    this.#journal.durably(() => {
      const { outcome, detail, transaction } = settlement;
      this.#journal.run(
        `UPDATE intents SET outcome = :outcome, detail = :detail, tx_hash = :tx_hash, tx_block = :tx_block, gas_used = :gas_used,
         gas_price = :gas_price, settled_at = :at WHERE id = :id AND outcome IS NULL`,
        {
          id,
          outcome,
          detail,
          tx_hash: transaction?.hash ?? null,
          tx_block: transaction === null ? null : Number(transaction.block),
          gas_used: transaction?.gasUsed.toString() ?? null,
          gas_price: transaction?.gasPrice.toString() ?? null,
          at,
        },
      );
      const { memory } = this.get(id);
      if (outcome === "confirmed" && memory !== null) writeMemory(this.#journal, memory);
    });
  }

  /** The one that is not settled, if any. */
  open(): Intent | null {
    const row = this.#journal.get("SELECT * FROM intents WHERE outcome IS NULL");
    return row === undefined ? null : toIntent(row);
  }

  get(id: number): Intent {
    const row = this.#journal.get("SELECT * FROM intents WHERE id = :id", { id });
    if (row === undefined) throw new JournalError(`There is no intent ${id} in the journal; report this.`);
    return toIntent(row);
  }

  /** Oldest first. */
  list(): Intent[] {
    return this.#journal.all("SELECT * FROM intents ORDER BY id").map(toIntent);
  }

  /** An intent's transactions, oldest first. */
  attempts(intent: number): Attempt[] {
    return this.#journal.all("SELECT * FROM attempts WHERE intent = :intent ORDER BY rowid", { intent }).map(toAttempt);
  }

  /** The dearest transaction that was ever signed for an account nonce: the next one there must outbid it. */
  dearestAt(accountNonce: number): Attempt | null {
    const all = this.#journal
      .all("SELECT * FROM attempts WHERE account_nonce = :accountNonce", { accountNonce })
      .map(toAttempt);
    return all.reduce<Attempt | null>((best, one) => (best === null || one.maxFee > best.maxFee ? one : best), null);
  }

  /** The published document of a decision, as it was hashed. */
  document(hash: string): string | null {
    const row = this.#journal.get("SELECT document FROM decisions WHERE hash = :hash", { hash });
    return row === undefined ? null : text(row, "document");
  }

  #addAttempt(intent: number, attempt: NewAttempt): void {
    this.#journal.run(
      `INSERT INTO attempts (hash, intent, account_nonce, raw, max_fee, priority_fee, signed_at)
       VALUES (:hash, :intent, :account_nonce, :raw, :max_fee, :priority_fee, :signed_at)`,
      {
        hash: attempt.hash,
        intent,
        account_nonce: attempt.accountNonce,
        raw: attempt.raw,
        max_fee: attempt.maxFee.toString(),
        priority_fee: attempt.priorityFee.toString(),
        signed_at: attempt.signedAt,
      },
    );
  }
}

/** A text column that may not be null and holds nothing. */
const NONE = "";

function toIntent(row: Row): Intent {
  const txHash = textOrNull(row, "tx_hash");
  const decisionHash = text(row, "decision_hash");
  const planNonce = text(row, "plan_nonce");
  return {
    id: number(row, "id"),
    time: number(row, "time"),
    block: BigInt(number(row, "block")),
    kind: text(row, "kind") as CallKind,
    to: text(row, "target"),
    decisionHash: decisionHash === NONE ? null : decisionHash,
    // Casts: the journal wrote these from the same types, and its file's version says so.
    actions: JSON.parse(text(row, "actions")) as ActionKind[],
    plan: JSON.parse(text(row, "plan")) as Jsonable<Plan> | null,
    planNonce: planNonce === NONE ? null : BigInt(planNonce),
    deadline: number(row, "deadline"),
    accountNonce: number(row, "account_nonce"),
    calldata: text(row, "calldata"),
    gasLimit: BigInt(text(row, "gas_limit")),
    memory: JSON.parse(text(row, "memory")) as Memory | null,
    outcome: textOrNull(row, "outcome") as IntentOutcome | null,
    detail: textOrNull(row, "detail"),
    transaction:
      txHash === null
        ? null
        : {
            hash: txHash,
            block: BigInt(number(row, "tx_block")),
            gasUsed: BigInt(text(row, "gas_used")),
            gasPrice: BigInt(text(row, "gas_price")),
          },
  };
}

function toAttempt(row: Row): Attempt {
  return {
    hash: text(row, "hash"),
    intent: number(row, "intent"),
    accountNonce: number(row, "account_nonce"),
    raw: text(row, "raw"),
    maxFee: BigInt(text(row, "max_fee")),
    priorityFee: BigInt(text(row, "priority_fee")),
    signedAt: number(row, "signed_at"),
    sentAt: numberOrNull(row, "sent_at"),
    answer: textOrNull(row, "answer"),
  };
}
