"""
What a redemption is handed in with (兑付材料): uploaded, stated, checked, read by its parties and by who judges it, and drawn for audit.

Originals stay at the gateway where they were handed in; the chain has the salted hash of a report, or of the whole bundle.
"""

import hashlib
import io
import json
import zipfile
from typing import Any

from gateway import schemas
from gateway.callers import Caller
from gateway.errors import Problem
from gateway.evidence_book import Handed, Uploaded
from gateway.evidence_files import SUFFIXES, media_type_of
from gateway.looked_up import Subject, logged, logged_together
from gateway.near_duplicates import result_of, warnings_of
from gateway.office import Office
from gateway.programme_files import require_file_of
from gateway.sight import is_party, not_found, of_order, require_evidence_seen, require_seller, span_of
from registry import (
    Bundle,
    Checked,
    Facts,
    Fen,
    Id,
    Ledger,
    Ordered,
    Programme,
    ProgrammeFile,
    Snapshot,
    StatedContract,
    StatedInvoice,
    Time,
    checklist,
    drawn,
    id_of,
    read_programme_file,
)

MOST_DOCUMENTS = 60
MOST_ARCHIVE_BYTES = 200_000_000
_ARCHIVE_FORMAT = "tongquan originals 1"
# An archive of the same originals has the same bytes, so that it can be told by its hash.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


# Handing in


def upload(office: Office, caller: Caller, order_id: Id, content: bytes, intent_id: str) -> schemas.DocumentTaken:
    """Take one document for an order, of its lab or firm."""
    require_party(office, caller, order_id)
    media_type = media_type_of(content, most=office.settings.evidence_bytes)
    sha256 = hashlib.sha256(content).hexdigest()
    documents = office.evidence.documents(order_id)
    # Each party has room of its own: neither can keep the other from handing in what the money depends on.
    if sum(each.party == caller.party.value for each in documents.values()) >= MOST_DOCUMENTS and sha256 not in documents:
        title = "本单位为该订单上传的材料份数已达上限。 As many documents as are taken of one party for an order were handed in."
        raise Problem(409, "EvidenceFull", title, most=MOST_DOCUMENTS)
    office.evidence_files.put(content)
    document = Uploaded(sha256, len(content), media_type, _now(office), caller.party.value)
    office.evidence.enter(order_id, document, intent_id=intent_id)
    return _taken(document)


def state(office: Office, caller: Caller, order_id: Id, asked: schemas.BundleStatement, intent_id: str) -> schemas.BundleTaken:
    """Put on record what is handed in for an order; the last statement counts. Every document has to be here, as it was handed in."""
    require_party(office, caller, order_id)
    return put_on_record(office, caller, order_id, Bundle.read(asked.model_dump(mode="json")), salt=asked.salt, intent_id=intent_id)


def put_on_record(
    office: Office, caller: Caller, order_id: Id, bundle: Bundle, *, salt: bytes | None, intent_id: str
) -> schemas.BundleTaken:
    """State a bundle of a party of the order."""
    if bundle.contract is not None:
        with office.seen() as snapshot:
            require_seller(office, snapshot.ledger, [snapshot.ledger.order_records[order_id].lab], bundle.contract.seller)
    documents = office.evidence.documents(order_id)
    missing = sorted({each.sha256 for each in bundle.documents} - documents.keys())
    if missing:
        title = "所列材料尚未为该订单上传。 Documents are named that were not handed in for this order."
        raise Problem(409, "EvidenceMissing", title, missing=missing)
    for each in bundle.documents:
        office.evidence_files.read(each.sha256)
    office.evidence.state(order_id, bundle, salt=salt, at=_now(office), party=caller.party.value, intent_id=intent_id)
    return schemas.BundleTaken(order_id=order_id, bundle_sha256=bundle.hash.hex())


def require_agreeing(office: Office, order_id: Id, asked: schemas.RedemptionFacts) -> None:
    """
    Refuse to prepare a redemption on other facts than its bundle states, where one was stated here.

    The result has to be a report of the bundle, or the bundle itself: what the parties sign and what reviewers read is then one thing.
    """
    handed = office.evidence.handed(order_id)
    if handed is None:
        return
    bundle = handed.bundle
    contract = StatedContract(seller=asked.agreement.seller, number=asked.agreement.number)
    invoice = StatedInvoice(number=asked.invoice.number, code=asked.invoice.code, amount=Fen(asked.invoice_amount))
    wrong = [] if asked.report_sha256 in bundle.results else ["report_sha256"]
    if bundle.contract and (bundle.contract.seller, bundle.contract.number) != (contract.seller, contract.number):
        wrong.append("agreement")
    if bundle.invoice and bundle.invoice != invoice:
        wrong.append("invoice")
    if wrong:
        title = "与所交兑付材料不符；请更正申请或重新登记材料。 Not what the evidence says: put the request or the evidence right."
        raise Problem(422, "BundleDiffers", title, fields=wrong)


def keep_salt(office: Office, caller: Caller, redemption: Id, order_id: Id, salt: bytes) -> None:
    """Keep the salt of a result that was prepared here, by which reviewers find their documents on the chain; where there are any."""
    if office.evidence.handed(order_id) is not None:
        office.evidence.keep_salt(order_id, salt, redemption=redemption, at=_now(office), party=caller.party.value)


def require_party(office: Office, caller: Caller, order_id: Id) -> None:
    """Only an order's own lab and firm hand in for it."""
    with office.seen() as snapshot:
        if not is_party(office, caller, snapshot.ledger, order_id):
            raise not_found("order", order_id)


# Looking


def seen(office: Office, caller: Caller, order_id: Id) -> schemas.EvidenceSeen:
    """What was handed in for an order, for its parties and for who judges it."""
    with logged(office.lookups, office.clock, caller, "evidence") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        of_order(subject, ledger, order_id)
        require_evidence_seen(office, caller, ledger, order_id)
        handed = office.evidence.handed(order_id)
        return schemas.EvidenceSeen.model_validate(
            {
                "order_id": order_id,
                "stage": ledger.orders[order_id].stage.name,
                **_of_bundle(handed),
                "documents": [_document_seen(each) for each in office.evidence.documents(order_id).values()],
                "result": None if handed is None else result_of(office, ledger, order_id, handed.bundle),
                "warnings": warnings_of(office, caller, ledger, order_id),
                "block": office.block_seen(snapshot),
            }
        )


def document(office: Office, caller: Caller, order_id: Id, sha256: str) -> tuple[bytes, str]:
    """One original and how the name of a copy ends; refused by name where it is not what was handed in."""
    with logged(office.lookups, office.clock, caller, "evidence-document") as subject, office.seen() as snapshot:
        of_order(subject, snapshot.ledger, order_id).span = sha256
        require_evidence_seen(office, caller, snapshot.ledger, order_id)
        found = office.evidence.documents(order_id).get(sha256)
        if found is None:
            raise not_found("document", bytes.fromhex(sha256))
        return office.evidence_files.read(sha256), SUFFIXES[found.media_type]


def check(office: Office, caller: Caller, order_id: Id, asked: schemas.EvidenceQuestion) -> schemas.EvidenceChecked:
    """What the order's bundle has, lacks and states wrongly for its own programme, or would for another."""
    with logged(office.lookups, office.clock, caller, "evidence-check") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        of_order(subject, ledger, order_id)
        require_evidence_seen(office, caller, ledger, order_id)
        record = ledger.order_records[order_id]
        programme_id, file = _file_asked(office, ledger, asked, own=ledger.vouchers[record.voucher].programme)
        handed = office.evidence.handed(order_id)
        paid_to = Facts(snapshot).paid_to(file.programme, record.lab)
        ordered = Ordered(amount=record.amount, lab_is_paid=paid_to == "LAB")
        found = checklist(file.policy.evidence, Bundle() if handed is None else handed.bundle, ordered)
        return schemas.EvidenceChecked(
            order_id=order_id,
            programme_id=programme_id,
            programme=file.programme.code,
            policy_hash=file.programme.policy_hash,
            bundle_sha256=None if handed is None else handed.bundle.hash.hex(),
            verdict=found.verdict.value,
            checked=[_checked(each) for each in found.checked],
            block=office.block_seen(snapshot),
        )


def _file_asked(office: Office, ledger: Ledger, asked: schemas.EvidenceQuestion, *, own: Id) -> tuple[Id, ProgrammeFile]:
    """The programme that is asked about and its file: the one that was brought proves itself by the hash on the chain."""
    brought = None if asked.file is None else read_programme_file(asked.file)
    wanted = asked.programme or (own if brought is None else id_of(brought.programme))
    programme: Programme | None = ledger.programmes.get(Id(wanted))
    if programme is None:
        raise not_found("programme", wanted)
    if brought is None:
        return Id(wanted), office.programme_files.of(programme)
    require_file_of(programme, brought)
    return Id(wanted), brought


# Auditing


def sample(office: Office, caller: Caller, asked: schemas.SampleQuestion) -> schemas.SampleSeen:
    """
    Orders of this region drawn by a seed, from all for which money was asked in a period. The chain says which those are, not this gateway.
    """
    with logged(office.lookups, office.clock, caller, "evidence-sample", region=office.region) as subject, office.seen() as snapshot:
        if snapshot.time <= asked.until:
            title = "所选时段尚未结束，抽样不可复现。 The period is not over, so the sample could not be drawn again."
            raise Problem(409, "PeriodNotOver", title, until=asked.until, time=snapshot.time)
        population = Facts(snapshot).redeemed_between(office.region, Time(asked.from_), Time(asked.until))
        found = drawn(asked.seed, population, asked.size)
        subject.span = span_of(["0x" + each.hex() for each in found])
        head = office.evidence.head
        return schemas.SampleSeen(
            orders=[_sampled(office, snapshot, each) for each in found],
            population=len(population),
            population_sha256=hashlib.sha256(b"".join(population)).hexdigest(),
            head=schemas.LogHead(number=head.number, hash=head.hash),
            block=office.block_seen(snapshot),
        )


def originals(office: Office, caller: Caller, asked: schemas.OriginalsQuestion) -> bytes:
    """
    A ZIP archive of the originals of several orders with a manifest, the same bytes for the same originals.

    One that is gone or was altered is named in the manifest and left out: it keeps nobody from the others.
    """
    orders = list(dict.fromkeys(Id(each) for each in asked.orders))
    subjects = [Subject() for _ in orders]
    with logged_together(office.lookups, office.clock, caller, "evidence-originals", subjects), office.seen() as snapshot:
        for subject, order_id in zip(subjects, orders, strict=True):
            of_order(subject, snapshot.ledger, order_id)
            require_evidence_seen(office, caller, snapshot.ledger, order_id)
        sizes = {each.sha256: each.bytes for order_id in orders for each in office.evidence.documents(order_id).values()}
        if sum(sizes.values()) > MOST_ARCHIVE_BYTES:
            title = "原件总量过大，请分批调取。 The originals are too large together; ask for fewer orders."
            raise Problem(413, "EvidenceTooLarge", title, bytes=sum(sizes.values()), most=MOST_ARCHIVE_BYTES)
        return _archive(office, snapshot, orders)


def _archive(office: Office, snapshot: Snapshot, orders: list[Id]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:

        def put(name: str, content: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(name, _NO_DATE), content)

        told = []
        for order_id in orders:
            documents = []
            for each in sorted(office.evidence.documents(order_id).values(), key=lambda found: found.sha256):
                name = f"{order_id.hex()}/{each.sha256}.{SUFFIXES[each.media_type]}"
                content, state_of_it = _original(office, each.sha256)
                if content is not None:
                    put(name, content)
                documents.append({**_document_seen(each), "state": state_of_it, "file": None if content is None else name})
            told.append(_manifest_of(office, snapshot.ledger, order_id) | {"documents": documents})
        manifest = {"format": _ARCHIVE_FORMAT, "region": office.region, "orders": told}
        put("manifest.json", json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1).encode())
    return written.getvalue()


def _original(office: Office, sha256: str) -> tuple[bytes | None, str]:
    try:
        return office.evidence_files.read(sha256), "INTACT"
    except Problem as altered:
        return None, "MISSING" if altered.values["missing"] else "ALTERED"


def _manifest_of(office: Office, ledger: Ledger, order_id: Id) -> dict[str, Any]:
    handed = office.evidence.handed(order_id)
    result = None if handed is None else result_of(office, ledger, order_id, handed.bundle)
    return {"order_id": "0x" + order_id.hex(), "stage": ledger.orders[order_id].stage.name, **_of_bundle(handed), "result": result}


# How it is told


def _of_bundle(handed: Handed | None) -> dict[str, Any]:
    if handed is None:
        return {"bundle": None, "bundle_sha256": None, "stated_at": None, "stated_by": None, "statements": 0}
    bundle = handed.bundle
    stated = {"stated_at": handed.at, "stated_by": handed.party, "statements": handed.statements}
    return {"bundle": bundle.told(), "bundle_sha256": bundle.hash.hex(), **stated}


def _taken(document: Uploaded) -> schemas.DocumentTaken:
    return schemas.DocumentTaken.model_validate({"sha256": document.sha256, "bytes": document.bytes, "media_type": document.media_type})


def _document_seen(document: Uploaded) -> dict[str, Any]:
    return {**_taken(document).model_dump(), "at": document.at, "by": document.party}


def _checked(found: Checked) -> schemas.CheckedSeen:
    each = found.finding
    return schemas.CheckedSeen(document=found.document, rule=each.rule, fact=each.fact, verdict=each.verdict.value, zh=each.zh, en=each.en)


def _sampled(office: Office, snapshot: Snapshot, order_id: Id) -> schemas.SampledOrder:
    handed = office.evidence.handed(order_id)
    return schemas.SampledOrder.model_validate(
        {
            "order_id": order_id,
            "stage": snapshot.ledger.orders[order_id].stage.name,
            "bundle_sha256": None if handed is None else handed.bundle.hash.hex(),
            "documents": len(office.evidence.documents(order_id)),
        }
    )


def _now(office: Office) -> Time:
    return Time(int(office.clock()))
