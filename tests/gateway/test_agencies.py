"""An agency (代办机构) acts for the labs of its scope and for no other; who signs, and who may not, stays as it is."""

import pytest
from typer.testing import CliRunner

from gateway.api_keys import ApiKeys, KeyRefused
from gateway.callers import Party
from gateway.cli import app
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from tests.gateway.newcomers import agency_for, both_signed, named, new_account, new_firm, new_lab, order_at, redemption_document, signer_of

pytestmark = pytest.mark.both_in_full

SCOPE = [b"\x11" * 32, b"\x22" * 32]
AGENCY = {"name": "agency", "party": Party.AGENCY, "region": SHANGHAI}


# Keys


@pytest.fixture
def store(tmp_path):
    with ApiKeys(tmp_path) as opened:
        yield opened


def test_a_key_names_the_labs_that_an_agency_acts_for(store):
    key, _ = store.add(**AGENCY, labs=SCOPE)

    caller = store.of(key)
    assert (caller.party, caller.labs, caller.lab) == (Party.AGENCY, tuple(SCOPE), None)
    assert [caller.acts_for(each) for each in (*SCOPE, b"\x33" * 32)] == [True, True, False]


def test_a_scope_is_read_again_from_the_file(store, tmp_path):
    key, _ = store.add(**AGENCY, labs=SCOPE)

    with ApiKeys(tmp_path) as again:
        assert again.of(key).labs == tuple(SCOPE)


def test_the_next_key_of_an_agency_may_name_other_labs(store):
    (old, _), (new, _) = store.add(**AGENCY, labs=SCOPE), store.add(**AGENCY, labs=[b"\x33" * 32])

    assert [store.of(each).labs for each in (old, new)] == [tuple(SCOPE), (b"\x33" * 32,)]


@pytest.mark.parametrize(
    "scope",
    [{"labs": []}, {"labs": [SCOPE[0], SCOPE[0]]}, {"lab": SCOPE[0]}, {"labs": SCOPE, "firm": "x"}, {"labs": [b"x"]}],
)
def test_an_agency_without_labs_or_with_anything_else_gets_no_key(store, scope):
    with pytest.raises(KeyRefused):
        store.add(**AGENCY, **scope)
    assert store.list() == []


def test_several_labs_are_an_agency_s_alone(store):
    with pytest.raises(KeyRefused):
        store.add(name="lab", party=Party.LAB, region=SHANGHAI, labs=SCOPE)


def test_the_command_takes_several_labs_for_an_agency(tmp_path):
    words = ["keys", "add", "--state", str(tmp_path), "--name", "x", "--region", str(SHANGHAI)]
    words += [word for each in SCOPE for word in ("--lab", "0x" + each.hex())]

    added = [CliRunner().invoke(app, [*words, "--party", party]).exit_code for party in ("AGENCY", "LAB")]

    assert added == [0, 1]
    with ApiKeys(tmp_path) as keys:
        assert [each.caller.labs for each in keys.list()] == [tuple(SCOPE)]


# At a running gateway


@pytest.fixture
def labs(town):
    """Two labs of one agency, whose key signs for both, and a stranger's."""
    first = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    second = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,), signer=first.key)
    return first, second, new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))


@pytest.fixture
def agency(town, labs):
    return town.desk(SHANGHAI, agency_for(town, *labs[:2]))


def ordered(town, firm, lab):
    signed = order_at(town, firm, lab, serial=town.serial_for(firm), amount="500000")
    return town.desk(CHANGXING, firm.key).post("/v1/orders", signed)["order_id"]


def listed(desk, **query):
    found, cursor = [], None
    while True:
        page = desk.get("/v1/orders", limit=1, **query, **({"cursor": cursor} if cursor else {}))
        found += [each["order_id"] for each in page["orders"]]
        cursor = page["next"]
        if cursor is None:
            return found


def test_it_sees_the_orders_of_its_labs_and_of_no_other(town, firm, labs, agency):
    one, two, other = (ordered(town, firm, each) for each in labs)

    assert listed(agency) == [one, two]
    assert [listed(agency, lab=town.lab_id(each)) for each in labs] == [[one], [two], []]
    assert [agency.get(f"/v1/orders/{each}").status for each in (one, two, other)] == [200, 200, 404]
    assert agency.get(f"/v1/orders/{other}/evidence").code == "NotFound"


def test_an_officer_s_list_is_filtered_by_lab_likewise(town, firm, labs):
    one, _ = (ordered(town, firm, each) for each in labs[:2])

    assert listed(town.desk(CHANGXING, "reviewer-1"), lab=town.lab_id(labs[0])) == [one]


def test_it_verifies_in_a_lab_s_name_and_says_in_which(town, firm, labs, agency):
    asked = {"voucher": named(firm, town.serial_for(firm))}

    own, unnamed, foreign = (
        agency.post("/v1/verifications", asked | more) for more in ({"lab": town.lab_id(labs[1])}, {}, {"lab": town.lab_id(labs[2])})
    )

    assert own["status"] == "VALID"
    assert (unnamed.status, unnamed.code) == (422, "LabMissing")
    assert (foreign.status, foreign.code) == (403, "NotYours")
    row = agency.get(f"/v1/lookups/{own['query_number']}")["lookup"]
    assert (row["party"], row["lab"], row["answer"]) == ("AGENCY", town.lab_id(labs[1]), "VALID")
    assert row == town.desk(SHANGHAI, "auditor").get(f"/v1/lookups/{own['query_number']}")["lookup"]


def test_an_agency_of_one_lab_need_not_name_it(town, firm, labs):
    desk = town.desk(SHANGHAI, agency_for(town, labs[0]))

    answer = desk.post("/v1/verifications", {"voucher": named(firm, town.serial_for(firm))})

    assert desk.get(f"/v1/lookups/{answer['query_number']}")["lookup"]["lab"] == town.lab_id(labs[0])


def test_a_lab_and_another_agency_are_not_told_what_it_looked_up(town, firm, labs, agency):
    asked = {"voucher": named(firm, town.serial_for(firm)), "lab": town.lab_id(labs[0])}
    number = agency.post("/v1/verifications", asked)["query_number"]

    strangers = [town.desk(SHANGHAI, agency_for(town, labs[2])), town.desk(SHANGHAI, "lab-shanghai")]

    assert {each.get(f"/v1/lookups/{number}").code for each in strangers} == {"NotFound"}


def test_another_agency_of_the_same_lab_is_not_told_either(town, firm, labs, agency):
    """Numbers follow one another, and whoever counts through them learns only what is his own."""
    asked = {"voucher": named(firm, town.serial_for(firm)), "lab": town.lab_id(labs[0])}
    number = agency.post("/v1/verifications", asked)["query_number"]

    other = town.desk(SHANGHAI, agency_for(town, labs[0]))

    assert other.get(f"/v1/lookups/{number}").code == "NotFound"
    assert agency.get(f"/v1/lookups/{number}").status == 200


def test_it_prepares_and_redeems_in_a_lab_s_name_which_stands_in_the_log(town, firm, labs, agency):
    lab, caller = labs[1], agency_for(town, *labs[:2])
    desk = town.desk(SHANGHAI, caller)
    facts = {"voucher": named(firm, town.serial_for(firm)), "project": "P-1", "amount": "500000"}
    prepared = desk.post("/v1/orders/prepare", facts | {"lab": town.lab_id(lab)})
    order = desk.post("/v1/orders", both_signed(town, prepared["typed_data"], firm, lab))["order_id"]
    document = redemption_document(town, order, lab, cost="800000", desk=(SHANGHAI, caller))
    redeemed = desk.post("/v1/redemptions", both_signed(town, document, firm, lab))

    assert redeemed["stage"] == "REDEEMED"
    rows = town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=2)["lookups"]
    prefix = town.world.api_keys[SHANGHAI][caller][:11]
    assert [(each["what"], each["party"], each["caller"], each["lab"]) for each in rows] == [
        ("redemption", "AGENCY", prefix, town.lab_id(lab)),
        ("order", "AGENCY", prefix, town.lab_id(lab)),
    ]


def test_it_prepares_nothing_for_another_lab(town, firm, labs, agency):
    order, lab = ordered(town, firm, labs[2]), town.lab_id(labs[2])
    facts = {"voucher": named(firm, town.serial_for(firm)), "project": "P-1", "amount": "500000", "lab": lab}

    asked = [
        agency.post("/v1/orders/prepare", facts),
        agency.post("/v1/releases/prepare", {"order": order}),
        agency.post("/v1/rotations/prepare", {"subject": lab, "signer": new_account().address}),
        agency.post("/v1/rotations/prepare", {"signer": new_account().address}),
    ]

    assert [each.code for each in asked] == ["NotYours", "NotFound", "NotYours", "LabMissing"]


def test_it_hands_evidence_in_for_its_labs_orders_and_is_named_as_who_did(town, firm, labs, agency):
    order = ordered(town, firm, labs[0])

    taken = agency.hand_in(f"/v1/orders/{order}/evidence/documents", {"file": "%PDF-1.7 样例"})

    assert taken.status == 201, taken.body
    assert [each["by"] for each in agency.get(f"/v1/orders/{order}/evidence")["documents"]] == ["AGENCY"]


def test_an_agreement_is_quoted_to_it_under_a_seller_of_its_labs_only(town, firm, labs, agency):
    asked = {"voucher": named(firm, town.serial_for(firm)), "cost": "800000"}

    answers = [agency.post("/v1/quotes", asked | {"agreement": {"seller": each.host_unit, "number": "C"}}) for each in labs]

    assert [(each.status, each.code) for each in answers[2:]] == [(422, "SellerDiffers")]
    assert [each.status for each in answers[:2]] == [200, 200]


# Who signs for many does not sign for both sides, and reviews nothing


def test_one_account_signs_for_several_labs(town, firm, labs):
    assert signer_of(town, labs[0]) == signer_of(town, labs[1])
    assert None not in [ordered(town, firm, each) for each in labs[:2]]


def test_an_agency_s_key_does_not_sign_for_firm_and_lab_of_one_order(town, labs, agency):
    firm = new_firm(town, CHANGXING, signer=labs[0].key)
    facts = {"voucher": named(firm, town.serial_for(firm)), "project": "P-1", "amount": "500000", "lab": town.lab_id(labs[1])}
    document = agency.post("/v1/orders/prepare", facts)["typed_data"]

    answer = agency.post("/v1/orders", both_signed(town, document, firm, labs[1]))

    assert (answer.status, answer.code) == (422, "SameSigner")


@pytest.mark.parametrize(("region", "code"), [(SHANGHAI, "SignerIsGateways"), (CHANGXING, "SignerHoldsRole")])
def test_an_account_that_reviews_signs_for_no_lab(town, region, code):
    reviewer = town.world.officials[region]["reviewer-1"].account.address
    asked = {"code": f"NEW-{town.number()}", "host_unit": "91310000MA0DEM001P", "signer": reviewer, "qualified_until": town.now + 86_400}

    assert town.desk(SHANGHAI, "directory").post("/v1/labs", asked).code == code
