/**
 * The vault's entry and exit fee follow what a visit costs those who stay. Deposits and exits are in kind, at the pools' own composition, so
 * no stale price can be turned against the vault. But who comes and goes as it suits him leaves the ranges' LVR to the others: the right to
 * hold them only from one hour to the next is an option whose worth is the LVR expected meanwhile (L s^2 sqrt(P) / 4 a year in range,
 * arXiv 2208.06046), proportional to the variance. Entry and exit each take half of a day's.
 */
import { fresh, type View } from "../view.ts";
import { expectedLvr } from "../outlook.ts";
import { cooldownLeft } from "../proposal.ts";
import { bps, hours, percent } from "../text.ts";
import type { FeeMove, Memory, Reason } from "../types.ts";

export interface FeeVerdict {
  /** Null: fees stay as they are. */
  readonly fees: FeeMove | null;
  readonly reasons: readonly Reason[];
  readonly memory: Partial<Memory>;
}

const BPS = 10_000;

export function feeChange(view: View): FeeVerdict {
  const { config, policy, state, nav } = view;
  const settings = config.lpFees;
  if (!config.rules.feeChange) return keep("Changing the vault's fees is switched off.");
  const volatility = fresh(view.signals, "realisedVolatility7d") ?? fresh(view.signals, "realisedVolatility30d");
  if (volatility === null || !(volatility > 0)) return keep("Volatility is not known yet, so the vault's fees stay.");

  const held = view.positions.map((position) => ({
    ...position,
    tickLower: position.state.tickLower,
    tickUpper: position.state.tickUpper,
  }));
  const lvr = expectedLvr({ ...view, volatility }, held, 1) / nav;
  const each = Math.round((BPS * settings.days * lvr) / 2);
  const wanted = {
    entryBps: Math.min(each, Math.round(policy.maxEntryFee * BPS)),
    exitBps: Math.min(each, Math.round(policy.maxExitFee * BPS)),
  };
  const now = { entryBps: Math.round(state.entryFee * BPS), exitBps: Math.round(state.exitFee * BPS) };
  // What holds soon is what counts; a fee above a lowered cap comes down at once.
  const next = state.announcedFees ?? { entry: state.entryFee, exit: state.exitFee };
  const coming = { entryBps: Math.round(next.entry * BPS), exitBps: Math.round(next.exit * BPS) };
  const off = Math.max(Math.abs(wanted.entryBps - coming.entryBps), Math.abs(wanted.exitBps - coming.exitBps));
  const aboveCap = state.entryFee > policy.maxEntryFee || state.exitFee > policy.maxExitFee;
  const figures = { ...wanted, volatility, lvr, off };
  const account =
    `At a volatility of ${percent(volatility, 0)} a day of the ranges' LVR is ${bps(lvr)} of NAV; ` +
    `an entry fee of ${String(wanted.entryBps)} and an exit fee of ${String(wanted.exitBps)} bps would be right, ` +
    `${String(now.entryBps)} and ${String(now.exitBps)} are in force` +
    (state.announcedFees === null ? "" : `, ${String(coming.entryBps)} and ${String(coming.exitBps)} announced`);
  const band = Math.max(settings.bandBps, settings.bandPart * Math.max(coming.entryBps, coming.exitBps));
  if (!aboveCap && (off === 0 || off < band)) return keep(`${account}.`, figures);
  const wait = cooldownLeft(view, state.memory.lastFeeChange, settings.cooldownHours);
  if (!aboveCap && wait > 0)
    return keep(`${account}; the last change was too recent, ${hours(wait)} to wait.`, { ...figures, wait });
  return {
    fees: wanted,
    reasons: [{ rule: "feeChange", text: `${account}.`, figures }],
    memory: { lastFeeChange: state.time },
  };
}

function keep(text: string, figures: Readonly<Record<string, number>> = {}): FeeVerdict {
  return { fees: null, reasons: [{ rule: "feeChange", text, figures }], memory: {} };
}
