"""
A programme file (TOML, see `programmes/`): the fields that go to the chain, and the region's own policy beside them.

Its canonical form is the JSON of everything in it but comments: keys sorted, no spaces, UTF-8. Only texts, whole numbers, truth
values, lists and tables are allowed, so that there is one such form. The SHA-256 of it is `policyHash`.
"""

import hashlib
import json
import tomllib
from enum import IntEnum
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from gateway.errors import Problem
from gateway.schemas import MONEY_PATTERN, Shape
from registry import UNLIMITED, Approval, Digest, Fen, FirstReview, Paid, Programme, Region, Slice

_E = TypeVar("_E", bound=IntEnum)

_Whole = Annotated[int, Field(strict=True, ge=0)]
_Money = Annotated[str, Field(pattern=MONEY_PATTERN)]


class _SliceTold(Shape):
    up_to: Annotated[str, Field(pattern=f"{MONEY_PATTERN[:-1]}$|^unlimited$")]
    bps: Annotated[int, Field(strict=True, ge=0, le=10_000)]


class _VoucherTold(Shape):
    face: _Money
    denomination: _Money
    valid_days: _Whole
    claim_days_after_use: _Whole


class _Told(Shape):
    region: _Whole
    code: Annotated[str, Field(min_length=1)]
    payer: _Whole
    paid_home: str
    paid_across: str
    approval: str
    first_review: str
    itemised: Annotated[bool, Field(strict=True)]
    min_partners: _Whole
    hold_days: _Whole
    slices: list[_SliceTold]
    voucher: _VoucherTold
    policy: dict[str, Any]


def canonical(text: str) -> bytes:
    r"""
    The canonical form of a programme file.

    >>> canonical('b = 1 # a comment\na = "文"').decode()
    '{"a":"文","b":1}'

    Raises:
        Problem: it is no TOML, or holds a date or a number with a fraction.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as malformed:
        raise Problem(
            422, "ProgrammeFileMalformed", "券种文件格式有误。 The programme file is no TOML.", reason=str(malformed)
        ) from malformed
    _require_plain(found, "")
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def programme_of(text: str) -> Programme:
    """
    The programme that a file describes.

    Raises:
        Problem: the file is malformed, or a field is missing, unknown or out of range.
    """
    form = canonical(text)
    try:
        told = _Told.model_validate_json(form)
        return Programme(
            region=Region(told.region),
            code=told.code,
            payer=Region(told.payer),
            paid_home=_named(Paid, told.paid_home),
            paid_across=_named(Paid, told.paid_across),
            approval=_named(Approval, told.approval),
            first_review=_named(FirstReview, told.first_review),
            itemised=told.itemised,
            min_partners=told.min_partners,
            hold_days=told.hold_days,
            slices=tuple(Slice(UNLIMITED if each.up_to == "unlimited" else Fen(int(each.up_to)), each.bps) for each in told.slices),
            policy_hash=Digest(hashlib.sha256(form).digest()),
        )
    except ValidationError as invalid:
        fields = [{"at": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in invalid.errors()]
        raise Problem(422, "ProgrammeFileInvalid", "券种文件内容有误。 The programme file is not valid.", fields=fields) from invalid
    except ValueError as invalid:
        raise Problem(422, "ProgrammeFileInvalid", "券种文件内容有误。 The programme file is not valid.", reason=str(invalid)) from invalid


def _named(kind: type[_E], name: str) -> _E:
    if name not in kind.__members__:
        raise ValueError(f"{name!r} is none of {', '.join(kind.__members__)}")
    return kind[name]


def _require_plain(value: object, at: str) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            _require_plain(each, f"{at}.{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _require_plain(each, f"{at}[{index}]")
    elif not isinstance(value, str | int):
        title = "券种文件只可含文本、整数、真假值。 A programme file holds texts, whole numbers and truth values only."
        raise Problem(422, "ProgrammeFileMalformed", title, at=at.removeprefix("."))
