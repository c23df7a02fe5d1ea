"""
Directory (名录): labs, their items, and firms: whose key signs, and whose vouchers may be spent where.

The transition table of `contracts/Directory.sol`: each call with its guards in the contract's order and the events after
them, then what the registry asks, then the fold.
"""

# ruff: noqa: D102 - `events` is told once, by `Call`, and what it does by the class

from collections.abc import Iterator
from dataclasses import dataclass, replace

from registry import events
from registry.codec import id_of
from registry.events import Event
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    Address,
    Bar,
    Digest,
    Firm,
    Id,
    Item,
    Lab,
    Motion,
    MotionKind,
    Region,
    Role,
    Standing,
    Tag,
    Time,
)
from registry.rules.call import Call, Turn
from registry.rules.consortium import holds, require_carried
from registry.rules.ledger import FirmState, Flag, LabState, Ledger, Rotation, Window
from registry.rules.refusals import require
from registry.rules.subsidy import DAY

ROTATION_DELAY = 3 * DAY
FLAG_PERIOD = 30 * DAY
UNTIL_LIFTED = Time(2**40 - 1)
SELLER_BYTES = 27


# Labs, by their host region


@dataclass(frozen=True, slots=True)
class Admit(Call):
    """The host region admits a lab, active from then on. A record's code is never empty, so that is not asked again."""

    lab: Lab
    signer: Address
    seller: Tag
    qualified_until: Time

    def events(self, turn: Turn) -> Iterator[Event]:
        lab_id = id_of(self.lab)

        _require_directory(turn, self.lab.region)
        require(turn.ledger.labs[lab_id].standing == Standing.NONE, "AlreadyAdmitted", lab_id)
        require(any(self.seller), "InvalidTag", self.seller)
        _require_free_signer(turn.ledger, self.signer)

        yield events.LabAdmitted(lab_id, self.lab, self.signer, self.seller, self.qualified_until)


@dataclass(frozen=True, slots=True)
class Renew(Call):
    """The host region renews a lab's qualification or changes who invoices for it."""

    lab: Id
    seller: Tag
    qualified_until: Time

    def events(self, turn: Turn) -> Iterator[Event]:
        _require_host(turn, self.lab)
        require(any(self.seller), "InvalidTag", self.seller)

        yield events.LabRenewed(self.lab, self.seller, self.qualified_until)


@dataclass(frozen=True, slots=True)
class ListItems(Call):
    """The host region lists instruments or service entries of its lab; the contract's `list`."""

    lab: Id
    codes: tuple[str, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        _require_host(turn, self.lab)

        for code in self.codes:
            require(code, "InvalidCode")
            item = id_of(Item(self.lab, code))
            require(turn.ledger.items[item] == NO_ID, "AlreadyListed", item)

            yield events.ItemListed(item, self.lab, code)


@dataclass(frozen=True, slots=True)
class Suspend(Call):
    """The host region stops new orders at an active lab."""

    lab: Id

    def events(self, turn: Turn) -> Iterator[Event]:
        standing = _require_host(turn, self.lab)

        require(standing == Standing.ACTIVE, "WrongStanding", self.lab, standing)

        yield events.StandingSet(self.lab, Standing.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Exit(Call):
    """The host region lets a lab leave: no new orders, open ones run off."""

    lab: Id

    def events(self, turn: Turn) -> Iterator[Event]:
        standing = _require_host(turn, self.lab)

        require(standing in (Standing.ACTIVE, Standing.SUSPENDED), "WrongStanding", self.lab, standing)

        yield events.StandingSet(self.lab, Standing.EXITED)


@dataclass(frozen=True, slots=True)
class Freeze(Call):
    """The host region stops everything at a lab, up to accept."""

    lab: Id

    def events(self, turn: Turn) -> Iterator[Event]:
        standing = _require_host(turn, self.lab)

        require(standing != Standing.FROZEN, "WrongStanding", self.lab, standing)

        yield events.StandingSet(self.lab, Standing.FROZEN)


@dataclass(frozen=True, slots=True)
class Reinstate(Call):
    """The host region makes a lab active again."""

    lab: Id

    def events(self, turn: Turn) -> Iterator[Event]:
        standing = _require_host(turn, self.lab)

        require(standing != Standing.ACTIVE, "WrongStanding", self.lab, standing)

        yield events.StandingSet(self.lab, Standing.ACTIVE)


# Firms, by their home region, and everybody's keys


@dataclass(frozen=True, slots=True)
class Enrol(Call):
    """The home region enrols a firm."""

    firm: Firm
    signer: Address

    def events(self, turn: Turn) -> Iterator[Event]:
        firm_id = id_of(self.firm)

        _require_directory(turn, self.firm.region)
        require(turn.ledger.firms[firm_id].signer == NO_ADDRESS, "AlreadyEnrolled", firm_id)
        require(any(self.firm.firm), "InvalidTag", self.firm.firm)
        _require_free_signer(turn.ledger, self.signer)

        yield events.FirmEnrolled(firm_id, self.firm, self.signer)


@dataclass(frozen=True, slots=True)
class Rotate(Call):
    """The current key names its successor at once, or the office proposes one."""

    subject: Id
    signer: Address

    def events(self, turn: Turn) -> Iterator[Event]:
        current, region = _require_subject(turn.ledger, self.subject)
        _require_free_signer(turn.ledger, self.signer)

        if turn.sender == current:
            _require_not_seconded(turn.ledger, self.subject)
            yield events.KeyRotated(self.subject, self.signer)
        else:
            _require_directory(turn, region)
            yield events.RotationProposed(self.subject, self.signer, Time(turn.now + ROTATION_DELAY))


@dataclass(frozen=True, slots=True)
class VetoRotation(Call):
    """The current key refuses the office's proposal."""

    subject: Id

    def events(self, turn: Turn) -> Iterator[Event]:
        current, _ = _require_subject(turn.ledger, self.subject)
        proposed = turn.ledger.rotations[self.subject].signer

        require(turn.sender == current, "NotSigner", turn.sender, self.subject)
        require(proposed != NO_ADDRESS, "NoRotation", self.subject)
        _require_not_seconded(turn.ledger, self.subject)

        yield events.RotationVetoed(self.subject, proposed)


@dataclass(frozen=True, slots=True)
class CompleteRotation(Call):
    """Anybody puts a proposed key in place once its time has come."""

    subject: Id

    def events(self, turn: Turn) -> Iterator[Event]:
        rotation = turn.ledger.rotations[self.subject]

        require(rotation.signer != NO_ADDRESS, "NoRotation", self.subject)
        require(turn.now >= rotation.from_, "RotationNotYet", self.subject, rotation.from_)
        _require_free_signer(turn.ledger, rotation.signer)

        yield events.KeyRotated(self.subject, rotation.signer)


# Whose vouchers may be spent where, by the issuing region


@dataclass(frozen=True, slots=True)
class Recognise(Call):
    """The sender's region recognises labs and items for its vouchers (纳入互认目录)."""

    subjects: tuple[Id, ...]
    from_: Time
    until: Time

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger = turn.ledger
        region = _region_of_sender(turn)

        require(self.from_ <= self.until, "InvalidWindow", self.from_, self.until)

        for subject in self.subjects:
            known = ledger.labs[subject].standing != Standing.NONE or ledger.items[subject] != NO_ID
            require(known, "UnknownSubject", subject)

            yield events.Recognised(region, subject, self.from_, self.until)


@dataclass(frozen=True, slots=True)
class Withdraw(Call):
    """The sender's region ends recognition (移出互认目录)."""

    subjects: tuple[Id, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        region = _region_of_sender(turn)

        for subject in self.subjects:
            require(turn.ledger.recognitions[region, subject].until >= turn.now, "NotRecognised", region, subject)

            yield events.Withdrawn(region, subject)


# What stops a party everywhere, by any member


@dataclass(frozen=True, slots=True)
class FlagSubject(Call):
    """Any member stops a firm or lab everywhere for 30 days (风险通告); the contract's `flag`."""

    subject: Id
    reason: Digest

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, subject = turn.ledger, self.subject
        region = _region_of_sender(turn)
        _require_subject(ledger, subject)

        require(not ledger.flagged_by[subject, region], "FlaggedBefore", subject, region)
        require(ledger.flags[subject].until < turn.now, "SubjectFlagged", subject, ledger.flags[subject].until)

        yield events.Flagged(subject, region, self.reason, Time(turn.now + FLAG_PERIOD))


@dataclass(frozen=True, slots=True)
class Second(Call):
    """Another member makes a running flag last (附议)."""

    subject: Id
    reason: Digest

    def events(self, turn: Turn) -> Iterator[Event]:
        region = _region_of_sender(turn)
        current = turn.ledger.flags[self.subject]

        require(current.until >= turn.now, "NotFlagged", self.subject)
        require(current.seconder == 0, "AlreadySeconded", self.subject)
        require(current.by != region, "OwnFlag", self.subject, region)

        yield events.FlagSeconded(self.subject, region, self.reason)


@dataclass(frozen=True, slots=True)
class Unflag(Call):
    """The region that set an unseconded flag takes it back."""

    subject: Id

    def events(self, turn: Turn) -> Iterator[Event]:
        region = _region_of_sender(turn)
        current = turn.ledger.flags[self.subject]

        require(current.until >= turn.now, "NotFlagged", self.subject)
        require(current.seconder == 0, "AlreadySeconded", self.subject)
        require(current.by == region, "NotOwnFlag", self.subject, region)

        yield events.FlagLifted(self.subject, region)


@dataclass(frozen=True, slots=True)
class Lift(Call):
    """Anybody lifts a flag under a carried motion (解除通告). A flag set after that is another one and stays."""

    motion: Motion

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, motion = turn.ledger, self.motion
        _, region = _require_subject(ledger, motion.subject)

        require(motion.kind == MotionKind.LIFT_FLAG and motion.region == region, "WrongMotion")
        carried_at = require_carried(ledger, motion, turn.now)
        current = ledger.flags[motion.subject]
        require(current.until >= turn.now and current.since < carried_at, "NotFlagged", motion.subject)

        yield events.FlagLifted(motion.subject, Region(0))


# What the registry asks


def require_enrolled(ledger: Ledger, region: Region, firm: Tag) -> None:
    """Refuse unless the firm is enrolled in the region."""
    require(_firm(ledger, region, firm).signer != NO_ADDRESS, "FirmNotEnrolled", region, firm)


def require_admissible(turn: Turn, region: Region, firm: Tag, lab: Id, item: Id, *, itemised: bool) -> tuple[FirmState, LabState]:
    """Refuse unless a voucher of `region` held by `firm` may be reserved at this lab and item now."""
    ledger, now = turn.ledger, turn.now
    firm_id = id_of(Firm(region, firm))
    holder = ledger.firms[firm_id]
    host = ledger.labs[lab]

    require(holder.signer != NO_ADDRESS, "FirmNotEnrolled", region, firm)
    require(holder.flagged_until < now, "SubjectFlagged", firm_id, holder.flagged_until)
    require(host.standing != Standing.NONE, "UnknownLab", lab)
    require(host.flagged_until < now, "SubjectFlagged", lab, host.flagged_until)
    require(host.standing == Standing.ACTIVE, "LabNotActive", lab, host.standing)
    require(now <= host.qualified_until, "NotQualified", lab, host.qualified_until)
    require(host.seller != firm[:SELLER_BYTES], "SellerIsFirm", lab, firm)
    require(item != NO_ID or not itemised, "ItemRequired", lab)
    require(item == NO_ID or ledger.items[item] == lab, "ItemNotListed", item, lab)
    if itemised or host.region != region:
        _require_recognised(turn, region, lab)
    if itemised:
        _require_recognised(turn, region, item)

    return holder, host


def require_serving(turn: Turn, region: Region, firm: Tag, lab: Id) -> tuple[FirmState, LabState]:
    """Refuse if the lab is frozen, a party is flagged, or the firm itself would invoice for the lab."""
    firm_id = id_of(Firm(region, firm))
    holder = turn.ledger.firms[firm_id]
    host = turn.ledger.labs[lab]

    require(holder.flagged_until < turn.now, "SubjectFlagged", firm_id, holder.flagged_until)
    require(host.flagged_until < turn.now, "SubjectFlagged", lab, host.flagged_until)
    require(host.standing != Standing.FROZEN, "LabFrozen", lab)
    require(host.seller != firm[:SELLER_BYTES], "SellerIsFirm", lab, firm)

    return holder, host


def bar_of(turn: Turn, region: Region, firm: Tag, lab: Id) -> tuple[Bar, Id]:
    """Whether lab or firm may not go on, or the sender is the present signer of one, and which of them."""
    firm_id = id_of(Firm(region, firm))
    host, holder = turn.ledger.labs[lab], turn.ledger.firms[firm_id]
    bars = (
        (host.standing == Standing.FROZEN, Bar.LAB_FROZEN, lab),
        (host.flagged_until >= turn.now, Bar.LAB_FLAGGED, lab),
        (holder.flagged_until >= turn.now, Bar.FIRM_FLAGGED, firm_id),
        (host.signer == turn.sender, Bar.OWN_CASE, lab),
        (holder.signer == turn.sender, Bar.OWN_CASE, firm_id),
    )
    return next(((bar, subject) for barred, bar, subject in bars if barred), (Bar.NONE, NO_ID))


def may_release(turn: Turn, region: Region, firm: Tag, lab: Id) -> bool:
    """Whether the sender, if it reviews, may release: the lab left, or a flag was seconded, and it signs for neither party."""
    host, holder = turn.ledger.labs[lab], _firm(turn.ledger, region, firm)
    if turn.sender in (host.signer, holder.signer):
        return False
    return host.standing != Standing.ACTIVE or UNTIL_LIFTED in (host.flagged_until, holder.flagged_until)


def _firm(ledger: Ledger, region: Region, firm: Tag) -> FirmState:
    return ledger.firms[id_of(Firm(region, firm))]


def _require_subject(ledger: Ledger, subject: Id) -> tuple[Address, Region]:
    lab, firm = ledger.labs[subject], ledger.firms[subject]
    signer, region = (lab.signer, lab.region) if lab.standing != Standing.NONE else (firm.signer, firm.region)
    require(signer != NO_ADDRESS, "UnknownSubject", subject)
    return signer, region


def _region_of_sender(turn: Turn) -> Region:
    region = turn.ledger.accounts[turn.sender].region
    _require_directory(turn, region)
    return region


def _require_directory(turn: Turn, region: Region) -> None:
    require(holds(turn.ledger, turn.sender, region, Role.DIRECTORY), "NotDirectory", turn.sender, region)


def _require_host(turn: Turn, lab: Id) -> Standing:
    state = turn.ledger.labs[lab]
    require(state.standing != Standing.NONE, "UnknownLab", lab)
    _require_directory(turn, state.region)
    return state.standing


def _require_free_signer(ledger: Ledger, signer: Address) -> None:
    require(signer != NO_ADDRESS, "InvalidSigner", signer)
    require(ledger.accounts[signer].region == 0, "SignerHoldsRole", signer)


def _require_not_seconded(ledger: Ledger, subject: Id) -> None:
    # While two regions hold a flag against a party, its key may be a thief's and has no say in who comes next.
    current = ledger.flags[subject]
    require(current.seconder == 0, "SubjectFlagged", subject, current.until)


def _require_recognised(turn: Turn, region: Region, subject: Id) -> None:
    window = turn.ledger.recognitions[region, subject]
    require(window.from_ <= turn.now <= window.until, "NotRecognised", region, subject)


# The fold


def fold(ledger: Ledger, event: Event, time: Time) -> None:
    """Put one of the contract's events into effect."""
    match event:
        case events.LabAdmitted(lab, record, signer, seller, qualified_until):
            ledger.labs[lab] = LabState(signer, record.region, Standing.ACTIVE, Time(0), seller[:SELLER_BYTES], qualified_until)
            ledger.lab_records[lab] = record
        case events.LabRenewed(lab, seller, qualified_until):
            ledger.labs[lab] = replace(ledger.labs[lab], seller=seller[:SELLER_BYTES], qualified_until=qualified_until)
        case events.StandingSet(lab, standing):
            ledger.labs[lab] = replace(ledger.labs[lab], standing=standing)
        case events.ItemListed(item, lab, code):
            ledger.items[item] = lab
            ledger.item_records[item] = Item(lab, code)
        case events.FirmEnrolled(firm, record, signer):
            ledger.firms[firm] = FirmState(signer, Time(0), record.region)
            ledger.firm_records[firm] = record
        case events.KeyRotated(subject, signer):
            ledger.rotations.clear(subject)
            _change(ledger, subject, signer=signer)
        case events.RotationProposed(subject, signer, from_):
            ledger.rotations[subject] = Rotation(signer, from_)
        case events.RotationVetoed(subject):
            ledger.rotations.clear(subject)
        case events.Recognised(region, subject, from_, until):
            ledger.recognitions[region, subject] = Window(from_, until)
        case events.Withdrawn(region, subject):
            ledger.recognitions[region, subject] = replace(ledger.recognitions[region, subject], until=Time(time - 1))
        case events.Flagged(subject, region, _, until):
            ledger.flagged_by[subject, region] = True
            ledger.flags[subject] = Flag(by=region, seconder=Region(0), since=time, until=until)
            _change(ledger, subject, flagged_until=until)
        case events.FlagSeconded(subject, region):
            ledger.flags[subject] = replace(ledger.flags[subject], seconder=region, until=UNTIL_LIFTED)
            _change(ledger, subject, flagged_until=UNTIL_LIFTED)
        case events.FlagLifted(subject):
            ledger.flags.clear(subject)
            _change(ledger, subject, flagged_until=Time(0))


def _change(ledger: Ledger, subject: Id, **changes: object) -> None:
    if ledger.labs[subject].standing != Standing.NONE:
        ledger.labs[subject] = replace(ledger.labs[subject], **changes)  # type: ignore[arg-type] # fields that labs and firms share
    else:
        ledger.firms[subject] = replace(ledger.firms[subject], **changes)  # type: ignore[arg-type] # likewise
