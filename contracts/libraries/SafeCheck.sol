// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {ISafe} from "../interfaces/ISafe.sol";

/// @title SafeCheck
/// @notice Reads again, at every call that gives room, whether the DAO's Safe still is a multi-sig.
library SafeCheck {
    uint256 internal constant MIN_THRESHOLD = 2;
    address private constant SENTINEL = address(1);

    /// @notice The Safe has a threshold under two or a module, so it may only take room away.
    error UnsafeSafe(uint256 threshold, bool hasModule);

    function check(ISafe safe) internal view {
        uint256 threshold = safe.getThreshold();
        (address[] memory modules, ) = safe.getModulesPaginated(SENTINEL, 1);
        if (threshold < MIN_THRESHOLD || modules.length != 0) revert UnsafeSafe(threshold, modules.length != 0);
    }
}
