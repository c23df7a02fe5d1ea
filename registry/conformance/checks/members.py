"""What the members decide together: votes, the admission of a region, and a region's keys replaced or vetoed. The candidate votes too."""

from dataclasses import replace

from registry.conformance.cast import FOURTH, PARTNER
from registry.conformance.stage import DAY, VOTES, Stage, refusal_of
from registry.conformance.table import Seen, check
from registry.getters import REGION
from registry.model import Motion, MotionKind, Region, Time


def _admission(stage: Stage) -> Motion:
    keys = [stage.address(f"{FOURTH}-{name}") for name in ("admin", "recovery")]
    return stage.motion("admission", MotionKind.ADMIT, FOURTH, account=keys[0], other=keys[1])


def replacement(stage: Stage, name: str, region: Region) -> Motion:
    """A motion to replace a region's keys by two that nobody has yet."""
    keys = [stage.address(f"{FOURTH}-{each}-next") for each in ("admin", "recovery")]
    return stage.motion(name, MotionKind.REPLACE_KEYS, region, account=keys[0], other=keys[1])


@check(
    "vote.proposes", "vote", "首票即提出议案；未过半数不通过", "The first vote proposes a motion, and does not carry it", events=("Voted",)
)
def proposed(stage: Stage) -> Seen:
    """The candidate's admin votes to admit a fourth region."""
    stage.office.vote(_admission(stage))
    state = stage.motion_state(_admission(stage))
    return Seen([state.votes, state.carried_at], [1, 0])


@check("vote.again", "vote", "一地区对同一议案只投一票", "A region votes once on a motion")
def voted_again(stage: Stage) -> Seen:
    """The same admin."""
    return Seen(refusal_of(stage.office.vote, _admission(stage)), "AlreadyVoted")


@check("vote.own-case", "vote", "不得就本地区的议案表决", "Nobody votes on its own case")
def own_case(stage: Stage) -> Seen:
    """The candidate on its own suspension."""
    motion = stage.motion("own case", MotionKind.SUSPEND, stage.region)
    return Seen(refusal_of(stage.office.vote, motion), "OwnCase")


@check("vote.out-of-time", "vote", "已截止的、逾九十天的议案不得表决", "A motion that is over, or runs for too long, takes no vote")
def out_of_time(stage: Stage) -> Seen:
    """A second ago, and in two hundred days."""
    motions = [replace(_admission(stage), expires=Time(stage.now + away)) for away in (-1, 200 * DAY)]
    got = [refusal_of(stage.office.vote, motion) for motion in motions]
    return Seen(got, ["MotionExpired", "MotionTooLong"])


@check("enact.not-carried", "enact", "未通过的议案不得生效", "A motion that was not carried is not enacted")
def not_carried(stage: Stage) -> Seen:
    """One vote of the two that are needed."""
    return Seen(refusal_of(stage.office.enact, _admission(stage)), "NotCarried")


@check(
    "enact.admitted",
    "enact",
    "过半数通过后，新成员地区加入",
    "A motion that more than half voted for admits a region",
    events=("Voted", "Granted", "Granted", "RegionAdmitted", "Enacted"),
)
def admitted(stage: Stage) -> Seen:
    """The partner gives the second vote of two, and the candidate puts it into effect, once."""
    motion = _admission(stage)
    stage.partner("admin").vote(motion)
    stage.office.enact(motion)
    state = stage.read(REGION, FOURTH)
    got = [state.status.name, state.admin, state.recovery, refusal_of(stage.office.enact, motion)]
    return Seen(got, ["ACTIVE", motion.account, motion.other, "AlreadyEnacted"])


@check(
    "veto.own-keys",
    "veto",
    "更换本地区密钥的议案，可由恢复密钥否决",
    "A region's recovery key stops a motion to replace its keys",
    events=(*("Voted",) * VOTES, "Vetoed"),
)
def vetoed(stage: Stage) -> Seen:
    """All others vote to replace the candidate's keys; the admin and another region's recovery key cannot stop it."""
    motion = replacement(stage, "vetoed", stage.region)
    stage.carry(motion)
    got = [refusal_of(client.veto, motion) for client in (stage.office, stage.partner("recovery", PARTNER))]
    stage.recovery.veto(motion)
    got += [refusal_of(stage.partner("admin").enact, motion), stage.read(REGION, stage.region).admin]
    return Seen(got, ["NotRecovery", "NotRecovery", "MotionVetoed", stage.admin.address])


@check(
    "vote.replaces-keys",
    "vote",
    "更换密钥的议案通过后，十四天内不得生效",
    "Keys that a motion replaces are not replaced within fourteen days",
    events=("Voted",) * VOTES,
)
def to_be_replaced(stage: Stage) -> Seen:
    """The fourth region's, to be enacted by `enact.keys-replaced`."""
    motion = replacement(stage, "replacement 1", FOURTH)
    stage.carry(motion)
    got = [refusal_of(stage.office.enact, motion), stage.read(REGION, FOURTH).admin]
    return Seen(got, ["NotYet", stage.partner("admin", FOURTH).address])
