"""What an office has put on record of firms: append-only, chained, and its owner's alone, like everything that a gateway keeps."""

import json
import sqlite3
import stat
from contextlib import closing

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.firm_facts import CHAIN, FirmFactsBook
from gateway.hash_chain import Head, LogAltered
from registry import Applicant, Time, Who
from scripts.demonstration.cast import CHANGXING
from tests.gateway.newcomers import new_firm

COLUMNS = "intent, firm, at, by, facts"


@pytest.fixture
def book(tmp_path):
    opened = FirmFactsBook(tmp_path)
    yield opened
    opened.close()


def stated(book, *numbers):
    """One statement of each number, of two firms, the staff of the first being that number."""
    for number in numbers:
        facts = {"firm A": Applicant(who=Who.FIRM, staff=number), "firm B": Applicant(who=Who.TEAM)}
        book.state(facts, intent_id=f"intent {number}", at=Time(1_800_000_000 + number), by="directory")


def altered(tmp_path, *statements):
    """Change the file as somebody would who has it in hand: triggers do not stop him."""
    with closing(sqlite3.connect(tmp_path / CHAIN.file)) as connection, connection:
        connection.execute("DROP TRIGGER never_changed")
        connection.execute("DROP TRIGGER never_removed")
        for statement in statements:
            connection.execute(statement)


def test_what_was_stated_stands_in_a_chain(book, tmp_path):
    assert CHAIN.verify(tmp_path) == Head(0, bytes(32))

    stated(book, 1, 2)

    assert [each.applicant.staff for each in book.history("firm A")] == [1, 2]
    assert CHAIN.verify(tmp_path) == book.head
    assert book.head.number == 4


def test_a_statement_that_is_repeated_stands_there_once(book, tmp_path):
    stated(book, 1)
    before = book.head

    stated(book, 1)

    assert (CHAIN.verify(tmp_path), len(book.history("firm A"))) == (before, 1)


def test_it_goes_on_after_a_restart(book, tmp_path):
    stated(book, 1)
    book.close()

    with closing(FirmFactsBook(tmp_path)) as again:
        stated(again, 2)

    assert CHAIN.verify(tmp_path).number == 4


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE facts SET facts = replace(facts, '1', '9') WHERE number = 1", 1),
        ("UPDATE facts SET firm = 'firm C' WHERE number = 2", 2),
        ("UPDATE facts SET at = at - 1 WHERE number = 3", 3),
        ("UPDATE facts SET by = 'somebody' WHERE number = 3", 3),
        ("UPDATE facts SET intent = 'another' WHERE number = 4", 4),
        ("DELETE FROM facts WHERE number = 2", 2),
        ("DELETE FROM facts WHERE number = 4", 4),
        (f"INSERT INTO facts SELECT 5, 'more', {COLUMNS.removeprefix('intent, ')}, hash FROM facts WHERE number = 4", 5),  # noqa: S608 - our own words
    ],
)
def test_every_alteration_is_found(book, tmp_path, statement, number):
    stated(book, 1, 2)
    altered(tmp_path, statement)

    with pytest.raises(LogAltered) as found:
        CHAIN.verify(tmp_path)
    assert found.value.number == number


@pytest.mark.parametrize("statement", ["UPDATE facts SET by = 'x'", "DELETE FROM facts"])
def test_the_file_itself_refuses_to_forget(book, tmp_path, statement):
    stated(book, 1)

    with closing(sqlite3.connect(tmp_path / CHAIN.file)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


def checked(state, *words):
    return CliRunner().invoke(app, ["firm-facts", "verify", "--state", str(state), *words])


def test_the_command_verifies_beside_a_running_gateway(book, tmp_path):
    stated(book, 1)
    kept = f"{book.head.number}:{book.head.hash.hex()}"
    stated(book, 2)

    assert json.loads(checked(tmp_path, "--anchor", kept, "--json").stdout) == {"number": 4, "hash": book.head.hash.hex()}
    assert checked(tmp_path, "--anchor", "2:" + "00" * 32).exit_code == 5
    assert checked(tmp_path / "nowhere").exit_code == 2
    altered(tmp_path, "UPDATE facts SET by = 'x' WHERE number = 3")
    refused = checked(tmp_path)
    assert (refused.exit_code, "row 3" in refused.stderr) == (5, True)


def test_an_auditor_is_told_the_head_and_an_office_is_not(town):
    asked = {"firm": new_firm(town, CHANGXING).company_code}
    assert town.desk(CHANGXING, "directory").post("/v1/firm-facts", {"firms": [asked | {"who": "FIRM", "staff": 3}]}).status == 201

    told = town.desk(CHANGXING, "auditor").post("/v1/firm-facts/history", asked)

    head = CHAIN.verify(town.world.folder(CHANGXING) / "state")
    assert told["head"] == {"number": head.number, "hash": "0x" + head.hash.hex()}
    assert town.desk(CHANGXING, "directory").post("/v1/firm-facts/history", asked)["head"] is None


def test_everything_that_a_gateway_keeps_is_its_owner_s_alone(town):
    state = town.world.folder(CHANGXING) / "state"
    # The index is the chain's content over again, which every member has.
    kept = [path for path in state.iterdir() if ".sqlite" in path.name and not path.name.startswith("index.")]

    assert {path.name for path in kept} >= {
        f"{name}.sqlite"
        for name in ("outbox", "answers", "reasons", "keys", "lookups", "agents", "firm-facts", "decisions", "catalogue", "payments")
    }
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in kept} == {path.name: "0o600" for path in kept}
