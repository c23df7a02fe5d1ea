"""
Key files: one private key under a password, in the format that every Ethereum tool reads (Web3 Secret Storage, version 3).

Shell: reads and writes files. A key file is written once, readable by its owner only, and never over another.
"""

import json
import sys
from enum import IntEnum
from pathlib import Path
from typing import Any, Self

from registry import files
from registry.codec import Domain
from registry.errors import TongquanError
from registry.files import FileTaken
from registry.model import Address, Record
from registry.signing import address_of, sign, sign_digest

_VERSION = 3
_DEEPEST = sys.getrecursionlimit()


class Strength(IntEnum):
    """
    The work factor N of scrypt, that is what one guess at the password costs.

    STANDARD takes about a second. LIGHT is the least that scrypt allows, for tests and demonstrations, whose keys guard nothing.
    """

    LIGHT = 2
    STANDARD = 2**18


class KeystoreError(TongquanError):
    """
    A key file could not be used.

    KeystoreError
     ├── KeyFileMissing     there is none at this path
     ├── KeyFileExists      there is one already; nothing was written
     ├── KeyFileMalformed   it is no key file of version 3, or its key is not that of its address
     └── WrongPassword      the password does not open it
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class KeyFileMissing(KeystoreError):
    """There is no key file at this path."""


class KeyFileExists(KeystoreError):
    """There is a file at this path already; nothing was written, because a key that is lost cannot be made again."""


class KeyFileMalformed(KeystoreError):
    """The file is no key file of version 3, or its key is not that of the address that it names."""


class WrongPassword(KeystoreError):
    """The password does not open the file; or the file was altered, which cannot be told apart."""


def save_key(path: Path, key: bytes, password: str, *, strength: Strength = Strength.STANDARD) -> Address:
    """
    Write a private key under a password to a new file, and say whose it is.

    Raises:
        ValueError: the key is none.
        KeyFileExists: there is a file at this path; nothing was written.
    """
    address = address_of(key)
    sealed = _eth_account().encrypt(key, password, kdf="scrypt", iterations=strength)
    # A crash in here leaves the whole file or none, and the caller without an answer: nobody has used the key yet.
    write_new(path, json.dumps(sealed))
    return address


def write_new(path: Path, content: str) -> None:
    """
    Write a new file that only its owner can read, whole or not at all.

    Raises:
        KeyFileExists: there is a file at this path; nothing was written.
    """
    try:
        files.write_new(path, content.encode())
    except FileTaken as taken:
        raise KeyFileExists(path, "there is a file already") from taken


def load_key(path: Path, password: str) -> bytes:
    """
    Read the private key of a key file: 32 bytes.

    Raises:
        KeyFileMissing: there is none.
        KeyFileMalformed: it is no key file, or its key is not that of the address that it names.
        WrongPassword: the password does not open it.
    """
    sealed = _read(path)
    try:
        key = bytes(_eth_account().decrypt(sealed, password))
    except ValueError as refused:
        # What eth-account says where the checksum of the secret does not fit.
        if "MAC mismatch" in str(refused):
            raise WrongPassword(path, "the password does not open it") from refused
        raise KeyFileMalformed(path, f"not a key file: {refused}") from refused
    except (KeyError, TypeError, NotImplementedError, AttributeError) as malformed:
        raise KeyFileMalformed(path, "not a key file of version 3") from malformed
    named = str(sealed.get("address", "")).lower().removeprefix("0x")
    if named and named != address_of(key).lower().removeprefix("0x"):
        raise KeyFileMalformed(path, f"it names the address {named}, which is not that of its key")
    return key


class KeyAccount:
    """The account of a private key in hand, as a `registry.ports.SigningAccount`. Its text does not show the key."""

    def __init__(self, key: bytes) -> None:
        self.address = address_of(key)
        self._key = key

    @classmethod
    def open(cls, path: Path, password: str) -> Self:
        """The account of a key file. Raises what `load_key` does."""
        return cls(load_key(path, password))

    def __repr__(self) -> str:
        return f"KeyAccount({self.address})"

    def sign_digest(self, message: bytes) -> bytes:
        """Sign 32 bytes that are a digest already, as `registry.signing.sign_digest` does."""
        return sign_digest(message, self._key)

    def sign(self, record: Record, domain: Domain) -> bytes:
        """Sign a record for one chain and contract."""
        return sign(record, domain, self._key)

    def sign_transaction(self, transaction_dict: dict[str, Any]) -> Any:
        """Sign a transaction, as eth_account does."""
        return _eth_account().from_key(self._key).sign_transaction(transaction_dict)


def _eth_account() -> Any:
    """
    eth_account's `Account`.

    Loading it lets Python's calls nest a hundred times as deep, for curves that nothing here uses. That is put back: in JSON that is
    nested so deeply the reader would overflow its stack, and whoever sent it would have ended the process.
    """
    from eth_account import Account  # noqa: PLC0415 - slow to load, and not every program opens a key

    sys.setrecursionlimit(_DEEPEST)
    return Account


def read_object(path: Path) -> dict[str, Any]:
    """
    Read a file that holds one JSON object.

    Raises:
        KeyFileMissing: there is none.
        KeyFileMalformed: it holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise KeyFileMissing(path, "there is no key file") from missing
    except ValueError as malformed:
        raise KeyFileMalformed(path, "not a JSON file") from malformed
    if not isinstance(found, dict):
        raise KeyFileMalformed(path, "not a JSON object")
    return found


def _read(path: Path) -> dict[str, Any]:
    sealed = read_object(path)
    if sealed.get("version") != _VERSION:
        raise KeyFileMalformed(path, f"version {sealed.get('version')!r}, not {_VERSION}")
    return sealed
