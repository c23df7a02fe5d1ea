"""
A scene for rule tests: the chain in memory with three regions, their people, and one voucher on its way.

People are names: `account("lab")` is an address that nobody has the key of, for in the rules nobody signs; calls say who did.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from registry.codec import id_of, voucher_of
from registry.errors import Rejected
from registry.events import Event
from registry.memory import InMemoryChain
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    UNLIMITED,
    Address,
    Approval,
    Claim,
    Digest,
    Fen,
    Filing,
    Firm,
    FirstReview,
    Founder,
    Id,
    Lab,
    Motion,
    MotionKind,
    Order,
    Paid,
    Programme,
    Recipient,
    Redemption,
    Region,
    Reservation,
    Role,
    Slice,
    Tag,
    Terms,
    Time,
    Voucher,
)
from registry.rules import (
    Accept,
    Admit,
    Enrol,
    Fund,
    Issue,
    Ledger,
    OfferRole,
    Open,
    Recognise,
    Redeem,
    Reject,
    Reserve,
    SetRegistry,
    Settle,
    Signers,
    TakeUp,
    Vote,
    apply,
)
from registry.solidity import checksummed, keccak

CHANGXING, SHANGHAI, BEIJING = Region(330522), Region(310000), Region(110000)
REGIONS = (CHANGXING, SHANGHAI, BEIJING)
DAY = 86_400
YUAN = 100
START = Time(1_387_411_200)  # 2013-12-19 in UTC+8


def account(name: str) -> Address:
    return checksummed(keccak(name.encode())[-20:])


def tag(text: str) -> Tag:
    return Tag(b"\x01" + keccak(text.encode())[:31])


def digest(text: str) -> Digest:
    return Digest(keccak(text.encode()))


@contextmanager
def refuses(code: str, **values: object) -> Iterator[None]:
    """Expect exactly this refusal."""
    with pytest.raises(Rejected) as caught:
        yield
    assert (caught.value.code, caught.value.values) == (code, values)


class Scene:
    """Three regions with every role, a lab in Shanghai that Changxing recognises, firms in Changxing."""

    def __init__(self) -> None:
        founders = [Founder(each, account(f"{each} admin"), account(f"{each} recovery")) for each in REGIONS]
        self.chain = InMemoryChain(founders, now=START)
        self._count = 0
        for region in REGIONS:
            for role in (Role.ISSUER, Role.REVIEWER, Role.PAYER, Role.DIRECTORY):
                self.appoint(region, self.who(region, role), role)
            self.appoint(region, account(f"{region} second reviewer"), Role.REVIEWER)
        self.decide(MotionKind.AUTHORISE_REGISTRY, account=self.ledger.registry)
        self.lab = self.admit("lab")
        self.firm = self.enrol("firm")

    @property
    def ledger(self) -> Ledger:
        return self.chain.ledger

    def who(self, region: Region, role: Role) -> Address:
        return account(f"{region} {role.name}")

    def appoint(self, region: Region, holder: Address, role: Role) -> None:
        self.chain.execute(OfferRole(holder, role), account(f"{region} admin"))
        self.chain.execute(TakeUp(region, role), holder)

    def fresh(self) -> int:
        self._count += 1
        return self._count

    def motion(self, kind: MotionKind, **about: Any) -> Motion:
        nobody = {"region": Region(0), "account": NO_ADDRESS, "other": NO_ADDRESS, "subject": NO_ID}
        return Motion(kind, **(nobody | about), expires=Time(self.chain.now + 30 * DAY), nonce=self.fresh())

    def carry(self, motion: Motion) -> Motion:
        for region in [each for each in REGIONS if each != motion.region][:2]:
            self.chain.execute(Vote(motion), account(f"{region} admin"))
        return motion

    def decide(self, kind: MotionKind, **about: Any) -> None:
        self.chain.execute(SetRegistry(self.carry(self.motion(kind, **about))), account("anybody"))

    def admit(self, name: str) -> Id:
        lab, office = Lab(SHANGHAI, tag(f"unit of {name}"), name), self.who(SHANGHAI, Role.DIRECTORY)
        until = Time(START + 3650 * DAY)
        self.chain.execute(Admit(lab, account(name), tag(f"seller of {name}"), until), office)
        self.chain.execute(Recognise((id_of(lab),), Time(0), until), self.who(CHANGXING, Role.DIRECTORY))
        return id_of(lab)

    def enrol(self, name: str) -> Tag:
        self.chain.execute(Enrol(Firm(CHANGXING, tag(name)), account(name)), self.who(CHANGXING, Role.DIRECTORY))
        return tag(name)

    def open(self, *, funded: int = 1_000_000 * YUAN, **changes: Any) -> Id:
        record = {
            "region": CHANGXING,
            "code": f"CX-KJQ-{self.fresh()}",
            "payer": CHANGXING,
            "paid_home": Paid.LAB,
            "paid_across": Paid.LAB,
            "approval": Approval.NEVER,
            "first_review": FirstReview.NONE,
            "itemised": False,
            "min_partners": 0,
            "hold_days": 60,
            "slices": (Slice(UNLIMITED, 6_000),),
            "policy_hash": digest("policy"),
        }
        programme = Programme(**(record | changes))
        self.chain.execute(Open(programme), self.who(programme.region, Role.ISSUER))
        fund = Fund(id_of(programme), Fen(funded), digest(f"bank {self.fresh()}"))
        self.chain.execute(fund, self.who(programme.region, Role.PAYER))
        return id_of(programme)

    def issue(self, programme: Id, *, firm: str = "firm", face: int = 10_000 * YUAN, denomination: int = 1_000 * YUAN) -> Voucher:
        year = Time(self.chain.now + 365 * DAY)
        terms = Terms(programme, Fen(face), Fen(denomination), year, year)
        recipient = Recipient(tag(firm), tag(f"serial {self.fresh()}"))
        self.chain.execute(Issue(terms, (recipient,)), self.who(CHANGXING, Role.ISSUER))
        return voucher_of(terms, recipient)

    def order(self, voucher: Voucher, amount: int, **changes: Any) -> Order:
        order = {"voucher": id_of(voucher), "lab": self.lab, "item": NO_ID, "project": tag("project"), "amount": Fen(amount)}
        return Order(**(order | {"valid_until": Time(self.chain.now + 7 * DAY), "nonce": self.fresh()} | changes))

    def redemption(self, order: Order, cost: int, subsidy: int, **changes: Any) -> Redemption:
        number = self.fresh()
        redemption = {
            "order": id_of(order),
            "attempt": 0,
            "cost": Fen(cost),
            "subsidy": Fen(subsidy),
            "agreement": tag(f"agreement {number}"),
            "invoice": tag(f"invoice {number}"),
            "invoice_amount": Fen(cost),
            "result": digest("result"),
            "valid_until": Time(self.chain.now + 300 * DAY),
        }
        return Redemption(**(redemption | changes))

    # The steps, by whoever takes them when all goes well

    def signed(self, voucher: Voucher) -> Signers:
        (firm,) = [state.signer for firm, state in self.ledger.firms.items() if self.ledger.firm_records[firm].firm == voucher.firm]
        return Signers(firm, account("lab"))

    def reserve(self, voucher: Voucher, order: Order) -> tuple[Event, ...]:
        return self.chain.execute(Reserve(voucher, order, self.signed(voucher)), account("anybody"))

    def redeem(self, voucher: Voucher, order: Order, redemption: Redemption) -> tuple[Event, ...]:
        return self.chain.execute(Redeem(voucher, order, redemption, self.signed(voucher)), account("anybody"))

    def claim(self, order: Order) -> Claim:
        return self.ledger.claims[id_of(order)]

    def filing(self, order: Order) -> Filing:
        return Filing(self.claim(order), self.ledger.redemptions[id_of(order)])

    def reservation(self, voucher: Voucher, order: Order) -> Reservation:
        return Reservation(voucher, order)

    def accept(self, order: Order) -> tuple[Event, ...]:
        return self.chain.execute(Accept((self.claim(order),)), self.who(CHANGXING, Role.REVIEWER))

    def reject(self, order: Order) -> tuple[Event, ...]:
        return self.chain.execute(Reject((self.filing(order),)), self.who(CHANGXING, Role.REVIEWER))

    def settle(self, order: Order) -> tuple[Event, ...]:
        return self.chain.execute(Settle((self.claim(order),), digest("payment")), self.who(CHANGXING, Role.PAYER))

    def balance(self, voucher: Voucher) -> tuple[int, int, int, int]:
        balance = self.ledger.balances[id_of(voucher)]
        return balance.available, balance.reserved, balance.redeemed, balance.lapsed

    def pool(self, programme: Id) -> tuple[int, int, int]:
        pool = self.ledger.pools[programme]
        return pool.funded, pool.committed, pool.paid

    def notes(self, voucher: Voucher) -> list[int]:
        """The numbers of the notes that are used up."""
        spans = self.ledger.notes[id_of(voucher)]
        return [number for span in spans for number in range(span.first, span.last + 1)]

    def replayed(self) -> Ledger:
        """What folding the log alone gives."""
        ledger = Ledger(registry=self.ledger.registry)
        for logged in self.chain.log:
            apply(ledger, logged.event, logged.time)
        return ledger
