"""
Fuzz a running gateway by its own description: `scripts/fuzz`, with all of schemathesis's checks.

Every operation is called with the key of a party that may call it. The gateway is Shanghai's, in a town with a voucher and an order,
so that some of what is asked for exists.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from registry.chain.devnode import Engine
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.newcomers import firm_id, voucher_id

CHAIN_ID = 20_139_000
HOOKS = "tests.gateway.fuzz_hooks"
PARTIES = {
    "LAB": "lab-shanghai",
    "ISSUER": "issuer",
    "REVIEWER": "reviewer-1",
    "PAYER": "payer",
    "DIRECTORY": "directory",
    "AUDITOR": "auditor",
}

# A schema can say that a company code is text, not that its check digit is right: what fits the schema may be refused with 422 (or a
# document, a list, a cursor), never with a fault of ours. 304 answers `If-None-Match: *`.
SETTINGS = """\
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "413", "422"]
missing_required_header.expected-statuses = ["400", "422"]
"""


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="按接口说明模糊测试本平台。 Fuzz the gateway by its own description.")
    parser.add_argument(
        "--examples", type=int, default=30, help="cases an operation in the fuzzing phase; all phases together are many more"
    )
    parser.add_argument("more", nargs="*", help="passed on to schemathesis, after --")
    asked = parser.parse_args()
    return fuzz(asked.examples, *asked.more)


def fuzz(examples: int, *more: str) -> int:
    """Found a town, fuzz it, and answer what schemathesis answers."""
    with tempfile.TemporaryDirectory() as folder, settled_in(Engine.ANVIL, CHAIN_ID, Path(folder)) as town:
        firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
        serial = town.serial_for(firm)
        ids = {
            "order_id": town.reserved(firm, lab, serial=serial, amount="500000"),
            "voucher_id": voucher_id(town, firm, serial),
            "programme_id": town.programmes[CHANGXING],
            "lab_id": town.lab_id(lab),
            "firm_id": firm_id(town, firm),
            "subject_id": town.lab_id(lab),
        }
        settings = Path(folder) / "schemathesis.toml"
        settings.write_text(SETTINGS, encoding="utf-8")
        keys = {party: town.world.api_keys[SHANGHAI][name] for party, name in PARTIES.items()}
        told = {"TONGQUAN_FUZZ_KEYS": json.dumps(keys), "TONGQUAN_FUZZ_IDS": json.dumps(ids)}
        environment = os.environ | told | {"SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(Path.cwd())}
        program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "run"]
        url = f"{town.world.gateways[SHANGHAI]}/openapi.json"
        options = ["--checks", "all", "--max-examples", str(examples), "--no-color", "--continue-on-failure", *more]
        return subprocess.run([*program, url, *options], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
