"""
The errors of the contracts, as their interfaces declare them, so that a refusal here carries the very names and values.

What is not here: errors that no rule can meet: those of constructors, of calls from other contracts, of too little gas.
"""

import re
from collections.abc import Mapping

from registry.errors import Rejected
from registry.solidity import encode_sequence, keccak, type_of

_DECLARATIONS = """
    InvalidRegion(uint24 region)
    UnknownRegion(uint24 region)
    AlreadyMember(uint24 region)
    NotActive(uint24 region)
    NotSuspended(uint24 region)
    InvalidAccount(address account)
    AccountTaken(address account)
    NotAdmin(address account)
    NotRecovery(address account)
    NotRoleAccount(address account)
    NotOffered(address account, uint24 region, uint8 role)
    InvalidRole(uint8 role)
    InvalidCaretaker(address account)
    InvalidMotion(uint8 kind)
    OwnCase(uint24 region)
    AlreadyVoted(bytes32 motion, uint24 region)
    MotionExpired(bytes32 motion, uint40 expires)
    MotionTooLong(uint40 expires, uint40 latest)
    NotCarried(bytes32 motion, uint16 votes, uint16 members)
    NotYet(bytes32 motion, uint40 from)
    TooLate(bytes32 motion, uint40 until)
    MotionVetoed(bytes32 motion)
    AlreadyEnacted(bytes32 motion)
    MotionOvertaken(bytes32 motion, uint40 carriedAt, uint40 changedAt)
    Suspended(uint24 region)
    SameRegion(uint24 region)
    InvalidMonth(uint24 month)
    MonthBeforeFounding(uint24 month, uint24 first)
    MonthNotOver(uint24 month, uint24 current)
    InvalidStatement()
    NotOfEither(address account, uint24 home, uint24 host)
    MonthIsClosed(uint24 home, uint24 host, uint24 month, bytes32 statement)

    NotDirectory(address account, uint24 region)
    AlreadyAdmitted(bytes32 lab)
    AlreadyEnrolled(bytes32 firm)
    AlreadyListed(bytes32 item)
    UnknownLab(bytes32 lab)
    UnknownSubject(bytes32 subject)
    InvalidCode()
    InvalidTag(bytes32 tag)
    InvalidSigner(address signer)
    SignerHoldsRole(address signer)
    WrongStanding(bytes32 lab, uint8 standing)
    InvalidWindow(uint40 from, uint40 until)
    NotSigner(address account, bytes32 subject)
    NoRotation(bytes32 subject)
    RotationNotYet(bytes32 subject, uint40 from)
    NotRecognised(uint24 region, bytes32 subject)
    ItemNotListed(bytes32 item, bytes32 lab)
    ItemRequired(bytes32 lab)
    FirmNotEnrolled(uint24 region, bytes32 firm)
    LabNotActive(bytes32 lab, uint8 standing)
    NotQualified(bytes32 lab, uint40 qualifiedUntil)
    SellerIsFirm(bytes32 lab, bytes32 firm)
    LabFrozen(bytes32 lab)
    SubjectFlagged(bytes32 subject, uint40 until)
    FlaggedBefore(bytes32 subject, uint24 region)
    NotFlagged(bytes32 subject)
    AlreadySeconded(bytes32 subject)
    OwnFlag(bytes32 subject, uint24 region)
    NotOwnFlag(bytes32 subject, uint24 region)
    WrongMotion()
    MotionUsed(bytes32 motion)

    MayNotClaim(address registry, uint8 status)
    MayNotFree(address registry)
    InvoiceZero()
    CostZero()
    InvoiceSellerDiffers(bytes32 invoice, bytes12 seller)
    InvoiceAmountDiffers(bytes32 invoice, uint64 amount)
    InvoiceExceeded(bytes32 invoice, uint64 amount, uint64 claimed, uint64 cost)
    WrongStatus(address registry, uint8 status)
    ClaimVoided(address registry, bytes32 order)
    NotSuccessor(address registry, address latest)
    StillAuthorised(address registry)

    NotIssuer(address account, uint24 region)
    NotPayer(address account, uint24 region)
    RegistryRetired()
    ProgrammeExists(bytes32 programme)
    ProgrammeKnownToPredecessor(bytes32 programme)
    UnknownProgramme(bytes32 programme)
    InvalidHoldDays()
    InvalidSliceCount(uint256 count)
    SliceLimitNotRising(uint256 slice, uint64 upTo)
    SliceRateRising(uint256 slice, uint16 bps)
    BankReferenceUsed(bytes32 bankReference)
    AmountZero()
    PoolShort(uint256 index, bytes32 programme, uint64 free, uint64 amount)

    NotReviewer(address account, uint24 region)
    InvalidDates(uint40 useBy, uint40 claimBy)
    InvalidDenomination(uint64 face, uint64 denomination)
    VoucherExists(bytes32 voucher)
    UnknownVoucher(bytes32 voucher)
    VoucherMismatch(uint256 index, bytes32 order, bytes32 voucher)
    PastUseBy(bytes32 voucher, uint40 useBy)
    NotWholeNotes(bytes32 voucher, uint64 amount, uint64 denomination)
    OverAvailable(bytes32 voucher, uint64 available, uint64 amount)
    OrderSeen(bytes32 order, uint8 stage)
    WholeVoucherOnly(bytes32 voucher, uint64 face, uint64 amount)
    SignatureExpired(uint40 validUntil)
    SameSigner(address signer)
    NotSignedBy(address signer, address got)
    WrongStage(uint256 index, bytes32 order, uint8 stage)
    OrderMismatch(bytes32 order, bytes32 named)
    RedemptionMismatch(uint256 index, bytes32 order, bytes32 redemption)
    PastClaimBy(uint256 index, bytes32 order, uint40 claimBy)
    Barred(uint256 index, bytes32 order, uint8 bar, bytes32 subject)
    InvalidDeadline(bytes32 order, uint40 from, uint40 until)
    PastDeadline(bytes32 order, uint40 deadline)
    WrongAttempt(bytes32 order, uint8 attempt, uint8 got)
    OverOrder(bytes32 order, uint64 amount, uint64 subsidy)
    OverRule(bytes32 order, uint64 most, uint64 subsidy)
    TooFewPartners(bytes32 order, uint32 partners, uint8 minPartners)
    StandInNotReviewer(address account, uint24 region)
    NoFirstReview(uint256 index, bytes32 order)
    EvidenceDiffers(uint256 index, bytes32 order, bytes17 evidence, bytes17 got)
    ReviewedBefore(uint256 index, bytes32 order, address account)
    TooManyAttempts(bytes32 order)
    InvalidRecovery(bytes32 order, uint64 subsidy, uint64 recover)
    NotBatchable(uint256 index)

    Panic(uint256 code)
"""

OVERFLOW = 0x11
"""The code of the compiler's panic where a sum or difference leaves its type."""

MALFORMED = Rejected("Malformed")
"""What a call to an address without the contract that it asks for comes back with: no error at all."""


def _read_declarations() -> dict[str, tuple[tuple[str, str], ...]]:
    declared = {}
    for name, parameters in re.findall(r"(\w+)\((.*)\)", _DECLARATIONS):
        declared[name] = tuple((words[1], words[0]) for words in (each.split() for each in parameters.split(",") if each))
    return declared


ERRORS: Mapping[str, tuple[tuple[str, str], ...]] = _read_declarations()
"""Every error by name: the names and Solidity types of its values."""


def refusal(code: str, *values: object) -> Rejected:
    """Make a refusal as the contract would, its values in the contract's order."""
    return Rejected(code, {name: value for (name, _), value in zip(ERRORS[code], values, strict=True)})


def require(condition: object, code: str, *values: object) -> None:
    """Refuse unless the condition holds, as Solidity's `require` does with an error."""
    if not condition:
        raise refusal(code, *values)


def encode(rejected: Rejected) -> bytes:
    """The bytes that the contract reverts with, as `Refused` carries them. A refusal without a name has none."""
    if rejected.code == MALFORMED.code:
        return b""
    parameters = ERRORS[rejected.code]
    signature = f"{rejected.code}({','.join(solidity_type for _, solidity_type in parameters)})"
    types = [type_of(solidity_type) for _, solidity_type in parameters]
    return keccak(signature.encode())[:4] + encode_sequence(types, list(rejected.values.values()))
