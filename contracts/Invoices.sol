// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium, Motion, MotionKind} from "./interfaces/IConsortium.sol";
import {IInvoices} from "./interfaces/IInvoices.sol";
import {IVoucherRegistry} from "./interfaces/IVoucherRegistry.sol";
import {Claim, Redemption} from "./interfaces/Records.sol";
import {RecordId} from "./libraries/RecordId.sol";
import {Slots} from "./libraries/Slots.sol";

contract Invoices is IInvoices {
    using RecordId for Motion;
    using Slots for Invoice;

    IConsortium public immutable consortium;

    address public latest;
    mapping(bytes32 invoice => Invoice) public invoices;
    mapping(address registry => RegistryStatus) public registries;
    mapping(address registry => mapping(bytes32 order => bool)) public voided;
    mapping(bytes32 motion => bool) public used;

    constructor(IConsortium consortium_) {
        consortium = consortium_;
    }

    function mayIssue(address registry) external view returns (bool) {
        return registry == latest && registries[registry] == RegistryStatus.Authorised;
    }

    function claim(bytes32 invoice, bytes32 order, uint64 cost, uint64 amount, bytes27 seller) external {
        RegistryStatus status = registries[msg.sender];
        Invoice memory state = invoices[invoice].load();
        bytes12 shortSeller = bytes12(seller);

        if (status != RegistryStatus.Authorised && status != RegistryStatus.Retired) revert MayNotClaim(msg.sender, status);
        if (invoice == 0) revert InvoiceZero();
        if (cost == 0) revert CostZero();
        if (state.claims == 0) {
            state = Invoice({amount: amount, claimed: 0, claims: 0, seller: shortSeller});
        }
        if (state.seller != shortSeller) revert InvoiceSellerDiffers(invoice, state.seller);
        if (state.amount != amount) revert InvoiceAmountDiffers(invoice, state.amount);
        if (cost > amount - state.claimed) revert InvoiceExceeded(invoice, amount, state.claimed, cost);

        state.claimed += cost;
        ++state.claims;
        invoices[invoice].store(state);

        emit Claimed(invoice, msg.sender, order, cost, amount, shortSeller);
    }

    function free(bytes32 invoice, bytes32 order, uint64 cost) external {
        if (registries[msg.sender] == RegistryStatus.None) revert MayNotFree(msg.sender);

        if (voided[msg.sender][order]) return;
        _free(invoice, cost);

        emit Freed(invoice, msg.sender, order, cost);
    }

    function setRegistry(Motion calldata motion) external {
        address registry = motion.account;
        RegistryStatus status = registries[registry];
        bytes32 id = _use(motion);

        if (motion.kind == MotionKind.AuthoriseRegistry) {
            if (status != RegistryStatus.None) revert WrongStatus(registry, status);
            if (IVoucherRegistry(registry).predecessor() != latest) revert NotSuccessor(registry, latest);
            if (registries[latest] == RegistryStatus.Authorised) revert StillAuthorised(latest);
            latest = registry;
            status = RegistryStatus.Authorised;
        } else if (motion.kind == MotionKind.AuthoriseClaimant) {
            if (status != RegistryStatus.None) revert WrongStatus(registry, status);
            status = RegistryStatus.Authorised;
        } else if (motion.kind == MotionKind.RetireRegistry) {
            if (status != RegistryStatus.Authorised) revert WrongStatus(registry, status);
            status = RegistryStatus.Retired;
        } else if (motion.kind == MotionKind.CloseRegistry) {
            if (status != RegistryStatus.Retired) revert WrongStatus(registry, status);
            status = RegistryStatus.Closed;
        } else {
            revert WrongMotion();
        }
        registries[registry] = status;

        emit RegistrySet(registry, id, status);
    }

    function voidClaim(Motion calldata motion, Claim calldata settled, Redemption calldata redemption) external {
        address registry = motion.account;
        _use(motion);

        if (registries[registry] == RegistryStatus.None) revert MayNotFree(registry);
        uint24 region = IVoucherRegistry(registry).requireSettled(settled, redemption);
        if (motion.kind != MotionKind.VoidClaim || motion.subject != settled.order || motion.region != region) revert WrongMotion();
        if (voided[registry][settled.order]) revert ClaimVoided(registry, settled.order);

        voided[registry][settled.order] = true;
        _free(redemption.invoice, redemption.cost);

        emit Voided(redemption.invoice, registry, settled.order, redemption.cost);
    }

    // The last live claim takes amount and seller with it.
    function _free(bytes32 invoice, uint64 cost) private {
        Invoice memory state = invoices[invoice].load();
        if (state.claims == 1) {
            delete invoices[invoice];
            return;
        }
        state.claimed -= cost;
        --state.claims;
        invoices[invoice].store(state);
    }

    function _use(Motion calldata motion) private returns (bytes32 id) {
        id = motion.id();

        if (used[id]) revert MotionUsed(id);
        consortium.requireCarried(motion);

        used[id] = true;
    }
}
