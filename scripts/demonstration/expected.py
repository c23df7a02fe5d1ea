"""
What must come out of every step, exactly. Pure data: money in decimal strings of fen, as the gateways answer it.

`play` computes what was got; a step passes if the two are equal.
"""

from collections.abc import Mapping
from typing import Any

EXPECTED: Mapping[str, Mapping[str, Any]] = {
    "SETUP": {
        "programmes": {"330522": 201, "320583": 201, "110000": 201},
        "policy_hashes_differ": True,
        "directory": {"labs": 3, "firms": 3, "recognitions": 5},
        "pools": {"330522": "10000000", "110000": "50000000"},
    },
    # 2013-12-19, film composition test, 8,000 yuan, five notes of 1,000: 4,800 of subsidy, 3,200 from the firm, 200 lapse.
    "AT-01": {
        "dry_run": {"rows": 5, "bad": [[4, "CodeRefused"], [5, "SerialRepeated"], [6, "FirmNotEnrolled"]], "issued": 0},
        "issue": {"status": 201, "vouchers": 3},
        "verify": {"status": "VALID", "reasons": [], "available": "1000000"},
        "quote": {"subsidy": "480000", "amount": "500000", "lapses": "20000", "firm_pays": "320000"},
        "reserve": "OPEN",
        "redeem": "REDEEMED",
        "endorse": "ENDORSED",
        "accept": "ACCEPTED",
        "settle": "SETTLED",
        "balance": {"available": "500000", "reserved": "0", "redeemed": "480000", "lapsed": "20000"},
        "dead_notes": {"330522": [[1, 5]], "320583": [[1, 5]], "310000": [[1, 5]], "110000": [[1, 5]]},
        "dead_notes_refused": {"code": "OverAvailable", "available": "500000", "amount": "600000"},
    },
    "AT-12": {
        "three_at_once": {"won": 1, "refused": 2},
        "refusals": [
            {"code": "OverAvailable", "available": "0", "region_is_the_winners": True, "since_is_the_winners": True, "names_a_lab": False}
        ]
        * 2,
        "held_once": {"available": "0", "reserved": "1000000", "orders": 1},
    },
    "INVOICE": {
        "reserve": "REQUESTED",
        "approve": "OPEN",
        "second_claim": {"code": "InvoiceExceeded", "amount": "800000", "claimed": "800000", "cost": "800000"},
        "nothing_changed": True,
    },
    "AT-18": {
        "right_project": {"enterprise": True, "serial": True, "project": "TRUE"},
        "wrong_project": {"enterprise": True, "serial": True, "project": "FALSE"},
        "unused_voucher": {"enterprise": True, "serial": True, "project": "NOT_REGISTERED"},
        "wrong_serial": {"enterprise": True, "serial": False, "project": "NOT_REGISTERED"},
    },
    "AT-05": {
        "pool_one_fen_short": {"funded": "29999999", "committed": "0", "paid": "0"},
        "refused_before_service": {"code": "PoolShort", "free": "29999999", "amount": "30000000"},
        "nothing_changed": True,
        "pool_enough": {"funded": "30000000", "committed": "0", "paid": "0"},
        "reserve": "OPEN",
        "redeem": "REDEEMED",
        "accept": "ACCEPTED",
        "settle": "SETTLED",
        "pool_after": {"funded": "30000000", "committed": "30000000", "paid": "30000000"},
    },
    "AUDIT": {
        "replay": {"differences": 0, "breaches": 0},
        "counts": {"vouchers": 5, "orders": 4},
        "fen": {"issued": "83000000", "redeemed": "30480000", "settled": "30480000"},
        "gateway_trail_is_the_same": True,
    },
}
