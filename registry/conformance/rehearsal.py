"""
A rehearsal's folder: a consortium of three regions for the candidate to try its gateway on, and the keys of all who take part.

    founding.json     whose it is, and on which chain it was begun
    rehearsal.json    whose it is, once all of it is there
    deployment.json   tag-keys.json
    keys/             a key file for every account but the candidate's admin, all under keys/password, and accounts.json for its gateway
    api-keys/         the candidate's operator puts <caller>.apikey here, for each of `callers`
    api-keys.sh       which makes them, where the gateway's state folder is

Warning: these keys are for a rehearsal and guard nothing. The candidate's admin key is its own and never lies here.
"""

import json
import secrets
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from registry.chain.deploy import MOTION_DAYS, Deployment, authorisation, deploy
from registry.client import Client
from registry.codec import id_of
from registry.conformance.cast import (
    CLAIMANT,
    FOURTH,
    INVOICE_EPOCH,
    PARTNER,
    PARTNER_ROLES,
    PARTNERS,
    ROLES,
    SIGNERS,
    SPARE_REVIEWER,
    THIRD,
    Codes,
    codes_of,
)
from registry.conformance.refusals import RehearsalRefused
from registry.files import OWNER_ONLY, put_in_place
from registry.keystore import KeyAccount, Strength, save_key
from registry.model import Address, Founder, Id, Lab, Region, Time
from registry.outbox import Outbox
from registry.ports import Node, SigningAccount
from registry.tags import FIRST_EPOCH, Keyring, TagKey

_ACCOUNTS = (*ROLES, SPARE_REVIEWER)
CALLERS = (*_ACCOUNTS, "auditor", "lab", "firm", "firm-2")
"""Who has an API key at the candidate's gateway."""

_STATE_ABSOLUTE = "请以绝对路径设置 TONGQUAN_STATE，未生成密钥。 Set TONGQUAN_STATE to an absolute path; no key was made."

_PARTY = {"reviewer-1": "REVIEWER", "reviewer-2": "REVIEWER", SPARE_REVIEWER: "REVIEWER", "firm-2": "FIRM"}


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal's folder."""

    folder: Path
    region: Region

    @classmethod
    def open(cls, folder: Path) -> "Rehearsal":
        """
        Open what `prepare` made.

        Raises:
            RehearsalRefused: it is none, or not finished.
        """
        if (folder / "founding.json").exists() and not (folder / "rehearsal.json").exists():
            raise RehearsalRefused(f"{folder} 尚未备妥：请重复 prepare。 {folder} is not prepared yet: repeat prepare.")
        found = _json(folder / "rehearsal.json")
        try:
            return cls(folder, Region(int(found["region"])))
        except (KeyError, TypeError, ValueError) as malformed:
            raise RehearsalRefused(f"{folder} 不是演练目录。 {folder} is no rehearsal's folder.") from malformed

    @cached_property
    def deployment(self) -> Deployment:
        """Where the contracts are."""
        return Deployment.from_json(_text(self.folder / "deployment.json"))

    @cached_property
    def keyring(self) -> Keyring:
        """The rehearsal's tag keys."""
        found = _json(self.folder / "tag-keys.json")
        return Keyring(TagKey(int(epoch), bytes.fromhex(secret)) for epoch, secret in found.items())

    @cached_property
    def codes(self) -> Codes:
        """The test parties' codes."""
        return codes_of(self.region)

    def account(self, name: str) -> KeyAccount:
        """An account whose key lies here: a role's, a partner's or a party's."""
        password = _text(self.folder / "keys" / "password").rstrip("\n")
        return KeyAccount.open(self.folder / "keys" / f"{name}.json", password)

    def api_key(self, caller: str) -> str:
        """
        A caller's API key at the candidate's gateway.

        Raises:
            RehearsalRefused: the operator has put none here yet.
        """
        path = self.folder / "api-keys" / f"{caller}.apikey"
        if not path.exists():
            raise RehearsalRefused(f"没有 {path}：请先运行 {self.script}。 There is no {path}: run {self.script} first.")
        return _text(path).rstrip("\n")

    def party(self, caller: str) -> str:
        """What a caller is at the candidate's gateway."""
        return _PARTY.get(caller, caller.upper())

    @property
    def script(self) -> Path:
        """What makes the API keys."""
        return self.folder / "api-keys.sh"

    def require_api_keys(self) -> None:
        """
        Every caller has an API key here.

        Raises:
            RehearsalRefused: one has none.
        """
        for caller in CALLERS:
            self.api_key(caller)

    def lab_id(self, name: str) -> Id:
        """A test lab's id."""
        region = PARTNER if name.startswith("partner") else self.region
        return id_of(Lab(region, self.keyring.firm(self.codes.companies[name]), self.codes.labs[name]))

    def scopes(self) -> Iterator[list[str]]:
        """What `tongquan gateway keys add` is told for each caller."""
        for name in CALLERS:
            party = self.party(name)
            scope = ["--name", name, "--party", party, "--region", str(self.region)]
            if name in _ACCOUNTS:
                scope += ["--account", name]
            if party == "LAB":
                scope += ["--lab", "0x" + self.lab_id(name).hex()]
            if party == "FIRM":
                scope += ["--firm", self.codes.companies[name]]
            yield scope


def prepare(node: Node, folder: Path, region: Region, admin: SigningAccount) -> Rehearsal:
    """
    Make all keys, put the contracts on the node's chain with the candidate and two partners as founders, and let all take their roles up.

    If it breaks off, the same call goes on with what lies in the folder: the same keys, and each transaction once.

    Raises:
        RehearsalRefused: the region's code is a partner's; or the folder holds a whole rehearsal, one that was begun for another region,
            admin or chain, or something else.
        Rejected, DeploymentFailed: the chain does not take it.
        Unreachable, OutcomeUnknown: call again.
    """
    if region in PARTNERS:
        raise RehearsalRefused(
            f"{region} 由演练的伙伴地区使用，请用本地区代码。 {region} is a partner's in every rehearsal: give one's own region's code."
        )
    _begin(folder, {"region": region, "admin": admin.address, "chain_id": node.chain_id()})
    made = _keys(folder / "keys", region)
    _write(folder / "tag-keys.json", {str(epoch): secrets.token_bytes(32).hex() for epoch in (FIRST_EPOCH, INVOICE_EPOCH)})
    admins = {region: admin, PARTNER: made[f"{PARTNER}-admin"], THIRD: made[f"{THIRD}-admin"]}
    founders = [Founder(each, Address(admins[each].address), Address(made[f"{each}-recovery"].address)) for each in admins]
    # Nothing else is ever sent by this key, so that the contracts are the same ones however often this is begun.
    deployment = deploy(node, made["deployer"], founders, nonce=0)
    _put(folder / "deployment.json", deployment.to_json())
    with Outbox(folder / "founding.sqlite", node, chain_id=deployment.chain_id) as outbox:
        clients = {each: Client(node, deployment, outbox, account) for each, account in admins.items()}
        motion = authorisation(deployment, expires=Time(node.block(deployment.block).time + MOTION_DAYS * 86_400))
        for each in (PARTNER, THIRD):
            clients[each].vote(motion, intent_id=f"vote {each}")
        clients[PARTNER].set_registry(motion, intent_id="authorise")
        for home, prefix, roles in ((region, "", ROLES), (PARTNER, f"{PARTNER}-", PARTNER_ROLES)):
            for name, role in roles.items():
                holder = Client(node, deployment, outbox, made[prefix + name])
                clients[home].offer(holder.address, role, intent_id=f"offer {prefix}{name}")
                holder.take_up(home, role, intent_id=f"take up {prefix}{name}")
    rehearsal = Rehearsal(folder, region)
    _write_gateway_files(rehearsal)
    _write(folder / "rehearsal.json", {"region": region, "partners": [PARTNER, THIRD]})
    return rehearsal


def _begin(folder: Path, founding: Mapping[str, Any]) -> None:
    """An empty folder, or one in which the same was begun and not finished."""
    begun = folder / "founding.json"
    if (folder / "rehearsal.json").exists():
        raise RehearsalRefused(
            f"{folder} 已备妥；另行演练请另用目录。 {folder} is prepared already; for another rehearsal take another folder."
        )
    if begun.exists() and _json(begun) != founding:
        whose = _json(begun)
        region, chain_id, admin = (whose.get(name) for name in ("region", "chain_id", "admin"))
        raise RehearsalRefused(
            f"{folder} 属于另一演练（地区 {region}，链 {chain_id}，管理账户 {admin}），请另用目录。 "
            f"{folder} was begun for another region, admin or chain ({region}, chain {chain_id}, {admin}): take another folder."
        )
    if folder.exists() and any(folder.iterdir()) and not begun.exists():
        raise RehearsalRefused(f"{folder} 不是空目录，请另用目录。 {folder} is not empty: take another folder.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # COMMIT POINT. A crash before it leaves an empty folder; after it, one in which the same call goes on.
    _write(begun, founding)
    for each in (folder / "keys", folder / "api-keys"):
        each.mkdir(mode=0o700, exist_ok=True)


def _keys(folder: Path, region: Region) -> dict[str, KeyAccount]:
    """A key for every account, made where it is not there yet."""
    _put(folder / "password", secrets.token_urlsafe(24) + "\n")
    password = _text(folder / "password").rstrip("\n")
    own = [f"{each}-{name}" for each in (PARTNER, THIRD, FOURTH) for name in ("admin", "recovery")]
    nexts = [f"{region}-recovery", f"{THIRD}-admin", f"{FOURTH}-admin", f"{FOURTH}-recovery"]
    roles = [*_ACCOUNTS, "relay", *(f"{PARTNER}-{name}" for name in PARTNER_ROLES)]
    names = ["deployer", *roles, f"{region}-recovery", *own, *(f"{each}-next" for each in nexts), CLAIMANT, *SIGNERS]
    for name in names:
        if not (folder / f"{name}.json").exists():
            save_key(folder / f"{name}.json", secrets.token_bytes(32), password, strength=Strength.LIGHT)
    return {name: KeyAccount.open(folder / f"{name}.json", password) for name in names}


def _write_gateway_files(rehearsal: Rehearsal) -> None:
    accounts = {name: {"keystore": f"{name}.json", "password_file": "password"} for name in ("relay", *_ACCOUNTS)}
    _write(rehearsal.folder / "keys" / "accounts.json", {"accounts": accounts})
    lines = ["#!/bin/sh", "# 在网关的状态目录所在机器上运行；目录取自 TONGQUAN_STATE。 Run where the gateway's state folder is.", "set -eu"]
    # The script changes into its own folder: what is relative would be a new state folder in there, which no gateway reads.
    lines += ['case "${TONGQUAN_STATE:-}" in', "/*) ;;", f"*) echo '{_STATE_ABSOLUTE}' >&2; exit 2 ;;", "esac"]
    lines += ["umask 077", 'cd "$(dirname "$0")/api-keys"']
    lines += [f"tongquan gateway keys add {shlex.join(scope)} >{scope[1]}.apikey" for scope in rehearsal.scopes()]
    _put(rehearsal.script, "\n".join([*lines, ""]), mode=0o700)


def _write(path: Path, told: Mapping[str, Any]) -> None:
    _put(path, json.dumps(told, indent=2) + "\n")


def _put(path: Path, text: str, *, mode: int = OWNER_ONLY) -> None:
    """A file, whole, unless it is there already."""
    if not path.exists():
        put_in_place(path, text.encode(), mode=mode)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as unreadable:
        raise RehearsalRefused(f"无法读取 {path}。 {path} cannot be read: {unreadable}") from unreadable


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(path))
    except ValueError as malformed:
        raise RehearsalRefused(f"{path} 不是 JSON。 {path} is no JSON.") from malformed
    if not isinstance(found, dict):
        raise RehearsalRefused(f"{path} 不是 JSON 对象。 {path} holds no JSON object.")
    return found
