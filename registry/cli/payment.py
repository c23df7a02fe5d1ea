"""
`tongquan payment`: payment batches (兑付批次) and budget lines (预算科目) of a region's payer, from the list to the settlement.

What was typed is posted; what may be done next, the gateway says. Payees' accounts are `tongquan payee`.
"""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import Amount, ProgrammeId, argument, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.session import Session, content_of, write_file
from registry.cli.settings import SettingRefused
from registry.model import Digest, Id

app = group("兑付批次：编制、公示、审签、文号、银行文件、付款、退票；预算科目。 Payment batches and budget lines.")

BATCHES, LINES = "/v1/payment-batches", "/v1/budget-lines"

Batch = Annotated[int, argument(parsing.batch, "BATCH", "批次", "The batch's number")]
Year = Annotated[int, option("--year", None, "YEAR", "预算年度", "The budget's year")]
Line = Annotated[str, option("--line", None, "CODE", "预算科目代码", "The budget line's code")]
Order = Annotated[Id, option("--order", parsing.record_id, "ORDER", "订单编号", "The order's id")]
Orders = Annotated[
    list[Id] | None,
    option("--order", parsing.record_id, "ORDER", "订单编号，可多个；不写则为该券种全部待拨付订单", "Orders' ids; without, all that wait"),
]
Why = Annotated[str, option("--reason", None, "TEXT", "原因", "Why")]
Csv = Annotated[Path | None, option("--csv", None, "FILE", "写入 CSV（新文件）", "Write a CSV to a new file")]

_PAYMENTS = {"订单编号": "order", "order": "order", "付款流水号": "payment_reference", "payment_reference": "payment_reference"}


# Budget lines


@command(app, "lines", uses=Uses.GATEWAY, example="tongquan payment lines")
def lines(session: Session) -> Answer:
    """
    列出预算科目：金额、已列入、已付、余额，及结账后的结转。 Budget lines, and what a closed one leaves to the next year's.
    """
    found: list[dict[str, Any]] = session.gateway.get(LINES)["lines"]
    return found


@command(
    app,
    "set-line",
    uses=Uses.GATEWAY,
    example="tongquan payment set-line $PROGRAMME --year $YEAR --line 2060404 --amount 1000000yuan --cut-off $YEAR-12-31",
)
def set_line(
    session: Session,
    programme: ProgrammeId,
    *,
    year: Year,
    line: Line,
    amount: Amount,
    cut_off: Annotated[str, option("--cut-off", parsing.day, "DATE", "年终结账日（含）", "The last day on which it pays")],
) -> Answer:
    """
    设置某券种某年度的预算科目、金额与年终结账日。 Set a programme's budget line: its amount, and the last day on which it pays.
    """
    return session.post(LINES, _line(programme, year, line) | {"amount": str(amount), "cut_off": cut_off})


# Batches


@command(app, "list", uses=Uses.GATEWAY, example="tongquan payment list")
def list_(session: Session) -> Answer:
    """
    列出兑付批次及其退票待重付订单。 Payment batches, with what came back and was not paid again.
    """
    found: list[dict[str, Any]] = session.gateway.get(BATCHES)["batches"]
    return found


@command(app, "show", uses=Uses.GATEWAY, example="tongquan payment show $BATCH --file batch.json")
def show(
    session: Session,
    batch: Batch,
    *,
    file: Annotated[
        Path | None, option("--file", None, "FILE", "写入清单原文（新文件），其 SHA-256 即清单哈希", "Write the list's bytes to a new file")
    ] = None,
) -> Answer:
    """
    查看兑付批次：清单、剔除原因、付款、退票、链上未拨付。 A batch: its list, what left it and why, payments, returns, what is unsettled.
    """
    if file is not None:
        write_file(file, session.gateway.download(f"{BATCHES}/{batch}/document"))
    return session.gateway.get(f"{BATCHES}/{batch}")


@command(app, "draw", uses=Uses.GATEWAY, example="tongquan payment draw $PROGRAMME --year $YEAR --line 2060404 --order $ACCEPTED_ORDER")
def draw(session: Session, programme: ProgrammeId, *, year: Year, line: Line, order: Orders = None) -> Answer:
    """
    编制兑付批次；被通告、冻结或已在其他批次的订单不得列入。 Draw up a batch; never of what is flagged or stands in another one.
    """
    asked = _line(programme, year, line) | ({"orders": ["0x" + each.hex() for each in order]} if order else {})
    return session.post(BATCHES, asked)


@command(app, "notice", uses=Uses.GATEWAY, example="tongquan payment notice $BATCH --from $TODAY --days 7")
def notice(
    session: Session,
    batch: Batch,
    *,
    first_day: Annotated[str, option("--from", parsing.day, "DATE", "公示起始日", "The first day")],
    days: Annotated[int, option("--days", None, "N", "公示天数（自然日）", "For how many calendar days")],
) -> Answer:
    """
    公示批次；期满后方可审签。 Put a batch up for public notice; it is signed off once that is over.
    """
    return session.post(f"{BATCHES}/{batch}/notice", {"first_day": first_day, "days": days})


@command(app, "notice-list", uses=Uses.GATEWAY, example="tongquan payment notice-list $BATCH --csv notice.csv")
def notice_list(session: Session, batch: Batch, *, csv: Csv = None) -> Answer:
    """
    公示清单：不含企业代码与个人信息。 What is put up: no company code, no person.
    """
    if csv is not None:
        write_file(csv, session.gateway.download(f"{BATCHES}/{batch}/notice/csv"))
    return session.gateway.get(f"{BATCHES}/{batch}/notice")


@command(app, "take-out", uses=Uses.GATEWAY, example="tongquan payment take-out $BATCH --order $ACCEPTED_ORDER --reason 公示异议")
def take_out(session: Session, batch: Batch, *, order: Order, reason: Why) -> Answer:
    """
    剔除订单：公示异议；银行文件生成后仅限银行未付，且须由另一名经办人员办理。 Take an order out, with a reason.
    """
    return session.post(f"{BATCHES}/{batch}/take-out", {"order": "0x" + order.hex(), "reason": reason})


@command(app, "sign-off", uses=Uses.GATEWAY, example="tongquan payment sign-off $BATCH --list-hash $LIST_HASH")
def sign_off(
    session: Session,
    batch: Batch,
    *,
    list_hash: Annotated[Digest, option("--list-hash", parsing.digest, "HASH", "所核对清单的哈希", "The hash of the list as one read it")],
) -> Answer:
    """
    审签批次；须由编制者以外的经办人员办理，收款账户自此固定。 Sign a batch off, as another officer than the one who drew it up.
    """
    return session.post(f"{BATCHES}/{batch}/sign-off", {"list_hash": "0x" + list_hash.hex()})


@command(app, "number", uses=Uses.GATEWAY, example="tongquan payment number $BATCH --document-number 长科兑〔2026〕12号")
def number(
    session: Session,
    batch: Batch,
    *,
    document_number: Annotated[str, option("--document-number", None, "TEXT", "文号", "The document's number")],
) -> Answer:
    """
    登记文号。 Give a signed batch its document number.
    """
    return session.post(f"{BATCHES}/{batch}/number", {"document_number": document_number})


@command(app, "make-bank-file", uses=Uses.GATEWAY, example="tongquan payment make-bank-file $BATCH")
def make_bank_file(session: Session, batch: Batch) -> Answer:
    """
    生成银行文件；此后订单不再自动退出批次。 Make the bank file; from then on no order leaves the batch by itself.
    """
    return session.post(f"{BATCHES}/{batch}/bank-file", {})


@command(app, "bank-file", uses=Uses.GATEWAY, example="tongquan payment bank-file $BATCH --csv payments-out.csv --excel payments-out.xlsx")
def bank_file(
    session: Session,
    batch: Batch,
    *,
    csv: Csv = None,
    excel: Annotated[Path | None, option("--excel", None, "FILE", "写入 Excel（新文件）", "Write a workbook to a new file")] = None,
) -> Answer:
    """
    取银行文件：CSV 供银行导入，Excel 供人查看，编号与账号均为文本。 Take the bank file: CSV for the bank, a workbook for people.
    """
    taken = {"csv": csv, "excel": excel}
    for form, file in taken.items():
        if file is not None:
            write_file(file, session.gateway.download(f"{BATCHES}/{batch}/bank-file/{form}"))
    return {"batch": batch} | {form: str(file) for form, file in taken.items() if file is not None}


@command(app, "withdraw", uses=Uses.GATEWAY, example="tongquan payment withdraw $OTHER_BATCH --reason 清单有误")
def withdraw(session: Session, batch: Batch, *, reason: Why) -> Answer:
    """
    撤回未生成银行文件的批次，订单可重新列入。 Give a batch up before its bank file; its orders may be listed again.
    """
    return session.post(f"{BATCHES}/{batch}/withdraw", {"reason": reason})


# Paid, and what came back


@command(app, "paid", uses=Uses.GATEWAY, example="tongquan payment paid $BATCH paid.csv")
def paid(
    session: Session,
    batch: Batch,
    file: Annotated[
        Path, argument(None, "FILE", "付款结果（.csv）：订单编号、付款流水号", "What the bank paid (.csv): order, payment_reference")
    ],
) -> Answer:
    """
    登记付款并在链上拨付，每单只拨付一次；中断后重复执行即可。 Record payments and settle the orders on the chain, each once for ever.

    有已付未拨付的订单时退出码为 4。 The exit status is 4 if something is paid and not settled yet.
    """
    return _settled(session.post(f"{BATCHES}/{batch}/paid", {"payments": _payments(file)}))


@command(app, "settle", uses=Uses.GATEWAY, example="tongquan payment settle $BATCH")
def settle(session: Session, batch: Batch) -> Answer:
    """
    补办已付未拨付订单的链上拨付。 Settle on the chain what was paid and an outage left unsettled.
    """
    return _settled(session.post(f"{BATCHES}/{batch}/settle", {}))


@command(
    app,
    "returned",
    uses=Uses.GATEWAY,
    example="tongquan payment returned $BATCH --order $ACCEPTED_ORDER --bank-reference BACK-1 --reason 户名与账号不符",
)
def returned(
    session: Session,
    batch: Batch,
    *,
    order: Order,
    bank_reference: Annotated[str, option("--bank-reference", None, "TEXT", "退票流水号", "The bank's reference of the return")],
    reason: Why,
) -> Answer:
    """
    登记退票；链上拨付不变，订单列入待重付。 Record that the bank returned a payment; the settlement stands.
    """
    asked = {"order": "0x" + order.hex(), "bank_reference": bank_reference, "reason": reason}
    return session.post(f"{BATCHES}/{batch}/returned", asked)


@command(app, "resend", uses=Uses.GATEWAY, example="tongquan payment resend $BATCH --order $ACCEPTED_ORDER")
def resend(
    session: Session,
    batch: Batch,
    *,
    order: Annotated[list[Id], option("--order", parsing.record_id, "ORDER", "订单编号，可多个", "Orders' ids")],
) -> Answer:
    """
    列入重付清单；须由登记退票者以外的经办人员办理。 Put returned payments on the re-send list, as another officer.
    """
    return session.post(f"{BATCHES}/{batch}/resend", {"orders": ["0x" + each.hex() for each in order]})


@command(app, "resend-list", uses=Uses.GATEWAY, example="tongquan payment resend-list $BATCH resend.csv")
def resend_list(
    session: Session, batch: Batch, file: Annotated[Path, argument(None, "FILE", "要写入的新文件（.csv）", "The new file to write (.csv)")]
) -> Answer:
    """
    取重付清单，格式同银行文件。 Take the re-send list, in the form of the bank file.
    """
    write_file(file, session.gateway.download(f"{BATCHES}/{batch}/resend/csv"))
    return {"batch": batch, "csv": str(file)}


def _settled(found: dict[str, Any]) -> Answer:
    """A batch after its payments were recorded; what is paid and not settled is to be tried again."""
    return Told(found, Exit.UNKNOWN) if found["unsettled"] else found


def _line(programme: Id, year: int, line: str) -> dict[str, Any]:
    return {"programme": "0x" + programme.hex(), "year": year, "line": line}


def _payments(file: Path) -> list[dict[str, str]]:
    """
    What a bank's list says: an order and a reference a line, under a header.

    Raises:
        SettingRefused: it has not these two columns, or a cell is empty.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(content_of(file).decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as unreadable:
        raise _no_list(file) from unreadable
    found = [{_PAYMENTS[name]: (cell or "").strip() for name, cell in row.items() if name in _PAYMENTS} for row in rows]
    if not found or any(each.keys() != set(_PAYMENTS.values()) or not all(each.values()) for each in found):
        raise _no_list(file)
    return found


def _no_list(file: Path) -> SettingRefused:
    zh = f"{file} 应为 UTF-8 的 CSV，含“订单编号”“付款流水号”两列，且每格均须填写。"
    return SettingRefused("file", zh, f"{file} is no CSV (UTF-8) with the columns order and payment_reference, each filled in.")
