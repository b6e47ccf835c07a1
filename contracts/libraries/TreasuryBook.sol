// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

/// @title TreasuryBook
/// @notice The treasury's part of the swap fees that the vault has collected. It stays in the vault until it is claimed and is
///         nobody else's.
library TreasuryBook {
    uint256 private constant BPS = 10_000;

    /// @notice One word.
    /// @param amount0 booked and not yet claimed, wei
    /// @param amount1 likewise
    /// @param shareBps the part that is in force; the policy's is adopted by Vault.syncTreasuryShare, after what was earned
    ///        before has been booked at the old one
    struct Book {
        uint120 amount0;
        uint120 amount1;
        uint16 shareBps;
    }

    /// @notice The treasury's part of pending or collected fees; rounded down, in favour of LPs.
    function part(Book memory book, uint256 fees) internal pure returns (uint256) {
        return (fees * book.shareBps) / BPS;
    }

    /// @notice Books the treasury's part of collected fees. @return part0 @return part1 what was booked
    function add(Book memory book, uint256 fees0, uint256 fees1) internal pure returns (uint256 part0, uint256 part1) {
        if (book.shareBps == 0) return (0, 0);
        part0 = _room(book.amount0, part(book, fees0));
        part1 = _room(book.amount1, part(book, fees1));
        // Casts: cut to what the fields have room for.
        book.amount0 += uint120(part0);
        book.amount1 += uint120(part1);
    }

    /// @dev A full field never stops an exit: what no longer fits is the LPs'.
    function _room(uint256 booked, uint256 more) private pure returns (uint256) {
        uint256 room = type(uint120).max - booked;
        return more < room ? more : room;
    }
}
