"""
The contracts' public getters, by the table of `registry.rules.Ledger` that mirrors each.

One table serves the client, which asks for one thing, and the audit, which asks for everything and compares.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from registry.codec import closing_id
from registry.events import Contract
from registry.model import (
    Address,
    Approval,
    Balance,
    Fen,
    FirstReview,
    InvoiceState,
    OrderState,
    Paid,
    Pool,
    Region,
    RegionStatus,
    RegistryStatus,
    Role,
    Slice,
    Stage,
    Standing,
    Time,
)
from registry.ports import Question
from registry.rules import (
    AccountState,
    Closing,
    FirmState,
    Flag,
    LabState,
    MotionState,
    Offer,
    OfferedKeys,
    Partnership,
    RegionState,
    Rotation,
    Window,
)
from registry.solidity import decode_sequence, encode_sequence, keccak, type_of

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class ProgrammeRules:
    """What the contract keeps of a programme; region 0 if it was never opened. `flat_bps` counts only if `flat`."""

    region: Region
    payer: Region
    paid_home: Paid
    paid_across: Paid
    approval: Approval
    first_review: FirstReview
    itemised: bool
    min_partners: int
    hold_days: int
    flat: bool
    flat_bps: int


@dataclass(frozen=True)
class Getter(Generic[V]):
    """
    One view function: the types of what it is asked for and of what it answers, and what Python makes of that.

    `key` turns a key of the ledger's table into the function's arguments.
    """

    contract: Contract
    name: str
    arguments: tuple[str, ...]
    answers: tuple[str, ...]
    make: Callable[..., V]
    key: Callable[[Any], tuple[Any, ...]] = lambda key: (key,)

    @cached_property
    def _selector(self) -> bytes:
        return keccak(f"{self.name}({','.join(type_of(each).abi for each in self.arguments)})".encode())[:4]

    def question(self, addresses: Mapping[Contract, Address], *arguments: Any) -> Question:
        """The call that asks this of the contract."""
        calldata = self._selector + encode_sequence([type_of(each) for each in self.arguments], arguments)
        return Question(addresses[self.contract], calldata)

    def read(self, answer: bytes) -> V:
        """
        Read the contract's answer.

        Raises:
            NotDecodable: it is no answer of this function.
        """
        values, _ = decode_sequence([type_of(each) for each in self.answers], answer, 0)
        return self.make(*values)


def _pair(key: tuple[Any, Any]) -> tuple[Any, ...]:
    return key


def _region_state(admin: Address, status: int, status_since: Time, *rest: Any) -> RegionState:
    return RegionState(admin, RegionStatus(status), status_since, *rest)


def _account_state(region: int, role: int, active: bool) -> AccountState:  # noqa: FBT001 - in the contract's order
    return AccountState(Region(region), Role(role), active)


def _offer(by: Address, role: int) -> Offer:
    return Offer(by, Role(role))


def _motion_state(votes: int, carried_at: int, vetoed: bool, enacted: bool) -> MotionState:  # noqa: FBT001 - in the contract's order
    return MotionState(votes, Time(carried_at), vetoed, enacted)


def _lab_state(signer: Address, region: int, standing: int, *rest: Any) -> LabState:
    return LabState(signer, Region(region), Standing(standing), *rest)


def _order_state(stage: int, attempt: int, amount: int, deadline: int, evidence: bytes) -> OrderState:
    return OrderState(Stage(stage), attempt, Fen(amount), Time(deadline), evidence)


def _programme_rules(region: int, payer: int, *rest: Any) -> ProgrammeRules:
    paid_home, paid_across, approval, first_review, *others = rest
    parties = Paid(paid_home), Paid(paid_across), Approval(approval), FirstReview(first_review)
    return ProgrammeRules(Region(region), Region(payer), *parties, *others)


_ID, _REGION, _TIME, _FEN, _ADDRESS = "bytes32", "uint24", "uint40", "uint64", "address"

FIRST_MONTH = Getter(Contract.CONSORTIUM, "firstMonth", (), ("uint24",), int)
MEMBERS = Getter(Contract.CONSORTIUM, "members", (), ("uint16",), int)
REGION = Getter(Contract.CONSORTIUM, "regions", (_REGION,), (_ADDRESS, "uint8", _TIME, _ADDRESS, _ADDRESS, _TIME), _region_state)
ACCOUNT = Getter(Contract.CONSORTIUM, "accounts", (_ADDRESS,), (_REGION, "uint8", "bool"), _account_state)
OFFER = Getter(Contract.CONSORTIUM, "offers", (_REGION, _ADDRESS), (_ADDRESS, "uint8"), _offer, _pair)
OFFERED_KEYS = Getter(Contract.CONSORTIUM, "offeredKeys", (_REGION,), (_ADDRESS, _ADDRESS), OfferedKeys)
MOTION = Getter(Contract.CONSORTIUM, "motions", (_ID,), ("uint16", _TIME, "bool", "bool"), _motion_state)
VOTED = Getter(Contract.CONSORTIUM, "voted", (_ID, _REGION), ("bool",), bool, _pair)
CLOSING = Getter(Contract.CONSORTIUM, "closings", (_ID,), (_ID, _ID), Closing, lambda key: (closing_id(*key),))

LAB = Getter(Contract.DIRECTORY, "labs", (_ID,), (_ADDRESS, _REGION, "uint8", _TIME, "bytes27", _TIME), _lab_state)
FIRM = Getter(Contract.DIRECTORY, "firms", (_ID,), (_ADDRESS, _TIME, _REGION), FirmState)
ITEM = Getter(Contract.DIRECTORY, "items", (_ID,), (_ID,), bytes)
RECOGNITION = Getter(Contract.DIRECTORY, "recognitions", (_REGION, _ID), (_TIME, _TIME), Window, _pair)
ROTATION = Getter(Contract.DIRECTORY, "rotations", (_ID,), (_ADDRESS, _TIME), Rotation)
FLAG = Getter(Contract.DIRECTORY, "flags", (_ID,), (_REGION, _REGION, _TIME, _TIME), Flag)
FLAGGED_BY = Getter(Contract.DIRECTORY, "flaggedBy", (_ID, _REGION), ("bool",), bool, _pair)

LATEST = Getter(Contract.INVOICES, "latest", (), (_ADDRESS,), str)
INVOICE = Getter(Contract.INVOICES, "invoices", (_ID,), (_FEN, _FEN, "uint32", "bytes12"), InvoiceState)
REGISTRY = Getter(Contract.INVOICES, "registries", (_ADDRESS,), ("uint8",), RegistryStatus)
VOIDED = Getter(Contract.INVOICES, "voided", (_ADDRESS, _ID), ("bool",), bool, _pair)

RULES = Getter(
    Contract.PROGRAMMES,
    "rules",
    (_ID,),
    (_REGION, _REGION, "uint8", "uint8", "uint8", "uint8", "bool", "uint8", "uint16", "bool", "uint16"),
    _programme_rules,
)
SLICES: Getter[tuple[Slice, ...]] = Getter(Contract.PROGRAMMES, "slicesOf", (_ID,), ("Slice[]",), tuple)
POOL = Getter(Contract.PROGRAMMES, "pools", (_ID,), (_FEN, _FEN, _FEN), Pool)
AGREEMENT = Getter(Contract.PROGRAMMES, "agreements", (_ID, _ID), ("uint256",), int, _pair)
BANK_REFERENCE = Getter(Contract.PROGRAMMES, "bankReferences", (_REGION, _ID), ("bool",), bool, _pair)

BALANCE = Getter(Contract.VOUCHER_REGISTRY, "balances", (_ID,), (_FEN, _FEN, _FEN, _FEN), Balance)
ORDER = Getter(Contract.VOUCHER_REGISTRY, "orders", (_ID,), ("uint8", "uint8", _FEN, _TIME, "bytes17"), _order_state)
PARTNERSHIP = Getter(Contract.VOUCHER_REGISTRY, "partnerships", (_ID,), ("uint32", "bool"), Partnership)
PARTNER_ORDERS = Getter(Contract.VOUCHER_REGISTRY, "partnerOrders", (_ID, _ID), ("uint32",), int, _pair)

MIRRORED: Mapping[str, Getter[Any]] = {
    "regions": REGION,
    "accounts": ACCOUNT,
    "offers": OFFER,
    "offered_keys": OFFERED_KEYS,
    "motions": MOTION,
    "voted": VOTED,
    "closings": CLOSING,
    "labs": LAB,
    "firms": FIRM,
    "items": ITEM,
    "recognitions": RECOGNITION,
    "rotations": ROTATION,
    "flags": FLAG,
    "flagged_by": FLAGGED_BY,
    "invoices": INVOICE,
    "registries": REGISTRY,
    "voided": VOIDED,
    "pools": POOL,
    "agreements": AGREEMENT,
    "bank_references": BANK_REFERENCE,
    "balances": BALANCE,
    "orders": ORDER,
    "partnerships": PARTNERSHIP,
    "partner_orders": PARTNER_ORDERS,
}
"""Every table of the ledger that mirrors a contract's storage slot by slot. Of programmes the contract keeps `RULES` and `SLICES`."""
