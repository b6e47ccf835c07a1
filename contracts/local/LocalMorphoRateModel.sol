// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IIrm} from "@morpho-org/morpho-blue/src/interfaces/IIrm.sol";
import {Id, Market, MarketParams} from "@morpho-org/morpho-blue/src/interfaces/IMorpho.sol";
import {MarketParamsLib} from "@morpho-org/morpho-blue/src/libraries/MarketParamsLib.sol";

/// @title LocalMorphoRateModel
/// @notice Stands where AdaptiveCurveIrm stands on networks, with its curve and without its adaptation: the rate at the target
///         utilisation stays until somebody sets it. For the local chain only, where anybody may.
///
/// CURVE. Straight from a quarter of the target's rate at no utilisation to the target's rate at 90 %, straight from there to
/// four times the target's rate at 100 %.
///
/// TIME. Morpho asks for a rate when it accrues and applies it to all the time since the last accrual. Whoever changes a rate
/// and does not want to change the past has to accrue first.
contract LocalMorphoRateModel is IIrm {
    using MarketParamsLib for MarketParams;

    uint256 public constant TARGET_UTILIZATION = 0.9e18;
    /// @notice Rate at full utilisation over rate at target; at no utilisation the inverse.
    uint256 public constant STEEPNESS = 4;
    /// @notice Per second, 1e18: 2.5 % a year.
    uint256 public constant DEFAULT_RATE_AT_TARGET = uint256(0.025e18) / 365 days;

    uint256 private constant WAD = 1e18;

    /// @dev One word. Rates per second, 1e18; a market without terms has the default.
    struct Terms {
        bool isSet;
        bool isForced;
        uint112 rateAtTarget;
        uint112 forcedRate;
    }

    mapping(Id => Terms) private _terms;

    event RateAtTargetSet(Id indexed id, uint256 rate);
    event RateForced(Id indexed id, bool forced, uint256 rate);

    // ---------------------------------------------------------------- SETTING

    /// @notice Sets a market's rate at the target utilisation, per second, 1e18.
    function setRateAtTarget(Id id, uint112 rate) external {
        (_terms[id].isSet, _terms[id].rateAtTarget) = (true, rate);
        emit RateAtTargetSet(id, rate);
    }

    /// @notice For tests: one rate at every utilisation until `release`.
    function force(Id id, uint112 rate) external {
        (_terms[id].isForced, _terms[id].forcedRate) = (true, rate);
        emit RateForced(id, true, rate);
    }

    /// @notice Gives a market its curve back.
    function release(Id id) external {
        _terms[id].isForced = false;
        emit RateForced(id, false, 0);
    }

    // ---------------------------------------------------------------- READING

    /// @inheritdoc IIrm
    function borrowRate(MarketParams memory params, Market memory market) external view returns (uint256) {
        return _rate(params.id(), _utilization(market));
    }

    /// @inheritdoc IIrm
    function borrowRateView(MarketParams memory params, Market memory market) external view returns (uint256) {
        return _rate(params.id(), _utilization(market));
    }

    function rateAtTarget(Id id) public view returns (uint256) {
        Terms memory terms = _terms[id];
        return terms.isSet ? terms.rateAtTarget : DEFAULT_RATE_AT_TARGET;
    }

    /// @param utilization borrowed over supplied, 1e18, at most 1e18
    /// @return rate that the market would have there, per second, 1e18, rounded down
    function rateAt(Id id, uint256 utilization) external view returns (uint256 rate) {
        return _rate(id, utilization);
    }

    function _rate(Id id, uint256 utilization) private view returns (uint256) {
        Terms memory terms = _terms[id];
        if (terms.isForced) return terms.forcedRate;
        uint256 atTarget = rateAtTarget(id);
        if (utilization >= TARGET_UTILIZATION) {
            uint256 above = utilization - TARGET_UTILIZATION;
            return atTarget + (atTarget * (STEEPNESS - 1) * above) / (WAD - TARGET_UTILIZATION);
        }
        // From a quarter upward, rounded down.
        return (atTarget * (TARGET_UTILIZATION + (STEEPNESS - 1) * utilization)) / (STEEPNESS * TARGET_UTILIZATION);
    }

    /// @dev Rounded down; 0 for a market without supply.
    function _utilization(Market memory market) private pure returns (uint256) {
        if (market.totalSupplyAssets == 0) return 0;
        return (uint256(market.totalBorrowAssets) * WAD) / market.totalSupplyAssets;
    }
}
