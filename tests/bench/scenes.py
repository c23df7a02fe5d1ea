"""
Vouchers' whole lives on a real node, every step once for a single voucher and once in a batch, each with the gas it used.

Changxing's vouchers at one Shanghai lab, relayed by a stranger, both parties' signatures checked; orders of 5,000 yuan and
4,800 of subsidy (AT-01). Three lives: `plain` (one rate, nothing approved, no first review) with each voucher another firm's;
`full` (every order approved, two slices, a first review by the host region, a rest to return), likewise; and `notes`, plain
again, with several vouchers each of few firms.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from eth_account.signers.local import LocalAccount

from registry import codec
from registry.chain.devnode import DevNode
from registry.model import (
    NO_ID,
    UNLIMITED,
    Approval,
    Fen,
    FirstReview,
    Order,
    Programme,
    Recipient,
    Redemption,
    Release,
    Signatures,
    Slice,
    Time,
    Voucher,
)
from tests.bench.floor import floor
from tests.contracts.world import CHANGXING, DAY, SHANGHAI, STRANGER, YUAN, Contract, Life, Party, World, digest, tag

# Genesis, and a second a block: with the same keys and names in every run, every run sends the same bytes.
START_TIME = 1_767_225_600
BLOCK_SECONDS = 1

GAS = 59_000_000

COST, SUBSIDY = 8_000 * YUAN, 4_800 * YUAN
# As much as the subsidy's notes, and with a note to spare.
EXACT, AMPLE = 5_000 * YUAN, 6_000 * YUAN
# Two slices that pay as much for this cost as 60 % of it.
SLICES = (Slice(5_000 * YUAN, 7_000), Slice(UNLIMITED, 4_500))

BANK_REFERENCE = digest("bank")

NO_SIGNATURES = Signatures(firm=bytes(64), lab=bytes(64))

Call = tuple[LocalAccount, bytes]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One transaction: what it did for which vouchers, its gas and the floor under it."""

    scene: str
    step: str
    lives: Sequence[Life]
    gas: int
    floor: int
    by: LocalAccount
    transaction: str

    @property
    def items(self) -> int:
        return len(self.lives)

    @property
    def gas_each(self) -> float:
        return self.gas / self.items

    @property
    def ratio(self) -> float:
        return self.gas / self.floor

    @property
    def floor_each(self) -> float:
        return self.floor / self.items


def keep_time(node: DevNode) -> None:
    """Make a node's clock go by blocks, so that no figure depends on how quick a machine is."""
    node.rpc("anvil_setBlockTimestampInterval", BLOCK_SECONDS)


class Scenes:
    """
    Plays the lives and yields each transaction while the state after it still stands: some steps are undone again to play on.

    `batch` vouchers a batch, `notes` of them a firm's in the last life.
    """

    def __init__(self, world: World, *, batch: int, notes: int) -> None:
        self.world = world
        self.notes = notes
        self.home = world.offices[CHANGXING]
        self.host = world.offices[SHANGHAI]
        self.relay = STRANGER
        self.lab = world.lab(SHANGHAI, recognised_by=(CHANGXING,))
        self.firms = [world.firm(CHANGXING) for _ in range(batch + 1)]

    def play(self) -> Iterator[Measured]:
        """Every step of every life, and before them those of a programme and of a month."""
        yield from self._programme()
        yield from self._month()
        yield from self._plain()
        yield from self._full()
        yield from self._many_notes()

    # A programme and its money, and a month

    def _programme(self) -> Iterator[Measured]:
        record, programmes = self.world.programme_record(), self.world.programmes
        life = self._lives(record, self.firms[:1], amount=EXACT)
        yield self._measure("plain", "open", life, (self.home.issuer, programmes.encode("open", record)), to=programmes)
        self.world.fund(record, COST)
        for verb in ("fund", "draw"):
            with self.world.put_back():
                body = programmes.encode(verb, codec.id_of(record), SUBSIDY, BANK_REFERENCE)
                yield self._measure("plain", verb, life, (self.home.payer, body), to=programmes)

    def _month(self) -> Iterator[Measured]:
        consortium = self.world.consortium
        life = self._lives(self.world.programme_record(), self.firms[:1], amount=EXACT)
        with self.world.put_back():
            self.world.at(self.world.now() + 31 * DAY)
            body = consortium.encode("closeMonth", CHANGXING, SHANGHAI, consortium.firstMonth(), digest("statement"))
            yield self._measure("plain", "closeMonth", life, (self.home.reviewer, body), to=consortium)

    # The lives

    def _plain(self) -> Iterator[Measured]:
        lives = self._lives(self.world.programme(), self.firms, amount=EXACT)
        single = lives[:1]
        yield from self._each_way("plain", "issue", lives, self._issue)
        yield from self._each_way("plain", "reserve", lives, self._reserve)
        with self.world.put_back():
            yield self._measure("plain", "extend", single, self._extend(single))
            yield from self._each_way("plain", "release", lives, self._release)
        yield from self._refusals(lives[1:])
        yield from self._each_way("plain", "redeem", lives, self._redeem)
        with self.world.put_back():
            yield from self._each_way("plain", "reject", lives, self._reject)
        yield from self._each_way("plain", "accept", lives, self._accept)
        yield from self._each_way("plain", "settle", lives, self._settle)
        yield self._measure("plain", "reverse", single, self._reverse(single))
        yield self._measure("plain", "refunded", single, self._refunded(single))

    def _full(self) -> Iterator[Measured]:
        programme = self.world.programme(approval=Approval.ALWAYS, first_review=FirstReview.HOST, slices=SLICES)
        lives = self._lives(programme, self.firms, amount=AMPLE)
        yield from self._each_way("full", "issue", lives, self._issue)
        yield from self._each_way("full", "reserve, to be approved", lives, self._reserve)
        with self.world.put_back():
            yield from self._each_way("full", "decline", lives, self._decline)
        yield from self._each_way("full", "approve", lives, self._approve)
        yield from self._each_way("full", "redeem, sliced", lives, self._redeem)
        yield from self._each_way("full", "endorse", lives, self._endorse)
        yield from self._each_way("full", "accept, a rest returned", lives, self._accept)
        yield from self._each_way("full", "settle", lives, self._settle)

    def _many_notes(self) -> Iterator[Measured]:
        few = self.firms[1 :: self.notes]
        lives = self._lives(self.world.programme(), [firm for firm in few for _ in range(self.notes)], amount=EXACT)
        for step, call in (
            ("issue", self._issue),
            ("reserve", self._reserve),
            ("redeem", self._redeem),
            ("accept", self._accept),
            ("settle", self._settle),
        ):
            yield self._measure("notes", step, lives, call(lives))

    def _refusals(self, lives: Sequence[Life]) -> Iterator[Measured]:
        yield self._measure("plain", "refused: seen before", lives, self._reserve(lives), refused=len(lives))
        # Where the lab's signature belongs stands a second one of the firm's.
        unsigned = [replace(life, order=replace(life.order, nonce=self.world.fresh("life")), lab=life.firm) for life in lives]
        yield self._measure("plain", "refused: not signed by the lab", unsigned, self._reserve(unsigned), refused=len(unsigned))

    # Their steps: who sends what

    def _issue(self, lives: Sequence[Life]) -> Call:
        first = lives[0].voucher
        terms = self.world.terms(lives[0].programme, use_by=first.use_by, claim_by=first.claim_by)
        recipients = [Recipient(life.voucher.firm, life.voucher.serial) for life in lives]
        return self.home.issuer, self.world.registry.encode("issue", terms, recipients)

    def _reserve(self, lives: Sequence[Life]) -> Call:
        calls = [("reserve", life.voucher, life.order, self.world.signed(life.order, life.firm, life.lab)) for life in lives]
        return self._relayed(calls)

    def _approve(self, lives: Sequence[Life]) -> Call:
        return self.home.reviewer, self.world.registry.encode("approve", [life.reservation for life in lives])

    def _decline(self, lives: Sequence[Life]) -> Call:
        return self.home.reviewer, self.world.registry.encode("decline", [life.reservation for life in lives])

    def _release(self, lives: Sequence[Life]) -> Call:
        calls = []
        valid_until = Time(self.world.now() + DAY)
        for life in lives:
            consent = Release(life.order_id, 0, valid_until)
            signatures = replace(NO_SIGNATURES, lab=self.world.sign(consent, life.lab.signer))
            calls.append(("release", life.voucher, life.order, consent, signatures))
        return self._relayed(calls)

    def _extend(self, lives: Sequence[Life]) -> Call:
        (life,) = lives
        return self.home.reviewer, self.world.registry.encode("extend", life.reservation, self.world.now() + 80 * DAY)

    def _redeem(self, lives: Sequence[Life]) -> Call:
        calls = []
        for life in lives:
            signatures = self.world.signed(life.redemption, life.firm, life.lab)
            calls.append(("redeem", life.voucher, life.order, life.redemption, signatures))
        return self._relayed(calls)

    def _endorse(self, lives: Sequence[Life]) -> Call:
        body = self.world.registry.encode("endorse", [life.claim for life in lives])
        for life in lives:
            life.endorser = self.host.reviewer.address
        return self.host.reviewer, body

    def _accept(self, lives: Sequence[Life]) -> Call:
        return self.home.reviewer, self.world.registry.encode("accept", [life.claim for life in lives])

    def _reject(self, lives: Sequence[Life]) -> Call:
        return self.home.reviewer, self.world.registry.encode("reject", [life.filing for life in lives])

    def _settle(self, lives: Sequence[Life]) -> Call:
        return self.home.payer, self.world.registry.encode("settle", [life.claim for life in lives], digest("payment"))

    def _reverse(self, lives: Sequence[Life]) -> Call:
        (life,) = lives
        return self.home.reviewer, self.world.registry.encode("reverse", life.claim, life.redemption.subsidy, digest("reason"))

    def _refunded(self, lives: Sequence[Life]) -> Call:
        (life,) = lives
        return self.home.payer, self.world.registry.encode("refunded", life.filing)

    def _relayed(self, calls: Sequence[tuple[object, ...]]) -> Call:
        """What parties signed, sent by nobody in particular: one call as it is, several through `tryEach`."""
        bodies = [self.world.registry.encode(*call) for call in calls]
        return self.relay, bodies[0] if len(bodies) == 1 else self.world.registry.encode("tryEach", bodies)

    # How they are made and measured

    def _lives(self, programme: Programme, firms: Sequence[Party], *, amount: int) -> list[Life]:
        terms = self.world.terms(programme)
        now = self.world.now()
        lives = []
        for firm in firms:
            number = self.world.fresh("life")
            voucher = Voucher(
                terms.programme, terms.face, terms.denomination, terms.use_by, terms.claim_by, firm.tag, tag(f"serial {number}")
            )
            order = Order(codec.id_of(voucher), self.lab.id, NO_ID, tag("project"), Fen(amount), Time(now + 7 * DAY), number)
            redemption = Redemption(
                order=codec.id_of(order),
                attempt=0,
                cost=Fen(COST),
                subsidy=Fen(SUBSIDY),
                agreement=tag(f"agreement {number}"),
                invoice=tag(f"invoice {number}", epoch=26),
                invoice_amount=Fen(COST),
                result=digest("result"),
                valid_until=Time(now + 300 * DAY),
            )
            lives.append(Life(self.world, programme, firm, self.lab, voucher, order, redemption))
        return lives

    def _each_way(self, scene: str, step: str, lives: Sequence[Life], call: Callable[[Sequence[Life]], Call]) -> Iterator[Measured]:
        """The first voucher alone, the others in one batch."""
        for part in (lives[:1], lives[1:]):
            yield self._measure(scene, step, part, call(part))

    def _measure(
        self, scene: str, step: str, lives: Sequence[Life], call: Call, *, refused: int = 0, to: Contract | None = None
    ) -> Measured:
        by, body = call
        sent = self.world.send(by, (to or self.world.registry).address, body, gas=GAS)
        if sum(event.name == "Refused" for event in sent.events) != refused:
            raise AssertionError(f"{step}: {refused} refusals expected, got {sent.events}")
        logs = self.world.node.rpc("eth_getTransactionReceipt", sent.transaction)["logs"]
        firms = len({life.voucher.firm for life in lives})
        least = floor(step, body=body, logs=logs, items=len(lives), firms=firms)
        return Measured(scene=scene, step=step, lives=lives, gas=sent.gas, floor=least, by=by, transaction=sent.transaction)
