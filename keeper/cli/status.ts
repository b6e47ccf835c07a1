import { computeAddress, formatUnits } from "ethers";

import { policyAt } from "../chain/abi.ts";
import { decodeRefusal } from "../chain/errors.ts";
import { obstacleText } from "../chain/obstacles.ts";
import { priceFromX96, toUnits } from "../chain/orientation.ts";
import { NO_MEMORY } from "../journal/memory.ts";
import { toState } from "../observe/toState.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import { decimal, feeTier, grouped, isoTime, percent, price } from "../report/format.ts";
import { budgetSummary, type BudgetSummary } from "../report/summary.ts";
import { priceOfTick } from "../strategy/ticks.ts";
import type { VaultState } from "../strategy/types.ts";
import { privateKeyFrom, type Environment } from "./config.ts";
import { valueWei } from "./lp/amounts.ts";
import { allUnits, inOrder, worthText, type UnitsHeld } from "./lp/units.ts";
import { sleeveDocuments, sleeveLines } from "./sleeveLines.ts";
import {
  byRole,
  exact,
  holdingsOf,
  observeVault,
  readPair,
  tokenText,
  type Holdings,
  type PairInfo,
  type VaultConnection,
} from "./vaultConnection.ts";

/** What `strata status` shows. */
export interface Status {
  readonly chainId: number;
  readonly vault: string;
  readonly lens: string;
  readonly local: boolean;
  readonly pair: PairInfo;
  readonly snapshot: Snapshot;
  readonly state: VaultState;
  /** The local world's keeper, or the address of KEEPER_PRIVATE_KEY; null if neither is known. */
  readonly keeper: string | null;
  readonly treasury: TreasuryView;
  readonly account: {
    readonly address: string;
    readonly holdings: Holdings;
    /** Of sleeves that the account left with. */
    readonly units: readonly UnitsHeld[];
    /** Why there may be more of them, one sentence; null if these are all. */
    readonly unitsTrouble: string | null;
    /** Why its shares would not be paid in tokens now, by place (see obstacleText); null if it has none. */
    readonly obstacles: readonly number[] | null;
  } | null;
}

/** What the lens does not tell: the treasury's due. */
export interface TreasuryView {
  readonly address: string;
  /** Booked and not claimed, wei. */
  readonly amount0: bigint;
  readonly amount1: bigint;
}

async function readTreasury({ vault, provider }: VaultConnection, snapshot: Snapshot): Promise<TreasuryView> {
  const at = { blockTag: snapshot.blockNumber };
  const [policy, owed] = await Promise.all([vault.POLICY(at), vault.treasuryBook(at)]);
  return {
    address: await policyAt(policy, provider).treasury(at),
    amount0: owed.amount0,
    amount1: owed.amount1,
  };
}

export async function readStatus(
  connection: VaultConnection,
  environment: Environment,
  account: string | undefined,
): Promise<Status> {
  const { target } = connection;
  const own = keeperOf(environment);
  const keeper = target.local?.accounts["keeper"] ?? own;
  const snapshot = await observeVault(connection, keeper ?? undefined);
  const pair = await readPair(connection, snapshot);
  return {
    chainId: target.chainId,
    vault: target.vault,
    lens: target.lens,
    local: target.local !== null,
    pair,
    snapshot,
    state: toState(snapshot, NO_MEMORY),
    keeper,
    treasury: await readTreasury(connection, snapshot),
    account: account === undefined ? null : await readAccount(connection, pair, account),
  };
}

async function readAccount(
  connection: VaultConnection,
  pair: PairInfo,
  address: string,
): Promise<NonNullable<Status["account"]>> {
  const { lens, target } = connection;
  const holdings = await holdingsOf(connection, pair, address);
  const { units, trouble } = await allUnits(connection, pair, address);
  // The whole of a sleeve may be more than its venue pays at once, and these shares' part not.
  const exit = holdings.shares === 0n ? null : await lens.exitMask(target.vault, holdings.shares);
  return { address, holdings, units, unitsTrouble: trouble, obstacles: exit === null ? null : exit.why.map(Number) };
}

function unitsLine(held: UnitsHeld): string {
  const { place, left, address, answers, asset, tickets } = held;
  const of = place === null ? `sleeve ${address}, which has left place ${left ?? "?"}` : `sleeve ${place}`;
  const worth = answers ? `stand for ${worthText(held)}` : "its venue does not tell what they stand for";
  const paid =
    tickets === null || tickets.claimable === 0n ? "" : `; ${tokenText(tickets.claimable, asset)} to be claimed`;
  const waits = tickets === null || tickets.waiting === 0n ? "" : "; a part settles later";
  return `of ${of}: ${worth}${paid}${waits}; strata redeem turns them into tokens`;
}

function keeperOf(environment: Environment): string | null {
  const isSet = (environment["KEEPER_PRIVATE_KEY"]?.trim() ?? "") !== "";
  return isSet ? computeAddress(privateKeyFrom(environment, "KEEPER_PRIVATE_KEY")) : null;
}

/** Quote wei: the lens's NAV, which no pool's spot can move, or while the oracle is silent what the spots say. */
function navWei(snapshot: Snapshot): bigint {
  return snapshot.oracleOk ? snapshot.nav : valueWei(snapshot);
}

/** Quote units of the vault; the share price follows from it and the supply. */
function nav(status: Status): string {
  return exact(navWei(status.snapshot), status.pair.quote);
}

function sharePrice(status: Status): number {
  return status.state.shareSupply === 0 ? 0 : Number(nav(status)) / status.state.shareSupply;
}

/** Value of shares at the present share price, quote units. */
function valueOfShares(status: Status, shares: bigint): string {
  const { snapshot, pair } = status;
  return snapshot.supply === 0n ? "0" : exact((navWei(snapshot) * shares) / snapshot.supply, pair.quote);
}

export function statusDocument(status: Status): unknown {
  const { snapshot, state, pair, account } = status;
  const { limits, oracleTerms: terms } = snapshot;
  const band = (value: bigint): string => decimal(priceFromX96(value, snapshot));
  return {
    chainId: status.chainId,
    vault: status.vault,
    lens: status.lens,
    local: status.local,
    block: state.block,
    time: isoTime(state.time),
    baseToken: { address: pair.base.address, symbol: pair.base.symbol, decimals: pair.base.decimals },
    quoteToken: { address: pair.quote.address, symbol: pair.quote.symbol, decimals: pair.quote.decimals },
    nav: nav(status),
    sharePrice: decimal(sharePrice(status), 9),
    shareSupply: formatUnits(snapshot.supply, 18),
    idle: byRole(pair, { amount0: snapshot.idle0, amount1: snapshot.idle1 }),
    positions: snapshot.positions.map((position, i) => {
      const oriented = state.positions[i];
      const [tickLower, tickUpper] = [oriented?.tickLower ?? 0, oriented?.tickUpper ?? 0];
      return {
        index: position.index,
        fee: position.fee,
        lower: decimal(priceOfTick(tickLower, state)),
        upper: decimal(priceOfTick(tickUpper, state)),
        tickLower: position.tickLower,
        tickUpper: position.tickUpper,
        liquidity: position.liquidity.toString(),
        amounts: byRole(pair, position),
        fees: byRole(pair, { amount0: position.fees0, amount1: position.fees1 }),
        value: decimal(positionValue(state, i)),
        inRange: inRange(state, i),
      };
    }),
    sleeves: sleeveDocuments(state, snapshot.sleeves),
    tiers: state.tiers.map((tier, i) => ({
      fee: tier.fee,
      pool: snapshot.tiers[i]?.pool,
      allowed: tier.allowed,
      price: decimal(tier.price),
      liquidity: snapshot.tiers[i]?.liquidity.toString(),
    })),
    oracle: snapshot.oracleOk
      ? {
          ok: true,
          price: band(snapshot.price.mid),
          low: band(snapshot.price.low),
          high: band(snapshot.price.high),
          error: state.priceError,
        }
      : { ok: false, reason: decodeRefusal(snapshot.oracleError).message },
    policy: {
      fees: limits.fees.filter((fee) => fee !== 0),
      maxPlanLossBps: limits.maxPlanLossBps,
      coreWeightCapBps: limits.coreWeightCapBps,
      minHalfWidthTicks: limits.minHalfWidth,
      maxHalfWidthTicks: limits.maxHalfWidth,
      lossRefillBpsPerDay: limits.lossRefillBps,
      turnoverRefillBpsPerDay: limits.turnoverRefillBps,
      churnRefillBpsPerDay: limits.churnRefillBps,
      deleverageRefillBpsPerDay: limits.deleverageRefillBps,
      volatilityFloorBps: limits.volFloorBps,
      arbitrageLimitBpsPerDay: limits.lvrLimitBps,
      treasuryShareBps: limits.treasuryShareBps,
      maxEntryFeeBps: limits.maxEntryFeeBps,
      maxExitFeeBps: limits.maxExitFeeBps,
      referenceFee: terms.referenceFee,
      twapWindowSeconds: terms.twapWindow,
      twapBandBps: terms.twapBandBps,
    },
    budgets: { ...budgetSummary(state.budgets), deleverage: deleverageBudget(snapshot) },
    measuredVolatility: state.oracleVolatility,
    pausedUntil: isPaused(snapshot) ? isoTime(limits.pausedUntil) : null,
    fees: { entryBps: snapshot.entryFeeBps, exitBps: snapshot.exitFeeBps, announced: announced(snapshot) },
    treasury: {
      address: status.treasury.address,
      shareBps: snapshot.treasuryShareBps,
      ...byRole(pair, status.treasury),
    },
    keeper: { address: status.keeper, allowed: status.keeper === null ? null : snapshot.keeperAllowed },
    planNonce: snapshot.nonce.toString(),
    ...(account === null
      ? {}
      : {
          account: {
            address: account.address,
            shares: formatUnits(account.holdings.shares, 18),
            value: valueOfShares(status, account.holdings.shares),
            ...byRole(pair, account.holdings),
            exits: (account.obstacles ?? []).flatMap((why, place) =>
              state.sleeves.some(({ index }) => index === place)
                ? [{ place, as: why === 0 ? "tokens" : "units", obstacle: obstacleText(why) }]
                : [],
            ),
            units: account.units.map((held) => ({
              place: held.place,
              leftPlace: held.left,
              address: held.address,
              units: held.units.toString(),
              ...byRole(pair, inOrder(held, held.owned, -held.owed)),
              answers: held.answers,
              claimable: held.tickets === null ? null : exact(held.tickets.claimable, held.asset),
            })),
            unitsTrouble: account.unitsTrouble,
          },
        }),
  };
}

export function statusText(status: Status): string {
  const { snapshot, state, pair, account, keeper } = status;
  const { limits } = snapshot;
  const quote = pair.quote.symbol;
  const row = (name: string, text: string): string => `  ${name.padEnd(12)} ${text}`;
  const total = Number(nav(status));
  const share = (value: number): string => percent(total === 0 ? 0 : value / total);
  const mark = state.price ?? state.tiers[0]?.price ?? 0;
  const idle = toUnits(snapshot.idle0, snapshot.idle1, snapshot);
  return [
    `Vault ${status.vault} on chain ${status.chainId}${status.local ? " (local world)" : ""}, block ${state.block}, ${isoTime(state.time)}`,
    row("NAV", `${grouped(total)} ${quote}`),
    row("shares", `${grouped(state.shareSupply, 4)} at ${sharePrice(status).toFixed(6)} ${quote}`),
    row(
      "idle",
      `${grouped(idle.base, 4)} ${pair.base.symbol}, ${grouped(idle.quote)} ${quote} (${share(idle.base * mark + idle.quote)})`,
    ),
    ...state.positions.map((position, i) => {
      const bounds = `${price(priceOfTick(position.tickLower, state))} to ${price(priceOfTick(position.tickUpper, state))}`;
      const where = inRange(state, i) ? "in range" : "out of range";
      return row(
        `range ${position.index}`,
        `${feeTier(position.fee)}  ${bounds}  ${grouped(positionValue(state, i))} ${quote} (${share(positionValue(state, i))}), ${where}`,
      );
    }),
    ...sleeveLines(state, snapshot.sleeves, pair, account?.obstacles ?? null).map(([name, text]) => row(name, text)),
    ...state.tiers.map((tier) =>
      row(
        "tier",
        `${feeTier(tier.fee)}  price ${price(tier.price)}${tier.allowed ? "" : ", not allowed for new ranges"}`,
      ),
    ),
    row(
      "oracle",
      state.price === null
        ? `silent: ${decodeRefusal(snapshot.oracleError).message}`
        : `${price(state.price)} ${quote} per ${pair.base.symbol}, within ${percent(state.priceError, 2)}`,
    ),
    row(
      "policy",
      `a plan may lose ${limits.maxPlanLossBps} bps of NAV, ranges hold at most ${percent(limits.coreWeightCapBps / 10_000, 0)}, ` +
        `half-widths ${limits.minHalfWidth} to ${limits.maxHalfWidth} ticks`,
    ),
    ...budgetLines(status).map((line, i) => row(i === 0 ? "may go wrong" : "", line)),
    ...(isPaused(snapshot)
      ? [row("paused", `until ${isoTime(limits.pausedUntil)}: no plans and no deposits; withdrawals work`)]
      : []),
    row("fees", feesLine(status)),
    row("treasury", treasuryLine(status)),
    row(
      "keeper",
      keeper === null
        ? "unknown here (KEEPER_PRIVATE_KEY is not set)"
        : `${keeper}, ${snapshot.keeperAllowed ? "allowed" : "not allowed"} by the policy`,
    ),
    row("plans", `${snapshot.nonce} so far`),
    ...(account === null
      ? []
      : [
          row(
            "account",
            `${account.address}: ${grouped(Number(formatUnits(account.holdings.shares, 18)), 4)} shares worth ${grouped(Number(valueOfShares(status, account.holdings.shares)))} ${quote}`,
          ),
          ...account.units.map((held) => row("units", unitsLine(held))),
          ...(account.unitsTrouble === null ? [] : [row("units", account.unitsTrouble)]),
        ]),
  ].join("\n");
}

/** What can still go wrong today by the keeper's hand: what is left of each budget, and what comes back in a day. */
function budgetLines({ snapshot, state }: Status): string[] {
  const { limits } = snapshot;
  const { loss, turnover, churn } = budgetSummary(state.budgets);
  const deleverage = deleverageBudget(snapshot);
  const left = ({ usedBps, capacityBps }: BudgetSummary): string =>
    `${Math.max(capacityBps - usedBps, 0).toFixed(1)} of ${capacityBps} bps of NAV`;
  const back = (bps: number): string => `${bps} come back a day`;
  return [
    `plans may lose ${left(loss)} (${back(limits.lossRefillBps)})`,
    `they may swap or move from pool to pool ${left(turnover)} (${back(limits.turnoverRefillBps)})`,
    `ranges may fall behind holding by ${left(churn)} before only the greatest width is allowed (${back(limits.churnRefillBps)})`,
    ...(state.sleeves.length === 0
      ? []
      : [`bringing debts down may cost ${left(deleverage)}, by anybody's hand (${back(limits.deleverageRefillBps)})`]),
    `ranges may be laid out to lose ${limits.lvrLimitBps} bps a day to arbitrage at ${percent(Math.max(limits.volFloorBps / 10_000, state.oracleVolatility), 0)} volatility`,
  ];
}

/** What deleveraging and unwinding have cost: not the keeper's budget. */
function deleverageBudget({ budgets }: Snapshot): BudgetSummary {
  const bps = (levelE12: bigint): number => Number((Number(levelE12) / 1e8).toFixed(2));
  return { usedBps: bps(budgets.deleverageE12), capacityBps: bps(budgets.deleverageCapacityE12) };
}

function isPaused({ limits, timestamp }: Snapshot): boolean {
  return timestamp < limits.pausedUntil;
}

function feesLine({ snapshot }: Status): string {
  const { limits, entryFeeBps, exitFeeBps } = snapshot;
  const rise = announced(snapshot);
  const next = rise === null ? "" : `; from ${rise.at} on entry ${rise.entryBps}, exit ${rise.exitBps} bps`;
  return `entry ${entryFeeBps}, exit ${exitFeeBps} bps (at most ${limits.maxEntryFeeBps} and ${limits.maxExitFeeBps})${next}`;
}

function treasuryLine({ snapshot, pair, treasury }: Status): string {
  const { amount0, amount1 } = treasury;
  const [base, quote] = pair.quoteIsToken0 ? [amount1, amount0] : [amount0, amount1];
  return `${snapshot.treasuryShareBps} bps of swap fees; ${tokenText(base, pair.base)} and ${tokenText(quote, pair.quote)} are booked for ${treasury.address}`;
}

/** A rise of the fees that is to come. */
function announced(
  snapshot: Snapshot,
): { readonly entryBps: number; readonly exitBps: number; readonly at: string } | null {
  const { nextEntryFeeBps: entryBps, nextExitFeeBps: exitBps, nextFeesAt } = snapshot;
  return nextFeesAt === 0 ? null : { entryBps, exitBps, at: isoTime(nextFeesAt) };
}

/** Principal and fees at the oracle's price, quote units. */
function positionValue(state: VaultState, i: number): number {
  const position = state.positions[i];
  if (position === undefined) return 0;
  const mark = state.price ?? state.tiers[0]?.price ?? 0;
  return (position.base + position.feesBase) * mark + position.quote + position.feesQuote;
}

function inRange(state: VaultState, i: number): boolean {
  const position = state.positions[i];
  const tier = state.tiers.find((one) => one.fee === position?.fee);
  return (
    position !== undefined && tier !== undefined && tier.tick >= position.tickLower && tier.tick < position.tickUpper
  );
}
