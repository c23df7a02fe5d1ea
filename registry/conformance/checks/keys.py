"""Parties' keys: changed by themselves at once, by their office after three days, during which the old key may veto."""

from registry.conformance.desks import Answer, refused
from registry.conformance.stage import DAY, Stage, id_in
from registry.conformance.table import NotDue, Seen, check
from registry.getters import FIRM
from registry.model import Address, Time

_DAYS = 3


def _signer(stage: Stage, firm: str) -> Address:
    return stage.read(FIRM, id_in(stage.firm_id(firm))).signer


def _sent(stage: Stage, caller: str, prepared: Answer) -> Answer:
    transaction = dict(prepared["transaction"])
    raw = bytes(stage.account(caller).sign_transaction(transaction).raw_transaction)
    return stage.desk(caller).post("/v1/rotations/submit", {"raw": "0x" + raw.hex()})


@check(
    "rotate.office-proposes",
    "rotate",
    "企业遗失密钥，由地区提议新账户，三天后方可生效",
    "An office's change of a key waits for three days",
    events=("RotationProposed",),
)
def proposed(stage: Stage) -> Seen:
    """For the second firm, whose key stays as it is."""
    asked = {"subject": stage.firm_id("firm-2"), "signer": stage.account("firm-2-next").address}
    answer = stage.desk("directory").post("/v1/rotations", asked)
    signer = _signer(stage, "firm-2")
    return Seen([answer.told("outcome"), signer], [{"status": 201, "outcome": "PROPOSED"}, stage.account("firm-2").address])


@check("completeRotation.early", "completeRotation", "三天之内不得生效", "It does not take effect within three days")
def completed_early(stage: Stage) -> Seen:
    """At once."""
    answer = stage.desk("directory").post("/v1/rotations/complete", {"subject": stage.firm_id("firm-2")})
    return Seen(answer.told(), refused(409, "RotationNotYet"))


@check("vetoRotation.by-key", "vetoRotation", "原密钥可否决", "The key in place vetoes it", events=("RotationVetoed",))
def vetoed(stage: Stage) -> Seen:
    """The firm signs the transaction itself."""
    prepared = stage.desk("firm-2").ask("/v1/rotations/veto/prepare", {})
    return Seen(_sent(stage, "firm-2", prepared).told("outcome"), {"status": 200, "outcome": "VETOED"})


@check("rotate.own-key", "rotate", "企业自行更换密钥，即时生效", "A firm changes its own key at once", events=("KeyRotated",))
def rotated(stage: Stage) -> Seen:
    """It signs the transaction with the key in place; from now on it signs with the other."""
    prepared = stage.desk("firm-2").ask("/v1/rotations/prepare", {"signer": stage.account("firm-2-next").address})
    answer = _sent(stage, "firm-2", prepared)
    signer = _signer(stage, "firm-2")
    stage.use_next_key("firm-2")
    got = answer.told("outcome") | {"signer": signer}
    return Seen(got, {"status": 200, "outcome": "ROTATED", "signer": stage.rehearsal.account("firm-2-next").address})


@check("rotate.old-key-ends", "reserve", "旧密钥不再有效", "The old key signs nothing any more")
def old_key_ends(stage: Stage) -> Seen:
    """An order that the firm signed with it."""
    new = stage.remembered.pop("key of firm-2")
    signed = stage.order_signed("REH-F2", "50000", firm="firm-2")
    stage.remembered["key of firm-2"] = new
    return Seen(stage.desk("lab").post("/v1/orders", signed).told(), refused(422, "NotSignedBy"))


@check("rotate.new-key-signs", "reserve", "新密钥可签名", "The new key signs", events=("Reserved",))
def new_key_signs(stage: Stage) -> Seen:
    """The same order."""
    signed = stage.order_signed("REH-F2", "50000", firm="firm-2")
    return Seen(stage.desk("lab").post("/v1/orders", signed).told("stage"), {"status": 201, "stage": "OPEN"})


@check("rotate.for-later", "rotate", "地区为另一企业提议新账户", "An office proposes another key", events=("RotationProposed",))
def proposed_for_later(stage: Stage) -> Seen:
    """The third firm's, to be completed by `completeRotation.due`."""
    asked = {"subject": stage.firm_id("firm-spare"), "signer": stage.account("lab-spare-next").address}
    answer = stage.desk("directory").post("/v1/rotations", asked)
    stage.remembered["completes at"] = answer.body.get("proposed_from")
    return Seen(answer.told("outcome", "proposed_from"), {"status": 201, "outcome": "PROPOSED", "proposed_from": stage.now + _DAYS * DAY})


@check("completeRotation.due", "completeRotation", "三天后生效", "After three days it takes effect", events=("KeyRotated",))
def completed(stage: Stage) -> Seen:
    """Nobody vetoed."""
    due = Time(stage.remembered["completes at"])
    if stage.now < due:
        raise NotDue(due)
    answer = stage.desk("directory").post("/v1/rotations/complete", {"subject": stage.firm_id("firm-spare")})
    signer = _signer(stage, "firm-spare")
    return Seen(
        [answer.told("outcome"), signer], [{"status": 200, "outcome": "ROTATED"}, stage.rehearsal.account("lab-spare-next").address]
    )
