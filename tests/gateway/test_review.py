"""
Return for correction item by item, the bodies that review, and what waits for each, at real gateways.

A Changxing firm's order is served in Shanghai: its lab hands in at Shanghai's gateway, Shanghai's body reviews first, Changxing's body
rejects and accepts. Beijing's own bodies make both reviews of its orders.
"""

import json
import shutil

import pytest

from gateway import schemas
from gateway.acts import corrections as acts
from gateway.api_keys import ApiKeys
from gateway.bodies import read
from gateway.callers import Party
from gateway.corrections_book import CHAIN
from gateway.hash_chain import LogAltered
from registry import connect_store
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from scripts.demonstration.desks import Desk
from scripts.demonstration.scene import pages
from tests.gateway.newcomers import both_signed, give_api_key, new_firm
from tests.gateway.test_evidence import foreign_reviewer, order_of, sha256

pytestmark = pytest.mark.both_in_full

DAY = 86_400
ITEMS = [{"document": "发票", "reason": "发票章不清。"}, {"document": "成果报告", "reason": "未加盖检测专用章。"}]
FIRST, FINAL, BOTH = "初审机构（样例）", "终审机构（样例）", "审核机构（样例）"
FIRST_REVIEWER, FINAL_REVIEWER = "reviewer-1", "reviewer-2"


@pytest.fixture
def case(town):
    """A redemption that waits for its first review, with its evidence at the lab's gateway."""
    case = order_of(town)
    case.redeem(case.hand_in()["成果报告"])
    return case


def address(town, region, name) -> str:
    return town.world.officials[region][name].account.address


def bodies_file(town, *bodies: dict):
    path = town.world.directory / f"bodies-{town.number()}.json"
    path.write_text(json.dumps({"bodies": list(bodies)}), encoding="utf-8")
    return path


def two_bodies(town, region):
    """A region's first reviewer and its final reviewer, each with its part of the work."""
    first = {"name": FIRST, "accounts": [address(town, region, FIRST_REVIEWER)], "duties": ["FIRST_REVIEW"]}
    final = {"name": FINAL, "accounts": [address(town, region, FINAL_REVIEWER)], "duties": ["APPROVAL", "REVIEW"]}
    return bodies_file(town, first, final)


def corrections(case, desk=None):
    return (desk or case.desk).get(f"/v1/orders/{case.order}/corrections")


def named(case, desk, *items, **more):
    asked = {"items": list(items), "file": case.town.programme_text("changxing-2013")} | more
    return desk.post(f"/v1/orders/{case.order}/corrections", asked)


def states(seen) -> dict[str, str]:
    return {each["document"]: each["state"] for each in seen["checklist"]}


def sent_again(case, *kinds, **more):
    """Upload other files of these kinds, and state them alone."""
    contents = {kind: case.contents(kind)[kind] + b" again" for kind in kinds}
    for content in contents.values():
        assert case.upload(content).status == 201
    documents = [{"kind": kind, "sha256": sha256(content)} for kind, content in contents.items()]
    return contents, case.desk.post(f"{case.path}/corrected", {"documents": documents} | more)


def returned(case, *items):
    """A case whose items Changxing's reviewer named at the lab's gateway, and which he rejected at his own."""
    assert named(case, foreign_reviewer(case.town, CHANGXING), *items).status == 201
    assert case.town.review("reject", CHANGXING, FIRST_REVIEWER, case.order) == "OPEN"
    return case


def waiting(town, region, caller, **query):
    return {each["order_id"]: each for each in pages(town.desk(region, caller), "/v1/orders/waiting", "orders", **query)}


# Item by item


def test_two_items_are_sent_back_and_only_they_are_sent_again(town, case):
    before = case.desk.get(case.path)
    returned(case, *ITEMS)

    sent_back = corrections(case)
    rejected = [each for each in case.desk.get(f"/v1/orders/{case.order}")["history"] if each["name"] == "Rejected"]
    assert (sent_back["stage"], sent_back["attempt"], sent_back["kept_here"]) == ("OPEN", 1, True)
    assert sent_back["deadline"] == rejected[0]["values"]["deadline"] >= rejected[0]["time"] + 30 * DAY
    assert states(sent_back) == {"服务合同": "CARRIED_OVER", "发票": "TO_SEND", "成果报告": "TO_SEND"}
    contract = next(each for each in sent_back["checklist"] if each["document"] == "服务合同")
    assert contract["files"] == [sha256(case.contents("服务合同")["服务合同"])]
    assert {each["document"]: [reason["reason"] for reason in each["reasons"]] for each in sent_back["checklist"] if each["reasons"]} == {
        each["document"]: [each["reason"]] for each in ITEMS
    }

    contents, answer = sent_again(case, "发票", "成果报告")

    assert answer.status == 201, answer.body
    after = case.desk.get(case.path)["bundle"]
    assert {each["kind"] for each in after["documents"]} == {"服务合同", "发票", "成果报告"}
    assert {name: after[name] for name in ("contract", "invoice")} == {name: before["bundle"][name] for name in ("contract", "invoice")}
    assert states(corrections(case)) == {"服务合同": "CARRIED_OVER", "发票": "SENT_AGAIN", "成果报告": "SENT_AGAIN"}
    case.redeem(contents["成果报告"])
    assert states(corrections(case, town.desk(SHANGHAI, FIRST_REVIEWER))) == states(corrections(case))
    assert town.review("endorse", SHANGHAI, FIRST_REVIEWER, case.order) == "ENDORSED"
    assert town.review("accept", CHANGXING, FINAL_REVIEWER, case.order) == "ACCEPTED"


def test_a_list_that_a_rejection_overtakes_is_not_put_on_record(town, case, monkeypatch):
    """The order was under review when the list was read, and another officer's rejection is on the chain before it is on record."""
    checklist_of, stages = acts._checklist_of, []

    def overtaken(*asked):
        stages.append(town.review("reject", CHANGXING, FIRST_REVIEWER, case.order))
        return checklist_of(*asked)

    with monkeypatch.context() as racing:
        racing.setattr(acts, "_checklist_of", overtaken)
        refused = named(case, foreign_reviewer(town, CHANGXING), *ITEMS)

    assert (stages, refused.status, refused.code) == (["OPEN"], 409, "WrongStage")
    assert (corrections(case)["lists"], corrections(case)["checklist"]) == ([], [])


def test_a_list_that_was_put_on_record_before_the_rejection_is_answered_as_it_was_after_a_crash(town, case, monkeypatch):
    desk, asked = foreign_reviewer(town, CHANGXING), {"items": ITEMS[:1], "file": town.programme_text("changxing-2013")}

    def died(*_):
        raise MemoryError

    with monkeypatch.context() as dying:
        dying.setattr(schemas, "CorrectionListTaken", died)
        assert desk.post(f"/v1/orders/{case.order}/corrections", asked, key="crash-list").code == "Internal"
    assert town.review("reject", CHANGXING, FIRST_REVIEWER, case.order) == "OPEN"
    again = desk.post(f"/v1/orders/{case.order}/corrections", asked, key="crash-list")

    assert (again.status, again["attempt"], again["items"]) == (201, 0, ITEMS[:1])
    assert len(corrections(case)["lists"]) == 1


def test_nothing_is_prepared_anew_before_all_that_was_sent_back_is_there(town, case):
    returned(case, *ITEMS)
    report = case.contents("成果报告")["成果报告"]
    prepared = [case.desk.post("/v1/redemptions/prepare", case.facts(report))]

    contents, _ = sent_again(case, "成果报告")
    prepared.append(case.desk.post("/v1/redemptions/prepare", case.facts(contents["成果报告"])))
    sent_again(case, "发票")
    prepared.append(case.desk.post("/v1/redemptions/prepare", case.facts(contents["成果报告"])))

    assert [each.code for each in prepared] == ["CorrectionMissing", "CorrectionMissing", None]
    assert [each["values"]["items"] for each in prepared[:2]] == [["发票", "成果报告"], ["发票"]]


def test_what_was_not_sent_back_is_not_handed_in_anew(case):
    returned(case, ITEMS[0])
    before = case.desk.get(case.path)["bundle_sha256"]

    _, file = sent_again(case, "发票", "服务合同")
    _, words = sent_again(case, "发票", contract={"seller": case.lab.host_unit, "number": "C-2"})

    assert (file.code, file["values"]["not_sent_back"]) == ("NotSentBack", ["服务合同"])
    assert (words.code, words["values"]["not_sent_back"]) == ("NotSentBack", ["contract"])
    assert case.desk.get(case.path)["bundle_sha256"] == before


def test_a_wrong_number_is_put_right_without_another_file(case):
    returned(case, {"document": "发票", "reason": "金额有误。"})

    answer = case.desk.post(f"{case.path}/corrected", {"documents": [], "invoice": case.invoice | {"amount": "700000"}})

    assert answer.status == 201, answer.body
    assert states(corrections(case))["发票"] == "SENT_AGAIN"
    assert case.desk.get(case.path)["bundle"]["invoice"]["amount"] == "700000"


def test_a_whole_new_statement_that_changes_what_was_in_order_is_told(case):
    returned(case, ITEMS[0])

    case.hand_in(contents={kind: content + b" again" for kind, content in case.contents().items()})

    assert states(corrections(case)) == {"服务合同": "REPLACED", "发票": "SENT_AGAIN", "成果报告": "REPLACED"}


def test_the_next_attempt_is_held_against_what_was_sent_back_last(town, case):
    returned(case, *ITEMS)
    contents, _ = sent_again(case, "发票", "成果报告")
    case.redeem(contents["成果报告"])

    returned(case, {"document": "服务合同", "reason": "缺签章页。"})

    seen = corrections(case)
    assert (seen["attempt"], states(seen)) == (2, {"服务合同": "TO_SEND", "发票": "CARRIED_OVER", "成果报告": "CARRIED_OVER"})
    assert [(each["attempt"], each["rejected"], each["counts"]) for each in seen["lists"]] == [(0, True, True), (1, True, True)]


def test_a_rejection_without_items_leaves_everything_to_the_parties(town, case):
    assert town.review("reject", CHANGXING, FIRST_REVIEWER, case.order) == "OPEN"

    assert (corrections(case)["lists"], corrections(case)["checklist"]) == ([], [])
    assert sent_again(case, "发票")[1].code == "NothingSentBack"
    assert case.desk.post("/v1/redemptions/prepare", case.facts(case.contents("成果报告")["成果报告"])).status == 200


# Who names, and where


def test_the_hosts_first_reviewer_names_items_and_does_not_endorse_until_he_takes_them_back(town, case):
    desk = town.desk(SHANGHAI, FIRST_REVIEWER)
    assert named(case, desk, ITEMS[0]).status == 201
    assert (states(corrections(case)), [each["rejected"] for each in corrections(case)["lists"]]) == ({}, [False])

    refused = town.review("endorse", SHANGHAI, FIRST_REVIEWER, case.order)
    assert named(case, desk).status == 201

    assert refused == "SentBack"
    assert [each["counts"] for each in corrections(case)["lists"]] == [False, False]
    assert town.review("endorse", SHANGHAI, FIRST_REVIEWER, case.order) == "ENDORSED"


def test_what_the_host_named_counts_once_home_rejects(town, case):
    assert named(case, town.desk(SHANGHAI, FIRST_REVIEWER), ITEMS[0]).status == 201

    returned(case, ITEMS[1], {"document": "发票", "reason": "抬头有误。"})

    seen = corrections(case)
    assert states(seen) == {"服务合同": "CARRIED_OVER", "发票": "TO_SEND", "成果报告": "TO_SEND"}
    invoice = next(each for each in seen["checklist"] if each["document"] == "发票")
    assert [(each["region"], each["reason"]) for each in invoice["reasons"]] == [(SHANGHAI, "发票章不清。"), (CHANGXING, "抬头有误。")]


def test_a_key_that_signs_at_home_names_its_body_by_its_account(town, case):
    account = address(town, CHANGXING, FINAL_REVIEWER)
    with ApiKeys(town.world.folder(SHANGHAI) / "state") as keys:
        secret, _ = keys.add(name=f"reviewer-{town.number()}", party=Party.REVIEWER, region=CHANGXING, account=account)
    with town.restarted(SHANGHAI, bodies=bodies_file(town, {"name": FINAL, "accounts": [account]})):
        desk = Desk(town.http, town.world.gateways[SHANGHAI], secret)
        assert named(case, desk, ITEMS[0]).status == 201
        (seen,) = town.desk(SHANGHAI, "auditor").get(f"/v1/orders/{case.order}/corrections")["lists"]

    assert (seen["region"], seen["body"], seen["account"]) == (CHANGXING, FINAL, account)


def test_all_is_named_at_once_and_before_the_rejection(town, case):
    returned(case, ITEMS[0])

    refused = named(case, foreign_reviewer(town, CHANGXING), ITEMS[1])

    assert refused.code == "WrongStage"
    assert states(corrections(case))["成果报告"] == "CARRIED_OVER"


def test_the_home_gateway_says_that_the_list_is_kept_at_the_labs(town, case):
    returned(case, ITEMS[0])
    desk = town.desk(CHANGXING, FIRST_REVIEWER)

    seen = corrections(case, desk)

    assert (seen["kept_here"], seen["kept_at"]) == (False, [SHANGHAI])
    assert (seen["lists"], seen["checklist"], seen["attempt"]) == ([], [], 1)


def test_a_list_is_refused_where_the_evidence_is_not(town, case):
    refused = named(case, town.desk(CHANGXING, FIRST_REVIEWER), ITEMS[0])

    assert (refused.code, refused["values"]["kept_at"]) == ("EvidenceNotHere", [SHANGHAI])


def test_where_the_firm_handed_in_at_home_the_list_is_kept_at_home(town):
    firm = new_firm(town, CHANGXING)
    give_api_key(town, firm)
    case = order_of(town, firm=firm)
    at_home = town.desk(CHANGXING, firm.key)
    report = case.hand_in(desk=at_home)["成果报告"]
    prepared = at_home.post("/v1/redemptions/prepare", case.facts(report))
    assert case.desk.post("/v1/redemptions", both_signed(town, prepared["typed_data"], firm, case.lab)).status == 201
    reviewer = town.desk(CHANGXING, FINAL_REVIEWER)

    # Changxing's gateway has its own programme's file.
    assert named(case, reviewer, ITEMS[0], file=None).status == 201
    assert town.review("reject", CHANGXING, FINAL_REVIEWER, case.order) == "OPEN"

    seen = corrections(case, at_home)
    assert (seen["kept_at"], states(seen)["发票"]) == ([CHANGXING], "TO_SEND")
    assert seen["lists"][0]["account"] == address(town, CHANGXING, FINAL_REVIEWER)
    assert corrections(case)["kept_at"] == [CHANGXING]


def test_only_items_of_the_programmes_checklist_are_named(town, case):
    refused = named(case, town.desk(SHANGHAI, FIRST_REVIEWER), {"document": "检测原始记录", "reason": "缺。"})

    assert (refused.code, refused["values"]["items"]) == ("ItemNotAsked", ["检测原始记录"])
    assert refused["values"]["checklist"] == ["服务合同", "发票", "成果报告"]
    assert named(case, town.desk(SHANGHAI, FIRST_REVIEWER), ITEMS[0], file=None).code == "ProgrammeFileMissing"


def test_reviewers_of_the_two_regions_name_and_parties_and_auditors_read(town, case):
    stranger = foreign_reviewer(town, KUNSHAN)
    assert named(case, stranger, ITEMS[0]).code == "NotFound"
    assert corrections(case, stranger).code == "NotFound"
    for caller in ("lab-shanghai", "payer", "auditor"):
        assert named(case, town.desk(SHANGHAI, caller), ITEMS[0]).code == "RoleNotAllowed"
    assert town.desk(SHANGHAI, "payer").get(f"/v1/orders/{case.order}/corrections").code == "RoleNotAllowed"

    assert corrections(case, town.desk(SHANGHAI, "auditor"))["lists"] == []
    looks = pages(town.desk(SHANGHAI, "auditor"), "/v1/lookups", "lookups", limit=1_000)
    kinds = {(each["what"], each["party"], each["answer"]) for each in looks if each["order_id"] == case.order}
    assert {("evidence-corrections", "AUDITOR", "ANSWERED"), ("evidence-corrections", "REVIEWER", "NotFound")} <= kinds


def test_a_repeated_list_stands_once(case):
    desk = case.town.desk(SHANGHAI, FIRST_REVIEWER)
    asked = {"items": [ITEMS[0]], "file": case.town.programme_text("changxing-2013")}
    key = f"list-{case.order}"

    answers = [desk.post(f"/v1/orders/{case.order}/corrections", asked, key=key) for _ in range(2)]

    assert answers[0].body == answers[1].body
    assert len(corrections(case)["lists"]) == 1


def test_a_list_that_was_altered_is_found(town, case, tmp_path):
    assert named(case, town.desk(SHANGHAI, FIRST_REVIEWER), ITEMS[0]).status == 201
    for path in (town.world.folder(SHANGHAI) / "state").glob("corrections.sqlite*"):
        shutil.copy(path, tmp_path)
    head = CHAIN.verify(tmp_path)
    connection = connect_store(tmp_path / "corrections.sqlite")
    connection.execute("DROP TRIGGER never_changed")
    connection.execute("UPDATE lists SET told = replace(told, '章不清', '抬头有误') WHERE number = ?", (head.number,))
    connection.close()

    with pytest.raises(LogAltered) as altered:
        CHAIN.verify(tmp_path)

    assert altered.value.number == head.number


# Bodies


def redeemed_at_home(town):
    """A Beijing order that its office is to approve, review first and review."""
    firm, lab = town.firm("firm-beijing"), town.lab("lab-shanghai")
    return town.reserved(firm, lab, serial=town.serial_for(firm, face="10000000", denomination="1"), amount="500000"), firm, lab


def test_each_body_does_its_own_part_and_history_names_it(town):
    order, firm, lab = redeemed_at_home(town)
    with town.restarted(BEIJING, bodies=two_bodies(town, BEIJING)):
        approved = [town.review("approve", BEIJING, each, order) for each in (FIRST_REVIEWER, FINAL_REVIEWER)]
        assert town.redeemed(order, firm, lab, cost="800000").status == 201
        endorsed = [town.review("endorse", BEIJING, each, order) for each in (FINAL_REVIEWER, FIRST_REVIEWER)]
        accepted = [town.review("accept", BEIJING, each, order) for each in (FIRST_REVIEWER, FINAL_REVIEWER)]
        shown = town.desk(BEIJING, "auditor").get(f"/v1/orders/{order}")

    assert (approved, endorsed, accepted) == (["NotItsDuty", "OPEN"], ["NotItsDuty", "ENDORSED"], ["NotItsDuty", "ACCEPTED"])
    assert {each["body"]: each["account"] for each in shown["bodies"]} == {
        FIRST: address(town, BEIJING, FIRST_REVIEWER),
        FINAL: address(town, BEIJING, FINAL_REVIEWER),
    }


@pytest.mark.parametrize("caller", [FIRST_REVIEWER, FINAL_REVIEWER])
def test_one_body_does_not_make_both_reviews_by_whichever_of_its_accounts(town, caller):
    order, firm, lab = redeemed_at_home(town)
    accounts = [address(town, BEIJING, each) for each in (FIRST_REVIEWER, FINAL_REVIEWER)]
    assert town.review("approve", BEIJING, FIRST_REVIEWER, order) == "OPEN"
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    with town.restarted(BEIJING, bodies=bodies_file(town, {"name": BOTH, "accounts": accounts})):
        assert town.review("endorse", BEIJING, FIRST_REVIEWER, order) == "ENDORSED"
        refused = town.desk(BEIJING, caller).post("/v1/orders/accept", {"orders": [order]})
        left_out = waiting(town, BEIJING, caller, duty="REVIEW")

    assert (refused.code, refused["values"]["body"], refused["values"]["account"]) == ("SameBody", BOTH, accounts[0])
    assert order not in left_out
    assert town.desk(BEIJING, "auditor").get(f"/v1/orders/{order}")["stage"] == "ENDORSED"


def test_without_named_bodies_the_contract_refuses_the_same_account(town):
    order, firm, lab = redeemed_at_home(town)
    assert town.review("approve", BEIJING, FIRST_REVIEWER, order) == "OPEN"
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    assert town.review("endorse", BEIJING, FIRST_REVIEWER, order) == "ENDORSED"

    assert town.review("accept", BEIJING, FIRST_REVIEWER, order) == "ReviewedBefore"
    assert (order in waiting(town, BEIJING, FIRST_REVIEWER), order in waiting(town, BEIJING, FINAL_REVIEWER)) == (False, True)


@pytest.mark.parametrize(
    "bodies",
    [
        [{"name": FIRST, "accounts": ["0x" + "11" * 20]}, {"name": FIRST, "accounts": ["0x" + "22" * 20]}],
        [{"name": FIRST, "accounts": ["0x" + "1a" * 20]}, {"name": FINAL, "accounts": ["0x" + "1A" * 20]}],
        [{"name": FIRST, "accounts": ["reviewer-1"]}],
        [{"name": FIRST, "accounts": []}],
        [{"name": FIRST, "accounts": ["0x" + "11" * 20], "duties": ["SETTLEMENT"]}],
    ],
    ids=["a name twice", "an account twice", "no account", "no accounts", "no duty"],
)
def test_a_file_of_bodies_that_is_none_is_refused(tmp_path, bodies):
    path = tmp_path / "bodies.json"
    path.write_text(json.dumps({"bodies": bodies}), encoding="utf-8")

    with pytest.raises(ValueError, match="bodies"):
        read(path)


# Worklists


def test_an_order_waits_for_the_host_then_for_home_each_at_its_own_gateway(town, case):
    first = [order_waits(town, region, FIRST_REVIEWER, case.order) for region in (SHANGHAI, CHANGXING)]
    assert town.review("endorse", SHANGHAI, FIRST_REVIEWER, case.order) == "ENDORSED"
    final = [order_waits(town, region, FIRST_REVIEWER, case.order) for region in (SHANGHAI, CHANGXING)]
    assert town.review("accept", CHANGXING, FIRST_REVIEWER, case.order) == "ACCEPTED"

    assert (first, final) == (["FIRST_REVIEW", None], [None, "REVIEW"])
    assert [order_waits(town, region, FIRST_REVIEWER, case.order) for region in (SHANGHAI, CHANGXING)] == [None, None]


def order_waits(town, region, caller, order):
    found = waiting(town, region, caller).get(order)
    return found and found["waits_for"]


def test_a_worklist_tells_since_when_how_long_until_when_and_who_reviewed(town, case):
    assert town.review("endorse", SHANGHAI, FIRST_REVIEWER, case.order) == "ENDORSED"
    town.node.jump(3 * DAY)
    desk = town.desk(CHANGXING, FIRST_REVIEWER)

    page = desk.get("/v1/orders/waiting", duty="REVIEW", limit=1_000)
    found = next(each for each in page["orders"] if each["order_id"] == case.order)

    shown = desk.get(f"/v1/orders/{case.order}")
    endorsed = next(each["time"] for each in shown["history"] if each["name"] == "Endorsed")
    assert (page["account"], page["body"]) == (address(town, CHANGXING, FIRST_REVIEWER), None)
    assert (found["since"], found["waited_seconds"]) == (endorsed, page["block"]["time"] - endorsed)
    assert (found["late_after"], found["late"], found["deadline"]) == (endorsed + 15 * DAY, False, shown["deadline"])
    assert found["reviewed_by"] == [{"what": "ENDORSED", "account": address(town, SHANGHAI, FIRST_REVIEWER), "body": None}]


def test_a_body_sees_what_waits_for_its_own_part(town):
    order, firm, lab = redeemed_at_home(town)
    with town.restarted(BEIJING, bodies=two_bodies(town, BEIJING)):
        seen = [[order_waits(town, BEIJING, each, order) for each in (FIRST_REVIEWER, FINAL_REVIEWER)]]
        assert town.review("approve", BEIJING, FINAL_REVIEWER, order) == "OPEN"
        assert town.redeemed(order, firm, lab, cost="800000").status == 201
        seen.append([order_waits(town, BEIJING, each, order) for each in (FIRST_REVIEWER, FINAL_REVIEWER)])
        assert town.review("endorse", BEIJING, FIRST_REVIEWER, order) == "ENDORSED"
        seen.append([order_waits(town, BEIJING, each, order) for each in (FIRST_REVIEWER, FINAL_REVIEWER)])
        body = town.desk(BEIJING, FINAL_REVIEWER).get("/v1/orders/waiting")["body"]

    assert seen == [[None, "APPROVAL"], ["FIRST_REVIEW", None], [None, "REVIEW"]]
    assert body == FINAL


def test_a_worklist_goes_page_by_page(town):
    orders = [redeemed_at_home(town)[0] for _ in range(3)]
    desk = town.desk(BEIJING, FIRST_REVIEWER)

    found = pages(desk, "/v1/orders/waiting", "orders", duty="APPROVAL", limit=1)

    waits = [each["order_id"] for each in found]
    assert [each for each in waits if each in orders] == orders
    assert len(set(waits)) == len(waits)
    first = desk.get("/v1/orders/waiting", duty="APPROVAL", limit=1)
    assert desk.get("/v1/orders/waiting", duty="REVIEW", limit=1, cursor=first["next"]).code == "CursorDiffers"


def test_what_was_sent_back_and_not_yet_rejected_is_marked(town, case):
    before = waiting(town, SHANGHAI, FIRST_REVIEWER)[case.order]["sent_back"]

    assert named(case, town.desk(SHANGHAI, FIRST_REVIEWER), ITEMS[0]).status == 201

    assert (before, waiting(town, SHANGHAI, FIRST_REVIEWER)[case.order]["sent_back"]) == (False, True)


def test_a_key_that_signs_nothing_here_has_no_worklist(town):
    assert foreign_reviewer(town, CHANGXING).get("/v1/orders/waiting").code == "NoAccount"
    with ApiKeys(town.world.folder(SHANGHAI) / "state") as keys:
        secret, _ = keys.add(name=f"reader-{town.number()}", party=Party.REVIEWER, region=SHANGHAI, account="none")
    assert Desk(town.http, town.world.gateways[SHANGHAI], secret).get("/v1/orders/waiting").code == "NoAccount"
