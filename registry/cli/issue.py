"""`tongquan issue` and `tongquan voucher`: issue from a list (发放), and look at what was issued."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli import parsing
from registry.cli.arguments import argument, flag, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session, array_in, contents_of
from registry.facts import Fact, Facts
from registry.model import Fen, Id, Time

app = group("创新券。 Vouchers.")

VoucherId = Annotated[Id, argument(parsing.record_id, "VOUCHER", "创新券编号", "The voucher's id")]
ProgrammeOption = Annotated[Id, option("--programme", parsing.record_id, "PROGRAMME", "券种编号", "The programme's id")]


def add_to(root: typer.Typer) -> None:
    """Add the command, which has no group."""
    command(
        root,
        "issue",
        uses=Uses.GATEWAY,
        example="tongquan issue list.csv --programme $PROGRAMME --face 10000yuan --denomination 1000yuan"
        " --use-by 2027-12-31 --claim-by 2028-03-31",
    )(issue)


def issue(
    session: Session,
    file: Annotated[
        Path,
        argument(
            None, "FILE", "名单（.xlsx、.csv 或 .json），每行企业代码、券号", "The list (.xlsx, .csv or .json): company code and serial"
        ),
    ],
    *,
    programme: ProgrammeOption,
    face: Annotated[Fen, option("--face", parsing.money, "MONEY", "面额，带单位", "Each voucher's face")],
    denomination: Annotated[Fen, option("--denomination", parsing.money, "MONEY", "最小抵用额，带单位", "The denomination")],
    use_by: Annotated[Time, option("--use-by", parsing.last_second, "DATE", "使用截止日（含）", "The last day to reserve")],
    claim_by: Annotated[Time, option("--claim-by", parsing.last_second, "DATE", "兑付截止日（含）", "The last day to redeem")],
    check: Annotated[bool, flag("--check", "只试运行，不发放", "Dry run; issue nothing")] = False,
) -> Answer:
    """
    按名单发放，全部成功或全部不发；同一名单重复提交即为同一次发放。 Issue a list, all or none; the same list again is the same issue.

    JSON 名单形如 A list in JSON is [{"firm": "91…", "serial": "CX-1"}, …]
    """
    terms: dict[str, Any] = {"programme": "0x" + programme.hex(), "face": str(face), "denomination": str(denomination)}
    if file.suffix == ".json":
        asked = terms | {"use_by": use_by, "claim_by": claim_by, "recipients": array_in(file)}
        if not check:
            return session.post("/v1/vouchers/rows", asked)
        return _checked(session.gateway.ask("/v1/vouchers/rows/check", asked))
    # In a form everything is text.
    terms |= {"use_by": str(use_by), "claim_by": str(claim_by)}
    if not check:
        return session.upload("/v1/vouchers", terms, {"list": file})
    return _checked(session.gateway.ask_with_files("/v1/vouchers/check", terms, contents_of({"list": file})))


def _checked(found: dict[str, Any]) -> Told:
    return Told(found, Exit.REFUSED if found["bad"] else Exit.DONE)


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan voucher list")
def list_(
    session: Session,
    *,
    programme: Annotated[Id | None, option("--programme", parsing.record_id, "PROGRAMME", "只看此券种", "Only of this programme")] = None,
) -> Iterator[dict[str, Any]]:
    """
    列出自己（或本地区）的创新券；服务机构不能列出，节点列出全部。 List one's own vouchers, or one's region's; a lab none, a node all.
    """
    asked = None if programme is None else "0x" + programme.hex()

    def listed(facts: Facts) -> Iterator[Fact]:
        return (voucher for voucher in map(facts.voucher, facts.vouchers()) if asked in (None, voucher["programme_id"]))

    return several(session, "/v1/vouchers", "vouchers", listed, programme=asked)


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan voucher show $VOUCHER")
def show(session: Session, voucher: VoucherId) -> Answer:
    """
    显示一张券及其全部经过。 Show a voucher and all that happened to it.
    """

    def shown(facts: Facts) -> Fact:
        # What an older ledger has of it, only the gateway that carried it over knows.
        return {"voucher": facts.voucher(voucher), "on_ledger": None, "history": facts.history_of(voucher)}

    return one(session, f"/v1/vouchers/0x{voucher.hex()}", "voucher", voucher, shown)


@command(app, "decision", uses=Uses.GATEWAY, example="tongquan voucher decision $VOUCHER")
def decision(session: Session, voucher: VoucherId) -> Answer:
    """
    为何发放这张券：逐条规则、依据、结论，可读给企业听。 Why a voucher was issued: each rule, its fact and verdict, to be read to the firm.
    """
    found: dict[str, Any] = session.gateway.get(f"/v1/vouchers/0x{voucher.hex()}/decision")
    # A person reads each way as a table of its own.
    told = found["decision"] | {"eligibility": [{"findings": way} for way in found["decision"]["eligibility"]]}
    return found if session.screen.as_json else told
