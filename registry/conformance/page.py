"""The report for people, as plain text: Chinese first. What counts is its canonical form (`registry.conformance.report`). Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.canonical import canonical_json
from registry.china import china_time
from registry.conformance.report import Known, Result, SignedReport
from registry.state_words import STATE_WORDS

_MARKS = {True: "✓ 通过 passed", False: "✗ 不符 failed", None: "… 未到期 not due"}


def page(report: SignedReport, known: Known) -> str:
    """The whole page."""
    # What a report says of its own checks is not believed.
    failed = report.reading(known).failed
    marks = {each.id: False if each.id in failed else None if each.due is not None else True for each in report.results}
    return "\n".join([*_head(report, known), *_troubles(report.results, marks), *_all(report.results, marks), ""])


def _head(report: SignedReport, known: Known) -> Iterator[str]:
    document, reading = report.document, report.reading(known)
    chain = document["chain"]
    yield "通券符合性测试报告 Tongquan conformance report"
    yield ""
    yield f"地区 Region                  {document['region']}"
    yield f"结论 Outcome                 {' '.join(STATE_WORDS['outcome'][reading.outcome])}"
    yield f"通过 / 不符 / 未到期          {reading.passed} / {len(reading.failed)} / {len(reading.not_due)}"
    if reading.whole_from is not None:
        yield f"可全部补测 Continue from      {china_time(reading.whole_from)}"
    yield f"签署账户 Signed by           {document['signer']}"
    yield f"报告哈希 SHA-256             {report.to_sign.report.hex()}"
    yield f"软件版本 Software            {document['software']['version']}"
    yield f"检查项清单 Checks (SHA-256)  {document['software']['checks']}"
    yield f"网关 Gateway                 {document['gateway']['url']}"
    yield f"网关接口 Interface (SHA-256) {document['gateway']['interface_sha256'] or '—'}"
    yield f"链号 Chain id                {chain['chain_id']}"
    yield f"创世区块 Genesis             {chain['genesis_hash']}"
    yield f"起止区块 Blocks              {_block(chain['first'])} – {_block(chain['last'])}"
    for name, contract in chain["contracts"].items():
        yield f"合约 {name:<12}            {contract['address']} · {contract['code_sha256']}"


def _troubles(results: Sequence[Result], marks: Mapping[str, bool | None]) -> Iterator[str]:
    for each in results:
        if marks[each.id] is False:
            yield from ("", f"✗ {each.id} · {each.verb}", f"  {each.zh}", f"  {each.en}")
            yield f"  应为 expected {_json(each.expected)}"
            yield f"  实得 got      {_json(each.got)}"
        if each.due is not None:
            yield from ("", f"… {each.id} · {each.verb}：{china_time(each.due)} 之后可测 can be checked from then on")


def _all(results: Sequence[Result], marks: Mapping[str, bool | None]) -> Iterator[str]:
    yield from ("", "全部检查项 All checks", "")
    for each in results:
        yield f"{_MARKS[marks[each.id]]}  {each.id} · {each.verb}"
        yield f"    {each.zh}"
        yield f"    {each.en}"


def _block(told: Any) -> str:
    return f"{told['number']}（{china_time(told['time'])}）"


def _json(value: Any) -> str:
    return canonical_json(value).decode() if isinstance(value, dict) else str(value)
