"""The catalogue (共享资源目录): lists of labs and items, what is left to load of them, and search."""

from typing import Literal

from gateway.schemas.basis import BlockSeen, Id32, Next, RegionCode, Shape, Text
from gateway.schemas.directory import StandingName
from gateway.schemas.lookups import ReasonTold
from gateway.schemas.vouchers import BadRow

KindName = Literal["LAB", "ITEM"]


class BadRowOf(BadRow):
    """A row that cannot be taken in: of which of the two lists, its line in that file, and why."""

    list: KindName


class LoadLeft(Shape):
    """
    How many labs of this region are still to be admitted and renewed, items to be listed, and labs and items to be recognised.

    `waiting` are labs and items of other regions that this one recognises, and that those have not put on the chain yet.
    """

    admit: int
    renew: int
    list: int
    recognise: int
    waiting: int


class CatalogueChecked(Shape):
    """How many rows each list has, what of them cannot be taken in, and what would be left to load. Nothing was taken in."""

    labs: int
    items: int
    bad: list[BadRowOf]
    left: LoadLeft
    block: BlockSeen


class CatalogueEntered(Shape):
    """
    Lists that were taken in, by the SHA-256 of each file, and what is left to load of the whole catalogue.

    `repeated` says that all of them had been taken in before: nothing was changed.
    """

    labs: int
    items: int
    lists: list[str]
    repeated: bool
    left: LoadLeft


class Loaded(Shape):
    """How many calls a step made, and what is left. There is nothing more to do once all but `waiting` is 0."""

    calls: int
    left: LoadLeft
    block: BlockSeen


class CatalogueListSeen(Shape):
    """A list that was taken in: the SHA-256 of its file, the epoch of tags that it was read under, when, and by which caller."""

    sha256: str
    epoch: int
    kind: KindName
    rows: int
    at: int
    by: str


class CatalogueLists(Shape):
    """Every list that was taken in at this gateway, the first one first."""

    lists: list[CatalogueListSeen]


class EntrySeen(Shape):
    """
    A lab, or an item of one, as its list describes it and as it stands on the chain; null what is not on the chain yet.

    `usable_by` are the regions whose vouchers can be spent there now. Of an item standing and qualification are its lab's.
    """

    subject: Id32
    kind: KindName
    region: int
    lab: Id32
    code: str
    name: str
    unit: str
    services: list[str]
    place: str
    standing: StandingName | None
    qualified_until: int | None
    usable_by: list[int]


class LabNamed(Shape):
    """A lab as lists name it: its region, its host unit's company code, and its own code."""

    region: RegionCode
    host_unit: Text
    code: Text


class ListingAsked(Shape):
    """Whose vouchers can be spent at a lab, on an item perhaps. A lab is named by its id, or as lists name it."""

    lab: Id32 | LabNamed
    item: Text | None = None


class ListingAt(Shape):
    """Whether a region's vouchers can be spent there now, and if not every reason."""

    region: int
    usable: bool
    reasons: list[ReasonTold]


class Listing(Shape):
    """
    Where a lab stands with every region of the consortium. Its id is null where no region has admitted it.

    `entry` is what this gateway's lists say of it. `unit_labs` is how many labs of its host unit are on the chain.
    """

    lab: Id32 | None
    entry: EntrySeen | None
    unit_labs: int
    regions: list[ListingAt]
    block: BlockSeen


class SearchPage(Shape):
    """Labs and items in the order in which they were first described."""

    entries: list[EntrySeen]
    next: Next
    block: BlockSeen
