// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IERC7540} from "../interfaces/IERC7540.sol";
import {LocalAssetVault} from "./LocalAssetVault.sol";
import {LocalToken} from "./LocalToken.sol";

/// @title LocalReitVault
/// @notice A vault that is to a tokenised property fund what LocalReserveVault is to a lending reserve: its value is what a
///         reporter says now and then, and deposits and redemptions settle later, by ERC-7540. For the local chain only.
///
/// VALUE. Shares times the last reported value of a share. Tokens in the balance do not count: a donation changes nothing, and
/// a wrong report changes everything.
///
/// SETTLEMENT. A request settles `settlementDelay` after it was made, rounded up to the next of eight dealing times within a
/// delay, at the value of a share that was in force then; whoever claims late cannot choose a better one. Request ids are 0:
/// requests of one controller add up. Anybody may name another one as controller of his own assets; dealing times keep the
/// list of a controller short, whoever does that.
///
/// MONEY. Assets of deposits stay in the balance; what a redemption lacks is minted, as the property's income.
contract LocalReitVault is LocalAssetVault, IERC7540, IERC165 {
    using Checkpoints for Checkpoints.Trace208;

    uint256 private constant WAD = 1e18;
    uint256 private constant DEALINGS_PER_DELAY = 8;

    /// @dev ERC-165 ids as ERC-7540 lists them.
    bytes4 private constant OPERATOR_ID = 0xe3bc4e65;
    bytes4 private constant ERC7575_ID = 0x2f0a18c5;
    bytes4 private constant ASYNC_DEPOSIT_ID = 0xce3bbe50;
    bytes4 private constant ASYNC_REDEEM_ID = 0x620ee8e4;

    /// @notice What was handed in, until it settles: assets of deposits, shares of redemptions.
    struct Batch {
        uint48 settlesAt;
        uint208 amount;
    }

    /// @notice One controller's requests in one direction. `handedIn` settled and is exchanged for `due`.
    struct Book {
        Batch[] pending;
        uint256 handedIn;
        uint256 due;
    }

    address public immutable REPORTER;
    /// @notice Seconds; of requests to come.
    uint48 public settlementDelay;

    Checkpoints.Trace208 private _navs;
    mapping(address controller => Book) private _deposits;
    mapping(address controller => Book) private _redemptions;
    mapping(address controller => mapping(address operator => bool)) public isOperator;

    event NavReported(uint256 navPerShare);
    event SettlementDelaySet(uint48 delay);

    error NotReporter(address caller);
    error NotOperator(address controller, address caller);
    error ZeroAmount();
    /// @notice More than what is claimable.
    error NotClaimable(uint256 amount, uint256 claimable);
    /// @notice ERC-7540: what settles later has no preview.
    error NoPreview();

    /// @param nav asset wei per share wei, 1e18
    /// @param delay of settlement, seconds
    constructor(
        LocalToken asset_,
        string memory name_,
        string memory symbol_,
        address reporter,
        uint208 nav,
        uint48 delay
    ) LocalAssetVault(asset_, name_, symbol_) {
        REPORTER = reporter;
        settlementDelay = delay;
        _report(nav);
    }

    // ---------------------------------------------------------------- REPORTING

    /// @notice Says what a share is worth from now on, asset wei per share wei, 1e18. Nobody checks it.
    function report(uint208 nav) external {
        if (msg.sender != REPORTER) revert NotReporter(msg.sender);
        _report(nav);
    }

    function setSettlementDelay(uint48 delay) external {
        settlementDelay = delay;
        emit SettlementDelaySet(delay);
    }

    /// @notice The last report, asset wei per share wei, 1e18.
    function navPerShare() public view returns (uint256) {
        return _navs.latest();
    }

    /// @notice When the last report came.
    function reportedAt() external view returns (uint256) {
        (, uint48 at, ) = _navs.latestCheckpoint();
        return at;
    }

    function _report(uint208 nav) private {
        if (nav == 0) revert ZeroAmount();
        _navs.push(uint48(block.timestamp), nav); // cast: good for eight million years
        emit NavReported(nav);
    }

    // ---------------------------------------------------------------- REQUESTS

    /// @inheritdoc IERC7540
    function requestDeposit(uint256 assets, address controller, address owner) external whenOpen returns (uint256) {
        if (assets == 0) revert ZeroAmount();
        _checkOperator(owner);
        if (refused[controller]) revert Refused(controller);
        _transferIn(owner, assets);
        _add(_deposits[controller], assets);
        emit DepositRequest(controller, owner, 0, msg.sender, assets);
        return 0;
    }

    /// @inheritdoc IERC7540
    function requestRedeem(uint256 shares, address controller, address owner) external whenOpen returns (uint256) {
        if (shares == 0) revert ZeroAmount();
        if (owner != msg.sender && !isOperator[owner][msg.sender]) _spendAllowance(owner, msg.sender, shares);
        _transfer(owner, address(this), shares);
        _add(_redemptions[controller], shares);
        emit RedeemRequest(controller, owner, 0, msg.sender, shares);
        return 0;
    }

    /// @inheritdoc IERC7540
    function pendingDepositRequest(uint256, address controller) external view returns (uint256 assets) {
        (assets, , ) = _read(_deposits[controller], true);
    }

    /// @inheritdoc IERC7540
    function claimableDepositRequest(uint256, address controller) external view returns (uint256 assets) {
        (, assets, ) = _read(_deposits[controller], true);
    }

    /// @inheritdoc IERC7540
    function pendingRedeemRequest(uint256, address controller) external view returns (uint256 shares) {
        (shares, , ) = _read(_redemptions[controller], false);
    }

    /// @inheritdoc IERC7540
    function claimableRedeemRequest(uint256, address controller) external view returns (uint256 shares) {
        (, shares, ) = _read(_redemptions[controller], false);
    }

    /// @inheritdoc IERC7540
    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    function _checkOperator(address controller) private view {
        if (controller != msg.sender && !isOperator[controller][msg.sender]) revert NotOperator(controller, msg.sender);
    }

    // ---------------------------------------------------------------- CLAIMS

    function deposit(uint256 assets, address receiver) public override returns (uint256) {
        return deposit(assets, receiver, msg.sender);
    }

    function mint(uint256 shares, address receiver) public override returns (uint256) {
        return mint(shares, receiver, msg.sender);
    }

    /// @inheritdoc IERC7540
    function deposit(uint256 assets, address receiver, address controller) public whenOpen returns (uint256 shares) {
        shares = _takeIn(_settled(controller, true), assets);
        _issue(controller, receiver, assets, shares);
    }

    /// @inheritdoc IERC7540
    function mint(uint256 shares, address receiver, address controller) public whenOpen returns (uint256 assets) {
        assets = _takeDue(_settled(controller, true), shares);
        _issue(controller, receiver, assets, shares);
    }

    function redeem(
        uint256 shares,
        address receiver,
        address controller
    ) public override whenOpen returns (uint256 assets) {
        assets = _takeIn(_settled(controller, false), shares);
        _pay(controller, receiver, assets, shares);
    }

    function withdraw(
        uint256 assets,
        address receiver,
        address controller
    ) public override whenOpen returns (uint256 shares) {
        shares = _takeDue(_settled(controller, false), assets);
        _pay(controller, receiver, assets, shares);
    }

    function _issue(address controller, address receiver, uint256 assets, uint256 shares) private {
        _mint(receiver, shares);
        emit Deposit(controller, receiver, assets, shares);
    }

    function _pay(address controller, address receiver, uint256 assets, uint256 shares) private {
        _burn(address(this), shares);
        uint256 balance = IERC20(asset()).balanceOf(address(this));
        if (balance < assets) _earn(assets - balance);
        _transferOut(receiver, assets);
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
    }

    // ---------------------------------------------------------------- ERC-4626

    /// @dev By the last report, rounded down.
    function totalAssets() public view override returns (uint256) {
        return _convertToAssets(totalSupply(), Math.Rounding.Floor);
    }

    function _convertToShares(uint256 assets, Math.Rounding rounding) internal view override returns (uint256) {
        return Math.mulDiv(assets, WAD, navPerShare(), rounding);
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding) internal view override returns (uint256) {
        return Math.mulDiv(shares, navPerShare(), WAD, rounding);
    }

    function maxDeposit(address controller) public view override returns (uint256 assets) {
        if (!paused) (, assets, ) = _read(_deposits[controller], true);
    }

    function maxMint(address controller) public view override returns (uint256 shares) {
        if (!paused) (, , shares) = _read(_deposits[controller], true);
    }

    function maxRedeem(address controller) public view override returns (uint256 shares) {
        if (!paused) (, shares, ) = _read(_redemptions[controller], false);
    }

    function maxWithdraw(address controller) public view override returns (uint256 assets) {
        if (!paused) (, , assets) = _read(_redemptions[controller], false);
    }

    function previewDeposit(uint256) public pure override returns (uint256) {
        return _noPreview();
    }

    function previewMint(uint256) public pure override returns (uint256) {
        return _noPreview();
    }

    function previewRedeem(uint256) public pure override returns (uint256) {
        return _noPreview();
    }

    function previewWithdraw(uint256) public pure override returns (uint256) {
        return _noPreview();
    }

    /// @dev Not a plain revert: the compiler would call OpenZeppelin's functions that ask for a preview unreachable, which they
    ///      are, since all of them are overridden here.
    function _noPreview() private pure returns (uint256) {
        require(false, NoPreview());
        return 0;
    }

    // ---------------------------------------------------------------- ERC-7575 AND ERC-165

    /// @inheritdoc IERC7540
    function share() external view returns (address) {
        return address(this);
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return
            id == type(IERC165).interfaceId ||
            id == OPERATOR_ID ||
            id == ERC7575_ID ||
            id == ASYNC_DEPOSIT_ID ||
            id == ASYNC_REDEEM_ID;
    }

    // ---------------------------------------------------------------- BOOKS

    /// @dev The dealing time of a request that is made now.
    function _nextDealing() private view returns (uint48) {
        uint256 delay = settlementDelay;
        uint256 step = Math.max(delay / DEALINGS_PER_DELAY, 1);
        return SafeCast.toUint48(Math.ceilDiv(block.timestamp + delay, step) * step);
    }

    function _add(Book storage book, uint256 amount) private {
        uint48 at = _nextDealing();
        uint208 added = SafeCast.toUint208(amount);
        for (uint256 i = 0; i < book.pending.length; ++i) {
            if (book.pending[i].settlesAt == at) {
                book.pending[i].amount += added;
                return;
            }
        }
        book.pending.push(Batch(at, added));
    }

    /// @dev What a batch is exchanged for, at the value of a share at its dealing time; rounded down, for the fund.
    function _exchanged(Batch memory batch, bool isDeposit) private view returns (uint256) {
        uint256 nav = _navs.upperLookup(batch.settlesAt);
        return isDeposit ? Math.mulDiv(batch.amount, WAD, nav) : Math.mulDiv(batch.amount, nav, WAD);
    }

    function _read(
        Book storage book,
        bool isDeposit
    ) private view returns (uint256 pending, uint256 handedIn, uint256 due) {
        (handedIn, due) = (book.handedIn, book.due);
        for (uint256 i = 0; i < book.pending.length; ++i) {
            Batch memory batch = book.pending[i];
            if (batch.settlesAt > block.timestamp) {
                pending += batch.amount;
            } else {
                handedIn += batch.amount;
                due += _exchanged(batch, isDeposit);
            }
        }
    }

    /// @dev A controller's book for its claim, with what settled meanwhile moved from the list into the sums.
    function _settled(address controller, bool isDeposit) private returns (Book storage book) {
        _checkOperator(controller);
        book = isDeposit ? _deposits[controller] : _redemptions[controller];
        uint256 i = 0;
        while (i < book.pending.length) {
            Batch memory batch = book.pending[i];
            if (batch.settlesAt > block.timestamp) {
                ++i;
                continue;
            }
            book.handedIn += batch.amount;
            book.due += _exchanged(batch, isDeposit);
            book.pending[i] = book.pending[book.pending.length - 1];
            book.pending.pop();
        }
    }

    /// @dev Takes so much of what was handed in; @return due for it, rounded down
    function _takeIn(Book storage book, uint256 amount) private returns (uint256 due) {
        if (amount == 0) revert ZeroAmount();
        if (amount > book.handedIn) revert NotClaimable(amount, book.handedIn);
        due = Math.mulDiv(amount, book.due, book.handedIn);
        book.handedIn -= amount;
        book.due -= due;
    }

    /// @dev Takes so much of what is due; @return handedIn that it costs, rounded up
    function _takeDue(Book storage book, uint256 due) private returns (uint256 handedIn) {
        if (due == 0) revert ZeroAmount();
        if (due > book.due) revert NotClaimable(due, book.due);
        handedIn = Math.mulDiv(due, book.handedIn, book.due, Math.Rounding.Ceil);
        book.handedIn -= handedIn;
        book.due -= due;
    }
}
