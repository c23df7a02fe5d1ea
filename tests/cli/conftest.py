"""Running `tongquan`: in this process with files of one's own, or as a process."""

import json
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial, partialmethod
from pathlib import Path

import pytest
import typer.main
import typer.testing

from registry.cli import tag_keys, wallet
from registry.cli.app import make_app
from registry.keystore import Strength, save_key
from registry.tag_keys import HandoverKey, Work, back_up_tag_keys

APP = make_app()

# Some hundred commands, which typer would make anew for each line that is typed.
typer.testing._get_command = cache(typer.main.get_command)


@dataclass
class Said:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict]:
        """Its answers."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def answer(self) -> dict:
        """Its only answer, if all was well."""
        assert self.status == 0, self.err + self.out
        (line,) = self.lines
        return line

    @property
    def refusal(self) -> dict:
        """Why not."""
        assert self.status != 0, self.out
        return json.loads(self.err.splitlines()[-1])


@dataclass
class Desk:
    """Somebody at a command line: a working folder, and settings as environment variables."""

    folder: Path
    settings: Mapping[str, object] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Their variables, and nothing of ours but where programs are."""
        own = {f"TONGQUAN_{name.upper()}": str(value) for name, value in self.settings.items()}
        home = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        return home | {"PATH": os.environ["PATH"]} | own

    def run(self, command: str, *, typed: str | None = None) -> Said:
        """Run a command line as it would be typed, without `tongquan`."""
        before = Path.cwd()
        cleared = {name: None for name in os.environ if name.startswith(("TONGQUAN_", "XDG_"))}
        os.chdir(self.folder)
        try:
            result = typer.testing.CliRunner().invoke(APP, shlex.split(command), env=cleared | self.environment(), input=typed)
        finally:
            os.chdir(before)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def ask(self, command: str) -> dict:
        """The one answer of a command that has to go well."""
        return self.run(f"{command} --json").answer


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def write_secret(path: Path, secret: str) -> Path:
    """A file that only its owner can read."""
    path.write_text(secret + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands seal with the least work there is. `test_wallet` and `tests/keys` check what is really done."""
    monkeypatch.setattr(wallet, "save_key", partial(save_key, strength=Strength.LIGHT))
    monkeypatch.setattr(tag_keys, "back_up_tag_keys", partial(back_up_tag_keys, work=Work.LIGHT))
    monkeypatch.setattr(HandoverKey, "save", partialmethod(HandoverKey.save, work=Work.LIGHT))


def light_key(folder: Path, name: str, key: bytes | None = None) -> str:
    """A key file that opens quickly, under the password in `new.password`; its address."""
    return save_key(folder / name, key or secrets.token_bytes(32), "a password of its own", strength=Strength.LIGHT)
