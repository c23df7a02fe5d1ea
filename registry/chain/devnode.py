"""
Start and stop a real node on this machine, for tests and the demo. Nothing here is for production.

Two engines speak the same JSON-RPC: ganache keeps its chain in a directory, anvil is quick and keeps nothing. Both run
without wallets and without fees: any key may send with a gas price of zero, and signs for itself.

A node never outlives the process that started it, however that ends (`registry.chain.process`).
"""

import errno
import select
import shutil
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from registry.chain.process import GuardedProcess

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
BLOCK_GAS_LIMIT = 60_000_000

# ganache cannot lower its base fee to zero, and berlin is the last rule set without one. What differs from paris there
# (a base-fee opcode, `prevrandao`, a smaller refund) no contract of ours asks for.
GANACHE_HARDFORK = "berlin"
ANVIL_HARDFORK = "paris"

RPC_SECONDS = 60.0
# How long a silent port is listened to before asking whether our process is still the one behind it.
FIRST_ANSWER_SECONDS = 2.0
POLL_SECONDS = 0.05
PORT_ATTEMPTS = 5
SETTLED_SECONDS = 10.0


class Engine(StrEnum):
    """The programs that can be a development node."""

    GANACHE = "ganache"
    ANVIL = "anvil"


class Mining(StrEnum):
    """
    When ganache answers `eth_sendRawTransaction`: after mining (eager) or before (strict). anvil always answers before.

    Eager mode never answers a transaction whose nonce leaves a gap; strict mode does, so tests of that use strict.
    """

    EAGER = "eager"
    STRICT = "strict"


class DevNodeError(Exception):
    """
    A development node could not do what it was asked.

    DevNodeError
     ├── EngineMissing   the program is not installed
     ├── NodeNotReady    it did not come up; carries the end of its log
     ├── PortInUse       somebody else listens on the port that was asked for
     └── RpcFailed       the node answered a call with an error
    """


class EngineMissing(DevNodeError):
    """The program is not installed: `scripts/setup` brings both on Linux, and ganache everywhere."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(f"{engine} is not installed: run scripts/setup (elsewhere than on x86-64 Linux, put anvil on the PATH)")
        self.engine = engine


class NodeNotReady(DevNodeError):
    """The node died or stayed silent; nothing is left running."""

    def __init__(self, engine: Engine, reason: str, log: str) -> None:
        super().__init__(f"{engine} did not start: {reason}\n{log}")
        self.engine = engine
        self.log = log


class PortInUse(DevNodeError):
    """Somebody else listens on the port that was asked for; ask for another or for none."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} on {HOST} is in use")
        self.port = port


class RpcFailed(DevNodeError):
    """The node answered with a JSON-RPC error; `error` is its object as it came."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error.get('message')} ({error.get('code')})")
        self.method = method
        self.error = error


@dataclass(kw_only=True)
class DevNode:
    """
    A running node. Use it as a context manager, or call `stop` when done.

    `directory` holds its log and, for ganache, its chain: a second start on the same directory goes on where this one ended.
    """

    engine: Engine
    chain_id: int
    port: int
    directory: Path
    _process: GuardedProcess = field(repr=False)
    _idle: list["_Line"] = field(default_factory=list, repr=False)
    _finished: bool = field(default=False, repr=False)

    @property
    def url(self) -> str:
        """Where it answers JSON-RPC."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process that was started, which leads the node's process group. Of ganache it is npx, with the node below it."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process.is_running()

    def log_tail(self) -> str:
        """The end of what the node said."""
        return self._process.log_tail()

    def rpc(self, method: str, *params: Any) -> Any:
        """
        One JSON-RPC call.

        Raises:
            RpcFailed: the node answered with an error.
            OSError: it did not answer.
        """
        answer = self.ask(method, *params)
        if "error" in answer:
            raise RpcFailed(method, answer["error"])
        return answer["result"]

    def ask(self, method: str, *params: Any, timeout: float = RPC_SECONDS) -> dict[str, Any]:
        """
        The answer to one JSON-RPC call, be it a result or an error.

        Raises:
            OSError: it did not answer.
        """
        body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        line = self._line()
        try:
            answer: dict[str, Any] = orjson.loads(line.ask(body, timeout=timeout))
        except BaseException:
            line.close()
            raise
        self._idle.append(line)
        return answer

    def block_number(self) -> int:
        """The number of the newest block."""
        return int(self.rpc("eth_blockNumber"), 16)

    def timestamp(self) -> int:
        """The Unix time of the newest block in seconds, which is the time that contracts judge by."""
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)  # noqa: FBT003 - the call's own parameter

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks."""
        for _ in range(blocks):
            self.rpc("evm_mine")

    def jump(self, seconds: int) -> int:
        """Move the clock forward, mine one block, and return its time."""
        self.rpc("evm_increaseTime", seconds)
        self.mine()
        return self.timestamp()

    def set_time(self, timestamp: int) -> int:
        """
        Set the clock to a Unix time in seconds, mine one block of exactly that time, and return it. The clock runs on from there.

        Raises:
            ValueError: the time lies before the newest block's, where no chain can go.
        """
        if timestamp < self.timestamp():
            raise ValueError(f"{timestamp} lies before the newest block's time {self.timestamp()}")
        self._set_clock(timestamp)
        self.rpc("evm_mine", timestamp)
        return self.timestamp()

    def snapshot(self) -> str:
        """A name for the present state, which `revert` accepts once."""
        return str(self.rpc("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        """
        Go back to a snapshot; it and all later ones are used up.

        The clock goes back as well, to the time of the block that is the newest again.
        """
        self._settle()
        if self.rpc("evm_revert", snapshot) is not True:
            raise RpcFailed("evm_revert", {"message": f"no snapshot {snapshot}", "code": None})
        self._set_clock(self.timestamp())

    def _settle(self) -> None:
        """Wait until anvil took what it mined out of its pool: it tells of a block before, and would refuse the same nonces again."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while self.engine is Engine.ANVIL and int(self.rpc("txpool_status")["pending"], 16):
            if time.monotonic() > deadline:
                raise RpcFailed("evm_revert", {"message": "transactions wait to be mined", "code": None})

    def stop(self) -> None:
        """End the node in good order, or after ten seconds by force. Returns when it is gone; may be called again."""
        self._finish(signal.SIGTERM)

    def kill(self) -> None:
        """End the node as a power cut would. ganache keeps what it had written; anvil keeps nothing."""
        self._finish(signal.SIGKILL)

    def _finish(self, how: signal.Signals) -> None:
        if self._finished:
            return  # its number may be another process's by now
        self._finished = True
        while self._idle:
            self._idle.pop().close()
        self._process.end(how)

    def _line(self) -> "_Line":
        """A connection that nobody uses now, so that each thread has one of its own."""
        while self._idle:
            line = self._idle.pop()
            if line.is_open():
                return line
            line.close()
        return _Line(self.port)

    def _set_clock(self, timestamp: int) -> None:
        self.rpc("evm_setTime", timestamp * 1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class _Line:
    """
    One connection to a node: a request is one write, and of an answer's head nothing is read but its length.

    Tests ask a node some hundred thousand times, and a client that knows all of HTTP takes fifty times as long.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=FIRST_ANSWER_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def is_open(self) -> bool:
        """Whether the node still holds it: on a connection where nothing was asked there is nothing to read but its end."""
        # `select.select` takes no descriptor above 1,023.
        look = select.poll()
        look.register(self._socket, select.POLLIN)
        return not look.poll(0)

    def ask(self, body: bytes, *, timeout: float) -> bytes:
        """Post a body; what is answered."""
        self._socket.settimeout(timeout)
        head = b"POST / HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._socket.sendall(head + body)
        length = -1
        while (line := self._answers.readline()) != b"\r\n":
            if not line:
                raise ConnectionResetError("the node hung up")
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if length < 0:
            raise ConnectionError("an answer without its length")
        return self._answers.read(length)

    def close(self) -> None:
        """Hang up."""
        self._answers.close()
        self._socket.close()


def start(
    engine: Engine,
    *,
    chain_id: int,
    directory: Path,
    port: int | None = None,
    mining: Mining = Mining.EAGER,
    start_time: int | None = None,
    ready_within: float = 60.0,
) -> DevNode:
    """
    Start a node and return it when it answers.

    `chain_id` should belong to this network alone, so that no signature replays elsewhere. Without `port` a free one is
    chosen. `start_time` is the genesis block's Unix time in seconds, for a directory that holds no chain yet.

    Raises:
        EngineMissing: the program is not installed.
        PortInUse: the port asked for is taken.
        NodeNotReady: the program did not come up within `ready_within` seconds.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    program = _program(engine)
    # Neither engine can choose a port and say which, so a free one is looked up and, if somebody was quicker, another.
    for attempts_left in reversed(range(PORT_ATTEMPTS if port is None else 1)):
        chosen = free_port(port)
        wanted = _Wanted(chain_id=chain_id, port=chosen, directory=directory, mining=mining, start_time=start_time)
        node = _spawn(engine, [*program, *_OPTIONS[engine](wanted)], wanted)
        try:
            _wait_until_ready(node, deadline=time.monotonic() + ready_within)
        except BaseException as failure:
            node.stop()
            if attempts_left and isinstance(failure, NodeNotReady) and "in use" in str(failure).lower():
                continue
            raise
        break
    return node


def _program(engine: Engine) -> list[str]:
    if engine is Engine.GANACHE:
        npx = shutil.which("npx")
        if npx is None or not (ROOT / "node_modules" / ".bin" / engine).exists():
            raise EngineMissing(engine)
        # `--no`: what the lock file names, or nothing; npx would otherwise offer to fetch the newest.
        return [npx, "--no", "--", engine]
    installed = ROOT / "scripts" / "anvil" / "node_modules" / ".bin" / engine
    found = str(installed) if installed.exists() else shutil.which(engine)
    if found is None:
        raise EngineMissing(engine)
    return [found]


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    chain_id: int
    port: int
    directory: Path
    mining: Mining
    start_time: int | None


def _ganache(wanted: _Wanted) -> list[str]:
    chain = wanted.directory / "chain"
    options = [
        f"--server.host={HOST}",
        f"--server.port={wanted.port}",
        f"--chain.chainId={wanted.chain_id}",
        f"--chain.networkId={wanted.chain_id}",
        f"--chain.hardfork={GANACHE_HARDFORK}",
        f"--database.dbPath={chain}",
        f"--miner.blockGasLimit={BLOCK_GAS_LIMIT}",
        f"--miner.callGasLimit={BLOCK_GAS_LIMIT}",
        "--miner.defaultGasPrice=0",
        f"--miner.instamine={wanted.mining}",
        "--wallet.totalAccounts=0",
        "--logging.quiet",
    ]
    if wanted.start_time is not None and not chain.exists():
        options.append(f"--chain.time={datetime.fromtimestamp(wanted.start_time, UTC).isoformat()}")
    return options


def _anvil(wanted: _Wanted) -> list[str]:
    options = [
        f"--host={HOST}",
        f"--port={wanted.port}",
        f"--chain-id={wanted.chain_id}",
        f"--hardfork={ANVIL_HARDFORK}",
        f"--gas-limit={BLOCK_GAS_LIMIT}",
        "--base-fee=0",
        "--gas-price=0",
        "--accounts=0",
        "--slots-in-an-epoch=0",
        "--prune-history=64",
        "--silent",
    ]
    if wanted.start_time is not None:
        options.append(f"--timestamp={wanted.start_time}")
    return options


_OPTIONS: dict[Engine, Callable[[_Wanted], list[str]]] = {Engine.GANACHE: _ganache, Engine.ANVIL: _anvil}


def free_port(port: int | None = None) -> int:
    """
    A port of the loopback that nobody listens on: the one asked for, or any.

    Raises:
        PortInUse: somebody listens on the port asked for.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port or 0))
        except OSError as failure:
            if port is None or failure.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(port) from failure
        chosen: int = probe.getsockname()[1]
        return chosen


def _spawn(engine: Engine, command: list[str], wanted: _Wanted) -> DevNode:
    process = GuardedProcess.start(command, directory=ROOT, log=wanted.directory / "node.log")
    return DevNode(engine=engine, chain_id=wanted.chain_id, port=wanted.port, directory=wanted.directory, _process=process)


def _wait_until_ready(node: DevNode, *, deadline: float) -> None:
    while time.monotonic() < deadline:
        if not node.is_running():
            raise NodeNotReady(node.engine, "it ended", node.log_tail())
        try:
            chain_id = int(node.ask("eth_chainId", timeout=FIRST_ANSWER_SECONDS)["result"], 16)
        except (OSError, ValueError, LookupError):
            time.sleep(POLL_SECONDS)
            continue
        if chain_id != node.chain_id:
            raise NodeNotReady(node.engine, f"port {node.port} is in use by chain {chain_id}", node.log_tail())
        if not node._process.listens_on(node.port):  # noqa: SLF001 - the same module
            raise NodeNotReady(node.engine, f"port {node.port} is in use by another node of this chain", node.log_tail())
        # A restarted ganache forgets how far its clock had been moved; its blocks would go back in time.
        if node.timestamp() > time.time():
            node._set_clock(node.timestamp())  # noqa: SLF001 - the same module
        return
    raise NodeNotReady(node.engine, "it did not answer in time", node.log_tail())
