"""
Every transaction decided once more: its calldata read, its signatures traced back, and the rules asked what it should have done.

The answer is compared with the events that stand on the chain. So every guard of the contracts is applied again in Python, on the
state that the events before it gave: who signed, who reviews and pays, deadlines, standing, the invoice guard, the subsidy rule.

Asks no node; the ledger that it is given is only read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields

from registry import codec, events, rules
from registry.audit.report import Breach, Difference, Unverified, key_of
from registry.chain.raw import RawTransaction
from registry.codec import CodecError, Domain, UnknownVerb, digest, id_of
from registry.errors import Rejected
from registry.events import Contract, Event
from registry.model import NO_ADDRESS, NO_ID, Address, Id, Item, Paid, Recipient, Record, Role, Signatures, StandIn, Time
from registry.rules import NO_REASON, Call, Ledger, Signers
from registry.signing import signer_of
from registry.tags import mixed_epochs

Finding = Difference | Breach | Unverified

_NO_WORD = bytes(64)

_CALLS: Mapping[str, Callable[..., Call]] = {
    "offer": rules.OfferRole,
    "takeUp": rules.TakeUp,
    "revoke": rules.Revoke,
    "recover": rules.Recover,
    "rotateRecovery": rules.RotateRecovery,
    "vote": rules.Vote,
    "veto": rules.Veto,
    "enact": rules.Enact,
    "closeMonth": rules.CloseMonth,
    "admit": rules.Admit,
    "renew": rules.Renew,
    "list": rules.ListItems,
    "suspend": rules.Suspend,
    "exit": rules.Exit,
    "freeze": rules.Freeze,
    "reinstate": rules.Reinstate,
    "enrol": rules.Enrol,
    "rotate": rules.Rotate,
    "vetoRotation": rules.VetoRotation,
    "completeRotation": rules.CompleteRotation,
    "recognise": rules.Recognise,
    "withdraw": rules.Withdraw,
    "flag": rules.FlagSubject,
    "second": rules.Second,
    "unflag": rules.Unflag,
    "lift": rules.Lift,
    "setRegistry": rules.SetRegistry,
    "voidClaim": rules.VoidClaim,
    "open": rules.Open,
    "fund": rules.Fund,
    "draw": rules.Draw,
    "issue": rules.Issue,
    "reserve": rules.Reserve,
    "approve": rules.Approve,
    "decline": rules.Decline,
    "release": rules.ReleaseOrder,
    "extend": rules.Extend,
    "redeem": rules.Redeem,
    "endorse": rules.Endorse,
    "accept": rules.Accept,
    "reject": rules.Reject,
    "settle": rules.Settle,
    "reverse": rules.Reverse,
    "refunded": rules.Refund,
}
"""The rules' call for each verb that a person sends; `tryEach` holds such calls itself."""


class NotOurs(ValueError):
    """Calldata of no verb that a person sends."""


def judge(
    ledger: Ledger,
    transaction: RawTransaction,
    logged: Sequence[Event],
    *,
    time: Time,
    domain: Domain,
    contracts: Mapping[Address, Contract],
) -> Iterator[Finding]:
    """Compare the events of one transaction with what the rules decide. `ledger` is the state before it, and stays so."""
    ids = _ids_of(logged)
    where = "0x" + transaction.hash.hex()
    sender = transaction.sender
    if sender is None:
        yield Breach("signature", where, "nobody signed this transaction")
        return
    if transaction.to not in contracts:
        to = transaction.to or "a contract that it created"
        why = f"经 {to} 调用了本系统合约，无法查看其内容。 Our contracts were called through {to}; what was asked is not in sight: {ids}"
        yield Unverified("calls", where, why)
        return
    try:
        call = _call_of(ledger, transaction.calldata, domain)
    except (NotOurs, CodecError, ValueError) as unreadable:
        why = f"调用数据无法按规则解读。 Calldata that the rules do not know: {unreadable}: {ids}"
        yield Unverified("calls", where, why)
        return
    try:
        decided = rules.decide(ledger, call, sender, time)
    except Rejected as refused:
        yield Breach(refused.code, ids, f"the rules refuse what transaction {where} did: {refused}")
    except (LookupError, ValueError) as misfit:
        yield Breach("I13", ids, f"what transaction {where} did stands on events that are not there: {misfit!r}")
    else:
        if decided != tuple(logged):
            yield Difference("calls", ids, {"rules": decided, "events": tuple(logged), "transaction": where})


def _ids_of(logged: Sequence[Event]) -> str:
    """The ids that a transaction's events are about, each once, the most telling first: an order rather than its invoice."""
    named = {key_of(getattr(event, fields(event)[0].name)): None for event in reversed(logged) if fields(event)}
    return "/".join(named)


def _call_of(ledger: Ledger, calldata: bytes, domain: Domain) -> Call:
    found = codec.decode(calldata)
    if found.verb.name == "tryEach":
        return rules.TryEach(tuple(_item_of(ledger, each, domain) for each in found.values[0]))
    kind = _CALLS.get(found.verb.name)
    if kind is None:
        raise NotOurs(f"{found.verb.signature} is for contracts among themselves")
    if kind in (rules.OfferRole, rules.TakeUp):
        whom, role = found.values
        return kind(whom, Role(role))
    if not isinstance(found.values[-1], Signatures):
        return kind(*found.values)
    *values, signatures = found.values
    return kind(*values, _signers(ledger, values, signatures, domain))


def _item_of(ledger: Ledger, calldata: bytes, domain: Domain) -> Call:
    try:
        return _call_of(ledger, calldata, domain)
    except (NotOurs, UnknownVerb):
        # A batch turns away unread whatever is none of its three verbs: an empty batch within it stands for all of those.
        return rules.TryEach(())


def _signers(ledger: Ledger, values: Sequence[Record], signatures: Signatures, domain: Domain) -> Signers:
    record = values[-1]
    firm, lab = (_signer(record, each, domain) for each in (signatures.firm, signatures.lab))
    if signatures.reason == NO_REASON:
        return Signers(firm, lab)
    stand_in = StandIn(id_of(record), signatures.reason)
    instead = signatures.lab if _firm_is_paid(ledger, values) else signatures.firm
    return Signers(firm, lab, signatures.reason, _signer(stand_in, instead, domain))


def _signer(record: Record, signature: bytes, domain: Domain) -> Address | None:
    """As the rules are told: None for the sender's own word, NO_ADDRESS for what is nobody's signature."""
    return None if signature == _NO_WORD else signer_of(digest(record, domain), signature) or NO_ADDRESS


def _firm_is_paid(ledger: Ledger, values: Sequence[Record]) -> bool:
    voucher, order = values[0], values[1]
    programme = ledger.programmes[voucher.programme]  # type: ignore[attr-defined] # redeem(voucher, order, …)
    at_home = ledger.labs[order.lab].region == programme.region  # type: ignore[attr-defined] # likewise
    return (programme.paid_home if at_home else programme.paid_across) is Paid.FIRM


# Epochs of tags


def mixed(ledger: Ledger, event: Event) -> Iterator[Breach]:
    """
    Tags of two epochs never meet, so no guard that compares them would: all that belongs to a voucher is of one (docs/adr/0018).

    The contracts do not look at epochs; an order that mixes them went past its gateway.
    """
    match event:
        case events.Issued(voucher, _, firm, serial):
            yield from _mixed(voucher, {"firm": firm, "serial": serial})
        case events.Reserved(order, record):
            seller = ledger.labs[record.lab].seller
            yield from _mixed(order, {"firm": ledger.vouchers[record.voucher].firm, "project": record.project, "seller": seller})
        case events.Redeemed(order, record):
            holder = ledger.vouchers[ledger.order_records[order].voucher].firm
            yield from _mixed(order, {"firm": holder, "agreement": record.agreement})


def _mixed(key: Id, tags: Mapping[str, bytes]) -> Iterator[Breach]:
    epochs = mixed_epochs(tags)
    if epochs is not None:
        yield Breach("tags of one epoch", key.hex(), ", ".join(f"{name}: {epoch}" for name, epoch in epochs.items()))


# Records


def misnamed(ledger: Ledger, event: Event) -> Iterator[Difference]:
    """Hash an event's record again: it must give the id under which it stands."""
    named, made = _named_and_made(ledger, event)
    if named != made:
        yield Difference("records", key_of(named), {"event": named, "record": made})


def _named_and_made(ledger: Ledger, event: Event) -> tuple[Id, Id]:
    match event:
        case events.Redeemed(order, record):
            return order, record.order
        case events.Issued(voucher, terms, firm, serial):
            return voucher, id_of(codec.voucher_of(ledger.terms[terms], Recipient(firm, serial)))
        case events.ItemListed(item, lab, code):
            return item, id_of(Item(lab, code))
        case _ if isinstance(event, _NAMED_BY_RECORD):
            return getattr(event, fields(event)[0].name), id_of(event.record)
        case _:
            return NO_ID, NO_ID


_NAMED_BY_RECORD = (
    events.LabAdmitted,
    events.FirmEnrolled,
    events.ProgrammeOpened,
    events.TermsIssued,
    events.Reserved,
    events.Voted,
)
