"""
`tongquan motion`: what the members decide together (联盟议案), from a node with a region's own keys.

A motion is a file that each region's admin reads and votes on by itself; its hash is its id, so that all vote on the very same.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from registry import getters
from registry.cli import parsing
from registry.cli.arguments import NewFile, Yes, argument, option
from registry.cli.command import Answer, Differs, Uses, command, group
from registry.cli.session import Session, content_of
from registry.cli.settings import SettingRefused
from registry.client import Client, Done
from registry.codec import id_of
from registry.errors import Rejected
from registry.files import write_new
from registry.model import NO_ADDRESS, NO_ID, Address, Id, Motion, MotionKind, Region, Time
from registry.rules import Ledger

DAY = 86_400
NONCE_BITS = 64

app = group("联盟议案。 Motions of the members.")

_OWN = Uses.NODE | Uses.KEY | Uses.KEY_IN_DEVICE

# Which fields a kind of motion names; the others are zero. As `IConsortium.sol` tells.
_NAMES: Mapping[MotionKind, frozenset[str]] = {
    MotionKind.ADMIT: frozenset({"region", "account", "other"}),
    MotionKind.SUSPEND: frozenset({"region"}),
    MotionKind.REINSTATE: frozenset({"region"}),
    MotionKind.NAME_CARETAKER: frozenset({"region", "account"}),
    MotionKind.REPLACE_KEYS: frozenset({"region", "account", "other"}),
    MotionKind.AUTHORISE_REGISTRY: frozenset({"account"}),
    MotionKind.RETIRE_REGISTRY: frozenset({"account"}),
    MotionKind.CLOSE_REGISTRY: frozenset({"account"}),
    MotionKind.AUTHORISE_CLAIMANT: frozenset({"account"}),
    MotionKind.VOID_CLAIM: frozenset({"region", "account", "subject"}),
    MotionKind.LIFT_FLAG: frozenset({"region", "subject"}),
}
_ABOUT_THIS_REGISTRY = (MotionKind.AUTHORISE_REGISTRY, MotionKind.VOID_CLAIM)
_ON_THE_INVOICE_LEDGER = (
    MotionKind.AUTHORISE_REGISTRY,
    MotionKind.RETIRE_REGISTRY,
    MotionKind.CLOSE_REGISTRY,
    MotionKind.AUTHORISE_CLAIMANT,
)


class KindName(StrEnum):
    """The kinds of motion, as they are typed."""

    ADMIT = "ADMIT"
    SUSPEND = "SUSPEND"
    REINSTATE = "REINSTATE"
    NAME_CARETAKER = "NAME_CARETAKER"
    REPLACE_KEYS = "REPLACE_KEYS"
    AUTHORISE_REGISTRY = "AUTHORISE_REGISTRY"
    RETIRE_REGISTRY = "RETIRE_REGISTRY"
    CLOSE_REGISTRY = "CLOSE_REGISTRY"
    AUTHORISE_CLAIMANT = "AUTHORISE_CLAIMANT"
    VOID_CLAIM = "VOID_CLAIM"
    LIFT_FLAG = "LIFT_FLAG"


Kind = Annotated[KindName, argument(None, "KIND", "议案类别", "The kind of motion")]
File = Annotated[Path, argument(None, "FILE", "议案文件", "The motion's file")]


@command(app, "draft", uses=Uses.NODE, example="tongquan motion draft AUTHORISE_REGISTRY authorise.json")
def draft(
    session: Session,
    named: Kind,
    file: NewFile,
    *,
    region: Annotated[Region | None, option("--region", parsing.region, "REGION", "议案所涉地区", "The region whose case it is")] = None,
    account: Annotated[
        Address | None, option("--account", parsing.address, "ACCOUNT", "新管理账户、审核账户或登记合约", "New admin, reviewer or registry")
    ] = None,
    other: Annotated[Address | None, option("--other", parsing.address, "ACCOUNT", "新恢复密钥", "The new recovery key")] = None,
    subject: Annotated[
        Id | None, option("--subject", parsing.record_id, "ID", "订单、企业或服务机构编号", "The order's, firm's or lab's id")
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="NUMBER", min=1, max=90, help="表决天数。 For how many days votes count.")] = 30,
) -> Answer:
    """
    起草议案文件，不上链。 Write a motion to a file; nothing is sent.
    """
    kind = MotionKind[named.name]
    if kind in _ABOUT_THIS_REGISTRY:
        account = account or session.deployment.registry
    given = {"region": region, "account": account, "other": other, "subject": subject}
    if {name for name, value in given.items() if value is not None} != _NAMES[kind]:
        wanted = ", ".join("--" + each for each in sorted(_NAMES[kind]))
        raise SettingRefused(
            "motion", f"{kind.name} 议案须且仅须指明 {wanted}。", f"A motion {kind.name} names {wanted}, and nothing else."
        )
    motion = Motion(
        kind,
        region or Region(0),
        account or NO_ADDRESS,
        other or NO_ADDRESS,
        subject or NO_ID,
        Time(session.node.head().time + days * DAY),
        secrets.randbits(NONCE_BITS),
    )
    write_new(file, json.dumps(_told(motion), indent=2).encode() + b"\n", mode=0o644)
    return {"file": file, "id": id_of(motion)} | _told(motion)


@command(app, "vote", uses=_OWN, example="tongquan motion vote authorise.json --yes")
def vote(session: Session, file: File, *, yes: Yes = False) -> Answer:
    """
    管理账户投赞成票；首票即提出议案。 As the admin, vote for a motion; the first vote proposes it.
    """
    motion = read(file)
    _require_consent(session, motion, yes=yes)
    return _sent(session, "vote", motion, lambda client, name: client.vote(motion, intent_id=name))


@command(app, "veto", uses=_OWN, example="tongquan motion veto replace.json --yes")
def veto(session: Session, file: File, *, yes: Yes = False) -> Answer:
    """
    用恢复密钥否决更换本地区密钥的议案。 With the recovery key, stop a motion to replace one's region's keys.
    """
    motion = read(file)
    _require_consent(session, motion, yes=yes)
    return _sent(session, "veto", motion, lambda client, name: client.veto(motion, intent_id=name))


@command(app, "enact", uses=_OWN, example="tongquan motion enact authorise.json")
def enact(session: Session, file: File) -> Answer:
    """
    使已通过的议案生效；任何账户均可。 Put a carried motion into effect; any account may.
    """
    motion = read(file)
    return _sent(session, "enact", motion, _enacting(session, motion))


@command(app, "show", uses=Uses.NODE, example="tongquan motion show authorise.json")
def show(session: Session, file: File) -> Answer:
    """
    显示议案文件及其表决情况。 Show a motion's file and how far it is.
    """
    motion = read(file)
    state = session.read(getters.MOTION, id_of(motion))
    return {"id": id_of(motion)} | _told(motion) | asdict(state)


@command(app, "list", uses=Uses.NODE, example="tongquan motion list")
def list_(session: Session) -> Answer:
    """
    列出链上全部议案及表决地区。 List all motions on the chain, and who voted.
    """
    with session.snapshot() as snapshot:
        return [_listed(snapshot.ledger, motion_id, motion) for motion_id, motion in snapshot.ledger.motion_records.items()]


def read(file: Path) -> Motion:
    """
    Read what `draft` wrote.

    Raises:
        Differs: it is no motion, or its id is not that of its fields.
    """
    try:
        found = json.loads(content_of(file))
        named = found.pop("id")
        motion = Motion(
            MotionKind[found.pop("kind")],
            Region(found.pop("region")),
            parsing.address(account) if (account := found.pop("account")) != NO_ADDRESS else NO_ADDRESS,
            parsing.address(other) if (other := found.pop("other")) != NO_ADDRESS else NO_ADDRESS,
            parsing.record_id(found.pop("subject")),
            Time(found.pop("expires")),
            int(found.pop("nonce")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, typer.BadParameter) as malformed:
        raise Differs("MotionMalformed", f"{file} 不是议案文件。 {file} is no motion: {malformed}", {}) from malformed
    if found or parsing.record_id(named) != id_of(motion):
        raise Differs("MotionAltered", f"{file} 的内容与编号不符。 {file}: its fields do not give its id.", {"expected": id_of(motion)})
    return motion


def _told(motion: Motion) -> dict[str, Any]:
    return {
        "id": "0x" + id_of(motion).hex(),
        "kind": motion.kind.name,
        "region": motion.region,
        "account": motion.account,
        "other": motion.other,
        "subject": "0x" + motion.subject.hex(),
        "expires": motion.expires,
        # Above 2^53, which JSON numbers do not keep everywhere.
        "nonce": str(motion.nonce),
    }


def _listed(ledger: Ledger, motion_id: Id, motion: Motion) -> dict[str, Any]:
    voted = [region for region in ledger.regions if ledger.voted[motion_id, region]]
    return _told(motion) | asdict(ledger.motions[motion_id]) | {"voted": voted}


def _require_consent(session: Session, motion: Motion, *, yes: bool) -> None:
    if yes:
        return
    session.screen.table([{"field": name, "value": value} for name, value in _told(motion).items()])
    if not session.screen.confirms("确认提交？", "Send it?"):
        raise SettingRefused("yes", "未确认，未提交。", "Not confirmed; nothing was sent.")


def _enacting(session: Session, motion: Motion) -> Callable[[Client, str], Done]:
    if motion.kind in _ON_THE_INVOICE_LEDGER:
        return lambda client, name: client.set_registry(motion, intent_id=name)
    if motion.kind is MotionKind.LIFT_FLAG:
        return lambda client, name: client.lift(motion, intent_id=name)
    if motion.kind is MotionKind.VOID_CLAIM:
        with session.snapshot() as snapshot:
            ledger, order = snapshot.ledger, motion.subject
            if order not in ledger.claims:
                raise Rejected("UnknownClaim", {"order": order})
            claim, redemption = ledger.claims[order], ledger.redemptions[order]
        return lambda client, name: client.void_claim(motion, claim, redemption, intent_id=name)
    return lambda client, name: client.enact(motion, intent_id=name)


def _sent(session: Session, verb: str, motion: Motion, act: Callable[[Client, str], Done]) -> Answer:
    done = session.send(verb, id_of(motion).hex(), act=act)
    state = session.read(getters.MOTION, id_of(motion))
    return {"id": id_of(motion), "kind": motion.kind, "transaction": done.transaction, "block": done.block} | asdict(state)
