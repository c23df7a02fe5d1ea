"""
What needs time on the chain: the end of a voucher and of a motion, keys that a motion replaces, the close of a month.

Last of all comes a voucher under a tag key that the gateway lacks: from then on that gateway issues nothing.
"""

import secrets

from registry.codec import closing_id, id_of
from registry.conformance.cast import FOURTH, PARTNER, programmes_of
from registry.conformance.checks.members import replacement
from registry.conformance.checks.motions import lapsing
from registry.conformance.checks.vouchers import SERIALS
from registry.conformance.desks import refused
from registry.conformance.stage import DAY, Stage, refusal_of
from registry.conformance.table import NotDue, Seen, check
from registry.getters import CLOSING, REGION
from registry.model import Digest, Fen, Firm, Motion, Recipient, RegionStatus, Terms, Time
from registry.programme_file import read_programme_file
from registry.statement import following_month, seconds_of_month
from registry.tags import Keyring, TagKey

_VETO_DAYS, _ENACTMENT_DAYS = 14, 30
_LACKING = 2
"""An epoch whose tag key no gateway of the rehearsal has."""


@check("verification.past-use-by", "verify", "过使用截止日：答 NOT_VALID", "Past its use-by a voucher is NOT_VALID")
def past_use_by(stage: Stage) -> Seen:
    """Judged by block time. Where the region is suspended still, that is told besides; of a chain that stands still nothing is."""
    if stage.now <= stage.remembered["short"]:
        raise NotDue(Time(stage.remembered["short"] + 1))
    got = stage.verify("REH-SHORT")
    if got["status"] == "STALE":
        raise NotDue(Time(stage.now + 1))
    return Seen([got["status"], [each for each in got["reasons"] if each == "PastUseBy"]], ["NOT_VALID", ["PastUseBy"]])


@check("vote.lapsed", "vote", "截止未过半数的议案失效", "A motion that was not carried in time lapses")
def lapsed(stage: Stage) -> Seen:
    """One vote was cast; no further one counts."""
    motion = lapsing(stage)
    if stage.now <= motion.expires:
        raise NotDue(Time(motion.expires + 1))
    admin = stage.partner("admin")
    got = [refusal_of(admin.vote, motion), refusal_of(admin.enact, motion), stage.motion_state(motion).votes]
    return Seen(got, ["MotionExpired", "NotCarried", 1])


@check(
    "enact.keys-replaced",
    "enact",
    "十四天内未被否决的，更换密钥生效",
    "After fourteen days without a veto a region's keys are replaced",
    events=("Granted", "Granted", "KeysReplaced", "Enacted"),
)
def keys_replaced(stage: Stage) -> Seen:
    """The fourth region's; the old admin has no say any more."""
    old = stage.partner("admin", FOURTH)
    motion = _due_replacement(stage)
    stage.office.enact(motion)
    state = stage.read(REGION, FOURTH)
    stage.use_next_key(f"{FOURTH}-admin")
    got = [state.admin, state.recovery, refusal_of(old.vote, lapsing(stage))]
    return Seen(got, [motion.account, motion.other, "NotAdmin"])


def _due_replacement(stage: Stage) -> Motion:
    """The motion to replace the fourth region's keys. Where the days went by in which it could be enacted, the members vote anew."""
    number = stage.remembered.setdefault("replacement", 1)
    motion = replacement(stage, f"replacement {number}", FOURTH)
    if stage.now > _replaces_from(stage, motion) + _ENACTMENT_DAYS * DAY:
        stage.remembered["replacement"] = number + 1
        motion = replacement(stage, f"replacement {number + 1}", FOURTH)
        stage.carry(motion)
    if stage.now < (due := _replaces_from(stage, motion)):
        raise NotDue(due)
    return motion


def _replaces_from(stage: Stage, motion: Motion) -> Time:
    return Time(stage.motion_state(motion).carried_at + _VETO_DAYS * DAY)


def _month_over(stage: Stage) -> int:
    month = stage.month_of_settlement()
    due, _ = seconds_of_month(following_month(month))
    if stage.now < due:
        raise NotDue(due)
    return month


@check("closeMonth.other-hash", "closeMonth", "与链上不符的月结单不予确认", "A statement that is not the chain's is not named")
def other_hash(stage: Stage) -> Seen:
    """The gateway works it out by itself."""
    asked = {"home": PARTNER, "host": stage.region, "month": _month_over(stage), "statement": "0x" + "22" * 32}
    return Seen(stage.desk("reviewer-1").post("/v1/months/close", asked).told(), refused(409, "StatementDiffers"))


@check(
    "closeMonth.named-by-partner",
    "closeMonth",
    "对方先确认的月结单可见",
    "What the partner named is seen",
    events=("StatementNamed",),
)
def named_by_partner(stage: Stage) -> Seen:
    """At the partner's node, as its own fold of the events gives it."""
    month = _month_over(stage)
    stage.partner("reviewer-1").close_month(PARTNER, stage.region, month, stage.statement(PARTNER, stage.region, month).hash)
    answer = stage.desk("reviewer-1").get(f"/v1/months/{PARTNER}/{stage.region}/{month}")
    return Seen(answer.told("state", "home_agrees"), {"status": 200, "state": "NAMED", "home_agrees": True})


@check(
    "closeMonth.closed",
    "closeMonth",
    "双方确认同一月结单，月份关闭",
    "Both name the same statement, and the month is closed",
    events=("StatementNamed", "MonthClosed"),
)
def closed(stage: Stage) -> Seen:
    """The hash is that of the document which the gateway hands out."""
    month = _month_over(stage)
    path = f"/v1/months/{PARTNER}/{stage.region}/{month}"
    told = stage.desk("reviewer-1").get(path)["hash"]
    answer = stage.desk("reviewer-1").post("/v1/months/close", {"home": PARTNER, "host": stage.region, "month": month, "statement": told})
    closing = stage.read(CLOSING, closing_id(PARTNER, stage.region, month))
    statement: Digest = stage.statement(PARTNER, stage.region, month).hash
    got = [told, answer.told("closed", "state"), closing.home == closing.host == statement]
    return Seen(got, ["0x" + statement.hex(), {"status": 200, "closed": True, "state": "CLOSED"}, True])


@check("closeMonth.again", "closeMonth", "已关闭的月份不得再次核对", "A closed month stays closed")
def closed_again(stage: Stage) -> Seen:
    """With the very same statement."""
    month = _month_over(stage)
    told = "0x" + stage.statement(PARTNER, stage.region, month).hash.hex()
    asked = {"home": PARTNER, "host": stage.region, "month": month, "statement": told}
    return Seen(stage.desk("reviewer-1").post("/v1/months/close", asked).told(), refused(409, "MonthIsClosed"))


@check(
    "verification.unknown",
    "verify",
    "本网关缺少其关联标识密钥的券：答 UNKNOWN，不答不存在",
    "What may be a voucher under a tag key that the gateway lacks is UNKNOWN, never NOT_VALID",
    events=("FirmEnrolled", "TermsIssued", "Issued"),
)
def unknown(stage: Stage) -> Seen:
    """The partner issues one under such a key. Whatever the gateway does find is judged as before."""
    if stage.read(REGION, stage.region).status is RegionStatus.SUSPENDED:
        # `enact.reinstated`, in which the gateway issues, comes first.
        raise NotDue(Time(stage.now + 1))
    ring, codes = Keyring([TagKey(_LACKING, secrets.token_bytes(32))], epoch=_LACKING), stage.rehearsal.codes
    firm, until = ring.firm(codes.companies["partner-firm"]), Time(stage.now + 100 * DAY)
    programme = id_of(read_programme_file(programmes_of(stage.region)["partner"]).programme)
    stage.partner("directory").enrol(Firm(PARTNER, firm), stage.address("partner-firm"))
    terms = Terms(programme, Fen(1_000_000), Fen(100_000), until, until)
    stage.partner("issuer").issue(terms, [Recipient(firm, ring.serial(PARTNER, "REH-LACKING"))])
    # Where this is played long after, what is found may be past its use-by.
    got = [stage.verify("REH-NONE"), stage.verify(SERIALS[0])["status"] in ("VALID", "NOT_VALID")]
    return Seen(got, [{"status": "UNKNOWN", "http": 200, "reasons": []}, True])
