"""
What the chain says of one thing, under the names by which gateways and the command line tell it.

Reads a `Snapshot`, decides nothing, and knows no reader: whoever calls has decided that he may see it. Values are ready for JSON: ids
are 0x and hexadecimal digits, money is a decimal string of fen, times are Unix seconds. What only a gateway knows (a look-up, the words
behind a reason's hash) is not here, and no tag but those in events.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import IntEnum
from typing import Any

from registry.codec import id_of
from registry.errors import Rejected
from registry.events import Flagged, FlagLifted, FlagSeconded, KeyRotated, Redeemed, RotationProposed, RotationVetoed
from registry.index import Entry, Snapshot
from registry.model import NO_ID, UNLIMITED, Address, Firm, Id, Paid, Programme, Region, RegionStatus, Stage, Time
from registry.rules import Closing, month_of
from registry.statement import Netting, Statement, netting, seconds_of_month, statement_of
from registry.tags import epoch_of, mixed_epochs

Fact = dict[str, Any]

CALENDAR = range(1, 13)

_NO_DIGEST = bytes(32)
_MOVES_MONEY = frozenset({"Funded", "Drawn"})
_OF_A_KEY = (KeyRotated, Redeemed, RotationProposed, RotationVetoed)

# An order that was turned down or released holds nothing of its voucher.
_HOLDS_NOTHING = frozenset({Stage.NONE, Stage.RELEASED})


class Facts:
    """
    One snapshot's facts. Lists are in the chain's order, and hold everything.

    Raises, whatever is asked of a thing that is not on the chain:
        LookupError: nobody has that id.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._ledger = snapshot.ledger

    def block(self, now: float) -> Fact:
        """As of which block all this holds. A node's clock may run a little ahead of ours."""
        return {"number": self._snapshot.block, "time": self._snapshot.time, "age_seconds": max(0, int(now) - self._snapshot.time)}

    # Vouchers and orders

    def voucher(self, voucher_id: Id) -> Fact:
        """A voucher's terms, balance, used notes, and what holds it: region and time, not the lab."""
        _require(voucher_id, self._ledger.vouchers)
        voucher, balance = self._ledger.vouchers[voucher_id], self._ledger.balances[voucher_id]
        programme = self._ledger.programmes[voucher.programme]
        return {
            "voucher_id": _hex(voucher_id),
            "programme_id": _hex(voucher.programme),
            "programme": programme.code,
            "region": programme.region,
            "face": str(voucher.face),
            "denomination": str(voucher.denomination),
            "use_by": voucher.use_by,
            "claim_by": voucher.claim_by,
            "available": str(balance.available),
            "reserved": str(balance.reserved),
            "redeemed": str(balance.redeemed),
            "lapsed": str(balance.lapsed),
            "used_notes": [{"first": span.first, "last": span.last} for span in self._ledger.notes[voucher_id]],
            "held": self.held(voucher_id),
        }

    def held(self, voucher_id: Id) -> list[Fact]:
        """What holds a voucher's notes or has used them up: region and time, not the lab."""
        found = []
        for order, since in self._snapshot.reservations_of(voucher_id):
            state, record = self._ledger.orders[order], self._ledger.order_records[order]
            if state.stage in _HOLDS_NOTHING:
                continue
            # From settlement on the order's own amount is money; the notes that it used are its claim's.
            amount = self._ledger.claims[order].consumed if state.stage >= Stage.ACCEPTED else state.amount
            region = self._ledger.labs[record.lab].region
            found.append({"region": region, "since": since, "amount": str(amount), "stage": state.stage.name})
        return found

    def order(self, order_id: Id) -> Fact:
        """Where an order stands. `firm` is the firm's id in the directory."""
        _require(order_id, self._ledger.order_records)
        record, state = self._ledger.order_records[order_id], self._ledger.orders[order_id]
        voucher = self._ledger.vouchers[record.voucher]
        programme = self._ledger.programmes[voucher.programme]
        asked_for = state.stage >= Stage.REDEEMED and order_id in self._ledger.redemptions
        redemption = self._ledger.redemptions[order_id] if asked_for else None
        mixed = mixed_epochs(self._tags_of(order_id))
        return {
            "order_id": _hex(order_id),
            "voucher_id": _hex(record.voucher),
            "programme": programme.code,
            "issuing_region": programme.region,
            "firm": _hex(id_of(Firm(programme.region, voucher.firm))),
            "lab": _hex(record.lab),
            "lab_region": self._ledger.labs[record.lab].region,
            "item": None if record.item == NO_ID else _hex(record.item),
            "stage": state.stage.name,
            "attempt": state.attempt,
            "amount": str(state.amount),
            "deadline": state.deadline,
            "subsidy": None if redemption is None else str(redemption.subsidy),
            "cost": None if redemption is None else str(redemption.cost),
            "paid_to": self.paid_to(programme, record.lab),
            "warnings": [] if mixed is None else [{"code": "EpochsMixed", "values": mixed}],
        }

    def _tags_of(self, order_id: Id) -> dict[str, bytes]:
        order = self._ledger.order_records[order_id]
        tags: dict[str, bytes] = {"voucher": self._ledger.vouchers[order.voucher].firm, "project": order.project}
        tags |= {"lab": self._ledger.lab_records[order.lab].host_unit, "seller": self._ledger.labs[order.lab].seller}
        if order_id in self._ledger.redemptions:
            tags["agreement"] = self._ledger.redemptions[order_id].agreement
        return tags

    def paid_to(self, programme: Programme, lab: Id) -> str:
        """Who is paid for an order at this lab, LAB or FIRM."""
        return _paid(programme.paid_home if self._ledger.labs[lab].region == programme.region else programme.paid_across)

    def vouchers(self) -> Iterable[Id]:
        """Every voucher."""
        return self._ledger.vouchers

    def orders(self) -> Iterable[Id]:
        """Every order."""
        return self._ledger.order_records

    def redeemed_between(self, region: Region, from_: Time, until: Time) -> list[Id]:
        """
        The orders that a region issued or hosts and for which money was asked in a period (last second inclusive), by id.

        Raises:
            Rejected: the period ends before it begins (`PeriodReversed`).
        """
        if from_ > until:
            raise Rejected("PeriodReversed", {"from": from_, "until": until})
        members = [each for each, _ in self._ledger.regions.items()]
        pairs = {(region, each) for each in members} | {(each, region) for each in members}
        entries = (entry.logged for home, host in pairs for entry in self._snapshot.history_of_orders(home=home, host=host))
        return sorted({each.event.order for each in entries if isinstance(each.event, Redeemed) and from_ <= each.time <= until})

    def months(self) -> list[Fact]:
        """Both sides' statements of every month; null where a side has named none. Closed once they are the same."""
        found = []
        for (home, host, month), closing in sorted(self._ledger.closings.items(), key=lambda each: each[0]):
            named = [None if each == _NO_DIGEST else _hex(each) for each in (closing.home, closing.host)]
            closed = named[0] is not None and named[0] == named[1]
            found.append(
                {
                    "home": home,
                    "host": host,
                    "month": month,
                    "home_statement": named[0],
                    "host_statement": named[1],
                    "closed": closed,
                }
            )
        return found

    def has_month(self, home: Region, host: Region, month: int) -> bool:
        """Whether the two are members, and the month one that the consortium has seen something of."""
        regions = self._ledger.regions
        members = home != host and all(regions[each].status != RegionStatus.NONE for each in (home, host))
        return members and self._ledger.first_month <= month <= month_of(self._snapshot.time) and month % 100 in CALENDAR

    def statement(self, home: Region, host: Region, month: int) -> Statement:
        """A month's statement of one direction of a pair, as far as the chain has come."""
        log = (entry.logged for entry in self._snapshot.history_of_orders(home=home, host=host))
        return statement_of(self._ledger, log, chain_id=self._snapshot.chain_id, home=home, host=host, month=month)

    def month(self, home: Region, host: Region, month: int) -> Fact:
        """
        A month's statement with what both sides named, and what the pair's two directions come to.

        `over` says that the chain is past the month's end, so that nothing can be added; before that there is no hash to name.
        RUNNING: not over. UNNAMED: neither side named a statement. NAMED: one did. DIFFERS: both did, not the same. CLOSED: both the same.
        A side `agrees` if it named the very hash that is worked out here; null where it named none.
        """
        if not self.has_month(home, host, month):
            raise LookupError("there is no such month of these two")
        statement, back = self.statement(home, host, month), self.statement(host, home, month)
        told = self.closing(home, host, month)
        over = told["state"] != "RUNNING"
        named = {side: told[f"{side}_statement"] for side in ("home", "host")}
        return {
            **told,
            "over": over,
            "hash": _hex(statement.hash) if over else None,
            **{f"{side}_agrees": None if each is None else each == _hex(statement.hash) for side, each in named.items()},
            "netting": _netted(netting(statement, back)),
            "statement": statement.document(),
        }

    def closing(self, home: Region, host: Region, month: int) -> Fact:
        """What both sides named of a month, and what state that is; as `month`."""
        closing = self._ledger.closings[home, host, month]
        named = {"home_statement": closing.home, "host_statement": closing.host}
        return {
            "home": home,
            "host": host,
            "month": month,
            "state": _state_of(closing, over=self._snapshot.time > seconds_of_month(month)[1]),
            **{side: None if each == _NO_DIGEST else _hex(each) for side, each in named.items()},
        }

    # Programmes

    def programmes(self) -> Iterable[Id]:
        """Every programme."""
        return self._ledger.programmes

    def programme(self, programme_id: Id) -> Fact:
        """A programme and its pool."""
        _require(programme_id, self._ledger.programmes)
        programme = self._ledger.programmes[programme_id]
        return {
            "programme_id": _hex(programme_id),
            "code": programme.code,
            "region": programme.region,
            "payer": programme.payer,
            "paid_home": _paid(programme.paid_home),
            "paid_across": _paid(programme.paid_across),
            "approval": programme.approval.name,
            "first_review": programme.first_review.name,
            "itemised": programme.itemised,
            "min_partners": programme.min_partners,
            "hold_days": programme.hold_days,
            "slices": [{"up_to": None if each.up_to == UNLIMITED else str(each.up_to), "bps": each.bps} for each in programme.slices],
            "policy_hash": _hex(programme.policy_hash),
            **self._pool(programme_id),
        }

    def pool(self, programme_id: Id) -> Fact:
        """A pool and every movement of it."""
        _require(programme_id, self._ledger.programmes)
        movements = [each for each in self._snapshot.history_of(programme_id) if each.name in _MOVES_MONEY]
        return {"programme_id": _hex(programme_id), **self._pool(programme_id), "movements": facts_of_events(movements)}

    def _pool(self, programme_id: Id) -> Fact:
        pool = self._ledger.pools[programme_id]
        amounts = {"funded": pool.funded, "committed": pool.committed, "paid": pool.paid, "free": pool.funded - pool.committed}
        return {name: str(each) for name, each in amounts.items()}

    # The directory

    def labs(self) -> Iterable[Id]:
        """Every lab."""
        return self._ledger.lab_records

    def firms(self) -> Iterable[Id]:
        """Every firm."""
        return self._ledger.firm_records

    def lab(self, lab_id: Id) -> Fact:
        """A lab. `flagged_until` is null where no flag stands."""
        _require(lab_id, self._ledger.lab_records)
        record, state = self._ledger.lab_records[lab_id], self._ledger.labs[lab_id]
        return {
            "lab": _hex(lab_id),
            "region": record.region,
            "code": record.code,
            "standing": state.standing.name,
            "qualified_until": state.qualified_until,
            "flagged_until": self._standing_flag(state.flagged_until),
            "recognised_by": self._recognising(lab_id),
            "epoch": epoch_of(record.host_unit),
        }

    def item(self, item: Id) -> Fact:
        """An item of a lab."""
        _require(item, self._ledger.item_records)
        record = self._ledger.item_records[item]
        return {"item": _hex(item), "lab": _hex(record.lab), "code": record.code, "recognised_by": self._recognising(item)}

    def items_of(self, lab_id: Id) -> list[Fact]:
        """A lab's items."""
        _require(lab_id, self._ledger.lab_records)
        return [self.item(each) for each, record in self._ledger.item_records.items() if record.lab == lab_id]

    def recognition(self, region: Region, subject: Id) -> Fact:
        """From when until when a region's vouchers may be spent at a lab or on an item."""
        _require((region, subject), self._ledger.recognitions)
        window = self._ledger.recognitions[region, subject]
        return {
            "region": region,
            "subject": _hex(subject),
            "kind": "LAB" if subject in self._ledger.lab_records else "ITEM",
            "from": window.from_,
            "until": window.until,
            "in_force": window.from_ <= self._snapshot.time <= window.until,
        }

    def recognised_by(self, region: Region) -> list[Id]:
        """The labs and items that a region recognises, or once did."""
        return [subject for of, subject in self._ledger.recognitions if of == region]

    def firm(self, firm_id: Id) -> Fact:
        """A firm, without its tag."""
        _require(firm_id, self._ledger.firm_records)
        state = self._ledger.firms[firm_id]
        flagged = self._standing_flag(state.flagged_until)
        epoch = epoch_of(self._ledger.firm_records[firm_id].firm)
        return {"firm": _hex(firm_id), "region": state.region, "signer": state.signer.lower(), "flagged_until": flagged, "epoch": epoch}

    def signer_of(self, subject: Id) -> Address:
        """Who signs for a firm or lab."""
        return self._ledger.labs[subject].signer if self._is_lab(subject) else self._ledger.firms[subject].signer

    def key(self, subject: Id) -> Fact:
        """Who signs for a party, and the key that its office proposed, if any, with the second from which it may take effect."""
        kind, region = self._party(subject)
        rotation = self._ledger.rotations[subject] if subject in self._ledger.rotations and self._ledger.rotations[subject].from_ else None
        return {
            "subject": _hex(subject),
            "kind": kind,
            "region": region,
            "signer": self.signer_of(subject).lower(),
            "proposed": None if rotation is None else rotation.signer.lower(),
            "proposed_from": None if rotation is None else rotation.from_,
        }

    def history_of_key(self, subject: Id) -> list[Fact]:
        """Every change of a party's key."""
        return facts_of_events(each for each in self._snapshot.history_of(subject) if isinstance(each.logged.event, _OF_A_KEY))

    def proposals(self) -> list[Id]:
        """Parties for which an office proposed a key that nobody vetoed or completed yet."""
        return [subject for subject, _ in self._ledger.rotations.items()]

    def flagged(self) -> list[Id]:
        """Every party that was ever flagged, in the order in which each first was."""
        return list(dict.fromkeys(subject for subject, _ in self._ledger.flagged_by))

    def flag(self, subject: Id) -> Fact:
        """
        The latest flag on a party, as its events tell it: what was lifted the registry has forgotten.

        STANDING stops the party everywhere; LAPSED ended after 30 days without a second; LIFTED was taken back or lifted by motion.
        The ground of a reason, its words and their salt are null: gateways read the first, and the one that keeps them tells the others.
        """
        flagged = seconded = lifted = None
        for entry in self._snapshot.history_of(subject):
            event, time = entry.logged.event, entry.logged.time
            if isinstance(event, Flagged):
                flagged, seconded, lifted = (event, time), None, None
            elif isinstance(event, FlagSeconded):
                seconded = event, time
            elif isinstance(event, FlagLifted):
                lifted = time
        if flagged is None:
            raise LookupError("it was never flagged")
        kind, region = self._party(subject)
        until = None if seconded is not None else flagged[0].until
        stands = until is None or until >= self._snapshot.time
        given = [each for each in (flagged, seconded) if each is not None]
        return {
            "subject": _hex(subject),
            "kind": kind,
            "region": region,
            "state": "LIFTED" if lifted is not None else "STANDING" if stands else "LAPSED",
            "by": flagged[0].region,
            "since": flagged[1],
            "until": until,
            "seconder": None if seconded is None else seconded[0].region,
            "lifted": lifted,
            "reasons": [
                {"region": event.region, "time": time, "hash": _hex(event.reason), "ground": None, "text": None, "salt": None}
                for event, time in given
            ],
        }

    def history_of(self, subject: Id) -> list[Fact]:
        """Every event about something, in order."""
        return facts_of_events(self._snapshot.history_of(subject))

    def _is_lab(self, subject: Id) -> bool:
        return subject in self._ledger.lab_records

    def _party(self, subject: Id) -> tuple[str, Region]:
        if self._is_lab(subject):
            return "LAB", self._ledger.lab_records[subject].region
        _require(subject, self._ledger.firm_records)
        return "FIRM", self._ledger.firms[subject].region

    def _standing_flag(self, until: int) -> int | None:
        return until if until >= self._snapshot.time else None

    def _recognising(self, subject: Id) -> list[int]:
        """The regions whose vouchers may be spent there at the time of the snapshot."""
        windows = {region: self._ledger.recognitions[region, subject] for region, _ in self._ledger.regions.items()}
        return sorted(region for region, window in windows.items() if window.from_ <= self._snapshot.time <= window.until)


def _state_of(closing: Closing, *, over: bool) -> str:
    home, host = (any(each) for each in (closing.home, closing.host))
    if home and host:
        return "CLOSED" if closing.home == closing.host else "DIFFERS"
    return "NAMED" if home or host else "UNNAMED" if over else "RUNNING"


def _netted(found: Netting) -> Fact:
    return {
        "first": found.first,
        "second": found.second,
        "first_owes": str(found.first_owes),
        "second_owes": str(found.second_owes),
        "debtor": found.debtor,
        "creditor": found.creditor,
        "net": str(found.amount),
    }


def facts_of_events(entries: Iterable[Entry]) -> list[Fact]:
    """Events as the contracts told them, field by field."""
    return [
        {
            "position": entry.position,
            "block": entry.logged.position.block,
            "time": entry.logged.time,
            "transaction": _hex(entry.logged.transaction_hash),
            "contract": str(entry.logged.event.contract),
            "name": entry.name,
            "values": _members(entry.logged.event),
        }
        for entry in entries
    ]


def _require(key: object, known: Mapping[Any, Any]) -> None:
    if key not in known:
        raise LookupError(f"nobody has the id {key!r}")


def _paid(paid: Paid) -> str:
    return "LAB" if paid is Paid.LAB else "FIRM"


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _members(record: Any) -> Fact:
    return {each.name.rstrip("_"): _value(getattr(record, each.name), each.metadata["type"]) for each in fields(record)}


def _value(value: Any, solidity_type: str) -> Any:
    if is_dataclass(value):
        return _members(value)
    if isinstance(value, tuple):
        return [_value(each, "") for each in value]
    if isinstance(value, bytes):
        return _hex(value)
    if isinstance(value, IntEnum):
        return value.name
    # Money and nonces: JSON numbers lose whole numbers above 2^53.
    return str(value) if solidity_type in {"uint64", "uint256"} else value
