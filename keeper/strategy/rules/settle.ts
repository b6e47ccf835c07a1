/**
 * Settling: a plan that only collects fees, so that the chain charges the churn budget now for what ranges have lost since the last plan. The
 * budget drains with time, but only what has been charged drains: a month's loss that is charged with the next range shift would forbid all but
 * the greatest width just when it is needed, while the same loss in small charges drains as it comes.
 */
import { NO_MOVES, project } from "../project.ts";
import { hold, type Verdict } from "../proposal.ts";
import { bps } from "../text.ts";
import type { View } from "../view.ts";

export function settle(view: View): Verdict {
  const rule = "settle";
  const { config, lost } = view;
  if (!config.rules.settle) return hold(rule, "Settling is switched off.");
  const least = config.limits.settleAt;
  const figures = { lost, least };
  const account = `Since the last plan ranges, with their fees, have fallen ${bps(lost)} of NAV behind holding`;
  if (!(lost >= least) || view.positions.length === 0)
    return hold(rule, `${account}; ${bps(least)} are settled.`, figures);
  const burns = view.positions.map(({ state }) => ({ index: state.index, fraction: 0 }));
  const moves = { ...NO_MOVES, burns };
  return {
    accepted: {
      kind: "settle",
      moves,
      projection: project(view, moves),
      cost: config.cost.gas,
      gain: 0,
      memory: {},
    },
    reasons: [{ rule, text: `${account}; charged now, it drains from now on.`, figures }],
  };
}
