"""
A node that lies: it answers as the real one does, but for what a test changes in its raw JSON.

`block`, `receipt` and `word` are given a copy of each answer and change it in place or return another; `logs` is given the list.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

from registry.chain import raw
from registry.events import topic


class Falsified:
    """Stands before a node."""

    def __init__(
        self,
        node: Any,
        *,
        block: Callable[[dict[str, Any]], Any] | None = None,
        receipt: Callable[[dict[str, Any]], Any] | None = None,
        word: Callable[[str, int, str], str] | None = None,
        logs: Callable[[list[Any]], list[Any]] | None = None,
    ) -> None:
        self._node = node
        self._by_method = {"eth_getBlockByNumber": block, "eth_getTransactionReceipt": receipt}
        self._word = word
        self._logs = logs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    def logs(self, *wanted: Any) -> list[Any]:
        found = self._node.logs(*wanted)
        return self._logs(found) if self._logs else found

    def request_all(self, method: str, params: list[list[Any]]) -> list[Any]:
        found = self._node.request_all(method, params)
        falsify = self._by_method.get(method)
        if falsify is not None:
            return [_changed(falsify, each) for each in found]
        if method == "eth_getStorageAt" and self._word is not None:
            return [self._word(address, int(slot, 16), word) for (address, slot, _), word in zip(params, found, strict=True)]
        return found


def _changed(falsify: Callable[[dict[str, Any]], Any], answer: dict[str, Any]) -> Any:
    own = copy.deepcopy(answer)
    other = falsify(own)
    return own if other is None else other


def is_event(log: dict[str, Any], kind: type, subject: bytes) -> bool:
    """Whether an entry of a raw receipt is an event of this kind about this id."""
    return log["topics"][0] == f"0x{topic(kind).hex()}" and f"0x{subject.hex()}" in log["topics"][1:]


def hide(*kinds: type, about: bytes) -> Callable[[dict[str, Any]], None]:
    """Leave these events out of their receipts."""

    def falsify(receipt: dict[str, Any]) -> None:
        receipt["logs"] = [log for log in receipt["logs"] if not any(is_event(log, kind, about) for kind in kinds)]

    return falsify


def rewrite(kind: type, about: bytes, word: int, value: bytes) -> Callable[[dict[str, Any]], None]:
    """Put another word into an event's content."""

    def falsify(receipt: dict[str, Any]) -> None:
        for log in receipt["logs"]:
            if is_event(log, kind, about):
                at = 2 + 64 * word
                log["data"] = log["data"][:at] + value.hex() + log["data"][at + 64 :]

    return falsify


def rehashed(block: dict[str, Any]) -> dict[str, Any]:
    """Give a changed block the hash of its fields, as a liar who knows his trade would."""
    block["hash"] = f"0x{raw._block(block).header.hash.hex()}"
    return block


def same(first: object, second: object) -> bool:
    """Whether two raw answers are the same."""
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
