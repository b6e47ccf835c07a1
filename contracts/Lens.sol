// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

import {IVault} from "./interfaces/IVault.sol";
import {ISleeve} from "./interfaces/ISleeve.sol";
import {
    Nets,
    Obstacle,
    PositionView,
    PriceBand,
    Range,
    SleeveReport,
    SleeveView,
    Snapshot,
    TierView
} from "./interfaces/Types.sol";
import {Holdings} from "./libraries/Holdings.sol";
import {LpFees} from "./libraries/LpFees.sol";
import {LiquidityMath} from "./libraries/LiquidityMath.sol";
import {Pools} from "./libraries/Pools.sol";
import {RangeList} from "./libraries/RangeList.sol";
import {TreasuryBook} from "./libraries/TreasuryBook.sol";
import {Valuation} from "./libraries/Valuation.sol";

/// @title Lens
/// @notice Reads one vault and its pools in one call, of one block. Holds nothing, is trusted with nothing.
contract Lens {
    using TreasuryBook for TreasuryBook.Book;

    /// @dev More tiers than a policy can allow and a vault's positions can add.
    uint256 private constant MAX_TIERS = 12;

    struct Leaving {
        IVault vault;
        uint256 shares;
        uint256 supply;
        TreasuryBook.Book owed;
    }

    /// @notice Everything that a keeper's tick needs.
    /// @param keeper whose right to plan is asked
    function observe(IVault vault, address keeper) external view returns (Snapshot memory s) {
        s.chainId = block.chainid;
        s.blockNumber = block.number;
        s.timestamp = block.timestamp;
        s.token0 = vault.TOKEN0();
        s.token1 = vault.TOKEN1();
        s.quoteIsToken0 = vault.QUOTE_IS_TOKEN0();
        (address quote, address base) = s.quoteIsToken0 ? (s.token0, s.token1) : (s.token1, s.token0);
        s.baseDecimals = IERC20Metadata(base).decimals();
        s.quoteDecimals = IERC20Metadata(quote).decimals();
        s.nonce = vault.planNonce();
        s.supply = vault.effectiveSupply();
        (s.idle0, s.idle1) = vault.idle();
        (s.total0, s.total1) = vault.totals();
        s.keeperAllowed = vault.POLICY().isKeeper(keeper);
        s.limits = vault.POLICY().limits();
        s.budgets = vault.budgets();
        (s.entryFeeBps, s.exitFeeBps) = vault.fees();
        LpFees.Book memory book = vault.feeBook();
        if (book.nextAt > block.timestamp) {
            (s.nextEntryFeeBps, s.nextExitFeeBps, s.nextFeesAt) = (book.nextEntryBps, book.nextExitBps, book.nextAt);
        }
        s.treasuryShareBps = vault.treasuryBook().shareBps;
        (s.left0PerShareX96, s.left1PerShareX96) = vault.inventory();
        s.lastPoke = vault.ORACLE().lastPoke();
        _readOracle(vault, s);

        Range[8] memory ranges = vault.ranges();
        s.positions = _positions(vault, s, ranges);
        s.sleeves = _sleeves(vault, s);
        if (s.oracleOk) s.nav = _nav(vault, s);
        s.tiers = _tiers(vault, s, ranges);
    }

    /// @dev What an LP gets, and gives, when he leaves.
    struct Leaver {
        uint256 amount0;
        uint256 amount1;
        uint256 paidIn0;
        uint256 paidIn1;
        uint256[4] units;
    }

    /// @notice What `withdraw(shares, ..., unitsMask)` would do now, to the wei. For a sleeve that is not in the mask and does not
    ///         pay, the figures are what it owes and owns; see `exitMask`.
    /// @return amount0 sent to him
    /// @return amount1 likewise
    /// @return paidIn0 taken from him for debts that his part of the rest does not cover
    /// @return paidIn1 likewise
    /// @return units of each sleeve in the mask
    function previewWithdraw(
        IVault vault,
        uint256 shares,
        uint256 unitsMask
    )
        external
        view
        returns (uint256 amount0, uint256 amount1, uint256 paidIn0, uint256 paidIn1, uint256[4] memory units)
    {
        uint256 redeemed = shares - vault.exitFee(shares);
        Leaver memory leaver;
        (leaver.amount0, leaver.amount1) = _fromCore(vault, shares);
        _fromSleeves(vault, unitsMask, redeemed, vault.effectiveSupply(), leaver);
        return (leaver.amount0, leaver.amount1, leaver.paidIn0, leaver.paidIn1, leaver.units);
    }

    /// @notice The sleeves that would keep `withdraw(shares, ...)` from going through now, and why: leave with their units.
    /// @return mask bit i: sleeve i stands in the way; to be passed to `withdraw`
    /// @return why by place
    function exitMask(IVault vault, uint256 shares) external view returns (uint256 mask, Obstacle[4] memory why) {
        uint256 redeemed = shares - vault.exitFee(shares);
        uint256 supply = vault.effectiveSupply();
        (ISleeve[4] memory list, uint256 live) = vault.sleeves();
        for (uint256 i = 0; i < list.length; ++i) {
            if ((live >> i) & 1 == 0) continue;
            // Caught to be reported: a venue that does not answer does not pay either.
            try list[i].obstacle(redeemed, supply) returns (Obstacle obstacle) {
                why[i] = obstacle;
            } catch {
                why[i] = Obstacle.Closed;
            }
            if (why[i] != Obstacle.None) mask |= 1 << i;
        }
    }

    /// @dev As SleeveLib.exit, by view.
    function _fromSleeves(
        IVault vault,
        uint256 unitsMask,
        uint256 part,
        uint256 whole,
        Leaver memory leaver
    ) private view {
        (ISleeve[4] memory list, uint256 live) = vault.sleeves();
        for (uint256 pass = 0; pass < 2; ++pass) {
            for (uint256 i = 0; i < list.length; ++i) {
                if ((live >> i) & 1 == 0) continue;
                if ((unitsMask >> i) & 1 == 1) {
                    leaver.units[i] = FullMath.mulDiv(list[i].balanceOf(address(vault), 0), part, whole);
                    continue;
                }
                (uint256 owe0, uint256 owe1, uint256 get0, uint256 get1) = list[i].previewExit(part, whole);
                if ((owe0 | owe1 != 0) != (pass == 1)) continue;
                (leaver.amount0, leaver.paidIn0) = _pay(owe0, leaver.amount0, leaver.paidIn0);
                (leaver.amount1, leaver.paidIn1) = _pay(owe1, leaver.amount1, leaver.paidIn1);
                leaver.amount0 += get0;
                leaver.amount1 += get1;
            }
        }
    }

    function _pay(uint256 owed, uint256 has, uint256 paidIn) private pure returns (uint256, uint256) {
        return has >= owed ? (has - owed, paidIn) : (0, paidIn + owed - has);
    }

    function _fromCore(IVault vault, uint256 shares) private view returns (uint256 amount0, uint256 amount1) {
        // Reverts while a plan or an exit runs, when pools and balances do not fit together.
        vault.totals();
        Leaving memory leaving;
        leaving.vault = vault;
        leaving.supply = vault.effectiveSupply();
        leaving.shares = shares - vault.exitFee(shares);
        leaving.owed = vault.treasuryBook();
        (uint256 idle0, uint256 idle1) = vault.idle();
        Range[8] memory ranges = vault.ranges();
        for (uint256 i = 0; i < RangeList.MAX; ++i) {
            if (ranges[i].fee == 0) continue;
            (uint256 part0, uint256 part1, uint256 fees0, uint256 fees1) = _leave(leaving, ranges[i]);
            amount0 += part0;
            amount1 += part1;
            idle0 += fees0;
            idle1 += fees1;
        }
        amount0 += FullMath.mulDiv(idle0, leaving.shares, leaving.supply);
        amount1 += FullMath.mulDiv(idle1, leaving.shares, leaving.supply);
    }

    /// @dev As Vault._leave, by view.
    function _leave(
        Leaving memory leaving,
        Range memory range
    ) private view returns (uint256 amount0, uint256 amount1, uint256 fees0, uint256 fees1) {
        IUniswapV3Pool pool = Pools.at(
            leaving.vault.FACTORY(),
            leaving.vault.TOKEN0(),
            leaving.vault.TOKEN1(),
            range.fee
        );
        Holdings.PoolState memory state = Holdings.readPool(pool, range.fee);
        Holdings.Amounts memory a = Holdings.read(state, address(leaving.vault), range, false);
        // Cast: at most the position's own liquidity, since shares <= supply for any holder.
        uint128 part = uint128(FullMath.mulDiv(a.liquidity, leaving.shares, leaving.supply));
        if (part == 0) return (0, 0, 0, 0);
        (amount0, amount1) = LiquidityMath.amounts(
            state.sqrtPriceX96,
            TickMath.getSqrtPriceAtTick(range.tickLower),
            TickMath.getSqrtPriceAtTick(range.tickUpper),
            part,
            false
        );
        fees0 = a.fees0 - leaving.owed.part(a.fees0);
        fees1 = a.fees1 - leaving.owed.part(a.fees1);
    }

    function _readOracle(IVault vault, Snapshot memory s) private view {
        s.oracleTerms = vault.ORACLE().terms();
        s.twapHint = vault.ORACLE().findTwapHint();
        // Caught to be reported, not to go on: a silent oracle leaves the price at zero and its reason in oracleError.
        try vault.ORACLE().read(s.twapHint) returns (PriceBand memory band) {
            s.oracleOk = true;
            s.price = band;
        } catch (bytes memory reason) {
            s.oracleError = reason;
        }
    }

    function _positions(
        IVault vault,
        Snapshot memory s,
        Range[8] memory ranges
    ) private view returns (PositionView[] memory list) {
        uint256 count;
        for (uint256 i = 0; i < RangeList.MAX; ++i) if (ranges[i].fee != 0) ++count;
        list = new PositionView[](count);
        count = 0;
        for (uint256 i = 0; i < RangeList.MAX; ++i) {
            Range memory range = ranges[i];
            if (range.fee == 0) continue;
            IUniswapV3Pool pool = Pools.at(vault.FACTORY(), s.token0, s.token1, range.fee);
            Holdings.Amounts memory a = Holdings.read(Holdings.readPool(pool, range.fee), address(vault), range, false);
            list[count++] = PositionView({
                index: uint8(i), // below 8
                fee: range.fee,
                tickLower: range.tickLower,
                tickUpper: range.tickUpper,
                liquidity: a.liquidity,
                amount0: a.amount0,
                amount1: a.amount1,
                fees0: a.fees0,
                fees1: a.fees1
            });
        }
    }

    function _sleeves(IVault vault, Snapshot memory s) private view returns (SleeveView[] memory list) {
        (ISleeve[4] memory all, uint256 live) = vault.sleeves();
        uint256 count;
        for (uint256 i = 0; i < all.length; ++i) if (address(all[i]) != address(0)) ++count;
        list = new SleeveView[](count);
        count = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            if (address(all[i]) == address(0)) continue;
            SleeveView memory view_ = list[count++];
            view_.index = uint8(i); // below 4
            view_.sleeve = address(all[i]);
            view_.live = (live >> i) & 1 == 1;
            view_.allowed = vault.POLICY().sleeves(i) == all[i];
            view_.capBps = s.limits.sleeveCapBps[i];
            view_.units = all[i].balanceOf(address(vault), 0);
            view_.totalUnits = all[i].totalUnits();
            _askVenue(all[i], view_);
        }
    }

    /// @dev Caught to be reported, not to go on: of a venue that does not answer nothing is known, and `answers` says so.
    function _askVenue(ISleeve sleeve, SleeveView memory view_) private view {
        try sleeve.nets() returns (Nets memory nets) {
            view_.nets = nets;
        } catch {
            view_.obstacle = Obstacle.Closed;
            return;
        }
        try sleeve.report() returns (SleeveReport memory report) {
            view_.report = report;
        } catch {
            view_.obstacle = Obstacle.Closed;
            return;
        }
        try sleeve.obstacle(1, 1) returns (Obstacle obstacle) {
            view_.obstacle = obstacle;
        } catch {
            view_.obstacle = Obstacle.Closed;
            return;
        }
        try sleeve.sound() returns (bool sound) {
            view_.sound = sound;
        } catch {
            return;
        }
        view_.answers = true;
    }

    function _nav(IVault vault, Snapshot memory s) private view returns (uint256) {
        uint160 sqrtPriceX96 = Valuation.toSqrtPrice(s.price.mid, s.quoteIsToken0);
        TreasuryBook.Book memory owed = vault.treasuryBook();
        uint256 sum0 = s.idle0;
        uint256 sum1 = s.idle1;
        for (uint256 i = 0; i < s.positions.length; ++i) {
            PositionView memory p = s.positions[i];
            (uint256 amount0, uint256 amount1) = LiquidityMath.amounts(
                sqrtPriceX96,
                TickMath.getSqrtPriceAtTick(p.tickLower),
                TickMath.getSqrtPriceAtTick(p.tickUpper),
                p.liquidity,
                false
            );
            sum0 += amount0 + p.fees0 - owed.part(p.fees0);
            sum1 += amount1 + p.fees1 - owed.part(p.fees1);
        }
        (uint256 owed0, uint256 owed1) = (0, 0);
        for (uint256 i = 0; i < s.sleeves.length; ++i) {
            Nets memory nets = s.sleeves[i].nets;
            sum0 += _positive(nets.low0);
            sum1 += _positive(nets.low1);
            owed0 += _positive(-nets.low0);
            owed1 += _positive(-nets.low1);
        }
        uint256 owns = Valuation.valueDown(sum0, sum1, s.price.mid, s.quoteIsToken0);
        uint256 owes = Valuation.valueUp(owed0, owed1, s.price.mid, s.quoteIsToken0);
        return owns > owes ? owns - owes : 0;
    }

    /// @dev Cast: the sign was just looked at.
    function _positive(int256 x) private pure returns (uint256) {
        return x > 0 ? uint256(x) : 0;
    }

    /// @dev The allowed tiers, then tiers in which the vault still stands though they are allowed no more.
    function _tiers(
        IVault vault,
        Snapshot memory s,
        Range[8] memory ranges
    ) private view returns (TierView[] memory list) {
        uint24[MAX_TIERS] memory fees;
        uint256 count;
        uint256 allowed;
        for (uint256 i = 0; i < s.limits.fees.length; ++i) {
            if (s.limits.fees[i] != 0) fees[count++] = s.limits.fees[i];
        }
        allowed = count;
        for (uint256 i = 0; i < RangeList.MAX; ++i) {
            bool known = ranges[i].fee == 0;
            for (uint256 j = 0; j < count && !known; ++j) known = fees[j] == ranges[i].fee;
            if (!known) fees[count++] = ranges[i].fee;
        }
        list = new TierView[](count);
        for (uint256 i = 0; i < count; ++i) {
            IUniswapV3Pool pool = Pools.at(vault.FACTORY(), s.token0, s.token1, fees[i]);
            TierView memory tier = list[i];
            tier.fee = fees[i];
            tier.tickSpacing = pool.tickSpacing();
            tier.pool = address(pool);
            tier.allowed = i < allowed;
            (tier.sqrtPriceX96, tier.tick, , , , , ) = pool.slot0();
            tier.liquidity = pool.liquidity();
            tier.feeGrowthGlobal0X128 = pool.feeGrowthGlobal0X128();
            tier.feeGrowthGlobal1X128 = pool.feeGrowthGlobal1X128();
        }
    }
}
