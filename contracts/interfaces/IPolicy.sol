// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {Limits} from "./Types.sol";

/// @title IPolicy
/// @notice What the DAO allows, as the vault reads it.
interface IPolicy {
    /// @notice The address is not one of the DAO's keepers.
    error NotKeeper(address account);

    /// @notice The limits in one word (PolicyLimits) for a plan of `keeper`; reverts with NotKeeper if it may not plan.
    function planLimits(address keeper) external view returns (uint256 packed);

    /// @notice The limits, spelled out.
    function limits() external view returns (Limits memory);

    function isKeeper(address account) external view returns (bool);

    function FACTORY() external view returns (address);

    function TOKEN0() external view returns (address);

    function TOKEN1() external view returns (address);
}
