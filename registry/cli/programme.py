"""`tongquan programme`: kinds of vouchers (券种) and the money set aside for them (预拨兑付资金)."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from registry.cli.arguments import Amount, FirmCode, ProgrammeId, argument, option
from registry.cli.command import Answer, Differs, Exit, Told, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session, content_of, write_file
from registry.cli.settings import SettingRefused
from registry.facts import Fact, Facts
from registry.programme_file import read_programme_file

app = group("券种与预拨兑付资金。 Programmes and their pools.")

Reference = Annotated[
    str, option("--bank-reference", None, "TEXT", "银行流水号；同一流水号只能用一次", "The bank's reference; each counts once")
]


@command(app, "open", uses=Uses.GATEWAY, example="tongquan programme open programme.toml")
def open_(session: Session, file: Annotated[Path, argument(None, "FILE", "券种规则文件（TOML）", "The programme's file (TOML)")]) -> Answer:
    """
    开设券种；一经开设，永不更改。 Open a programme from its file; it is fixed for ever.
    """
    return session.post("/v1/programmes", {"file": text_of(file)})


def text_of(file: Path) -> str:
    """
    What a programme's file says.

    Raises:
        SettingRefused: it cannot be read, or is no text.
    """
    try:
        return content_of(file).decode()
    except UnicodeDecodeError as malformed:
        raise SettingRefused("file", f"{file} 不是 UTF-8 文本。", f"{file} is no UTF-8 text.") from malformed


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan programme list")
def list_(session: Session) -> Iterator[dict[str, Any]]:
    """
    列出可见的券种。 List the programmes that one may see.
    """

    def listed(facts: Facts) -> Iterator[Fact]:
        seen = {"block": facts.block(time.time())}
        return (facts.programme(each) | seen for each in facts.programmes())

    return several(session, "/v1/programmes", "programmes", listed)


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan programme show $PROGRAMME")
def show(session: Session, programme: ProgrammeId) -> Answer:
    """
    显示券种规则与资金。 Show a programme's rule and pool.
    """
    return one(session, f"/v1/programmes/0x{programme.hex()}", "programme", programme, lambda facts: facts.programme(programme))


@command(app, "pool", uses=Uses.GATEWAY | Uses.NODE, example="tongquan programme pool $PROGRAMME")
def pool(session: Session, programme: ProgrammeId) -> Answer:
    """
    显示资金及其全部变动。 Show a pool and every movement of it.
    """
    return one(session, f"/v1/programmes/0x{programme.hex()}/pool", "programme", programme, lambda facts: facts.pool(programme))


@command(app, "fund", uses=Uses.GATEWAY, example="tongquan programme fund $PROGRAMME --amount 100000yuan --bank-reference B-1")
def fund(session: Session, programme: ProgrammeId, *, amount: Amount, bank_reference: Reference) -> Answer:
    """
    登记拨入资金。 Record money set aside.
    """
    return session.post(f"/v1/programmes/0x{programme.hex()}/fund", {"amount": str(amount), "bank_reference": bank_reference})


@command(app, "draw", uses=Uses.GATEWAY, example="tongquan programme draw $PROGRAMME --amount 1yuan --bank-reference B-2")
def draw(session: Session, programme: ProgrammeId, *, amount: Amount, bank_reference: Reference) -> Answer:
    """
    登记划回未占用的资金。 Record money taken back that is not committed.
    """
    return session.post(f"/v1/programmes/0x{programme.hex()}/draw", {"amount": str(amount), "bank_reference": bank_reference})


@command(app, "file", uses=Uses.GATEWAY, example="tongquan programme file $PROGRAMME --file programme-kept.toml")
def file_(
    session: Session,
    programme: ProgrammeId,
    *,
    file: Annotated[Path | None, option("--file", None, "FILE", "写入规则文件原文（新文件）", "Write it to a new file")] = None,
) -> Answer:
    """
    取得券种的规则文件；任何人可据此重算规则哈希与每个发放决定。 Fetch the file that a programme was opened with.

    文件与所述哈希不符时退出码为 5。 The exit status is 5 where its hash is not the one that is told.
    """
    found = session.gateway.get(f"/v1/programmes/0x{programme.hex()}/file")
    hashed = "0x" + read_programme_file(found["file"]).programme.policy_hash.hex()
    if hashed != found["policy_hash"]:
        sentence = session.screen.words("规则文件与哈希不符。", "The file has another hash than the gateway tells.")
        raise Differs("ProgrammeFileDiffers", sentence, {"policy_hash": found["policy_hash"], "found": hashed})
    if file is not None:
        write_file(file, found["file"].encode())
    return found


@command(app, "hand-in", uses=Uses.GATEWAY, example="tongquan programme hand-in $PROGRAMME programme.toml")
def hand_in(
    session: Session,
    programme: ProgrammeId,
    file: Annotated[Path, argument(None, "FILE", "券种规则文件（TOML）", "The programme's file (TOML)")],
) -> Answer:
    """
    补交券种规则文件；须与链上哈希相符，已有完好文件时保留原文件。 Hand in a programme's file that a gateway lost; a whole one stays.
    """
    return session.post(f"/v1/programmes/0x{programme.hex()}/file", {"file": text_of(file)})


@command(app, "eligibility", uses=Uses.GATEWAY, example="tongquan programme eligibility $PROGRAMME --firm $FIRM_CODE")
def eligibility(session: Session, programme: ProgrammeId, *, firm: FirmCode) -> Answer:
    """
    企业能否申领该券种，逐条说明；不符合或缺少材料时退出码为 1。 May a firm get vouchers of it, rule by rule; 1 where it may not.
    """
    found = session.gateway.ask(f"/v1/programmes/0x{programme.hex()}/eligibility", {"firm": firm})
    # A person reads each way as a table of its own.
    told = found if session.screen.as_json else found | {"ways": [{"findings": way} for way in found["ways"]]}
    return Told(told, Exit.DONE if found["verdict"] == "HOLDS" else Exit.REFUSED)
