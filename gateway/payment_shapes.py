"""From the payment book to answers. Pure: whoever calls has decided that the reader may see it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from gateway import schemas
from registry import BatchRow, BudgetLine, Id, Ledger, PayeeAccount, PaymentBatch, PaymentBook, RowState, Unpaid

_SENT_BACK = frozenset({RowState.RETURNED, RowState.RESENT})


def budget_line_seen(book: PaymentBook, line: BudgetLine, carried: Sequence[Unpaid] | None) -> schemas.BudgetLineSeen:
    """A budget line; `carried` is what it leaves to the next year's, once it is closed."""
    used = book.used(line.key)
    unpaid = (
        None if carried is None else [schemas.UnpaidSeen(order_id=each.order, amount=each.amount, batch=each.batch) for each in carried]
    )
    return schemas.BudgetLineSeen(
        programme=line.key.programme,
        year=line.key.year,
        line=line.key.code,
        amount=line.amount,
        cut_off=line.cut_off.isoformat(),
        closed=carried is not None,
        used=used,
        paid=book.paid(line.key),
        left=line.amount - used,
        carried_over_total=None if carried is None else sum(each.amount for each in carried),
        carried_over=unpaid,
    )


def account_seen(book: PaymentBook, account: PayeeAccount) -> schemas.AccountSeen:
    """One version of a payee's account."""
    confirmed = account.confirmed
    return schemas.AccountSeen(
        payee=account.payee,
        version=account.version,
        bank_name=account.bank,
        account_name=account.name,
        account_number=account.number,
        proposed_at=account.proposed.at,
        proposed_by=account.proposed.by,
        confirmed_at=None if confirmed is None else confirmed.at,
        confirmed_by=None if confirmed is None else confirmed.by,
        counts=book.confirmed(account.payee) is account,
    )


def batch_brief(batch: PaymentBatch) -> schemas.BatchBrief:
    """A batch on a list."""
    return schemas.BatchBrief(
        batch=batch.number,
        stage=batch.stage.value,
        programme=batch.drawn.line.programme,
        code=batch.drawn.programme,
        year=batch.drawn.line.year,
        line=batch.drawn.line.code,
        document_number=batch.document_number,
        count=len(batch.standing),
        total=batch.total,
        resend=_resend(batch),
    )


def batch_seen(
    batch: PaymentBatch, ledger: Ledger, *, has_account: AbstractSet[Id], unsettled: Mapping[Id, str], block: schemas.BlockSeen
) -> schemas.BatchSeen:
    """A batch, with what the chain says of its orders."""
    return schemas.BatchSeen(
        **dict(batch_brief(batch)),
        drawn_at=batch.drawn_up.at,
        drawn_by=batch.drawn_up.by,
        list_hash=batch.list_hash,
        notice=_notice(batch),
        signed=_signed(batch),
        bank_file=_bank_file(batch),
        orders=[_row(row, ledger, has_account) for row in batch.standing],
        out=[_out(row) for _, row in sorted(batch.rows.items()) if row.out is not None],
        unsettled=[schemas.UnsettledSeen(order_id=order, code=code) for order, code in unsettled.items()],
        block=block,
    )


def notice_seen(batch: PaymentBatch, block: schemas.BlockSeen) -> schemas.NoticeSeen:
    """A batch that was put up for notice: parties by their ids, a lab by its code as well."""
    notice = _notice(batch)
    if notice is None:
        raise ValueError("the batch was not put up for notice")
    rows = [
        schemas.NoticeRow(
            order_id=row.listed.order,
            amount=row.listed.amount,
            paid_to=row.listed.paid_to.name,
            payee=row.listed.payee,
            lab_code=row.listed.lab_code,
        )
        for row in batch.standing
    ]
    return schemas.NoticeSeen(
        batch=batch.number,
        programme=batch.drawn.programme,
        **dict(notice),
        count=len(rows),
        total=batch.total,
        orders=rows,
        block=block,
    )


def _resend(batch: PaymentBatch) -> list[bytes]:
    return [row.listed.order for row in batch.standing if row.state in _SENT_BACK]


def _notice(batch: PaymentBatch) -> schemas.NoticeGiven | None:
    if batch.notice is None or batch.notice_until is None:
        return None
    return schemas.NoticeGiven(first_day=batch.notice.first_day, last_day=batch.notice_until.isoformat())


def _signed(batch: PaymentBatch) -> schemas.SignedOffSeen | None:
    if batch.signed is None or batch.signed_off is None:
        return None
    return schemas.SignedOffSeen(list_hash=batch.signed.list_hash, at=batch.signed_off.at, by=batch.signed_off.by)


def _bank_file(batch: PaymentBatch) -> schemas.BankFileMadeSeen | None:
    if batch.file is None or batch.file_made is None:
        return None
    return schemas.BankFileMadeSeen(sha256=batch.file.sha256, count=len(batch.file.orders), at=batch.file_made.at, by=batch.file_made.by)


def _row(row: BatchRow, ledger: Ledger, has_account: AbstractSet[Id]) -> schemas.BatchRowSeen:
    listed = row.listed
    return schemas.BatchRowSeen(
        order_id=listed.order,
        amount=listed.amount,
        paid_to=listed.paid_to.name,
        payee=listed.payee,
        lab_code=listed.lab_code,
        state=row.state.value,
        has_account=listed.order in has_account,
        account_version=None if row.account is None else row.account.version,
        references=[each.text for each in row.references],
        returns=[
            schemas.ReturnSeen(bank_reference=each.reference, reason=each.reason, at=each.returned.at, by=each.returned.by)
            for each in row.returns
        ],
        stage=ledger.orders[listed.order].stage.name,
    )


def _out(row: BatchRow) -> schemas.OutSeen:
    if row.out is None or row.left is None:
        raise ValueError("the order did not leave")
    return schemas.OutSeen(
        order_id=row.listed.order,
        amount=row.listed.amount,
        cause=row.out.cause.value,
        reason=row.out.reason,
        at=row.left.at,
        by=row.left.by,
    )
