"""
The figures of the papers, out of as many records as they tell of, and a month's close between two offices.

The papers tell sums; how they are made up of single uses is a sample: whole fen, the same at every run, adding up to the figure.
"""

import json
from typing import Any

from registry import Time, month_of, seconds_of_month
from registry.canonical import canonical_json
from registry.statement import differing, following_month
from scripts.demonstration.cases.many import Firms, Use, counted, parts_of, sample_codes
from scripts.demonstration.cast import BEIJING, CHANGXING, SCI_TECH, SHANGHAI, TIANJIN
from scripts.demonstration.scene import Got, Scene, chosen, refusal

# AT-16: contracted and transacted, in fen; Tianjin pays half, and at most 100,000 yuan a firm.
ORDERS_2015, CONTRACTED, TRANSACTED, TIANJIN_FACE = 471, 6_628_100_000, 4_587_510_000, 10_000_000
HALF = 2

# AT-17: 92 of the firms have three uses, the others two.
FIRMS_2018, USES_2018, OFFSET_2018, NOTE = 161, 414, 1_761_760_000, 100_000
PRE_ISSUED, FACE_OF_A_YEAR, FACE_OF_THE_NEXT = 1_000_000, 9_000_000, 5_000_000
THIRDS = USES_2018 - 2 * FIRMS_2018

_HI_TECH = {"who": "FIRM", "registered_here": True, "marks": {"高新技术产品研发、制造或服务企业": None}}
_HEADER = "订单编号,收款方代码,金额（元）,类型,付款流水号,日期\n"


def tianjin_in_beijing(scene: Scene) -> Got:
    """AT-16. The paper's 471 firms are 471 orders here; each firm's subsidy is half of what was transacted, not of what was contracted."""
    lab = scene.lab("lab-beijing")
    firms = Firms(scene, TIANJIN, lab, sample_codes(TIANJIN, 100, ORDERS_2015))
    scene.recognise(TIANJIN, scene.lab_id(lab))
    scene.fund(TIANJIN, str(CONTRACTED // HALF), "TJ-2015-001")
    yield "enrolled", firms.enrol(_HI_TECH)
    vouchers = firms.issue(firms.codes, face=TIANJIN_FACE, denomination=1, serial="TJ-2015")
    # Of even fen, so that half of each is whole.
    amounts, subsidies = (
        parts_of(whole // HALF, ORDERS_2015, spread=spread) for whole, spread in ((CONTRACTED, 2_900_000), (TRANSACTED, 2_000_000))
    )
    uses = [
        Use(code, vouchers[code], amount=amount, cost=subsidy * HALF, subsidy=subsidy, number=16_0000 + at)
        for at, (code, amount, subsidy) in enumerate(zip(firms.codes, amounts, subsidies, strict=True))
    ]
    before = _report(scene, TIANJIN)

    orders = firms.order(uses)
    ids = list(orders)
    yield "approved", counted(firms.review("approve", TIANJIN, "reviewer-1", ids))
    yield "redeemed", counted(firms.redeem(orders))
    firms.review("endorse", TIANJIN, "reviewer-1", ids)
    yield "accepted", counted(firms.review("accept", TIANJIN, "reviewer-2", ids))
    beijing = firms.review("settle", BEIJING, "payer", ids[:1], payment_reference="BJ-PAY-2015")
    yield "beijing_settles", beijing
    yield "settled", counted(firms.review("settle", TIANJIN, "payer", ids, payment_reference="TJ-PAY-2015"))

    after = _report(scene, TIANJIN)
    yield "contracted_and_transacted", {"contracted": str(sum(amounts) * HALF), "transacted": _more(before, after, "settled", "cost")}
    told = {name: _more(before, after, "settled", name) for name in ("uses", "ordered", "offset", "returned")}
    yield "report", told
    paid_to = {scene.desk(TIANJIN, "reviewer-1").get(f"/v1/orders/{each}")["paid_to"] for each in (ids[0], ids[-1])}
    yield "paid_to", sorted(paid_to)


def changxing_elsewhere(scene: Scene) -> Got:
    """
    AT-17. Two uses a firm this year and a third of some in the next, since a firm's vouchers of one year are capped at 100,000 yuan.

    Under a programme of its own, so that its report tells these records and no others.
    """
    lab, name = scene.lab("lab-shanghai"), "changxing-2013"
    text = scene.programme_text(name).replace("CX-KJQ-2013", "CX-KJQ-2018")
    scene.programmes["2018"] = scene.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": text})["programme_id"]
    scene.fund(CHANGXING, "2000000000", "CX-2018-001", sample="2018")
    firms = Firms(scene, CHANGXING, lab, sample_codes(CHANGXING, 600, FIRMS_2018))
    yield "enrolled", firms.enrol(SCI_TECH)

    offsets = parts_of(OFFSET_2018, USES_2018, spread=700_000)
    codes = [*(code for code in firms.codes for _ in range(2)), *firms.codes[:THIRDS]]
    firms.issue(firms.codes, face=PRE_ISSUED, denomination=NOTE, serial="CX-2018-PRE", sample="2018")
    first = firms.issue(firms.codes, face=FACE_OF_A_YEAR, denomination=NOTE, serial="CX-2018", sample="2018")
    uses = [_use(code, first[code], offset, 17_0000 + at) for at, (code, offset) in enumerate(zip(codes, offsets, strict=True))]
    yield "this_year", counted(_to_the_end(firms, uses[: 2 * FIRMS_2018], reference="CX-PAY-2018-1"))

    year = month_of(Time(scene.node.timestamp())) // 100
    scene.node.set_time(seconds_of_month((year + 1) * 100 + 1)[0])
    second = firms.issue(firms.codes[:THIRDS], face=FACE_OF_THE_NEXT, denomination=NOTE, serial="CX-2019", sample="2018")
    thirds = [_use(use.firm, second[use.firm], use.subsidy, use.number) for use in uses[2 * FIRMS_2018 :]]
    yield "next_year", counted(_to_the_end(firms, thirds, reference="CX-PAY-2019-1"))

    found = _report(scene, CHANGXING, "2018")
    yield "report", {part: chosen(found[part], "firms", "uses", "offset", "face") for part in ("redeemed", "settled")}
    desks = [scene.desk(region, "auditor") for region in (CHANGXING, SHANGHAI, TIANJIN)]
    path, query = "/v1/reports/programme/document", {"programme": scene.programmes["2018"], "until": scene.node.timestamp()}
    yield "same_bytes", len({desk.raw(path, **query).content for desk in desks}) == 1


def month_close(scene: Scene) -> Got:
    """AT-19. The month of AT-17's last uses. One row is missing in the payer's records, and one in what the host office has on file."""
    month = month_of(Time(scene.node.timestamp()))
    scene.node.set_time(seconds_of_month(following_month(month))[0])
    home, host, path = scene.desk(CHANGXING, "reviewer-1"), scene.desk(SHANGHAI, "reviewer-1"), f"/v1/months/{CHANGXING}/{SHANGHAI}/{month}"
    account = home.get(path).body
    lines = [line for line in account["statement"]["lines"] if line["event"] == "Settled"]
    missing = lines[0]["order_id"]

    taken = _hand_in(scene, month, [line for line in lines if line["order_id"] != missing])
    yield "records", chosen(taken, "rows", "breaks")
    breaks = scene.desk(CHANGXING, "payer").get(f"{path}/breaks")["breaks"]
    yield "breaks", [[each["reason"], each["order_id"] == missing] for each in breaks]

    on_file = json.loads(host.raw(f"{path}/document").content)
    on_file["lines"] = [line for line in on_file["lines"] if (line["order_id"], line["event"]) != (missing, "Settled")]
    found = differing(account["statement"], canonical_json(on_file))
    yield "compared", [[each.order == missing, [line["event"] for line in each.ours], len(each.theirs)] for each in found]
    asked = {"home": CHANGXING, "host": SHANGHAI, "month": month, "statement": account["hash"]}
    refused = host.post("/v1/months/close", asked | {"statement": "0x" + "19" * 32})
    yield "another_hash", refusal(refused) | {"state": host.get(path)["state"]}

    yield "home_names", chosen(home.post("/v1/months/close", asked).body, "closed", "state")
    yield "complete", chosen(_hand_in(scene, month, lines), "rows", "breaks")
    yield "host_names", chosen(host.post("/v1/months/close", asked).body, "closed", "state")
    agreed = [scene.desk(region, "auditor").get(path) for region in (CHANGXING, SHANGHAI)]
    yield "both_agree", [[each["state"], each["home_agrees"], each["host_agrees"]] for each in agreed]


def _use(code: str, voucher: Any, offset: int, number: int) -> Use:
    """60 % of the least cost that gives this offset; whole notes are ordered for it."""
    return Use(code, voucher, amount=-(-offset // NOTE) * NOTE, cost=-(-offset * 10 // 6), subsidy=offset, number=number)


def _to_the_end(firms: Firms, uses: list[Use], *, reference: str) -> list[str]:
    orders = firms.order(uses)
    ids = list(orders)
    firms.redeem(orders)
    firms.review("endorse", SHANGHAI, "reviewer-1", ids)
    firms.review("accept", CHANGXING, "reviewer-1", ids)
    return firms.review("settle", CHANGXING, "payer", ids, payment_reference=reference)


def _report(scene: Scene, region: int, sample: str | None = None) -> dict[str, Any]:
    answer = scene.desk(region, "auditor").get("/v1/reports/programme", programme=scene.programmes[sample or region])
    found: dict[str, Any] = answer["report"]
    return found


def _more(before: dict[str, Any], after: dict[str, Any], part: str, name: str) -> str:
    return str(int(after[part][name]) - int(before[part][name]))


def _hand_in(scene: Scene, month: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    day = f"{month // 100}-{month % 100:02}-28"
    payee, yuan = scene.lab("lab-shanghai").host_unit, {line["order_id"]: f"{int(line['amount']) / 100:.2f}" for line in lines}
    rows = "".join(f"{order},{payee},{amount},拨付,CX-PAY-2019-1,{day}\n" for order, amount in yuan.items())
    form = {"home": str(CHANGXING), "host": str(SHANGHAI), "month": str(month)}
    answer = scene.desk(CHANGXING, "payer").upload("/v1/months/payments", form, name="payments.csv", content=(_HEADER + rows).encode())
    return answer.body
