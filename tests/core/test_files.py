"""Files are written whole or not at all, and where they were meant to be."""

import errno
import os
import stat

import pytest

from registry.files import FileTaken, put_in_place, require_new, write_new


@pytest.fixture
def path(tmp_path):
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / "order.json"


def names(path):
    return [each.name for each in path.parent.iterdir()]


def test_a_file_takes_another_s_place_and_leaves_nothing_beside_it(path):
    put_in_place(path, b"first")
    put_in_place(path, b"second", mode=0o640)

    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"second", 0o640 & ~_umask())
    assert names(path) == [path.name]


def test_a_new_file_is_its_owner_s_alone_and_written_over_none(path):
    write_new(path, b"first")

    with pytest.raises(FileTaken):
        write_new(path, b"second")

    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"first", 0o600)
    assert names(path) == [path.name]


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_a_new_file_that_is_broken_off_is_not_there(path, monkeypatch, step):
    """While it is written, and before it has its name."""

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"os.{step}", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_new(path, b"half of it")

    assert names(path) == []


def test_a_new_file_where_there_are_no_hard_links(path, monkeypatch):
    """A memory stick's file system refuses them; none is written over there either."""

    def no_links(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    write_new(path, b"first")

    with pytest.raises(FileTaken):
        write_new(path, b"second")

    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"first", 0o600)
    assert names(path) == [path.name]


def test_a_link_laid_where_it_would_be_written_first_has_nothing_written_over(path, monkeypatch):
    """Neither under the name that a process number gives away, nor under the very name that was drawn."""
    other = path.parent.parent / "another file"
    other.write_bytes(b"precious")
    monkeypatch.setattr("secrets.token_hex", lambda length: "5a" * length)
    for laid in (f".{path.name}.{os.getpid()}", f".{path.name}.{'5a' * 8}"):
        (path.parent / laid).symlink_to(other)

    with pytest.raises(FileExistsError):
        put_in_place(path, b"mine")

    assert other.read_bytes() == b"precious"
    assert not path.exists()


def test_what_cannot_be_written_leaves_the_file_that_was_there_and_nothing_else(path, monkeypatch):
    put_in_place(path, b"first")

    def full(_descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        put_in_place(path, b"second")

    assert path.read_bytes() == b"first"
    assert names(path) == [path.name]


def _umask():
    before = os.umask(0)
    os.umask(before)
    return before


def test_a_folder_that_is_not_there_is_told_before_anything_is_done(tmp_path):
    require_new(tmp_path / "new", None)

    with pytest.raises(FileNotFoundError) as missing:
        require_new(tmp_path / "nowhere" / "new")
    assert missing.value.filename == str(tmp_path / "nowhere" / "new")
