// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Compact
/// @notice Whole numbers in 32 bits: a mantissa of 24 bits over an exponent of 8, rounded by less than one part in 2^23.
library Compact {
    uint256 private constant MANTISSA_BITS = 24;

    function encodeUp(uint256 x) internal pure returns (uint32) {
        // Unchecked: the exponent is at most 232 and the mantissa below 2^25, so that nothing here comes near a word's end;
        // a number so large that rounding it up would wrap has its lowest bits cut first.
        unchecked {
            if (x < 1 << MANTISSA_BITS) return uint32(x << 8); // 24 bits and 8
            uint256 exponent = Math.log2(x) + 1 - MANTISSA_BITS;
            uint256 mantissa = x >> exponent;
            if (mantissa << exponent != x) ++mantissa;
            if (mantissa == 1 << MANTISSA_BITS) {
                mantissa >>= 1;
                ++exponent;
            }
            return uint32((mantissa << 8) | exponent); // 24 bits and 8
        }
    }

    function encodeDown(uint256 x) internal pure returns (uint32) {
        // Unchecked: as in encodeUp.
        unchecked {
            if (x < 1 << MANTISSA_BITS) return uint32(x << 8); // 24 bits and 8
            uint256 exponent = Math.log2(x) + 1 - MANTISSA_BITS;
            return uint32(((x >> exponent) << 8) | exponent); // 24 bits and 8
        }
    }

    /// @dev Saturates where the number no longer fits.
    function decodeSigned(uint32 compact, bool negative) internal pure returns (int256) {
        uint256 size = decode(compact);
        int256 x = size > uint256(type(int256).max) ? type(int256).max : int256(size);
        return negative ? -x : x;
    }

    /// @dev Saturates where the number that was rounded up no longer fits.
    function decode(uint32 compact) internal pure returns (uint256) {
        uint256 exponent = uint8(compact); // the low byte by design
        uint256 mantissa = compact >> 8;
        return exponent > 256 - MANTISSA_BITS ? type(uint256).max : mantissa << exponent;
    }
}
