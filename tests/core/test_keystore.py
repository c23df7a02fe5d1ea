"""Key files: opened by their password alone, readable by other tools, and never overwritten."""

import json
import os
import stat

import pytest
from eth_account import Account

from registry import codec, keystore
from registry.errors import TongquanError
from registry.keystore import KeyFileExists, KeyFileMalformed, KeyFileMissing, KeystoreError, Strength, WrongPassword
from registry.signing import address_of

KEY = codec.keccak(b"tongquan sample key: firm")
PASSWORD = "印章 1234"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """One key file as it was written, for tests that only read."""
    path = tmp_path_factory.mktemp("keys") / "firm.json"
    keystore.save_key(path, KEY, PASSWORD, strength=Strength.LIGHT)
    return path


@pytest.fixture
def altered(sealed, tmp_path):
    def alter(change) -> object:
        content = json.loads(sealed.read_text(encoding="utf-8"))
        change(content)
        path = tmp_path / "altered.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return alter


def test_a_key_comes_back(sealed):
    assert keystore.load_key(sealed, PASSWORD) == KEY
    assert isinstance(keystore.load_key(sealed, PASSWORD), bytes)


def test_saving_says_whose_key_it_is(tmp_path):
    assert keystore.save_key(tmp_path / "key.json", KEY, PASSWORD, strength=Strength.LIGHT) == address_of(KEY)


def test_other_tools_open_it(sealed):
    content = json.loads(sealed.read_text(encoding="utf-8"))

    assert bytes(Account.decrypt(content, PASSWORD)) == KEY
    assert content["version"] == 3
    assert content["crypto"]["kdf"] == "scrypt"
    assert content["crypto"]["kdfparams"]["n"] == 2


def test_the_standard_strength_is_a_quarter_million(monkeypatch, tmp_path):
    asked = []
    encrypt = Account.encrypt
    monkeypatch.setattr(
        Account, "encrypt", lambda key, password, kdf, iterations: asked.append(iterations) or encrypt(key, password, kdf, 2)
    )

    keystore.save_key(tmp_path / "key.json", KEY, PASSWORD)

    assert asked == [262_144]


def test_only_its_owner_can_read_it(tmp_path):
    before = os.umask(0)
    try:
        keystore.save_key(tmp_path / "key.json", KEY, PASSWORD, strength=Strength.LIGHT)
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "key.json").stat().st_mode) == 0o600


def test_the_key_does_not_stand_in_the_file(sealed):
    assert KEY.hex() not in sealed.read_text(encoding="utf-8").lower()


@pytest.mark.parametrize("password", ["", "印章 1235", "印章 1234 ", "x" * 1000])
def test_another_password_does_not_open_it(sealed, password):
    with pytest.raises(WrongPassword) as refusal:
        keystore.load_key(sealed, password)
    assert refusal.value.path == sealed
    assert not password or password not in str(refusal.value)


def test_a_file_is_never_overwritten(tmp_path):
    path = tmp_path / "key.json"
    path.write_text("somebody's only copy", encoding="utf-8")

    with pytest.raises(KeyFileExists):
        keystore.save_key(path, KEY, PASSWORD, strength=Strength.LIGHT)

    assert path.read_text(encoding="utf-8") == "somebody's only copy"


def test_what_is_no_key_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="a private key"):
        keystore.save_key(tmp_path / "key.json", bytes(32), PASSWORD, strength=Strength.LIGHT)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(KeyFileMissing, match=r"nowhere\.json"):
        keystore.load_key(tmp_path / "nowhere.json", PASSWORD)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b"{}",
        b'{"version": 3}',
        b'{"version": 3, "crypto": {}}',
        b'{"version": 3, "crypto": null}',
        b"\xff",
    ],
    ids=repr,
)
def test_what_is_no_key_file_is_refused(tmp_path, content):
    path = tmp_path / "key.json"
    path.write_bytes(content)

    with pytest.raises(KeyFileMalformed):
        keystore.load_key(path, PASSWORD)


@pytest.mark.parametrize("version", [1, 4, "3", None])
def test_another_version_is_refused(altered, version):
    with pytest.raises(KeyFileMalformed, match="version"):
        keystore.load_key(altered(lambda content: content.update(version=version)), PASSWORD)


def test_an_unknown_way_to_derive_is_refused(altered):
    with pytest.raises(KeyFileMalformed):
        keystore.load_key(altered(lambda content: content["crypto"].update(kdf="argon2")), PASSWORD)


@pytest.mark.parametrize("member", ["ciphertext", "mac"])
def test_an_altered_secret_does_not_open(altered, member):
    def flip(content):
        digits = content["crypto"][member]
        content["crypto"][member] = f"{int(digits[0], 16) ^ 1:x}" + digits[1:]

    with pytest.raises(WrongPassword):
        keystore.load_key(altered(flip), PASSWORD)


def test_an_altered_start_value_gives_a_key_of_another_address_and_is_refused(altered):
    """The checksum of a key file does not cover the start value of the cipher; the address does."""

    def flip(content):
        digits = content["crypto"]["cipherparams"]["iv"]
        content["crypto"]["cipherparams"]["iv"] = f"{int(digits[0], 16) ^ 1:x}" + digits[1:]

    with pytest.raises(KeyFileMalformed, match="address"):
        keystore.load_key(altered(flip), PASSWORD)


def test_a_file_without_an_address_is_opened(altered):
    assert keystore.load_key(altered(lambda content: content.pop("address")), PASSWORD) == KEY


def test_every_refusal_is_one_of_ours():
    for refusal in (KeyFileExists, KeyFileMalformed, KeyFileMissing, WrongPassword):
        assert issubclass(refusal, KeystoreError)
        assert issubclass(refusal, TongquanError)
