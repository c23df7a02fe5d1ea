"""A firm that is renamed, merges, is struck off or moves: what is done on the chain, what is on record, what becomes of what it left."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from time import time

import pytest

from gateway import firm_changes
from gateway.acts.firm_changes import NOBODY
from gateway.firm_affairs import Kind, order_becomes, voucher_becomes
from gateway.firm_changes import Change, FirmChanges, Particulars
from gateway.hash_chain import LogAltered
from registry import CHINA, Stage
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI, sample_code
from tests.gateway.newcomers import (
    both_signed,
    firm_id,
    give_api_key,
    named,
    new_account,
    new_firm,
    new_lab,
    order_at,
    raw_of,
    redemption_document,
    signature,
    signer_of,
)
from tests.gateway.newcomers import moved as moved_to

pytestmark = pytest.mark.both_in_full

# The rules


@pytest.mark.parametrize(
    ("kind", "usable", "code"),
    [
        (Kind.RENAMED, True, "STAYS"),
        (Kind.RENAMED, False, "STAYS"),
        (Kind.MERGED, True, "LAPSES"),
        (Kind.STRUCK_OFF, True, "LAPSES"),
        (Kind.MOVED, True, "STAYS"),
        (Kind.MOVED, False, "LAPSES"),
    ],
)
def test_what_becomes_of_a_voucher(kind, usable, code):
    assert voucher_becomes(kind, usable_after_move=usable).code == code


@pytest.mark.parametrize(
    ("kind", "stage", "told", "code"),
    [
        (Kind.RENAMED, Stage.OPEN, {}, "GOES_ON"),
        (Kind.MOVED, Stage.REQUESTED, {}, "GOES_ON"),
        (Kind.MERGED, Stage.REQUESTED, {}, "REVIEWER_DECIDES"),
        (Kind.MERGED, Stage.OPEN, {}, "SUCCESSOR_SIGNS"),
        (Kind.MERGED, Stage.OPEN, {"firm_is_paid": True}, "SUCCESSOR_SIGNS"),
        (Kind.MERGED, Stage.REDEEMED, {}, "GOES_ON"),
        (Kind.MERGED, Stage.ACCEPTED, {"firm_is_paid": True}, "PAID_TO_SUCCESSOR"),
        (Kind.STRUCK_OFF, Stage.REQUESTED, {}, "TO_DECLINE"),
        (Kind.STRUCK_OFF, Stage.OPEN, {}, "REVIEWER_STANDS_IN"),
        (Kind.STRUCK_OFF, Stage.OPEN, {"firm_is_paid": True}, "RUNS_OUT"),
        (Kind.STRUCK_OFF, Stage.OPEN, {"firm_is_paid": True, "has_signer": True}, "LIQUIDATOR_SIGNS"),
        (Kind.STRUCK_OFF, Stage.ENDORSED, {}, "GOES_ON"),
        (Kind.STRUCK_OFF, Stage.ACCEPTED, {"firm_is_paid": True}, "PAYEE_ENDED"),
        (Kind.MERGED, Stage.OPEN, {"began_afterwards": True}, "BEGAN_AFTERWARDS"),
        (Kind.STRUCK_OFF, Stage.REDEEMED, {"began_afterwards": True}, "BEGAN_AFTERWARDS"),
    ],
)
def test_what_becomes_of_an_order(kind, stage, told, code):
    becomes = order_becomes(kind, stage, **{"firm_is_paid": False, "has_signer": False, "began_afterwards": False} | told)

    assert becomes.code == code
    assert becomes.zh
    assert becomes.en


# The book

TAG = b"\x01" + bytes(31)
FIRM = sample_code(CHANGXING, 901)
IN_NO_CALENDAR = 2**40 - 1


def change(kind, **told):
    return Change(number=0, firm=FIRM, kind=kind, day=1, at=2, by="directory", told=Particulars(**told))


@pytest.fixture
def book(tmp_path):
    with closing(FirmChanges(tmp_path, lambda _: [TAG])) as opened:
        yield opened


def test_the_last_merger_striking_off_or_move_counts_until_it_is_withdrawn(book):
    counted = []
    for number, kind in enumerate([Kind.RENAMED, Kind.MOVED, Kind.RENAMED, Kind.STRUCK_OFF, Kind.WITHDRAWN]):
        book.record(change(kind, name=str(number)), intent_id=str(number))
        found = book.of_tag(TAG)
        counted.append(found and found.kind)

    assert counted == [None, Kind.MOVED, Kind.MOVED, Kind.STRUCK_OFF, None]
    assert [each.number for each in book.history(FIRM)] == [1, 2, 3, 4, 5]


def test_an_intent_is_on_record_once_and_is_read_again_as_it_was(book, tmp_path):
    made = book.record(change(Kind.MOVED, region=SHANGHAI, unusable=("0x12",), orders=("0x34",)), intent_id="a")

    assert book.record(change(Kind.MERGED), intent_id="a") == made
    with closing(FirmChanges(tmp_path, lambda _: [TAG])) as again:
        assert again.history(FIRM) == [made]
        assert again.of_tag(TAG) == made


def test_the_last_name_on_record_is_the_firm_s(book):
    for number, name in enumerate(["甲样例公司", "乙样例公司"]):
        book.record(change(Kind.RENAMED, name=name), intent_id=str(number))
    book.record(change(Kind.MERGED), intent_id="m")

    assert book.name_of(FIRM) == "乙样例公司"


@pytest.mark.parametrize("statement", ["UPDATE changes SET kind = 'MERGED' WHERE number = 1", "DELETE FROM changes WHERE number = 1"])
def test_no_row_is_altered_unnoticed(book, tmp_path, statement):
    for number in range(2):
        book.record(change(Kind.RENAMED, name=str(number)), intent_id=str(number))
    assert firm_changes.CHAIN.verify(tmp_path) == book.head
    with closing(sqlite3.connect(tmp_path / firm_changes.CHAIN.file)) as connection, connection:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
        connection.execute("DROP TRIGGER never_changed")
        connection.execute("DROP TRIGGER never_removed")
        connection.execute(statement)

    with pytest.raises(LogAltered):
        firm_changes.CHAIN.verify(tmp_path)


# At a running gateway


@pytest.fixture
def leaver(town):
    """A Changxing firm that will change."""
    firm = new_firm(town, CHANGXING)
    give_api_key(town, firm)
    return firm


@pytest.fixture
def office(town):
    return town.desk(CHANGXING, "directory")


def affairs(town, firm, *, region=CHANGXING, caller="reviewer-1", **query):
    return town.desk(region, caller).get(f"/v1/firms/{firm_id(town, firm)}/affairs", **query)


def codes(found):
    return [each["becomes"]["code"] for each in (*found["vouchers"], *found["orders"])]


def told_of(answer):
    (one,) = answer["affairs"]
    return one


def test_a_rename_is_on_record_and_changes_nothing_else(town, lab, leaver, office):
    serial = town.serial_for(leaver)

    answer = office.post("/v1/firm-changes/rename", {"firm": leaver.company_code, "on": 1_767_196_800, "name": "样例新材料有限公司"})

    assert (answer.status, answer["change"]["kind"], codes(told_of(answer))) == (201, "RENAMED", ["STAYS"])
    history = office.post("/v1/firm-changes/history", {"firm": leaver.company_code})
    assert (history["name"], [each["on"] for each in history["changes"]]) == ("样例新材料有限公司", [1_767_196_800])
    assert town.reserved(leaver, lab, serial=serial, amount="500000")


def merged(town, office, firm, **more):
    successor = new_firm(town, CHANGXING)
    asked = {"firm": firm.company_code, "on": 1_767_196_800, "successor": successor.company_code}
    return successor, office.post("/v1/firm-changes/merge", asked | more)


def test_a_merger_proposes_the_successor_s_key_and_tells_what_is_open_to_both_regions(town, lab, leaver, office):
    order, _ = town.reserved(leaver, lab, serial=town.serial_for(leaver), amount="500000"), town.serial_for(leaver)

    successor, answer = merged(town, office, leaver)

    found = told_of(answer)
    assert (answer.status, answer["tell"], codes(found)) == (201, [SHANGHAI], ["LAPSES", "LAPSES", "SUCCESSOR_SIGNS"])
    assert found["key"]["proposed"] == signer_of(town, successor).lower()
    assert answer["change"]["orders"] == [order]
    host = affairs(town, leaver, region=SHANGHAI, caller="reviewer-1", change="MERGED")
    assert (host["vouchers"], host["key"], codes(host)) == ([], None, ["SUCCESSOR_SIGNS"])
    assert affairs(town, leaver, region=BEIJING).code == "NotFound"
    assert codes(affairs(town, leaver, caller=leaver.key)) == codes(found)


def test_the_successor_finishes_what_began_and_spends_nothing_more(town, lab, leaver, office):
    order, left = town.reserved(leaver, lab, serial=town.serial_for(leaver), amount="500000"), town.serial_for(leaver)
    successor, _ = merged(town, office, leaver)
    town.node.jump(3 * 86_400 + 1)
    completed = town.desk(CHANGXING, leaver.key).post("/v1/rotations/complete", {"subject": firm_id(town, leaver)})
    assert completed["outcome"] == "ROTATED"

    document = redemption_document(town, order, lab, cost="800000")
    redeemed = town.desk(SHANGHAI, lab.key).post("/v1/redemptions", both_signed(town, document, successor, lab))
    facts = {"voucher": named(leaver, left), "project": "P-1", "amount": "500000", "lab": town.lab_id(lab)}
    refused = town.desk(CHANGXING, leaver.key).post("/v1/orders/prepare", facts)

    assert redeemed["stage"] == "REDEEMED"
    assert (refused.status, refused.code, refused["values"]["kind"]) == (409, "FirmEnded", "MERGED")


def test_what_another_region_s_gateway_reserved_afterwards_is_told_and_not_accepted(town, lab, leaver, office):
    serial = town.serial_for(leaver)
    merged(town, office, leaver)
    town.node.jump(60)
    # Shanghai's gateway knows nothing of it, and the contract takes the firm's own key for three days yet.
    order = town.reserved(leaver, lab, serial=serial, amount="500000")
    assert town.redeemed(order, leaver, lab, cost="800000")["stage"] == "REDEEMED"
    town.review("endorse", SHANGHAI, "reviewer-1", order)

    accepted = town.desk(CHANGXING, "reviewer-1").post("/v1/orders/accept", {"orders": [order]})

    assert (accepted.status, accepted.code, accepted["values"]["order"]) == (409, "FirmEnded", order)
    assert codes(affairs(town, leaver))[-1] == "BEGAN_AFTERWARDS"


def test_what_began_before_is_accepted(town, lab, leaver, office):
    order = town.reserved(leaver, lab, serial=town.serial_for(leaver), amount="500000")
    assert town.redeemed(order, leaver, lab, cost="800000")["stage"] == "REDEEMED"
    town.review("endorse", SHANGHAI, "reviewer-1", order)
    merged(town, office, leaver)

    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"


def test_an_order_that_began_is_not_moved_to_another_lab_which_would_begin_it_anew(town, leaver, office):
    old, new = (new_lab(town, SHANGHAI, recognised_by=(CHANGXING,)) for _ in range(2))
    signed = order_at(town, leaver, old, serial=town.serial_for(leaver), amount="500000")
    desk = town.desk(CHANGXING, leaver.key)
    order = desk.post("/v1/orders", signed)["order_id"]
    prepared = moved_to(town, order, leaver, old, new)
    merged(town, office, leaver)

    answers = [
        desk.post(f"/v1/orders/{order}/move/prepare", {"lab": town.lab_id(new)}),
        desk.post(f"/v1/orders/{order}/move", prepared),
    ]

    assert [each.code for each in answers] == ["FirmEnded", "FirmEnded"]
    assert desk.get(f"/v1/orders/{order}")["stage"] == "OPEN"


def test_a_new_name_ends_no_merger(town, leaver, office):
    town.serial_for(leaver)
    merged(town, office, leaver)

    answer = office.post("/v1/firm-changes/rename", {"firm": leaver.company_code, "on": 1, "name": "样例新材料有限公司"})

    assert (answer["change"]["kind"], told_of(answer)["change"], codes(told_of(answer))) == ("RENAMED", "MERGED", ["LAPSES"])
    assert affairs(town, leaver)["change"] == "MERGED"


@pytest.mark.parametrize("otherwise", ["merge", "strike-off", "move", "merge on another day"])
def test_a_firm_that_ended_is_given_no_other_end_until_that_is_withdrawn(town, leaver, office, otherwise):
    successor, first = merged(town, office, leaver)
    asked = {"firm": leaver.company_code, "on": 1_767_196_800}
    more = {
        "merge": {"successor": new_firm(town, CHANGXING).company_code},
        "strike-off": {"reason": "登记机关已注销登记。"},
        "move": {"region": SHANGHAI},
        "merge on another day": {"successor": successor.company_code, "on": 1_767_283_200},
    }
    path, asked = f"/v1/firm-changes/{otherwise.split(' ')[0]}", asked | more[otherwise]

    refused = office.post(path, asked)
    office.post("/v1/firm-changes/withdraw", {"firm": leaver.company_code, "reason": "登记有误。"})

    known = {"number": first["change"]["number"], "kind": "MERGED", "on": 1_767_196_800}
    assert (refused.status, refused.code, refused["values"]) == (409, "ChangeOnRecord", known)
    assert office.get(f"/v1/keys/{firm_id(town, leaver)}")["proposed"] == signer_of(town, successor).lower()
    assert office.post(path, asked).status == 201


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("rename", {"name": "样例新材料有限公司"}),
        ("merge", {"signer": "0x" + "12" * 20}),
        ("strike-off", {"reason": "登记机关已注销登记。", "signer": "0x" + "12" * 20, "stop": True}),
        ("move", {"region": SHANGHAI}),
    ],
)
def test_what_is_on_record_is_answered_again_by_its_number(town, leaver, office, path, more):
    """Under a key of its own, as somebody who types it twice asks: no second record, proposal or flag."""
    asked = {"firm": leaver.company_code, "on": 1_767_196_800} | more
    if path == "merge":
        asked["successor"] = new_firm(town, CHANGXING).company_code

    first, second = (office.post(f"/v1/firm-changes/{path}", asked) for _ in range(2))

    assert (first.status, second.status, second["change"]) == (201, 201, first["change"])
    assert len(office.post("/v1/firm-changes/history", {"firm": leaver.company_code})["changes"]) == 1
    history = [each["name"] for each in office.get(f"/v1/keys/{firm_id(town, leaver)}")["history"]]
    assert history.count("RotationProposed") == (path in ("merge", "strike-off"))


def test_a_merger_is_the_same_though_its_successor_has_another_key_since(town, leaver, office):
    successor, first = merged(town, office, leaver)
    asked = {"firm": leaver.company_code, "on": 1_767_196_800, "successor": successor.company_code}
    account = new_account().address
    office.post("/v1/rotations", {"subject": firm_id(town, successor), "signer": account})
    town.node.jump(3 * 86_400 + 1)
    office.post("/v1/rotations/complete", {"subject": firm_id(town, successor)})

    again = office.post("/v1/firm-changes/merge", asked)

    assert again["change"] == first["change"]


def test_what_was_recorded_and_withdrawn_may_be_recorded_again(town, leaver, office):
    first = struck_off(office, leaver)
    office.post("/v1/firm-changes/withdraw", {"firm": leaver.company_code, "reason": "登记有误。"})

    again = struck_off(office, leaver)

    assert again["change"]["number"] > first["change"]["number"]


def test_what_was_reserved_after_a_merger_is_not_made_good_by_asking_again(town, lab, leaver, office):
    serial, left = town.serial_for(leaver), town.serial_for(leaver)
    successor, _ = merged(town, office, leaver)
    town.node.jump(60)
    order = town.reserved(leaver, lab, serial=serial, amount="500000")
    assert town.redeemed(order, leaver, lab, cost="800000")["stage"] == "REDEEMED"
    town.review("endorse", SHANGHAI, "reviewer-1", order)
    town.node.jump(60)

    asked = {"firm": leaver.company_code, "on": 1_767_196_800, "successor": successor.company_code}
    answer = office.post("/v1/firm-changes/merge", asked)

    assert codes(told_of(answer))[-1] == "BEGAN_AFTERWARDS"
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "FirmEnded"
    verified = town.desk(CHANGXING, leaver.key).post("/v1/verifications", {"voucher": named(leaver, left)})
    assert "FirmEnded" in [each["code"] for each in verified["reasons"]]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("rename", {"name": "样例新材料有限公司"}),
        ("merge", {"successor": sample_code(SHANGHAI, 903), "signer": "0x" + "12" * 20}),
        ("strike-off", {"reason": "登记机关已注销登记。"}),
        ("move", {"region": SHANGHAI}),
    ],
)
def test_a_change_is_recorded_on_the_day_on_which_it_takes_effect_and_no_earlier(town, leaver, office, path, more):
    """The day is China's, and has begun. Tomorrow may begin while this runs; the day after does not, nor one beyond the calendar."""
    asked = {"firm": leaver.company_code} | more
    midnight = datetime.fromtimestamp(max(town.now, int(time())), CHINA).replace(hour=0, minute=0, second=0)
    today, ahead = (int((midnight + timedelta(days=each)).timestamp()) for each in (0, 2))

    refused = [office.post(f"/v1/firm-changes/{path}", asked | {"on": on}) for on in (ahead, IN_NO_CALENDAR)]
    key = office.get(f"/v1/keys/{firm_id(town, leaver)}")

    assert [(each.status, each.code, each["values"]["on"]) for each in refused] == [
        (422, "DayAhead", ahead),
        (422, "DayAhead", IN_NO_CALENDAR),
    ]
    assert key["proposed"] is None
    assert office.post(f"/v1/firm-changes/{path}", asked | {"on": today}).status == 201


@pytest.mark.parametrize("end", ["merge", "strike-off"])
def test_a_firm_that_moved_may_still_end(town, leaver, office, end):
    moved(office, leaver)

    answer = merged(town, office, leaver)[1] if end == "merge" else struck_off(office, leaver)
    again = moved(office, leaver)

    assert answer.status == 201
    assert again["change"]["kind"] == "MOVED"
    assert len(office.post("/v1/firm-changes/history", {"firm": leaver.company_code})["changes"]) == 2


def test_many_documents_at_once_begin_nothing_either(town, lab, leaver, office):
    signed = order_at(town, leaver, lab, serial=town.serial_for(leaver), amount="500000")
    merged(town, office, leaver)
    desk = town.desk(CHANGXING, leaver.key)

    (outcome,) = desk.post("/v1/submissions", {"documents": [signed]})["outcomes"]

    assert (outcome["stage"], outcome["refused"]["code"]) == (None, "FirmEnded")
    assert desk.post("/v1/orders", signed).code == "FirmEnded"


def test_the_firm_s_own_key_may_still_veto(town, leaver, office):
    merged(town, office, leaver)
    desk = town.desk(CHANGXING, leaver.key)
    prepared = desk.post("/v1/rotations/veto/prepare", {})

    vetoed = desk.post("/v1/rotations/submit", {"raw": raw_of(town, prepared["transaction"], leaver)})

    key = affairs(town, leaver)["key"]
    assert (vetoed["outcome"], key["proposed"], key["signer"]) == ("VETOED", None, signer_of(town, leaver).lower())


def test_home_s_verification_and_issue_say_that_the_firm_ended(town, leaver, office):
    serial = town.serial_for(leaver)
    merged(town, office, leaver)

    answer = town.desk(CHANGXING, leaver.key).post("/v1/verifications", {"voucher": named(leaver, serial)})
    issued = town.issue(CHANGXING, [(leaver.company_code, f"T-{town.number():05}")], face="1000000", denomination="100000")

    assert (answer["status"], [each["code"] for each in answer["reasons"]]) == ("NOT_VALID", ["FirmEnded"])
    assert (issued.code, [each["code"] for each in issued["values"]["bad"]]) == ("BadRows", ["FirmEnded"])
    row = town.desk(CHANGXING, leaver.key).get(f"/v1/lookups/{answer['query_number']}")["lookup"]
    assert row["reasons"] == ["FirmEnded"]


def test_a_successor_that_is_not_enrolled_here_is_named_by_its_key(town, leaver, office):
    asked = {"firm": leaver.company_code, "on": 1, "successor": sample_code(SHANGHAI, 903)}

    unknown, itself = (
        office.post("/v1/firm-changes/merge", asked),
        office.post("/v1/firm-changes/merge", asked | {"successor": leaver.company_code}),
    )
    account = new_account().address
    known = office.post("/v1/firm-changes/merge", asked | {"signer": account})

    assert [(each.status, each.code) for each in (unknown, itself)] == [(422, "SuccessorUnknown"), (422, "SuccessorIsFirm")]
    assert (unknown["values"], "--signer" in unknown["title"]) == ({"missing": "signer"}, True)
    assert told_of(known)["key"]["proposed"] == account.lower()


def struck_off(office, firm, **more):
    asked = {"firm": firm.company_code, "on": 1_767_196_800, "reason": "登记机关已注销登记。"}
    return office.post("/v1/firm-changes/strike-off", asked | more)


def test_a_firm_that_was_struck_off_signs_nothing_more_and_the_lab_is_paid_by_a_stand_in(town, lab, leaver, office):
    order, left = town.reserved(leaver, lab, serial=town.serial_for(leaver), amount="500000"), town.serial_for(leaver)

    answer = struck_off(office, leaver)

    assert codes(told_of(answer)) == ["LAPSES", "LAPSES", "REVIEWER_STANDS_IN"]
    assert (told_of(answer)["key"]["proposed"], told_of(answer)["flagged_until"]) == (NOBODY, None)
    town.node.jump(3 * 86_400 + 1)
    town.desk(CHANGXING, "reviewer-1").post("/v1/rotations/complete", {"subject": firm_id(town, leaver)})
    late = town.submit("/v1/orders", lab, town.order(leaver, lab, serial=left, project="P-1", amount="500000"))
    assert (late.status, late.code) == (422, "NotSignedBy")
    document = redemption_document(town, order, lab, cost="800000")
    stood_in = town.desk(CHANGXING, "reviewer-1").post(
        "/v1/redemptions/stand-in", {"typed_data": document, "signature": signature(town, document, lab), "reason": "企业已注销。"}
    )
    assert stood_in["stage"] == "REDEEMED"


def test_where_the_firm_is_paid_nobody_asks_in_its_place(town, office):
    """A Beijing firm across regions is the paid party itself."""
    firm, lab, beijing = new_firm(town, BEIJING), town.lab("lab-shanghai"), town.desk(BEIJING, "directory")
    serial = town.serial_for(firm, face="10000000", denomination="1")
    order = town.reserved(firm, lab, serial=serial, amount="500000")

    requested = affairs(town, firm, region=BEIJING, change="STRUCK_OFF")
    town.review("approve", BEIJING, "reviewer-1", order)
    opened = told_of(struck_off(beijing, firm))

    assert [each["orders"][0]["becomes"]["code"] for each in (requested, opened)] == ["TO_DECLINE", "RUNS_OUT"]


def test_with_stop_the_firm_is_flagged_everywhere_at_once(town, lab, leaver, office):
    serial = town.serial_for(leaver)

    answer = struck_off(office, leaver, stop=True)

    assert told_of(answer)["flagged_until"] > town.node.timestamp() + 29 * 86_400
    refused = town.submit("/v1/orders", lab, town.order(leaver, lab, serial=serial, project="P-1", amount="500000"))
    assert refused.code == "SubjectFlagged"


def test_a_struck_off_firm_is_not_enrolled_again_under_a_newer_key_until_that_is_withdrawn(town, leaver, office):
    struck_off(office, leaver)
    enrolment = {"firm": leaver.company_code, "signer": new_account().address}

    refused = office.post("/v1/firms", enrolment)
    withdrawn = office.post("/v1/firm-changes/withdraw", {"firm": leaver.company_code, "reason": "登记有误。"})
    again = office.post("/v1/firm-changes/withdraw", {"firm": leaver.company_code, "reason": "登记有误。"})

    assert refused.code == "FirmEnded"
    assert (told_of(withdrawn)["change"], again.code) == (None, "NoChange")
    assert office.post("/v1/firms", enrolment).code == "AlreadyEnrolled"


def moved(office, firm, region=SHANGHAI):
    return office.post("/v1/firm-changes/move", {"firm": firm.company_code, "on": 1_767_196_800, "region": region})


def test_a_firm_that_moves_keeps_its_vouchers_and_its_new_region_enrols_it(town, lab, leaver, office):
    serial = town.serial_for(leaver)
    facts = {"who": "FIRM", "registered_here": True, "staff": 12}
    office.post("/v1/firm-facts", {"firms": [{"firm": leaver.company_code} | facts]})

    answer = moved(office, leaver)

    assert (answer.status, codes(told_of(answer)), answer["facts"]["staff"]) == (201, ["STAYS"], 12)
    enrolment = {"firm": leaver.company_code, "signer": signer_of(town, leaver)}
    assert town.desk(SHANGHAI, "directory").post("/v1/firms", enrolment).status == 201
    assert town.reserved(leaver, lab, serial=serial, amount="500000")


def test_a_programme_s_file_may_say_that_its_vouchers_take_no_order_after_a_move(town, lab, leaver, office):
    text = town.programme_text("changxing-2013").replace("CX-KJQ-2013", f"CX-STAY-{town.number()}")
    text = text.replace("\n[policy]\n", "\n[policy]\nusable_after_move = false\n")
    opened = town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": text})
    assert opened.status == 201, opened.body
    serial = f"T-{town.number():05}"
    issued = town.desk(CHANGXING, "issuer").post(
        "/v1/vouchers/rows",
        {
            "programme": opened["programme_id"],
            "face": "1000000",
            "denomination": "100000",
            "use_by": town.now + 300 * 86_400,
            "claim_by": town.now + 300 * 86_400,
            "recipients": [{"firm": leaver.company_code, "serial": serial}],
        },
    )
    assert issued.status == 201, issued.body

    answer = moved(office, leaver)

    facts = {"voucher": named(leaver, serial), "project": "P-1", "amount": "500000", "lab": town.lab_id(lab)}
    assert codes(told_of(answer)) == ["LAPSES"]
    assert answer["change"]["unusable"] == [opened["programme_id"]]
    assert town.desk(CHANGXING, leaver.key).post("/v1/orders/prepare", facts).code == "FirmEnded"


@pytest.mark.parametrize("region", [CHANGXING, 999_999])
def test_a_firm_moves_to_another_member(town, leaver, office, region):
    assert moved(office, leaver, region).code == "RegionRefused"


def test_it_is_for_the_directory_s_officer_of_the_firm_s_own_region(town, leaver, office):
    asked = {"firm": leaver.company_code, "on": 1, "name": "样例"}

    callers = ("issuer", "auditor", leaver.key)
    roles = {caller: town.desk(CHANGXING, caller).post("/v1/firm-changes/rename", asked).code for caller in callers}
    elsewhere = town.desk(KUNSHAN, "directory").post("/v1/firm-changes/rename", asked)

    assert set(roles.values()) == {"RoleNotAllowed"}
    assert elsewhere.code == "NotFound"


def test_the_same_request_again_proposes_and_records_once(town, leaver, office):
    asked = {"firm": leaver.company_code, "on": 1, "successor": new_firm(town, CHANGXING).company_code}

    first, second = (office.post("/v1/firm-changes/merge", asked, key=f"merge-{leaver.key}") for _ in range(2))

    assert first.body == second.body
    assert len(office.post("/v1/firm-changes/history", {"firm": leaver.company_code})["changes"]) == 1
    history = office.get(f"/v1/keys/{firm_id(town, leaver)}")["history"]
    assert [each["name"] for each in history].count("RotationProposed") == 1


def test_who_looked_at_what_a_firm_has_open_stands_in_the_log(town, leaver):
    affairs(town, leaver, caller="payer")
    affairs(town, leaver, caller=leaver.key)

    newest = town.desk(CHANGXING, "auditor").get("/v1/lookups", limit=1)["lookups"][0]
    assert (newest["what"], newest["party"], newest["span"]) == ("affairs", "PAYER", firm_id(town, leaver))
