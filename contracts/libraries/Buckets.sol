// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

/// @title Buckets
/// @notice Budgets that fill when something is charged and drain at a governed rate. Over any stretch of time T no more
///         than capacity + rate * T can be charged.
///
/// This is the generic cell rate algorithm in its other form: a level that drains, instead of a theoretical arrival time.
/// Both admit the same charges. The level is kept because a governed change of capacity or rate then needs no conversion: what
/// has been used stays used, and drains at the new rate.
///
/// UNITS. A level is a fraction of NAV in 1e-12. Charges are rounded up and drains down, so a plan of dust pays at least one
/// unit. All buckets of a vault share one clock, so that they and the plan nonce fit in a word.
library Buckets {
    /// @notice 1e12 = all of NAV.
    uint256 internal constant ONE = 1e12;
    uint256 private constant PER_BPS = ONE / 10_000;

    /// @notice The level after `elapsed` seconds without a charge; rounded up.
    function drained(uint256 level, uint256 elapsed, uint256 drainBpsPerDay) internal pure returns (uint256) {
        // Unchecked: seconds are below 2^40 and a rate is below 2^16.
        unchecked {
            uint256 gone = (elapsed * drainBpsPerDay * PER_BPS) / 1 days;
            return level > gone ? level - gone : 0;
        }
    }

    /// @notice A charge in units of the level, rounded up.
    /// @param part of `whole`, both in the same unit
    function toLevel(uint256 part, uint256 whole) internal pure returns (uint256) {
        return (part * ONE + whole - 1) / whole;
    }

    function capacity(uint256 capacityBps) internal pure returns (uint256) {
        return capacityBps * PER_BPS;
    }
}
