// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IDirectory} from "./interfaces/IDirectory.sol";
import {IInvoices} from "./interfaces/IInvoices.sol";
import {IProgrammes} from "./interfaces/IProgrammes.sol";
import {
    Balance, Filing, IVoucherRegistry, OrderState, Partnership, Reservation
} from "./interfaces/IVoucherRegistry.sol";
import {
    Approval,
    Claim,
    FirstReview,
    Order,
    Paid,
    Recipient,
    Redemption,
    Release,
    Role,
    Signature,
    Signatures,
    Stage,
    StandIn,
    Terms,
    Voucher
} from "./interfaces/Records.sol";
import {BalanceFields, BalanceWord} from "./libraries/BalanceWord.sol";
import {OrderWord} from "./libraries/OrderWord.sol";
import {OwnCall} from "./libraries/OwnCall.sol";
import {CLAIM_TYPE, RecordId} from "./libraries/RecordId.sol";
import {Rules} from "./libraries/Rules.sol";
import {Slots} from "./libraries/Slots.sol";

uint40 constant REJECTION_GRACE = 30 days;
uint40 constant RELEASE_GRACE = 30 days;
uint40 constant LONGEST_EXTENSION = 90 days;

// More than any one call of `reserve`, `redeem` or `release` can use, and longer than any of their calldata.
uint256 constant CALL_GAS = 300_000;
uint256 constant CALL_LENGTH = 1_024;

// What the items of an array share with the one before them, and is asked once for as long as they do.
struct Run {
    bytes32 programme;
    Rules rules;
    uint24 reviewed;
}

contract VoucherRegistry is IVoucherRegistry, EIP712 {
    using RecordId for Claim;
    using RecordId for Order;
    using RecordId for Redemption;
    using RecordId for Release;
    using RecordId for StandIn;
    using RecordId for Terms;
    using RecordId for Voucher;
    using Slots for Balance;
    using Slots for OrderState;

    IConsortium public immutable consortium;
    IDirectory public immutable directory;
    IInvoices public immutable invoices;
    IProgrammes public immutable programmes;
    address public immutable predecessor;

    mapping(bytes32 voucher => Balance) public balances;
    mapping(bytes32 order => OrderState) public orders;
    mapping(bytes32 joint => Partnership) public partnerships;
    mapping(bytes32 joint => mapping(bytes32 firm => uint32)) public partnerOrders;

    constructor(
        IConsortium consortium_,
        IDirectory directory_,
        IInvoices invoices_,
        IProgrammes programmes_,
        address predecessor_
    ) EIP712("Tongquan", "1") {
        if (programmes_.registry() != address(this)) revert WrongProgrammes(address(programmes_));

        consortium = consortium_;
        directory = directory_;
        invoices = invoices_;
        programmes = programmes_;
        predecessor = predecessor_;
    }

    function requireSettled(Claim calldata claim, Redemption calldata redemption) external view returns (uint24) {
        OrderWord state = orders[claim.order].load();

        bool counts = state.stage() == Stage.Settled || state.stage() == Stage.Reversed
            || (state.stage() == Stage.Refunded && state.amount() != claim.subsidy);
        if (!counts) revert WrongStage(0, claim.order, state.stage());
        _requireEvidence(0, claim, state);
        _requireRedemption(0, claim, redemption);

        return programmes.rulesWord(claim.programme).region();
    }

    // A voucher's life, in its order

    function issue(Terms calldata terms, Recipient[] calldata recipients) external {
        uint24 region = programmes.rulesWord(terms.programme).region();
        bytes32 termsId = terms.id();

        if (region == 0) revert UnknownProgramme(terms.programme);
        if (!consortium.holds(msg.sender, region, Role.Issuer)) revert NotIssuer(msg.sender, region);
        if (!invoices.mayIssue(address(this))) revert RegistryRetired();
        if (block.timestamp > terms.useBy || terms.useBy > terms.claimBy) revert InvalidDates(terms.useBy, terms.claimBy);
        if (terms.face == 0 || terms.denomination == 0 || terms.face % terms.denomination != 0) {
            revert InvalidDenomination(terms.face, terms.denomination);
        }

        emit TermsIssued(termsId, terms);

        for (uint256 i = 0; i < recipients.length; ++i) {
            Recipient calldata recipient = recipients[i];
            bytes32 id = RecordId.voucherId(terms, recipient.firm, recipient.serial);

            if (recipient.serial == 0) revert InvalidTag(recipient.serial);
            directory.requireEnrolled(region, recipient.firm);
            if (balances[id].load().exists()) revert VoucherExists(id);

            balances[id].store(BalanceFields.pack(terms.face, 0, 0, 0));

            emit Issued(id, termsId, recipient.firm, recipient.serial);
        }
    }

    function reserve(Voucher calldata voucher, Order calldata order, Signatures calldata signatures) external {
        bytes32 voucherId = voucher.id();
        bytes32 orderId = order.id();
        BalanceWord balance = balances[voucherId].load();
        Rules programme = programmes.rulesWord(voucher.programme);
        OrderState storage slot = orders[orderId];
        OrderWord state = slot.load();
        uint64 amount = order.amount;

        if (order.voucher != voucherId) revert VoucherMismatch(0, orderId, voucherId);
        if (!balance.exists()) revert UnknownVoucher(voucherId);
        if (state.stage() != Stage.None) revert OrderSeen(orderId, state.stage());
        if (block.timestamp > voucher.useBy) revert PastUseBy(voucherId, voucher.useBy);
        if (amount == 0) revert AmountZero();
        if (amount % voucher.denomination != 0) revert NotWholeNotes(voucherId, amount, voucher.denomination);
        if (amount > balance.available()) revert OverAvailable(voucherId, balance.available(), amount);
        if (programme.minPartners() >= 2 && amount != voucher.face) revert WholeVoucherOnly(voucherId, voucher.face, amount);
        (address firmSigner, address labSigner, uint24 labRegion) =
            directory.requireAdmissible(programme.region(), voucher.firm, order.lab, order.item, programme.itemised());
        consortium.requireRunning(programme.region(), programme.payer(), labRegion);
        _requireConsent(orderId, order.validUntil, firmSigner, labSigner, signatures);

        bool needsApproval = programme.approval() == Approval.Always
            || (programme.approval() == Approval.CrossRegion && labRegion != programme.region());
        Stage stage = needsApproval ? Stage.Requested : Stage.Open;
        uint40 deadline = _deadline(voucher, programme);
        balances[voucherId].store(balance.reserve(amount));
        slot.store(state.withStage(stage).withAmount(amount).withDeadline(deadline));
        if (stage == Stage.Open) {
            programmes.commit(0, voucher.programme, amount);
            if (programme.minPartners() > 1) _join(_joint(voucher, order), voucher.firm, programme.minPartners());
        }

        emit Reserved(orderId, order, stage, deadline);
    }

    // Of the orders of one programme the first commits alone and learns what is left; the others are counted against that, and
    // committed together after the last.
    function approve(Reservation[] calldata reservations) external {
        bytes32 programmeId;
        Rules programme;
        uint24 host;
        uint64 left;
        uint64 held;
        for (uint256 i = 0; i < reservations.length; ++i) {
            Reservation calldata reservation = reservations[i];
            Voucher calldata voucher = reservation.voucher;
            Order calldata order = reservation.order;
            bytes32 orderId = order.id();
            OrderState storage slot = orders[orderId];
            OrderWord state = slot.load();
            bool first = voucher.programme != programmeId;
            if (first) {
                if (held != 0) programmes.commit(i, programmeId, held);
                (host, held) = (0, 0);
                programmeId = voucher.programme;
                programme = programmes.rulesWord(programmeId);
            }

            _requireReservation(i, orderId, reservation, state, Stage.Requested);
            if (block.timestamp > voucher.claimBy) revert PastClaimBy(i, orderId, voucher.claimBy);
            uint24 labRegion = _requireClear(i, orderId, programme.region(), voucher.firm, order.lab);
            if (labRegion != host) {
                _requireApprover(programme, labRegion);
                host = labRegion;
            }
            uint64 amount = state.amount();
            if (first) {
                left = programmes.commit(i, programmeId, amount);
            } else {
                if (amount > left) revert IProgrammes.PoolShort(i, programmeId, left, amount);
                left -= amount;
                held += amount;
            }

            uint40 deadline = _deadline(voucher, programme);
            slot.store(state.withStage(Stage.Open).withDeadline(deadline));
            if (programme.minPartners() > 1) _join(_joint(voucher, order), voucher.firm, programme.minPartners());

            emit Approved(orderId, deadline, msg.sender);
        }
        if (held != 0) programmes.commit(reservations.length, programmeId, held);
    }

    function decline(Reservation[] calldata reservations) external {
        Run memory run;
        for (uint256 i = 0; i < reservations.length; ++i) {
            Reservation calldata reservation = reservations[i];
            bytes32 orderId = reservation.order.id();
            OrderState storage slot = orders[orderId];
            OrderWord state = slot.load();

            _requireReservation(i, orderId, reservation, state, Stage.Requested);
            _requireReviews(run, _rulesOf(run, reservation.voucher.programme).region());

            slot.store(state.withStage(Stage.Released));
            _return(reservation.order.voucher, state.amount());

            emit Declined(orderId, msg.sender);
        }
    }

    function release(Voucher calldata voucher, Order calldata order, Release calldata consent, Signatures calldata signatures)
        external
    {
        bytes32 orderId = order.id();
        bytes32 voucherId = voucher.id();
        OrderState storage slot = orders[orderId];
        OrderWord state = slot.load();
        Rules programme = programmes.rulesWord(voucher.programme);

        if (order.voucher != voucherId) revert VoucherMismatch(0, orderId, voucherId);
        if (state.stage() != Stage.Requested && state.stage() != Stage.Open) revert WrongStage(0, orderId, state.stage());
        bool open = state.stage() == Stage.Open;
        bool joint = open && programme.minPartners() > 1;
        bool bound = joint && partnerships[_joint(voucher, order)].reached;
        bool byReviewer = _requireReleaser(orderId, voucher, order, consent, signatures, programme.region(), bound, state);

        bool lapsed = bound && !byReviewer;
        slot.store(state.withStage(Stage.Released));
        if (lapsed) _lapse(voucherId, state.amount());
        else _return(voucherId, state.amount());
        if (open) programmes.uncommit(voucher.programme, state.amount());
        if (joint && !bound) _leave(_joint(voucher, order), voucher.firm);

        emit Released(orderId, lapsed, msg.sender);
    }

    function extend(Reservation calldata reservation, uint40 until) external {
        bytes32 orderId = reservation.order.id();
        OrderState storage slot = orders[orderId];
        OrderWord state = slot.load();
        uint24 region = programmes.rulesWord(reservation.voucher.programme).region();

        _requireReservation(0, orderId, reservation, state, Stage.Open);
        if (until <= state.deadline() || until > block.timestamp + LONGEST_EXTENSION) revert InvalidDeadline(orderId, state.deadline(), until);
        if (!consortium.holds(msg.sender, region, Role.Reviewer)) revert NotReviewer(msg.sender, region);

        slot.store(state.withDeadline(until));

        emit Extended(orderId, until, msg.sender);
    }

    function redeem(Voucher calldata voucher, Order calldata order, Redemption calldata redemption, Signatures calldata signatures)
        external
    {
        bytes32 orderId = order.id();
        OrderState storage slot = orders[orderId];
        OrderWord state = slot.load();
        Rules programme = programmes.rulesWord(voucher.programme);

        if (order.voucher != voucher.id()) revert VoucherMismatch(0, orderId, voucher.id());
        if (redemption.order != orderId) revert OrderMismatch(orderId, redemption.order);
        if (state.stage() != Stage.Open) revert WrongStage(0, orderId, state.stage());
        if (block.timestamp > state.deadline()) revert PastDeadline(orderId, state.deadline());
        if (redemption.attempt != state.attempt()) revert WrongAttempt(orderId, state.attempt(), redemption.attempt);
        if (state.attempt() == type(uint8).max) revert TooManyAttempts(orderId);
        if (redemption.subsidy == 0) revert AmountZero();
        if (redemption.subsidy > state.amount()) revert OverOrder(orderId, state.amount(), redemption.subsidy);
        _requirePartners(orderId, voucher, order, programme.minPartners());
        (address firmSigner, address labSigner, uint24 labRegion, bytes27 seller) =
            directory.requireServing(programme.region(), voucher.firm, order.lab);
        bytes32 redemptionId = redemption.id();
        Paid paid = labRegion == programme.region() ? programme.paidHome() : programme.paidAcross();
        address standIn = address(0);
        if (signatures.reason == 0) {
            _requireConsent(redemptionId, redemption.validUntil, firmSigner, labSigner, signatures);
        } else {
            standIn =
                _requireStandIn(redemptionId, redemption.validUntil, firmSigner, labSigner, signatures, paid, programme.region());
        }

        _countCost(voucher.programme, orderId, redemption, programme);
        invoices.claim(redemption.invoice, orderId, redemption.cost, redemption.invoiceAmount, seller);
        uint64 consumed = _wholeNotes(redemption.subsidy, voucher.denomination);
        _consume(order.voucher, redemption.subsidy, consumed);
        bytes32 claimId = _claimId(voucher, order, orderId, redemptionId, redemption.subsidy, consumed, standIn);
        slot.store(state.withStage(Stage.Redeemed).withEvidence(claimId));

        emit Redeemed(orderId, redemption, standIn, signatures.reason);
    }

    function endorse(Claim[] calldata claims) external {
        Run memory run;
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            OrderState storage slot = orders[claim.order];
            OrderWord state = slot.load();
            Rules programme = _rulesOf(run, claim.programme);

            if (state.stage() != Stage.Redeemed) revert WrongStage(i, claim.order, state.stage());
            _requireEvidence(i, claim, state);
            if (programme.firstReview() == FirstReview.None) revert NoFirstReview(i, claim.order);
            if (claim.standIn == msg.sender) revert ReviewedBefore(i, claim.order, msg.sender);
            uint24 labRegion = _requireClear(i, claim.order, programme.region(), claim.firm, claim.lab);
            _requireReviews(run, programme.firstReview() == FirstReview.Home ? programme.region() : labRegion);

            slot.store(state.withStage(Stage.Endorsed).withEvidence(claim.endorsedId(msg.sender)));

            emit Endorsed(claim.order, msg.sender);
        }
    }

    function accept(Claim[] calldata claims) external {
        Run memory run;
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            OrderState storage slot = orders[claim.order];
            OrderWord state = slot.load();
            Rules programme = _rulesOf(run, claim.programme);
            Stage ready = programme.firstReview() == FirstReview.None ? Stage.Redeemed : Stage.Endorsed;

            if (state.stage() != ready) revert WrongStage(i, claim.order, state.stage());
            _requireEvidence(i, claim, state);
            if (claim.standIn == msg.sender || claim.endorser == msg.sender) revert ReviewedBefore(i, claim.order, msg.sender);
            _requireClear(i, claim.order, programme.region(), claim.firm, claim.lab);
            _requireReviews(run, programme.region());

            uint64 rest = state.amount() - claim.consumed;
            if (rest != 0) {
                if (programme.minPartners() > 1) _lapse(claim.voucher, rest);
                else _return(claim.voucher, rest);
                programmes.uncommit(claim.programme, rest);
            }
            slot.store(state.withStage(Stage.Accepted).withAmount(claim.consumed));

            emit Accepted(claim.order, msg.sender);
        }
    }

    function reject(Filing[] calldata filings) external {
        Run memory run;
        for (uint256 i = 0; i < filings.length; ++i) {
            Claim calldata claim = filings[i].claim;
            Redemption calldata redemption = filings[i].redemption;
            OrderState storage slot = orders[claim.order];
            OrderWord state = slot.load();
            Rules programme = _rulesOf(run, claim.programme);

            if (state.stage() != Stage.Redeemed && state.stage() != Stage.Endorsed && state.stage() != Stage.Accepted) {
                revert WrongStage(i, claim.order, state.stage());
            }
            _requireEvidence(i, claim, state);
            _requireRedemption(i, claim, redemption);
            if (state.stage() == Stage.Accepted) _requirePayer(_payingRegion(programme.payer(), claim.lab));
            else _requireReviews(run, programme.region());

            _restore(claim);
            _uncountCost(claim.programme, claim.order, redemption, programme);
            uint40 least = uint40(block.timestamp) + REJECTION_GRACE;
            uint40 deadline = state.deadline() < least ? least : state.deadline();
            state = state.withStage(Stage.Open).withAttempt(state.attempt() + 1).withDeadline(deadline).withEvidence(0);
            slot.store(state);

            emit Rejected(claim.order, deadline, msg.sender);
        }
    }

    function settle(Claim[] calldata claims, bytes32 payment) external {
        bytes32 programmeId;
        uint24 payer;
        uint24 paying;
        uint64 held;
        uint64 subsidy;
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            OrderState storage slot = orders[claim.order];
            OrderWord state = slot.load();
            if (claim.programme != programmeId) {
                if (held != 0) programmes.pay(programmeId, held, subsidy);
                (held, subsidy) = (0, 0);
                programmeId = claim.programme;
                payer = programmes.rulesWord(programmeId).payer();
            }

            if (state.stage() != Stage.Accepted) revert WrongStage(i, claim.order, state.stage());
            _requireEvidence(i, claim, state);
            uint24 region = _payingRegion(payer, claim.lab);
            if (region != paying) {
                _requirePayer(region);
                paying = region;
            }

            held += state.amount();
            subsidy += claim.subsidy;
            slot.store(state.withStage(Stage.Settled).withAmount(claim.subsidy));

            emit Settled(claim.order, payment, msg.sender);
        }
        if (held != 0) programmes.pay(programmeId, held, subsidy);
    }

    function reverse(Claim calldata claim, uint64 recover, bytes32 reason) external {
        OrderState storage slot = orders[claim.order];
        OrderWord state = slot.load();

        if (state.stage() != Stage.Settled) revert WrongStage(0, claim.order, state.stage());
        _requireEvidence(0, claim, state);
        if (recover == 0 || recover > claim.subsidy) revert InvalidRecovery(claim.order, claim.subsidy, recover);
        _requireReviews(programmes.rulesWord(claim.programme).region());

        slot.store(state.withStage(Stage.Reversed).withAmount(recover));

        emit Reversed(claim.order, recover, reason, msg.sender);
    }

    function refunded(Filing calldata filing) external {
        Claim calldata claim = filing.claim;
        OrderState storage slot = orders[claim.order];
        OrderWord state = slot.load();
        Rules programme = programmes.rulesWord(claim.programme);

        if (state.stage() != Stage.Reversed) revert WrongStage(0, claim.order, state.stage());
        _requireEvidence(0, claim, state);
        _requireRedemption(0, claim, filing.redemption);
        _requirePayer(_payingRegion(programme.payer(), claim.lab));

        slot.store(state.withStage(Stage.Refunded));
        programmes.payBack(claim.programme, state.amount());
        if (state.amount() == claim.subsidy) _uncountCost(claim.programme, claim.order, filing.redemption, programme);

        emit Refunded(claim.order, msg.sender);
    }

    // Batches of what parties signed

    function tryEach(bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            bytes calldata call = calls[i];

            if (gasleft() - gasleft() / 64 < CALL_GAS) revert TooLittleGas(i, gasleft(), CALL_GAS);
            if (!_batchable(call)) {
                emit Refused(i, abi.encodeWithSelector(NotBatchable.selector, i));
                continue;
            }

            if (!OwnCall.perform(call)) emit Refused(i, OwnCall.reason());
        }
    }

    // Who consents

    function _requireConsent(
        bytes32 recordId,
        uint40 validUntil,
        address firmSigner,
        address labSigner,
        Signatures calldata signatures
    ) private view {
        bytes32 digest = _hashTypedDataV4(recordId);

        if (block.timestamp > validUntil) revert SignatureExpired(validUntil);
        if (firmSigner == labSigner) revert SameSigner(firmSigner);
        _requireSigned(digest, firmSigner, signatures.firm);
        _requireSigned(digest, labSigner, signatures.lab);
    }

    function _requireStandIn(
        bytes32 redemptionId,
        uint40 validUntil,
        address firmSigner,
        address labSigner,
        Signatures calldata signatures,
        Paid paid,
        uint24 region
    ) private view returns (address standIn) {
        bool labPaid = paid == Paid.Lab;
        address paidSigner = labPaid ? labSigner : firmSigner;
        bytes32 standInId = StandIn({redemption: redemptionId, reason: signatures.reason}).id();

        if (block.timestamp > validUntil) revert SignatureExpired(validUntil);
        _requireSigned(_hashTypedDataV4(redemptionId), paidSigner, labPaid ? signatures.lab : signatures.firm);
        standIn = _signsFor(_hashTypedDataV4(standInId), labPaid ? signatures.firm : signatures.lab);
        if (standIn == firmSigner || standIn == labSigner) revert SameSigner(standIn);
        if (!consortium.holds(standIn, region, Role.Reviewer)) revert StandInNotReviewer(standIn, region);
    }

    // A reviewer who releases for the region brings no signature of the lab; with one it is the parties who release.
    function _requireReleaser(
        bytes32 orderId,
        Voucher calldata voucher,
        Order calldata order,
        Release calldata consent,
        Signatures calldata signatures,
        uint24 region,
        bool bound,
        OrderWord state
    ) private view returns (bool byReviewer) {
        if (_isUnsigned(signatures.lab) && _mayReviewerRelease(region, voucher.firm, order.lab)) return true;
        if (block.timestamp > state.deadline() + RELEASE_GRACE) return false;

        bytes32 digest = _hashTypedDataV4(consent.id());
        address labSigner = directory.signsFor(order.lab);
        if (consent.order != orderId) revert OrderMismatch(orderId, consent.order);
        if (consent.attempt != state.attempt()) revert WrongAttempt(orderId, state.attempt(), consent.attempt);
        if (block.timestamp > consent.validUntil) revert SignatureExpired(consent.validUntil);
        _requireSigned(digest, labSigner, signatures.lab);
        if (bound) {
            address firmSigner = directory.signsFor(RecordId.firmId(region, voucher.firm));
            if (firmSigner == labSigner) revert SameSigner(firmSigner);
            _requireSigned(digest, firmSigner, signatures.firm);
        }
    }

    function _mayReviewerRelease(uint24 region, bytes32 firm, bytes32 lab) private view returns (bool) {
        return directory.mayRelease(region, firm, lab, msg.sender) && consortium.holds(msg.sender, region, Role.Reviewer);
    }

    function _requireSigned(bytes32 digest, address signer, Signature calldata signature) private view {
        address got = _signsFor(digest, signature);
        if (got != signer) revert NotSignedBy(signer, got);
    }

    // The sender of the transaction needs no signature; a malformed or high-s one is nobody's.
    function _signsFor(bytes32 digest, Signature calldata signature) private view returns (address signer) {
        if (_isUnsigned(signature)) return msg.sender;
        (signer,,) = ECDSA.tryRecover(digest, signature.r, signature.vs);
    }

    function _isUnsigned(Signature calldata signature) private pure returns (bool) {
        return signature.r == 0 && signature.vs == 0;
    }

    function _batchable(bytes calldata call) private pure returns (bool) {
        if (call.length < 4 || call.length > CALL_LENGTH) return false;
        bytes4 selector = bytes4(call[:4]);
        return selector == this.reserve.selector || selector == this.redeem.selector || selector == this.release.selector;
    }

    // Who reviews and pays

    function _rulesOf(Run memory run, bytes32 programme) private view returns (Rules) {
        if (run.programme != programme) {
            run.programme = programme;
            run.rules = programmes.rulesWord(programme);
        }
        return run.rules;
    }

    function _requireReviews(Run memory run, uint24 region) private view {
        if (run.reviewed != region) {
            _requireReviews(region);
            run.reviewed = region;
        }
    }

    function _requireReviews(uint24 region) private view {
        if (!consortium.reviews(msg.sender, region)) revert NotReviewer(msg.sender, region);
    }

    // No caretaker approves: there is one only where the region does not run.
    function _requireApprover(Rules programme, uint24 labRegion) private view {
        consortium.requireRunning(programme.region(), programme.payer(), labRegion);
        _requireReviews(programme.region());
    }

    function _payingRegion(uint24 payer, bytes32 lab) private view returns (uint24 region) {
        region = payer;
        if (region == 0) (, region,,,,) = directory.labs(lab);
    }

    function _requirePayer(uint24 region) private view {
        if (!consortium.holds(msg.sender, region, Role.Payer)) revert NotPayer(msg.sender, region);
    }

    // What a call must be about

    function _requireReservation(
        uint256 index,
        bytes32 orderId,
        Reservation calldata reservation,
        OrderWord state,
        Stage stage
    ) private pure {
        bytes32 voucherId = reservation.voucher.id();
        if (reservation.order.voucher != voucherId) revert VoucherMismatch(index, orderId, voucherId);
        if (state.stage() != stage) revert WrongStage(index, orderId, state.stage());
    }

    function _requireEvidence(uint256 index, Claim calldata claim, OrderWord state) private pure {
        bytes17 evidence = bytes17(claim.id());
        if (evidence != state.evidence()) revert EvidenceDiffers(index, claim.order, state.evidence(), evidence);
    }

    function _requireRedemption(uint256 index, Claim calldata claim, Redemption calldata redemption) private pure {
        bytes32 redemptionId = redemption.id();
        if (redemptionId != claim.redemption) revert RedemptionMismatch(index, claim.order, redemptionId);
    }

    function _requireClear(uint256 index, bytes32 orderId, uint24 region, bytes32 firm, bytes32 lab)
        private
        view
        returns (uint24)
    {
        (uint24 labRegion, IDirectory.Bar bar, bytes32 subject) = directory.barOf(region, firm, lab, msg.sender);
        if (bar != IDirectory.Bar.None) revert Barred(index, orderId, bar, subject);
        return labRegion;
    }

    function _requirePartners(bytes32 orderId, Voucher calldata voucher, Order calldata order, uint8 minPartners)
        private
        view
    {
        if (minPartners < 2) return;
        Partnership memory partnership = partnerships[_joint(voucher, order)];
        if (!partnership.reached) revert TooFewPartners(orderId, partnership.partners, minPartners);
    }

    // How money and notes move

    function _join(bytes32 joint, bytes32 firm, uint8 minPartners) private {
        Partnership storage partnership = partnerships[joint];
        if (partnership.reached) return;
        if (partnerOrders[joint][firm]++ != 0) return;
        if (++partnership.partners >= minPartners) partnership.reached = true;
    }

    function _leave(bytes32 joint, bytes32 firm) private {
        if (--partnerOrders[joint][firm] == 0) --partnerships[joint].partners;
    }

    function _return(bytes32 voucherId, uint64 amount) private {
        Balance storage balance = balances[voucherId];
        balance.store(balance.load().giveBack(amount));
    }

    function _lapse(bytes32 voucherId, uint64 amount) private {
        Balance storage balance = balances[voucherId];
        balance.store(balance.load().lapse(amount));
    }

    function _consume(bytes32 voucherId, uint64 subsidy, uint64 consumed) private {
        Balance storage balance = balances[voucherId];
        balance.store(balance.load().consume(subsidy, consumed));
    }

    function _restore(Claim calldata claim) private {
        Balance storage balance = balances[claim.voucher];
        balance.store(balance.load().restore(claim.subsidy, claim.consumed));
    }

    // The rule is marginal: an agreement's live cost decides what the next fen of cost earns. One unlimited rate needs no count.
    function _countCost(bytes32 programmeId, bytes32 orderId, Redemption calldata redemption, Rules programme) private {
        uint256 most;
        if (programme.flat()) {
            most = uint256(redemption.cost) * programme.flatBps() / 10_000;
        } else {
            most = programmes.count(programmeId, redemption.agreement, redemption.cost);
        }
        if (redemption.subsidy > most) revert OverRule(orderId, uint64(most), redemption.subsidy);
    }

    function _uncountCost(bytes32 programmeId, bytes32 orderId, Redemption calldata redemption, Rules programme) private {
        if (!programme.flat()) programmes.uncount(programmeId, redemption.agreement, redemption.cost);
        invoices.free(redemption.invoice, orderId, redemption.cost);
    }

    // The id of a `Claim` that nobody endorsed yet, without building it first.
    function _claimId(
        Voucher calldata voucher,
        Order calldata order,
        bytes32 orderId,
        bytes32 redemptionId,
        uint64 subsidy,
        uint64 consumed,
        address standIn
    ) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CLAIM_TYPE,
                voucher.programme,
                order.voucher,
                orderId,
                redemptionId,
                order.lab,
                voucher.firm,
                subsidy,
                consumed,
                standIn,
                address(0)
            )
        );
    }

    function _wholeNotes(uint64 subsidy, uint64 denomination) private pure returns (uint64) {
        return subsidy + (denomination - subsidy % denomination) % denomination;
    }

    function _joint(Voucher calldata voucher, Order calldata order) private pure returns (bytes32) {
        return keccak256(abi.encode(voucher.programme, order.project, order.lab));
    }

    function _deadline(Voucher calldata voucher, Rules programme) private view returns (uint40) {
        uint40 held = uint40(block.timestamp) + uint40(programme.holdDays()) * 1 days;
        return held < voucher.claimBy ? held : voucher.claimBy;
    }
}
