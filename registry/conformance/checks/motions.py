"""Motions of the members, as the gateway follows them: a region is suspended, has a caretaker, and is reinstated."""

from registry.conformance.cast import THIRD
from registry.conformance.checks.vouchers import NOTE, SERIALS, issue_anew
from registry.conformance.desks import refused
from registry.conformance.stage import VOTES, Stage, refusal_of, reviewed
from registry.conformance.table import NotDue, Seen, check
from registry.getters import REGION
from registry.model import NO_ADDRESS, Address, Motion, MotionKind, Role, Time


def _decide(stage: Stage, kind: MotionKind, account: Address = NO_ADDRESS) -> None:
    motion = stage.motion(f"candidate {kind.name}", kind, stage.region, account=account)
    stage.carry(motion)
    stage.partner("admin").enact(motion)


@check(
    "enact.suspended",
    "enact",
    "本地区经议案暂停后，不得锁定额度",
    "Once its region is suspended by motion, nothing is reserved",
    events=(*("Voted",) * VOTES, "RegionSuspended", "Enacted"),
)
def suspended(stage: Stage) -> Seen:
    """The other three vote; nobody votes on its own case."""
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
    "enact.caretaker",
    "enact",
    "暂停期间由议案指定的代管审核机构办理，本网关随即照办",
    "While it is suspended, the caretaker that the members named reviews for it",
    events=(*("Voted",) * VOTES, "CaretakerNamed", "Enacted", "Declined"),
)
def caretaker(stage: Stage) -> Seen:
    """The partner's reviewer declines an order that waits; the candidate's own cannot."""
    order, reviewer = stage.remembered["waiting"], stage.partner("reviewer-1")
    own = stage.review("decline", "reviewer-1", order)
    _decide(stage, MotionKind.NAME_CARETAKER, reviewer.address)
    reviewer.decline([stage.reservation(order)])
    told = stage.desk("firm").get(f"/v1/orders/{order}").told("stage")
    return Seen([own, told], [refused(409, "NotReviewer"), {"status": 200, "stage": "RELEASED"}])


@check("offer.while-suspended", "offer", "暂停期间不得授予角色", "A suspended region offers no role")
def offered_while_suspended(stage: Stage) -> Seen:
    """To an account that is free."""
    free = stage.address("firm-spare")
    return Seen(refusal_of(stage.office.offer, free, Role.ISSUER), "Suspended")


@check("vote.while-suspended", "vote", "暂停期间仍可表决", "A suspended region keeps its vote", events=("Voted",))
def voted_while_suspended(stage: Stage) -> Seen:
    """On a motion that will have lapsed when others would vote: see `vote.lapsed`."""
    motion = lapsing(stage)
    stage.office.vote(motion)
    return Seen(stage.motion_state(motion).votes, 1)


def lapsing(stage: Stage) -> Motion:
    """A motion that runs for a day."""
    return stage.motion("lapsing", MotionKind.SUSPEND, THIRD, days=1)


@check(
    "enact.reinstated",
    "enact",
    "恢复后照常办理",
    "Once it is reinstated, all goes on",
    events=(*("Voted",) * VOTES, "RegionReinstated", "Enacted", "TermsIssued", "Issued"),
)
def reinstated(stage: Stage) -> Seen:
    """Its issuer issues, which it could not before."""
    since = stage.read(REGION, stage.region).status_since
    if stage.now <= since:
        # A motion undoes what was done before it was carried, by whole seconds.
        raise NotDue(Time(since + 1))
    _decide(stage, MotionKind.REINSTATE)
    return Seen(issue_anew(stage, "REH-BACK").told(), {"status": 201})
