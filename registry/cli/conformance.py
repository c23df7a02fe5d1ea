"""`tongquan conformance`: a region that wants to join rehearses every verb against its own gateway and node, and signs what came of it."""

import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from registry.china import china_time
from registry.cli import parsing
from registry.cli.arguments import NewFile, argument, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.screen import Bar
from registry.cli.session import Session, content_of
from registry.cli.settings import SettingRefused
from registry.files import require_new, write_new
from registry.model import Address, Region

if typing.TYPE_CHECKING:
    from registry.conformance.report import Known, Outcome, Result, SignedReport
    from registry.conformance.run import Tell

app = group("符合性测试：拟加入的地区在演练网络上逐项检验自己的网关。 A candidate region rehearses against its own gateway.")

_OWN = Uses.NODE | Uses.KEY | Uses.KEY_IN_DEVICE
_GATEWAY_FILES = {
    "deployment": "deployment.json",
    "tag_keys": "tag-keys.json",
    "accounts": "keys/accounts.json",
    "api_keys_script": "api-keys.sh",
}

Folder = Annotated[Path, argument(None, "FOLDER", "演练目录", "The rehearsal's folder")]
ReportFile = Annotated[Path, argument(None, "REPORT", "符合性报告", "A conformance report")]
PageFile = Annotated[Path | None, option("--page", None, "FILE", "另写可读的报告（新文件）", "Write the page for people to a new file")]
ChainId = Annotated[int, option("--chain-id", None, "N", "演练网络的链号", "The chain id of the rehearsal's network")]
UsedChain = Annotated[
    int | None,
    option("--used-chain", None, "N", "链上已有其他内容时，写明其链号", "Where the chain holds other things already: its chain id"),
]


@command(
    app, "prepare", uses=_OWN, example="tongquan conformance prepare rehearsal --region 650999 --chain-id $CHAIN_ID --keystore admin.json"
)
def prepare(
    session: Session,
    folder: Folder,
    *,
    region: Annotated[Region, option("--region", parsing.region, "REGION", "本地区代码", "One's own region's code")],
    chain_id: ChainId,
) -> Answer:
    """
    在演练网络上部署合约，生成全部测试密钥；以本地区管理密钥签名。 Deploy on a rehearsal's network, and make all test keys.

    中断后重复同一命令即可继续，密钥不变。 If it breaks off, the same command goes on, with the same keys.

    两个伙伴地区由本命令扮演。不得用于正式网络：须写明链号，与节点不符即拒绝（退出码 2）。
    Two partner regions are played by the command itself. Never on the production network: its chain id has to be named.
    """
    from registry.conformance.rehearsal import prepare as make  # noqa: PLC0415 - slow to load, as the key files are

    found = session.bare_node.chain_id()
    if found != chain_id:
        raise SettingRefused("chain_id", f"节点的链号是 {found}，未部署。", f"The node's chain id is {found}; nothing was deployed.")
    zh, en = "已中断；重复同一命令即可继续，密钥不变。", "Broken off: the same command goes on, with the same keys."
    with _if_broken_off(session, zh, en), session.screen.progress("正在部署并生成密钥…", "Deploying, and making keys…"):
        make(session.bare_node, folder, region, session.signing_account)
    files = {name: folder / path for name, path in _GATEWAY_FILES.items()}
    return {"folder": folder, "region": region, "chain_id": chain_id, "admin": session.account, **files}


@command(
    app, "run", uses=_OWN | Uses.GATEWAY, example="tongquan conformance run rehearsal report.json --page report.txt --keystore admin.json"
)
def run(session: Session, folder: Folder, report: NewFile, *, page: PageFile = None, used_chain: UsedChain = None) -> Answer:
    """
    逐项检验网关，写出以本地区管理密钥签署的报告；有不符时退出码为 5。 Play every check, and write the signed report; 5 if one failed.

    链上若有全新部署以外的内容即拒绝（退出码 1），除非以 --used-chain 写明链号。
    Refused where the chain holds anything but a fresh deployment, unless its chain id is named.
    """
    from registry.conformance.rehearsal import Rehearsal  # noqa: PLC0415 - slow to load
    from registry.conformance.run import rehearse  # noqa: PLC0415 - as above

    require_new(report, page)
    rehearsal, url = Rehearsal.open(folder), session.told("gateway_url")
    zh = "已中断；未写出报告。若已有检查项上链，本次演练即告作废：请在新的网络上以新目录重新 prepare。"
    en = "Broken off; no report was written. If a check has sent anything, this rehearsal is spent: prepare a new folder on a new network."
    with _if_broken_off(session, zh, en), session.screen.progress("正在检验…", "Checking…") as bar:
        made = rehearse(rehearsal, session.bare_node, url, session.signing_account, used_chain=used_chain, tell=_teller(session, bar))
    return _written(session, made, report, page)


@command(
    app,
    "continue",
    uses=_OWN | Uses.GATEWAY,
    example="tongquan conformance continue rehearsal report.json whole-report.json --keystore admin.json",
)
def continue_(session: Session, folder: Folder, earlier: ReportFile, report: NewFile, *, page: PageFile = None) -> Answer:
    """
    补测先前未到期的检查项（如月度核对），写出完整的报告。 Play what was not due before, and write the whole report.
    """
    from registry.conformance.rehearsal import Rehearsal  # noqa: PLC0415 - slow to load
    from registry.conformance.run import go_on  # noqa: PLC0415 - as above

    require_new(report, page)
    before, rehearsal, url = _read(earlier), Rehearsal.open(folder), session.told("gateway_url")
    zh = "已中断；未写出报告。已上链的检查项不能再补测：若再次 continue 时有不符，请重新演练。"
    en = (
        "Broken off; no report was written. What a check has sent cannot be played again: if one fails in the next continue, rehearse anew."
    )
    with _if_broken_off(session, zh, en), session.screen.progress("正在检验…", "Checking…") as bar:
        made = go_on(before, rehearsal, session.bare_node, url, session.signing_account, tell=_teller(session, bar))
    told = _written(session, made, report, page)
    played = _newly_played(before, made)
    if not played:
        _say_that_nothing_was_due(session, told.body)
    return Told({**told.body, "played": played}, told.exit)


def _newly_played(before: "SignedReport", made: "SignedReport") -> list[str]:
    """What was not due in the one report, and came to something in the other."""
    waited = {each.id for each in before.results if each.due is not None}
    return [each.id for each in made.results if each.id in waited and each.due is None]


def _say_that_nothing_was_due(session: Session, told: Mapping[str, Any]) -> None:
    at, waits = china_time(told["chain_time"]), [each["due_at"] for each in told["not_due"]]
    zh, en = (f"，最早 {china_time(min(waits))} 到期", f"; the next is due at {china_time(min(waits))}") if waits else ("", "")
    session.screen.note(
        f"链的时钟为 {at}，没有可补测的检查项{zh}。",
        f"The chain's clock stands at {at} (UTC+8), and nothing new could be played{en}.",
    )


@command(app, "verify", uses=Uses.NODE, example="tongquan conformance verify whole-report.json --signer $CANDIDATE")
def verify(
    session: Session,
    report: ReportFile,
    *,
    signer: Annotated[
        Address | None,
        option("--signer", parsing.address, "ACCOUNT", "应由哪个管理账户签署", "Whose signature it has to be: the admin to be admitted"),
    ] = None,
) -> Answer:
    """
    核验报告：签名、检查项齐全、全部通过；不联网亦可。给出节点时，逐一比对所列事件。 Check a report, offline; with a node its events too.

    有一项不是如此，退出码为 5。 The exit status is 5 if anything is not so.
    """
    from registry.conformance.checks import KNOWN  # noqa: PLC0415 - slow to load
    from registry.conformance.on_chain import differences  # noqa: PLC0415 - as above
    from registry.conformance.refusals import ReportRefused  # noqa: PLC0415 - as above
    from registry.conformance.report import Outcome  # noqa: PLC0415 - as above
    from registry.conformance.run import table_hash  # noqa: PLC0415 - as above

    try:
        found = _read(report)
        signed_by = found.require_signed()
    except ReportRefused as refused:
        return Told({"clean": False, "reason": refused.reason}, Exit.DIFFERENT)
    told = _told(found, KNOWN) | {"signer": signed_by}
    told |= {"same_checks": found.document["software"]["checks"] == table_hash(), "signer_expected": signer in (None, signed_by)}
    if session.settings.node_url is not None:
        with session.screen.progress("正在比对链上事件…", "Comparing events…"):
            told |= {"differences": differences(found, session.bare_node)}
    told["outcome"] = _verified_outcome(told)
    clean = told["outcome"] is Outcome.CONFORMS
    return Told({"clean": clean} | told, Exit.DONE if clean else Exit.DIFFERENT)


def _verified_outcome(told: Mapping[str, Any]) -> "Outcome":
    """Nobody is to read CONFORMS of what was not signed by whom it has to be, or did not happen."""
    from registry.conformance.report import Outcome  # noqa: PLC0415 - slow to load

    if told.get("differences") or not told["signer_expected"]:
        return Outcome.DOES_NOT_CONFORM
    if told["outcome"] is Outcome.CONFORMS and not told["same_checks"]:
        return Outcome.INCOMPLETE
    return Outcome(told["outcome"])


@command(app, "page", example="tongquan conformance page whole-report.json whole-report.txt")
def page_(_session: Session, report: ReportFile, file: NewFile) -> Answer:
    """
    由报告写出可读的文本；签名不符的不写。 Write a report's page for people, of one that is signed by the account that it names.
    """
    require_new(file)
    found = _read(report)
    found.require_signed()
    return _paged(found, file)


@contextmanager
def _if_broken_off(session: Session, zh: str, en: str) -> Iterator[None]:
    """Tell whoever stops the command (Ctrl-C) what becomes of what was begun."""
    try:
        yield
    except KeyboardInterrupt:
        session.screen.note(zh, en)
        raise


def _teller(session: Session, bar: Bar) -> "Tell":
    def tell(result: "Result", done: int, to_go: int) -> None:
        bar.of(done, to_go)
        bar.name(result.zh, result.en)
        if session.screen.as_json:
            line = {"check": result.id, "verb": result.verb, "expected": result.expected, "got": result.got, "ok": result.ok}
            session.screen.answer(line | {"due_at": result.due})

    return tell


def _written(session: Session, made: "SignedReport", report: Path, page: Path | None) -> Told:
    from registry.conformance.checks import KNOWN  # noqa: PLC0415 - slow to load

    write_new(report, made.content())
    if page is not None:
        _paged(made, page)
    told = _told(made, KNOWN)
    if (due := told["whole_from"]) is not None:
        at = china_time(due)
        session.screen.note(
            f"{len(told['not_due'])} 项尚未到期，{at} 起可用 tongquan conformance continue 全部补测。",
            f"{len(told['not_due'])} are not due yet: tongquan conformance continue plays all of them from {at} on (UTC+8).",
        )
    return Told(told | {"report": report}, Exit.DIFFERENT if told["failed"] else Exit.DONE)


def _told(report: "SignedReport", known: "Known") -> dict[str, Any]:
    reading = report.reading(known)
    return {
        "outcome": reading.outcome,
        "whole_from": reading.whole_from,
        "chain_time": report.document["chain"]["last"]["time"],
        "region": report.document["region"],
        "chain_id": report.document["chain"]["chain_id"],
        "report_hash": "0x" + report.to_sign.report.hex(),
        "signer": report.signer,
        "passed": reading.passed,
        "failed": list(reading.failed),
        "not_due": [{"check": each, "due_at": due} for each, due in reading.not_due.items()],
        "missing": list(reading.missing),
        "unknown": list(reading.unknown),
    }


def _paged(report: "SignedReport", file: Path) -> dict[str, Any]:
    from registry.conformance.checks import KNOWN  # noqa: PLC0415 - slow to load
    from registry.conformance.page import page as text_of  # noqa: PLC0415 - as above

    write_new(file, text_of(report, KNOWN).encode(), mode=0o644)
    return {"file": file}


def _read(file: Path) -> "SignedReport":
    from registry.conformance.report import SignedReport  # noqa: PLC0415 - slow to load

    return SignedReport.read(content_of(file))
