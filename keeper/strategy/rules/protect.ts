/**
 * Health comes first: a debt whose health has fallen under the comfort level is brought down to the loan-to-value aimed at before anything else
 * is asked, whatever the trend, the waiting time and the switches say: from idle tokens, then by buying, then by burning the same part of
 * every range.
 */
import { accept } from "../overlay/steer.ts";
import { overlaysOf, securedBy, type Overlay } from "../overlay/overlay.ts";
import { repayment } from "../overlay/repay.ts";
import { fit, type Verdict } from "../proposal.ts";
import type { View } from "../view.ts";

/** The weakest debt, if it is under its comfort level; null if none is. */
export function protect(view: View): Verdict | null {
  const { config } = view;
  const weakest = [...overlaysOf(view, "conversion"), ...overlaysOf(view, "reversal")]
    .filter(({ debt, health }) => debt.owed > 0 && health < config.hedge.comfort)
    .reduce<Overlay | null>((worst, one) => (worst === null || one.health < worst.health ? one : worst), null);
  if (weakest === null) return null;
  const { debt, health } = weakest;
  const rule = debt.kind === "conversion" ? "hedge" : "reversal";
  const wanted = debt.owed - securedBy(weakest, debt.owned);
  const fitting = fit(view, {
    rule,
    build: (size) => repayment(view, weakest, Math.min(wanted * size, debt.owed), "urgent"),
    nothing: "Neither idle tokens nor ranges hold anything to repay with.",
  });
  const text = `The ${debt.kind}'s health is ${health.toFixed(2)}, under ${config.hedge.comfort.toFixed(2)}: its debt is brought down first, whatever the trend.`;
  const figures = { health, comfort: config.hedge.comfort, wanted };
  if ("accepted" in fitting) return { ...fitting, reasons: [{ rule, text, figures }, ...fitting.reasons] };
  return accept(view, { rule, purpose: "it is done for its health", figures }, weakest, fitting, text);
}
