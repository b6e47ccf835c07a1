// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {PolicyLimits} from "../libraries/PolicyLimits.sol";
import {ISleeve} from "./ISleeve.sol";
import {Limits} from "./Types.sol";

/// @title IPolicy
/// @notice What the DAO allows, as the vault reads it.
interface IPolicy {
    /// @notice The address is not one of the DAO's keepers.
    error NotKeeper(address account);
    /// @notice Plans and deposits wait until `until`; withdrawals do not.
    error Paused(uint40 until);

    /// @notice The limits in two words for a plan of `keeper`; reverts with NotKeeper or Paused if it may not plan now.
    function planLimits(address keeper) external view returns (PolicyLimits.Packed memory);

    /// @notice Reverts with Paused while deposits wait.
    function checkNotPaused() external view;

    /// @notice The limits, spelled out.
    function limits() external view returns (Limits memory);

    function isKeeper(address account) external view returns (bool);

    /// @notice The sleeve that the DAO has put in a place (0 to 3); nothing may be given to another one there.
    function sleeves(uint256 index) external view returns (ISleeve);

    /// @notice Whether the account may unwind a sleeve without a plan.
    function mayUnwind(address account) external view returns (bool);

    function FACTORY() external view returns (address);

    function TOKEN0() external view returns (address);

    function TOKEN1() external view returns (address);

    /// @notice Where the treasury's part of swap fees goes.
    function treasury() external view returns (address);
}
