// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

// The part of Aave v3 that a lending sleeve needs, written from the signatures of the deployed contracts.
//
// UNITS
// amount        wei of the underlying token
// scaled        wei of the underlying token divided by the reserve's index of that side: it changes only with a payment
// ray           1e27 = 1; indices, and rates per year of 31,536,000 seconds
// base currency USD with 8 decimals on every large market (`BASE_CURRENCY_UNIT` says so)
// bps           10,000 = 1
//
// ROUNDING
// Aave 3.0 to 3.4 rounds half up in both directions: rayMul(a, b) = (a * b + RAY/2) / RAY, rayDiv(a, b) = (a * RAY + b/2) / b.
// With an index i >= 1 ray a scaled balance is off by at most half a unit, which is i/2 rays of a wei: less than a wei while
// i < 2. Nobody's favour, then: a supply of x may be a claim on x - 1, x or x + 1, a loan of x a debt of x - 1, x or x + 1.
// From 3.5 on every conversion is rounded against the user: the claim is x or x - 1, the debt x or x + 1.
// What holds in both: withdrawing everything (amount = MAX) leaves a scaled balance of 0, and repaying everything
// (amount = MAX) leaves a scaled debt of 0, because the amount is worked out from the scaled balance at the index of that
// block. Anything short of it may leave a wei, or may clear the balance and leave its flag (see `repay`).
//
// ERRORS
// Up to 3.3 they are Error(string) with a number ("29" = paused), later custom errors: a sleeve must not read them.

/// @notice A reserve as `getReserveData` gives it. The layout is that of 3.0; later versions keep it under the name
///         `ReserveDataLegacy`, with zeros in the members that they no longer use.
struct AaveReserve {
    /// Bit map, see `AaveReserveBits`.
    uint256 configuration;
    /// Ray; of `lastUpdateTimestamp`, not of now: `getReserveNormalizedIncome` is of now.
    uint128 liquidityIndex;
    /// Ray per year, simple between two updates.
    uint128 currentLiquidityRate;
    /// Ray; of `lastUpdateTimestamp`, not of now: `getReserveNormalizedVariableDebt` is of now.
    uint128 variableBorrowIndex;
    /// Ray per year, compounded per second by three terms of the binomial series: the current variable borrow rate. It was set
    /// by the last payment into or out of the reserve and holds until the next.
    uint128 currentVariableBorrowRate;
    uint128 currentStableBorrowRate;
    uint40 lastUpdateTimestamp;
    uint16 id;
    address aTokenAddress;
    address stableDebtTokenAddress;
    address variableDebtTokenAddress;
    address interestRateStrategyAddress;
    /// Scaled; aTokens that the treasury may still mint, a claim on the reserve like any other.
    uint128 accruedToTreasury;
    uint128 unbacked;
    uint128 isolationModeTotalDebt;
}

/// @title IAavePool
/// @notice The market: one address per network, behind a proxy that Aave's governance upgrades.
interface IAavePool {
    function ADDRESSES_PROVIDER() external view returns (IAaveAddressesProvider);

    /// @notice Pays `amount` from the caller into the reserve and mints aTokens to `onBehalfOf`: scaled + rayDiv(amount, index).
    ///         The claim may be a wei more or less than what was paid. The first supply of an asset with an LTV switches it on
    ///         as collateral, which nobody has to ask for and which anybody can cause for anybody: every such gift makes each
    ///         later withdrawal of an account in debt some 27,000 gas dearer, see `setUserUseReserveAsCollateral`.
    /// @dev Takes exactly `amount` of allowance. Reverts if the amount is 0 or rounds to a scaled 0, or the reserve is paused,
    ///      frozen, inactive or at its supply cap. Never reads a price.
    /// @param referralCode 0
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;

    /// @notice Burns aTokens of the caller, scaled - rayDiv(amount, index), and pays exactly `amount` to `to`.
    /// @dev amount = MAX is rayMul(scaled, index) and leaves nothing. A smaller amount within a wei of it may burn all of the
    ///      scaled balance and leave the collateral flag on: harmless. Reverts if the amount is 0 or more than the balance, the
    ///      reserve is paused or inactive, the reserve's cash is less than the amount, and, while the caller has any debt and
    ///      this asset is collateral, if the health factor would be under 1, another collateral of the caller has LTV 0 and
    ///      this one has not, or a price cannot be read. It works while frozen. Without debt it reads no price.
    /// @return withdrawn what was paid out
    function withdraw(address asset, uint256 amount, address to) external returns (uint256 withdrawn);

    /// @notice Pays exactly `amount` to the caller and mints debt to `onBehalfOf`: scaled + rayDiv(amount, index). The debt may
    ///         be a wei more or less than what was paid out.
    /// @dev Reverts if the reserve is paused, frozen, inactive, not open for borrowing, at its cap or short of cash; if the
    ///      price sentinel of a rollup is closed; if the health factor is at or under 1; if (debt + amount) / LTV is more than
    ///      the collateral, both of them rounded down to base currency.
    /// @param interestRateMode 2, variable: the only one that every version has
    /// @param onBehalfOf the caller; another needs that account's credit delegation
    function borrow(
        address asset,
        uint256 amount,
        uint256 interestRateMode,
        uint16 referralCode,
        address onBehalfOf
    ) external;

    /// @notice Takes min(amount, debt) from the caller and burns that much debt of `onBehalfOf`, scaled - rayDiv(amount, index).
    /// @dev amount = MAX is the caller's own whole debt at this block's index, to the wei, and leaves a scaled debt of 0 and no
    ///      borrowing flag; it needs an allowance and a balance of that amount, so ask for the debt in the same transaction. A
    ///      sum a wei short of the debt may burn all of the scaled debt in the caller's favour and leave the flag: then the
    ///      health factor is still MAX, but each withdrawal goes on reading prices until a new loan was repaid in full.
    ///      Reverts if the amount is 0 or rounds to a scaled 0, there is no debt, or the reserve is paused or inactive. It works
    ///      while frozen, while the reserve has no cash, at any health factor, and reads no price.
    /// @return repaid what was taken
    function repay(
        address asset,
        uint256 amount,
        uint256 interestRateMode,
        address onBehalfOf
    ) external returns (uint256 repaid);

    /// @notice Switches the caller's supply of an asset on or off as collateral. A sleeve needs it for one thing: to switch off
    ///         what a stranger supplied on its behalf (see `supply`).
    /// @dev Off: the same checks as a withdrawal of all of it. Reverts if the balance is 0 or the reserve is paused.
    function setUserUseReserveAsCollateral(address asset, bool useAsCollateral) external;

    /// @notice An account across all reserves, at the indices of now. Each collateral and each debt is rounded down to base
    ///         currency, so at 8 decimals of USD a loan under 1e-8 USD counts nothing.
    /// @dev Reverts if any price of an asset that the account uses cannot be read.
    /// @return totalCollateralBase base currency; what is switched on as collateral only
    /// @return totalDebtBase base currency
    /// @return availableBorrowsBase base currency; collateral * ltv - debt, 0 if negative
    /// @return currentLiquidationThreshold bps, weighted by value, rounded down
    /// @return ltv bps, weighted by value, rounded down
    /// @return healthFactor 1e18 = 1, half up; collateral * threshold / debt, MAX without debt. Liquidation begins under 1
    function getUserAccountData(
        address user
    )
        external
        view
        returns (
            uint256 totalCollateralBase,
            uint256 totalDebtBase,
            uint256 availableBorrowsBase,
            uint256 currentLiquidationThreshold,
            uint256 ltv,
            uint256 healthFactor
        );

    /// @notice Index of the supply side now, ray: amount = rayMul(scaledBalanceOf, index).
    function getReserveNormalizedIncome(address asset) external view returns (uint256 index);

    /// @notice Index of the variable debt now, ray: debt = rayMul(scaledBalanceOf, index). What `repay` would take this block.
    function getReserveNormalizedVariableDebt(address asset) external view returns (uint256 index);

    /// @notice Everything of a reserve but the amounts; all zero if the asset is not listed.
    function getReserveData(address asset) external view returns (AaveReserve memory reserve);

    /// @notice The bit map alone, see `AaveReserveBits`.
    function getConfiguration(address asset) external view returns (uint256 configuration);

    /// @notice An account's flags, two bits for each reserve: bit 2 * id is set while it borrows the reserve's asset, bit
    ///         2 * id + 1 while its supply of it is collateral.
    function getUserConfiguration(address user) external view returns (uint256 map);

    /// @notice The asset of a reserve by its id, nobody if there is none.
    function getReserveAddressById(uint16 id) external view returns (address asset);

    /// @notice The caller becomes a liquidator: pays at most `debtToCover` of `user`'s debt and takes collateral of that value
    ///         plus the bonus. At most half of the debt while the health factor is over 0.95, all of it below.
    /// @dev Reverts at a health factor of 1 or more, if either reserve is paused, or if the collateral's reserve lacks the cash
    ///      and `receiveAToken` is false. It works while frozen.
    function liquidationCall(
        address collateralAsset,
        address debtAsset,
        address user,
        uint256 debtToCover,
        bool receiveAToken
    ) external;
}

/// @title IAaveAddressesProvider
/// @notice Where a market's parts are; Aave's governance can change each of them, so they are asked for and not remembered.
interface IAaveAddressesProvider {
    function getPool() external view returns (address);

    function getPriceOracle() external view returns (IAaveOracle);
}

/// @title IAaveOracle
/// @notice The market's prices, Chainlink's latest answers without their age: not Strata's oracle, and not to be used for NAV.
///         It says when the market would liquidate, and nothing else.
interface IAaveOracle {
    /// @notice Base currency per whole token. Reverts if the source does, or if it answers 0 or less and there is no fallback.
    function getAssetPrice(address asset) external view returns (uint256 price);

    function BASE_CURRENCY_UNIT() external view returns (uint256);
}

/// @title IAaveScaledToken
/// @notice What an aToken and a variable debt token have in common.
interface IAaveScaledToken {
    /// @notice Scaled units; changes by a payment, a transfer or a liquidation and never by time. Anybody can raise an
    ///         aToken's by a gift, so a sleeve counts its own book and not this.
    function scaledBalanceOf(address user) external view returns (uint256 scaled);

    /// @notice rayMul(scaledBalanceOf, index of now).
    function balanceOf(address user) external view returns (uint256 amount);

    function scaledTotalSupply() external view returns (uint256 scaled);

    function UNDERLYING_ASSET_ADDRESS() external view returns (address);
}

/// @title IAaveToken
/// @notice An aToken; it also holds the reserve's cash: what `withdraw` and `borrow` can pay is the underlying's balance of it.
interface IAaveToken is IAaveScaledToken {
    /// @notice Hands over a claim without cash: moves rayDiv(amount, index) scaled units. A leaver can be given these when the
    ///         reserve has no cash. Both sides may be a wei off.
    /// @dev Same checks as a withdrawal of the amount, except for cash. The receiver's supply becomes collateral if it is his
    ///      first of the asset.
    function transfer(address to, uint256 amount) external returns (bool);
}

/// @title AaveReserveBits
/// @notice Reads a reserve's bit map. Fields that we do not read are left out.
library AaveReserveBits {
    uint256 private constant BPS_MASK = 0xFFFF;

    /// @return bps most that may be borrowed on the asset's value; 0 = cannot be borrowed on
    function ltv(uint256 configuration) internal pure returns (uint256 bps) {
        return configuration & BPS_MASK;
    }

    /// @return bps part of the asset's value that counts in the health factor
    function liquidationThreshold(uint256 configuration) internal pure returns (uint256 bps) {
        return (configuration >> 16) & BPS_MASK;
    }

    /// @return bps value that a liquidator takes per value repaid, for example 10,500
    function liquidationBonus(uint256 configuration) internal pure returns (uint256 bps) {
        return (configuration >> 32) & BPS_MASK;
    }

    /// @return whether supplies and loans are possible as far as the reserve's flags say; caps and cash come on top
    function isOpen(uint256 configuration) internal pure returns (bool) {
        return isActive(configuration) && !isFrozen(configuration) && !isPaused(configuration);
    }

    function isActive(uint256 configuration) internal pure returns (bool) {
        return bit(configuration, 56);
    }

    /// @return no supply and no loan, everything else works
    function isFrozen(uint256 configuration) internal pure returns (bool) {
        return bit(configuration, 57);
    }

    function isBorrowingEnabled(uint256 configuration) internal pure returns (bool) {
        return bit(configuration, 58);
    }

    /// @return nothing works, not even a repayment or a liquidation
    function isPaused(uint256 configuration) internal pure returns (bool) {
        return bit(configuration, 60);
    }

    function bit(uint256 configuration, uint256 position) private pure returns (bool) {
        return (configuration >> position) & 1 == 1;
    }
}
