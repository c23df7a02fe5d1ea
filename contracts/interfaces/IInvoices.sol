// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Motion} from "./IConsortium.sol";
import {Claim, Redemption} from "./Records.sol";

/// @title Invoices (发票台账): how much of each invoice has been claimed, and who sold it.
/// @notice It outlives registries and may serve other subsidies for the same cost. Σ live cost on an invoice ≤ its amount.
/// An invoice without a live claim is forgotten, so a rejected bogus claim leaves nothing behind.
/// Warning: it does not know whether an invoice exists; that is what reviewers look at.
interface IInvoices {
    /// @notice Authorised: may claim, open and issue. Retired: may claim until its orders have run off. Closed: may only free.
    enum RegistryStatus {
        None,
        Authorised,
        Retired,
        Closed
    }

    /// @param amount Fen on the invoice, tax included, as its first live claim said.
    /// @param claimed Fen of cost under live claims.
    /// @param claims How many claims are live.
    /// @param seller First 12 bytes of the seller's tag.
    struct Invoice {
        uint64 amount;
        uint64 claimed;
        uint32 claims;
        bytes12 seller;
    }

    event Claimed(bytes32 indexed invoice, address indexed registry, bytes32 indexed order, uint64 cost, uint64 amount, bytes12 seller);
    event Freed(bytes32 indexed invoice, address indexed registry, bytes32 indexed order, uint64 cost);
    event Voided(bytes32 indexed invoice, address indexed registry, bytes32 indexed order, uint64 cost);
    event RegistrySet(address indexed registry, bytes32 indexed motion, RegistryStatus status);

    error MayNotClaim(address registry, RegistryStatus status);
    error MayNotFree(address registry);
    error InvoiceZero();
    error CostZero();
    error InvoiceSellerDiffers(bytes32 invoice, bytes12 seller);
    error InvoiceAmountDiffers(bytes32 invoice, uint64 amount);
    error InvoiceExceeded(bytes32 invoice, uint64 amount, uint64 claimed, uint64 cost);
    error WrongMotion();
    error WrongStatus(address registry, RegistryStatus status);
    error MotionUsed(bytes32 motion);
    error ClaimVoided(address registry, bytes32 order);
    error NotSuccessor(address registry, address latest);
    error StillAuthorised(address registry);

    function invoices(bytes32 invoice) external view returns (uint64 amount, uint64 claimed, uint32 claims, bytes12 seller);

    function registries(address registry) external view returns (RegistryStatus);

    /// @notice The voucher registry authorised last: each names the one before it as its predecessor.
    function latest() external view returns (address);

    /// @notice Whether a registry may open programmes and issue vouchers: it is the latest and not retired.
    function mayIssue(address registry) external view returns (bool);

    /// @notice Whether a registry's settled claim for an order was voided, so that freeing it counts nothing back.
    function voided(address registry, bytes32 order) external view returns (bool);

    /// @notice An authorised registry counts `cost` on an invoice. The first live claim fixes amount and seller.
    function claim(bytes32 invoice, bytes32 order, uint64 cost, uint64 amount, bytes27 seller) external;

    /// @notice A registry counts `cost` back; nothing happens if that claim was voided.
    function free(bytes32 invoice, bytes32 order, uint64 cost) external;

    /// @notice Anybody puts a carried AuthoriseRegistry, AuthoriseClaimant, RetireRegistry or CloseRegistry motion into effect.
    /// A registry only moves forward: Authorised, Retired, Closed. A voucher registry is authorised only as the successor of
    /// the latest one, once that is retired; a claimant is a contract of another subsidy for the same cost.
    function setRegistry(Motion calldata motion) external;

    /// @notice Anybody puts a carried VoidClaim motion into effect: the settled claim of one order no longer counts on its
    /// invoice, now or later. The registry proves claim and redemption; the motion's region is the programme's.
    function voidClaim(Motion calldata motion, Claim calldata settled, Redemption calldata redemption) external;

    /// @notice Whether a motion took effect here; each does so once.
    function used(bytes32 motion) external view returns (bool);
}
