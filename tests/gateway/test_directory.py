"""Labs, items, recognition, firms, keys and flags over HTTP; and that no account of a gateway ever signs for a party."""

import json
import sqlite3
import threading

import pytest

from gateway.acts import flags
from gateway.app import create_app
from gateway.office import SignsForParty
from gateway.settings import Settings
from registry import hold_index, salted
from registry.chain.devnode import Engine
from registry.cli.keys import require_as_asked
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from scripts.demonstration.world import new_key_file, write_private
from tests.gateway.conftest import settled_in
from tests.gateway.newcomers import firm_id, new_account, new_firm, new_lab, order_at, raw_of, release_document, signature, signer_of


@pytest.fixture
def own_town(_chain_ids, tmp_path):
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path) as town:
        yield town


def standing_of(town, lab):
    return town.desk(BEIJING, "auditor").get(f"/v1/labs/{town.lab_id(lab)}")["standing"]


def test_a_lab_passes_through_every_standing(town):
    lab = new_lab(town, SHANGHAI)
    path, desk = f"/v1/labs/{town.lab_id(lab)}", town.desk(SHANGHAI, "directory")

    seen = [desk.post(f"{path}/{verb}", {})["standing"] for verb in ("suspend", "reinstate", "exit", "reinstate", "freeze")]

    assert seen == ["SUSPENDED", "ACTIVE", "EXITED", "ACTIVE", "FROZEN"]
    assert desk.post(f"{path}/suspend", {}).code == "WrongStanding"
    assert town.desk(BEIJING, "directory").post(f"{path}/reinstate", {}).code == "NotDirectory"
    assert desk.post(f"/v1/labs/0x{'11' * 32}/freeze", {}).code == "UnknownLab"
    assert standing_of(town, lab) == "FROZEN"


def test_a_renewal_changes_until_when_and_who_invoices(town, firm):
    lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    path, desk = f"/v1/labs/{town.lab_id(lab)}", town.desk(SHANGHAI, "directory")
    until = town.now + 10 * 86_400

    assert desk.post(f"{path}/renew", {"seller": firm.company_code, "qualified_until": until}).status == 200

    assert desk.get(path)["qualified_until"] == until
    asked = {"voucher": {"region": CHANGXING, "firm": firm.company_code, "serial": town.serial_for(firm)}, "lab": town.lab_id(lab)}
    reasons = town.desk(CHANGXING, firm.key).post("/v1/verifications", asked)["reasons"]
    assert [each["code"] for each in reasons] == ["SellerIsFirm"]


def test_items_are_listed_once_and_recognised_like_labs(town):
    lab = new_lab(town, SHANGHAI)
    path, desk = f"/v1/labs/{town.lab_id(lab)}/items", town.desk(SHANGHAI, "directory")
    answer = desk.post(path, {"codes": ["XRD-1", "XRD-2"]})
    window = {"subjects": answer["items"], "from": town.now - 60, "until": town.now + 86_400 * 30}

    assert answer.status == 201
    assert desk.post(path, {"codes": ["XRD-3", "XRD-1"]}).code == "AlreadyListed"
    assert town.desk(KUNSHAN, "directory").post("/v1/recognitions", window).status == 201

    items = desk.get(path)["items"]
    assert [(each["code"], each["recognised_by"]) for each in items] == [("XRD-1", [KUNSHAN]), ("XRD-2", [KUNSHAN])]
    told = {each["subject"]: each for each in desk.get("/v1/recognitions", region=KUNSHAN, limit=1000)["recognitions"]}
    assert [(told[each]["kind"], told[each]["from"], told[each]["in_force"]) for each in answer["items"]] == [
        ("ITEM", window["from"], True)
    ] * 2
    withdrawn = town.desk(KUNSHAN, "directory").post("/v1/recognitions/withdraw", {"subjects": answer["items"][:1]})
    assert withdrawn.status == 200
    assert [each["recognised_by"] for each in desk.get(path)["items"]] == [[], [KUNSHAN]]
    assert town.desk(KUNSHAN, "directory").post("/v1/recognitions/withdraw", {"subjects": answer["items"][:1]}).code == "NotRecognised"


def test_what_nobody_listed_cannot_be_recognised(town):
    desk, nobody = town.desk(CHANGXING, "directory"), "0x" + "11" * 32

    unknown = desk.post("/v1/recognitions", {"subjects": [nobody], "from": 0, "until": 1})
    backwards = desk.post("/v1/recognitions", {"subjects": [town.lab_id(town.lab("lab-beijing"))], "from": 2, "until": 1})

    assert (unknown.code, backwards.code) == ("UnknownSubject", "InvalidWindow")


def test_the_catalogue_shows_no_tag(town, lab):
    told = str(town.desk(KUNSHAN, "lab-kunshan").get("/v1/labs", limit=1000).body)

    assert town.lab_id(lab) in told
    assert town.world.keyring.firm(lab.host_unit).hex() not in told


def test_a_firm_is_seen_by_itself_its_offices_and_auditors(town, firm):
    path = f"/v1/firms/{firm_id(town, firm)}"

    answers = [
        town.desk(*each).get(path).status
        for each in ((CHANGXING, firm.key), (CHANGXING, "payer"), (BEIJING, "auditor"), (SHANGHAI, "payer"), (KUNSHAN, "firm-kunshan"))
    ]

    assert answers == [200, 200, 200, 404, 404]
    assert town.desk(CHANGXING, firm.key).get("/v1/firms")["firms"][0]["firm"] == firm_id(town, firm)
    assert town.desk(SHANGHAI, "lab-shanghai").get("/v1/firms").code == "RoleNotAllowed"


# Keys


def test_a_party_replaces_its_own_key_at_once(town):
    firm = town.firm("firm-kunshan")
    desk, parties = town.desk(KUNSHAN, firm.key), town.world.parties
    successor = new_key_file(town.world.directory / "parties", f"{firm.key}-{town.number()}")

    prepared = desk.post("/v1/rotations/prepare", {"signer": successor.account.address})
    raw = raw_of(town, prepared["transaction"], firm)
    stolen = town.desk(BEIJING, "firm-beijing").post("/v1/rotations/submit", {"raw": raw})
    answer = desk.post("/v1/rotations/submit", {"raw": raw})
    parties[firm.key] = successor

    assert (stolen.status, stolen.code) == (403, "NotYours")
    assert (answer["outcome"], answer["signer"]) == ("ROTATED", successor.account.address.lower())
    assert desk.post("/v1/rotations/submit", {"raw": raw}) == answer
    seen = desk.get(f"/v1/keys/{firm_id(town, firm)}")
    assert (seen["signer"], seen["history"][-1]["name"]) == (successor.account.address.lower(), "KeyRotated")


def test_the_old_key_vetoes_what_its_office_proposed(town):
    firm = town.firm("firm-beijing")
    subject, desk, office = firm_id(town, firm), town.desk(BEIJING, firm.key), town.desk(BEIJING, "directory")
    thief = new_account()
    none = desk.post("/v1/rotations/veto/prepare", {})

    proposed = office.post("/v1/rotations", {"subject": subject, "signer": thief.address})
    early = desk.post("/v1/rotations/complete", {"subject": subject})
    pending = office.get("/v1/rotations")["rotations"]
    prepared = desk.post("/v1/rotations/veto/prepare", {})
    forged = desk.post("/v1/rotations/submit", {"raw": "0x" + bytes(thief.sign_transaction(prepared["transaction"]).raw_transaction).hex()})
    answer = desk.post("/v1/rotations/submit", {"raw": raw_of(town, prepared["transaction"], firm)})

    assert (none.code, early.code, forged.code) == ("NoRotation", "RotationNotYet", "NotSigner")
    assert (proposed["outcome"], answer["outcome"]) == ("PROPOSED", "VETOED")
    assert [(each["proposed"], each["proposed_from"]) for each in pending if each["subject"] == subject] == [
        (thief.address.lower(), proposed["proposed_from"])
    ]
    assert subject not in {each["subject"] for each in office.get("/v1/rotations")["rotations"]}


def test_an_office_replaces_a_lost_key_after_three_days_and_only_of_its_own_region(own_town):
    town = own_town
    firm, successor = new_firm(town, CHANGXING), new_account().address
    proposal = {"subject": firm_id(town, firm), "signer": successor}
    subject = {"subject": proposal["subject"]}
    foreign = town.desk(BEIJING, "directory").post("/v1/rotations", proposal)

    proposed = town.desk(CHANGXING, "directory").post("/v1/rotations", proposal)
    # The last second is the contracts' own test: here the clock runs on while a gateway answers.
    town.node.set_time(proposed["proposed_from"] - 60)
    early = town.desk(SHANGHAI, "lab-shanghai").post("/v1/rotations/complete", subject)
    town.node.set_time(proposed["proposed_from"])
    answer = town.desk(SHANGHAI, "lab-shanghai").post("/v1/rotations/complete", subject)

    assert (foreign.code, early.code) == ("NotFound", "RotationNotYet")
    assert (answer["outcome"], answer["signer"]) == ("ROTATED", successor.lower())


def test_on_either_node_a_prepared_transaction_is_one_that_the_command_line_signs(town, firm):
    transaction = town.desk(CHANGXING, firm.key).post("/v1/rotations/prepare", {"signer": signer_of(town, firm)})["transaction"]

    deployment, calldata = town.world.deployment, bytes.fromhex(transaction["data"].removeprefix("0x"))
    require_as_asked(transaction, chain_id=deployment.chain_id, directory=deployment.directory, calldata=calldata)


@pytest.mark.parametrize(
    "change",
    [
        {"chainId": 1},
        {"to": "0x" + "11" * 20},
        {"value": 1},
        {"gasPrice": 1},
        {"data": "0x"},
        {"data": "0x" + "11" * 68},
        {"data": "suspend"},
        {"type": 2, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "gasPrice": None},
    ],
)
def test_no_other_transaction_is_passed_on(town, firm, change):
    from registry.codec import encode  # noqa: PLC0415 - the gateway knows no calldata, the test makes some

    desk = town.desk(CHANGXING, firm.key)
    before = town.event_count()
    prepared = desk.post("/v1/rotations/prepare", {"signer": signer_of(town, firm)})["transaction"]
    altered = {name: value for name, value in (prepared | change).items() if value is not None}
    if altered["data"] == "suspend":
        altered["data"] = "0x" + encode("suspend", bytes(32)).hex()

    answer = desk.post("/v1/rotations/submit", {"raw": raw_of(town, altered, firm)})

    assert (answer.status, answer.code) == (422, "TransactionRefused")
    assert town.event_count() == before


def test_a_transaction_whose_nonce_was_used_is_refused_and_a_new_one_works(town):
    """Both were prepared before either was sent."""
    firm = town.firm("firm-beijing")
    desk, current = town.desk(BEIJING, firm.key), {"signer": signer_of(town, firm)}
    first, second = (desk.post("/v1/rotations/prepare", current)["transaction"] for _ in range(2))
    raw = [raw_of(town, first, firm), raw_of(town, second | {"gas": second["gas"] + 1}, firm)]

    answers = [desk.post("/v1/rotations/submit", {"raw": each}) for each in raw]

    assert [each.code for each in answers] == [None, "TransactionRefused"]
    anew = raw_of(town, desk.post("/v1/rotations/prepare", current)["transaction"], firm)
    assert desk.post("/v1/rotations/submit", {"raw": anew})["outcome"] == "ROTATED"


@pytest.mark.parametrize("raw", ["0x", "0x0", "0xzz", "f8", "0x" + "00" * 4001, 1, None])
def test_what_is_no_bytes_is_no_transaction(town, firm, raw):
    assert town.desk(CHANGXING, firm.key).post("/v1/rotations/submit", {"raw": raw}).code == "InvalidRequest"


@pytest.mark.parametrize("raw", ["0x00", "0xc0", "0xc101", "0x" + "ff" * 100, "0xc9" + "80" * 9, "0xca" + "80" * 8 + "c180"])
def test_bytes_that_are_no_transaction_are_refused(town, firm, raw):
    assert town.desk(CHANGXING, firm.key).post("/v1/rotations/submit", {"raw": raw}).code == "TransactionRefused"


# No account of a gateway signs for a party


@pytest.mark.parametrize("own", ["relay", "issuer"])
def test_a_gateways_account_never_becomes_a_partys_signer(town, firm, own):
    account = town.world.officials[CHANGXING][own].account.address
    directory, until = town.desk(CHANGXING, "directory"), town.now + 86_400
    before = town.event_count()

    answers = [
        directory.post("/v1/firms", {"firm": "91330522MA0DEM998X", "signer": account}),
        directory.post("/v1/firms", {"firm": firm.company_code, "signer": account.lower()}),
        directory.post("/v1/labs", {"code": "X", "host_unit": firm.company_code, "signer": account, "qualified_until": until}),
        directory.post("/v1/rotations", {"subject": firm_id(town, firm), "signer": account}),
        town.desk(CHANGXING, firm.key).post("/v1/rotations/prepare", {"signer": account}),
    ]

    assert {each.code for each in answers} <= {"SignerIsGateways", "CodeRefused"}
    assert [each.code for each in answers[1:]] == ["SignerIsGateways"] * 4
    assert town.event_count() == before


def test_a_rotation_to_the_relay_that_was_signed_elsewhere_is_not_passed_on(town, firm):
    desk = town.desk(CHANGXING, firm.key)
    transaction = desk.post("/v1/rotations/prepare", {"signer": new_account().address})["transaction"]
    relay = town.world.officials[CHANGXING]["relay"].account.address
    transaction["data"] = transaction["data"][:-40] + relay[2:].lower()

    assert desk.post("/v1/rotations/submit", {"raw": raw_of(town, transaction, firm)}).code == "SignerIsGateways"


def test_a_gateway_whose_relay_signs_for_a_party_does_not_start(town, tmp_path):
    """Another region's office, whose gateway does not know this relay, enrolled it."""
    relay = new_key_file(tmp_path, "relay")
    asked = {"firm": f"T{BEIJING}{town.number():08}", "signer": relay.account.address}
    assert town.desk(BEIJING, "directory").post("/v1/firms", asked).status == 201
    accounts = {"accounts": {"relay": {"keystore": "relay.json", "password_file": "relay.password"}}}
    write_private(tmp_path / "accounts.json", json.dumps(accounts))
    settings = Settings(**town.world.settings(SHANGHAI) | {"state": tmp_path / "state", "accounts": tmp_path / "accounts.json"})

    with pytest.raises(SignsForParty, match=relay.account.address):
        _start(settings)


def test_a_start_that_fails_half_way_leaves_nothing_open(town, tmp_path):
    state = tmp_path / "state"
    (state / "agents.sqlite").mkdir(parents=True)
    state.chmod(0o700)
    logs = [each for each in threading.enumerate() if each.name == "look-up log"]

    with pytest.raises(sqlite3.OperationalError, match=r"agents\.sqlite") as refused:
        _start(Settings(**town.world.settings(SHANGHAI) | {"state": state}))

    assert [each for each in threading.enumerate() if each.name == "look-up log"] == logs
    with hold_index(state / "index.sqlite"):
        assert refused.value


def _start(settings):
    import asyncio  # noqa: PLC0415 - only here

    app = create_app(settings)

    async def enter():
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(enter())


# Flags


def test_a_flag_is_told_with_its_dates_and_its_words_only_where_they_were_given(town):
    subject = town.lab_id(new_lab(town, SHANGHAI))
    first = town.desk(CHANGXING, "directory").post("/v1/flags", {"subject": subject, "ground": "FALSE_STATEMENT", "reason": "涉嫌虚报"})
    own = town.desk(CHANGXING, "directory").post(f"/v1/flags/{subject}/second", {"reason": "同"})
    assert town.desk(CHANGXING, "reviewer-1").get(f"/v1/flags/{subject}")["state"] == "STANDING"
    second = town.desk(BEIJING, "directory").post(f"/v1/flags/{subject}/second", {"reason": "同样情况"})

    seen = town.desk(CHANGXING, "reviewer-1").get(f"/v1/flags/{subject}")
    elsewhere = town.desk(KUNSHAN, "auditor").get(f"/v1/flags/{subject}")

    assert (first.status, own.code, second.status) == (201, "OwnFlag", 200)
    assert (seen["by"], seen["seconder"], seen["until"], seen["kind"], seen["region"]) == (CHANGXING, BEIJING, None, "LAB", SHANGHAI)
    assert [(each["region"], each["text"]) for each in seen["reasons"]] == [(CHANGXING, "涉嫌虚报"), (BEIJING, None)]
    assert [each["text"] for each in elsewhere["reasons"]] == [None, None]
    told = seen["reasons"][0]
    assert bytes.fromhex(told["hash"][2:])[16:] == salted("涉嫌虚报".encode(), bytes.fromhex(told["salt"][2:]))[:16]
    assert [each["ground"] for each in seen["reasons"]] == [each["ground"] for each in elsewhere["reasons"]] == ["FALSE_STATEMENT", "OTHER"]
    assert town.desk(CHANGXING, "directory").post(f"/v1/flags/{subject}/unflag", {}).code == "AlreadySeconded"
    assert town.desk(SHANGHAI, "lab-shanghai").get("/v1/flags").code == "RoleNotAllowed"
    assert town.desk(SHANGHAI, "lab-shanghai").get(f"/v1/labs/{subject}")["flagged_until"] is not None


def test_a_flag_is_taken_back_by_whoever_set_it_and_set_once(town):
    subject = firm_id(town, new_firm(town, BEIJING))
    desk = town.desk(SHANGHAI, "directory")
    desk.post("/v1/flags", {"subject": subject, "reason": "A"})

    foreign = town.desk(KUNSHAN, "directory").post(f"/v1/flags/{subject}/unflag", {})
    lifted = desk.post(f"/v1/flags/{subject}/unflag", {})

    assert (foreign.code, lifted.status) == ("NotOwnFlag", 200)
    assert desk.post("/v1/flags", {"subject": subject, "reason": "A"}).code == "FlaggedBefore"
    seen = town.desk(SHANGHAI, "payer").get(f"/v1/flags/{subject}")
    assert (seen["state"], seen["lifted"] is not None) == ("LIFTED", True)
    standing = town.desk(SHANGHAI, "payer").get("/v1/flags", state="STANDING", limit=1000)["flags"]
    assert subject not in {each["subject"] for each in standing}


def test_a_flag_lapses_after_30_days(own_town):
    town = own_town
    subject = firm_id(town, new_firm(town, BEIJING))
    until = town.desk(SHANGHAI, "directory").post("/v1/flags", {"subject": subject, "reason": "A"})["until"]
    desk = town.desk(SHANGHAI, "auditor")

    town.node.set_time(until)
    at_the_end = desk.get(f"/v1/flags/{subject}")["state"]
    town.node.set_time(until + 1)

    assert at_the_end == "STANDING"
    assert desk.get(f"/v1/flags/{subject}")["state"] == "LAPSED"
    assert [each["state"] for each in desk.get("/v1/flags", state="LAPSED")["flags"]] == ["LAPSED"]


def test_a_case_file_collects_what_a_flag_touches(town, firm):
    unit = new_lab(town, SHANGHAI, recognised_by=(CHANGXING, BEIJING))
    sibling = new_lab(town, SHANGHAI, host_unit=unit.host_unit)
    subject, beijing = town.lab_id(unit), town.firm("firm-beijing")
    orders = []
    for each in (firm, firm, beijing):
        signed = order_at(town, each, unit, serial=town.serial_for(each), amount="500000")
        orders.append(town.desk(each.region, each.key).post("/v1/orders", signed)["order_id"])
    town.desk(BEIJING, "directory").post("/v1/flags", {"subject": subject, "ground": "SERVICE_LOWERED", "reason": "A"})

    seen = {region: town.desk(region, "reviewer-1").get(f"/v1/flags/{subject}/case") for region in (CHANGXING, SHANGHAI, KUNSHAN)}

    assert [each["flag"]["reasons"][0]["ground"] for each in seen.values()] == ["SERVICE_LOWERED"] * 3
    assert [[each["order_id"] for each in case["orders"]] for case in seen.values()] == [orders[:2], orders, []]
    sums = [(each["issuing_region"], each["lab_region"], each["orders"], each["amount"]) for each in seen[KUNSHAN]["sums"]]
    assert sums == [(BEIJING, SHANGHAI, 1, "500000"), (CHANGXING, SHANGHAI, 2, "1000000")]
    assert [(each["subject"], each["shares"]) for each in seen[KUNSHAN]["related"]] == [(town.lab_id(sibling), ["HOST_UNIT", "SELLER"])]
    assert seen[KUNSHAN]["history"][-1]["name"] == "Flagged"


def test_a_case_file_of_a_firm_is_of_its_own_region_s_vouchers(town, lab):
    firm = new_firm(town, CHANGXING)
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    subject = firm_id(town, firm)
    assert town.desk(SHANGHAI, "auditor").get(f"/v1/flags/{subject}/case").code == "NotFound"
    town.desk(SHANGHAI, "directory").post("/v1/flags", {"subject": subject, "ground": "FUNDS_OBTAINED", "reason": "A"})

    case = town.desk(SHANGHAI, "auditor").get(f"/v1/flags/{subject}/case")

    assert [(each["order_id"], each["stage"]) for each in case["orders"]] == [(order, "OPEN")]
    assert case["related"] == []
    assert case["flag"]["reasons"][0]["ground"] == "FUNDS_OBTAINED"


def test_a_released_order_has_no_subsidy_in_a_case_file(town, lab):
    """Redeemed, sent back, and released: what was asked for once is paid by nobody."""
    firm = new_firm(town, CHANGXING)
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    town.redeemed(order, firm, lab, cost="800000")
    subject = firm_id(town, firm)
    assert town.review("reject", CHANGXING, "reviewer-1", order) == "OPEN"
    document = release_document(town, order, lab)
    assert town.submit("/v1/releases", lab, {"typed_data": document, "lab_signature": signature(town, document, lab)}).status == 201
    town.desk(SHANGHAI, "directory").post("/v1/flags", {"subject": subject, "ground": "FUNDS_OBTAINED", "reason": "A"})

    (sums,) = town.desk(SHANGHAI, "auditor").get(f"/v1/flags/{subject}/case")["sums"]

    assert (sums["stage"], sums["orders"], sums["subsidy"]) == ("RELEASED", 1, "0")


def test_another_region_cannot_put_this_regions_words_under_its_own_flag(town, monkeypatch):
    """The second half of a reason is public on the chain, and anybody may copy it."""
    subject, other = (town.lab_id(new_lab(town, SHANGHAI)) for _ in range(2))
    assert town.desk(CHANGXING, "directory").post("/v1/flags", {"subject": subject, "reason": "涉嫌虚报"}).status == 201
    (given,) = town.desk(CHANGXING, "reviewer-1").get(f"/v1/flags/{subject}")["reasons"]
    monkeypatch.setattr(flags, "reason_given", lambda *_: bytes.fromhex(given["hash"][2:]))
    assert town.desk(BEIJING, "directory").post("/v1/flags", {"subject": other, "reason": "A"}).status == 201

    (copied,) = town.desk(CHANGXING, "reviewer-1").get(f"/v1/flags/{other}")["reasons"]

    assert (copied["region"], copied["hash"], copied["text"]) == (BEIJING, given["hash"], None)
