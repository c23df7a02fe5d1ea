"""
The catalogue at real size: lists of labs and items taken in, and brought onto the chain step by step; and searched.

    lists ─▶ enter (all rows or none; nothing on the chain yet) ─▶ load ─▶ load ─▶ … ─▶ nothing left

A step does a bounded number of calls, each once, and says what is left. What is left is worked out from the chain anew each time
(`gateway.catalogue_plan`), so it does not matter where the last one was broken off.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from typing import Any

from gateway import catalogue_list, shapes
from gateway.callers import Caller
from gateway.catalogue import ITEM, LAB, Entry, ListKept, Sought
from gateway.catalogue_list import ItemRow, LabRow, Parsed
from gateway.catalogue_plan import Left, Plan, Withdrawn, conflict, plan
from gateway.cursors import Question, refused
from gateway.errors import Problem
from gateway.office import Office
from gateway.schemas import (
    BadRowOf,
    CatalogueChecked,
    CatalogueEntered,
    CatalogueLists,
    CatalogueListSeen,
    KindName,
    LabNamed,
    Listing,
    ListingAsked,
    ListingAt,
    Loaded,
    LoadLeft,
    SearchPage,
)
from gateway.sight import require_of_this_region
from gateway.usable import is_usable, reasons_at
from gateway.verification import SELLER_BYTES
from registry import NO_ID, Client, Done, Id, Item, Lab, Ledger, Region, RegionStatus, Snapshot, Standing, Tag, Time, id_of

# Calls of one step, the items and subjects in them, and how many calls wait for their blocks at the same time: what a node takes in within
# the time that a request may last.
CALLS_AT_ONCE = 64
ENTRIES_AT_ONCE = 2_500
THREADS = 32
_NUMBER = re.compile("[0-9]{1,15}")
_VERBS = ("admit", "renew", "list", "recognise")


@dataclass(frozen=True)
class Files:
    """What was handed in: a list of labs, one of items, or both."""

    labs: bytes | None
    items: bytes | None

    @property
    def by_kind(self) -> Mapping[str, bytes]:
        """Those that there are."""
        return {kind: content for kind, content in ((LAB, self.labs), (ITEM, self.items)) if content is not None}


@dataclass(frozen=True)
class _Read:
    """What lists say, under the ids of the chain; `new` are the kinds of those that were not taken in before."""

    entries: Mapping[str, Sequence[Entry]]
    counts: Mapping[str, int]
    bad: Sequence[BadRowOf]
    new: frozenset[str]


# Taking lists in


def check(office: Office, caller: Caller, files: Files) -> CatalogueChecked:
    """What taking these lists in would refuse, row by row, and what would then be left to do. Takes in nothing."""
    require_of_this_region(office, caller)
    read = _read(office, files)
    kept = {each.subject: each for each in office.catalogue.all()}
    entries = kept | {each.subject: each for kind in read.new for each in read.entries[kind]}
    with office.current() as snapshot:
        bad = _bad(office, snapshot, read)
        left = _plan(office, snapshot, list(entries.values())).left
        counts = {"labs": read.counts[LAB], "items": read.counts[ITEM]}
        return CatalogueChecked(**counts, bad=bad, left=_left(left), block=office.block_seen(snapshot))


def enter(office: Office, caller: Caller, files: Files) -> CatalogueEntered:
    """Take lists in, all rows or none. Nothing happens on the chain yet."""
    require_of_this_region(office, caller)
    office.client(caller)  # whoever has no account here could not load what he takes in
    read = _read(office, files)
    with office.current() as snapshot:
        bad = _bad(office, snapshot, read)
    if bad:
        title = "名单有误，未录入任何一行。 The lists have bad rows; nothing was taken in."
        raise Problem(422, "BadRows", title, rows=sum(read.counts.values()), bad=[each.model_dump() for each in bad])
    for kind, content in files.by_kind.items():
        # COMMIT POINT. A crash between the two lists leaves one taken in; handed in again, only the other is new.
        at = Time(int(office.clock()))
        kept = ListKept(_sha256(content), office.keyring.epoch, kind, read.counts[kind], at, caller.name)
        office.catalogue.keep(kept, read.entries[kind])
    entries = office.catalogue.all()
    with office.current() as snapshot:
        left = _plan(office, snapshot, entries).left
    digests = [_sha256(content) for content in files.by_kind.values()]
    return CatalogueEntered(labs=read.counts[LAB], items=read.counts[ITEM], lists=digests, repeated=not read.new, left=_left(left))


def lists(office: Office) -> CatalogueLists:
    """Every list that was taken in here."""
    return CatalogueLists(lists=[CatalogueListSeen(**asdict(each)) for each in office.catalogue.lists()])


# Bringing it onto the chain


def load(office: Office, caller: Caller, intent_id: str) -> Loaded:
    """
    Do the next calls, and say what is left.

    A crash at any point leaves calls that happened and calls that did not; the next step finds out which by the chain alone.
    """
    require_of_this_region(office, caller)
    client = office.client(caller)
    with office.loading:
        _require_none_under_way(office, intent_id)
        entries = office.catalogue.all()
        with office.current() as snapshot:
            calls = _next(_calls(office, client, _plan(office, snapshot, entries), intent_id))
        done = _all_done(calls)
        with office.current() as snapshot:
            left = _plan(office, snapshot, entries).left
            return Loaded(calls=len(done), left=_left(left), block=office.block_seen(snapshot))


def _require_none_under_way(office: Office, intent_id: str) -> None:
    """A call of another step whose outcome is not known yet may still happen, and would be made twice."""
    if any(not ticket.intent_id.startswith(f"{intent_id}/") for verb in _VERBS for ticket in office.outbox.under_way(verb)):
        title = "上一批的结果未定，请稍后再试。 What became of an earlier batch is not known yet; nothing happened, try again."
        raise Problem(503, "LoadUnderWay", title, headers={"Retry-After": "2"})


def _next(calls: Iterator[tuple[int, Callable[[], Done]]]) -> list[Callable[[], Done]]:
    """As many calls as one step does; at least one, if there is any."""
    taken: list[Callable[[], Done]] = []
    entries = 0
    for size, call in islice(calls, CALLS_AT_ONCE):
        entries += size
        if taken and entries > ENTRIES_AT_ONCE:
            break
        taken.append(call)
    return taken


def _calls(office: Office, client: Client, left: Plan, intent_id: str) -> Iterator[tuple[int, Callable[[], Done]]]:
    """Each with how many entries it is for, under an intent that follows from what it does: the same step again is the same calls."""
    for lab in left.admit:
        yield 1, _admission(office, client, lab, f"{intent_id}/admit/{lab.subject.hex()}")
    for lab in left.renew:
        yield 1, _renewal(office, client, lab, f"{intent_id}/renew/{lab.subject.hex()}")
    for listing in left.list:
        call = _bound(client.list_items, listing.lab, listing.codes, intent_id=_named(intent_id, "list", listing))
        yield len(listing.codes), call
    for each in left.recognise:
        call = _bound(client.recognise, each.subjects, each.from_, each.until, intent_id=_named(intent_id, "recognise", each))
        yield len(each.subjects), call


def _admission(office: Office, client: Client, lab: Entry, intent_id: str) -> Callable[[], Done]:
    record = Lab(lab.region, office.keyring.firm(lab.host_unit), lab.code)
    return _bound(client.admit, record, lab.signer, office.keyring.firm(lab.seller or ""), lab.qualified_until, intent_id=intent_id)


def _renewal(office: Office, client: Client, lab: Entry, intent_id: str) -> Callable[[], Done]:
    return _bound(client.renew, lab.subject, office.keyring.firm(lab.seller or ""), lab.qualified_until, intent_id=intent_id)


def _bound(verb: Callable[..., Done], *arguments: object, intent_id: str) -> Callable[[], Done]:
    return lambda: verb(*arguments, intent_id=intent_id)


def _named(intent_id: str, verb: str, what: object) -> str:
    return f"{intent_id}/{verb}/{hashlib.sha256(repr(what).encode()).hexdigest()[:32]}"


def _all_done(calls: list[Callable[[], Done]]) -> list[Done]:
    """Wait for all of them, so that no call is left without anybody who knows of it; then raise what the first that failed says."""
    if not calls:
        return []
    with ThreadPoolExecutor(THREADS, thread_name_prefix="load") as pool:
        waiting = [pool.submit(copy_context().run, call) for call in calls]
    return [each.result() for each in waiting]


# Reading lists


def _read(office: Office, files: Files) -> _Read:
    """By themselves, and against what was taken in before. Asks no node: a large list takes seconds."""
    if not files.by_kind:
        raise Problem(422, "ListEmpty", "未提交任何名单。 No list was handed in.")
    labs: Parsed[LabRow] = Parsed((), (), 0) if files.labs is None else catalogue_list.labs(files.labs)
    items: Parsed[ItemRow] = Parsed((), (), 0) if files.items is None else catalogue_list.items(files.items)
    bad = [BadRowOf(list=LAB, **dict(each)) for each in labs.bad] + [BadRowOf(list=ITEM, **dict(each)) for each in items.bad]
    ids = _Ids(office)
    of_labs = [_of_lab(ids.lab(row.key), row) for row in labs.rows]
    units = {each.subject: each.unit for each in of_labs}
    of_items: list[Entry] = []
    for row in items.rows:
        lab = ids.lab(row.lab_key)
        if lab not in units:
            described = office.catalogue.of(lab)
            if described is None:
                message = "该服务机构不在名单中，也未曾录入。 Its lab is neither on the list nor in the catalogue."
                bad.append(BadRowOf(list=ITEM, line=row.line, code="LabNotInCatalogue", message=message))
                continue
            units[lab] = described.unit
        of_items.append(_of_item(lab, units[lab], row))
    new = {kind for kind, content in files.by_kind.items() if not office.catalogue.has(_sha256(content), office.keyring.epoch)}
    return _Read({LAB: of_labs, ITEM: of_items}, {LAB: labs.count, ITEM: items.count}, bad, frozenset(new))


class _Ids:
    """Ids of labs by what a list says of them. A host unit has many labs, and its tag is made once."""

    def __init__(self, office: Office) -> None:
        self._tag = cache(office.keyring.firm)

    def lab(self, key: tuple[Region, str, str]) -> Id:
        region, host_unit, code = key
        return id_of(Lab(region, self._tag(host_unit), code))


def _of_lab(subject: Id, row: LabRow) -> Entry:
    own = {"signer": row.signer, "seller": row.seller, "qualified_until": row.qualified_until}
    return Entry(subject=subject, kind=LAB, lab=subject, unit=row.unit, **(_described(row) | own))


def _of_item(lab: Id, unit: str, row: ItemRow) -> Entry:
    return Entry(subject=id_of(Item(lab, row.code)), kind=ITEM, lab=lab, unit=unit, **_described(row))


def _described(row: LabRow | ItemRow) -> dict[str, Any]:
    names = ("line", "region", "host_unit", "code", "name", "services", "place", "recognition")
    return {name: getattr(row, name) for name in names}


# Judging them by the chain


def _bad(office: Office, snapshot: Snapshot, read: _Read) -> list[BadRowOf]:
    """
    Every bad row, with those that only the registry knows to be wrong.

    What was taken in before was judged then: a lab may have been withdrawn since, which makes the list no worse.
    """
    found = list(read.bad)
    withdrawn = _withdrawn(office, snapshot)
    for kind in read.new:
        for each in read.entries[kind]:
            code = _fault(office, snapshot.ledger, each) or conflict(office.region, each, snapshot.ledger, withdrawn, snapshot.time)
            if code is not None:
                found.append(BadRowOf(list=_kind(each), line=each.line, code=code, message=_FAULTS[code]))
    return sorted(found, key=lambda each: (each.list != LAB, each.line))


def _kind(entry: Entry) -> KindName:
    return "LAB" if entry.kind == LAB else "ITEM"


def _fault(office: Office, ledger: Ledger, entry: Entry) -> str | None:
    named = {entry.region} | set(entry.recognition.by if entry.recognition is not None else ())
    if any(ledger.regions[region].status == RegionStatus.NONE for region in named):
        return "RegionUnknown"
    if entry.kind != LAB or entry.region != office.region or entry.signer is None:
        return None
    if ledger.labs[entry.subject].standing != Standing.NONE:
        # Of an admitted lab the signer is its own affair, and who invoices is changed by a renewal, on purpose.
        seller = office.keyring.firm(entry.seller or "")[:SELLER_BYTES]
        return None if ledger.labs[entry.subject].seller == seller else "SellerDiffers"
    if office.is_own_account(entry.signer):
        return "SignerIsGateways"
    return "SignerHoldsRole" if ledger.accounts[entry.signer].region else None


_FAULTS = {
    "RegionUnknown": "地区不是联盟成员。 A region that is no member of the consortium.",
    "SellerDiffers": "开票单位与登记的不符；变更请用续期。 Another unit invoices for this lab; a change is a renewal.",
    "SignerIsGateways": "该账户由本平台持有，不能作为服务机构的签名账户。 This gateway holds that account.",
    "SignerHoldsRole": "该账户在联盟中担任角色，不能作为服务机构的签名账户。 That account holds a role in the consortium.",
    "WithdrawnBefore": "已移出互认目录；重新纳入的起始日须在移出之后。 It was withdrawn; a window that begins afterwards brings it back.",
    "WindowApart": "与现行互认期之间有间断，请改为相接的日期。 Between this window and the present one is a gap.",
}


def _plan(office: Office, snapshot: Snapshot, entries: list[Entry]) -> Plan:
    """What is left of what was described under today's tags; labs of an older epoch are on the chain as they are."""
    todays = [each for each in entries if each.epoch in (0, office.keyring.epoch)]
    return plan(office.region, todays, snapshot.ledger, _withdrawn(office, snapshot), snapshot.time)


def _withdrawn(office: Office, snapshot: Snapshot) -> Withdrawn:
    def at(subject: Id) -> Time | None:
        decided = [each for each in snapshot.history_of(subject) if each.name in {"Recognised", "Withdrawn"}]
        last = next((each for each in reversed(decided) if getattr(each.logged.event, "region", None) == office.region), None)
        return last.logged.time if last is not None and last.name == "Withdrawn" else None

    return at


def _left(left: Left) -> LoadLeft:
    return LoadLeft(**asdict(left))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# Searching. The catalogue is everybody's.


def search(office: Office, caller: Caller, sought: Sought, *, usable_by: Region | None, cursor: str | None, limit: int) -> SearchPage:
    """Labs and items by name, service type and place; only those at which a region's vouchers can be spent now, if one is named."""
    told = tuple(each.hex() if isinstance(each, bytes) else each for each in asdict(sought).values())
    question = Question("catalogue", caller.name, (*told, usable_by))
    position = question.position(cursor)
    if position is not None and not _NUMBER.fullmatch(position):
        raise refused()
    with office.seen() as snapshot:
        found: list[Entry] = []
        further = None
        keep = _usable_by(usable_by, snapshot)
        for entry in office.catalogue.search(sought, after=int(position or 0)):
            if not keep(entry):
                continue
            if len(found) == limit:
                further = question.cursor(str(found[-1].number))
                break
            found.append(entry)
        seen = [shapes.catalogue_entry(snapshot, each) for each in found]
        return SearchPage(entries=seen, next=further, block=office.block_seen(snapshot))


def _usable_by(region: Region | None, snapshot: Snapshot) -> Callable[[Entry], bool]:
    """Whether a region's vouchers can be spent there; of no region everything is kept."""
    if region is None:
        return lambda _: True
    ledger, now = snapshot.ledger, snapshot.time
    # An item is usable where its lab is, at most: most of a search for items is decided by their few labs.
    lab_is_usable = cache(lambda lab: is_usable(ledger, region, lab, NO_ID, now))
    return lambda entry: lab_is_usable(entry.lab) and (entry.kind == LAB or is_usable(ledger, region, entry.lab, _item(entry), now))


def listing(office: Office, asked: ListingAsked) -> Listing:
    """Whose vouchers can be spent at a lab now, region by region, and every reason why not. The catalogue is everybody's."""
    lab, host_unit = _lab_asked(office, asked.lab)
    item = NO_ID if asked.item is None else id_of(Item(lab, asked.item))
    entry = office.catalogue.of(lab)
    with office.seen() as snapshot:
        ledger = snapshot.ledger
        unit = ledger.lab_records[lab].host_unit if lab in ledger.lab_records else host_unit
        unit_labs = [each for each, record in ledger.lab_records.items() if record.host_unit == unit]
        regions = [_listing_at(snapshot, region, lab, item, unit_labs) for region, _ in sorted(ledger.regions.items())]
        return Listing(
            lab=lab if lab in ledger.lab_records else None,
            entry=None if entry is None else shapes.catalogue_entry(snapshot, entry),
            unit_labs=len(unit_labs),
            regions=regions,
            block=office.block_seen(snapshot),
        )


def _lab_asked(office: Office, named: bytes | LabNamed) -> tuple[Id, Tag | None]:
    if isinstance(named, bytes):
        return Id(named), None
    host_unit = office.keyring.firm(named.host_unit)
    return id_of(Lab(Region(named.region), host_unit, named.code)), host_unit


def _listing_at(snapshot: Snapshot, region: Region, lab: Id, item: Id, unit_labs: Sequence[Id]) -> ListingAt:
    reasons = [shapes.reason(snapshot, each) for each in reasons_at(snapshot.ledger, region, lab, item, snapshot.time)]
    if lab not in snapshot.ledger.lab_records:
        reasons = [shapes.unit_listed(snapshot, region, each, unit_labs) for each in reasons]
    return ListingAt(region=region, usable=not reasons, reasons=reasons)


def _item(entry: Entry) -> Id:
    return entry.subject if entry.kind == ITEM else NO_ID
