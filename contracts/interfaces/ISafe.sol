// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

/// @title ISafe
/// @notice The part of a Safe (1.3 and later) that says how hard it is to move.
interface ISafe {
    /// @notice How many owners must sign.
    function getThreshold() external view returns (uint256);

    /// @notice Modules act without any signature. A page of their list, from the sentinel 0x1 on.
    function getModulesPaginated(
        address start,
        uint256 pageSize
    ) external view returns (address[] memory modules, address next);
}
