// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Stands in the place of a contract's code while a call only asks, and answers with the words that the contract's
/// storage holds. Not for production: it is never deployed anywhere.
/// Asked for are 32 bytes a slot; the answer is a word for each.
contract SlotReader {
    fallback(bytes calldata slots) external returns (bytes memory words) {
        words = new bytes(slots.length);
        for (uint256 i = 0; i < slots.length; i += 32) {
            uint256 slot = uint256(bytes32(slots[i:i + 32]));
            assembly ("memory-safe") {
                mstore(add(add(words, 32), i), sload(slot))
            }
        }
    }
}
