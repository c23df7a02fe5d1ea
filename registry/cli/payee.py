"""`tongquan payee`: the accounts that payees are paid into (收款账户), each confirmed by a second officer."""

import json
from pathlib import Path
from typing import Annotated, Any

from registry.cli.arguments import argument, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session, content_of
from registry.cli.settings import SettingRefused

app = group("收款账户：登记、双人复核。 Payees' accounts: proposed by one officer, confirmed by another.")

ACCOUNTS = "/v1/payee-accounts"
_MEMBERS = {"payee", "bank_name", "account_name", "account_number"}


@command(app, "list", uses=Uses.GATEWAY, example="tongquan payee list")
def list_(session: Session) -> Answer:
    """
    列出收款账户的所有版本，及登记、复核的经办人员。 Every version of every payee's account, with who proposed and who confirmed it.
    """
    found: list[dict[str, Any]] = session.gateway.get(ACCOUNTS)["accounts"]
    return found


@command(app, "propose", uses=Uses.GATEWAY, example="tongquan payee propose payee.json")
def propose(
    session: Session,
    file: Annotated[
        Path,
        argument(
            None,
            "FILE",
            "账户（.json）：payee 收款方代码、bank_name 开户行、account_name 户名、account_number 账号",
            "The account (.json): payee, bank_name, account_name, account_number",
        ),
    ],
) -> Answer:
    """
    登记收款账户，经另一名经办人员复核后生效。 Propose a payee's account; it counts once another officer has confirmed it.

    账号写在文件里，不出现在命令行。 The account number stands in a file, so that no shell keeps it.
    """
    return session.post(ACCOUNTS, _account(file))


@command(app, "confirm", uses=Uses.GATEWAY, example="tongquan payee confirm $SELLER --version 1")
def confirm(
    session: Session,
    payee: Annotated[str, argument(None, "CODE", "收款方统一社会信用代码", "The payee's company code")],
    *,
    version: Annotated[int, option("--version", None, "N", "所复核的版本", "The version that one has checked")],
) -> Answer:
    """
    复核收款账户；须由登记者以外的经办人员办理。 Confirm an account, as another officer than the one who proposed it.
    """
    return session.post(f"{ACCOUNTS}/confirm", {"payee": payee, "version": version})


def _account(file: Path) -> dict[str, str]:
    try:
        found = json.loads(content_of(file))
    except ValueError as unreadable:
        raise _no_account(file) from unreadable
    if not isinstance(found, dict) or found.keys() != _MEMBERS:
        raise _no_account(file)
    return found


def _no_account(file: Path) -> SettingRefused:
    named = ", ".join(sorted(_MEMBERS))
    return SettingRefused("file", f"{file} 应为 JSON 对象，且只含 {named}。", f"{file} is no JSON object of {named}.")
