"""
A whole consortium in one folder: a node, the contracts, every party's keys, and the files that gateways start from.

    D/deployment.json  tag-keys.json  chain/
    D/<region>/        accounts.json  <role>.json  <role>.password  state/
    D/parties/         <lab or firm>.json  <lab or firm>.password

Key files are sealed lightly and their passwords lie beside them: these keys guard nothing.
"""

import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount

from gateway.api_keys import ApiKeys
from gateway.callers import Party
from registry import Address, Client, Deployment, Id, Keyring, Lab, Node, Outbox, Region, Role, Strength, TagKey, id_of, load_key, save_key
from registry.chain.deploy import authorise, deploy
from registry.chain.devnode import HOST
from registry.chain.process import GuardedProcess
from registry.model import Founder
from scripts.demonstration.cast import PLACES, PLAIN, ROLES, Cast, LabCast, Place

ROOT = Path(__file__).resolve().parents[2]
GATEWAY_READY_SECONDS = 90.0
POLL_SECONDS = 0.05

# Epoch 1 is everything but invoices; an invoice's epoch is its year less 2000.
EPOCHS = (1, *range(13, 31))

_ROLE_OF = {
    "issuer": Role.ISSUER,
    "reviewer-1": Role.REVIEWER,
    "reviewer-2": Role.REVIEWER,
    "payer": Role.PAYER,
    "directory": Role.DIRECTORY,
}


@dataclass(frozen=True)
class KeyFile:
    """A key, where it lies, and the password that opens it."""

    account: LocalAccount
    path: Path
    password: str

    @cached_property
    def key(self) -> bytes:
        """The private key, out of its file: as its owner opens it."""
        return load_key(self.path, self.password)


@dataclass
class World:
    """Everything that was set up, by name. `api_keys` is by region and caller."""

    directory: Path
    deployment: Deployment
    node_url: str
    keyring: Keyring
    officials: dict[int, dict[str, KeyFile]]
    parties: dict[str, KeyFile]
    cast: Cast
    api_keys: dict[int, dict[str, str]] = field(default_factory=dict)
    gateways: dict[int, str] = field(default_factory=dict)

    def lab_id(self, lab: LabCast) -> Id:
        """The id by which everybody names a lab."""
        return id_of(Lab(Region(lab.region), self.keyring.firm(lab.host_unit), lab.code))

    def folder(self, region: int) -> Path:
        """A region's own folder."""
        return self.directory / str(region)

    def settings(self, region: int) -> dict[str, Any]:
        """The settings of a region's gateway."""
        return {
            "region": region,
            "node_url": self.node_url,
            "deployment": self.directory / "deployment.json",
            "state": self.folder(region) / "state",
            "tag_keys": self.directory / "tag-keys.json",
            "accounts": self.folder(region) / "accounts.json",
        }

    def told(self) -> dict[str, Any]:
        """What an outside program needs to drive all of it: `demo.json`."""
        return {
            "note": "公司代码、发票和密钥均为样例，仅供演示。 Company codes, invoices and keys are samples, for demonstration only.",
            "node_url": self.node_url,
            "deployment": json.loads(self.deployment.to_json()),
            "tag_keys": str(self.directory / "tag-keys.json"),
            "gateways": {str(region): url for region, url in self.gateways.items()},
            "regions": [
                {
                    "region": place.code,
                    "zh": place.zh,
                    "en": place.en,
                    "accounts": {name: _told(key_file) for name, key_file in self.officials[place.code].items()},
                    "api_keys": self.api_keys.get(place.code, {}),
                }
                for place in PLACES
            ],
            "labs": [
                {
                    "key": lab.key,
                    "region": lab.region,
                    "zh": lab.zh,
                    "en": lab.en,
                    "code": lab.code,
                    "host_unit": lab.host_unit,
                    "sample": True,
                }
                | {"id": "0x" + self.lab_id(lab).hex(), "signer": _told(self.parties[lab.key])}
                for lab in self.cast.labs
            ],
            "firms": [
                {"key": firm.key, "region": firm.region, "zh": firm.zh, "en": firm.en, "company_code": firm.company_code, "sample": True}
                | {"signer": _told(self.parties[firm.key])}
                for firm in self.cast.firms
            ],
        }


def _told(key_file: KeyFile) -> dict[str, str]:
    return {"address": key_file.account.address, "keystore": str(key_file.path), "password": key_file.password}


def found(directory: Path, node_url: str, cast: Cast = PLAIN) -> World:
    """Make all keys, deploy, let the members authorise the registry, let every official take up its role, and write the gateways' files."""
    secrets_of_tags = {epoch: secrets.token_bytes(32) for epoch in EPOCHS}
    write_private(directory / "tag-keys.json", json.dumps({str(epoch): secret.hex() for epoch, secret in secrets_of_tags.items()}))
    officials = {place.code: _officials(directory / str(place.code)) for place in PLACES}
    parties = {each.key: new_key_file(directory / "parties", each.key) for each in cast.parties}
    deployment = _deployed(Node(node_url), directory, officials)
    keyring = Keyring(TagKey(epoch, secret) for epoch, secret in secrets_of_tags.items())
    world = World(directory, deployment, node_url, keyring, officials, parties, cast)
    for place in PLACES:
        _write_gateway_files(world, place)
    return world


def _officials(folder: Path) -> dict[str, KeyFile]:
    return {name: new_key_file(folder, name) for name in ("admin", "recovery", *ROLES, "relay")}


def new_key_file(folder: Path, name: str) -> KeyFile:
    """A new key under a new password."""
    folder.mkdir(parents=True, exist_ok=True)
    account, password, path = Account.create(), secrets.token_urlsafe(12), folder / f"{name}.json"
    save_key(path, bytes(account.key), password, strength=Strength.LIGHT)
    write_private(folder / f"{name}.password", password + "\n")
    return KeyFile(account, path, password)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _deployed(node: Node, directory: Path, officials: Mapping[int, Mapping[str, KeyFile]]) -> Deployment:
    founders = [
        Founder(Region(region), Address(keys["admin"].account.address), Address(keys["recovery"].account.address))
        for region, keys in officials.items()
    ]
    deployment = deploy(node, Account.create(), founders)
    admins = [keys["admin"].account for keys in officials.values()]
    authorise(node, deployment, admins[: len(admins) // 2 + 1])
    with Outbox(directory / "founding.sqlite", node, chain_id=deployment.chain_id) as outbox:
        for region, keys in officials.items():
            admin = Client(node, deployment, outbox, keys["admin"].account)
            for name in ROLES:
                holder = Client(node, deployment, outbox, keys[name].account)
                admin.offer(holder.address, _ROLE_OF[name])
                holder.take_up(Region(region), _ROLE_OF[name])
    (directory / "deployment.json").write_text(deployment.to_json(), encoding="utf-8")
    return deployment


def _write_gateway_files(world: World, place: Place) -> None:
    folder = world.folder(place.code)
    signing = ("relay", *ROLES)
    accounts = {name: {"keystore": f"{name}.json", "password_file": f"{name}.password"} for name in signing}
    write_private(folder / "accounts.json", json.dumps({"accounts": accounts}, indent=2))
    with ApiKeys(folder / "state") as keys:
        made = [keys.add(region=place.code, **scope) for scope in _scopes(world, place)]
    world.api_keys[place.code] = {stored.caller.name: key for key, stored in made}


def _scopes(world: World, place: Place) -> Iterator[dict[str, Any]]:
    for name in ROLES:
        yield {"name": name, "party": Party(name.split("-")[0].upper()), "account": name}
    yield {"name": "auditor", "party": Party.AUDITOR}
    for lab in world.cast.labs:
        if lab.region == place.code:
            yield {"name": lab.key, "party": Party.LAB, "lab": world.lab_id(lab)}
    for firm in world.cast.firms:
        if firm.region == place.code:
            yield {"name": firm.key, "party": Party.FIRM, "firm": firm.company_code}


# Gateways as processes of their own


class GatewayNotReady(Exception):
    """A gateway ended or stayed silent; carries the end of its log."""


@contextmanager
def gateways(world: World, regions: Sequence[int], **settings: object) -> Iterator[None]:
    """Start a gateway for each region, all at once, and end them all however this ends. Settings may be overridden."""
    with ExitStack() as stack:
        started = [(region, *stack.enter_context(_gateway(world, region, settings))) for region in regions]
        for region, process, url in started:
            _wait_until_ready(region, process, url)
            world.gateways[region] = url
        yield


@contextmanager
def _gateway(world: World, region: int, settings: Mapping[str, object]) -> Iterator[tuple[GuardedProcess, str]]:
    log = world.folder(region) / "gateway.log"
    with served("gateway", {**world.settings(region), **settings}, log) as (process, url):
        yield process, url


@contextmanager
def served(module: str, settings: Mapping[str, object], log: Path) -> Iterator[tuple[GuardedProcess, str]]:
    """A module that serves as `gateway` does, as a process of its own, and its address. It may not be ready yet."""
    # It gets the socket and not a port's number: between looking for a free port and using it another program may take it.
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
        told = {**settings, "listen_fd": listening.fileno()}
        process = GuardedProcess.start(
            [sys.executable, "-m", module],
            directory=ROOT,
            log=log,
            environment=os.environ | {f"TONGQUAN_{name.upper()}": str(value) for name, value in told.items()},
            descriptors=[listening.fileno()],
        )
    try:
        yield process, f"http://{HOST}:{port}"
    finally:
        process.end()


def _wait_until_ready(region: int, process: GuardedProcess, url: str) -> None:
    deadline = time.monotonic() + GATEWAY_READY_SECONDS
    while time.monotonic() < deadline and process.is_running():
        try:
            if httpx.get(f"{url}/v1/status", trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_SECONDS)
    raise GatewayNotReady(f"gateway {region} did not start:\n{process.log_tail()}")
