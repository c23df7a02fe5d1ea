"""`tongquan flag`: a firm or lab is stopped everywhere at once (风险通告). Lifting one takes a motion."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from registry.cli.arguments import Reason, SubjectId, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session
from registry.facts import Fact, Facts
from registry.grounds import GROUNDS, Ground

app = group("风险通告（暂停使用）。 Flags.")

FlagGround = Annotated[
    Ground,
    option(
        "--ground",
        None,
        "GROUND",
        "事由，各地区可见：" + "、".join(f"{each} {zh}" for each, (zh, _) in GROUNDS.items()),
        "Seen by every region",
    ),
]


class FlagState(StrEnum):
    """What may have become of a flag, as it is typed."""

    STANDING = "STANDING"
    LAPSED = "LAPSED"
    LIFTED = "LIFTED"


@command(app, "raise", uses=Uses.GATEWAY, example="tongquan flag raise $FLAGGED --ground FALSE_STATEMENT --reason 涉嫌虚假合同")
def raise_(session: Session, subject: SubjectId, *, reason: Reason, ground: FlagGround = Ground.OTHER) -> Answer:
    """
    发布风险通告：各地区立即停办 30 天。 Stop a firm or lab everywhere for 30 days.
    """
    return session.post("/v1/flags", {"subject": "0x" + subject.hex(), "ground": ground, "reason": reason})


@command(app, "second", uses=Uses.GATEWAY, example="tongquan flag second $FLAGGED --reason 本地区亦发现")
def second(session: Session, subject: SubjectId, *, reason: Reason, ground: FlagGround = Ground.OTHER) -> Answer:
    """
    附议其他地区的通告：持续至解除。 Second another region's flag, so that it lasts.
    """
    return session.post(f"/v1/flags/0x{subject.hex()}/second", {"ground": ground, "reason": reason})


@command(app, "unflag", uses=Uses.GATEWAY, example="tongquan flag unflag $FLAGGED")
def unflag(session: Session, subject: SubjectId) -> Answer:
    """
    撤回本地区尚无附议的通告。 Take one's own flag back, as long as nobody seconded it.
    """
    return session.post(f"/v1/flags/0x{subject.hex()}/unflag", {})


@command(app, "case", uses=Uses.GATEWAY, example="tongquan flag case $FLAGGED")
def case(session: Session, subject: SubjectId) -> Answer:
    """
    案卷：通告经过、所涉订单及关联主体。 What a flag touches: its history, the orders, and who has something in common.
    """
    path = f"/v1/flags/0x{subject.hex()}/case"
    page = found = session.gateway.get(path, limit="1000")
    while page["next"]:
        page = session.gateway.get(path, limit="1000", cursor=page["next"])
        found["orders"] += page["orders"]
    return found | {"next": None}


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan flag list --state STANDING")
def list_(
    session: Session, *, state: Annotated[FlagState | None, option("--state", None, "STATE", "只看此状态", "Only in this state")] = None
) -> Iterator[dict[str, Any]]:
    """
    列出风险通告。 List flags.
    """

    def listed(facts: Facts) -> Iterator[Fact]:
        return (flag for flag in map(facts.flag, facts.flagged()) if state in (None, flag["state"]))

    return several(session, "/v1/flags", "flags", listed, state=state)


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan flag show $FLAGGED")
def show(session: Session, subject: SubjectId) -> Answer:
    """
    显示对某一对象的最近通告及理由。 Show the latest flag on a firm or lab, with its reasons.
    """
    return one(session, f"/v1/flags/0x{subject.hex()}", "flag", subject, lambda facts: facts.flag(subject))
