"""Key files: made, opened, moved to another password; passwords by file and descriptor, never as an argument."""

import json
import os
import stat

import pytest

from registry.keystore import Strength
from registry.signing import address_of
from tests.cli.conftest import light_key, write_secret


@pytest.fixture
def secrets(desk):
    write_secret(desk.folder / "new.password", "a password of its own")
    write_secret(desk.folder / "other.password", "another password")
    return desk


@pytest.fixture
def lab(secrets):
    """The address of `lab.json`."""
    return light_key(secrets.folder, "lab.json")


def test_a_key_is_made_for_its_owner_alone_and_opens_again(secrets):
    made = secrets.ask("wallet new lab.json --password-file new.password")

    assert stat.S_IMODE((secrets.folder / "lab.json").stat().st_mode) == 0o600
    assert json.loads((secrets.folder / "lab.json").read_text())["crypto"]["kdfparams"]["n"] == Strength.STANDARD
    assert secrets.ask("wallet show --keystore lab.json --password-file new.password")["address"] == made["address"]


def test_a_device_that_is_not_there_is_refused_as_a_gateway_refuses(secrets):
    where = "--pkcs11-module nowhere.so --pkcs11-token none --pin-file new.password"

    said = secrets.run(f"keys hsm show reviewer-1 {where} --json")

    assert (said.status, said.refusal["error"], said.refusal["family"]) == (3, "DeviceUnavailable", "unreachable")


def test_no_key_is_written_over_another(secrets, lab, quick_passwords):
    before = (secrets.folder / "lab.json").read_bytes()

    said = secrets.run("wallet new lab.json --password-file new.password --json")

    assert (said.status, said.refusal["error"]) == (2, "KeyFileExists")
    assert (secrets.folder / "lab.json").read_bytes() == before


def test_a_wrong_password_is_refused(secrets, lab):
    said = secrets.run("wallet show --keystore lab.json --password-file other.password --json")

    assert (said.status, said.refusal["error"]) == (1, "WrongPassword")


def test_the_same_key_under_another_password(secrets, lab, quick_passwords):
    secrets.ask("wallet password copy.json --keystore lab.json --password-file new.password --new-password-file other.password")

    assert secrets.ask("wallet show --keystore copy.json --password-file other.password")["address"] == lab


def test_a_key_that_exists_is_put_under_a_password(secrets, quick_passwords):
    write_secret(secrets.folder / "raw.key", "0x" + "11" * 32)

    made = secrets.ask("wallet import lab.json --key-file raw.key --password-file new.password")

    assert made["address"] == address_of(b"\x11" * 32)
    assert "11" * 32 not in (secrets.folder / "lab.json").read_text()


@pytest.mark.parametrize("raw", ["", "12", "00" * 32, "no key"])
def test_what_is_no_key_is_not_sealed(secrets, raw):
    write_secret(secrets.folder / "raw.key", raw)

    assert secrets.run("wallet import lab.json --key-file raw.key --password-file new.password --json").status == 2
    assert not (secrets.folder / "lab.json").exists()


def test_a_password_comes_through_a_descriptor(secrets, lab):
    read, write = os.pipe()
    os.write(write, b"a password of its own\n")
    os.close(write)

    assert secrets.ask(f"wallet show --keystore lab.json --password-fd {read}")["address"] == lab


@pytest.mark.parametrize(
    "how", ["", "--password-fd 999", "--password-file missing", "--password-file open.password", "--password-file empty"]
)
def test_without_a_password_that_only_the_owner_can_read_nothing_is_opened(secrets, lab, how):
    write_secret(secrets.folder / "open.password", "a password of its own").chmod(0o644)
    write_secret(secrets.folder / "empty", "")

    said = secrets.run(f"wallet show --keystore lab.json {how} --json")

    assert (said.status, said.refusal["family"]) == (2, "usage")


def test_no_command_takes_a_password_or_api_key_as_an_argument(desk):
    for wrong in ("wallet show --password secret", "wallet show --api-key secret"):
        assert desk.run(wrong).status == 2


def test_a_short_password_is_refused(secrets):
    write_secret(secrets.folder / "short", "12345")

    assert secrets.run("wallet new lab.json --password-file short").status == 2
    assert not (secrets.folder / "lab.json").exists()


def test_settings_come_from_option_environment_and_file_in_that_order(secrets):
    one, two, three = (light_key(secrets.folder, f"{name}.json") for name in ("one", "two", "three"))
    config = secrets.folder / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text('keystore = "../one.json"\npassword_file = "../new.password"\n')
    secrets.settings = {"config": config}
    by_file = secrets.ask("wallet show")["address"]
    secrets.settings = {"config": config, "keystore": "two.json"}
    by_environment = secrets.ask("wallet show")["address"]
    by_option = secrets.ask("wallet show --keystore three.json")["address"]

    assert (by_file, by_environment, by_option) == (one, two, three)


@pytest.mark.parametrize("written", ["unknown = 1", "keystore = 7", "lang = 'fr'", "no toml", "password = 'secret'"])
def test_a_configuration_that_makes_no_sense_is_refused(desk, written):
    (desk.folder / "config.toml").write_text(written)

    said = desk.run("wallet show --config config.toml --json")

    assert (said.status, json.loads(said.err)["family"]) == (2, "usage")
