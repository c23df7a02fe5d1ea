"""
The one place that speaks JSON-RPC: a node behind HTTP, as `registry.ports.Node` asks for it.

Nothing is sent twice on its own, every silence has a time limit (an answer that drips has none), and whatever urllib3 or the node's
JSON can fail with becomes one of our own errors here (`_mapped` for what never arrived, `_declined` for what the node answered). web3
has no part in it: reading events through it takes ten times as long as by hand (`scripts/bench index`). Nor has requests, which stands
around urllib3 and takes half as long again.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from http import HTTPStatus
from operator import attrgetter
from typing import Any, Literal, TypeVar, overload
from urllib.parse import unquote

import orjson
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationValueError, NewConnectionError, URLSchemeUnknown
from urllib3.util import Timeout, Url, make_headers, parse_url

from registry.chain.reasons import refusal
from registry.errors import OutcomeUnknown, Rejected, TongquanError, Unreachable
from registry.model import Address, Digest, Time
from registry.ports import Block, CannotServe, Log, NonceTaken, Question, Receipt
from registry.solidity import WORD, checksummed, keccak

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 30.0
BATCH = 200

LATEST = "latest"

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Engine:
    """
    Where the engines differ.

    `finalised` is the block tag under which the newest final block is found. `first_resendable_nonce` is 1 for ganache, which
    takes nonce 0 for "no nonce given": it mines the same bytes again under the account's next nonce whenever they are sent.
    `roots_cover_empty_slots` says that its storage roots cover slots that were only read too, which no other engine's do.
    `estimates_by_trial` says that an estimate takes it as long as some twenty calls; there a call is tried once, and given the gas of a
    whole block, since it makes one for each transaction.
    """

    name: str
    finalised: str
    first_resendable_nonce: int = 0
    roots_cover_empty_slots: bool = False
    estimates_by_trial: bool = False


ENGINES = (
    # One process, one chain: nothing replaces a block, and its `finalized` tag is its head as well.
    Engine("ganache", finalised=LATEST, first_resendable_nonce=1, estimates_by_trial=True),
    # Its tag lags 64 blocks, or none when it is started with --slots-in-an-epoch 0.
    Engine("anvil", finalised="finalized", roots_cover_empty_slots=True),
    # QBFT: two thirds of the validators committed to a block before it was added, and the tag is not served.
    Engine("besu", finalised=LATEST),
)
OTHER_ENGINE = Engine("other", finalised="finalized")


def engine_of(name: str) -> Engine:
    """
    The engine of a name, as settings give it.

    >>> engine_of("besu").finalised
    'latest'
    """
    for engine in (*ENGINES, OTHER_ENGINE):
        if engine.name == name:
            return engine
    raise ValueError(f"no engine is named {name!r}: {', '.join(each.name for each in (*ENGINES, OTHER_ENGINE))}")


class BadAnswer(ValueError):
    """What came back is no JSON-RPC answer."""


class Node:
    """
    A node at an HTTP address. May be shared by threads; each keeps a connection of its own.

    `engine` is the name of one of `ENGINES` (or `other`) for a node that does not say what it is, or stands behind something else
    that answers for it; without it the node is asked. `connect_seconds` and `answer_seconds` are the time limits for reaching it
    and for each silence before and within an answer.

    Raises:
        ValueError: no engine has that name.
    """

    def __init__(
        self, url: str, *, engine: str | None = None, connect_seconds: float = CONNECT_SECONDS, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self.url = url
        self._named = None if engine is None else engine_of(engine)
        self._timeout = Timeout(connect=connect_seconds, read=answer_seconds)
        self._of_thread = threading.local()

    @cached_property
    def engine(self) -> Engine:
        """The engine that was named, or else the one that the node says it is."""
        if self._named is not None:
            return self._named
        version = self._read(str, "web3_clientVersion").lower()
        return next((engine for engine in ENGINES if version.startswith(engine.name)), OTHER_ENGINE)

    @property
    def first_resendable_nonce(self) -> int:
        """See `Engine`."""
        return self.engine.first_resendable_nonce

    @property
    def roots_cover_empty_slots(self) -> bool:
        """See `Engine`."""
        return self.engine.roots_cover_empty_slots

    def chain_id(self) -> int:
        """The network's id."""
        return self._read(_number, "eth_chainId")

    def head(self) -> Block:
        """The newest block."""
        return self._block(LATEST)

    def finalised_head(self) -> Block:
        """The newest block that will never be replaced, as the engine means it (`ENGINES`)."""
        return self._block(self.engine.finalised)

    def block(self, number: int) -> Block:
        """One block of the chain as the node has it now."""
        return self._block(hex(number))

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Many blocks at once, in the order asked for."""
        return self._read_all(_block, "eth_getBlockByNumber", [[hex(number), False] for number in numbers])

    def logs(self, first: int, last: int, addresses: Sequence[Address]) -> list[Log]:
        """
        What these contracts (without any: all) wrote in a range of blocks, both ends included, in the chain's order.

        Where a node declines a range, its halves are asked for: each engine has limits of its own on blocks and on answers.
        """
        wanted = {"fromBlock": hex(first), "toBlock": hex(last)} | ({"address": list(addresses)} if addresses else {})
        try:
            return sorted(self._read(_logs, "eth_getLogs", wanted), key=_PLACE)
        except CannotServe:
            if first >= last:
                raise
        middle = (first + last) // 2
        return self.logs(first, middle, addresses) + self.logs(middle + 1, last, addresses)

    def ask(self, question: Question, block: int | None = None) -> bytes:
        """A contract's answer as of a block, by default the newest."""
        return self._read(_bytes, "eth_call", _call(question), LATEST if block is None else hex(block))

    def ask_all(self, questions: Sequence[Question], block: int) -> list[bytes | Rejected]:
        """Many answers as of one block, in the order asked for; a refusal stands in its place and is not raised."""
        return self._read_all(_bytes, "eth_call", [[_call(question), hex(block)] for question in questions], refusals=True)

    def estimate(self, question: Question) -> int:
        """Gas that this call would use in a transaction now, or that it may use at most: see `Engine`."""
        if self.engine.estimates_by_trial:
            self.ask(question)
            return self.head().gas_limit
        return self._read(_number, "eth_estimateGas", _call(question))

    def nonce(self, address: Address) -> int:
        """How many transactions of an account stand in the chain."""
        return self._read(_number, "eth_getTransactionCount", address, LATEST)

    def send_raw(self, raw: bytes) -> Digest:
        """Hand a signed transaction to the node and return its hash; see `registry.ports.Node` for what it may raise."""
        transaction = Digest(keccak(raw))
        name = _hex(transaction)
        with _mapped(sending=name):
            answer = self._post("eth_sendRawTransaction", [_hex(raw)])
        if "error" in answer:
            _refuse_to_send(answer["error"], transaction=name)
        return transaction

    def receipt(self, transaction: Digest) -> Receipt | None:
        """What became of a transaction, or None as long as it is not mined."""
        return self._read(_receipt_or_none, "eth_getTransactionReceipt", _hex(transaction))

    def storage_at(self, address: Address, slot: int, block: int) -> bytes:
        """One storage word of an account as of a block."""
        return self._read(_bytes, "eth_getStorageAt", address, hex(slot), hex(block)).rjust(32, b"\0")

    def code(self, address: Address) -> bytes:
        """The code that stands at an address; empty if none does."""
        return self._read(_bytes, "eth_getCode", address, LATEST)

    def request(self, method: str, *params: Any) -> Any:
        """
        Ask anything that changes nothing, and return the JSON answer as it came.

        Raises:
            Unreachable: no answer came, or `CannotServe`.
            Rejected: a contract refused.
        """
        return self._read(_as_it_came, method, *params)

    def request_all(self, method: str, params: Sequence[list[Any]]) -> list[Any]:
        """Ask many such things in batches, in the order given; raises as `request`, for the first that fails."""
        return self._read_all(_as_it_came, method, params)

    def _block(self, tag: str) -> Block:
        return self._read(_block, "eth_getBlockByNumber", tag, False)  # noqa: FBT003 - the call's own parameter

    def _read(self, parse: Callable[[Any], _Answer], method: str, *params: Any) -> _Answer:
        with _mapped():
            return parse(_result(self._post(method, list(params))))

    @overload
    def _read_all(self, parse: Callable[[Any], _Answer], method: str, params: Sequence[list[Any]]) -> list[_Answer]: ...

    @overload
    def _read_all(
        self, parse: Callable[[Any], _Answer], method: str, params: Sequence[list[Any]], *, refusals: Literal[True]
    ) -> list[_Answer | Rejected]: ...

    def _read_all(
        self, parse: Callable[[Any], _Answer], method: str, params: Sequence[list[Any]], *, refusals: bool = False
    ) -> list[_Answer] | list[_Answer | Rejected]:
        """Ask in batches. With `refusals`, what a contract refused stands in its place instead of being raised."""
        read: list[Any] = []
        for start in range(0, len(params), BATCH):
            with _mapped():
                answers = self._post_batch(method, params[start : start + BATCH])
                read += [_parsed_or_refused(parse, answer) if refusals else parse(_result(answer)) for answer in answers]
        return read

    def _post(self, method: str, params: list[Any]) -> Mapping[str, Any]:
        return _checked(self._exchange(_request(1, method, params)))

    def _post_batch(self, method: str, params: Sequence[list[Any]]) -> list[Mapping[str, Any]]:
        answers = self._exchange([_request(place, method, each) for place, each in enumerate(params)])
        if not isinstance(answers, list):
            raise BadAnswer(f"{len(params)} requests in one batch were answered by {str(answers)[:200]}")
        # A node may answer the requests of a batch in any order.
        by_place = {answer["id"]: _checked(answer) for answer in answers}
        if len(answers) != len(params) or by_place.keys() != set(range(len(params))):
            raise BadAnswer(f"{len(params)} requests in one batch were answered by {len(answers)}, not each by one")
        return [by_place[place] for place in range(len(params))]

    def _exchange(self, body: Any) -> Any:
        # A redirected POST would become a GET, and no node means that.
        answer = self._pool.urlopen("POST", self._address.request_uri, orjson.dumps(body), self._headers, redirect=False)
        if answer.status != HTTPStatus.OK:
            raise BadAnswer(f"HTTP {answer.status}")
        return orjson.loads(answer.data)

    @cached_property
    def _address(self) -> Url:
        found = parse_url(self.url)
        # urllib3 would send to any other as if it were http: what `wss` protects would go in the clear.
        if found.scheme not in {"http", "https"}:
            raise URLSchemeUnknown(str(found.scheme))
        return found

    @cached_property
    def _headers(self) -> Mapping[str, str]:
        """Of every request, with what the address may hold of a name and a password."""
        credentials = self._address.auth
        # latin-1 twice, here and in `make_headers`, keeps the bytes as they are: of a Chinese password those of UTF-8 (RFC 7617).
        return {"Content-Type": "application/json"} | make_headers(basic_auth=credentials and unquote(credentials, "latin-1"))

    @property
    def _pool(self) -> urllib3.HTTPConnectionPool:
        found: urllib3.HTTPConnectionPool | None = getattr(self._of_thread, "pool", None)
        if found is None:
            # Without retries, which would send a raw transaction again behind our back.
            found = self._of_thread.pool = urllib3.connection_from_url(self._address.url, maxsize=1, retries=False, timeout=self._timeout)
        return found


def _request(place: int, method: str, params: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": place, "method": method, "params": params}


# What can go wrong


@contextmanager
def _mapped(*, sending: str | None = None) -> Iterator[None]:
    """
    Map whatever keeps a readable answer from arriving.

    A question that was not answered is `Unreachable`. A transaction that was (`sending` is its hash) is that only if surely
    nothing was sent; a broken connection, a time limit or an unreadable answer leave its outcome unknown.
    """
    try:
        yield
    except FOREIGN as failure:
        if isinstance(failure, TongquanError):
            raise
        reason = f"{type(failure).__name__}: {failure}"
        if sending is None or isinstance(failure, _BEFORE_SENDING):
            raise Unreachable(reason) from failure
        raise OutcomeUnknown(sending, reason) from failure


# What urllib3, the socket, JSON and the shape of an answer fail with. The last four are an answer that is not what it should be.
FOREIGN = (HTTPError, OSError, ValueError, TypeError, AttributeError, LookupError)

_BEFORE_SENDING = (NewConnectionError, ConnectTimeoutError, LocationValueError)


def _declined(error: Mapping[str, Any]) -> Rejected | CannotServe:
    """Read a JSON-RPC error that answers a question: a contract's refusal, or something that the node cannot serve."""
    message = str(error.get("message", ""))
    revert = _revert_data(error.get("data"))
    if "out of gas" in message.lower() or "outofgas" in message.lower():
        return Rejected("OutOfGas")
    if revert is not None and (revert or "revert" in message.lower()):
        return refusal(revert)
    if "execution reverted" in message.lower() or message.endswith(": revert"):
        return refusal(b"")
    return CannotServe(f"{message} ({error.get('code')})")


def _revert_data(found: Any) -> bytes | None:
    r"""
    Find the bytes of a revert: most engines give them as they are, some behind a word.

    >>> _revert_data("Reverted 0x1234")
    b'\x124'
    """
    if not isinstance(found, str):
        return None
    digits = found.removeprefix("Reverted ").removeprefix("0x")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


# The engines' own words, in lower case, for: we have these very bytes.
_ALREADY_KNOWN = ("already known", "already imported", "known transaction", "alreadyknown", "transaction already exists")
# For: this nonce is used, in the chain or among what waits; by these very bytes, or by others.
_NONCE_TAKEN = (
    "nonce too low",
    "nonce is too low",
    "correct nonce",
    "nonce below",
    "replacement transaction underpriced",
    "fee too low to replace",
)
# For that, or for a price that the node asks of everybody.
_UNDERPRICED = "underpriced"


def _refuse_to_send(error: Mapping[str, Any], *, transaction: str) -> None:
    """Raise what a JSON-RPC error says about a transaction that was sent; return if the node has it already."""
    message = str(error.get("message", ""))
    words = message.lower()
    if any(each in words for each in _ALREADY_KNOWN):
        return
    if any(each in words for each in _NONCE_TAKEN):
        raise NonceTaken(transaction, message)
    # An engine may mine a transaction and answer with its revert: that is no refusal to take it.
    if _UNDERPRICED in words or "revert" in words or "vm exception" in words:
        raise OutcomeUnknown(transaction, message)
    raise Rejected("NotAccepted", {"message": message, "code": error.get("code")})


# JSON


def _checked(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping) or ("result" not in answer and not isinstance(answer.get("error"), Mapping)):
        raise BadAnswer(f"no JSON-RPC answer: {str(answer)[:200]}")
    return answer


def _result(answer: Mapping[str, Any]) -> Any:
    if "error" in answer:
        raise _declined(answer["error"])
    return answer["result"]


def _as_it_came(found: Any) -> Any:
    return found


def _parsed_or_refused(parse: Callable[[Any], _Answer], answer: Mapping[str, Any]) -> _Answer | Rejected:
    try:
        return parse(_result(answer))
    except Rejected as refused:
        return refused


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _bytes(found: Any) -> bytes:
    if not isinstance(found, str) or found[:2] != "0x":
        raise BadAnswer(f"no bytes: {str(found)[:200]}")
    digits = found[2:]
    # A storage word may come as a quantity, with an odd number of digits.
    return bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))


def _number(found: Any) -> int:
    return int(found, 16)


def _address(found: Any) -> Address:
    return checksummed(_bytes(found))


def _call(question: Question) -> dict[str, str]:
    return {"to": question.to, "data": _hex(question.calldata)} | ({"from": question.sender} if question.sender else {})


def _block(found: Mapping[str, Any] | None) -> Block:
    if found is None:
        raise CannotServe("there is no such block")
    return Block(
        number=_number(found["number"]),
        hash=Digest(_bytes(found["hash"])),
        parent=Digest(_bytes(found["parentHash"])),
        time=Time(_number(found["timestamp"])),
        gas_limit=_number(found["gasLimit"]),
    )


def _log(found: Mapping[str, Any]) -> Log:
    topics = found["topics"]
    return Log(
        _known_address(found["address"]),
        (_known_digest(topics[0]), *map(_word, topics[1:])) if topics else (),
        _content(found["data"]),
        int(found["blockNumber"], 16),
        _known_digest(found["blockHash"]),
        _known_digest(found["transactionHash"]),
        int(found["transactionIndex"], 16),
        int(found["logIndex"], 16),
    )


_PLACE = attrgetter("block", "index")


def _content(found: str) -> bytes:
    if found[:2] != "0x":
        raise BadAnswer(f"no bytes: {found[:200]}")
    return bytes.fromhex(found[2:])


def _word(found: str) -> bytes:
    if len(found) != 2 + 2 * WORD or found[:2] != "0x":
        raise BadAnswer(f"no word: {found[:200]}")
    return bytes.fromhex(found[2:])


# Hundreds of entries in a row share these.
@lru_cache(maxsize=1024)
def _known_digest(found: str) -> Digest:
    return Digest(_word(found))


@lru_cache(maxsize=1024)
def _known_address(found: str) -> Address:
    return _address(found)


def _logs(found: Any) -> list[Log]:
    if not isinstance(found, list):
        raise BadAnswer(f"no list of logs: {str(found)[:200]}")
    return [_log(each) for each in found]


def _receipt_or_none(found: Mapping[str, Any] | None) -> Receipt | None:
    return None if found is None else _receipt(found)


def _receipt(found: Mapping[str, Any]) -> Receipt:
    created = found.get("contractAddress")
    return Receipt(
        transaction=Digest(_bytes(found["transactionHash"])),
        succeeded=_number(found["status"]) == 1,
        block=_number(found["blockNumber"]),
        block_hash=Digest(_bytes(found["blockHash"])),
        gas_used=_number(found["gasUsed"]),
        contract=_address(created) if created else None,
        logs=tuple(_log(each) for each in found["logs"]),
    )
