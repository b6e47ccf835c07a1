// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";

import {Nets, Obstacle, SleeveReport} from "./Types.sol";

/// @title ISleeve
/// @notice One venue beside the pools, bound to one vault: a lending position, a reserve, an asset. The vault knows no more of
///         it than this.
///
/// UNITS. What a sleeve holds and owes belongs to the holders of its units, in proportion. All units are the vault's until an
/// LP leaves with his part of them, which no venue can refuse; he redeems them here when the venue lets him.
interface ISleeve is IERC6909 {
    /// @notice Only the vault moves tokens in and out, and only it exits by parts.
    error NotVault(address caller);
    /// @notice After borrowing, or after taking from what secures a debt, health must be at least `floorX18`.
    error HealthBelowOpening(uint256 healthX18, uint256 floorX18);
    /// @notice Borrowing has become dearer than the sleeve may pay; 1e18 = 100 % a year.
    error RateAboveCap(uint256 rateX18, uint256 capX18);
    /// @notice There is no value left from which the vault could take while others hold units.
    error Insolvent();
    /// @notice While others hold units, nothing can be taken without a price to sell the vault's units at, and while they hold more
    ///         than a hundredth of them, no debt repaid without a price to buy units at.
    error PriceNeeded();
    /// @notice The venue gave or took another amount than it said.
    error VenueNotExact(uint256 expected, uint256 actual);
    /// @notice The units would bring less than their holder wants.
    error RedeemBelowMin(uint256 amount, uint256 min);
    /// @notice The sleeve has no debt in this token, or borrows none.
    error NoDebt();
    /// @notice The venue cannot pay now; see Obstacle.
    error Obstructed(Obstacle why);

    /// @notice The vault's part changed: positive amounts were given to the sleeve, negative ones taken.
    event Moved(int256 moved0, int256 moved1, int256 units);
    /// @notice So many of the vault's units were paid out: what they owed was paid, and this is what they brought.
    event Exited(uint256 units, uint256 got0, uint256 got1);
    event Redeemed(address indexed holder, address indexed to, uint256 units, uint256 amount0, uint256 amount1);

    function VAULT() external view returns (address);

    /// @notice All units, the vault's and others'.
    function totalUnits() external view returns (uint256);

    /// @notice What the vault's units stand for now.
    function nets() external view returns (Nets memory);

    /// @notice Gives to the venue what the vault has just sent here (positive), takes from it (negative). What is taken, and
    ///         what of the given the venue did not need, is sent to the vault. Vault only.
    /// @param give0 token0, wei; give1 likewise
    /// @param lowX96 the oracle's band, by whose worse end units are priced while others than the vault hold some; zero if the
    ///        oracle is silent: then nothing can be taken, and a debt repaid only while others hold a hundredth of the units at
    ///        most, since the vault gets no units for it
    /// @param highX96 likewise
    /// @return moved0 what really moved, signed alike
    /// @return moved1 likewise
    function move(
        int256 give0,
        int256 give1,
        uint256 lowX96,
        uint256 highX96
    ) external returns (int256 moved0, int256 moved1);

    /// @notice What it takes to pay out the part `part / whole` of the vault's units, and what that brings.
    /// @return owe0 to be sent here before `exit`, rounded up
    /// @return owe1 likewise
    /// @return get0 what comes, rounded down
    /// @return get1 likewise
    function previewExit(
        uint256 part,
        uint256 whole
    ) external view returns (uint256 owe0, uint256 owe1, uint256 get0, uint256 get1);

    /// @notice Why `exit` of that part would revert now, if it would.
    function obstacle(uint256 part, uint256 whole) external view returns (Obstacle);

    /// @notice Burns the part `part / whole` of the vault's units, pays what they owe from what was just sent here, and sends
    ///         what they own to the vault. Vault only.
    function exit(uint256 part, uint256 whole) external returns (uint256 got0, uint256 got1);

    /// @notice Redeems units of the caller: takes what they owe from him and sends what they own to `to`.
    /// @param min least of the asset token
    function redeem(uint256 units, uint256 min, address to) external returns (uint256 amount0, uint256 amount1);

    /// @notice Whether the marks can be trusted by somebody who pays by them: no debt, or enough health behind it.
    function sound() external view returns (bool);

    /// @notice How much of its debt the vault's part should repay now: health is below the floor, or the rate above the cap.
    function shortfall() external view returns (uint256 owe0, uint256 owe1);

    /// @notice For people.
    function report() external view returns (SleeveReport memory);
}
