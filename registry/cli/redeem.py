"""`tongquan redeem`: ask for the money of a finished service (申请兑付)."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import Cost, NewFile, Reason, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.documents import Kind
from registry.cli.order import DAY, Days
from registry.cli.session import Session, content_of
from registry.cli.signing import DocumentFile, add_signing, prepare, read_of
from registry.errors import Rejected
from registry.model import Fen, Id

app = group("申请兑付：准备、签名、提交。 Redemptions: prepare, sign, submit.")


@command(
    app,
    "prepare",
    uses=Uses.GATEWAY | Uses.DOMAIN,
    example="tongquan redeem prepare redeem.json --order $ORDER --cost 8000yuan --seller $SELLER --contract C-1"
    " --invoice 00131219 --invoice-code 3100131320 --invoice-amount 8000yuan --report report.pdf",
)
def prepare_(
    session: Session,
    file: NewFile,
    *,
    order: Annotated[Id, option("--order", parsing.record_id, "ORDER", "订单编号", "The order's id")],
    cost: Cost,
    seller: Annotated[str, option("--seller", None, "CODE", "开票单位代码", "The company code of who invoices")],
    contract: Annotated[str, option("--contract", None, "TEXT", "服务合同编号", "The service contract's number")],
    invoice: Annotated[str, option("--invoice", None, "NUMBER", "发票号码：数电发票 20 位，旧发票 8 位", "The invoice's number")],
    invoice_amount: Annotated[
        Fen, option("--invoice-amount", parsing.money, "MONEY", "发票金额（含税），带单位", "The invoice's amount, tax included")
    ],
    report: Annotated[Path, option("--report", None, "FILE", "成果报告；只用其 SHA-256", "The result's report; only its SHA-256 is used")],
    invoice_code: Annotated[str | None, option("--invoice-code", None, "CODE", "旧发票代码", "An older invoice's code")] = None,
    subsidy: Annotated[
        Fen | None, option("--subsidy", parsing.money, "MONEY", "申请补贴，默认按规则取最高", "The subsidy; by default the most")
    ] = None,
    valid_days: Days = 1,
) -> Answer:
    """
    由网关准备待签兑付申请，逐项核对后写入新文件。 Let the gateway prepare a redemption, check it, and write it to a new file.

    现在会被拒的，一并说明原因，文件照写。 Why it would be refused now is told as well; the file is written all the same.

    企业不获知发票与合同已被如何使用。 A firm is not told what was claimed on an invoice or under a contract.
    """
    asked: dict[str, Any] = {
        "order": "0x" + order.hex(),
        "cost": str(cost),
        "agreement": {"seller": seller, "number": contract},
        "invoice": {"number": invoice} | ({"code": invoice_code} if invoice_code else {}),
        "invoice_amount": str(invoice_amount),
        "report_sha256": hashlib.sha256(content_of(report)).hexdigest(),
        "valid_seconds": valid_days * DAY,
    }
    asked |= {"subsidy": str(subsidy)} if subsidy is not None else {}
    return prepare(session, Kind.REDEMPTION, file, asked)


@command(app, "stand-in", uses=Uses.GATEWAY | Uses.DOMAIN, example="tongquan redeem stand-in stand-in.json --reason 企业已注销")
def stand_in(session: Session, file: DocumentFile, *, reason: Reason) -> Answer:
    """
    审核机构代未获付款的一方签名；文件须有获付款一方的签名。 As a reviewer, sign in place of the party that is not paid.
    """
    document = read_of(Kind.REDEMPTION, file)
    document.record(session.domain)
    if len(document.signatures) != 1:
        raise Rejected("SignatureMissing", {"signed_by": sorted(document.signatures)})
    (signature,) = document.signatures.values()
    asked = {"typed_data": dict(document.typed_data), "signature": "0x" + signature.hex(), "reason": reason}
    return session.post("/v1/redemptions/stand-in", asked)


add_signing(app, Kind.REDEMPTION, "redeem", stated="--subsidy 4800yuan ")
