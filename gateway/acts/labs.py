"""Labs (服务机构) and their items (服务条目) by their host region, and where a region's vouchers may be spent (互认)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from gateway import shapes
from gateway.acts.flags import reason_given
from gateway.acts.moves import UNFINISHED
from gateway.callers import Caller
from gateway.catalogue import Departed
from gateway.cursors import Question
from gateway.office import Office
from gateway.schemas import (
    Departure,
    DeparturePage,
    ItemList,
    ItemPage,
    ItemsListed,
    LabAdmission,
    LabLeaving,
    LabLeft,
    LabOne,
    LabPage,
    LabRenewal,
    Recognition,
    RecognitionPage,
    StandingWritten,
    Subject,
    Withdrawal,
    Written,
)
from gateway.sight import not_found, require_of_this_region
from registry import Client, Done, Ground, Id, Item, Lab, Region, Snapshot, Standing, StandingSet, Time, epoch_of, id_of


def admit(office: Office, caller: Caller, asked: LabAdmission, intent_id: str) -> Subject:
    """Admit a lab of this region."""
    host_unit = office.keyring.firm(asked.host_unit)
    record = Lab(office.region, host_unit, asked.code)
    seller = host_unit if asked.seller is None else office.keyring.firm(asked.seller)
    signer = office.require_foreign(asked.signer)
    done = office.client(caller).admit(record, signer, seller, Time(asked.qualified_until), intent_id=intent_id)
    office.follow()
    return Subject(id=id_of(record), transaction=done.transaction, block=done.block)


def renew(office: Office, caller: Caller, lab_id: Id, asked: LabRenewal, intent_id: str) -> Written:
    """Renew a lab's qualification, or change who invoices for it."""
    with office.current() as snapshot:
        records = snapshot.ledger.lab_records
        # A lab's tags are all of the epoch in which it was admitted.
        epoch = epoch_of(records[lab_id].host_unit) if lab_id in records else None
    seller = office.keyring.firm(asked.seller, epoch=epoch)
    return _written(office, office.client(caller).renew(lab_id, seller, Time(asked.qualified_until), intent_id=intent_id))


def set_standing(office: Office, caller: Caller, lab_id: Id, verb: str, intent_id: str) -> StandingWritten:
    """Suspend, exit, freeze or reinstate."""
    client = office.client(caller)
    verbs = {"suspend": client.suspend, "exit": client.exit, "freeze": client.freeze, "reinstate": client.reinstate}
    done = verbs[verb](lab_id, intent_id=intent_id)
    office.follow()
    (event,) = done.of(StandingSet)
    return StandingWritten(lab=lab_id, standing=event.standing.name, transaction=done.transaction, block=done.block)


def leave(office: Office, caller: Caller, lab_id: Id, asked: LabLeaving, intent_id: str) -> LabLeft:
    """Let a lab leave: it exits; of a fraud it is frozen and flagged."""
    client = office.client(caller)
    leaving = _stop if asked.cause == "FRAUD" else _exit
    done = leaving(office, client, lab_id, asked, intent_id)
    office.catalogue.depart(lab_id, Departed(asked.cause, asked.reason, Time(int(office.clock())), caller.name), intent_id=intent_id)
    with office.current() as snapshot:
        state = snapshot.ledger.labs[lab_id]
        orders = [snapshot.ledger.orders[each].stage for each in snapshot.orders_of_lab(lab_id)]
        return LabLeft(
            lab=lab_id,
            standing=state.standing.name,
            cause=asked.cause,
            flagged=state.flagged_until >= snapshot.time,
            flagged_until=shapes.until_or_lifted(state.flagged_until),
            open_orders=sum(stage in UNFINISHED for stage in orders),
            transaction=done.transaction,
            block=done.block,
        )


def _exit(_: Office, client: Client, lab_id: Id, __: LabLeaving, intent_id: str) -> Done:
    return client.exit(lab_id, intent_id=intent_id)


def _stop(office: Office, client: Client, lab_id: Id, asked: LabLeaving, intent_id: str) -> Done:
    """
    Freeze and flag. A crash in between leaves the lab frozen, which stops it everywhere; the same request again sets the flag.

    What stands already is not set again: a region has one flag of its own a subject.
    """
    freeze, flag = f"{intent_id}/freeze", f"{intent_id}/flag"
    with office.current() as snapshot:
        ledger = snapshot.ledger
        was_frozen = ledger.labs[lab_id].standing == Standing.FROZEN and office.sent_before(freeze) is None
        was_flagged = ledger.flagged_by[lab_id, office.region] or ledger.flags[lab_id].until >= snapshot.time
    done = None if was_frozen and not was_flagged else client.freeze(lab_id, intent_id=freeze)
    if done is None or not was_flagged or office.sent_before(flag) is not None:
        reason = reason_given(office, lab_id, Ground(asked.ground), asked.reason, flag)
        done = client.flag(lab_id, reason, intent_id=flag)
    return done


def list_items(office: Office, caller: Caller, lab_id: Id, asked: ItemList, intent_id: str) -> ItemsListed:
    """List a lab's instruments or service entries."""
    done = office.client(caller).list_items(lab_id, asked.codes, intent_id=intent_id)
    office.follow()
    return ItemsListed(items=[id_of(Item(lab_id, code)) for code in asked.codes], transaction=done.transaction, block=done.block)


def recognise(office: Office, caller: Caller, asked: Recognition, intent_id: str) -> Written:
    """Recognise labs and items for this region's vouchers (纳入互认目录)."""
    window = Time(asked.from_), Time(asked.until)
    return _written(office, office.client(caller).recognise(_ids(asked.subjects), *window, intent_id=intent_id))


def withdraw(office: Office, caller: Caller, asked: Withdrawal, intent_id: str) -> Written:
    """End recognition (移出互认目录)."""
    return _written(office, office.client(caller).withdraw(_ids(asked.subjects), intent_id=intent_id))


# Looking. The catalogue is everybody's.


def lab(office: Office, lab_id: Id) -> LabOne:
    """One lab."""
    with office.seen() as snapshot:
        _require_lab(snapshot, lab_id)
        history = shapes.events(snapshot.history_of(lab_id))
        return LabOne(**dict(shapes.lab_seen(snapshot, lab_id)), history=history, block=office.block_seen(snapshot))


def departures(office: Office, caller: Caller, lab_id: Id) -> DeparturePage:
    """Why a lab left: words that stay here, for this region's offices and auditors."""
    require_of_this_region(office, caller)
    with office.seen() as snapshot:
        _require_lab(snapshot, lab_id)
        found = [Departure(**asdict(each)) for each in office.catalogue.departures(lab_id)]
        return DeparturePage(departures=found, block=office.block_seen(snapshot))


def labs(office: Office, caller: Caller, *, region: int | None, standing: str | None, cursor: str | None, limit: int) -> LabPage:
    """Labs of a region, or of all."""
    question = Question("labs", caller.name, (region, standing))
    with office.seen() as snapshot:
        ledger = snapshot.ledger

        def keep(lab_id: Id) -> bool:
            state = ledger.labs[lab_id]
            return region in (None, state.region) and standing in (None, state.standing.name)

        found, further = question.page(ledger.lab_records, cursor, limit, keep)
        seen = [shapes.lab_seen(snapshot, each) for each in found]
        return LabPage(labs=seen, next=further, block=office.block_seen(snapshot))


def items(office: Office, caller: Caller, lab_id: Id, *, cursor: str | None, limit: int) -> ItemPage:
    """A lab's items."""
    question = Question("items", caller.name, (lab_id,))
    with office.seen() as snapshot:
        _require_lab(snapshot, lab_id)
        records = snapshot.ledger.item_records
        found, further = question.page(records, cursor, limit, lambda each: records[each].lab == lab_id)
        seen = [shapes.item_seen(snapshot, each) for each in found]
        return ItemPage(items=seen, next=further, block=office.block_seen(snapshot))


def recognitions(office: Office, caller: Caller, *, region: int, cursor: str | None, limit: int) -> RecognitionPage:
    """What a region recognises, or once did."""
    question = Question("recognitions", caller.name, (region,))
    with office.seen() as snapshot:
        found, further = question.page(_recognised(snapshot, Region(region)), cursor, limit, lambda _: True)
        seen = [shapes.recognition_seen(snapshot, Region(region), each) for each in found]
        return RecognitionPage(recognitions=seen, next=further, block=office.block_seen(snapshot))


def _recognised(snapshot: Snapshot, region: Region) -> Iterator[Id]:
    return (subject for of, subject in snapshot.ledger.recognitions if of == region)


def _require_lab(snapshot: Snapshot, lab_id: Id) -> None:
    if lab_id not in snapshot.ledger.lab_records:
        raise not_found("lab", lab_id)


def _ids(subjects: Sequence[bytes]) -> list[Id]:
    return [Id(each) for each in subjects]


def _written(office: Office, done: Done) -> Written:
    office.follow()
    return Written(transaction=done.transaction, block=done.block)
