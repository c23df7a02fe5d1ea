"""
Errors as RFC 9457 problems: one shape for refusals of the registry, of this gateway, of FastAPI and of the unforeseen.

    Problem                this gateway's own refusals, below
    Rejected               409, or 422 where the facts themselves can never pass; `code` and `values` are the contracts' own, `detail`
                           says why in words
    Unreachable            503: nothing happened, try again
    HsmError               503: the device of a role account did not sign, so nothing happened
    SignerSilent           503: likewise, it has not signed the call before
    OutcomeUnknown         504: it may have happened; repeating the request with the same Idempotency-Key finds out
    CodeRefused            422: a company code, serial or invoice that can be nobody's
    EpochMissing           422: this gateway lacks the tag key that is asked for
    IntentDiffers          409: what an act rests on has changed since its key was first used
    ProgrammeFileRefused   422: a programme file that is none, and where
    IndexRefused           503: the index does not agree with the chain; an operator must look
    BatchRefused           409, or 403 and 422: what cannot be put on record of payments (`gateway.payment_words`)
    TransactionRefused     422: no transaction about one's own key as this gateway prepared it
    CodecError             422: a signed document that this gateway did not make

`code` is stable and made for programs, `title` and `detail` are for people. `instance` names the request in which it occurred, by its
`X-Request-Id`: that is what to tell the operator. Money in `values` is a decimal string of fen.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway import payment_words, refusals
from gateway.context import instance
from gateway.invalid_words import why_invalid
from registry import (
    MONEY_OF_REFUSALS,
    BatchRefused,
    CodecError,
    CodeRefused,
    EpochMissing,
    HsmError,
    IndexRefused,
    IntentDiffers,
    OutcomeUnknown,
    ProgrammeFileMalformed,
    ProgrammeFileRefused,
    Rejected,
    SignerSilent,
    TransactionRefused,
    Unreachable,
    why_refused,
)

MEDIA_TYPE = "application/problem+json"

# Facts that no later state of the registry would accept. Everything else is a conflict with what stands now.
_NEVER = frozenset(
    {
        "AmountZero",
        "CostZero",
        "InvoiceZero",
        "ItemRequired",
        "Malformed",
        "NotSignedBy",
        "NotWholeNotes",
        "OverRule",
        "SameSigner",
        "SellerIsFirm",
        "SignatureExpired",
        "SliceLimitNotRising",
        "SliceRateRising",
        "WholeVoucherOnly",
    }
)

# A tag of somebody else must not leave through a refusal.
_HIDDEN = frozenset({"seller", "revert"})

OF_HTTP: Mapping[int, tuple[str, str]] = {
    400: ("MalformedRequest", "请求无法解析。 The request cannot be parsed."),
    404: ("NotFound", "没有这个路径。 There is no such path."),
    405: ("MethodNotAllowed", "该路径不支持此方法。 This path does not know that method."),
    413: ("TooLarge", "请求内容过大。 The body is too large."),
}
"""What the framework refuses by itself: code and title by status."""


class Explained(Rejected):
    """A refusal of the registry, with a sentence that tells its cause more exactly than its code does (`gateway.why_not`)."""

    def __init__(self, refused: Rejected, values: Mapping[str, Any], detail: str) -> None:
        super().__init__(refused.code, {**refused.values, **values})
        self.detail = detail


class Problem(Exception):
    """A refusal by this gateway; nothing was sent. `code` is told to programs, `title` to people, `headers` to whatever reads them."""

    def __init__(self, status: int, code: str, title: str, *, headers: Mapping[str, str] | None = None, **values: Any) -> None:
        self.status = status
        self.code = code
        self.title = title
        self.values = values
        self.headers = dict(headers or {})
        super().__init__(f"{status} {code}: {title}")


def body(status: int, code: str, title: str, values: Mapping[str, Any], detail: str | None = None) -> dict[str, Any]:
    """The members of a problem."""
    more = {"detail": detail, "instance": instance()}
    told = {name: text for name, text in more.items() if text is not None}
    return {"type": f"urn:tongquan:problem:{code}", "title": title, "status": int(status), "code": code, **told, "values": dict(values)}


def status_of(code: str) -> int:
    """The status that a code is answered with, the contracts' as well as this gateway's own."""
    if code in refusals.STATUS:
        return refusals.STATUS[code]
    never = code in _NEVER or code.startswith("Invalid")
    return HTTPStatus.UNPROCESSABLE_ENTITY if never else HTTPStatus.CONFLICT


def problem_of(failure: Exception) -> dict[str, Any]:
    """What a failure says to a caller. Whatever is not known here is a fault of ours, and says nothing about itself."""
    match failure:
        case Problem():
            return body(failure.status, failure.code, failure.title, failure.values)
        case Rejected():
            return body(
                status_of(failure.code),
                failure.code,
                "登记系统不予受理；未发生任何变化。 The registry refused; nothing changed.",
                plain(failure.values),
                failure.detail if isinstance(failure, Explained) else " ".join(why_refused(failure.code, failure.values)),
            )
        case HsmError() | SignerSilent():
            title = "签名设备无应答；未发生任何变化，可重试。 The signing device did not sign; nothing happened, try again."
            return body(HTTPStatus.SERVICE_UNAVAILABLE, "DeviceUnavailable", title, {})
        case Unreachable():
            title = "节点无应答；未发生任何变化，可重试。 No node answered; nothing happened, try again."
            return body(HTTPStatus.SERVICE_UNAVAILABLE, "Unreachable", title, {})
        case OutcomeUnknown():
            title = "结果尚不确定，可能已经生效。 The outcome is not known yet; it may have happened."
            zh = "请以同一 Idempotency-Key 重发同一请求：不会重复办理，有结果即答复。"
            detail = f"{zh} Repeat the very same request with the same Idempotency-Key: it is never done twice and answers once known."
            return body(HTTPStatus.GATEWAY_TIMEOUT, "OutcomeUnknown", title, {"transaction": failure.transaction}, detail)
        case CodeRefused():
            values = {"kind": failure.kind, "value": failure.value, "reason": failure.reason}
            return body(
                HTTPStatus.UNPROCESSABLE_ENTITY, "CodeRefused", "代码或编号格式有误。 A code or number is not valid.", values, str(failure)
            )
        case EpochMissing():
            title = "本平台没有该期的关联标识密钥。 This gateway lacks the tag key of that epoch."
            return body(HTTPStatus.UNPROCESSABLE_ENTITY, "EpochMissing", title, {"epoch": failure.epoch})
        case IntentDiffers():
            title = "所据记录已经变化，请用新的 Idempotency-Key 重新办理。 What this act rests on has changed; ask anew under a new key."
            return body(HTTPStatus.CONFLICT, "IntentDiffers", title, {})
        case ProgrammeFileMalformed():
            title = "券种文件格式有误。 The programme file is malformed."
            return body(HTTPStatus.UNPROCESSABLE_ENTITY, "ProgrammeFileMalformed", title, {"at": failure.at, "reason": failure.reason})
        case ProgrammeFileRefused():
            title = "券种文件内容有误。 The programme file is not valid."
            return body(HTTPStatus.UNPROCESSABLE_ENTITY, "ProgrammeFileInvalid", title, {"at": failure.at, "reason": failure.reason})
        case IndexRefused():
            title = "本平台的索引与链不一致，运维人员须先处理。 The index does not agree with the chain; an operator must look at it."
            return body(HTTPStatus.SERVICE_UNAVAILABLE, "IndexRefused", title, {"reason": str(failure)})
        case TransactionRefused():
            title = "该交易不是本平台所备的本单位签名账户变更。 No transaction about one's own key as this gateway prepared it."
            return body(HTTPStatus.UNPROCESSABLE_ENTITY, "TransactionRefused", title, {"reason": str(failure)})
        case BatchRefused():
            return body(status_of(failure.code), failure.code, payment_words.WORDS[failure.code], failure.values)
        case CodecError():
            title = "待签内容与本系统不符。 The signed document is not one that this gateway made."
            return body(HTTPStatus.UNPROCESSABLE_ENTITY, "DocumentRefused", title, {"reason": str(failure)})
        case _:
            return body(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal", "系统内部错误。 A fault of this gateway; it was logged.", {})


def invalid(fields: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """What a request whose shape is wrong is told: where, and what."""
    title = "请求内容有误。 The request is not valid."
    return body(HTTPStatus.UNPROCESSABLE_ENTITY, "InvalidRequest", title, {"fields": list(fields)})


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A refusal's values for JSON: money as decimal strings of fen, bytes as hexadecimal digits, other people's tags left out."""
    return {name: _plain(name, value) for name, value in values.items() if name not in _HIDDEN}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and name in MONEY_OF_REFUSALS:
        return str(value)
    return value


def headers_of(failure: Exception) -> Mapping[str, str]:
    """What a failure says in headers."""
    if isinstance(failure, Unreachable | OutcomeUnknown | HsmError):
        return {"Retry-After": "2"}
    return failure.headers if isinstance(failure, Problem) else {}


def respond(problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as a response."""
    return JSONResponse(dict(problem), status_code=problem["status"], media_type=MEDIA_TYPE, headers=dict(headers or {}))


KNOWN = (
    Problem,
    BatchRefused,
    Rejected,
    Unreachable,
    OutcomeUnknown,
    CodeRefused,
    EpochMissing,
    HsmError,
    IntentDiffers,
    IndexRefused,
    CodecError,
    ProgrammeFileRefused,
    TransactionRefused,
)
"""Every failure that says something to a caller. The unforeseen goes on to `gateway.edge` besides."""


def install(app: FastAPI) -> None:
    """Answer every known failure of an application with a problem."""
    for kind in KNOWN:
        app.add_exception_handler(kind, _on_failure)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    # The unforeseen goes on to `gateway.edge` after its answer, and is logged there.
    app.add_exception_handler(Exception, _on_failure)


async def _on_failure(_request: Request, failure: Exception) -> JSONResponse:
    return respond(problem_of(failure), headers_of(failure))


async def _on_invalid(_request: Request, failure: Exception) -> JSONResponse:
    errors = failure.errors() if isinstance(failure, RequestValidationError) else []
    # The offending input is left out: it may be another party's data, and it need not be JSON.
    return respond(invalid([{"at": ".".join(str(part) for part in each["loc"]), "message": why_invalid(each)} for each in errors]))


async def _on_http(_request: Request, failure: Exception) -> JSONResponse:
    status, said, headers = 500, "", {}
    if isinstance(failure, HTTPException):
        status, said, headers = failure.status_code, failure.detail, dict(failure.headers or {})
    code, title = OF_HTTP.get(status, ("HttpError", said))
    return respond(body(status, code, title, {}), headers)
