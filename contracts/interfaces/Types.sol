// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

/// @notice One range of the vault in one fee tier. Its liquidity is the pool's to tell, so it is not kept here.
struct Range {
    uint24 fee;
    int24 tickLower;
    int24 tickUpper;
}

/// @notice Takes a part of a position out of its pool and collects all its pending fees.
/// @param index position in the vault's list, as before the plan (a position that is burned whole keeps its index until the plan ends)
/// @param fraction of the position's liquidity, 1e18 = all; 0 only collects fees
/// @param min0 least token0 that the burned liquidity must bring, fees aside
/// @param min1 least token1, likewise
struct Burn {
    uint8 index;
    uint64 fraction;
    uint128 min0;
    uint128 min1;
}

/// @notice Swaps a part of the vault's idle input token in one of the pair's own pools.
/// @param fee the pool's fee tier, hundredths of a basis point
/// @param zeroForOne true sells token0
/// @param fraction of the idle input token at that moment, 1e18 = all
/// @param sqrtPriceLimitX96 where the pool stops; what is not swapped stays idle
/// @param minOut least output
struct Swap {
    uint24 fee;
    bool zeroForOne;
    uint64 fraction;
    uint160 sqrtPriceLimitX96;
    uint128 minOut;
}

/// @notice Gives one token to a sleeve or takes one from it.
///
/// What "all" is, depends on what the sleeve holds of the token. Give: all of the idle token; if the sleeve owes the token, all
/// that it owes (no more than is idle). Take: all that the sleeve holds of it, and if enough is idle to pay what the sleeve owes,
/// that is paid, too, so that nothing is left of it; if it holds none, the token is borrowed, and "all" is what the sleeve holds of
/// the other token, at the oracle's price: the fraction is a step of loan-to-value.
/// @param sleeve its index in the vault's list
/// @param take from the sleeve, or else give
/// @param token1 which token moves
/// @param afterSwaps runs after the plan's swaps, or else before them; moves of a plan stand in that order
/// @param fraction 1e18 = all
/// @param min least amount that must move
struct Move {
    uint8 sleeve;
    bool take;
    bool token1;
    bool afterSwaps;
    uint64 fraction;
    uint128 min;
}

/// @notice Mints into a range the most liquidity that the named parts of the idle tokens allow.
/// @param fraction0 of the idle token0 at that moment (earlier mints have taken theirs), 1e18 = all
/// @param fraction1 of the idle token1, likewise
/// @param minLiquidity least liquidity to be minted; 0 is refused on chain so that no step is empty
struct Mint {
    uint24 fee;
    int24 tickLower;
    int24 tickUpper;
    uint64 fraction0;
    uint64 fraction1;
    uint128 minLiquidity;
}

/// @notice What a keeper proposes: burns, moves, swaps, more moves, mints.
/// @param nonce must equal the vault's plan nonce, so that a plan happens once
/// @param deadline unix seconds, the last second in which the plan may run
/// @param twapHint index of the reference pool's observation at or before the TWAP window's start; saves the pool's
///        binary search. A wrong hint costs gas, never correctness.
/// @param decisionHash hash of the published decision that caused the plan
struct Plan {
    uint64 nonce;
    uint64 deadline;
    uint16 twapHint;
    bytes32 decisionHash;
    Burn[] burns;
    Swap[] swaps;
    Mint[] mints;
    Move[] moves;
}

/// @notice What the DAO allows. Two storage words.
/// @param fees the allowed fee tiers, 0 for an empty place
/// @param coreWeightCapBps the most of NAV that may stand in ranges
/// @param minHalfWidth least (tickUpper - tickLower) / 2 of a minted range, ticks
/// @param maxHalfWidth greatest, likewise; also the width at which minting is allowed while the churn budget is spent
/// @param maxPlanLossBps the most that one plan may be charged, basis points of NAV
/// @param lossCapBps budget of plan losses, and how much of it comes back a day
/// @param turnoverCapBps budget of value swapped or moved between pools, and how much of it comes back a day
/// @param churnCapBps budget of what the ranges lose between plans against holding, and how much of it comes back a day
/// @param volFloorBps least annual volatility that the LVR limit assumes, 10,000 = 100 %
/// @param lvrLimitBps the most that ranges may lose to arbitrage a day at that volatility, basis points of NAV
/// @param pausedUntil unix seconds; plans and deposits revert before it, exits never
/// @param treasuryShareBps the treasury's part of swap fees
/// @param maxEntryFeeBps what a keeper may set the entry fee to
/// @param maxExitFeeBps likewise for the exit fee
/// @param deleverageCapBps budget of what deleveraging and a guardian's unwinding may cost, and how much of it comes back a day
/// @param sleeveCapBps the most of NAV that each sleeve may hold before its debt
struct Limits {
    uint24[4] fees;
    uint16 coreWeightCapBps;
    uint24 minHalfWidth;
    uint24 maxHalfWidth;
    uint16 maxPlanLossBps;
    uint16 lossCapBps;
    uint16 lossRefillBps;
    uint16 turnoverCapBps;
    uint16 turnoverRefillBps;
    uint16 churnCapBps;
    uint16 churnRefillBps;
    uint16 volFloorBps;
    uint16 lvrLimitBps;
    uint40 pausedUntil;
    uint16 treasuryShareBps;
    uint8 maxEntryFeeBps;
    uint8 maxExitFeeBps;
    uint16 deleverageCapBps;
    uint16 deleverageRefillBps;
    uint16[4] sleeveCapBps;
}

/// @notice A price and the error band round it: quote wei per base wei, times 2^96.
/// @param varianceE12 annual variance of the price (volatility squared), 1e12 = 1
struct PriceBand {
    uint256 mid;
    uint256 low;
    uint256 high;
    uint256 varianceE12;
}

/// @notice What a sleeve stands for, in tokens: positive is owned, negative is owed. Interest is accrued.
/// @param low0 no more than what closing it now would bring (or no less than what it would cost); low1 likewise
/// @param high0 no less; high1 likewise
struct Nets {
    int256 low0;
    int256 low1;
    int256 high0;
    int256 high1;
}

/// @notice Why a part of a sleeve cannot be paid out now. Its units can always be taken instead.
enum Obstacle {
    None,
    // The venue lets nothing go while the position's health is below one.
    Unhealthy,
    // The venue has lent out what it would have to pay.
    Illiquid,
    // The venue settles later, or has not settled yet.
    Pending,
    // The venue refuses: paused, frozen, or an oracle of its own that does not answer.
    Closed
}

/// @notice A sleeve as people want to see it; the whole of it, not the vault's part.
/// @param owned of the asset token, wei; `owed` of the other token, wei, interest accrued
/// @param healthX18 1e18 = the venue may liquidate; type(uint256).max without debt
/// @param thresholdX18 the venue liquidates when the debt is worth so much of what is owned, 1e18 = all of it
/// @param openingX18 least health after borrowing; 0 if the sleeve borrows nothing
/// @param floorX18 below it anybody may deleverage
/// @param borrowRateX18 a year, 1e18 = 100 %; likewise `rateCapX18`
/// @param supplyRateX18 what the asset earns a year; 0 where the venue does not say
/// @param pending of the asset token, wei: asked for or paid in, and not settled yet
struct SleeveReport {
    bool assetIsToken0;
    uint256 owned;
    uint256 owed;
    uint256 healthX18;
    uint256 thresholdX18;
    uint256 openingX18;
    uint256 floorX18;
    uint256 borrowRateX18;
    uint256 rateCapX18;
    uint256 supplyRateX18;
    uint256 pending;
}

/// @notice How the price oracle reads its sources. One storage word.
/// @param referenceFee fee tier of the pair's deepest pool, whose spot and TWAP must agree with the feeds
/// @param twapWindow seconds
/// @param twapBandBps how far the TWAP may stand from the feeds' price
/// @param baseHeartbeat longest age of the base feed's answer, seconds
/// @param quoteHeartbeat likewise of the quote feed's
/// @param baseDeviationBps the base feed's deviation threshold
/// @param quoteDeviationBps likewise
struct OracleTerms {
    uint24 referenceFee;
    uint32 twapWindow;
    uint16 twapBandBps;
    uint32 baseHeartbeat;
    uint32 quoteHeartbeat;
    uint16 baseDeviationBps;
    uint16 quoteDeviationBps;
}

/// @notice Levels of the vault's budgets now and what they may hold, in 1e-12 of NAV.
struct Budgets {
    uint256 lossE12;
    uint256 lossCapacityE12;
    uint256 turnoverE12;
    uint256 turnoverCapacityE12;
    uint256 churnE12;
    uint256 churnCapacityE12;
    uint256 deleverageE12;
    uint256 deleverageCapacityE12;
}

// ---- what the Lens returns ----

struct TierView {
    uint24 fee;
    int24 tickSpacing;
    address pool;
    bool allowed;
    uint160 sqrtPriceX96;
    int24 tick;
    uint128 liquidity;
    uint256 feeGrowthGlobal0X128;
    uint256 feeGrowthGlobal1X128;
}

struct PositionView {
    uint8 index;
    uint24 fee;
    int24 tickLower;
    int24 tickUpper;
    uint128 liquidity;
    uint256 amount0;
    uint256 amount1;
    uint256 fees0;
    uint256 fees1;
}

/// @notice One place for a sleeve.
/// @param index 0 to 3
/// @param live the vault holds units of it
/// @param allowed the policy names this sleeve for this place, so that plans may give to it
/// @param answers false if its venue does not answer: then the figures below are zero
/// @param obstacle why nothing could be paid out of it now, if so
struct SleeveView {
    uint8 index;
    address sleeve;
    bool live;
    bool allowed;
    uint16 capBps;
    bool answers;
    bool sound;
    Obstacle obstacle;
    uint256 units;
    uint256 totalUnits;
    Nets nets;
    SleeveReport report;
}

/// @notice Everything that a keeper's tick, a page or an LP's preview needs, of one block.
/// @param total0 what LPs own beside sleeves at the pools' spot, principal rounded up (IVault.totals); total1 likewise
/// @param nav what LPs own, sleeves included at their low marks, in quote wei at the oracle's mid, ranges by their liquidity and not by their pools' spot, so that
///        nobody can lift it by moving a pool; rounded down; 0 while the oracle refuses to speak
/// @param nextEntryFeeBps announced with nextExitFeeBps, in force from nextFeesAt on; 0 = nothing is announced
/// @param treasuryShareBps in force; the policy's is in `limits`
/// @param left0PerShareX96 what the last plan left (IVault.inventory)
/// @param lastPoke when the measured volatility was last updated, unix seconds
/// @param oracleOk false when the oracle refuses to speak now; oracleError is its revert data then, and `price` is zero
struct Snapshot {
    uint256 chainId;
    uint256 blockNumber;
    uint256 timestamp;
    address token0;
    address token1;
    bool quoteIsToken0;
    uint8 baseDecimals;
    uint8 quoteDecimals;
    uint64 nonce;
    uint256 supply;
    uint256 idle0;
    uint256 idle1;
    uint256 total0;
    uint256 total1;
    uint256 nav;
    bool keeperAllowed;
    Limits limits;
    Budgets budgets;
    uint8 entryFeeBps;
    uint8 exitFeeBps;
    uint8 nextEntryFeeBps;
    uint8 nextExitFeeBps;
    uint32 nextFeesAt;
    uint16 treasuryShareBps;
    int256 left0PerShareX96;
    int256 left1PerShareX96;
    uint256 lastPoke;
    OracleTerms oracleTerms;
    bool oracleOk;
    bytes oracleError;
    PriceBand price;
    uint16 twapHint;
    PositionView[] positions;
    TierView[] tiers;
    SleeveView[] sleeves;
}
