"""
What an operator types beside a running gateway: `tongquan gateway …`. Thin: each command makes one call and tells its answer.

Exit status: 0 done, 1 refused, 2 wrong usage, setting or file, 3 no answer, 5 something differs: as everywhere in `tongquan`. With
`--json` an answer is one JSON object a line, and a refusal one on standard error. What a gateway that does not start says, and with
which status, stands in `gateway.starting`.

The gateway itself is imported by the commands when they run: help and completion do without it.
"""
# ruff: noqa: PLC0415 - for that

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gateway.exits import FAMILIES, Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.api_keys import ApiKey
    from gateway.hash_chain import Head

ID_BYTES = 32


class PartyName(StrEnum):
    """What a caller may be, as it is typed: a `gateway.callers.Party`."""

    LAB = "LAB"
    AGENCY = "AGENCY"
    FIRM = "FIRM"
    ISSUER = "ISSUER"
    REVIEWER = "REVIEWER"
    PAYER = "PAYER"
    DIRECTORY = "DIRECTORY"
    AUDITOR = "AUDITOR"


app = typer.Typer(no_args_is_help=True, help="地区服务网关的运维。 Operate a region's gateway.")
keys = typer.Typer(no_args_is_help=True, help="API 密钥：发放、列出、吊销。 API keys: add, list, revoke.")
app.add_typer(keys, name="keys")
lookups = typer.Typer(no_args_is_help=True, help="查询日志。 The look-up log.")
app.add_typer(lookups, name="lookups")
payments = typer.Typer(no_args_is_help=True, help="兑付记录。 What was put on record of payments.")
app.add_typer(payments, name="payments")
firm_facts = typer.Typer(no_args_is_help=True, help="企业材料。 What was put on record of firms.")
app.add_typer(firm_facts, name="firm-facts")
firm_changes = typer.Typer(no_args_is_help=True, help="企业变更。 What became of firms.")
app.add_typer(firm_changes, name="firm-changes")
decisions = typer.Typer(no_args_is_help=True, help="发放决定。 The decisions by which vouchers were issued.")
app.add_typer(decisions, name="decisions")
evidence = typer.Typer(no_args_is_help=True, help="兑付材料。 What redemptions are handed in with.")
app.add_typer(evidence, name="evidence")
corrections = typer.Typer(no_args_is_help=True, help="退回补正的事项。 What was sent back of it.")
app.add_typer(corrections, name="corrections")

State = Annotated[
    Path,
    typer.Option(
        "--state",
        envvar="TONGQUAN_STATE",
        metavar="FOLDER",
        help="网关的状态目录；或环境变量 TONGQUAN_STATE。 The gateway's state folder; or by TONGQUAN_STATE.",
    ),
]
Anchor = Annotated[str | None, typer.Option(metavar="HEAD", help="另存的链头（行号:哈希）。 A head kept elsewhere, number:hash.")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Answer as JSON.")]


@app.command("serve", epilog="tongquan gateway serve")
def serve(*, as_json: AsJson = False) -> None:
    """
    启动网关；设置取自 TONGQUAN_ 环境变量。 Run a region's gateway, with the settings of TONGQUAN_ variables.

    未能启动时以一句话说明原因；用 --json 时为一个 JSON 对象。 If it does not start, it says why in one sentence, or one JSON object.
    """
    from gateway.__main__ import serve as run
    from gateway.starting import StartRefused

    try:
        run()
    except StartRefused as refused:
        _refuse(refused.code, refused.status, str(refused), as_json=as_json)


@keys.command("add", epilog="tongquan gateway keys add --name lab-1 --party LAB --region 310000 --lab $LAB --days 90")
def add(
    *,
    state: State,
    name: Annotated[str, typer.Option(metavar="TEXT", help="调用方名称。 The caller's name.")],
    party: Annotated[PartyName, typer.Option(help="调用方角色。 What the caller is.")],
    region: Annotated[int, typer.Option(metavar="REGION", min=100_000, max=999_999, help="地区代码。 The caller's region.")],
    lab: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAB",
            help="服务机构编号：LAB 一个；AGENCY 为其代办的各机构，可重复。 The lab's id (0x…), for LAB; each of an AGENCY's labs.",
        ),
    ] = None,
    firm: Annotated[str | None, typer.Option(metavar="CODE", help="企业代码，仅限 FIRM。 The company code, for FIRM.")] = None,
    account: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="签名账户，仅限经办角色。 The account that signs, for officers.")
    ] = None,
    days: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="有效天数。 For how many days.")] = 365,
    as_json: AsJson = False,
) -> None:
    """发放 API 密钥，只在此处显示一次。 Make a key. It is shown once, here, and kept nowhere."""
    from gateway.api_keys import ApiKeys, KeyRefused
    from gateway.callers import Party

    labs = [_id(each) for each in lab or ()]
    if party is not PartyName.AGENCY and len(labs) > 1:
        _refuse("KeyRefused", Exit.REFUSED, "多家服务机构只能归于 AGENCY。 Several labs are an AGENCY's.", as_json=as_json)
    of_labs = {"labs": labs} if party is PartyName.AGENCY else {"lab": labs[0] if labs else None}
    try:
        with ApiKeys(state) as store:
            key, made = store.add(name=name, party=Party[party.name], region=region, firm=firm, account=account, days=days, **of_labs)
    except KeyRefused as refused:
        _refuse("KeyRefused", Exit.REFUSED, f"未办理。 Not done: {refused}.", as_json=as_json)
    if as_json:
        _tell({"key": key} | told(made))
        return
    typer.echo(key)
    typer.echo("仅显示一次，请立即交给调用方。 Shown only once: hand it over now.", err=True)


@keys.command("list", epilog="tongquan gateway keys list --json")
def list_keys(*, state: State, as_json: AsJson = False) -> None:
    """按前缀、名称和范围列出，不显示密钥。 List all keys by prefix, name and scope. No key is shown."""
    from gateway.api_keys import ApiKeys

    with ApiKeys(state) as store:
        found = [told(each) for each in store.list()]
    for each in found:
        if as_json:
            _tell(each)
            continue
        ends = f"吊销 revoked {each['revoked']}" if each["revoked"] else f"至 until {each['expires']}"
        typer.echo(f"{each['prefix']}  {each['party']:<9}  {each['region']}  {each['name']}  {ends}")


@keys.command("revoke", epilog="tongquan gateway keys revoke $PREFIX")
def revoke(
    *,
    state: State,
    prefix: Annotated[str, typer.Argument(help="密钥前缀。 The key's prefix (tq_…).")],
    as_json: AsJson = False,
) -> None:
    """吊销密钥，下一请求起不再有效。 End a key for ever. A running gateway refuses it from the next request on."""
    from gateway.api_keys import ApiKeys, KeyRefused

    try:
        with ApiKeys(state) as store:
            ended = told(store.revoke(prefix))
    except KeyRefused as refused:
        _refuse("KeyRefused", Exit.REFUSED, f"未办理。 Not done: {refused}.", as_json=as_json)
    if as_json:
        _tell(ended)
        return
    typer.echo(f"{ended['prefix']}  吊销 revoked {ended['revoked']}")


@lookups.command("verify", epilog="tongquan gateway lookups verify")
def verify_lookups(*, state: State, anchor: Anchor = None, as_json: AsJson = False) -> None:
    """核对查询日志的哈希链，给出链头供另存。 Follow the whole chain and tell its head; refused where a row was changed or moved."""
    from gateway.lookup_log import CHAIN

    _verify(CHAIN.verify, state, anchor, as_json=as_json)


@firm_facts.command("verify", epilog="tongquan gateway firm-facts verify")
def verify_firm_facts(*, state: State, anchor: Anchor = None, as_json: AsJson = False) -> None:
    """核对企业材料的哈希链，给出链头供另存。 Follow the whole chain and tell its head; refused where a row was changed or moved."""
    from gateway.firm_facts import CHAIN

    _verify(CHAIN.verify, state, anchor, as_json=as_json)


@firm_changes.command("verify", epilog="tongquan gateway firm-changes verify")
def verify_firm_changes(*, state: State, anchor: Anchor = None, as_json: AsJson = False) -> None:
    """核对企业变更的哈希链，给出链头供另存。 Follow the whole chain and tell its head; refused where a row was changed or moved."""
    from gateway.firm_changes import CHAIN

    _verify(CHAIN.verify, state, anchor, as_json=as_json)


@payments.command("verify", epilog="tongquan gateway payments verify")
def verify_payments(*, state: State, anchor: Anchor = None, as_json: AsJson = False) -> None:
    """核对兑付记录的哈希链，给出链头供另存。 Follow the whole chain and tell its head; refused where a row was changed or moved."""
    from gateway.payment_book import CHAIN

    _verify(CHAIN.verify, state, anchor, as_json=as_json)


@decisions.command("verify", epilog="tongquan gateway decisions verify")
def verify_decisions(*, state: State, anchor: Anchor = None, as_json: AsJson = False) -> None:
    """核对发放决定的哈希链，给出链头供另存。 Follow the whole chain and tell its head; refused where a row was changed or moved."""
    from gateway.decisions import CHAIN

    _verify(CHAIN.verify, state, anchor, as_json=as_json)


@evidence.command("verify", epilog="tongquan gateway evidence verify")
def verify_evidence(*, state: State, anchor: Anchor = None, as_json: AsJson = False) -> None:
    """核对兑付材料记录的哈希链及每份原件。 Follow the whole chain and hash every original again; refused where one differs."""
    from gateway.errors import Problem
    from gateway.evidence_book import CHAIN, names_in
    from gateway.evidence_files import EvidenceFiles

    def verified(state: Path, *, anchor: "Head | None") -> "Head":
        head, files, altered = CHAIN.verify(state, anchor=anchor), EvidenceFiles(state), []
        for name in names_in(state):
            try:
                files.read(name)
            except Problem:
                altered.append(name)
        if altered:
            sentence = f"{len(altered)} 份原件缺失或已被改动。 Originals are missing or altered: {', '.join(altered)}."
            _refuse("EvidenceAltered", Exit.DIFFERENT, sentence, as_json=as_json, altered=altered)
        return head

    _verify(verified, state, anchor, as_json=as_json)


@corrections.command("verify", epilog="tongquan gateway corrections verify")
def verify_corrections(*, state: State, anchor: Anchor = None, as_json: AsJson = False) -> None:
    """核对退回补正记录的哈希链，给出链头供另存。 Follow the whole chain and tell its head; refused where a row was changed or moved."""
    from gateway.corrections_book import CHAIN

    _verify(CHAIN.verify, state, anchor, as_json=as_json)


@lookups.callback()
@firm_facts.callback()
@firm_changes.callback()
@payments.callback()
@decisions.callback()
@evidence.callback()
@corrections.callback()
def _of_chain() -> None:
    """Keep `verify` a command of its own: a single one would take the group's name."""


def _verify(verify: "Callable[..., Head]", state: Path, anchor: str | None, *, as_json: bool) -> None:
    from gateway.hash_chain import LogAltered

    try:
        head = verify(state, anchor=_head(anchor))
    except FileNotFoundError as missing:
        _refuse("LogMissing", Exit.USAGE, f"没有该记录。 There is no log: {missing}.", as_json=as_json)
    except LogAltered as altered:
        sentence = f"记录已被改动。 The log is not as it was written: {altered}."
        _refuse("LogAltered", Exit.DIFFERENT, sentence, as_json=as_json, row=altered.number)
    if as_json:
        _tell({"number": head.number, "hash": head.hash.hex()})
        return
    typer.echo(f"{head.number}:{head.hash.hex()}")


def told(key: "ApiKey") -> dict[str, Any]:
    """A key for a list, with times in UTC."""
    caller = key.caller.model_dump(mode="json", exclude={"credential"})
    times = {"created": key.created, "expires": key.expires, "revoked": key.revoked}
    return {"prefix": key.prefix} | caller | {name: None if at is None else _time(at) for name, at in times.items()}


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _id(text: str) -> bytes:
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != ID_BYTES:
        raise typer.BadParameter("0x 加 64 位十六进制数字。 0x and 64 hexadecimal digits are asked for.")
    return found


def _head(text: str | None) -> "Head | None":
    from gateway.hash_chain import Head

    if text is None:
        return None
    number, _, digits = text.partition(":")
    try:
        return Head(int(number), bytes.fromhex(digits))
    except ValueError as malformed:
        raise typer.BadParameter("应为 行号:哈希。 A number, a colon and a hash are asked for.") from malformed


def _tell(found: Any) -> None:
    typer.echo(json.dumps(found, ensure_ascii=False))


def _refuse(code: str, status: Exit, sentence: str, *, as_json: bool, **values: object) -> NoReturn:
    if as_json:
        told = {"error": code, "family": FAMILIES[status], "message": sentence, "values": values}
        typer.echo(json.dumps(told, ensure_ascii=False), err=True)
    else:
        typer.echo(f"{code}: {sentence}", err=True)
    raise typer.Exit(status)


if __name__ == "__main__":
    app()
