"""Whether what a report names stands on a node's chain: contracts and their code, blocks, the signer's place, and every event."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from registry.chain.deploy import Deployment, verify
from registry.conformance.report import EventNamed, SignedReport
from registry.getters import REGION
from registry.model import Address, Digest
from registry.ports import Node

Difference = Mapping[str, Any]


def differences(report: SignedReport, node: Node) -> list[Difference]:
    """
    Everything that a report names and the node's chain has otherwise.

    Raises:
        WrongDeployment: it is another chain, or other contracts stand there.
        Unreachable: the node did not answer, or no longer keeps the state of that block.
    """
    deployment = _deployment_of(report)
    verify(node, deployment)
    return [
        *_codes(report, node, deployment),
        *_blocks(report, node),
        *_admin(report, node, deployment),
        *_events(report, node, deployment),
    ]


def _deployment_of(report: SignedReport) -> Deployment:
    chain = report.document["chain"]
    addresses = {name: Address(each["address"]) for name, each in chain["contracts"].items()}
    return Deployment(chain_id=chain["chain_id"], genesis_hash=_hash(chain["genesis_hash"]), block=chain["block"], **addresses)


def _codes(report: SignedReport, node: Node, deployment: Deployment) -> Iterator[Difference]:
    for name, told in report.document["chain"]["contracts"].items():
        found = hashlib.sha256(node.code(getattr(deployment, name))).hexdigest()
        if found != told["code_sha256"]:
            yield {"what": "code", "contract": name, "told": told["code_sha256"], "found": found}


def _blocks(report: SignedReport, node: Node) -> Iterator[Difference]:
    for name in ("first", "last"):
        told = report.document["chain"][name]
        found = node.block(told["number"])
        if (found.hash, found.time) != (_hash(told["hash"]), told["time"]):
            yield {"what": "block", "block": told["number"], "told": told["hash"], "found": "0x" + found.hash.hex()}


def _admin(report: SignedReport, node: Node, deployment: Deployment) -> Iterator[Difference]:
    question = REGION.question(deployment.addresses, report.document["region"])
    found = REGION.read(node.ask(question, report.document["chain"]["last"]["number"])).admin
    if found.lower() != report.signer.lower():
        yield {"what": "admin", "region": report.document["region"], "told": report.signer, "found": found}


def _events(report: SignedReport, node: Node, deployment: Deployment) -> Iterator[Difference]:
    last = report.document["chain"]["last"]["number"]
    logs = node.logs(deployment.block, last, list(deployment.contracts))
    found = {(log.block, log.index): EventNamed.of(log, deployment.contracts) for log in logs}
    for result in report.results:
        for event in result.events:
            here = found.get((event.block, event.index))
            if here != event:
                yield {"what": "event", "check": result.id, "told": event.name, "found": None if here is None else here.name}


def _hash(text: str) -> Digest:
    return Digest(bytes.fromhex(text[2:]))
