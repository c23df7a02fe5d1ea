"""What a command loads: the suite, and people's scripts, start hundreds of them."""

import subprocess
import sys

import pytest

from gateway.callers import Party
from gateway.cli import PartyName

HEAVY = ("fastapi", "uvicorn", "openpyxl", "py_ecc", "eth_account", "eth_abi", "eth_utils", "pydantic", "httpx", "web3", "solcx")

LOADED = """
import sys
from registry.cli.app import make_app
import typer.main

typer.main.get_command(make_app())
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.fixture(scope="module")
def loaded():
    """What a fresh interpreter has loaded once it knows every command, the gateway's too."""
    return subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=60, check=True).stdout.split()


@pytest.mark.parametrize("library", HEAVY)
def test_help_waits_for_no_library_that_only_some_commands_use(loaded, library):
    assert {"registry", "gateway", "typer"} <= set(loaded)
    assert library not in loaded


def test_parties_are_typed_by_the_names_that_the_gateway_knows():
    assert [each.value for each in PartyName] == [each.value for each in Party]
