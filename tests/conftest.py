"""
Fixtures that every layer shares.

A test that asks for `node` runs once on each engine of `--engine` (both by default). The node is one for the whole run of
a worker: a test sees what earlier tests left, so it brings names of its own. A test that asks for `fresh_node` gets the
same node and leaves it as it was, clock included. A test that needs one to itself, to kill it or to fill it, asks for
`nodes` and starts it.

`contracts` and `harness` are compiled from the sources as they stand, once for each state of the sources.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from registry.chain import compile as solidity
from registry.chain.artifacts import Artifact
from registry.chain.devnode import DevNode, Engine, start
from tests import softhsm
from tests.nodes import FIRST_CHAIN_ID, Nodes, as_it_was, chain_ids


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=[*Engine, "both"], default="both", help="which node the tests run on (default: both)")
    parser.addoption("--first-chain-id", type=int, default=FIRST_CHAIN_ID, help="chain ids are counted up from here")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--engine")
        engines = list(Engine) if chosen == "both" else [Engine(chosen)]
        metafunc.parametrize("engine", engines, ids=str, scope="session")


@pytest.fixture(scope="session")
def _chain_ids(request: pytest.FixtureRequest) -> Iterator[int]:
    # Without xdist there is one worker; with it they are gw0, gw1, …
    worker = getattr(request.config, "workerinput", {"workerid": "gw0"})["workerid"].removeprefix("gw")
    return chain_ids(first=request.config.getoption("--first-chain-id"), worker=int(worker))


@pytest.fixture(scope="session")
def node(engine: Engine, _chain_ids: Iterator[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevNode]:
    """A running node, shared by all tests of this worker that ask for it. Its state and clock only move forward."""
    with start(engine, chain_id=next(_chain_ids), directory=tmp_path_factory.mktemp(engine)) as running:
        yield running


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[softhsm.SoftHsm]:
    """A token in SoftHSM2, one for the whole run of a worker. Where that is not installed the test is left out, or fails in CI."""
    softhsm.require()
    with softhsm.token_in(tmp_path_factory.mktemp("softhsm")) as made:
        yield made


@pytest.fixture
def fresh_node(node: DevNode) -> Iterator[DevNode]:
    """The shared node, which goes back to its state and clock of before when the test ends."""
    with as_it_was(node) as lent:
        yield lent


@pytest.fixture
def nodes(tmp_path: Path, _chain_ids: Iterator[int]) -> Iterator[Nodes]:
    """Starts nodes for one test alone: `nodes.start(engine, mining=…, start_time=…)`; all are stopped when it ends."""
    with closing(Nodes(tmp_path, chain_ids=_chain_ids)) as started:
        yield started


@pytest.fixture(scope="session")
def contracts(request: pytest.FixtureRequest) -> Mapping[str, Artifact]:
    """What contracts/ compiles to, by contract name."""
    return _compiled(solidity.ROOT / "contracts", request.config)


@pytest.fixture(scope="session")
def harness(request: pytest.FixtureRequest) -> Mapping[str, Artifact]:
    """What tests/contracts/ compiles to, by contract name."""
    return _compiled(solidity.ROOT / "tests" / "contracts", request.config)


def _compiled(folder: Path, config: pytest.Config) -> Mapping[str, Artifact]:
    if not folder.is_dir():
        return {}
    assert config.cache is not None
    kept = config.cache.mkdir("solidity") / f"{folder.name}-{solidity.fingerprint(folder)}.json"
    # One worker compiles, the others wait for it; the file is whole or empty, since only its owner writes.
    with kept.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        texts = file.read()
        if not texts:
            texts = json.dumps([artifact.to_json() for artifact in solidity.compile_folder(folder).values()])
            file.write(texts)
    return {artifact.name: artifact for artifact in map(Artifact.from_json, json.loads(texts))}
