/** What others did to a vault's debts: liquidations by the venue's, deleveragings by anybody's, unwindings by the guardian's hand. */
import type { SleeveState, VaultState } from "../strategy/types.ts";
import type { VaultEvents } from "./events.ts";

export interface Incidents {
  readonly liquidations: number;
  readonly deleverages: number;
  readonly unwinds: number;
}

export const NO_INCIDENTS: Incidents = { liquidations: 0, deleverages: 0, unwinds: 0 };

/** Of what a sleeve owns and owes, the part that interest and roundings do not explain. */
const ROUNDING = 1e-6;

/**
 * Of one step. The vault tells of deleveragings and unwindings. Of a liquidation it hears nothing, and every venue has its own event: it is what
 * makes both legs smaller while nobody moved anything and no units went.
 */
export function incidentsOf(before: VaultState, after: VaultState, events: VaultEvents): Incidents {
  const count = (kind: VaultEvents["interventions"][number]["kind"]): number =>
    events.interventions.filter((one) => one.kind === kind).length;
  const liquidated = after.sleeves.filter((sleeve) => {
    const was = before.sleeves.find(({ index }) => index === sleeve.index);
    const moved = events.sleeveMoves.some(({ index }) => index === sleeve.index);
    return was !== undefined && !moved && bothFell(was, sleeve);
  });
  return { liquidations: liquidated.length, deleverages: count("deleverage"), unwinds: count("unwind") };
}

function bothFell(was: SleeveState, is: SleeveState): boolean {
  return (
    was.answers &&
    is.answers &&
    is.units === was.units &&
    was.owed > 0 &&
    is.owed < was.owed * (1 - ROUNDING) &&
    is.owned < was.owned * (1 - ROUNDING)
  );
}

export function addIncidents(a: Incidents, b: Incidents): Incidents {
  return {
    liquidations: a.liquidations + b.liquidations,
    deleverages: a.deleverages + b.deleverages,
    unwinds: a.unwinds + b.unwinds,
  };
}
