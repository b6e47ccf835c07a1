/**
 * A sleeve that the DAO wants no more (another one, or none, stands in its place of the policy, or its cap is nothing) is emptied, whatever the
 * trend and the switches say: debts step by step to the last one, which closes the sleeve whole, a reserve at once, an asset as its venue
 * settles. Only then can the place be taken by another.
 */
import { overlaysOf, ownedValue, type Overlay } from "../overlay/overlay.ts";
import { steer } from "../overlay/steer.ts";
import { NO_MOVES } from "../project.ts";
import { fit, hold, type Verdict } from "../proposal.ts";
import { move } from "../sleeveMoves.ts";
import { money } from "../text.ts";
import type { SleeveState } from "../types.ts";
import type { View } from "../view.ts";
import { back, holdsSomething } from "./asset.ts";

const RULE = "leave";

/** The first that is to be emptied and can be; null if none is to be. */
export function leave(view: View): Verdict | null {
  let held: Verdict | null = null;
  for (const sleeve of view.state.sleeves.filter((one) => isUnwanted(one) && one.answers)) {
    const verdict = emptied(view, sleeve);
    if (verdict?.accepted) return verdict;
    held = verdict ?? held;
  }
  return held;
}

export function isUnwanted({ allowed, cap }: Pick<SleeveState, "allowed" | "cap">): boolean {
  return !allowed || cap === 0;
}

function emptied(view: View, sleeve: SleeveState): Verdict | null {
  const { kind, index } = sleeve;
  const account = `The policy wants the ${kind} in place ${String(index)} no more`;
  if (kind === "reserve") return takenBack(view, sleeve, account);
  if (kind === "asset") return holdsSomething(view, sleeve) ? back(view, sleeve, account, {}, RULE) : null;
  const overlay = overlaysOf(view, kind).find((one) => one.sleeve.index === index);
  return overlay === undefined ? null : closed(view, overlay, account);
}

function closed(view: View, overlay: Overlay, account: string): Verdict | null {
  const { debt, loan } = overlay;
  if (debt.owed === 0 && ownedValue(overlay) < view.config.hedge.least * view.nav) return null;
  return steer(view, {
    rule: RULE,
    overlays: [overlay],
    wanted: 0,
    step: view.config.hedge.step,
    band: 0,
    // The trend's word on the exposure is the other sleeves' to follow.
    repays: "idle",
    account: `${account}: it owes ${money(debt.owed)} ${loan}`,
    purpose: "it is done because the DAO has decided so",
    figures: { place: overlay.sleeve.index },
  });
}

function takenBack(view: View, sleeve: SleeveState, account: string): Verdict | null {
  const { owned, index, obstacle } = sleeve;
  if (!(owned > 0)) return null;
  const figures = { place: index, owned: owned / view.nav };
  if (obstacle !== "none") return hold(RULE, `${account}, but its venue pays nothing out now (${obstacle}).`, figures);
  const fitting = fit(view, {
    rule: RULE,
    build: (size) => ({
      ...NO_MOVES,
      sleeveMoves: move(sleeve, sleeve.asset, "take", "before", owned * size, size === 1),
    }),
  });
  if ("accepted" in fitting) return fitting;
  const { moves, projection, size } = fitting;
  return {
    accepted: { kind: "sleeveMove", moves, projection, cost: view.config.cost.gas, gain: 0, memory: {} },
    reasons: [{ rule: RULE, text: `${account}; ${money(owned * size)} ${sleeve.asset} comes back.`, figures }],
  };
}
