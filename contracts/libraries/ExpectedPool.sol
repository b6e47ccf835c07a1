// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

/// @title ExpectedPool
/// @notice The one pool that may call the vault back now. Transient: gone with the transaction, and zero between calls, so
///         that nobody else's callback is ever paid.
library ExpectedPool {
    // keccak256("strata.ExpectedPool") - 1
    bytes32 private constant SLOT = bytes32(uint256(keccak256("strata.ExpectedPool")) - 1);

    function set(address pool) internal {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            tstore(slot, pool)
        }
    }

    function get() internal view returns (address pool) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            pool := tload(slot)
        }
    }
}
