// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {LocalToken} from "./LocalToken.sol";

/// @title LocalAssetVault
/// @notice What the local asset vaults share: OpenZeppelin's ERC-4626 with its virtual share, and the switches with which the
///         local world and tests make a venue misbehave. Anybody may throw them: for the local chain only.
abstract contract LocalAssetVault is ERC4626 {
    /// @notice While true nothing goes in or out.
    bool public paused;
    /// @notice Whom the vault serves no more, as an issuer's sanctions list does it: no shares to or from it, no assets to it.
    mapping(address account => bool) public refused;

    event PausedSet(bool paused);
    event RefusedSet(address indexed account, bool refused);

    error Paused();
    error Refused(address account);

    modifier whenOpen() {
        if (paused) revert Paused();
        _;
    }

    constructor(
        LocalToken asset_,
        string memory name_,
        string memory symbol_
    ) ERC20(name_, symbol_) ERC4626(IERC20(address(asset_))) {}

    function setPaused(bool paused_) external {
        paused = paused_;
        emit PausedSet(paused_);
    }

    function setRefused(address account, bool refused_) external {
        refused[account] = refused_;
        emit RefusedSet(account, refused_);
    }

    /// @dev The earnings of a local vault are new tokens: somebody has to pay them, and the local token's mint is open.
    function _earn(uint256 amount) internal {
        if (amount != 0) LocalToken(asset()).mint(address(this), amount);
    }

    function _update(address from, address to, uint256 value) internal virtual override {
        if (refused[from]) revert Refused(from);
        if (refused[to]) revert Refused(to);
        super._update(from, to, value);
    }

    function _transferOut(address to, uint256 assets) internal virtual override {
        if (refused[to]) revert Refused(to);
        super._transferOut(to, assets);
    }
}
