"""Hypothesis strategies for records and calls, from the same metadata that the codec reads: whatever a type allows, edges first."""

from dataclasses import fields
from enum import IntEnum
from functools import cache
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from registry import model
from registry.codec import VERBS
from registry.model import Record, Signatures
from registry.solidity import checksummed

# Not `Record.__subclasses__()`, which names the class that `slots=True` replaced as well.
RECORD_TYPES = [
    each for _, each in sorted(vars(model).items()) if isinstance(each, type) and issubclass(each, Record) and each is not Record
]

addresses = st.binary(min_size=20, max_size=20).map(checksummed)
words = st.one_of(st.just(bytes(32)), st.just(b"\xff" * 32), st.binary(min_size=32, max_size=32))


@cache
def records(record_type: type[Record]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(record_type)
    return st.builds(record_type, *(members(each.metadata["type"], hints[each.name]) for each in fields(record_type)))


@cache
def members(solidity_type: str, hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and issubclass(hint, Record):
        return records(hint)
    if solidity_type.endswith("[]"):
        return st.lists(records(get_args(hint)[0]), max_size=6).map(tuple)
    if solidity_type.startswith("uint"):
        most = 2 ** int(solidity_type.removeprefix("uint")) - 1
        return st.one_of(st.just(0), st.just(most), st.integers(0, most))
    return {
        "bytes32": words,
        "address": addresses,
        "bool": st.booleans(),
        "string": st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    }[solidity_type]


any_record = st.sampled_from(RECORD_TYPES).flatmap(records)

VALUES = {
    "address": addresses,
    "string": st.text(st.characters(exclude_categories=["Cs"])),
    "bytes": st.binary(max_size=100),
    "bytes27": st.binary(min_size=27, max_size=27),
    "bytes32": words,
    "Signatures": st.builds(Signatures, firm=st.binary(min_size=64, max_size=64), lab=st.binary(min_size=64, max_size=64), reason=words),
}


@cache
def values(solidity_type: str) -> st.SearchStrategy[Any]:
    if solidity_type.endswith("[]"):
        return st.lists(values(solidity_type.removesuffix("[]")), max_size=3).map(tuple)
    if solidity_type.startswith("uint"):
        return st.integers(0, 2 ** int(solidity_type.removeprefix("uint")) - 1)
    return VALUES[solidity_type] if solidity_type in VALUES else records(getattr(model, solidity_type))


# A verb by its name, and arguments for it.
calls = st.sampled_from(sorted(VERBS)).flatmap(lambda name: st.tuples(st.just(name), st.tuples(*map(values, VERBS[name].arguments))))
