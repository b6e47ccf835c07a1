/** What `Vault.execute` takes (contracts/interfaces/Types.sol), in the pool's own ticks and token order. Fractions are of 1e18. */

export interface BurnStep {
  readonly index: number;
  readonly fraction: bigint;
  readonly min0: bigint;
  readonly min1: bigint;
}

export interface SwapStep {
  readonly fee: number;
  readonly zeroForOne: boolean;
  readonly fraction: bigint;
  readonly sqrtPriceLimitX96: bigint;
  readonly minOut: bigint;
}

export interface MintStep {
  readonly fee: number;
  readonly tickLower: number;
  readonly tickUpper: number;
  readonly fraction0: bigint;
  readonly fraction1: bigint;
  readonly minLiquidity: bigint;
}

/** Gives a sleeve one token or takes one from it; what "all" is, contracts/interfaces/Types.sol tells. */
export interface MoveStep {
  readonly sleeve: number;
  readonly take: boolean;
  readonly token1: boolean;
  /** Runs after the swaps, or else before them. */
  readonly afterSwaps: boolean;
  readonly fraction: bigint;
  readonly min: bigint;
}

export interface Plan {
  readonly nonce: bigint;
  /** Unix seconds. */
  readonly deadline: number;
  readonly twapHint: number;
  readonly decisionHash: string;
  readonly burns: readonly BurnStep[];
  readonly swaps: readonly SwapStep[];
  readonly mints: readonly MintStep[];
  readonly moves: readonly MoveStep[];
}

/** 1e18: all of it. */
export const ONE = 10n ** 18n;

/** A decision that cannot be made into a plan: the strategy and the border disagree, so nothing is sent. */
export class PlanError extends Error {
  override name = "PlanError";
}
