// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

import {IVault} from "./interfaces/IVault.sol";
import {PositionView, PriceBand, Range, Snapshot, TierView} from "./interfaces/Types.sol";
import {Holdings} from "./libraries/Holdings.sol";
import {LiquidityMath} from "./libraries/LiquidityMath.sol";
import {Pools} from "./libraries/Pools.sol";
import {RangeList} from "./libraries/RangeList.sol";

/// @title Lens
/// @notice Reads one vault and its pools in one call, of one block. Holds nothing, is trusted with nothing.
contract Lens {
    /// @dev More tiers than a policy can allow and a vault's positions can add.
    uint256 private constant MAX_TIERS = 12;

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
        s.supply = vault.totalSupply();
        s.idle0 = IERC20(s.token0).balanceOf(address(vault));
        s.idle1 = IERC20(s.token1).balanceOf(address(vault));
        (s.total0, s.total1) = vault.totals();
        s.keeperAllowed = vault.POLICY().isKeeper(keeper);
        s.limits = vault.POLICY().limits();
        _readOracle(vault, s);

        Range[8] memory ranges = vault.ranges();
        s.positions = _positions(vault, s, ranges);
        s.tiers = _tiers(vault, s, ranges);
    }

    /// @notice What `withdraw(shares, ...)` would pay now, to the wei.
    function previewWithdraw(IVault vault, uint256 shares) external view returns (uint256 amount0, uint256 amount1) {
        // Reverts while a plan or an exit runs, when pools and balances do not fit together.
        vault.totals();
        uint256 supply = vault.totalSupply();
        address token0 = vault.TOKEN0();
        address token1 = vault.TOKEN1();
        amount0 = FullMath.mulDiv(IERC20(token0).balanceOf(address(vault)), shares, supply);
        amount1 = FullMath.mulDiv(IERC20(token1).balanceOf(address(vault)), shares, supply);
        Range[8] memory ranges = vault.ranges();
        for (uint256 i = 0; i < RangeList.MAX; ++i) {
            if (ranges[i].fee == 0) continue;
            IUniswapV3Pool pool = Pools.at(vault.FACTORY(), token0, token1, ranges[i].fee);
            Holdings.PoolState memory state = Holdings.readPool(pool, ranges[i].fee);
            Holdings.Amounts memory a = Holdings.read(state, address(vault), ranges[i], false);
            // Cast: at most the position's own liquidity, since shares <= supply for any holder.
            uint128 part = uint128(FullMath.mulDiv(a.liquidity, shares, supply));
            if (part == 0) continue;
            (uint256 principal0, uint256 principal1) = LiquidityMath.amounts(
                state.sqrtPriceX96,
                TickMath.getSqrtPriceAtTick(ranges[i].tickLower),
                TickMath.getSqrtPriceAtTick(ranges[i].tickUpper),
                part,
                false
            );
            amount0 += principal0 + FullMath.mulDiv(a.fees0, shares, supply);
            amount1 += principal1 + FullMath.mulDiv(a.fees1, shares, supply);
        }
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
