// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {FixedPoint128} from "@uniswap/v4-core/src/libraries/FixedPoint128.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

import {Range} from "../interfaces/Types.sol";
import {LiquidityMath} from "./LiquidityMath.sol";
import {Pools} from "./Pools.sol";

/// @title Holdings
/// @notice What a position holds now: liquidity at the pool's spot, and fees that its pool owes but has not counted out yet.
/// @dev Fees are read by view. A poke (burn of zero) would write them down in the pool and cost about 50,000 gas more.
library Holdings {
    /// @notice A pool's state that all positions in it share, read once.
    struct PoolState {
        IUniswapV3Pool pool;
        uint24 fee;
        uint160 sqrtPriceX96;
        int24 tick;
        uint256 feeGrowthGlobal0X128;
        uint256 feeGrowthGlobal1X128;
    }

    /// @notice Principal and fees of one position, in tokens.
    struct Amounts {
        uint128 liquidity;
        uint256 amount0;
        uint256 amount1;
        uint256 fees0;
        uint256 fees1;
    }

    function readPool(IUniswapV3Pool pool, uint24 fee) internal view returns (PoolState memory state) {
        state.pool = pool;
        state.fee = fee;
        (state.sqrtPriceX96, state.tick, , , , , ) = pool.slot0();
        state.feeGrowthGlobal0X128 = pool.feeGrowthGlobal0X128();
        state.feeGrowthGlobal1X128 = pool.feeGrowthGlobal1X128();
    }

    /// @notice Principal rounded as the caller says; fees exactly as the pool will count them (down).
    function read(
        PoolState memory state,
        address owner,
        Range memory range,
        bool roundUp
    ) internal view returns (Amounts memory a) {
        uint256 last0;
        uint256 last1;
        (a.liquidity, last0, last1, a.fees0, a.fees1) = state.pool.positions(
            Pools.positionKey(owner, range.tickLower, range.tickUpper)
        );
        if (a.liquidity == 0) return a;

        (a.amount0, a.amount1) = LiquidityMath.amounts(
            state.sqrtPriceX96,
            TickMath.getSqrtPriceAtTick(range.tickLower),
            TickMath.getSqrtPriceAtTick(range.tickUpper),
            a.liquidity,
            roundUp
        );
        (uint256 inside0, uint256 inside1) = _feeGrowthInside(state, range);
        // Unchecked: fee growth wraps by the pool's design, differences stay right.
        unchecked {
            a.fees0 += FullMath.mulDiv(inside0 - last0, a.liquidity, FixedPoint128.Q128);
            a.fees1 += FullMath.mulDiv(inside1 - last1, a.liquidity, FixedPoint128.Q128);
        }
    }

    function _feeGrowthInside(
        PoolState memory state,
        Range memory range
    ) private view returns (uint256 inside0, uint256 inside1) {
        (, , uint256 lower0, uint256 lower1, , , , ) = state.pool.ticks(range.tickLower);
        (, , uint256 upper0, uint256 upper1, , , , ) = state.pool.ticks(range.tickUpper);
        // Unchecked: as above. "Outside" is relative to the current tick: below a tick it is what lies above, and so on.
        unchecked {
            if (state.tick < range.tickLower) {
                inside0 = lower0 - upper0;
                inside1 = lower1 - upper1;
            } else if (state.tick < range.tickUpper) {
                inside0 = state.feeGrowthGlobal0X128 - lower0 - upper0;
                inside1 = state.feeGrowthGlobal1X128 - lower1 - upper1;
            } else {
                inside0 = upper0 - lower0;
                inside1 = upper1 - lower1;
            }
        }
    }
}
