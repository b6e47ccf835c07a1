// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {IERC7540} from "../interfaces/IERC7540.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Obstacle, SleeveReport} from "../interfaces/Types.sol";
import {Curve} from "../libraries/Curve.sol";
import {Erc4626Sleeve} from "./Erc4626Sleeve.sol";

/// @title Erc7540Sleeve
/// @notice An asset that settles later, by ERC-7540: a tokenised property fund, a bill, a credit pool.
///
/// ASKING AND COLLECTING. To give is to request a deposit; to take is to collect what has come, and to request the redemption of
/// what is still missing. So a keeper takes twice. Asking again while a request runs asks for no more than is missing.
/// `settle()` is anybody's, and runs before every move and redemption.
///
/// WHAT BELONGS TO THE UNITS: tokens that have come (`cash`), shares (`held`), shares that the vault has asked to redeem
/// (`redeeming`) and tokens paid for shares to come (`depositing`).
///
/// MARKS. As in Erc4626Sleeve; shares under redemption count as shares, tokens under way as what was paid. What settles for less
/// counts for less at once; a claim is never refused, since refusing would trap the money. A price that rose faster than it is
/// believed is refused when the deposit is *requested*; after that the fund decides, which is what TOLERANCE cannot bound and
/// the sleeve's cap must.
///
/// HOLDERS redeem in two steps, since nothing can be paid at once: `redeem` burns the units, pays their part of `cash`, and asks
/// for their part of the shares; `claim` collects. Tokens and shares under way cannot be divided, so the part is made up from
/// `held`: a share under redemption is a share, and tokens under way are the shares that they would buy at the higher of the
/// venue's price and the believed one (never more than they will bring, by what is known). Where `held` is too small the holder
/// waits for the next settlement or redeems fewer units.
///
/// THE QUEUE. All requested shares, the vault's and holders', lie on one line in the order of asking; what the venue pays fills it
/// from the front. A ticket is a stretch of that line, and gets what its stretch brought, whatever prices the venue settled at.
/// No loop over holders: two curves (shares filled to tokens brought; place in line to shares of the units) answer for all.
/// What settles between two calls of `settle` is paid at one mean price, since the venue itself adds it up; a holder who wants
/// his own sees to it that somebody calls.
///
/// STRANGERS may make requests in the sleeve's name. What they bring is claimed with ours (a claim of a part would mix prices
/// against us) and counts as ours; what is too much at the end is the units' gain. While nothing of ours is under way nothing is
/// claimed, so that nobody can keep an emptied sleeve from being empty by sending it dust again and again. If a gift settled
/// in our place, what was ours waits at the venue for our next request. Dust adds a point to a curve, no more.
///
/// ROUNDING. A stretch gets its part of each instalment rounded down at its end and up at its start, the units theirs rounded down,
/// so that all of it never exceeds what came; a wei of each may stay here for ever.
///
/// EXIT IN KIND works while the sleeve holds nothing but `cash`; else leavers take units.
contract Erc7540Sleeve is Erc4626Sleeve {
    using Curve for Curve.Point[];
    using SafeERC20 for IERC20;

    // ---------------------------------------------------------------- CONSTANTS AND STORAGE

    uint256 private constant REQUEST_ID = 0;
    /// @dev Of one `claim`; who has more claims again.
    uint256 private constant MAX_TICKETS = 32;

    /// @notice Asset wei that belong to the units.
    uint256 public cash;
    /// @notice Asset wei paid for shares that have not been claimed yet.
    uint256 public depositing;
    /// @notice Shares of the units that were handed in and have not been paid yet.
    uint256 public redeeming;

    /// @dev A stretch of the line: from what was asked before to what was asked with it.
    struct Ticket {
        uint128 from;
        uint128 to;
    }

    /// @dev x: shares filled, y: asset wei that they brought.
    Curve.Point[] private _filled;
    /// @dev x: place in line, y: shares before it that are the units'.
    Curve.Point[] private _asked;
    mapping(address holder => Ticket[]) private _tickets;
    /// @dev The first of his tickets that is not paid in full.
    mapping(address holder => uint256) private _next;

    event DepositRequested(uint256 assets);
    event RedemptionRequested(address indexed owner, uint256 shares, uint256 from, uint256 to);
    /// @notice A deposit has settled; `worth` is below `paid` by more than the tolerance if the venue took too much.
    event DepositSettled(uint256 paid, uint256 shares, uint256 worth);
    /// @notice `own` of the assets went to the units.
    event RedemptionSettled(uint256 shares, uint256 assets, uint256 own);
    event Claimed(address indexed holder, address indexed to, uint256 assets);

    /// @notice Requests with ids of their own would need a book each.
    error RequestIdNotZero(uint256 id);

    constructor(
        IVault vault,
        IERC4626 venue,
        Terms memory terms
    ) Erc4626Sleeve(vault, venue, IERC20(IERC7540(address(venue)).share()), terms) {}

    // ---------------------------------------------------------------- HOLDERS OF UNITS

    /// @notice Burns units of the caller, sends their part of the cash to `to`, and asks the venue to redeem their part of the
    ///         shares; see `claim`.
    /// @param min least of the cash and the low mark of the shares together
    /// @return amount0 of the cash
    /// @return amount1 likewise
    function redeem(
        uint256 units,
        uint256 min,
        address to
    ) external override nonReentrant returns (uint256 amount0, uint256 amount1) {
        _settle();
        uint256 total = totalSupply(UNIT_ID);
        _burn(msg.sender, UNIT_ID, units);
        uint256 paid = FullMath.mulDiv(cash, units, total);
        uint256 shares = FullMath.mulDiv(held + redeeming + _sharesUnderWay(), units, total);
        if (shares > held) revert Obstructed(Obstacle.Pending);
        uint256 worth = paid + _lowOf(shares);
        if (worth < min) revert RedeemBelowMin(worth, min);
        cash -= paid;
        if (shares != 0) {
            (uint256 from, uint256 end) = _request(shares, false);
            // Casts: the curve keeps both in 128 bits.
            _tickets[msg.sender].push(Ticket(uint128(from), uint128(end)));
            emit RedemptionRequested(msg.sender, shares, from, end);
        }
        if (paid != 0) ASSET.safeTransfer(to, paid);
        (amount0, amount1) = _sorted(paid, 0);
        emit Redeemed(msg.sender, to, units, amount0, amount1);
    }

    /// @notice Pays the caller what his tickets have brought so far, 32 of them at most.
    function claim(address to) external nonReentrant returns (uint256 assets) {
        _settle();
        (uint256 front, ) = _filled.end();
        Ticket[] storage tickets = _tickets[msg.sender];
        uint256 i = _next[msg.sender];
        uint256 end = tickets.length < i + MAX_TICKETS ? tickets.length : i + MAX_TICKETS;
        for (; i < end && tickets[i].from < front; ++i) {
            Ticket memory ticket = tickets[i];
            assets += _brought(ticket, front);
            if (ticket.to > front) {
                tickets[i].from = SafeCast.toUint128(front);
                break;
            }
        }
        _next[msg.sender] = i;
        if (assets != 0) ASSET.safeTransfer(to, assets);
        emit Claimed(msg.sender, to, assets);
    }

    /// @notice Takes in what the venue has settled.
    function settle() external nonReentrant {
        _settle();
    }

    // ---------------------------------------------------------------- VIEWS

    /// @notice A holder's tickets: what `claim` would pay by what has been taken in, and the shares that are still in line.
    function ticketsOf(address holder) external view returns (uint256 claimable, uint256 waiting) {
        (uint256 front, ) = _filled.end();
        Ticket[] storage tickets = _tickets[holder];
        for (uint256 i = _next[holder]; i < tickets.length; ++i) {
            Ticket memory ticket = tickets[i];
            if (ticket.from < front) claimable += _brought(ticket, front);
            uint256 from = ticket.from > front ? ticket.from : front;
            if (from < ticket.to) waiting += ticket.to - from;
        }
    }

    /// @notice Shares asked for, and shares paid, since the sleeve was made.
    function line() external view returns (uint256 asked, uint256 filled) {
        (asked, ) = _asked.end();
        (filled, ) = _filled.end();
    }

    /// @inheritdoc Erc4626Sleeve
    function report() external view override returns (SleeveReport memory r) {
        r.assetIsToken0 = ASSET_IS_TOKEN0;
        (r.owned, ) = _owned();
        r.healthX18 = type(uint256).max;
        r.pending = depositing + _lowOf(redeeming);
    }

    // ---------------------------------------------------------------- MARKS

    /// @dev What settles later has no preview.
    function _worth(uint256 shares) internal view override returns (uint256) {
        return VENUE.convertToAssets(shares);
    }

    function _owned() internal view override returns (uint256 low, uint256 high) {
        uint256 shares = held + redeeming;
        low = cash + depositing + _lowOf(shares);
        high = cash + _premium(depositing) + _highOf(shares);
    }

    /// @dev In asset wei, at the venue's own price, which a move of ours does not change.
    function _measure() internal view override returns (uint256) {
        return cash + depositing + _worth(held + redeeming);
    }

    /// @dev As many as the tokens under way would buy at the higher of both prices; rounded down.
    function _sharesUnderWay() private view returns (uint256) {
        if (depositing == 0) return 0;
        uint256 price = _worth(PROBE);
        if (price < believed.price) price = believed.price;
        return FullMath.mulDiv(depositing, PROBE, price + 1);
    }

    // ---------------------------------------------------------------- SETTLING

    function _refresh() internal override {
        _settle();
    }

    /// @dev Each direction alone: a refusal in one must not hold up the other.
    function _settle() private {
        if (depositing != 0) _settleDeposits();
        (uint256 front, ) = _filled.end();
        (uint256 asked, ) = _asked.end();
        if (front != asked) _settleRedemptions();
    }

    function _settleDeposits() private {
        uint256 claimable = VENUE.maxDeposit(address(this));
        if (claimable == 0) return;
        uint256 shares = SHARE.balanceOf(address(this));
        try IERC7540(address(VENUE)).deposit(claimable, address(this), address(this)) {
            _bookDeposit(claimable, SHARE.balanceOf(address(this)) - shares);
        } catch {
            // Not swallowed: it stays under way, and says so in every view.
            return;
        }
    }

    function _settleRedemptions() private {
        uint256 claimable = VENUE.maxRedeem(address(this));
        if (claimable == 0) return;
        uint256 assets = ASSET.balanceOf(address(this));
        try VENUE.redeem(claimable, address(this), address(this)) {
            _bookRedemption(claimable, ASSET.balanceOf(address(this)) - assets);
        } catch {
            // As above.
            return;
        }
    }

    function _bookDeposit(uint256 claimed, uint256 shares) private {
        uint256 paid = claimed < depositing ? claimed : depositing;
        depositing -= paid;
        held += shares;
        emit DepositSettled(paid, shares, _lowOf(shares));
    }

    function _bookRedemption(uint256 shares, uint256 assets) private {
        (uint256 front, ) = _filled.end();
        (uint256 asked, ) = _asked.end();
        uint256 used = shares < asked - front ? shares : asked - front;
        // Rounded down: what came for nothing that was asked is the units'.
        uint256 brought = FullMath.mulDiv(assets, used, shares);
        uint256 ours = _asked.at(front + used, false) - _asked.at(front, false);
        // There is something in line, or nothing would have been claimed.
        uint256 own = FullMath.mulDiv(brought, ours, used);
        _filled.extend(used, brought);
        redeeming -= ours;
        cash += own + assets - brought;
        emit RedemptionSettled(shares, assets, own + assets - brought);
    }

    /// @dev Of the part of a stretch that lies before `front`; rounded down at its end and up at its start.
    function _brought(Ticket memory ticket, uint256 front) private view returns (uint256) {
        uint256 to = _filled.at(ticket.to < front ? ticket.to : front, false);
        uint256 from = _filled.at(ticket.from, true);
        return to > from ? to - from : 0;
    }

    /// @param own the units', not a holder's
    /// @return from where in line the request starts
    /// @return end and where it ends
    function _request(uint256 shares, bool own) private returns (uint256 from, uint256 end) {
        (from, ) = _asked.end();
        end = from + shares;
        held -= shares;
        if (own) redeeming += shares;
        _asked.extend(shares, own ? shares : 0);
        uint256 balance = SHARE.balanceOf(address(this));
        uint256 id = IERC7540(address(VENUE)).requestRedeem(shares, address(this), address(this));
        if (id != REQUEST_ID) revert RequestIdNotZero(id);
        balance -= SHARE.balanceOf(address(this));
        if (balance != shares) revert VenueNotExact(shares, balance);
    }

    // ---------------------------------------------------------------- VENUE

    function _supply(uint256 amount) internal override {
        _believe();
        // What the venue's price makes of it, were it settled now, by what is believed; rounded down.
        uint256 price = _worth(PROBE);
        uint256 worth = price == 0 ? 0 : amount;
        if (price > believed.price) worth = FullMath.mulDiv(amount, believed.price, price);
        _checkReceived(amount, worth);
        depositing += amount;
        uint256 balance = ASSET.balanceOf(address(this));
        ASSET.forceApprove(address(VENUE), amount);
        uint256 id = IERC7540(address(VENUE)).requestDeposit(amount, address(this), address(this));
        ASSET.forceApprove(address(VENUE), 0);
        if (id != REQUEST_ID) revert RequestIdNotZero(id);
        balance -= ASSET.balanceOf(address(this));
        if (balance != amount) revert VenueNotExact(amount, balance);
        emit DepositRequested(amount);
    }

    /// @dev Pays cash and asks for the rest. All of the low mark is everything there is.
    function _withdraw(uint256 amount) internal override returns (uint256 got) {
        (uint256 low, ) = _owned();
        _believe();
        bool all = amount >= low;
        got = all || amount > cash ? cash : amount;
        cash -= got;
        uint256 shares = all ? held : _missing(amount - got);
        if (shares == 0) return got;
        (uint256 from, uint256 end) = _request(shares, true);
        emit RedemptionRequested(VAULT, shares, from, end);
    }

    /// @dev Shares to ask for so that `amount` comes, at the low mark's price, rounded up; less what was asked already.
    function _missing(uint256 amount) private view returns (uint256 shares) {
        if (amount == 0) return 0;
        uint256 price = _worth(PROBE);
        if (price > believed.price) price = believed.price;
        shares = price == 0 ? held : FullMath.mulDivRoundingUp(amount, PROBE, price);
        shares = shares > redeeming ? shares - redeeming : 0;
        if (shares > held) shares = held;
    }

    function _assetOf(uint256 part, uint256 whole) internal view override returns (uint256) {
        return FullMath.mulDiv(cash, part, whole);
    }

    function _close(uint256 part, uint256 whole) internal override returns (uint256 got) {
        if (_obstacle(part, whole) != Obstacle.None) revert Obstructed(Obstacle.Pending);
        got = FullMath.mulDiv(cash, part, whole);
        cash -= got;
    }

    function _obstacle(uint256, uint256) internal view override returns (Obstacle) {
        return held | redeeming | depositing == 0 ? Obstacle.None : Obstacle.Pending;
    }
}
