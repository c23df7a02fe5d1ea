"""
How a gateway starts, and the one sentence by which it says why it does not.

    2  usage          a setting is missing or wrong, the settings are unsafe, a file of theirs cannot be used, the address is taken
    1  rejected       an account that signs here is registered as a party's signer
    3  unreachable    the node does not answer, or another gateway or command holds the index
    5  different      the node's chain, or what the state folder was written for, is not the deployment's

These are the exit statuses of `tongquan`. Nothing was signed or sent.
"""

import socket
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import SettingsError

from gateway import bodies
from gateway.exits import Exit
from gateway.office import Office, SignsForParty
from gateway.safety import UnsafeSettings, require_safe
from gateway.settings import Settings
from gateway.tag_keys import keyring_of
from registry import ChainReplaced, Deployment, IndexBusy, IndexRefused, KeystoreError, Unreachable, WrongChain, WrongDeployment

V = TypeVar("V")

BACKLOG = 2_048
_UNREADABLE = (OSError, ValueError, TypeError, LookupError)


class StartRefused(Exception):
    """The gateway does not start. The text is one sentence for the operator, Chinese first, and shows no secret."""

    def __init__(self, code: str, status: Exit, zh: str, en: str) -> None:
        super().__init__(f"{zh}未启动。 Not started: {en}")
        self.code = code
        self.status = status


def settings_told() -> Settings:
    """
    The settings in the environment, if they are safe together.

    Raises:
        StartRefused: one is missing or wrong, or they are not safe together.
    """
    try:
        settings = Settings()
        require_safe(settings)
    except UnsafeSettings as unsafe:
        raise StartRefused("UnsafeSettings", Exit.USAGE, "设置不安全，", f"the settings are unsafe: {unsafe}") from unsafe
    except ValidationError as invalid:
        # Not chained: it would show what was set.
        raise _of_settings(invalid) from None
    except SettingsError as malformed:
        raise StartRefused("SettingsWrong", Exit.USAGE, "设置有误，", f"{malformed}; lists and maps are JSON") from None
    return settings


def _of_settings(invalid: ValidationError) -> StartRefused:
    prefix = Settings.model_config["env_prefix"]
    names = {
        kind: sorted({_name(prefix, each["loc"]) for each in invalid.errors() if (each["type"] == "missing") is kind})
        for kind in (True, False)
    }
    missing, wrong = ", ".join(names[True]), ", ".join(names[False])
    if missing:
        return StartRefused("SettingsMissing", Exit.USAGE, f"缺少设置 {missing}，", f"set {missing}, see docs/gateway-settings.md")
    return StartRefused("SettingsWrong", Exit.USAGE, f"设置有误：{wrong}，", f"{wrong}: see docs/gateway-settings.md")


def _name(prefix: str, location: tuple[int | str, ...]) -> str:
    return prefix + str(location[0]).upper() if location else prefix + "*"


def opened(settings: Settings) -> Office:
    """
    The office of these settings.

    Raises:
        StartRefused: a file of theirs cannot be used, the node does not answer or is of another chain, or a party's key is among ours.
    """
    _used("deployment", lambda: Deployment.from_json(settings.deployment.read_text(encoding="utf-8")))
    _used("tag_keys", lambda: keyring_of(settings.tag_keys, settings.tag_epoch))
    _used("bodies", lambda: bodies.read(settings.bodies))
    try:
        return Office(settings, time.time)
    except SignsForParty as party:
        raise StartRefused("SignsForParty", Exit.REFUSED, "本网关的账户被登记为企业或服务机构的签名账户，", str(party)) from party
    except IndexBusy as busy:
        raise StartRefused("IndexBusy", Exit.UNREACHABLE, "索引正被另一网关或命令使用，", str(busy)) from busy
    except Unreachable as silent:
        raise StartRefused("Unreachable", Exit.UNREACHABLE, "节点无应答，", f"the node does not answer: {silent}") from silent
    except (WrongDeployment, ChainReplaced, WrongChain, IndexRefused) as other:
        raise StartRefused(type(other).__name__, Exit.DIFFERENT, "节点的链或状态目录与部署文件不符，", str(other)) from other
    except sqlite3.Error as broken:
        raise StartRefused("StateUnusable", Exit.USAGE, "状态目录无法使用，", f"the state folder cannot be used: {broken}") from broken
    except (KeystoreError, *_UNREADABLE) as refused:
        raise _unusable("accounts", refused) from None


def _used(setting: str, read: Callable[[], V]) -> V:
    try:
        return read()
    except _UNREADABLE as refused:
        raise _unusable(setting, refused) from None


def _unusable(setting: str, refused: BaseException) -> StartRefused:
    """Of what a parser says only where: the rest may quote the file, and a secret with it."""
    variable = f"TONGQUAN_{setting.upper()}"
    if isinstance(refused, ValidationError):
        at = ".".join(str(part) for part in refused.errors()[0]["loc"])
        why = f"its form is wrong{f' at {at}' if at else ''}"
    elif isinstance(refused, OSError):
        why = f"{refused.filename or ''} {refused.strerror}".strip()
    elif isinstance(refused, KeystoreError | ValueError):
        why = str(refused)
    else:
        why = f"its form is wrong ({type(refused).__name__})"
    return StartRefused("FileUnusable", Exit.USAGE, f"设置 {variable} 所指的文件无法使用，", f"what {variable} names cannot be used: {why}")


def listening(settings: Settings) -> socket.socket:
    """
    The socket to answer on: the one that was handed over, or one of the address in the settings.

    Raises:
        StartRefused: the address cannot be had.
    """
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as taken:
        address = f"{settings.host}:{settings.port}"
        raise StartRefused("AddressUnusable", Exit.USAGE, f"无法监听 {address}，", f"{address}: {taken.strerror}") from taken
