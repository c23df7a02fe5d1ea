"""
Evidence that redemptions are handed in with (兑付材料).

Documents are uploaded one by one and named by their hash; then a bundle says which of them are what, and what they state. Originals are
answered as bytes without a type of their own, to be saved and not shown.
"""

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ConfigDict

from gateway import examples, schemas
from gateway.acts import evidence
from gateway.callers import Caller, Party
from gateway.deps import Auditor, OfficeHere, Signatory, WriteOnce, allow
from gateway.documents import ARCHIVE, OCTETS, told
from gateway.refusals import FILES, LOGGED, TAGS
from registry import Id

router = APIRouter(prefix="/v1", tags=["evidence"])

_FORM = "multipart/form-data"
_Reader = Annotated[Caller, allow(Party.LAB, Party.AGENCY, Party.FIRM, Party.REVIEWER, Party.AUDITOR)]


class Original(Response):
    """A file as it was handed in."""

    media_type = OCTETS


class Archive(Response):
    """A ZIP archive."""

    media_type = ARCHIVE


class DocumentForm(schemas.Shape):
    """One document: PDF, PNG, JPEG, TIFF, OFD, XML or xlsx, as its content says. Its name is not kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[UploadFile, File()]


@router.post(
    "/orders/{order_id:id}/evidence/documents",
    response_model=schemas.DocumentTaken,
    **told(
        "上传兑付材料 Upload a document",
        status=201,
        asked=examples.DOCUMENT_FORM,
        answer=examples.DOCUMENT_TAKEN,
        refuses=("EvidenceEmpty", "EvidenceFull", "EvidenceTooLarge", "EvidenceUnavailable", "EvidenceUnreadable", "NotFound"),
        media=_FORM,
    ),
)
def upload(
    order_id: schemas.Id32, asked: Annotated[DocumentForm, Form(media_type=_FORM)], caller: Signatory, office: OfficeHere, once: WriteOnce
) -> JSONResponse:
    """Hand in one document for an order, as its lab or firm. It stays at this gateway and is named by the SHA-256 of its content."""
    content = asked.file.file.read()
    asked_for = {"order": order_id.hex(), "file": hashlib.sha256(content).hexdigest()}
    return once.answer(201, asked_for, lambda intent_id: evidence.upload(office, caller, Id(order_id), content, intent_id))


@router.post(
    "/orders/{order_id:id}/evidence",
    response_model=schemas.BundleTaken,
    **told(
        "登记兑付材料 State a bundle",
        status=201,
        asked=examples.BUNDLE_STATEMENT,
        answer=examples.BUNDLE_TAKEN,
        refuses=(*TAGS, "EvidenceAltered", "EvidenceMissing", "NotFound", "SellerDiffers"),
    ),
)
def state(order_id: schemas.Id32, asked: schemas.BundleStatement, caller: Signatory, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Say which documents are what, and what they state. Nothing is taken out: the statement that is made last counts."""
    return once.answer(201, asked, lambda intent_id: evidence.state(office, caller, Id(order_id), asked, intent_id))


@router.get(
    "/orders/{order_id:id}/evidence",
    **told("兑付材料 Evidence of an order", answer=examples.EVIDENCE_SEEN, refuses=("NotFound", *LOGGED)),
)
def seen(order_id: schemas.Id32, caller: _Reader, office: OfficeHere) -> schemas.EvidenceSeen:
    """What was handed in for an order here, for its lab and firm, reviewers of both regions, and auditors. Every look is logged."""
    return evidence.seen(office, caller, Id(order_id))


@router.get(
    "/orders/{order_id:id}/evidence/documents/{sha256}",
    response_class=Original,
    **told("兑付材料原件 One original", answer=None, refuses=("EvidenceAltered", "NotFound", *LOGGED), answered=OCTETS),
)
def document(order_id: schemas.Id32, sha256: schemas.Sha256InPath, caller: _Reader, office: OfficeHere) -> Original:
    """One document as it was handed in, hashed again as it is read. Every look is logged."""
    content, suffix = evidence.document(office, caller, Id(order_id), sha256)
    return Original(content, headers={"Content-Disposition": f'attachment; filename="{sha256[:16]}.{suffix}"'})


@router.post(
    "/orders/{order_id:id}/evidence/check",
    **told(
        "兑付材料清单 Checklist",
        asked=examples.EVIDENCE_QUESTION,
        answer=examples.EVIDENCE_CHECKED,
        refuses=(*FILES, "NotFound", "ProgrammeFileInvalid", "ProgrammeFileMalformed", *LOGGED),
    ),
)
def check(order_id: schemas.Id32, asked: schemas.EvidenceQuestion, caller: _Reader, office: OfficeHere) -> schemas.EvidenceChecked:
    """What the bundle has, lacks and states wrongly for the order's programme, or would for another. Changes nothing."""
    return evidence.check(office, caller, Id(order_id), asked)


@router.post(
    "/evidence/sample",
    **told(
        "抽样 Draw a sample",
        asked=examples.SAMPLE_QUESTION,
        answer=examples.SAMPLE_SEEN,
        refuses=("PeriodNotOver", "PeriodReversed", *LOGGED),
    ),
)
def sample(asked: schemas.SampleQuestion, caller: Auditor, office: OfficeHere) -> schemas.SampleSeen:
    """Draw orders by a seed from all that this region issued or hosted and for which money was asked in a period."""
    return evidence.sample(office, caller, asked)


@router.post(
    "/evidence/originals",
    response_class=Archive,
    **told(
        "调取原件 Originals",
        asked=examples.ORIGINALS_QUESTION,
        answer=None,
        refuses=("EvidenceTooLarge", "NotFound", *LOGGED),
        answered=ARCHIVE,
    ),
)
def originals(asked: schemas.OriginalsQuestion, caller: Auditor, office: OfficeHere) -> Archive:
    """The originals of several orders in one archive, with a manifest of their hashes. Each order stands in the log."""
    return Archive(evidence.originals(office, caller, asked), headers={"Content-Disposition": 'attachment; filename="originals.zip"'})
