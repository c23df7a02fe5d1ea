"""
The accounts that sign here: one for each role account of the region, and one of no role that relays what others signed.

    {"accounts": {"relay": {"keystore": "relay.json", "password_file": "relay.password"},
                  "reviewer-1": {"pkcs11": {"module": "/usr/lib/softhsm/libsofthsm2.so", "token": "tongquan", "label": "reviewer-1",
                                            "pin_file": "hsm.pin"}}, …}}

A key lies in a key file, or in a device that is reached through its own PKCS#11 library and never gives it out. Relative paths are read
from the file's own folder. No firm's and no lab's key is ever among them.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry import Hsm, HsmError, KeyAccount, KeystoreError, SigningAccount

RELAY = "relay"

_Opened = dict[tuple[Path, str], tuple[Hsm, Path]]

_Name = Annotated[str, Field(min_length=1)]


class AccountsRefused(ValueError):
    """The accounts cannot be used; the message is one sentence for the operator and shows no secret."""


class _KeyFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keystore: Path
    password_file: Path


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid")

    module: Path
    token: _Name
    label: _Name
    pin_file: Path


class _InDevice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pkcs11: _Key


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    accounts: dict[str, _KeyFile | _InDevice]


@dataclass(frozen=True)
class Accounts:
    """The accounts by name, and the devices that are open for them."""

    by_name: Mapping[str, SigningAccount]
    _devices: ExitStack

    def close(self) -> None:
        """Log out of every device."""
        self._devices.close()


def read(path: Path) -> Accounts:
    """
    Open every key file and every device.

    Raises:
        AccountsRefused: the file is not in the form above or names no relay, or a key file, password, device or key is not there.
    """
    found = _parsed(path)
    if RELAY not in found:
        raise AccountsRefused(f"{path}: no account is named {RELAY!r}.")
    with ExitStack() as devices:
        opened: _Opened = {}
        by_name = {name: _account(path.parent, name, each, opened, devices) for name, each in found.items()}
        return Accounts(MappingProxyType(by_name), devices.pop_all())


def secrets_of(path: Path) -> Iterator[Path]:
    """Every file with a secret in it that the accounts name, whether or not it is there."""
    for each in _parsed(path).values():
        files = (each.pkcs11.pin_file,) if isinstance(each, _InDevice) else (each.keystore, each.password_file)
        yield from (path.parent / file for file in files)


def _parsed(path: Path) -> Mapping[str, _KeyFile | _InDevice]:
    try:
        return _File.model_validate_json(path.read_text(encoding="utf-8")).accounts
    except OSError as unreadable:
        raise AccountsRefused(f"{path} cannot be read: {unreadable.strerror}.") from unreadable
    except ValidationError as malformed:
        # Not chained: it would show what stands in the file.
        at = ".".join(str(part) for part in malformed.errors()[0]["loc"])
        raise AccountsRefused(f"{path} is no file of accounts{f': {at} is wrong' if at else ''}.") from None


def _account(folder: Path, name: str, entry: _KeyFile | _InDevice, opened: _Opened, devices: ExitStack) -> SigningAccount:
    try:
        if isinstance(entry, _KeyFile):
            return KeyAccount.open(folder / entry.keystore, _secret_in(folder / entry.password_file))
        return _device(folder, name, entry.pkcs11, opened, devices).account(entry.pkcs11.label)
    except OSError as unreadable:
        raise AccountsRefused(f"account {name!r}: {unreadable.filename} cannot be read: {unreadable.strerror}.") from unreadable
    except (KeystoreError, HsmError) as refused:
        raise AccountsRefused(f"account {name!r}: {refused}.") from refused


def _device(folder: Path, name: str, key: _Key, opened: _Opened, devices: ExitStack) -> Hsm:
    """A process logs in to a token once, so all accounts of one token have one PIN."""
    module, pin_file = folder / key.module, folder / key.pin_file
    if (module, key.token) not in opened:
        hsm = devices.enter_context(Hsm.open(module, token=key.token, pin=_secret_in(pin_file)))
        opened[module, key.token] = hsm, pin_file
    hsm, used = opened[module, key.token]
    if used != pin_file:
        raise AccountsRefused(f"account {name!r}: the token {key.token!r} is opened with {used} already, and a token has one PIN.")
    return hsm


def _secret_in(path: Path) -> str:
    return path.read_text(encoding="utf-8").rstrip("\r\n")
