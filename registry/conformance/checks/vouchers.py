"""Vouchers: issued from a list, verified, quoted, asked about."""

import secrets
from typing import Any

from registry.codec import id_of
from registry.conformance.desks import Answer, refused
from registry.conformance.stage import DAY, Stage, id_in
from registry.conformance.table import Seen, check
from registry.model import Digest, Fen, Time, Voucher

FACE, NOTE = "1500000", "50000"
SERIALS = tuple(f"REH-{number}" for number in range(1, 13))
USE_SECONDS, SHORT_SECONDS = 200 * DAY, 30
_STRANGER = "stranger"


def _rows(stage: Stage, rows: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"firm": stage.rehearsal.codes.companies[firm], "serial": serial} for firm, serial in rows]


def _list(stage: Stage, rows: list[tuple[str, str]], *, programme: str = "own", face: str = FACE, note: str = NOTE) -> dict[str, Any]:
    until = stage.remembered.setdefault("use by", stage.now + USE_SECONDS)
    terms = {"programme": stage.remembered[programme], "face": face, "denomination": note, "use_by": until, "claim_by": until + 30 * DAY}
    return terms | {"recipients": _rows(stage, rows)}


def _issue(stage: Stage, path: str, asked: dict[str, Any]) -> Answer:
    return stage.desk("issuer").post(path, asked)


def issue_anew(stage: Stage, serial: str) -> Answer:
    """What came of issuing one more voucher, which lasts from now on."""
    until = stage.now + USE_SECONDS
    return _issue(stage, "/v1/vouchers/rows", _list(stage, [("firm", serial)]) | {"use_by": until, "claim_by": until})


def _ids(stage: Stage, asked: dict[str, Any]) -> list[str]:
    keyring, programme = stage.rehearsal.keyring, id_in(asked["programme"])
    terms = (Fen(int(asked["face"])), Fen(int(asked["denomination"])), Time(asked["use_by"]), Time(asked["claim_by"]))
    tags = [(keyring.firm(each["firm"]), keyring.serial(stage.region, each["serial"])) for each in asked["recipients"]]
    return ["0x" + id_of(Voucher(programme, *terms, *each)).hex() for each in tags]


@check("issue.checked", "issue", "名单预检逐行说明原因，不发放", "A dry run tells every bad row, and issues nothing")
def checked(stage: Stage) -> Seen:
    """A firm that is not enrolled, and a serial twice."""
    asked = _list(stage, [("firm", SERIALS[0]), (_STRANGER, "REH-X"), ("firm", SERIALS[0])])
    answer = stage.desk("issuer").ask("/v1/vouchers/rows/check", asked)
    bad = [[each.get("line"), each.get("code")] for each in answer.body.get("bad", [])]
    return Seen(answer.told("rows") | {"bad": bad}, {"status": 200, "rows": 3, "bad": [[2, "FirmNotEnrolled"], [3, "SerialRepeated"]]})


@check("issue.bad-row", "issue", "有一行不合格即全部不发放", "One bad row, and none is issued")
def bad_row(stage: Stage) -> Seen:
    """All or none."""
    answer = _issue(stage, "/v1/vouchers/rows", _list(stage, [("firm", "REH-Y"), (_STRANGER, "REH-X")]))
    return Seen(answer.told(), refused(422, "BadRows"))


@check(
    "issue.list",
    "issue",
    "按名单发放，券编号由内容得出",
    "A list is issued, each voucher under its id",
    events=("TermsIssued", *("Issued",) * 14),
)
def issued(stage: Stage) -> Seen:
    """Twelve to work with, one for each of two other firms."""
    rows = [*(("firm", serial) for serial in SERIALS), ("firm-2", "REH-F2"), ("firm-spare", "REH-FS")]
    asked = _list(stage, rows)
    stage.remembered |= dict(zip([serial for _, serial in rows], _ids(stage, asked), strict=True))
    answer = _issue(stage, "/v1/vouchers/rows", asked)
    told = [each.get("voucher_id") for each in answer.body.get("vouchers", [])]
    got = answer.told() | {"vouchers": told, "balance": stage.balance(stage.remembered[SERIALS[0]])}
    balance = {"available": FACE, "reserved": "0", "redeemed": "0", "lapsed": "0"}
    return Seen(got, {"status": 201, "vouchers": _ids(stage, asked), "balance": balance})


@check("issue.same-list", "issue", "同一名单再次提交不重复发放", "The same list again issues nothing, and is answered as before")
def same_list(stage: Stage) -> Seen:
    """Under another Idempotency-Key."""
    rows = [*(("firm", serial) for serial in SERIALS), ("firm-2", "REH-F2"), ("firm-spare", "REH-FS")]
    asked = _list(stage, rows)
    answer = _issue(stage, "/v1/vouchers/rows", asked)
    told = [each.get("voucher_id") for each in answer.body.get("vouchers", [])]
    return Seen(answer.told() | {"vouchers": told}, {"status": 201, "vouchers": _ids(stage, asked)})


@check("issue.not-whole", "issue", "面额须为最小抵用额的整数倍", "A face is a multiple of its denomination")
def not_whole(stage: Stage) -> Seen:
    """One fen too many."""
    answer = _issue(stage, "/v1/vouchers/rows", _list(stage, [("firm", "REH-Z")], face=str(int(FACE) + 1)))
    return Seen(answer.told(), refused(422, "InvalidDenomination"))


@check("issue.joint", "issue", "联合券整张发放", "Joint vouchers are issued to two firms", events=("TermsIssued", "Issued", "Issued"))
def issued_joint(stage: Stage) -> Seen:
    """One each."""
    asked = _list(stage, [("firm", "REH-J1"), ("firm-2", "REH-J2")], programme="joint", face="200000", note="200000")
    stage.remembered |= dict(zip(("REH-J1", "REH-J2"), _ids(stage, asked), strict=True))
    return Seen(_issue(stage, "/v1/vouchers/rows", asked).told(), {"status": 201})


@check("issue.short", "issue", "发放即将到期的券，供到期后核验", "A voucher that ends soon is issued", events=("TermsIssued", "Issued"))
def issued_short(stage: Stage) -> Seen:
    """For `verification.past-use-by`."""
    stage.remembered["short"] = stage.now + SHORT_SECONDS
    asked = _list(stage, [("firm", "REH-SHORT")]) | {"use_by": stage.remembered["short"], "claim_by": stage.remembered["short"] + DAY}
    return Seen(_issue(stage, "/v1/vouchers/rows", asked).told(), {"status": 201})


def _of(status: str, *reasons: str) -> dict[str, Any]:
    return {"status": status, "http": 200, "reasons": list(reasons)}


@check("verification.valid", "verify", "可用：答 VALID 及余额", "A voucher that can be used is VALID, with what is left")
def valid(stage: Stage) -> Seen:
    """Asked by the lab, for an amount."""
    got = stage.verify(SERIALS[0], amount="550000")
    answer = stage.wire.answer()
    return Seen(got | {"available": answer["voucher"]["available"]}, _of("VALID") | {"available": FACE})


@check("verification.unknown-serial", "verify", "券号不存在：答 NOT_VALID 及原因", "A serial that no voucher has is NOT_VALID, and why")
def unknown_serial(stage: Stage) -> Seen:
    """Never an error."""
    return Seen(stage.verify("REH-NONE"), _of("NOT_VALID", "UnknownVoucher"))


@check("verification.over-available", "verify", "超出余额：答 NOT_VALID", "More than is left is NOT_VALID")
def over_available(stage: Stage) -> Seen:
    """One note too many."""
    return Seen(stage.verify(SERIALS[0], amount=str(int(FACE) + int(NOTE))), _of("NOT_VALID", "OverAvailable"))


@check("verification.every-reason", "verify", "不可用时列出全部原因", "Every reason that applies is told")
def every_reason(stage: Stage) -> Seen:
    """Too much, and no whole notes."""
    got = stage.verify(SERIALS[0], amount=str(int(FACE) + 1))
    return Seen(got | {"reasons": sorted(got["reasons"])}, _of("NOT_VALID", "NotWholeNotes", "OverAvailable"))


@check("verification.frozen-lab", "verify", "机构冻结：答 NOT_VALID", "At a frozen lab it is NOT_VALID")
def frozen_lab(stage: Stage) -> Seen:
    """Asked by the firm."""
    got = stage.verify(SERIALS[0], caller="firm", lab=stage.lab_id("lab-spare"))
    return Seen(got, _of("NOT_VALID", "LabNotActive"))


@check("verification.batch", "verify", "批量核验按所问次序逐一作答", "Many are answered in the order asked")
def batch(stage: Stage) -> Seen:
    """One that is, one that is not, one that can be nobody's."""
    wrong = stage.named(SERIALS[0]) | {"firm": "91110000000000000X"}
    asked = [{"voucher": each} for each in (stage.named(SERIALS[0]), stage.named("REH-NONE"), wrong)]
    answer = stage.desk("lab").ask("/v1/verifications/batch", {"verifications": asked})
    got = [
        [each.get("status"), [reason.get("code") for reason in each.get("reasons", [])]] for each in answer.body.get("verifications", [])
    ]
    return Seen(got, [["VALID", []], ["NOT_VALID", ["UnknownVoucher"]], ["NOT_VALID", ["CodeRefused"]]])


@check("quote.marginal", "quote", "试算：按分段补贴、整张消耗", "A quote follows the slices, and consumes whole notes")
def quoted(stage: Stage) -> Seen:
    """70 % of the first 5,000 yuan and 45 % of the next 4,000; eleven notes of 500."""
    answer = stage.desk("lab").ask("/v1/quotes", {"voucher": stage.named(SERIALS[0]), "cost": "900000"})
    expected = {"status": 200, "subsidy": "530000", "amount": "550000", "lapses": "20000", "firm_pays": "370000"}
    return Seen(answer.told("subsidy", "amount", "lapses", "firm_pays"), expected)


@check("facts.three", "verify", "热线三项事实分别作答", "The hotline's three facts are answered apart")
def facts(stage: Stage) -> Seen:
    """Nothing was ordered on it, so its project is not registered; of another serial nothing is true but the firm."""
    got = []
    for serial in (SERIALS[0], "REH-NONE"):
        answer = stage.desk("lab").ask("/v1/facts", {"voucher": stage.named(serial), "project": "P-1"})
        got.append(answer.told("enterprise", "serial", "project"))
    enterprise = {"status": 200, "enterprise": True, "project": "NOT_REGISTERED"}
    return Seen(got, [enterprise | {"serial": True}, enterprise | {"serial": False}])


@check("lookups.told", "verify", "企业可见何人查询过其券", "A firm sees who looked its voucher up")
def lookups(stage: Stage) -> Seen:
    """The lab did."""
    answer = stage.desk("firm").get("/v1/lookups")
    parties = {each.get("party") for each in answer.body.get("lookups", [])}
    return Seen(answer.told() | {"by_lab": "LAB" in parties}, {"status": 200, "by_lab": True})


@check("flag.by-partner", "flag", "其他地区的通告即时生效", "A partner's flag counts at once", events=("Flagged",))
def by_partner(stage: Stage) -> Seen:
    """Raised at the partner's node, on the candidate's spare firm."""
    stage.partner("directory").flag(id_in(stage.firm_id("firm-spare")), Digest(secrets.token_bytes(32)))
    got = stage.verify("REH-FS", firm="firm-spare", caller="issuer")
    return Seen([got["status"], got["reasons"]], ["NOT_VALID", ["SubjectFlagged"]])
