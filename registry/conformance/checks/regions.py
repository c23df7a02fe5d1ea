"""
What a region does with its own two keys, at the command line: offer, takeUp and revoke roles, rotateRecovery, recover.

The candidate's admin signs the report, so that its place is not recovered here: a partner's is, at the candidate's node.
"""

from registry.client import Client
from registry.conformance.cast import PARTNER, SPARE_REVIEWER, THIRD
from registry.conformance.checks.vouchers import NOTE, SERIALS
from registry.conformance.desks import refused
from registry.conformance.stage import Stage, id_in, refusal_of, reviewed
from registry.conformance.table import Seen, check
from registry.events import Declined
from registry.getters import ACCOUNT, OFFER, OFFERED_KEYS, REGION
from registry.model import NO_ADDRESS, Role


def _spare(stage: Stage) -> Client:
    return stage.client(stage.account(SPARE_REVIEWER))


@check("offer.role", "offer", "管理账户授予角色，对方接受前不生效", "A role that is offered does not count yet", events=("Offered",))
def offered(stage: Stage) -> Seen:
    """To a further reviewer, whose key the candidate's gateway has."""
    spare = stage.address(SPARE_REVIEWER)
    stage.office.offer(spare, Role.REVIEWER)
    offer = stage.read(OFFER, stage.region, spare)
    got = [offer.by, offer.role.name, stage.read(ACCOUNT, spare).active]
    return Seen(got, [stage.admin.address, "REVIEWER", False])


@check("takeUp.other-role", "takeUp", "只可接受所授予的角色", "Nobody takes up another role than was offered")
def other_role(stage: Stage) -> Seen:
    """The payer's."""
    return Seen(refusal_of(_spare(stage).take_up, stage.region, Role.PAYER), "NotOffered")


@check("revoke.offer", "revoke", "收回授予后不得接受", "An offer that was taken back is not taken up", events=("OfferWithdrawn",))
def taken_back(stage: Stage) -> Seen:
    """By the admin."""
    stage.office.revoke(stage.address(SPARE_REVIEWER))
    return Seen(refusal_of(_spare(stage).take_up, stage.region, Role.REVIEWER), "NotOffered")


@check(
    "takeUp.role",
    "takeUp",
    "接受角色后，即可在本网关办理",
    "An account that took its role up acts at the gateway",
    events=("Offered", "Granted", "Reserved", "Declined"),
)
def taken_up(stage: Stage) -> Seen:
    """The further reviewer declines an order."""
    stage.office.offer(stage.address(SPARE_REVIEWER), Role.REVIEWER)
    _spare(stage).take_up(stage.region, Role.REVIEWER)
    order = stage.reserve(SERIALS[6], NOTE, lab="partner-lab")
    got = stage.review("decline", SPARE_REVIEWER, order)
    with stage.seen() as snapshot:
        history = [entry.logged.event for entry in snapshot.history_of(id_in(order))]
    by = [event.by for event in history if isinstance(event, Declined)]
    return Seen([got, by], [reviewed("RELEASED"), [stage.address(SPARE_REVIEWER)]])


@check(
    "revoke.role",
    "revoke",
    "角色终止后，该账户不得再办理",
    "An account whose role was ended acts no more",
    events=("Reserved", "Revoked"),
)
def revoked(stage: Stage) -> Seen:
    """The order that it would decline waits on, for `enact.caretaker`."""
    order = stage.remembered["waiting"] = stage.reserve(SERIALS[6], NOTE, lab="partner-lab")
    stage.office.revoke(stage.address(SPARE_REVIEWER))
    got = stage.review("decline", SPARE_REVIEWER, order)
    return Seen([got, stage.order(order)], [refused(409, "NotReviewer"), "REQUESTED"])


@check("offer.taken", "offer", "账户一经任职，不得再授予", "An account has one role for ever")
def taken(stage: Stage) -> Seen:
    """The one that was ended, the candidate's payer, and a partner's."""
    accounts = [stage.address(name) for name in (SPARE_REVIEWER, "payer", f"{PARTNER}-payer")]
    got = [refusal_of(stage.office.offer, account, Role.REVIEWER) for account in accounts]
    return Seen(got, ["AccountTaken"] * 3)


@check("revoke.not-own", "revoke", "不得终止其他地区的角色", "No admin ends another region's role")
def not_own(stage: Stage) -> Seen:
    """The partner's payer's."""
    return Seen(refusal_of(stage.office.revoke, stage.address(f"{PARTNER}-payer")), "NotRoleAccount")


@check("offer.not-admin", "offer", "非管理账户不得授予角色", "Nobody but the admin offers a role")
def not_admin(stage: Stage) -> Seen:
    """Neither a reviewer nor the recovery key."""
    clients = (stage.client(stage.account("reviewer-1")), stage.recovery)
    free = stage.address("firm-spare")
    got = [refusal_of(client.offer, free, Role.ISSUER) for client in clients]
    return Seen(got, ["NotAdmin"] * 2)


@check(
    "rotateRecovery.offered",
    "rotateRecovery",
    "恢复密钥授出自己的位置，对方接受前仍有效",
    "A recovery key that offers its place keeps it until it is taken up",
    events=("Offered",),
)
def recovery_offered(stage: Stage) -> Seen:
    """The candidate's."""
    successor = stage.address(f"{stage.region}-recovery-next")
    stage.recovery.rotate_recovery(successor)
    got = [stage.read(OFFERED_KEYS, stage.region).recovery, stage.read(REGION, stage.region).recovery]
    return Seen(got, [successor, stage.recovery.address])


@check(
    "takeUp.recovery",
    "takeUp",
    "新恢复密钥接受后，原恢复密钥失效",
    "Once the next recovery key takes its place up, the old one is worth nothing",
    events=("Granted", "KeysReplaced"),
)
def recovery_taken_up(stage: Stage) -> Seen:
    """The candidate's; its admin stays."""
    old, key = stage.recovery, f"{stage.region}-recovery"
    stage.client(stage.account(f"{key}-next")).take_up(stage.region, Role.RECOVERY)
    stage.use_next_key(key)
    state = stage.read(REGION, stage.region)
    got = [state.admin, state.recovery, refusal_of(old.rotate_recovery, stage.address("firm-spare"))]
    return Seen(got, [stage.admin.address, stage.recovery.address, "NotRecovery"])


@check("recover.not-recovery", "recover", "管理账户不得代行恢复", "Nobody but the recovery key ends an admin")
def not_recovery(stage: Stage) -> Seen:
    """Neither the admin itself nor another region's."""
    free = stage.address("firm-spare")
    got = [refusal_of(client.recover, free) for client in (stage.office, stage.partner("admin"))]
    return Seen([*got, stage.read(REGION, stage.region).admin], ["NotRecovery", "NotRecovery", stage.admin.address])


@check(
    "recover.admin-ends",
    "recover",
    "恢复密钥终止管理账户，即时生效",
    "A recovery key ends its region's admin at once",
    events=("KeysReplaced", "Offered"),
)
def recovered(stage: Stage) -> Seen:
    """A partner's, which has no admin until the next one takes its place up."""
    old, successor = stage.partner("admin", THIRD), stage.address(f"{THIRD}-admin-next")
    stage.partner("recovery", THIRD).recover(successor)
    end = refusal_of(old.offer, stage.address("firm-spare"), Role.ISSUER)
    got = [stage.read(REGION, THIRD).admin, stage.read(OFFERED_KEYS, THIRD).admin, end]
    return Seen(got, [NO_ADDRESS, successor, "NotAdmin"])


@check("takeUp.admin", "takeUp", "新管理账户接受后任职", "The next admin takes its place up", events=("Granted", "KeysReplaced"))
def admin_taken_up(stage: Stage) -> Seen:
    """From now on it votes for that region."""
    key = f"{THIRD}-admin"
    stage.client(stage.account(f"{key}-next")).take_up(THIRD, Role.ADMIN)
    stage.use_next_key(key)
    return Seen(stage.read(REGION, THIRD).admin, stage.address(key))
