// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";

/// @title TickLens
/// @notice A pool's initialised ticks, as many as fit into one answer. It is never deployed: an eth_call that creates it is answered by its
///         constructor, so that it reads any pool of any chain, at any block that the node keeps.
/// @dev Places are ticks over the pool's spacing, rounded down. The answer stands where the created code would, so it stays below that
///      limit (EIP-170): 32 bytes with the place from which to go on, then 160 bytes a tick.
contract TickLens {
    /// @param tick and what the pool keeps about it (IUniswapV3PoolState.ticks)
    struct Tick {
        int24 tick;
        uint128 liquidityGross;
        int128 liquidityNet;
        uint256 feeGrowthOutside0X128;
        uint256 feeGrowthOutside1X128;
    }

    /// @param first place, and the last one, both included
    /// @param mostTicks that one answer holds
    /// @param mostWords of the bitmap that are looked at, so that a call ends within a node's gas
    constructor(IUniswapV3Pool pool, int256 first, int256 last, uint256 mostTicks, uint256 mostWords) {
        int24 spacing = pool.tickSpacing();
        Tick[] memory found = new Tick[](mostTicks);
        uint256 count;
        uint256 words;
        int256 place = first;
        while (place <= last && words < mostWords && count < mostTicks) {
            // Casts: the caller's places are those of ticks, so that a word is an int16.
            uint256 bits = pool.tickBitmap(int16(place >> 8));
            ++words;
            int256 end = ((place >> 8) + 1) << 8;
            if (end > last + 1) end = last + 1;
            for (; place < end && count < mostTicks; ++place) {
                if ((bits >> uint256(place & 255)) & 1 == 0) continue;
                found[count++] = _tickAt(pool, int24(place) * spacing);
            }
        }
        // The ticks as the ABI has a list of them: words in a row, without the list's own head.
        bytes memory answer = new bytes(32 + count * 160);
        assembly ("memory-safe") {
            mstore(add(answer, 32), place)
            for {
                let i := 0
            } lt(i, count) {
                i := add(i, 1)
            } {
                mcopy(add(add(answer, 64), mul(i, 160)), mload(add(add(found, 32), mul(i, 32))), 160)
            }
            return(add(answer, 32), mload(answer))
        }
    }

    function _tickAt(IUniswapV3Pool pool, int24 tick) private view returns (Tick memory) {
        (uint128 gross, int128 net, uint256 outside0, uint256 outside1, , , , ) = pool.ticks(tick);
        return Tick(tick, gross, net, outside0, outside1);
    }
}
