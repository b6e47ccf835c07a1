/** A vault's sleeves as `strata status` shows them: what each holds, owes and earns, its health, and how to leave it. */
import { obstacleText } from "../chain/obstacles.ts";
import { decimal, grouped, percent } from "../report/format.ts";
import type { SleeveView } from "../observe/snapshot.ts";
import { carryPerYear, debtValue, type Debt } from "../sleeves/debt.ts";
import type { SleeveState, VaultState } from "../strategy/types.ts";
import type { PairInfo } from "./vaultConnection.ts";

/** The sleeve as the model of debts has it; what owes nothing is a debt of nothing. */
function debtOf({ asset, owned, owed }: SleeveState): Debt {
  return { kind: asset === "quote" ? "conversion" : "reversal", owned, owed };
}

export function sleeveDocuments(state: VaultState, views: readonly SleeveView[]): unknown[] {
  const price = state.price ?? state.tiers[0]?.price ?? 0;
  return state.sleeves.map((sleeve) => {
    const view = views.find((one) => one.index === sleeve.index);
    const obstacle = obstacleText(view?.obstacle ?? 0);
    return {
      place: sleeve.index,
      address: view?.sleeve ?? null,
      kind: sleeve.kind,
      asset: sleeve.asset,
      owned: decimal(sleeve.owned),
      owed: decimal(sleeve.owed),
      value: decimal(debtValue(debtOf(sleeve), price)),
      ownedBps: Math.round(10_000 * (state.nav === 0 ? 0 : ownedValue(sleeve, price) / state.nav)),
      carryPerYear: decimal(carryPerYear(debtOf(sleeve), price, sleeve)),
      health: sleeve.health,
      floorHealth: sleeve.floor,
      borrowRate: sleeve.borrowRate,
      borrowRateCap: sleeve.rateCap,
      deleverage: deleverageText(sleeve),
      // Not every venue tells.
      supplyRate: sleeve.supplyRate === 0 ? null : sleeve.supplyRate,
      pending: decimal(sleeve.pending),
      capBps: Math.round(sleeve.cap * 10_000),
      allowed: sleeve.allowed,
      answers: sleeve.answers,
      exit: obstacle === null ? "tokens" : "units",
      obstacle,
    };
  });
}

/** What the cap is on: before the debt. */
function ownedValue({ asset, owned }: SleeveState, price: number): number {
  return asset === "base" ? owned * price : owned;
}

/** Why anybody may bring the debt down now; null if nobody may, as far as figures tell. */
function deleverageText({ owed, health, floor, borrowRate, rateCap }: SleeveState): string | null {
  if (owed === 0) return null;
  if (health !== null && health < floor) return "its health is under the floor";
  return borrowRate > rateCap ? "borrowing is dearer than its cap" : null;
}

function due(sleeve: SleeveState): string {
  const why = deleverageText(sleeve);
  return why === null ? "" : ` ${why}, so anybody may bring the debt down (Vault.deleverage);`;
}

/** A debt's collateral earns nothing on some venues; of a reserve or an asset that says nothing, nothing is known. */
function earnsText({ kind, supplyRate }: SleeveState): string {
  if (supplyRate > 0) return ` earns ${percent(supplyRate)} a year;`;
  return kind === "reserve" || kind === "asset" ? " its venue does not tell what it earns;" : "";
}

/** @param own why the asker's own shares would not be paid in tokens, by place (see obstacleText); null if nobody asks for his own */
export function sleeveLines(
  state: VaultState,
  views: readonly SleeveView[],
  pair: PairInfo,
  own: readonly number[] | null,
): readonly (readonly [string, string])[] {
  const price = state.price ?? state.tiers[0]?.price ?? 0;
  const share = (value: number): string => percent(state.nav === 0 ? 0 : value / state.nav);
  return state.sleeves.map((sleeve) => {
    const view = views.find((one) => one.index === sleeve.index);
    const [asset, other] = sleeve.asset === "quote" ? [pair.quote, pair.base] : [pair.base, pair.quote];
    const name = `${sleeve.kind} ${sleeve.index}`;
    if (!sleeve.answers) return [name, "its venue does not answer; leave with units of it"];
    const value = debtValue(debtOf(sleeve), price);
    const debt =
      sleeve.owed === 0
        ? ""
        : ` owes ${grouped(sleeve.owed, 4)} ${other.symbol} at ${percent(sleeve.borrowRate)} a year (dearest ${percent(sleeve.rateCap, 0)}), health ${sleeve.health === null ? "unknown" : sleeve.health.toFixed(2)} (deleveraged under ${sleeve.floor.toFixed(2)});${due(sleeve)}`;
    const waits = sleeve.pending === 0 ? "" : ` ${grouped(sleeve.pending, 4)} ${asset.symbol} not settled yet;`;
    const earns = earnsText(sleeve);
    const exit = exitWords(view, own);
    const allowed = sleeve.allowed ? "" : "; nothing more may be given to it";
    return [
      name,
      `holds ${grouped(sleeve.owned, 4)} ${asset.symbol};${debt}${waits}${earns} worth ${grouped(value)} ${pair.quote.symbol} (${share(value)}); owns ${share(ownedValue(sleeve, price))} of NAV (cap ${percent(sleeve.cap, 0)}); ${exit}${allowed}`,
    ];
  });
}

/** How to leave: with the asker's own shares, or else with everything at once, which a venue may refuse where it pays a part. */
function exitWords(view: SleeveView | undefined, own: readonly number[] | null): string {
  const obstacle = obstacleText((own === null ? view?.obstacle : own[view?.index ?? 0]) ?? 0);
  if (own === null) {
    return obstacle === null ? "leave in tokens" : `all at once: leave with units, because ${obstacle}`;
  }
  return obstacle === null ? "your shares leave in tokens" : `your shares leave with units, because ${obstacle}`;
}
