// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

import {IPolicy} from "./interfaces/IPolicy.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Burn, Mint, Plan, PriceBand, Range, Swap} from "./interfaces/Types.sol";
import {ExpectedPool} from "./libraries/ExpectedPool.sol";
import {LiquidityMath} from "./libraries/LiquidityMath.sol";
import {PolicyLimits} from "./libraries/PolicyLimits.sol";
import {Pools} from "./libraries/Pools.sol";
import {RangeList} from "./libraries/RangeList.sol";
import {Valuation} from "./libraries/Valuation.sol";

/// @title PlanLib
/// @notice Runs a keeper's plan on the vault's storage and charges it. Linked, not inlined: the vault stays under the size
///         limit of a contract.
///
/// CHARGE. Let O be the oracle's price and U its error band. The loss of a plan is the greatest, over the two ends p of U, of
/// [value at p of the tokens in hand after burns and collects, before swaps] - [value at p of the tokens at the end + value
/// at p of the ranges minted], never below zero, over NAV at the low end. A minted range is a concave function of p, so the
/// loss is convex and its greatest value over U is at an end. Burning loses nothing at any price, so it is not valued. A gain
/// refills nothing.
///
/// ROUNDING. Before: up. After, ranges and NAV: down. The charge: up. Every wei of doubt is charged to the plan.
library PlanLib {
    using RangeList for uint256[2];

    uint256 private constant ONE = 1e18;
    uint256 private constant BPS = 10_000;
    uint256 private constant FEE_UNIT = 1_000_000;

    /// @notice The part of the vault's storage that plans change.
    struct State {
        uint256[2] ranges;
        uint64 nonce;
    }

    /// @notice The vault's immutables, which a library cannot see.
    struct Pair {
        address factory;
        address token0;
        address token1;
        bool quoteIsToken0;
        IPolicy policy;
        IPriceOracle oracle;
    }

    /// @dev The plan's working memory.
    struct Work {
        PriceBand band;
        uint256 limits;
        uint160 sqrtLowX96;
        uint160 sqrtHighX96;
        uint256[2] words;
        // Of each position, as the plan goes on; before any mint.
        uint128[8] liquidity;
        // The pool whose spot was checked last, and that spot; mints do not move it.
        uint24 checkedFee;
        uint160 sqrtPriceX96;
        // Amounts of the minted ranges at both ends of the band.
        uint256 minted0AtLow;
        uint256 minted1AtLow;
        uint256 minted0AtHigh;
        uint256 minted1AtHigh;
        // Idle tokens: after burns, and now.
        uint256 inHand0;
        uint256 inHand1;
        uint256 idle0;
        uint256 idle1;
    }

    error WrongNonce(uint64 expected, uint64 given);
    error PlanExpired(uint64 deadline);
    error FractionAboveOne(uint64 fraction);
    error EmptyPosition(uint8 index);
    error PoolNotAllowed(uint24 fee);
    error WidthNotAllowed(int24 tickLower, int24 tickUpper);
    error SlippageOnBurn(uint8 index, uint256 amount0, uint256 amount1);
    error SlippageOnSwap(uint24 fee, uint256 amountOut, uint256 minOut);
    error SlippageOnMint(uint24 fee, uint128 liquidity, uint128 minLiquidity);
    /// @notice A pool that the plan touches stands outside the oracle's band, widened by the pool's fee.
    error SpotOutsideBand(uint24 fee, uint256 spotX96);
    error LossAboveLimit(uint256 chargeX18, uint256 limitX18);
    error CoreWeightAboveCap(uint256 weightBps, uint256 capBps);
    error NothingToManage();

    // ---------------------------------------------------------------- THE PLAN

    function execute(State storage state, Pair memory pair, Plan calldata plan) external {
        if (plan.nonce != state.nonce) revert WrongNonce(state.nonce, plan.nonce);
        if (block.timestamp > plan.deadline) revert PlanExpired(plan.deadline);
        // Unchecked: 2^64 plans do not happen.
        unchecked {
            state.nonce = plan.nonce + 1;
        }

        Work memory w;
        w.limits = pair.policy.planLimits(msg.sender);
        w.band = pair.oracle.read(plan.twapHint);
        w.sqrtLowX96 = Valuation.toSqrtPrice(w.band.low, pair.quoteIsToken0);
        w.sqrtHighX96 = Valuation.toSqrtPrice(w.band.high, pair.quoteIsToken0);
        w.words = state.ranges.load();
        uint256[2] memory words = [w.words[0], w.words[1]];
        _readLiquidity(pair, w);
        uint128[8] memory liquidityBefore = _copy(w.liquidity);

        for (uint256 i = 0; i < plan.burns.length; ++i) _burn(pair, w, plan.burns[i]);
        w.inHand0 = w.idle0 = IERC20(pair.token0).balanceOf(address(this));
        w.inHand1 = w.idle1 = IERC20(pair.token1).balanceOf(address(this));

        for (uint256 i = 0; i < plan.swaps.length; ++i) _swap(pair, w, plan.swaps[i]);
        uint256[2] memory kept = _dropEmpty(w);
        for (uint256 i = 0; i < plan.mints.length; ++i) _mint(pair, w, plan.mints[i]);
        ExpectedPool.set(address(0));

        (uint256 chargeX18, uint256 navLow) = _charge(pair, w, words, kept, liquidityBefore);
        state.ranges.save(words, w.words);
        emit IVault.PlanExecuted(plan.nonce, msg.sender, plan.decisionHash, chargeX18, navLow, w.band.mid);
    }

    // ---------------------------------------------------------------- STEPS

    function _readLiquidity(Pair memory pair, Work memory w) private view {
        uint256 end = w.words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (w.words.isEmpty(i)) continue;
            Range memory range = w.words.get(i);
            w.liquidity[i] = Pools.liquidityOf(_pool(pair, range.fee), address(this), range.tickLower, range.tickUpper);
        }
    }

    function _burn(Pair memory pair, Work memory w, Burn calldata step) private {
        if (step.fraction > ONE) revert FractionAboveOne(step.fraction);
        if (step.index >= RangeList.MAX) revert EmptyPosition(step.index);
        uint128 held = w.liquidity[step.index];
        // Also catches an empty place: the pool refuses to touch a position without liquidity.
        if (held == 0) revert EmptyPosition(step.index);
        Range memory range = w.words.get(step.index);
        IUniswapV3Pool pool = _pool(pair, range.fee);

        uint128 part = uint128((uint256(held) * step.fraction) / ONE); // at most `held`, since fraction <= 1e18
        (uint256 amount0, uint256 amount1) = pool.burn(range.tickLower, range.tickUpper, part);
        if (amount0 < step.min0 || amount1 < step.min1) revert SlippageOnBurn(step.index, amount0, amount1);
        pool.collect(address(this), range.tickLower, range.tickUpper, type(uint128).max, type(uint128).max);
        w.liquidity[step.index] = held - part;
    }

    function _swap(Pair memory pair, Work memory w, Swap calldata step) private {
        if (step.fraction > ONE) revert FractionAboveOne(step.fraction);
        if (!PolicyLimits.allowsFee(w.limits, step.fee)) revert PoolNotAllowed(step.fee);
        IUniswapV3Pool pool = _pool(pair, step.fee);
        _checkSpot(pair, w, pool, step.fee);

        uint256 amountIn = ((step.zeroForOne ? w.idle0 : w.idle1) * step.fraction) / ONE;
        ExpectedPool.set(address(pool));
        // Cast: token supplies above 2^255 do not exist; were one to, the sign would make it an exact-output swap that the
        // charge below refuses.
        (int256 delta0, int256 delta1) = pool.swap(
            address(this),
            step.zeroForOne,
            int256(amountIn),
            step.sqrtPriceLimitX96,
            ""
        );
        uint256 amountOut = uint256(-(step.zeroForOne ? delta1 : delta0)); // a pool pays out, so its delta is not positive
        if (amountOut < step.minOut) revert SlippageOnSwap(step.fee, amountOut, step.minOut);
        _checkSpot(pair, w, pool, step.fee);
        w.idle0 = IERC20(pair.token0).balanceOf(address(this));
        w.idle1 = IERC20(pair.token1).balanceOf(address(this));
    }

    /// @dev Frees the places that burns left empty. @return kept the ranges that go on, before mints
    function _dropEmpty(Work memory w) private pure returns (uint256[2] memory kept) {
        uint256 end = w.words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (w.liquidity[i] == 0) w.words.clear(i);
        }
        kept = [w.words[0], w.words[1]];
    }

    function _mint(Pair memory pair, Work memory w, Mint calldata step) private {
        if (step.fraction0 > ONE) revert FractionAboveOne(step.fraction0);
        if (step.fraction1 > ONE) revert FractionAboveOne(step.fraction1);
        if (!PolicyLimits.allowsFee(w.limits, step.fee)) revert PoolNotAllowed(step.fee);
        if (!PolicyLimits.allowsWidth(w.limits, step.tickLower, step.tickUpper)) {
            revert WidthNotAllowed(step.tickLower, step.tickUpper);
        }
        IUniswapV3Pool pool = _pool(pair, step.fee);
        if (w.checkedFee != step.fee) _checkSpot(pair, w, pool, step.fee);
        uint160 sqrtLowerX96 = TickMath.getSqrtPriceAtTick(step.tickLower);
        uint160 sqrtUpperX96 = TickMath.getSqrtPriceAtTick(step.tickUpper);

        uint128 liquidity = LiquidityMath.liquidityFor(
            w.sqrtPriceX96,
            sqrtLowerX96,
            sqrtUpperX96,
            _part(w.idle0, step.fraction0),
            _part(w.idle1, step.fraction1)
        );
        if (liquidity == 0 || liquidity < step.minLiquidity) {
            revert SlippageOnMint(step.fee, liquidity, step.minLiquidity);
        }
        ExpectedPool.set(address(pool));
        (uint256 paid0, uint256 paid1) = pool.mint(address(this), step.tickLower, step.tickUpper, liquidity, "");
        w.idle0 -= paid0;
        w.idle1 -= paid1;
        w.words.findOrAdd(step.fee, step.tickLower, step.tickUpper);

        (uint256 amount0, uint256 amount1) = LiquidityMath.amounts(
            w.sqrtLowX96,
            sqrtLowerX96,
            sqrtUpperX96,
            liquidity,
            false
        );
        w.minted0AtLow += amount0;
        w.minted1AtLow += amount1;
        (amount0, amount1) = LiquidityMath.amounts(w.sqrtHighX96, sqrtLowerX96, sqrtUpperX96, liquidity, false);
        w.minted0AtHigh += amount0;
        w.minted1AtHigh += amount1;
    }

    /// @dev All but one wei is available: a balance that stays above zero saves the next depositor 17,100 gas a token.
    function _part(uint256 idle, uint64 fraction) private pure returns (uint256) {
        return idle == 0 ? 0 : ((idle - 1) * fraction) / ONE;
    }

    // ---------------------------------------------------------------- CHARGE AND LIMITS

    function _charge(
        Pair memory pair,
        Work memory w,
        uint256[2] memory wordsBefore,
        uint256[2] memory wordsKept,
        uint128[8] memory liquidityBefore
    ) private view returns (uint256 chargeX18, uint256 navLow) {
        // What is really there, not what the pools said: a token that keeps a part of a transfer is charged for it.
        w.idle0 = IERC20(pair.token0).balanceOf(address(this));
        w.idle1 = IERC20(pair.token1).balanceOf(address(this));
        bool inverted = pair.quoteIsToken0;

        uint256 loss = _lossAt(w, w.minted0AtLow, w.minted1AtLow, w.band.low, inverted);
        uint256 lossHigh = _lossAt(w, w.minted0AtHigh, w.minted1AtHigh, w.band.high, inverted);
        if (lossHigh > loss) loss = lossHigh;

        // Ranges that went on, and those minted.
        (uint256 core0, uint256 core1) = _amountsAtLow(w, wordsKept, w.liquidity);
        uint256 core = Valuation.valueDown(core0 + w.minted0AtLow, core1 + w.minted1AtLow, w.band.low, inverted);
        navLow = core + Valuation.valueDown(w.idle0, w.idle1, w.band.low, inverted);
        if (navLow == 0) revert NothingToManage();

        chargeX18 = FullMath.mulDivRoundingUp(loss, ONE, navLow);
        uint256 limitX18 = (uint256(PolicyLimits.maxPlanLossBps(w.limits)) * ONE) / BPS;
        if (chargeX18 > limitX18) revert LossAboveLimit(chargeX18, limitX18);

        // Rounded up, so that the cap is never exceeded by a rounding; what a plan found above the cap it may leave there.
        uint256 weightBps = FullMath.mulDivRoundingUp(core, BPS, navLow);
        uint256 cap = PolicyLimits.coreWeightCapBps(w.limits);
        if (weightBps > cap) {
            (core0, core1) = _amountsAtLow(w, wordsBefore, liquidityBefore);
            if (core > Valuation.valueDown(core0, core1, w.band.low, inverted))
                revert CoreWeightAboveCap(weightBps, cap);
        }
    }

    function _lossAt(
        Work memory w,
        uint256 minted0,
        uint256 minted1,
        uint256 priceX96,
        bool inverted
    ) private pure returns (uint256) {
        uint256 before = Valuation.valueUp(w.inHand0, w.inHand1, priceX96, inverted);
        // One sum for tokens and ranges: their values add up, and one rounding is tighter than three.
        uint256 afterwards = Valuation.valueDown(w.idle0 + minted0, w.idle1 + minted1, priceX96, inverted);
        return before > afterwards ? before - afterwards : 0;
    }

    /// @dev Tokens in ranges at the low end of the band, fees aside, rounded down: a small NAV makes a large charge.
    function _amountsAtLow(
        Work memory w,
        uint256[2] memory words,
        uint128[8] memory liquidity
    ) private pure returns (uint256 total0, uint256 total1) {
        uint256 end = words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (liquidity[i] == 0) continue;
            Range memory range = words.get(i);
            (uint256 amount0, uint256 amount1) = LiquidityMath.amounts(
                w.sqrtLowX96,
                TickMath.getSqrtPriceAtTick(range.tickLower),
                TickMath.getSqrtPriceAtTick(range.tickUpper),
                liquidity[i],
                false
            );
            total0 += amount0;
            total1 += amount1;
        }
    }

    /// @dev Defence in depth beside the reference pool: no step trades with or mints into a pool that stands elsewhere.
    function _checkSpot(Pair memory pair, Work memory w, IUniswapV3Pool pool, uint24 fee) private view {
        (uint160 sqrtPriceX96, , , , , , ) = pool.slot0();
        uint256 spot = Valuation.fromSqrtPrice(sqrtPriceX96, pair.quoteIsToken0);
        uint256 low = FullMath.mulDiv(w.band.low, FEE_UNIT - fee, FEE_UNIT);
        uint256 high = FullMath.mulDivRoundingUp(w.band.high, FEE_UNIT + fee, FEE_UNIT);
        if (spot < low || spot > high) revert SpotOutsideBand(fee, spot);
        w.checkedFee = fee;
        w.sqrtPriceX96 = sqrtPriceX96;
    }

    function _pool(Pair memory pair, uint24 fee) private pure returns (IUniswapV3Pool) {
        return Pools.at(pair.factory, pair.token0, pair.token1, fee);
    }

    function _copy(uint128[8] memory from) private pure returns (uint128[8] memory to) {
        for (uint256 i = 0; i < RangeList.MAX; ++i) to[i] = from[i];
    }
}
