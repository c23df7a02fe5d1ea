// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Months of the civil calendar in UTC+8, from days counted in eras of 400 years that begin with March
// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
library Calendar {
    uint256 private constant UTC_PLUS_8 = 8 hours;
    uint256 private constant DAYS_TO_1970 = 719_468; // since 1 March of the year 0
    uint256 private constant DAYS_AN_ERA = 146_097;

    // Year × 100 + month.
    function monthOf(uint256 time) internal pure returns (uint24) {
        uint256 day = (time + UTC_PLUS_8) / 1 days + DAYS_TO_1970;
        uint256 dayOfEra = day % DAYS_AN_ERA;
        uint256 yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        uint256 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        uint256 monthFromMarch = (5 * dayOfYear + 2) / 153;
        uint256 year = day / DAYS_AN_ERA * 400 + yearOfEra;

        return uint24(monthFromMarch < 10 ? year * 100 + monthFromMarch + 3 : (year + 1) * 100 + monthFromMarch - 9);
    }
}
