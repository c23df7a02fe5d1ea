// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Stage} from "../interfaces/Records.sol";

// An order's state in the one word that it is stored in, so that a step reads it, changes it and writes it without memory. The
// layout is the compiler's own for `OrderState` (first field in the low bits), so getters and storage layout stay true: stage 8,
// attempt 8, amount 64, deadline 40, evidence 136.
type OrderWord is uint256;

using OrderFields for OrderWord global;

library OrderFields {
    function stage(OrderWord order) internal pure returns (Stage) {
        return Stage(uint8(OrderWord.unwrap(order)));
    }

    function attempt(OrderWord order) internal pure returns (uint8) {
        return uint8(OrderWord.unwrap(order) >> 8);
    }

    function amount(OrderWord order) internal pure returns (uint64) {
        return uint64(OrderWord.unwrap(order) >> 16);
    }

    function deadline(OrderWord order) internal pure returns (uint40) {
        return uint40(OrderWord.unwrap(order) >> 80);
    }

    function evidence(OrderWord order) internal pure returns (bytes17) {
        return bytes17(uint136(OrderWord.unwrap(order) >> 120));
    }

    function withStage(OrderWord order, Stage value) internal pure returns (OrderWord) {
        return _with(order, uint256(value), 0, type(uint8).max);
    }

    function withAttempt(OrderWord order, uint8 value) internal pure returns (OrderWord) {
        return _with(order, value, 8, type(uint8).max);
    }

    function withAmount(OrderWord order, uint64 value) internal pure returns (OrderWord) {
        return _with(order, value, 16, type(uint64).max);
    }

    function withDeadline(OrderWord order, uint40 value) internal pure returns (OrderWord) {
        return _with(order, value, 80, type(uint40).max);
    }

    // A record's id, cut to the evidence that an order keeps of it; 0 for none.
    function withEvidence(OrderWord order, bytes32 value) internal pure returns (OrderWord) {
        return _with(order, uint136(bytes17(value)), 120, type(uint136).max);
    }

    function _with(OrderWord order, uint256 value, uint256 shift, uint256 mask) private pure returns (OrderWord) {
        return OrderWord.wrap(OrderWord.unwrap(order) & ~(mask << shift) | value << shift);
    }
}
