import { counted, grouped, percent, price, shortTime, signedPercent } from "../../../keeper/report/format.ts";
import type { ActionView, WorldView } from "./model.ts";

/** A day of the world as one line of a log. */
export function dayLine(view: WorldView): string {
  const progress = (view.time - view.from) / (view.to - view.from);
  const counts = [
    counted(view.counts.rangeShift, "shift"),
    counted(view.counts.feeTierMove, "tier move"),
    counted(view.counts.compound, "compound"),
  ].join(", ");
  return (
    `${shortTime(view.time)}  ${percent(progress, 0).padStart(5)}  block ${view.block}  price ${price(view.marketPrice)}  ` +
    `NAV ${grouped(view.nav)}  share ${view.sharePrice.toFixed(6)} (${signedPercent(view.shareReturn)}, hold ${signedPercent(view.hold)})  ${counts}`
  );
}

/** An action of the keeper as one line of a log. */
export function actionLine(action: ActionView): string {
  const outcome = action.refusal === null ? "" : ` refused (${action.refusal})`;
  return `${shortTime(action.time)}  keeper: ${action.kinds.join(" + ")}${outcome}: ${action.why}`;
}
