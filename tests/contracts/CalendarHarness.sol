// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Calendar} from "../../contracts/libraries/Calendar.sol";

/// @notice Answers what months times are in. Not for production.
contract CalendarHarness {
    function monthsOf(uint256[] calldata times) external pure returns (uint24[] memory months) {
        months = new uint24[](times.length);
        for (uint256 i = 0; i < times.length; ++i) {
            months[i] = Calendar.monthOf(times[i]);
        }
    }
}
