"""Every setting is documented, and those that do not go together are refused at start in one sentence."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway import accounts
from gateway.accounts import AccountsRefused
from gateway.api_keys import ApiKeys
from gateway.app import create_app
from gateway.safety import UnsafeSettings, reasons
from gateway.settings import Settings
from gateway.settings_page import page

ROOT = Path(__file__).resolve().parents[2]
ISSUER = {"oidc_issuer": "https://idp.example", "oidc_audience": "gateway", "oidc_jwks_url": "https://idp.example/keys"}


@pytest.fixture
def safe(tmp_path):
    (tmp_path / "tag-keys.json").write_text("{}")
    (tmp_path / "accounts.json").write_text('{"accounts": {"relay": {"keystore": "relay.json", "password_file": "relay.password"}}}')
    (tmp_path / "relay.json").write_text("{}")
    (tmp_path / "relay.password").write_text("x")
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    return {
        "region": 310000,
        "node_url": "http://127.0.0.1:8545",
        "deployment": tmp_path / "deployment.json",
        "state": tmp_path,
        "tag_keys": tmp_path / "tag-keys.json",
        "accounts": tmp_path / "accounts.json",
    }


def test_the_page_of_settings_is_up_to_date():
    assert (ROOT / "docs/gateway-settings.md").read_text(encoding="utf-8") == page(), (
        "python -m gateway.settings_page > docs/gateway-settings.md"
    )


def test_every_setting_says_what_it_is_for():
    assert all(len(field.description or "") > 10 for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"host": "::1"},
        {"host": "0.0.0.0", "behind_proxy": True},  # noqa: S104 - what is asked about
        {"node_url": "https://node.example"},
        {"cors_origins": ("https://desk.example", "http://localhost:5173")},
        ISSUER,
        ISSUER | {"oidc_jwks_url": "http://127.0.0.1:9000/keys"},
    ],
)
def test_safe_settings_are_taken(safe, change):
    assert list(reasons(Settings(**safe | change))) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"host": "0.0.0.0"}, "behind_proxy"),  # noqa: S104 - what is asked about
        ({"host": "gateway.example"}, "behind_proxy"),
        ({"node_url": "http://node.example:8545"}, "node_url reaches node.example over http"),
        ({"node_url": "http://10.0.0.7:8545"}, "over http"),
        ({"node_url": "ftp://127.0.0.1"}, "http or https"),
        ({"node_url": "https://me:secret@node.example"}, "password"),
        ({"cors_origins": ("*",)}, "wildcard"),
        ({"cors_origins": ("https://*.example",)}, "wildcard"),
        ({"cors_origins": ("http://desk.example",)}, "not https"),
        ({"cors_origins": ("https://desk.example/app",)}, "no origin"),
        ({"cors_origins": ("null",)}, "no origin"),
        (ISSUER | {"oidc_audience": None}, "oidc_audience"),
        (ISSUER | {"oidc_audience": ""}, "oidc_audience"),
        (ISSUER | {"oidc_issuer": "http://idp.example"}, "oidc_issuer must be an https URL"),
        (ISSUER | {"oidc_issuer": "http://127.0.0.1"}, "oidc_issuer must be an https URL"),
        (ISSUER | {"oidc_issuer": None}, "without oidc_issuer"),
        (ISSUER | {"oidc_jwks_url": None}, "one of them"),
        (ISSUER | {"oidc_jwks_file": Path("keys.json")}, "one of them"),
        (ISSUER | {"oidc_jwks_url": "http://idp.example/keys"}, "must be https"),
        (ISSUER | {"oidc_roles": {"all": "AUDITOR"}}, "oidc_roles"),
        (ISSUER | {"oidc_roles": {"lab": "LAB"}}, "oidc_roles"),
        ({"handler_seconds": 20.0, "wait_seconds": 20.0, "node_answer_seconds": 1.0}, "longer than wait_seconds"),
        ({"node_answer_seconds": 30.0}, "more than twice node_connect_seconds and node_answer_seconds"),
        ({"evidence_bytes": 6_000_000}, "body_bytes must be larger than evidence_bytes"),
        ({"node_connect_seconds": 11.0}, "more than twice node_connect_seconds and node_answer_seconds"),
    ],
)
def test_unsafe_combinations_are_refused_in_one_sentence(safe, change, why):
    with pytest.raises(UnsafeSettings, match=why) as refused:
        create_app(Settings(**safe | change))
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(("host", "why"), [("127.0.0.1", []), ("0.0.0.0", ["behind_proxy"])])  # noqa: S104 - what is asked about
def test_a_socket_handed_over_is_judged_by_its_own_address(safe, host, why):
    with socket.create_server((host, 0)) as listening:
        found = list(reasons(Settings(**safe | {"listen_fd": listening.fileno()})))
        assert listening.fileno() >= 0

    assert [word in reason for word, reason in zip(why, found, strict=True)] == [True] * len(why)


def test_a_descriptor_that_is_no_socket_is_refused(safe, tmp_path):
    with (tmp_path / "file").open("w") as file:
        assert list(reasons(Settings(**safe | {"listen_fd": file.fileno()}))) == [f"listen_fd {file.fileno()} is no socket."]


@pytest.mark.parametrize("algorithm", ["HS256", "none", "None", "ES256K", ""])
def test_symmetric_and_unknown_signatures_cannot_even_be_set(safe, algorithm):
    with pytest.raises(ValidationError):
        Settings(**safe | ISSUER | {"oidc_algorithms": (algorithm,)})


@pytest.mark.parametrize("name", ["tag-keys.json", "accounts.json", "relay.json", "relay.password", "keys.sqlite"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_refused(safe, tmp_path, name, mode):
    (tmp_path / name).touch()
    (tmp_path / name).chmod(mode)

    with pytest.raises(UnsafeSettings, match=f"{name} holds a secret"):
        create_app(Settings(**safe))


def test_a_pin_that_others_can_read_is_refused(safe, tmp_path):
    key = {"module": "/usr/lib/no.so", "token": "t", "label": "l", "pin_file": "hsm.pin"}
    (tmp_path / "accounts.json").write_text(json.dumps({"accounts": {"relay": {"pkcs11": key}}}))
    (tmp_path / "hsm.pin").write_text("13572468")
    (tmp_path / "hsm.pin").chmod(0o640)

    with pytest.raises(UnsafeSettings, match=r"hsm\.pin holds a secret"):
        create_app(Settings(**safe))


def test_what_is_no_file_of_accounts_is_refused_when_it_is_opened_in_one_sentence(safe, tmp_path):
    (tmp_path / "accounts.json").write_text("{}")

    create_app(Settings(**safe))

    with pytest.raises(AccountsRefused, match="no file of accounts"):
        accounts.read(tmp_path / "accounts.json")


@pytest.mark.parametrize("mode", [0o755, 0o701, 0o750])
def test_a_state_folder_that_others_can_enter_is_refused(safe, tmp_path, mode):
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(mode)

    with pytest.raises(UnsafeSettings, match="state folder"):
        create_app(Settings(**safe | {"state": tmp_path / "state"}))


def test_a_gateway_makes_its_state_folder_for_itself_only(tmp_path):
    ApiKeys(tmp_path / "a" / "state").close()

    assert stat.S_IMODE((tmp_path / "a" / "state").stat().st_mode) == 0o700


def test_keys_of_the_issuer_that_others_could_change_are_refused(safe, tmp_path):
    (tmp_path / "jwks.json").touch()
    (tmp_path / "jwks.json").chmod(0o666)
    given = ISSUER | {"oidc_jwks_url": None, "oidc_jwks_file": tmp_path / "jwks.json"}

    with pytest.raises(UnsafeSettings, match="changed by others"):
        create_app(Settings(**safe | given))


def test_the_program_says_why_and_does_not_start(safe):
    environment = os.environ | {f"TONGQUAN_{name.upper()}": str(value) for name, value in safe.items()} | {"TONGQUAN_HOST": "0.0.0.0"}  # noqa: S104

    run = subprocess.run(
        [sys.executable, "-m", "gateway"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert run.returncode == 2
    assert "behind_proxy=true" in run.stderr
    assert "Traceback" not in run.stderr
