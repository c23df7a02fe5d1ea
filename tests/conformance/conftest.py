"""A candidate region with a rehearsal network of its own: a node, its gateway in this process, and its operator at a command line."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from gateway.api_keys import ApiKeys
from gateway.callers import Party
from gateway.settings import Settings
from registry import KeyAccount, Node, OutcomeUnknown, Unreachable
from registry.chain.devnode import DevNode, Engine, start
from registry.conformance.rehearsal import Rehearsal, prepare
from registry.model import Digest
from registry.ports import Question
from scripts.demonstration.world import write_private
from tests.cli.conftest import Desk, light_key, write_secret
from tests.gateway.conftest import served
from tests.nodes import as_it_was
from tests.softhsm import SoftHsm, add_account

CANDIDATE = 650_999
PASSWORD = "a password of its own"


@dataclass
class Candidate:
    """A region that wants to join: its working folder, its network, and the rehearsal that it prepared."""

    folder: Path
    node: DevNode
    admin: KeyAccount
    rehearsal: Rehearsal

    @contextmanager
    def gateway(self, **otherwise: Any) -> Iterator[str]:
        """Its gateway, from the files that the rehearsal made, and from what is set otherwise; its address."""
        made = self.rehearsal.folder
        told = {
            "region": CANDIDATE,
            "node_url": self.node.url,
            "deployment": made / "deployment.json",
            "state": self.folder / "state",
            "tag_keys": made / "tag-keys.json",
            "accounts": made / "keys" / "accounts.json",
            # This chain has a block only when something happens.
            "stale_after_seconds": 3_600,
        }
        with served(Settings(**told | otherwise), time.time) as url:
            yield url

    def desk(self, gateway_url: str) -> Desk:
        """Its operator, who holds the admin's key."""
        return operator(self.folder, self.node, gateway_url)


def operator(folder: Path, node: DevNode, gateway_url: str) -> Desk:
    """Somebody at a command line with the admin's key file."""
    told = {"node_url": node.url, "gateway_url": gateway_url, "keystore": folder / "admin.json", "password_file": folder / "new.password"}
    return Desk(folder, told | {"state_folder": folder / "own"})


def keys_in_device(candidate: Candidate, token: SoftHsm) -> None:
    """The payer's and a reviewer's keys are made in a device, take their roles up, and stand in the place of those in files."""
    told = {"node_url": candidate.node.url, "deployment": candidate.rehearsal.folder / "deployment.json"}
    told |= {"state_folder": candidate.folder / "own"}
    admin = Desk(candidate.folder, told | {"keystore": "admin.json", "password_file": "new.password"})
    device = Desk(candidate.folder, told | token.settings())
    for name, role in (("payer", "PAYER"), ("reviewer-1", "REVIEWER")):
        label = token.label(name)
        made = device.ask(f"keys hsm create {label}")
        admin.ask(f"region offer {made['address']} {role}")
        device.ask(f"region take-up {CANDIDATE} {role} --pkcs11-label {label}")
        add_account(candidate.rehearsal.folder / "keys" / "accounts.json", name, token.entry(label))


@contextmanager
def candidate_in(engine: Engine, chain_id: int, folder: Path) -> Iterator[Candidate]:
    """A candidate whose rehearsal is prepared, and whose callers have API keys."""
    with start(engine, chain_id=chain_id, directory=folder / "chain") as node:
        admin = admin_of(folder)
        rehearsal = prepare(Node(node.url), folder / "rehearsal", CANDIDATE, admin)
        give_api_keys(rehearsal, folder / "state")
        yield Candidate(folder, node, admin, rehearsal)


def admin_of(folder: Path) -> KeyAccount:
    """A new admin's account, whose key file lies in the folder."""
    write_secret(folder / "new.password", PASSWORD)
    light_key(folder, "admin.json", bytes(Account.create().key))
    return KeyAccount.open(folder / "admin.json", PASSWORD)


class BreaksOff(Node):
    """A node that does what it is asked, and whose answer is lost at some counts of some requests, each once."""

    def __init__(self, url: str, *points: tuple[str, int]) -> None:
        super().__init__(url)
        self.points = list(points)
        self.counts: Counter[str] = Counter()

    def send_raw(self, raw: bytes) -> Digest:
        sent = super().send_raw(raw)
        self._count("send", OutcomeUnknown("0x" + sent.hex(), "its answer was lost"))
        return sent

    def estimate(self, question: Question) -> int:
        found = super().estimate(question)
        self._count("estimate", Unreachable("its answer was lost"))
        return found

    def _count(self, what: str, lost: Exception) -> None:
        self.counts[what] += 1
        if (what, self.counts[what]) in self.points:
            self.points.remove((what, self.counts[what]))
            raise lost


def give_api_keys(rehearsal: Rehearsal, state: Path) -> None:
    """What `api-keys.sh` does, without a process for each."""
    with ApiKeys(state) as keys:
        for words in rehearsal.scopes():
            told = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
            scope = told | {"party": Party[told["party"]], "region": int(told["region"])}
            scope |= {"lab": bytes.fromhex(told["lab"][2:])} if "lab" in told else {}
            key, _ = keys.add(**scope)
            write_private(rehearsal.folder / "api-keys" / f"{told['name']}.apikey", key + "\n")


@pytest.fixture
def network(engine: Engine, _chain_ids: Iterator[int], tmp_path: Path) -> Iterator[DevNode]:
    """A node of a network on which nothing has happened."""
    with start(engine, chain_id=next(_chain_ids), directory=tmp_path / "chain") as node:
        yield node


@pytest.fixture(scope="module")
def _prepared(engine: Engine, _chain_ids: Iterator[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Candidate]:
    with candidate_in(engine, next(_chain_ids), tmp_path_factory.mktemp("prepared")) as candidate:
        yield candidate


@pytest.fixture
def candidates(_prepared: Candidate, tmp_path: Path) -> Callable[[], AbstractContextManager[Candidate]]:
    """Lends a candidate on the engine, in a folder of its own, and takes back what happened on its network."""

    @contextmanager
    def lent() -> Iterator[Candidate]:
        with as_it_was(_prepared.node) as node:
            shutil.copytree(_prepared.folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("chain"))
            yield Candidate(tmp_path, node, _prepared.admin, Rehearsal.open(tmp_path / "rehearsal"))

    return lent
