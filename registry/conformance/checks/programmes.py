"""Programmes and the money set aside for them: open, fund, draw."""

from typing import Any

from registry.codec import id_of
from registry.conformance.cast import PARTNER, ROLES, programmes_of
from registry.conformance.desks import refused
from registry.conformance.stage import Stage, id_in
from registry.conformance.table import Seen, check
from registry.getters import RULES, SLICES
from registry.model import UNLIMITED, Role
from registry.programme_file import read_programme_file

FUNDED, DRAWN = "100000000", "1000000"


def _open(stage: Stage, name: str) -> Seen:
    text = programmes_of(stage.region)[name]
    programme = read_programme_file(text).programme
    stage.remembered[name] = "0x" + id_of(programme).hex()
    answer = stage.desk("issuer").post("/v1/programmes", {"file": text})
    expected = {"status": 201, "programme_id": stage.remembered[name], "policy_hash": "0x" + programme.policy_hash.hex()}
    return Seen(answer.told("programme_id", "policy_hash"), expected)


@check(
    "open.fixed",
    "open",
    "发券机构按文件开设券种，编号与规则哈希由文件得出",
    "A programme is opened as its file says",
    events=("ProgrammeOpened",),
)
def opened(stage: Stage) -> Seen:
    """Id and policy hash follow from the file."""
    return _open(stage, "own")


@check("open.on-chain", "open", "链上的券种规则与文件一致", "The contract keeps the rule that the file says")
def on_chain(stage: Stage) -> Seen:
    """Payer, parties to be paid, reviews and the marginal rule."""
    programme = id_in(stage.remembered["own"])
    rules, slices = stage.read(RULES, programme), stage.read(SLICES, programme)
    names = ("paid_home", "paid_across", "approval", "first_review")
    got: dict[str, Any] = {name: getattr(rules, name).name for name in names} | {"region": rules.region, "payer": rules.payer}
    got["slices"] = [["unlimited" if each.up_to == UNLIMITED else str(each.up_to), each.bps] for each in slices]
    expected: dict[str, Any] = {"paid_home": "FIRM", "paid_across": "LAB", "approval": "CROSS_REGION", "first_review": "HOME"}
    expected |= {"region": stage.region, "payer": stage.region}
    return Seen(got, expected | {"slices": [["500000", 7000], ["2000000", 4500], ["unlimited", 1250]]})


@check("open.joint", "open", "开设联合、按条目的券种", "A joint and itemised programme is opened", events=("ProgrammeOpened",))
def opened_joint(stage: Stage) -> Seen:
    """For the checks of joint vouchers."""
    return _open(stage, "joint")


@check("open.again", "open", "同一券种不得再次开设", "A programme is opened once")
def opened_again(stage: Stage) -> Seen:
    """Under another key."""
    answer = stage.desk("issuer").post("/v1/programmes", {"file": programmes_of(stage.region)["own"]})
    return Seen(answer.told(), refused(409, "ProgrammeExists"))


@check("open.for-another", "open", "不得为其他地区开设券种", "Nobody opens a programme for another region")
def opened_for_another(stage: Stage) -> Seen:
    """The partner's file, handed in here."""
    answer = stage.desk("issuer").post("/v1/programmes", {"file": programmes_of(stage.region)["partner"]})
    return Seen(answer.told(), refused(409, "NotIssuer"))


@check("open.malformed", "open", "有误的券种文件不予受理", "A programme file with an unknown rule is refused")
def opened_malformed(stage: Stage) -> Seen:
    """A member that no programme has."""
    text = "holiday_rate = 9000\n" + programmes_of(stage.region)["own"]
    return Seen(stage.desk("issuer").post("/v1/programmes", {"file": text}).told(), refused(422, "ProgrammeFileInvalid"))


@check("fund.set-aside", "fund", "拨入预拨兑付资金", "Money is set aside", events=("Funded", "Funded"))
def funded(stage: Stage) -> Seen:
    """For both programmes of the candidate."""
    for name in ("own", "joint"):
        asked = {"amount": FUNDED, "bank_reference": f"REH-{name}"}
        answer = stage.desk("payer").post(f"/v1/programmes/{stage.remembered[name]}/fund", asked)
    got = answer.told() | {"pool": stage.pool(stage.remembered["own"])}
    return Seen(got, {"status": 200, "pool": {"funded": FUNDED, "committed": "0", "paid": "0"}})


@check("fund.reference-used", "fund", "同一银行流水不得再次拨入", "A bank reference counts once")
def reference_used(stage: Stage) -> Seen:
    """The very same money again, under another key."""
    asked = {"amount": FUNDED, "bank_reference": "REH-own"}
    answer = stage.desk("payer").post(f"/v1/programmes/{stage.remembered['own']}/fund", asked)
    return Seen(answer.told(), refused(409, "BankReferenceUsed"))


@check(
    "idempotency.same-answer", "draw", "同一键、同一请求只办一次，答复相同", "The same key and body give the same answer", events=("Drawn",)
)
def same_answer(stage: Stage) -> Seen:
    """Drawn once, and told twice."""
    path, asked = f"/v1/programmes/{stage.remembered['own']}/draw", {"amount": DRAWN, "bank_reference": "REH-DRAW"}
    stage.remembered["draw key"] = f"reh-draw-{stage.head}"
    first, second = (stage.desk("payer").post(path, asked, key=stage.remembered["draw key"]) for _ in range(2))
    got = {"status": second.status, "same": first.body == second.body, "funded": stage.pool(stage.remembered["own"])["funded"]}
    return Seen(got, {"status": 200, "same": True, "funded": str(int(FUNDED) - int(DRAWN))})


@check("idempotency.other-body", "draw", "同一键不得用于其他请求", "A key stands for one request")
def other_body(stage: Stage) -> Seen:
    """The key of the draw before, with another amount."""
    path, asked = f"/v1/programmes/{stage.remembered['own']}/draw", {"amount": "1", "bank_reference": "REH-DRAW"}
    answer = stage.desk("payer").post(path, asked, key=stage.remembered["draw key"])
    return Seen(answer.told(), refused(422, "IdempotencyKeyReused"))


@check("draw.too-much", "draw", "划回不得超出未占用部分", "No more is drawn than is free")
def drawn_too_much(stage: Stage) -> Seen:
    """One fen more."""
    asked = {"amount": str(int(FUNDED) - int(DRAWN) + 1), "bank_reference": "REH-TOO-MUCH"}
    answer = stage.desk("payer").post(f"/v1/programmes/{stage.remembered['own']}/draw", asked)
    return Seen(answer.told("free"), refused(409, "PoolShort", free=str(int(FUNDED) - int(DRAWN))))


@check("region.roles", "takeUp", "各角色账户均在链上任职", "Every role account has its role on the chain")
def roles(stage: Stage) -> Seen:
    """The candidate's and the partner's, from the node. A role may have an account in a device beside the one in a key file."""
    with stage.seen() as snapshot:
        accounts = [each for each in snapshot.ledger.accounts.values() if each.active]
    held = [sorted({each.role.name for each in accounts if each.region == code}) for code in (stage.region, PARTNER)]
    reviewers = sum(each.region == stage.region and each.role is Role.REVIEWER for each in accounts)
    every = sorted({"ADMIN", "RECOVERY", *(role.name for role in ROLES.values())})
    return Seen([*held, reviewers > 1], [every, every, True])
