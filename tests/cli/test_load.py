"""`tongquan lab load` at a terminal, broken off and repeated, and with a list that has a bad row."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.acts import catalogue
from registry.chain.devnode import Engine
from scripts.catalogue_samples import ITEM_COLUMNS, JJJ, LAB_COLUMNS, PLATFORM, as_csv, items, labs
from scripts.demonstration.cast import BEIJING, SHANGHAI
from tests.cli.people import people_in
from tests.cli.test_terminal import typed
from tests.gateway.conftest import wait_until

TONGQUAN = Path(sys.executable).with_name("tongquan")


@pytest.fixture(scope="module")
def people(_chain_ids, tmp_path_factory):
    with people_in(Engine.ANVIL, next(_chain_ids), tmp_path_factory.mktemp("loading")) as people:
        yield people


def admitted(people, region):
    """How often each lab of a region stands in the trail."""
    records = [each["values"]["record"] for each in people.town.events() if each["name"] == "LabAdmitted"]
    return sorted(each["code"] for each in records if each["region"] == region and "-S" in each["code"])


def test_a_person_sees_how_far_it_is_and_what_came_of_it(people):
    hosts = list(labs(PLATFORM, by=(), one_in=30))
    (people.folder / "labs.csv").write_bytes(as_csv(hosts, LAB_COLUMNS))
    (people.folder / "items.csv").write_bytes(as_csv(items(hosts, count=12, eligible=0, by=()), ITEM_COLUMNS))

    status, seen = typed(people.caller(SHANGHAI, "directory"), "lab load labs.csv --items items.csv", [])

    assert status == 0, seen
    assert "目录上链" in seen
    assert "/16" in seen, "labs and items that are done, of how many"
    assert admitted(people, SHANGHAI) == sorted(each["服务机构代码"] for each in hosts)


def test_a_load_that_is_killed_goes_on_by_the_same_command(people, monkeypatch):
    monkeypatch.setattr(catalogue, "CALLS_AT_ONCE", 1)
    rows = list(labs(JJJ, one_in=50))
    ours = sorted(each["服务机构代码"] for each in rows if each["地区代码"] == str(BEIJING))
    (people.folder / "jjj.csv").write_bytes(as_csv(rows, LAB_COLUMNS))
    desk = people.caller(BEIJING, "directory")

    process = subprocess.Popen([TONGQUAN, "lab", "load", "jjj.csv", "--json"], cwd=desk.folder, env=desk.environment())
    wait_until(lambda: len(admitted(people, BEIJING)) > 2)
    process.kill()
    assert process.wait() != 0
    assert len(admitted(people, BEIJING)) < len(ours)

    found = desk.ask("lab load jjj.csv")

    assert (found["repeated"], found["left"]["admit"]) == (True, 0)
    assert admitted(people, BEIJING) == ours
    assert desk.ask("lab load jjj.csv")["calls"] == 0


def test_a_bad_row_is_told_by_its_line_and_nothing_is_loaded(people):
    rows = list(labs(JJJ, one_in=100))
    before = len(people.town.events())
    rows[1] = rows[1] | {"资质截止日": "2027-02-30", "服务机构代码": "BJ-S9999"}
    (people.folder / "bad.csv").write_bytes(as_csv(rows, LAB_COLUMNS))
    desk = people.caller(BEIJING, "directory")

    checked, loaded = desk.run("lab load bad.csv --check --json"), desk.run("lab load bad.csv --json")

    assert (checked.status, [(each["line"], each["code"]) for each in checked.lines[0]["bad"]]) == (1, [(3, "DateRefused")])
    assert (loaded.status, loaded.refusal["error"], loaded.refusal["values"]["bad"]) == (1, "BadRows", checked.lines[0]["bad"])
    assert len(people.town.events()) == before


def test_what_is_typed_wrongly_is_wrong_usage(people):
    desk = people.caller(BEIJING, "directory")

    assert [desk.run(f"{line} --json").status for line in ("lab load", "lab load missing.csv", "lab listed", "lab listed --code X")] == [
        2
    ] * 4
