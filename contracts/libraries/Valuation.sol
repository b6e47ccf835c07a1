// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

/// @title Valuation
/// @notice Values in quote wei at a price that is quote wei per base wei, times 2^96; and that price to and from a pool's
///         sqrtPriceX96, whichever token is the quote.
library Valuation {
    /// @dev Inside these bounds no conversion below overflows: pool prices from 2^-63 to 2^64 wei per wei.
    uint256 internal constant MIN_PRICE_X96 = 1 << 33;
    uint256 internal constant MAX_PRICE_X96 = 1 << 160;

    uint256 private constant Q96 = 1 << 96;
    /// @dev A pool's fee is in millionths.
    uint256 private constant FEE_UNIT = 1_000_000;

    /// @notice Rounded down: never counts more than there is.
    function valueDown(
        uint256 amount0,
        uint256 amount1,
        uint256 priceX96,
        bool quoteIsToken0
    ) internal pure returns (uint256) {
        return
            quoteIsToken0
                ? amount0 + FullMath.mulDiv(amount1, priceX96, Q96)
                : amount1 + FullMath.mulDiv(amount0, priceX96, Q96);
    }

    /// @notice Rounded up: never counts less than there is.
    function valueUp(
        uint256 amount0,
        uint256 amount1,
        uint256 priceX96,
        bool quoteIsToken0
    ) internal pure returns (uint256) {
        return
            quoteIsToken0
                ? amount0 + FullMath.mulDivRoundingUp(amount1, priceX96, Q96)
                : amount1 + FullMath.mulDivRoundingUp(amount0, priceX96, Q96);
    }

    /// @notice Owned and owed (below zero), rounded down: toward less.
    function netDown(
        int256 amount0,
        int256 amount1,
        uint256 priceX96,
        bool quoteIsToken0
    ) internal pure returns (int256) {
        // Casts: each sign is looked at first, and amounts of tokens and their values are far below 2^255.
        uint256 owned = valueDown(
            amount0 > 0 ? uint256(amount0) : 0,
            amount1 > 0 ? uint256(amount1) : 0,
            priceX96,
            quoteIsToken0
        );
        uint256 owed = valueUp(
            amount0 < 0 ? uint256(-amount0) : 0,
            amount1 < 0 ? uint256(-amount1) : 0,
            priceX96,
            quoteIsToken0
        );
        return int256(owned) - int256(owed);
    }

    /// @notice A pool's spot as quote per base; rounded down, at most one unit of 2^-96 (or one part in 2^32) low.
    function fromSqrtPrice(uint160 sqrtPriceX96, bool quoteIsToken0) internal pure returns (uint256 priceX96) {
        uint256 token1PerToken0X96 = FullMath.mulDiv(sqrtPriceX96, sqrtPriceX96, Q96);
        if (!quoteIsToken0) return token1PerToken0X96;
        // 2^96 / P in two steps, each by the full square root, so that a small P keeps its digits.
        return FullMath.mulDiv(FullMath.mulDiv(Q96, Q96, sqrtPriceX96), Q96, sqrtPriceX96);
    }

    /// @notice The pool price that belongs to a quote-per-base price; rounded down.
    /// @dev Callers keep priceX96 inside [MIN_PRICE_X96, MAX_PRICE_X96): PriceOracle refuses to speak outside it.
    function toSqrtPrice(uint256 priceX96, bool quoteIsToken0) internal pure returns (uint160) {
        uint256 priceX192 = quoteIsToken0 ? FullMath.mulDiv(1 << 192, Q96, priceX96) : priceX96 << 96;
        // The root of a number below 2^256 is below 2^128, so the cast keeps every bit.
        return uint160(Math.sqrt(priceX192));
    }

    /// @notice The price at a pool tick, as quote per base.
    function fromTick(int24 tick, bool quoteIsToken0) internal pure returns (uint256) {
        return fromSqrtPrice(TickMath.getSqrtPriceAtTick(tick), quoteIsToken0);
    }

    /// @notice A price band widened by a pool's own fee, outward: nobody arbitrages a pool whose spot is inside it, so a stricter
    ///         check of the spot would refuse honest plans.
    function widened(uint256 lowX96, uint256 highX96, uint24 fee) internal pure returns (uint256, uint256) {
        // Unchecked: a price is below 2^161, a fee below a million and that below 2^20.
        unchecked {
            return ((lowX96 * (FEE_UNIT - fee)) / FEE_UNIT, (highX96 * (FEE_UNIT + fee)) / FEE_UNIT + 1);
        }
    }
}
