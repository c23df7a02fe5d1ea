"""
Every refusal that a route can answer: the contracts' errors by verb, and this gateway's own codes with their status.

`gateway.documents` writes them into the interface's description; tests hold the first table against the rules, and every refusal that
any test meets against the description.
"""

from collections.abc import Mapping

OF_VERB: Mapping[str, tuple[str, ...]] = {
    "open": (
        "InvalidHoldDays",
        "InvalidSliceCount",
        "NotIssuer",
        "ProgrammeExists",
        "ProgrammeKnownToPredecessor",
        "RegistryRetired",
        "SliceLimitNotRising",
        "SliceRateRising",
        "Suspended",
        "UnknownRegion",
    ),
    "fund": ("AmountZero", "BankReferenceUsed", "NotPayer", "Panic", "UnknownProgramme"),
    "draw": ("AmountZero", "BankReferenceUsed", "NotPayer", "PoolShort", "UnknownProgramme"),
    "issue": (
        "FirmNotEnrolled",
        "InvalidDates",
        "InvalidDenomination",
        "InvalidTag",
        "NotIssuer",
        "RegistryRetired",
        "UnknownProgramme",
        "VoucherExists",
    ),
    "reserve": (
        "AmountZero",
        "FirmNotEnrolled",
        "ItemNotListed",
        "ItemRequired",
        "LabNotActive",
        "NotQualified",
        "NotRecognised",
        "NotSignedBy",
        "NotWholeNotes",
        "OrderSeen",
        "OverAvailable",
        "PastUseBy",
        "PoolShort",
        "SameSigner",
        "SellerIsFirm",
        "SignatureExpired",
        "SubjectFlagged",
        "Suspended",
        "UnknownLab",
        "UnknownRegion",
        "UnknownVoucher",
        "VoucherMismatch",
        "WholeVoucherOnly",
    ),
    "approve": ("Barred", "NotReviewer", "PastClaimBy", "PoolShort", "Suspended", "UnknownRegion", "VoucherMismatch", "WrongStage"),
    "decline": ("NotReviewer", "VoucherMismatch", "WrongStage"),
    "release": ("NotSignedBy", "OrderMismatch", "SameSigner", "SignatureExpired", "VoucherMismatch", "WrongAttempt", "WrongStage"),
    "extend": ("InvalidDeadline", "NotReviewer", "VoucherMismatch", "WrongStage"),
    "redeem": (
        "AmountZero",
        "CostZero",
        "InvoiceAmountDiffers",
        "InvoiceExceeded",
        "InvoiceSellerDiffers",
        "InvoiceZero",
        "LabFrozen",
        "MayNotClaim",
        "NotSignedBy",
        "OrderMismatch",
        "OverOrder",
        "OverRule",
        "PastDeadline",
        "SameSigner",
        "SellerIsFirm",
        "SignatureExpired",
        "StandInNotReviewer",
        "SubjectFlagged",
        "TooFewPartners",
        "TooManyAttempts",
        "VoucherMismatch",
        "WrongAttempt",
        "WrongStage",
    ),
    "endorse": ("Barred", "EvidenceDiffers", "NoFirstReview", "NotReviewer", "ReviewedBefore", "WrongStage"),
    "accept": ("Barred", "EvidenceDiffers", "NotReviewer", "ReviewedBefore", "WrongStage"),
    "reject": ("EvidenceDiffers", "MayNotFree", "NotPayer", "NotReviewer", "Panic", "RedemptionMismatch", "WrongStage"),
    "settle": ("EvidenceDiffers", "NotPayer", "WrongStage"),
    "reverse": ("EvidenceDiffers", "InvalidRecovery", "NotReviewer", "WrongStage"),
    "refunded": ("EvidenceDiffers", "MayNotFree", "NotPayer", "Panic", "RedemptionMismatch", "WrongStage"),
    "closeMonth": (
        "InvalidMonth",
        "InvalidStatement",
        "MonthBeforeFounding",
        "MonthIsClosed",
        "MonthNotOver",
        "NotOfEither",
        "SameRegion",
        "UnknownRegion",
    ),
    "admit": ("AlreadyAdmitted", "InvalidSigner", "InvalidTag", "NotDirectory", "SignerHoldsRole"),
    "renew": ("InvalidTag", "NotDirectory", "UnknownLab"),
    "list": ("AlreadyListed", "InvalidCode", "NotDirectory", "UnknownLab"),
    "suspend": ("NotDirectory", "UnknownLab", "WrongStanding"),
    "exit": ("NotDirectory", "UnknownLab", "WrongStanding"),
    "freeze": ("NotDirectory", "UnknownLab", "WrongStanding"),
    "reinstate": ("NotDirectory", "UnknownLab", "WrongStanding"),
    "enrol": ("AlreadyEnrolled", "InvalidSigner", "InvalidTag", "NotDirectory", "SignerHoldsRole"),
    "rotate": ("InvalidSigner", "NotDirectory", "SignerHoldsRole", "SubjectFlagged", "UnknownSubject"),
    "vetoRotation": ("NoRotation", "NotSigner", "SubjectFlagged", "UnknownSubject"),
    "completeRotation": ("InvalidSigner", "NoRotation", "RotationNotYet", "SignerHoldsRole"),
    "recognise": ("InvalidWindow", "NotDirectory", "UnknownSubject"),
    "withdraw": ("NotDirectory", "NotRecognised"),
    "flag": ("FlaggedBefore", "NotDirectory", "SubjectFlagged", "UnknownSubject"),
    "second": ("AlreadySeconded", "NotDirectory", "NotFlagged", "OwnFlag"),
    "unflag": ("AlreadySeconded", "NotDirectory", "NotFlagged", "NotOwnFlag"),
}
"""The contracts' errors that a call of each verb can meet, by its Solidity name."""

STATUS: Mapping[str, int] = {
    "AgreementNotYours": 403,
    "BadRows": 422,
    "BodyTooSlow": 408,
    "BundleDiffers": 422,
    "CatalogueMissing": 409,
    "CatalogueRefused": 422,
    "CodeRefused": 422,
    "CursorDiffers": 422,
    "CursorRefused": 422,
    "DeviceUnavailable": 503,
    "DocumentRefused": 422,
    "EpochMissing": 422,
    "EpochsMixed": 422,
    "EvidenceAltered": 409,
    "EvidenceEmpty": 422,
    "EvidenceFull": 409,
    "EvidenceMissing": 409,
    "EvidenceTooLarge": 413,
    "EvidenceUnavailable": 503,
    "EvidenceUnreadable": 422,
    "FirmRepeated": 422,
    "IdempotencyKeyMissing": 400,
    "IdempotencyKeyReused": 422,
    "IdempotencyKeyRunning": 409,
    "IndexRefused": 503,
    "IntentDiffers": 409,
    "Internal": 500,
    "InvalidRequest": 422,
    "InvoicePaidBefore": 409,
    "IssueUnderWay": 503,
    "IssuerSilent": 503,
    "LabMissing": 422,
    "ListEmpty": 422,
    "ListHeaderDiffers": 422,
    "ListTooLarge": 413,
    "ListTooLong": 422,
    "ListUnreadable": 422,
    "LoadUnderWay": 503,
    "LookupLogUnavailable": 503,
    "MalformedRequest": 400,
    "MoveDiffers": 422,
    "NoAccount": 403,
    "NoOfficer": 403,
    "NotFound": 404,
    "NotReady": 503,
    "NotYours": 403,
    "OpeningListDiffers": 409,
    "OpeningListMissing": 409,
    "OutcomeUnknown": 504,
    "PartnershipReached": 409,
    "PeriodNotOver": 409,
    "PowerDiffers": 409,
    "ProgrammeFileDiffers": 409,
    "ProgrammeFileInvalid": 422,
    "ProgrammeFileMalformed": 422,
    "ProgrammeFileMissing": 409,
    "ProgrammeIsOpening": 409,
    "ProgrammeNotOpening": 409,
    "ProgrammeOfOtherEpoch": 409,
    "RateLimited": 429,
    "Reverted": 409,
    "RoleNotAllowed": 403,
    "SellerDiffers": 422,
    "SerialAmbiguous": 409,
    "SignatureMissing": 422,
    "SignerIsGateways": 422,
    "Stale": 503,
    "StatementDiffers": 409,
    "TimedOut": 504,
    "TokenInvalid": 401,
    "TooLarge": 413,
    "TooManyOperations": 503,
    "TotalsDiffer": 422,
    "TransactionRefused": 422,
    "Unauthenticated": 401,
    "UnknownVoucher": 404,
    "Unreachable": 503,
    "YearNotOver": 409,
}
"""This gateway's own codes, and the status that each is answered with."""

# Refusals by what stands on the chain, as far as this gateway knows it: claimed only while the node answers and its head is new.
OF_STATE = frozenset(
    {"AgreementNotYours", "MonthNotOver", "NotFound", "PeriodNotOver", "SellerDiffers", "UnknownVoucher", "WrongStage", "YearNotOver"}
)
IN_DOUBT = ("Stale", "Unreachable")

# What a route can meet because of what it asks for, whatever it does.
OF_EVERY_ROUTE = ("Internal", "TimedOut")
OF_OFFICES = ("IndexRefused",)
OF_AUTHENTICATION = ("IssuerSilent", "NoOfficer", "RateLimited", "TokenInvalid", "Unauthenticated")
OF_ROLES = ("RoleNotAllowed",)
OF_INPUT = ("InvalidRequest",)
OF_POSTS = ("BodyTooSlow", "TooLarge")
OF_BODIES = ("MalformedRequest",)
OF_IDS = ("NotFound",)
OF_WRITES = (
    "DeviceUnavailable",
    "IdempotencyKeyMissing",
    "IdempotencyKeyReused",
    "IdempotencyKeyRunning",
    "IntentDiffers",
    "OutcomeUnknown",
    "Reverted",
    "TooManyOperations",
    "Unreachable",
)
OF_OFFICERS = ("NoAccount",)
TAGS = ("CodeRefused",)
CURSORS = ("CursorDiffers", "CursorRefused")
LOGGED = ("LookupLogUnavailable",)
FILES = ("ProgrammeFileDiffers", "ProgrammeFileMissing")
# What can be met where this region carried an older ledger over, and its list was lost or damaged here.
KEPT_LISTS = ("OpeningListDiffers", "OpeningListMissing")
PAID_BEFORE = ("InvoicePaidBefore", *KEPT_LISTS, *FILES)
LISTS = ("ListEmpty", "ListHeaderDiffers", "ListTooLarge", "ListTooLong", "ListUnreadable")
