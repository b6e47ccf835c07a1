// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {PlanLib} from "./PlanLib.sol";
import {IPolicy} from "./interfaces/IPolicy.sol";
import {ISleeve} from "./interfaces/ISleeve.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Limits, Nets, Obstacle, PriceBand, Range} from "./interfaces/Types.sol";
import {Buckets} from "./libraries/Buckets.sol";
import {ExpectedPool} from "./libraries/ExpectedPool.sol";
import {Holdings} from "./libraries/Holdings.sol";
import {Pools} from "./libraries/Pools.sol";
import {RangeList} from "./libraries/RangeList.sol";
import {TreasuryBook} from "./libraries/TreasuryBook.sol";
import {Valuation} from "./libraries/Valuation.sol";

/// @title SleeveLib
/// @notice What the vault does with its sleeves outside of plans: pay leavers their part, price them for those who enter, take
///         in a sleeve that the DAO has chosen, and bring debts down. Linked, and called only where there are sleeves.
///
/// EXITS. A leaver gets his part of each sleeve in kind, after his part of its debt was paid from his part of everything else;
/// what is missing he pays in. Or he takes units. Nothing is swapped and nothing is caught: where a venue does not pay, the
/// call reverts, and his next one names that sleeve in the mask.
///
/// DELEVERAGING is open to anybody once a debt is near liquidation or too dear, and to a guardian at any time. It repays in kind:
/// idle tokens first, then the same fraction of every range. Only for what is still missing it swaps, in the reference pool
/// and inside the oracle's band, and what that loses fills a budget of its own, which no keeper can touch.
library SleeveLib {
    using RangeList for uint256[2];
    using SafeERC20 for IERC20;
    using TreasuryBook for TreasuryBook.Book;

    uint256 private constant ONE = 1e18;
    uint256 private constant NO_HINT = type(uint256).max;
    /// @dev Wei of either token that a place may still hold when another sleeve takes it.
    int256 private constant DUST = 1_000;

    /// @notice A debt is greater than what the vault owns of that token: who entered now would pay less than nothing for it.
    error DepositsClosed(bool token1);
    /// @notice The sleeve's debt is near liquidation, or its venue does not answer for its value.
    error SleeveUnsound(uint256 index);
    error NoSleeve(uint256 index);
    /// @notice The place still holds more than dust; it can only be taken by another sleeve when it holds nothing.
    error SleeveNotEmpty(uint256 index);
    /// @notice Nothing new, a sleeve of another vault, or one that has a place already.
    error SleeveNotAdoptable(uint256 index, address sleeve);
    error NothingToDeleverage(uint256 index);
    /// @notice Neither idle tokens nor ranges hold the token that is owed, and no swap is possible now.
    error NothingToRepayWith(uint256 index);
    error NotGuardian(address caller);

    // ---------------------------------------------------------------- EXITS AND ENTRIES

    /// @param mask bit i: units of sleeve i instead of tokens
    /// @param part the leaver's shares, `whole` all of them
    /// @param amount0 what he gets from idle tokens and ranges; amount1 likewise
    struct Exit {
        uint256 live;
        uint256 mask;
        uint256 part;
        uint256 whole;
        address to;
        address token0;
        address token1;
        uint256 amount0;
        uint256 amount1;
    }

    /// @return amount0 what the leaver gets with his part of the sleeves
    /// @return amount1 likewise
    function exit(PlanLib.State storage state, Exit memory e) external returns (uint256 amount0, uint256 amount1) {
        uint256 owing;
        // Those without debt first: what they bring may pay for the others.
        for (uint256 i = 0; i < RangeList.SLEEVES; ++i) {
            if ((e.live >> i) & 1 == 0) continue;
            ISleeve sleeve = state.sleeves[i];
            if ((e.mask >> i) & 1 == 1) {
                // Rounded down. An entry in the sleeve's own ledger: no venue is asked.
                uint256 units = FullMath.mulDiv(sleeve.balanceOf(address(this), 0), e.part, e.whole);
                if (units != 0) sleeve.transfer(e.to, 0, units);
                continue;
            }
            (uint256 owe0, uint256 owe1, , ) = sleeve.previewExit(e.part, e.whole);
            if (owe0 | owe1 != 0) owing |= 1 << i;
            else _leave(sleeve, e);
        }
        for (uint256 i = 0; owing >> i != 0; ++i) {
            if ((owing >> i) & 1 == 0) continue;
            ISleeve sleeve = state.sleeves[i];
            (uint256 owe0, uint256 owe1, , ) = sleeve.previewExit(e.part, e.whole);
            e.amount0 = _pay(e.token0, address(sleeve), owe0, e.amount0);
            e.amount1 = _pay(e.token1, address(sleeve), owe1, e.amount1);
            _leave(sleeve, e);
        }
        return (e.amount0, e.amount1);
    }

    function _leave(ISleeve sleeve, Exit memory e) private {
        (uint256 got0, uint256 got1) = sleeve.exit(e.part, e.whole);
        e.amount0 += got0;
        e.amount1 += got1;
    }

    /// @dev Pays a debt from what the leaver has coming, and the rest from his pocket. @return left of what he has coming
    function _pay(address token, address sleeve, uint256 owed, uint256 has) private returns (uint256 left) {
        if (owed == 0) return has;
        if (has < owed) {
            uint256 missing = owed - has;
            uint256 balance = IERC20(token).balanceOf(address(this));
            IERC20(token).safeTransferFrom(msg.sender, address(this), missing);
            uint256 received = IERC20(token).balanceOf(address(this)) - balance;
            if (received != missing) revert IVault.TransferNotExact(token, missing, received);
            emit IVault.PaidIn(msg.sender, token, missing);
            has = owed;
        }
        IERC20(token).safeTransfer(sleeve, owed);
        return has - owed;
    }

    /// @notice What a share costs with sleeves: their high mark on top of the rest.
    /// @param total0 idle and in ranges; total1 likewise
    function withSleeves(
        PlanLib.State storage state,
        uint256 live,
        uint256 total0,
        uint256 total1
    ) external view returns (uint256, uint256) {
        int256 high0;
        int256 high1;
        // Casts: amounts of tokens are far below 2^255.
        int256 low0 = int256(total0);
        int256 low1 = int256(total1);
        for (uint256 i = 0; live >> i != 0; ++i) {
            if ((live >> i) & 1 == 0) continue;
            ISleeve sleeve = state.sleeves[i];
            if (!sleeve.sound()) revert SleeveUnsound(i);
            Nets memory nets = sleeve.nets();
            low0 += nets.low0;
            low1 += nets.low1;
            high0 += nets.high0;
            high1 += nets.high1;
        }
        if (low0 < 0) revert DepositsClosed(false);
        if (low1 < 0) revert DepositsClosed(true);
        // Casts: no high mark is below its low one, and those were found not to be negative.
        return (uint256(int256(total0) + high0), uint256(int256(total1) + high1));
    }

    // ---------------------------------------------------------------- PLACES

    function adopt(PlanLib.State storage state, IPolicy policy, uint256 index) external {
        if (index >= RangeList.SLEEVES) revert NoSleeve(index);
        ISleeve next = policy.sleeves(index);
        ISleeve current = state.sleeves[index];
        if (address(current) != address(0)) {
            Nets memory nets = current.nets();
            bool empty = _isDust(nets.low0) && _isDust(nets.low1) && _isDust(nets.high0) && _isDust(nets.high1);
            if (!empty) revert SleeveNotEmpty(index);
        }
        for (uint256 i = 0; i < RangeList.SLEEVES; ++i) {
            // Twice in the list it would be counted twice. Nobody may stand anywhere but where nobody stands already.
            if (next == state.sleeves[i] && (i == index || address(next) != address(0))) {
                revert SleeveNotAdoptable(index, address(next));
            }
        }
        bool holds;
        if (address(next) != address(0)) {
            if (next.VAULT() != address(this)) revert SleeveNotAdoptable(index, address(next));
            holds = next.balanceOf(address(this), 0) != 0;
        }
        state.sleeves[index] = next;
        _setLive(state, index, holds);
        emit IVault.SleeveAdopted(index, address(next));
    }

    /// @dev What the last plan could not take because of roundings; while others hold units, some always stays.
    function _isDust(int256 amount) private pure returns (bool) {
        return amount >= -DUST && amount <= DUST;
    }

    function _setLive(PlanLib.State storage state, uint256 index, bool on) private {
        uint256[2] memory words = state.ranges.load();
        uint256[2] memory before = [words[0], words[1]];
        words.setLive(index, on);
        state.ranges.save(before, words);
    }

    // ---------------------------------------------------------------- DELEVERAGING

    /// @dev What is being done for one sleeve.
    struct Work {
        ISleeve sleeve;
        uint256 index;
        // The token that is owed.
        bool token1;
        uint256 need;
        uint256[2] words;
    }

    function deleverage(PlanLib.State storage state, PlanLib.Pair memory pair, uint256 index) external {
        Work memory w = _begin(state, index);
        (uint256 owe0, uint256 owe1) = w.sleeve.shortfall();
        if (owe0 | owe1 == 0) revert NothingToDeleverage(index);
        w.token1 = owe1 != 0;
        w.need = owe0 + owe1;
        uint256 paid = _repay(state, pair, w);
        if (paid == 0) revert NothingToRepayWith(index);
        emit IVault.Deleveraged(index, msg.sender, paid);
    }

    /// @notice Takes out as large a part of the sleeve as the tokens at hand can pay the debt of. The part leaves as a leaver's
    ///         would, both legs in proportion: no price is needed and health stays as it is. Where the venue lets nothing go, what
    ///         can be done is done: a debt is repaid, and what settles later is asked for.
    function unwind(PlanLib.State storage state, PlanLib.Pair memory pair, uint256 index) external {
        if (!pair.policy.mayUnwind(msg.sender)) revert NotGuardian(msg.sender);
        Work memory w = _begin(state, index);
        (uint256 owe0, uint256 owe1, , ) = w.sleeve.previewExit(1, 1);
        w.token1 = owe1 != 0;
        w.need = owe0 + owe1;
        Obstacle why = w.sleeve.obstacle(1, 1);
        bool open = why == Obstacle.None;
        uint256 paid;
        if (w.need == 0) {
            if (open) w.sleeve.exit(1, 1);
            else _askFor(pair, w);
        } else if (open) {
            paid = _leaveInPart(state, pair, w);
        } else {
            // Under water: nobody owes what nothing stands behind.
            (owe0, owe1) = w.sleeve.shortfall();
            if (why == Obstacle.Unhealthy && owe0 | owe1 == 0) revert NothingToDeleverage(index);
            paid = _repay(state, pair, w);
            if (paid == 0) revert NothingToRepayWith(index);
        }
        if (w.sleeve.balanceOf(address(this), 0) == 0) _setLive(state, index, false);
        emit IVault.Unwound(index, msg.sender, paid);
    }

    /// @return paid of the debt
    function _leaveInPart(
        PlanLib.State storage state,
        PlanLib.Pair memory pair,
        Work memory w
    ) private returns (uint256 paid) {
        uint256 has = _raise(state, pair, w);
        uint256 part = has >= w.need ? ONE : FullMath.mulDiv(has, ONE, w.need);
        // What a part owes is rounded up: a billionth less of it is paid for.
        if (part < ONE) part -= part / 1e9;
        paid = _owed(w.sleeve, part);
        if (paid > has) {
            // Where a few wei are missing, less than what the venue lets stay behind: a part that leaves more.
            part -= part / 1e3;
            paid = _owed(w.sleeve, part);
        }
        if (paid == 0 || paid > has) revert NothingToRepayWith(w.index);
        IERC20(w.token1 ? pair.token1 : pair.token0).safeTransfer(address(w.sleeve), paid);
        w.sleeve.exit(part, ONE);
    }

    function _owed(ISleeve sleeve, uint256 part) private view returns (uint256) {
        (uint256 owe0, uint256 owe1, , ) = sleeve.previewExit(part, ONE);
        return owe0 + owe1;
    }

    /// @dev Of a sleeve that settles later, or in part: all that it owns.
    function _askFor(PlanLib.Pair memory pair, Work memory w) private {
        Nets memory nets = w.sleeve.nets();
        (uint256 low, uint256 high) = _unitPrice(pair, w);
        // A sleeve without debt owns one token, so that the other amount is zero.
        w.sleeve.move(-nets.low0, -nets.low1, low, high);
    }

    function _begin(PlanLib.State storage state, uint256 index) private view returns (Work memory w) {
        w.words = state.ranges.load();
        if (index >= RangeList.SLEEVES || (w.words.live() >> index) & 1 == 0) revert NoSleeve(index);
        w.sleeve = state.sleeves[index];
        w.index = index;
    }

    /// @return paid of the debt
    function _repay(
        PlanLib.State storage state,
        PlanLib.Pair memory pair,
        Work memory w
    ) private returns (uint256 paid) {
        uint256 has = _raise(state, pair, w);
        paid = has < w.need ? has : w.need;
        if (paid == 0) return 0;
        IERC20(w.token1 ? pair.token1 : pair.token0).safeTransfer(address(w.sleeve), paid);
        (uint256 low, uint256 high) = _unitPrice(pair, w);
        // Cast: amounts of tokens are far below 2^255.
        (int256 moved0, int256 moved1) = w.sleeve.move(
            w.token1 ? int256(0) : int256(paid),
            w.token1 ? int256(paid) : int256(0),
            low,
            high
        );
        return uint256(w.token1 ? moved1 : moved0);
    }

    /// @dev Brings together what is needed of the token that is owed. @return has so much of it is idle then
    function _raise(
        PlanLib.State storage state,
        PlanLib.Pair memory pair,
        Work memory w
    ) private returns (uint256 has) {
        TreasuryBook.Book memory owed = state.owed;
        has = _idle(pair, owed, w.token1);
        if (has < w.need && _burnFor(state, pair, w, owed, w.need - has)) {
            state.owed = owed;
            has = _idle(pair, owed, w.token1);
        }
        if (has < w.need) {
            _swapFor(state, pair, w, owed, w.need - has);
            has = _idle(pair, owed, w.token1);
        }
    }

    /// @dev The feeds' band, which nobody can move, or zeroes while they are silent: only units that others hold need a price, and
    ///      to repay must be possible without one.
    function _unitPrice(PlanLib.Pair memory pair, Work memory w) private view returns (uint256 low, uint256 high) {
        if (w.sleeve.balanceOf(address(this), 0) == w.sleeve.totalUnits()) return (0, 0);
        try pair.oracle.feeds() returns (PriceBand memory band) {
            return (band.low, band.high);
        } catch {
            return (0, 0);
        }
    }

    function _idle(
        PlanLib.Pair memory pair,
        TreasuryBook.Book memory owed,
        bool token1
    ) private view returns (uint256) {
        return
            token1
                ? IERC20(pair.token1).balanceOf(address(this)) - owed.amount1
                : IERC20(pair.token0).balanceOf(address(this)) - owed.amount0;
    }

    /// @dev Burns the same fraction of every range: as much as brings what is missing at the pools' spot, or all of it, for the rest
    ///      is bought with what comes of the other token. Where nothing comes of the one that is owed and nothing can be bought, nothing
    ///      is burned. What is left empty loses its place.
    function _burnFor(
        PlanLib.State storage state,
        PlanLib.Pair memory pair,
        Work memory w,
        TreasuryBook.Book memory owed,
        uint256 missing
    ) private returns (bool burned) {
        uint256 held = _inRanges(pair, w);
        if (held == 0 && !_speaks(pair)) return false;
        uint256 fraction = missing >= held ? ONE : FullMath.mulDivRoundingUp(missing, ONE, held);
        uint256[2] memory before = [w.words[0], w.words[1]];
        uint256 end = w.words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (w.words.isEmpty(i)) continue;
            Range memory range = w.words.get(i);
            IUniswapV3Pool pool = Pools.at(pair.factory, pair.token0, pair.token1, range.fee);
            uint128 liquidity = Pools.liquidityOf(pool, address(this), range.tickLower, range.tickUpper);
            // Cast: at most the position's own liquidity, since no fraction is above one.
            uint128 part = uint128(FullMath.mulDivRoundingUp(liquidity, fraction, ONE));
            if (part == liquidity) w.words.clear(i);
            if (part == 0) continue;
            (, , uint256 fees0, uint256 fees1) = Pools.takeOut(pool, range.tickLower, range.tickUpper, part);
            owed.add(fees0, fees1);
        }
        state.ranges.save(before, w.words);
        return true;
    }

    function _speaks(PlanLib.Pair memory pair) private view returns (bool) {
        try pair.oracle.read(NO_HINT) returns (PriceBand memory) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev Of the token that is owed, in all ranges at their pools' spot, fees aside.
    function _inRanges(PlanLib.Pair memory pair, Work memory w) private view returns (uint256 sum) {
        Holdings.PoolState memory pool;
        uint256 end = w.words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (w.words.isEmpty(i)) continue;
            Range memory range = w.words.get(i);
            if (range.fee != pool.fee) {
                pool = Holdings.readPool(Pools.at(pair.factory, pair.token0, pair.token1, range.fee), range.fee);
            }
            Holdings.Amounts memory a = Holdings.read(pool, address(this), range, false);
            sum += w.token1 ? a.amount1 : a.amount0;
        }
    }

    // ---------------------------------------------------------------- THE SWAP LEG

    /// @dev A sale of the token that is not owed.
    struct Sale {
        IUniswapV3Pool pool;
        uint24 fee;
        bool zeroForOne;
        // The reference pool's band: the oracle's, widened by the pool's fee.
        uint256 low;
        uint256 high;
        uint160 limitX96;
        uint256 amountIn;
    }

    /// @dev Buys what is missing with what is idle of the other token, if the oracle speaks and the budget has room. Without it the
    ///      debt is repaid as far as it goes.
    function _swapFor(
        PlanLib.State storage state,
        PlanLib.Pair memory pair,
        Work memory w,
        TreasuryBook.Book memory owed,
        uint256 missing
    ) private {
        // Caught: only this leg needs a price, and repaying in part is better than not at all.
        try pair.oracle.read(NO_HINT) returns (PriceBand memory band) {
            (uint256 level, uint256 capacity) = _level(state, pair);
            if (level >= capacity) return;
            uint256 nav = _navLow(pair, w, owed, band.low);
            Sale memory sale = _sale(pair, w, band);
            sale.amountIn = _amountIn(pair, w, sale, missing, FullMath.mulDiv(nav, capacity - level, Buckets.ONE));
            uint256 idle = _idle(pair, owed, !w.token1);
            if (sale.amountIn > idle) sale.amountIn = idle;
            (uint160 spotX96, , , , , , ) = sale.pool.slot0();
            bool beyond = sale.zeroForOne ? spotX96 <= sale.limitX96 : spotX96 >= sale.limitX96;
            if (sale.amountIn == 0 || beyond) return;
            uint256 loss = _sell(pair, sale, band);
            level += Buckets.toLevel(loss, nav);
            // Casts: a level is at most a capacity, and 32 bits of time last until 2106.
            state.reserve = PlanLib.Reserve(uint40(level < capacity ? level : capacity), uint32(block.timestamp));
        } catch {
            return;
        }
    }

    function _sale(
        PlanLib.Pair memory pair,
        Work memory w,
        PriceBand memory band
    ) private view returns (Sale memory sale) {
        sale.fee = pair.oracle.terms().referenceFee;
        sale.pool = Pools.at(pair.factory, pair.token0, pair.token1, sale.fee);
        (sale.low, sale.high) = Valuation.widened(band.low, band.high, sale.fee);
        // To get token1 is to sell token0, which lowers token1 per token0; that is quote per base if token1 is the quote.
        sale.zeroForOne = w.token1;
        sale.limitX96 = Valuation.toSqrtPrice(
            sale.zeroForOne != pair.quoteIsToken0 ? sale.low : sale.high,
            pair.quoteIsToken0
        );
    }

    /// @dev As much as buys what is missing at the worse end, but no more than can lose `room` (quote wei): a sale between both
    ///      ends loses at most what lies between them, and the pool's fee.
    function _amountIn(
        PlanLib.Pair memory pair,
        Work memory w,
        Sale memory sale,
        uint256 missing,
        uint256 room
    ) private pure returns (uint256 amountIn) {
        // Millionths of the value that come back at the least; rounded down.
        uint256 kept = FullMath.mulDiv(sale.low, 1e6 - sale.fee, sale.high);
        uint256 most = FullMath.mulDiv(room, 1e6, 1e6 - kept);
        bool sellsQuote = w.token1 == pair.quoteIsToken0;
        if (sellsQuote) {
            amountIn = FullMath.mulDivRoundingUp(missing, sale.high, 1 << 96);
        } else {
            amountIn = FullMath.mulDivRoundingUp(missing, 1 << 96, sale.low);
            most = FullMath.mulDiv(most, 1 << 96, sale.high);
        }
        amountIn = FullMath.mulDivRoundingUp(amountIn, 1e6, 1e6 - sale.fee);
        if (amountIn > most) amountIn = most;
    }

    /// @return loss what was sold less what was bought, at the worse end of the oracle's band, quote wei, rounded up
    function _sell(PlanLib.Pair memory pair, Sale memory sale, PriceBand memory band) private returns (uint256 loss) {
        ExpectedPool.set(address(sale.pool));
        // Cast: amounts of tokens are far below 2^255.
        (int256 delta0, int256 delta1) = sale.pool.swap(
            address(this),
            sale.zeroForOne,
            int256(sale.amountIn),
            sale.limitX96,
            ""
        );
        ExpectedPool.set(address(0));
        // Casts: a pool takes in one token and pays out the other.
        (uint256 sold0, uint256 sold1) = sale.zeroForOne
            ? (uint256(delta0), uint256(0))
            : (uint256(0), uint256(delta1));
        (uint256 got0, uint256 got1) = sale.zeroForOne
            ? (uint256(0), uint256(-delta1))
            : (uint256(-delta0), uint256(0));
        loss = _less(pair, sold0, sold1, got0, got1, band.low);
        uint256 atHigh = _less(pair, sold0, sold1, got0, got1, band.high);
        if (atHigh > loss) loss = atHigh;
    }

    function _less(
        PlanLib.Pair memory pair,
        uint256 sold0,
        uint256 sold1,
        uint256 got0,
        uint256 got1,
        uint256 priceX96
    ) private pure returns (uint256) {
        uint256 sold = Valuation.valueUp(sold0, sold1, priceX96, pair.quoteIsToken0);
        uint256 got = Valuation.valueDown(got0, got1, priceX96, pair.quoteIsToken0);
        return sold > got ? sold - got : 0;
    }

    /// @dev Idle tokens and what this sleeve holds after its debt. The ranges are burned by now and other sleeves are not counted:
    ///      a smaller NAV makes a larger charge.
    function _navLow(
        PlanLib.Pair memory pair,
        Work memory w,
        TreasuryBook.Book memory owed,
        uint256 priceX96
    ) private view returns (uint256) {
        Nets memory nets = w.sleeve.nets();
        // Casts: amounts of tokens are far below 2^255, and the sign is looked at first.
        int256 net0 = int256(_idle(pair, owed, false)) + nets.low0;
        int256 net1 = int256(_idle(pair, owed, true)) + nets.low1;
        int256 value = Valuation.netDown(net0, net1, priceX96, pair.quoteIsToken0);
        // One wei rather than none, so that it can be divided by.
        return value > 0 ? uint256(value) : 1;
    }

    function _level(
        PlanLib.State storage state,
        PlanLib.Pair memory pair
    ) private view returns (uint256 level, uint256 capacity) {
        Limits memory limits = pair.policy.limits();
        PlanLib.Reserve memory reserve = state.reserve;
        level = Buckets.drained(reserve.level, block.timestamp - reserve.clock, limits.deleverageRefillBps);
        capacity = Buckets.capacity(limits.deleverageCapBps);
    }
}
