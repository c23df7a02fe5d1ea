"""API keys: shown once, kept as hashes, for one party, until they expire or are revoked; and the commands that do it."""

import asyncio
import json
import stat

import pytest
from typer.testing import CliRunner

from gateway.api_keys import DAY, FILE, ApiKeys, KeyRefused
from gateway.callers import Party
from gateway.cli import app
from scripts.demonstration.cast import CHANGXING, SHANGHAI

pytestmark = pytest.mark.both_in_full

LAB = {"name": "lab", "party": Party.LAB, "region": SHANGHAI, "lab": b"\x11" * 32}
AUDITOR = {"name": "auditor", "party": Party.AUDITOR, "region": CHANGXING}


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 1_800_000_000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    with ApiKeys(tmp_path, clock) as opened:
        yield opened


def test_a_key_stands_for_its_party(store):
    key, made = store.add(**LAB)

    caller = store.of(key)
    assert (caller.name, caller.party, caller.region, caller.lab) == ("lab", Party.LAB, SHANGHAI, LAB["lab"])
    assert (caller.credential, key.startswith(made.prefix + "_")) == (made.prefix, True)


@pytest.mark.parametrize("wrong", ["", "tq_", "x", "é"])
def test_what_is_no_key_stands_for_nobody(store, wrong):
    store.add(**LAB)

    assert store.of(wrong) is None


def test_neither_prefix_nor_hash_nor_a_changed_key_opens_anything(store):
    key, made = store.add(**LAB)

    assert [store.of(each) for each in (made.prefix, key[:-1], key + "A", key.upper(), key[len(made.prefix) + 1 :])] == [None] * 5


def test_the_file_holds_no_key_and_is_for_its_owner_only(store, tmp_path):
    key, _ = store.add(**LAB)

    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key.encode() not in written
    # The secret follows the prefix, and may itself have an underscore in it.
    assert key.split("_", 2)[2].encode() not in written
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_key_holds_up_to_its_last_second(store, clock):
    key, made = store.add(**LAB, days=1)

    clock.now = made.expires
    assert made.expires == made.created + DAY
    assert store.of(key) is not None
    clock.now += 1
    assert store.of(key) is None


def test_a_key_revoked_by_another_process_is_refused_at_once(store, tmp_path):
    key, made = store.add(**LAB)
    other_key, _ = store.add(**AUDITOR)
    assert store.of(key) is not None

    with ApiKeys(tmp_path) as other:
        other.revoke(made.prefix)

    assert store.of(key) is None
    assert store.of(other_key) is not None


def test_a_key_added_by_another_process_holds_at_once(store, tmp_path):
    assert store.of("tq_none") is None
    with ApiKeys(tmp_path, lambda: 1_800_000_000) as other:
        key, _ = other.add(**LAB)

    assert store.of(key) is not None


def test_revoking_twice_keeps_the_first_time(store, clock):
    _, made = store.add(**LAB)
    first = store.revoke(made.prefix).revoked
    clock.now += 60

    assert store.revoke(made.prefix).revoked == first
    with pytest.raises(KeyRefused, match="no key"):
        store.revoke("tq_00000000")


def test_a_second_key_of_the_same_party_bears_its_name(store):
    (old, made), (new, _) = store.add(**LAB), store.add(**LAB)
    store.revoke(made.prefix)

    assert store.of(old) is None
    assert store.of(new).name == "lab"
    assert len(store.list()) == 2


@pytest.mark.parametrize("change", [{"lab": b"\x22" * 32}, {"region": CHANGXING}, {"party": Party.AUDITOR, "lab": None}])
def test_a_name_stands_for_one_party(store, change):
    store.add(**LAB)

    with pytest.raises(KeyRefused, match="another party"):
        store.add(**LAB | change)
    assert len(store.list()) == 1


@pytest.mark.parametrize(
    "scope",
    [
        AUDITOR | {"party": Party.LAB},
        AUDITOR | {"party": Party.FIRM},
        AUDITOR | {"party": Party.ISSUER},
        AUDITOR | {"account": "issuer"},
        AUDITOR | {"name": "a/b"},
        AUDITOR | {"name": ""},
        AUDITOR | {"name": "oidc:0"},
        AUDITOR | {"name": " "},
        AUDITOR | {"name": "\u200b"},
        AUDITOR | {"name": "a\ntq_00000000  AUDITOR"},
        AUDITOR | {"region": 1},
        AUDITOR | {"days": 0},
        LAB | {"lab": b"\x11"},
    ],
)
def test_a_key_without_what_its_party_needs_is_not_made(store, scope):
    with pytest.raises(KeyRefused):
        store.add(**scope)
    assert store.list() == []


def run(state, *words):
    return CliRunner().invoke(app, ["keys", *words, "--state", str(state)])


def test_the_commands_add_list_and_revoke(tmp_path):
    wanted = ("--name", "lab", "--party", "LAB", "--region", str(SHANGHAI), "--lab", "0x" + "11" * 32)
    added = json.loads(run(tmp_path, "add", *wanted, "--days", "2", "--json").stdout)
    with ApiKeys(tmp_path) as store:
        assert store.of(added["key"]).name == "lab"

    listed = run(tmp_path, "list", "--json").stdout
    assert added["key"] not in listed
    assert [json.loads(line)["prefix"] for line in listed.splitlines()] == [added["prefix"]]
    assert added["prefix"] in run(tmp_path, "list").stdout

    assert json.loads(run(tmp_path, "revoke", added["prefix"], "--json").stdout)["revoked"]
    with ApiKeys(tmp_path) as store:
        assert store.of(added["key"]) is None


def test_the_commands_tell_refusal_and_wrong_usage_apart(tmp_path):
    auditor = ("add", "--name", "a", "--party", "AUDITOR", "--region", str(SHANGHAI))

    refused = run(tmp_path, *auditor, "--account", "issuer")
    wrong = run(tmp_path, *auditor, "--lab", "0x11")
    unknown = run(tmp_path, "revoke", "tq_00000000")

    assert [each.exit_code for each in (refused, wrong, unknown)] == [1, 2, 1]
    assert "KeyRefused" in refused.stderr
    with ApiKeys(tmp_path) as store:
        assert store.list() == []


def test_a_key_from_the_command_works_at_once_and_not_after_its_end(town):
    state = town.world.folder(SHANGHAI) / "state"
    added = json.loads(run(state, "add", "--name", "second auditor", "--party", "AUDITOR", "--region", str(SHANGHAI), "--json").stdout)
    headers = {"Authorization": f"Bearer {added['key']}"}

    before = town.ask("GET", "/v1/trail", headers=headers).status_code
    run(state, "revoke", added["prefix"])

    assert (before, town.ask("GET", "/v1/trail", headers=headers).status_code) == (200, 401)


# Coroutines


async def found(store, key):
    return store.found(key)


def test_a_coroutine_finds_what_a_thread_finds(store):
    key, made = store.add(**LAB)

    assert asyncio.run(found(store, key)) == store.of(key) == made.caller
    assert asyncio.run(found(store, key + "A")) is None


def test_the_file_is_looked_at_once_in_a_turn_and_again_in_the_next(store, tmp_path, monkeypatch):
    """What another process revoked opens nothing for whoever comes after it."""
    key, made = store.add(**LAB)
    looks = []
    look = store._look
    monkeypatch.setattr(store, "_look", lambda: looks.append(look()))

    async def ask():
        together = await asyncio.gather(*(found(store, key) for _ in range(5)))
        with ApiKeys(tmp_path) as other:
            other.revoke(made.prefix)
        return together, await asyncio.create_task(found(store, key))

    together, afterwards = asyncio.run(ask())

    assert together == [made.caller] * 5
    assert afterwards is None
    assert len(looks) == 2
