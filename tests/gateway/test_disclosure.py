"""I15 through gateways: of all that parties and offices enter, nothing that names somebody can be read or worked out on the chain."""

from scripts.demonstration.cast import CHANGXING, SHANGHAI
from scripts.demonstration.scene import named
from tests.disclosure import canonical_plain, chain_bytes, tellings
from tests.gateway.newcomers import firm_id, new_firm, new_lab

PROJECT, CONTRACT, FUNDING, PAYMENT = "XM-2024-0107", "HT-2024-0099", "CX-FUND-2024-7", "CX-PAY-2024-7"
INVOICE, REASON, COMPANY = "24312000000012345678", "涉嫌虚报检测服务", "浙江新高包装有限公司"


def test_i15_nothing_that_was_entered_is_told_by_the_chain(town):
    firm, lab = new_firm(town, CHANGXING), town.lab("lab-shanghai")
    serial, first = f"KJQ-2024-{town.number():06}", town.node.block_number() + 1
    other = new_lab(town, SHANGHAI)
    assert town.issue(CHANGXING, [(firm.company_code, serial)], face="1000000", denomination="100000").status == 201
    assert town.fund(CHANGXING, "1000000", FUNDING).status == 200
    ordered = town.submit("/v1/orders", lab, town.order(firm, lab, serial=serial, project=PROJECT, amount="500000"))
    order = ordered["order_id"]
    signed = town.redemption(order, firm, lab, cost="800000", contract=CONTRACT, invoice={"number": INVOICE, "code": None})
    assert town.submit("/v1/redemptions", lab, signed).status == 201
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-2", order) == "ACCEPTED"
    assert town.review("settle", CHANGXING, "payer", order, payment_reference=PAYMENT) == "SETTLED"
    reversal = {"recover": "100", "reason": REASON}
    assert town.desk(CHANGXING, "reviewer-1").post(f"/v1/orders/{order}/reverse", reversal).status == 200
    for subject in (firm_id(town, firm), town.lab_id(other)):
        flag = {"subject": subject, "ground": "FALSE_STATEMENT", "reason": REASON}
        assert town.desk(SHANGHAI, "directory").post("/v1/flags", flag).status == 201
    town.desk(SHANGHAI, lab.key).post("/v1/verifications", {"voucher": named(firm, serial)})

    written = b"".join(chain_bytes(town.node, first))

    entered = (firm.company_code, lab.host_unit, other.host_unit, serial, PROJECT, CONTRACT, FUNDING, PAYMENT, INVOICE, REASON, COMPANY)
    for text in entered:
        for form in {text, text.lower(), canonical_plain(text)}:
            assert [name for name, told in tellings(form, CHANGXING).items() if told in written] == [], form
    assert other.code.encode() in written, "a lab's number in the catalogue is public, so that this finds what there is"
