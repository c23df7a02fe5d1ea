"""The folder that all workers of a run share; it is removed when the run ends."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

_NAMED_BY = "TONGQUAN_SHARED_FOLDER"


def begin() -> None:
    """Make it, before there are workers: they learn of it from their environment."""
    os.environ[_NAMED_BY] = tempfile.mkdtemp(prefix="tongquan-tests-")


def end() -> None:
    """Remove it with all that is in it."""
    shutil.rmtree(os.environ.pop(_NAMED_BY))


@cache
def folder() -> Path:
    """The run's own; outside pytest, one for as long as this process lives."""
    if _NAMED_BY in os.environ:
        return Path(os.environ[_NAMED_BY])
    made = Path(tempfile.mkdtemp(prefix="tongquan-alone-"))
    atexit.register(shutil.rmtree, made)
    return made
