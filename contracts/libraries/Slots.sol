// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInvoices} from "../interfaces/IInvoices.sol";
import {Pool} from "../interfaces/IProgrammes.sol";
import {Balance, OrderState} from "../interfaces/IVoucherRegistry.sol";
import {BalanceWord} from "./BalanceWord.sol";
import {OrderWord} from "./OrderWord.sol";
import {PoolWord} from "./PoolWord.sol";

// Records that fill one slot, read and written in one go: the compiler touches the slot once for every field. The layout is
// the compiler's own (first field in the low bits), so getters and storage layout stay true.
library Slots {
    function load(OrderState storage slot) internal view returns (OrderWord) {
        return OrderWord.wrap(_read(_of(slot)));
    }

    function store(OrderState storage slot, OrderWord state) internal {
        _write(_of(slot), OrderWord.unwrap(state));
    }

    function load(Balance storage slot) internal view returns (BalanceWord) {
        return BalanceWord.wrap(_read(_of(slot)));
    }

    function store(Balance storage slot, BalanceWord balance) internal {
        _write(_of(slot), BalanceWord.unwrap(balance));
    }

    function load(Pool storage slot) internal view returns (PoolWord) {
        return PoolWord.wrap(_read(_of(slot)));
    }

    function store(Pool storage slot, PoolWord pool) internal {
        _write(_of(slot), PoolWord.unwrap(pool));
    }

    function load(IInvoices.Invoice storage slot) internal view returns (IInvoices.Invoice memory invoice) {
        uint256 word = _read(_of(slot));
        invoice.amount = uint64(word);
        invoice.claimed = uint64(word >> 64);
        invoice.claims = uint32(word >> 128);
        invoice.seller = bytes12(uint96(word >> 160));
    }

    function store(IInvoices.Invoice storage slot, IInvoices.Invoice memory invoice) internal {
        uint256 word = uint96(invoice.seller);
        word = word << 32 | invoice.claims;
        word = word << 64 | invoice.claimed;
        word = word << 64 | invoice.amount;
        _write(_of(slot), word);
    }

    function _of(OrderState storage record) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            slot := record.slot
        }
    }

    function _of(Balance storage record) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            slot := record.slot
        }
    }

    function _of(Pool storage record) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            slot := record.slot
        }
    }

    function _of(IInvoices.Invoice storage record) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            slot := record.slot
        }
    }

    function _read(uint256 slot) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function _write(uint256 slot, uint256 word) private {
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }
}
