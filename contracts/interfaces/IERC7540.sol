// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

/// @title IERC7540
/// @notice What ERC-7540 adds to an ERC-4626 vault whose deposits and redemptions settle later, with the one function of
///         ERC-7575 that it demands.
///
/// A request hands assets (or shares) to the vault; it is pending until the vault has settled it, claimable from then on, and
/// ends when its controller claims with ERC-4626's own deposit or mint (redeem or withdraw). Those take nothing then, and the
/// preview functions revert. A request is told apart by its id and its controller; a vault whose ids are all 0 adds up the
/// requests of a controller.
interface IERC7540 {
    event DepositRequest(
        address indexed controller,
        address indexed owner,
        uint256 indexed requestId,
        address sender,
        uint256 assets
    );
    event RedeemRequest(
        address indexed controller,
        address indexed owner,
        uint256 indexed requestId,
        address sender,
        uint256 shares
    );
    event OperatorSet(address indexed controller, address indexed operator, bool approved);

    // ---------------------------------------------------------------- DEPOSIT

    /// @notice Takes assets from `owner` (the caller, or who made the caller an operator).
    function requestDeposit(uint256 assets, address controller, address owner) external returns (uint256 requestId);

    /// @return assets not settled yet
    function pendingDepositRequest(uint256 requestId, address controller) external view returns (uint256 assets);

    /// @return assets whose shares can be claimed
    function claimableDepositRequest(uint256 requestId, address controller) external view returns (uint256 assets);

    /// @notice Claims the shares for `assets` of settled requests; only by the controller or its operator.
    function deposit(uint256 assets, address receiver, address controller) external returns (uint256 shares);

    /// @notice Claims `shares` of settled requests; only by the controller or its operator.
    function mint(uint256 shares, address receiver, address controller) external returns (uint256 assets);

    // ---------------------------------------------------------------- REDEMPTION

    /// @notice Takes shares from `owner` (the caller, who made it an operator, or who gave it an allowance).
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId);

    /// @return shares not settled yet
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    /// @return shares whose assets can be claimed
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    // ---------------------------------------------------------------- OPERATORS AND SHARE

    /// @notice Lets `operator` act for the caller, with all its assets and shares.
    function setOperator(address operator, bool approved) external returns (bool);

    function isOperator(address controller, address operator) external view returns (bool);

    /// @notice The share's token, which may be another contract than the vault.
    function share() external view returns (address);
}
