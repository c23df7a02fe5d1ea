"""
The auditor's replay (审计重放): a chain read from one node, and nothing believed that can be worked out.

It trusts no gateway and no index. A node's raw answers go in; each step checks them against something that the node could not
change with them.

1. The contracts are the deployment's, by code (`registry.chain.deploy`).
2. Every block is hashed from its fields and joined to the one before, back to the genesis block; its transactions and receipts
   give the roots in its header; on a QBFT chain the newest one's seals are its validators' (`evidence`).
3. Every record gives the id under which it stands, and every transaction, decided again by the rules from its calldata and
   signatures, the events that it caused; tags that are to be compared are of one epoch (`calls`).
4. Every subsidy is worked out from its programme's rule, every invoice and agreement added up (`subsidies`).
5. The events are folded, and every slot of the contracts' storage compared with the fold as of that block; the words that were
   compared give the storage roots that the block's state root proves (`slots`, `storage`).
6. Invariants I1, I3 and I4, on what stands in storage.
7. A gateway's index file, if there is one, against an index made from what was read (`index_file`).

What is not here: a region's policy (`registry.policy`), and who the consortium's validators and founders should be: a report names
the validators, and the founders are those of the contract's creation. One node alone can show a chain of its own making; so the
block's hash and the trail are to be compared with an audit of another region's node.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from registry import events
from registry.audit import calls, evidence, slots, storage
from registry.audit.evidence import Chain, Progress, Step
from registry.audit.index_file import compare as compare_index
from registry.audit.report import Audit, Breach, Difference, Unverified, key_of
from registry.audit.slots import programme_of
from registry.audit.storage import Storage
from registry.audit.subsidies import Subsidies
from registry.chain.deploy import Deployment, verify
from registry.chain.raw import RawNode
from registry.codec import id_of
from registry.events import Contract, Event, MalformedEvent, decode
from registry.model import Address, Balance, Digest, Fen, Firm, Id, InvoiceState, MotionKind, OrderState, Pool, Stage, Time
from registry.ports import Log
from registry.rules import Ledger, apply
from registry.solidity import keccak

__all__ = ["Audit", "Breach", "Difference", "Progress", "Unverified", "replay"]

_TELL_EVERY = 500


def _silent(part: str, done: int, of: int) -> None:
    """Tell nobody."""


def replay(node: RawNode, deployment: Deployment, *, index: Path | None = None, progress: Progress = _silent) -> Audit:
    """
    Replay a deployment from the genesis block to the node's newest final one.

    `index` is a gateway's index file, to be compared as well; it is only read.

    Raises:
        WrongDeployment: other contracts, or another chain.
        Unreachable: the node did not answer, or no longer keeps the state of that block.
    """
    verify(node, deployment)
    head = node.finalised_head()
    chain = evidence.read(node, deployment, head.number, progress)
    header = chain.headers[-1]
    fold = _fold(chain, deployment, progress)
    ledger = fold.ledger
    kept = list(slots.everything(ledger, storage.layout(), subjects=fold.subjects, accounts=fold.accounts))
    held = storage.compare(node, deployment, kept, header, progress)
    indexed = compare_index(index, chain, deployment) if index is not None else ()
    return Audit(
        block=head.number,
        block_hash=head.hash,
        time=header.time,
        trail=_trail(chain.entries),
        validators=header.sealed_by() if header.is_qbft else (),
        events=fold.events,
        transactions=len(chain.steps),
        compared=held.slots,
        vouchers=len(list(ledger.vouchers)),
        orders=len(list(ledger.order_records)),
        redemptions=fold.subsidies.seen,
        issued=Fen(sum(voucher.face for _, voucher in ledger.vouchers.items())),
        redeemed=Fen(sum(balance.redeemed for balance in _held(held, "balances", Balance).values())),
        settled=Fen(sum(pool.paid for pool in _held(held, "pools", Pool).values())),
        differences=(
            *chain.differences,
            *fold.differences,
            *_of(Difference, fold.subsidies.sums(ledger)),
            *held.differences,
            *storage.unused(ledger, held, fold.enacted),
            *indexed,
        ),
        breaches=(*fold.breaches, *_of(Breach, fold.subsidies.sums(ledger)), *_breaches(ledger, held)),
        unverified=(*chain.unverified, *fold.unverified, *held.unverified),
    )


def _trail(logs: Iterable[Log]) -> Digest:
    trail = bytes(32)
    for log in logs:
        entry = (log.transaction, bytes.fromhex(log.address[2:]), *log.topics, keccak(log.data))
        trail = keccak(trail + log.block.to_bytes(8, "big") + log.index.to_bytes(8, "big") + b"".join(entry))
    return Digest(trail)


# The fold


@dataclass
class _Fold:
    """What the events give, whom they name (accounts anywhere, and subjects that the directory may know), and what is wrong with them."""

    ledger: Ledger
    subsidies: Subsidies
    events: int = 0
    accounts: dict[Address, None] = field(default_factory=dict)
    subjects: dict[Id, None] = field(default_factory=dict)
    enacted: list[tuple[MotionKind, object]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    unverified: list[Unverified] = field(default_factory=list)


def _fold(chain: Chain, deployment: Deployment, progress: Progress) -> _Fold:
    fold = _Fold(Ledger(registry=deployment.registry), Subsidies(registry=deployment.registry))
    for done, step in enumerate(chain.steps, 1):
        _take(fold, step, deployment)
        if done % _TELL_EVERY == 0 or done == len(chain.steps):
            progress("events", done, len(chain.steps))
    for voucher in (voucher for _, voucher in fold.ledger.vouchers.items()):
        if voucher.programme in fold.ledger.programmes:
            fold.subjects[id_of(Firm(fold.ledger.programmes[voucher.programme].region, voucher.firm))] = None
    return fold


def _take(fold: _Fold, step: Step, deployment: Deployment) -> None:
    """Judge one transaction on the state before it, then fold its events one by one; one that does not fit is left out."""
    fold.events += len(step.entries)
    decoded = list(_decoded(fold, step, deployment.contracts))
    _judge(fold, step, [event for _, event in decoded], deployment)
    for log, event in decoded:
        _note(fold, event)
        misfits = [_tried(check, fold, event, step.header.time) for check in (_look_at_record, _look_at_tags, _count, _apply)]
        misfit = next((each for each in misfits if each is not None), None)
        if misfit is not None:
            fold.differences.append(_misfit(log, misfit))


def _tried(check: Callable[[_Fold, Event, Time], None], fold: _Fold, event: Event, time: Time) -> Exception | None:
    """Let nothing that misses an earlier event keep what comes after it from being looked at."""
    try:
        check(fold, event, time)
    except (LookupError, ValueError, TypeError) as misfit:
        return misfit
    return None


def _look_at_record(fold: _Fold, event: Event, _: Time) -> None:
    fold.differences += calls.misnamed(fold.ledger, event)


def _look_at_tags(fold: _Fold, event: Event, _: Time) -> None:
    fold.breaches += calls.mixed(fold.ledger, event)


def _count(fold: _Fold, event: Event, _: Time) -> None:
    fold.breaches += fold.subsidies.show(event)


def _apply(fold: _Fold, event: Event, time: Time) -> None:
    apply(fold.ledger, event, time)


def _decoded(fold: _Fold, step: Step, contracts: Mapping[Address, Contract]) -> Iterator[tuple[Log, Event]]:
    for log in step.entries:
        try:
            yield log, decode(contracts[log.address], log.topics, log.data)
        except MalformedEvent as malformed:
            fold.differences.append(_misfit(log, malformed))


def _misfit(log: Log, why: Exception) -> Difference:
    says = {"events before it": repr(why), "entry": f"{log.block}/{log.index}", "transaction": log.transaction}
    return Difference("events", key_of(log.topics[1]) if len(log.topics) > 1 else f"{log.block}/{log.index}", says)


def _judge(fold: _Fold, step: Step, decoded: list[Event], deployment: Deployment) -> None:
    if step.transaction is None:
        fold.unverified.append(
            Unverified("calls", "0x" + step.hash.hex(), "本版本不支持该交易类型。 A transaction of a kind that is not known here")
        )
        return
    created = step.transaction.to is None
    if created:
        return  # a constructor: who founded the consortium is taken as it stands
    where = {"time": step.header.time, "domain": deployment.domain, "contracts": deployment.contracts}
    for finding in calls.judge(fold.ledger, step.transaction, decoded, **where):  # type: ignore[arg-type] # by their names
        match finding:
            case Difference():
                fold.differences.append(finding)
            case Breach():
                fold.breaches.append(finding)
            case Unverified():
                fold.unverified.append(finding)


def _note(fold: _Fold, event: Event) -> None:
    for each in fields(event):
        kind, value = each.metadata["type"], getattr(event, each.name)
        if kind == "address":
            fold.accounts[value] = None
        elif kind == "bytes32" and each.metadata["indexed"] and event.contract is Contract.DIRECTORY:
            fold.subjects[value] = None
    match event:
        case events.Reserved(_, record):
            fold.subjects |= {record.lab: None, record.item: None}
        case events.RegistrySet(registry, motion):
            fold.enacted.append((fold.ledger.motion_records[motion].kind, registry))
        case events.Voided(_, _, order):
            fold.enacted.append((MotionKind.VOID_CLAIM, order))
        case events.FlagLifted(subject, 0):
            fold.enacted.append((MotionKind.LIFT_FLAG, subject))


def _of(kind: type[Any], findings: Iterable[Any]) -> Iterator[Any]:
    return (each for each in findings if isinstance(each, kind))


# Invariants, on what stands in storage


def _held(held: Storage, table: str, kind: type[Any]) -> dict[Any, Any]:
    return {key: value for key, value in held.held[table].items() if isinstance(value, kind)}


def _breaches(ledger: Ledger, held: Storage) -> Iterator[Breach]:
    yield from _notes_do_not_add_up(ledger, _held(held, "balances", Balance))
    yield from _invoices_are_exceeded(_held(held, "invoices", InvoiceState))
    yield from _money_does_not_add_up(ledger, _held(held, "pools", Pool), _held(held, "orders", OrderState))


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
        programme = programme_of(ledger, order)
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
