// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {Limits} from "../interfaces/Types.sol";

/// @title PolicyLimits
/// @notice The DAO's limits in two words, so that a plan reads them at the price of two slots.
/// @dev From bit 0 upward.
///      First word: fees 4 x 24 | coreWeightCapBps 16 | minHalfWidth 24 | maxHalfWidth 24 | maxPlanLossBps 16 | lossCapBps 16 |
///      lossRefillBps 16 | turnoverCapBps 16 | turnoverRefillBps 16.
///      Second word: churnCapBps 16 | churnRefillBps 16 | volFloorBps 16 | lvrLimitBps 16 | pausedUntil 40 |
///      treasuryShareBps 16 | maxEntryFeeBps 8 | maxExitFeeBps 8 | deleverageCapBps 16 | deleverageRefillBps 16 |
///      sleeveCapBps 4 x 16.
library PolicyLimits {
    /// @notice Both words, as they travel from Policy to the vault.
    struct Packed {
        uint256 first;
        uint256 second;
    }

    function pack(Limits memory lim) internal pure returns (Packed memory packed) {
        packed.first =
            uint256(lim.fees[0]) |
            (uint256(lim.fees[1]) << 24) |
            (uint256(lim.fees[2]) << 48) |
            (uint256(lim.fees[3]) << 72) |
            (uint256(lim.coreWeightCapBps) << 96) |
            (uint256(lim.minHalfWidth) << 112) |
            (uint256(lim.maxHalfWidth) << 136) |
            (uint256(lim.maxPlanLossBps) << 160) |
            (uint256(lim.lossCapBps) << 176) |
            (uint256(lim.lossRefillBps) << 192) |
            (uint256(lim.turnoverCapBps) << 208) |
            (uint256(lim.turnoverRefillBps) << 224);
        packed.second =
            uint256(lim.churnCapBps) |
            (uint256(lim.churnRefillBps) << 16) |
            (uint256(lim.volFloorBps) << 32) |
            (uint256(lim.lvrLimitBps) << 48) |
            (uint256(lim.pausedUntil) << 64) |
            (uint256(lim.treasuryShareBps) << 104) |
            (uint256(lim.maxEntryFeeBps) << 120) |
            (uint256(lim.maxExitFeeBps) << 128) |
            (uint256(lim.deleverageCapBps) << 136) |
            (uint256(lim.deleverageRefillBps) << 152) |
            (uint256(lim.sleeveCapBps[0]) << 168) |
            (uint256(lim.sleeveCapBps[1]) << 184) |
            (uint256(lim.sleeveCapBps[2]) << 200) |
            (uint256(lim.sleeveCapBps[3]) << 216);
    }

    // Casts below cut each field out of its word by design.

    function unpack(Packed memory packed) internal pure returns (Limits memory lim) {
        uint256 first = packed.first;
        uint256 second = packed.second;
        lim.fees = [uint24(first), uint24(first >> 24), uint24(first >> 48), uint24(first >> 72)];
        lim.coreWeightCapBps = uint16(first >> 96);
        lim.minHalfWidth = uint24(first >> 112);
        lim.maxHalfWidth = uint24(first >> 136);
        lim.maxPlanLossBps = uint16(first >> 160);
        lim.lossCapBps = uint16(first >> 176);
        lim.lossRefillBps = uint16(first >> 192);
        lim.turnoverCapBps = uint16(first >> 208);
        lim.turnoverRefillBps = uint16(first >> 224);
        lim.churnCapBps = uint16(second);
        lim.churnRefillBps = uint16(second >> 16);
        lim.volFloorBps = uint16(second >> 32);
        lim.lvrLimitBps = uint16(second >> 48);
        lim.pausedUntil = uint40(second >> 64);
        lim.treasuryShareBps = uint16(second >> 104);
        lim.maxEntryFeeBps = uint8(second >> 120);
        lim.maxExitFeeBps = uint8(second >> 128);
        lim.deleverageCapBps = uint16(second >> 136);
        lim.deleverageRefillBps = uint16(second >> 152);
        for (uint256 i = 0; i < 4; ++i) lim.sleeveCapBps[i] = sleeveCapBps(packed, i);
    }

    /// @param index below four
    function sleeveCapBps(Packed memory packed, uint256 index) internal pure returns (uint16) {
        return uint16(packed.second >> (168 + 16 * index));
    }

    function allowsFee(Packed memory packed, uint24 fee) internal pure returns (bool) {
        uint256 first = packed.first;
        if (fee == 0) return false;
        return
            uint24(first) == fee ||
            uint24(first >> 24) == fee ||
            uint24(first >> 48) == fee ||
            uint24(first >> 72) == fee;
    }

    /// @param widest only the greatest width will do
    function allowsWidth(
        Packed memory packed,
        int24 tickLower,
        int24 tickUpper,
        uint24 tickSpacing,
        bool widest
    ) internal pure returns (bool) {
        int256 width = int256(tickUpper) - tickLower;
        int256 greatest = 2 * int256(uint256(uint24(packed.first >> 136)));
        // A pool's ticks are multiples of its spacing, so the greatest width is met to within two of them.
        int256 least =
            widest ? greatest - 2 * int256(uint256(tickSpacing)) : 2 * int256(uint256(uint24(packed.first >> 112)));
        return width >= least && width <= greatest;
    }
}
