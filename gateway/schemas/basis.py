"""
What all shapes of requests and answers are made of. Unknown fields are refused, and nothing is converted in silence.

Money is a decimal string of fen, because JSON numbers lose whole numbers above 2^53 in JavaScript. Times are Unix seconds, the
last valid second inclusive. Ids, addresses and signatures are 0x and hexadecimal digits.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

MONEY_PATTERN = "^(0|[1-9][0-9]{0,18})$"
_MONEY = re.compile("0|[1-9][0-9]{0,18}")
_DIGITS = re.compile("[0-9]{1,9}")
_SECONDS = re.compile("0|[1-9][0-9]{0,11}")
_HEX = re.compile("0x[0-9a-fA-F]*")
# One character that can be seen. Those that cannot are listed, since `\s` differs between engines of regular expressions; rare ones, and
# all beyond U+FFFF, are left out.
_TEXT_PATTERN = (
    r"[^\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]"
)
_TEXT = re.compile(_TEXT_PATTERN)
SOME_HEX_PATTERN = "^0x([0-9a-fA-F]{2}){1,4000}$"
_SOME_HEX = re.compile(SOME_HEX_PATTERN.strip("^$"))


def _fen(value: Any) -> int:
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise ValueError('金额须为以分计的十进制字符串，如 "480000"。 Money is a decimal string of fen, for example "480000".')
    return int(value)


def _of_bytes(size: int) -> Callable[[Any], bytes]:
    def parse(value: Any) -> bytes:
        if isinstance(value, bytes) and len(value) == size:
            return value
        if not isinstance(value, str) or len(value) != 2 + 2 * size or not _HEX.fullmatch(value):
            raise ValueError(f"须为 0x 加 {2 * size} 位十六进制数字。 0x and {2 * size} hexadecimal digits are asked for.")
        return bytes.fromhex(value[2:])

    return parse


def _some_bytes(value: Any) -> bytes:
    if not isinstance(value, str) or not _SOME_HEX.fullmatch(value):
        raise ValueError("须为 0x 加偶数位十六进制数字。 0x and an even number of hexadecimal digits are asked for.")
    return bytes.fromhex(value[2:])


def whole_number(value: Any) -> int:
    """A number in a query, where everything is text."""
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        raise ValueError("须为整数。 A whole number is asked for.")
    return int(value)


def _seconds(value: Any) -> int:
    if not isinstance(value, str) or not _SECONDS.fullmatch(value):
        raise ValueError("须为 Unix 秒数。 Unix seconds are asked for.")
    return int(value)


def _not_blank(text: str) -> str:
    if not _TEXT.search(text):
        raise ValueError("须填写内容，不能只有空白或不可见字符。 Text is asked for, not blanks or invisible characters alone.")
    return text


def _address(value: Any) -> str:
    return "0x" + _of_bytes(20)(value).hex()


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _hex_schema(size: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^0x[0-9a-fA-F]{{{2 * size}}}$"})


Money = Annotated[
    int, BeforeValidator(_fen), PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string", "pattern": MONEY_PATTERN})
]
Amount = Annotated[int, PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string", "pattern": "^(0|[1-9][0-9]*)$"})]
"""Money in an answer: made from a number of ours. A sum may be longer than any amount that is asked for."""
Id32 = Annotated[bytes, BeforeValidator(_of_bytes(32)), PlainSerializer(_hex, return_type=str), _hex_schema(32)]
Signature = Annotated[bytes, BeforeValidator(_of_bytes(64)), PlainSerializer(_hex, return_type=str), _hex_schema(64)]
HexBytes = Annotated[
    bytes,
    BeforeValidator(_some_bytes),
    PlainSerializer(_hex, return_type=str),
    WithJsonSchema({"type": "string", "pattern": SOME_HEX_PATTERN}),
]
AddressText = Annotated[str, BeforeValidator(_address), _hex_schema(20)]
RegionCode = Annotated[int, Field(strict=True, ge=100_000, le=999_999)]
Seconds = Annotated[int, Field(strict=True, ge=0, lt=2**40)]
FormSeconds = Annotated[
    int, BeforeValidator(_seconds), Field(ge=0, lt=10**12), WithJsonSchema({"type": "string", "pattern": "^(0|[1-9][0-9]{0,11})$"})
]
"""Unix seconds in a form, where everything is text."""
Text = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=200, json_schema_extra={"pattern": _TEXT_PATTERN}),
    AfterValidator(_not_blank),
]
"""A name, a code, a reason or the like: up to 200 characters, at least one of which can be seen."""
RegionInQuery = Annotated[int, Field(ge=100_000, le=999_999), BeforeValidator(whole_number)]
Limit = Annotated[int, Field(ge=1, le=1_000, description="How many at most."), BeforeValidator(whole_number)]
Cursor = Annotated[str, Field(max_length=200, description="Where to go on: `next` of the page before, for the same query.")]
Next = str | None
"""The cursor of the next page; null where there is none."""


class Shape(BaseModel):
    """Base of every request and answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class BlockSeen(Shape):
    """As of which final block an answer holds, and how old that is."""

    number: int
    time: int
    age_seconds: int


class Written(Shape):
    """A write that took effect, in a final block."""

    transaction: Id32
    block: int


class Event(Shape):
    """One event of a history or of the trail."""

    position: str
    block: int
    time: int
    transaction: Id32
    contract: str
    name: str
    values: dict[str, Any]


class LogHead(Shape):
    """The last row of what is kept append-only. Who keeps it can prove later that nothing up to it was changed."""

    number: int
    hash: Id32
