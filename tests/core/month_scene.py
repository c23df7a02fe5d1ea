"""Two regions that use each other's vouchers, over months: what statements and breaks are worked out from."""

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from registry.codec import id_of, voucher_of
from registry.errors import Rejected
from registry.model import Digest, Fen, Firm, Id, Lab, Order, Recipient, Region, Release, Role, Terms, Time, Voucher
from registry.rules import Accept, Admit, Enrol, Issue, Recognise, Redeem, Refund, Reject, ReleaseOrder, Reserve, Reverse, Settle, Signers
from registry.statement import Statement, statement_of
from tests.rules.scene import CHANGXING, DAY, SHANGHAI, START, YUAN, Scene, account, digest, tag

CHAIN_ID = 330522


class Pair(Scene):
    """Changxing's vouchers at a Shanghai lab, Shanghai's at a Changxing lab; `payer` 0 lets the host region pay."""

    def __init__(self, *, payer: dict[Region, Region] | None = None) -> None:
        super().__init__()
        until = Time(START + 3650 * DAY)
        back = Lab(CHANGXING, tag("unit of lab back"), "lab back")
        self.chain.execute(Admit(back, account("lab back"), tag("seller of lab back"), until), self.who(CHANGXING, Role.DIRECTORY))
        self.chain.execute(Recognise((id_of(back),), Time(0), until), self.who(SHANGHAI, Role.DIRECTORY))
        self.chain.execute(Enrol(Firm(SHANGHAI, tag("firm back")), account("firm back")), self.who(SHANGHAI, Role.DIRECTORY))
        self.payer = {CHANGXING: CHANGXING, SHANGHAI: SHANGHAI} | (payer or {})
        self.labs = {CHANGXING: (self.lab, "lab"), SHANGHAI: (id_of(back), "lab back")}
        self.firms = {CHANGXING: "firm", SHANGHAI: "firm back"}
        self.programmes = {
            home: self.open(region=home, payer=self.payer[home], code=f"{home}-1", hold_days=3_000) for home in (CHANGXING, SHANGHAI)
        }
        self.vouchers: dict[Id, Voucher] = {}
        self.orders: list[tuple[Region, Order]] = []

    def reserved(self, home: Region = CHANGXING, *, amount: int = 5_000 * YUAN) -> Order:
        """An order for a voucher just issued."""
        voucher = self._issued(home)
        lab, name = self.labs[home]
        order = self.order(voucher, amount, lab=lab)
        self.chain.execute(Reserve(voucher, order, Signers(account(self.firms[home]), account(name))), account("anybody"))
        self.vouchers[id_of(order)] = voucher
        self.orders.append((home, order))
        return order

    def redeemed(self, home: Region = CHANGXING, *, subsidy: int = 4_800 * YUAN, order: Order | None = None, attempt: int = 0) -> Order:
        """An order whose money is asked for."""
        order = self.reserved(home) if order is None else order
        redemption = self.redemption(order, 8_000 * YUAN, subsidy, attempt=attempt)
        signers = Signers(account(self.firms[home]), account(self.labs[home][1]))
        self.chain.execute(Redeem(self.vouchers[id_of(order)], order, redemption, signers), account("anybody"))
        return order

    def accepted(self, home: Region = CHANGXING, **more: Any) -> Order:
        return self.accept_only(home, self.redeemed(home, **more))

    def accept_only(self, home: Region, order: Order) -> Order:
        if id_of(order) in self.ledger.claims:
            self.chain.execute(Accept((self.claim(order),)), self.who(home, Role.REVIEWER))
        return order

    def settled(self, home: Region = CHANGXING, *, reference: Digest | None = None, **more: Any) -> Order:
        return self.pay(home, self.accepted(home, **more), reference=reference)

    def pay(self, home: Region, order: Order, *, reference: Digest | None = None) -> Order:
        self.chain.execute(Settle((self.claim(order),), reference or digest("payment")), self.paying(home))
        return order

    def reverse(self, home: Region, order: Order, recover: int) -> None:
        self.chain.execute(Reverse(self.claim(order), recover, digest("reason")), self.who(home, Role.REVIEWER))

    def refund(self, home: Region, order: Order) -> None:
        self.chain.execute(Refund(self.filing(order)), self.paying(home))

    def send_back(self, home: Region, order: Order) -> None:
        by_payer = self.ledger.orders[id_of(order)].stage.name == "ACCEPTED"
        self.chain.execute(Reject((self.filing(order),)), self.paying(home) if by_payer else self.who(home, Role.REVIEWER))

    def give_up(self, home: Region, order: Order) -> None:
        attempt = self.ledger.orders[id_of(order)].attempt
        consent = Release(id_of(order), attempt, Time(self.chain.now + DAY))
        release = ReleaseOrder(self.vouchers[id_of(order)], order, consent, Signers(firm=account(self.firms[home])))
        self.chain.execute(release, account(self.labs[home][1]))

    def paying(self, home: Region) -> Any:
        host = SHANGHAI if home == CHANGXING else CHANGXING
        return self.who(self.payer[home] or host, Role.PAYER)

    def statement(self, month: int, home: Region = CHANGXING) -> Statement:
        host = SHANGHAI if home == CHANGXING else CHANGXING
        return statement_of(self.ledger, self.chain.log, chain_id=CHAIN_ID, home=home, host=host, month=month)

    def _issued(self, home: Region) -> Voucher:
        until = Time(self.chain.now + 1000 * DAY)
        terms = Terms(self.programmes[home], Fen(10_000 * YUAN), Fen(1_000 * YUAN), until, until)
        recipient = Recipient(tag(self.firms[home]), tag(f"serial {self.fresh()}"))
        self.chain.execute(Issue(terms, (recipient,)), self.who(home, Role.ISSUER))
        return voucher_of(terms, recipient)


# Whatever happens

ACTS = ("reserve", "redeem", "accept", "settle", "reject", "reverse", "refund", "release", "wait")
PLAYS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from((CHANGXING, SHANGHAI)), st.integers(0, 5), st.integers(1, 25)), max_size=25
)
PAYERS = st.fixed_dictionaries({home: st.sampled_from((Region(0), CHANGXING, SHANGHAI)) for home in (CHANGXING, SHANGHAI)})


def played(acts, payers):
    """A scene after whatever of it the rules allow."""
    scene = Pair(payer=payers)
    for act, home, at, number in acts:
        mine = [order for region, order in scene.orders if region == home]
        with suppress(Rejected):
            if act == "wait":
                scene.chain.wait(number * DAY)
            elif act == "reserve":
                scene.reserved(home)
            elif mine:
                step(scene, act, home, mine[at % len(mine)], recover=number * YUAN)
    return scene


def step(scene, act, home, order, *, recover):
    state = scene.ledger.orders[id_of(order)]
    if act == "redeem":
        scene.redeemed(home, order=order, attempt=state.attempt)
    elif act == "release":
        scene.give_up(home, order)
    elif id_of(order) in scene.ledger.claims:
        by_claim = {"accept": scene.accept_only, "settle": scene.pay, "reject": scene.send_back, "refund": scene.refund}
        scene.reverse(home, order, recover) if act == "reverse" else by_claim[act](home, order)
