"""Which key schemathesis calls an operation with, one of a party that its description names; and ids, codes and vouchers that exist."""

import json
import os
import re

import schemathesis

from tests.gateway.fuzz_parties import parties_of

KEYS = json.loads(os.environ["TONGQUAN_FUZZ_KEYS"])
IDS = json.loads(os.environ["TONGQUAN_FUZZ_IDS"])
PREFERRED = os.environ.get("TONGQUAN_FUZZ_AS")
KNOWN = json.loads(os.environ["TONGQUAN_FUZZ_KNOWN"])
VOUCHER = {"region", "firm", "serial"}
LONGEST_TEXT = 200
_ID = re.compile("0x[0-9a-fA-F]{64}")
_SEEN = re.compile("[!-~]")


@schemathesis.auth(refresh_interval=None)
class Keys:
    """The first party of those that an operation is for, or the one that was asked for where it may call it."""

    def get(self, _case, context):
        parties = parties_of(context.operation.definition.raw)
        parties = [each for each in parties if each == PREFERRED] or parties
        return next(KEYS[party] for party in parties if party in KEYS)

    def set(self, case, key, _context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {key}"


@schemathesis.hook
def map_path_parameters(_context, path_parameters):
    """An id of the right form becomes one that exists, so that what lies behind it is reached; whatever is malformed stays so."""
    for name, value in (path_parameters or {}).items():
        if name in IDS and isinstance(value, str) and _ID.fullmatch(value):
            path_parameters[name] = IDS[name]
    return path_parameters


@schemathesis.hook
def map_body(_context, body):
    """Codes and serials of even length, with a character that anybody can see, become ones that exist; a voucher's region follows."""
    return _known(body)


def _known(told):
    if isinstance(told, list):
        return [_known(each) for each in told]
    if not isinstance(told, dict):
        return told
    found = {name: KNOWN[name] if name in KNOWN and _is_chosen(value) else _known(value) for name, value in told.items()}
    if found.keys() == VOUCHER and all(found[name] == KNOWN[name] for name in ("firm", "serial")) and isinstance(found["region"], int):
        found["region"] = KNOWN["region"]
    return found


def _is_chosen(value):
    return isinstance(value, str) and bool(_SEEN.search(value)) and len(value) <= LONGEST_TEXT and len(value) % 2 == 0
