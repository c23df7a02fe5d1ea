"""Motions of the members, as the gateway follows them: a region is suspended and reinstated."""

import secrets

from registry.conformance.cast import PARTNER, THIRD
from registry.conformance.checks.vouchers import NOTE, SERIALS, issue_anew
from registry.conformance.desks import refused
from registry.conformance.stage import DAY, Stage, reviewed
from registry.conformance.table import NotDue, Seen, check
from registry.getters import REGION
from registry.model import NO_ADDRESS, NO_ID, Motion, MotionKind, Time


def _decide(stage: Stage, kind: MotionKind) -> None:
    motion = Motion(kind, stage.region, NO_ADDRESS, NO_ADDRESS, NO_ID, Time(stage.now + 30 * DAY), secrets.randbits(32))
    for region in (PARTNER, THIRD):
        stage.partner("admin", region).vote(motion)
    stage.partner("admin").enact(motion)


@check(
    "enact.suspended",
    "enact",
    "本地区经议案暂停后，不得锁定额度",
    "Once its region is suspended by motion, nothing is reserved",
    events=("Voted", "Voted", "RegionSuspended", "Enacted"),
)
def suspended(stage: Stage) -> Seen:
    """Both partners vote; nobody votes on its own case."""
    signed = stage.order_signed(SERIALS[5], NOTE)
    _decide(stage, MotionKind.SUSPEND)
    got = stage.verify(SERIALS[5])
    answer = stage.desk("lab").post("/v1/orders", signed)
    return Seen([got["status"], got["reasons"], answer.told()], ["NOT_VALID", ["Suspended"], refused(409, "Suspended")])


@check(
    "settle.while-suspended",
    "settle",
    "暂停期间，已审核通过的仍须拨付",
    "While it is suspended, its payer settles what was accepted",
    events=("Settled",),
)
def settled(stage: Stage) -> Seen:
    """What the joint voucher's claim is owed, which was accepted before."""
    got = stage.review("settle", "payer", stage.remembered["joint of firm"], payment_reference="REH-PAY-5")
    return Seen(got, reviewed("SETTLED"))


@check(
    "enact.reinstated",
    "enact",
    "恢复后照常办理",
    "Once it is reinstated, all goes on",
    events=("Voted", "Voted", "RegionReinstated", "Enacted", "TermsIssued", "Issued"),
)
def reinstated(stage: Stage) -> Seen:
    """Its issuer issues, which it could not before."""
    since = stage.read(REGION, stage.region).status_since
    if stage.now <= since:
        # A motion undoes what was done before it was carried, by whole seconds.
        raise NotDue(Time(since + 1))
    _decide(stage, MotionKind.REINSTATE)
    return Seen(issue_anew(stage, "REH-BACK").told(), {"status": 201})
