"""A lab leaves: for performance or for fraud; who sees its open orders; and how one goes on at another lab without losing notes."""

from types import SimpleNamespace

import pytest

from gateway import examples
from gateway.acts.moves import why_not_movable
from registry import NO_ADDRESS, NO_ID, Fen, Id, Ledger, Order, OrderState, Partnership, Stage, Tag, Time, Voucher, id_of, joint_id
from registry.chain.devnode import Engine
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.newcomers import both_signed, moved, new_lab, order_at, signature

pytestmark = pytest.mark.both_in_full

AMOUNT = "500000"


class Stranded:
    """A Changxing firm's order at a Shanghai lab of its own, and another lab that Changxing recognises."""

    def __init__(self, town):
        self.town, self.firm = town, town.firm("firm-changxing")
        self.old, self.new = (new_lab(town, SHANGHAI, recognised_by=(CHANGXING,)) for _ in range(2))
        self.serial = town.serial_for(self.firm)
        signed = order_at(town, self.firm, self.old, serial=self.serial, amount=AMOUNT)
        self.order = self.desk().post("/v1/orders", signed)["order_id"]

    def desk(self):
        return self.town.desk(CHANGXING, self.firm.key)

    def leave(self, cause="PERFORMANCE", lab=None):
        path = f"/v1/labs/{self.town.lab_id(lab or self.old)}/leave"
        return self.town.desk(SHANGHAI, "directory").post(path, {"cause": cause, "reason": "年度考核不合格"})

    def signed(self):
        return moved(self.town, self.order, self.firm, self.old, self.new)

    def move(self, signed, region=CHANGXING, caller=None):
        return self.town.desk(region, caller or self.firm.key).post(f"/v1/orders/{self.order}/move", signed)

    def prepared(self, **asked):
        return self.desk().post(f"/v1/orders/{self.order}/move/prepare", {"lab": self.town.lab_id(self.new)} | asked)

    def listed(self, region, caller):
        found = self.town.desk(region, caller).get("/v1/orders/leaving", lab=self.town.lab_id(self.old))
        return {each["order_id"]: each for each in found["orders"]} if found.status == 200 else found.code

    def balance(self):
        return {
            name: self.town.voucher(CHANGXING, self.firm, self.serial)[name] for name in ("available", "reserved", "redeemed", "lapsed")
        }

    def stages(self, answer):
        return [each["stage"] for each in answer["outcomes"]]


@pytest.fixture
def stranded(town):
    return Stranded(town)


# Leaving


def test_a_lab_that_leaves_for_performance_exits_and_finishes_what_it_began(town, stranded):
    left = stranded.leave()

    assert (left.status, left["standing"], left["flagged"], left["open_orders"]) == (200, "EXITED", False, 1)
    assert stranded.desk().post("/v1/redemptions", both_signed_redemption(town, stranded))["stage"] == "REDEEMED"
    path = f"/v1/labs/{town.lab_id(stranded.old)}"
    told = town.desk(SHANGHAI, "auditor").get(f"{path}/departures")["departures"]
    assert [(each["cause"], each["reason"], each["by"]) for each in told] == [("PERFORMANCE", "年度考核不合格", "directory")]
    history = town.desk(SHANGHAI, "lab-shanghai").get(path)["history"]
    assert [each["name"] for each in history] == ["LabAdmitted", "Recognised", "StandingSet"]
    # What the office wrote down stays with it.
    assert town.desk(CHANGXING, "directory").get(f"{path}/departures")["departures"] == []
    assert town.desk(SHANGHAI, "lab-shanghai").get(f"{path}/departures").code == "RoleNotAllowed"


def test_a_lab_that_leaves_for_fraud_is_frozen_and_flagged_and_nothing_goes_on(town, stranded):
    left = stranded.leave("FRAUD")

    assert (left["standing"], left["flagged"], left["flagged_until"] is not None) == ("FROZEN", True, True)
    flag = town.desk(SHANGHAI, "reviewer-1").get(f"/v1/flags/{town.lab_id(stranded.old)}")
    assert (flag["state"], [each["text"] for each in flag["reasons"]]) == ("STANDING", ["年度考核不合格"])
    codes = {
        each["code"]
        for each in town.desk(CHANGXING, stranded.firm.key).post(
            "/v1/verifications",
            {
                "voucher": {"region": CHANGXING, "firm": stranded.firm.company_code, "serial": stranded.serial},
                "lab": town.lab_id(stranded.old),
            },
        )["reasons"]
    }
    assert codes == {"SubjectFlagged", "LabNotActive"}


def test_a_fraud_of_a_lab_that_was_flagged_before_freezes_it_and_one_of_a_frozen_lab_is_refused(town, stranded):
    lab = town.lab_id(stranded.old)
    assert town.desk(SHANGHAI, "directory").post("/v1/flags", {"subject": lab, "reason": "A"}).status == 201

    first, second = stranded.leave("FRAUD"), stranded.leave("FRAUD")

    assert (first["standing"], first["flagged"]) == ("FROZEN", True)
    assert second.code == "WrongStanding"
    desk = town.desk(SHANGHAI, "directory")
    assert len(desk.get(f"/v1/labs/{lab}/departures")["departures"]) == 1
    assert [each["name"] for each in desk.get(f"/v1/labs/{lab}")["history"]].count("Flagged") == 1


def test_a_lab_that_was_frozen_only_is_flagged_by_its_departure(town, stranded):
    lab = town.lab_id(stranded.old)
    town.desk(SHANGHAI, "directory").post(f"/v1/labs/{lab}/freeze", {})

    assert (stranded.leave("FRAUD")["flagged"], stranded.leave("PERFORMANCE").code) == (True, "WrongStanding")


def test_another_regions_office_lets_no_lab_leave(town, stranded):
    path = f"/v1/labs/{town.lab_id(stranded.old)}/leave"

    answers = [town.desk(CHANGXING, "directory").post(path, {"cause": cause, "reason": "A"}) for cause in ("PERFORMANCE", "FRAUD")]

    assert [each.code for each in answers] == ["NotDirectory", "NotDirectory"]
    assert town.desk(SHANGHAI, "auditor").get(f"/v1/labs/{town.lab_id(stranded.old)}")["standing"] == "ACTIVE"


# Who sees them


def test_open_orders_of_a_lab_that_leaves_are_listed_for_both_regions_and_the_firm(town, stranded):
    before = stranded.listed(CHANGXING, "reviewer-1")
    stranded.leave()

    seen = [stranded.listed(*each) for each in ((CHANGXING, "reviewer-1"), (SHANGHAI, "directory"), (CHANGXING, stranded.firm.key))]
    others = [stranded.listed(*each) for each in ((BEIJING, "reviewer-1"), (SHANGHAI, "lab-shanghai"), (BEIJING, "firm-beijing"))]

    assert before == {}
    assert [set(each) for each in seen] == [{stranded.order}] * 3
    assert (seen[0][stranded.order]["standing"], seen[0][stranded.order]["not_movable"]) == ("EXITED", None)
    assert others == [{}, {}, {}]


def test_a_finished_order_is_not_among_them_and_a_redeemed_one_cannot_be_moved(town, stranded):
    document = both_signed_redemption(town, stranded)
    assert stranded.desk().post("/v1/redemptions", document).status == 201
    stranded.leave()

    (order,) = stranded.listed(CHANGXING, "reviewer-1").values()
    refused = stranded.prepared()

    assert (order["stage"], order["not_movable"]["code"]) == ("REDEEMED", "WrongStage")
    assert refused.code == "WrongStage"
    town.review("endorse", SHANGHAI, "reviewer-1", stranded.order)
    town.review("accept", CHANGXING, "reviewer-1", stranded.order)
    assert set(stranded.listed(CHANGXING, "payer")) == {stranded.order}
    town.review("settle", CHANGXING, "payer", stranded.order, payment_reference=f"B-{town.number()}")
    assert stranded.listed(CHANGXING, "payer") == {}


def both_signed_redemption(town, stranded):
    asked = examples.REDEMPTION_FACTS | {"order": stranded.order, "invoice": town.invoice()}
    asked |= {"agreement": {"seller": stranded.old.host_unit, "number": f"C-{town.number()}"}}
    document = stranded.desk().post("/v1/redemptions/prepare", asked)["typed_data"]
    return both_signed(town, document, stranded.firm, stranded.old)


# Moving


def test_an_order_moves_to_another_lab_in_one_transaction_with_all_its_notes(town, stranded):
    stranded.leave()
    before, events = stranded.balance(), len(town.events())

    answer = stranded.move(stranded.signed())

    assert (answer.status, stranded.stages(answer)) == (200, ["RELEASED", "OPEN"])
    assert stranded.balance() == before
    assert [each["name"] for each in town.events()[events:]] == ["Released", "Reserved"]
    assert len({each["transaction"] for each in town.events()[events:]}) == 1
    now = town.desk(CHANGXING, "reviewer-1").get(f"/v1/orders/{answer['outcomes'][1]['order_id']}")
    assert (now["lab"], now["amount"], now["stage"]) == (town.lab_id(stranded.new), AMOUNT, "OPEN")
    assert stranded.listed(CHANGXING, "reviewer-1") == {}


def test_a_move_that_is_brought_again_is_answered_as_before(town, stranded):
    stranded.leave()
    signed, key = stranded.signed(), f"MOVE-{town.number()}"

    answers = [stranded.desk().post(f"/v1/orders/{stranded.order}/move", signed, key=key) for _ in range(2)]
    other = stranded.move(signed)

    assert answers[0] == answers[1]
    assert other.code == "WrongStage", "it was moved"
    assert stranded.balance()["reserved"] == AMOUNT


def test_a_reviewer_moves_it_where_the_old_lab_signs_nothing(town, stranded):
    stranded.leave()
    signed = {"order": stranded.signed()["order"]}
    before = stranded.balance()

    firm = stranded.move(signed)
    answer = stranded.move(signed, caller="reviewer-1")

    assert (firm.status, firm.code) == (422, "SignatureMissing")
    assert (answer.status, stranded.stages(answer)) == (200, ["RELEASED", "OPEN"])
    assert stranded.balance() == before


def test_a_reviewer_moves_nothing_from_an_active_lab(stranded):
    signed = {"order": stranded.signed()["order"]}

    assert stranded.move(signed, caller="reviewer-1").code == "NotSignedBy"
    assert stranded.balance()["reserved"] == AMOUNT


def test_a_move_to_a_lab_where_the_voucher_is_not_good_is_refused_and_says_exactly_why(town, stranded):
    stranded.leave()
    elsewhere = new_lab(town, SHANGHAI)

    refused = stranded.prepared(lab=town.lab_id(elsewhere))

    assert (refused.code, refused["values"]["cause"]) == ("NotRecognised", "LOCAL_ONLY")
    assert "仅限" in refused["detail"]


def test_a_new_lab_that_left_in_between_stops_the_move_before_anything_is_released(town, stranded):
    stranded.leave()
    signed = stranded.signed()
    stranded.leave(lab=stranded.new)
    events = town.event_count()

    refused = stranded.move(signed)

    assert (refused.code, refused["values"]["cause"]) == ("LabNotActive", "EXITED")
    assert town.event_count() == events
    assert stranded.balance()["reserved"] == AMOUNT


def test_what_is_no_move_of_this_order_is_refused(town, stranded):
    stranded.leave()
    signed, other = stranded.signed(), Stranded(town)
    other.leave()

    another = stranded.move({"release": signed["release"], "order": other.signed()["order"]})
    wrong_release = {"typed_data": other.signed()["release"]["typed_data"], "lab_signature": signed["release"]["lab_signature"]}
    foreign = stranded.move({"release": wrong_release, "order": signed["order"]})

    assert (another.code, foreign.code) == ("MoveDiffers", "MoveDiffers")
    assert stranded.balance()["reserved"] == AMOUNT


def test_only_the_firm_prepares_a_move_and_of_its_own_order_alone(town, stranded):
    stranded.leave()
    asked, path = {"lab": town.lab_id(stranded.new)}, f"/v1/orders/{stranded.order}/move/prepare"

    codes = [town.desk(*each).post(path, asked).code for each in ((SHANGHAI, "lab-shanghai"), (CHANGXING, "reviewer-1"))]

    assert codes == ["RoleNotAllowed"] * 2
    assert town.desk(BEIJING, "firm-beijing").post(path, asked).code == "NotFound"


def test_a_release_that_the_old_lab_did_not_sign_moves_nothing(town, stranded):
    """The voucher has enough besides, so that the new order alone would stand and hold it twice."""
    stranded.leave()
    signed = stranded.signed()
    signed["release"] |= {"lab_signature": signature(town, signed["release"]["typed_data"], stranded.new)}

    assert stranded.move(signed).code == "NotSignedBy"
    assert (stranded.balance()["available"], stranded.balance()["reserved"]) == ("500000", AMOUNT)


@pytest.fixture
def own_town(_chain_ids, tmp_path):
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path) as town:
        yield town


def test_past_use_by_nothing_is_moved_since_what_is_released_could_not_be_used_again(own_town):
    stranded = Stranded(own_town)
    stranded.leave()
    signed = stranded.signed()
    use_by = own_town.voucher(CHANGXING, stranded.firm, stranded.serial)["use_by"]
    own_town.node.set_time(use_by + 1)

    refused, prepared = stranded.move(signed), stranded.prepared()

    assert (refused.code, prepared.code) == ("PastUseBy", "PastUseBy")
    assert stranded.listed(CHANGXING, "reviewer-1")[stranded.order]["not_movable"]["cause"] == "EXPIRED"
    assert stranded.balance()["reserved"] == AMOUNT


def test_a_partner_that_left_a_reached_partnership_would_lose_its_voucher():
    ledger = Ledger(registry=NO_ADDRESS)
    voucher = Voucher(Id(b"p" * 32), Fen(9), Fen(9), Time(9), Time(9), Tag(b"f" * 32), Tag(b"s" * 32))
    order = Order(Id(b"v" * 32), Id(b"l" * 32), NO_ID, Tag(b"t" * 32), Fen(9), Time(9), 0)
    order_id = id_of(order)
    ledger.vouchers[order.voucher], ledger.order_records[order_id] = voucher, order
    ledger.orders[order_id] = OrderState(Stage.OPEN, 0, Fen(9), Time(9), bytes(17))
    snapshot = SimpleNamespace(ledger=ledger, time=Time(9))

    before = why_not_movable(snapshot, order_id)
    ledger.partnerships[joint_id(voucher.programme, order.project, order.lab)] = Partnership(3, reached=True)

    assert before is None
    assert why_not_movable(snapshot, order_id).code == "PartnershipReached"
