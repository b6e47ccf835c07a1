// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {IUniswapV3SwapCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3SwapCallback.sol";

/// @title LocalTrader
/// @notice Makes the local market's swaps, many in one transaction, from its own balance. For the local chain only.
contract LocalTrader is IUniswapV3SwapCallback {
    /// @param pool where to swap
    /// @param zeroForOne true sells token0
    /// @param amountSpecified in if positive, out if negative, as the pool reads it
    /// @param sqrtPriceLimitX96 where the swap stops
    struct Order {
        IUniswapV3Pool pool;
        bool zeroForOne;
        int256 amountSpecified;
        uint160 sqrtPriceLimitX96;
    }

    /// @param skipped true if the pool's price was at or past the order's limit already, so that nothing was swapped
    /// @param amount0 what the pool's balance of token0 gained; negative if it paid
    /// @param amount1 likewise of token1
    struct Fill {
        bool skipped;
        int256 amount0;
        int256 amount1;
    }

    /// @notice What the market needs to know of a pool to plan its next swaps.
    struct PoolState {
        uint160 sqrtPriceX96;
        int24 tick;
        uint128 liquidity;
        uint256 feeGrowthGlobal0X128;
        uint256 feeGrowthGlobal1X128;
    }

    address public immutable OWNER;

    /// The pool that may call back now; zero outside a swap.
    IUniswapV3Pool private transient paying;

    error NotOwner();
    error UnexpectedCallback(address caller);
    error TransferRefused(address token);

    /// @notice The order at `index` of a batch was not made, see Fill.skipped.
    event Skipped(uint256 indexed index);

    constructor() {
        OWNER = msg.sender;
    }

    /// @notice Makes the orders one after the other; any failure reverts them all.
    /// @return fills one for each order
    function trade(Order[] calldata orders) external returns (Fill[] memory fills) {
        require(msg.sender == OWNER, NotOwner());
        fills = new Fill[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            Order calldata order = orders[i];
            (uint160 price, , , , , , ) = order.pool.slot0();
            if (order.zeroForOne ? price <= order.sqrtPriceLimitX96 : price >= order.sqrtPriceLimitX96) {
                fills[i].skipped = true;
                emit Skipped(i);
                continue;
            }
            paying = order.pool;
            (fills[i].amount0, fills[i].amount1) = order.pool.swap(
                address(this),
                order.zeroForOne,
                order.amountSpecified,
                order.sqrtPriceLimitX96,
                ""
            );
        }
        paying = IUniswapV3Pool(address(0));
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        require(msg.sender == address(paying), UnexpectedCallback(msg.sender));
        (address token, int256 amount) = amount0Delta > 0
            ? (paying.token0(), amount0Delta)
            : (paying.token1(), amount1Delta);
        // The pool asks for exactly one of both tokens, and that amount is positive: the cast keeps its value.
        require(IERC20(token).transfer(msg.sender, uint256(amount)), TransferRefused(token));
    }

    /// @notice The pools as they stand, in one call.
    function poolStates(IUniswapV3Pool[] calldata pools) external view returns (PoolState[] memory states) {
        states = new PoolState[](pools.length);
        for (uint256 i = 0; i < pools.length; ++i) {
            (states[i].sqrtPriceX96, states[i].tick, , , , , ) = pools[i].slot0();
            states[i].liquidity = pools[i].liquidity();
            states[i].feeGrowthGlobal0X128 = pools[i].feeGrowthGlobal0X128();
            states[i].feeGrowthGlobal1X128 = pools[i].feeGrowthGlobal1X128();
        }
    }
}
