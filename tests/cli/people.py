"""Everybody at a command line of their own, in one town: a node, a consortium of six regions, and four gateways."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.chain.devnode import Engine
from scripts.demonstration.cast import CHANGXING, SHANGHAI, FirmCast, LabCast
from tests.cli.conftest import Desk, light_key, write_secret
from tests.gateway.conftest import Town, settled_in

PASSWORD = "a password of its own"


@dataclass
class People:
    """The town, and a desk for whoever asks. All of them type in one folder, each with settings of their own."""

    town: Town
    folder: Path

    def caller(self, region: int, name: str, **more: object) -> Desk:
        """Somebody with an API key at a region's gateway: an officer, an auditor, a lab or a firm."""
        world, key = self.town.world, f"{region}-{name}"
        settings = {
            "gateway_url": world.gateways[region],
            "api_key_file": write_secret(self.folder / f"{key}.apikey", world.api_keys[region][name]),
            "deployment": world.directory / "deployment.json",
            "state_folder": self.folder / f"{key}.state",
        }
        return Desk(self.folder, settings | more)

    def lab(self, lab: LabCast) -> Desk:
        """A lab, with its key file."""
        return self.caller(lab.region, lab.key, **self._key(lab.key), lab=self.town.lab_id(lab))

    def firm(self, firm: FirmCast) -> Desk:
        """A firm, with its key file."""
        return self.caller(firm.region, firm.key, **self._key(firm.key))

    def auditor(self, name: str = "auditor") -> Desk:
        """Somebody with a node's address and the deployment file, and nothing else."""
        world = self.town.world
        settings = {
            "node_url": world.node_url,
            "deployment": world.directory / "deployment.json",
            "state_folder": self.folder / f"{name}.state",
        }
        return Desk(self.folder, settings)

    def holder(self, name: str, *, deployment: Path) -> tuple[Desk, str]:
        """Somebody with a node's address, a deployment file and a key of their own; and the key's address."""
        write_secret(self.folder / "new.password", PASSWORD)
        address = light_key(self.folder, f"{name}.json", secrets.token_bytes(32))
        settings = self.auditor(name).settings | {"deployment": deployment, "keystore": f"{name}.json", "password_file": "new.password"}
        return Desk(self.folder, settings), address

    def serial(self, firm: FirmCast) -> str:
        """The serial of a voucher just issued."""
        return self.town.serial_for(firm)

    def _key(self, name: str) -> dict[str, object]:
        key_file = self.town.world.parties[name]
        return {"keystore": key_file.path, "password_file": key_file.path.with_suffix(".password")}


@contextmanager
def people_in(engine: Engine, chain_id: int, directory: Path) -> Iterator[People]:
    """A town of its own, and everybody in it."""
    folder = directory / "people"
    folder.mkdir(mode=0o700)
    with settled_in(engine, chain_id, directory) as town:
        yield People(town, folder)


__all__ = ["CHANGXING", "SHANGHAI", "People", "people_in"]
