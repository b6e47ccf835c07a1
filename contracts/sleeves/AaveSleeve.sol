// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {
    AaveReserve,
    AaveReserveBits,
    IAaveOracle,
    IAavePool,
    IAaveScaledToken,
    IAaveToken
} from "../interfaces/IAavePool.sol";
import {ISleeve} from "../interfaces/ISleeve.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Obstacle, SleeveReport} from "../interfaces/Types.sol";
import {Sleeve} from "./Sleeve.sol";

/// @title AaveSleeve
/// @notice A supply of one token of the pair to Aave v3, and against it, if the terms say so, a variable debt in the other one.
///         With terms of zero it borrows nothing: a lending reserve.
///
/// HEALTH is what the supply may secure, by Aave's own prices and the reserve's threshold, over the debt. Borrowing, and taking
/// out while there is a debt, must leave it at `OPENING_HEALTH`, a fifth above the floor under which anybody may deleverage.
/// What strangers have supplied in other assets secures nothing here. Without a price health is zero: nothing can be opened or
/// bought, and nobody can liquidate either.
///
/// VALUE is scaled balance times index, which is what Aave would pay or take in this block. It reads no price and cannot fail.
/// What strangers supply of the asset, or repay, belongs to all units; there is no book of our own that it could bypass.
///
/// ROUNDING. Aave turns an amount into scaled units half up. Of a part, the scaled units are taken first (debt up, asset down) and
/// then the amount that is sure to burn at least, or at most, so many: the rounding is the leaver's. Aave may burn half a unit
/// less, or more, than was paid for: that is its present to those who stay, half a wei a call (none from 3.5 on).
///
/// ALL OF A DEBT is repaid as such and never as a sum: a wei short of it can clear the debt and leave Aave's mark of a borrower,
/// with which each withdrawal goes on reading prices.
contract AaveSleeve is Sleeve {
    using AaveReserveBits for uint256;
    using SafeERC20 for IERC20;

    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    uint256 private constant ONE = 1e18;
    uint256 private constant RAY = 1e27;
    /// @dev Aave's rates are rays, ours are 1e18.
    uint256 private constant RAY_OVER_ONE = 1e9;
    uint256 private constant BPS = 10_000;
    uint256 private constant ALL = type(uint256).max;
    /// @dev The rate mode that every version has.
    uint256 private constant VARIABLE = 2;
    /// @dev Aave's map of an account has two bits for each reserve: it borrows, it is collateral.
    uint256 private constant BORROWS_ANY = type(uint256).max / 3;
    /// @dev Above a health of one, for what Aave rounds to a hundred-millionth of a dollar.
    uint256 private constant MARGIN = 1e12;
    /// @notice Opening health over the floor, at least.
    uint256 public constant MIN_CUSHION = 1.2e18;

    IAavePool public immutable POOL;
    IAaveToken public immutable ATOKEN;
    /// @notice Nobody if the sleeve borrows nothing.
    IAaveScaledToken public immutable DEBT_TOKEN;
    /// @notice 1e18 = liquidation.
    uint256 public immutable OPENING_HEALTH;
    uint256 public immutable FLOOR_HEALTH;
    /// @notice A year, 1e18 = 100 %.
    uint256 public immutable RATE_CAP;
    uint256 private immutable ASSET_UNIT;
    uint256 private immutable OTHER_UNIT;

    struct Terms {
        uint256 openingHealth;
        uint256 floorHealth;
        uint256 rateCap;
    }

    error InvalidTerms(string reason);

    // ---------------------------------------------------------------- CONSTRUCTION

    /// @param terms all zero: nothing can be borrowed
    constructor(IVault vault, IAavePool pool, address asset, Terms memory terms) Sleeve(vault, asset) {
        POOL = pool;
        ATOKEN = IAaveToken(pool.getReserveData(asset).aTokenAddress);
        if (address(ATOKEN) == address(0)) revert InvalidTerms("the asset is not listed");
        if (terms.openingHealth | terms.floorHealth | terms.rateCap != 0) {
            _checkTerms(terms);
            DEBT_TOKEN = IAaveScaledToken(pool.getReserveData(address(OTHER)).variableDebtTokenAddress);
            if (address(DEBT_TOKEN) == address(0)) revert InvalidTerms("the other token is not listed");
        }
        OPENING_HEALTH = terms.openingHealth;
        FLOOR_HEALTH = terms.floorHealth;
        RATE_CAP = terms.rateCap;
        ASSET_UNIT = 10 ** IERC20Metadata(asset).decimals();
        OTHER_UNIT = 10 ** IERC20Metadata(address(OTHER)).decimals();
    }

    function _checkTerms(Terms memory terms) private pure {
        if (terms.floorHealth <= ONE) revert InvalidTerms("floorHealth is a liquidation");
        if (terms.openingHealth < FullMath.mulDivRoundingUp(terms.floorHealth, MIN_CUSHION, ONE)) {
            revert InvalidTerms("openingHealth is less than 1.2 floorHealth");
        }
        if (terms.rateCap == 0) revert InvalidTerms("rateCap is zero");
    }

    // ---------------------------------------------------------------- GIFTS

    /// @notice Anybody can supply any asset on the sleeve's behalf, and Aave makes it collateral: each makes withdrawals dearer,
    ///         and one whose loan-to-value is then set to zero, or whose price fails, blocks them while there is a debt. So
    ///         anybody can also put it right: the sleeve's own asset is collateral, no other is.
    function settleCollateral(address asset) external nonReentrant {
        POOL.setUserUseReserveAsCollateral(asset, asset == address(ASSET));
    }

    // ---------------------------------------------------------------- VIEWS

    /// @inheritdoc ISleeve
    function sound() external view returns (bool) {
        return _health() >= FLOOR_HEALTH;
    }

    /// @inheritdoc ISleeve
    function report() external view returns (SleeveReport memory r) {
        r.assetIsToken0 = ASSET_IS_TOKEN0;
        (r.owned, ) = _owned();
        r.owed = _owed();
        r.healthX18 = _health();
        r.thresholdX18 = (POOL.getConfiguration(address(ASSET)).liquidationThreshold() * ONE) / BPS;
        r.openingX18 = OPENING_HEALTH;
        r.floorX18 = FLOOR_HEALTH;
        if (address(DEBT_TOKEN) != address(0)) (r.borrowRateX18, ) = _borrowRate();
        r.rateCapX18 = RATE_CAP;
        r.supplyRateX18 = POOL.getReserveData(address(ASSET)).currentLiquidityRate / RAY_OVER_ONE;
    }

    // ---------------------------------------------------------------- VENUE

    /// @dev Scaled balance times index, rounded as the version of Aave rounds it when all is withdrawn.
    function _owned() internal view override returns (uint256, uint256) {
        uint256 supplied = ATOKEN.balanceOf(address(this));
        return (supplied, supplied);
    }

    function _measure() internal view override returns (uint256) {
        return ATOKEN.scaledBalanceOf(address(this));
    }

    /// @dev Likewise of the debt: what `repay(ALL)` takes in this block.
    function _owed() internal view override returns (uint256) {
        return address(DEBT_TOKEN) == address(0) ? 0 : DEBT_TOKEN.balanceOf(address(this));
    }

    function _supply(uint256 amount) internal override {
        ASSET.forceApprove(address(POOL), amount);
        POOL.supply(address(ASSET), amount, address(this), 0);
    }

    /// @dev What there is of it, where the reserve is lent out.
    function _withdraw(uint256 amount) internal override returns (uint256) {
        uint256 supplied = ATOKEN.balanceOf(address(this));
        uint256 cash = ASSET.balanceOf(address(ATOKEN));
        if (cash == 0 && supplied != 0) revert Obstructed(Obstacle.Illiquid);
        if (cash < amount && cash < supplied) return _takeOut(cash, false);
        return amount < supplied ? _takeOut(amount, false) : _takeOut(supplied, true);
    }

    function _borrow(uint256 amount) internal override {
        if (address(DEBT_TOKEN) == address(0)) revert NoDebt();
        POOL.borrow(address(OTHER), amount, VARIABLE, 0, address(this));
    }

    function _repay(uint256 amount) internal override returns (uint256 paid) {
        uint256 debt = _owed();
        if (debt == 0) revert NoDebt();
        if (amount >= debt) {
            _payBack(debt, true);
            return debt;
        }
        uint256 held = DEBT_TOKEN.scaledBalanceOf(address(this));
        uint256 index = POOL.getReserveNormalizedVariableDebt(address(OTHER));
        // A wei less than all would clear it as a sum: then a unit of it is left, with which it can be repaid as all.
        paid = _clears(amount, index, held) ? FullMath.mulDiv(held - 1, index, RAY) : amount;
        if (paid != 0) _payBack(paid, false);
    }

    function _checkOpening(bool borrowed) internal view override {
        uint256 health = _health();
        if (health < OPENING_HEALTH) revert HealthBelowOpening(health, OPENING_HEALTH);
        if (!borrowed) return;
        // After the loan, which has moved it.
        (uint256 rate, ) = _borrowRate();
        if (rate > RATE_CAP) revert RateAboveCap(rate, RATE_CAP);
    }

    function _debtOf(uint256 part, uint256 whole) internal view override returns (uint256 amount) {
        (amount, ) = _debtPart(part, whole);
    }

    function _assetOf(uint256 part, uint256 whole) internal view override returns (uint256) {
        if (part == whole) return ATOKEN.balanceOf(address(this));
        uint256 scaled = FullMath.mulDiv(ATOKEN.scaledBalanceOf(address(this)), part, whole);
        // Down twice: at the index it burns no more than `scaled`, however Aave rounds.
        return FullMath.mulDiv(scaled, POOL.getReserveNormalizedIncome(address(ASSET)), RAY);
    }

    function _close(uint256 part, uint256 whole) internal override returns (uint256 got) {
        (uint256 owed, bool all) = _debtPart(part, whole);
        if (owed != 0) _payBack(owed, all);
        uint256 due = _assetOf(part, whole);
        if (due != 0) got = _takeOut(due, part == whole);
    }

    /// @dev By Aave's own rules. Whoever repays all needs no price and no health. (From 3.1 on Aave counts its cash itself and
    ///      leaves presents out; where somebody made one, this may see more than there is to pay with.)
    function _obstacle(uint256 part, uint256 whole) internal view override returns (Obstacle) {
        uint256 configuration = POOL.getConfiguration(address(ASSET));
        if (_isShut(configuration)) return Obstacle.Closed;
        (uint256 owed, bool all) = _debtPart(part, whole);
        if (owed != 0 && _isShut(POOL.getConfiguration(address(OTHER)))) return Obstacle.Closed;
        uint256 due = _assetOf(part, whole);
        if (due == 0) return Obstacle.None;
        uint256 map = POOL.getUserConfiguration(address(this));
        if (!all && map & BORROWS_ANY != 0) {
            (bool answers, uint256 secured) = _secured();
            if (!answers || _isBlockedByGift(map, configuration)) return Obstacle.Closed;
            if (secured < FullMath.mulDivRoundingUp(_owed(), ONE + MARGIN, ONE)) return Obstacle.Unhealthy;
        }
        return ASSET.balanceOf(address(ATOKEN)) < due ? Obstacle.Illiquid : Obstacle.None;
    }

    /// @dev The rate counts only once it has stood for a block: else whoever lends himself the reserve for the length of one
    ///      transaction could have anybody's debt brought down. Without a price nobody can liquidate, so nothing hurries.
    function _shortfall() internal view override returns (uint256) {
        uint256 debt = _owed();
        if (debt == 0) return 0;
        (bool answers, uint256 secured) = _secured();
        uint256 threshold = POOL.getConfiguration(address(ASSET)).liquidationThreshold();
        // Worth as much as all that secures it: whoever repaid it would pay for a hole that is Aave's.
        if (answers && FullMath.mulDiv(secured, BPS, threshold) <= debt) return 0;
        (uint256 rate, uint256 since) = _borrowRate();
        if (rate > RATE_CAP && since < block.timestamp) return debt;
        if (!answers || FullMath.mulDiv(secured, ONE, debt) >= FLOOR_HEALTH) return 0;
        return debt - FullMath.mulDiv(secured, ONE, OPENING_HEALTH);
    }

    // ---------------------------------------------------------------- PARTS

    /// @dev What repays that part of the scaled debt, rounded up twice: at the index it burns no less, however Aave rounds.
    /// @return amount of the other token
    /// @return all it is the whole debt, to be repaid as such, or would clear it
    function _debtPart(uint256 part, uint256 whole) private view returns (uint256 amount, bool all) {
        uint256 debt = _owed();
        if (debt == 0) return (0, false);
        uint256 held = DEBT_TOKEN.scaledBalanceOf(address(this));
        uint256 index = POOL.getReserveNormalizedVariableDebt(address(OTHER));
        amount = FullMath.mulDivRoundingUp(FullMath.mulDivRoundingUp(held, part, whole), index, RAY);
        all = _clears(amount, index, held);
        if (all) amount = debt;
    }

    /// @dev Whether Aave would burn all of the scaled debt for that amount, rounding half up.
    function _clears(uint256 amount, uint256 index, uint256 held) private pure returns (bool) {
        return (amount * RAY + index / 2) / index >= held;
    }

    function _payBack(uint256 amount, bool all) private {
        OTHER.forceApprove(address(POOL), amount);
        uint256 paid = POOL.repay(address(OTHER), all ? ALL : amount, VARIABLE, address(this));
        if (paid != amount) revert VenueNotExact(amount, paid);
    }

    function _takeOut(uint256 amount, bool all) private returns (uint256 got) {
        got = POOL.withdraw(address(ASSET), all ? ALL : amount, address(this));
        if (got != amount) revert VenueNotExact(amount, got);
    }

    // ---------------------------------------------------------------- MARKET

    /// @dev 1e18 = Aave may liquidate; no debt is perfect health, no price is none. Rounded down.
    function _health() private view returns (uint256) {
        uint256 debt = _owed();
        if (debt == 0) return type(uint256).max;
        (bool answers, uint256 secured) = _secured();
        return answers ? FullMath.mulDiv(secured, ONE, debt) : 0;
    }

    /// @dev The debt that the supply may secure, in the other token, rounded down. Units are at most 10^18 and prices below 10^30,
    ///      so that no product below overflows.
    function _secured() private view returns (bool answers, uint256 secured) {
        IAaveOracle oracle = POOL.ADDRESSES_PROVIDER().getPriceOracle();
        uint256 assetPrice = _price(oracle, address(ASSET));
        uint256 otherPrice = _price(oracle, address(OTHER));
        if (assetPrice == 0 || otherPrice == 0) return (false, 0);
        uint256 counted =
            ATOKEN.balanceOf(address(this)) * POOL.getConfiguration(address(ASSET)).liquidationThreshold();
        secured = FullMath.mulDiv(counted, assetPrice * OTHER_UNIT, otherPrice * ASSET_UNIT * BPS);
        return (true, secured);
    }

    /// @return price zero if Aave's oracle does not answer
    function _price(IAaveOracle oracle, address asset) private view returns (uint256 price) {
        try oracle.getAssetPrice(asset) returns (uint256 answer) {
            return answer;
        } catch {
            // Not swallowed: every caller asks for it.
            return 0;
        }
    }

    /// @return rateX18 a year, without compounding, as the last payment left it
    /// @return since unix seconds of that payment
    function _borrowRate() private view returns (uint256 rateX18, uint256 since) {
        AaveReserve memory reserve = POOL.getReserveData(address(OTHER));
        return (reserve.currentVariableBorrowRate / RAY_OVER_ONE, reserve.lastUpdateTimestamp);
    }

    function _isShut(uint256 configuration) private pure returns (bool) {
        return configuration.isPaused() || !configuration.isActive();
    }

    /// @dev Whether a stranger's collateral stops withdrawals: it has no loan-to-value while ours has one, or no price.
    function _isBlockedByGift(uint256 map, uint256 configuration) private view returns (bool) {
        bool ours = configuration.ltv() != 0;
        IAaveOracle oracle = POOL.ADDRESSES_PROVIDER().getPriceOracle();
        for (uint16 id = 0; id < 128; ++id) {
            if ((map >> (2 * id + 1)) & 1 == 0) continue;
            address asset = POOL.getReserveAddressById(id);
            if (asset == address(ASSET)) continue;
            if (ours && POOL.getConfiguration(asset).ltv() == 0) return true;
            if (_price(oracle, asset) == 0) return true;
        }
        return false;
    }
}
