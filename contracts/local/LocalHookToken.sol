// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {LocalToken} from "./LocalToken.sol";

/// @title LocalHookToken
/// @notice A token that calls somebody while it is being transferred, as ERC-777 does: the door through which reentrancy
///         comes. It makes the calls itself and remembers what came back. For the local chain only.
contract LocalHookToken is LocalToken {
    struct Hook {
        address target;
        bytes data;
    }

    struct Outcome {
        bool ok;
        bytes result;
    }

    Hook[] private hooks;
    Outcome[] private outcomes;
    // While on, every transfer runs all hooks; the hooks' own transfers do not.
    bool private armed;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) LocalToken(name_, symbol_, decimals_) {}

    /// @notice From now on every transfer makes these calls.
    function arm(Hook[] calldata hooks_) external {
        delete hooks;
        delete outcomes;
        for (uint256 i = 0; i < hooks_.length; ++i) hooks.push(hooks_[i]);
        armed = true;
    }

    function disarm() external {
        armed = false;
    }

    /// @notice What the calls returned, in order, over all transfers since `arm`.
    function seen() external view returns (Outcome[] memory) {
        return outcomes;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (!armed) return;
        armed = false;
        for (uint256 i = 0; i < hooks.length; ++i) {
            // Any call, and its failure kept, is what a test wants to see.
            // solhint-disable-next-line avoid-low-level-calls
            (bool ok, bytes memory result) = hooks[i].target.call(hooks[i].data);
            outcomes.push(Outcome(ok, result));
        }
        armed = true;
    }
}
