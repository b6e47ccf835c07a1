// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IUniswapV3Factory} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Factory.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";

import {IPolicy} from "./interfaces/IPolicy.sol";
import {ISafe} from "./interfaces/ISafe.sol";
import {ISleeve} from "./interfaces/ISleeve.sol";
import {Limits} from "./interfaces/Types.sol";
import {PolicyLimits} from "./libraries/PolicyLimits.sol";
import {Pools} from "./libraries/Pools.sol";
import {SafeCheck} from "./libraries/SafeCheck.sol";

/// @title Policy
/// @notice What the DAO lets a keeper do. The vault reads it; it never calls the vault.
///
/// DIRECTION. Giving more room is a different function from taking room away, because OpenZeppelin's AccessManager gives one
/// delay to one function. `setCaps`, `addPool`, `setSleeve`, `addKeeper`, `setTreasury`, `renewPause` and `unpause` belong to the
/// governor and wait. `tightenCaps`, `removePool`, `lowerSleeveCap`, `removeKeeper` and `pause` can only take away; the guardian
/// does not wait, and it may unwind a sleeve.
///
/// THE SAFE. Before anything gives room, the DAO's Safe is read again: at least two signatures, no module. A Safe that has
/// been weakened since the vote keeps only the power to take room away.
///
/// PAUSES END. A pause lasts seven days and the guardian cannot follow it with another before seven more have passed; the
/// governor can. A guardian's key alone therefore cannot stop the vault for good, and it never stops withdrawals.
///
/// CAPS IN CODE. No vote can lift a limit above the constants below.
contract Policy is IPolicy, AccessManaged {
    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    uint16 public constant MAX_PLAN_LOSS_BPS = 100;
    uint16 public constant MAX_LOSS_CAP_BPS = 100;
    uint16 public constant MAX_TURNOVER_CAP_BPS = 10_000;
    uint16 public constant MAX_CHURN_CAP_BPS = 1_000;
    uint16 public constant MAX_WEIGHT_BPS = 10_000;
    /// @notice No vault may be planned to lose more than this to arbitrage in a day.
    uint16 public constant MAX_LVR_LIMIT_BPS = 200;
    /// @notice A full-range position's half-width; wider than that no pool can go.
    uint24 public constant MAX_HALF_WIDTH = 887_272;
    uint16 public constant MAX_TREASURY_SHARE_BPS = 1_000;
    uint8 public constant MAX_ENTRY_FEE_BPS = 50;
    uint8 public constant MAX_EXIT_FEE_BPS = 50;
    uint16 public constant MAX_DELEVERAGE_CAP_BPS = 300;
    uint256 public constant PAUSE_LENGTH = 7 days;
    uint256 private constant SLEEVES = 4;

    address public immutable FACTORY;
    address public immutable TOKEN0;
    address public immutable TOKEN1;
    ISafe public immutable SAFE;
    /// @notice Observations that a pool must be able to hold, so that dust swaps cannot push the TWAP's start out of it.
    uint16 public immutable MIN_CARDINALITY;

    // ---------------------------------------------------------------- STORAGE

    PolicyLimits.Packed private _packed;
    /// @inheritdoc IPolicy
    mapping(address account => bool) public isKeeper;
    /// @inheritdoc IPolicy
    address public treasury;
    /// @inheritdoc IPolicy
    ISleeve[4] public sleeves;

    // ---------------------------------------------------------------- TYPES, EVENTS, ERRORS

    /// @notice The numbers of Limits; the list of tiers and the pause have functions of their own. Fields as there.
    struct Caps {
        uint16 coreWeightCapBps;
        uint24 minHalfWidth;
        uint24 maxHalfWidth;
        uint16 maxPlanLossBps;
        uint16 lossCapBps;
        uint16 lossRefillBps;
        uint16 turnoverCapBps;
        uint16 turnoverRefillBps;
        uint16 churnCapBps;
        uint16 churnRefillBps;
        uint16 volFloorBps;
        uint16 lvrLimitBps;
        uint16 treasuryShareBps;
        uint8 maxEntryFeeBps;
        uint8 maxExitFeeBps;
        uint16 deleverageCapBps;
        uint16 deleverageRefillBps;
    }

    struct Setup {
        address authority;
        address factory;
        address token0;
        address token1;
        ISafe safe;
        address treasury;
        uint16 minCardinality;
        Caps caps;
        uint24[] fees;
    }

    event CapsSet(Caps caps);
    event PoolAdded(uint24 fee, address pool);
    event PoolRemoved(uint24 fee);
    event KeeperAdded(address account);
    event KeeperRemoved(address account);
    event TreasurySet(address treasury);
    event PausedUntil(uint40 until);
    event SleeveSet(uint256 indexed index, ISleeve sleeve, uint16 capBps);

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
    error InvalidTreasury();
    /// @notice There are four places, and each holds a sleeve or nothing with a cap of zero.
    error InvalidSleeve(uint256 index, address sleeve, uint16 capBps);
    /// @notice The guardian paused not long ago; the next pause of its own is possible from `from` on.
    error PauseTooSoon(uint256 from);

    // ---------------------------------------------------------------- CONSTRUCTION

    constructor(Setup memory setup) AccessManaged(setup.authority) {
        FACTORY = setup.factory;
        TOKEN0 = setup.token0;
        TOKEN1 = setup.token1;
        SAFE = setup.safe;
        MIN_CARDINALITY = setup.minCardinality;
        _setTreasury(setup.treasury);
        _setCaps(setup.caps);
        for (uint256 i = 0; i < setup.fees.length; ++i) _addPool(setup.fees[i]);
        _checkSafe();
    }

    // ---------------------------------------------------------------- MORE ROOM (GOVERNOR, DELAYED)

    /// @notice Sets all caps, in either direction.
    function setCaps(Caps calldata caps) external restricted {
        _checkSafe();
        _setCaps(caps);
    }

    /// @notice Admits a fee tier: the pool exists, is the factory's own, and remembers enough observations.
    function addPool(uint24 fee) external restricted {
        _checkSafe();
        _addPool(fee);
    }

    /// @notice Puts a sleeve in a place, with the most of NAV that it may hold before its debt. What the vault still has in
    ///         another sleeve there stays its own, and can only be taken out (see Vault.adoptSleeve).
    /// @param sleeve nobody, with a cap of zero, frees the place
    function setSleeve(uint256 index, ISleeve sleeve, uint16 capBps) external restricted {
        _checkSafe();
        bool known =
            address(sleeve) == address(0)
                ? capBps == 0
                : ERC165Checker.supportsInterface(address(sleeve), type(ISleeve).interfaceId);
        if (index >= SLEEVES || capBps > MAX_WEIGHT_BPS || !known) {
            revert InvalidSleeve(index, address(sleeve), capBps);
        }
        sleeves[index] = sleeve;
        _setSleeveCap(index, capBps);
    }

    function addKeeper(address account) external restricted {
        _checkSafe();
        if (account == address(0) || isKeeper[account]) revert InvalidKeeper(account);
        isKeeper[account] = true;
        emit KeeperAdded(account);
    }

    function setTreasury(address account) external restricted {
        _checkSafe();
        _setTreasury(account);
    }

    /// @notice A pause of seven days from now, whatever came before.
    function renewPause() external restricted {
        _checkSafe();
        _pause();
    }

    function unpause() external restricted {
        _checkSafe();
        // A pause that has ended lets the guardian pause again; one that is lifted counts from its lifting.
        _setPausedUntil(uint40(block.timestamp));
    }

    // ---------------------------------------------------------------- LESS ROOM (GUARDIAN, AT ONCE)

    /// @notice Sets all caps, none of them looser than it is, and maxHalfWidth as it is.
    function tightenCaps(Caps calldata caps) external restricted {
        Limits memory lim = PolicyLimits.unpack(_packed);
        if (caps.coreWeightCapBps > lim.coreWeightCapBps) revert NotTighter("coreWeightCapBps");
        if (caps.minHalfWidth < lim.minHalfWidth) revert NotTighter("minHalfWidth");
        // Neither way: it is also the width to which a spent churn budget confines plans, so that a smaller one would give room.
        if (caps.maxHalfWidth != lim.maxHalfWidth) revert NotTighter("maxHalfWidth");
        if (caps.maxPlanLossBps > lim.maxPlanLossBps) revert NotTighter("maxPlanLossBps");
        if (caps.lossCapBps > lim.lossCapBps) revert NotTighter("lossCapBps");
        if (caps.lossRefillBps > lim.lossRefillBps) revert NotTighter("lossRefillBps");
        if (caps.turnoverCapBps > lim.turnoverCapBps) revert NotTighter("turnoverCapBps");
        if (caps.turnoverRefillBps > lim.turnoverRefillBps) revert NotTighter("turnoverRefillBps");
        if (caps.churnCapBps > lim.churnCapBps) revert NotTighter("churnCapBps");
        if (caps.churnRefillBps > lim.churnRefillBps) revert NotTighter("churnRefillBps");
        if (caps.volFloorBps < lim.volFloorBps) revert NotTighter("volFloorBps");
        if (caps.lvrLimitBps > lim.lvrLimitBps) revert NotTighter("lvrLimitBps");
        if (caps.treasuryShareBps > lim.treasuryShareBps) revert NotTighter("treasuryShareBps");
        if (caps.maxEntryFeeBps > lim.maxEntryFeeBps) revert NotTighter("maxEntryFeeBps");
        if (caps.maxExitFeeBps > lim.maxExitFeeBps) revert NotTighter("maxExitFeeBps");
        if (caps.deleverageCapBps > lim.deleverageCapBps) revert NotTighter("deleverageCapBps");
        if (caps.deleverageRefillBps > lim.deleverageRefillBps) revert NotTighter("deleverageRefillBps");
        _setCaps(caps);
    }

    /// @notice No new range in this tier. Ranges that stand there can still be taken out.
    function removePool(uint24 fee) external restricted {
        Limits memory lim = PolicyLimits.unpack(_packed);
        for (uint256 i = 0; i < lim.fees.length; ++i) {
            if (fee != 0 && lim.fees[i] == fee) {
                lim.fees[i] = 0;
                _packed = PolicyLimits.pack(lim);
                emit PoolRemoved(fee);
                return;
            }
        }
        revert PoolNotAllowed(fee);
    }

    /// @notice Less room for a sleeve, down to nothing; what stands there can always be taken out.
    function lowerSleeveCap(uint256 index, uint16 capBps) external restricted {
        if (index >= SLEEVES || capBps > PolicyLimits.sleeveCapBps(_packed, index)) revert NotTighter("sleeveCapBps");
        _setSleeveCap(index, capBps);
    }

    function removeKeeper(address account) external restricted {
        if (!isKeeper[account]) revert InvalidKeeper(account);
        isKeeper[account] = false;
        emit KeeperRemoved(account);
    }

    /// @notice Stops plans and deposits for seven days; not twice within fourteen.
    function pause() external restricted {
        uint256 from = uint256(PolicyLimits.unpack(_packed).pausedUntil) + PAUSE_LENGTH;
        // The first pause of all has none before it.
        if (from != PAUSE_LENGTH && block.timestamp < from) revert PauseTooSoon(from);
        _pause();
    }

    // ---------------------------------------------------------------- READING

    /// @inheritdoc IPolicy
    function planLimits(address keeper) external view returns (PolicyLimits.Packed memory packed) {
        if (!isKeeper[keeper]) revert NotKeeper(keeper);
        packed = _packed;
        _checkPause(packed.second);
    }

    /// @inheritdoc IPolicy
    function checkNotPaused() external view {
        _checkPause(_packed.second);
    }

    /// @inheritdoc IPolicy
    function limits() external view returns (Limits memory) {
        return PolicyLimits.unpack(_packed);
    }

    /// @inheritdoc IPolicy
    /// @dev Whoever may lower a sleeve's cap at once may also unwind it.
    function mayUnwind(address account) external view returns (bool allowed) {
        (allowed, ) = IAccessManager(authority()).canCall(account, address(this), this.lowerSleeveCap.selector);
    }

    // ---------------------------------------------------------------- INTERNALS

    function _setCaps(Caps memory caps) private {
        if (caps.coreWeightCapBps > MAX_WEIGHT_BPS) revert CapOutOfBounds("coreWeightCapBps");
        if (caps.minHalfWidth == 0 || caps.minHalfWidth > caps.maxHalfWidth) revert CapOutOfBounds("minHalfWidth");
        if (caps.maxHalfWidth > MAX_HALF_WIDTH) revert CapOutOfBounds("maxHalfWidth");
        if (caps.maxPlanLossBps > MAX_PLAN_LOSS_BPS) revert CapOutOfBounds("maxPlanLossBps");
        if (caps.lossCapBps > MAX_LOSS_CAP_BPS) revert CapOutOfBounds("lossCapBps");
        if (caps.turnoverCapBps > MAX_TURNOVER_CAP_BPS) revert CapOutOfBounds("turnoverCapBps");
        if (caps.churnCapBps > MAX_CHURN_CAP_BPS) revert CapOutOfBounds("churnCapBps");
        // A bucket that refills within a day is no budget any more.
        if (caps.lossRefillBps > caps.lossCapBps) revert CapOutOfBounds("lossRefillBps");
        if (caps.turnoverRefillBps > caps.turnoverCapBps) revert CapOutOfBounds("turnoverRefillBps");
        if (caps.churnRefillBps > caps.churnCapBps) revert CapOutOfBounds("churnRefillBps");
        if (caps.lvrLimitBps == 0 || caps.lvrLimitBps > MAX_LVR_LIMIT_BPS) revert CapOutOfBounds("lvrLimitBps");
        if (caps.volFloorBps == 0) revert CapOutOfBounds("volFloorBps");
        if (caps.treasuryShareBps > MAX_TREASURY_SHARE_BPS) revert CapOutOfBounds("treasuryShareBps");
        if (caps.maxEntryFeeBps > MAX_ENTRY_FEE_BPS) revert CapOutOfBounds("maxEntryFeeBps");
        if (caps.maxExitFeeBps > MAX_EXIT_FEE_BPS) revert CapOutOfBounds("maxExitFeeBps");
        if (caps.deleverageCapBps > MAX_DELEVERAGE_CAP_BPS) revert CapOutOfBounds("deleverageCapBps");
        if (caps.deleverageRefillBps > caps.deleverageCapBps) revert CapOutOfBounds("deleverageRefillBps");

        Limits memory old = PolicyLimits.unpack(_packed);
        _packed = PolicyLimits.pack(
            Limits({
                fees: old.fees,
                coreWeightCapBps: caps.coreWeightCapBps,
                minHalfWidth: caps.minHalfWidth,
                maxHalfWidth: caps.maxHalfWidth,
                maxPlanLossBps: caps.maxPlanLossBps,
                lossCapBps: caps.lossCapBps,
                lossRefillBps: caps.lossRefillBps,
                turnoverCapBps: caps.turnoverCapBps,
                turnoverRefillBps: caps.turnoverRefillBps,
                churnCapBps: caps.churnCapBps,
                churnRefillBps: caps.churnRefillBps,
                volFloorBps: caps.volFloorBps,
                lvrLimitBps: caps.lvrLimitBps,
                pausedUntil: old.pausedUntil,
                treasuryShareBps: caps.treasuryShareBps,
                maxEntryFeeBps: caps.maxEntryFeeBps,
                maxExitFeeBps: caps.maxExitFeeBps,
                deleverageCapBps: caps.deleverageCapBps,
                deleverageRefillBps: caps.deleverageRefillBps,
                sleeveCapBps: old.sleeveCapBps
            })
        );
        emit CapsSet(caps);
    }

    function _addPool(uint24 fee) private {
        address actual = IUniswapV3Factory(FACTORY).getPool(TOKEN0, TOKEN1, fee);
        if (fee == 0 || actual == address(0)) revert NoSuchPool(fee);
        address expected = address(Pools.at(FACTORY, TOKEN0, TOKEN1, fee));
        if (actual != expected) revert PoolNotFromFactory(fee, expected, actual);
        (, , , uint16 cardinality, , , ) = IUniswapV3Pool(actual).slot0();
        if (cardinality < MIN_CARDINALITY) revert CardinalityTooLow(fee, cardinality, MIN_CARDINALITY);

        Limits memory lim = PolicyLimits.unpack(_packed);
        uint256 place = lim.fees.length;
        for (uint256 i = 0; i < lim.fees.length; ++i) {
            if (lim.fees[i] == fee) revert PoolAlreadyAllowed(fee);
            if (lim.fees[i] == 0 && place == lim.fees.length) place = i;
        }
        if (place == lim.fees.length) revert TooManyPools();
        lim.fees[place] = fee;
        _packed = PolicyLimits.pack(lim);
        emit PoolAdded(fee, actual);
    }

    function _setSleeveCap(uint256 index, uint16 capBps) private {
        Limits memory lim = PolicyLimits.unpack(_packed);
        lim.sleeveCapBps[index] = capBps;
        _packed = PolicyLimits.pack(lim);
        emit SleeveSet(index, sleeves[index], capBps);
    }

    function _setTreasury(address account) private {
        if (account == address(0)) revert InvalidTreasury();
        treasury = account;
        emit TreasurySet(account);
    }

    function _pause() private {
        // Cast: seven days from now is far below 2^40 seconds.
        _setPausedUntil(uint40(block.timestamp + PAUSE_LENGTH));
    }

    function _setPausedUntil(uint40 until) private {
        Limits memory lim = PolicyLimits.unpack(_packed);
        lim.pausedUntil = until;
        _packed = PolicyLimits.pack(lim);
        emit PausedUntil(until);
    }

    function _checkPause(uint256 second) private view {
        uint40 until = uint40(second >> 64); // the field's place, see PolicyLimits
        if (block.timestamp < until) revert Paused(until);
    }

    function _checkSafe() private view {
        SafeCheck.check(SAFE);
    }
}
