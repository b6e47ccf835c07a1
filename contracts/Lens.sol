// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

import {IVault} from "./interfaces/IVault.sol";
import {PositionView, PriceBand, Range, Snapshot, TierView} from "./interfaces/Types.sol";
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
        if (s.oracleOk) s.nav = _nav(vault, s);
        s.tiers = _tiers(vault, s, ranges);
    }

    /// @notice What `withdraw(shares, ...)` would pay now, to the wei.
    function previewWithdraw(IVault vault, uint256 shares) external view returns (uint256 amount0, uint256 amount1) {
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
        return Valuation.valueDown(sum0, sum1, s.price.mid, s.quoteIsToken0);
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
