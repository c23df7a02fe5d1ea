"""
The accounts that sign here: one key file for each role account of the region, and one of no role that relays what others signed.

    {"accounts": {"relay": {"keystore": "relay.json", "password_file": "relay.password"}, "issuer": …, "reviewer-1": …}}

Paths are relative to the file. No firm's and no lab's key is ever among them.
"""

from collections.abc import Mapping
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount
from pydantic import BaseModel, ConfigDict

from registry import load_key

RELAY = "relay"


class _KeyFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keystore: Path
    password_file: Path


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    accounts: dict[str, _KeyFile]


def read(path: Path) -> Mapping[str, LocalAccount]:
    """
    Open every key file.

    Raises:
        ValueError: the file is not in the form above, or names no relay.
        KeystoreError: a key file or its password is not right.
    """
    found = _File.model_validate_json(path.read_text(encoding="utf-8")).accounts
    if RELAY not in found:
        raise ValueError(f"{path}: no account {RELAY!r}")
    return {name: _open(path.parent, each) for name, each in found.items()}


def _open(folder: Path, key_file: _KeyFile) -> LocalAccount:
    password = (folder / key_file.password_file).read_text(encoding="utf-8").rstrip("\n")
    account: LocalAccount = Account.from_key(load_key(folder / key_file.keystore, password))
    return account
