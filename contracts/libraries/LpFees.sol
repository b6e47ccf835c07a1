// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

/// @title LpFees
/// @notice Entry and exit fees, and the shares that stand for them.
///
/// WHERE THEY GO. To the LPs who stay. A fee is not credited at once, or whoever pays it and owns most of the vault would get
/// most of it back (a holder of 99 % would pay 2.4 of 50 bps): it is kept as shares of the vault itself, which are burned
/// evenly over seven days, so that every other share grows.
///
/// HOW THEY CHANGE. A keeper moves them inside governed caps. A fall holds at once, a rise after a day, so that nobody can
/// be charged more than he could have read a day before.
library LpFees {
    uint256 internal constant UNLOCK = 7 days;
    uint256 internal constant NOTICE = 1 days;
    uint256 private constant BPS = 10_000;

    /// @notice One word.
    /// @param locked fee shares that are still to be burned, as of `since`
    /// @param until when the last of them is burned
    /// @param nextAt when nextEntryBps and nextExitBps take over; 0 if nothing is announced
    struct Book {
        uint96 locked;
        uint32 since;
        uint32 until;
        uint8 entryBps;
        uint8 exitBps;
        uint8 nextEntryBps;
        uint8 nextExitBps;
        uint32 nextAt;
    }

    /// @notice The fees in force now.
    function current(Book memory book) internal view returns (uint8 entryBps, uint8 exitBps) {
        if (book.nextAt != 0 && block.timestamp >= book.nextAt) return (book.nextEntryBps, book.nextExitBps);
        return (book.entryBps, book.exitBps);
    }

    /// @notice Moves both fees: what falls now, what rises after the notice. An announcement not yet in force is replaced.
    function set(Book memory book, uint8 entryBps, uint8 exitBps) internal view {
        (book.entryBps, book.exitBps) = current(book);
        if (entryBps < book.entryBps) book.entryBps = entryBps;
        if (exitBps < book.exitBps) book.exitBps = exitBps;
        book.nextEntryBps = entryBps;
        book.nextExitBps = exitBps;
        bool rises = entryBps > book.entryBps || exitBps > book.exitBps;
        book.nextAt = rises ? uint32(block.timestamp + NOTICE) : 0; // 32 bits last until 2106
    }

    /// @notice Brings both fees, and those announced, down to caps.
    function clamp(Book memory book, uint8 maxEntryBps, uint8 maxExitBps) internal view {
        (book.entryBps, book.exitBps) = current(book);
        bool announced = block.timestamp < book.nextAt;
        if (!announced) (book.nextEntryBps, book.nextExitBps, book.nextAt) = (book.entryBps, book.exitBps, 0);
        if (book.entryBps > maxEntryBps) book.entryBps = maxEntryBps;
        if (book.exitBps > maxExitBps) book.exitBps = maxExitBps;
        if (book.nextEntryBps > maxEntryBps) book.nextEntryBps = maxEntryBps;
        if (book.nextExitBps > maxExitBps) book.nextExitBps = maxExitBps;
        if (book.nextEntryBps == book.entryBps && book.nextExitBps == book.exitBps) book.nextAt = 0;
    }

    /// @notice Fee on so many shares, rounded up: in favour of those who stay.
    function feeOn(uint256 shares, uint256 bps) internal pure returns (uint256) {
        return (shares * bps + BPS - 1) / BPS;
    }

    /// @notice So much of a fee as the book has room for: a full one takes less and stops nobody.
    function fit(Book memory book, uint256 shares) internal pure returns (uint256) {
        uint256 room = type(uint96).max - book.locked;
        return shares < room ? shares : room;
    }

    /// @notice Takes what has come free since the last call out of the book; rounded down. @return freed shares to burn
    function free(Book memory book) internal view returns (uint256 freed) {
        if (book.locked == 0) return 0;
        if (block.timestamp >= book.until) {
            freed = book.locked;
        } else {
            freed = (uint256(book.locked) * (block.timestamp - book.since)) / (book.until - book.since);
        }
        book.locked -= uint96(freed); // at most what is locked
        book.since = uint32(block.timestamp);
    }

    /// @notice Locks new fee shares. All locked shares then come free by the mean of their remaining times, by amount. Rounded
    ///         down: since no new share has less time than the old ones, dust can then neither lengthen nor shorten it.
    /// @param shares not zero, and no more than fit (see `fit`)
    function lock(Book memory book, uint256 shares) internal view {
        uint256 remaining = book.until > block.timestamp ? book.until - block.timestamp : 0;
        uint256 sum = uint256(book.locked) + shares;
        uint256 mean = (uint256(book.locked) * remaining + shares * UNLOCK) / sum;
        book.locked = uint96(sum); // fits, by the caller's word
        book.since = uint32(block.timestamp);
        book.until = uint32(block.timestamp + mean);
    }
}
