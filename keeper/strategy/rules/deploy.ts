/** A vault without ranges gets its first ones. */
import { bestTier, layOut } from "../layout.ts";
import { consider, hold, type Verdict } from "../proposal.ts";
import { tierName } from "../text.ts";
import type { View } from "../view.ts";

export function deploy(view: View): Verdict {
  const { config, state } = view;
  if (!config.rules.deploy) return hold("deploy", "First deployment is switched off.");
  const tier = bestTier(view, view.coreTarget);
  if (tier === null) return hold("deploy", `No fee tier can be used: ${whyNoTier(view)}`);
  const swapBelow = config.rules.swap ? config.swap.whenBelow : 0;
  const verdict = consider(view, {
    kind: "rangeShift",
    rule: "deploy",
    horizonDays: config.rangeShift.horizonDays,
    build: (size) => layOut(view, [], [{ tier, part: 1 }], size * view.coreTarget, swapBelow),
    memory: { lastRangeShift: state.time },
  });
  if (verdict.accepted === null) return verdict;
  const text = `The vault has no range; the first goes to the ${tierName(tier.fee)} tier.`;
  const figures = { fee: tier.fee, halfWidth: view.mintHalfWidth, volatility: view.volatility };
  return { ...verdict, reasons: [{ rule: "deploy", text, figures }, ...verdict.reasons] };
}

/** Why no tier can be used, a sentence. */
export function whyNoTier(view: View): string {
  if (!view.tiers.some((tier) => tier.state.allowed && view.policy.allowedFees.includes(tier.fee))) {
    return "the policy allows none of the pair's tiers.";
  }
  return "the allowed ones are empty or their spot is outside the oracle's band.";
}
