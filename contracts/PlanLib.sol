// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

import {MoveLib} from "./MoveLib.sol";
import {IPolicy} from "./interfaces/IPolicy.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {ISleeve} from "./interfaces/ISleeve.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Burn, Mint, Plan, PriceBand, Swap} from "./interfaces/Types.sol";
import {Buckets} from "./libraries/Buckets.sol";
import {Compact} from "./libraries/Compact.sol";
import {ExpectedPool} from "./libraries/ExpectedPool.sol";
import {LiquidityMath} from "./libraries/LiquidityMath.sol";
import {PolicyLimits} from "./libraries/PolicyLimits.sol";
import {Pools} from "./libraries/Pools.sol";
import {RangeList} from "./libraries/RangeList.sol";
import {TreasuryBook} from "./libraries/TreasuryBook.sol";
import {Valuation} from "./libraries/Valuation.sol";

/// @title PlanLib
/// @notice Runs a keeper's plan on the vault's storage and charges it. Linked, not inlined: the vault stays under the size
///         limit of a contract.
///
/// ORDER. Burns, moves, swaps, more moves, mints. What a debt brings can be sold in the same plan, and what a sale brings can
/// secure or repay a debt.
///
/// CHARGE. Let O be the oracle's price and U its error band. The loss of a plan is the greatest, over the two ends p of U, of
/// [value at p of the tokens in hand after burns and collects, before swaps] - [value at p of the tokens at the end + value
/// at p of the ranges minted], never below zero, over NAV at the low end. A minted range is a concave function of p, so the
/// loss is convex and its greatest value over U is at an end. Burning loses nothing at any price (but a wei of each token to the
/// pool's rounding, and a plan burns from each range once), so it is not valued. A gain refills nothing. Sleeves that the plan
/// touches are valued before and after at their low marks, and what they owe counts on the other side; a wei of each token and
/// sleeve is charged on top, for roundings of the venue, and what a sleeve turns out to be worth above its mark counts for nothing.
/// Before the plan no sleeve is worth less than nothing, since nobody has to pay a debt that is worth more than what secures it
/// (the greater of zero and a linear function is convex, so the ends still tell); after it each counts as it is.
///
/// BUDGETS. The charge of each plan fills the loss budget, and what the plan swaps or moves from pool to pool fills the
/// turnover budget; a plan that does not fit reverts. (A move that is made in two plans, out by one and in by the next, is not
/// turnover; its mints are charged like any other.) What a plan gives to sleeves or takes from them, whichever is more, is
/// turnover too. Between plans ranges lose to arbitrage what no check of a single plan
/// sees: at each plan, what the last one left is valued as if it had been held, and what is missing now fills the churn
/// budget, interest on debts included. While that is full, a plan may mint at the greatest width only. (It may burn and swap: burning ends the bleeding,
/// and a swap is the other two budgets' matter.)
///
/// ARBITRAGE LIMIT. Liquidity L in range at price p loses L s^2 sqrt(p) / 4 a year to arbitrage (Milionis, Moallemi,
/// Roughgarden, Zhang, arXiv 2208.06046). Summed over all ranges, each taken at its own nearest price, that must stay within a
/// governed part of NAV a day, at the greater of the governed and the measured volatility: narrow ranges only for little
/// money.
///
/// NOT WORSE THAN BEFORE. A plan that finds the vault outside a limit, because the market moved or the limit was lowered, may
/// leave it there, but no further out. Otherwise a lowered limit would lock the keeper out of mending it.
///
/// ROUNDING. Before: up. After, ranges and NAV: down. The charge: up. Every wei of doubt is charged to the plan, except of churn,
/// where both sides are rounded alike and what was left is kept rounded up.
library PlanLib {
    using RangeList for uint256[2];
    using TreasuryBook for TreasuryBook.Book;

    uint256 private constant ONE = 1e18;
    uint256 private constant BPS = 10_000;
    /// @dev Tiers that one plan can touch: eight positions and as many mints never need more than a policy's four tiers and
    ///      the tiers of positions that are being left.
    uint256 private constant MAX_TIERS = 12;
    uint256 private constant Q96 = 1 << 96;

    /// @notice The part of the vault's storage that plans change.
    struct State {
        uint256[2] ranges;
        Meter meter;
        TreasuryBook.Book owed;
        ISleeve[4] sleeves;
        Reserve reserve;
    }

    /// @notice What deleveraging and unwinding have cost, apart from the keeper's budgets, so that he cannot starve it.
    struct Reserve {
        uint40 level;
        uint32 clock;
    }

    /// @notice One word: plan nonce, the budgets' levels (Buckets) at `clock`, and what the last plan left behind each share, in
    ///         tokens (Compact; wei per share wei times 2^96, rounded up; one that the vault owes more of than it owns is below
    ///         zero: bit 0 of `short` for token0, bit 1 for token1).
    struct Meter {
        uint32 nonce;
        uint32 clock;
        uint40 loss;
        uint40 turnover;
        uint40 churn;
        uint32 left0;
        uint32 left1;
        uint8 short;
    }

    /// @notice The vault's immutables, which a library cannot see.
    struct Pair {
        address factory;
        address token0;
        address token1;
        bool quoteIsToken0;
        IPolicy policy;
        IPriceOracle oracle;
        uint256 supply;
    }

    /// @notice A sleeve in a plan: what the vault's units of it stand for at the low marks, in tokens, debts below zero; now, and
    ///         before the plan's first move of it.
    struct Held {
        ISleeve sleeve;
        int256 net0;
        int256 net1;
        int256 start0;
        int256 start1;
    }

    /// @notice What a plan's moves have done.
    /// @param live bit i: the vault has units of sleeve i
    /// @param touched bit i: the plan has moved sleeve i
    /// @param opened bit i: it was given something to own, or owes more
    /// @param gave value at mid that sleeves were given, quote wei
    /// @param took value at mid that they gave
    /// @param gainLow what they turned out to be worth above their low marks, at the low end of the band, quote wei
    /// @param gainHigh likewise at the high end
    struct Moved {
        uint256 live;
        uint256 touched;
        uint256 opened;
        uint256 gave;
        uint256 took;
        uint256 gainLow;
        uint256 gainHigh;
    }

    /// @dev The plan's working memory.
    struct Work {
        PriceBand band;
        PolicyLimits.Packed limits;
        bool widestOnly;
        uint160 sqrtLowX96;
        uint160 sqrtHighX96;
        uint256[2] words;
        // Of each position, as the plan goes on; before any mint.
        uint128[8] liquidity;
        // Bit i: position i was burned from.
        uint256 burned;
        // The pool whose spot was checked last, and that spot; mints do not move it.
        uint24 checkedFee;
        uint160 sqrtPriceX96;
        // Amounts of the minted ranges at both ends of the band.
        uint256 minted0AtLow;
        uint256 minted1AtLow;
        uint256 minted0AtHigh;
        uint256 minted1AtHigh;
        // Fees collected by burns, before the treasury's part.
        uint256 fees0;
        uint256 fees1;
        // By tier touched: its pool, and the principal that burns took out and mints put in, wei.
        uint256 tiers;
        uint24[MAX_TIERS] tierFee;
        IUniswapV3Pool[MAX_TIERS] tierPool;
        uint256[MAX_TIERS] out0;
        uint256[MAX_TIERS] out1;
        uint256[MAX_TIERS] in0;
        uint256[MAX_TIERS] in1;
        // Sum of L sqrt(p) of minted ranges, quote wei.
        uint256 arbitrage;
        // Value at mid that swaps gave away, quote wei.
        uint256 swapped;
        // The sleeves that the vault has units of, or that the plan moves: a place each, or none as long as no sleeve is there.
        Held[] sleeves;
        Moved moved;
        // Idle tokens, without what is the treasury's: after burns, and now.
        uint256 inHand0;
        uint256 inHand1;
        uint256 idle0;
        uint256 idle1;
    }

    error WrongNonce(uint64 expected, uint64 given);
    error PlanExpired(uint64 deadline);
    error FractionAboveOne(uint64 fraction);
    error EmptyPosition(uint8 index);
    error BurnedTwice(uint8 index);
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
    /// @notice The plan does not fit into what is left of a budget; levels in 1e-12 of NAV.
    error LossBudgetSpent(uint256 level, uint256 capacity);
    error TurnoverBudgetSpent(uint256 level, uint256 capacity);
    /// @notice The ranges would lose more to arbitrage than the policy allows; quote wei a year.
    error ArbitrageAboveLimit(uint256 lossPerYear, uint256 limitPerYear);
    error TooManyTiers();
    error MovesOutOfOrder();
    error SleeveAboveCap(uint256 index, uint256 weightBps, uint256 capBps);

    // ---------------------------------------------------------------- THE PLAN

    function execute(State storage state, Pair memory pair, Plan calldata plan) external {
        Meter memory meter = state.meter;
        if (pair.supply == 0) revert NothingToManage();
        if (plan.nonce != meter.nonce) revert WrongNonce(meter.nonce, plan.nonce);
        if (block.timestamp > plan.deadline) revert PlanExpired(plan.deadline);

        Work memory w;
        w.limits = pair.policy.planLimits(msg.sender);
        w.band = pair.oracle.read(plan.twapHint);
        w.sqrtLowX96 = Valuation.toSqrtPrice(w.band.low, pair.quoteIsToken0);
        w.sqrtHighX96 = Valuation.toSqrtPrice(w.band.high, pair.quoteIsToken0);
        w.words = state.ranges.load();
        uint256[2] memory wordsBefore = [w.words[0], w.words[1]];
        _readLiquidity(pair, w);
        if (w.words.live() != 0) _readSleeves(state, w);
        uint128[8] memory liquidityBefore = _copy(w.liquidity);

        for (uint256 i = 0; i < plan.burns.length; ++i) _burn(pair, w, plan.burns[i]);
        uint256[2] memory wordsKept = _dropEmpty(w);
        TreasuryBook.Book memory owed = _bookFees(state, w);
        _readIdle(pair, w, owed);
        w.inHand0 = w.idle0;
        w.inHand1 = w.idle1;
        (uint256 kept0, uint256 kept1) = _keptAtMid(pair, w, wordsKept);
        _drain(meter, w);
        _chargeChurn(pair, meter, w, kept0, kept1);

        uint256 next;
        if (plan.moves.length != 0) next = _moves(state, pair, w, owed, plan, 0, false);
        for (uint256 i = 0; i < plan.swaps.length; ++i) {
            _swap(pair, w, plan.swaps[i]);
            _readIdle(pair, w, owed);
        }
        if (next != plan.moves.length) next = _moves(state, pair, w, owed, plan, next, true);
        if (next != plan.moves.length) revert MovesOutOfOrder();
        _setLeft(meter, w, kept0, kept1, pair.supply);
        for (uint256 i = 0; i < plan.mints.length; ++i) _mint(pair, w, plan.mints[i]);
        ExpectedPool.set(address(0));
        // What is really there, not what the pools said: a token that keeps a part of a transfer is charged for it.
        _readIdle(pair, w, owed);

        (uint256 chargeX18, uint256 navLow) = _charge(pair, meter, w, wordsBefore, wordsKept, liquidityBefore);
        state.ranges.save(wordsBefore, w.words);
        ++meter.nonce; // 2^32 plans are one a second for 136 years
        state.meter = meter;
        emit IVault.PlanExecuted(plan.nonce, msg.sender, plan.decisionHash, chargeX18, navLow, w.band.mid);
    }

    // ---------------------------------------------------------------- STEPS

    function _readLiquidity(Pair memory pair, Work memory w) private view {
        uint256 end = w.words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (w.words.isEmpty(i)) continue;
            (uint24 fee, int24 tickLower, int24 tickUpper) = w.words.fields(i);
            w.liquidity[i] = Pools.liquidityOf(w.tierPool[_tier(pair, w, fee)], address(this), tickLower, tickUpper);
        }
    }

    function _burn(Pair memory pair, Work memory w, Burn calldata step) private {
        if (step.fraction > ONE) revert FractionAboveOne(step.fraction);
        if (step.index >= RangeList.MAX) revert EmptyPosition(step.index);
        uint128 held = w.liquidity[step.index];
        // Also catches an empty place: the pool refuses to touch a position without liquidity.
        if (held == 0) revert EmptyPosition(step.index);
        (uint24 fee, int24 tickLower, int24 tickUpper) = w.words.fields(step.index);
        uint256 tier = _tier(pair, w, fee);

        // Once: in slices, a range would lose a wei of each token to the pool's rounding as often as the keeper likes.
        uint256 bit = 1 << step.index;
        if (w.burned & bit != 0) revert BurnedTwice(step.index);
        w.burned |= bit;

        uint128 part = uint128((uint256(held) * step.fraction) / ONE); // at most `held`, since fraction <= 1e18
        (uint256 amount0, uint256 amount1) = _takeOut(w.tierPool[tier], w, tickLower, tickUpper, part);
        if (amount0 < step.min0 || amount1 < step.min1) revert SlippageOnBurn(step.index, amount0, amount1);
        // Unchecked, here and where amounts are added up below: what pools pay and take is below 2^128, and a plan has no room
        // for 2^128 steps.
        unchecked {
            w.liquidity[step.index] = held - part;
            w.out0[tier] += amount0;
            w.out1[tier] += amount1;
        }
    }

    /// @return amount0 principal of the burned liquidity; fees are added up in `w`
    function _takeOut(
        IUniswapV3Pool pool,
        Work memory w,
        int24 tickLower,
        int24 tickUpper,
        uint128 part
    ) private returns (uint256 amount0, uint256 amount1) {
        uint256 fees0;
        uint256 fees1;
        (amount0, amount1, fees0, fees1) = Pools.takeOut(pool, tickLower, tickUpper, part);
        // Unchecked: as in _burn.
        unchecked {
            w.fees0 += fees0;
            w.fees1 += fees1;
        }
    }

    /// @dev The word is written only if something was booked.
    function _bookFees(State storage state, Work memory w) private returns (TreasuryBook.Book memory owed) {
        owed = state.owed;
        (uint256 part0, uint256 part1) = owed.add(w.fees0, w.fees1);
        if (part0 != 0 || part1 != 0) state.owed = owed;
    }

    function _readIdle(Pair memory pair, Work memory w, TreasuryBook.Book memory owed) private view {
        w.idle0 = IERC20(pair.token0).balanceOf(address(this)) - owed.amount0;
        w.idle1 = IERC20(pair.token1).balanceOf(address(this)) - owed.amount1;
    }

    /// @dev The tier's place in the plan's lists, found or begun.
    function _tier(Pair memory pair, Work memory w, uint24 fee) private pure returns (uint256 place) {
        // Unchecked: counts to MAX_TIERS.
        unchecked {
            uint256 end = w.tiers;
            for (; place < end; ++place) {
                if (w.tierFee[place] == fee) return place;
            }
            if (end == MAX_TIERS) revert TooManyTiers();
            w.tiers = end + 1;
            w.tierFee[end] = fee;
            w.tierPool[end] = Pools.at(pair.factory, pair.token0, pair.token1, fee);
        }
    }

    function _swap(Pair memory pair, Work memory w, Swap calldata step) private {
        if (step.fraction > ONE) revert FractionAboveOne(step.fraction);
        if (!PolicyLimits.allowsFee(w.limits, step.fee)) revert PoolNotAllowed(step.fee);
        IUniswapV3Pool pool = w.tierPool[_tier(pair, w, step.fee)];
        _checkSpot(pair, w, pool, step.fee);

        uint256 amountIn = partOf(step.zeroForOne ? w.idle0 : w.idle1, step.fraction);
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
        // What was really sold: the price limit may have stopped the pool early. A pool takes in, so the delta is positive.
        w.swapped +=
            step.zeroForOne
                ? Valuation.valueUp(uint256(delta0), 0, w.band.mid, pair.quoteIsToken0)
                : Valuation.valueUp(0, uint256(delta1), w.band.mid, pair.quoteIsToken0);
    }

    /// @dev Frees the places that burns left empty. @return kept the ranges that go on, before mints
    function _dropEmpty(Work memory w) private pure returns (uint256[2] memory kept) {
        uint256 end = w.words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (w.liquidity[i] == 0) w.words.clear(i);
        }
        kept = [w.words[0], w.words[1]];
    }

    function _readSleeves(State storage state, Work memory w) private view {
        w.sleeves = new Held[](RangeList.SLEEVES);
        uint256 live = w.words.live();
        w.moved.live = live;
        for (uint256 i = 0; live >> i != 0; ++i) {
            if ((live >> i) & 1 == 0) continue;
            Held memory held = w.sleeves[i];
            held.sleeve = state.sleeves[i];
            MoveLib.readNets(held);
        }
    }

    /// @dev Runs the moves from `next` on that belong before, or after, the swaps. @return the first that it did not run
    function _moves(
        State storage state,
        Pair memory pair,
        Work memory w,
        TreasuryBook.Book memory owed,
        Plan calldata plan,
        uint256 next,
        bool afterSwaps
    ) private returns (uint256) {
        if (w.sleeves.length == 0) w.sleeves = new Held[](RangeList.SLEEVES);
        (w.sleeves, w.moved, next) = MoveLib.run(
            state,
            MoveLib.Run({pair: pair, band: w.band, owed: owed, next: next, afterSwaps: afterSwaps}),
            w.sleeves,
            w.moved,
            plan.moves
        );
        for (uint256 i = 0; i < RangeList.SLEEVES; ++i) w.words.setLive(i, (w.moved.live >> i) & 1 == 1);
        _readIdle(pair, w, owed);
        return next;
    }

    /// @dev What the vault has of each token with its sleeves, net of their debts.
    function _withSleeves(Work memory w, uint256 amount0, uint256 amount1) private pure returns (int256, int256) {
        // Casts: amounts of tokens are far below 2^255.
        int256 net0 = int256(amount0);
        int256 net1 = int256(amount1);
        for (uint256 i = 0; i < w.sleeves.length; ++i) {
            net0 += w.sleeves[i].net0;
            net1 += w.sleeves[i].net1;
        }
        return (net0, net1);
    }

    /// @dev Tokens and sleeves at a price, rounded down; nothing if more is owed than owned.
    function _netValue(
        Work memory w,
        uint256 amount0,
        uint256 amount1,
        uint256 priceX96,
        bool inverted
    ) private pure returns (uint256) {
        if (w.sleeves.length == 0) return Valuation.valueDown(amount0, amount1, priceX96, inverted);
        (int256 net0, int256 net1) = _withSleeves(w, amount0, amount1);
        return _positive(Valuation.netDown(net0, net1, priceX96, inverted));
    }

    /// @dev Cast: the sign was just looked at.
    function _positive(int256 x) private pure returns (uint256) {
        return x > 0 ? uint256(x) : 0;
    }

    function _mint(Pair memory pair, Work memory w, Mint calldata step) private {
        if (step.fraction0 > ONE) revert FractionAboveOne(step.fraction0);
        if (step.fraction1 > ONE) revert FractionAboveOne(step.fraction1);
        if (!PolicyLimits.allowsFee(w.limits, step.fee)) revert PoolNotAllowed(step.fee);
        uint256 tier = _tier(pair, w, step.fee);
        IUniswapV3Pool pool = w.tierPool[tier];
        uint24 spacing = w.widestOnly ? uint24(pool.tickSpacing()) : 0; // spacings are positive
        if (!PolicyLimits.allowsWidth(w.limits, step.tickLower, step.tickUpper, spacing, w.widestOnly)) {
            revert WidthNotAllowed(step.tickLower, step.tickUpper);
        }
        if (w.checkedFee != step.fee) _checkSpot(pair, w, pool, step.fee);
        uint160 sqrtLowerX96 = TickMath.getSqrtPriceAtTick(step.tickLower);
        uint160 sqrtUpperX96 = TickMath.getSqrtPriceAtTick(step.tickUpper);

        uint128 liquidity = LiquidityMath.liquidityFor(
            w.sqrtPriceX96,
            sqrtLowerX96,
            sqrtUpperX96,
            partOf(w.idle0, step.fraction0),
            partOf(w.idle1, step.fraction1)
        );
        if (liquidity == 0 || liquidity < step.minLiquidity) {
            revert SlippageOnMint(step.fee, liquidity, step.minLiquidity);
        }
        ExpectedPool.set(address(pool));
        (uint256 paid0, uint256 paid1) = pool.mint(address(this), step.tickLower, step.tickUpper, liquidity, "");
        w.words.findOrAdd(step.fee, step.tickLower, step.tickUpper);
        _addMinted(pair, w, liquidity, sqrtLowerX96, sqrtUpperX96);
        // Unchecked: as in _burn; liquidity was computed from what is idle, so a pool takes no more than that.
        unchecked {
            w.idle0 -= paid0;
            w.idle1 -= paid1;
            w.in0[tier] += paid0;
            w.in1[tier] += paid1;
        }
    }

    /// @dev What a minted range is worth at both ends of the band, and what it exposes to arbitrage.
    function _addMinted(
        Pair memory pair,
        Work memory w,
        uint128 liquidity,
        uint160 sqrtLowerX96,
        uint160 sqrtUpperX96
    ) private pure {
        uint160 low = w.sqrtLowX96;
        uint160 high = w.sqrtHighX96;
        (uint256 low0, uint256 low1) = LiquidityMath.amounts(low, sqrtLowerX96, sqrtUpperX96, liquidity, false);
        (uint256 high0, uint256 high1) = LiquidityMath.amounts(high, sqrtLowerX96, sqrtUpperX96, liquidity, false);
        uint256 arbitrage = _arbitrageX(liquidity, high, sqrtLowerX96, sqrtUpperX96, pair.quoteIsToken0);
        // Unchecked: as in _burn.
        unchecked {
            w.minted0AtLow += low0;
            w.minted1AtLow += low1;
            w.minted0AtHigh += high0;
            w.minted1AtHigh += high1;
            w.arbitrage += arbitrage;
        }
    }

    /// @dev All but one wei is available: a balance that stays above zero saves the next depositor 17,100 gas a token.
    function partOf(uint256 idle, uint64 fraction) internal pure returns (uint256) {
        if (idle == 0) return 0;
        if (fraction == ONE) return idle - 1;
        return ((idle - 1) * fraction) / ONE;
    }

    // ---------------------------------------------------------------- BUDGETS

    /// @dev All budgets drain for the time since the last plan.
    function _drain(Meter memory meter, Work memory w) private view {
        uint256 elapsed = block.timestamp - meter.clock;
        uint256 first = w.limits.first;
        uint256 second = w.limits.second;
        // Casts to 16 bits cut the rates out of their words (PolicyLimits); a drained level is at most the level it was.
        meter.loss = uint40(Buckets.drained(meter.loss, elapsed, uint16(first >> 192)));
        meter.turnover = uint40(Buckets.drained(meter.turnover, elapsed, uint16(first >> 224)));
        meter.churn = uint40(Buckets.drained(meter.churn, elapsed, uint16(second >> 16)));
        meter.clock = uint32(block.timestamp); // 32 bits last until 2106
    }

    /// @dev What the last plan left, held until now, less what is here now with the fees that this plan collected; fees of
    ///      ranges that stay are not counted, which charges more.
    function _chargeChurn(
        Pair memory pair,
        Meter memory meter,
        Work memory w,
        uint256 kept0,
        uint256 kept1
    ) private pure {
        uint256 navNow = _netValue(w, w.inHand0 + kept0, w.inHand1 + kept1, w.band.mid, pair.quoteIsToken0);
        if (navNow == 0) revert NothingToManage();
        // Down, as NAV is: what was kept is already rounded up, so this is no less than what was left, and a vault of dust in which
        // nothing happened is charged nothing.
        uint256 held = _positive(
            Valuation.netDown(
                _leftOf(meter.left0, meter.short & 1 != 0, pair.supply),
                _leftOf(meter.left1, meter.short & 2 != 0, pair.supply),
                w.band.mid,
                pair.quoteIsToken0
            )
        );
        if (held > navNow) meter.churn = _add(meter.churn, Buckets.toLevel(held - navNow, navNow));
        w.widestOnly = meter.churn >= Buckets.capacity(uint16(w.limits.second)); // the low 16 bits: churnCapBps
    }

    /// @dev What was left of a token, for all shares that there are now.
    function _leftOf(uint32 perShare, bool short, uint256 supply) private pure returns (int256) {
        // Cast: below 2^160 wei were left (_perShare), so that the supply would have to grow 2^95-fold.
        int256 left = int256(FullMath.mulDiv(Compact.decode(perShare), supply, Q96));
        return short ? -left : left;
    }

    /// @dev What this plan leaves behind each share, before it mints: its sleeves net of their debts.
    function _setLeft(Meter memory meter, Work memory w, uint256 kept0, uint256 kept1, uint256 supply) private pure {
        (int256 left0, int256 left1) = _withSleeves(w, w.idle0 + kept0, w.idle1 + kept1);
        meter.left0 = _perShare(left0, supply);
        meter.left1 = _perShare(left1, supply);
        meter.short = (left0 < 0 ? 1 : 0) | (left1 < 0 ? 2 : 0);
    }

    /// @dev Value swapped, value that sleeves were given or gave, and value that left some pools for others; ranges that move
    ///      inside one pool cancel.
    function _turnover(Work memory w, bool inverted) private pure returns (uint256) {
        uint256 sum = w.swapped + (w.moved.gave > w.moved.took ? w.moved.gave : w.moved.took);
        // Ranges of one tier have nowhere else to go.
        if (w.tiers < 2) return sum;
        uint256 out;
        uint256 into;
        for (uint256 i = 0; i < w.tiers; ++i) {
            uint256 left = Valuation.valueUp(w.out0[i], w.out1[i], w.band.mid, inverted);
            uint256 entered = Valuation.valueUp(w.in0[i], w.in1[i], w.band.mid, inverted);
            // One more than the difference of two values that were both rounded up.
            if (left > entered) out += left - entered + 1;
            else if (entered > left) into += entered - left + 1;
        }
        return sum + (out < into ? out : into);
    }

    /// @dev The size of it, toward more being left. Amounts of 2^160 wei do not exist; were one to, it would be counted as so much.
    function _perShare(int256 amount, uint256 supply) private pure returns (uint32) {
        // Casts: each sign is looked at first.
        bool short = amount < 0;
        uint256 size = short ? uint256(-amount) : uint256(amount);
        if (size >> 160 != 0) size = type(uint160).max;
        return short ? Compact.encodeDown((size << 96) / supply) : Compact.encodeUp(Math.ceilDiv(size << 96, supply));
    }

    /// @dev Saturates at 110 % of NAV, above any capacity.
    function _add(uint40 level, uint256 charge) private pure returns (uint40) {
        uint256 sum = level + charge;
        return sum > type(uint40).max ? type(uint40).max : uint40(sum);
    }

    // ---------------------------------------------------------------- CHARGE AND LIMITS

    function _charge(
        Pair memory pair,
        Meter memory meter,
        Work memory w,
        uint256[2] memory wordsBefore,
        uint256[2] memory wordsKept,
        uint128[8] memory liquidityBefore
    ) private pure returns (uint256 chargeX18, uint256 navLow) {
        bool inverted = pair.quoteIsToken0;
        uint256 loss = _lossAt(w, w.minted0AtLow, w.minted1AtLow, w.moved.gainLow, w.band.low, inverted);
        uint256 lossHigh = _lossAt(w, w.minted0AtHigh, w.minted1AtHigh, w.moved.gainHigh, w.band.high, inverted);
        if (lossHigh > loss) loss = lossHigh;

        // Ranges that went on, and those minted.
        (uint256 core0, uint256 core1) = _amountsAtLow(w, wordsKept, w.liquidity);
        core0 += w.minted0AtLow;
        core1 += w.minted1AtLow;
        uint256 core = Valuation.valueDown(core0, core1, w.band.low, inverted);
        navLow = _netValue(w, w.idle0 + core0, w.idle1 + core1, w.band.low, inverted);
        if (navLow == 0) revert NothingToManage();

        // Up. Plain products here and below, as in Buckets: values above 2^190 quote wei do not exist, and one would be refused.
        chargeX18 = Math.ceilDiv(loss * ONE, navLow);
        uint256 first = w.limits.first;
        // Casts to 16 bits cut fields out of their word (PolicyLimits), here and below.
        uint256 limitX18 = (uint256(uint16(first >> 160)) * ONE) / BPS;
        if (chargeX18 > limitX18) revert LossAboveLimit(chargeX18, limitX18);
        meter.loss = _add(meter.loss, Buckets.toLevel(loss, navLow));
        uint256 capacity = Buckets.capacity(uint16(first >> 176));
        if (loss != 0 && meter.loss > capacity) revert LossBudgetSpent(meter.loss, capacity);

        uint256 turnover = _turnover(w, inverted);
        meter.turnover = _add(meter.turnover, Buckets.toLevel(turnover, navLow));
        capacity = Buckets.capacity(uint16(first >> 208));
        if (turnover != 0 && meter.turnover > capacity) revert TurnoverBudgetSpent(meter.turnover, capacity);

        // Rounded up, so that the cap is never exceeded by a rounding; what a plan found above the cap it may leave there.
        uint256 weightBps = Math.ceilDiv(core * BPS, navLow);
        uint256 cap = uint16(first >> 96);
        if (weightBps > cap) {
            (core0, core1) = _amountsAtLow(w, wordsBefore, liquidityBefore);
            if (core > Valuation.valueDown(core0, core1, w.band.low, inverted))
                revert CoreWeightAboveCap(weightBps, cap);
        }
        if (w.moved.opened != 0) _checkSleeveCaps(w, navLow, inverted);
        _checkArbitrage(pair, w, wordsBefore, wordsKept, liquidityBefore, navLow);
    }

    /// @dev Of sleeves that were opened further; rounded up, so that the cap is never exceeded by a rounding. (Repaying a debt
    ///      gives nothing that is owned.)
    function _checkSleeveCaps(Work memory w, uint256 navLow, bool inverted) private pure {
        for (uint256 i = 0; w.moved.opened >> i != 0; ++i) {
            if ((w.moved.opened >> i) & 1 == 0) continue;
            Held memory held = w.sleeves[i];
            uint256 owned = Valuation.valueUp(_positive(held.net0), _positive(held.net1), w.band.low, inverted);
            uint256 weightBps = FullMath.mulDivRoundingUp(owned, BPS, navLow);
            uint256 cap = PolicyLimits.sleeveCapBps(w.limits, i);
            if (weightBps > cap) revert SleeveAboveCap(i, weightBps, cap);
        }
    }

    /// @dev See ARBITRAGE LIMIT in the header. Only minting can raise it.
    function _checkArbitrage(
        Pair memory pair,
        Work memory w,
        uint256[2] memory wordsBefore,
        uint256[2] memory wordsKept,
        uint128[8] memory liquidityBefore,
        uint256 navLow
    ) private pure {
        if (w.arbitrage == 0) return;
        uint256 sum = w.arbitrage + _arbitrageOf(pair, w, wordsKept, w.liquidity);
        uint256 floorBps = uint16(w.limits.second >> 32);
        uint256 varianceE12 = floorBps * floorBps * 1e4; // (bps / 1e4)^2 * 1e12
        if (w.band.varianceE12 > varianceE12) varianceE12 = w.band.varianceE12;
        uint256 perYear = Math.ceilDiv(sum * varianceE12, 4e12);
        uint256 limit = (navLow * uint16(w.limits.second >> 48) * 365) / BPS;
        if (perYear <= limit) return;
        if (sum > _arbitrageOf(pair, w, wordsBefore, liquidityBefore)) revert ArbitrageAboveLimit(perYear, limit);
    }

    function _arbitrageOf(
        Pair memory pair,
        Work memory w,
        uint256[2] memory words,
        uint128[8] memory liquidity
    ) private pure returns (uint256 sum) {
        uint256 end = words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (liquidity[i] == 0) continue;
            (, int24 tickLower, int24 tickUpper) = words.fields(i);
            sum += _arbitrageX(
                liquidity[i],
                w.sqrtHighX96,
                TickMath.getSqrtPriceAtTick(tickLower),
                TickMath.getSqrtPriceAtTick(tickUpper),
                pair.quoteIsToken0
            );
        }
    }

    /// @dev L sqrt(p) in quote wei at the range's price nearest to the band's high end, which is where it is greatest, rounded
    ///      up. Where token0 is the quote, the price of token1 in token0 is the inverse, and so is its root.
    function _arbitrageX(
        uint128 liquidity,
        uint160 sqrtPriceX96,
        uint160 sqrtLowerX96,
        uint160 sqrtUpperX96,
        bool inverted
    ) private pure returns (uint256) {
        uint160 at =
            sqrtPriceX96 < sqrtLowerX96
                ? sqrtLowerX96
                : sqrtPriceX96 > sqrtUpperX96
                    ? sqrtUpperX96
                    : sqrtPriceX96;
        return inverted ? FullMath.mulDivRoundingUp(liquidity, Q96, at) : FullMath.mulDivRoundingUp(liquidity, at, Q96);
    }

    function _lossAt(
        Work memory w,
        uint256 minted0,
        uint256 minted1,
        uint256 gain,
        uint256 priceX96,
        bool inverted
    ) private pure returns (uint256) {
        uint256 before0 = w.inHand0;
        uint256 before1 = w.inHand1;
        uint256 after0 = w.idle0 + minted0;
        uint256 after1 = w.idle1 + minted1;
        // One sum for tokens, ranges and sleeves: their values add up, and one rounding is tighter than many.
        if (w.moved.touched != 0) {
            Sides memory s = Sides(before0, before1, after0, after1);
            _addMoved(w, s, priceX96, inverted);
            (before0, before1, after0, after1) = (s.before0, s.before1, s.after0, s.after1);
        }
        // No less of either token: no loss at any price, and none from rounding. So a plan that only burns is never refused.
        if (gain == 0 && after0 >= before0 && after1 >= before1) return 0;
        uint256 before = Valuation.valueUp(before0, before1, priceX96, inverted) + gain;
        uint256 afterwards = Valuation.valueDown(after0, after1, priceX96, inverted);
        return before > afterwards ? before - afterwards : 0;
    }

    /// @dev What is compared: tokens before a plan and after it.
    struct Sides {
        uint256 before0;
        uint256 before1;
        uint256 after0;
        uint256 after1;
    }

    /// @dev Sleeves that the plan moved; see CHARGE in the header.
    function _addMoved(Work memory w, Sides memory s, uint256 priceX96, bool inverted) private pure {
        for (uint256 i = 0; w.moved.touched >> i != 0; ++i) {
            if ((w.moved.touched >> i) & 1 == 0) continue;
            Held memory held = w.sleeves[i];
            // One wei of each token for the venue's roundings.
            s.before0 += _positive(-held.net0) + 1;
            s.before1 += _positive(-held.net1) + 1;
            s.after0 += _positive(held.net0);
            s.after1 += _positive(held.net1);
            if (Valuation.netDown(held.start0, held.start1, priceX96, inverted) < 0) continue;
            s.before0 += _positive(held.start0);
            s.before1 += _positive(held.start1);
            s.after0 += _positive(-held.start0);
            s.after1 += _positive(-held.start1);
        }
    }

    /// @dev Tokens in ranges at the low end of the band, fees aside, rounded down: a small NAV makes a large charge.
    function _amountsAtLow(
        Work memory w,
        uint256[2] memory words,
        uint128[8] memory liquidity
    ) private pure returns (uint256, uint256) {
        return _amountsAt(w.sqrtLowX96, words, liquidity);
    }

    /// @dev Tokens at mid in the ranges that this plan does not end, after its burns.
    function _keptAtMid(
        Pair memory pair,
        Work memory w,
        uint256[2] memory wordsKept
    ) private pure returns (uint256, uint256) {
        if (wordsKept.end() == 0) return (0, 0);
        return _amountsAt(Valuation.toSqrtPrice(w.band.mid, pair.quoteIsToken0), wordsKept, w.liquidity);
    }

    function _amountsAt(
        uint160 sqrtPriceX96,
        uint256[2] memory words,
        uint128[8] memory liquidity
    ) private pure returns (uint256 total0, uint256 total1) {
        uint256 end = words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (liquidity[i] == 0) continue;
            (, int24 tickLower, int24 tickUpper) = words.fields(i);
            (uint256 amount0, uint256 amount1) = LiquidityMath.amounts(
                sqrtPriceX96,
                TickMath.getSqrtPriceAtTick(tickLower),
                TickMath.getSqrtPriceAtTick(tickUpper),
                liquidity[i],
                false
            );
            // Unchecked: as in _burn.
            unchecked {
                total0 += amount0;
                total1 += amount1;
            }
        }
    }

    /// @dev Defence in depth beside the reference pool: no step trades with or mints into a pool that stands elsewhere.
    function _checkSpot(Pair memory pair, Work memory w, IUniswapV3Pool pool, uint24 fee) private view {
        (uint160 sqrtPriceX96, , , , , , ) = pool.slot0();
        uint256 spot = Valuation.fromSqrtPrice(sqrtPriceX96, pair.quoteIsToken0);
        (uint256 low, uint256 high) = Valuation.widened(w.band.low, w.band.high, fee);
        if (spot < low || spot > high) revert SpotOutsideBand(fee, spot);
        w.checkedFee = fee;
        w.sqrtPriceX96 = sqrtPriceX96;
    }

    function _copy(uint128[8] memory from) private pure returns (uint128[8] memory to) {
        // Eight words, each holding one number.
        assembly ("memory-safe") {
            mcopy(to, from, 256)
        }
    }
}
