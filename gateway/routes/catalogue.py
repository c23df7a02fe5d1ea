"""The catalogue (共享资源目录): lists taken in and brought onto the chain by an office, and searched by everybody."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ConfigDict

from gateway import examples, schemas
from gateway.acts import catalogue
from gateway.callers import OFFICERS, Caller, Party
from gateway.catalogue import Sought
from gateway.deps import Anybody, OfficeHere, Registrar, WriteOnce, allow
from gateway.documents import told
from gateway.refusals import CURSORS, LISTS, TAGS
from registry import Id, Region

router = APIRouter(prefix="/v1/catalogue", tags=["directory"])

_FORM = "multipart/form-data"
_OFFICER = (*OFFICERS, Party.AUDITOR)
_Reader = Annotated[Caller, allow(*_OFFICER)]

_Words = Annotated[str, Query(min_length=1, max_length=100)]


class CatalogueForm(schemas.Shape):
    """A list of labs, one of items, or both: Excel (.xlsx) or CSV. Their columns: docs/catalogue.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labs: Annotated[UploadFile | None, File()] = None
    items: Annotated[UploadFile | None, File()] = None


def _files(asked: CatalogueForm) -> catalogue.Files:
    return catalogue.Files(*(None if each is None else each.file.read() for each in (asked.labs, asked.items)))


@router.get("", **told("检索目录 Search the catalogue", answer={"entries": [examples.ENTRY_SEEN], **examples.PAGE_END}, refuses=CURSORS))
def search(
    caller: Anybody,
    office: OfficeHere,
    *,
    name: Annotated[_Words | None, Query(description="Stands in the name of lab or item, in its unit's, or in its code.")] = None,
    service: Annotated[_Words | None, Query(description="Stands in its service types.")] = None,
    place: Annotated[_Words | None, Query(description="Stands in its place.")] = None,
    kind: Annotated[schemas.KindName | None, Query(description="Only labs, or only items.")] = None,
    region: Annotated[schemas.RegionInQuery | None, Query(description="Only of this region.")] = None,
    lab: Annotated[schemas.Id32 | None, Query(description="Only this lab and its items.")] = None,
    usable_by: Annotated[schemas.RegionInQuery | None, Query(description="Only where this region's vouchers can be spent now.")] = None,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.SearchPage:
    """Labs and items that this gateway's lists describe, by name, service type and place."""
    sought = Sought(
        name=name,
        service=service,
        place=place,
        kind=kind,
        region=None if region is None else Region(region),
        lab=None if lab is None else Id(lab),
    )
    by = None if usable_by is None else Region(usable_by)
    return catalogue.search(office, caller, sought, usable_by=by, cursor=cursor, limit=limit)


@router.post(
    "/listing",
    **told("是否在列 Whether a lab is listed", asked={"lab": examples.LAB}, answer=examples.LISTING, refuses=TAGS),
)
def listing(asked: schemas.ListingAsked, _caller: Anybody, office: OfficeHere) -> schemas.Listing:
    """
    Whose vouchers can be spent at a lab now, and if a region's cannot, every reason why not. Asks, and changes nothing.

    It is POST so that company codes stand in no URL.
    """
    return catalogue.listing(office, asked)


@router.get("/lists", **told("目录名单 Lists taken in", answer={"lists": [examples.CATALOGUE_LIST]}))
def list_lists(_caller: _Reader, office: OfficeHere) -> schemas.CatalogueLists:
    """Every list that was taken in here, by the SHA-256 of its file: whoever has the file can tell whether it is the same."""
    return catalogue.lists(office)


@router.post(
    "/check",
    **told(
        "目录名单预检 Check lists",
        asked=examples.CATALOGUE_FORM,
        answer=examples.CATALOGUE_CHECKED,
        refuses=(*LISTS, "NotYours"),
        media=_FORM,
    ),
)
def check(asked: Annotated[CatalogueForm, Form(media_type=_FORM)], caller: Registrar, office: OfficeHere) -> schemas.CatalogueChecked:
    """Dry run: every row that could not be taken in, by line and reason, and what would be left to load. Takes in nothing."""
    return catalogue.check(office, caller, _files(asked))


@router.post(
    "/lists",
    response_model=schemas.CatalogueEntered,
    **told(
        "录入目录名单 Take lists in",
        status=201,
        asked=examples.CATALOGUE_FORM,
        answer=examples.CATALOGUE_ENTERED,
        refuses=(*LISTS, "BadRows", "NotYours"),
        media=_FORM,
    ),
)
def enter(asked: Annotated[CatalogueForm, Form(media_type=_FORM)], caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Take lists of labs and items in, all rows or none. Nothing happens on the chain yet: `/load` does that, step by step."""
    files = _files(asked)
    asked_for = {kind: hashlib.sha256(content).hexdigest() for kind, content in files.by_kind.items()}
    return once.answer(201, asked_for, lambda _: catalogue.enter(office, caller, files))


@router.post(
    "/load",
    response_model=schemas.Loaded,
    **told(
        "目录上链 Load a batch",
        answer=examples.LOADED,
        verbs=("admit", "renew", "list", "recognise"),
        refuses=("LoadUnderWay", "NotYours"),
    ),
)
def load(caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Do the next calls that bring the catalogue onto the chain: admit, renew, list, recognise.

    Ask again, under a new key, until nothing is left. That is worked out from the chain each time: a load that was broken off goes on.
    """
    return once.answer(200, {}, lambda intent_id: catalogue.load(office, caller, intent_id))
