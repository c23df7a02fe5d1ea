// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Stands where a voucher registry would, and does what it is told. Not for production.
contract RegistryHarness {
    address public immutable predecessor;

    constructor(address predecessor_) {
        predecessor = predecessor_;
    }

    /// @notice Calls a contract in the registry's name, and hands its answer or refusal on.
    function relay(address target, bytes calldata body) external returns (bytes memory) {
        (bool done, bytes memory answer) = target.call(body);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        return answer;
    }
}
