"""The catalogue's samples at real size, and a tenth of them loaded at five gateways. All of it: `scripts/bench catalogue`."""

import pytest

from gateway import catalogue_list
from gateway.catalogue_list import LabRow
from registry.chain.devnode import Engine
from scripts.catalogue_samples import BEIJING, HEBEI, JIAXING, TIANJIN, lists
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.loading import LOADED, load_one, loaded_everywhere

ONE_IN = 10


@pytest.fixture(scope="module")
def samples():
    return lists()


def test_the_same_seed_gives_the_same_bytes(samples):
    assert lists() == samples


def test_the_samples_have_the_papers_figures_and_not_one_bad_row(samples):
    parsed = catalogue_list.labs(samples["labs-jjj.csv"])
    across = [row for row in parsed.rows if row.recognition is not None]

    assert (parsed.bad, parsed.count) == ([], 999)
    assert {region: sum(row.region == region for row in parsed.rows) for region in (BEIJING, TIANJIN, HEBEI)} == {
        BEIJING: 673,
        TIANJIN: 238,
        HEBEI: 88,
    }
    assert (len(across), sum(row.region == BEIJING for row in across)) == (753, 427)
    assert f"{427 / 753:.2%}" == "56.71%"
    assert len({row.host_unit for row in across if row.region == BEIJING}) == 13
    listed = {row.host_unit for row in across}
    assert sum(row.host_unit in listed for row in parsed.rows if row.recognition is None) == 120, "unit listed, lab not"


def test_the_instruments_have_the_papers_figures_and_not_one_bad_row(samples):
    parsed = catalogue_list.items(samples["items-shanghai.csv"])
    labs = {row.key for row in catalogue_list.labs(samples["labs-shanghai.csv"]).rows}

    assert (parsed.bad, parsed.count) == ([], 22_679)
    eligible = [row for row in parsed.rows if row.recognition is not None]
    assert (len(eligible), {row.recognition.by for row in eligible}) == (6_789, {(JIAXING,)})
    assert {row.lab_key for row in parsed.rows} == labs


def test_every_name_says_that_it_is_a_sample(samples):
    rows: list[LabRow] = [*catalogue_list.labs(samples["labs-jjj.csv"]).rows, *catalogue_list.labs(samples["labs-shanghai.csv"]).rows]

    assert all(row.name.startswith("样例") and row.unit.startswith("样例") for row in rows)
    assert all(row.name.startswith("样例") for row in catalogue_list.items(samples["items-shanghai.csv"]).rows)


@pytest.fixture
def own_town(_chain_ids, tmp_path):
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path) as town:
        yield town


@pytest.mark.slow
def test_a_tenth_is_loaded_by_everybody_whom_it_concerns_each_row_once(own_town):
    town, before = own_town, own_town.event_count()
    loads = list(loaded_everywhere(town, one_in=ONE_IN))
    events = town.events()[before:]
    content = {name: text.decode("utf-8-sig") for name, text in lists(one_in=ONE_IN, by=CHANGXING).items()}

    again = [load_one(town, region, {kind: content[name] for kind, name in named.items()}) for region, named in LOADED.items()]

    assert not any(count for load in loads[len(LOADED) :] for count in load.left.values())
    assert [load.calls for load in again] == [0] * len(LOADED)
    assert town.event_count() == before + len(events)
    told = [(each["name"], each["values"].get("region"), _subject(each["values"])) for each in events]
    expected = _expected(content)
    assert {name: sum(each[0] == name for each in told) for name in expected} == expected
    assert len(set(told)) == len(told), "each row once"
    _searched(town, content)


def _subject(values):
    return values.get("subject") or values.get("item") or values["lab"]


def _expected(content):
    labs = [row for name in ("labs-jjj.csv", "labs-shanghai.csv") for row in catalogue_list.labs(content[name].encode()).rows]
    items = catalogue_list.items(content["items-shanghai.csv"].encode()).rows
    recognised = sum(len(row.recognition.by) for row in (*labs, *items) if row.recognition is not None)
    return {"LabAdmitted": len(labs), "ItemListed": len(items), "Recognised": recognised}


def _searched(town, content):
    """AT-13 and AT-14 as a firm sees them: what is local only is found and not usable, and of the instruments those that are eligible."""
    across = [row for row in catalogue_list.labs(content["labs-jjj.csv"].encode()).rows if row.region == BEIJING]
    asked = {"kind": "LAB", "region": BEIJING, "limit": 1000}
    found = town.desk(TIANJIN, "auditor").get("/v1/catalogue", **asked)["entries"]
    usable = town.desk(TIANJIN, "auditor").get("/v1/catalogue", **asked, usable_by=TIANJIN)["entries"]
    assert (len(found), len(usable)) == (len(across), sum(row.recognition is not None for row in across))

    items = catalogue_list.items(content["items-shanghai.csv"].encode()).rows
    first = next(row for row in items if row.recognition is not None)
    (instrument,) = town.desk(SHANGHAI, "lab-shanghai").get("/v1/catalogue", name=first.code)["entries"]
    assert (instrument["name"], CHANGXING in instrument["usable_by"]) == (first.name, True)
