"""`tongquan opening`: carry an older ledger over (存量台账): check its list, issue it, see what waits, prove it against the chain."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import ProgrammeId, argument, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.order import DAY, Days
from registry.cli.programme import text_of
from registry.cli.session import Session, content_of, contents_of
from registry.cli.settings import SettingRefused
from registry.cli.signing import prepare_claim
from registry.codec import id_of
from registry.errors import Rejected
from registry.model import Id
from registry.programme_file import ProgrammeFileRefused, read_programme_file

app = group("存量台账：预检、结转、在途申请、核验。 Carry an older ledger over: check, issue, claims in flight, proof.")

ListFile = Annotated[Path, argument(None, "LIST", "存量台账名单（.xlsx 或 .csv）", "The ledger's list (.xlsx or .csv)")]
RuleFile = Annotated[Path, option("--programme-file", None, "FILE", "存量台账券种文件（TOML）", "The programme's file (TOML)")]


@command(app, "check", uses=Uses.GATEWAY, example="tongquan opening check ledger.csv --programme-file opening.toml")
def check(session: Session, file: ListFile, *, programme_file: RuleFile) -> Answer:
    """
    开设券种之前预检名单与控制总数，不发放。 Dry run before the programme is opened: bad rows, and totals that differ. Issues nothing.
    """
    fields = {"programme_file": text_of(programme_file)}
    found = session.gateway.ask_with_files("/v1/openings/check", fields, contents_of({"list": file}))
    return Told(found, Exit.REFUSED if found["bad"] or found["differing"] else Exit.DONE)


@command(app, "issue", uses=Uses.GATEWAY, example="tongquan opening issue ledger.csv --programme $OPENING")
def issue(
    session: Session,
    file: ListFile,
    *,
    programme: Annotated[Id, option("--programme", parsing.record_id, "PROGRAMME", "存量台账券种编号", "The programme's id")],
) -> Answer:
    """
    按名单结转上链；中断后重复同一命令即可继续，已完成后再执行不再发放。 Issue the list; a run that was broken off goes on.
    """
    asked, issued = {"programme": "0x" + programme.hex()}, 0
    while True:
        step = session.upload("/v1/openings", asked, {"list": file})
        issued += step["issued_vouchers"]
        if not step["left"]:
            done = {name: value for name, value in step.items() if name != "left"}
            return done | {"issued_vouchers": issued}
        if not step["issued_vouchers"]:
            raise Rejected("OpeningStuck", {"vouchers": step["left"]})


@command(app, "show", uses=Uses.GATEWAY, example="tongquan opening show $OPENING")
def show(session: Session, programme: ProgrammeId) -> Answer:
    """
    显示控制总数与链上结转情况。 Show the ledger's totals, and whether the chain comes to them.
    """
    return session.gateway.get(f"/v1/openings/0x{programme.hex()}")


@command(app, "vouchers", uses=Uses.GATEWAY, example="tongquan opening vouchers $OPENING")
def vouchers(session: Session, programme: ProgrammeId) -> Iterator[dict[str, Any]]:
    """
    列出结转的券及其原张号。 List the vouchers that were carried over, with the numbers printed on their notes.
    """
    return session.pages(f"/v1/openings/0x{programme.hex()}/vouchers", "vouchers")


@command(app, "claims", uses=Uses.GATEWAY, example="tongquan opening claims $OPENING")
def claims(session: Session, programme: ProgrammeId) -> Iterator[dict[str, Any]]:
    """
    列出在途申请及各自等待哪一方。 List the claims that were in flight, and whom each waits for.
    """
    return session.pages(f"/v1/openings/0x{programme.hex()}/claims", "claims")


@command(
    app,
    "prepare",
    uses=Uses.GATEWAY | Uses.DOMAIN,
    example="tongquan opening prepare claim-order.json claim.json --voucher $CLAIM --report report.pdf",
)
def prepare(
    session: Session,
    order: Annotated[Path, argument(None, "ORDER", "要写入的订单文件", "The order's new file")],
    redemption: Annotated[Path, argument(None, "REDEMPTION", "要写入的兑付申请文件", "The redemption's new file")],
    *,
    voucher: Annotated[Id, option("--voucher", parsing.record_id, "VOUCHER", "为该申请发放的券", "The voucher issued for the claim")],
    report: Annotated[Path, option("--report", None, "FILE", "成果报告；只用其 SHA-256", "The result's report; only its SHA-256 is used")],
    valid_days: Days = 1,
) -> Answer:
    """
    由网关按名单准备在途申请的订单与兑付申请，供企业与服务机构签名。 Prepare a claim's order and redemption for firm and lab to sign.

    先签订单并提交，再签兑付申请并提交。 Sign and submit the order first, then the redemption: order sign, order submit, redeem sign, …
    """
    report_sha256 = hashlib.sha256(content_of(report)).hexdigest()
    asked = {"voucher_id": "0x" + voucher.hex(), "report_sha256": report_sha256, "valid_seconds": valid_days * DAY}
    return prepare_claim(session, order, redemption, asked)


@command(app, "prove", uses=Uses.NODE, example="tongquan opening prove ledger.csv --programme-file opening.toml")
def prove(session: Session, file: ListFile, *, programme_file: RuleFile) -> Answer:
    """
    只凭节点、券种文件与名单核验结转；不符即退出码 5。 Prove file and list against a node alone; what differs is exit status 5.
    """
    try:
        read = read_programme_file(text_of(programme_file))
    except ProgrammeFileRefused as refused:
        raise SettingRefused("programme_file", *refused.words) from refused
    if read.opening is None:
        raise SettingRefused("programme_file", "该文件没有 [opening]。", f"{programme_file} has no table opening.")
    programme_id, totals = id_of(read.programme), read.opening.totals
    with session.snapshot() as snapshot:
        ledger = snapshot.ledger
        opened = programme_id in ledger.programmes
        faces = [ledger.vouchers[each].face for each in ledger.vouchers if ledger.vouchers[each].programme == programme_id]
    list_sha256 = hashlib.sha256(content_of(file)).hexdigest()
    named, expected = list_sha256 == read.opening.list_sha256, totals.remaining + totals.in_flight
    found = {
        "programme_id": programme_id,
        "code": read.programme.code,
        "policy_hash": read.programme.policy_hash,
        "on_chain": opened,
        "list_sha256": list_sha256,
        "list_named": named,
        "issued_vouchers": len(faces),
        "issued_face": str(sum(faces)),
        "expected_face": str(expected),
        "agrees": opened and named and sum(faces) == expected,
    }
    return Told(found, Exit.DONE if found["agrees"] else Exit.DIFFERENT)
