// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProgrammeState} from "../interfaces/IProgrammes.sol";
import {Approval, FirstReview, Paid, Programme} from "../interfaces/Records.sol";

// A programme's rule in one word, so that the registry's every step fetches it in one cheap answer. From the low bits up:
// region 24, payer 24, paidHome 8, paidAcross 8, approval 8, firstReview 8, itemised 8, minPartners 8, holdDays 16, flat 8,
// flatBps 16. Zero means: never opened.
type Rules is uint256;

using RulesWord for Rules global;

library RulesWord {
    function pack(Programme calldata programme, bool isFlat, uint16 firstBps) internal pure returns (Rules) {
        uint256 word = firstBps;
        word = word << 8 | (isFlat ? 1 : 0);
        word = word << 16 | programme.holdDays;
        word = word << 8 | programme.minPartners;
        word = word << 8 | (programme.itemised ? 1 : 0);
        word = word << 8 | uint256(programme.firstReview);
        word = word << 8 | uint256(programme.approval);
        word = word << 8 | uint256(programme.paidAcross);
        word = word << 8 | uint256(programme.paidHome);
        word = word << 24 | programme.payer;
        word = word << 24 | programme.region;
        return Rules.wrap(word);
    }

    function unpack(Rules rules) internal pure returns (ProgrammeState memory state) {
        state.region = region(rules);
        state.payer = payer(rules);
        state.paidHome = paidHome(rules);
        state.paidAcross = paidAcross(rules);
        state.approval = approval(rules);
        state.firstReview = firstReview(rules);
        state.itemised = itemised(rules);
        state.minPartners = minPartners(rules);
        state.holdDays = holdDays(rules);
        state.flat = flat(rules);
        state.flatBps = flatBps(rules);
    }

    function region(Rules rules) internal pure returns (uint24) {
        return uint24(Rules.unwrap(rules));
    }

    function payer(Rules rules) internal pure returns (uint24) {
        return uint24(Rules.unwrap(rules) >> 24);
    }

    function paidHome(Rules rules) internal pure returns (Paid) {
        return Paid(uint8(Rules.unwrap(rules) >> 48));
    }

    function paidAcross(Rules rules) internal pure returns (Paid) {
        return Paid(uint8(Rules.unwrap(rules) >> 56));
    }

    function approval(Rules rules) internal pure returns (Approval) {
        return Approval(uint8(Rules.unwrap(rules) >> 64));
    }

    function firstReview(Rules rules) internal pure returns (FirstReview) {
        return FirstReview(uint8(Rules.unwrap(rules) >> 72));
    }

    function itemised(Rules rules) internal pure returns (bool) {
        return uint8(Rules.unwrap(rules) >> 80) != 0;
    }

    function minPartners(Rules rules) internal pure returns (uint8) {
        return uint8(Rules.unwrap(rules) >> 88);
    }

    function holdDays(Rules rules) internal pure returns (uint16) {
        return uint16(Rules.unwrap(rules) >> 96);
    }

    function flat(Rules rules) internal pure returns (bool) {
        return uint8(Rules.unwrap(rules) >> 112) != 0;
    }

    function flatBps(Rules rules) internal pure returns (uint16) {
        return uint16(Rules.unwrap(rules) >> 120);
    }
}
