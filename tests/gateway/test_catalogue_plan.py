"""What is left to load, worked out from entries and a ledger: and what a list never does."""

from dataclasses import replace

import pytest

from gateway.catalogue import ITEM, LAB, Entry
from gateway.catalogue_list import Recognition
from gateway.catalogue_plan import ITEMS_AT_ONCE, SUBJECTS_AT_ONCE, conflict, plan
from registry import Address, Id, LabState, Ledger, Region, Standing, Time, Window

OWN, OTHER = Region(110000), Region(130000)
SIGNER = Address("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf")
NOW = Time(1_000_000)
LATER = Time(2_000_000)


def an_id(number):
    return Id(number.to_bytes(32, "big"))


def lab(number, region=OWN, **more):
    own = {"signer": SIGNER, "seller": "S", "qualified_until": LATER}
    named = {"host_unit": "U", "unit": "样例", "code": f"L{number}", "name": "样例", "services": ("检测",), "place": "北京"}
    return Entry(subject=an_id(number), lab=an_id(number), kind=LAB, line=number, region=region, **named, **(own | more))


def item(number, of, region=OWN, **more):
    named = {"host_unit": "U", "unit": "样例", "code": f"I{number}", "name": "样例", "services": ("检测",), "place": "北京"}
    return Entry(subject=an_id(number), lab=an_id(of), kind=ITEM, line=number, region=region, **named, **more)


def recognised(from_, until, by=OWN):
    return {"recognition": Recognition((by,), Time(from_), Time(until))}


def ledger_with(*labs, qualified_until=LATER, items=()):
    ledger = Ledger(registry=SIGNER)
    for each in labs:
        ledger.labs[an_id(each)] = LabState(SIGNER, OWN, Standing.ACTIVE, Time(0), bytes(27), qualified_until)
    for number, of in items:
        ledger.items[an_id(number)] = an_id(of)
    return ledger


def never(_):
    return None


def planned(entries, ledger, withdrawn=never):
    return plan(OWN, entries, ledger, withdrawn, NOW)


def test_all_is_left_of_a_chain_that_knows_nothing():
    entries = [lab(1), lab(2, **recognised(0, 9)), lab(3, OTHER, **recognised(0, 9)), lab(4, OTHER), item(5, 1), item(6, 3, OTHER)]

    found = planned(entries, ledger_with())

    assert [each.subject for each in found.admit] == [an_id(1), an_id(2)]
    # Nothing can be recognised or listed before there is a lab.
    assert (found.renew, found.list, found.recognise) == ([], [], [])
    left = found.left
    assert (left.admit, left.renew, left.list, left.recognise, left.waiting, left.to_do) == (2, 0, 1, 1, 1, 4)


def test_nothing_is_left_of_what_the_chain_holds():
    ledger = ledger_with(1, items=[(5, 1)])
    ledger.recognitions[OWN, an_id(1)] = Window(Time(0), LATER)

    found = planned([lab(1, **recognised(0, LATER)), item(5, 1)], ledger)

    assert (found.admit, found.renew, found.list, found.recognise, found.left.to_do) == ([], [], [], [], 0)


def test_a_list_renews_and_never_shortens():
    entries = [lab(1)]

    assert [each.subject for each in planned(entries, ledger_with(1, qualified_until=LATER - 1)).renew] == [an_id(1)]
    assert planned(entries, ledger_with(1, qualified_until=LATER + 1)).left.to_do == 0


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.EXITED, Standing.FROZEN])
def test_a_list_never_brings_a_lab_back_that_left(standing):
    ledger = ledger_with(1)
    ledger.labs[an_id(1)] = replace(ledger.labs[an_id(1)], standing=standing)

    assert planned([lab(1)], ledger).left.to_do == 0


def test_calls_are_no_larger_than_a_block_takes():
    entries = [lab(1), *(item(number, 1, **recognised(0, 9)) for number in range(10, 10 + ITEMS_AT_ONCE + 1))]
    unlisted, listed = ledger_with(1), ledger_with(1, items=[(each.subject[-1] + 256 * each.subject[-2], 1) for each in entries[1:]])

    assert [len(each.codes) for each in planned(entries, unlisted).list] == [ITEMS_AT_ONCE, 1]
    assert [len(each.subjects) for each in planned(entries, listed).recognise] == [SUBJECTS_AT_ONCE, 1]


@pytest.mark.parametrize(
    ("present", "asked", "wanted"),
    [
        ((NOW - 10, NOW + 10), (NOW - 10, NOW + 10), None),
        ((NOW - 10, NOW + 10), (NOW - 10, NOW + 20), (NOW - 10, NOW + 20)),
        ((NOW - 10, NOW + 10), (NOW + 11, NOW + 20), (NOW - 10, NOW + 20)),
        ((NOW - 10, NOW + 10), (NOW - 10, NOW + 5), None),
        ((NOW + 5, NOW + 10), (NOW, NOW + 10), (NOW, NOW + 10)),
        ((NOW - 10, NOW - 1), (NOW, NOW + 10), (NOW, NOW + 10)),
        ((NOW - 10, NOW - 1), (NOW + 5, NOW + 10), (NOW + 5, NOW + 10)),
        ((NOW - 10, NOW - 1), (NOW - 20, NOW - 1), None),
    ],
)
def test_a_window_is_only_ever_made_longer_or_followed(present, asked, wanted):
    ledger = ledger_with(1)
    ledger.recognitions[OWN, an_id(1)] = Window(*present)

    found = planned([lab(1, **recognised(*asked))], ledger).recognise

    assert [(each.from_, each.until) for each in found] == ([] if wanted is None else [wanted])


def test_a_window_behind_a_gap_would_end_the_present_one():
    ledger = ledger_with(1)
    ledger.recognitions[OWN, an_id(1)] = Window(NOW - 10, NOW + 10)
    entry = lab(1, **recognised(NOW + 12, NOW + 20))

    assert conflict(OWN, entry, ledger, never, NOW) == "WindowApart"
    assert planned([entry], ledger).left.to_do == 0


@pytest.mark.parametrize(("from_", "code"), [(NOW - 51, "WithdrawnBefore"), (NOW - 50, None)])
def test_what_was_withdrawn_comes_back_by_a_later_decision_only(from_, code):
    ledger = ledger_with(1)
    ledger.recognitions[OWN, an_id(1)] = Window(Time(0), NOW - 51)
    entry = lab(1, **recognised(from_, LATER))

    def withdrawn(_):
        return Time(NOW - 50)

    assert conflict(OWN, entry, ledger, withdrawn, NOW) == code
    assert len(planned([entry], ledger, withdrawn).recognise) == (code is None)
