"""Writes that were answered 202, and what became of them."""

from http import HTTPStatus
from typing import Literal

from gateway.answers import intent_id
from gateway.callers import Caller
from gateway.errors import Problem
from gateway.office import Office
from gateway.schemas import Operation


def operation(office: Office, caller: Caller, operation_id: str) -> Operation:
    """What became of a write of this caller's."""
    found = office.answers.operation(caller.name, operation_id)
    if found is None:
        raise Problem(404, "NotFound", "未找到，或无权查看。 Not found, or not yours to see.", what="operation", id=operation_id)
    goes_on = office.operations.is_pending(caller.name, found.key) or office.answers.is_running(caller.name, found.key)
    if found.answer is None and not goes_on:
        # It may have ended between the two questions.
        found = office.answers.operation(caller.name, operation_id) or found
    transaction = office.sent_before(intent_id(caller.name, found.key))
    if found.answer is None:
        state: Literal["pending", "interrupted"] = "pending" if goes_on else "interrupted"
        return Operation(operation_id=operation_id, state=state, transaction=transaction, status=None, answer=None)
    succeeded = found.answer.status < HTTPStatus.BAD_REQUEST
    return Operation(
        operation_id=operation_id,
        state="succeeded" if succeeded else "refused",
        transaction=transaction,
        status=found.answer.status,
        answer=dict(found.answer.body),
    )
