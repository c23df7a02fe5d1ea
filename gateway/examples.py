"""
The examples of the interface's description: one voucher's story, of a Changxing firm at a Shanghai lab, and what offices do beside it.

Ids, tags and signatures are made up here; `tests/gateway/test_examples.py` puts real ones in their place, plays every request at a
running gateway, and holds every answer against the one that stands here. Firms, labs and numbers are samples (样例).
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from registry import Order, Redemption, Release


def sample_id(name: str) -> str:
    """Thirty-two bytes that stand for something."""
    return "0x" + sha256(f"tongquan example {name}".encode()).hexdigest()


def _signature(name: str) -> str:
    return sample_id(name) + sample_id(name + " again")[2:]


PROGRAMME, VOUCHER, ORDER, LAB, ITEM, FIRM = (sample_id(each) for each in ("programme", "voucher", "order", "lab", "item", "firm"))
OTHER_VOUCHER, OTHER_ORDER, REDEMPTION, RELEASE, NEW_FIRM, NEW_LAB = (
    sample_id(each) for each in ("other voucher", "other order", "redemption", "release", "new firm", "new lab")
)
TRANSACTION, STATEMENT, REASON, SALT, TERMS = (sample_id(each) for each in ("transaction", "statement", "reason", "salt", "terms"))
FIRM_SIGNATURE, LAB_SIGNATURE = _signature("firm"), _signature("lab")
SIGNER, NEW_SIGNER, DIRECTORY, REGISTRY = (sample_id(each)[:42] for each in ("signer", "new signer", "directory", "registry"))
CHANGXING, SHANGHAI = 330522, 310000
FIRM_CODE, HOST_UNIT, NEW_FIRM_CODE = "91330522MA0DEM011N", "91310000MA0DEM001P", "91330522MA0DEM012R"
SERIAL = "CX-2013-0001"
FROM, USE_BY, NOW = 1_893_427_200, 1_924_963_199, 1_900_000_000
CHANGED_ON = 1_767_196_800

BLOCK = {"number": 4_182, "time": NOW, "age_seconds": 1}
LOG_HEAD = {"number": 118, "hash": sample_id("row 118")}
WRITTEN = {"transaction": TRANSACTION, "block": 4_182}
VOUCHER_NAMED = {"region": CHANGXING, "firm": FIRM_CODE, "serial": SERIAL}


def _event(name: str, contract: str, **values: Any) -> dict[str, Any]:
    return {
        "position": "000000001056000002",
        "block": 4_182,
        "time": NOW,
        "transaction": TRANSACTION,
        "contract": contract,
        "name": name,
        "values": values,
    }


# Before the service

VERIFY = {"voucher": VOUCHER_NAMED, "amount": "500000"}
VOUCHER_SEEN = {
    "voucher_id": VOUCHER,
    "programme_id": PROGRAMME,
    "programme": "CX-KJQ-2013",
    "region": CHANGXING,
    "face": "1000000",
    "denomination": "100000",
    "use_by": USE_BY,
    "claim_by": USE_BY,
    "available": "1000000",
    "reserved": "0",
    "redeemed": "0",
    "lapsed": "0",
    "used_notes": [],
    "held": [],
}
VERIFIED = {"query_number": "310000-118-7", "status": "VALID", "reasons": [], "voucher": VOUCHER_SEEN, "block": BLOCK}
VERIFIED_OF_MANY = VERIFIED | {"refused": None}
QUOTE = {"voucher": VOUCHER_NAMED, "cost": "800000", "agreement": {"seller": HOST_UNIT, "number": "SH-2013-1219"}}
QUOTED = {
    "voucher_id": VOUCHER,
    "subsidy": "480000",
    "amount": "500000",
    "lapses": "20000",
    "firm_pays": "320000",
    "reasons": [],
    "block": BLOCK,
}
FACTS_ASKED = {"voucher": VOUCHER_NAMED, "project": "薄膜成分检测 2013-12"}
FACTS = {"status": "ANSWERED", "enterprise": True, "serial": True, "project": "NOT_REGISTERED", "block": BLOCK}

# What parties sign

_DOMAIN = {"name": "Tongquan", "version": "1", "chainId": 330522, "verifyingContract": REGISTRY}
_DOMAIN_TYPE = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]


def _document(kind: type[Order | Redemption | Release], **message: str | int) -> dict[str, Any]:
    fields = [(name, each.metadata["type"]) for name, each in kind.__dataclass_fields__.items()]
    names = {name: name.split("_")[0] + "".join(part.title() for part in name.split("_")[1:]) for name, _ in fields}
    typed = [{"name": names[name], "type": solidity} for name, solidity in fields]
    told = {names[name]: message[name] for name, _ in fields}
    types = {"EIP712Domain": _DOMAIN_TYPE, kind.__name__: typed}
    return {"types": types, "primaryType": kind.__name__, "domain": _DOMAIN, "message": told}


ORDER_FACTS = {"voucher": VOUCHER_NAMED, "project": "薄膜成分检测 2013-12", "amount": "500000"}
ORDER_DOCUMENT = _document(
    Order,
    voucher=VOUCHER,
    lab=LAB,
    item="0x" + "00" * 32,
    project=sample_id("project"),
    amount="500000",
    valid_until=str(NOW + 86_400),
    nonce="7160893027483912004",
)
ORDER_TO_SIGN = {"id": ORDER, "typed_data": ORDER_DOCUMENT, "salt": None, "block": BLOCK}
ORDER_PREPARED: dict[str, Any] = ORDER_TO_SIGN | {"reasons": []}
ORDER_SIGNED = {"typed_data": ORDER_DOCUMENT, "firm_signature": FIRM_SIGNATURE, "lab_signature": LAB_SIGNATURE}
REDEMPTION_FACTS = {
    "order": ORDER,
    "cost": "800000",
    "agreement": {"seller": HOST_UNIT, "number": "SH-2013-1219"},
    "invoice": {"number": "00131219", "code": "3100131320"},
    "invoice_amount": "800000",
    "report_sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
}
REDEMPTION_DOCUMENT = _document(
    Redemption,
    order=ORDER,
    attempt=0,
    cost="800000",
    subsidy="480000",
    agreement=sample_id("agreement"),
    invoice=sample_id("invoice"),
    invoice_amount="800000",
    result=sample_id("result"),
    valid_until=str(NOW + 86_400),
)
REDEMPTION_TO_SIGN = {"id": REDEMPTION, "typed_data": REDEMPTION_DOCUMENT, "salt": SALT, "block": BLOCK}
REDEMPTION_PREPARED: dict[str, Any] = REDEMPTION_TO_SIGN | {"reasons": []}
REDEMPTION_SIGNED = {"typed_data": REDEMPTION_DOCUMENT, "firm_signature": FIRM_SIGNATURE, "lab_signature": LAB_SIGNATURE}
STAND_IN = {"typed_data": REDEMPTION_DOCUMENT, "signature": LAB_SIGNATURE, "reason": "企业已注销。"}
RELEASE_FACTS = {"order": ORDER}
RELEASE_DOCUMENT = _document(Release, order=ORDER, attempt=0, valid_until=str(NOW + 86_400))
RELEASE_PREPARED = {"id": RELEASE, "typed_data": RELEASE_DOCUMENT, "salt": None, "block": BLOCK}
RELEASE_SIGNED = {"typed_data": RELEASE_DOCUMENT, "lab_signature": LAB_SIGNATURE}
DOCUMENTS = {"documents": [ORDER_SIGNED, RELEASE_SIGNED]}
SUBMITTED = {
    "outcomes": [
        {"index": 0, "order_id": ORDER, "stage": "OPEN", "refused": None},
        {"index": 1, "order_id": OTHER_ORDER, "stage": "RELEASED", "refused": None},
    ],
    **WRITTEN,
}

# An order

ORDER_BRIEF = {
    "order_id": ORDER,
    "voucher_id": VOUCHER,
    "programme": "CX-KJQ-2013",
    "issuing_region": CHANGXING,
    "firm": FIRM,
    "lab": LAB,
    "lab_region": SHANGHAI,
    "item": None,
    "stage": "OPEN",
    "attempt": 0,
    "amount": "500000",
    "deadline": NOW + 90 * 86_400,
    "subsidy": None,
    "cost": None,
    "paid_to": "LAB",
    "warnings": [],
}
_RESERVED = _event(
    "Reserved",
    "VoucherRegistry",
    order=ORDER,
    record={
        "voucher": VOUCHER,
        "lab": LAB,
        "item": "0x" + "00" * 32,
        "project": sample_id("project"),
        "amount": "500000",
        "valid_until": NOW + 86_400,
        "nonce": "7160893027483912004",
    },
    stage="OPEN",
    deadline=NOW + 90 * 86_400,
)
ORDER_SEEN = ORDER_BRIEF | {"history": [_RESERVED], "bodies": [], "block": BLOCK}
LEAVING_ORDER = ORDER_BRIEF | {"standing": "EXITED", "flagged_until": None, "use_by": USE_BY, "not_movable": None}
MOVE_FACTS = {"lab": NEW_LAB}
_NEW_ORDER = ORDER_DOCUMENT | {"message": ORDER_DOCUMENT["message"] | {"lab": NEW_LAB}}
MOVE_PREPARED = {
    "release": RELEASE_PREPARED,
    "order": {"id": OTHER_ORDER, "typed_data": _NEW_ORDER, "salt": None, "block": BLOCK},
    "block": BLOCK,
}
MOVE_SIGNED = {"release": RELEASE_SIGNED, "order": ORDER_SIGNED | {"typed_data": _NEW_ORDER}}
MOVED = {
    "outcomes": [
        {"index": 0, "order_id": ORDER, "stage": "RELEASED", "refused": None},
        {"index": 1, "order_id": OTHER_ORDER, "stage": "OPEN", "refused": None},
    ],
    **WRITTEN,
}
ORDERS = {"orders": [ORDER]}
PAGE_END = {"next": None, "block": BLOCK}
_ENDORSED = {"stage": "ENDORSED", "subsidy": "480000", "cost": "800000"}
_WAITING = {"waits_for": "REVIEW", "since": NOW, "waited_seconds": 30, "late_after": NOW + 15 * 86_400, "late": False}
_ENDORSER = {"what": "ENDORSED", "account": SIGNER, "body": None}
WAITING_PAGE = {
    "account": SIGNER,
    "body": None,
    "orders": [ORDER_BRIEF | _ENDORSED | _WAITING | {"reviewed_by": [_ENDORSER], "sent_back": False}],
    **PAGE_END,
}


def order_written(stage: str) -> dict[str, Any]:
    """What became of the order."""
    return {**WRITTEN, "order_id": ORDER, "stage": stage}


def reviewed(stage: str) -> dict[str, Any]:
    """What became of the orders of a review."""
    return {**WRITTEN, "orders": [order_written(stage)]}


SETTLEMENT = ORDERS | {"payment_reference": "CX-PAY-2013-001"}
EXTENSION = {"until": NOW + 120 * 86_400}
REVERSAL = {"recover": "480000", "reason": "检测报告与实际服务不符。"}

# Months

_PAIR = {"home": CHANGXING, "host": SHANGHAI, "month": 203_012}
MONTH = {**_PAIR, "statement": STATEMENT}
MONTH_WRITTEN = {**WRITTEN, "closed": False, "state": "NAMED", "home_statement": STATEMENT, "host_statement": None}
MONTH_SEEN = {
    "home": CHANGXING,
    "host": SHANGHAI,
    "month": 203_012,
    "home_statement": STATEMENT,
    "host_statement": None,
    "closed": False,
}
_SETTLED = {
    "position": "000000001056000002",
    "time": 1_923_000_000,
    "transaction": TRANSACTION,
    "event": "Settled",
    "order_id": ORDER,
    "voucher_id": VOUCHER,
    "programme_id": PROGRAMME,
    "programme": "CX-KJQ-2013",
    "firm": FIRM,
    "lab": LAB,
    "paid_to": "LAB",
    "payer": CHANGXING,
    "netted": False,
    "amount": "480000",
    "stage": "SETTLED",
    "payment": sample_id("payment"),
}
_PAID = {"settled": "480000", "reversed": "0", "refunded": "0", "paid": "480000", "owed": "0"}
STATEMENT_SEEN = {
    "format": "tongquan month statement 1",
    "chain_id": 330522,
    "registry": REGISTRY,
    **_PAIR,
    "from": 1_922_284_800,
    "until": 1_924_963_199,
    "lines": [_SETTLED],
    "events": [{"event": "Settled", "count": 1, "total": "480000"}],
    "stages": [{"stage": "SETTLED", "count": 1, "total": "480000"}],
    "payers": [{"payer": CHANGXING, **_PAID}],
}
_NETTING = {"first": SHANGHAI, "second": CHANGXING, "first_owes": "0", "second_owes": "0", "debtor": None, "creditor": None, "net": "0"}
MONTH_ACCOUNT = {
    **_PAIR,
    "state": "NAMED",
    "over": True,
    "hash": STATEMENT,
    "home_statement": STATEMENT,
    "host_statement": None,
    "home_agrees": True,
    "host_agrees": None,
    "netting": _NETTING,
    "statement": STATEMENT_SEEN,
    "block": BLOCK,
}
_RECORDS = "订单编号,收款方代码,金额（元）,类型,付款流水号,日期\r\n"
RECORDS_FORM = {
    "home": str(CHANGXING),
    "host": str(SHANGHAI),
    "month": "203012",
    "list": f"{_RECORDS}{ORDER},{HOST_UNIT},4700.00,拨付,CX-PAY-2013-001,2030-12-09\r\n",
}
SHA_256 = "5a" * 32
RECORDS_TAKEN = {"sha256": SHA_256, "rows": 1, "breaks": 1}
_BREAK = {
    "break_id": sample_id("break"),
    "order_id": ORDER,
    "reason": "NotPaid",
    "opened": 203_012,
    "carried": False,
    "resolved": None,
    "due": "480000",
    "paid": "0",
    "references": [],
    "explanation": None,
}
BREAKS = {"breaks": [_BREAK], "records": [{"month": 203_012, "sha256": SHA_256, "rows": 0, "at": NOW, "by": "payer"}], "block": BLOCK}
EXPLANATION = {**_PAIR, "break_id": sample_id("break"), "text": "银行 12 月 31 日退票，已于 1 月 4 日重新支付。"}
BREAK_EXPLAINED = _BREAK | {
    "resolved": 203_012,
    "explanation": {"month": 203_012, "text": EXPLANATION["text"], "at": NOW, "by": "payer"},
}
SUB_DISTRICTS_FORM = {"list": f"企业代码,乡镇街道园区\r\n{FIRM_CODE},雉城街道\r\n"}
CATALOGUE_TAKEN = {"sha256": SHA_256, "rows": 1}
SUB_DISTRICTS = {
    "sub_districts": [{"sub_district": "雉城街道", "orders": 1, "events": [{"event": "Settled", "count": 1, "total": "480000"}]}],
    "catalogue_sha256": SHA_256,
    "catalogue_at": NOW,
    "block": BLOCK,
}

# Reports

_PERIOD = {"chain_id": 330522, "registry": REGISTRY, "since": 0, "until": NOW}


def _reported(report: dict[str, Any]) -> dict[str, Any]:
    return {"hash": sample_id("report"), "final": False, "report": report, "block": BLOCK}


def _parameters(**defaults: int) -> list[dict[str, Any]]:
    return [{"name": name, "value": default, "default": default} for name, default in defaults.items()]


def _heading(words: str, **defaults: int) -> dict[str, Any]:
    shown = "; ".join(f"{name} = {default} (默认 default {default})" for name, default in defaults.items())
    return {"heading": f"{words}: {shown}", "parameters": _parameters(**defaults)}


_USE = {"uses": 1, "firms": 1, "labs": 1, "ordered": "500000", "cost": "800000", "offset": "480000", "face": "500000", "returned": "0"}
_ISSUED = {"vouchers": 1, "firms": 1, "face": "1000000"}
_ORDERED = {"orders": 1, "firms": 1, "amount": "500000"}
_OF_STAGE = {"stage": "SETTLED", "orders": 1, "ordered": "500000", "cost": "800000", "offset": "480000", "face": "500000"}
PROGRAMME_REPORT = _reported(
    {
        "format": "tongquan programme report 1",
        **_PERIOD,
        "region": CHANGXING,
        "programme_id": PROGRAMME,
        "programme": "CX-KJQ-2013",
        "issued": _ISSUED,
        "ordered": _ORDERED,
        "redeemed": _USE,
        "settled": _USE,
        "recovered": "0",
        "stages": [_OF_STAGE],
        "months": [{"month": 203_012, "issued": _ISSUED, "ordered": _ORDERED, "redeemed": _USE, "settled": _USE}],
    }
)
AGEING_REPORT = _reported(
    {
        "format": "tongquan ageing report 1",
        **_PERIOD,
        "region": CHANGXING,
        **_heading(
            "各环节时效 How long each step takes, in days",
            approval_days=10,
            service_days=90,
            first_review_days=15,
            review_days=15,
            payment_days=30,
            refund_days=30,
        ),
        "waits": [
            {
                "wait": "PAYMENT",
                "region": CHANGXING,
                "ended": 1,
                "ended_late": 0,
                "median": 86_400,
                "ninth_tenth": 86_400,
                "longest": 86_400,
                "standing": 1,
                "standing_longest": 86_400,
                "late": [],
            }
        ],
    }
)
_TO_BE_PAID = {
    "order_id": ORDER,
    "programme": "CX-KJQ-2013",
    "home": CHANGXING,
    "paid_to": "LAB",
    "payee": LAB,
    "lab_code": "SH-0052",
    "amount": "480000",
    "accepted": NOW,
}
BANK_FILE = _reported(
    {
        "format": "tongquan bank file report 1",
        **_PERIOD,
        "payer": CHANGXING,
        "count": 1,
        "total": "480000",
        "orders": [_TO_BE_PAID],
        "left_out_total": "0",
        "left_out": [],
    }
)
_SHARE = {"uses": 1, "offset": "480000", "share_bps": 10_000, "marked": True}
CONCENTRATION_REPORT = _reported(
    {
        "format": "tongquan concentration report 1",
        **_PERIOD,
        "region": CHANGXING,
        "uses": 1,
        "offset": "480000",
        "labs": {
            **_heading("服务机构占比 Labs by share of the offset", share_percent=10, listed=20),
            "subjects": 1,
            "largest": [{"subject": LAB, **_SHARE}],
        },
        "firms": {
            **_heading("企业占比 Firms by share of the offset", share_percent=10, listed=20),
            "subjects": 1,
            "largest": [{"subject": FIRM, **_SHARE}],
        },
        "caps": {**_heading("恰在上限 Offsets just at a cap", within_percent=1), "at_cap": []},
        "bursts": {
            **_heading("到期前集中下单 Bursts of orders before vouchers end", days=30, burst_percent=50, least_orders=5),
            "labs": [],
        },
    }
)
PRICE_REPORT = _reported(
    {
        "format": "tongquan price report 1",
        **_PERIOD,
        "region": CHANGXING,
        "catalogue_sha256": SHA_256,
        **_heading("价格异常 Costs outside their type's range", spread_percent=150, least_uses=5),
        "service_types": [
            {
                "service_type": "成分检测",
                "uses": 12,
                "judged": True,
                "lower_quartile": "800000",
                "median_cost": "800000",
                "upper_quartile": "800000",
                "lowest": "800000",
                "highest": "800000",
                "outliers": [],
            }
        ],
    }
)
_LAB_YEAR = {
    "format": "tongquan lab year report 1",
    **_PERIOD,
    "lab": LAB,
    "lab_region": SHANGHAI,
    "lab_code": "SH-0052",
    "year": 2030,
    "regions": [
        {"home": CHANGXING, "across": True, "orders": 1, "uses": _USE, "settled": {"uses": 1, "offset": "480000"}, "refunded": "0"}
    ],
    "across": _USE,
    "total": _USE,
}
LAB_YEAR = _reported(_LAB_YEAR)
_LINE = {"programme": PROGRAMME, "year": 2030, "line": "2060404"}
LINE = _LINE | {"amount": "900000000000000", "cut_off": "2030-12-25"}
LINE_SEEN = LINE | {
    "closed": False,
    "used": "0",
    "paid": "0",
    "left": "900000000000000",
    "carried_over_total": None,
    "carried_over": None,
}
LINES = {"lines": [LINE_SEEN], "block": BLOCK}
ACCOUNT = {
    "payee": HOST_UNIT,
    "bank_name": "样例银行上海分行",
    "account_name": "样例检测中心",
    "account_number": "6222000000000000001",
}
ACCOUNT_NAMED = {"payee": HOST_UNIT, "version": 1}
ACCOUNT_PROPOSED = ACCOUNT_NAMED | {"confirmed": False}
ACCOUNT_CONFIRMED = ACCOUNT_NAMED | {"confirmed": True}
_ACCOUNT_SEEN = ACCOUNT | {
    "version": 1,
    "proposed_at": NOW,
    "proposed_by": "payer",
    "confirmed_at": NOW,
    "confirmed_by": "payer-2",
    "counts": True,
}
ACCOUNTS = {"accounts": [_ACCOUNT_SEEN]}
BATCH_ASKED = _LINE | {"orders": [ORDER]}
NOTICE = {"first_day": "2030-12-09", "days": 7}
_NOTICED = {"first_day": "2030-12-09", "last_day": "2030-12-15"}
TAKING_OUT = {"order": ORDER, "reason": "公示期间收到异议，待核实。"}
SIGN_OFF = {"list_hash": sample_id("list")}
NUMBER = {"document_number": "长科兑〔2030〕12号"}
BATCH_WITHDRAWAL = {"reason": "清单有误，重新编制。"}
PAYMENTS_MADE = {"payments": [{"order": ORDER, "payment_reference": "CX-PAY-2030-012"}]}
RETURN_MADE = {"order": ORDER, "bank_reference": "CX-BACK-2030-001", "reason": "户名与账号不符"}
RESEND = {"orders": [ORDER]}
_ROW = {"order_id": ORDER, "amount": "480000", "paid_to": "LAB", "payee": LAB, "lab_code": "SH-0052"}
_BATCH_ROW: dict[str, object] = _ROW | {
    "state": "LISTED",
    "has_account": True,
    "account_version": None,
    "references": [],
    "returns": [],
    "stage": "ACCEPTED",
}
_BRIEF = _LINE | {"batch": 3, "stage": "DRAWN", "code": "CX-KJQ-2013", "document_number": None, "count": 1, "total": "480000", "resend": []}
BATCHES = {"batches": [_BRIEF], "head": LOG_HEAD}
BATCH = _BRIEF | {
    "drawn_at": NOW,
    "drawn_by": "payer",
    "list_hash": sample_id("list"),
    "notice": None,
    "signed": None,
    "bank_file": None,
    "orders": [_BATCH_ROW],
    "out": [],
    "unsettled": [],
    "block": BLOCK,
}
BATCH_NOTICED = BATCH | {"stage": "NOTICED", "notice": _NOTICED}
_OUT = {"order_id": ORDER, "amount": "480000", "cause": "Objection", "reason": TAKING_OUT["reason"], "at": NOW, "by": "payer"}
BATCH_EMPTIED = BATCH_NOTICED | {"stage": "WITHDRAWN", "count": 0, "total": "0", "orders": [], "out": [_OUT]}
BATCH_WITHDRAWN = BATCH | {
    "stage": "WITHDRAWN",
    "count": 0,
    "total": "0",
    "orders": [],
    "out": [_OUT | {"cause": "Withdrawn", "reason": BATCH_WITHDRAWAL["reason"]}],
}
_SIGNED = {"list_hash": sample_id("list"), "at": NOW, "by": "payer-2"}
_WITH_ACCOUNT = _BATCH_ROW | {"account_version": 1}
BATCH_SIGNED = BATCH_NOTICED | {"stage": "SIGNED", "signed": _SIGNED, "orders": [_WITH_ACCOUNT]}
BATCH_NUMBERED = BATCH_SIGNED | {"stage": "NUMBERED", **NUMBER}
BATCH_AT_BANK = BATCH_NUMBERED | {
    "stage": "AT_BANK",
    "bank_file": {"sha256": sample_id("bank file"), "count": 1, "at": NOW, "by": "payer"},
    "orders": [_WITH_ACCOUNT | {"state": "AT_BANK"}],
}
_ROW_PAID = _WITH_ACCOUNT | {"state": "PAID", "references": ["CX-PAY-2030-012"], "stage": "SETTLED"}
BATCH_PAID = BATCH_AT_BANK | {"stage": "PAID", "orders": [_ROW_PAID]}
_RETURN = {"bank_reference": RETURN_MADE["bank_reference"], "reason": RETURN_MADE["reason"], "at": NOW, "by": "payer"}
_RETURNED = _ROW_PAID | {"state": "RETURNED", "returns": [_RETURN]}
BATCH_RETURNED = BATCH_PAID | {"stage": "RETURNED", "orders": [_RETURNED], "resend": [ORDER]}
BATCH_RESENT = BATCH_RETURNED | {"orders": [_RETURNED | {"state": "RESENT"}]}
NOTICE_SEEN = {"batch": 3, "programme": "CX-KJQ-2013", **_NOTICED, "count": 1, "total": "480000", "orders": [_ROW], "block": BLOCK}
BATCH_LIST = {
    "format": "tongquan payment batch 1",
    "chain_id": 330_522,
    "registry": REGISTRY,
    "payer": CHANGXING,
    "batch": 3,
    "programme_id": PROGRAMME,
    "programme": "CX-KJQ-2013",
    "year": 2030,
    "line": "2060404",
    "count": 1,
    "total": "480000",
    "orders": [_ROW | {"redemption": REDEMPTION}],
}
LAB_YEAR_NAMED = {"lab": LAB, "year": 2030}
YEAR_SIGNED = {
    "lab": LAB,
    "year": 2030,
    "hash": sample_id("report"),
    "signer": "0x" + "7e" * 20,
    "signature": "0x" + "5b" * 64,
}
_NO_USE = {"uses": 0, "firms": 0, "labs": 0, "ordered": "0", "cost": "0", "offset": "0", "face": "0", "returned": "0"}
SIGNED_YEAR = {"statement": {**_LAB_YEAR, "regions": [], "across": _NO_USE, "total": _NO_USE}, "signature": "0x" + "5b" * 64}
SERVICE_TYPES_FORM = {"list": f"编号,服务类型\r\n{LAB},成分检测\r\n"}
SERVICE_TYPES_TAKEN = {"sha256": SHA_256, "rows": 1}

# Programmes

PROGRAMME_TEXT = """\
region = 330522
code = "CX-EXAMPLE"
payer = 330522
paid_home = "LAB"
paid_across = "LAB"
approval = "NEVER"
first_review = "HOST"
itemised = false
min_partners = 0
hold_days = 90
slices = [{ up_to = "unlimited", bps = 6000 }]

[voucher]
face = "1000000"
denomination = "100000"
valid_days = 365
claim_days_after_use = 0

[policy]
services = ["testing"]
eligible = [{ who = "FIRM", registered_here = true }]

[policy.grants]
on_application = true
top_up = true
cap = { amount = "10000000", period = "CALENDAR_YEAR" }

[policy.evidence]
required = ["服务合同", "发票", "成果报告"]
"""
PROGRAMME_FILE = {"file": PROGRAMME_TEXT}
POLICY_HASH = "0x" + "5a" * 32
OPENED = {**WRITTEN, "programme_id": PROGRAMME, "policy_hash": POLICY_HASH}
_FACTS = {"who": "FIRM", "registered_here": True, "staff": 86, "revenue": None, "capital": None, "marks": None, "reviewed": None}
FACTS_STATEMENT = {"firms": [{"firm": FIRM_CODE, **_FACTS}]}
FACTS_ON_RECORD = {**_FACTS, "number": 7, "stated_at": NOW, "stated_by": "directory"}
ELIGIBILITY = {
    "programme_id": PROGRAMME,
    "policy_hash": POLICY_HASH,
    "verdict": "HOLDS",
    "ways": [
        [
            {
                "rule": "who",
                "fact": "FIRM",
                "verdict": "HOLDS",
                "zh": "面向企业；申请方为企业。",
                "en": "For a registered enterprise; the applicant is a registered enterprise.",
            },
            {"rule": "registered_here", "fact": "True", "verdict": "HOLDS", "zh": "须在本地区登记。", "en": "Registered in this region."},
        ]
    ],
    "block": BLOCK,
}
DECISION = {
    "number": 118,
    "voucher_id": VOUCHER,
    "programme_id": PROGRAMME,
    "policy_hash": POLICY_HASH,
    "at": NOW,
    "face": "1000000",
    "facts_number": 7,
    "facts": _FACTS,
    "earlier": [
        {
            "voucher_id": VOUCHER,
            "at": NOW - 86_400,
            "programme": "CX-KJQ-2013",
            "face": "1000000",
            "reserved": "0",
            "redeemed": "0",
            "settled": "0",
        }
    ],
    "eligibility": ELIGIBILITY["ways"],
    "grant": [
        {
            "rule": "top_up",
            "fact": "1",
            "verdict": "HOLDS",
            "zh": "已发放过，再发为增发。",
            "en": "Something was granted before, so this is a top-up.",
        },
        {
            "rule": "cap",
            "fact": "1000000",
            "verdict": "HOLDS",
            "zh": "当年已发放 10,000.00 元，加本次 10,000.00 元为 20,000.00 元，上限 100,000.00 元。",
            "en": "With 10,000.00 yuan granted before, 10,000.00 more make 20,000.00; at most 100,000.00 in a calendar year.",
        },
    ],
}
PROGRAMME_FILE_SEEN = {"programme_id": PROGRAMME, "policy_hash": POLICY_HASH, "file": PROGRAMME_TEXT}
PROGRAMME_SEEN = {
    "programme_id": PROGRAMME,
    "code": "CX-KJQ-2013",
    "region": CHANGXING,
    "payer": CHANGXING,
    "paid_home": "LAB",
    "paid_across": "LAB",
    "approval": "NEVER",
    "first_review": "HOST",
    "itemised": False,
    "min_partners": 0,
    "hold_days": 90,
    "slices": [{"up_to": None, "bps": 6_000}],
    "policy_hash": POLICY_HASH,
    "funded": "10000000",
    "committed": "0",
    "paid": "0",
    "free": "10000000",
    "block": BLOCK,
}
FUNDING = {"amount": "10000000", "bank_reference": "CX-2013-001"}
DRAWING = {"amount": "100", "bank_reference": "CX-2013-002"}
_FUNDED = _event("Funded", "Programmes", programme=PROGRAMME, amount="10000000", bank_reference=sample_id("bank reference"), by=SIGNER)
POOL_SEEN = {
    "programme_id": PROGRAMME,
    "funded": "10000000",
    "committed": "0",
    "paid": "0",
    "free": "10000000",
    "movements": [_FUNDED],
    "block": BLOCK,
}

# Evidence

_REPORT = "%PDF-1.7 检测报告（样例）"
_REPORT_SHA256 = sha256(_REPORT.encode()).hexdigest()
DOCUMENT_FORM = {"file": _REPORT}
DOCUMENT_TAKEN = {"sha256": _REPORT_SHA256, "bytes": len(_REPORT.encode()), "media_type": "application/pdf"}
_INVOICE = {"number": "00131219", "code": "3100131320"}
_BUNDLE = {
    "documents": [{"kind": "成果报告", "sha256": _REPORT_SHA256}],
    "contract": {"seller": HOST_UNIT, "number": "SH20131219", "registered": None, "registration": None, "voucher_amount": None},
    "invoice": {**_INVOICE, "amount": "800000"},
    "payment": {"amount": "320000", "invoice": _INVOICE},
    "report_form": None,
}
BUNDLE_STATEMENT = {**_BUNDLE, "salt": None}
BUNDLE_TAKEN = {"order_id": ORDER, "bundle_sha256": SHA_256}
EVIDENCE_SEEN = {
    "order_id": ORDER,
    "stage": "OPEN",
    "bundle": _BUNDLE,
    "bundle_sha256": SHA_256,
    "stated_at": NOW,
    "stated_by": "LAB",
    "statements": 1,
    "documents": [{**DOCUMENT_TAKEN, "at": NOW, "by": "LAB"}],
    "result": None,
    "warnings": [],
    "block": BLOCK,
}
EVIDENCE_QUESTION = {"programme": None, "file": None}
_LACKING = {"document": "服务合同", "rule": "required", "fact": None, "verdict": "MISSING"}
EVIDENCE_CHECKED = {
    "order_id": ORDER,
    "programme_id": PROGRAMME,
    "programme": "CX-KJQ-2013",
    "policy_hash": POLICY_HASH,
    "bundle_sha256": SHA_256,
    "verdict": "MISSING",
    "checked": [_LACKING | {"zh": "须提交服务合同。（未提供）", "en": "服务合同 is asked for. (not handed in)"}],
    "block": BLOCK,
}
_ITEMS = [{"document": "成果报告", "reason": "未加盖检测专用章。"}]
CORRECTION_LIST = {"items": _ITEMS, "file": None}
CORRECTION_LIST_TAKEN = {"order_id": ORDER, "attempt": 0, "bundle_sha256": SHA_256, "items": _ITEMS}
CORRECTED_DOCUMENT = "%PDF-1.7 检测报告，已盖章（样例）"
CORRECTIONS_SENT = {
    "documents": [{"kind": "成果报告", "sha256": sha256(CORRECTED_DOCUMENT.encode()).hexdigest()}],
    "contract": None,
    "invoice": None,
    "payment": None,
    "report_form": None,
}
_LIST_SEEN = {"attempt": 0, "at": NOW, "region": SHANGHAI, "account": SIGNER, "body": None, "bundle_sha256": SHA_256}
_REASON = {"region": SHANGHAI, "body": None, "reason": "未加盖检测专用章。"}
CORRECTIONS_SEEN = {
    "order_id": ORDER,
    "stage": "OPEN",
    "attempt": 1,
    "deadline": NOW + 30 * 86_400,
    "kept_here": True,
    "kept_at": [SHANGHAI],
    "lists": [_LIST_SEEN | {"items": _ITEMS, "counts": True, "rejected": True}],
    "checklist": [
        {"document": "服务合同", "state": "CARRIED_OVER", "files": [], "before": [], "reasons": []},
        {"document": "成果报告", "state": "TO_SEND", "files": [_REPORT_SHA256], "before": [_REPORT_SHA256], "reasons": [_REASON]},
    ],
    "block": BLOCK,
}
SAMPLE_QUESTION = {"seed": "2030 年第四季度抽查", "size": 30, "from": FROM, "until": NOW}
SAMPLE_SEEN = {
    "orders": [{"order_id": ORDER, "stage": "SETTLED", "bundle_sha256": None, "documents": 0}],
    "population": 1,
    "population_sha256": SHA_256,
    "head": LOG_HEAD,
    "block": BLOCK,
}
ORIGINALS_QUESTION = {"orders": [ORDER]}


# Vouchers

LIST_FORM = {
    "programme": PROGRAMME,
    "face": "1000000",
    "denomination": "100000",
    "use_by": str(USE_BY),
    "claim_by": str(USE_BY),
    "list": f"企业代码,券号\r\n{FIRM_CODE},{SERIAL}\r\n",
}
LIST_ROWS = {
    "programme": PROGRAMME,
    "face": "1000000",
    "denomination": "100000",
    "use_by": USE_BY,
    "claim_by": USE_BY,
    "recipients": [{"firm": FIRM_CODE, "serial": SERIAL}],
}
LIST_CHECKED: dict[str, Any] = {"rows": 1, "bad": [], "block": BLOCK}
ISSUED_FROM_FILE = {**WRITTEN, "vouchers": [{"line": 2, "voucher_id": VOUCHER}], "repeated": False}
ISSUED_FROM_ROWS = {**WRITTEN, "vouchers": [{"line": 1, "voucher_id": VOUCHER}], "repeated": False}
_ISSUED = _event("Issued", "VoucherRegistry", voucher=VOUCHER, terms=TERMS, firm=sample_id("firm tag"), serial=sample_id("serial tag"))
VOUCHER_HISTORY = {"voucher": VOUCHER_SEEN, "on_ledger": None, "history": [_ISSUED], "block": BLOCK}

# An older ledger, carried over

OPENING_INVOICE, PAID_INVOICE = "00000007", "00000003"
OPENING_LIST = (
    "类别,企业代码,券号,发放日期,面额（元）,已用额（元）,张号,使用截止日,兑付截止日,"
    "服务机构编号,项目,开票单位代码,合同编号,发票代码,发票号码,发票金额（元）,服务费用（元）,补贴额（元）\r\n"
    f"券,{FIRM_CODE},KJQ-2024-0007,2024-03-01,10000,3000,1-3,2030-12-31,2030-12-31,,,,,,,,,\r\n"
    f"在途,{FIRM_CODE},KJQ-2024-0007,,,,4-8,,2030-12-31,{LAB},膜材检测,{HOST_UNIT},HT-7,3100241130,{OPENING_INVOICE},8000,8000,4800\r\n"
    f"已付,,,,,,,,,,,,,3100241130,{PAID_INVOICE},5000,5000,3000\r\n"
)
OPENING_SHA256 = sha256(OPENING_LIST.encode()).hexdigest()
OPENING_CODE = "CX-EXAMPLE-OPENING"
OPENING_TEXT = (
    PROGRAMME_TEXT.replace("CX-EXAMPLE", OPENING_CODE)
    + f"""
[opening]
scheme = "纸质科技券台账（样例）"
cut_over = "2024-12-31"
list_sha256 = "{OPENING_SHA256}"

[opening.totals]
vouchers = 1
face = "1000000"
used = "300000"
in_flight = "500000"
lapsed = "0"
remaining = "200000"
claims = 1
claimed = "480000"
paid_invoices = 1
paid = "300000"
"""
)
OPENING_TOTALS = {
    "vouchers": 1,
    "face": "1000000",
    "used": "300000",
    "in_flight": "500000",
    "lapsed": "0",
    "remaining": "200000",
    "claims": 1,
    "claimed": "480000",
    "paid_invoices": 1,
    "paid": "300000",
}
OPENING_CHECK_FORM = {"programme_file": OPENING_TEXT, "list": OPENING_LIST}
OPENING_CHECKED: dict[str, Any] = {
    "list_sha256": OPENING_SHA256,
    "rows": 3,
    "bad": [],
    "totals": OPENING_TOTALS,
    "stated": OPENING_TOTALS,
    "differing": [],
    "block": BLOCK,
}
OPENING_FORM = {"programme": PROGRAMME, "list": OPENING_LIST}
OPENING_STEP = {
    "programme_id": PROGRAMME,
    "list_sha256": OPENING_SHA256,
    "issued_vouchers": 2,
    "left": 0,
    "repeated": False,
    "block": BLOCK,
}
OPENING_SEEN = {
    "programme_id": PROGRAMME,
    "code": OPENING_CODE,
    "scheme": "纸质科技券台账（样例）",
    "cut_over": "2024-12-31",
    "list_sha256": OPENING_SHA256,
    "list_here": True,
    "totals": OPENING_TOTALS,
    "issued_vouchers": 2,
    "issued_face": "700000",
    "agrees": True,
    "block": BLOCK,
}
CARRIED_VOUCHER: dict[str, Any] = {
    "line": 2,
    "serial": "KJQ-2024-0007",
    "voucher_id": VOUCHER,
    "face": "1000000",
    "used": "300000",
    "in_flight": "500000",
    "remaining": "200000",
    "used_notes": [{"first": 1, "last": 3}],
    "taken_notes": [],
    "free_notes": [{"first": 9, "last": 10}],
}
CLAIM_SEEN = {
    "line": 3,
    "serial": "KJQ-2024-0007/1",
    "voucher_id": OTHER_VOUCHER,
    "firm": FIRM,
    "lab": LAB,
    "notes": [{"first": 4, "last": 8}],
    "cost": "800000",
    "subsidy": "480000",
    "order_id": None,
    "stage": None,
    "awaits": ["FIRM", "LAB"],
}
CLAIM_PREPARING = {"voucher_id": OTHER_VOUCHER, "report_sha256": REDEMPTION_FACTS["report_sha256"]}
CLAIM_PREPARED = {
    "order_facts": {
        "voucher": {"region": CHANGXING, "firm": FIRM_CODE, "serial": "KJQ-2024-0007/1"},
        "lab": LAB,
        "item": None,
        "project": "膜材检测",
        "lead": None,
        "amount": "500000",
        "valid_seconds": 86_400,
    },
    "order": ORDER_TO_SIGN,
    "redemption_facts": {
        "order": ORDER,
        "cost": "800000",
        "subsidy": "480000",
        "agreement": {"seller": HOST_UNIT, "number": "HT-7"},
        "invoice": {"number": OPENING_INVOICE, "code": "3100241130"},
        "invoice_amount": "800000",
        "report_sha256": REDEMPTION_FACTS["report_sha256"],
        "valid_seconds": 86_400,
    },
    "redemption": REDEMPTION_TO_SIGN,
    "block": BLOCK,
}

# Directory

ENROLMENT = {"firm": NEW_FIRM_CODE, "signer": NEW_SIGNER}
ENROLLED = {**WRITTEN, "id": NEW_FIRM}
ADMISSION = {"code": "SH-0099", "host_unit": HOST_UNIT, "signer": NEW_SIGNER, "qualified_until": USE_BY}
ADMITTED = {**WRITTEN, "id": NEW_LAB}
RENEWAL = {"seller": HOST_UNIT, "qualified_until": USE_BY}
ITEMS = {"codes": ["GC-MS-01"]}
ITEMS_LISTED = {**WRITTEN, "items": [ITEM]}
RECOGNITION = {"subjects": [LAB], "from": FROM, "until": USE_BY}
SUBJECTS = {"subjects": [LAB]}
LAB_SEEN = {
    "lab": LAB,
    "region": SHANGHAI,
    "code": "SH-0052",
    "standing": "ACTIVE",
    "qualified_until": USE_BY,
    "flagged_until": None,
    "recognised_by": [CHANGXING],
    "epoch": 1,
}
LAB_ONE = LAB_SEEN | {
    "history": [
        _event(
            "LabAdmitted",
            "Directory",
            lab=LAB,
            record={"region": SHANGHAI, "host_unit": sample_id("host unit"), "code": "SH-0052"},
            signer=SIGNER,
            seller=sample_id("host unit"),
            qualified_until=USE_BY,
        )
    ],
    "block": BLOCK,
}
DEPARTURE = {"cause": "FRAUD", "reason": "虚报服务，已核实。", "at": NOW, "by": "directory"}
LEAVING = {"cause": "FRAUD", "reason": "虚报服务，已核实。"}
LEFT_BY_FRAUD = {
    **WRITTEN,
    "lab": LAB,
    "standing": "FROZEN",
    "cause": "FRAUD",
    "flagged": True,
    "flagged_until": NOW + 30 * 86_400,
    "open_orders": 0,
}
ITEM_SEEN = {"item": ITEM, "lab": LAB, "code": "GC-MS-01", "recognised_by": []}
RECOGNITION_SEEN = {"region": CHANGXING, "subject": LAB, "kind": "LAB", "from": FROM, "until": USE_BY, "in_force": True}
LABS_LIST = (
    "地区代码,依托单位代码,依托单位,服务机构代码,服务机构名称,服务类型,所在地,签名账户,资质截止日,互认地区,互认起始日,互认截止日\r\n"
    f"310000,{HOST_UNIT},样例研究所,SH-0099,样例薄膜材料检测实验室,检测、分析,上海市,{NEW_SIGNER},2030-12-31,330522,2026-01-01,2030-12-31\r\n"
)
ITEMS_LIST = (
    "地区代码,依托单位代码,服务机构代码,条目代码,条目名称,服务类型,所在地\r\n"
    f"310000,{HOST_UNIT},SH-0099,GC-MS-02,样例气相色谱质谱联用仪,检测,上海市\r\n"
)
CATALOGUE_FORM = {"labs": LABS_LIST, "items": ITEMS_LIST}
LEFT = {"admit": 1, "renew": 0, "list": 1, "recognise": 0, "waiting": 0}
CATALOGUE_CHECKED: dict[str, Any] = {"labs": 1, "items": 1, "bad": [], "left": LEFT, "block": BLOCK}
LIST_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CATALOGUE_ENTERED = {"labs": 1, "items": 1, "lists": [LIST_SHA256], "repeated": False, "left": LEFT}
CATALOGUE_LIST = {"sha256": LIST_SHA256, "epoch": 1, "kind": "LAB", "rows": 1, "at": NOW, "by": "directory"}
LOADED = {"calls": 1, "left": LEFT | {"admit": 0}, "block": BLOCK}
ENTRY_SEEN = {
    "subject": NEW_LAB,
    "kind": "LAB",
    "region": SHANGHAI,
    "lab": NEW_LAB,
    "code": "SH-0099",
    "name": "样例薄膜材料检测实验室",
    "unit": "样例研究所",
    "services": ["检测", "分析"],
    "place": "上海市",
    "standing": "ACTIVE",
    "qualified_until": USE_BY,
    "usable_by": [SHANGHAI],
}
LISTING = {
    "lab": LAB,
    "entry": None,
    "unit_labs": 1,
    "regions": [
        {"region": CHANGXING, "usable": True, "reasons": []},
        {
            "region": 120000,
            "usable": False,
            "reasons": [
                {
                    "code": "NotRecognised",
                    "values": {"region": 120000, "subject": LAB},
                    "cause": "NOT_BY_THIS_REGION",
                    "zh": "该服务机构不在 120000 的互认目录内。",
                    "en": "Other regions recognise this lab, but region 120000 does not.",
                }
            ],
        },
    ],
    "block": BLOCK,
}
FIRM_SEEN = {"firm": FIRM, "region": CHANGXING, "signer": SIGNER, "flagged_until": None, "epoch": 1}
PROPOSAL = {"subject": FIRM, "signer": NEW_SIGNER}
OWN_ROTATION = {"signer": NEW_SIGNER}
UNSIGNED = {
    "transaction": {
        "chainId": 330522,
        "nonce": 0,
        "to": DIRECTORY,
        "data": "0x" + "00" * 68,
        "gas": 190_000,
        "gasPrice": 0,
        "value": 0,
    },
    "block": BLOCK,
}
RAW = {"raw": "0x" + sample_id("raw")[2:] * 5}
SUBJECT = {"subject": FIRM}

# Firms that change

_STAYS = {"code": "STAYS", "zh": "照常使用。", "en": "It stays as it is."}
_NO_CHANGE = dict.fromkeys(("name", "successor", "region", "signer", "reason"))


def _change(kind: str, *, vouchers: Sequence[str] = (VOUCHER,), **told: Any) -> dict[str, Any]:
    on_record = {"number": 3, "kind": kind, "on": CHANGED_ON, "at": NOW, "by": "directory", "unusable": [], "orders": []}
    return on_record | {"vouchers": list(vouchers)} | _NO_CHANGE | told


def _affairs(change: str | None, becomes: dict[str, Any] | None, **key: Any) -> dict[str, Any]:
    named = ("voucher_id", "programme_id", "programme", "available", "reserved", "use_by", "claim_by")
    return {
        "firm": FIRM,
        "region": CHANGXING,
        "change": change,
        "key": _KEY_SEEN | key,
        "flagged_until": None,
        "vouchers": [{name: VOUCHER_SEEN[name] for name in named} | {"becomes": becomes}],
        "orders": [],
        "block": BLOCK,
    }


def _change_written(kind: str, affairs: dict[str, Any], **told: Any) -> dict[str, Any]:
    return {"change": _change(kind, **told), "affairs": [affairs], "tell": [], "facts": None}


_KEY_SEEN = {"subject": FIRM, "kind": "FIRM", "region": CHANGXING, "signer": SIGNER, "proposed": None, "proposed_from": None}
_PROPOSED = {"proposed": NEW_SIGNER, "proposed_from": NOW + 3 * 86_400}
_LAPSES = {
    "code": "LAPSES",
    "zh": "不得再下单，余额到期失效；承继企业可另行申领。",
    "en": "It takes no new order, and what is left lapses; a successor applies for vouchers of its own.",
}
FIRM_AFFAIRS = _affairs(None, None)
RENAMING = {"firm": FIRM_CODE, "on": CHANGED_ON, "name": "样例新材料有限公司"}
RENAMED = _change_written("RENAMED", _affairs("RENAMED", _STAYS), name="样例新材料有限公司")
MERGER = {"firm": FIRM_CODE, "on": CHANGED_ON, "successor": NEW_FIRM_CODE, "signer": NEW_SIGNER}
MERGED = _change_written("MERGED", _affairs("MERGED", _LAPSES, **_PROPOSED), successor=NEW_FIRM_CODE, signer=NEW_SIGNER)
STRIKING_OFF = {"firm": FIRM_CODE, "on": CHANGED_ON, "reason": "登记机关已注销登记。", "signer": None, "stop": False}
STRUCK_OFF = _change_written("STRUCK_OFF", _affairs("STRUCK_OFF", _LAPSES, **_PROPOSED), reason="登记机关已注销登记。")
MOVING = {"firm": FIRM_CODE, "on": CHANGED_ON, "region": SHANGHAI}
MOVED_AWAY = _change_written("MOVED", _affairs("MOVED", _STAYS), region=SHANGHAI) | {"facts": FACTS_ON_RECORD}
WITHDRAWING = {"firm": FIRM_CODE, "reason": "登记有误。"}
WITHDRAWN = _change_written("WITHDRAWN", _affairs(None, None), reason="登记有误。")
FIRM_CHANGES = {"name": None, "changes": [_change("MOVED", region=SHANGHAI)], "head": LOG_HEAD}
KEY_SEEN = {"subject": FIRM, "kind": "FIRM", "region": CHANGXING, "signer": SIGNER, "proposed": None, "proposed_from": None}
PROPOSED_KEY = KEY_SEEN | {"proposed": NEW_SIGNER, "proposed_from": NOW + 3 * 86_400}


AGENT = sample_id("agent")[:42]
DOCUMENT_SHA256 = sample_id("power of attorney")[2:]
_POWER_KEY = {"firm": FIRM_CODE, "agent": AGENT, "document_sha256": DOCUMENT_SHA256}
POWER = _POWER_KEY | {"from": FROM, "until": USE_BY}
POWER_WITHDRAWAL = _POWER_KEY | {"at": NOW}
POWER_SEEN = _POWER_KEY | {"firm": FIRM, "from": FROM, "until": USE_BY, "withdrawn": None, "signs": False}
POWERS = {"powers": [POWER_SEEN | {"signs": True}], "next": None}
AGENT_USE = {
    "position": "000000001056000002",
    "what": "RESERVE",
    "firm": FIRM,
    "agent": AGENT,
    "order_id": ORDER,
    "amount": "500000",
    "time": NOW,
    "block": 4_182,
    "transaction": TRANSACTION,
    "power": {"document_sha256": DOCUMENT_SHA256, "from": FROM, "until": USE_BY},
    "told": None,
}
AGENT_USES = {"uses": [AGENT_USE], **PAGE_END}
USES_READ = {"uses": [AGENT_USE["position"]]}
AGENT_USES_READ = {"uses": [AGENT_USE | {"told": {"at": NOW, "how": "READ"}}], **PAGE_END}
USES_TOLD = {"uses": [AGENT_USE["position"]], "how": "挂号信"}
AGENT_USES_TOLD = {"uses": [AGENT_USE | {"told": {"at": NOW, "how": "挂号信"}}], **PAGE_END}


def rotated(outcome: str, proposed_from: int | None = None) -> dict[str, Any]:
    """What became of a key."""
    return {**WRITTEN, "subject": FIRM, "signer": NEW_SIGNER, "outcome": outcome, "proposed_from": proposed_from}


def standing(name: str) -> dict[str, Any]:
    """A lab's standing from now on."""
    return {**WRITTEN, "lab": LAB, "standing": name}


FLAGGING = {"subject": LAB, "ground": "FALSE_STATEMENT", "reason": "涉嫌虚报服务。"}
SECONDING = {"ground": "FALSE_STATEMENT", "reason": "本地区亦有同类情况。"}
FLAGGED = {**WRITTEN, "subject": LAB, "until": NOW + 30 * 86_400}
FLAG_HOLDS = {**WRITTEN, "subject": LAB, "until": None}
FLAG_SEEN = {
    "subject": LAB,
    "kind": "LAB",
    "region": SHANGHAI,
    "state": "STANDING",
    "by": CHANGXING,
    "since": NOW,
    "until": NOW + 30 * 86_400,
    "seconder": None,
    "lifted": None,
    "reasons": [{"region": CHANGXING, "time": NOW, "hash": REASON, "ground": "FALSE_STATEMENT", "text": "涉嫌虚报服务。", "salt": SALT}],
}
CASE_FILE = {
    "flag": FLAG_SEEN,
    "history": [_event("Flagged", "Directory", subject=LAB, region=CHANGXING, reason=REASON, until=NOW + 30 * 86_400)],
    "sums": [
        {"issuing_region": CHANGXING, "lab_region": SHANGHAI, "stage": "OPEN", "orders": 1, "amount": "500000", "subsidy": "0"},
    ],
    "related": [],
    "orders": [ORDER_BRIEF],
    **PAGE_END,
}

# Trail

ALIVE = {"alive": True}
READY = {
    "reasons": [],
    "chain_id": 330522,
    "head": 4_182,
    "head_age_seconds": 1,
    "indexed": 4_182,
    "lag_blocks": 0,
    "outbox": 0,
    "peers": 3,
}
METRICS = """\
# HELP tongquan_requests_total Requests answered.
# TYPE tongquan_requests_total counter
tongquan_requests_total{method="POST",route="/v1/verifications",status="200"} 1.0
"""
STATUS = {"region": SHANGHAI, "node": "answering", "block": BLOCK}
TRAIL = {"events": [_ISSUED], "next": "Y3Vyc29yIG9mIGFuIGV4YW1wbGU=", "block": BLOCK}

# Writes that go on, and who looked

_OPERATION = "7d1f4b6a90c24e13b8a5f02c6e9d3417"
PENDING = {"operation_id": _OPERATION, "state": "pending", "transaction": None, "status": None, "answer": None}
OPERATION = {"operation_id": _OPERATION, "state": "succeeded", "transaction": TRANSACTION, "status": 200, "answer": WRITTEN}
_LOOKUP = {
    "number": 118,
    "query_number": "310000-118-7",
    "milliseconds": NOW * 1000,
    "what": "verification",
    "answer": "VALID",
    "party": "LAB",
    "region": SHANGHAI,
    "voucher_id": VOUCHER,
    "order_id": None,
    "span": None,
    "block": 4_182,
    "amount": "500000",
    "reasons": [],
    "caller": "tq_7Qm2xKfA",
    "lab": LAB,
}
LOOKUPS = {"lookups": [_LOOKUP], "next": None, "head": LOG_HEAD}
LOOKUP_ONE = {"lookup": _LOOKUP, "head": LOG_HEAD}
