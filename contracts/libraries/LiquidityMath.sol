// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {FixedPoint96} from "@uniswap/v4-core/src/libraries/FixedPoint96.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";
import {SqrtPriceMath} from "@uniswap/v4-core/src/libraries/SqrtPriceMath.sol";

/// @title LiquidityMath
/// @notice Amounts of a concentrated position and back, on Uniswap's own libraries (v4-core's are v3's, for 0.8).
library LiquidityMath {
    error LiquidityOverflow();

    /// @notice Tokens in `liquidity` between two prices, at a price. Rounded as the caller says: up when somebody pays,
    ///         down when the vault counts what it has.
    function amounts(
        uint160 sqrtPriceX96,
        uint160 sqrtLowerX96,
        uint160 sqrtUpperX96,
        uint128 liquidity,
        bool roundUp
    ) internal pure returns (uint256 amount0, uint256 amount1) {
        if (sqrtPriceX96 < sqrtUpperX96) {
            uint160 from = sqrtPriceX96 > sqrtLowerX96 ? sqrtPriceX96 : sqrtLowerX96;
            amount0 = SqrtPriceMath.getAmount0Delta(from, sqrtUpperX96, liquidity, roundUp);
        }
        if (sqrtPriceX96 > sqrtLowerX96) {
            uint160 to = sqrtPriceX96 < sqrtUpperX96 ? sqrtPriceX96 : sqrtUpperX96;
            amount1 = SqrtPriceMath.getAmount1Delta(sqrtLowerX96, to, liquidity, roundUp);
        }
    }

    /// @notice The most liquidity that the two amounts can pay for; rounded down, so that minting it never costs more.
    function liquidityFor(
        uint160 sqrtPriceX96,
        uint160 sqrtLowerX96,
        uint160 sqrtUpperX96,
        uint256 amount0,
        uint256 amount1
    ) internal pure returns (uint128) {
        uint256 liquidity = type(uint256).max;
        if (sqrtPriceX96 < sqrtUpperX96) {
            uint160 from = sqrtPriceX96 > sqrtLowerX96 ? sqrtPriceX96 : sqrtLowerX96;
            uint256 product = FullMath.mulDiv(from, sqrtUpperX96, FixedPoint96.Q96);
            liquidity = FullMath.mulDiv(amount0, product, sqrtUpperX96 - from);
        }
        if (sqrtPriceX96 > sqrtLowerX96) {
            uint160 to = sqrtPriceX96 < sqrtUpperX96 ? sqrtPriceX96 : sqrtUpperX96;
            uint256 liquidity1 = FullMath.mulDiv(amount1, FixedPoint96.Q96, to - sqrtLowerX96);
            if (liquidity1 < liquidity) liquidity = liquidity1;
        }
        if (liquidity > type(uint128).max) revert LiquidityOverflow();
        return uint128(liquidity); // fits: checked in the line above
    }
}
