"""
A chain with many events on it, as quickly as a node takes them: whole lives of vouchers, in batches, on a node of their own.

A voucher's life from issue to settlement is six events (Issued, Reserved, Claimed, Redeemed, Accepted, Settled) in five
transactions; each transaction carries a batch of lives and is alone in its block.
"""

from collections.abc import Sequence

from eth_account.signers.local import LocalAccount

from registry import codec
from registry.model import NO_ID, Fen, Order, Programme, Recipient, Redemption, Time, Voucher
from tests.contracts.world import CHANGXING, DAY, SHANGHAI, YUAN, Party, World, digest, person, tag
from tests.networks import Network

EVENTS_A_LIFE = 6
FIRMS = 100
COST, SUBSIDY, AMOUNT = 8_000 * YUAN, 4_800 * YUAN, 5_000 * YUAN
GAS = 59_000_000


def fill(net: Network, *, events: int, batch: int) -> None:
    """Let so many lives be lived that there are at least this many events."""
    world = net.world
    programme = world.programme(funded=10**9 * YUAN)
    lab = world.lab(SHANGHAI, recognised_by=(CHANGXING,))
    firms = [world.firm(CHANGXING) for _ in range(min(FIRMS, batch))]
    lives = range(-(-events // EVENTS_A_LIFE))
    for first in range(0, len(lives), batch):
        numbers = lives[first : first + batch]
        _live(world, programme, lab, [firms[number % len(firms)] for number in numbers], numbers)


def _live(world: World, programme: Programme, lab: Party, firms: Sequence[Party], numbers: Sequence[int]) -> None:
    office, relay = world.offices[programme.region], person("stranger")
    terms = world.terms(programme)
    now = world.now()
    recipients = [Recipient(firm.tag, tag(f"serial of life {number}")) for firm, number in zip(firms, numbers, strict=True)]
    vouchers = [codec.voucher_of(terms, recipient) for recipient in recipients]
    orders = [_order(voucher, lab, number, now) for voucher, number in zip(vouchers, numbers, strict=True)]
    redemptions = [_redemption(order, now) for order in orders]
    lives = list(zip(firms, vouchers, orders, redemptions, strict=True))
    claims = [world.claim(programme, voucher, order, redemption) for _, voucher, order, redemption in lives]

    _send(world, office.issuer, "issue", terms, recipients)
    reserve = [codec.encode("reserve", voucher, order, world.signed(order, firm, lab)) for firm, voucher, order, _ in lives]
    _send(world, relay, "tryEach", reserve)
    redeem = [codec.encode("redeem", voucher, order, each, world.signed(each, firm, lab)) for firm, voucher, order, each in lives]
    _send(world, relay, "tryEach", redeem)
    _send(world, office.reviewer, "accept", claims)
    _send(world, office.payer, "settle", claims, digest("payment"))


def _send(world: World, by: LocalAccount, verb: str, *arguments: object) -> None:
    sent = world.send(by, world.registry.address, codec.encode(verb, *arguments), gas=GAS)
    if any(event.name == "Refused" for event in sent.events):
        raise AssertionError(f"{verb}: a call was refused")


def _order(voucher: Voucher, lab: Party, number: int, now: int) -> Order:
    return Order(codec.id_of(voucher), lab.id, NO_ID, tag(f"project {number}"), Fen(AMOUNT), Time(now + 7 * DAY), number)


def _redemption(order: Order, now: int) -> Redemption:
    number = order.nonce
    return Redemption(
        order=codec.id_of(order),
        attempt=0,
        cost=Fen(COST),
        subsidy=Fen(SUBSIDY),
        agreement=tag(f"agreement of life {number}"),
        invoice=tag(f"invoice of life {number}", epoch=26),
        invoice_amount=Fen(COST),
        result=digest(f"result {number}"),
        valid_until=Time(now + 300 * DAY),
    )
