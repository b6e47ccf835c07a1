// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {FullMath} from "@uniswap/v4-core/src/libraries/FullMath.sol";

/// @title Curve
/// @notice A rising line of straight pieces from the origin: amounts that come in instalments, over what they were paid for.
///         Found by bisection, so that its length costs nobody more than a few reads.
library Curve {
    struct Point {
        uint128 x;
        uint128 y;
    }

    /// @dev Adds a piece `dx` wide and `dy` high at the end; none if it has no width.
    function extend(Point[] storage self, uint256 dx, uint256 dy) internal {
        if (dx == 0) return;
        (uint256 x, uint256 y) = end(self);
        self.push(Point(SafeCast.toUint128(x + dx), SafeCast.toUint128(y + dy)));
    }

    function end(Point[] storage self) internal view returns (uint256 x, uint256 y) {
        uint256 length = self.length;
        if (length == 0) return (0, 0);
        Point memory last = self[length - 1];
        return (last.x, last.y);
    }

    /// @return y at `x`, rounded as wanted; behind the end the height of the end
    function at(Point[] storage self, uint256 x, bool roundUp) internal view returns (uint256 y) {
        // The first point at or behind x.
        uint256 from = 0;
        uint256 to = self.length;
        while (from < to) {
            uint256 middle = (from + to) / 2;
            if (self[middle].x < x) from = middle + 1;
            else to = middle;
        }
        Point memory before;
        if (from != 0) before = self[from - 1];
        if (from == self.length) return before.y;
        Point memory next = self[from];
        (uint256 dy, uint256 dx, uint256 width) = (next.y - before.y, x - before.x, next.x - before.x);
        return before.y + (roundUp ? FullMath.mulDivRoundingUp(dy, dx, width) : FullMath.mulDiv(dy, dx, width));
    }
}
