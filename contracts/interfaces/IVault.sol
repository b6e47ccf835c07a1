// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {IPolicy} from "./IPolicy.sol";
import {IPriceOracle} from "./IPriceOracle.sol";
import {ISleeve} from "./ISleeve.sol";
import {LpFees} from "../libraries/LpFees.sol";
import {TreasuryBook} from "../libraries/TreasuryBook.sol";
import {Budgets, Plan, Range} from "./Types.sol";

/// @title IVault
/// @notice One pair's vault: LPs deposit and withdraw in kind, a keeper proposes plans.
interface IVault is IERC20Metadata {
    event Deposited(address indexed payer, address indexed to, uint256 shares, uint256 amount0, uint256 amount1);
    event Withdrawn(address indexed owner, address indexed to, uint256 shares, uint256 amount0, uint256 amount1);
    /// @param chargeX18 the plan's worst loss over the oracle's band, as a fraction of NAV, 1e18 = all
    /// @param navLow NAV in quote wei at the low end of the band, after the plan
    /// @param priceX96 the oracle's price
    event PlanExecuted(
        uint64 indexed nonce,
        address indexed keeper,
        bytes32 indexed decisionHash,
        uint256 chargeX18,
        uint256 navLow,
        uint256 priceX96
    );

    /// @param risesAt when a rise takes effect, 0 if nothing rises
    event FeesSet(address indexed by, uint8 entryBps, uint8 exitBps, uint256 risesAt);
    /// @notice A leaver paid a sleeve's debt from his own pocket, as far as his part of the vault did not cover it.
    event PaidIn(address indexed owner, address indexed token, uint256 amount);
    event SleeveAdopted(uint256 indexed index, address sleeve);
    /// @param paid of the debt, in the token that is owed
    event Deleveraged(uint256 indexed index, address indexed by, uint256 paid);
    event Unwound(uint256 indexed index, address indexed by, uint256 paid);
    event TreasuryShareAdopted(uint16 shareBps);
    event TreasuryClaimed(address indexed to, uint256 amount0, uint256 amount1);

    error ZeroShares();
    error FeeAboveCap(uint8 entryBps, uint8 maxEntryBps, uint8 exitBps, uint8 maxExitBps);
    /// @notice Neither nobody nor the vault itself can own what is deposited or withdrawn.
    error InvalidRecipient(address to);
    /// @notice A vault is bound to a sorted pair whose policy, oracle and factory are the same pair's.
    error InvalidSetup(string reason);
    /// @notice The vault holds no LP's shares: the first deposit must be at least `minimum` shares.
    error FirstDepositTooSmall(uint256 shares, uint256 minimum);
    /// @notice max0 and max1 together are worth less than the shares at the oracle's price, quote wei.
    error FirstDepositUnderpaid(uint256 value, uint256 required);
    /// @notice A first deposit takes max0 and max1 in their ratio, so they must be amounts, below 2^128.
    error FirstDepositMaxTooLarge(uint256 max0, uint256 max1);
    /// @notice The shares cost more than the payer allowed.
    error DepositAboveMax(uint256 amount0, uint256 max0, uint256 amount1, uint256 max1);
    /// @notice The shares bring less than the leaver wants.
    error WithdrawBelowMin(uint256 amount0, uint256 min0, uint256 amount1, uint256 min1);
    /// @notice The token delivered another amount than was sent; such tokens are refused.
    error TransferNotExact(address token, uint256 expected, uint256 received);
    /// @notice So many shares were minted in this block; they can move and leave from the next one on.
    error SharesLocked(address account, uint256 locked);
    /// @notice The mask names more sleeves than a vault can have.
    error UnknownSleeve(uint256 unitsMask);
    /// @notice Only the pool that the vault is calling may call back.
    error UnexpectedCallback(address caller);

    /// @notice Mints exactly `shares` to `to` and takes what they cost, at most max0 and max1.
    function deposit(
        uint256 shares,
        uint256 max0,
        uint256 max1,
        address to
    ) external returns (uint256 amount0, uint256 amount1);

    /// @notice Burns `shares` of the caller and sends him his part of everything, in kind. Needs no oracle, keeper or
    ///         governance.
    ///
    /// A sleeve's debt is paid from the caller's part of the rest; what that does not cover is taken from him, as far as he has
    /// allowed it. For each sleeve he may take units instead, to be redeemed there later: that cannot fail, whatever its venue does.
    /// @param unitsMask bit i set: units of sleeve i
    function withdraw(
        uint256 shares,
        uint256 min0,
        uint256 min1,
        address to,
        uint256 unitsMask
    ) external returns (uint256 amount0, uint256 amount1);

    /// @notice Runs a keeper's plan inside the policy, or reverts.
    function execute(Plan calldata plan) external;

    /// @notice Moves the entry and exit fee inside the policy's caps; keepers only. A fall holds at once, a rise in a day.
    function setFees(uint8 entryBps, uint8 exitBps) external;

    /// @notice Brings both fees, and a rise that is announced, down to the policy's caps. Anybody.
    function clampFees() external;

    /// @notice Takes in the sleeve that the policy names for a place, if nothing is left in the one that has it. Anybody.
    function adoptSleeve(uint256 index) external;

    /// @notice Repays a sleeve's debt that is near liquidation, or too dear, from idle tokens and then from ranges; what is then
    ///         missing is bought inside the oracle's band, at the expense of the deleverage budget. Anybody, at any time.
    function deleverage(uint256 index) external;

    /// @notice Takes out as much of a sleeve as its debt can be paid for, or repays where its venue lets nothing go. Guardian only.
    function unwind(uint256 index) external;

    /// @notice The sleeves by place, nobody where there is none.
    /// @return list by place
    /// @return live bit i: the vault holds units of sleeve i
    function sleeves() external view returns (ISleeve[4] memory list, uint256 live);

    /// @notice Adopts the policy's treasury share, after all fees earned so far are booked at the old one. Anybody.
    function syncTreasuryShare() external;

    /// @notice Sends what is booked for the treasury to the address that the policy names. Anybody.
    function claimTreasury() external returns (uint256 amount0, uint256 amount1);

    /// @notice What `deposit(shares, ...)` would take now. Reverts while a plan runs.
    function previewDeposit(uint256 shares) external view returns (uint256 amount0, uint256 amount1);

    /// @notice What LPs own beside sleeves: idle tokens, all positions, and their part of pending fees; principal rounded up.
    ///         Reverts while a plan runs.
    function totals() external view returns (uint256 total0, uint256 total1);

    /// @notice Tokens in the vault that are neither in a pool nor the treasury's.
    function idle() external view returns (uint256 idle0, uint256 idle1);

    /// @notice Supply less the fee shares that have come free and wait to be burned.
    function effectiveSupply() external view returns (uint256);

    /// @notice Entry and exit fee in force, basis points.
    function fees() external view returns (uint8 entryBps, uint8 exitBps);

    /// @notice How many of `shares` would stay in the vault as the exit fee if they left now.
    function exitFee(uint256 shares) external view returns (uint256);

    function feeBook() external view returns (LpFees.Book memory);

    /// @notice What of the vault's tokens is the treasury's, and its part of the fees to come.
    function treasuryBook() external view returns (TreasuryBook.Book memory);

    /// @notice What the keeper's budgets hold now and may hold.
    function budgets() external view returns (Budgets memory);

    /// @notice What the last plan left behind each share, wei per share wei times 2^96: the next churn charge compares with it.
    ///         Below zero of a token of which sleeves owed more than there was.
    function inventory() external view returns (int256 perShare0X96, int256 perShare1X96);

    /// @notice The vault's ranges by index; an empty place has fee 0.
    function ranges() external view returns (Range[8] memory);

    function planNonce() external view returns (uint64);

    /// @notice Shares of `account` that were minted in this block.
    function lockedShares(address account) external view returns (uint256);

    function FACTORY() external view returns (address);

    function POLICY() external view returns (IPolicy);

    function ORACLE() external view returns (IPriceOracle);

    function TOKEN0() external view returns (address);

    function TOKEN1() external view returns (address);

    function QUOTE_IS_TOKEN0() external view returns (bool);

    function LOCKED_SHARES() external view returns (uint256);

    function MIN_FIRST_SHARES() external view returns (uint256);
}
