// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {OracleTerms, PriceBand} from "./Types.sol";

/// @title IPriceOracle
/// @notice The pair's price with its error, or a revert. There is no answer in between.
interface IPriceOracle {
    /// @notice A feed's answer is zero or negative, from the future, or older than its heartbeat.
    error FeedStale(address feed, int256 answer, uint256 updatedAt, uint256 heartbeat);
    /// @notice The rollup's sequencer is down, or back for less than the grace period.
    error SequencerDown(uint256 upSince);
    /// @notice The reference pool's spot is outside the feeds' error band (widened by the pool's own fee).
    error SpotOutsideBand(uint24 fee, uint256 spotX96, uint256 lowX96, uint256 highX96);
    /// @notice The reference pool's TWAP is further from the feeds than governance allows.
    error TwapOutsideBand(uint256 twapX96, uint256 midX96);
    /// @notice The feeds imply a price that no pool of the pair could show.
    error PriceOutOfRange(uint256 midX96);

    /// @notice The price band, after feeds and reference pool were found to agree.
    /// @param twapHint see Plan.twapHint; any value is safe
    function read(uint256 twapHint) external view returns (PriceBand memory band);

    /// @notice The feeds' band alone, without the pool; for display, never for money.
    function feeds() external view returns (PriceBand memory band);

    function terms() external view returns (OracleTerms memory);

    /// @notice Takes the feeds' price into the volatility; anyone, once an hour.
    function poke() external;

    /// @notice Unix seconds of the last poke, 0 if there was none.
    function lastPoke() external view returns (uint256);

    /// @notice The hint that `read` would like now.
    function findTwapHint() external view returns (uint16);

    function FACTORY() external view returns (address);

    function token0() external view returns (address);

    function token1() external view returns (address);

    function quoteIsToken0() external view returns (bool);
}
