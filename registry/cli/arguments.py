"""Arguments and options that several commands share, each with its parser and its words, and what two of them say together."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli import parsing
from registry.cli.settings import SettingRefused
from registry.model import Address, Fen, Id, Region, Time


def argument(parser: Callable[[str], Any] | None, metavar: str, zh: str, en: str) -> Any:
    """What is typed in its place."""
    return typer.Argument(parser=parser, metavar=metavar, help=f"{zh}。 {en}.", show_default=False)


def option(name: str, parser: Callable[[str], Any] | None, metavar: str, zh: str, en: str) -> Any:
    """What is typed behind its name."""
    return typer.Option(name, parser=parser, metavar=metavar, help=f"{zh}。 {en}.", show_default=False)


def flag(name: str, zh: str, en: str) -> Any:
    """What is typed or not."""
    return typer.Option(name, help=f"{zh}。 {en}.", show_default=False)


OrderId = Annotated[Id, argument(parsing.record_id, "ORDER", "订单编号", "The order's id")]
OrderIds = Annotated[list[Id], argument(parsing.record_id, "ORDER…", "订单编号，可多个，全部成功或全部不办", "Orders' ids, all or none")]
LabId = Annotated[Id, argument(parsing.record_id, "LAB", "服务机构编号", "The lab's id")]
SubjectId = Annotated[Id, argument(parsing.record_id, "SUBJECT", "企业或服务机构编号", "The firm's or lab's id")]
ProgrammeId = Annotated[Id, argument(parsing.record_id, "PROGRAMME", "券种编号", "The programme's id")]
RegionCode = Annotated[Region, argument(parsing.region, "REGION", "地区代码", "The region's code")]
AccountAddress = Annotated[Address, argument(parsing.address, "ACCOUNT", "账户地址", "The account")]
SignerAddress = Annotated[Address, option("--signer", parsing.address, "ACCOUNT", "签名账户", "The account that signs")]
Reason = Annotated[str, option("--reason", None, "TEXT", "原因；文字留在本平台，上链的只有加盐哈希", "Why; the words stay at the gateway")]
Yes = Annotated[bool, flag("--yes", "不再询问", "Ask nothing")]
NewFile = Annotated[Path, argument(None, "FILE", "要写入的新文件", "The new file to write")]

VoucherRegion = Annotated[Region, option("--region", parsing.region, "REGION", "发券地区代码", "The region that issued the voucher")]
FirmCode = Annotated[str, option("--firm", None, "CODE", "企业统一社会信用代码或团队代码", "The firm's company code")]
Serial = Annotated[str, option("--serial", None, "SERIAL", "券号", "The serial printed on the voucher")]
Project = Annotated[str, option("--project", None, "TEXT", "项目编号或名称", "The firm's project")]
LeadFirm = Annotated[
    str | None, option("--lead-firm", None, "CODE", "联合项目牵头企业的代码", "Whose project it is, if another firm's: its company code")
]
LeadSerial = Annotated[str | None, option("--lead-serial", None, "SERIAL", "牵头企业的券号", "The serial of a voucher of that firm")]
Amount = Annotated[
    Fen, option("--amount", parsing.money, "MONEY", "金额，带单位，如 4800元", "An amount with its unit: 4800yuan or 480000fen")
]
Cost = Annotated[Fen, option("--cost", parsing.money, "MONEY", "服务费用，带单位", "The service's cost with its unit")]
Until = Annotated[Time, option("--until", parsing.last_second, "DATE", "截止日（含）", "The last day, inclusive")]


def project_asked(region: Region, project: str, firm: str | None, serial: str | None) -> dict[str, Any]:
    """A project of the voucher's firm, or of the lead firm that is named by a voucher of its own from the same region."""
    if (firm is None) != (serial is None):
        raise SettingRefused("lead", "--lead-firm 与 --lead-serial 须同时给出。", "--lead-firm and --lead-serial go together.")
    return {"project": project} | ({"lead": {"region": region, "firm": firm, "serial": serial}} if firm else {})
