"""
The lists that leave an office: the notice, the bank's file and the re-send list. Pure.

The notice names parties by their ids, as a batch's own list does, and a lab by its code as well; company codes and accounts stand in
what goes to the bank alone.

The CSV is for a bank's import: every cell is quoted, numbers of accounts with all their digits. People open the workbook, whose cells
are text: Excel would make a rounded number of an account in a CSV.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence

from registry.batches.batch import BatchRow, PayeeAccount, PaymentBatch, RowState
from registry.batches.records import PaidInto
from registry.model import Digest, Id, Paid
from registry.money import yuan_cell
from registry.reports.bank_file import as_text
from registry.workbook import filled

AccountOf = Callable[[PaidInto], PayeeAccount]

_BANK = ("订单编号", "批次", "文号", "收款方代码", "户名", "开户行", "账号", "金额（元）", "券种")
_NOTICE = ("订单编号", "券种", "兑付申请方", "收款方编号", "机构编码", "金额（元）")
_NOT_SENT = frozenset({RowState.LISTED, RowState.OUT})


def sha256(content: bytes) -> Digest:
    """A file's SHA-256."""
    return Digest(hashlib.sha256(content).digest())


def notice_csv(batch: PaymentBatch) -> bytes:
    """A batch as it is put up for notice (公示): no company code, no account."""
    rows = [
        (
            _hex(listed.order),
            batch.drawn.programme,
            "企业" if listed.paid_to is Paid.FIRM else "服务机构",
            _hex(listed.payee),
            listed.lab_code or "",
            yuan_cell(listed.amount),
        )
        for listed in (row.listed for row in batch.standing)
    ]
    return _csv(_NOTICE, rows)


def bank_csv(batch: PaymentBatch, account_of: AccountOf) -> bytes:
    """What the bank is to pay, into the accounts that were signed off, less what was taken out since."""
    return _csv(_BANK, _bank_rows(batch, account_of))


def bank_workbook(batch: PaymentBatch, account_of: AccountOf) -> bytes:
    """The same for people."""
    rows = _bank_rows(batch, account_of)
    summary = [
        ("批次 Batch", str(batch.number)),
        ("文号 Document number", batch.document_number or ""),
        ("券种 Programme", batch.drawn.programme),
        ("审签清单哈希 Hash of the list as signed off (SHA-256)", "" if batch.signed is None else _hex(batch.signed.list_hash)),
        ("笔数 Count", str(len(rows))),
        ("合计（元） Total (yuan)", yuan_cell(batch.total)),
    ]
    return filled({"汇总 Summary": summary, "银行文件 Bank file": [_BANK, *rows]})


def resend_csv(batch: PaymentBatch, account_of: AccountOf, is_sent: Callable[[BatchRow], bool]) -> bytes:
    """The re-send list (重付清单): what came back and is to be paid again, into the accounts as they were when it was put on the list."""
    rows = [row for row in batch.standing if row.state is RowState.RESENT and is_sent(row)]
    return _csv(_BANK, [_bank_row(batch, row, account_of(row.account)) for row in rows if row.account is not None])


def _bank_rows(batch: PaymentBatch, account_of: AccountOf) -> list[Sequence[str]]:
    into: dict[Id, PaidInto] = {} if batch.signed is None else {each.order: each for each in batch.signed.accounts}
    rows = [row for row in batch.standing if batch.file is None or row.state not in _NOT_SENT]
    return [_bank_row(batch, row, account_of(into[row.listed.order])) for row in rows]


def _bank_row(batch: PaymentBatch, row: BatchRow, account: PayeeAccount) -> Sequence[str]:
    return (
        _hex(row.listed.order),
        str(batch.number),
        batch.document_number or "",
        account.payee,
        account.name,
        account.bank,
        account.number,
        yuan_cell(row.listed.amount),
        batch.drawn.programme,
    )


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    # The header is not quoted, so that a file begins as those of the reports do.
    csv.writer(text).writerow(header)
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([as_text(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
