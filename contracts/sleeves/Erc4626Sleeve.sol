// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {ISleeve} from "../interfaces/ISleeve.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Obstacle, SleeveReport} from "../interfaces/Types.sol";
import {Sleeve} from "./Sleeve.sol";

/// @title Erc4626Sleeve
/// @notice Shares of an ERC-4626 vault on one token of the pair: a lending reserve, or a liquid tokenised asset. No debt.
///
/// TWO MARKS. Anybody can lift the price of a 4626 share with a donation, and a reporter's error can.
/// - *Low* counts a share at no more than the price that was believed at the last move, grown at MAX_RATE since; a fall counts at
///   once. So a jump is worth nothing to whoever profits from a higher mark: a keeper who would hide a loss behind it, a vault
///   that would buy a leaver's tokens with units.
/// - *High* is what the venue says now, uncapped, and PREMIUM on top. A leaver in kind gets what the shares really bring; were
///   newcomers charged the low mark, they would pay the capped price, leave at the real one, and keep the gap. They pay the
///   high mark, so the gap stays with those who were there. PREMIUM is for prices that are reported rarely: it is how far the
///   true one may run ahead of the last report before newcomers gain.
/// Units are bought and sold by venue shares, not by marks: no gap goes from one holder to another.
///
/// THE BELIEVED PRICE starts as the venue's own when the sleeve is made, and moves with each move of the vault: down to the
/// venue's, up by no more than MAX_RATE. Growth compounds where moves do, so it stays below exp(MAX_RATE * time).
///
/// ENTRY. New shares are worth no more than the believed price makes them, so buying after a donation or a wrong report reverts
/// like buying with a fee: received < paid - TOLERANCE. TOLERANCE is a part of what is paid, since fees and spreads are; two wei
/// come on top for the venue's two roundings. It has no room for more of a share, whose wei a donor can make as dear as he likes.
///
/// OWN BOOK. Shares and tokens that somebody sends here are not counted and belong to nobody: balances are measured by
/// differences only.
///
/// ROUNDING. Low, paid out, received: down. High, and shares burned for an amount: up. A part too small for a wei of the asset
/// leaves its shares to those who stay.
contract Erc4626Sleeve is Sleeve {
    using SafeERC20 for IERC20;

    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    uint256 internal constant ONE = 1e18;
    uint256 private constant BPS = 10_000;
    uint256 public constant MAX_TOLERANCE = 0.01e18;
    uint256 public constant MAX_PREMIUM_BPS = 2_000;
    /// @dev Roundings of an entry: of the shares, and of the asset that they are worth.
    uint256 private constant ROUNDINGS = 2;

    IERC4626 public immutable VENUE;
    /// @notice The venue's share; another contract than the venue only where ERC-7575 makes it one.
    IERC20 public immutable SHARE;
    /// @notice How fast a share's price is believed to rise at most, a year, 1e18 = 100 %.
    uint256 public immutable MAX_RATE;
    /// @notice What an entry may lose, 1e18 = all of it.
    uint256 public immutable TOLERANCE;
    /// @notice What newcomers pay above the venue's word.
    uint256 public immutable PREMIUM_BPS;
    /// @notice Prices are asset wei for so many share wei: a billion times finer than a wei of the asset for a whole share.
    uint256 public immutable PROBE;

    struct Terms {
        uint256 maxRate;
        uint256 tolerance;
        uint256 premiumBps;
    }

    error InvalidTerms(string reason);
    /// @notice What was bought is worth too little: a fee, a donation, or a price that rose faster than it is believed.
    error ReceivedTooLittle(uint256 paid, uint256 received);

    // ---------------------------------------------------------------- STORAGE

    /// @dev Asset wei for PROBE share wei, as believed at `since`.
    struct Believed {
        uint208 price;
        uint48 since;
    }

    /// @notice See THE BELIEVED PRICE.
    Believed public believed;
    /// @notice Venue shares that belong to the units.
    uint256 public held;

    // ---------------------------------------------------------------- CONSTRUCTION

    /// @param share the venue itself, unless ERC-7575 makes it another contract; whoever votes for a sleeve checks it
    constructor(IVault vault, IERC4626 venue, IERC20 share, Terms memory terms) Sleeve(vault, venue.asset()) {
        if (terms.maxRate == 0 || terms.maxRate > 10 * ONE) revert InvalidTerms("maxRate is not within (0, 1000 %]");
        if (terms.tolerance > MAX_TOLERANCE) revert InvalidTerms("tolerance is above 1 %");
        if (terms.premiumBps > MAX_PREMIUM_BPS) revert InvalidTerms("premiumBps is above 2000");
        VENUE = venue;
        SHARE = share;
        MAX_RATE = terms.maxRate;
        TOLERANCE = terms.tolerance;
        PREMIUM_BPS = terms.premiumBps;
        PROBE = 10 ** (uint256(IERC20Metadata(address(share)).decimals()) + 12);
        _setBelieved(_worth(PROBE));
    }

    // ---------------------------------------------------------------- VIEWS

    /// @inheritdoc ISleeve
    /// @dev Without a debt nothing can be liquidated, and newcomers pay the venue's own word at least.
    function sound() external pure returns (bool) {
        return true;
    }

    /// @inheritdoc ISleeve
    function report() external view virtual returns (SleeveReport memory r) {
        r.assetIsToken0 = ASSET_IS_TOKEN0;
        (r.owned, ) = _owned();
        r.healthX18 = type(uint256).max;
    }

    /// @notice What a share is believed to be worth at most now, asset wei for PROBE share wei.
    function ceiling() public view returns (uint256) {
        uint256 growth = FullMath.mulDiv(MAX_RATE, block.timestamp - believed.since, 365 days);
        return FullMath.mulDiv(believed.price, ONE + growth, ONE);
    }

    // ---------------------------------------------------------------- MARKS

    /// @dev What the venue says that shares are worth, after its exit fee if it has one; rounded down.
    function _worth(uint256 shares) internal view virtual returns (uint256) {
        return VENUE.previewRedeem(shares);
    }

    /// @dev Rounded down twice.
    function _lowOf(uint256 shares) internal view returns (uint256 low) {
        if (shares == 0) return 0;
        low = _worth(shares);
        uint256 most = FullMath.mulDiv(shares, ceiling(), PROBE);
        if (most < low) low = most;
    }

    /// @dev With a wei for the venue's rounding; nothing only where there are no shares.
    function _highOf(uint256 shares) internal view returns (uint256) {
        return shares == 0 ? 0 : _premium(_worth(shares) + 1);
    }

    function _premium(uint256 amount) internal view returns (uint256) {
        return FullMath.mulDivRoundingUp(amount, BPS + PREMIUM_BPS, BPS);
    }

    /// @dev Before the book changes: the lower of the venue's price and the one believed until now.
    function _believe() internal {
        uint256 price = _worth(PROBE);
        uint256 most = ceiling();
        _setBelieved(price < most ? price : most);
    }

    function _setBelieved(uint256 price) private {
        if (price > type(uint208).max) revert InvalidTerms("the share's price does not fit");
        // Casts: just checked; and 48 bits of time last for eight million years.
        believed = Believed(uint208(price), uint48(block.timestamp));
    }

    function _checkReceived(uint256 paid, uint256 received) internal view {
        if (received < _leastFor(paid)) revert ReceivedTooLittle(paid, received);
    }

    /// @dev Tolerance rounded down, and two wei.
    function _leastFor(uint256 paid) internal view returns (uint256) {
        uint256 slack = FullMath.mulDiv(paid, TOLERANCE, ONE) + ROUNDINGS;
        return paid > slack ? paid - slack : 0;
    }

    // ---------------------------------------------------------------- VENUE

    function _owned() internal view virtual override returns (uint256 low, uint256 high) {
        return (_lowOf(held), _highOf(held));
    }

    function _measure() internal view virtual override returns (uint256) {
        return held;
    }

    function _supply(uint256 amount) internal virtual override {
        _believe();
        uint256 shares = SHARE.balanceOf(address(this));
        uint256 assets = ASSET.balanceOf(address(this));
        ASSET.forceApprove(address(VENUE), amount);
        VENUE.deposit(amount, address(this));
        ASSET.forceApprove(address(VENUE), 0);
        shares = SHARE.balanceOf(address(this)) - shares;
        assets -= ASSET.balanceOf(address(this));
        if (assets != amount) revert VenueNotExact(amount, assets);
        if (shares == 0) revert ReceivedTooLittle(amount, 0);
        _checkReceived(amount, _lowOf(shares));
        held += shares;
    }

    /// @dev All of the low mark is all of the shares, so that a capped mark leaves nothing behind. What the venue cannot pay now
    ///      stays there; the vault's plan says how much it wants at the least.
    function _withdraw(uint256 amount) internal virtual override returns (uint256 got) {
        (uint256 low, ) = _owned();
        _believe();
        bool all = amount >= low;
        uint256 most = all ? VENUE.maxRedeem(address(this)) : VENUE.maxWithdraw(address(this));
        if (most == 0) revert Obstructed(_closed() ? Obstacle.Closed : Obstacle.Illiquid);
        if (all) return _redeemShares(held < most ? held : most);
        uint256 shares = SHARE.balanceOf(address(this));
        uint256 assets = ASSET.balanceOf(address(this));
        VENUE.withdraw(amount < most ? amount : most, address(this), address(this));
        // Not more than the book: the venue would have paid with shares that are nobody's.
        held -= shares - SHARE.balanceOf(address(this));
        got = ASSET.balanceOf(address(this)) - assets;
    }

    /// @dev To here, so that no receiver can be refused by the venue. @return got what came
    function _redeemShares(uint256 shares) private returns (uint256 got) {
        if (shares == 0) return 0;
        held -= shares;
        got = ASSET.balanceOf(address(this));
        VENUE.redeem(shares, address(this), address(this));
        got = ASSET.balanceOf(address(this)) - got;
    }

    function _assetOf(uint256 part, uint256 whole) internal view virtual override returns (uint256) {
        return _worth(FullMath.mulDiv(held, part, whole));
    }

    function _close(uint256 part, uint256 whole) internal virtual override returns (uint256) {
        uint256 shares = FullMath.mulDiv(held, part, whole);
        // Many venues refuse to redeem for nothing; a leaver's dust must not stop him.
        return _worth(shares) == 0 ? 0 : _redeemShares(shares);
    }

    /// @dev A venue that pays nothing, and takes nothing in either, is closed (or closed to this sleeve); one that only cannot pay
    ///      lacks liquidity. What a venue does against its own word nobody can foresee.
    function _obstacle(uint256 part, uint256 whole) internal view virtual override returns (Obstacle) {
        uint256 shares = FullMath.mulDiv(held, part, whole);
        // Caught, not swallowed: the answer is the reason.
        try VENUE.maxRedeem(address(this)) returns (uint256 most) {
            if (most < shares) return most == 0 && _closed() ? Obstacle.Closed : Obstacle.Illiquid;
            try VENUE.previewRedeem(shares) {
                return Obstacle.None;
            } catch {
                return Obstacle.Closed;
            }
        } catch {
            return Obstacle.Closed;
        }
    }

    function _closed() private view returns (bool) {
        try VENUE.maxDeposit(address(this)) returns (uint256 most) {
            return most == 0;
        } catch {
            return true;
        }
    }

    // ---------------------------------------------------------------- NO DEBT

    function _owed() internal pure override returns (uint256) {
        return 0;
    }

    /// @dev Not a plain revert, here and below: the compiler would call what the base does next unreachable, which it is here.
    function _borrow(uint256) internal pure override {
        require(false, NoDebt());
    }

    function _repay(uint256) internal pure override returns (uint256) {
        require(false, NoDebt());
        return 0;
    }

    function _checkOpening(bool) internal pure override {
        // What owes nothing may stand as it does.
    }

    function _debtOf(uint256, uint256) internal pure override returns (uint256) {
        return 0;
    }

    function _shortfall() internal pure override returns (uint256) {
        return 0;
    }
}
