"""What workers of one run share, whatever becomes of one of them."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.gateway import beginnings
from tests.gateway.beginnings import Beginning


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """As on a full disk: what is longer is cut off, and whoever writes it is told."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_what_a_worker_could_not_write_down_whole_is_founded_again(monkeypatch, tmp_path):
    """The first fails in the middle; the next one founds, and the third takes what that one founded."""
    monkeypatch.setattr(beginnings, "_shared_folder", lambda: tmp_path)

    with pytest.raises(OSError, match="File too large"), no_file_longer_than(4):
        Beginning.only("town", lambda _: "first")

    assert [Beginning.only("town", lambda _, told=told: told) for told in ("second", "third")] == ["second", "second"]
