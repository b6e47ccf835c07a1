// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {Id, IMorpho, Market, MarketParams, Position} from "@morpho-org/morpho-blue/src/interfaces/IMorpho.sol";
import {IIrm} from "@morpho-org/morpho-blue/src/interfaces/IIrm.sol";
import {IOracle} from "@morpho-org/morpho-blue/src/interfaces/IOracle.sol";
import {MarketParamsLib} from "@morpho-org/morpho-blue/src/libraries/MarketParamsLib.sol";
import {MorphoBalancesLib} from "@morpho-org/morpho-blue/src/libraries/periphery/MorphoBalancesLib.sol";
import {SharesMathLib} from "@morpho-org/morpho-blue/src/libraries/SharesMathLib.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {ISleeve} from "../interfaces/ISleeve.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Obstacle, SleeveReport} from "../interfaces/Types.sol";
import {Sleeve} from "./Sleeve.sol";

/// @title MorphoSleeve
/// @notice A debt on Morpho Blue against collateral in the pair's other token: a *conversion* (quote secures a debt in base that
///         was sold: a short forward against the core's long) or a *reversal* (base secures a debt in quote).
///
/// WHY MORPHO BLUE. Collateral is never lent out, so that it can always be taken back; markets are isolated; nobody can pause.
///
/// HEALTH is what the collateral may secure (by the market's own oracle and threshold) over the debt. Borrowing, and taking
/// collateral while there is a debt, must leave it at `OPENING_HEALTH`, a fifth above the floor under which anybody may
/// deleverage; so the market has to move before a liquidation is near, and there is time to act.
///
/// ROUNDING. Debt is repaid by shares, rounded up; collateral out is rounded down. Of a debt of which a leaver would leave no more
/// than DUST behind, he pays all: Morpho counts what stays in whole wei, rounded up, and would not let his collateral go for a crumb.
contract MorphoSleeve is Sleeve {
    using MarketParamsLib for MarketParams;
    using MorphoBalancesLib for IMorpho;
    using SafeERC20 for IERC20;
    using SharesMathLib for uint256;

    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    uint256 private constant ONE = 1e18;
    uint256 private constant ORACLE_SCALE = 1e36;
    /// @notice Opening health over the floor, at least.
    uint256 public constant MIN_CUSHION = 1.2e18;
    /// @dev Wei of the debt's token.
    uint256 private constant DUST = 100;

    IMorpho public immutable MORPHO;
    address public immutable ORACLE;
    address public immutable RATE_MODEL;
    uint256 public immutable LLTV;
    Id public immutable MARKET;
    /// @notice 1e18 = liquidation.
    uint256 public immutable OPENING_HEALTH;
    uint256 public immutable FLOOR_HEALTH;
    /// @notice A year, 1e18 = 100 %.
    uint256 public immutable RATE_CAP;

    struct Terms {
        uint256 openingHealth;
        uint256 floorHealth;
        uint256 rateCap;
    }

    error InvalidTerms(string reason);

    // ---------------------------------------------------------------- CONSTRUCTION

    constructor(
        IVault vault,
        IMorpho morpho,
        MarketParams memory market,
        Terms memory terms
    ) Sleeve(vault, market.collateralToken) {
        if (market.loanToken != address(OTHER)) revert InvalidTerms("the market lends another token");
        if (terms.floorHealth <= ONE) revert InvalidTerms("floorHealth is a liquidation");
        if (terms.openingHealth < FullMath.mulDivRoundingUp(terms.floorHealth, MIN_CUSHION, ONE)) {
            revert InvalidTerms("openingHealth is less than 1.2 floorHealth");
        }
        if (terms.rateCap == 0) revert InvalidTerms("rateCap is zero");
        MORPHO = morpho;
        ORACLE = market.oracle;
        RATE_MODEL = market.irm;
        LLTV = market.lltv;
        MARKET = market.id();
        if (morpho.market(market.id()).lastUpdate == 0) revert InvalidTerms("no such market");
        OPENING_HEALTH = terms.openingHealth;
        FLOOR_HEALTH = terms.floorHealth;
        RATE_CAP = terms.rateCap;
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
        r.thresholdX18 = LLTV;
        r.openingX18 = OPENING_HEALTH;
        r.floorX18 = FLOOR_HEALTH;
        r.borrowRateX18 = _ratePerYear();
        r.rateCapX18 = RATE_CAP;
    }

    // ---------------------------------------------------------------- VENUE

    function _owned() internal view override returns (uint256, uint256) {
        uint256 collateral = _position().collateral;
        return (collateral, collateral);
    }

    function _owed() internal view override returns (uint256) {
        return MORPHO.expectedBorrowAssets(_params(), address(this));
    }

    function _supply(uint256 amount) internal override {
        ASSET.forceApprove(address(MORPHO), amount);
        MORPHO.supplyCollateral(_params(), amount, address(this), "");
    }

    function _withdraw(uint256 amount) internal override returns (uint256) {
        MORPHO.withdrawCollateral(_params(), amount, address(this), address(this));
        return amount;
    }

    function _borrow(uint256 amount) internal override {
        MORPHO.borrow(_params(), amount, 0, address(this), address(this));
    }

    function _repay(uint256 amount) internal override returns (uint256 paid) {
        uint256 shares = _position().borrowShares;
        if (shares == 0) revert NoDebt();
        uint256 debt = _owed();
        OTHER.forceApprove(address(MORPHO), amount < debt ? amount : debt);
        // By shares where all of it goes, so that no share stays behind; by amount otherwise, where Morpho rounds for itself.
        (paid, ) = amount < debt
            ? MORPHO.repay(_params(), amount, 0, address(this), "")
            : MORPHO.repay(_params(), 0, shares, address(this), "");
        OTHER.forceApprove(address(MORPHO), 0);
    }

    function _checkOpening(bool borrowed) internal view override {
        uint256 health = _health();
        if (health < OPENING_HEALTH) revert HealthBelowOpening(health, OPENING_HEALTH);
        if (!borrowed) return;
        uint256 rate = _ratePerYear();
        if (rate > RATE_CAP) revert RateAboveCap(rate, RATE_CAP);
    }

    function _debtOf(uint256 part, uint256 whole) internal view override returns (uint256 owed) {
        (, owed, ) = _debtPart(part, whole);
    }

    /// @return shares of the debt that are to be repaid for that part
    /// @return owed what that costs
    /// @return left what is owed then
    function _debtPart(uint256 part, uint256 whole) private view returns (uint256 shares, uint256 owed, uint256 left) {
        uint256 all = _position().borrowShares;
        (, , uint256 assets, uint256 allShares) = MORPHO.expectedMarketBalances(_params());
        shares = FullMath.mulDivRoundingUp(all, part, whole);
        left = (all - shares).toAssetsUp(assets, allShares);
        if (left <= DUST) (shares, left) = (all, 0);
        owed = shares.toAssetsUp(assets, allShares);
    }

    function _assetOf(uint256 part, uint256 whole) internal view override returns (uint256) {
        return FullMath.mulDiv(_position().collateral, part, whole);
    }

    function _measure() internal view override returns (uint256) {
        return _position().collateral;
    }

    function _close(uint256 part, uint256 whole) internal override returns (uint256 got) {
        (uint256 shares, uint256 owed, ) = _debtPart(part, whole);
        Position memory held = _position();
        if (owed != 0) {
            OTHER.forceApprove(address(MORPHO), owed);
            (uint256 paid, ) = MORPHO.repay(_params(), 0, shares, address(this), "");
            if (paid != owed) revert VenueNotExact(owed, paid);
        }
        got = FullMath.mulDiv(held.collateral, part, whole);
        if (got != 0) MORPHO.withdrawCollateral(_params(), got, address(this), address(this));
    }

    /// @dev By the market's own rule, before the part is paid out and for what stays then: in proportion that leaves health as it is, but
    ///      for a wei's rounding, for which the floor of one has room by a billionth. (All of it could be paid out under water, too, but
    ///      nobody has to pay for that.)
    function _obstacle(uint256 part, uint256 whole) internal view override returns (Obstacle) {
        // Morpho asks the rate model at every withdrawal, and its oracle where there is a debt. Caught, not swallowed: it is the answer.
        if (RATE_MODEL != address(0)) {
            try IIrm(RATE_MODEL).borrowRateView(_params(), MORPHO.market(MARKET)) {
                // It answers.
            } catch {
                return Obstacle.Closed;
            }
        }
        if (_position().borrowShares == 0) return Obstacle.None;
        try IOracle(ORACLE).price() {
            if (_health() < ONE + 1e9) return Obstacle.Unhealthy;
            (, , uint256 left) = _debtPart(part, whole);
            return
                _securedBy(_position().collateral - _assetOf(part, whole)) < left ? Obstacle.Unhealthy : Obstacle.None;
        } catch {
            // Not swallowed: it is the answer.
            return Obstacle.Closed;
        }
    }

    function _shortfall() internal view override returns (uint256) {
        uint256 debt = _owed();
        if (debt == 0 || _isUnderWater(debt)) return 0;
        // A rate that was made in this second may be a stranger's, who borrows for a moment to have the debt closed.
        if (_ratePerYear() > RATE_CAP && MORPHO.market(MARKET).lastUpdate < block.timestamp) return debt;
        uint256 secured = _secured();
        if (FullMath.mulDiv(secured, ONE, debt) >= FLOOR_HEALTH) return 0;
        return debt - FullMath.mulDiv(secured, ONE, OPENING_HEALTH);
    }

    // ---------------------------------------------------------------- MARKET

    /// @dev The debt is worth as much as all of its collateral. The market has no recourse, so that whoever repaid it would pay its
    ///      lenders' loss.
    function _isUnderWater(uint256 debt) private view returns (bool) {
        return FullMath.mulDiv(_position().collateral, IOracle(ORACLE).price(), ORACLE_SCALE) <= debt;
    }

    /// @dev 1e18 = the market may liquidate; no debt is perfect health. Rounded down.
    function _health() private view returns (uint256) {
        uint256 debt = _owed();
        return debt == 0 ? type(uint256).max : FullMath.mulDiv(_secured(), ONE, debt);
    }

    /// @dev The debt that the collateral may secure, in the other token; rounded as Morpho does, down twice.
    function _secured() private view returns (uint256) {
        return _securedBy(_position().collateral);
    }

    function _securedBy(uint256 collateral) private view returns (uint256) {
        return FullMath.mulDiv(FullMath.mulDiv(collateral, IOracle(ORACLE).price(), ORACLE_SCALE), LLTV, ONE);
    }

    /// @dev As the market stands now, without compounding.
    function _ratePerYear() private view returns (uint256) {
        if (RATE_MODEL == address(0)) return 0;
        Market memory market = MORPHO.market(MARKET);
        return IIrm(RATE_MODEL).borrowRateView(_params(), market) * 365 days;
    }

    function _position() private view returns (Position memory) {
        return MORPHO.position(MARKET, address(this));
    }

    function _params() private view returns (MarketParams memory) {
        return
            MarketParams({
                loanToken: address(OTHER),
                collateralToken: address(ASSET),
                oracle: ORACLE,
                irm: RATE_MODEL,
                lltv: LLTV
            });
    }
}
