"""
`tongquan keys hsm`: role keys in a device, through its own PKCS#11 library. A key is made there and never comes out.

No node and no gateway is asked. What takes a key file to send a transaction (`region`, `motion`) takes a device as well.
"""

from typing import Annotated

from registry.cli.arguments import argument
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session

app = group("签名设备（PKCS#11）中的角色密钥。 Role keys in a signing device.")

Label = Annotated[str, argument(None, "LABEL", "密钥的标签", "The key's label")]

_WHERE = "--pkcs11-module $MODULE --pkcs11-token $TOKEN --pin-file hsm.pin"


@command(app, "create", uses=Uses.DEVICE, example=f"tongquan keys hsm create reviewer-1 {_WHERE}")
def create(session: Session, label: Label) -> Answer:
    """
    在设备中新建密钥，显示其账户；密钥不能导出。 Make a key in the device, and show its account; the key never comes out.
    """
    return {"label": label, "address": session.device.create(label).address}


@command(app, "show", uses=Uses.DEVICE, example=f"tongquan keys hsm show reviewer-1 {_WHERE}")
def show(session: Session, label: Label) -> Answer:
    """
    显示设备中密钥的账户。 Show the account of a key in the device.
    """
    return {"label": label, "address": session.device.account(label).address}
