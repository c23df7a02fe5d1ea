"""
What must come out of every step, exactly. Pure data: money in decimal strings of fen, as the gateways answer it.

`play` computes what was got; a step passes if the two are equal.
"""

from collections.abc import Mapping
from typing import Any

EXPECTED: Mapping[str, dict[str, Any]] = {
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
        "firm_verifies": {"status": "VALID", "reasons": [], "available": "1000000"},
        "reserve": "OPEN",
        "redeem": "REDEEMED",
        "endorse": "ENDORSED",
        "accept": "ACCEPTED",
        "settle": "SETTLED",
        "firm_sees": {
            "cost": "800000",
            "subsidy": "480000",
            "paid_to": "LAB",
            "history": ["Reserved", "Claimed", "Redeemed", "Endorsed", "Accepted", "Settled"],
        },
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

_RULE = {"itemised": False, "min_partners": 0}

_MORE: dict[str, dict[str, Any]] = {
    "MORE": {
        "programmes": {"120000": 201, "130000": 201, "itemised-sample": 201, "joint-sample": 201},
        "rules": {
            "120000": {"paid_home": "FIRM", "paid_across": "FIRM", "approval": "CROSS_REGION", "first_review": "HOME"} | _RULE,
            "130000": {"paid_home": "LAB", "paid_across": "FIRM", "approval": "CROSS_REGION", "first_review": "NONE"} | _RULE,
            "itemised-sample": {"paid_home": "LAB", "paid_across": "LAB", "approval": "NEVER", "first_review": "HOST"}
            | _RULE
            | {"itemised": True},
            "joint-sample": {"paid_home": "LAB", "paid_across": "FIRM", "approval": "ALWAYS", "first_review": "NONE"}
            | _RULE
            | {"min_partners": 3},
        },
        "directory": {"labs": 4, "firms": 5, "recognitions": 1},
        "pools": {"120000": "20000000", "130000": "3000000", "itemised-sample": "5000000", "joint-sample": "15000000"},
    },
    # 10,000 yuan to each of 233 firms: 2,330 notes of 1,000, 2,330,000 yuan.
    "AT-02": {
        "enrolled": 233,
        "stated": 233,
        "dry_run": {"rows": 233, "bad": []},
        "issue": {"status": 201, "vouchers": 233, "repeated": False},
        "notes": {"notes": 2330, "fen": "233000000"},
        "again": {"status": 201, "repeated": True, "same": True, "events": 0},
    },
    "AT-03": {
        "top_ups": {"status": 201, "vouchers": 9},
        "total": {"vouchers": 10, "fen": "10000000"},
        "next_note": {"code": "BadRows", "against": [[2, "cap"]]},
    },
    "AT-04": {
        "issue": 201,
        "last_second": {"seconds_late": 0, "status": "VALID", "reasons": []},
        "next_second": {"seconds_late": 1, "status": "NOT_VALID", "reasons": ["PastUseBy"]},
        "reserve": {"code": "PastUseBy", "useBy": 0},
        "balance": {"available": "1000000", "reserved": "0", "redeemed": "0", "lapsed": "0"},
        "nothing_changed": True,
    },
    "AT-06": {
        "issue": 201,
        "quotes": {"800000": "400000", "20000000": "10000000", "26000000": "10000000"},
        "reserve": {"stage": "OPEN", "paid_to": ["FIRM"] * 3},
        "without_the_firm": [{"code": "NotSignedBy", "missing": "firm"}] * 4,
        "redeem": "REDEEMED",
        "finish": ["ENDORSED", "ACCEPTED", "SETTLED"],
        "capped": ["REDEEMED", "ENDORSED", "ACCEPTED", "SETTLED"],
        "paid": ["400000", "10000000"],
    },
    "AT-08": {
        "issue": 201,
        "home_reserve": {"stages": ["OPEN"], "paid_to": ["LAB"] * 3},
        "home_without_the_paid": [{"code": "NotSignedBy", "missing": "lab"}] * 4,
        "home_finish": ["REDEEMED", "ACCEPTED", "SETTLED"],
        "away_reserve": {"stages": ["REQUESTED", "OPEN"], "paid_to": ["FIRM"] * 3},
        "away_without_the_paid": [{"code": "NotSignedBy", "missing": "firm"}] * 4,
        "away_finish": ["REDEEMED", "ACCEPTED", "SETTLED"],
    },
    "AT-11": {
        "reserve": "REQUESTED",
        "before_approval": {"code": "WrongStage", "stage": "REQUESTED"},
        "approve": "OPEN",
        "redeem": {"stage": "REDEEMED", "paid_to": ["FIRM"] * 3},
        "accept": "ACCEPTED",
        "beijing_settles": {"code": "NotPayer", "region": 130000},
        "hebei_settles": "SETTLED",
        "money": {"hebei_paid": "500000", "beijing_unchanged": True},
    },
    # More than half of 30,000 yuan: exactly 15,000 is not enough, 15,000.01 is; never over 100,000 in all.
    "AT-07": {
        "half": {"stage": "REDEEMED", "used": "1500000", "against": [[2, "next_grant"]]},
        "one_fen_more": {"stage": "REDEEMED", "used": "1500001", "against": []},
        "to_100_000": [],
        "over_100_000": [[2, "cap"]],
        "second_grant": 201,
    },
    "AT-09": {
        "at_the_edge": {"verdict": "HOLDS", "against": []},
        "staff": {"verdict": "FAILS", "against": ["most_staff"]},
        "capital": {"verdict": "FAILS", "against": ["most_capital"]},
        "revenue": {"verdict": "FAILS", "against": ["revenue_under"]},
        "team": {"verdict": "HOLDS", "against": []},
    },
    # 90 % up to 300,000 yuan, 70 % up to 500,000, 30 % up to 800,000: 500,000 yuan in all.
    "AT-10": {
        "issue": 201,
        "quotes": {
            "1": "0",
            "29999900": "26999910",
            "30000000": "27000000",
            "30000001": "27000000",
            "30000100": "27000070",
            "49999900": "40999930",
            "50000000": "41000000",
            "50000001": "41000000",
            "50000100": "41000030",
            "79999900": "49999970",
            "80000000": "50000000",
            "80000001": "50000000",
            "80000100": "50000000",
            "900000000": "50000000",
        },
        "a_yuan_more": [[90, 70], [70, 30], [30, 0]],
        "no_jump": [0, 0, 0],
        "one_fen_over_the_cap": [[2, "cap"]],
    },
    "AT-13": {
        "local": {"status": "VALID", "reasons": [], "order": "OPEN"},
        "across": {"status": "NOT_VALID", "reasons": ["NotRecognised"], "order": "NotRecognised", "region": 130000, "names": ["lab"]},
    },
    "AT-14": {
        "listed": {"items": 2, "recognised": 201},
        "issue": 201,
        "no_item": {"status": "NOT_VALID", "reasons": ["ItemRequired"], "order": "ItemRequired", "region": None, "names": ["lab"]},
        "not_eligible": {
            "status": "NOT_VALID",
            "reasons": ["NotRecognised"],
            "order": "NotRecognised",
            "region": 330522,
            "names": ["item"],
        },
        "eligible": "OPEN",
        "finish": ["REDEEMED", "ENDORSED", "ACCEPTED", "SETTLED"],
    },
    "AT-15": {
        "without": {"status": "NOT_VALID", "reasons": ["NotRecognised"], "order": "NotRecognised", "region": 330522, "names": ["lab"]},
        "with": "VALID",
    },
    "AT-20": {
        "enrol": 201,
        "without_review": [[2, "after_review"]],
        "issue": 201,
        "quote": {"subsidy": "480000", "amount": "500000", "lapses": "20000", "firm_pays": "320000"},
        "same_terms": True,
    },
    "AT-21": {
        "issue": 201,
        "two_order": [["REQUESTED", "OPEN"]] * 2,
        "two_redeem": [{"code": "TooFewPartners", "partners": 2, "minPartners": 3}] * 2,
        "third_orders": ["REQUESTED", "OPEN"],
        "three_redeem": ["REDEEMED"] * 3,
        "finish": [["ACCEPTED", "SETTLED"]] * 3,
    },
    # 60 % of 8,000.01 yuan: whole fen, never rounded up.
    "AT-22": {
        "quote": {"subsidy": "480000", "amount": "500000", "lapses": "20000", "firm_pays": "320001"},
        "reserve": "OPEN",
        "one_fen_more": {"code": "OverRule", "most": "480000", "subsidy": "480001"},
        "redeem": "REDEEMED",
        "finish": ["ENDORSED", "ACCEPTED", "SETTLED"],
    },
}

# Beside the plain run's. Vouchers: 233 of AT-02, 9 of AT-03, 1 of AT-04, 2 of AT-06, 1 each of AT-08, 07, 10, 13, 14, 20, 3 of AT-21.
# Issued: 2,330,000 + 90,000 + 10,000 + 200,000 + 30,000 + 30,000 + 500,000 + 500,000 + 50,000 + 10,000 + 150,000 yuan.
# Orders: 2 each of AT-06, 08 and 07, 1 each of AT-11, 13, 14, 22, 3 of AT-21; all are settled but AT-13's and AT-07's.
# Redeemed and not settled: 2,000.01 yuan of AT-07.
# Settled: 104,000 + 8,000 + 5,000 + 5,000 + 150,000 + 4,800 yuan of AT-06, 08, 11, 14, 21, 22.
_AUDIT_OF_ALL = EXPECTED["AUDIT"] | {
    "counts": {"vouchers": 5 + 254, "orders": 4 + 13},
    "fen": {"issued": "473000000", "redeemed": "58360001", "settled": "58160000"},
}

ALL: Mapping[str, Mapping[str, Any]] = (
    {name: steps for name, steps in EXPECTED.items() if name != "AUDIT"} | _MORE | {"AUDIT": _AUDIT_OF_ALL}
)
"""Of `--all`: the plain run's but its audit, then the other cases', then the audit of both."""

# Vouchers: 471 of AT-16; 161 beforehand, 161 and 92 of AT-17. Issued: 47,100,000 + 1,610,000 + 14,490,000 + 4,600,000 yuan.
# Settled: half of 45,875,100 yuan of AT-16, and 17,617,600 of AT-17.
RECORDS: Mapping[str, Mapping[str, Any]] = {
    "SETUP": EXPECTED["SETUP"],
    "MORE": _MORE["MORE"],
    "AT-16": {
        "enrolled": 471,
        "approved": {"OPEN": 471},
        "redeemed": {"REDEEMED": 471},
        "accepted": {"ACCEPTED": 471},
        "beijing_settles": ["NotPayer"],
        "settled": {"SETTLED": 471},
        "contracted_and_transacted": {"contracted": "6628100000", "transacted": "4587510000"},
        "report": {"uses": "471", "ordered": "3314050000", "offset": "2293755000", "returned": "1020295000"},
        "paid_to": ["FIRM"],
    },
    "AT-17": {
        "enrolled": 161,
        "this_year": {"SETTLED": 322},
        "next_year": {"SETTLED": 92},
        "report": {part: {"firms": 161, "uses": 414, "offset": "1761760000", "face": "1782400000"} for part in ("redeemed", "settled")},
        "same_bytes": True,
    },
    "AT-19": {
        "records": {"rows": 91, "breaks": 1},
        "breaks": [["NotPaid", True]],
        "compared": [[True, ["Settled"], 0]],
        "another_hash": {"code": "StatementDiffers", "state": "UNNAMED"},
        "home_names": {"closed": False, "state": "NAMED"},
        "complete": {"rows": 92, "breaks": 0},
        "host_names": {"closed": True, "state": "CLOSED"},
        "both_agree": [["CLOSED", True, True]] * 2,
    },
    "AUDIT": EXPECTED["AUDIT"]
    | {
        "counts": {"vouchers": 471 + 161 + 161 + 92, "orders": 471 + 414},
        "fen": {"issued": "6780000000", "redeemed": "4055515000", "settled": "4055515000"},
    },
}
"""Of `--records`."""
