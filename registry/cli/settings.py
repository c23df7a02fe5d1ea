"""
Where a command finds its node, gateway and keys: an option, else the environment, else the configuration file.

The file is TOML with the names below, each with a text or number:

    lang = "zh"
    gateway_url = "https://gateway.example.org"
    api_key_file = "lab.apikey"
    deployment = "deployment.json"
    keystore = "lab.json"

Paths in it are read from the file's own folder. Secrets are named by file, never by value; a file of secrets that others may read
is refused.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from registry.errors import TongquanError


class Lang(StrEnum):
    """Which language comes first on the screen: `zh` shows Chinese, then English; `en` English alone."""

    ZH = "zh"
    EN = "en"


class SettingRefused(TongquanError):
    """A setting is missing or makes no sense; nothing was done. `name` is the setting's."""

    def __init__(self, name: str, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.name = name


def default_config() -> Path:
    """Where the configuration file is looked for unless one is named."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "tongquan" / "config.toml"


def default_state_folder() -> Path:
    """Where stored requests, the outbox and the index are kept unless a folder is named."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tongquan"


def _setting(zh: str, en: str) -> Any:
    return field(default=None, metadata={"zh": zh, "en": en})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was told, None where nothing was."""

    lang: Lang | None = _setting("屏幕语言：zh（中文在前）或 en", "language on the screen")
    state_folder: Path | None = _setting("本工具的状态目录：待确认请求、发送箱、索引", "folder of stored requests, outbox and index")
    node_url: str | None = _setting("节点 JSON-RPC 地址", "JSON-RPC address of a node")
    deployment: Path | None = _setting("部署文件：链号、创世区块、合约地址", "deployment file: chain id, genesis block, contract addresses")
    gateway_url: str | None = _setting("本地区服务平台地址", "address of one's region's gateway")
    api_key_file: Path | None = _setting("API 密钥所在文件", "file that holds the API key")
    keystore: Path | None = _setting("密钥文件（Web3 Secret Storage 第 3 版）", "key file (Web3 Secret Storage, version 3)")
    password_file: Path | None = _setting("密钥文件口令所在文件", "file that holds the key file's password")
    password_fd: int | None = _setting("读取口令的文件描述符编号", "number of the file descriptor that the password is read from")
    pkcs11_module: Path | None = _setting("签名设备的 PKCS#11 库", "PKCS#11 library of a signing device")
    pkcs11_token: str | None = _setting("签名设备中令牌的标签", "label of the token in the device")
    pkcs11_label: str | None = _setting("令牌中密钥的标签；给出即以设备代替密钥文件签名", "label of the key that signs, no key file")
    pin_file: Path | None = _setting("令牌 PIN 所在文件", "file that holds the token's PIN")
    chain_id: int | None = _setting("无部署文件时：签名所用的链号", "without a deployment file: the chain id to sign for")
    registry: str | None = _setting("无部署文件时：签名所用的登记合约地址", "without a deployment file: the registry's address to sign for")
    directory: str | None = _setting(
        "无部署文件时：更换密钥所用的名录合约地址", "without a deployment file: the directory's address, to change a key"
    )
    lab: str | None = _setting("服务机构自己的编号", "the lab's own id")

    @classmethod
    def read(cls, told: Mapping[str, Any], config: Path | None) -> Self:
        """
        Join what options and environment told with the configuration file.

        Raises:
            SettingRefused: the named file is missing, or one has names or values that are none.
        """
        path = config or default_config()
        if config is None and not path.exists():
            written: dict[str, Any] = {}
        else:
            written = _parsed(path)
        return cls(**written | {name: value for name, value in told.items() if value is not None})


def _parsed(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as unreadable:
        raise SettingRefused("config", f"无法读取配置文件 {path}。", f"The configuration file cannot be read: {unreadable}") from unreadable
    kinds = {each.name: str(each.type) for each in fields(Settings)}
    parsed: dict[str, Any] = {}
    for name, value in found.items():
        wanted = int if "int" in kinds.get(name, "") else str
        if name not in kinds or type(value) is not wanted:
            raise SettingRefused(
                "config", f"配置文件 {path} 的 {name} 项无效。", f"{path}: {name} is no setting, or not {wanted.__name__}."
            )
        parsed[name] = path.parent / Path(str(value)).expanduser() if "Path" in kinds[name] else value
    if "lang" in parsed and parsed["lang"] not in list(Lang):
        raise SettingRefused("lang", "语言只能是 zh 或 en。", "The language is zh or en.")
    return parsed | ({"lang": Lang(parsed["lang"])} if "lang" in parsed else {})


def secret_in(path: Path) -> str:
    """
    The secret that a file holds, without the line's end.

    Raises:
        SettingRefused: there is no such file, others may read it, or it is empty.
    """
    try:
        mode = path.stat().st_mode
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as unreadable:
        raise SettingRefused(str(path), f"无法读取 {path}。", f"{path} cannot be read: {unreadable}") from unreadable
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingRefused(str(path), f"{path} 可被他人读取，请执行 chmod 600。", f"Others may read {path}: chmod 600 it.")
    if not secret:
        raise SettingRefused(str(path), f"{path} 为空。", f"{path} is empty.")
    return secret
