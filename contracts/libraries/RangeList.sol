// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {Range} from "../interfaces/Types.sol";

/// @title RangeList
/// @notice At most eight ranges in two storage words, four to a word, so that a vault with up to four ranges reads and
///         writes one word; and which sleeves the vault holds units of, so that a vault without sleeves reads no more.
/// @dev A lane is 62 bits: fee (20) | tickLower (21, two's complement) | tickUpper (21, two's complement); 0 is an empty
///      lane, since no tier has fee 0. Lanes 0 to 3 are in the first word, lanes 4 to 7 in the second. Uniswap's ticks
///      (|t| <= 887,272) fit in 21 bits and fees (< 1,000,000) in 20. The first word's top byte: bit 255 says whether the second
///      word holds anything, bits 248 to 251 which sleeves are live.
library RangeList {
    uint256 internal constant MAX = 8;
    uint256 internal constant SLEEVES = 4;

    uint256 private constant LANES = 4;
    uint256 private constant LANE_BITS = 62;
    uint256 private constant LANE_MASK = (1 << LANE_BITS) - 1;
    uint256 private constant FIELD_MASK = (1 << 21) - 1;
    uint256 private constant MORE = 1 << 255;
    uint256 private constant LIVE_SHIFT = 248;
    uint256 private constant LIVE_MASK = (1 << SLEEVES) - 1;
    /// @dev The lanes of the first word, without its top byte.
    uint256 private constant LANES_MASK = (1 << LIVE_SHIFT) - 1;

    error TooManyPositions();

    function load(uint256[2] storage list) internal view returns (uint256[2] memory words) {
        words[0] = list[0];
        if (words[0] & MORE != 0) words[1] = list[1];
    }

    /// @dev Writes only words that changed.
    function save(uint256[2] storage list, uint256[2] memory before, uint256[2] memory words) internal {
        words[0] = words[1] == 0 ? words[0] & ~MORE : words[0] | MORE;
        if (words[0] != before[0]) list[0] = words[0];
        if (words[1] != before[1]) list[1] = words[1];
    }

    /// @return range all zero for an empty lane
    function get(uint256[2] memory words, uint256 index) internal pure returns (Range memory range) {
        (range.fee, range.tickLower, range.tickUpper) = fields(words, index);
    }

    /// @notice The same without memory, for the path that plans take.
    function fields(
        uint256[2] memory words,
        uint256 index
    ) internal pure returns (uint24 fee, int24 tickLower, int24 tickUpper) {
        uint256 lane = _lane(words, index);
        // To the top of the word, then back by an arithmetic shift, which restores each tick's sign.
        fee = uint24(lane >> 42);
        tickLower = int24(int256(lane << 214) >> 235);
        tickUpper = int24(int256(lane << 235) >> 235);
    }

    function isEmpty(uint256[2] memory words, uint256 index) internal pure returns (bool) {
        return _lane(words, index) == 0;
    }

    /// @notice One more than the last index in use: where a walk over the list may end.
    function end(uint256[2] memory words) internal pure returns (uint256 count) {
        // Unchecked: ends after at most four steps, when nothing is left of the word.
        unchecked {
            count = words[1] == 0 ? 0 : LANES;
            for (uint256 rest = count == 0 ? words[0] & LANES_MASK : words[1]; rest != 0; rest >>= LANE_BITS) ++count;
        }
    }

    /// @notice Bit i: the vault holds units of sleeve i.
    function live(uint256[2] memory words) internal pure returns (uint256) {
        return (words[0] >> LIVE_SHIFT) & LIVE_MASK;
    }

    /// @param index below four
    function setLive(uint256[2] memory words, uint256 index, bool on) internal pure {
        uint256 bit = 1 << (LIVE_SHIFT + index);
        words[0] = on ? words[0] | bit : words[0] & ~bit;
    }

    function clear(uint256[2] memory words, uint256 index) internal pure {
        // Unchecked: as in _lane.
        unchecked {
            words[index / LANES] &= ~(LANE_MASK << ((index % LANES) * LANE_BITS));
        }
    }

    /// @notice Finds the range or puts it into the first empty lane.
    function findOrAdd(
        uint256[2] memory words,
        uint24 fee,
        int24 tickLower,
        int24 tickUpper
    ) internal pure returns (uint256 index) {
        // Casts keep the low 21 bits, which is the two's complement of a tick in range.
        uint256 lane =
            (uint256(fee) << 42) |
                ((uint256(int256(tickLower)) & FIELD_MASK) << 21) |
                (uint256(int256(tickUpper)) & FIELD_MASK);
        uint256 free = MAX;
        uint256 last = end(words);
        // Unchecked: counts to eight.
        unchecked {
            for (index = 0; index < last; ++index) {
                uint256 here = _lane(words, index);
                if (here == lane) return index;
                if (here == 0 && free == MAX) free = index;
            }
            if (free == MAX) free = last;
            if (free == MAX) revert TooManyPositions();
            words[free / LANES] |= lane << ((free % LANES) * LANE_BITS);
        }
        return free;
    }

    function _lane(uint256[2] memory words, uint256 index) private pure returns (uint256) {
        // Unchecked: no index above 7 is passed, and memory arrays check the word's index themselves.
        unchecked {
            return (words[index / LANES] >> ((index % LANES) * LANE_BITS)) & LANE_MASK;
        }
    }
}
