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
import {CLAIM_TYPE, RecordId} from "./libraries/RecordId.sol";
import {Rules} from "./libraries/Rules.sol";
import {Slots} from "./libraries/Slots.sol";

uint40 constant REJECTION_GRACE = 30 days;
uint40 constant RELEASE_GRACE = 30 days;
uint40 constant LONGEST_EXTENSION = 90 days;

// More than any one call of `reserve`, `redeem` or `release` can use, and longer than any of their calldata.
uint256 constant ITEM_GAS = 300_000;
uint256 constant ITEM_LENGTH = 1_024;

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
        OrderState memory state = orders[claim.order].load();

        bool counts = state.stage == Stage.Settled || state.stage == Stage.Reversed
            || (state.stage == Stage.Refunded && state.amount != claim.subsidy);
        if (!counts) revert WrongStage(0, claim.order, state.stage);
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

            directory.requireEnrolled(region, recipient.firm);
            if (_exists(balances[id].load())) revert VoucherExists(id);

            balances[id].store(Balance({available: terms.face, reserved: 0, redeemed: 0, lapsed: 0}));

            emit Issued(id, termsId, recipient.firm, recipient.serial);
        }
    }

    function reserve(Voucher calldata voucher, Order calldata order, Signatures calldata signatures) external {
        bytes32 voucherId = voucher.id();
        bytes32 orderId = order.id();
        Balance memory balance = balances[voucherId].load();
        Rules programme = programmes.rulesWord(voucher.programme);
        OrderState storage state = orders[orderId];
        uint64 amount = order.amount;

        if (order.voucher != voucherId) revert VoucherMismatch(0, orderId, voucherId);
        if (!_exists(balance)) revert UnknownVoucher(voucherId);
        if (state.stage != Stage.None) revert OrderSeen(orderId, state.stage);
        if (block.timestamp > voucher.useBy) revert PastUseBy(voucherId, voucher.useBy);
        if (amount == 0) revert AmountZero();
        if (amount % voucher.denomination != 0) revert NotWholeNotes(voucherId, amount, voucher.denomination);
        if (amount > balance.available) revert OverAvailable(voucherId, balance.available, amount);
        if (programme.minPartners() >= 2 && amount != voucher.face) revert WholeVoucherOnly(voucherId, voucher.face, amount);
        (address firmSigner, address labSigner, uint24 labRegion) =
            directory.requireAdmissible(programme.region(), voucher.firm, order.lab, order.item, programme.itemised());
        consortium.requireRunning(programme.region(), programme.payer(), labRegion);
        _requireConsent(orderId, order.validUntil, firmSigner, labSigner, signatures);

        bool needsApproval = programme.approval() == Approval.Always
            || (programme.approval() == Approval.CrossRegion && labRegion != programme.region());
        Stage stage = needsApproval ? Stage.Requested : Stage.Open;
        uint40 deadline = _deadline(voucher, programme);
        balance.available -= amount;
        balance.reserved += amount;
        balances[voucherId].store(balance);
        state.store(OrderState({stage: stage, attempt: 0, amount: amount, deadline: deadline, evidence: 0}));
        if (stage == Stage.Open) _commit(0, voucher, order, programme);

        emit Reserved(orderId, order, stage, deadline);
    }

    function approve(Reservation[] calldata reservations) external {
        for (uint256 i = 0; i < reservations.length; ++i) {
            Voucher calldata voucher = reservations[i].voucher;
            Order calldata order = reservations[i].order;
            Rules programme = programmes.rulesWord(voucher.programme);
            (bytes32 orderId, OrderState storage state) = _requireReservation(i, reservations[i], Stage.Requested);

            if (block.timestamp > voucher.claimBy) revert PastClaimBy(i, orderId, voucher.claimBy);
            uint24 labRegion = _requireClear(i, orderId, programme.region(), voucher.firm, order.lab);
            consortium.requireRunning(programme.region(), programme.payer(), labRegion);
            if (!consortium.holds(msg.sender, programme.region(), Role.Reviewer)) revert NotReviewer(msg.sender, programme.region());

            state.stage = Stage.Open;
            state.deadline = _deadline(voucher, programme);
            _commit(i, voucher, order, programme);

            emit Approved(orderId, state.deadline, msg.sender);
        }
    }

    function decline(Reservation[] calldata reservations) external {
        for (uint256 i = 0; i < reservations.length; ++i) {
            bytes32 voucherId = reservations[i].order.voucher;
            (bytes32 orderId, OrderState storage state) = _requireReservation(i, reservations[i], Stage.Requested);
            _requireReviews(programmes.rulesWord(reservations[i].voucher.programme).region());

            state.stage = Stage.Released;
            _return(voucherId, state.amount);

            emit Declined(orderId, msg.sender);
        }
    }

    function release(Voucher calldata voucher, Order calldata order, Release calldata consent, Signatures calldata signatures)
        external
    {
        bytes32 orderId = order.id();
        bytes32 joint = _joint(voucher, order);
        OrderState storage state = orders[orderId];
        Rules programme = programmes.rulesWord(voucher.programme);
        Stage stage = state.stage;
        uint64 amount = state.amount;
        bool bound = programme.minPartners() > 1 && stage == Stage.Open && partnerships[joint].reached;

        if (order.voucher != voucher.id()) revert VoucherMismatch(0, orderId, voucher.id());
        if (stage != Stage.Requested && stage != Stage.Open) revert WrongStage(0, orderId, stage);
        bool byReviewer = _requireReleaser(voucher, order, consent, signatures, programme.region(), bound, state);

        bool lapsed = bound && !byReviewer;
        state.stage = Stage.Released;
        if (lapsed) _lapse(order.voucher, amount);
        else _return(order.voucher, amount);
        if (stage == Stage.Open) {
            programmes.uncommit(voucher.programme, amount);
            if (programme.minPartners() > 1 && !bound) _leave(joint, voucher.firm);
        }

        emit Released(orderId, lapsed, msg.sender);
    }

    function extend(Reservation calldata reservation, uint40 until) external {
        uint24 region = programmes.rulesWord(reservation.voucher.programme).region();
        (bytes32 orderId, OrderState storage state) = _requireReservation(0, reservation, Stage.Open);

        if (until <= state.deadline || until > block.timestamp + LONGEST_EXTENSION) revert InvalidDeadline(orderId, state.deadline, until);
        if (!consortium.holds(msg.sender, region, Role.Reviewer)) revert NotReviewer(msg.sender, region);

        state.deadline = until;

        emit Extended(orderId, until, msg.sender);
    }

    function redeem(Voucher calldata voucher, Order calldata order, Redemption calldata redemption, Signatures calldata signatures)
        external
    {
        bytes32 orderId = order.id();
        OrderState memory state = orders[orderId].load();
        Rules programme = programmes.rulesWord(voucher.programme);

        if (order.voucher != voucher.id()) revert VoucherMismatch(0, orderId, voucher.id());
        if (redemption.order != orderId) revert OrderMismatch(orderId, redemption.order);
        if (state.stage != Stage.Open) revert WrongStage(0, orderId, state.stage);
        if (block.timestamp > state.deadline) revert PastDeadline(orderId, state.deadline);
        if (redemption.attempt != state.attempt) revert WrongAttempt(orderId, state.attempt, redemption.attempt);
        if (state.attempt == type(uint8).max) revert TooManyAttempts(orderId);
        if (redemption.subsidy == 0) revert AmountZero();
        if (redemption.subsidy > state.amount) revert OverOrder(orderId, state.amount, redemption.subsidy);
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
        state.stage = Stage.Redeemed;
        state.evidence = bytes17(_claimId(voucher, order, orderId, redemptionId, redemption.subsidy, consumed, standIn));
        orders[orderId].store(state);

        emit Redeemed(orderId, redemption, standIn, signatures.reason);
    }

    function endorse(Claim[] calldata claims) external {
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            OrderState storage state = orders[claim.order];
            Rules programme = programmes.rulesWord(claim.programme);

            if (state.stage != Stage.Redeemed) revert WrongStage(i, claim.order, state.stage);
            _requireEvidence(i, claim, state);
            if (programme.firstReview() == FirstReview.None) revert NoFirstReview(i, claim.order);
            if (claim.standIn == msg.sender) revert ReviewedBefore(i, claim.order, msg.sender);
            uint24 labRegion = _requireClear(i, claim.order, programme.region(), claim.firm, claim.lab);
            _requireReviews(programme.firstReview() == FirstReview.Home ? programme.region() : labRegion);

            Claim memory endorsed = claim;
            endorsed.endorser = msg.sender;
            state.stage = Stage.Endorsed;
            state.evidence = bytes17(endorsed.idOf());

            emit Endorsed(claim.order, msg.sender);
        }
    }

    function accept(Claim[] calldata claims) external {
        bytes32 programmeId;
        Rules programme;
        uint24 reviewed;
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            OrderState memory state = orders[claim.order].load();
            if (claim.programme != programmeId) {
                programmeId = claim.programme;
                programme = programmes.rulesWord(programmeId);
            }
            Stage ready = programme.firstReview() == FirstReview.None ? Stage.Redeemed : Stage.Endorsed;

            if (state.stage != ready) revert WrongStage(i, claim.order, state.stage);
            _requireEvidence(i, claim, state);
            if (claim.standIn == msg.sender || claim.endorser == msg.sender) revert ReviewedBefore(i, claim.order, msg.sender);
            _requireClear(i, claim.order, programme.region(), claim.firm, claim.lab);
            if (programme.region() != reviewed) {
                _requireReviews(programme.region());
                reviewed = programme.region();
            }

            uint64 rest = state.amount - claim.consumed;
            if (rest != 0) {
                if (programme.minPartners() > 1) _lapse(claim.voucher, rest);
                else _return(claim.voucher, rest);
                programmes.uncommit(programmeId, rest);
            }
            state.stage = Stage.Accepted;
            state.amount = claim.consumed;
            orders[claim.order].store(state);

            emit Accepted(claim.order, msg.sender);
        }
    }

    function reject(Filing[] calldata filings) external {
        for (uint256 i = 0; i < filings.length; ++i) {
            Claim calldata claim = filings[i].claim;
            Redemption calldata redemption = filings[i].redemption;
            OrderState memory state = orders[claim.order].load();
            Rules programme = programmes.rulesWord(claim.programme);

            if (state.stage != Stage.Redeemed && state.stage != Stage.Endorsed && state.stage != Stage.Accepted) {
                revert WrongStage(i, claim.order, state.stage);
            }
            _requireEvidence(i, claim, state);
            _requireRedemption(i, claim, redemption);
            if (state.stage == Stage.Accepted) _requirePayer(_payingRegion(programme.payer(), claim.lab));
            else _requireReviews(programme.region());

            _restore(claim);
            _uncountCost(claim.programme, claim.order, redemption, programme);
            uint40 least = uint40(block.timestamp) + REJECTION_GRACE;
            state.stage = Stage.Open;
            ++state.attempt;
            if (state.deadline < least) state.deadline = least;
            state.evidence = 0;
            orders[claim.order].store(state);

            emit Rejected(claim.order, state.deadline, msg.sender);
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
            OrderState memory state = orders[claim.order].load();
            if (claim.programme != programmeId) {
                if (held != 0) programmes.pay(programmeId, held, subsidy);
                (held, subsidy) = (0, 0);
                programmeId = claim.programme;
                payer = programmes.rulesWord(programmeId).payer();
            }

            if (state.stage != Stage.Accepted) revert WrongStage(i, claim.order, state.stage);
            _requireEvidence(i, claim, state);
            uint24 region = _payingRegion(payer, claim.lab);
            if (region != paying) {
                _requirePayer(region);
                paying = region;
            }

            held += state.amount;
            subsidy += claim.subsidy;
            state.stage = Stage.Settled;
            state.amount = claim.subsidy;
            orders[claim.order].store(state);

            emit Settled(claim.order, payment, msg.sender);
        }
        if (held != 0) programmes.pay(programmeId, held, subsidy);
    }

    function reverse(Claim calldata claim, uint64 recover, bytes32 reason) external {
        OrderState storage state = orders[claim.order];

        if (state.stage != Stage.Settled) revert WrongStage(0, claim.order, state.stage);
        _requireEvidence(0, claim, state);
        if (recover == 0 || recover > claim.subsidy) revert InvalidRecovery(claim.order, claim.subsidy, recover);
        _requireReviews(programmes.rulesWord(claim.programme).region());

        state.stage = Stage.Reversed;
        state.amount = recover;

        emit Reversed(claim.order, recover, reason, msg.sender);
    }

    function refunded(Filing calldata filing) external {
        Claim calldata claim = filing.claim;
        OrderState storage state = orders[claim.order];
        Rules programme = programmes.rulesWord(claim.programme);

        if (state.stage != Stage.Reversed) revert WrongStage(0, claim.order, state.stage);
        _requireEvidence(0, claim, state);
        _requireRedemption(0, claim, filing.redemption);
        _requirePayer(_payingRegion(programme.payer(), claim.lab));

        state.stage = Stage.Refunded;
        programmes.payBack(claim.programme, state.amount);
        if (state.amount == claim.subsidy) _uncountCost(claim.programme, claim.order, filing.redemption, programme);

        emit Refunded(claim.order, msg.sender);
    }

    // Batches of what parties signed

    function tryEach(bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            bytes calldata item = calls[i];

            if (gasleft() - gasleft() / 64 < ITEM_GAS) revert TooLittleGas(i, gasleft(), ITEM_GAS);
            if (!_batchable(item)) {
                emit Refused(i, abi.encodeWithSelector(NotBatchable.selector, i));
                continue;
            }

            (bool done, bytes memory reason) = address(this).delegatecall(item);

            if (!done) emit Refused(i, reason);
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
        standIn = _signerOf(_hashTypedDataV4(standInId), labPaid ? signatures.firm : signatures.lab);
        if (standIn == paidSigner) revert SameSigner(standIn);
        if (!consortium.holds(standIn, region, Role.Reviewer)) revert StandInNotReviewer(standIn, region);
    }

    function _requireReleaser(
        Voucher calldata voucher,
        Order calldata order,
        Release calldata consent,
        Signatures calldata signatures,
        uint24 region,
        bool bound,
        OrderState storage state
    ) private view returns (bool byReviewer) {
        (address firmSigner, address labSigner, bool reviewerMay) = directory.releasers(region, voucher.firm, order.lab);

        if (reviewerMay && consortium.holds(msg.sender, region, Role.Reviewer)) return true;
        if (block.timestamp > state.deadline + RELEASE_GRACE) return false;

        bytes32 orderId = order.id();
        bytes32 digest = _hashTypedDataV4(consent.id());
        if (consent.order != orderId) revert OrderMismatch(orderId, consent.order);
        if (consent.attempt != state.attempt) revert WrongAttempt(orderId, state.attempt, consent.attempt);
        if (block.timestamp > consent.validUntil) revert SignatureExpired(consent.validUntil);
        _requireSigned(digest, labSigner, signatures.lab);
        if (bound) {
            if (firmSigner == labSigner) revert SameSigner(firmSigner);
            _requireSigned(digest, firmSigner, signatures.firm);
        }
    }

    function _requireSigned(bytes32 digest, address signer, Signature calldata signature) private view {
        address got = _signerOf(digest, signature);
        if (got != signer) revert NotSignedBy(signer, got);
    }

    // The sender of the transaction needs no signature; a malformed or high-s one is nobody's.
    function _signerOf(bytes32 digest, Signature calldata signature) private view returns (address signer) {
        if (signature.r == 0 && signature.vs == 0) return msg.sender;
        (signer,,) = ECDSA.tryRecover(digest, signature.r, signature.vs);
    }

    function _batchable(bytes calldata item) private pure returns (bool) {
        if (item.length < 4 || item.length > ITEM_LENGTH) return false;
        bytes4 selector = bytes4(item[:4]);
        return selector == this.reserve.selector || selector == this.redeem.selector || selector == this.release.selector;
    }

    // Who reviews and pays

    function _requireReviews(uint24 region) private view {
        if (!consortium.reviews(msg.sender, region)) revert NotReviewer(msg.sender, region);
    }

    function _payingRegion(uint24 payer, bytes32 lab) private view returns (uint24 region) {
        region = payer;
        if (region == 0) (, region,,,,) = directory.labs(lab);
    }

    function _requirePayer(uint24 region) private view {
        if (!consortium.holds(msg.sender, region, Role.Payer)) revert NotPayer(msg.sender, region);
    }

    // What a call must be about

    function _requireReservation(uint256 index, Reservation calldata reservation, Stage stage)
        private
        view
        returns (bytes32 orderId, OrderState storage state)
    {
        orderId = reservation.order.id();
        bytes32 voucherId = reservation.voucher.id();
        state = orders[orderId];

        if (reservation.order.voucher != voucherId) revert VoucherMismatch(index, orderId, voucherId);
        if (state.stage != stage) revert WrongStage(index, orderId, state.stage);
    }

    function _requireEvidence(uint256 index, Claim calldata claim, OrderState memory state) private pure {
        bytes17 evidence = bytes17(claim.id());
        if (evidence != state.evidence) revert EvidenceDiffers(index, claim.order, state.evidence, evidence);
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
        (uint24 labRegion, IDirectory.Bar bar, bytes32 subject) = directory.findBar(region, firm, lab);
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

    function _commit(uint256 index, Voucher calldata voucher, Order calldata order, Rules programme) private {
        programmes.commit(index, voucher.programme, order.amount);
        if (programme.minPartners() > 1) _join(_joint(voucher, order), voucher.firm, programme.minPartners());
    }

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
        Balance memory balance = balances[voucherId].load();
        balance.reserved -= amount;
        balance.available += amount;
        balances[voucherId].store(balance);
    }

    function _lapse(bytes32 voucherId, uint64 amount) private {
        Balance memory balance = balances[voucherId].load();
        balance.reserved -= amount;
        balance.lapsed += amount;
        balances[voucherId].store(balance);
    }

    function _consume(bytes32 voucherId, uint64 subsidy, uint64 consumed) private {
        Balance memory balance = balances[voucherId].load();
        balance.reserved -= consumed;
        balance.redeemed += subsidy;
        balance.lapsed += consumed - subsidy;
        balances[voucherId].store(balance);
    }

    function _restore(Claim calldata claim) private {
        Balance memory balance = balances[claim.voucher].load();
        balance.reserved += claim.consumed;
        balance.redeemed -= claim.subsidy;
        balance.lapsed -= claim.consumed - claim.subsidy;
        balances[claim.voucher].store(balance);
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

    function _exists(Balance memory balance) private pure returns (bool) {
        return (balance.available | balance.reserved | balance.redeemed | balance.lapsed) != 0;
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
