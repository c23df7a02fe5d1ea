"""The page of commands is what the commands say, and the words of a layer reach it by the entry point alone."""

import json
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
import typer.main

from registry import codec
from registry.cli.app import make_app
from registry.cli.page import BETWEEN_CONTRACTS, VERBS, leaves, page

ROOT = Path(__file__).resolve().parents[2]
TONGQUAN = Path(sys.executable).with_name("tongquan")


def run(tmp_path, typed, **environment):
    """A command in a process of its own; what it said."""
    told = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"} | environment
    return subprocess.run([TONGQUAN, *typed.split()], env=told, capture_output=True, text=True, timeout=60, check=False)


def test_the_page_is_up_to_date():
    """`python -m registry.cli.page > docs/cli.md` makes it."""
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == page()


def test_every_verb_of_the_protocol_has_its_command():
    commands = [path for path, _ in leaves(typer.main.get_command(make_app()))]

    assert VERBS.keys() | BETWEEN_CONTRACTS == set(codec.VERBS)
    assert not VERBS.keys() & BETWEEN_CONTRACTS
    assert {each for said in VERBS.values() for each in said} <= set(commands)


def test_the_gateway_brings_its_own_commands():
    assert [each.value for each in entry_points(group="tongquan.commands")] == ["gateway.cli:app"]


def test_help_and_completion_come_without_a_node_or_gateway(tmp_path):
    for shell in ("bash", "zsh", "fish"):
        said = run(tmp_path, "", _TONGQUAN_COMPLETE=f"source_{shell}")
        assert said.returncode == 0
        assert "TONGQUAN_COMPLETE" in said.stdout.upper()


def test_completion_knows_commands_and_states(tmp_path):
    def completed(words):
        position = str(len(words.split(" ")) - 1)
        said = run(tmp_path, "", _TONGQUAN_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=position)
        assert said.returncode == 0
        return said.stdout.split()

    assert {"verify", "verify-list"} == set(completed("tongquan ver"))
    assert "REDEEMED" in completed("tongquan order list --stage RED")


def test_wrong_usage_is_json_too_where_it_was_asked_for(tmp_path):
    for words in ("verify --json", "verify --nonsense --json", "nonsense --json", "order show 0x12 --json"):
        said = run(tmp_path, words)

        assert (said.returncode, said.stdout) == (2, ""), words
        assert json.loads(said.stderr)["family"] == "usage"


@pytest.mark.parametrize(
    ("typed", "zh", "en", "see"),
    [
        ("verify", "缺少必填项", "'--region'", "tongquan verify --help"),
        ("verify --nonsense", "没有这个选项", "--nonsense", "tongquan verify --help"),
        ("order list --stage", "选项缺少值", "'--stage'", "requires an argument."),
        ("verify --region 12", "地区代码为 6 位数字", "six digits, not '12'", "tongquan verify --help"),
        ("status extra", "多出参数", "extra", "tongquan status --help"),
        ("verify --lang fr", "所填的值有误", ": 'fr' is not one of 'zh', 'en'", "tongquan verify --help"),
        ("verfy", "没有这个命令", "'verify'", "tongquan --help"),
    ],
)
def test_wrong_usage_is_told_in_chinese_first(tmp_path, typed, zh, en, see):
    said = run(tmp_path, typed)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.index(zh) < said.stderr.index(en)
    assert said.stderr.strip().endswith(see)


def test_a_group_without_a_command_shows_its_help(tmp_path):
    said = run(tmp_path, "keys")

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("Usage: tongquan keys")


def test_the_version_is_the_packages_own(tmp_path):
    said = run(tmp_path, "--version")

    assert said.returncode == 0
    assert said.stdout == f"tongquan {version('tongquan')}\n"


def test_a_file_that_cannot_be_written_is_told_by_its_own_name(tmp_path):
    said = run(tmp_path, f"wallet new {tmp_path}/nowhere/key.json --password-file {secret(tmp_path)}")

    assert said.returncode == 2
    assert f"FileUnusable: 无法读写 {tmp_path}/nowhere/key.json" in said.stderr.replace("\n", "")


@pytest.mark.parametrize(
    ("held", "proxy", "code"),
    [
        ("tq_密钥", "", "SettingRefused"),
        ("tq_abc\ndef", "", "SettingRefused"),
        ("tq_abc", "foo://x", "ProxyUnusable"),
        ("tq_abc", "http://proxy:abc", "ProxyUnusable"),
    ],
)
def test_what_a_gateway_cannot_be_asked_with_is_wrong_usage_and_no_key_is_shown(tmp_path, held, proxy, code):
    asked = f"order list --gateway-url https://gateway.example.org --api-key-file {secret(tmp_path, held)}"

    said = run(tmp_path, asked, HTTPS_PROXY=proxy)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith(f"{code}: ")
    assert not any(each in said.stderr for each in ("Traceback", "tq_", "def"))


def secret(tmp_path, held="a password of its own"):
    path = tmp_path / "secret"
    path.write_text(held, encoding="utf-8")
    path.chmod(0o600)
    return path
