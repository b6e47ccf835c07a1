// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {IUniswapV3MintCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3MintCallback.sol";
import {IUniswapV3SwapCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3SwapCallback.sol";

/// @title LocalCaller
/// @notice Makes any calls, many in one transaction, and pays pools from its own balance: an attacker's contract, a trader,
///         a liquidity provider, whatever a test needs. It pays whoever asks. For the local chain only.
contract LocalCaller is IUniswapV3MintCallback, IUniswapV3SwapCallback {
    struct Call {
        address target;
        bytes data;
    }

    error NotPaid();

    /// @notice Makes the calls one after the other; the first failure reverts them all with its reason.
    function run(Call[] calldata calls) external returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            // Any call is this contract's purpose.
            // solhint-disable-next-line avoid-low-level-calls
            (bool ok, bytes memory result) = calls[i].target.call(calls[i].data);
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
            results[i] = result;
        }
    }

    function uniswapV3MintCallback(uint256 amount0Owed, uint256 amount1Owed, bytes calldata) external {
        pay(amount0Owed, amount1Owed);
    }

    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        // Casts: positive where used.
        pay(amount0Delta > 0 ? uint256(amount0Delta) : 0, amount1Delta > 0 ? uint256(amount1Delta) : 0);
    }

    function pay(uint256 amount0, uint256 amount1) private {
        IUniswapV3Pool pool = IUniswapV3Pool(msg.sender);
        if (amount0 != 0) require(IERC20(pool.token0()).transfer(msg.sender, amount0), NotPaid());
        if (amount1 != 0) require(IERC20(pool.token1()).transfer(msg.sender, amount1), NotPaid());
    }
}
