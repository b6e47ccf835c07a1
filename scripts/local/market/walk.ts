/** How the market walks from bar to bar. */
import type { Bar } from "../../../keeper/market/types.ts";
import { LocalWorldError } from "../errors.ts";

/** One stop of the walk: the outside market's price at a time. */
export interface SubStep {
  /** Unix seconds of the stop's block. */
  readonly time: number;
  /** Quote units per base unit. */
  readonly price: number;
  /** True at the bar's close, whose block has the time at which the next bar opens. */
  readonly closesBar: boolean;
}

/**
 * Walks a bar from its open to the nearer extreme, to the other extreme, to the close, in evenly spaced stops. With three
 * stops each leg is one; more stops divide the legs evenly in log price.
 * @param step seconds from bar to bar
 * @param stops a multiple of three that divides the step into whole seconds
 * @throws LocalWorldError
 */
export function walkBar(bar: Bar, step: number, stops: number): readonly SubStep[] {
  if (!Number.isInteger(stops) || stops < 3 || stops % 3 !== 0 || step % stops !== 0) {
    throw new LocalWorldError(
      `A bar of ${step} s cannot be walked in ${stops} stops: take a multiple of three that divides it into whole seconds.`,
    );
  }
  const { open, high, low, close } = bar;
  const highFirst = Math.log(high / open) < Math.log(open / low);
  const corners = highFirst ? [open, high, low, close] : [open, low, high, close];
  const perLeg = stops / 3;
  return Array.from({ length: stops }, (_, i) => {
    const leg = Math.floor(i / perLeg);
    const part = ((i % perLeg) + 1) / perLeg;
    const from = corners[leg] ?? close;
    const to = corners[leg + 1] ?? close;
    return {
      time: bar.time + ((i + 1) * step) / stops,
      // On a corner exactly the bar's own figure, without the rounding of exp and log.
      price: part === 1 ? to : from * Math.exp(part * Math.log(to / from)),
      closesBar: i === stops - 1,
    };
  });
}
