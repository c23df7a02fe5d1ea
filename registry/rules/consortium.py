"""
Consortium (联盟): which regions are members, which account may do what for which region, and what they agreed on.

The transition table of `contracts/Consortium.sol`: each call with its guards in the contract's order and the events after
them, then the fold of those events.
"""

# ruff: noqa: D102 - `events` is told once, by `Call`, and what it does by the class

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from registry import events
from registry.codec import id_of
from registry.events import Event
from registry.model import CHINA, NO_ADDRESS, Address, Digest, Id, Motion, MotionKind, Region, RegionStatus, Role, Time
from registry.rules.call import Call, Turn
from registry.rules.ledger import NO_OFFER, AccountState, Ledger, Offer, OfferedKeys, RegionState
from registry.rules.refusals import refusal, require
from registry.rules.subsidy import DAY

LONGEST_MOTION = 90 * DAY
VETO_PERIOD = 14 * DAY
ENACTMENT_PERIOD = 30 * DAY
FEWEST_VOTES = 2
REGION_CODES = range(100_000, 1_000_000)
MONTHS = range(1, 13)

_OFFERED = (Role.ISSUER, Role.REVIEWER, Role.PAYER, Role.DIRECTORY)
_KEYS = (Role.ADMIN, Role.RECOVERY)
_OF_LEDGER = (
    MotionKind.AUTHORISE_REGISTRY,
    MotionKind.AUTHORISE_CLAIMANT,
    MotionKind.RETIRE_REGISTRY,
    MotionKind.CLOSE_REGISTRY,
)


# Who may do what


def holds(ledger: Ledger, account: Address, region: Region, role: Role) -> bool:
    """Whether an account has a role for a region now. A suspended region's issuers, reviewers and directory do not."""
    holder = ledger.accounts[account]
    if not holder.active or holder.region != region or holder.role != role:
        return False
    return role == Role.PAYER or ledger.regions[region].status == RegionStatus.ACTIVE


def reviews(ledger: Ledger, account: Address, region: Region) -> bool:
    """Whether an account may decline, endorse, accept, reject and reverse for a region: its reviewer, or its caretaker."""
    if holds(ledger, account, region, Role.REVIEWER):
        return True
    state = ledger.regions[region]
    if state.status != RegionStatus.SUSPENDED or state.caretaker != account:
        return False
    return holds(ledger, account, ledger.accounts[account].region, Role.REVIEWER)


def require_running(ledger: Ledger, *regions: Region) -> None:
    """Refuse if one of the regions is suspended or no member. 0 is skipped."""
    for region in regions:
        if region == 0:
            continue
        status = ledger.regions[region].status
        require(status != RegionStatus.NONE, "UnknownRegion", region)
        require(status == RegionStatus.ACTIVE, "Suspended", region)


def require_carried(ledger: Ledger, motion: Motion, now: Time) -> Time:
    """Refuse unless a motion was carried and can be put into effect now. Says when it was carried."""
    motion_id = id_of(motion)
    state = ledger.motions[motion_id]
    from_ = state.carried_at + (VETO_PERIOD if motion.kind == MotionKind.REPLACE_KEYS else 0)

    require(state.carried_at, "NotCarried", motion_id, state.votes, ledger.members)
    require(not state.vetoed, "MotionVetoed", motion_id)
    require(now >= from_, "NotYet", motion_id, from_)
    require(now <= from_ + ENACTMENT_PERIOD, "TooLate", motion_id, from_ + ENACTMENT_PERIOD)

    return state.carried_at


# A region's own keys and accounts


@dataclass(frozen=True, slots=True)
class OfferRole(Call):
    """The admin of a region that is not suspended offers an account a role (`offer` in the contract)."""

    account: Address
    role: Role

    def events(self, turn: Turn) -> Iterator[Event]:
        region = _region_of_admin(turn)

        require(self.role in _OFFERED, "InvalidRole", self.role)
        require_running(turn.ledger, region)
        _require_free(turn.ledger, self.account)

        yield events.Offered(self.account, region, self.role, turn.sender)


@dataclass(frozen=True, slots=True)
class TakeUp(Call):
    """An account takes up the role, or the place of a region's key, that it was offered."""

    region: Region
    role: Role

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, region = turn.ledger, self.region

        require(_is_offered(ledger, turn.sender, region, self.role), "NotOffered", turn.sender, region, self.role)
        if self.role not in _KEYS:
            require_running(ledger, region)

        yield _give(ledger, turn.sender, region, self.role)
        if self.role == Role.ADMIN:
            yield events.KeysReplaced(region, turn.sender, ledger.regions[region].recovery)
        elif self.role == Role.RECOVERY:
            yield events.KeysReplaced(region, ledger.regions[region].admin, turn.sender)


@dataclass(frozen=True, slots=True)
class Revoke(Call):
    """The admin takes an offer back, or ends an account's role for ever."""

    account: Address

    def events(self, turn: Turn) -> Iterator[Event]:
        region = _region_of_admin(turn)
        holder = turn.ledger.accounts[self.account]

        if turn.ledger.offers[region, self.account] != NO_OFFER:
            yield events.OfferWithdrawn(self.account, region)
            return
        require(
            holder.active and holder.region == region and holder.role not in _KEYS,
            "NotRoleAccount",
            self.account,
        )

        yield events.Revoked(self.account, region)


@dataclass(frozen=True, slots=True)
class Recover(Call):
    """The recovery key ends the region's admin at once and offers the place to another account."""

    admin: Address

    def events(self, turn: Turn) -> Iterator[Event]:
        region = _region_of_recovery(turn)

        _require_free(turn.ledger, self.admin)

        yield events.KeysReplaced(region, NO_ADDRESS, turn.sender)
        yield events.Offered(self.admin, region, Role.ADMIN, turn.sender)


@dataclass(frozen=True, slots=True)
class RotateRecovery(Call):
    """The recovery key offers its own place to another account."""

    recovery: Address

    def events(self, turn: Turn) -> Iterator[Event]:
        region = _region_of_recovery(turn)

        _require_free(turn.ledger, self.recovery)

        yield events.Offered(self.recovery, region, Role.RECOVERY, turn.sender)


# What the members decide


@dataclass(frozen=True, slots=True)
class Vote(Call):
    """An admin votes for a motion (联盟议案); the first vote proposes it."""

    motion: Motion

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, now, motion = turn.ledger, turn.now, self.motion
        motion_id = id_of(motion)
        region = _region_of_admin(turn)
        state = ledger.motions[motion_id]

        require(now <= motion.expires, "MotionExpired", motion_id, motion.expires)
        require(motion.expires <= now + LONGEST_MOTION, "MotionTooLong", motion.expires, now + LONGEST_MOTION)
        require(motion.region != region, "OwnCase", region)
        require(not ledger.voted[motion_id, region], "AlreadyVoted", motion_id, region)
        _require_sound(ledger, motion)

        votes = state.votes + 1
        enough = votes >= FEWEST_VOTES and votes * 2 > ledger.members
        yield events.Voted(motion_id, region, motion, carried=bool(state.carried_at) or enough)


@dataclass(frozen=True, slots=True)
class Veto(Call):
    """The recovery key stops a motion to replace its region's keys."""

    motion: Motion

    def events(self, turn: Turn) -> Iterator[Event]:
        motion_id = id_of(self.motion)

        require(self.motion.kind == MotionKind.REPLACE_KEYS, "InvalidMotion", self.motion.kind)
        require(turn.ledger.regions[self.motion.region].recovery == turn.sender, "NotRecovery", turn.sender)
        require(not turn.ledger.motions[motion_id].enacted, "AlreadyEnacted", motion_id)

        yield events.Vetoed(motion_id)


@dataclass(frozen=True, slots=True)
class Enact(Call):
    """Anybody puts a carried motion on regions and keys into effect."""

    motion: Motion

    def events(self, turn: Turn) -> Iterator[Event]:
        motion_id = id_of(self.motion)

        carried_at = require_carried(turn.ledger, self.motion, turn.now)
        changed_at = _last_change(turn.ledger, self.motion)
        require(not turn.ledger.motions[motion_id].enacted, "AlreadyEnacted", motion_id)
        require(carried_at > changed_at, "MotionOvertaken", motion_id, carried_at, changed_at)

        yield from _effect(turn.ledger, self.motion)
        yield events.Enacted(motion_id)


# What two regions agree on


def month_of(time: Time) -> int:
    """
    Year × 100 + month of a time, UTC+8.

    >>> month_of(Time(1_387_411_200))
    201312
    """
    day = datetime.fromtimestamp(time, UTC).astimezone(CHINA)
    return day.year * 100 + day.month


@dataclass(frozen=True, slots=True)
class CloseMonth(Call):
    """A reviewer of either region names the hash of a month's statement (月度核对)."""

    home: Region
    host: Region
    month: int
    statement: Digest

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, home, host = turn.ledger, self.home, self.host
        closing = ledger.closings[home, host, self.month]
        current = month_of(turn.now)
        of_home = holds(ledger, turn.sender, home, Role.REVIEWER)

        require(home != host, "SameRegion", home)
        for region in (home, host):
            require(ledger.regions[region].status != RegionStatus.NONE, "UnknownRegion", region)
        require(self.month % 100 in MONTHS, "InvalidMonth", self.month)
        require(self.month >= ledger.first_month, "MonthBeforeFounding", self.month, ledger.first_month)
        require(self.month < current, "MonthNotOver", self.month, current)
        require(any(self.statement), "InvalidStatement")
        require(of_home or holds(ledger, turn.sender, host, Role.REVIEWER), "NotOfEither", turn.sender, home, host)
        closed = any(closing.home) and closing.home == closing.host
        require(not closed, "MonthIsClosed", home, host, self.month, closing.home)

        yield events.StatementNamed(home, host, self.month, home if of_home else host, self.statement)
        closing = ledger.closings[home, host, self.month]
        if closing.home == closing.host:
            yield events.MonthClosed(home, host, self.month, self.statement)


def _effect(ledger: Ledger, motion: Motion) -> Iterator[Event]:
    region, status = motion.region, ledger.regions[motion.region].status
    match motion.kind:
        case MotionKind.ADMIT:
            yield from admit(ledger, region, admin=motion.account, recovery=motion.other)
        case MotionKind.SUSPEND:
            require(status == RegionStatus.ACTIVE, "NotActive", region)
            yield events.RegionSuspended(region)
        case MotionKind.REINSTATE:
            require(status == RegionStatus.SUSPENDED, "NotSuspended", region)
            yield events.RegionReinstated(region)
        case MotionKind.NAME_CARETAKER:
            reviewer = ledger.accounts[motion.account]
            require(status == RegionStatus.SUSPENDED, "NotSuspended", region)
            require(
                reviewer.active and reviewer.role == Role.REVIEWER and reviewer.region != region,
                "InvalidCaretaker",
                motion.account,
            )
            yield events.CaretakerNamed(region, motion.account)
        case MotionKind.REPLACE_KEYS:
            require(status != RegionStatus.NONE, "UnknownRegion", region)
            yield _give(ledger, motion.account, region, Role.ADMIN)
            yield _give(ledger, motion.other, region, Role.RECOVERY)
            yield events.KeysReplaced(region, motion.account, motion.other)
        case _:
            raise refusal("InvalidMotion", motion.kind)


def admit(ledger: Ledger, region: Region, *, admin: Address, recovery: Address) -> Iterator[Event]:
    """A region becomes a member: by motion, or as one that the consortium starts with."""
    require(region in REGION_CODES, "InvalidRegion", region)
    require(ledger.regions[region].status == RegionStatus.NONE, "AlreadyMember", region)

    yield _give(ledger, admin, region, Role.ADMIN)
    yield _give(ledger, recovery, region, Role.RECOVERY)
    yield events.RegionAdmitted(region, admin, recovery)


def _is_offered(ledger: Ledger, account: Address, region: Region, role: Role) -> bool:
    keys, offer = ledger.offered_keys[region], ledger.offers[region, account]
    match role:
        case Role.ADMIN:
            return keys.admin == account
        case Role.RECOVERY:
            return keys.recovery == account
        case _:
            return offer != NO_OFFER and offer.role == role and offer.by == ledger.regions[region].admin


def _last_change(ledger: Ledger, motion: Motion) -> Time:
    # When what a motion of this kind does to its region was last done, undone or replaced.
    state = ledger.regions[motion.region]
    match motion.kind:
        case MotionKind.SUSPEND | MotionKind.REINSTATE:
            return state.status_since
        case MotionKind.NAME_CARETAKER:
            return state.caretaker_since
        case _:
            return Time(0)


def _give(ledger: Ledger, account: Address, region: Region, role: Role) -> Event:
    _require_free(ledger, account)
    return events.Granted(account, region, role)


def _require_free(ledger: Ledger, account: Address) -> None:
    require(account != NO_ADDRESS, "InvalidAccount", account)
    require(ledger.accounts[account].region == 0, "AccountTaken", account)


def _region_of_admin(turn: Turn) -> Region:
    holder = turn.ledger.accounts[turn.sender]
    require(holder.active and holder.role == Role.ADMIN, "NotAdmin", turn.sender)
    return holder.region


def _region_of_recovery(turn: Turn) -> Region:
    holder = turn.ledger.accounts[turn.sender]
    require(holder.active and holder.role == Role.RECOVERY, "NotRecovery", turn.sender)
    return holder.region


def _require_sound(ledger: Ledger, motion: Motion) -> None:
    status = ledger.regions[motion.region].status

    require(motion.kind != MotionKind.NONE, "InvalidMotion", motion.kind)
    if motion.kind == MotionKind.ADMIT:
        require(status == RegionStatus.NONE, "AlreadyMember", motion.region)
    elif motion.kind in _OF_LEDGER:
        require(motion.region == 0, "InvalidRegion", motion.region)
    else:
        require(status != RegionStatus.NONE, "UnknownRegion", motion.region)


# The fold


def fold(ledger: Ledger, event: Event, time: Time) -> None:
    """Put one of the contract's events into effect."""
    match event:
        case events.Offered(account, region, Role.ADMIN):
            ledger.offered_keys[region] = replace(ledger.offered_keys[region], admin=account)
        case events.Offered(account, region, Role.RECOVERY):
            ledger.offered_keys[region] = replace(ledger.offered_keys[region], recovery=account)
        case events.Offered(account, region, role, by):
            ledger.offers[region, account] = Offer(by, role)
        case events.OfferWithdrawn(account, region):
            ledger.offers.clear((region, account))
        case events.Granted(account, region, role):
            ledger.accounts[account] = AccountState(region, role, active=True)
            if role not in _KEYS:
                ledger.offers.clear((region, account))
        case events.Revoked(account):
            _end(ledger, account)
        case events.RegionAdmitted(region, admin, recovery):
            ledger.first_month = ledger.first_month or month_of(time)
            ledger.members += 1
            ledger.regions[region] = RegionState(admin, RegionStatus.ACTIVE, Time(0), recovery, NO_ADDRESS, Time(0))
        case events.RegionSuspended(region):
            ledger.regions[region] = replace(ledger.regions[region], status=RegionStatus.SUSPENDED, status_since=time)
        case events.RegionReinstated(region):
            active = replace(ledger.regions[region], status=RegionStatus.ACTIVE, status_since=time)
            ledger.regions[region] = replace(active, caretaker=NO_ADDRESS, caretaker_since=time)
        case events.CaretakerNamed(region, caretaker):
            ledger.regions[region] = replace(ledger.regions[region], caretaker=caretaker, caretaker_since=time)
        case events.KeysReplaced(region, admin, recovery):
            _replace_keys(ledger, region, admin, recovery)
        case events.Voted(motion, region, record, carried):
            _count(ledger, motion, region, carried_at=time if carried else Time(0))
            ledger.motion_records[motion] = record
        case events.Vetoed(motion):
            ledger.motions[motion] = replace(ledger.motions[motion], vetoed=True)
        case events.Enacted(motion):
            ledger.motions[motion] = replace(ledger.motions[motion], enacted=True)
        case events.StatementNamed(home, host, month, by, statement):
            closing = ledger.closings[home, host, month]
            named = replace(closing, home=statement) if by == home else replace(closing, host=statement)
            ledger.closings[home, host, month] = named
        case events.MonthClosed():
            pass  # a month is closed as soon as both statements are the same


def _replace_keys(ledger: Ledger, region: Region, admin: Address, recovery: Address) -> None:
    before, offered = ledger.regions[region], ledger.offered_keys[region]
    for replaced in {before.admin, before.recovery} - {admin, recovery}:
        _end(ledger, replaced)
    ledger.regions[region] = replace(before, admin=admin, recovery=recovery)
    # What a recovery key offered ends with it.
    if recovery != before.recovery:
        ledger.offered_keys.clear(region)
    elif admin != before.admin:
        ledger.offered_keys[region] = OfferedKeys(NO_ADDRESS, offered.recovery)


def _end(ledger: Ledger, account: Address) -> None:
    ledger.accounts[account] = replace(ledger.accounts[account], active=False)


def _count(ledger: Ledger, motion: Id, region: Region, carried_at: Time) -> None:
    state = ledger.motions[motion]
    ledger.voted[motion, region] = True
    ledger.motions[motion] = replace(state, votes=state.votes + 1, carried_at=state.carried_at or carried_at)
