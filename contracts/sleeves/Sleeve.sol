// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ERC6909TokenSupply} from "@openzeppelin/contracts/token/ERC6909/extensions/ERC6909TokenSupply.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {ISleeve} from "../interfaces/ISleeve.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Nets, Obstacle} from "../interfaces/Types.sol";
import {Valuation} from "../libraries/Valuation.sol";

/// @title Sleeve
/// @notice What all sleeves share: the ledger of units and how they are priced. A venue adds how to put in, take out, borrow and
///         repay.
///
/// LEGS. A sleeve owns one token of the pair and may owe the other one.
///
/// UNITS. While all units are the vault's, moving tokens in and out needs none. Once others hold some, the vault buys and sells
/// units with what it moves. Without a debt these are as many as the venue's own shares that moved are of those that were there:
/// no price, so nobody gains by one. With a debt it gets the fewest and gives the most that any price of the oracle's band would
/// make of it, so that those who have left cannot be diluted. Units are never given to the vault by anybody: what it holds, it
/// has bought.
///
/// COARSE UNITS. If all but one unit were redeemed and a gift made that one dear, leavers' parts would round to no unit at all. So
/// units are bought as if VIRTUAL_UNITS more existed, which belong to nobody: such a gift is theirs. Others that costs nothing that
/// could be seen in a wei.
///
/// ROUNDING. Owned and paid out: down. Owed: up. Units bought: down, sold: up. All of it favours those who stay. (A venue that rounds
/// for itself, as Aave does, may cost or bring all holders together less than a wei when the vault moves.)
///
/// NO POWER. Nobody can send tokens out of here but to holders of units. There is no owner and nothing can be set; other terms
/// are another sleeve, which the DAO registers.
abstract contract Sleeve is ISleeve, ERC6909TokenSupply, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    /// @notice The ledger's only id.
    uint256 public constant UNIT_ID = 0;
    /// @dev As many units as make the smallest holding of an LP divisible.
    uint256 private constant FIRST_UNITS = 1e30;
    uint256 private constant VIRTUAL_UNITS = 1e9;
    /// @dev One part in so many of the units: what others may hold at the most if the vault is to repay without a price.
    uint256 private constant CRUMBS = 100;

    address public immutable VAULT;
    IERC20 public immutable ASSET;
    /// @notice The token that is owed, if any.
    IERC20 public immutable OTHER;
    bool public immutable ASSET_IS_TOKEN0;
    bool private immutable QUOTE_IS_TOKEN0;

    error AssetNotOfPair(address asset);
    /// @notice Units are not sent to the vault: they could keep a place from being freed.
    error UnitsNotWelcome();

    modifier onlyVault() {
        if (msg.sender != VAULT) revert NotVault(msg.sender);
        _;
    }

    constructor(IVault vault, address asset) {
        address token0 = vault.TOKEN0();
        address token1 = vault.TOKEN1();
        if (asset != token0 && asset != token1) revert AssetNotOfPair(asset);
        VAULT = address(vault);
        ASSET = IERC20(asset);
        ASSET_IS_TOKEN0 = asset == token0;
        OTHER = IERC20(asset == token0 ? token1 : token0);
        QUOTE_IS_TOKEN0 = vault.QUOTE_IS_TOKEN0();
    }

    // ---------------------------------------------------------------- THE VAULT'S MOVES

    /// @inheritdoc ISleeve
    function move(
        int256 give0,
        int256 give1,
        uint256 lowX96,
        uint256 highX96
    ) external onlyVault nonReentrant returns (int256 moved0, int256 moved1) {
        _refresh();
        uint256 total = totalSupply(UNIT_ID);
        // Taken before anything moves: units are priced by what there was.
        Legs memory before;
        bool shared = total != 0 && balanceOf(VAULT, UNIT_ID) != total;
        if (shared) {
            before = _legs();
            before.measure = _measure();
        }

        (int256 asset, int256 debt) = ASSET_IS_TOKEN0 ? (give0, give1) : (give1, give0);
        (asset, debt) = _moveLegs(asset, debt);
        int256 units = shared ? _unitsFor(before, total, asset, debt, lowX96, highX96) : _unitsOfOwner(total);
        // Casts: the sign was just looked at.
        if (units > 0) _mint(VAULT, UNIT_ID, uint256(units));
        if (units < 0) _burn(VAULT, UNIT_ID, uint256(-units));
        (moved0, moved1) = ASSET_IS_TOKEN0 ? (asset, debt) : (debt, asset);
        emit Moved(moved0, moved1, units);
    }

    /// @dev Puts in before it takes out, so that what is put in already secures what is borrowed.
    function _moveLegs(int256 asset, int256 debt) private returns (int256 movedAsset, int256 movedDebt) {
        // Casts: each sign is looked at first, and amounts of tokens are far below 2^255.
        if (asset > 0) {
            _supply(uint256(asset));
            movedAsset = asset;
        }
        if (debt > 0) {
            uint256 paid = _repay(uint256(debt));
            movedDebt = int256(paid);
            if (paid < uint256(debt)) OTHER.safeTransfer(VAULT, uint256(debt) - paid);
        }
        if (debt < 0) {
            _borrow(uint256(-debt));
            movedDebt = debt;
            OTHER.safeTransfer(VAULT, uint256(-debt));
        }
        if (asset < 0) {
            uint256 got = _withdraw(uint256(-asset));
            movedAsset = -int256(got);
            if (got != 0) ASSET.safeTransfer(VAULT, got);
        }
        if (asset < 0 || debt < 0) _checkOpening(debt < 0);
    }

    /// @inheritdoc ISleeve
    function exit(uint256 part, uint256 whole) external onlyVault nonReentrant returns (uint256 got0, uint256 got1) {
        uint256 units = FullMath.mulDiv(balanceOf(VAULT, UNIT_ID), part, whole);
        if (units == 0) return (0, 0);
        uint256 got = _payOut(VAULT, units, VAULT);
        (got0, got1) = _sorted(got, 0);
        emit Exited(units, got0, got1);
    }

    // ---------------------------------------------------------------- HOLDERS OF UNITS

    /// @inheritdoc ISleeve
    function redeem(
        uint256 units,
        uint256 min,
        address to
    ) external virtual nonReentrant returns (uint256 amount0, uint256 amount1) {
        uint256 owed = _debtOf(units, totalSupply(UNIT_ID));
        if (owed != 0) OTHER.safeTransferFrom(msg.sender, address(this), owed);
        uint256 got = _payOut(msg.sender, units, to);
        if (got < min) revert RedeemBelowMin(got, min);
        (amount0, amount1) = _sorted(got, 0);
        emit Redeemed(msg.sender, to, units, amount0, amount1);
    }

    /// @dev What the units owe is already here.
    function _payOut(address holder, uint256 units, address to) private returns (uint256 got) {
        uint256 total = totalSupply(UNIT_ID);
        _burn(holder, UNIT_ID, units);
        got = _close(units, total);
        if (got != 0) ASSET.safeTransfer(to, got);
    }

    // ---------------------------------------------------------------- VIEWS

    /// @inheritdoc ISleeve
    function totalUnits() external view returns (uint256) {
        return totalSupply(UNIT_ID);
    }

    /// @inheritdoc ISleeve
    function nets() external view returns (Nets memory n) {
        if (_reentrancyGuardEntered()) revert ReentrancyGuardReentrantCall();
        uint256 own = balanceOf(VAULT, UNIT_ID);
        if (own == 0) return n;
        uint256 total = totalSupply(UNIT_ID);
        Legs memory legs = _legs();
        if (own != total) {
            legs.low = FullMath.mulDiv(legs.low, own, total);
            legs.high = FullMath.mulDivRoundingUp(legs.high, own, total);
            legs.debt = FullMath.mulDivRoundingUp(legs.debt, own, total);
        }
        // Casts: amounts of tokens are far below 2^255.
        (n.low0, n.low1) =
            ASSET_IS_TOKEN0 ? (int256(legs.low), -int256(legs.debt)) : (-int256(legs.debt), int256(legs.low));
        (n.high0, n.high1) =
            ASSET_IS_TOKEN0 ? (int256(legs.high), -int256(legs.debt)) : (-int256(legs.debt), int256(legs.high));
    }

    /// @inheritdoc ISleeve
    function previewExit(
        uint256 part,
        uint256 whole
    ) external view returns (uint256 owe0, uint256 owe1, uint256 get0, uint256 get1) {
        uint256 units = FullMath.mulDiv(balanceOf(VAULT, UNIT_ID), part, whole);
        if (units == 0) return (0, 0, 0, 0);
        uint256 total = totalSupply(UNIT_ID);
        (owe0, owe1) = _sorted(0, _debtOf(units, total));
        (get0, get1) = _sorted(_assetOf(units, total), 0);
    }

    /// @inheritdoc ISleeve
    function obstacle(uint256 part, uint256 whole) external view returns (Obstacle) {
        uint256 units = FullMath.mulDiv(balanceOf(VAULT, UNIT_ID), part, whole);
        return units == 0 ? Obstacle.None : _obstacle(units, totalSupply(UNIT_ID));
    }

    /// @inheritdoc ISleeve
    function shortfall() external view returns (uint256 owe0, uint256 owe1) {
        uint256 own = balanceOf(VAULT, UNIT_ID);
        if (own == 0) return (0, 0);
        return _sorted(0, FullMath.mulDivRoundingUp(_shortfall(), own, totalSupply(UNIT_ID)));
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC6909TokenSupply, IERC165) returns (bool) {
        return interfaceId == type(ISleeve).interfaceId || super.supportsInterface(interfaceId);
    }

    // ---------------------------------------------------------------- UNITS

    /// @dev What the position stands for as a whole.
    struct Legs {
        uint256 low;
        uint256 high;
        uint256 debt;
        // See _measure; only where units are to be priced.
        uint256 measure;
    }

    function _legs() private view returns (Legs memory legs) {
        (legs.low, legs.high) = _owned();
        legs.debt = _owed();
    }

    /// @dev The vault alone: the first move makes the units, the last one leaves none.
    function _unitsOfOwner(uint256 total) private view returns (int256) {
        (, uint256 high) = _owned();
        bool empty = high == 0 && _owed() == 0;
        // Cast: units are at most FIRST_UNITS as long as the vault has them all.
        if (empty) return -int256(total);
        return total == 0 ? int256(FIRST_UNITS) : int256(0);
    }

    /// @dev Units that the vault gets (or, below zero, gives) for what it moved. Without a debt they are a part of one token, at any
    ///      price; with one, the least over both ends of the band.
    function _unitsFor(
        Legs memory before,
        uint256 total,
        int256 asset,
        int256 debt,
        uint256 lowX96,
        uint256 highX96
    ) private view returns (int256) {
        if (before.debt == 0 && debt == 0) return _unitsInKind(before.measure, _measure(), total);
        if (lowX96 == 0) {
            // A repayment then buys no units, so that a part of it is a present to the others: theirs may be no more than crumbs.
            // Nor may it be refused for a crumb, which anybody could hold to keep the vault in debt.
            bool crumbs = (total - balanceOf(VAULT, UNIT_ID)) * CRUMBS <= total;
            if (asset < 0 || debt < 0 || !crumbs) revert PriceNeeded();
        }
        int256 atLow = _unitsAt(before, total, asset, debt, lowX96);
        int256 atHigh = _unitsAt(before, total, asset, debt, highX96);
        return atLow < atHigh ? atLow : atHigh;
    }

    /// @dev In proportion to what there was of the venue's own shares.
    function _unitsInKind(uint256 was, uint256 is_, uint256 total) private pure returns (int256) {
        // Casts: shares and units are far below 2^200.
        if (is_ >= was) return int256(FullMath.mulDiv(is_ - was, total + VIRTUAL_UNITS, was + 1));
        return -int256(FullMath.mulDivRoundingUp(was - is_, total, was));
    }

    /// @dev Buying, a unit costs what it may be worth (high mark); selling, it brings what it is worth at least (low mark).
    function _unitsAt(
        Legs memory before,
        uint256 total,
        int256 asset,
        int256 debt,
        uint256 priceX96
    ) private view returns (int256) {
        int256 moved = _value(asset, debt, priceX96);
        // Casts: amounts and units are below 2^200, and each sign is looked at first.
        if (moved >= 0) {
            int256 dear = _value(int256(before.high), -int256(before.debt), priceX96);
            // Whoever repays a debt that nothing stands behind buys nothing; more than that would be a present to the others.
            if (dear <= 0 && asset > 0) revert Insolvent();
            if (dear <= 0) return 0;
            return int256(FullMath.mulDiv(uint256(moved), total + VIRTUAL_UNITS, uint256(dear) + 1));
        }
        int256 cheap = _value(int256(before.low), -int256(before.debt), priceX96);
        if (cheap <= 0) revert Insolvent();
        return -int256(FullMath.mulDivRoundingUp(uint256(-moved), total, uint256(cheap)));
    }

    /// @dev Quote wei of signed amounts; rounded down, toward less.
    function _value(int256 asset, int256 other, uint256 priceX96) private view returns (int256) {
        (int256 amount0, int256 amount1) = ASSET_IS_TOKEN0 ? (asset, other) : (other, asset);
        return Valuation.netDown(amount0, amount1, priceX96, QUOTE_IS_TOKEN0);
    }

    /// @dev Every movement of units passes here.
    function _update(address from, address to, uint256 id, uint256 amount) internal override {
        if (to == VAULT && from != address(0)) revert UnitsNotWelcome();
        super._update(from, to, id, amount);
    }

    function _sorted(uint256 asset, uint256 other) internal view returns (uint256, uint256) {
        return ASSET_IS_TOKEN0 ? (asset, other) : (other, asset);
    }

    // ---------------------------------------------------------------- WHAT A VENUE ADDS

    /// @dev Before units are priced: brings in what the venue has settled since. Must not revert where the venue does.
    function _refresh() internal virtual {}

    /// @dev What the whole position owns, in the asset token: at least `low`, at most `high`.
    function _owned() internal view virtual returns (uint256 low, uint256 high);

    /// @dev How much of the venue's own shares the position is made of, in any measure that a move changes in proportion.
    function _measure() internal view virtual returns (uint256);

    /// @dev What the whole position owes, in the other token, interest accrued, rounded up.
    function _owed() internal view virtual returns (uint256);

    /// @dev Puts so much of the asset token, which is here, into the venue.
    function _supply(uint256 amount) internal virtual;

    /// @dev Takes so much of the asset token out of the venue to here. @return got what came
    function _withdraw(uint256 amount) internal virtual returns (uint256 got);

    /// @dev Borrows so much of the other token to here.
    function _borrow(uint256 amount) internal virtual;

    /// @dev Repays with so much of the other token, which is here. @return paid what the venue took, all debt at most
    function _repay(uint256 amount) internal virtual returns (uint256 paid);

    /// @dev Reverts unless the position may stand as it does after taking out; `borrowed` if debt was taken on.
    function _checkOpening(bool borrowed) internal view virtual;

    /// @dev What it costs to repay a part of the debt, to the wei; rounded up.
    function _debtOf(uint256 part, uint256 whole) internal view virtual returns (uint256);

    /// @dev What that part of the asset brings; rounded down.
    function _assetOf(uint256 part, uint256 whole) internal view virtual returns (uint256);

    /// @dev Repays that part of the debt (the tokens are here) and takes that part of the asset out to here. @return got asset
    function _close(uint256 part, uint256 whole) internal virtual returns (uint256 got);

    function _obstacle(uint256 part, uint256 whole) internal view virtual returns (Obstacle);

    /// @dev How much of the whole debt should be repaid now.
    function _shortfall() internal view virtual returns (uint256);
}
