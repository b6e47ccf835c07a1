/**
 * The hedge: conversions owe base against the base that the core holds, in proportion to the bearish part of the trend's voices, in steps. It is
 * asked after the range shift, since a shift changes the base that there is to hedge and waits for a day itself, so that it cannot starve the
 * hedge; and before all that only earns, since it shares the turnover budget with that.
 *
 * It is insurance: no gain is expected of it, so no hurdle is asked, and the sentence says what it costs.
 */
import { overlaysOf, owedBy } from "../overlay/overlay.ts";
import { steer } from "../overlay/steer.ts";
import { drainMemory, wishOf } from "../overlay/wish.ts";
import { hold, type Verdict } from "../proposal.ts";
import { money, percent } from "../text.ts";
import type { View } from "../view.ts";

const RULE = "hedge";

export function hedge(view: View): Verdict {
  const { config, coreDelta } = view;
  if (!config.rules.hedge) return hold(RULE, "Hedging is switched off.");
  const overlays = overlaysOf(view, "conversion");
  if (overlays.length === 0) {
    return hold(RULE, "There is no conversion to hedge with: none answers and is worth more than it owes.");
  }
  const wish = wishOf(view);
  if (wish === null) return hold(RULE, "The trend is not known yet, so the hedge stays.");
  const ratio = wish.conversion;
  const wanted = ratio * coreDelta;
  const drained = drainMemory(view).drained
    ? `, ${percent(config.quickRatio.adds, 0)} of it for pools short of quote`
    : "";
  const netted = wish.netted > 0 ? `, ${percent(wish.netted)} less for a reversal that is not opened` : "";
  const account =
    `The hedge is to be ${percent(ratio, 0)} of the core's ${money(coreDelta)} base${drained}${netted}: ` +
    `a debt of ${money(wanted)} is wanted, ${money(owedBy(overlays))} is owed`;
  return steer(view, {
    rule: RULE,
    overlays,
    wanted,
    // All base that there is: beyond it the vault would be short.
    most: coreDelta + view.state.idleBase,
    // What has been delivered does not come back when a voice turns, so a trend that is one is asked for.
    delivers: ratio >= config.hedge.deliverFrom,
    step: config.hedge.step,
    band: config.hedge.band,
    account,
    purpose: "it is insurance, and no gain is expected of it",
    figures: { ratio },
  });
}
