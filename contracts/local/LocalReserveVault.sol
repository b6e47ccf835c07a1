// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {LocalAssetVault} from "./LocalAssetVault.sol";
import {LocalToken} from "./LocalToken.sol";

/// @title LocalReserveVault
/// @notice A lending reserve as an ERC-4626 vault. For the local chain only: anybody may set its rate, borrow its assets
///         without collateral and write them off.
///
/// VALUE. The tokens in its balance, those lent out, and the interest since the last accrual. A donation lies in the balance,
/// so it raises the share's price at once, as in any plain ERC-4626 vault.
///
/// INTEREST. Simple between two accruals; every deposit and every withdrawal accrues. It is paid in tokens, minted on accrual.
///
/// LIQUIDITY. What is lent out cannot be withdrawn: maxWithdraw and maxRedeem say so, and more than that reverts.
contract LocalReserveVault is LocalAssetVault {
    uint256 private constant WAD = 1e18;
    /// @dev Where lost tokens go; a local token cannot be burned.
    address private constant NOWHERE = address(0xdead);

    /// @notice Interest per second, 1e18.
    uint256 public ratePerSecond;
    /// @notice Asset wei that borrowers have.
    uint256 public lent;
    uint256 public accruedAt;
    /// @dev Asset wei that earn since the last accrual; a donation earns from the next one on.
    uint256 private _earning;

    event RateSet(uint256 ratePerSecond);
    event Accrued(uint256 interest);
    event Lent(address indexed borrower, uint256 assets);
    event Returned(address indexed borrower, uint256 assets);
    event Lost(uint256 assets);

    constructor(
        LocalToken asset_,
        string memory name_,
        string memory symbol_,
        uint256 ratePerSecond_
    ) LocalAssetVault(asset_, name_, symbol_) {
        ratePerSecond = ratePerSecond_;
        accruedAt = block.timestamp;
    }

    // ---------------------------------------------------------------- SWITCHES

    /// @notice Sets the rate from now on.
    function setRate(uint256 ratePerSecond_) external {
        accrue();
        ratePerSecond = ratePerSecond_;
        emit RateSet(ratePerSecond_);
    }

    /// @notice Lends assets to the caller, who needs no collateral.
    function lend(uint256 assets) external {
        accrue();
        lent += assets;
        _transferOut(msg.sender, assets);
        emit Lent(msg.sender, assets);
    }

    /// @notice Takes lent assets back from the caller.
    function giveBack(uint256 assets) external {
        accrue();
        lent -= assets;
        _transferIn(msg.sender, assets);
        emit Returned(msg.sender, assets);
    }

    /// @notice Writes assets down: lent ones first, then tokens of the balance.
    function lose(uint256 assets) external {
        accrue();
        uint256 fromLent = Math.min(assets, lent);
        lent -= fromLent;
        _transferOut(NOWHERE, assets - fromLent);
        _earning = _held();
        emit Lost(assets);
    }

    // ---------------------------------------------------------------- INTEREST

    /// @notice Pays the interest up to now.
    function accrue() public {
        uint256 interest = pendingInterest();
        accruedAt = block.timestamp;
        _earn(interest);
        _earning = _held();
        emit Accrued(interest);
    }

    /// @return asset wei earned since the last accrual, rounded down
    function pendingInterest() public view returns (uint256) {
        return Math.mulDiv(_earning, ratePerSecond * (block.timestamp - accruedAt), WAD);
    }

    function _held() private view returns (uint256) {
        return IERC20(asset()).balanceOf(address(this)) + lent;
    }

    // ---------------------------------------------------------------- ERC-4626

    function totalAssets() public view override returns (uint256) {
        return _held() + pendingInterest();
    }

    function maxDeposit(address receiver) public view override returns (uint256) {
        return paused || refused[receiver] ? 0 : super.maxDeposit(receiver);
    }

    function maxMint(address receiver) public view override returns (uint256) {
        return paused || refused[receiver] ? 0 : super.maxMint(receiver);
    }

    /// @dev maxWithdraw follows from it. Rounded down, so that the assets of so many shares are there.
    function maxRedeem(address owner) public view override returns (uint256) {
        if (paused || refused[owner]) return 0;
        if (lent == 0) return super.maxRedeem(owner);
        uint256 liquid = totalAssets() - lent;
        return Math.min(super.maxRedeem(owner), _convertToShares(liquid, Math.Rounding.Floor));
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        accrue();
        super._deposit(caller, receiver, assets, shares);
        _earning = _held();
    }

    function _withdraw(
        address caller,
        address receiver,
        address owner,
        uint256 assets,
        uint256 shares
    ) internal override {
        accrue();
        super._withdraw(caller, receiver, owner, assets, shares);
        _earning = _held();
    }
}
