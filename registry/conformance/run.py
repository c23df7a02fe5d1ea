"""
Rehearsing: play the checks against a gateway, and sign what they came to.

A rehearsal issues vouchers, moves money on the books and freezes labs, so it belongs on a network of its own: it goes nowhere where the
chain holds anything but what `prepare` put there, unless its chain id was named.
"""

import hashlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import httpx

from registry.canonical import canonical_json
from registry.chain.deploy import verify
from registry.chain.raw import RawNode
from registry.conformance.checks import CHECKS
from registry.conformance.refusals import ReportRefused
from registry.conformance.rehearsal import Rehearsal
from registry.conformance.report import Result, SignedReport, document_of, domain_of, event_name, to_sign
from registry.conformance.stage import Stage
from registry.conformance.table import Check, play
from registry.errors import TongquanError
from registry.events import Contract
from registry.getters import REGION
from registry.model import Region
from registry.ports import Block, Log, SigningAccount

Tell = Callable[[Result, int, int], None]
"""Told of each check as it is played: its result, how many are done, and how many are to go."""

_FOUNDING = {
    Contract.CONSORTIUM: {"Granted", "RegionAdmitted", "Voted", "Offered", "OfferWithdrawn"},
    Contract.INVOICES: {"RegistrySet"},
}


class ChainInUse(TongquanError):
    """The chain holds something that no fresh deployment has; nothing was done."""

    def __init__(self, chain_id: int, log: Log, event: str | None) -> None:
        what = f"{event or 'a log'} of {log.address}, block {log.block}"
        super().__init__(
            f"链 {chain_id} 上已有其他内容（{what}），未检验；请在新的网络上以新目录 prepare，或以 --used-chain {chain_id} 写明链号。 "
            f"Chain {chain_id} holds other things ({what}); nothing was done. Prepare a new folder on a new network; where those things "
            f"are none of this rehearsal's own, name the chain by --used-chain {chain_id}."
        )


class NotTheAdmin(TongquanError):
    """The key in hand is not that of the candidate's admin on this chain; nothing was done."""

    def __init__(self, region: Region, admin: str, account: str) -> None:
        super().__init__(
            f"{account} 不是 {region} 的管理账户，未检验。 {account} is not {region}'s admin, which is {admin}; nothing was done."
        )


def table_hash() -> str:
    """The SHA-256 of what is checked: two reports are of the same checks if these agree."""
    told = [[each.id, each.verb, each.zh, each.en, list(each.events), each.closing] for each in CHECKS.values()]
    return hashlib.sha256(canonical_json({"checks": told})).hexdigest()


def rehearse(
    rehearsal: Rehearsal, node: RawNode, gateway_url: str, admin: SigningAccount, *, used_chain: int | None, tell: Tell
) -> SignedReport:
    """
    Play every check and sign the report.

    A block is made first: on a chain that makes none of itself a gateway would answer Stale until a check sends something.

    Raises:
        ChainInUse: the chain is not fresh, and `used_chain` is not its id.
        NotTheAdmin, WrongDeployment, Unreachable, RehearsalRefused: as their names say; nothing was done.
    """
    _require_ready(rehearsal, node, admin)
    if used_chain != rehearsal.deployment.chain_id:
        _require_fresh(node, rehearsal)
    with Stage(rehearsal, node, gateway_url, admin) as stage:
        first = node.finalised_head()
        stage.require_gateway()
        stage.fresh_block()
        results = _played(stage, list(CHECKS.values()), tell)
        return _signed(stage, results, first=_block(first))


def go_on(
    earlier: SignedReport, rehearsal: Rehearsal, node: RawNode, gateway_url: str, admin: SigningAccount, *, tell: Tell
) -> SignedReport:
    """
    Play what was not due when a report was made, look at everything once more, and sign a report of both.

    A block is made first, as in `rehearse`: such a chain would also be at the time of the last call still, and nothing new be due.

    Raises:
        ReportRefused: the earlier report is not signed, or is of other checks or another rehearsal.
        NotTheAdmin, WrongDeployment, Unreachable, RehearsalRefused: as for `rehearse`.
    """
    _require_ready(rehearsal, node, admin)
    _require_same(earlier, rehearsal)
    before = {each.id: each for each in earlier.results}
    checks = [each for each in CHECKS.values() if each.closing or before[each.id].due is not None]
    with Stage(rehearsal, node, gateway_url, admin, earlier.document["remembered"]) as stage:
        stage.require_gateway()
        stage.fresh_block()
        now = {each.id: each for each in _played(stage, checks, tell)}
        results = [_worse(each, now[each.id]) if each.id in now else each for each in before.values()]
        return _signed(stage, results, first=earlier.document["chain"]["first"])


def _worse(before: Result, now: Result) -> Result:
    """A closing check that failed once does not pass by being played again without what failed."""
    return before if before.ok is False else now


def _require_same(report: SignedReport, rehearsal: Rehearsal) -> None:
    """
    A report of this rehearsal and of these checks, signed.

    Raises:
        ReportRefused: it is not.
    """
    report.require_signed()
    if report.document["region"] != rehearsal.region or report.domain != rehearsal.deployment.domain:
        raise ReportRefused("it is of another rehearsal")
    if report.document["software"]["checks"] != table_hash():
        raise ReportRefused("this version has other checks")


def _require_fresh(node: RawNode, rehearsal: Rehearsal) -> None:
    """
    Nothing stands on the chain but a deployment, its founders' roles, and the vote that authorised its registry.

    Raises:
        ChainInUse: something does.
    """
    contracts = rehearsal.deployment.contracts
    for log in node.logs(0, node.finalised_head().number, []):
        contract = contracts.get(log.address)
        name = None if contract is None else event_name(log, contract)
        if contract is None or name not in _FOUNDING.get(contract, set()):
            raise ChainInUse(rehearsal.deployment.chain_id, log, name)


def _require_ready(rehearsal: Rehearsal, node: RawNode, admin: SigningAccount) -> None:
    verify(node, rehearsal.deployment)
    found = REGION.read(node.ask(REGION.question(rehearsal.deployment.addresses, rehearsal.region), node.finalised_head().number))
    if found.admin != admin.address:
        raise NotTheAdmin(rehearsal.region, found.admin, admin.address)


def _played(stage: Stage, checks: list[Check], tell: Tell) -> list[Result]:
    results = []
    for done, result in enumerate(play(stage, checks), 1):
        tell(result, done, len(checks) - done)
        results.append(result)
    return results


def _signed(stage: Stage, results: list[Result], *, first: Mapping[str, Any]) -> SignedReport:
    deployment, node, admin = stage.deployment, stage.node, stage.admin
    contracts = {
        name: {"address": address, "code_sha256": hashlib.sha256(node.code(address)).hexdigest()}
        for name, address in _addresses(stage).items()
    }
    head = {
        "region": stage.region,
        "signer": admin.address.lower(),
        "software": {"version": version("tongquan"), "checks": table_hash()},
        "gateway": {"url": stage.wire.url, "interface_sha256": _interface(stage)},
        "chain": {
            "chain_id": deployment.chain_id,
            "genesis_hash": "0x" + deployment.genesis_hash.hex(),
            "block": deployment.block,
            "contracts": contracts,
            "first": first,
            "last": _block(node.finalised_head()),
        },
        "remembered": {name: value for name, value in stage.remembered.items() if isinstance(value, str | int)},
    }
    document = document_of(head, results)
    return SignedReport(document, admin.sign(to_sign(document), domain_of(document)))


def _addresses(stage: Stage) -> dict[str, Any]:
    return {name: getattr(stage.deployment, name) for name in ("consortium", "directory", "invoices", "programmes", "registry")}


def _block(block: Block) -> dict[str, Any]:
    return {"number": block.number, "hash": "0x" + block.hash.hex(), "time": block.time}


def _interface(stage: Stage) -> str | None:
    """The SHA-256 of the interface's description, which names the version of the gateway; a gateway may keep it to itself."""
    try:
        answer = stage.nobody.bare("GET", "/openapi.json")
    except httpx.TransportError:
        return None
    return hashlib.sha256(canonical_json(answer.body)).hexdigest() if answer.body else None
