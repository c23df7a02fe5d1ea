"""
Parties' keys: replaced by the party itself at once, or by its office after three days, during which the old key may veto.

The registry takes a party's own rotation and veto from its key alone, as the sender of the transaction. So the gateway prepares that
transaction, and passes it on once the party has signed it.
"""

from collections.abc import Collection, Mapping
from typing import Literal

from gateway import shapes
from gateway.callers import Caller, Party
from gateway.errors import Problem
from gateway.office import Office
from gateway.schemas import (
    KeyOne,
    OwnRotation,
    RotationPage,
    RotationProposal,
    RotationWritten,
    SignedTransaction,
    SubjectNamed,
    UnsignedTransaction,
)
from gateway.sight import may_see_key, not_found, only_lab, own_subjects
from registry import Address, Done, Facts, Id, KeyRotated, Ledger, RotationProposed, RotationVetoed


def propose(office: Office, caller: Caller, asked: RotationProposal, intent_id: str) -> RotationWritten:
    """Propose a key for a firm or lab of the office's region."""
    subject = Id(asked.subject)
    with office.current() as snapshot:
        _require_seen(office, caller, snapshot.ledger, subject)
    done = office.client(caller).rotate(subject, office.require_foreign(asked.signer), intent_id=intent_id)
    return _rotated(office, subject, done)


def complete(office: Office, asked: SubjectNamed, intent_id: str) -> RotationWritten:
    """Put a proposed key in place once its time has come. Anybody may."""
    return _rotated(office, Id(asked.subject), office.relay.complete_rotation(Id(asked.subject), intent_id=intent_id))


def prepare_rotation(office: Office, caller: Caller, asked: OwnRotation) -> UnsignedTransaction:
    """The transaction by which a party names its new key."""
    return _prepared(office, caller, asked.subject, "rotate", office.require_foreign(asked.signer))


def prepare_veto(office: Office, caller: Caller, subject: bytes | None) -> UnsignedTransaction:
    """The transaction by which a party refuses its office's proposal."""
    return _prepared(office, caller, subject, "vetoRotation")


def submit(office: Office, caller: Caller, asked: SignedTransaction) -> RotationWritten:
    """Pass on what a party signed about its own key."""
    transaction = office.party_transactions.read(asked.raw)
    _require_own(transaction.subject, own_subjects(office, caller))
    if transaction.signer is not None:
        office.require_foreign(transaction.signer)
    return _rotated(office, transaction.subject, office.party_transactions.send(transaction))


def key(office: Office, caller: Caller, subject: Id) -> KeyOne:
    """Who signs for a party, for itself, the offices of its region, and auditors."""
    with office.seen() as snapshot:
        _require_seen(office, caller, snapshot.ledger, subject)
        return shapes.key_one(snapshot, subject, office.clock())


def rotations(office: Office, caller: Caller) -> RotationPage:
    """The proposals that stand, of parties whose keys the caller may see."""
    with office.seen() as snapshot:
        mine = [each for each in Facts(snapshot).proposals() if may_see_key(office, caller, snapshot.ledger, each)]
        return RotationPage(rotations=[shapes.key_seen(snapshot, each) for each in mine], block=office.block_seen(snapshot))


_OUTCOMES: Mapping[type[KeyRotated | RotationProposed | RotationVetoed], Literal["ROTATED", "PROPOSED", "VETOED"]] = {
    KeyRotated: "ROTATED",
    RotationProposed: "PROPOSED",
    RotationVetoed: "VETOED",
}


def _prepared(office: Office, caller: Caller, named: bytes | None, verb: str, *signer: Address) -> UnsignedTransaction:
    """A party that is known under two ids names one; unnamed it is the newest under which it is known."""
    own = own_subjects(office, caller)
    if named is not None:
        _require_own(named, own)
    elif caller.party is Party.AGENCY:
        named = only_lab(caller)
    with office.current() as snapshot:
        known = [each for each in own if each in snapshot.ledger.firm_records or each in snapshot.ledger.lab_records]
        subject = Id(named) if named is not None else (known or own)[0]
        _require_seen(office, caller, snapshot.ledger, subject)
        current, block = Facts(snapshot).signer_of(subject), office.block_seen(snapshot)
    return UnsignedTransaction(transaction=dict(office.party_transactions.prepare(current, verb, subject, *signer)), block=block)


def _rotated(office: Office, subject: Id, done: Done) -> RotationWritten:
    office.follow()
    (event,) = (each for kind in _OUTCOMES for each in done.of(kind))
    return RotationWritten(
        subject=subject,
        signer=event.signer,
        outcome=_OUTCOMES[type(event)],
        proposed_from=event.from_ if isinstance(event, RotationProposed) else None,
        transaction=done.transaction,
        block=done.block,
    )


def _require_own(subject: bytes, own: Collection[bytes]) -> None:
    if subject not in own:
        raise Problem(403, "NotYours", "只能办理本单位的签名账户。 A party changes its own key only.")


def _require_seen(office: Office, caller: Caller, ledger: Ledger, subject: Id) -> None:
    if not may_see_key(office, caller, ledger, subject):
        raise not_found("subject", subject)
