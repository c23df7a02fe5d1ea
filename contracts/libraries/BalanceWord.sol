// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// A voucher's notes in the one word that they are stored in, likewise (see OrderWord.sol). From the low bits up: available,
// reserved, redeemed, lapsed, 64 each. Zero means: never issued.
type BalanceWord is uint256;

using BalanceFields for BalanceWord global;

library BalanceFields {
    function pack(uint64 available_, uint64 reserved_, uint64 redeemed_, uint64 lapsed_) internal pure returns (BalanceWord) {
        uint256 word = lapsed_;
        word = word << 64 | redeemed_;
        word = word << 64 | reserved_;
        word = word << 64 | available_;
        return BalanceWord.wrap(word);
    }

    function exists(BalanceWord balance) internal pure returns (bool) {
        return BalanceWord.unwrap(balance) != 0;
    }

    function available(BalanceWord balance) internal pure returns (uint64) {
        return uint64(BalanceWord.unwrap(balance));
    }

    function reserved(BalanceWord balance) internal pure returns (uint64) {
        return uint64(BalanceWord.unwrap(balance) >> 64);
    }

    function redeemed(BalanceWord balance) internal pure returns (uint64) {
        return uint64(BalanceWord.unwrap(balance) >> 128);
    }

    function lapsed(BalanceWord balance) internal pure returns (uint64) {
        return uint64(BalanceWord.unwrap(balance) >> 192);
    }

    // The only moves that there are. Each keeps the sum, and reverts where a part would fall below zero.

    function reserve(BalanceWord b, uint64 amount) internal pure returns (BalanceWord) {
        return pack(b.available() - amount, b.reserved() + amount, b.redeemed(), b.lapsed());
    }

    function giveBack(BalanceWord b, uint64 amount) internal pure returns (BalanceWord) {
        return pack(b.available() + amount, b.reserved() - amount, b.redeemed(), b.lapsed());
    }

    function lapse(BalanceWord b, uint64 amount) internal pure returns (BalanceWord) {
        return pack(b.available(), b.reserved() - amount, b.redeemed(), b.lapsed() + amount);
    }

    function consume(BalanceWord b, uint64 subsidy, uint64 consumed) internal pure returns (BalanceWord) {
        return pack(b.available(), b.reserved() - consumed, b.redeemed() + subsidy, b.lapsed() + (consumed - subsidy));
    }

    function restore(BalanceWord b, uint64 subsidy, uint64 consumed) internal pure returns (BalanceWord) {
        return pack(b.available(), b.reserved() + consumed, b.redeemed() - subsidy, b.lapsed() - (consumed - subsidy));
    }
}
