// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {IUniswapV3FlashCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3FlashCallback.sol";
import {IUniswapV3MintCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3MintCallback.sol";
import {IUniswapV3SwapCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3SwapCallback.sol";

/// @title LocalPoolDriver
/// @notice Makes many calls of one pool in one transaction, whether they revert or not, and tells after each what came back and
///         how the pool stands. It pays whoever asks, and more or less than that if told so. For the local chain only.
contract LocalPoolDriver is IUniswapV3MintCallback, IUniswapV3SwapCallback, IUniswapV3FlashCallback {
    /// @param state sqrt price, tick, observation index, cardinality, next cardinality, fee protocol, liquidity, fee growth of
    ///        token0 and token1, protocol fees of token0 and token1
    /// @param ok false if the call reverted; then `result` is the revert's data
    event Done(uint256[11] state, bool ok, bytes result);

    error NotPaid();

    /// @notice Makes the calls one after the other. A callback's data are two int256, what is paid of token0 and token1 beyond
    ///         what the pool asks for, or nothing.
    function run(IUniswapV3Pool pool, bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            // Any call is this contract's purpose.
            // solhint-disable-next-line avoid-low-level-calls
            (bool ok, bytes memory result) = address(pool).call(calls[i]);
            emit Done(look(pool), ok, result);
        }
    }

    /// @notice What a pool answers to many questions, in one call.
    function read(address pool, bytes[] calldata calls) external view returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            bool ok;
            // solhint-disable-next-line avoid-low-level-calls
            (ok, results[i]) = pool.staticcall(calls[i]);
            require(ok, "a question that the pool does not answer");
        }
    }

    function uniswapV3MintCallback(uint256 amount0Owed, uint256 amount1Owed, bytes calldata data) external {
        pay(amount0Owed, amount1Owed, data);
    }

    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external {
        // Casts: positive where used.
        pay(amount0Delta > 0 ? uint256(amount0Delta) : 0, amount1Delta > 0 ? uint256(amount1Delta) : 0, data);
    }

    function uniswapV3FlashCallback(uint256 fee0, uint256 fee1, bytes calldata data) external {
        pay(fee0, fee1, data);
    }

    function pay(uint256 amount0, uint256 amount1, bytes calldata data) private {
        (int256 more0, int256 more1) = data.length == 0 ? (int256(0), int256(0)) : abi.decode(data, (int256, int256));
        IUniswapV3Pool pool = IUniswapV3Pool(msg.sender);
        send(pool.token0(), amount0, more0);
        send(pool.token1(), amount1, more1);
    }

    function send(address token, uint256 amount, int256 more) private {
        // Casts: what a pool asks for is far below 2^255.
        int256 total = int256(amount) + more;
        if (total > 0) require(IERC20(token).transfer(msg.sender, uint256(total)), NotPaid());
    }

    function look(IUniswapV3Pool pool) private view returns (uint256[11] memory state) {
        (uint160 price, int24 tick, uint16 index, uint16 size, uint16 next, uint8 feeProtocol, ) = pool.slot0();
        // Casts: the bits as they are, signs extended.
        state[0] = price;
        state[1] = uint256(int256(tick));
        (state[2], state[3], state[4], state[5]) = (index, size, next, feeProtocol);
        state[6] = pool.liquidity();
        state[7] = pool.feeGrowthGlobal0X128();
        state[8] = pool.feeGrowthGlobal1X128();
        (state[9], state[10]) = pool.protocolFees();
    }
}
