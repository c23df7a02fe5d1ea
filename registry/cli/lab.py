"""`tongquan lab`: labs, their items, and where vouchers may be spent (互认)."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import LabId, RegionCode, SignerAddress, Until, argument, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session
from registry.facts import Fact, Facts
from registry.model import Id, Region, Time

app = group("服务机构、服务条目与互认目录。 Labs, items and recognition.")

QualifiedUntil = Annotated[
    Time, option("--qualified-until", parsing.last_second, "DATE", "资质截止日（含）", "The last day of qualification")
]
Seller = Annotated[str, option("--seller", None, "CODE", "开票单位代码", "The company code of who invoices")]
Subjects = Annotated[list[Id], argument(parsing.record_id, "SUBJECT…", "服务机构或服务条目编号，可多个", "Ids of labs or items")]


class StandingName(StrEnum):
    """Standings of a lab, as they are typed."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    EXITED = "EXITED"
    FROZEN = "FROZEN"


@command(
    app,
    "admit",
    uses=Uses.GATEWAY,
    example="tongquan lab admit --code SH-0099 --host-unit $HOST_UNIT --signer $NEW_LAB_SIGNER --qualified-until 2027-12-31",
)
def admit(
    session: Session,
    *,
    code: Annotated[str, option("--code", None, "CODE", "服务机构代码", "The lab's code")],
    host_unit: Annotated[str, option("--host-unit", None, "CODE", "依托单位代码", "The host unit's company code")],
    signer: SignerAddress,
    qualified_until: QualifiedUntil,
    seller: Annotated[
        str | None, option("--seller", None, "CODE", "开票单位代码，默认为依托单位", "Who invoices; by default the host unit")
    ] = None,
) -> Answer:
    """
    服务机构入库。 Admit a lab of this region.
    """
    asked = {"code": code, "host_unit": host_unit, "signer": signer, "qualified_until": qualified_until}
    return session.post("/v1/labs", asked | ({"seller": seller} if seller else {}))


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan lab list --region 310000")
def list_(
    session: Session,
    *,
    region: Annotated[Region | None, option("--region", parsing.region, "REGION", "只看此地区", "Only of this region")] = None,
    standing: Annotated[StandingName | None, option("--standing", None, "STANDING", "只看此资格", "Only of this standing")] = None,
) -> Iterator[dict[str, Any]]:
    """
    列出服务机构。 List labs.
    """

    def listed(facts: Facts) -> Iterator[Fact]:
        labs = map(facts.lab, facts.labs())
        return (lab for lab in labs if region in (None, lab["region"]) and standing in (None, lab["standing"]))

    return several(session, "/v1/labs", "labs", listed, region=region, standing=standing)


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan lab show $LAB")
def show(session: Session, lab: LabId) -> Answer:
    """
    显示一家服务机构。 Show a lab.
    """
    return one(session, _of(lab), "lab", lab, lambda facts: facts.lab(lab))


@command(app, "renew", uses=Uses.GATEWAY, example="tongquan lab renew $NEW_LAB --seller $HOST_UNIT --qualified-until 2028-12-31")
def renew(session: Session, lab: LabId, *, seller: Seller, qualified_until: QualifiedUntil) -> Answer:
    """
    延续资质，或变更开票单位。 Renew a lab's qualification, or change who invoices for it.
    """
    return session.post(f"{_of(lab)}/renew", {"seller": seller, "qualified_until": qualified_until})


@command(app, "suspend", uses=Uses.GATEWAY, example="tongquan lab suspend $NEW_LAB")
def suspend(session: Session, lab: LabId) -> Answer:
    """
    暂停。 Suspend a lab.
    """
    return session.post(f"{_of(lab)}/suspend", {})


@command(app, "reinstate", uses=Uses.GATEWAY, example="tongquan lab reinstate $NEW_LAB")
def reinstate(session: Session, lab: LabId) -> Answer:
    """
    恢复。 Make a lab active again.
    """
    return session.post(f"{_of(lab)}/reinstate", {})


@command(app, "freeze", uses=Uses.GATEWAY, example="tongquan lab freeze $NEW_LAB")
def freeze(session: Session, lab: LabId) -> Answer:
    """
    冻结（涉嫌欺诈）：已开始的也停办。 Freeze a lab (fraud): what it began stops as well.
    """
    return session.post(f"{_of(lab)}/freeze", {})


@command(app, "exit", uses=Uses.GATEWAY, example="tongquan lab exit $NEW_LAB")
def exit_(session: Session, lab: LabId) -> Answer:
    """
    退出：已开始的可办完。 Let a lab leave; what it began runs off.
    """
    return session.post(f"{_of(lab)}/exit", {})


@command(app, "items", uses=Uses.GATEWAY | Uses.NODE, example="tongquan lab items $LAB")
def items(session: Session, lab: LabId) -> Iterator[dict[str, Any]]:
    """
    列出服务条目。 List a lab's items.
    """
    return several(session, f"{_of(lab)}/items", "items", lambda facts: facts.items_of(lab))


@command(app, "add-items", uses=Uses.GATEWAY, example="tongquan lab add-items $LAB XRD-1 SEM-2")
def add_items(
    session: Session, lab: LabId, codes: Annotated[list[str], argument(None, "CODE…", "服务条目代码，可多个", "The items' codes")]
) -> Answer:
    """
    登记服务条目。 List instruments or service entries of a lab.
    """
    return session.post(f"{_of(lab)}/items", {"codes": codes})


@command(app, "recognise", uses=Uses.GATEWAY, example="tongquan lab recognise $LAB --from 2026-01-01 --until 2027-12-31")
def recognise(
    session: Session,
    subjects: Subjects,
    *,
    from_: Annotated[Time, option("--from", parsing.first_second, "DATE", "起始日（含）", "The first day")],
    until: Until,
) -> Answer:
    """
    纳入互认目录：本地区的券可在此使用。 Recognise labs and items for this region's vouchers.
    """
    return session.post("/v1/recognitions", {"subjects": ["0x" + each.hex() for each in subjects], "from": from_, "until": until})


@command(app, "withdraw", uses=Uses.GATEWAY, example="tongquan lab withdraw $NEW_LAB")
def withdraw(session: Session, subjects: Subjects) -> Answer:
    """
    移出互认目录。 End recognition.
    """
    return session.post("/v1/recognitions/withdraw", {"subjects": ["0x" + each.hex() for each in subjects]})


@command(app, "recognitions", uses=Uses.GATEWAY | Uses.NODE, example="tongquan lab recognitions 330522")
def recognitions(session: Session, region: RegionCode) -> Iterator[dict[str, Any]]:
    """
    列出一个地区的互认目录。 List what a region recognises.
    """

    def listed(facts: Facts) -> Iterator[Fact]:
        return (facts.recognition(region, each) for each in facts.recognised_by(region))

    return several(session, "/v1/recognitions", "recognitions", listed, region=region)


def _of(lab: Id) -> str:
    return f"/v1/labs/0x{lab.hex()}"
