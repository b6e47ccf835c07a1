/**
 * The reversal: base secures a debt in quote that buys base. It adds to the core's long in a bullish trend, by a governed part of its bullish
 * voices, at most a quarter; what a conversion would take away again is left out on both sides (../overlay/wish.ts). Off by default.
 */
import { overlaysOf, owedBy } from "../overlay/overlay.ts";
import { steer } from "../overlay/steer.ts";
import { wishOf } from "../overlay/wish.ts";
import { hold, type Verdict } from "../proposal.ts";
import { money, percent } from "../text.ts";
import type { View } from "../view.ts";

const RULE = "reversal";

/** More is owed than is wanted. Bringing it down hedges as a conversion does, and saves interest where that costs some: it comes first. */
export function reversalIsTooLarge(view: View): boolean {
  const wish = wishOf(view);
  return wish !== null && owedBy(overlaysOf(view, "reversal")) > wish.reversal * view.coreDelta * view.price;
}

export function reversal(view: View): Verdict {
  const { config, coreDelta, price } = view;
  const overlays = overlaysOf(view, "reversal");
  const owed = owedBy(overlays);
  if (overlays.length === 0) return hold(RULE, "There is no sleeve for a reversal.");
  // What an earlier setting has opened is closed.
  const empty = overlays.every(({ debt }) => debt.owed === 0 && debt.owned === 0);
  if (!config.rules.reversal && empty) return hold(RULE, "Reversals are switched off.");
  const wish = wishOf(view);
  if (wish === null) return hold(RULE, "The trend is not known yet, so the reversal stays.");
  const wanted = wish.reversal * coreDelta * price;
  const account =
    `A reversal is to add ${percent(wish.reversal)} of the core's ${money(coreDelta)} base: ` +
    `a debt of ${money(wanted)} is wanted, ${money(owed)} is owed`;
  return steer(view, {
    rule: RULE,
    overlays,
    wanted,
    step: config.reversal.step,
    band: config.reversal.band,
    account,
    purpose: "no gain is counted for it: it follows the trend's word",
    figures: { ratio: wish.reversal, netted: wish.netted },
  });
}
