"""What workers of one run share, whatever becomes of one of them."""

import threading

import pytest

from tests.gateway.beginnings import Beginning


def test_what_a_worker_could_not_write_down_is_founded_again(monkeypatch, tmp_path):
    """The first fails at the end; the next one founds, and the third takes what that one founded."""
    monkeypatch.setattr("tests.shared.folder", lambda: tmp_path)

    with pytest.raises(TypeError, match="pickle"):
        Beginning.only("town", lambda _: threading.Lock())

    assert [Beginning.only("town", lambda _, told=told: told) for told in ("second", "third")] == ["second", "second"]
