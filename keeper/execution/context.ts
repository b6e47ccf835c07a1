/** What the steps that touch the outside share. */
import type { ChainNode } from "../chain/node.ts";
import type { Intents } from "../journal/intents.ts";
import type { Clock } from "../run/clock.ts";

/** An account that signs; ethers' Wallet is one. */
export interface Signer {
  readonly address: string;
  signTransaction(transaction: {
    readonly type: 2;
    readonly chainId: bigint;
    readonly nonce: number;
    readonly to: string;
    readonly data: string;
    readonly value: bigint;
    readonly gasLimit: bigint;
    readonly maxFeePerGas: bigint;
    readonly maxPriorityFeePerGas: bigint;
  }): Promise<string>;
}

export interface ExecutionSettings {
  /** Blocks that must hold a transaction, its own included, before it counts. */
  readonly confirmations: number;
  /** Milliseconds for which a tick waits for its transaction; the next tick goes on waiting. */
  readonly patience: number;
  /** Milliseconds between looks at the chain while waiting. */
  readonly poll: number;
  /** Milliseconds after which an unmined transaction is replaced by a dearer one. */
  readonly replaceAfter: number;
  /** Most transactions for one intent, the first included. */
  readonly maxAttempts: number;
  /** Most wei per gas. */
  readonly maxFeePerGas: bigint;
}

/**
 * Boundaries at which a keeper may be killed. `intent` and `attempt`: written, not sent. `sent`: handed over, not noted. `noted`: noted, not
 * confirmed. `mined`: seen in a block. `final`: settled by the chain, not written. `settled`: written.
 */
export type Checkpoint = "intent" | "attempt" | "sent" | "noted" | "mined" | "final" | "settled";

export interface ExecutionContext {
  readonly node: ChainNode;
  readonly chainId: bigint;
  readonly vault: string;
  /** The account's address; also without a signer. */
  readonly keeper: string;
  /** Null: nothing can be sent. */
  readonly signer: Signer | null;
  readonly intents: Intents;
  readonly settings: ExecutionSettings;
  readonly clock: Clock;
  /** Called at each boundary; for progress, and for tests that break the keeper there. */
  readonly checkpoint: (at: Checkpoint) => void;
}
