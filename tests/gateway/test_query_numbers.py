"""Query numbers: what is answered can be looked up by what was read out over the telephone, and by no other number."""

import pytest

from gateway.api_keys import ApiKeys
from gateway.callers import Party
from gateway.errors import Problem
from gateway.query_numbers import query_number, row_named
from registry import Region
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from tests.gateway.newcomers import give_api_key, new_firm

HERE = Region(SHANGHAI)
ROWS = [1, 9, 10, 118, 4_182, 99_999, 1_000_000, 123_456_789]


def refused(number):
    with pytest.raises(Problem) as found:
        row_named(HERE, number)
    return found.value


@pytest.mark.parametrize("row", ROWS)
def test_a_number_names_its_row(row):
    assert row_named(HERE, query_number(HERE, row)) == row


def test_the_check_character_is_the_identity_card_s():
    """The sample of GB 11643: 11010519491231002X."""
    assert query_number(Region(110105), 19_491_231_002) == "110105-19491231002-X"


def test_one_in_eleven_ends_with_x_as_on_an_identity_card():
    ends = {query_number(HERE, row)[-1] for row in range(1, 100)}

    assert ends == set("0123456789X")


@pytest.mark.parametrize("row", ROWS)
def test_every_single_character_that_was_misheard_is_refused(row):
    number = query_number(HERE, row)
    misheard = [
        number[:at] + other + number[at + 1 :]
        for at, character in enumerate(number)
        if character != "-"
        for other in "0123456789X"
        if other != character
    ]

    assert {refused(each).code for each in misheard} == {"QueryNumberRefused"}


@pytest.mark.parametrize("row", ROWS)
def test_two_neighbours_that_were_swapped_are_refused(row):
    plain = query_number(HERE, row).replace("-", "")
    swapped = {plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :] for at in range(len(plain) - 1)} - {plain}

    assert {refused(each).code for each in swapped} == {"QueryNumberRefused"}


@pytest.mark.parametrize("typed", ["310000-118-7", "3100001187", " 310000 118 7", "３１００００－１１８－７", "310000—118—7"])
def test_it_is_read_as_a_person_types_it(typed):
    assert row_named(HERE, typed) == 118


def test_a_small_x_is_the_check_character():
    row = next(row for row in range(1, 100) if query_number(HERE, row).endswith("X"))

    assert row_named(HERE, query_number(HERE, row).lower()) == row


@pytest.mark.parametrize("number", ["", "-", "310000", "x", "310000-0-5", "0x12", "310000-1-", "310000-١١٨-3", "9" * 60])
def test_what_is_no_number_is_refused(number):
    problem = refused(number)

    assert (problem.status, problem.code, problem.values) == (422, "QueryNumberRefused", {"number": number})


def test_another_region_s_number_names_the_region_to_ask():
    problem = refused(query_number(Region(CHANGXING), 118))

    assert (problem.status, problem.code, problem.values["region"]) == (404, "QueryNumberElsewhere", CHANGXING)


# At a running gateway


@pytest.fixture
def verified(town, firm, lab):
    """A lab's verification of a voucher for more than it has."""
    asked = {"voucher": {"region": firm.region, "firm": firm.company_code, "serial": town.serial_for(firm)}, "amount": "1100000"}
    return town.desk(SHANGHAI, lab.key).post("/v1/verifications", asked)


def looked_up(town, region, caller, number):
    return town.desk(region, caller).get(f"/v1/lookups/{number}")


def test_what_was_answered_can_be_looked_up(town, lab, verified):
    found = looked_up(town, SHANGHAI, "auditor", verified["query_number"])["lookup"]

    assert (found["query_number"], found["what"], found["answer"]) == (verified["query_number"], "verification", "NOT_VALID")
    assert (found["block"], found["amount"], found["reasons"]) == (verified["block"]["number"], "1100000", ["OverAvailable"])
    assert found["voucher_id"] == verified["voucher"]["voucher_id"]
    assert (found["party"], found["region"], found["lab"]) == ("LAB", SHANGHAI, "0x" + town.world.lab_id(lab).hex())
    assert found["caller"] == town.world.api_keys[SHANGHAI][lab.key][:11]


def test_each_of_a_batch_has_its_own_number(town, firm, lab):
    serials = [town.serial_for(firm), "NONE"]
    named = [{"voucher": {"region": firm.region, "firm": firm.company_code, "serial": each}} for each in serials]
    wrong = {"voucher": {"region": firm.region, "firm": "x", "serial": "y"}}

    answers = town.desk(SHANGHAI, lab.key).post("/v1/verifications/batch", {"verifications": [*named, wrong]})["verifications"]

    told = [looked_up(town, SHANGHAI, lab.key, each["query_number"])["lookup"]["answer"] for each in answers]
    assert told == ["VALID", "NOT_VALID", "CodeRefused"]
    assert len({each["query_number"] for each in answers}) == 3


def foreign(town, name, **scope):
    """Somebody of another region with a key to Shanghai's gateway."""
    with ApiKeys(town.world.folder(SHANGHAI) / "state") as keys:
        town.world.api_keys[SHANGHAI][name], _ = keys.add(name=name, **scope)
    return name


def test_the_lab_that_asked_the_offices_of_both_regions_and_auditors_see_it_and_nobody_else(town, lab, verified):
    home, third = (
        foreign(town, f"reads-{region}", party=Party.REVIEWER, region=region, account="reviewer-1") for region in (CHANGXING, BEIJING)
    )
    another_lab = foreign(town, "another-lab", party=Party.LAB, region=BEIJING, lab=town.world.lab_id(town.lab("lab-beijing")))

    seen = [looked_up(town, SHANGHAI, each, verified["query_number"]) for each in (lab.key, "reviewer-1", home, "auditor")]
    hidden = [looked_up(town, SHANGHAI, each, verified["query_number"]) for each in (third, another_lab)]

    assert all(each["lookup"] == seen[0]["lookup"] for each in seen)
    assert [each["head"] is None for each in seen] == [True, True, True, False]
    assert seen[-1]["head"]["number"] >= seen[0]["lookup"]["number"]
    assert [each.code for each in hidden] == ["NotFound"] * 2


def test_a_firm_is_told_of_its_own_voucher_but_not_which_lab_asked(town):
    firm, stranger = new_firm(town, CHANGXING), new_firm(town, CHANGXING)
    for each in (firm, stranger):
        give_api_key(town, each)
    asked = {"voucher": {"region": CHANGXING, "firm": firm.company_code, "serial": town.serial_for(firm)}}
    number = town.desk(CHANGXING, firm.key).post("/v1/verifications", asked)["query_number"]

    own, other = (looked_up(town, CHANGXING, each.key, number) for each in (firm, stranger))

    assert (own["lookup"]["answer"], own["lookup"]["caller"], own["lookup"]["lab"]) == ("VALID", None, None)
    assert (other.status, other.code) == (404, "NotFound")


def test_a_number_that_nobody_was_given_and_another_gateway_s_are_not_found(town, verified):
    later = query_number(HERE, 10**12)

    nobody = looked_up(town, SHANGHAI, "auditor", later)
    elsewhere = looked_up(town, KUNSHAN, "auditor", verified["query_number"])
    misheard = looked_up(town, BEIJING, "auditor", "110000-1-0")

    assert (nobody.status, nobody.code, nobody["values"]["what"]) == (404, "NotFound", "lookup")
    assert (elsewhere.status, elsewhere.code, elsewhere["values"]["region"]) == (404, "QueryNumberElsewhere", SHANGHAI)
    assert (misheard.status, misheard.code) == (422, "QueryNumberRefused")
