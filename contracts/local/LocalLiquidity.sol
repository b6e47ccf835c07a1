// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {IUniswapV3MintCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3MintCallback.sol";

/// @title LocalLiquidity
/// @notice Stands for the other liquidity providers of the local pools and pays from its own balance. For the local chain only.
contract LocalLiquidity is IUniswapV3MintCallback {
    address public immutable OWNER;

    /// The pool that may call back now; zero outside a mint.
    IUniswapV3Pool private transient paying;

    error NotOwner();
    error UnexpectedCallback(address caller);
    error TransferRefused(address token);

    modifier onlyOwner() {
        require(msg.sender == OWNER, NotOwner());
        _;
    }

    constructor() {
        OWNER = msg.sender;
    }

    /// @notice Adds liquidity to a range.
    /// @return amount0 paid, token0 wei; amount1 likewise
    function mint(
        IUniswapV3Pool pool,
        int24 tickLower,
        int24 tickUpper,
        uint128 liquidity
    ) external onlyOwner returns (uint256 amount0, uint256 amount1) {
        paying = pool;
        (amount0, amount1) = pool.mint(address(this), tickLower, tickUpper, liquidity, "");
        paying = IUniswapV3Pool(address(0));
    }

    /// @notice Takes liquidity out of a range, with all that the position is owed, into this contract's balance.
    /// @return amount0 received with fees, token0 wei; amount1 likewise
    function burn(
        IUniswapV3Pool pool,
        int24 tickLower,
        int24 tickUpper,
        uint128 liquidity
    ) external onlyOwner returns (uint256 amount0, uint256 amount1) {
        pool.burn(tickLower, tickUpper, liquidity);
        (amount0, amount1) = pool.collect(address(this), tickLower, tickUpper, type(uint128).max, type(uint128).max);
    }

    /// @inheritdoc IUniswapV3MintCallback
    function uniswapV3MintCallback(uint256 amount0Owed, uint256 amount1Owed, bytes calldata) external {
        require(msg.sender == address(paying), UnexpectedCallback(msg.sender));
        if (amount0Owed > 0) pay(paying.token0(), amount0Owed);
        if (amount1Owed > 0) pay(paying.token1(), amount1Owed);
    }

    function pay(address token, uint256 amount) private {
        require(IERC20(token).transfer(msg.sender, amount), TransferRefused(token));
    }
}
