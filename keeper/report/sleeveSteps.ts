/**
 * How the use of each sleeve went up and down: of a conversion or reversal what it owes, of the others what they own, by moves between the
 * vault and the sleeve, whoever asked for them. Interest, reported prices, liquidations and units that leavers took change the level, too, and
 * are no moves.
 */
import type { SleeveState, Token, VaultState } from "../strategy/types.ts";
import type { VaultEvents } from "./events.ts";

/** Whole units of the token. */
export interface SleeveSteps {
  readonly index: number;
  readonly kind: SleeveState["kind"];
  /** What is counted: the token that it owes, or owns. */
  readonly token: Token;
  /** Moves that raised the level, moves that lowered it, and by how much together. */
  readonly up: number;
  readonly down: number;
  readonly raised: number;
  readonly lowered: number;
  /** The greatest level seen, and the latest. */
  readonly most: number;
  readonly end: number;
}

/** Of units, floats of 30 digits. */
const ROUNDING = 1e-9;

/** @param known of the same sleeve, undefined for one that is new */
function withMoves(
  known: SleeveSteps | undefined,
  was: SleeveState | undefined,
  sleeve: SleeveState,
  events: VaultEvents,
): SleeveSteps {
  const { index, kind } = sleeve;
  const owes = kind === "conversion" || kind === "reversal";
  const token = owes ? other(sleeve.asset) : sleeve.asset;
  const levelOf = ({ owed, owned }: SleeveState): number => (owes ? owed : owned);
  // Borrowing brings the loan token out, lending takes the asset in.
  const changes = events.sleeveMoves
    .filter((move) => move.index === index)
    .map((move) => (owes ? -move[token] : move[token]));
  const ups = changes.filter((change) => change > 0);
  const left = (was === undefined ? 0 : levelOf(was)) + sum(changes);
  const gone = partOut(was, sleeve, events) * Math.max(left, 0);
  const downs = [...changes.filter((change) => change < 0), ...(gone > 0 ? [-gone] : [])];
  return {
    index,
    kind,
    token,
    up: (known?.up ?? 0) + ups.length,
    down: (known?.down ?? 0) + downs.length,
    raised: (known?.raised ?? 0) + sum(ups),
    lowered: (known?.lowered ?? 0) - sum(downs),
    most: Math.max(known?.most ?? 0, levelOf(sleeve)),
    end: levelOf(sleeve),
  };
}

/**
 * The part that left as a part does, both legs in proportion, which no event tells: a plan's last step closes a sleeve so, a guardian unwinds
 * one so, and leavers are paid so. It is what the vault's units say beyond moves and beyond units that leavers took.
 */
function partOut(was: SleeveState | undefined, is: SleeveState, events: VaultEvents): number {
  const units = (list: readonly { readonly index: number; readonly units: number }[]): number =>
    list.reduce((all, one) => all + (one.index === is.index ? one.units : 0), 0);
  const held = (was?.units ?? 0) + units(events.sleeveMoves) - units(events.unitsTaken);
  const part = held > 0 ? (held - is.units) / held : 0;
  return part > ROUNDING ? Math.min(part, 1) : 0;
}

/** With the moves of one step of the books. A sleeve that went keeps what it did. */
export function addSteps(
  known: ReadonlyMap<number, SleeveSteps>,
  before: VaultState,
  after: VaultState,
  events: VaultEvents,
): Map<number, SleeveSteps> {
  const next = new Map(known);
  for (const sleeve of after.sleeves) {
    const was = before.sleeves.find(({ index }) => index === sleeve.index);
    next.set(sleeve.index, withMoves(known.get(sleeve.index), was, sleeve, events));
  }
  return next;
}

function other(token: Token): Token {
  return token === "base" ? "quote" : "base";
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
