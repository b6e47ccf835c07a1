/**
 * The published decision and its hash, which stands in the plan on chain. The document holds everything that the decision was made from:
 * the chain's snapshot, the keeper's memory, the signals and the configuration; the state and the policy follow from the snapshot. The past
 * from which the signals came is in it by a digest, since it is long and the same from tick to tick.
 */
import { getBytes, keccak256, sha256, toUtf8Bytes } from "ethers";

import { toPolicy, toState } from "../observe/toState.ts";
import { type Jsonable, type Snapshot, snapshotFromJson, toJsonable } from "../observe/snapshot.ts";
import { canonicalJson } from "../strategy/canonical.ts";
import type { StrategyConfig } from "../strategy/config.ts";
import type { Decision, History, Memory, Policy, Signals, VaultState } from "../strategy/types.ts";

export interface HistoryDigest {
  readonly bars: number;
  readonly samples: number;
  readonly launches: number;
  readonly marks: number;
  /** Unix seconds of the first and the last bar's open; null without bars. */
  readonly firstBar: number | null;
  readonly lastBar: number | null;
  /** sha256 of the leaves one after the other, bars first; then samples, launches, marks; a leaf is the sha256 of one's canonical JSON. */
  readonly hash: string;
}

export interface DecisionDocument {
  /** Form of this document. */
  readonly schema: 3;
  readonly vault: string;
  readonly snapshot: Jsonable<Snapshot>;
  readonly memory: Memory;
  readonly history: HistoryDigest;
  readonly signals: Signals;
  readonly config: StrategyConfig;
  readonly decision: Decision;
}

export type Decide = (state: VaultState, signals: Signals, policy: Policy, config: StrategyConfig) => Decision;

export interface DocumentParts {
  readonly vault: string;
  readonly snapshot: Snapshot;
  readonly memory: Memory;
  readonly history: History;
  readonly signals: Signals;
  readonly config: StrategyConfig;
  readonly decision: Decision;
}

export function decisionDocument(parts: DocumentParts): DecisionDocument {
  const { vault, snapshot, memory, history, signals, config, decision } = parts;
  return {
    schema: 3,
    vault: vault.toLowerCase(),
    snapshot: toJsonable(snapshot),
    memory,
    history: historyDigest(history),
    signals,
    config,
    decision,
  };
}

export function historyDigest(history: History): HistoryDigest {
  const { launches = [], marks = [] } = history;
  return {
    bars: history.bars.length,
    samples: history.samples.length,
    launches: launches.length,
    marks: marks.length,
    firstBar: history.bars[0]?.time ?? null,
    lastBar: history.bars.at(-1)?.time ?? null,
    hash: sha256(joined([...history.bars, ...history.samples, ...launches, ...marks].map(leaf))),
  };
}

const LEAF_BYTES = 32;
/** The past is the same from tick to tick but for its end, and may be tens of thousands long. */
const leaves = new WeakMap<object, Uint8Array>();

function leaf(item: object): Uint8Array {
  let bytes = leaves.get(item);
  if (bytes === undefined) {
    bytes = getBytes(sha256(toUtf8Bytes(canonicalJson(item))));
    leaves.set(item, bytes);
  }
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.length * LEAF_BYTES);
  for (const [i, part] of parts.entries()) all.set(part, i * LEAF_BYTES);
  return all;
}

/** keccak256 of the document's canonical JSON, as it stands in the plan. */
export function documentHash(document: DecisionDocument): string {
  return hashOf(document);
}

/** Whether a document is the one that a plan on chain names. */
export function verifyRecord(document: DecisionDocument, hash: string): boolean {
  return documentHash(document) === hash.toLowerCase();
}

/**
 * Decides again from a document.
 *
 * @param decide of the strategy's version that the document names
 * @returns whether the same decision comes out, to the last digit
 */
export function recheckDecision(document: DecisionDocument, decide: Decide): boolean {
  const snapshot = snapshotFromJson(document.snapshot);
  const again = decide(toState(snapshot, document.memory), document.signals, toPolicy(snapshot), document.config);
  return canonicalJson(again) === canonicalJson(document.decision);
}

function hashOf(value: unknown): string {
  return keccak256(toUtf8Bytes(canonicalJson(value)));
}
