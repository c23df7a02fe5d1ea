"""
Payments of this region's payer (兑付): batches, payees' accounts, budget lines, and what the bank returned.

Payers write; auditors read as well. A batch's public notice is for every caller.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import payments
from gateway.callers import Caller, Party
from gateway.deps import Anybody, OfficeHere, Payer, WriteOnce, allow
from gateway.documents import CSV, EXCEL, JSON, told
from gateway.refusals import LOGGED, TAGS
from gateway.routes.months import ExcelWorkbook
from gateway.routes.reports import BankList
from registry import Digest

router = APIRouter(prefix="/v1", tags=["payments"])

_Reader = Annotated[Caller, allow(Party.PAYER, Party.AUDITOR)]
_LOOKS = ("NotYours", *LOGGED)
_ON_BATCH = ("BatchEmpty", "NotFound", "NotYours", "WrongBatchStage")


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _batch(summary: str, *, asked: Any = None, answer: Any, refuses: tuple[str, ...]) -> dict[str, Any]:
    """What a write on a batch tells of itself."""
    return {"response_model": schemas.BatchSeen} | told(summary, asked=asked, answer=answer, refuses=refuses)


# Budget lines


@router.get("/budget-lines", **told("预算科目 Budget lines", answer=examples.LINES, refuses=_LOOKS))
def lines(caller: _Reader, office: OfficeHere) -> schemas.BudgetLinePage:
    """Every budget line, with what is used and paid of it and, once its cut-off day is over, what is carried over."""
    return payments.lines(office, caller)


@router.post(
    "/budget-lines",
    response_model=schemas.BudgetLineSeen,
    **told(
        "设置预算科目 Set a budget line",
        asked=examples.LINE,
        answer=examples.LINE_SEEN,
        refuses=("CutOffBeforeYear", "LineBelowUsed", "NotFound", "NotYours", "PastCutOff"),
    ),
)
def set_line(asked: schemas.BudgetLineSetting, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Set a programme's budget line of a year: its amount, and the last day on which it pays."""
    return once.answer(200, asked, lambda intent_id: payments.set_line(office, caller, asked, intent_id))


# Payees' accounts


@router.get("/payee-accounts", **told("收款账户 Payees' accounts", answer=examples.ACCOUNTS, refuses=_LOOKS))
def payee_accounts(caller: _Reader, office: OfficeHere) -> schemas.AccountPage:
    """Every version of every payee's account, with who proposed and who confirmed it."""
    return payments.payee_accounts(office, caller)


@router.post(
    "/payee-accounts",
    response_model=schemas.AccountWritten,
    **told(
        "登记收款账户 Propose a payee's account",
        status=201,
        asked=examples.ACCOUNT,
        answer=examples.ACCOUNT_PROPOSED,
        refuses=(*TAGS, "NotYours"),
    ),
)
def propose_account(asked: schemas.AccountProposal, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Propose a payee's account; it counts once a second officer has confirmed it."""
    return once.answer(201, asked, lambda intent_id: payments.propose_account(office, caller, asked, intent_id))


@router.post(
    "/payee-accounts/confirm",
    response_model=schemas.AccountWritten,
    **told(
        "复核收款账户 Confirm a payee's account",
        asked=examples.ACCOUNT_NAMED,
        answer=examples.ACCOUNT_CONFIRMED,
        refuses=(*TAGS, "AccountOvertaken", "AccountUnknown", "NotYours", "SameOfficer"),
    ),
)
def confirm_account(asked: schemas.AccountNamed, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Confirm the newest proposal of a payee's account, as another officer than the one who made it."""
    return once.answer(200, asked, lambda intent_id: payments.confirm_account(office, caller, asked, intent_id))


# Batches


@router.get("/payment-batches", **told("兑付批次列表 List payment batches", answer=examples.BATCHES, refuses=_LOOKS))
def batches(caller: _Reader, office: OfficeHere) -> schemas.BatchPage:
    """Every batch, the newest first, with what came back and was not paid again."""
    return payments.batches(office, caller)


@router.post(
    "/payment-batches",
    response_model=schemas.BatchSeen,
    **told(
        "编制兑付批次 Draw up a payment batch",
        status=201,
        asked=examples.BATCH_ASKED,
        answer=examples.BATCH,
        refuses=("BatchEmpty", "InOtherBatch", "LineUnknown", "NotFound", "NotWaiting", "NotYours", "OverBudgetLine", "PastCutOff"),
    ),
)
def draw(asked: schemas.BatchAsked, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Draw up a batch of accepted orders of a programme within a budget line, never one that is flagged or stands in another batch."""
    return once.answer(201, asked, lambda intent_id: payments.draw(office, caller, asked, intent_id))


@router.get("/payment-batches/{batch}", **told("兑付批次 A payment batch", answer=examples.BATCH, refuses=_LOOKS))
def batch(batch: schemas.BatchInPath, caller: _Reader, office: OfficeHere) -> schemas.BatchSeen:
    """A batch as it stands, with what left it and why, what came back, and what the chain has not settled yet."""
    return payments.batch(office, caller, batch)


@router.get(
    "/payment-batches/{batch}/document",
    response_model=schemas.BatchListSeen,
    **told("批次清单文件 A batch's list as a file", answer=examples.BATCH_LIST, refuses=_LOOKS),
)
def document(batch: schemas.BatchInPath, caller: _Reader, office: OfficeHere) -> Response:
    """A batch's list alone in its canonical form: the SHA-256 of these bytes is its hash."""
    return Response(payments.document(office, caller, batch), media_type=JSON)


@router.post(
    "/payment-batches/{batch}/notice",
    **_batch("公示 Put up for notice", asked=examples.NOTICE, answer=examples.BATCH_NOTICED, refuses=(*_ON_BATCH, "NoticeBackdated")),
)
def give_notice(batch: schemas.BatchInPath, asked: schemas.NoticeAsked, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Put a batch up for public notice, from today or later. It can be signed off once the last day is over."""
    return once.answer(200, asked, lambda intent_id: payments.give_notice(office, caller, batch, asked, intent_id))


@router.get("/payment-batches/{batch}/notice", **told("公示清单 The notice", answer=examples.NOTICE_SEEN, refuses=LOGGED))
def notice(batch: schemas.BatchInPath, caller: Anybody, office: OfficeHere) -> schemas.NoticeSeen:
    """What is put up for notice: orders, amounts, and parties by their ids; no company code, no person."""
    return payments.notice(office, caller, batch)


@router.get(
    "/payment-batches/{batch}/notice/csv",
    response_class=BankList,
    **told("公示清单 CSV The notice, as a CSV", answer=None, refuses=LOGGED, answered=CSV),
)
def notice_list(batch: schemas.BatchInPath, caller: Anybody, office: OfficeHere) -> BankList:
    """The same, to be put up elsewhere."""
    return BankList(payments.notice_list(office, caller, batch), headers=_attached(f"notice-{batch}.csv"))


@router.post(
    "/payment-batches/{batch}/take-out",
    **_batch(
        "剔除订单 Take an order out",
        asked=examples.TAKING_OUT,
        answer=examples.BATCH_EMPTIED,
        refuses=(*_ON_BATCH, "NotInBatch", "SameOfficer", "WrongRowState"),
    ),
)
def take_out(batch: schemas.BatchInPath, asked: schemas.TakingOut, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Take an order out, with a reason: on an objection before the bank file; after it because the bank has not paid it and will not.

    After the bank file another officer has to say so than the one who made it. Either way the order may be listed again.
    """
    return once.answer(200, asked, lambda intent_id: payments.take_out(office, caller, batch, asked, intent_id))


@router.post(
    "/payment-batches/{batch}/sign-off",
    **_batch(
        "审签 Sign a batch off",
        asked=examples.SIGN_OFF,
        answer=examples.BATCH_SIGNED,
        refuses=(*_ON_BATCH, "AccountMissing", "LineUnknown", "ListDiffers", "NoticeNotOver", "PastCutOff", "SameOfficer"),
    ),
)
def sign_off(batch: schemas.BatchInPath, asked: schemas.SignOff, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Sign a batch off, as another officer than the one who drew it up, by the hash of the list as read. It freezes the accounts."""
    return once.answer(200, asked, lambda intent_id: payments.sign_off(office, caller, batch, Digest(asked.list_hash), intent_id))


@router.post(
    "/payment-batches/{batch}/number",
    **_batch("登记文号 Give a document number", asked=examples.NUMBER, answer=examples.BATCH_NUMBERED, refuses=(*_ON_BATCH, "NumberTaken")),
)
def give_number(
    batch: schemas.BatchInPath, asked: schemas.DocumentNumber, caller: Payer, office: OfficeHere, once: WriteOnce
) -> JSONResponse:
    """Give a signed batch the number of the document by which it is paid."""
    return once.answer(200, asked, lambda intent_id: payments.give_number(office, caller, batch, asked.document_number, intent_id))


@router.post(
    "/payment-batches/{batch}/bank-file",
    **_batch(
        "生成银行文件 Make the bank file",
        answer=examples.BATCH_AT_BANK,
        refuses=(*_ON_BATCH, "AccountMissing", "LineUnknown", "PastCutOff", "RejectionUnderWay", "SettlementUnderWay"),
    ),
)
def make_file(batch: schemas.BatchInPath, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Make a batch's bank file, once. From here on no order leaves it by itself: the bank may have paid it."""
    return once.answer(200, {}, lambda intent_id: payments.make_file(office, caller, batch, intent_id))


@router.get(
    "/payment-batches/{batch}/bank-file/csv",
    response_class=BankList,
    **told("银行文件 CSV The bank file", answer=None, refuses=("BankFileOutdated", *_LOOKS), answered=CSV),
)
def bank_csv(batch: schemas.BatchInPath, caller: _Reader, office: OfficeHere) -> BankList:
    """What the bank is to pay, one line an order, with the accounts as they were signed off; refused while one of them is stopped."""
    return BankList(payments.bank_csv(office, caller, batch), headers=_attached(f"payment-batch-{batch}.csv"))


@router.get(
    "/payment-batches/{batch}/bank-file/excel",
    response_class=ExcelWorkbook,
    **told("银行文件 Excel The bank file as a workbook", answer=None, refuses=("BankFileOutdated", *_LOOKS), answered=EXCEL),
)
def bank_excel(batch: schemas.BatchInPath, caller: _Reader, office: OfficeHere) -> ExcelWorkbook:
    """The same as a workbook; every cell is text."""
    return ExcelWorkbook(payments.bank_excel(office, caller, batch), headers=_attached(f"payment-batch-{batch}.xlsx"))


@router.post(
    "/payment-batches/{batch}/withdraw",
    **_batch("撤回批次 Withdraw a batch", asked=examples.BATCH_WITHDRAWAL, answer=examples.BATCH_WITHDRAWN, refuses=_ON_BATCH),
)
def withdraw(
    batch: schemas.BatchInPath, asked: schemas.WithdrawalOfBatch, caller: Payer, office: OfficeHere, once: WriteOnce
) -> JSONResponse:
    """Give a batch up before its bank file; its orders may be listed again."""
    return once.answer(200, asked, lambda intent_id: payments.withdraw(office, caller, batch, asked.reason, intent_id))


# Paid, returned, paid again


@router.post(
    "/payment-batches/{batch}/paid",
    **_batch(
        "登记付款 Record payments",
        asked=examples.PAYMENTS_MADE,
        answer=examples.BATCH_PAID,
        refuses=(*TAGS, "NotFound", "NotInBatch", "NotYours", "OrderRepeated", "ReferenceUsed", "WrongRowState"),
    ),
)
def paid(batch: schemas.BatchInPath, asked: schemas.PaymentsMade, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Record under which references the bank paid, all or none, and settle the orders on the chain (拨付), each once for ever.

    What the chain did not settle stands in `unsettled`, with the reason; `settle` tries it again. A payment that is made again after a
    return is recorded here as well, under its own reference; its order is settled already.
    """
    return once.answer(200, asked, lambda intent_id: payments.paid(office, caller, batch, asked, intent_id))


@router.post(
    "/payment-batches/{batch}/settle",
    **_batch("补办链上拨付 Settle what is left", answer=examples.BATCH_PAID, refuses=("NotFound", "NotYours")),
)
def settle(batch: schemas.BatchInPath, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Settle on the chain what the bank paid and a crash or an outage left unsettled."""
    return once.answer(200, {}, lambda _: payments.settle(office, caller, batch))


@router.post(
    "/payment-batches/{batch}/returned",
    **_batch(
        "登记退票 Record a returned payment",
        asked=examples.RETURN_MADE,
        answer=examples.BATCH_RETURNED,
        refuses=(*TAGS, "NotFound", "NotInBatch", "NotYours", "ReferenceUsed", "WrongRowState"),
    ),
)
def give_back(batch: schemas.BatchInPath, asked: schemas.ReturnMade, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Record that the bank returned a payment. The settlement stands, and the order waits in `resend`."""
    return once.answer(200, asked, lambda intent_id: payments.give_back(office, caller, batch, asked, intent_id))


@router.post(
    "/payment-batches/{batch}/resend",
    **_batch(
        "列入重付 Put on the re-send list",
        asked=examples.RESEND,
        answer=examples.BATCH_RESENT,
        refuses=("AccountMissing", "NotFound", "NotInBatch", "NotOwed", "NotYours", "SameOfficer", "WrongRowState"),
    ),
)
def resend(batch: schemas.BatchInPath, asked: schemas.ResendAsked, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Put returned payments on the re-send list, as another officer than who recorded the return, into the accounts that count now."""
    return once.answer(200, asked, lambda intent_id: payments.resend(office, caller, batch, asked.orders, intent_id))


@router.get(
    "/payment-batches/{batch}/resend/csv",
    response_class=BankList,
    **told("重付清单 CSV The re-send list", answer=None, refuses=_LOOKS, answered=CSV),
)
def resend_csv(batch: schemas.BatchInPath, caller: _Reader, office: OfficeHere) -> BankList:
    """What came back and the bank is to pay again, in the form of the bank file."""
    return BankList(payments.resend_csv(office, caller, batch), headers=_attached(f"resend-{batch}.csv"))
