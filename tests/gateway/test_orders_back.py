"""The ways back: release, extension, stand-in, reversal and refund, many documents at once, and month close."""

import pytest

from registry.chain.devnode import Engine
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.newcomers import (
    both_signed,
    firm_id,
    new_firm,
    new_lab,
    order_at,
    past_month,
    redemption_document,
    release_document,
    settled,
    signature,
)

FREE = {"available": "1000000", "reserved": "0", "redeemed": "0", "lapsed": "0"}


@pytest.fixture(scope="module")
def later(_chain_ids, tmp_path_factory):
    """A town whose clock may be turned; one engine is enough, since what is judged is the contracts' time."""
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path_factory.mktemp("later")) as town:
        yield town


def released(town, lab, document, **signatures):
    return town.desk(SHANGHAI, lab.key).post("/v1/releases", {"typed_data": document, **signatures})


def test_a_lab_alone_releases_and_the_voucher_is_free_again(town, firm, lab):
    serial = town.serial_for(firm)
    order = town.reserved(firm, lab, serial=serial, amount="500000")
    document = release_document(town, order, lab)

    answer = released(town, lab, document, lab_signature=signature(town, document, lab))

    assert (answer.status, answer["stage"]) == (201, "RELEASED")
    assert town.balance(CHANGXING, firm, serial) == FREE


def test_a_firm_alone_releases_nothing(town, firm, lab):
    serial = town.serial_for(firm)
    order = town.reserved(firm, lab, serial=serial, amount="500000")
    document = release_document(town, order, lab)
    by_firm = signature(town, document, firm)

    answers = [released(town, lab, document, lab_signature=each) for each in (by_firm, "0x" + "00" * 64)]

    assert [each.code for each in answers] == ["NotSignedBy", "SignatureMissing"]
    assert town.balance(CHANGXING, firm, serial)["reserved"] == "500000"


def test_a_reviewer_releases_once_the_lab_is_no_longer_active_or_a_flag_was_seconded(town, firm):
    orders = []
    for _ in range(2):
        lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
        signed = order_at(town, firm, lab, serial=town.serial_for(firm), amount="500000")
        orders.append((lab, town.desk(CHANGXING, firm.key).post("/v1/orders", signed)["order_id"]))
    (suspended, first), (flagged, second) = orders
    reviewer = town.desk(CHANGXING, "reviewer-1")
    too_early = [reviewer.post(f"/v1/orders/{order}/release", {}).code for _, order in orders]

    town.desk(SHANGHAI, "directory").post(f"/v1/labs/{town.lab_id(suspended)}/suspend", {})
    town.desk(CHANGXING, "directory").post("/v1/flags", {"subject": town.lab_id(flagged), "reason": "A"})
    once_flagged = reviewer.post(f"/v1/orders/{second}/release", {}).code
    town.desk(BEIJING, "directory").post(f"/v1/flags/{town.lab_id(flagged)}/second", {"reason": "B"})

    assert too_early == ["NotSignedBy", "NotSignedBy"]
    assert once_flagged == "NotSignedBy"
    assert reviewer.post(f"/v1/orders/{first}/release", {})["stage"] == "RELEASED"
    assert town.desk(SHANGHAI, "reviewer-1").post(f"/v1/orders/{second}/release", {}).code == "NotSignedBy"
    assert reviewer.post(f"/v1/orders/{second}/release", {})["stage"] == "RELEASED"


def test_anybody_releases_30_days_after_the_deadline(later):
    town, firm, lab = later, later.firm("firm-changxing"), later.lab("lab-shanghai")
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    deadline = town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["deadline"]
    desk = town.desk(CHANGXING, firm.key)

    # The chain's clock goes on meanwhile; which second is the last, the contracts' own tests say.
    town.node.set_time(deadline + 30 * 86_400 - 600)
    assert desk.post(f"/v1/orders/{order}/release", {}).code == "NotSignedBy"
    town.node.set_time(deadline + 30 * 86_400 + 1)

    assert desk.post(f"/v1/orders/{order}/release", {})["stage"] == "RELEASED"


def test_what_is_rejected_close_to_its_deadline_gets_thirty_days(later):
    town, firm, lab = later, later.firm("firm-changxing"), later.lab("lab-shanghai")
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    town.node.set_time(town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["deadline"] - 600)

    assert town.review("reject", CHANGXING, "reviewer-1", order) == "OPEN"

    shown = town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")
    (rejected,) = (each for each in shown["history"] if each["name"] == "Rejected")
    assert shown["deadline"] == rejected["values"]["deadline"] == rejected["time"] + 30 * 86_400
    assert town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}/corrections")["deadline"] == shown["deadline"]


def test_an_open_order_gets_more_time_from_its_own_reviewer_only(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    path, desk = f"/v1/orders/{order}/extend", town.desk(CHANGXING, "reviewer-1")
    before = town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["deadline"]
    town.node.jump(3_600)

    refused = [desk.post(path, {"until": before}).code, desk.post(path, {"until": before + 90 * 86_400}).code]
    foreign = town.desk(SHANGHAI, "reviewer-1").post(path, {"until": before + 60})

    assert refused == ["InvalidDeadline", "InvalidDeadline"]
    assert foreign.code == "NotReviewer"
    assert desk.post(path, {"until": before + 60})["stage"] == "OPEN"
    assert town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["deadline"] == before + 60


def test_a_reviewer_stands_in_for_the_party_that_is_not_paid_and_may_not_accept(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    document = redemption_document(town, order, lab, cost="800000")
    asked = {"typed_data": document, "signature": signature(town, document, lab), "reason": "企业已注销。"}

    foreign = town.desk(SHANGHAI, "reviewer-1").post("/v1/redemptions/stand-in", asked)
    unpaid = town.desk(CHANGXING, "reviewer-1").post("/v1/redemptions/stand-in", asked | {"signature": signature(town, document, firm)})
    answer = town.desk(CHANGXING, "reviewer-1").post("/v1/redemptions/stand-in", asked)

    assert (foreign.code, unpaid.code) == ("StandInNotReviewer", "NotSignedBy")
    assert (answer.status, answer["stage"]) == (201, "REDEEMED")
    event = town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["history"][-1]
    stood_in = town.world.officials[CHANGXING]["reviewer-1"].account.address
    assert event["values"]["stand_in"].lower() == stood_in.lower()
    assert "企业已注销" not in str(town.events())
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ReviewedBefore"
    assert town.review("accept", CHANGXING, "reviewer-2", order) == "ACCEPTED"


def test_a_settled_subsidy_is_reversed_and_refunded_once(town, firm, lab):
    order = settled(town, firm, lab)
    reviewer, payer = town.desk(CHANGXING, "reviewer-1"), town.desk(CHANGXING, "payer")
    before = int(town.pool(CHANGXING)["committed"])

    too_much = reviewer.post(f"/v1/orders/{order}/reverse", {"recover": "480001", "reason": "A"})
    early = payer.post(f"/v1/orders/{order}/refunded", {})
    reversed_ = reviewer.post(f"/v1/orders/{order}/reverse", {"recover": "80000", "reason": "A"})
    twice = reviewer.post(f"/v1/orders/{order}/reverse", {"recover": "80000", "reason": "A"})
    refunded = payer.post(f"/v1/orders/{order}/refunded", {})

    assert (too_much.code, early.code, twice.code) == ("InvalidRecovery", "WrongStage", "WrongStage")
    assert (reversed_["stage"], refunded["stage"]) == ("REVERSED", "REFUNDED")
    assert payer.post(f"/v1/orders/{order}/refunded", {}).code == "WrongStage"
    assert int(town.pool(CHANGXING)["committed"]) == before - 80_000


def test_of_many_documents_one_that_is_refused_stops_no_other(town, firm, lab):
    serial = town.serial_for(firm)
    whole = [town.order(firm, lab, serial=serial, project="P", amount="1000000") for _ in range(2)]
    open_ = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    redemption = both_signed(town, redemption_document(town, open_, lab, cost="800000"), firm, lab)
    given_up = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    document = release_document(town, given_up, lab)
    release = {"typed_data": document, "lab_signature": signature(town, document, lab)}
    unsigned = whole[0] | {"lab_signature": "0x" + "00" * 64}
    foreign = whole[0] | {"typed_data": whole[0]["typed_data"] | {"primaryType": "Voucher"}}
    before = len(town.events())

    asked = {"documents": [*whole, foreign, redemption, unsigned, release]}
    answer = town.desk(SHANGHAI, lab.key).post("/v1/submissions", asked, key=f"many-{town.number()}")

    outcomes = [(each["stage"], each["refused"] and each["refused"]["code"]) for each in answer["outcomes"]]
    assert outcomes == [
        ("OPEN", None),
        (None, "OverAvailable"),
        (None, "DocumentRefused"),
        ("REDEEMED", None),
        (None, "SignatureMissing"),
        ("RELEASED", None),
    ]
    assert [each["index"] for each in answer["outcomes"]] == list(range(6))
    assert answer["outcomes"][1]["refused"]["values"]["held"][0]["region"] == SHANGHAI
    names = [event["name"] for event in town.events()[before:]]
    assert (names.count("Reserved"), names.count("Redeemed"), names.count("Released"), names.count("Refused")) == (1, 1, 1, 1)
    assert len({event["transaction"] for event in town.events()[before:]}) == 1


def test_a_hundred_documents_fit_into_one_call_and_no_more(town, firm, lab):
    serial = town.serial_for(firm, face="10000", denomination="100")
    documents = [town.order(firm, lab, serial=serial, project="P", amount="100") for _ in range(100)]
    desk = town.desk(SHANGHAI, lab.key)

    answer = desk.post("/v1/submissions", {"documents": documents})

    assert {each["stage"] for each in answer["outcomes"]} == {"OPEN"}
    assert town.balance(CHANGXING, firm, serial)["reserved"] == "10000"
    assert desk.post("/v1/submissions", {"documents": [*documents, documents[0]]}).code == "InvalidRequest"


def test_documents_of_which_none_can_be_sent_send_nothing(town, lab):
    broken = {"typed_data": {}, "lab_signature": "0x" + "11" * 64}

    answer = town.desk(SHANGHAI, lab.key).post("/v1/submissions", {"documents": [broken]})

    assert (answer.status, answer["transaction"]) == (200, None)
    assert answer["outcomes"][0]["refused"]["code"] == "DocumentRefused"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"month": 203_013}, "InvalidMonth"),
        ({"month": 209_912}, "MonthNotOver"),
        ({"month": 200_001}, "MonthBeforeFounding"),
        ({"statement": "0x" + "00" * 32}, "InvalidStatement"),
        ({"host": CHANGXING}, "SameRegion"),
        ({"host": 999_999}, "UnknownRegion"),
    ],
)
def test_a_month_that_cannot_be_closed_is_refused(town, change, code):
    asked = {"home": CHANGXING, "host": BEIJING, "month": past_month(town), "statement": "0x" + "a1" * 32}

    assert town.desk(CHANGXING, "reviewer-1").post("/v1/months/close", asked | change).code == code


def test_money_that_no_order_holds_can_be_drawn_and_no_more(town):
    programme = town.programmes[CHANGXING]
    desk, path = town.desk(CHANGXING, "payer"), f"/v1/programmes/{programme}"
    pool = desk.get(f"{path}/pool")

    drawn = desk.post(f"{path}/draw", {"amount": "100", "bank_reference": f"D-{town.number()}"})
    over = desk.post(f"{path}/draw", {"amount": pool["free"], "bank_reference": f"D-{town.number()}"})

    after = desk.get(f"{path}/pool")
    assert (drawn.status, over.code) == (200, "PoolShort")
    assert int(after["free"]) == int(pool["free"]) - 100
    assert after["movements"][-1]["name"] == "Drawn"
    assert town.desk(SHANGHAI, "payer").get(f"{path}/pool").code == "NotFound"


def test_an_order_names_the_firm_by_which_it_can_be_flagged(town, lab):
    firm = new_firm(town, CHANGXING)
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")

    seen = town.desk(SHANGHAI, "directory").get(f"/v1/orders/{order}")["firm"]

    assert seen == firm_id(town, firm)
    assert town.desk(SHANGHAI, "directory").post("/v1/flags", {"subject": seen, "reason": "A"}).status == 201
    assert town.redeemed(order, firm, lab, cost="800000").code == "SubjectFlagged"
