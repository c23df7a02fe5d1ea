"""`tongquan region`: members, their keys and their role accounts, from a node; a region's admin writes with its own key."""

from enum import StrEnum
from typing import Annotated

from registry import getters
from registry.cli.arguments import AccountAddress, RegionCode, argument
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session
from registry.client import Done
from registry.model import NO_ADDRESS, Address, Role

app = group("成员地区、其密钥与角色账户。 Members, their keys and role accounts.")

_OWN = Uses.NODE | Uses.KEY | Uses.KEY_IN_DEVICE


class RoleName(StrEnum):
    """The roles that can be offered and taken up, as they are typed; ADMIN and RECOVERY are a region's own two keys."""

    ISSUER = "ISSUER"
    REVIEWER = "REVIEWER"
    PAYER = "PAYER"
    DIRECTORY = "DIRECTORY"
    ADMIN = "ADMIN"
    RECOVERY = "RECOVERY"


RoleOf = Annotated[RoleName, argument(None, "ROLE", "角色", "The role")]


@command(app, "list", uses=Uses.NODE, example="tongquan region list")
def list_(session: Session) -> Answer:
    """
    列出全部成员地区。 List all members.
    """
    with session.snapshot() as snapshot:
        return [
            {"region": code, "status": state.status, "admin": state.admin, "recovery": state.recovery, "caretaker": _some(state.caretaker)}
            for code, state in sorted(snapshot.ledger.regions.items())
        ]


@command(app, "show", uses=Uses.NODE, example="tongquan region show 310000")
def show(session: Session, region: RegionCode) -> Answer:
    """
    显示一个地区：成员资格、两把密钥、代管机构、角色账户。 Show a region: its standing, keys, caretaker and role accounts.
    """
    with session.snapshot() as snapshot:
        ledger = snapshot.ledger
        state = ledger.regions[region]
        offers = [{"account": to, "role": offer.role} for (code, to), offer in ledger.offers.items() if code == region]
        accounts = [
            {"account": account, "role": each.role, "active": each.active}
            for account, each in ledger.accounts.items()
            if each.region == region
        ]
    return {
        "region": region,
        "status": state.status,
        "admin": _some(state.admin),
        "recovery": _some(state.recovery),
        "caretaker": _some(state.caretaker),
        "accounts": accounts,
        "offers": offers,
    }


@command(app, "account", uses=Uses.NODE, example="tongquan region account $ADMIN_1")
def account(session: Session, account: AccountAddress) -> Answer:
    """
    查询账户属于哪个地区、何种角色。 Say which region and role an account has.
    """
    found = session.read(getters.ACCOUNT, account)
    return {"account": account, "region": found.region or None, "role": found.role, "active": found.active}


@command(app, "offer", uses=_OWN, example="tongquan region offer $NEW_REVIEWER REVIEWER")
def offer(session: Session, account: AccountAddress, role: RoleOf) -> Answer:
    """
    管理账户授予本地区角色；对方接受后生效。 As the admin, offer an account a role; it counts once the account takes it up.
    """
    done = session.send("offer", account, role.name, act=lambda client, name: client.offer(account, Role[role.name], intent_id=name))
    return _done(done, account=account, role=role)


@command(app, "take-up", uses=_OWN, example="tongquan region take-up 310000 REVIEWER")
def take_up(session: Session, region: RegionCode, role: RoleOf) -> Answer:
    """
    接受本地区授予自己的角色或密钥。 Take up the role, or the place of a region's key, that one was offered.
    """
    done = session.send("takeUp", region, role.name, act=lambda client, name: client.take_up(region, Role[role.name], intent_id=name))
    return _done(done, region=region, role=role, account=session.account)


@command(app, "revoke", uses=_OWN, example="tongquan region revoke $NEW_REVIEWER")
def revoke(session: Session, account: AccountAddress) -> Answer:
    """
    管理账户收回授予，或永久终止账户的角色。 As the admin, take an offer back, or end an account's role for ever.
    """
    done = session.send("revoke", account, act=lambda client, name: client.revoke(account, intent_id=name))
    return _done(done, account=account)


@command(app, "recover", uses=_OWN, example="tongquan region recover $NEW_ADMIN")
def recover(session: Session, account: AccountAddress) -> Answer:
    """
    用恢复密钥立即终止管理账户，并授予新账户。 With the recovery key, end the admin at once and offer its place to another account.
    """
    done = session.send("recover", account, act=lambda client, name: client.recover(account, intent_id=name))
    return _done(done, account=account)


@command(app, "rotate-recovery", uses=_OWN, example="tongquan region rotate-recovery $NEW_RECOVERY")
def rotate_recovery(session: Session, account: AccountAddress) -> Answer:
    """
    用恢复密钥将自己的位置授予新账户；对方接受前仍有效。 With the recovery key, offer its own place to another account.
    """
    done = session.send("rotateRecovery", account, act=lambda client, name: client.rotate_recovery(account, intent_id=name))
    return _done(done, account=account)


def _done(done: Done, **told: object) -> Answer:
    return told | {"transaction": done.transaction, "block": done.block}


def _some(account: Address) -> Address | None:
    return None if account == NO_ADDRESS else account
