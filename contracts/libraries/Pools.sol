// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";

/// @title Pools
/// @notice Where a pair's pools are and how a pool names a position. Addresses are computed, not looked up: that saves a
///         cold read per pool, and Policy compares the computed address with the factory's answer before it admits a tier.
library Pools {
    /// @dev Hash of the creation code of the audited pool; the factory creates every pool from it.
    bytes32 internal constant INIT_CODE_HASH = 0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54;

    /// @notice The factory's CREATE2 address for a tier of a pair. Whether a pool lives there is for the caller to know.
    function at(address factory, address token0, address token1, uint24 fee) internal pure returns (IUniswapV3Pool) {
        bytes32 salt = keccak256(abi.encode(token0, token1, fee));
        bytes32 digest = keccak256(abi.encodePacked(hex"ff", factory, salt, INIT_CODE_HASH));
        return IUniswapV3Pool(address(uint160(uint256(digest))));
    }

    /// @notice The key under which a pool keeps an owner's position.
    function positionKey(address owner, int24 tickLower, int24 tickUpper) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(owner, tickLower, tickUpper));
    }

    /// @notice Liquidity of an owner's position; 0 if there is none.
    function liquidityOf(
        IUniswapV3Pool pool,
        address owner,
        int24 tickLower,
        int24 tickUpper
    ) internal view returns (uint128 liquidity) {
        (liquidity, , , , ) = pool.positions(positionKey(owner, tickLower, tickUpper));
    }

    /// @notice Burns a part of the caller's position and collects all that the position is then owed.
    /// @return amount0 principal of the burned liquidity, wei
    /// @return amount1 likewise
    /// @return fees0 the rest of what came: fees of the whole position, wei
    /// @return fees1 likewise
    function takeOut(
        IUniswapV3Pool pool,
        int24 tickLower,
        int24 tickUpper,
        uint128 liquidity
    ) internal returns (uint256 amount0, uint256 amount1, uint256 fees0, uint256 fees1) {
        (amount0, amount1) = pool.burn(tickLower, tickUpper, liquidity);
        (uint128 all0, uint128 all1) = pool.collect(
            address(this),
            tickLower,
            tickUpper,
            type(uint128).max,
            type(uint128).max
        );
        // Unchecked: a pool owes at least what it has just burned.
        unchecked {
            (fees0, fees1) = (all0 - amount0, all1 - amount1);
        }
    }
}
