// SPDX-License-Identifier: GPL-2.0-or-later
// Exactly the compiler that Morpho's source demands; hardhat.config.ts gives this file its authors' settings.
// solhint-disable-next-line compiler-version
pragma solidity 0.8.19;

import {Morpho} from "@morpho-org/morpho-blue/src/Morpho.sol";

/// @title LocalMorpho
/// @notice Morpho Blue, whose package ships its source and no bytecode. For the local chain only. Nothing is added: the code is
///         to the byte what the package's own contract compiles to.
contract LocalMorpho is Morpho {
    constructor(address owner_) Morpho(owner_) {}
}
