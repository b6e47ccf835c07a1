/** One eth_call through the lens: everything that a tick looks at is of one block. */
import { contractInterface } from "../chain/abi.ts";
import { BuildError, ConfigError } from "../chain/failures.ts";
import type { ChainNode } from "../chain/node.ts";
import type { BlockTag } from "../chain/rpc.ts";
import type { SleeveViewStructOutput, SnapshotStructOutput } from "../../types/ethers-contracts/Lens.js";
import type { SleeveView, Snapshot } from "./snapshot.ts";

export interface VaultAddresses {
  readonly vault: string;
  readonly lens: string;
}

/**
 * Reads a vault.
 *
 * @param keeper whose right to plan is asked
 * @throws ConfigError if there is no lens at the address, Reverted if the lens refuses, ConnectionError, NodeError
 */
export async function observe(
  node: ChainNode,
  addresses: VaultAddresses,
  keeper: string,
  tag: BlockTag = "latest",
): Promise<Snapshot> {
  const lens = contractInterface("Lens");
  const data = lens.encodeFunctionData("observe", [addresses.vault, keeper]);
  const answer = await node.call({ to: addresses.lens, data }, tag);
  if (answer === "0x") {
    throw new ConfigError(
      `There is no lens at ${addresses.lens}; check the address and that the node is on the right chain.`,
    );
  }
  let raw: SnapshotStructOutput;
  try {
    // The cast names what the ABI says: one struct.
    raw = lens.decodeFunctionResult("observe", answer)[0] as SnapshotStructOutput;
  } catch (cause) {
    throw new BuildError(
      `The lens at ${addresses.lens} answers in another form than this build expects; check the address or use the keeper's version that belongs to it.`,
      { cause },
    );
  }
  return fromStruct(raw);
}

function fromStruct(s: SnapshotStructOutput): Snapshot {
  return {
    chainId: s.chainId,
    blockNumber: s.blockNumber,
    timestamp: Number(s.timestamp),
    token0: s.token0,
    token1: s.token1,
    quoteIsToken0: s.quoteIsToken0,
    baseDecimals: Number(s.baseDecimals),
    quoteDecimals: Number(s.quoteDecimals),
    nonce: s.nonce,
    supply: s.supply,
    idle0: s.idle0,
    idle1: s.idle1,
    total0: s.total0,
    total1: s.total1,
    nav: s.nav,
    keeperAllowed: s.keeperAllowed,
    limits: {
      fees: s.limits.fees.map(Number),
      coreWeightCapBps: Number(s.limits.coreWeightCapBps),
      minHalfWidth: Number(s.limits.minHalfWidth),
      maxHalfWidth: Number(s.limits.maxHalfWidth),
      maxPlanLossBps: Number(s.limits.maxPlanLossBps),
      lossCapBps: Number(s.limits.lossCapBps),
      lossRefillBps: Number(s.limits.lossRefillBps),
      turnoverCapBps: Number(s.limits.turnoverCapBps),
      turnoverRefillBps: Number(s.limits.turnoverRefillBps),
      churnCapBps: Number(s.limits.churnCapBps),
      churnRefillBps: Number(s.limits.churnRefillBps),
      volFloorBps: Number(s.limits.volFloorBps),
      lvrLimitBps: Number(s.limits.lvrLimitBps),
      pausedUntil: Number(s.limits.pausedUntil),
      treasuryShareBps: Number(s.limits.treasuryShareBps),
      maxEntryFeeBps: Number(s.limits.maxEntryFeeBps),
      maxExitFeeBps: Number(s.limits.maxExitFeeBps),
      deleverageCapBps: Number(s.limits.deleverageCapBps),
      deleverageRefillBps: Number(s.limits.deleverageRefillBps),
      sleeveCapBps: s.limits.sleeveCapBps.map(Number),
    },
    budgets: {
      lossE12: s.budgets.lossE12,
      lossCapacityE12: s.budgets.lossCapacityE12,
      turnoverE12: s.budgets.turnoverE12,
      turnoverCapacityE12: s.budgets.turnoverCapacityE12,
      churnE12: s.budgets.churnE12,
      churnCapacityE12: s.budgets.churnCapacityE12,
      deleverageE12: s.budgets.deleverageE12,
      deleverageCapacityE12: s.budgets.deleverageCapacityE12,
    },
    entryFeeBps: Number(s.entryFeeBps),
    exitFeeBps: Number(s.exitFeeBps),
    nextEntryFeeBps: Number(s.nextEntryFeeBps),
    nextExitFeeBps: Number(s.nextExitFeeBps),
    nextFeesAt: Number(s.nextFeesAt),
    treasuryShareBps: Number(s.treasuryShareBps),
    left0PerShareX96: s.left0PerShareX96,
    left1PerShareX96: s.left1PerShareX96,
    lastPoke: Number(s.lastPoke),
    oracleTerms: {
      referenceFee: Number(s.oracleTerms.referenceFee),
      twapWindow: Number(s.oracleTerms.twapWindow),
      twapBandBps: Number(s.oracleTerms.twapBandBps),
      baseHeartbeat: Number(s.oracleTerms.baseHeartbeat),
      quoteHeartbeat: Number(s.oracleTerms.quoteHeartbeat),
      baseDeviationBps: Number(s.oracleTerms.baseDeviationBps),
      quoteDeviationBps: Number(s.oracleTerms.quoteDeviationBps),
    },
    oracleOk: s.oracleOk,
    oracleError: s.oracleError,
    price: { mid: s.price.mid, low: s.price.low, high: s.price.high, varianceE12: s.price.varianceE12 },
    twapHint: Number(s.twapHint),
    positions: s.positions.map((p) => ({
      index: Number(p.index),
      fee: Number(p.fee),
      tickLower: Number(p.tickLower),
      tickUpper: Number(p.tickUpper),
      liquidity: p.liquidity,
      amount0: p.amount0,
      amount1: p.amount1,
      fees0: p.fees0,
      fees1: p.fees1,
    })),
    tiers: s.tiers.map((t) => ({
      fee: Number(t.fee),
      tickSpacing: Number(t.tickSpacing),
      pool: t.pool,
      allowed: t.allowed,
      sqrtPriceX96: t.sqrtPriceX96,
      tick: Number(t.tick),
      liquidity: t.liquidity,
      feeGrowthGlobal0X128: t.feeGrowthGlobal0X128,
      feeGrowthGlobal1X128: t.feeGrowthGlobal1X128,
    })),
    sleeves: s.sleeves.map(sleeveView),
  };
}

function sleeveView(v: SleeveViewStructOutput): SleeveView {
  const { nets, report: r } = v;
  return {
    index: Number(v.index),
    sleeve: v.sleeve,
    live: v.live,
    allowed: v.allowed,
    capBps: Number(v.capBps),
    answers: v.answers,
    sound: v.sound,
    obstacle: Number(v.obstacle),
    units: v.units,
    totalUnits: v.totalUnits,
    nets: { low0: nets.low0, low1: nets.low1, high0: nets.high0, high1: nets.high1 },
    report: {
      assetIsToken0: r.assetIsToken0,
      owned: r.owned,
      owed: r.owed,
      healthX18: r.healthX18,
      thresholdX18: r.thresholdX18,
      openingX18: r.openingX18,
      floorX18: r.floorX18,
      borrowRateX18: r.borrowRateX18,
      rateCapX18: r.rateCapX18,
      supplyRateX18: r.supplyRateX18,
      pending: r.pending,
    },
  };
}
