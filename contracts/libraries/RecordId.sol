// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Motion} from "../interfaces/IConsortium.sol";
import {
    Claim,
    Firm,
    Lab,
    Order,
    Programme,
    Redemption,
    Release,
    Slice,
    StandIn,
    Terms,
    Voucher
} from "../interfaces/Records.sol";

// EIP-712 hashStruct of every record: the one id that contract, library, URL and log share.

bytes32 constant SLICE_TYPE = keccak256("Slice(uint64 upTo,uint16 bps)");
bytes32 constant PROGRAMME_TYPE = keccak256(
    "Programme(uint24 region,string code,uint24 payer,uint8 paidHome,uint8 paidAcross,uint8 approval,uint8 firstReview,"
    "bool itemised,uint8 minPartners,uint16 holdDays,Slice[] slices,bytes32 policyHash)Slice(uint64 upTo,uint16 bps)"
);
bytes32 constant TERMS_TYPE = keccak256("Terms(bytes32 programme,uint64 face,uint64 denomination,uint40 useBy,uint40 claimBy)");
bytes32 constant VOUCHER_TYPE = keccak256(
    "Voucher(bytes32 programme,uint64 face,uint64 denomination,uint40 useBy,uint40 claimBy,bytes32 firm,bytes32 serial)"
);
bytes32 constant ORDER_TYPE = keccak256(
    "Order(bytes32 voucher,bytes32 lab,bytes32 item,bytes32 project,uint64 amount,uint40 validUntil,uint64 nonce)"
);
bytes32 constant REDEMPTION_TYPE = keccak256(
    "Redemption(bytes32 order,uint8 attempt,uint64 cost,uint64 subsidy,bytes32 agreement,bytes32 invoice,"
    "uint64 invoiceAmount,bytes32 result,uint40 validUntil)"
);
bytes32 constant STAND_IN_TYPE = keccak256("StandIn(bytes32 redemption,bytes32 reason)");
bytes32 constant RELEASE_TYPE = keccak256("Release(bytes32 order,uint8 attempt,uint40 validUntil)");
bytes32 constant CLAIM_TYPE = keccak256(
    "Claim(bytes32 programme,bytes32 voucher,bytes32 order,bytes32 redemption,bytes32 lab,bytes32 firm,"
    "uint64 subsidy,uint64 consumed,address standIn,address endorser)"
);
bytes32 constant LAB_TYPE = keccak256("Lab(uint24 region,bytes32 hostUnit,string code)");
bytes32 constant ITEM_TYPE = keccak256("Item(bytes32 lab,string code)");
bytes32 constant FIRM_TYPE = keccak256("Firm(uint24 region,bytes32 firm)");
bytes32 constant MOTION_TYPE = keccak256(
    "Motion(uint8 kind,uint24 region,address account,address other,bytes32 subject,uint40 expires,uint64 nonce)"
);

library RecordId {
    function id(Programme calldata programme) internal pure returns (bytes32) {
        Slice[] calldata rows = programme.slices;
        bytes32[] memory slices = new bytes32[](rows.length);
        for (uint256 i = 0; i < slices.length; ++i) {
            slices[i] = keccak256(abi.encode(SLICE_TYPE, rows[i]));
        }
        return keccak256(
            abi.encode(
                PROGRAMME_TYPE,
                programme.region,
                keccak256(bytes(programme.code)),
                programme.payer,
                programme.paidHome,
                programme.paidAcross,
                programme.approval,
                programme.firstReview,
                programme.itemised,
                programme.minPartners,
                programme.holdDays,
                keccak256(abi.encodePacked(slices)),
                programme.policyHash
            )
        );
    }

    function id(Terms calldata terms) internal pure returns (bytes32) {
        return _hashWords(TERMS_TYPE, _at(terms), 5);
    }

    function id(Voucher calldata voucher) internal pure returns (bytes32) {
        return _hashWords(VOUCHER_TYPE, _at(voucher), 7);
    }

    function voucherId(Terms calldata terms, bytes32 firm, bytes32 serial) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER_TYPE, terms, firm, serial));
    }

    function id(Order calldata order) internal pure returns (bytes32) {
        return _hashWords(ORDER_TYPE, _at(order), 7);
    }

    function id(Redemption calldata redemption) internal pure returns (bytes32) {
        return _hashWords(REDEMPTION_TYPE, _at(redemption), 9);
    }

    function id(StandIn memory standIn) internal pure returns (bytes32) {
        return keccak256(abi.encode(STAND_IN_TYPE, standIn));
    }

    function id(Release calldata release) internal pure returns (bytes32) {
        return _hashWords(RELEASE_TYPE, _at(release), 3);
    }

    function id(Claim calldata claim) internal pure returns (bytes32) {
        return _hashWords(CLAIM_TYPE, _at(claim), 10);
    }

    // The id that a claim has once `endorser`, its last word, has endorsed it.
    function endorsedId(Claim calldata claim, address endorser) internal pure returns (bytes32 hash) {
        bytes32 recordType = CLAIM_TYPE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, recordType)
            calldatacopy(add(free, 0x20), claim, 0x120)
            mstore(add(free, 0x140), shr(96, shl(96, endorser)))
            hash := keccak256(free, 0x160)
        }
    }

    function id(Lab calldata lab) internal pure returns (bytes32) {
        return keccak256(abi.encode(LAB_TYPE, lab.region, lab.hostUnit, keccak256(bytes(lab.code))));
    }

    function itemId(bytes32 lab, string calldata code) internal pure returns (bytes32) {
        return keccak256(abi.encode(ITEM_TYPE, lab, keccak256(bytes(code))));
    }

    function firmId(uint24 region, bytes32 firm) internal pure returns (bytes32 hash) {
        bytes32 recordType = FIRM_TYPE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, recordType)
            mstore(add(free, 0x20), and(region, 0xffffff))
            mstore(add(free, 0x40), firm)
            hash := keccak256(free, 0x60)
        }
    }

    function id(Motion calldata motion) internal pure returns (bytes32) {
        return keccak256(abi.encode(MOTION_TYPE, motion));
    }

    // A record of fixed size stands in calldata word by word as EIP-712 hashes it. A word with dirty high bits gives an id that
    // nobody signed and that holds no state; reading the field reverts besides.
    function _hashWords(bytes32 recordType, uint256 offset, uint256 words) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, recordType)
            calldatacopy(add(free, 0x20), offset, mul(words, 0x20))
            hash := keccak256(free, mul(add(words, 1), 0x20))
        }
    }

    function _at(Terms calldata record) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := record
        }
    }

    function _at(Voucher calldata record) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := record
        }
    }

    function _at(Order calldata record) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := record
        }
    }

    function _at(Redemption calldata record) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := record
        }
    }

    function _at(Claim calldata record) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := record
        }
    }

    function _at(Release calldata record) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := record
        }
    }
}
