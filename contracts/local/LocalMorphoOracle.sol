// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IOracle} from "@morpho-org/morpho-blue/src/interfaces/IOracle.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title LocalMorphoOracle
/// @notice Stands where MorphoChainlinkOracleV2 stands on networks: what one unit of collateral is worth in the loan token, by
///         the same two feeds as the vault's oracle. As there, an answer's age is not looked at. For the local chain only.
contract LocalMorphoOracle is IOracle {
    IAggregatorV3 public immutable COLLATERAL_FEED;
    IAggregatorV3 public immutable LOAN_FEED;
    /// @notice price = collateral's answer * SCALE / loan's answer.
    uint256 public immutable SCALE;

    error NegativeAnswer(address feed, int256 answer);

    /// @param collateralFeed dollars per collateral token
    /// @param loanFeed dollars per loan token
    constructor(IERC20Metadata collateral, IERC20Metadata loan, IAggregatorV3 collateralFeed, IAggregatorV3 loanFeed) {
        COLLATERAL_FEED = collateralFeed;
        LOAN_FEED = loanFeed;
        SCALE =
            10 **
            (36 + uint256(loan.decimals()) + loanFeed.decimals() - collateral.decimals() - collateralFeed.decimals());
    }

    /// @inheritdoc IOracle
    /// @dev Loan wei per collateral wei times 1e36, rounded down.
    function price() external view returns (uint256) {
        return Math.mulDiv(SCALE, _answer(COLLATERAL_FEED), _answer(LOAN_FEED));
    }

    function _answer(IAggregatorV3 feed) private view returns (uint256) {
        (, int256 answer, , , ) = feed.latestRoundData();
        if (answer < 0) revert NegativeAnswer(address(feed), answer);
        return uint256(answer); // not negative: checked in the line above
    }
}
