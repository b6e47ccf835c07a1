// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {Limits} from "../interfaces/Types.sol";

/// @title PolicyLimits
/// @notice The DAO's limits in one word, so that a plan reads them at the price of one slot.
/// @dev fees 4 x 24 | maxPlanLossBps 16 | coreWeightCapBps 16 | minHalfWidth 24 | maxHalfWidth 24, from bit 0 upward.
library PolicyLimits {
    function pack(Limits memory limits) internal pure returns (uint256 word) {
        word =
            uint256(limits.fees[0]) |
            (uint256(limits.fees[1]) << 24) |
            (uint256(limits.fees[2]) << 48) |
            (uint256(limits.fees[3]) << 72) |
            (uint256(limits.maxPlanLossBps) << 96) |
            (uint256(limits.coreWeightCapBps) << 112) |
            (uint256(limits.minHalfWidth) << 128) |
            (uint256(limits.maxHalfWidth) << 152);
    }

    // Casts below cut each field out of the word by design.
    function unpack(uint256 word) internal pure returns (Limits memory limits) {
        limits.fees = [uint24(word), uint24(word >> 24), uint24(word >> 48), uint24(word >> 72)];
        limits.maxPlanLossBps = maxPlanLossBps(word);
        limits.coreWeightCapBps = coreWeightCapBps(word);
        limits.minHalfWidth = uint24(word >> 128);
        limits.maxHalfWidth = uint24(word >> 152);
    }

    function allowsFee(uint256 word, uint24 fee) internal pure returns (bool) {
        if (fee == 0) return false;
        return
            uint24(word) == fee || uint24(word >> 24) == fee || uint24(word >> 48) == fee || uint24(word >> 72) == fee;
    }

    function allowsWidth(uint256 word, int24 tickLower, int24 tickUpper) internal pure returns (bool) {
        int256 width = int256(tickUpper) - tickLower;
        return width >= 2 * int256(uint256(uint24(word >> 128))) && width <= 2 * int256(uint256(uint24(word >> 152)));
    }

    function maxPlanLossBps(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 96);
    }

    function coreWeightCapBps(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 112);
    }
}
