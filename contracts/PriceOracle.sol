// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {ISafe} from "./interfaces/ISafe.sol";
import {OracleTerms, PriceBand} from "./interfaces/Types.sol";
import {Pools} from "./libraries/Pools.sol";
import {SafeCheck} from "./libraries/SafeCheck.sol";
import {Valuation} from "./libraries/Valuation.sol";

/// @title PriceOracle
/// @notice The price of the base token in the quote token, with the error that its sources admit.
///
/// PRICE. mid = (base/USD) / (quote/USD) by two Chainlink feeds. A feed may lag the market by its deviation threshold, so the
/// true price lies in [mid (1-d), mid (1+d)], d = the sum of both thresholds, never below MIN_BAND_BPS. Who spends the
/// vault's money is charged at the worse end of that band.
///
/// AGREEMENT. The pair's deepest pool must agree before the band is handed out: its spot lies inside the band widened by the
/// pool's own fee (inside which nobody arbitrages), and its time-weighted average within a governed distance. Two kinds of
/// source that fail in different ways have to fail together before a plan is priced wrongly.
///
/// VOLATILITY. An exponentially weighted mean of squared returns of the feeds' price, decay 0.94 a day, which anyone may
/// update once an hour. It only ever makes the policy stricter than its governed floor.
///
/// FAILURE. Whatever is stale, negative, apart or out of reach reverts. Nothing that lets an LP leave calls this contract.
contract PriceOracle is IPriceOracle, AccessManaged {
    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    /// @notice Floor of the error band, whatever thresholds governance enters.
    uint256 public constant MIN_BAND_BPS = 25;
    uint256 public constant MAX_BAND_BPS = 300;
    uint256 public constant MAX_TWAP_BAND_BPS = 1_000;
    uint256 public constant MIN_TWAP_WINDOW = 5 minutes;
    uint256 public constant MAX_TWAP_WINDOW = 1 days;
    uint256 public constant MAX_HEARTBEAT = 2 days;
    /// @notice After a rollup's sequencer comes back, prices are not trusted for so long.
    uint256 public constant SEQUENCER_GRACE = 1 hours;

    uint256 public constant POKE_INTERVAL = 1 hours;
    /// @notice Time constant of the volatility: 0.94 a day is a mean age of 1 / (1 - 0.94) days.
    uint256 public constant VOL_MEMORY = 400 hours;

    uint256 private constant BPS = 10_000;
    uint256 private constant Q96 = 1 << 96;

    address public immutable token0;
    address public immutable token1;
    bool public immutable quoteIsToken0;
    address public immutable FACTORY;
    ISafe public immutable SAFE;
    IAggregatorV3 public immutable BASE_FEED;
    IAggregatorV3 public immutable QUOTE_FEED;
    /// @notice Observations that the reference pool must keep, so that dust swaps cannot push the window's start out of it.
    uint16 public immutable MIN_CARDINALITY;
    /// @notice Zero on chains without a sequencer.
    IAggregatorV3 public immutable SEQUENCER_FEED;
    /// @dev midX96 = baseAnswer * SCALE_NUMERATOR / (quoteAnswer * SCALE_DENOMINATOR): decimals of tokens and feeds, and 2^96.
    uint256 private immutable SCALE_NUMERATOR;
    uint256 private immutable SCALE_DENOMINATOR;

    // ---------------------------------------------------------------- STORAGE

    /// @dev One word: OracleTerms field by field (a struct inside would start a word of its own), and the variance.
    struct Stored {
        uint24 referenceFee;
        uint32 twapWindow;
        uint16 twapBandBps;
        uint32 baseHeartbeat;
        uint32 quoteHeartbeat;
        uint16 baseDeviationBps;
        uint16 quoteDeviationBps;
        uint64 varianceE12;
    }

    /// @dev One word, read and written by `poke` alone.
    struct Poked {
        uint40 at;
        uint192 midX96;
    }

    Stored private _stored;
    Poked private _poked;

    // ---------------------------------------------------------------- EVENTS AND ERRORS

    event TermsSet(OracleTerms terms);
    event VolatilityPoked(uint256 midX96, uint64 varianceE12);

    error InvalidTerms(string reason);
    error InvalidPair();
    /// @notice The variance was updated less than POKE_INTERVAL ago.
    error PokedTooSoon(uint256 from);

    // ---------------------------------------------------------------- CONSTRUCTION AND GOVERNANCE

    struct Setup {
        address authority;
        address factory;
        address token0;
        address token1;
        bool quoteIsToken0;
        ISafe safe;
        IAggregatorV3 baseFeed;
        IAggregatorV3 quoteFeed;
        IAggregatorV3 sequencerFeed;
        uint16 minCardinality;
        OracleTerms terms;
    }

    constructor(Setup memory setup) AccessManaged(setup.authority) {
        if (setup.token0 >= setup.token1) revert InvalidPair();
        token0 = setup.token0;
        token1 = setup.token1;
        quoteIsToken0 = setup.quoteIsToken0;
        FACTORY = setup.factory;
        MIN_CARDINALITY = setup.minCardinality;
        SAFE = setup.safe;
        BASE_FEED = setup.baseFeed;
        QUOTE_FEED = setup.quoteFeed;
        SEQUENCER_FEED = setup.sequencerFeed;

        (address quote, address base) = setup.quoteIsToken0
            ? (setup.token0, setup.token1)
            : (setup.token1, setup.token0);
        uint256 up = uint256(IERC20Metadata(quote).decimals()) + setup.quoteFeed.decimals();
        uint256 down = uint256(IERC20Metadata(base).decimals()) + setup.baseFeed.decimals();
        SCALE_NUMERATOR = Q96 * (up > down ? 10 ** (up - down) : 1);
        SCALE_DENOMINATOR = down > up ? 10 ** (down - up) : 1;

        _setTerms(setup.terms);
    }

    /// @notice Changes how sources are read. Governed and delayed: a wider band is a cheaper theft.
    function setTerms(OracleTerms calldata newTerms) external restricted {
        SafeCheck.check(SAFE);
        _setTerms(newTerms);
    }

    function _setTerms(OracleTerms memory t) private {
        if (uint256(t.baseDeviationBps) + t.quoteDeviationBps > MAX_BAND_BPS)
            revert InvalidTerms("deviations above cap");
        if (t.twapBandBps == 0 || t.twapBandBps > MAX_TWAP_BAND_BPS)
            revert InvalidTerms("twapBandBps outside (0, cap]");
        if (t.twapWindow < MIN_TWAP_WINDOW || t.twapWindow > MAX_TWAP_WINDOW)
            revert InvalidTerms("twapWindow outside bounds");
        if (t.baseHeartbeat == 0 || t.baseHeartbeat > MAX_HEARTBEAT)
            revert InvalidTerms("baseHeartbeat outside (0, cap]");
        if (t.quoteHeartbeat == 0 || t.quoteHeartbeat > MAX_HEARTBEAT)
            revert InvalidTerms("quoteHeartbeat outside (0, cap]");
        IUniswapV3Pool pool = Pools.at(FACTORY, token0, token1, t.referenceFee);
        if (address(pool).code.length == 0) revert InvalidTerms("no reference pool");
        (, , , uint16 cardinality, , , ) = pool.slot0();
        if (cardinality < MIN_CARDINALITY) revert InvalidTerms("reference pool keeps too few observations");
        Stored storage stored = _stored;
        stored.referenceFee = t.referenceFee;
        stored.twapWindow = t.twapWindow;
        stored.twapBandBps = t.twapBandBps;
        stored.baseHeartbeat = t.baseHeartbeat;
        stored.quoteHeartbeat = t.quoteHeartbeat;
        stored.baseDeviationBps = t.baseDeviationBps;
        stored.quoteDeviationBps = t.quoteDeviationBps;
        emit TermsSet(t);
    }

    // ---------------------------------------------------------------- VOLATILITY

    /// @inheritdoc IPriceOracle
    function poke() external {
        Poked memory last = _poked;
        if (last.at != 0 && block.timestamp < last.at + POKE_INTERVAL) revert PokedTooSoon(last.at + POKE_INTERVAL);
        Stored memory t = _stored;
        uint256 mid = _feeds(t).mid;
        // Cast: a mid above MAX_PRICE_X96 (2^160) was refused by _feeds.
        _poked = Poked(uint40(block.timestamp), uint192(mid));
        if (last.at == 0) return;

        // Everything rounded up: more measured volatility is less room.
        uint256 elapsed = block.timestamp - last.at;
        uint256 change = mid > last.midX96 ? mid - last.midX96 : last.midX96 - mid;
        uint256 returnE12 = FullMath.mulDivRoundingUp(change, 1e12, last.midX96);
        uint256 sampleE12 = Math.ceilDiv((returnE12 * returnE12 * 365 days) / 1e12, elapsed);
        // Weight of a sample of this length in a mean with this memory: exact to first order, and below one for any length.
        uint256 sum = uint256(t.varianceE12) * VOL_MEMORY + sampleE12 * elapsed;
        uint256 varianceE12 = Math.ceilDiv(sum, VOL_MEMORY + elapsed);
        // Clamped, not cast: beyond 64 bits (a volatility of 400,000 %) every range is too narrow anyway.
        _stored.varianceE12 = varianceE12 > type(uint64).max ? type(uint64).max : uint64(varianceE12);
        emit VolatilityPoked(mid, _stored.varianceE12);
    }

    /// @inheritdoc IPriceOracle
    function lastPoke() external view returns (uint256) {
        return _poked.at;
    }

    // ---------------------------------------------------------------- READING

    /// @inheritdoc IPriceOracle
    function read(uint256 twapHint) external view returns (PriceBand memory band) {
        Stored memory t = _stored;
        band = _feeds(t);
        _checkReferencePool(t, band, twapHint);
    }

    /// @inheritdoc IPriceOracle
    function feeds() external view returns (PriceBand memory) {
        return _feeds(_stored);
    }

    /// @inheritdoc IPriceOracle
    function terms() external view returns (OracleTerms memory) {
        Stored memory t = _stored;
        return
            OracleTerms({
                referenceFee: t.referenceFee,
                twapWindow: t.twapWindow,
                twapBandBps: t.twapBandBps,
                baseHeartbeat: t.baseHeartbeat,
                quoteHeartbeat: t.quoteHeartbeat,
                baseDeviationBps: t.baseDeviationBps,
                quoteDeviationBps: t.quoteDeviationBps
            });
    }

    /// @inheritdoc IPriceOracle
    function findTwapHint() external view returns (uint16) {
        Stored memory t = _stored;
        IUniswapV3Pool pool = Pools.at(FACTORY, token0, token1, t.referenceFee);
        (, , uint16 newest, uint16 cardinality, , , ) = pool.slot0();
        // Ages fall from the oldest observation (just after the newest, in the ring) to the newest: search for the last
        // one that is at least a window old.
        uint256 low = 0;
        uint256 high = cardinality - 1;
        while (low < high) {
            uint256 middle = (low + high + 1) / 2;
            (uint32 age, , bool initialized) = _observation(pool, (uint256(newest) + 1 + middle) % cardinality);
            // Places that were never written come first in the ring; they count as old.
            if (!initialized || age >= t.twapWindow) low = middle;
            else high = middle - 1;
        }
        return uint16((uint256(newest) + 1 + low) % cardinality);
    }

    // ---------------------------------------------------------------- FEEDS

    function _feeds(Stored memory t) private view returns (PriceBand memory band) {
        if (address(SEQUENCER_FEED) != address(0)) _checkSequencer();
        uint256 base = _answer(BASE_FEED, t.baseHeartbeat);
        uint256 quote = _answer(QUOTE_FEED, t.quoteHeartbeat);
        band.mid = FullMath.mulDiv(base, SCALE_NUMERATOR, quote * SCALE_DENOMINATOR);

        if (band.mid >= Valuation.MAX_PRICE_X96) revert PriceOutOfRange(band.mid);
        // Unchecked: a mid is below 2^160, and the terms keep the band below all of it.
        unchecked {
            uint256 bandBps = uint256(t.baseDeviationBps) + t.quoteDeviationBps;
            if (bandBps < MIN_BAND_BPS) bandBps = MIN_BAND_BPS;
            // Outward: low down, high up.
            band.low = (band.mid * (BPS - bandBps)) / BPS;
            band.high = (band.mid * (BPS + bandBps)) / BPS + 1;
        }
        band.varianceE12 = t.varianceE12;
        if (band.low < Valuation.MIN_PRICE_X96 || band.high >= Valuation.MAX_PRICE_X96)
            revert PriceOutOfRange(band.mid);
    }

    function _answer(IAggregatorV3 feed, uint256 heartbeat) private view returns (uint256) {
        (, int256 answer, , uint256 updatedAt, ) = feed.latestRoundData();
        if (answer <= 0 || updatedAt > block.timestamp || block.timestamp - updatedAt > heartbeat) {
            revert FeedStale(address(feed), answer, updatedAt, heartbeat);
        }
        return uint256(answer); // positive: checked in the line above
    }

    /// @dev Chainlink's sequencer feed: answer 0 = up, 1 = down; startedAt = since when.
    function _checkSequencer() private view {
        (, int256 down, uint256 since, , ) = SEQUENCER_FEED.latestRoundData();
        if (down != 0 || since == 0 || since > block.timestamp || block.timestamp - since < SEQUENCER_GRACE) {
            revert SequencerDown(since);
        }
    }

    // ---------------------------------------------------------------- REFERENCE POOL

    function _checkReferencePool(Stored memory t, PriceBand memory band, uint256 twapHint) private view {
        IUniswapV3Pool pool = Pools.at(FACTORY, token0, token1, t.referenceFee);
        (uint160 sqrtPriceX96, int24 tick, uint16 newest, uint16 cardinality, , , ) = pool.slot0();

        uint256 spot = Valuation.fromSqrtPrice(sqrtPriceX96, quoteIsToken0);
        (uint256 low, uint256 high) = Valuation.widened(band.low, band.high, t.referenceFee);
        if (spot < low || spot > high) revert SpotOutsideBand(t.referenceFee, spot, low, high);

        int24 meanTick = _meanTick(pool, tick, newest, cardinality, t.twapWindow, twapHint);
        uint256 twap = Valuation.fromTick(meanTick, quoteIsToken0);
        uint256 distance = twap > band.mid ? twap - band.mid : band.mid - twap;
        if (distance * BPS > band.mid * t.twapBandBps) revert TwapOutsideBand(twap, band.mid);
    }

    /// @dev The arithmetic mean tick over the window, rounded to negative infinity: to the unit what `pool.observe` gives,
    ///      without its binary search if the hint is right.
    function _meanTick(
        IUniswapV3Pool pool,
        int24 tick,
        uint16 newest,
        uint16 cardinality,
        uint32 window,
        uint256 hint
    ) private view returns (int24) {
        (uint32 newestAge, int56 newestCumulative, ) = _observation(pool, newest);
        // Nothing was written inside the window: the tick of today held all the while.
        if (newestAge >= window) return tick;

        int56 atStart;
        bool found;
        if (hint < cardinality) {
            (uint32 age, int56 cumulative, bool initialized) = _observation(pool, hint);
            if (initialized && age >= window) {
                // The next one in the ring is the next in time, since `hint` is not the newest (that is younger).
                (uint32 nextAge, int56 nextCumulative, bool nextInitialized) = _observation(
                    pool,
                    (hint + 1) % cardinality
                );
                if (nextInitialized && nextAge < window) {
                    found = true;
                    // Interpolated as the pool does: the slope first, toward zero, then the part of the interval. Unchecked,
                    // here and below, as the pool's own sums are: cumulatives wrap by design, differences stay right.
                    unchecked {
                        atStart =
                            cumulative +
                            ((nextCumulative - cumulative) / int56(uint56(age - nextAge))) *
                                int56(uint56(age - window));
                    }
                }
            }
        }
        if (!found) {
            uint32[] memory secondsAgos = new uint32[](1);
            secondsAgos[0] = window;
            (int56[] memory cumulatives, ) = pool.observe(secondsAgos);
            atStart = cumulatives[0];
        }

        unchecked {
            int56 change = newestCumulative + int56(tick) * int56(uint56(newestAge)) - atStart;
            int56 mean = change / int56(uint56(window));
            if (change < 0 && change % int56(uint56(window)) != 0) --mean;
            return int24(mean); // a mean of ticks is a tick
        }
    }

    function _observation(
        IUniswapV3Pool pool,
        uint256 index
    ) private view returns (uint32 age, int56 tickCumulative, bool initialized) {
        uint32 timestamp;
        (timestamp, tickCumulative, , initialized) = pool.observations(index);
        // Unchecked: pool times are modulo 2^32 by design; an age is right as long as it is below 136 years.
        unchecked {
            age = uint32(block.timestamp) - timestamp;
        }
    }
}
