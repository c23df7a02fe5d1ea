"""The page of commands is what the commands say, and the words of a layer reach it by the entry point alone."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import typer.main

from registry import codec
from registry.cli.app import make_app
from registry.cli.page import BETWEEN_CONTRACTS, VERBS, leaves, page

ROOT = Path(__file__).resolve().parents[2]
TONGQUAN = Path(sys.executable).with_name("tongquan")


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
        environment = {"_TONGQUAN_COMPLETE": f"source_{shell}", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        script = subprocess.run([TONGQUAN], env=environment, capture_output=True, text=True, timeout=60, check=True).stdout
        assert "TONGQUAN_COMPLETE" in script.upper()


def test_completion_knows_commands_and_states(tmp_path):
    environment = {"_TONGQUAN_COMPLETE": "complete_bash", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def completed(words: str) -> list[str]:
        told = environment | {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
        return subprocess.run([TONGQUAN], env=told, capture_output=True, text=True, timeout=60, check=True).stdout.split()

    assert {"verify", "verify-list"} == set(completed("tongquan ver"))
    assert "REDEEMED" in completed("tongquan order list --stage RED")


def test_wrong_usage_is_json_too_where_it_was_asked_for(tmp_path):
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    for words in ("verify --json", "verify --nonsense --json", "nonsense --json", "order show 0x12 --json"):
        run = subprocess.run([TONGQUAN, *words.split()], env=environment, capture_output=True, text=True, timeout=60, check=False)

        assert (run.returncode, run.stdout) == (2, ""), words
        assert json.loads(run.stderr)["family"] == "usage"
