"""Flags (风险通告): raised, seconded, taken back, lifted by motion; and what they stop."""

from registry.conformance.desks import refused
from registry.conformance.stage import VOTES, Stage, id_in
from registry.conformance.table import NotDue, Seen, check
from registry.getters import FLAG
from registry.model import MotionKind, Time


@check("flag.raised", "flag", "可对其他地区的企业、机构发布风险通告", "A region flags another region's party", events=("Flagged",))
def raised(stage: Stage) -> Seen:
    """The partner's firm."""
    subject = stage.firm_id("partner-firm")
    answer = stage.desk("directory").post("/v1/flags", {"subject": subject, "reason": "演练 rehearsal"})
    return Seen([answer.told("subject"), stage.read(FLAG, id_in(subject)).by], [{"status": 201, "subject": subject}, stage.region])


@check("flag.stops", "reserve", "被通告的企业不得锁定额度", "A flagged firm orders nothing")
def stops(stage: Stage) -> Seen:
    """And its voucher is not valid; what it ordered before stands."""
    got = stage.verify("REH-GUEST", firm="partner-firm")
    answer = stage.desk("lab").post("/v1/orders", stage.order_signed("REH-GUEST", "100000", firm="partner-firm"))
    valid = {"status": "NOT_VALID", "http": 200, "reasons": ["SubjectFlagged"]}
    return Seen([got, answer.told()], [valid, refused(409, "SubjectFlagged")])


@check("unflag.own", "unflag", "撤回本地区的通告", "A region takes its own flag back", events=("FlagLifted",))
def taken_back(stage: Stage) -> Seen:
    """The firm may order again."""
    answer = stage.desk("directory").post(f"/v1/flags/{stage.firm_id('partner-firm')}/unflag", {})
    got = stage.verify("REH-GUEST", firm="partner-firm")
    return Seen([answer.told(), got], [{"status": 200}, {"status": "VALID", "http": 200, "reasons": []}])


@check("flag.twice", "flag", "一地区对同一对象只可单独通告一次", "A region flags a subject alone only once")
def raised_twice(stage: Stage) -> Seen:
    """It took the first one back."""
    asked = {"subject": stage.firm_id("partner-firm"), "reason": "演练 rehearsal"}
    return Seen(stage.desk("directory").post("/v1/flags", asked).told(), refused(409, "FlaggedBefore"))


@check("second.flag", "second", "附议其他地区的通告", "Another region's flag is seconded", events=("FlagSeconded",))
def seconded(stage: Stage) -> Seen:
    """It lasts until it is lifted."""
    subject = stage.firm_id("firm-spare")
    answer = stage.desk("directory").post(f"/v1/flags/{subject}/second", {"reason": "演练 rehearsal"})
    got = answer.told("until") | {"seconder": stage.read(FLAG, id_in(subject)).seconder}
    return Seen(got, {"status": 200, "until": None, "seconder": stage.region})


@check("second.own", "second", "不得附议自己的通告", "No region seconds its own flag", events=("Flagged",))
def seconded_own(stage: Stage) -> Seen:
    """The spare lab."""
    subject = stage.lab_id("lab-spare")
    first = stage.desk("directory").post("/v1/flags", {"subject": subject, "reason": "演练 rehearsal"})
    answer = stage.desk("directory").post(f"/v1/flags/{subject}/second", {"reason": "演练 rehearsal"})
    return Seen([first.told(), answer.told()], [{"status": 201}, refused(409, "OwnFlag")])


@check("unflag.seconded", "unflag", "已附议的通告不得单方撤回", "A seconded flag is not taken back alone")
def not_taken_back(stage: Stage) -> Seen:
    """Not even by who raised it."""
    answer = stage.desk("directory").post(f"/v1/flags/{stage.firm_id('firm-spare')}/unflag", {})
    return Seen(answer.told(), refused(409, "AlreadySeconded"))


@check(
    "lift.motion",
    "lift",
    "联盟议案解除通告，本网关随即照办",
    "The members lift a flag by motion, and this gateway follows",
    events=(*("Voted",) * VOTES, "FlagLifted"),
)
def lifted(stage: Stage) -> Seen:
    """The other members vote: it is a firm of the candidate's own."""
    subject = id_in(stage.firm_id("firm-spare"))
    since = stage.read(FLAG, subject).since
    if stage.now <= since:
        # A motion lifts what was flagged before it was carried, by whole seconds.
        raise NotDue(Time(since + 1))
    motion = stage.motion("lift", MotionKind.LIFT_FLAG, stage.region, subject=subject)
    stage.carry(motion)
    stage.office.lift(motion)
    got = stage.verify("REH-FS", firm="firm-spare", caller="issuer")
    # Where this is played long after, the voucher may be past its use-by.
    return Seen([got["http"], "SubjectFlagged" in got["reasons"]], [200, False])
