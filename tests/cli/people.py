"""Everybody at a command line of their own, in one town: a node, a consortium of six regions, and four gateways."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.chain.devnode import Engine
from scripts.demonstration import command_lines
from scripts.demonstration.cast import CHANGXING, SHANGHAI, FirmCast, LabCast
from tests.cli.conftest import Desk, light_key, write_secret
from tests.gateway.conftest import Town, settled_in

PASSWORD = "a password of its own"


@dataclass
class People:
    """The town, and a desk for whoever asks. All of them type in one folder, each with settings of their own."""

    town: Town
    folder: Path

    def caller(self, region: int, name: str) -> Desk:
        """An officer, an auditor, a lab or a firm at a region's gateway."""
        return self._desk(f"{region}-{name}")

    def lab(self, lab: LabCast) -> Desk:
        """A lab, with its key file."""
        return self._desk(lab.key)

    def firm(self, firm: FirmCast) -> Desk:
        """A firm, with its key file."""
        return self._desk(firm.key)

    def auditor(self, name: str = "auditor") -> Desk:
        """Somebody with a node's address and the deployment file, and nothing else."""
        return Desk(self.folder, self._desk("auditor").settings | {"state_folder": self.folder / f"{name}.own-state"})

    def holder(self, name: str, *, deployment: Path) -> tuple[Desk, str]:
        """Somebody with a node's address, a deployment file and a key of their own; and the key's address."""
        write_secret(self.folder / "new.password", PASSWORD)
        address = light_key(self.folder, f"{name}.json", secrets.token_bytes(32))
        settings = self.auditor(name).settings | {"deployment": deployment, "keystore": f"{name}.json", "password_file": "new.password"}
        return Desk(self.folder, settings), address

    def serial(self, firm: FirmCast) -> str:
        """The serial of a voucher just issued."""
        return self.town.serial_for(firm)

    def _desk(self, name: str) -> Desk:
        """Somebody with the configuration file that the demonstration wrote."""
        return Desk(self.folder, {"config": f"{name}.toml"})


@contextmanager
def people_in(engine: Engine, chain_id: int, directory: Path) -> Iterator[People]:
    """A town of its own, and everybody in it."""
    with settled_in(engine, chain_id, directory) as town:
        yield People(town, command_lines.write(town.world))


__all__ = ["CHANGXING", "SHANGHAI", "People", "people_in"]
