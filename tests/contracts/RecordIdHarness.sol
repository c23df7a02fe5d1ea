// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Motion} from "../../contracts/interfaces/IConsortium.sol";
import {
    Claim,
    Firm,
    Item,
    Lab,
    Order,
    Programme,
    Redemption,
    Release,
    Signature,
    StandIn,
    Terms,
    Voucher
} from "../../contracts/interfaces/Records.sol";
import {RecordId} from "../../contracts/libraries/RecordId.sol";

/// @notice Shows to a test the ids that `RecordId` makes, and the signers that VoucherRegistry would see. Not for production.
contract RecordIdHarness is EIP712 {
    constructor() EIP712("Tongquan", "1") {}

    function idOf(Programme calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(Terms calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(Voucher calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(Order calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(Redemption calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(StandIn calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(Release calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(Claim calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(Lab calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    function idOf(Item calldata record) external pure returns (bytes32) {
        return RecordId.itemId(record.lab, record.code);
    }

    function idOf(Firm calldata record) external pure returns (bytes32) {
        return RecordId.firmId(record.region, record.firm);
    }

    function idOf(Motion calldata record) external pure returns (bytes32) {
        return RecordId.id(record);
    }

    /// @notice The voucher that `issue` makes.
    function voucherId(Terms calldata terms, bytes32 firm, bytes32 serial) external pure returns (bytes32) {
        return RecordId.voucherId(terms, firm, serial);
    }

    /// @notice What is signed on this chain for this contract.
    function digestOf(bytes32 recordId) external view returns (bytes32) {
        return _hashTypedDataV4(recordId);
    }

    /// @notice The signer as VoucherRegistry recovers it; 0 if it is nobody's.
    function signerOf(bytes32 digest, Signature calldata signature) external pure returns (address signer) {
        (signer,,) = ECDSA.tryRecover(digest, signature.r, signature.vs);
    }

    /// @notice What the contracts name a partnership.
    function jointId(bytes32 programme, bytes32 project, bytes32 lab) external pure returns (bytes32) {
        return keccak256(abi.encode(programme, project, lab));
    }

    /// @notice What the contracts name a month's closing.
    function closingId(uint24 home, uint24 host, uint24 month) external pure returns (bytes32) {
        return keccak256(abi.encode(home, host, month));
    }
}
