// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {IUniswapV3MintCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3MintCallback.sol";
import {IUniswapV3SwapCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3SwapCallback.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

import {PlanLib} from "./PlanLib.sol";
import {IPolicy} from "./interfaces/IPolicy.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Plan, PriceBand, Range} from "./interfaces/Types.sol";
import {ExpectedPool} from "./libraries/ExpectedPool.sol";
import {Holdings} from "./libraries/Holdings.sol";
import {Pools} from "./libraries/Pools.sol";
import {RangeList} from "./libraries/RangeList.sol";
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
/// position, and the pool pays him; no swap is made, nothing is caught, and no contract that he names is called.
///
/// ONE BLOCK. Shares minted in a block can neither move nor leave before the next block. The lock counts amounts, not
/// accounts: dust sent to somebody locks the dust.
///
/// PLANS. A keeper of the policy may burn, swap inside the pair's own pools and mint, in that order. Each plan is charged
/// for the value it can have lost at the worse end of the oracle's error band, and reverts above the policy's limit
/// (PlanLib). What no check can bound is the market's move against a position that the policy allows.
///
/// ASSUMPTIONS. Both tokens move exactly the amounts they are told (others are refused when they are deposited) and do not
/// change balances on their own. The factory is Uniswap v3's. The feeds are honest within their thresholds. An issuer that
/// freezes the vault's address freezes the vault's tokens.
///
/// ROLES. There is no owner, no proxy and no settable address in here. Governance acts on Policy and PriceOracle; nobody can
/// send tokens out.
contract Vault is IVault, ERC20Permit, ReentrancyGuardTransient, IUniswapV3MintCallback, IUniswapV3SwapCallback {
    using RangeList for uint256[2];
    using SafeERC20 for IERC20;

    // ---------------------------------------------------------------- CONSTANTS AND IMMUTABLES

    /// @notice Minted to the vault itself with the first deposit, so that a share can never be made dear by a donation.
    uint256 public constant LOCKED_SHARES = 1_000;
    /// @notice Floor of MIN_FIRST_SHARES: a thousandth of a quote unit.
    uint256 public constant FIRST_SHARES_FLOOR = 1e15;
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
        if (quoteDecimals > 18) revert InvalidSetup("the quote token has more than 18 decimals");
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
        uint256 idle0 = _balance(TOKEN0);
        uint256 idle1 = _balance(TOKEN1);
        uint256 supply = totalSupply();

        if (supply <= LOCKED_SHARES) {
            (amount0, amount1) = _priceFirst(shares, supply, max0, max1);
            if (supply == 0) _mint(address(this), LOCKED_SHARES);
        } else {
            (amount0, amount1) = _price(shares, supply, idle0, idle1);
        }
        if (amount0 > max0 || amount1 > max1) revert DepositAboveMax(amount0, max0, amount1, max1);

        _pull(TOKEN0, amount0, idle0);
        _pull(TOKEN1, amount1, idle1);
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
        if (unitsMask != 0) revert UnknownSleeve(unitsMask);
        uint256 supply = totalSupply();
        // Burned first: from here on nothing that is called can spend these shares again.
        _burn(msg.sender, shares);

        // Idle before positions: what pools pay goes straight to the leaver, so the vault's own balance is his base.
        uint256 idle0 = FullMath.mulDiv(_balance(TOKEN0), shares, supply);
        uint256 idle1 = FullMath.mulDiv(_balance(TOKEN1), shares, supply);
        uint256[2] memory words = _state.ranges.load();
        for (uint256 i = 0; i < RangeList.MAX; ++i) {
            if (words.isEmpty(i)) continue;
            (uint256 part0, uint256 part1) = _leave(words.get(i), shares, supply, to);
            amount0 += part0;
            amount1 += part1;
        }
        if (idle0 != 0) IERC20(TOKEN0).safeTransfer(to, idle0);
        if (idle1 != 0) IERC20(TOKEN1).safeTransfer(to, idle1);
        amount0 += idle0;
        amount1 += idle1;

        if (amount0 < min0 || amount1 < min1) revert WithdrawBelowMin(amount0, min0, amount1, min1);
        emit Withdrawn(msg.sender, to, shares, amount0, amount1);
    }

    // ---------------------------------------------------------------- KEEPER

    /// @inheritdoc IVault
    function execute(Plan calldata plan) external nonReentrant {
        PlanLib.execute(_state, PlanLib.Pair(FACTORY, TOKEN0, TOKEN1, QUOTE_IS_TOKEN0, POLICY, ORACLE), plan);
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
        uint256 supply = totalSupply();
        if (supply <= LOCKED_SHARES) revert FirstDepositTooSmall(shares, MIN_FIRST_SHARES);
        return _price(shares, supply, _balance(TOKEN0), _balance(TOKEN1));
    }

    /// @inheritdoc IVault
    function totals() external view returns (uint256 total0, uint256 total1) {
        _checkNotEntered();
        (total0, total1) = _positionTotals();
        total0 += _balance(TOKEN0);
        total1 += _balance(TOKEN1);
    }

    /// @inheritdoc IVault
    function ranges() external view returns (Range[8] memory list) {
        uint256[2] memory words = _state.ranges.load();
        for (uint256 i = 0; i < RangeList.MAX; ++i) list[i] = words.get(i);
    }

    /// @inheritdoc IVault
    function planNonce() external view returns (uint64) {
        return _state.nonce;
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

    /// @dev The part `shares / supply` of everything, rounded up, and one wei more of each total: enough for the rounding of
    ///      fees that the pool will count down.
    function _price(
        uint256 shares,
        uint256 supply,
        uint256 idle0,
        uint256 idle1
    ) private view returns (uint256 amount0, uint256 amount1) {
        (uint256 total0, uint256 total1) = _positionTotals();
        amount0 = FullMath.mulDivRoundingUp(shares, total0 + idle0 + 1, supply);
        amount1 = FullMath.mulDivRoundingUp(shares, total1 + idle1 + 1, supply);
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

    /// @dev Principal and pending fees of all positions at spot, principal rounded up.
    function _positionTotals() private view returns (uint256 total0, uint256 total1) {
        uint256[2] memory words = _state.ranges.load();
        Holdings.PoolState memory pool;
        for (uint256 i = 0; i < RangeList.MAX; ++i) {
            if (words.isEmpty(i)) continue;
            Range memory range = words.get(i);
            if (range.fee != pool.fee) pool = Holdings.readPool(_pool(range.fee), range.fee);
            Holdings.Amounts memory a = Holdings.read(pool, address(this), range, true);
            total0 += a.amount0 + a.fees0;
            total1 += a.amount1 + a.fees1;
        }
    }

    // ---------------------------------------------------------------- MOVING TOKENS AND SHARES

    function _pull(address token, uint256 amount, uint256 balanceBefore) private {
        if (amount == 0) return;
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = _balance(token) - balanceBefore;
        if (received != amount) revert TransferNotExact(token, amount, received);
    }

    /// @dev Burns the leaver's part of a position and has the pool pay him that and his part of its fees.
    function _leave(
        Range memory range,
        uint256 shares,
        uint256 supply,
        address to
    ) private returns (uint256 amount0, uint256 amount1) {
        IUniswapV3Pool pool = _pool(range.fee);
        uint128 held = Pools.liquidityOf(pool, address(this), range.tickLower, range.tickUpper);
        uint128 part = uint128(FullMath.mulDiv(held, shares, supply)); // at most `held`, since shares <= supply
        // Dust that no unit of liquidity stands for; a burn of zero would be refused or cost more than it brings.
        if (part == 0) return (0, 0);

        (uint256 principal0, uint256 principal1) = pool.burn(range.tickLower, range.tickUpper, part);
        (, , , uint128 owed0, uint128 owed1) = pool.positions(
            Pools.positionKey(address(this), range.tickLower, range.tickUpper)
        );
        // Unchecked: the burn has just added the principal to what is owed. The rest is fees, his by the same part.
        unchecked {
            amount0 = principal0 + FullMath.mulDiv(owed0 - principal0, shares, supply);
            amount1 = principal1 + FullMath.mulDiv(owed1 - principal1, shares, supply);
        }
        // Casts: both are at most what is owed.
        pool.collect(to, range.tickLower, range.tickUpper, uint128(amount0), uint128(amount1));
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

    function _pool(uint24 fee) private view returns (IUniswapV3Pool) {
        return Pools.at(FACTORY, TOKEN0, TOKEN1, fee);
    }

    function _balance(address token) private view returns (uint256) {
        return IERC20(token).balanceOf(address(this));
    }
}
