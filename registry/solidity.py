"""
Solidity's types as this library needs them: the ABI bytes of a value, its EIP-712 word and its JSON form.

`type_of("uint64")`, `type_of("Order")`, `type_of("Claim[]")` give one object each; `registry.codec` is written with them. A record's
type is derived from the metadata of its fields, so nothing here names a field. Bytes are read strictly: only what the encoder
itself would have written is accepted, so one value has one encoding.

What is not here: negative numbers, fixed-size arrays, and any other type that no contract of ours uses.
"""

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import fields
from enum import IntEnum
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Protocol, get_args, get_origin, get_type_hints

import sha3

from registry import model
from registry.errors import TongquanError
from registry.model import Address, Record, Signatures

WORD = 32

# JSON numbers are IEEE doubles in most clients and lose integers above 2^53; what is wider than this travels as decimal text.
WIDEST_JSON_NUMBER = 32

# The largest uint256 has 78 digits; int() takes quadratic time for long texts.
_LONGEST_DECIMAL = 78
_DECIMAL = re.compile(r"0|[1-9][0-9]*")
_HEX = re.compile(r"0x[0-9a-fA-F]*")


class CodecError(TongquanError, ValueError):
    """
    A value, bytes or a document is not what it should be; nothing was encoded or accepted.

    CodecError
     ├── NotEncodable     a value does not fit its Solidity type
     ├── NotDecodable     bytes are not the one encoding of a value
     └── DocumentRefused  typed data differs from what this library would have written
          ├── UnexpectedKeys   something is missing or extra
          ├── UnexpectedValue  types, domain or primary type differ
          └── Mistyped         a value has not the form that its type asks for
    """


class NotEncodable(CodecError):
    """A value does not fit its Solidity type."""

    def __init__(self, solidity_type: str, value: object) -> None:
        super().__init__(f"{value!r} is no {solidity_type}")
        self.solidity_type = solidity_type
        self.value = value


class NotDecodable(CodecError):
    """Bytes are cut short, run on, or are not what the encoder would have written."""


class DocumentRefused(CodecError):
    """Typed data differs from what this library would have written; `where` is the place in the document."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where


class UnexpectedKeys(DocumentRefused):
    """An object lacks keys or has others besides."""

    def __init__(self, where: str, *, missing: Sequence[str], extra: Sequence[str]) -> None:
        super().__init__(where, f"missing {list(missing)}, not expected {list(extra)}")
        self.missing = tuple(missing)
        self.extra = tuple(extra)


class UnexpectedValue(DocumentRefused):
    """Something that is fixed (types, domain, primary type) differs."""


class Mistyped(DocumentRefused):
    """A value has not the form that its type asks for."""

    def __init__(self, where: str, solidity_type: str, form: str) -> None:
        super().__init__(where, f"a {solidity_type} is written as {form}")
        self.solidity_type = solidity_type


_keccak_256 = sha3.keccak_256


def keccak(content: bytes) -> bytes:
    """
    Keccak-256 as Ethereum uses it, which is not SHA3-256.

    >>> keccak(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    digest: bytes = _keccak_256(content).digest()
    return digest


@lru_cache(maxsize=4096)
def checksummed(account: bytes) -> Address:
    """
    The address of 20 bytes, with the checksum of EIP-55 in its capitals.

    >>> checksummed(bytes.fromhex("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"))
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
    """
    digits = account.hex()
    capitals = keccak(digits.encode()).hex()
    return Address("0x" + "".join(digit.upper() if capital >= "8" else digit for digit, capital in zip(digits, capitals, strict=False)))


def check_keys(where: str, found: object, expected: Sequence[str]) -> dict[str, Any]:
    """
    Accept an object with exactly these keys.

    Raises:
        UnexpectedKeys: keys are missing or extra.
        Mistyped: it is no object.
    """
    if not isinstance(found, dict):
        raise Mistyped(where, "struct", "an object")
    if found.keys() != set(expected):
        missing = [key for key in expected if key not in found]
        raise UnexpectedKeys(where, missing=missing, extra=sorted(str(key) for key in found.keys() - set(expected)))
    return found


class SolidityType(Protocol):
    """
    One Solidity type.

    `abi` is its canonical name in a function signature, `name` the one in an EIP-712 type; `size` is how many bytes it takes in
    place, or None if it is dynamic, that is stands after the fixed part with its offset in its place.
    """

    abi: str
    name: str
    size: int | None

    def encode(self, value: Any) -> bytes:
        """The ABI bytes of a value. Raises `NotEncodable`."""

    def decode(self, content: bytes, at: int) -> tuple[Any, int]:
        """The value that begins at `at`, and where it ends. Raises `NotDecodable`."""

    def word(self, value: Any) -> bytes:
        """The 32 bytes that stand for a value in EIP-712's `encodeData`."""

    def to_json(self, value: Any) -> Any:
        """The value as typed data carries it."""

    def from_json(self, found: Any, where: str) -> Any:
        """Read what `to_json` wrote. Raises `DocumentRefused`."""


class _Elementary:
    """What all types of one word have in common: in EIP-712 their word is their ABI word."""

    size: int | None = WORD

    def encode(self, value: Any) -> bytes:
        raise NotImplementedError

    def word(self, value: Any) -> bytes:
        return self.encode(value)


class _Uint(_Elementary):
    def __init__(self, bits: int, kind: Callable[[int], int] = int) -> None:
        self.abi = self.name = f"uint{bits}"
        self.bits = bits
        self.kind = kind

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << self.bits:
            raise NotEncodable(self.abi, value)
        return value.to_bytes(WORD, "big")

    def decode(self, content: bytes, at: int) -> tuple[int, int]:
        number = int.from_bytes(_word_at(content, at), "big")
        if number >> self.bits:
            raise NotDecodable(f"byte {at}: {number} is no {self.abi}")
        try:
            return self.kind(number), at + WORD
        except ValueError as unknown:
            raise NotDecodable(f"byte {at}: {unknown}") from unknown

    def to_json(self, value: int) -> int | str:
        return str(int(value)) if self.bits > WIDEST_JSON_NUMBER else int(value)

    def from_json(self, found: object, where: str) -> int:
        try:
            return self.kind(self._number(found, where))
        except ValueError as unknown:
            if isinstance(unknown, CodecError):
                raise
            raise Mistyped(where, self.abi, f"one of its known values ({unknown})") from unknown

    def _number(self, found: object, where: str) -> int:
        if self.bits > WIDEST_JSON_NUMBER:
            if not isinstance(found, str) or len(found) > _LONGEST_DECIMAL or not _DECIMAL.fullmatch(found):
                raise Mistyped(where, self.abi, "decimal text without leading zeros")
            number = int(found)
        elif isinstance(found, int) and not isinstance(found, bool):
            number = found
        else:
            raise Mistyped(where, self.abi, "a whole number")
        if not 0 <= number < 1 << self.bits:
            raise Mistyped(where, self.abi, f"0 to {(1 << self.bits) - 1}")
        return number


class _Bool(_Elementary):
    abi = name = "bool"

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, bool):
            raise NotEncodable(self.abi, value)
        return int(value).to_bytes(WORD, "big")

    def decode(self, content: bytes, at: int) -> tuple[bool, int]:
        number = int.from_bytes(_word_at(content, at), "big")
        if number > 1:
            raise NotDecodable(f"byte {at}: {number} is no bool")
        return bool(number), at + WORD

    def to_json(self, value: bool) -> bool:  # noqa: FBT001 - it is the value
        return value

    def from_json(self, found: object, where: str) -> bool:
        if not isinstance(found, bool):
            raise Mistyped(where, self.abi, "true or false")
        return found


class _FixedBytes(_Elementary):
    def __init__(self, length: int) -> None:
        self.abi = self.name = f"bytes{length}"
        self._length = length

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) != self._length:
            raise NotEncodable(self.abi, value)
        return value.ljust(WORD, b"\0")

    def decode(self, content: bytes, at: int) -> tuple[bytes, int]:
        word = _word_at(content, at)
        if any(word[self._length :]):
            raise NotDecodable(f"byte {at}: {word.hex()} is no {self.abi}")
        return word[: self._length], at + WORD

    def to_json(self, value: bytes) -> str:
        return "0x" + value.hex()

    def from_json(self, found: object, where: str) -> bytes:
        return _from_hex(found, where, solidity_type=self.abi, length=self._length)


class _Account(_Elementary):
    abi = name = "address"
    _LENGTH = 20

    def encode(self, value: Any) -> bytes:
        # `fromhex` skips blanks, so that the length of both is looked at.
        if not isinstance(value, str) or len(value) != 2 + 2 * self._LENGTH or not _HEX.fullmatch(value):
            raise NotEncodable(self.abi, value)
        return bytes.fromhex(value[2:]).rjust(WORD, b"\0")

    def decode(self, content: bytes, at: int) -> tuple[Address, int]:
        word = _word_at(content, at)
        if any(word[: -self._LENGTH]):
            raise NotDecodable(f"byte {at}: {word.hex()} is no address")
        return checksummed(word[-self._LENGTH :]), at + WORD

    def to_json(self, value: Address) -> str:
        return checksummed(self.encode(value)[-self._LENGTH :])

    def from_json(self, found: object, where: str) -> Address:
        return checksummed(_from_hex(found, where, solidity_type=self.abi, length=self._LENGTH))


class _Bytes:
    """`bytes`: a length, the content, and zeros up to a whole word."""

    abi = name = "bytes"
    size: int | None = None

    def encode(self, value: Any) -> bytes:
        content = self._content(value)
        return len(content).to_bytes(WORD, "big") + content + bytes(-len(content) % WORD)

    def decode(self, content: bytes, at: int) -> tuple[Any, int]:
        length = _number_at(content, at)
        start = at + WORD
        end = start + length + -length % WORD
        if end > len(content):
            raise NotDecodable(f"byte {at}: {length} bytes are announced, {len(content) - start} are left")
        if any(content[start + length : end]):
            raise NotDecodable(f"byte {start + length}: the padding is not zero")
        return content[start : start + length], end

    def word(self, value: Any) -> bytes:
        return keccak(self._content(value))

    def to_json(self, value: Any) -> str:
        return "0x" + self._content(value).hex()

    def from_json(self, found: object, where: str) -> Any:
        return _from_hex(found, where, solidity_type=self.abi, length=None)

    def _content(self, value: Any) -> bytes:
        if not isinstance(value, bytes):
            raise NotEncodable(self.abi, value)
        return value


class _Text(_Bytes):
    """`string`: the bytes of its UTF-8."""

    abi = name = "string"

    def decode(self, content: bytes, at: int) -> tuple[str, int]:
        encoded, end = super().decode(content, at)
        try:
            return encoded.decode(), end
        except UnicodeDecodeError as malformed:
            raise NotDecodable(f"byte {at}: no UTF-8 text") from malformed

    def to_json(self, value: str) -> str:
        return value

    def from_json(self, found: object, where: str) -> str:
        if not isinstance(found, str) or not _is_unicode(found):
            raise Mistyped(where, self.abi, "text")
        return found

    def _content(self, value: Any) -> bytes:
        if not isinstance(value, str) or not _is_unicode(value):
            raise NotEncodable(self.abi, value)
        return value.encode()


class _Array:
    """Any number of values of one type; a tuple in Python."""

    size: int | None = None

    def __init__(self, item: SolidityType) -> None:
        self.abi = f"{item.abi}[]"
        self.name = f"{item.name}[]"
        self.item = item

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, tuple | list):
            raise NotEncodable(self.name, value)
        return len(value).to_bytes(WORD, "big") + encode_sequence([self.item] * len(value), value)

    def decode(self, content: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        count = _number_at(content, at)
        # Every item takes a word at least: a count that cannot be true costs nothing.
        if count > (len(content) - at - WORD) // WORD:
            raise NotDecodable(f"byte {at}: {count} items are announced, fewer can be there")
        return decode_sequence([self.item] * count, content, at + WORD)

    def word(self, value: Any) -> bytes:
        return keccak(b"".join(map(self.item.word, value)))

    def to_json(self, value: Sequence[Any]) -> list[Any]:
        return [self.item.to_json(each) for each in value]

    def from_json(self, found: object, where: str) -> tuple[Any, ...]:
        if not isinstance(found, list):
            raise Mistyped(where, self.name, "a list")
        return tuple(self.item.from_json(each, f"{where}[{index}]") for index, each in enumerate(found))


class Struct:
    """A record's type: its members in order, and by them its EIP-712 type, hash, bytes and JSON."""

    def __init__(self, record_type: type[Record]) -> None:
        hints = get_type_hints(record_type)
        self.record_type = record_type
        self.name = record_type.__name__
        self.members = {
            each.metadata["name"] or _camel(each.name): member_type(each.metadata["type"], hints[each.name]) for each in fields(record_type)
        }
        self.abi = f"({','.join(member.abi for member in self.members.values())})"
        sizes = [member.size for member in self.members.values()]
        self.size = None if None in sizes else sum(size for size in sizes if size is not None)
        # EIP-712 puts the types that a type refers to after it, in the order of their names.
        self.referred: dict[str, Struct] = dict(sorted(_structs_in(self.members.values()).items()))
        self.type_string = "".join(each.own_type_string for each in (self, *self.referred.values()))
        self.type_hash = keccak(self.type_string.encode())
        self._types = tuple(self.members.values())
        self._words = FixedWords(self._types) if FixedWords.can_take(self._types) else None
        self._write = None if self._words is None else self._words.write
        self._read: Callable[[Any], tuple[Any, ...]] = attrgetter(*(each.name for each in fields(record_type)))

    @property
    def own_type_string(self) -> str:
        """The EIP-712 type without the types that it refers to."""
        return f"{self.name}({','.join(f'{member.name} {name}' for name, member in self.members.items())})"

    def encode(self, value: Any) -> bytes:
        """The members side by side."""
        return encode_sequence(self._types, self._values(value))

    @property
    def types(self) -> tuple[SolidityType, ...]:
        """The members' types in order."""
        return self._types

    def decode(self, content: bytes, at: int) -> tuple[Any, int]:
        """The record that begins at `at`, checked as a new one is, and where it ends."""
        values, end = decode_sequence(self._types, content, at)
        return self._record(values, lambda reason: NotDecodable(f"byte {at}: {reason}")), end

    def word(self, value: Any) -> bytes:
        """EIP-712's hashStruct, which is a record's id."""
        if self._write is not None:
            if type(value) is not self.record_type:
                raise NotEncodable(self.name, value)
            # Without `keccak` and `_values`: two calls less of what checking a signature takes.
            hashed: bytes = _keccak_256(self.type_hash + self._write(self._read(value))).digest()
            return hashed
        words = [member.word(each) for member, each in zip(self._types, self._values(value), strict=True)]
        return keccak(self.type_hash + b"".join(words))

    def to_json(self, value: Any) -> dict[str, Any]:
        """The members by their Solidity names."""
        return {name: self.members[name].to_json(each) for name, each in zip(self.members, self._values(value), strict=True)}

    def from_json(self, found: object, where: str) -> Any:
        """Read an object with exactly the members as keys."""
        found = check_keys(where, found, list(self.members))
        values = [member.from_json(found[name], f"{where}.{name}") for name, member in self.members.items()]
        return self._record(values, lambda reason: DocumentRefused(where, reason))

    def _values(self, value: Any) -> tuple[Any, ...]:
        if type(value) is not self.record_type:
            raise NotEncodable(self.name, value)
        return self._read(value)

    def _record(self, values: Sequence[Any], refusal: Callable[[str], CodecError]) -> Any:
        try:
            return self.record_type(*values)
        except ValueError as invalid:
            raise refusal(str(invalid)) from invalid


class _SignaturePair:
    """`Signatures`, which in Solidity is ((r, vs), (r, vs), reason) and in Python 64, 64 and 32 bytes; nobody signs one."""

    abi = "((bytes32,bytes32),(bytes32,bytes32),bytes32)"
    name = "Signatures"
    size: int | None = 5 * WORD

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, Signatures):
            raise NotEncodable(self.name, value)
        return value.firm + value.lab + value.reason

    def decode(self, content: bytes, at: int) -> tuple[Signatures, int]:
        firm, lab, reason = (b"".join(_word_at(content, at + WORD * word) for word in words) for words in ((0, 1), (2, 3), (4,)))
        return Signatures(firm=firm, lab=lab, reason=model.Digest(reason)), at + 5 * WORD

    def word(self, value: Any) -> bytes:
        raise NotEncodable("member of a signed record", value)

    def to_json(self, value: Any) -> Any:
        raise NotEncodable("member of a signed record", value)

    def from_json(self, found: object, where: str) -> Any:  # noqa: ARG002 - the Protocol's shape
        raise Mistyped(where, self.name, "nothing: it is no member of a signed record")


class FixedWords:
    """
    Values that take one word each, written and read all at once.

    One mask over all of the bytes finds every dirty bit, and one `struct` cuts them up or joins them: some ten times as fast
    as word by word, which is what indexing a chain and checking a signature need. What it accepts and gives is the same.
    """

    def __init__(self, types: Sequence[SolidityType]) -> None:
        self.size = WORD * len(types)
        self._struct = struct.Struct(">" + "".join(_layout(each) for each in types))
        self._must_be_zero = int.from_bytes(b"".join(_padding(each) for each in types), "big")
        self._reads: list[tuple[int, Callable[[Any], Any]]] = [
            (at, _member_of(each.kind)) for at, each in enumerate(types) if isinstance(each, _Uint) and each.kind is not int
        ]
        self._reads += [(at, bool) for at, each in enumerate(types) if isinstance(each, _Bool)]
        self._reads += [(at, checksummed) for at, each in enumerate(types) if isinstance(each, _Account)]
        self._accounts = [at for at, each in enumerate(types) if isinstance(each, _Account)]

    @staticmethod
    def can_take(types: Sequence[SolidityType]) -> bool:
        """Whether all of these are of one word that it knows."""
        return all(isinstance(each, _Bool | _Account | _FixedBytes) or (isinstance(each, _Uint) and each.bits <= _QUAD) for each in types)

    def read(self, content: bytes) -> list[Any]:
        """
        The values of exactly these bytes.

        Raises:
            NotDecodable: too few or too many, dirty bits, or an unknown value of an enum.
        """
        if len(content) != self.size:
            raise NotDecodable(f"{len(content)} bytes where {self.size} belong")
        if int.from_bytes(content, "big") & self._must_be_zero:
            raise NotDecodable(f"{content.hex()}: a value is wider than its type")
        values = list(self._struct.unpack(content))
        try:
            for at, read in self._reads:
                values[at] = read(values[at])
        except KeyError as unknown:
            raise NotDecodable(f"word {at}: {unknown} is no known value") from unknown
        return values

    def write(self, values: Sequence[Any]) -> bytes:
        """The bytes of values that a record has checked already."""
        if self._accounts:
            values = list(values)
            for at in self._accounts:
                values[at] = bytes.fromhex(values[at][2:])
        return self._struct.pack(*values)


_QUAD = 64


def _member_of(kind: Callable[[int], int]) -> Callable[[int], int]:
    """Turn a number into an enum's member, by a table: calling the enum takes far longer."""
    members: dict[int, int] = getattr(kind, "_value2member_map_", {})
    return members.__getitem__ if members else kind


def _layout(word: SolidityType) -> str:
    """A word as `struct` names it: what pads it, and what it holds."""
    if isinstance(word, _Uint):
        return "24xQ"
    if isinstance(word, _Bool):
        return "31xB"
    if isinstance(word, _Account):
        return "12x20s"
    length = int(word.abi.removeprefix("bytes"))
    return f"{length}s{WORD - length}x"


def _padding(word: SolidityType) -> bytes:
    """A word with all the bits set that must not be."""
    if isinstance(word, _FixedBytes):
        length = int(word.abi.removeprefix("bytes"))
        return bytes(length) + b"\xff" * (WORD - length)
    bits = word.bits if isinstance(word, _Uint) else 1 if isinstance(word, _Bool) else 160
    return ((1 << 8 * WORD) - (1 << bits)).to_bytes(WORD, "big")


def encode_sequence(types: Sequence[SolidityType], values: Sequence[Any]) -> bytes:
    """The ABI bytes of values side by side: what is static and the offsets first, what is dynamic after it, in order."""
    encoded = [each.encode(value) for each, value in zip(types, values, strict=True)]
    if all(each.size is not None for each in types):
        return b"".join(encoded)
    heads, tails = [], []
    tail_at = sum(each.size or WORD for each in types)
    for each, content in zip(types, encoded, strict=True):
        if each.size is not None:
            heads.append(content)
            continue
        heads.append(tail_at.to_bytes(WORD, "big"))
        tails.append(content)
        tail_at += len(content)
    return b"".join(heads + tails)


def decode_sequence(types: Sequence[SolidityType], content: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    """
    Read what `encode_sequence` wrote from `at` on, and say where it ends.

    Raises:
        NotDecodable: it is cut short, or a dynamic value is not exactly where the encoder puts it.
    """
    values = []
    head = at
    tail = at + sum(each.size or WORD for each in types)
    for each in types:
        if each.size is not None:
            value, head = each.decode(content, head)
        else:
            if _number_at(content, head) != tail - at:
                raise NotDecodable(f"byte {head}: the offset is not {tail - at}")
            value, tail = each.decode(content, tail)
            head += WORD
        values.append(value)
    return tuple(values), tail


@cache
def type_of(name: str) -> SolidityType:
    """
    The type of this name: an elementary one, `Signatures`, a record's, or an array of them.

    >>> type_of("Recipient[]").abi
    '(bytes32,bytes32)[]'
    """
    if name.endswith("[]"):
        return _Array(type_of(name.removesuffix("[]")))
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name.startswith("uint"):
        return _Uint(int(name.removeprefix("uint")))
    if name.startswith("bytes"):
        return _FixedBytes(int(name.removeprefix("bytes")))
    return struct_of(getattr(model, name))


def struct_of(record_type: type[Record]) -> Struct:
    """The type of a record."""
    # A dict, because mypy takes no dataclass with a generated `__hash__` for the argument of a cached function.
    if record_type not in _STRUCTS:
        _STRUCTS[record_type] = Struct(record_type)
    return _STRUCTS[record_type]


_STRUCTS: dict[type[Record], Struct] = {}
_SPECIAL: dict[str, SolidityType] = {
    "bool": _Bool(),
    "address": _Account(),
    "string": _Text(),
    "bytes": _Bytes(),
    "Signatures": _SignaturePair(),
}


def member_type(solidity_type: str, hint: Any) -> SolidityType:
    """The type of a record's member or an event's value; where Python has an enum or a record for it, values are read as that."""
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return _Uint(int(solidity_type.removeprefix("uint")), hint)
    if get_origin(hint) is tuple:
        return _Array(member_type(solidity_type.removesuffix("[]"), get_args(hint)[0]))
    if isinstance(hint, type) and issubclass(hint, Record):
        return struct_of(hint)
    return type_of(solidity_type)


def _structs_in(types: Any) -> dict[str, Struct]:
    found: dict[str, Struct] = {}
    for each in types:
        inner = each.item if isinstance(each, _Array) else each
        if isinstance(inner, Struct):
            found |= {inner.name: inner, **inner.referred}
    return found


def _camel(name: str) -> str:
    """
    The Solidity name of a Python one.

    >>> _camel("paid_home")
    'paidHome'
    """
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _word_at(content: bytes, at: int) -> bytes:
    word = content[at : at + WORD]
    if len(word) != WORD:
        raise NotDecodable(f"byte {at}: {WORD} bytes are needed, {len(word)} are left")
    return word


def _number_at(content: bytes, at: int) -> int:
    return int.from_bytes(_word_at(content, at), "big")


def _from_hex(found: object, where: str, *, solidity_type: str, length: int | None) -> bytes:
    digits = "hexadecimal digits in pairs" if length is None else f"{2 * length} hexadecimal digits"
    if not isinstance(found, str) or not _HEX.fullmatch(found) or len(found) % 2 or (length is not None and len(found) != 2 + 2 * length):
        raise Mistyped(where, solidity_type, f"0x and {digits}")
    return bytes.fromhex(found[2:])


def _is_unicode(text: str) -> bool:
    # A lone surrogate is a Python text that no UTF-8 can carry.
    return not any("\ud800" <= character <= "\udfff" for character in text)
