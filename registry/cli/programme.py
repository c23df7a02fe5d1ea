"""`tongquan programme`: kinds of vouchers (券种) and the money set aside for them (预拨兑付资金)."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from registry.cli.arguments import Amount, ProgrammeId, argument, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session, content_of
from registry.cli.settings import SettingRefused
from registry.facts import Fact, Facts

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
