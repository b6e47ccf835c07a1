// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {PlanLib} from "./PlanLib.sol";
import {Move, Nets, Obstacle, PriceBand} from "./interfaces/Types.sol";
import {RangeList} from "./libraries/RangeList.sol";
import {TreasuryBook} from "./libraries/TreasuryBook.sol";
import {Valuation} from "./libraries/Valuation.sol";

/// @title MoveLib
/// @notice A plan's moves between the vault and its sleeves. PlanLib charges them; here they happen, and what they did is told.
///         Linked, and called only by plans that move.
///
/// CLOSING. All of what a sleeve owns can be taken although it has a debt: the vault's part then leaves as a leaver's would, its debt
/// paid from idle tokens, both legs in proportion. By giving and taking alone the last part of a debt could not be ended while
/// others hold units of the sleeve.
library MoveLib {
    using SafeERC20 for IERC20;

    uint256 private constant ONE = 1e18;
    uint256 private constant Q96 = 1 << 96;

    error FractionAboveOne(uint64 fraction);
    error NoSleeve(uint256 index);
    /// @notice The DAO's policy names another sleeve, or none, for this place: from this one the plan may only take.
    error SleeveNotAllowed(uint256 index);
    /// @notice The sleeve moved less than the plan wants.
    error SlippageOnMove(uint256 index, uint256 amount, uint256 min);
    /// @notice The sleeve holds nothing against which this token could be borrowed.
    error NothingToBorrowAgainst(uint256 index);

    /// @param owed the treasury's part of the vault's balances
    /// @param next the first move to be made
    /// @param afterSwaps those that the plan wants after its swaps, or else those before them
    struct Run {
        PlanLib.Pair pair;
        PriceBand band;
        TreasuryBook.Book owed;
        uint256 next;
        bool afterSwaps;
    }

    /// @return held as it is now
    /// @return moved likewise
    /// @return next the first move that was not made
    function run(
        PlanLib.State storage state,
        Run memory r,
        PlanLib.Held[] memory held,
        PlanLib.Moved memory moved,
        Move[] calldata moves
    ) external returns (PlanLib.Held[] memory, PlanLib.Moved memory, uint256 next) {
        for (next = r.next; next < moves.length && moves[next].afterSwaps == r.afterSwaps; ++next) {
            Move calldata step = moves[next];
            if (step.fraction > ONE) revert FractionAboveOne(step.fraction);
            uint256 i = step.sleeve;
            if (i >= RangeList.SLEEVES) revert NoSleeve(i);
            _begin(state, held[i], moved, i);
            bool closed = step.take && step.fraction == ONE && _close(r, held[i], moved, step);
            if (!closed) _move(r, held[i], moved, step);
            moved.live = (moved.live & ~(1 << i)) | (held[i].sleeve.balanceOf(address(this), 0) != 0 ? 1 << i : 0);
        }
        return (held, moved, next);
    }

    /// @notice Reads what the vault's units stand for now.
    function readNets(PlanLib.Held memory h) internal view {
        Nets memory nets = h.sleeve.nets();
        (h.net0, h.net1) = (nets.low0, nets.low1);
    }

    function _begin(
        PlanLib.State storage state,
        PlanLib.Held memory h,
        PlanLib.Moved memory moved,
        uint256 i
    ) private view {
        if (address(h.sleeve) == address(0)) {
            h.sleeve = state.sleeves[i];
            if (address(h.sleeve) == address(0)) revert NoSleeve(i);
        }
        if ((moved.touched >> i) & 1 == 1) return;
        moved.touched |= 1 << i;
        (h.start0, h.start1) = (h.net0, h.net1);
    }

    // ---------------------------------------------------------------- ONE MOVE

    function _move(Run memory r, PlanLib.Held memory h, PlanLib.Moved memory moved, Move calldata step) private {
        int256 held = step.token1 ? h.net1 : h.net0;
        uint256 amount = step.take ? _toTake(r, h, step, held) : _toGive(r, step, held);
        // To open, or to owe more, the policy must still want this sleeve; to take out or to repay it need not.
        if (step.take ? held <= 0 : held >= 0) {
            if (r.pair.policy.sleeves(step.sleeve) != h.sleeve) revert SleeveNotAllowed(step.sleeve);
            moved.opened |= 1 << step.sleeve;
        }
        if (!step.take) _token(r, step.token1).safeTransfer(address(h.sleeve), amount);
        // Casts: amounts of tokens are far below 2^255, and the sign is the direction's.
        int256 signed = step.take ? -int256(amount) : int256(amount);
        (int256 moved0, int256 moved1) = h.sleeve.move(
            step.token1 ? int256(0) : signed,
            step.token1 ? signed : int256(0),
            r.band.low,
            r.band.high
        );
        amount = uint256(step.take ? -(step.token1 ? moved1 : moved0) : (step.token1 ? moved1 : moved0));
        if (amount < step.min) revert SlippageOnMove(step.sleeve, amount, step.min);
        _note(r, h, moved, moved0, moved1);
    }

    /// @return whether it did: the venue pays out now, and there is enough to pay what the part owes
    function _close(
        Run memory r,
        PlanLib.Held memory h,
        PlanLib.Moved memory moved,
        Move calldata step
    ) private returns (bool) {
        if ((step.token1 ? h.net1 : h.net0) <= 0 || h.sleeve.obstacle(1, 1) != Obstacle.None) return false;
        (uint256 owe0, uint256 owe1, , ) = h.sleeve.previewExit(1, 1);
        // A sleeve owes the token that it does not own.
        uint256 owe = owe0 + owe1;
        if (owe > _idle(r, !step.token1)) return false;
        if (owe != 0) _token(r, !step.token1).safeTransfer(address(h.sleeve), owe);
        (uint256 got0, uint256 got1) = h.sleeve.exit(1, 1);
        uint256 got = got0 + got1;
        if (got < step.min) revert SlippageOnMove(step.sleeve, got, step.min);
        // Casts: amounts of tokens are far below 2^255.
        _note(r, h, moved, int256(owe0) - int256(got0), int256(owe1) - int256(got1));
        return true;
    }

    /// @dev After a move. A sleeve that is worth more than its low mark would hide what the same plan loses elsewhere, and anybody can
    ///      make it so by a donation to its venue. So whatever a move brings or leaves above the mark is told as a gain, by its value
    ///      at either end of the band: while others hold units, both legs change with the vault's part of them.
    /// @param moved0 what the sleeve was given (or gave, below zero); moved1 likewise
    function _note(
        Run memory r,
        PlanLib.Held memory h,
        PlanLib.Moved memory moved,
        int256 moved0,
        int256 moved1
    ) private view {
        // What is missing; below zero what there is more. Its value is rounded down, so that a gain is rounded up.
        int256 less0 = h.net0 + moved0;
        int256 less1 = h.net1 + moved1;
        readNets(h);
        less0 -= h.net0;
        less1 -= h.net1;
        moved.gainLow += _positive(-Valuation.netDown(less0, less1, r.band.low, r.pair.quoteIsToken0));
        moved.gainHigh += _positive(-Valuation.netDown(less0, less1, r.band.high, r.pair.quoteIsToken0));
        moved.gave += _valueUp(r, _positive(moved0), _positive(moved1));
        moved.took += _valueUp(r, _positive(-moved0), _positive(-moved1));
    }

    // ---------------------------------------------------------------- AMOUNTS

    /// @dev See Move. Debts are rounded up, so that all of one is all of it.
    function _toGive(Run memory r, Move calldata step, int256 held) private view returns (uint256) {
        uint256 idle = _idle(r, step.token1);
        if (held >= 0) return PlanLib.partOf(idle, step.fraction);
        // Cast: the sign was just looked at.
        uint256 amount = FullMath.mulDivRoundingUp(uint256(-held), step.fraction, ONE);
        return amount < idle ? amount : idle;
    }

    /// @dev See Move.
    function _toTake(
        Run memory r,
        PlanLib.Held memory h,
        Move calldata step,
        int256 held
    ) private pure returns (uint256) {
        // Casts: each sign is looked at first.
        if (held > 0) return FullMath.mulDiv(uint256(held), step.fraction, ONE);
        int256 other = step.token1 ? h.net0 : h.net1;
        if (other <= 0) revert NothingToBorrowAgainst(step.sleeve);
        bool borrowsQuote = step.token1 != r.pair.quoteIsToken0;
        uint256 worth =
            borrowsQuote
                ? FullMath.mulDiv(uint256(other), r.band.mid, Q96)
                : FullMath.mulDiv(uint256(other), Q96, r.band.mid);
        return FullMath.mulDiv(worth, step.fraction, ONE);
    }

    function _token(Run memory r, bool token1) private pure returns (IERC20) {
        return IERC20(token1 ? r.pair.token1 : r.pair.token0);
    }

    function _idle(Run memory r, bool token1) private view returns (uint256) {
        return _token(r, token1).balanceOf(address(this)) - (token1 ? r.owed.amount1 : r.owed.amount0);
    }

    function _valueUp(Run memory r, uint256 amount0, uint256 amount1) private pure returns (uint256) {
        return Valuation.valueUp(amount0, amount1, r.band.mid, r.pair.quoteIsToken0);
    }

    /// @dev Cast: the sign was just looked at.
    function _positive(int256 x) private pure returns (uint256) {
        return x > 0 ? uint256(x) : 0;
    }
}
