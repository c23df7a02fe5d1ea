"""
Fuzz the gateway of a town by its own description: `scripts/fuzz`, with all of schemathesis's checks.

Every operation is called with the key of a party that may call it. The gateway is Shanghai's, in a town with a voucher and an order,
so that some of what is asked for exists.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from gateway import refusals
from gateway.api_keys import ApiKeys
from gateway.callers import Party
from gateway.documents import codes_of, routes_of
from gateway.errors import status_of
from gateway.routes import ROUTERS
from registry.chain.devnode import Engine
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.fuzz_parties import operations_for
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

# What no request that fits the schema and comes with a good key may be refused with.
NEVER = {"InvalidRequest", "IdempotencyKeyMissing", "IdempotencyKeyRunning", "MalformedRequest", "TooLarge", "BodyTooSlow"}
NEVER |= {*refusals.OF_AUTHENTICATION, *refusals.OF_ROLES}
SUMMARY = re.compile(r"(\d+) generated, (\d+) passed")


@dataclass(frozen=True)
class Fuzzed:
    """What schemathesis came to: its exit status, how many cases it made, and how many of them passed."""

    status: int
    generated: int
    passed: int


def settings_text(boundaries: str) -> str:
    """
    Which statuses may answer what fits an operation's schema; operations with the same ones stand together, since each case asks them all.

    `boundaries` says on which side of a schema's boundaries the coverage phase looks: `positive`, `negative` or `all`.

    A schema can say that a company code is text, not that its check digit is right, nor what stands on the chain: an operation's own
    refusals are answers, what it shares with all others is not. 304 answers `If-None-Match: *`.
    """
    told = ['[checks]\nmissing_required_header.expected-statuses = ["400"]\n']
    told.append(f'[phases.coverage.generation]\nmode = "{boundaries}"\n')
    answered: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for route in routes_of(ROUTERS):
        statuses = {"2xx"} | ({"304"} if 304 in route.responses else set())
        # To JSON Schema 60.0 is a whole number and half a surrogate pair is text; in a body here they are neither.
        statuses |= {"422"} if route.dependant.body_params else set()
        statuses |= {str(status_of(code)) for code in codes_of(route) - NEVER if status_of(code) < HTTPStatus.INTERNAL_SERVER_ERROR}
        answered[tuple(sorted(statuses))].append(f"{route.tags[0]}_{route.name}")
    for expected, operations in answered.items():
        told.append(f"[[operations]]\ninclude-operation-id = {json.dumps(operations)}\n")
        told.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps(expected)}\n")
    return "\n".join(told)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="按接口说明模糊测试本平台。 Fuzz the gateway by its own description.")
    parser.add_argument(
        "--examples", type=int, default=30, help="cases an operation in the fuzzing phase; all phases together are many more"
    )
    parser.add_argument("more", nargs="*", help="passed on to schemathesis, after --")
    asked = parser.parse_args()
    return fuzz(asked.examples, *asked.more)[0].status


def fuzz(examples: int, *more: str, also: Sequence[tuple[str, ...]] = (), boundaries: str = "all") -> list[Fuzzed]:
    """
    Found a town, fuzz it, and tell what schemathesis came to; `also` with other options, of which the first names who calls what he may.

    No answer of a gateway may be 503, so no head is too old however long this takes.
    """
    with tempfile.TemporaryDirectory() as folder, settled_in(Engine.ANVIL, CHAIN_ID, Path(folder), stale_after_seconds=86_400) as town:
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
        known = {"region": firm.region, "firm": firm.company_code, "serial": serial, "host_unit": lab.host_unit, "seller": lab.host_unit}
        settings = Path(folder) / "schemathesis.toml"
        settings.write_text(settings_text(boundaries), encoding="utf-8")
        keys = {party: town.world.api_keys[SHANGHAI][name] for party, name in PARTIES.items()}
        with ApiKeys(town.world.folder(SHANGHAI) / "state") as store:
            keys["FIRM"], _ = store.add(name=firm.key, party=Party.FIRM, region=firm.region, firm=firm.company_code)
        told = {"TONGQUAN_FUZZ_KEYS": json.dumps(keys), "TONGQUAN_FUZZ_IDS": json.dumps(ids), "TONGQUAN_FUZZ_KNOWN": json.dumps(known)}
        environment = os.environ | told | {"SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(Path.cwd())}
        program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "run"]
        url = f"{town.world.gateways[SHANGHAI]}/openapi.json"
        options = ["--checks", "all", "--max-examples", str(examples), "--no-color", "--continue-on-failure", *more]
        found = [_run([*program, url, *options], environment)]
        for party, *others in also:
            chosen = [f"--include-operation-id={each}" for each in operations_for(party, town.http.get(url).json())]
            found.append(_run([*program, url, *options, *others, *chosen], environment | {"TONGQUAN_FUZZ_AS": party}))
        return found


def _run(command: Sequence[str], environment: Mapping[str, str]) -> Fuzzed:
    """Run a program, pass on what it says, and read its summary."""
    said = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        for line in running.stdout or ():
            sys.stdout.write(line)
            said.append(line)
    summary = SUMMARY.search("".join(said))
    generated, passed = (int(each) for each in summary.groups()) if summary else (0, 0)
    return Fuzzed(running.returncode, generated, passed)


if __name__ == "__main__":
    sys.exit(main())
