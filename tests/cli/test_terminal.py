"""A person at a terminal: is shown what is signed, is asked, types a password that nobody sees."""

import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest

from registry.cli.documents import Document, Kind, Party
from registry.model import Time
from tests.cli.conftest import Desk, light_key
from tests.cli.test_documents import DOMAIN, prepared

TONGQUAN = Path(sys.executable).with_name("tongquan")
PASSWORD = "a password of its own"
SECONDS = 60


@pytest.fixture
def signer(tmp_path):
    """Somebody with a key, a pinned domain and a document, and no file with a password."""
    light_key(tmp_path, "firm.json", b"\x11" * 32)
    (tmp_path / "config.toml").write_text(f'keystore = "firm.json"\nchain_id = {DOMAIN.chain_id}\nregistry = "{DOMAIN.registry}"\n')
    prepared(Kind.ORDER, valid_until=Time(int(time.time()) + 86_400)).write(tmp_path / "order.json", new=True)
    return Desk(tmp_path, {"config": "config.toml"})


def typed(desk, command, answers):
    """Run a command at a terminal and type each answer once its prompt is there; exit status and all that stood on the screen."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(desk.folder)
        os.execve(TONGQUAN, ["tongquan", *command.split()], desk.environment() | {"COLUMNS": "200", "TERM": "xterm"})  # noqa: S606 - itself
    seen, deadline = "", time.monotonic() + SECONDS
    # `select.select` takes no descriptor above 1,023.
    screen = select.poll()
    screen.register(terminal, select.POLLIN)
    try:
        while time.monotonic() < deadline:
            if answers and answers[0][0] in seen:
                os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
            if not screen.poll(1_000):
                continue
            try:
                found = os.read(terminal, 65_536)
            except OSError:
                break
            if not found:
                break
            seen += found.decode(errors="replace")
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), seen


def test_a_person_sees_what_is_signed_and_says_yes(signer):
    status, seen = typed(signer, "order sign order.json --as firm", [("[yes/no]", "yes"), ("口令", PASSWORD)])

    assert status == 0, seen
    assert Document.read(signer.folder / "order.json").signatures.keys() == {Party.FIRM}
    for shown in ("5,000.00 元", "P-1", "S-1", "无联盟密钥，无法核对"):
        assert shown in seen
    assert PASSWORD not in seen


def test_a_person_who_does_not_say_yes_signs_nothing(signer):
    status, seen = typed(signer, "order sign order.json --as firm", [("[yes/no]", "")])

    assert status == 2, seen
    assert Document.read(signer.folder / "order.json").signatures == {}


def test_a_new_password_is_typed_twice(signer):
    status, seen = typed(signer, "wallet new new.json", [("口令", PASSWORD), ("再输一次", "another")])

    assert status == 2, seen
    assert not (signer.folder / "new.json").exists()


def test_who_closes_the_input_instead_of_a_password_signs_nothing(signer):
    end_of_input = "\x04"
    status, seen = typed(signer, "order sign order.json --as firm", [("[yes/no]", "yes"), ("口令", end_of_input)])

    assert status == 2, seen
    assert "输入已结束" in seen
    assert Document.read(signer.folder / "order.json").signatures == {}
