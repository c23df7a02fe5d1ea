"""
`tongquan evidence`: what a redemption is handed in with (兑付材料): hand in, check, show, fetch, draw a sample, take originals.

What a gateway says of a file or a bundle is worked out here as well, and refused where it is something else.
"""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.bundle import Bundle, BundleDocument, StatedContract, StatedInvoice, StatedPayment, drawn
from registry.cli import parsing
from registry.cli.arguments import NewFile, OrderId, argument, flag, option
from registry.cli.command import Answer, Differs, Exit, Told, Uses, command, group
from registry.cli.reading import reads_node
from registry.cli.session import Session, content_of, write_file
from registry.cli.settings import SettingRefused
from registry.corrections import corrected as corrected_by
from registry.errors import Rejected
from registry.facts import Facts
from registry.model import Digest, Fen, Id, Region, Time
from registry.tags import CodeRefused

app = group("兑付材料：上传登记、核对清单、查看、抽样。 Evidence: hand in, check, read, sample.")

_STATED = "--seller $SELLER --contract C-1 --invoice 00131219 --invoice-code 3100131320 --invoice-amount 8000yuan"
_DOCUMENTS = "--document 服务合同=contract.pdf --document 发票=invoice.pdf --document 成果报告=report.pdf"


@command(app, "hand-in", uses=Uses.GATEWAY, example=f"tongquan evidence hand-in $ORDER {_DOCUMENTS} {_STATED}")
def hand_in(
    session: Session,
    order: OrderId,
    *,
    document: Annotated[
        list[str] | None,
        option("--document", None, "KIND=FILE", "材料种类=文件，可多次；种类用券种规则的原词", "A document by its kind; repeat for each"),
    ] = None,
    seller: Annotated[str | None, option("--seller", None, "CODE", "开票单位代码", "The company code of who invoices")] = None,
    contract: Annotated[str | None, option("--contract", None, "TEXT", "服务合同编号", "The service contract's number")] = None,
    not_registered: Annotated[bool, flag("--not-registered", "合同未作技术合同登记", "It is no registered technical contract")] = False,
    registration: Annotated[
        str | None, option("--registration", None, "TEXT", "技术合同登记编号", "Its number as a registered technical contract")
    ] = None,
    voucher_amount: Annotated[
        Fen | None, option("--voucher-amount", parsing.money, "MONEY", "合同标明的创新券金额", "The voucher amount that it states")
    ] = None,
    invoice: Annotated[str | None, option("--invoice", None, "NUMBER", "发票号码", "The invoice's number")] = None,
    invoice_code: Annotated[str | None, option("--invoice-code", None, "CODE", "旧发票代码", "An older invoice's code")] = None,
    invoice_amount: Annotated[
        Fen | None, option("--invoice-amount", parsing.money, "MONEY", "发票金额（含税）", "The invoice's amount, tax included")
    ] = None,
    paid: Annotated[
        Fen | None, option("--paid", parsing.money, "MONEY", "付款凭证金额，对应上述发票", "What was paid for it by the proof of payment")
    ] = None,
    report_form: Annotated[str | None, option("--report-form", None, "TEXT", "成果报告的形式", "The report's form")] = None,
    salt: Annotated[
        Digest | None,
        option("--salt", parsing.digest, "SALT", "另一网关准备申请时的盐", "The salt of a redemption that another gateway prepared"),
    ] = None,
    file: Annotated[
        Path | None,
        option(
            "--file", None, "FILE", "另存登记内容（新文件），无报告时作为成果", "Write the bundle to a new file: a result without a report"
        ),
    ] = None,
    corrected: Annotated[
        bool, flag("--corrected", "补正：只交被退回的，其余自动沿用", "Only what was sent back; all else is carried over")
    ] = False,
) -> Answer:
    """
    上传全部材料并登记其内容；以最后一次登记为准。 Upload all documents and state what they say; the last statement counts.
    """
    if not document and not corrected:
        raise SettingRefused("document", "请用 --document 指明材料。", "Name the documents by --document.")
    files = [_named(each) for each in document or ()]
    contents = {path: content_of(path) for _, path in files}
    if (seller is None) != (contract is None):
        raise SettingRefused("contract", "--seller 与 --contract 须同时给出。", "--seller and --contract go together.")
    if (invoice is None) != (invoice_amount is None):
        raise SettingRefused("invoice", "--invoice 与 --invoice-amount 须同时给出。", "--invoice and --invoice-amount go together.")
    registered = False if not_registered else None if registration is None else True
    try:
        bundle = Bundle(
            documents=tuple(BundleDocument(kind=kind, sha256=hashlib.sha256(contents[path]).hexdigest()) for kind, path in files),
            contract=None
            if seller is None or contract is None
            else StatedContract(
                seller=seller, number=contract, registered=registered, registration=registration, voucher_amount=voucher_amount
            ),
            invoice=None
            if invoice is None or invoice_amount is None
            else StatedInvoice(number=invoice, code=invoice_code, amount=invoice_amount),
            payment=None if paid is None or invoice is None else StatedPayment(amount=paid, number=invoice, code=invoice_code),
            report_form=report_form,
        )
    except CodeRefused as wrong:
        raise SettingRefused("evidence", *wrong.words) from wrong
    path = _path(order)
    for each, content in contents.items():
        taken = session.upload(f"{path}/documents", {}, {"file": each})
        _require_same(taken["sha256"], hashlib.sha256(content).hexdigest(), str(each))
    if corrected:
        asked, bundle = bundle, _corrected(session, order, bundle)
        found = session.post(f"{path}/corrected", asked.told())
    else:
        found = session.post(path, bundle.told() | {"salt": None if salt is None else "0x" + salt.hex()})
    _require_same(found["bundle_sha256"], bundle.hash.hex(), "bundle")
    if file is not None:
        write_file(file, bundle.canonical())
    return found


@command(app, "show", uses=Uses.GATEWAY, example="tongquan evidence show $ORDER")
def show(session: Session, order: OrderId) -> Answer:
    """
    查看订单的兑付材料；查看记录在案。 What was handed in for an order, with its warnings for reviewers. The look is logged.
    """
    return session.gateway.get(_path(order))


@command(app, "check", uses=Uses.GATEWAY, example="tongquan evidence check $ORDER --programme-file programme.toml")
def check(
    session: Session,
    order: OrderId,
    *,
    programme: Annotated[
        Id | None,
        option("--programme", parsing.record_id, "PROGRAMME", "另一券种编号，默认本订单的", "Another programme; by default its own"),
    ] = None,
    programme_file: Annotated[
        Path | None,
        option("--programme-file", None, "FILE", "券种规则文件，网关没有时给出", "The programme's file, where the gateway has it not"),
    ] = None,
) -> Answer:
    """
    提交前核对：该券种还缺什么；齐备 0，否则 1。 What is missing for a programme, before submission; exit status 0 if nothing, else 1.
    """
    asked = {
        "programme": None if programme is None else "0x" + programme.hex(),
        "file": None if programme_file is None else content_of(programme_file).decode("utf-8", errors="replace"),
    }
    found = session.gateway.ask(f"{_path(order)}/check", asked)
    return Told(found, Exit.DONE if found["verdict"] == "HOLDS" else Exit.REFUSED)


@command(app, "get", uses=Uses.GATEWAY, example="tongquan evidence get $ORDER $REPORT_SHA256 original.pdf")
def get(
    session: Session,
    order: OrderId,
    sha256: Annotated[str, argument(None, "SHA256", "材料的 SHA-256", "The document's SHA-256")],
    file: NewFile,
) -> Answer:
    """
    取一份原件写入新文件，哈希不符则拒绝；调取记录在案。 Fetch one original to a new file, if its hash is right. The look is logged.
    """
    content = session.gateway.download(f"{_path(order)}/documents/{sha256}")
    _require_same(hashlib.sha256(content).hexdigest(), sha256, sha256)
    write_file(file, content)
    return {"sha256": sha256, "bytes": len(content), "file": str(file)}


@command(
    app,
    "sample",
    uses=Uses.GATEWAY | Uses.NODE,
    example="tongquan evidence sample --seed 2026年第四季度 --size 30 --from 2026-01-01 --until $SAMPLED_UNTIL",
)
def sample(
    session: Session,
    *,
    seed: Annotated[str, option("--seed", None, "TEXT", "种子，事先约定", "The seed, agreed on beforehand")],
    size: Annotated[
        int, typer.Option("--size", metavar="NUMBER", min=1, max=1_000, help="抽多少笔。 How many to draw.", show_default=False)
    ],
    from_: Annotated[Time, option("--from", parsing.first_second, "DATE", "起始日", "The first day")],
    until: Annotated[Time, option("--until", parsing.last_second, "DATE", "截止日（含），须已过", "The last day, which has to be over")],
    region: Annotated[
        Region | None, option("--region", parsing.region, "REGION", "地区；读节点时必填", "Whose orders; asked for where a node is read")
    ] = None,
) -> Answer:
    """
    按种子从该地区已申请兑付的订单中抽样，人人可复现。 Draw orders by a seed, which anybody draws again, from a gateway or a node.
    """
    if not reads_node(session):
        return session.gateway.ask("/v1/evidence/sample", {"seed": seed, "size": size, "from": from_, "until": until})
    if region is None:
        raise SettingRefused("region", "读节点时须用 --region 指明地区。", "Where a node is read, --region says whose orders.")
    with session.snapshot() as snapshot:
        if snapshot.time <= until:
            raise Rejected("PeriodNotOver", {"until": until, "time": snapshot.time})
        facts = Facts(snapshot)
        population = facts.redeemed_between(region, from_, until)
        orders = [{"order_id": "0x" + each.hex(), "stage": facts.order(each)["stage"]} for each in drawn(seed, population, size)]
        population_sha256 = hashlib.sha256(b"".join(population)).hexdigest()
        return {
            "orders": orders,
            "population": len(population),
            "population_sha256": population_sha256,
            "block": facts.block(time.time()),
        }


@command(app, "originals", uses=Uses.GATEWAY, example="tongquan evidence originals $SETTLED_ORDER --file originals.zip")
def originals(
    session: Session,
    orders: Annotated[list[Id], argument(parsing.record_id, "ORDER…", "订单编号，至多 20 个", "Orders' ids, at most 20")],
    *,
    file: Annotated[Path, option("--file", None, "FILE", "要写入的新文件（ZIP）", "The new file to write (ZIP)")],
) -> Answer:
    """
    审计调取原件，逐份核对哈希；有缺失或改动退出码为 5。 An auditor's originals, each hashed again; 5 if one is gone or altered.
    """
    content = session.gateway.download("/v1/evidence/originals", {"orders": ["0x" + each.hex() for each in orders]})
    write_file(file, content)
    found = list(_documents_in(content))
    wrong = [each for each in found if each["state"] != "INTACT"]
    told = {"clean": not wrong, "documents": len(found), "differences": wrong, "sha256": hashlib.sha256(content).hexdigest()}
    return Told(told | {"file": str(file)}, Exit.DIFFERENT if wrong else Exit.DONE)


def _documents_in(content: bytes) -> Iterator[dict[str, Any]]:
    """Every document that an archive's manifest names, with what its own bytes say of it."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for order in json.loads(packed.read("manifest.json"))["orders"]:
            for each in order["documents"]:
                intact = each["file"] is not None and hashlib.sha256(packed.read(each["file"])).hexdigest() == each["sha256"]
                state = "ALTERED" if each["state"] == "INTACT" and not intact else each["state"]
                yield {"order_id": order["order_id"], "sha256": each["sha256"], "state": state}


def _corrected(session: Session, order: Id, sent: Bundle) -> Bundle:
    """What the bundle becomes by what is sent again, from the one that counts now."""
    before = session.gateway.get(_path(order))["bundle"]
    checklist = session.gateway.get(f"/v1/orders/0x{order.hex()}/corrections")["checklist"]
    named = [each["document"] for each in checklist if each["reasons"]]
    return Bundle() if before is None else corrected_by(Bundle.read(before), sent, named)


def _named(text: str) -> tuple[str, Path]:
    kind, separator, path = text.partition("=")
    if not (kind and separator and path):
        raise SettingRefused("document", f"须为 种类=文件，而非 {text}。", f"KIND=FILE is asked for, not {text}.")
    return kind, Path(path)


def _require_same(told: str, ours: str, what: str) -> None:
    if told != ours:
        raise Differs("EvidenceDiffers", f"网关所示与所交不符。 The gateway has something else: {what}.", {"ours": ours, "theirs": told})


def _path(order: Id) -> str:
    return f"/v1/orders/0x{order.hex()}/evidence"
