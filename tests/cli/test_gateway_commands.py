"""`tongquan gateway …` speaks as every other command does, and a gateway that does not start says why in one sentence."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.exits import FAMILIES, Exit
from registry.chain.devnode import free_port
from registry.cli.command import Exit as Everywhere
from registry.index import hold
from scripts.demonstration.cast import KUNSHAN
from tests.cli.conftest import Desk, light_key, write_secret
from tests.cli.people import people_in

TONGQUAN = Path(sys.executable).with_name("tongquan")

pytestmark = pytest.mark.any_engine


@pytest.fixture(scope="module")
def people(engine, _chain_ids, tmp_path_factory):
    with people_in(engine, next(_chain_ids), tmp_path_factory.mktemp("town")) as people:
        yield people


@pytest.fixture
def settings(people, tmp_path):
    """Those of Kunshan's gateway, with a state folder and a file of accounts of our own."""
    found = people.town.world.settings(KUNSHAN) | {"state": tmp_path / "state", "port": free_port()}
    accounts = Path(found["accounts"])
    shutil.copytree(accounts.parent, tmp_path / "keys", ignore=shutil.ignore_patterns("*.sqlite*", "*.lock", "*.log"))
    return found | {"accounts": tmp_path / "keys" / accounts.name}


def started(settings, *words):
    """A gateway as a process that ends by itself: status and standard error."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    environment |= {f"TONGQUAN_{name.upper()}": str(each) for name, each in settings.items()}
    run = subprocess.run([TONGQUAN, "gateway", "serve", *words], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.stdout == ""
    return run.returncode, run.stderr


@pytest.fixture
def refused(settings, tmp_path, monkeypatch, caplog):
    """A gateway that does not get as far as to serve, in this process: status and standard error."""

    def serve():
        said = Desk(tmp_path, settings).run("gateway serve --json")
        assert (said.out, "SECRET" in caplog.text) == ("", False)
        return said.status, said.err

    def starts(*_):
        pytest.fail("it starts")

    monkeypatch.setattr("gateway.__main__.server_of", starts)
    # What is logged here is for whoever runs the tests.
    monkeypatch.setattr("gateway.logs.configure", lambda _level: None)
    return serve


def without_settings(settings, _folder):
    settings.clear()


def a_port_that_is_none(settings, _folder):
    settings["port"] = "no port"


def origins_that_are_no_json(settings, _folder):
    settings["cors_origins"] = "https://example.org"


def open_to_others(settings, _folder):
    settings["host"] = "0.0.0.0"  # noqa: S104 - what is refused


def no_deployment_file(settings, folder):
    (folder / "deployment.json").write_text("{}")
    settings["deployment"] = folder / "deployment.json"


def no_tag_keys(settings, folder):
    settings["tag_keys"] = folder / "nowhere.json"


def tag_keys_of_another_form(settings, folder):
    settings["tag_keys"] = write_secret(folder / "tag-keys.json", json.dumps({"1": "SECRET"}))


def accounts_that_are_no_json(settings, _folder):
    Path(settings["accounts"]).write_text("no JSON, SECRET")


def no_relay(settings, _folder):
    Path(settings["accounts"]).write_text('{"accounts": {}}')


def a_password_that_does_not_open(settings, folder):
    light_key(folder, "relay.json")
    write_secret(folder / "relay.password", "SECRET")
    entry = {"keystore": str(folder / "relay.json"), "password_file": str(folder / "relay.password")}
    Path(settings["accounts"]).write_text(json.dumps({"accounts": {"relay": entry}}))


def bodies_that_share_an_account(settings, folder):
    bodies = [{"name": name, "accounts": ["0x" + "11" * 20]} for name in ("初审机构（样例）", "终审机构（样例）")]
    settings["bodies"] = folder / "bodies.json"
    settings["bodies"].write_text(json.dumps({"bodies": bodies}), encoding="utf-8")


def a_state_folder_that_cannot_be_used(settings, _folder):
    (Path(settings["state"]) / "firm-facts.sqlite").mkdir(mode=0o700, parents=True)
    Path(settings["state"]).chmod(0o700)


def a_silent_node(settings, _folder):
    settings["node_url"] = "http://127.0.0.1:9"


def another_chain(settings, folder):
    told = json.loads(Path(settings["deployment"]).read_text())
    (folder / "deployment.json").write_text(json.dumps(told | {"genesis_hash": "0x" + "00" * 32}))
    settings["deployment"] = folder / "deployment.json"


REFUSED = [
    (without_settings, "SettingsMissing", 2),
    (a_port_that_is_none, "SettingsWrong", 2),
    (origins_that_are_no_json, "SettingsWrong", 2),
    (open_to_others, "UnsafeSettings", 2),
    (no_deployment_file, "FileUnusable", 2),
    (no_tag_keys, "FileUnusable", 2),
    (tag_keys_of_another_form, "FileUnusable", 2),
    (accounts_that_are_no_json, "FileUnusable", 2),
    (no_relay, "FileUnusable", 2),
    (a_password_that_does_not_open, "FileUnusable", 2),
    (bodies_that_share_an_account, "FileUnusable", 2),
    (a_state_folder_that_cannot_be_used, "StateUnusable", 2),
    (a_silent_node, "Unreachable", 3),
    (another_chain, "WrongDeployment", 5),
]


@pytest.fixture(params=REFUSED, ids=[each[0].__name__ for each in REFUSED])
def mistake(request, settings, tmp_path):
    """Something that is wrong with the settings; what the gateway calls it, and its exit status."""
    wrong, code, status = request.param
    wrong(settings, tmp_path)
    return code, status


def test_a_gateway_that_does_not_start_says_why(mistake, refused):
    code, status = mistake

    found, said = refused()

    (line,) = said.splitlines()
    told = json.loads(line)
    assert (found, told["error"], told["family"]) == (status, code, FAMILIES[Exit(status)])
    assert told["message"][:1] > "\u2e80", "Chinese first"
    assert "SECRET" not in said


def test_without_json_it_is_one_sentence(settings):
    settings["node_url"] = "http://127.0.0.1:9"

    status, said = started(settings)

    assert status == 3
    assert len(said.splitlines()) == 1
    assert said.startswith("Unreachable: 节点无应答，未启动。 Not started: the node does not answer")


def test_an_account_that_signs_for_a_party_is_refused(people, settings, refused):
    lab = people.town.world.parties["lab-kunshan"]
    entry = {"keystore": str(lab.path), "password_file": str(lab.path.with_suffix(".password"))}
    Path(settings["accounts"]).write_text(json.dumps({"accounts": {"relay": entry}}))

    status, said = refused()

    assert (status, json.loads(said)["error"]) == (1, "SignsForParty")


def test_an_address_that_is_taken_is_refused(settings, refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings["port"] = taken.getsockname()[1]

        status, said = refused()

    assert (status, json.loads(said)["error"]) == (2, "AddressUnusable")


def test_an_index_that_somebody_holds_is_refused(settings):
    state = Path(settings["state"])
    state.mkdir(mode=0o700)
    with hold(state / "index.sqlite"):
        status, said = started(settings, "--json")

    assert (status, json.loads(said)["error"]) == (3, "IndexBusy")


def test_the_index_of_a_gateway_that_runs_is_not_rebuilt(people):
    index = Path(people.town.world.settings(KUNSHAN)["state"]) / "index.sqlite"
    before, auditor = index.stat().st_ino, people.auditor()

    said = auditor.run(f"index rebuild --file {index} --json")

    assert (said.status, said.out, said.refusal["error"]) == (3, "", "IndexBusy")
    assert index.stat().st_ino == before

    people.town.stop(KUNSHAN)
    try:
        assert auditor.ask(f"index rebuild --file {index}")["events"] == len(people.town.events())
    finally:
        people.town.start(KUNSHAN)


def test_an_index_in_no_folder_is_wrong_usage(people):
    said = people.auditor().run("index rebuild --file nowhere/index.sqlite --json")

    assert (said.status, said.refusal["family"]) == (2, "usage")


# Keys and look-ups


def test_refusals_of_keys_and_look_ups_are_json_where_it_was_asked_for(tmp_path):
    desk = Desk(tmp_path, {"state": tmp_path / "state"})

    wrong = desk.run("gateway keys add --name lab-1 --party LAB --region 310000 --json")
    unknown = desk.run("gateway keys revoke tq_00000000 --json")
    missing = desk.run("gateway lookups verify --json")
    usage = desk.run("gateway keys add --json")

    assert [(each.status, each.refusal["error"], each.refusal["family"]) for each in (wrong, unknown, missing)] == [
        (1, "KeyRefused", "rejected"),
        (1, "KeyRefused", "rejected"),
        (2, "LogMissing", "usage"),
    ]
    assert all(each.refusal["message"][:1] > "\u2e80" for each in (wrong, unknown, missing))
    assert usage.status == 2


def test_statuses_and_families_are_those_of_every_command():
    assert {each.name: int(each) for each in Exit}.items() <= {each.name: int(each) for each in Everywhere}.items()
    assert set(FAMILIES) == set(Exit) - {Exit.DONE}
