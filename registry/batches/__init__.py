"""
A payer's payments (兑付): batches, payees' accounts, budget lines, and what came back. Pure.

    records   what is put on record, one record an act
    batch     a batch, its orders and accounts, as they stand
    lists     what leaves the office: notice, bank's file, re-send list
    book      everything after all records, and what may be put on record next

The chain says whether an order is to be paid and was settled; nothing here is on it. Where the records are kept, and how orders are
settled, is the gateway's.
"""

from registry.batches.batch import BatchRow, BatchStage, BudgetLine, PayeeAccount, PaymentBatch, RowState, Stamp
from registry.batches.book import BatchRefused, PaymentBook, Unpaid, day_of, stopped_at_bank, why_not_payable
from registry.batches.lists import notice_csv
from registry.batches.records import (
    AccountProposed,
    BankReference,
    BatchDrawn,
    BookEntry,
    Cause,
    LineKey,
    ListedOrder,
    Out,
    PaidInto,
    PaymentRecord,
    record_json,
    record_of,
)

__all__ = [
    "AccountProposed",
    "BankReference",
    "BatchDrawn",
    "BatchRefused",
    "BatchRow",
    "BatchStage",
    "BookEntry",
    "BudgetLine",
    "Cause",
    "LineKey",
    "ListedOrder",
    "Out",
    "PaidInto",
    "PayeeAccount",
    "PaymentBatch",
    "PaymentBook",
    "PaymentRecord",
    "RowState",
    "Stamp",
    "Unpaid",
    "day_of",
    "notice_csv",
    "record_json",
    "record_of",
    "stopped_at_bank",
    "why_not_payable",
]
