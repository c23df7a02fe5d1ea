// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// A contract's call to itself in the sender's name, as `address(this).delegatecall` makes it but that its copy of the calldata
// stays in no memory: memory only grows, and would make every further call of a batch dearer.
library OwnCall {
    function perform(bytes calldata input) internal returns (bool done) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, input.offset, input.length)
            done := delegatecall(gas(), address(), free, input.length, 0, 0)
        }
    }

    // What the last call came back with.
    function reason() internal pure returns (bytes memory returned) {
        assembly ("memory-safe") {
            returned := mload(0x40)
            mstore(0x40, add(returned, and(add(returndatasize(), 0x3f), not(0x1f))))
            mstore(returned, returndatasize())
            returndatacopy(add(returned, 0x20), 0, returndatasize())
        }
    }
}
