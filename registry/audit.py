"""
The auditor's replay: read every event from a node, fold, and compare with what the contracts themselves answer.

It trusts no gateway and no index: a node's raw logs and its answers at one final block are all that goes in. Whoever falsifies
one of the two is found out by the other.

1. The contracts are the deployment's, by code.
2. All logs up to the newest final block, with their blocks' times; none may be missing between two others of its block.
3. The fold; an event that does not fit is a difference, and the fold goes on without it. No order may skip a stage.
4. Every slot that the fold or any record names, asked of the contracts as of that block, and compared.
5. Invariants I1, I3 and I4, on the contracts' own answers.

What is not here: signatures on the records, and a region's policy (`registry.policy` replays that). Nor can one node alone
show that it hides nothing whose effect was overwritten since, such as a standing that changed twice: for that, `trail` is
compared between audits of several regions' nodes as of the same block.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from registry import events, getters
from registry.chain.deploy import Deployment, verify
from registry.codec import id_of, joint_id
from registry.errors import Rejected
from registry.events import Contract, Event, Logged, MalformedEvent, Position, decode
from registry.getters import MIRRORED, Getter, ProgrammeRules
from registry.model import Address, Balance, Digest, Fen, Firm, FirstReview, Id, InvoiceState, OrderState, Pool, Programme, Stage, Time
from registry.ports import Log, Node
from registry.rules import Ledger, apply
from registry.solidity import NotDecodable, keccak

BLOCKS_AT_ONCE = 1_000
JOINT = 2
"""From so many partners on a programme is a joint one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """
    Something that the events and the contracts tell differently, or an event that does not fit what came before it.

    `what` is the ledger's table, `events` for the latter; `key` the id (or ids, joined) in hexadecimal digits.
    """

    what: str
    key: str
    by_events: object
    by_contract: object


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant that does not hold, by its number in the design, and for which voucher, invoice or programme."""

    invariant: str
    key: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """
    What a replay found as of a block. Amounts are in fen; `compared` is how many slots were asked of the contracts.

    `issued` counts faces, `redeemed` what stands as redeemed on vouchers, `settled` what payers paid and did not get back.
    `trail` is a hash of every entry in order: audits of two nodes as of one block agree on it, or were shown different histories.
    """

    block: int
    time: Time
    trail: Digest
    events: int
    compared: int
    vouchers: int
    orders: int
    issued: int
    redeemed: int
    settled: int
    differences: tuple[Difference, ...]
    breaches: tuple[Breach, ...]

    @property
    def clean(self) -> bool:
        """Whether events and contracts tell the same, and all invariants hold."""
        return not self.differences and not self.breaches


def replay(node: Node, deployment: Deployment) -> Audit:
    """
    Replay a deployment from its first block to the node's newest final one.

    Raises:
        WrongDeployment: other contracts, or another chain.
        Unreachable: the node did not answer, or no longer keeps the state of that block.
    """
    verify(node, deployment)
    head = node.finalised_head()
    entries = _entries(node, deployment, head.number)
    logs = [log for log in entries if log.address in deployment.contracts]
    fold = _fold(node, logs, deployment)
    ledger = fold.ledger
    answers = _ask(node, deployment, fold, head.number)
    differing = (_compare(answer) for answer in answers)
    return Audit(
        block=head.number,
        time=head.time,
        trail=_trail(logs),
        events=len(logs),
        compared=len(answers),
        vouchers=len(list(ledger.vouchers)),
        orders=len(list(ledger.order_records)),
        issued=sum(voucher.face for _, voucher in ledger.vouchers.items()),
        redeemed=sum(balance.redeemed for balance in _answered(answers, "balances", Balance).values()),
        settled=sum(pool.paid for pool in _answered(answers, "pools", Pool).values()),
        differences=(*fold.unfit, *(difference for difference in differing if difference is not None)),
        breaches=(*_gaps(entries), *fold.skipped, *_breaches(ledger, answers)),
    )


def _entries(node: Node, deployment: Deployment, last: int) -> list[Log]:
    """Every log entry of every contract on the chain, since places are counted through all of a block."""
    starts = range(deployment.block, last + 1, BLOCKS_AT_ONCE)
    return [log for start in starts for log in node.logs(start, min(start + BLOCKS_AT_ONCE - 1, last), ())]


def _trail(logs: Iterable[Log]) -> Digest:
    trail = bytes(32)
    for log in logs:
        entry = (log.transaction, bytes.fromhex(log.address[2:]), *log.topics, keccak(log.data))
        trail = keccak(trail + log.block.to_bytes(8, "big") + log.index.to_bytes(8, "big") + b"".join(entry))
    return Digest(trail)


def _gaps(entries: Iterable[Log]) -> Iterator[Breach]:
    next_place: dict[int, int] = defaultdict(int)
    for log in entries:
        if log.index != next_place[log.block]:
            yield Breach("I13", f"{log.block}/{log.index}", f"entry {next_place[log.block]} of the block should come before it")
        next_place[log.block] = log.index + 1


@dataclass
class _Fold:
    """What the events give, and whom they name: accounts anywhere, and subjects that the directory may know."""

    ledger: Ledger
    unfit: list[Difference] = field(default_factory=list)
    skipped: list[Breach] = field(default_factory=list)
    accounts: dict[Address, None] = field(default_factory=dict)
    subjects: dict[Id, None] = field(default_factory=dict)


def _fold(node: Node, logs: Sequence[Log], deployment: Deployment) -> _Fold:
    fold = _Fold(Ledger(registry=deployment.registry))
    times = {block.number: block.time for block in node.blocks(sorted({log.block for log in logs}))}
    for log in logs:
        try:
            logged = _logged(log, times[log.block], deployment.contracts)
            _note(fold, logged.event)
            fold.skipped += _skipped(fold.ledger, logged.event)
            apply(fold.ledger, logged.event, logged.time)
        except (MalformedEvent, LookupError, ValueError, TypeError) as misfit:
            fold.unfit.append(Difference("events", f"{log.block}/{log.index}", repr(misfit), "0x" + log.transaction.hex()))
    for voucher in (voucher for _, voucher in fold.ledger.vouchers.items()):
        if voucher.programme in fold.ledger.programmes:
            fold.subjects[id_of(Firm(fold.ledger.programmes[voucher.programme].region, voucher.firm))] = None
    return fold


def _note(fold: _Fold, event: Event) -> None:
    for each in fields(event):
        kind, value = each.metadata["type"], getattr(event, each.name)
        if kind == "address":
            fold.accounts[value] = None
        elif kind == "bytes32" and each.metadata["indexed"] and event.contract is Contract.DIRECTORY:
            fold.subjects[value] = None
    if isinstance(event, events.Reserved):
        fold.subjects |= {event.record.lab: None, event.record.item: None}


# At which stages an order may be when an event comes to it. The fold alone would not show an `Accepted` that was left out.
_BEFORE: Mapping[type[Event], tuple[Stage, ...]] = {
    events.Reserved: (Stage.NONE,),
    events.Approved: (Stage.REQUESTED,),
    events.Declined: (Stage.REQUESTED,),
    events.Released: (Stage.REQUESTED, Stage.OPEN),
    events.Extended: (Stage.OPEN,),
    events.Redeemed: (Stage.OPEN,),
    events.Endorsed: (Stage.REDEEMED,),
    events.Accepted: (Stage.REDEEMED, Stage.ENDORSED),
    events.Rejected: (Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED),
    events.Settled: (Stage.ACCEPTED,),
    events.Reversed: (Stage.SETTLED,),
    events.Refunded: (Stage.REVERSED,),
}


def _skipped(ledger: Ledger, event: Event) -> Iterator[Breach]:
    if type(event) not in _BEFORE:
        return
    order: Id = event.order  # type: ignore[attr-defined] # every event of the table has one
    stage, before = ledger.orders[order].stage, _BEFORE[type(event)]
    programme = _programme_of(ledger, order)
    if isinstance(event, events.Accepted) and programme is not None and programme in ledger.programmes:
        reviewed = ledger.programmes[programme].first_review is not FirstReview.NONE
        before = (Stage.ENDORSED,) if reviewed else (Stage.REDEEMED,)
    if stage not in before:
        yield Breach("I13", order.hex(), f"{type(event).__name__} where the order was {stage.name}")


def _logged(log: Log, time: Time, contracts: Mapping[Address, Contract]) -> Logged:
    event: Event = decode(contracts[log.address], log.topics, log.data)
    return Logged(event, log.address, Position(log.block, log.transaction_index, log.index), time, log.transaction)


# What is asked of the contracts


@dataclass(frozen=True, slots=True)
class _Answer:
    """One slot: what the fold has and what the contract answered."""

    table: str
    key: Any
    folded: object
    found: object


def _ask(node: Node, deployment: Deployment, fold: _Fold, block: int) -> list[_Answer]:
    addresses = {contract: address for address, contract in deployment.contracts.items()}
    wanted = list(_wanted(fold))
    questions = [getter.question(addresses, *getter.key(key)) for _, getter, key, _ in wanted]
    found = node.ask_all(questions, block)
    return [_Answer(table, key, folded, _read(getter, answer)) for (table, getter, key, folded), answer in zip(wanted, found, strict=True)]


def _wanted(fold: _Fold) -> Iterator[tuple[str, Getter[Any], Any, object]]:
    """Every slot to compare: table, getter, key, and what the fold has there."""
    ledger = fold.ledger
    for table, getter in MIRRORED.items():
        slots = getattr(ledger, table)
        # A slot that was emptied again, or whose first event was hidden, is looked at as well: some other event still names it.
        for key in dict.fromkeys([*slots, *_named(fold, table)]):
            yield table, getter, key, slots[key]
    for programme, record in ledger.programmes.items():
        yield "programmes", getters.RULES, programme, _rules_of(record)
        yield "slices", getters.SLICES, programme, record.slices
    yield "first_month", _without_key(getters.FIRST_MONTH), None, ledger.first_month
    yield "members", _without_key(getters.MEMBERS), None, ledger.members
    yield "latest", _without_key(getters.LATEST), None, ledger.latest


def _without_key(getter: Getter[Any]) -> Getter[Any]:
    return Getter(getter.contract, getter.name, (), getter.answers, getter.make, lambda _: ())


def _named(fold: _Fold, table: str) -> Iterator[Any]:
    """Keys that events name, whether or not the fold has anything there now."""
    ledger = fold.ledger
    if table == "balances":
        yield from ledger.vouchers
    elif table == "orders":
        yield from ledger.order_records
    elif table in ("labs", "firms", "items", "rotations", "flags"):
        yield from fold.subjects
    elif table == "accounts":
        yield from fold.accounts
    elif table == "offers":
        yield from ((state.region, account) for account, state in ledger.accounts.items())
    elif table == "offered_keys":
        yield from ledger.regions
    elif table == "pools":
        yield from ledger.programmes
    elif table == "invoices":
        yield from (redemption.invoice for _, redemption in ledger.redemptions.items())
    elif table == "agreements":
        yield from (
            (programme, redemption.agreement)
            for order, redemption in ledger.redemptions.items()
            if (programme := _programme_of(ledger, order)) is not None
        )
    elif table in ("partnerships", "partner_orders"):
        yield from _named_partners(ledger, table)


def _named_partners(ledger: Ledger, table: str) -> Iterator[Any]:
    for order, record in ledger.order_records.items():
        programme = _programme_of(ledger, order)
        if programme is None or programme not in ledger.programmes or ledger.programmes[programme].min_partners < JOINT:
            continue
        joint = joint_id(programme, record.project, record.lab)
        yield joint if table == "partnerships" else (joint, ledger.vouchers[record.voucher].firm)


def _programme_of(ledger: Ledger, order: Id) -> Id | None:
    """An order's programme; None where an event on the way to it is missing."""
    voucher = ledger.order_records[order].voucher if order in ledger.order_records else None
    return ledger.vouchers[voucher].programme if voucher is not None and voucher in ledger.vouchers else None


def _rules_of(programme: Programme) -> ProgrammeRules:
    return ProgrammeRules(
        region=programme.region,
        payer=programme.payer,
        paid_home=programme.paid_home,
        paid_across=programme.paid_across,
        approval=programme.approval,
        first_review=programme.first_review,
        itemised=programme.itemised,
        min_partners=programme.min_partners,
        hold_days=programme.hold_days,
        flat=programme.flat,
        flat_bps=programme.slices[0].bps,
    )


def _read(getter: Getter[Any], answer: bytes | Rejected) -> object:
    if isinstance(answer, Rejected):
        return answer
    try:
        return getter.read(answer)
    except (NotDecodable, ValueError) as unreadable:
        return unreadable


def _compare(answer: _Answer) -> Difference | None:
    if answer.folded == answer.found:
        return None
    return Difference(answer.table, _key(answer.key), answer.folded, answer.found)


def _key(key: object) -> str:
    if isinstance(key, tuple):
        return "/".join(map(_key, key))
    return key.hex() if isinstance(key, bytes) else str(key)


def _answered(answers: Iterable[_Answer], table: str, kind: type[Any]) -> dict[Any, Any]:
    return {answer.key: answer.found for answer in answers if answer.table == table and isinstance(answer.found, kind)}


# Invariants, on what the contracts answered


def _breaches(ledger: Ledger, answers: list[_Answer]) -> Iterator[Breach]:
    yield from _notes_do_not_add_up(ledger, _answered(answers, "balances", Balance))
    yield from _invoices_are_exceeded(_answered(answers, "invoices", InvoiceState))
    yield from _money_does_not_add_up(ledger, _answered(answers, "pools", Pool), _answered(answers, "orders", OrderState))


def _notes_do_not_add_up(ledger: Ledger, balances: Mapping[Id, Balance]) -> Iterator[Breach]:
    for voucher, balance in balances.items():
        total = balance.available + balance.reserved + balance.redeemed + balance.lapsed
        face = ledger.vouchers[voucher].face if voucher in ledger.vouchers else None
        if total != face:
            yield Breach("I1", voucher.hex(), f"{balance} sums to {total}, the face is {face}")


def _invoices_are_exceeded(invoices: Mapping[bytes, InvoiceState]) -> Iterator[Breach]:
    for invoice, state in invoices.items():
        if state.claimed > state.amount:
            yield Breach("I3", invoice.hex(), f"{state.claimed} fen are claimed of {state.amount}")


def _money_does_not_add_up(ledger: Ledger, pools: Mapping[Id, Pool], orders: Mapping[Id, OrderState]) -> Iterator[Breach]:
    held: dict[Id, int] = defaultdict(int)
    paid: dict[Id, int] = defaultdict(int)
    for order, state in orders.items():
        programme = _programme_of(ledger, order)
        if programme is None:
            continue  # a difference already
        committed, settled = _money_of(state, ledger.claims[order].subsidy if order in ledger.claims else Fen(0))
        held[programme] += committed
        paid[programme] += settled
    for programme, pool in pools.items():
        if not pool.paid <= pool.committed <= pool.funded:
            yield Breach("I4", programme.hex(), f"not paid ≤ committed ≤ funded: {pool}")
        if pool.committed != held[programme]:
            yield Breach("I4", programme.hex(), f"{pool.committed} fen are committed, the orders hold {held[programme]}")
        if pool.paid != paid[programme]:
            yield Breach("I4", programme.hex(), f"{pool.paid} fen are paid, the orders say {paid[programme]}")


def _money_of(state: OrderState, subsidy: Fen) -> tuple[int, int]:
    """What an order keeps committed, and what of that was paid. A reversed order's own amount is the debt, no longer the subsidy."""
    if state.stage in (Stage.OPEN, Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED):
        return state.amount, 0
    if state.stage is Stage.SETTLED:
        return state.amount, state.amount
    if state.stage is Stage.REVERSED:
        return subsidy, subsidy
    if state.stage is Stage.REFUNDED:
        return subsidy - state.amount, subsidy - state.amount
    return 0, 0
