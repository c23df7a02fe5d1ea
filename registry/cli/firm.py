"""`tongquan firm`: firms as their home region enrols them."""

from collections.abc import Iterator
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import FirmCode, SignerAddress, argument
from registry.cli.command import Answer, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session
from registry.model import Id

app = group("企业登记。 Firms.")


@command(app, "enrol", uses=Uses.GATEWAY, example="tongquan firm enrol --firm $NEW_FIRM_CODE --signer $NEW_FIRM_SIGNER")
def enrol(session: Session, *, firm: FirmCode, signer: SignerAddress) -> Answer:
    """
    登记企业及其签名账户；密钥由企业自己保管。 Enrol a firm and the account that signs for it; the firm keeps the key.
    """
    return session.post("/v1/firms", {"firm": firm, "signer": signer})


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan firm list")
def list_(session: Session) -> Iterator[dict[str, Any]]:
    """
    列出本地区企业；只有节点时列出全部。 List this region's firms; all, from a node.
    """
    return several(session, "/v1/firms", "firms", lambda facts: map(facts.firm, facts.firms()))


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan firm show $FIRM")
def show(session: Session, firm: Annotated[Id, argument(parsing.record_id, "FIRM", "企业编号", "The firm's id")]) -> Answer:
    """
    显示一家企业。 Show a firm.
    """
    return one(session, f"/v1/firms/0x{firm.hex()}", "firm", firm, lambda facts: facts.firm(firm))
