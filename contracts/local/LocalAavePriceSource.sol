// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title LocalAavePriceSource
/// @notice Lets Aave's oracle read one of our feeds: it asks a source for `latestAnswer()` alone and takes it for the market's
///         base currency, USD with 8 decimals. As on mainnet nobody asks how old the answer is; a feed that does not answer
///         makes Aave's oracle revert, and one that answers zero or less sends it to its fallback. For the local chain only.
contract LocalAavePriceSource {
    uint8 private constant USD_DECIMALS = 8;
    uint8 private constant MAX_FEED_DECIMALS = 36;

    IAggregatorV3 public immutable FEED;
    uint8 private immutable FEED_DECIMALS;

    error TooManyDecimals(uint8 decimals);

    constructor(IAggregatorV3 feed) {
        FEED = feed;
        FEED_DECIMALS = feed.decimals();
        require(FEED_DECIMALS <= MAX_FEED_DECIMALS, TooManyDecimals(FEED_DECIMALS));
    }

    /// @notice The feed's answer with 8 decimals, rounded towards zero where the feed has more.
    function latestAnswer() external view returns (int256) {
        (, int256 answer, , , ) = FEED.latestRoundData();
        // The casts keep the sign: the powers of ten are at most 10^28, the first that an int256 cannot hold is 10^77.
        if (FEED_DECIMALS <= USD_DECIMALS) return answer * int256(10 ** (USD_DECIMALS - FEED_DECIMALS));
        return answer / int256(10 ** (FEED_DECIMALS - USD_DECIMALS));
    }
}
