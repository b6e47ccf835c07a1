// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title LocalRawFeed
/// @notice A feed that says whatever a test tells it to say, also what no reporting network would: zero, the future, nothing
///         at all. For the local chain only.
contract LocalRawFeed is IAggregatorV3 {
    uint8 public immutable decimals;

    int256 private answer;
    uint256 private startedAt;
    uint256 private updatedAt;
    bool private silent;

    error Silent();

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    /// @notice An honest answer of this moment.
    function report(int256 answer_) external {
        (answer, startedAt, updatedAt) = (answer_, block.timestamp, block.timestamp);
    }

    /// @notice Any answer at all.
    function setRound(int256 answer_, uint256 startedAt_, uint256 updatedAt_) external {
        (answer, startedAt, updatedAt) = (answer_, startedAt_, updatedAt_);
    }

    /// @notice Reverts on reading while on.
    function setSilent(bool silent_) external {
        silent = silent_;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (silent) revert Silent();
        return (1, answer, startedAt, updatedAt, 1);
    }
}
