"""
Fixtures that every layer shares.

A test that asks for `node` runs once on each engine of `--engine` (both by default). The node is one for the whole run of
a worker: a test sees what earlier tests left, so it brings names of its own. A test that asks for `fresh_node` gets the
same node and leaves it as it was, clock included. A test that needs one to itself, to kill it or to fill it, asks for
`nodes` and starts it.

`contracts` and `harness` are compiled from the sources as they stand, once for each state of the sources.
"""

import gc
import resource
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from registry.chain import compile as solidity
from registry.chain.artifacts import Artifact
from registry.chain.devnode import DevNode, Engine, start
from tests import shared, softhsm
from tests.effort import FULL
from tests.nodes import FIRST_CHAIN_ID, Nodes, as_it_was, chain_ids

OPEN_FILES = 8_192
# As a gateway has it, which no test of contracts alone should have to load.
COLLECT_AFTER = (20_000, 20, 100)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=[*Engine, "both"], default="both", help="which node the tests run on (default: both)")
    parser.addoption("--first-chain-id", type=int, default=FIRST_CHAIN_ID, help="chain ids are counted up from here")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared.begin()
    # Gateways of several towns live in one process, each with some twenty files open; many a shell allows 1,024 in all.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, OPEN_FILES) if most != resource.RLIM_INFINITY else OPEN_FILES, most))
    # How long an example takes says how busy the machine is.
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    # A run in the background of a shell ignores Ctrl-C, and so would every program that a test starts and means to end by it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared.end()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--engine")
        # A process, a document or a message is the same whichever node answers (`any_engine`).
        on_one = ["any_engine"] if FULL else ["any_engine", "both_in_full"]
        mark = next(filter(None, map(metafunc.definition.get_closest_marker, on_one)), None)
        if chosen != "both":
            engines = [Engine(chosen)]
        elif mark:
            engines = [mark.args[0] if mark.args else Engine.ANVIL]
        else:
            engines = list(Engine)
        metafunc.parametrize("engine", engines, ids=str, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: whatever is begun last by one of several workers, the others wait for."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through all that was imported again and again: that took a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what tests recorded of themselves (`record_property`): a dot does not say what a random run came to."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, told in report.user_properties:
            terminalreporter.write_line(f"{name}: {told}")


@pytest.fixture(scope="session")
def _chain_ids(request: pytest.FixtureRequest) -> Iterator[int]:
    # Without xdist there is one worker; with it they are gw0, gw1, …
    worker = getattr(request.config, "workerinput", {"workerid": "gw0"})["workerid"].removeprefix("gw")
    return chain_ids(first=request.config.getoption("--first-chain-id"), worker=int(worker))


@pytest.fixture(scope="session")
def _started(_chain_ids: Iterator[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Engine], DevNode]]:
    # pytest ends a parametrised fixture whenever the next test has another parameter, which is twice a file: so the nodes are not
    # the parametrised fixture's own, and each engine is started once.
    with ExitStack() as running:

        @cache
        def started(engine: Engine) -> DevNode:
            return running.enter_context(start(engine, chain_id=next(_chain_ids), directory=tmp_path_factory.mktemp(engine)))

        yield started


@pytest.fixture(scope="session")
def node(engine: Engine, _started: Callable[[Engine], DevNode]) -> DevNode:
    """A running node, shared by all tests of this worker that ask for it. Its state and clock only move forward."""
    return _started(engine)


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
def contracts() -> Mapping[str, Artifact]:
    """What contracts/ compiles to, by contract name."""
    return solidity.compiled(solidity.ROOT / "contracts")


@pytest.fixture(scope="session")
def harness() -> Mapping[str, Artifact]:
    """What tests/contracts/ compiles to, by contract name."""
    return solidity.compiled(solidity.ROOT / "tests" / "contracts")
