// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";

import {Range} from "../interfaces/Types.sol";
import {Holdings} from "../libraries/Holdings.sol";
import {LiquidityMath} from "../libraries/LiquidityMath.sol";
import {Pools} from "../libraries/Pools.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

/// @title LocalBareVault
/// @notice The floor of the gas benchmark, for the local chain only: the pool calls, token transfers and share bookkeeping
///         that a vault of two ranges cannot do without, and not one check. Nobody could trust it with money.
contract LocalBareVault is ERC20 {
    IUniswapV3Pool public immutable POOL;
    IERC20 public immutable TOKEN0;
    IERC20 public immutable TOKEN1;
    uint24 public immutable FEE;
    Range public first;
    Range public second;

    constructor(IUniswapV3Pool pool) ERC20("Bare", "BARE") {
        POOL = pool;
        TOKEN0 = IERC20(pool.token0());
        TOKEN1 = IERC20(pool.token1());
        FEE = pool.fee();
    }

    /// @notice A deposit that stays idle: both ranges read with their pending fees, both tokens pulled, shares minted.
    function deposit(uint256 shares) external {
        uint256 total0 = TOKEN0.balanceOf(address(this));
        uint256 total1 = TOKEN1.balanceOf(address(this));
        uint256 supply = totalSupply();
        uint256 amount0 = shares;
        uint256 amount1 = shares;
        if (supply != 0) {
            Holdings.PoolState memory state = Holdings.readPool(POOL, FEE);
            Holdings.Amounts memory a = Holdings.read(state, address(this), first, true);
            Holdings.Amounts memory b = Holdings.read(state, address(this), second, true);
            amount0 = (shares * (total0 + a.amount0 + a.fees0 + b.amount0 + b.fees0)) / supply + 1;
            amount1 = (shares * (total1 + a.amount1 + a.fees1 + b.amount1 + b.fees1)) / supply + 1;
        }
        TOKEN0.transferFrom(msg.sender, address(this), amount0);
        TOKEN1.transferFrom(msg.sender, address(this), amount1);
        _mint(msg.sender, shares);
    }

    /// @notice Takes both ranges out, if there are any, and puts everything into two others: the first as large as it can
    ///         be, the second one-sided with what is left.
    function rebalance(int24 lower1, int24 upper1, int24 lower2, int24 upper2) external {
        if (first.fee != 0) {
            _takeOut(first, address(this), 1, 1);
            _takeOut(second, address(this), 1, 1);
        }
        first = Range(FEE, lower1, upper1);
        second = Range(FEE, lower2, upper2);
        (uint160 sqrtPriceX96, , , , , , ) = POOL.slot0();
        _putIn(sqrtPriceX96, lower1, upper1);
        _putIn(sqrtPriceX96, lower2, upper2);
    }

    /// @notice The part of both ranges, paid by the pool straight to the leaver.
    function withdraw(uint256 shares) external {
        uint256 supply = totalSupply();
        _burn(msg.sender, shares);
        _takeOut(first, msg.sender, shares, supply);
        _takeOut(second, msg.sender, shares, supply);
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        if (amount0 != 0) TOKEN0.transfer(msg.sender, amount0);
        if (amount1 != 0) TOKEN1.transfer(msg.sender, amount1);
    }

    function _putIn(uint160 sqrtPriceX96, int24 lower, int24 upper) private {
        uint128 liquidity = LiquidityMath.liquidityFor(
            sqrtPriceX96,
            TickMath.getSqrtPriceAtTick(lower),
            TickMath.getSqrtPriceAtTick(upper),
            _available(TOKEN0),
            _available(TOKEN1)
        );
        POOL.mint(address(this), lower, upper, liquidity, "");
    }

    /// @dev Leaves a wei, as the vault does: an empty balance would cost the next depositor more than it saves here.
    function _available(IERC20 token) private view returns (uint256) {
        uint256 balance = token.balanceOf(address(this));
        return balance == 0 ? 0 : balance - 1;
    }

    function _takeOut(Range memory range, address to, uint256 part, uint256 whole) private {
        uint128 liquidity = Pools.liquidityOf(POOL, address(this), range.tickLower, range.tickUpper);
        (uint256 amount0, uint256 amount1) = POOL.burn(
            range.tickLower,
            range.tickUpper,
            uint128((uint256(liquidity) * part) / whole)
        );
        if (part == whole) (amount0, amount1) = (type(uint128).max, type(uint128).max);
        POOL.collect(to, range.tickLower, range.tickUpper, uint128(amount0), uint128(amount1));
    }
}
