// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {LocalToken} from "./LocalToken.sol";

/// @title LocalFeeToken
/// @notice A token that keeps a part of each transfer, to show that a vault refuses it. For the local chain only.
contract LocalFeeToken is LocalToken {
    /// Basis points of a transfer that are burned on the way.
    uint256 public immutable FEE_BPS;

    error FeeTooHigh(uint256 feeBps);

    constructor(
        string memory name_,
        string memory symbol_,
        uint8 decimals_,
        uint256 feeBps
    ) LocalToken(name_, symbol_, decimals_) {
        require(feeBps <= 10_000, FeeTooHigh(feeBps));
        FEE_BPS = feeBps;
    }

    function _update(address from, address to, uint256 value) internal override {
        // Mints and burns are whole, as with the tokens of this kind on mainnet.
        if (from == address(0) || to == address(0)) {
            super._update(from, to, value);
            return;
        }
        uint256 fee = (value * FEE_BPS) / 10_000;
        super._update(from, address(0), fee);
        super._update(from, to, value - fee);
    }
}
