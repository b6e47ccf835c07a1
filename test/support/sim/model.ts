/** An operation on a simulated pool, told as the contract tells it: its return data or its revert data. */
import { AbiCoder, Interface } from "ethers";

import type { PoolMachine } from "../../../keeper/sim/machine.ts";
import { PoolRevert } from "../../../keeper/sim/revert.ts";
import type { Amounts } from "../../../keeper/sim/store.ts";
import { flashFee } from "../../../keeper/sim/swapStep.ts";
import { poolArtifact } from "../pools.ts";
import type { Extra, Operation } from "./operations.ts";

const coder = AbiCoder.defaultAbiCoder();
const ERROR = new Interface(["function Error(string)"]);
export const POOL = new Interface(poolArtifact().abi);

export interface Outcome {
  readonly ok: boolean;
  /** Hex. */
  readonly data: string;
}

/** The call's data. @param recipient who gets and owns what the call gives */
export function calldata(operation: Operation, recipient: string): string {
  switch (operation.kind) {
    case "initialize":
      return POOL.encodeFunctionData("initialize", [operation.price]);
    case "mint": {
      const { tickLower, tickUpper } = operation.range;
      const { liquidity, extra } = operation;
      return POOL.encodeFunctionData("mint", [recipient, tickLower, tickUpper, liquidity, extraData(extra)]);
    }
    case "burn": {
      const { tickLower, tickUpper } = operation.range;
      return POOL.encodeFunctionData("burn", [tickLower, tickUpper, operation.liquidity]);
    }
    case "collect": {
      const { tickLower, tickUpper } = operation.range;
      return POOL.encodeFunctionData("collect", [recipient, tickLower, tickUpper, operation.most0, operation.most1]);
    }
    case "swap": {
      const { zeroForOne, amount, limit, extra } = operation;
      return POOL.encodeFunctionData("swap", [recipient, zeroForOne, amount, limit, extraData(extra)]);
    }
    case "flash":
      return POOL.encodeFunctionData("flash", [
        recipient,
        operation.amount0,
        operation.amount1,
        extraData(operation.extra),
      ]);
    case "setFeeProtocol":
      return POOL.encodeFunctionData("setFeeProtocol", [operation.part0, operation.part1]);
    case "collectProtocol":
      return POOL.encodeFunctionData("collectProtocol", [recipient, operation.most0, operation.most1]);
    case "grow":
      return POOL.encodeFunctionData("increaseObservationCardinalityNext", [operation.next]);
    case "observe":
      return POOL.encodeFunctionData("observe", [operation.secondsAgos]);
    case "inside":
      return POOL.encodeFunctionData("snapshotCumulativesInside", [
        operation.range.tickLower,
        operation.range.tickUpper,
      ]);
  }
}

function extraData(extra: Extra): string {
  return extra === null ? "0x" : coder.encode(["int256", "int256"], extra);
}

/** What the simulated pool makes of it. */
export function simulate(operation: Operation, pool: PoolMachine, owner: string, time: number): Outcome {
  try {
    return { ok: true, data: perform(operation, pool, owner, time) };
  } catch (error) {
    if (!(error instanceof PoolRevert)) throw error;
    return { ok: false, data: error.code === "" ? "0x" : ERROR.encodeFunctionData("Error", [error.code]) };
  }
}

function perform(operation: Operation, pool: PoolMachine, owner: string, time: number): string {
  switch (operation.kind) {
    case "initialize":
      pool.initialize(operation.price, time);
      return "0x";
    case "mint": {
      const { range, liquidity, extra } = operation;
      if (extra === null) return words(pool.mint(owner, range, liquidity, time));
      // What it asks for is known only from a copy that pays it.
      const asked = pool.clone().mint(owner, range, liquidity, time);
      return words(pool.mint(owner, range, liquidity, time, plus(asked, extra)));
    }
    case "burn":
      return words(pool.burn(owner, operation.range, operation.liquidity, time));
    case "collect":
      return words(pool.collect(owner, operation.range, { amount0: operation.most0, amount1: operation.most1 }));
    case "swap": {
      const { zeroForOne, amount, limit, extra } = operation;
      const order = { zeroForOne, amountSpecified: amount, sqrtPriceLimitX96: limit };
      if (extra === null) return words(pool.swap(order, time));
      const { amount0, amount1 } = pool.quote(order);
      return words(pool.swap(order, time, plus({ amount0: positive(amount0), amount1: positive(amount1) }, extra)));
    }
    case "flash": {
      const { amount0, amount1, extra } = operation;
      const fees = { amount0: flashFee(amount0, BigInt(pool.fee)), amount1: flashFee(amount1, BigInt(pool.fee)) };
      pool.flash({ amount0, amount1 }, plus(fees, extra ?? [0n, 0n]));
      return "0x";
    }
    case "setFeeProtocol":
      pool.setFeeProtocol(operation.part0, operation.part1);
      return "0x";
    case "collectProtocol":
      return words(pool.collectProtocol({ amount0: operation.most0, amount1: operation.most1 }));
    case "grow":
      pool.increaseObservationCardinalityNext(operation.next);
      return "0x";
    case "observe": {
      const seen = pool.observe(operation.secondsAgos, time);
      return coder.encode(
        ["int56[]", "uint160[]"],
        [seen.map((one) => one.tickCumulative), seen.map((one) => one.secondsPerLiquidityX128)],
      );
    }
    case "inside": {
      const seen = pool.snapshotCumulativesInside(operation.range, time);
      return coder.encode(
        ["int56", "uint160", "uint32"],
        [seen.tickCumulative, seen.secondsPerLiquidityX128, seen.secondsInside],
      );
    }
  }
}

function plus({ amount0, amount1 }: Amounts, [more0, more1]: readonly [bigint, bigint]): Amounts {
  return { amount0: positive(amount0 + more0), amount1: positive(amount1 + more1) };
}

function positive(value: bigint): bigint {
  return value > 0n ? value : 0n;
}

function words({ amount0, amount1 }: Amounts): string {
  return coder.encode(["int256", "int256"], [amount0, amount1]);
}
