"""
SoftHSM2, a device in software: one token for a whole run of tests, since its library reads its settings once a process.

Where it is not installed the tests that need it are skipped; where `TONGQUAN_REQUIRE_SOFTHSM` is set, as CI sets it, they fail.
"""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.hsm import Hsm

REQUIRED = "TONGQUAN_REQUIRE_SOFTHSM"
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
_PIN = "13572468"


@dataclass(frozen=True)
class SoftHsm:
    """A token: where it is, and what opens it. One login a process: whoever opens it closes it again."""

    module: Path
    token: str
    pin: str
    pin_file: Path

    def open(self) -> Hsm:
        """Log in."""
        return Hsm.open(self.module, token=self.token, pin=self.pin)

    def entry(self, label: str) -> dict[str, dict[str, str]]:
        """A key of this token, as a gateway's `accounts.json` names it."""
        return {"pkcs11": {"module": str(self.module), "token": self.token, "label": label, "pin_file": str(self.pin_file)}}

    def settings(self) -> dict[str, object]:
        """The same for a command line."""
        return {"pkcs11_module": self.module, "pkcs11_token": self.token, "pin_file": self.pin_file}

    @staticmethod
    def label(name: str) -> str:
        """A label that nobody else in this run uses."""
        return f"{name}-{uuid.uuid4().hex[:8]}"


def module() -> Path | None:
    """Where SoftHSM2 is, if it is installed."""
    found = next((Path(each) for each in _MODULES if Path(each).is_file()), None)
    return found if shutil.which("softhsm2-util") else None


def require() -> None:
    """Leave the test out where there is no SoftHSM2, or fail where there has to be."""
    if module() is not None:
        return
    if os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, and SoftHSM2 is not installed (apt-get install softhsm2)")
    pytest.skip("SoftHSM2 is not installed (apt-get install softhsm2)")


@contextmanager
def token_in(folder: Path) -> Iterator[SoftHsm]:
    """A token whose files lie in this folder."""
    library = module()
    assert library is not None
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    name = "tongquan-tests"
    initialise = ["softhsm2-util", "--init-token", "--free", "--label", name, "--pin", _PIN, "--so-pin", _PIN]
    subprocess.run(initialise, check=True, capture_output=True, timeout=60)
    pin_file = folder / "hsm.pin"
    pin_file.write_text(_PIN + "\n")
    pin_file.chmod(0o600)
    yield SoftHsm(library, name, _PIN, pin_file)
    del os.environ["SOFTHSM2_CONF"]


def add_account(accounts: Path, name: str, entry: dict[str, object]) -> None:
    """Name one more account in a gateway's file."""
    written = json.loads(accounts.read_text())
    accounts.write_text(json.dumps({"accounts": written["accounts"] | {name: entry}}))
