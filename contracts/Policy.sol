// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IUniswapV3Factory} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Factory.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";

import {IPolicy} from "./interfaces/IPolicy.sol";
import {Limits} from "./interfaces/Types.sol";
import {PolicyLimits} from "./libraries/PolicyLimits.sol";
import {Pools} from "./libraries/Pools.sol";

/// @title Policy
/// @notice What the DAO lets a keeper do. The vault reads it at every plan; it never calls the vault.
///
/// DIRECTION. Giving a keeper more room is a different function from taking room away, because OpenZeppelin's AccessManager
/// gives one delay to one function: `setCaps`, `addPool` and `addKeeper` belong to the governor and wait; `tightenCaps`,
/// `removePool` and `removeKeeper` can only take away and may be given to somebody who does not wait.
///
/// CAPS IN CODE. No vote can lift a limit above the constants below.
contract Policy is IPolicy, AccessManaged {
    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    uint16 public constant MAX_PLAN_LOSS_BPS = 100;
    uint16 public constant MAX_WEIGHT_BPS = 10_000;
    /// @notice A full-range position's half-width; wider than that no pool can go.
    uint24 public constant MAX_HALF_WIDTH = 887_272;

    address public immutable FACTORY;
    address public immutable TOKEN0;
    address public immutable TOKEN1;
    /// @notice Observations that a pool must be able to hold, so that dust swaps cannot push the TWAP's start out of it.
    uint16 public immutable MIN_CARDINALITY;

    // ---------------------------------------------------------------- STORAGE

    /// @dev Limits in one word, see PolicyLimits.
    uint256 private _packed;
    /// @inheritdoc IPolicy
    mapping(address account => bool) public isKeeper;

    // ---------------------------------------------------------------- TYPES, EVENTS, ERRORS

    /// @notice Limits without the list of tiers, which has functions of its own. Fields as in Limits.
    struct Caps {
        uint16 maxPlanLossBps;
        uint16 coreWeightCapBps;
        uint24 minHalfWidth;
        uint24 maxHalfWidth;
    }

    event CapsSet(Caps caps);
    event PoolAdded(uint24 fee, address pool);
    event PoolRemoved(uint24 fee);
    event KeeperAdded(address account);
    event KeeperRemoved(address account);

    /// @notice `field` is outside what the code allows at all.
    error CapOutOfBounds(string field);
    /// @notice `tightenCaps` was asked to loosen `field`.
    error NotTighter(string field);
    error NoSuchPool(uint24 fee);
    error PoolNotFromFactory(uint24 fee, address expected, address actual);
    error CardinalityTooLow(uint24 fee, uint16 cardinality, uint16 required);
    error PoolAlreadyAllowed(uint24 fee);
    error PoolNotAllowed(uint24 fee);
    error TooManyPools();
    error InvalidKeeper(address account);

    // ---------------------------------------------------------------- CONSTRUCTION

    constructor(
        address authority,
        address factory,
        address token0,
        address token1,
        uint16 minCardinality,
        Caps memory caps,
        uint24[] memory fees
    ) AccessManaged(authority) {
        FACTORY = factory;
        TOKEN0 = token0;
        TOKEN1 = token1;
        MIN_CARDINALITY = minCardinality;
        _setCaps(caps);
        for (uint256 i = 0; i < fees.length; ++i) _addPool(fees[i]);
    }

    // ---------------------------------------------------------------- MORE ROOM (GOVERNOR, DELAYED)

    /// @notice Sets all caps, in either direction.
    function setCaps(Caps calldata caps) external restricted {
        _setCaps(caps);
    }

    /// @notice Admits a fee tier: the pool exists, is the factory's own, and remembers enough observations.
    function addPool(uint24 fee) external restricted {
        _addPool(fee);
    }

    function addKeeper(address account) external restricted {
        if (account == address(0) || isKeeper[account]) revert InvalidKeeper(account);
        isKeeper[account] = true;
        emit KeeperAdded(account);
    }

    // ---------------------------------------------------------------- LESS ROOM (AT ONCE)

    /// @notice Sets all caps, none of them looser than it is.
    function tightenCaps(Caps calldata caps) external restricted {
        Limits memory now_ = PolicyLimits.unpack(_packed);
        if (caps.maxPlanLossBps > now_.maxPlanLossBps) revert NotTighter("maxPlanLossBps");
        if (caps.coreWeightCapBps > now_.coreWeightCapBps) revert NotTighter("coreWeightCapBps");
        if (caps.minHalfWidth < now_.minHalfWidth) revert NotTighter("minHalfWidth");
        if (caps.maxHalfWidth > now_.maxHalfWidth) revert NotTighter("maxHalfWidth");
        _setCaps(caps);
    }

    /// @notice No new range in this tier. Ranges that stand there can still be taken out.
    function removePool(uint24 fee) external restricted {
        Limits memory limits_ = PolicyLimits.unpack(_packed);
        for (uint256 i = 0; i < limits_.fees.length; ++i) {
            if (fee != 0 && limits_.fees[i] == fee) {
                limits_.fees[i] = 0;
                _packed = PolicyLimits.pack(limits_);
                emit PoolRemoved(fee);
                return;
            }
        }
        revert PoolNotAllowed(fee);
    }

    function removeKeeper(address account) external restricted {
        if (!isKeeper[account]) revert InvalidKeeper(account);
        isKeeper[account] = false;
        emit KeeperRemoved(account);
    }

    // ---------------------------------------------------------------- READING

    /// @inheritdoc IPolicy
    function planLimits(address keeper) external view returns (uint256) {
        if (!isKeeper[keeper]) revert NotKeeper(keeper);
        return _packed;
    }

    /// @inheritdoc IPolicy
    function limits() external view returns (Limits memory) {
        return PolicyLimits.unpack(_packed);
    }

    // ---------------------------------------------------------------- INTERNALS

    function _setCaps(Caps memory caps) private {
        if (caps.maxPlanLossBps > MAX_PLAN_LOSS_BPS) revert CapOutOfBounds("maxPlanLossBps");
        if (caps.coreWeightCapBps > MAX_WEIGHT_BPS) revert CapOutOfBounds("coreWeightCapBps");
        if (caps.minHalfWidth == 0 || caps.minHalfWidth > caps.maxHalfWidth) revert CapOutOfBounds("minHalfWidth");
        if (caps.maxHalfWidth > MAX_HALF_WIDTH) revert CapOutOfBounds("maxHalfWidth");
        Limits memory limits_ = PolicyLimits.unpack(_packed);
        limits_.maxPlanLossBps = caps.maxPlanLossBps;
        limits_.coreWeightCapBps = caps.coreWeightCapBps;
        limits_.minHalfWidth = caps.minHalfWidth;
        limits_.maxHalfWidth = caps.maxHalfWidth;
        _packed = PolicyLimits.pack(limits_);
        emit CapsSet(caps);
    }

    function _addPool(uint24 fee) private {
        address actual = IUniswapV3Factory(FACTORY).getPool(TOKEN0, TOKEN1, fee);
        if (fee == 0 || actual == address(0)) revert NoSuchPool(fee);
        address expected = address(Pools.at(FACTORY, TOKEN0, TOKEN1, fee));
        if (actual != expected) revert PoolNotFromFactory(fee, expected, actual);
        (, , , uint16 cardinality, , , ) = IUniswapV3Pool(actual).slot0();
        if (cardinality < MIN_CARDINALITY) revert CardinalityTooLow(fee, cardinality, MIN_CARDINALITY);

        Limits memory limits_ = PolicyLimits.unpack(_packed);
        uint256 place = limits_.fees.length;
        for (uint256 i = 0; i < limits_.fees.length; ++i) {
            if (limits_.fees[i] == fee) revert PoolAlreadyAllowed(fee);
            if (limits_.fees[i] == 0 && place == limits_.fees.length) place = i;
        }
        if (place == limits_.fees.length) revert TooManyPools();
        limits_.fees[place] = fee;
        _packed = PolicyLimits.pack(limits_);
        emit PoolAdded(fee, actual);
    }
}
