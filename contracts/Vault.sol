// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {IUniswapV3MintCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3MintCallback.sol";
import {IUniswapV3SwapCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3SwapCallback.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {PlanLib} from "./PlanLib.sol";
import {SleeveLib} from "./SleeveLib.sol";
import {IPolicy} from "./interfaces/IPolicy.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {ISleeve} from "./interfaces/ISleeve.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Budgets, Limits, Plan, PriceBand, Range} from "./interfaces/Types.sol";
import {Buckets} from "./libraries/Buckets.sol";
import {Compact} from "./libraries/Compact.sol";
import {ExpectedPool} from "./libraries/ExpectedPool.sol";
import {Holdings} from "./libraries/Holdings.sol";
import {LpFees} from "./libraries/LpFees.sol";
import {Pools} from "./libraries/Pools.sol";
import {RangeList} from "./libraries/RangeList.sol";
import {TreasuryBook} from "./libraries/TreasuryBook.sol";
import {Valuation} from "./libraries/Valuation.sol";

/// @title Vault
/// @notice One pair's liquidity, shared by LPs, placed by a keeper whom nobody has to trust.
///
/// SHARES. A share is a claim on a fixed part of everything the vault owns: idle tokens, liquidity of every position, fees
/// that pools owe. It is not a claim on a value. Whoever enters pays that part of each token, rounded up; whoever leaves
/// gets that part of each, rounded down. No price is needed for either, so no price can be turned against those who stay.
/// Only while nobody but the vault holds shares is there no part to copy: then one share costs one unit of the quote token
/// at the oracle's price, a first deposit has a least size, and LOCKED_SHARES are minted to the vault for ever.
///
/// DEPOSITS. They stay idle until the keeper's next plan. The amounts follow the vault's composition at the pools' spot,
/// pending fees included. A manipulated spot changes which tokens are asked for, not which part is bought.
///
/// EXITS. Always open, in kind, without oracle, keeper, guardian or governance. The vault burns the leaver's part of each
/// position and pays him what comes out; no swap is made, nothing is caught, and no contract that he names is called. His part
/// of a sleeve he gets in kind too, or, if its venue does not pay now, as units of it, which nobody can refuse him.
///
/// SLEEVES. Up to four venues beside the pools (ISleeve), each chosen by the DAO, with a cap. A share's part of them, debts
/// included, is bought and sold like its part of everything else. Deposits wait while a debt is greater than what the vault
/// owns of that token, or near liquidation (SleeveLib); exits do not.
///
/// ONE BLOCK. Shares minted in a block can neither move nor leave before the next block. The lock counts amounts, not
/// accounts: dust sent to somebody locks the dust.
///
/// FEES. A part of the swap fees that positions earn is the treasury's, at most a tenth; it is booked whenever fees are
/// collected and never mixes with what LPs own. Entry and exit fees, at most 50 bps each, go to the LPs who stay, over a week
/// (LpFees). Nobody can be charged a higher one than he could have read a day before.
///
/// PAUSE. A guardian can stop plans and deposits for a week. Withdrawals have no such switch.
///
/// PLANS. A keeper of the policy may burn, swap inside the pair's own pools and mint, in that order. Each plan is charged
/// for the value it can have lost at the worse end of the oracle's error band, against budgets that refill slowly
/// (PlanLib).
///
/// WHAT IS PROMISED. To LPs: whoever holds a keeper's key, all his plans over a time T lose them at most the loss budget's
/// capacity and what has come back into it in T, at any market price inside the oracle's band; nobody else's dealings with
/// the vault lower what a share stands for; and they can always leave with their part. To keepers: what is inside the limits
/// is not refused, and a limit that is lowered below what stands never keeps them from bringing it back. To the DAO: limits
/// change only as it decides, after the delay, and never beyond the code's. Not promised: what the market does to ranges
/// that the policy allows, and fees that are not earned (docs/threat-model.md).
///
/// ASSUMPTIONS. Tokens: both move exactly the amounts they are told (others are refused when they are deposited), do not
/// change balances on their own and have supplies below 2^128; an issuer that freezes the vault's address freezes its tokens.
/// Feeds: honest within their deviation and heartbeat. Pools: the factory is Uniswap v3's with its audited code; whoever moves
/// a pool is an enemy. Roles: keepers may be anybody; the guardian may be a nuisance; the Safe needs two signatures.
///
/// POWER. There is no owner, no proxy and no settable address in here. Governance acts on Policy and PriceOracle; nobody can
/// send tokens out.
contract Vault is IVault, ERC20Permit, ReentrancyGuardTransient, IUniswapV3MintCallback, IUniswapV3SwapCallback {
    using LpFees for LpFees.Book;
    using RangeList for uint256[2];
    using SafeERC20 for IERC20;
    using TreasuryBook for TreasuryBook.Book;

    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    /// @notice Minted to the vault itself with the first deposit, so that a share can never be made dear by a donation.
    uint256 public constant LOCKED_SHARES = 1_000;
    /// @notice Floor of MIN_FIRST_SHARES: a thousandth of a quote unit.
    uint256 public constant FIRST_SHARES_FLOOR = 1e15;
    uint8 private constant MIN_DECIMALS = 6;
    uint256 private constant SHARE_UNIT = 1e18;
    /// @dev No observation has this index, so the oracle searches for itself.
    uint256 private constant NO_HINT = type(uint256).max;

    address public immutable FACTORY;
    address public immutable TOKEN0;
    address public immutable TOKEN1;
    bool public immutable QUOTE_IS_TOKEN0;
    IPolicy public immutable POLICY;
    IPriceOracle public immutable ORACLE;
    /// @notice Least size of a first deposit, in shares (1e18 = one quote unit).
    uint256 public immutable MIN_FIRST_SHARES;
    uint256 private immutable QUOTE_UNIT;

    // ---------------------------------------------------------------- STORAGE

    struct Lock {
        uint64 blockNumber;
        uint192 shares;
    }

    PlanLib.State private _state;
    LpFees.Book private _book;
    mapping(address account => Lock) private _locks;

    // ---------------------------------------------------------------- CONSTRUCTION

    struct Setup {
        address factory;
        address token0;
        address token1;
        bool quoteIsToken0;
        IPolicy policy;
        IPriceOracle oracle;
        uint256 minFirstShares;
        uint8 entryFeeBps;
        uint8 exitFeeBps;
        string name;
        string symbol;
    }

    constructor(Setup memory setup) ERC20(setup.name, setup.symbol) ERC20Permit(setup.name) {
        if (setup.token0 >= setup.token1) revert InvalidSetup("token0 must sort before token1");
        if (setup.factory.code.length == 0) revert InvalidSetup("no factory at this address");
        if (setup.minFirstShares < FIRST_SHARES_FLOOR) revert InvalidSetup("minFirstShares below its floor");
        if (
            setup.oracle.FACTORY() != setup.factory ||
            setup.oracle.token0() != setup.token0 ||
            setup.oracle.token1() != setup.token1 ||
            setup.oracle.quoteIsToken0() != setup.quoteIsToken0
        ) revert InvalidSetup("the oracle prices another pair");
        if (
            setup.policy.FACTORY() != setup.factory ||
            setup.policy.TOKEN0() != setup.token0 ||
            setup.policy.TOKEN1() != setup.token1
        ) revert InvalidSetup("the policy governs another pair");
        uint8 quoteDecimals = IERC20Metadata(setup.quoteIsToken0 ? setup.token0 : setup.token1).decimals();
        uint8 baseDecimals = IERC20Metadata(setup.quoteIsToken0 ? setup.token1 : setup.token0).decimals();
        if (quoteDecimals > 18) revert InvalidSetup("the quote token has more than 18 decimals");
        // A wei that is lost to rounding must be worth nothing.
        if (quoteDecimals < MIN_DECIMALS || baseDecimals < MIN_DECIMALS) {
            revert InvalidSetup("a token has fewer than 6 decimals");
        }
        // A keeper is nobody before governance names one; the call proves that a policy is there.
        if (setup.policy.isKeeper(address(0))) revert InvalidSetup("the policy lets anybody plan");

        FACTORY = setup.factory;
        TOKEN0 = setup.token0;
        TOKEN1 = setup.token1;
        QUOTE_IS_TOKEN0 = setup.quoteIsToken0;
        POLICY = setup.policy;
        ORACLE = setup.oracle;
        MIN_FIRST_SHARES = setup.minFirstShares;
        QUOTE_UNIT = 10 ** quoteDecimals;
        Limits memory limits = setup.policy.limits();
        if (setup.entryFeeBps > limits.maxEntryFeeBps || setup.exitFeeBps > limits.maxExitFeeBps) {
            revert FeeAboveCap(setup.entryFeeBps, limits.maxEntryFeeBps, setup.exitFeeBps, limits.maxExitFeeBps);
        }
        (_book.entryBps, _book.exitBps) = (setup.entryFeeBps, setup.exitFeeBps);
        _state.owed.shareBps = limits.treasuryShareBps;
    }

    // ---------------------------------------------------------------- LPS

    /// @inheritdoc IVault
    function deposit(
        uint256 shares,
        uint256 max0,
        uint256 max1,
        address to
    ) external nonReentrant returns (uint256 amount0, uint256 amount1) {
        if (shares == 0) revert ZeroShares();
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        POLICY.checkNotPaused();
        LpFees.Book memory book = _book;
        uint256 supply = _freeFeeShares(book);
        TreasuryBook.Book memory owed = _state.owed;
        uint256 balance0 = _balance(TOKEN0);
        uint256 balance1 = _balance(TOKEN1);

        if (_isEmpty(book, supply)) {
            supply = _dropFeeShares(book);
            // What the last plan left, and what the budgets have seen, was the matter of those who have gone.
            PlanLib.Meter storage meter = _state.meter;
            (meter.loss, meter.turnover, meter.churn) = (0, 0, 0);
            (meter.left0, meter.left1, meter.short) = (0, 0, 0);
            (amount0, amount1) = _priceFirst(shares, supply, max0, max1);
            if (supply == 0) _mint(address(this), LOCKED_SHARES);
        } else {
            (uint256 entryBps, ) = book.current();
            uint256 fee = book.fit(LpFees.feeOn(shares, entryBps));
            (amount0, amount1) = _price(shares + fee, supply, balance0 - owed.amount0, balance1 - owed.amount1, owed);
            if (fee != 0) _lockFeeShares(book, fee);
        }
        if (amount0 > max0 || amount1 > max1) revert DepositAboveMax(amount0, max0, amount1, max1);

        _pull(TOKEN0, amount0, balance0);
        _pull(TOKEN1, amount1, balance1);
        _lock(to, shares);
        _mint(to, shares);
        emit Deposited(msg.sender, to, shares, amount0, amount1);
    }

    /// @inheritdoc IVault
    function withdraw(
        uint256 shares,
        uint256 min0,
        uint256 min1,
        address to,
        uint256 unitsMask
    ) external nonReentrant returns (uint256 amount0, uint256 amount1) {
        if (shares == 0) revert ZeroShares();
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        if (unitsMask >> RangeList.SLEEVES != 0) revert UnknownSleeve(unitsMask);
        LpFees.Book memory book = _book;
        uint256 supply = _freeFeeShares(book);
        // Burned first: from here on nothing that is called can spend these shares again.
        uint256 redeemed = _takeShares(book, shares, supply);

        TreasuryBook.Book memory owed = _state.owed;
        uint256 idle0 = _balance(TOKEN0) - owed.amount0;
        uint256 idle1 = _balance(TOKEN1) - owed.amount1;
        uint256[2] memory words = _state.ranges.load();
        uint256 end = words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (words.isEmpty(i)) continue;
            (uint256 part0, uint256 part1, uint256 fees0, uint256 fees1) = _leave(words.get(i), redeemed, supply, owed);
            amount0 += part0;
            amount1 += part1;
            idle0 += fees0;
            idle1 += fees1;
        }
        // Idle tokens and collected fees are one pot, rounded down once: so many small exits never bring more than a large one.
        amount0 += FullMath.mulDiv(idle0, redeemed, supply);
        amount1 += FullMath.mulDiv(idle1, redeemed, supply);
        if (owed.shareBps != 0) _state.owed = owed;
        uint256 live = words.live();
        if (live != 0) {
            (amount0, amount1) = SleeveLib.exit(
                _state,
                SleeveLib.Exit({
                    live: live,
                    mask: unitsMask,
                    part: redeemed,
                    whole: supply,
                    to: to,
                    token0: TOKEN0,
                    token1: TOKEN1,
                    amount0: amount0,
                    amount1: amount1
                })
            );
        }
        if (amount0 < min0 || amount1 < min1) revert WithdrawBelowMin(amount0, min0, amount1, min1);
        if (amount0 != 0) IERC20(TOKEN0).safeTransfer(to, amount0);
        if (amount1 != 0) IERC20(TOKEN1).safeTransfer(to, amount1);
        emit Withdrawn(msg.sender, to, shares, amount0, amount1);
    }

    // ---------------------------------------------------------------- KEEPER

    /// @inheritdoc IVault
    /// @dev As PlanLib.execute(_state, _pair(), plan), but for the plan's encoding, which is passed on as it came: taking it apart
    ///      and putting it together again would cost 5,000 gas.
    function execute(Plan calldata) external nonReentrant {
        uint256 slot;
        assembly ("memory-safe") {
            slot := _state.slot
        }
        // The head of the library's arguments: the slot, seven words of the pair, and where the plan begins behind them.
        bytes memory head = abi.encodeWithSelector(PlanLib.execute.selector, slot, _pair(), 9 * 32);
        // The plan begins where the first word of our own arguments says; its inner offsets count from there.
        uint256 start = 4 + uint256(bytes32(msg.data[4:36]));
        Address.functionDelegateCall(address(PlanLib), bytes.concat(head, msg.data[start:]));
    }

    /// @inheritdoc IVault
    function setFees(uint8 entryBps, uint8 exitBps) external nonReentrant {
        if (!POLICY.isKeeper(msg.sender)) revert IPolicy.NotKeeper(msg.sender);
        Limits memory limits = POLICY.limits();
        if (entryBps > limits.maxEntryFeeBps || exitBps > limits.maxExitFeeBps) {
            revert FeeAboveCap(entryBps, limits.maxEntryFeeBps, exitBps, limits.maxExitFeeBps);
        }
        LpFees.Book memory book = _book;
        book.set(entryBps, exitBps);
        _book = book;
        emit FeesSet(msg.sender, entryBps, exitBps, book.nextAt);
    }

    /// @inheritdoc IVault
    function clampFees() external nonReentrant {
        Limits memory limits = POLICY.limits();
        LpFees.Book memory book = _book;
        book.clamp(limits.maxEntryFeeBps, limits.maxExitFeeBps);
        _book = book;
        emit FeesSet(msg.sender, book.nextEntryBps, book.nextExitBps, book.nextAt);
    }

    // ---------------------------------------------------------------- SLEEVES

    /// @inheritdoc IVault
    function adoptSleeve(uint256 index) external nonReentrant {
        SleeveLib.adopt(_state, POLICY, index);
    }

    /// @inheritdoc IVault
    function deleverage(uint256 index) external nonReentrant {
        SleeveLib.deleverage(_state, _pair(), index);
    }

    /// @inheritdoc IVault
    function unwind(uint256 index) external nonReentrant {
        SleeveLib.unwind(_state, _pair(), index);
    }

    // ---------------------------------------------------------------- TREASURY

    /// @inheritdoc IVault
    function syncTreasuryShare() external nonReentrant {
        uint16 share = POLICY.limits().treasuryShareBps;
        if (share == _state.owed.shareBps) return;
        _crystallise(share);
        emit TreasuryShareAdopted(share);
    }

    /// @dev Collects the fees of all ranges, books the treasury's part of them at the share that was in force while they were
    ///      earned, and puts another in force.
    function _crystallise(uint16 share) private {
        TreasuryBook.Book memory owed = _state.owed;
        uint256[2] memory words = _state.ranges.load();
        uint256 end = words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (words.isEmpty(i)) continue;
            Range memory range = words.get(i);
            (, , uint256 fees0, uint256 fees1) = Pools.takeOut(_pool(range.fee), range.tickLower, range.tickUpper, 0);
            owed.add(fees0, fees1);
        }
        owed.shareBps = share;
        _state.owed = owed;
    }

    /// @inheritdoc IVault
    function claimTreasury() external nonReentrant returns (uint256 amount0, uint256 amount1) {
        TreasuryBook.Book memory owed = _state.owed;
        (amount0, amount1) = (owed.amount0, owed.amount1);
        _state.owed = TreasuryBook.Book(0, 0, owed.shareBps);
        address to = POLICY.treasury();
        if (amount0 != 0) IERC20(TOKEN0).safeTransfer(to, amount0);
        if (amount1 != 0) IERC20(TOKEN1).safeTransfer(to, amount1);
        emit TreasuryClaimed(to, amount0, amount1);
    }

    // ---------------------------------------------------------------- POOL CALLBACKS

    /// @inheritdoc IUniswapV3MintCallback
    function uniswapV3MintCallback(uint256 amount0Owed, uint256 amount1Owed, bytes calldata) external {
        _checkCallback();
        if (amount0Owed != 0) IERC20(TOKEN0).safeTransfer(msg.sender, amount0Owed);
        if (amount1Owed != 0) IERC20(TOKEN1).safeTransfer(msg.sender, amount1Owed);
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        _checkCallback();
        // Casts: only the positive delta is owed.
        if (amount0Delta > 0) IERC20(TOKEN0).safeTransfer(msg.sender, uint256(amount0Delta));
        if (amount1Delta > 0) IERC20(TOKEN1).safeTransfer(msg.sender, uint256(amount1Delta));
    }

    function _checkCallback() private view {
        // Only inside a plan, and only the pool that the plan is calling at this moment.
        if (msg.sender != ExpectedPool.get()) revert UnexpectedCallback(msg.sender);
    }

    // ---------------------------------------------------------------- VIEWS

    /// @inheritdoc IVault
    function previewDeposit(uint256 shares) external view returns (uint256 amount0, uint256 amount1) {
        _checkNotEntered();
        LpFees.Book memory book = _book;
        uint256 supply = totalSupply() - book.free();
        if (_isEmpty(book, supply)) revert FirstDepositTooSmall(shares, MIN_FIRST_SHARES);
        (uint256 entryBps, ) = book.current();
        (uint256 idle0, uint256 idle1) = idle();
        return _price(shares + book.fit(LpFees.feeOn(shares, entryBps)), supply, idle0, idle1, _state.owed);
    }

    /// @inheritdoc IVault
    function totals() external view returns (uint256 total0, uint256 total1) {
        _checkNotEntered();
        (total0, total1) = _positionTotals(_state.ranges.load(), _state.owed);
        (uint256 idle0, uint256 idle1) = idle();
        total0 += idle0;
        total1 += idle1;
    }

    /// @inheritdoc IVault
    function idle() public view returns (uint256 idle0, uint256 idle1) {
        idle0 = _balance(TOKEN0) - _state.owed.amount0;
        idle1 = _balance(TOKEN1) - _state.owed.amount1;
    }

    /// @inheritdoc IVault
    function effectiveSupply() external view returns (uint256) {
        return totalSupply() - _book.free();
    }

    /// @inheritdoc IVault
    function feeBook() external view returns (LpFees.Book memory) {
        return _book;
    }

    /// @inheritdoc IVault
    function fees() external view returns (uint8 entryBps, uint8 exitBps) {
        return _book.current();
    }

    /// @inheritdoc IVault
    function exitFee(uint256 shares) external view returns (uint256) {
        LpFees.Book memory book = _book;
        uint256 freed = book.free();
        return _exitFee(book, shares, totalSupply() - freed);
    }

    /// @inheritdoc IVault
    function treasuryBook() external view returns (TreasuryBook.Book memory) {
        return _state.owed;
    }

    /// @inheritdoc IVault
    function budgets() external view returns (Budgets memory b) {
        PlanLib.Meter memory meter = _state.meter;
        PlanLib.Reserve memory reserve = _state.reserve;
        Limits memory lim = POLICY.limits();
        uint256 elapsed = block.timestamp - meter.clock;
        b.lossE12 = Buckets.drained(meter.loss, elapsed, lim.lossRefillBps);
        b.lossCapacityE12 = Buckets.capacity(lim.lossCapBps);
        b.turnoverE12 = Buckets.drained(meter.turnover, elapsed, lim.turnoverRefillBps);
        b.turnoverCapacityE12 = Buckets.capacity(lim.turnoverCapBps);
        b.churnE12 = Buckets.drained(meter.churn, elapsed, lim.churnRefillBps);
        b.churnCapacityE12 = Buckets.capacity(lim.churnCapBps);
        b.deleverageE12 = Buckets.drained(reserve.level, block.timestamp - reserve.clock, lim.deleverageRefillBps);
        b.deleverageCapacityE12 = Buckets.capacity(lim.deleverageCapBps);
    }

    /// @inheritdoc IVault
    function inventory() external view returns (int256 perShare0X96, int256 perShare1X96) {
        PlanLib.Meter memory meter = _state.meter;
        return (
            Compact.decodeSigned(meter.left0, meter.short & 1 != 0),
            Compact.decodeSigned(meter.left1, meter.short & 2 != 0)
        );
    }

    /// @inheritdoc IVault
    function ranges() external view returns (Range[8] memory list) {
        uint256[2] memory words = _state.ranges.load();
        for (uint256 i = 0; i < RangeList.MAX; ++i) list[i] = words.get(i);
    }

    /// @inheritdoc IVault
    function sleeves() external view returns (ISleeve[4] memory list, uint256 live) {
        return (_state.sleeves, _state.ranges.load().live());
    }

    /// @inheritdoc IVault
    function planNonce() external view returns (uint64) {
        return _state.meter.nonce;
    }

    /// @inheritdoc IVault
    function lockedShares(address account) public view returns (uint256) {
        Lock memory lock = _locks[account];
        return lock.blockNumber == block.number ? lock.shares : 0;
    }

    function _checkNotEntered() private view {
        if (_reentrancyGuardEntered()) revert ReentrancyGuardReentrantCall();
    }

    // ---------------------------------------------------------------- PRICES OF SHARES

    /// @dev The part `shares / supply` of everything, sleeves at their high mark, rounded up, and one wei more of each total: enough for the rounding of
    ///      fees that the pool will count down.
    function _price(
        uint256 shares,
        uint256 supply,
        uint256 idle0,
        uint256 idle1,
        TreasuryBook.Book memory owed
    ) private view returns (uint256 amount0, uint256 amount1) {
        uint256[2] memory words = _state.ranges.load();
        (uint256 total0, uint256 total1) = _positionTotals(words, owed);
        total0 += idle0;
        total1 += idle1;
        uint256 live = words.live();
        if (live != 0) (total0, total1) = SleeveLib.withSleeves(_state, live, total0, total1);
        amount0 = FullMath.mulDivRoundingUp(shares, total0 + 1, supply);
        amount1 = FullMath.mulDivRoundingUp(shares, total1 + 1, supply);
    }

    /// @dev One share = one quote unit at the oracle's price; the payer chooses the mix by the ratio of max0 to max1.
    function _priceFirst(
        uint256 shares,
        uint256 supply,
        uint256 max0,
        uint256 max1
    ) private view returns (uint256 amount0, uint256 amount1) {
        if (shares < MIN_FIRST_SHARES) revert FirstDepositTooSmall(shares, MIN_FIRST_SHARES);
        // Real amounts fit; the ratio of two sentinels such as 2^256 - 1 would be no mix that anybody chose.
        if (max0 > type(uint128).max || max1 > type(uint128).max) revert FirstDepositMaxTooLarge(max0, max1);
        PriceBand memory band = ORACLE.read(NO_HINT);
        uint256 bought = supply == 0 ? shares + LOCKED_SHARES : shares;
        uint256 required = FullMath.mulDivRoundingUp(bought, QUOTE_UNIT, SHARE_UNIT);
        uint256 value = Valuation.valueDown(max0, max1, band.mid, QUOTE_IS_TOKEN0);
        if (value < required) revert FirstDepositUnderpaid(value, required);
        amount0 = FullMath.mulDivRoundingUp(max0, required, value);
        amount1 = FullMath.mulDivRoundingUp(max1, required, value);
    }

    /// @dev Principal of all positions at spot, rounded up, and the LPs' part of their pending fees.
    function _positionTotals(
        uint256[2] memory words,
        TreasuryBook.Book memory owed
    ) private view returns (uint256 total0, uint256 total1) {
        Holdings.PoolState memory pool;
        uint256 end = words.end();
        for (uint256 i = 0; i < end; ++i) {
            if (words.isEmpty(i)) continue;
            Range memory range = words.get(i);
            if (range.fee != pool.fee) pool = Holdings.readPool(_pool(range.fee), range.fee);
            Holdings.Amounts memory a = Holdings.read(pool, address(this), range, true);
            total0 += a.amount0 + a.fees0 - owed.part(a.fees0);
            total1 += a.amount1 + a.fees1 - owed.part(a.fees1);
        }
    }

    // ---------------------------------------------------------------- MOVING TOKENS AND SHARES

    function _pull(address token, uint256 amount, uint256 balanceBefore) private {
        if (amount == 0) return;
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = _balance(token) - balanceBefore;
        if (received != amount) revert TransferNotExact(token, amount, received);
    }

    /// @dev Takes the leaver's part of a position out of its pool, with all fees that the position is owed: the treasury's part
    ///      is booked, the rest is idle from now on, the leaver's part of it included.
    /// @return amount0 principal, the leaver's
    /// @return amount1 likewise
    /// @return fees0 collected, less the treasury's part
    /// @return fees1 likewise
    function _leave(
        Range memory range,
        uint256 shares,
        uint256 supply,
        TreasuryBook.Book memory owed
    ) private returns (uint256 amount0, uint256 amount1, uint256 fees0, uint256 fees1) {
        IUniswapV3Pool pool = _pool(range.fee);
        uint128 held = Pools.liquidityOf(pool, address(this), range.tickLower, range.tickUpper);
        uint128 part = uint128(FullMath.mulDiv(held, shares, supply)); // at most `held`, since shares <= supply
        // Dust that no unit of liquidity stands for; a burn of zero would be refused or cost more than it brings.
        if (part == 0) return (0, 0, 0, 0);

        (amount0, amount1, fees0, fees1) = Pools.takeOut(pool, range.tickLower, range.tickUpper, part);
        (uint256 treasury0, uint256 treasury1) = owed.add(fees0, fees1);
        fees0 -= treasury0;
        fees1 -= treasury1;
    }

    // ---------------------------------------------------------------- FEE SHARES

    /// @dev Burns the fee shares that have come free. @return supply after that
    function _freeFeeShares(LpFees.Book memory book) private returns (uint256 supply) {
        uint256 freed = book.free();
        if (freed != 0) {
            _burn(address(this), freed);
            _book = book;
        }
        return totalSupply();
    }

    /// @dev Nobody holds a share, and no fee shares worth speaking of wait to come free. More of them would be a gift to whoever
    ///      comes first: then he enters at their price, like anybody, and shares what comes free with those who come later.
    function _isEmpty(LpFees.Book memory book, uint256 supply) private view returns (bool) {
        return supply <= LOCKED_SHARES + book.locked && book.locked < MIN_FIRST_SHARES;
    }

    /// @dev The last LP has left, and what fee shares he left behind belong to nobody.
    function _dropFeeShares(LpFees.Book memory book) private returns (uint256 supply) {
        if (book.locked != 0) {
            _burn(address(this), book.locked);
            book.locked = 0;
            _book = book;
        }
        return totalSupply();
    }

    function _lockFeeShares(LpFees.Book memory book, uint256 shares) private {
        book.lock(shares);
        _book = book;
        _mint(address(this), shares);
    }

    /// @dev Takes a leaver's shares: the exit fee's part is locked in the vault, the rest burned. @return redeemed the rest
    function _takeShares(LpFees.Book memory book, uint256 shares, uint256 supply) private returns (uint256 redeemed) {
        uint256 fee = _exitFee(book, shares, supply);
        _burn(msg.sender, shares);
        if (fee != 0) _lockFeeShares(book, fee);
        return shares - fee;
    }

    /// @dev On no more shares than stay: what the others lose by an exit grows with what they hold, so nobody can gain more than
    ///      the fee's rate on his own. The last LP pays none, and a holder of dust earns dust.
    function _exitFee(LpFees.Book memory book, uint256 shares, uint256 supply) private view returns (uint256) {
        uint256 leaving = shares + LOCKED_SHARES + book.locked;
        if (leaving >= supply) return 0;
        uint256 staying = supply - leaving;
        (, uint256 exitBps) = book.current();
        return book.fit(LpFees.feeOn(shares < staying ? shares : staying, exitBps));
    }

    function _lock(address account, uint256 shares) private {
        Lock storage lock = _locks[account];
        uint256 locked = lock.blockNumber == block.number ? lock.shares + shares : shares;
        // Casts: block numbers fit in 64 bits; shares that do not fit in 192 bits could not be paid for.
        _locks[account] = Lock(uint64(block.number), uint192(locked));
    }

    /// @dev Every movement of shares passes here. What was minted in this block stays where it was minted.
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from == address(0)) return;
        // Shares that nobody could redeem would keep an empty vault from starting afresh.
        if (to == address(this)) revert InvalidRecipient(to);
        uint256 locked = lockedShares(from);
        if (locked != 0 && balanceOf(from) < locked) revert SharesLocked(from, locked);
    }

    function _pair() private view returns (PlanLib.Pair memory) {
        return
            PlanLib.Pair({
                factory: FACTORY,
                token0: TOKEN0,
                token1: TOKEN1,
                quoteIsToken0: QUOTE_IS_TOKEN0,
                policy: POLICY,
                oracle: ORACLE,
                supply: totalSupply()
            });
    }

    function _pool(uint24 fee) private view returns (IUniswapV3Pool) {
        return Pools.at(FACTORY, TOKEN0, TOKEN1, fee);
    }

    function _balance(address token) private view returns (uint256) {
        return IERC20(token).balanceOf(address(this));
    }
}
