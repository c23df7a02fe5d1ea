"""
The sixteen invariants of the protocol, each under its number.

Most look at one town: a single programme whose orders stand at every stage that there is, on vouchers that share its pool. What
should hold is computed here from the contracts' getters or from their events alone, never from what the town meant to do.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from registry import codec, events, signing
from registry.codec import Domain
from registry.events import Contract
from registry.getters import MIRRORED
from registry.model import (
    NO_ADDRESS,
    Address,
    Approval,
    Claim,
    Fen,
    Firm,
    FirstReview,
    Id,
    Lab,
    MotionKind,
    Order,
    Paid,
    Recipient,
    Redemption,
    Release,
    Role,
    Signatures,
    Slice,
    Stage,
    StandIn,
    Terms,
    Time,
    Voucher,
)
from registry.rules import Ledger, apply
from registry.tags import Keyring, TagKey
from tests.contracts.attacks.attacker import NOBODY, fails, signer_of, unmoved
from tests.contracts.storage import Storage
from tests.contracts.world import (
    BEIJING,
    CHANGXING,
    DAY,
    HEBEI,
    KUNSHAN,
    REGIONS,
    SHANGHAI,
    STRANGER,
    TIANJIN,
    UNSIGNED,
    YUAN,
    Life,
    Party,
    Refused,
    Sent,
    World,
    digest,
    person,
    tag,
)
from tests.disclosure import canonical_plain, chain_bytes, tellings

CONTRACTS = {
    "consortium": Contract.CONSORTIUM,
    "directory": Contract.DIRECTORY,
    "invoices": Contract.INVOICES,
    "programmes": Contract.PROGRAMMES,
    "registry": Contract.VOUCHER_REGISTRY,
}
NOT_ITS_ROLE = "NotIssuer|NotReviewer|NotPayer|NotDirectory"
SLICES = (Slice(Fen(5_000 * YUAN), 6000), Slice(Fen(20_000 * YUAN), 3000))
STAGES = ("requested", "open", "redeemed", "endorsed", "accepted", "settled", "reversed", "part refunded", "refunded", "released")


@dataclass
class Town:
    """Lives of one programme by where they stand, and the world around them."""

    world: World
    lives: dict[str, Life]
    frozen: Party

    def __copy__(self) -> "Town":
        return Town(self.world, {stage: replace(life) for stage, life in self.lives.items()}, self.frozen)

    @classmethod
    def kept(cls, world: World, *, denomination: int) -> "Town":
        """One town for all tests that begin with it."""
        return world.kept(f"town {denomination}", lambda: cls.build(world, denomination=denomination))

    @classmethod
    def build(cls, world: World, *, denomination: int) -> "Town":
        first = Life.begin(
            world, approval=Approval.ALWAYS, first_review=FirstReview.HOST, slices=SLICES, voucher={"denomination": Fen(denomination)}
        )
        town = cls(world, {}, world.lab(SHANGHAI))
        world.directory.freeze(town.frozen.id, by=world.offices[SHANGHAI].directory)
        for place, stage in enumerate((*STAGES, "rejected", "rejected by the payer", "declined", "released while requested")):
            life = replace(first, firm=world.firm())
            life.voucher = world.voucher(first.programme, life.firm, denomination=Fen(denomination))
            life.order = world.order(life.voucher, life.lab, 5_000 * YUAN)
            life.redemption = world.redemption(life.order, 4_000 * YUAN + 100 * place, 2_400 * YUAN + place * 50)
            town.bring(life, stage)
            town.lives[stage] = life
        return town

    def bring(self, life: Life, stage: str) -> None:
        until = {"requested": "reserved", "released": "open", "rejected": "endorsed", "rejected by the payer": "accepted"}
        until |= {"declined": "reserved", "released while requested": "reserved"}
        life.until(until.get(stage, stage if stage in STAGES[1:6] else "settled"))
        registry, consent = self.world.registry, Release(life.order_id, 0, Time(self.world.now() + DAY))
        if stage in ("reversed", "part refunded", "refunded"):
            recover = life.redemption.subsidy // (1 if stage == "refunded" else 3)
            registry.reverse(life.claim, recover, digest("reason"), by=life.office.reviewer)
        if stage in ("part refunded", "refunded"):
            registry.refunded(life.filing, by=life.payer)
        if stage.startswith("released"):
            registry.release(life.voucher, life.order, consent, NOBODY, by=life.lab.signer)
        if stage.startswith("rejected"):
            life.reject(by=life.payer if "payer" in stage else None)
            life.endorser = NO_ADDRESS
        if stage == "declined":
            registry.decline([life.reservation], by=life.office.reviewer)


@pytest.fixture(params=[1, 1_000 * YUAN, 5_000 * YUAN], ids=["money", "strip of ten", "two notes"])
def town(request: pytest.FixtureRequest, world: World) -> Town:
    return Town.kept(world, denomination=request.param)


@pytest.fixture
def one_town(world: World) -> Town:
    return Town.kept(world, denomination=1_000 * YUAN)


def test_a_town_has_every_stage_there_is(one_town: Town) -> None:
    stages = {Stage(life.state().stage) for life in one_town.lives.values()}

    assert stages == set(Stage) - {Stage.NONE}


def test_i01_the_four_parts_of_a_voucher_are_its_face(town: Town) -> None:
    for stage, life in town.lives.items():
        assert sum(life.balance()) == life.voucher.face, stage

    reserved = {stage: life.balance()[1] for stage, life in town.lives.items()}
    assert {stage for stage, amount in reserved.items() if amount} >= {"requested", "open", "rejected", "rejected by the payer"}


@pytest.mark.parametrize("denomination", [1, 1_000 * YUAN, 10_000 * YUAN])
def test_i02_a_note_is_consumed_once_whichever_region_asks(world: World, denomination: int) -> None:
    life = Life.begin(world, amount=10_000 * YUAN, voucher={"denomination": Fen(denomination)})
    consumed = 0
    for region in REGIONS:
        lab = world.lab(region, recognised_by=(CHANGXING,))
        amount = max(denomination, 3_000 * YUAN)
        order = world.order(life.voucher, lab, amount)
        available = life.balance()[0]
        signatures = world.signed(order, life.firm, lab)
        if amount > available:
            with fails(world, "OverAvailable", voucher=life.voucher_id, available=available, amount=amount):
                world.registry.reserve(life.voucher, order, signatures, by=STRANGER)
            continue
        each = replace(life, lab=lab, order=order, redemption=world.redemption(order, amount * 2, amount))
        for step in (each.reserve, each.redeem, each.accept, each.settle):
            step()
        consumed += amount
        assert life.balance()[2] + life.balance()[3] == consumed

    assert consumed == (10_000 * YUAN if denomination == 10_000 * YUAN else 9_000 * YUAN)
    assert life.balance()[0] == life.voucher.face - consumed


def test_i03_live_cost_never_exceeds_the_invoice_across_programmes_regions_and_registries(world: World) -> None:
    invoice, amount, seller = tag("shared invoice", epoch=26), 10_000 * YUAN, world.lab(recognised_by=REGIONS)
    live: dict[int, int] = {}

    def claim(region: int, cost: int) -> Life:
        life = Life.begin(world, region=region, payer=region, cost=cost, subsidy=cost // 10)
        life.lab = seller
        life.order = world.order(life.voucher, seller, 5_000 * YUAN)
        life.reserve()
        life.redemption = world.redemption(life.order, cost, cost // 10, invoice=invoice, invoice_amount=Fen(amount))
        life.redeem()
        live[region] = cost
        return life

    first = claim(CHANGXING, 4_000 * YUAN)
    claim(BEIJING, 3_000 * YUAN)
    with pytest.raises(Refused, match="InvoiceExceeded"):
        claim(TIANJIN, 3_000 * YUAN + 1)
    world.decide(MotionKind.RETIRE_REGISTRY, account=world.registry.address)
    kept = world.registry, world.programmes
    world.registry, world.programmes = world.deploy_registry(predecessor=kept[0].address)
    try:
        world.decide(MotionKind.AUTHORISE_REGISTRY, account=world.registry.address)
        claim(TIANJIN, 3_000 * YUAN)
        with pytest.raises(Refused, match="InvoiceExceeded"):
            claim(HEBEI, 10)
    finally:
        world.registry, world.programmes = kept
    assert world.invoices.invoices(invoice).claimed == sum(live.values()) == amount

    first.reject()
    assert world.invoices.invoices(invoice).claimed == 6_000 * YUAN


def held(life: Life) -> int:
    """What an order holds of the pool, by its own state and the subsidy of its claim."""
    state = life.state()
    stage = Stage(state.stage)
    if Stage.OPEN <= stage <= Stage.SETTLED:
        return int(state.amount)
    if stage is Stage.REVERSED:
        return int(life.redemption.subsidy)
    return life.redemption.subsidy - state.amount if stage is Stage.REFUNDED else 0


def test_i04_the_pool_holds_exactly_what_its_orders_hold(town: Town) -> None:
    lives = list(town.lives.values())
    funded, committed, paid = lives[0].pool()

    assert paid <= committed <= funded
    assert committed == sum(held(life) for life in lives)
    assert paid == sum(held(life) for life in lives if Stage(life.state().stage) in (Stage.SETTLED, Stage.REVERSED, Stage.REFUNDED))
    assert 0 < paid < committed


def test_i04_nothing_is_drawn_or_committed_beyond_the_pool(one_town: Town) -> None:
    life = one_town.lives["requested"]
    funded, committed, _ = life.pool()
    one_town.world.programmes.draw(life.programme_id, funded - committed, digest("all"), by=life.payer)

    with fails(one_town.world, "PoolShort", index=0, programme=life.programme_id, free=0, amount=5_000 * YUAN):
        life.approve()
    with fails(one_town.world, "PoolShort", index=0, programme=life.programme_id, free=0, amount=1):
        one_town.world.programmes.draw(life.programme_id, 1, digest("one more"), by=life.payer)


def weighted(cost: int) -> int:
    """W(cost) in ten-thousandths of a fen."""
    low, total = 0, 0
    for each in SLICES:
        total += max(0, min(cost, each.up_to) - low) * each.bps
        low = each.up_to
    return total


@pytest.mark.parametrize("order_of_events", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_i05_subsidy_under_an_agreement_never_exceeds_the_rule_on_its_cost(world: World, order_of_events: tuple[int, ...]) -> None:
    """Three instalments, each rejected and redeemed again in some order, each time asking for all that the rule allows."""
    life = Life.begin(world, slices=SLICES, voucher={"denomination": Fen(1)})
    agreement, costs = tag("one agreement"), (3_001 * YUAN + 7, 4_999 * YUAN + 3, 2_000 * YUAN + 1)
    pieces: dict[int, Life] = {}

    def check() -> None:
        live = [each.redemption for each in pieces.values() if each.state().stage == Stage.REDEEMED]
        cost = sum(each.cost for each in live)
        assert world.programmes.agreements(life.programme_id, agreement) == cost
        assert sum(each.subsidy for each in live) <= weighted(cost) // 10_000

    def redeem(place: int, attempt: int) -> None:
        each = pieces[place]
        base = world.programmes.agreements(life.programme_id, agreement)
        most = (weighted(base + costs[place]) - weighted(base)) // 10_000
        each.redemption = world.redemption(each.order, costs[place], most, agreement=agreement, attempt=attempt)
        each.redeem()
        check()

    for place in range(3):
        order = world.order(life.voucher, life.lab, 3_000 * YUAN + 100)
        pieces[place] = replace(life, order=order)
        pieces[place].reserve()
        redeem(place, 0)
    for place in order_of_events:
        pieces[place].reject()
        check()
        redeem(place, 1)


@pytest.mark.parametrize("paid", [Paid.LAB, Paid.FIRM])
@pytest.mark.parametrize("where", [CHANGXING, SHANGHAI], ids=["home", "across"])
def test_i06_who_is_paid_is_fixed_at_reservation(world: World, where: int, paid: Paid) -> None:
    """Whatever happens later, a reviewer stands in for the other party and never for the one that is paid."""
    rule = {"paid_home": paid, "paid_across": Paid(1 - paid)} if where == CHANGXING else {"paid_across": paid, "paid_home": Paid(1 - paid)}
    life = Life.begin(world, until="open", lab_region=where, **rule)
    world.directory.withdraw([life.lab.id], by=life.office.directory)
    world.directory.exit(life.lab.id, by=life.host.directory)
    reason, reviewer = digest("reason"), life.office.reviewer
    standing = world.sign(StandIn(codec.id_of(life.redemption), reason), reviewer)
    firm, lab = (world.sign(life.redemption, each.signer) for each in (life.firm, life.lab))
    for_the_lab, for_the_firm = Signatures(firm, standing, reason), Signatures(standing, lab, reason)
    for_the_paid, for_the_other = (for_the_lab, for_the_firm) if paid is Paid.LAB else (for_the_firm, for_the_lab)

    with unmoved(world), pytest.raises(Refused, match="NotSignedBy"):
        world.registry.redeem(life.voucher, life.order, life.redemption, for_the_paid, by=STRANGER)
    world.registry.redeem(life.voucher, life.order, life.redemption, for_the_other, by=STRANGER).only("Redeemed")


@pytest.mark.parametrize("missing", ["firm", "lab"])
@pytest.mark.parametrize("verb", ["reserve", "redeem"])
def test_i07_no_verb_without_both_words_for_exactly_this_record_here(world: World, verb: str, missing: str) -> None:
    life = Life.begin(world)
    if verb == "redeem":
        life.reserve()
    record: Any = life.order if verb == "reserve" else life.redemption
    other_record = replace(record, valid_until=Time(record.valid_until + 1))
    key = bytes(getattr(life, missing).signer.key)
    elsewhere = [
        Domain(world.node.chain_id + 1, world.domain.registry),
        Domain(world.node.chain_id, Address(world.directory.address)),
    ]
    records = [replace(record, attempt=1)] if verb == "redeem" else []
    wrong = [world.sign(each, getattr(life, missing).signer) for each in records]
    wrong += [UNSIGNED, world.sign(other_record, getattr(life, missing).signer), *(signing.sign(record, each, key) for each in elsewhere)]

    for signature in wrong:
        signatures = replace(world.signed(record, life.firm, life.lab), **{missing: signature})
        with unmoved(world), pytest.raises(Refused, match="NotSignedBy"):
            send(life, verb, signatures, STRANGER)
    by_party = replace(world.signed(record, life.firm, life.lab), **{missing: UNSIGNED})
    send(life, verb, by_party, getattr(life, missing).signer)


@pytest.mark.parametrize("paid", [Paid.LAB, Paid.FIRM])
def test_i07_a_reviewer_takes_the_unpaid_partys_place_for_exactly_this_redemption(world: World, paid: Paid) -> None:
    life = Life.begin(world, until="open", paid_across=paid)
    payee, other = ("lab", "firm") if paid is Paid.LAB else ("firm", "lab")
    reason, reviewer = digest("reason"), life.office.reviewer
    own = {payee: world.sign(life.redemption, getattr(life, payee).signer)}

    def standing(record: Any, who: Any = reviewer, domain: Domain = world.domain, **changes: Any) -> Signatures:
        signed = signing.sign(StandIn(codec.id_of(record), reason), domain, bytes(who.key))
        return Signatures(**(own | {other: signed, "reason": reason} | changes))

    elsewhere = Domain(world.node.chain_id + 1, world.domain.registry)
    wrong = [
        standing(replace(life.redemption, attempt=1)),
        standing(life.redemption, domain=elsewhere),
        standing(life.redemption, STRANGER),
        standing(life.redemption, world.offices[BEIJING].reviewer),
        standing(life.redemption, reason=digest("another reason")),
    ]
    for signatures in wrong:
        got = signer_of(world, StandIn(codec.id_of(life.redemption), signatures.reason), getattr(signatures, other))
        with fails(world, "StandInNotReviewer", account=got, region=CHANGXING):
            send(life, "redeem", signatures, STRANGER)
    with unmoved(world), pytest.raises(Refused, match="NotSignedBy"):
        send(life, "redeem", standing(life.redemption, **{payee: UNSIGNED}), STRANGER)

    redeemed = send(life, "redeem", standing(life.redemption), STRANGER).only("Redeemed")
    assert (redeemed["standIn"], redeemed["reason"]) == (reviewer.address.lower(), reason)


def test_i07_nothing_is_released_without_the_labs_word_for_this_order_attempt_chain_and_contract(world: World) -> None:
    life = Life.begin(world, until="redeemed")
    life.reject()
    consent = Release(life.order_id, 1, Time(world.now() + DAY))
    key = bytes(life.lab.signer.key)
    wrong = [
        world.sign(replace(consent, attempt=0), life.lab.signer),
        world.sign(replace(consent, valid_until=Time(consent.valid_until + 1)), life.lab.signer),
        world.sign(consent, life.firm.signer),
        signing.sign(consent, Domain(world.node.chain_id + 1, world.domain.registry), key),
        signing.sign(consent, Domain(world.node.chain_id, Address(world.directory.address)), key),
    ]

    def release(record: Release, signature: bytes) -> Any:
        return world.registry.release(life.voucher, life.order, record, Signatures(lab=signature), by=STRANGER)

    for signature in wrong:
        with fails(world, "NotSignedBy", signer=life.lab.signer, got=signer_of(world, consent, signature)):
            release(consent, signature)
    with fails(world, "NotSignedBy", signer=life.lab.signer, got=STRANGER):
        release(consent, UNSIGNED)
    before = replace(consent, attempt=0)
    with fails(world, "WrongAttempt", order=life.order_id, attempt=1, got=0):
        release(before, world.sign(before, life.lab.signer))
    release(consent, world.sign(consent, life.lab.signer)).only("Released")


def send(life: Life, verb: str, signatures: Signatures, by: Any) -> Sent:
    records = [life.voucher, life.order] + ([life.redemption] if verb == "redeem" else [])
    sent: Sent = getattr(life.world.registry, verb)(*records, signatures, by=by)
    return sent


def regional_acts(town: Town) -> dict[str, tuple[str, Any]]:
    """Every act of an office in a region's name: whose role it takes, and the act itself by an account. Named by function."""
    world, lives = town.world, town.lives
    registry, programmes, directory = world.registry, world.programmes, world.directory
    programme, firm, lab = lives["open"].programme, lives["open"].firm, lives["open"].lab
    opened, admitted = world.programme_record(), Lab(SHANGHAI, tag("unit"), "new")
    return {
        "open": ("issuer", lambda by: programmes.open(opened, by=by)),
        "issue": ("issuer", lambda by: registry.issue(world.terms(programme), [Recipient(firm.tag, tag("serial"))], by=by)),
        "approve": ("reviewer", lambda by: registry.approve([lives["requested"].reservation], by=by)),
        "decline": ("reviewer", lambda by: registry.decline([lives["requested"].reservation], by=by)),
        "extend": ("reviewer", lambda by: registry.extend(lives["open"].reservation, world.now() + 80 * DAY, by=by)),
        "accept": ("second_reviewer", lambda by: registry.accept([lives["endorsed"].claim], by=by)),
        "reject": ("reviewer", lambda by: registry.reject([lives["redeemed"].filing], by=by)),
        "reverse": ("reviewer", lambda by: registry.reverse(lives["settled"].claim, 1, digest("reason"), by=by)),
        "fund": ("payer", lambda by: programmes.fund(codec.id_of(programme), 1, digest("bank"), by=by)),
        "draw": ("payer", lambda by: programmes.draw(codec.id_of(programme), 1, digest("bank"), by=by)),
        "reject: after acceptance": ("payer", lambda by: registry.reject([lives["accepted"].filing], by=by)),
        "settle": ("payer", lambda by: registry.settle([lives["accepted"].claim], digest("payment"), by=by)),
        "refunded": ("payer", lambda by: registry.refunded(lives["reversed"].filing, by=by)),
        "enrol": ("directory", lambda by: directory.enrol(Firm(CHANGXING, tag("new firm")), person("new firm"), by=by)),
        "rotate: a firm's key": ("directory", lambda by: directory.rotate(firm.id, person("new key"), by=by)),
        "endorse": ("host reviewer", lambda by: registry.endorse([lives["redeemed"].claim], by=by)),
        "admit": ("host directory", lambda by: directory.admit(admitted, person("new lab"), tag("seller"), world.now(), by=by)),
        "freeze": ("host directory", lambda by: directory.freeze(lab.id, by=by)),
        "list": ("host directory", lambda by: directory.list(lab.id, ["new item"], by=by)),
        "renew": ("host directory", lambda by: directory.renew(lab.id, lab.tag, world.now() + DAY, by=by)),
        "suspend": ("host directory", lambda by: directory.suspend(lab.id, by=by)),
        "exit": ("host directory", lambda by: directory.exit(lab.id, by=by)),
        "reinstate": ("host directory", lambda by: directory.reinstate(town.frozen.id, by=by)),
    }


@dataclass(frozen=True)
class OwnAct:
    """
    An act of an office for whichever region its account is of: `refusal` is what another region's account meets.

    Without one it acts, and the event names that other region and no other.
    """

    role: str
    act: Callable[[LocalAccount], Sent]
    refusal: str = ""


def own_acts(world: World, lab: Party, flagged: Party) -> dict[str, OwnAct]:
    """Every further act of an office, by function; first by Changxing's accounts, then by Beijing's. Tianjin flagged one lab."""
    consortium, directory, office = world.consortium, world.directory, world.offices[CHANGXING]
    motion = world.motion(MotionKind.SUSPEND, region=HEBEI)
    keys = world.motion(MotionKind.REPLACE_KEYS, region=CHANGXING, account=person("a"), other=person("b"))
    month, reason, named = consortium.firstMonth(), digest("reason"), person("named")
    return {
        "recognise": OwnAct("directory", lambda by: directory.recognise([flagged.id], 0, 2**40 - 1, by=by)),
        "withdraw": OwnAct("directory", lambda by: directory.withdraw([lab.id], by=by), "NotRecognised"),
        "flag": OwnAct("directory", lambda by: directory.flag(lab.id, reason, by=by)),
        "second": OwnAct("directory", lambda by: directory.second(flagged.id, reason, by=by)),
        "unflag": OwnAct("directory", lambda by: directory.unflag(lab.id, by=by), "NotOwnFlag"),
        "offer": OwnAct("admin", lambda by: consortium.offer(named, Role.REVIEWER, by=by)),
        "revoke": OwnAct("admin", lambda by: consortium.revoke(office.issuer, by=by), "NotRoleAccount"),
        "vote": OwnAct("admin", lambda by: consortium.vote(motion, by=by)),
        "veto": OwnAct("recovery", lambda by: consortium.veto(keys, by=by), "NotRecovery"),
        "recover": OwnAct("recovery", lambda by: consortium.recover(named, by=by)),
        "rotateRecovery": OwnAct("recovery", lambda by: consortium.rotateRecovery(named, by=by)),
        "closeMonth": OwnAct("reviewer", lambda by: consortium.closeMonth(CHANGXING, SHANGHAI, month, reason, by=by), "NotOfEither"),
    }


OWN_ACTS = [
    "recognise",
    "withdraw",
    "flag",
    "second",
    "unflag",
    "offer",
    "revoke",
    "vote",
    "veto",
    "recover",
    "rotateRecovery",
    "closeMonth",
]
NOT_OWN = "NotDirectory|NotAdmin|NotRecovery|NotOfEither"
# What is no office's: anybody's, the parties' own, a claimant's, or the registry's with its Programmes. `takeUp` is the account's.
ANYBODYS = {"reserve", "release", "redeem", "tryEach", "completeRotation", "enact", "lift", "setRegistry", "voidClaim"}
PARTIES, CLAIMANTS, ACCOUNTS = {"vetoRotation"}, {"claim", "free"}, {"takeUp"}
REGISTRYS = {"commit", "uncommit", "pay", "payBack", "count", "uncount"}


def test_i08_every_function_that_changes_state_is_an_offices_or_nobodys(one_town: Town) -> None:
    world, lab = one_town.world, one_town.lives["open"].lab
    abi = {
        entry["name"]
        for contract in (world.consortium, world.directory, world.invoices, world.programmes, world.registry)
        for entry in contract.functions.values()
        if entry["stateMutability"] == "nonpayable"
    }
    own = own_acts(world, lab, lab).keys()
    of_offices = {name.partition(":")[0] for name in regional_acts(one_town)} | own

    assert own == set(OWN_ACTS)
    assert abi == of_offices | ANYBODYS | PARTIES | CLAIMANTS | ACCOUNTS | REGISTRYS


@pytest.mark.parametrize("name", OWN_ACTS)
def test_i08_an_office_acts_in_its_own_regions_name_only(world: World, name: str) -> None:
    lab, flagged = world.lab(), world.lab()
    world.flag(flagged.id, by=TIANJIN)
    own = own_acts(world, lab, flagged)[name]
    if name == "closeMonth":
        world.node.jump(31 * DAY)
    if name == "unflag":
        world.flag(lab.id, by=CHANGXING)
    others = {"admin", "recovery", "issuer", "reviewer", "payer", "directory"} - {own.role}

    with unmoved(world):
        for account in (STRANGER, *(getattr(world.offices[region], each) for region in (CHANGXING, BEIJING) for each in others)):
            with pytest.raises(Refused, match=NOT_OWN):
                own.act(account)
    for region in (CHANGXING, BEIJING):
        with world.put_back():
            account = getattr(world.offices[region], own.role)
            if region == BEIJING and own.refusal:
                with unmoved(world), pytest.raises(Refused, match=own.refusal):
                    own.act(account)
                continue
            (event, *_) = own.act(account).events
            told = next((event[each] for each in ("region", "by") if each in event.values), region)
            assert told in (region, account.address.lower())


def test_i08_a_role_is_taken_up_of_the_region_that_offered_it_only(world: World) -> None:
    named = person("named")
    world.consortium.offer(named, Role.ISSUER, by=world.offices[BEIJING].admin)

    for region in (CHANGXING, SHANGHAI):
        with fails(world, "NotOffered", account=named, region=region, role=Role.ISSUER):
            world.consortium.takeUp(region, Role.ISSUER, by=named)
    world.consortium.takeUp(BEIJING, Role.ISSUER, by=named).only("Granted")


def office_of(role: str) -> tuple[int, str]:
    """The region whose role an act takes, and the account's name in an office."""
    return (SHANGHAI, role.removeprefix("host ")) if role.startswith("host ") else (CHANGXING, role)


def test_i08_no_account_acts_for_a_region_not_its_own_nor_in_a_role_not_its_own(one_town: Town) -> None:
    world, acts = one_town.world, regional_acts(one_town)

    with unmoved(world):
        for role, act in acts.values():
            region, name = office_of(role)
            others = [getattr(world.offices[each], name) for each in (BEIJING, CHANGXING, SHANGHAI) if each != region]
            wrong_roles = {"admin", "recovery", "issuer", "reviewer", "payer", "directory"} - {name.removeprefix("second_")}
            for account in (*others, *(getattr(world.offices[region], each) for each in wrong_roles), STRANGER):
                with pytest.raises(Refused, match=NOT_ITS_ROLE):
                    act(account)
    for role, act in acts.values():
        region, name = office_of(role)
        with world.put_back():
            assert act(getattr(world.offices[region], name)).events


@pytest.mark.parametrize("blow", ["home", "host"])
def test_i08_no_suspended_region_starts_anything(one_town: Town, blow: str) -> None:
    world, suspended = one_town.world, CHANGXING if blow == "home" else SHANGHAI
    fresh = world.order(one_town.lives["open"].voucher, one_town.lives["open"].lab, 1_000 * YUAN)
    signatures = world.signed(fresh, one_town.lives["open"].firm, one_town.lives["open"].lab)
    world.decide(MotionKind.SUSPEND, region=suspended)

    for role, act in regional_acts(one_town).values():
        region, account_name = office_of(role)
        if region == suspended and account_name != "payer":
            with unmoved(world), pytest.raises(Refused, match=NOT_ITS_ROLE + "|Suspended"):
                act(getattr(world.offices[region], account_name))
    with fails(world, "Suspended", region=suspended):
        world.registry.reserve(one_town.lives["open"].voucher, fresh, signatures, by=STRANGER)
    with unmoved(world), pytest.raises(Refused, match=r"Suspended|NotReviewer"):
        one_town.lives["requested"].approve()
    one_town.lives["accepted"].settle().only("Settled")


def test_i08_a_suspended_region_says_nothing_of_its_own(world: World) -> None:
    """Its admin may vote, take roles back and be replaced (docs/adr/0010); nothing else is done in its name."""
    lab, flagged = world.lab(), world.lab()
    world.flag(flagged.id, by=TIANJIN)
    world.flag(lab.id, by=CHANGXING)
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.node.jump(31 * DAY)

    for name, own in own_acts(world, lab, flagged).items():
        account = getattr(world.offices[CHANGXING], own.role)
        with world.put_back():
            if name in ("vote", "revoke", "veto", "recover", "rotateRecovery"):
                assert own.act(account).events
            else:
                with unmoved(world), pytest.raises(Refused, match=r"NotDirectory|NotOfEither|Suspended"):
                    own.act(account)


def test_i08_nothing_starts_where_a_suspended_region_pays(world: World) -> None:
    life = Life.begin(world, payer=KUNSHAN, approval=Approval.ALWAYS)
    life.reserve()
    accepted = life.beside().until("accepted")
    late, unopened = life.beside(), world.programme_record(payer=KUNSHAN)
    world.decide(MotionKind.SUSPEND, region=KUNSHAN)

    with fails(world, "Suspended", region=KUNSHAN):
        late.reserve()
    with fails(world, "Suspended", region=KUNSHAN):
        life.approve()
    with fails(world, "Suspended", region=KUNSHAN):
        world.programmes.open(unopened, by=life.office.issuer)
    accepted.settle().only("Settled")
    world.registry.decline([life.reservation], by=life.office.reviewer).only("Declined")


def test_i08_a_caretaker_finishes_and_starts_nothing(one_town: Town) -> None:
    world, caretaker = one_town.world, one_town.world.offices[BEIJING].reviewer
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.decide(MotionKind.NAME_CARETAKER, region=CHANGXING, account=caretaker)
    may = {"decline", "accept", "reject", "reverse"}

    for name, (_, act) in regional_acts(one_town).items():
        if name in may:
            with world.put_back():
                assert act(caretaker).events
        else:
            with unmoved(world), pytest.raises(Refused, match=NOT_ITS_ROLE + "|Suspended"):
                act(caretaker)
    world.decide(MotionKind.REINSTATE, region=CHANGXING)
    for name in may:
        with unmoved(world), pytest.raises(Refused, match="NotReviewer"):
            regional_acts(one_town)[name][1](caretaker)


def test_i09_whoever_reviews_never_pays(one_town: Town) -> None:
    world, acts = one_town.world, regional_acts(one_town)
    reviews = ["approve", "decline", "extend", "accept", "reject", "reverse"]
    pays = ["fund", "draw", "reject: after acceptance", "settle", "refunded"]
    office = world.offices[CHANGXING]

    with unmoved(world):
        for name in reviews:
            with pytest.raises(Refused, match="NotReviewer"):
                acts[name][1](office.payer)
        for name in pays:
            for reviewer in (office.reviewer, office.second_reviewer):
                with pytest.raises(Refused, match="NotPayer"):
                    acts[name][1](reviewer)
    for account, role in ((office.payer, Role.REVIEWER), (office.reviewer, Role.PAYER)):
        with fails(world, "AccountTaken", account=account):
            world.consortium.offer(account, role, by=office.admin)


@pytest.mark.parametrize("blow", ["suspend", "exit", "withdraw", "expire"])
def test_i10_standing_and_recognition_count_as_of_the_reservation(world: World, blow: str) -> None:
    life = Life.begin(world, approval=Approval.ALWAYS, first_review=FirstReview.HOST)
    life.reserve()
    if blow == "withdraw":
        world.directory.withdraw([life.lab.id], by=life.office.directory)
    elif blow == "expire":
        world.directory.renew(life.lab.id, life.lab.tag, 1, by=life.host.directory)
    else:
        getattr(world.directory, blow)(life.lab.id, by=life.host.directory)
    late = world.order(life.voucher, life.lab, 1_000 * YUAN)

    with unmoved(world), pytest.raises(Refused, match=r"LabNotActive|NotRecognised|NotQualified"):
        world.registry.reserve(life.voucher, late, world.signed(late, life.firm, life.lab), by=STRANGER)
    for step in (life.approve, life.redeem, life.endorse, life.accept, life.settle):
        step()


@pytest.mark.parametrize("blow", ["lab frozen", "lab flagged", "firm flagged", "firm flagged for ever"])
def test_i10_frozen_and_flagged_at_every_step_up_to_accept(one_town: Town, blow: str) -> None:
    world, lives = one_town.world, one_town.lives
    step_of = {"requested": Life.approve, "open": Life.redeem, "redeemed": Life.endorse, "endorsed": Life.accept}
    fresh = world.order(lives["open"].voucher, lives["open"].lab, 1_000 * YUAN)
    if blow == "lab frozen":
        world.directory.freeze(lives["open"].lab.id, by=world.offices[SHANGHAI].directory)
    for subject in {lives["open"].lab.id} if blow == "lab flagged" else {each.firm.id for each in lives.values()} if "firm" in blow else ():
        world.directory.flag(subject, digest("reason"), by=world.offices[BEIJING].directory)
        if "ever" in blow:
            world.directory.second(subject, digest("reason"), by=world.offices[HEBEI].directory)

    with unmoved(world), pytest.raises(Refused, match=r"SubjectFlagged|LabNotActive"):
        world.registry.reserve(lives["open"].voucher, fresh, world.signed(fresh, lives["open"].firm, lives["open"].lab), by=STRANGER)
    for stage, step in step_of.items():
        with unmoved(world), pytest.raises(Refused, match=r"Barred|SubjectFlagged|LabFrozen"):
            step(lives[stage])
    lives["accepted"].settle()
    world.registry.reject([lives["redeemed"].filing], by=lives["redeemed"].office.reviewer)
    world.registry.decline([lives["requested"].reservation], by=lives["requested"].office.reviewer)


def test_i11_nothing_is_reserved_after_use_by_nothing_redeemed_after_its_deadline(world: World) -> None:
    life = Life.begin(world, hold_days=10)
    life.reserve()
    world.at(life.state().deadline + 1)
    with fails(world, "PastDeadline", order=life.order_id, deadline=life.state().deadline):
        life.redeem()

    world.registry.extend(life.reservation, world.now() + DAY, by=life.office.reviewer)
    world.at(life.state().deadline)
    life.redeem()
    world.at(life.voucher.use_by + 1)
    late = world.order(life.voucher, life.lab, 1_000 * YUAN, valid_until=Time(life.voucher.use_by + DAY))
    with fails(world, "PastUseBy", voucher=life.voucher_id, useBy=life.voucher.use_by):
        world.registry.reserve(life.voucher, late, world.signed(late, life.firm, life.lab), by=STRANGER)


def test_i12_settled_at_most_once_and_a_reversal_erases_nothing(one_town: Town) -> None:
    world = one_town.world
    for stage in STAGES:
        life = one_town.lives[stage]
        if stage != "accepted":
            with unmoved(world), pytest.raises(Refused, match="WrongStage"):
                life.settle()

    for stage in ("reversed", "part refunded", "refunded"):
        names = [name for name, values, _ in history(world) if values.get("order") == one_town.lives[stage].order_id]
        assert names.count("Settled") == 1
        assert names.index("Settled") < names.index("Reversed")
        assert one_town.lives[stage].balance()[2] == one_town.lives[stage].redemption.subsidy


def history(world: World) -> list[tuple[str, dict[str, Any], int]]:
    """Every event since the beginning: name, values, time of its block."""
    logs = world.node.rpc("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": list(world._contracts)})
    events = []
    for log in logs:
        event = world._contracts[log["address"].lower()].decode(log)
        events.append((event.name, event.values, int(log["blockNumber"], 16)))
    return events


class Fold:
    """What the contracts hold, from their events alone."""

    def __init__(self, world: World) -> None:
        self.terms: dict[bytes, tuple[Any, ...]] = {}
        self.vouchers: dict[bytes, Voucher] = {}
        self.balances: dict[bytes, list[int]] = {}
        self.orders: dict[bytes, dict[str, Any]] = {}
        self.pools: dict[bytes, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.agreements: dict[tuple[bytes, bytes], int] = defaultdict(int)
        self.invoices: dict[bytes, list[Any]] = {}
        self.flat: dict[bytes, bool] = {}
        for name, values, _ in history(world):
            getattr(self, f"_{name}", lambda **_: None)(**values)

    def _ProgrammeOpened(self, programme: bytes, record: Any) -> None:  # noqa: N802 - the event's name
        self.flat[programme] = len(record[10]) == 1 and record[10][0][0] == 2**64 - 1

    def _Funded(self, programme: bytes, amount: int, **_: Any) -> None:  # noqa: N802
        self.pools[programme][0] += amount

    def _Drawn(self, programme: bytes, amount: int, **_: Any) -> None:  # noqa: N802
        self.pools[programme][0] -= amount

    def _TermsIssued(self, terms: bytes, record: Any) -> None:  # noqa: N802
        self.terms[terms] = record

    def _Issued(self, voucher: bytes, terms: bytes, firm: bytes, serial: bytes) -> None:  # noqa: N802
        record = codec.voucher_of(Terms(*self.terms[terms]), Recipient(firm, serial))
        assert codec.id_of(record) == voucher
        self.vouchers[voucher] = record
        self.balances[voucher] = [record.face, 0, 0, 0]

    def _Reserved(self, order: bytes, record: Any, stage: int, deadline: int) -> None:  # noqa: N802
        made = Order(*record)
        assert codec.id_of(made) == order
        state = {"record": made, "stage": stage, "attempt": 0, "amount": made.amount, "deadline": deadline}
        self.orders[order] = state | {"evidence": bytes(17)}
        self._move(made.voucher, made.amount, 0, 1)
        if stage == Stage.OPEN:
            self._pool(order)[1] += made.amount

    def _Approved(self, order: bytes, deadline: int, **_: Any) -> None:  # noqa: N802
        self.orders[order] |= {"stage": 2, "deadline": deadline}
        self._pool(order)[1] += self.orders[order]["amount"]

    def _Declined(self, order: bytes, **_: Any) -> None:  # noqa: N802
        self._move(self._voucher(order), self.orders[order]["amount"], 1, 0)
        self.orders[order]["stage"] = 9

    def _Released(self, order: bytes, lapsed: bool, **_: Any) -> None:  # noqa: FBT001, N802
        amount = self.orders[order]["amount"]
        self._move(self._voucher(order), amount, 1, 3 if lapsed else 0)
        if self.orders[order]["stage"] == Stage.OPEN:
            self._pool(order)[1] -= amount
        self.orders[order]["stage"] = 9

    def _Extended(self, order: bytes, deadline: int, **_: Any) -> None:  # noqa: N802
        self.orders[order]["deadline"] = deadline

    def _Redeemed(self, order: bytes, record: Any, standIn: str, **_: Any) -> None:  # noqa: N802, N803
        state, redemption = self.orders[order], Redemption(*record)
        voucher = self.vouchers[state["record"].voucher]
        consumed = -(-redemption.subsidy // voucher.denomination) * voucher.denomination
        state["claim"] = Claim(
            voucher.programme,
            state["record"].voucher,
            Id(order),
            codec.id_of(redemption),
            state["record"].lab,
            voucher.firm,
            redemption.subsidy,
            Fen(consumed),
            Address(to_checksum_address(standIn)),
            NO_ADDRESS,
        )
        state |= {"stage": 3, "redemption": redemption, "evidence": codec.evidence(state["claim"])}
        self._consume(order, 1)
        self._count(order, 1)

    def _Endorsed(self, order: bytes, by: str) -> None:  # noqa: N802
        state = self.orders[order]
        state["claim"] = replace(state["claim"], endorser=Address(to_checksum_address(by)))
        state |= {"stage": 4, "evidence": codec.evidence(state["claim"])}

    def _Accepted(self, order: bytes, **_: Any) -> None:  # noqa: N802
        state = self.orders[order]
        rest = state["amount"] - state["claim"].consumed
        self._move(self._voucher(order), rest, 1, 0)
        self._pool(order)[1] -= rest
        state |= {"stage": 5, "amount": state["claim"].consumed}

    def _Rejected(self, order: bytes, deadline: int, **_: Any) -> None:  # noqa: N802
        state = self.orders[order]
        self._consume(order, -1)
        self._count(order, -1)
        state |= {"stage": 2, "attempt": state["attempt"] + 1, "deadline": deadline, "evidence": bytes(17)}

    def _Settled(self, order: bytes, **_: Any) -> None:  # noqa: N802
        state = self.orders[order]
        self._pool(order)[1] -= state["amount"] - state["claim"].subsidy
        self._pool(order)[2] += state["claim"].subsidy
        state |= {"stage": 6, "amount": state["claim"].subsidy}

    def _Reversed(self, order: bytes, recover: int, **_: Any) -> None:  # noqa: N802
        self.orders[order] |= {"stage": 7, "amount": recover}

    def _Refunded(self, order: bytes, **_: Any) -> None:  # noqa: N802
        state = self.orders[order]
        self._pool(order)[1] -= state["amount"]
        self._pool(order)[2] -= state["amount"]
        if state["amount"] == state["claim"].subsidy:
            self._count(order, -1)
        state["stage"] = 8

    def _Claimed(self, invoice: bytes, cost: int, amount: int, seller: bytes, **_: Any) -> None:  # noqa: N802
        state = self.invoices.setdefault(invoice, [amount, 0, 0, seller])
        state[1] += cost
        state[2] += 1

    def _Freed(self, invoice: bytes, cost: int, **_: Any) -> None:  # noqa: N802
        state = self.invoices[invoice]
        state[1] -= cost
        state[2] -= 1
        if state[2] == 0:
            del self.invoices[invoice]

    _Voided = _Freed

    def _voucher(self, order: bytes) -> bytes:
        return self.orders[order]["record"].voucher

    def _pool(self, order: bytes) -> list[int]:
        return self.pools[self.vouchers[self._voucher(order)].programme]

    def _move(self, voucher: bytes, amount: int, source: int, target: int) -> None:
        self.balances[voucher][source] -= amount
        self.balances[voucher][target] += amount

    def _consume(self, order: bytes, sign: int) -> None:
        claim = self.orders[order]["claim"]
        self._move(claim.voucher, sign * claim.subsidy, 1, 2)
        self._move(claim.voucher, sign * (claim.consumed - claim.subsidy), 1, 3)

    def _count(self, order: bytes, sign: int) -> None:
        claim, redemption = self.orders[order]["claim"], self.orders[order]["redemption"]
        if not self.flat[claim.programme]:
            self.agreements[claim.programme, redemption.agreement] += sign * redemption.cost


def test_i13_folding_the_events_gives_what_the_contracts_hold(town: Town) -> None:
    world, flat = town.world, Life.begin(town.world, until="settled")
    void = world.motion(MotionKind.VOID_CLAIM, region=CHANGXING, account=world.registry.address, subject=flat.order_id)
    world.carry(void)
    world.invoices.voidClaim(void, flat.claim, flat.redemption, by=STRANGER)
    world.registry.extend(town.lives["open"].reservation, world.now() + 85 * DAY, by=town.lives["open"].office.reviewer)
    fold = Fold(world)

    assert {life.order_id for life in (*town.lives.values(), flat)} <= set(fold.orders)
    for voucher, balance in fold.balances.items():
        assert tuple(world.registry.balances(voucher)) == tuple(balance)
    for order, state in fold.orders.items():
        expected = tuple(state[each] for each in ("stage", "attempt", "amount", "deadline", "evidence"))
        assert tuple(world.registry.orders(order)) == expected
    for programme, pool in fold.pools.items():
        assert tuple(world.programmes.pools(programme)) == tuple(pool)
    for (programme, agreement), cost in fold.agreements.items():
        assert world.programmes.agreements(programme, agreement) == cost
    for life in (*town.lives.values(), flat):
        expected = tuple(fold.invoices.get(life.redemption.invoice, (0, 0, 0, bytes(12))))
        assert tuple(world.invoices.invoices(life.redemption.invoice)) == expected
    assert any(fold.agreements.values())
    assert fold.invoices


def test_i14_a_refused_call_in_a_batch_changes_nothing_and_stops_nothing(one_town: Town) -> None:
    world, lives = one_town.world, one_town.lives
    encode = world.registry.encode

    def redeem(life: Life) -> bytes:
        return encode("redeem", life.voucher, life.order, life.redemption, world.signed(life.redemption, life.firm, life.lab))

    fresh = [world.order(lives["open"].voucher, lives["open"].lab, 1_000 * YUAN) for _ in range(2)]
    reserve = [encode("reserve", lives["open"].voucher, each, world.signed(each, lives["open"].firm, lives["open"].lab)) for each in fresh]
    refused_items = [redeem(lives[stage]) for stage in STAGES if stage != "open"] + [reserve[0][:200], b"", redeem(lives["rejected"])]
    calls = [reserve[0], *refused_items[:6], redeem(lives["open"]), *refused_items[6:], reserve[1]]
    others = {stage: (life.state(), life.balance()) for stage, life in lives.items() if stage != "open"}

    sent = world.registry.tryEach(calls, by=STRANGER)

    good = {0, 7, len(calls) - 1}
    assert {event["index"] for event in sent.events if event.name == "Refused"} == set(range(len(calls))) - good
    assert [event.name for event in sent.events if event.name in ("Reserved", "Redeemed")] == ["Reserved", "Redeemed", "Reserved"]
    assert {stage: (life.state(), life.balance()) for stage, life in lives.items() if stage != "open"} == others


def test_i14_releases_are_tried_each_for_itself_and_every_refusal_says_why(one_town: Town) -> None:
    world, lives = one_town.world, one_town.lives
    until = Time(world.now() + DAY)

    def release(life: Life, by: LocalAccount | None = None, **changes: Any) -> bytes:
        consent = replace(Release(life.order_id, life.state().attempt, until), **changes)
        signatures = Signatures(lab=world.sign(consent, by or life.lab.signer))
        return world.registry.encode("release", life.voucher, life.order, consent, signatures)

    calls = {
        "": release(lives["requested"]),
        "WrongStage": release(lives["settled"]),
        "WrongAttempt": release(lives["rejected"], attempt=0),
        "NotSignedBy": release(lives["open"], by=lives["open"].firm.signer),
        "OrderMismatch": release(lives["open"], order=lives["settled"].order_id),
        "SignatureExpired": release(lives["open"], valid_until=Time(1)),
        "NotBatchable": world.registry.encode("decline", [lives["requested"].reservation]),
        "also": release(lives["open"]),
    }
    kept = {stage: (life.state(), life.balance()) for stage, life in lives.items() if stage not in ("requested", "open")}

    sent = world.registry.tryEach(list(calls.values()), by=STRANGER)

    refusals = {event["index"]: world.errors.read(event["reason"]).name for event in sent.events if event.name == "Refused"}
    assert refusals == {place: name for place, name in enumerate(calls) if name not in ("", "also")}
    released = [event["order"] for event in sent.events if event.name == "Released"]
    assert released == [lives["requested"].order_id, lives["open"].order_id]
    assert {stage: (life.state(), life.balance()) for stage, life in lives.items() if stage not in ("requested", "open")} == kept


def test_i15_nothing_public_on_the_chain_can_be_recomputed_without_the_key(world: World) -> None:
    """
    A whole life with tags made from real codes: neither the codes nor any plain hash of them stands in calldata, logs or storage.

    The same search finds a catalogue number, which is public on purpose, so it can find things.
    """
    keys = Keyring([TagKey(1, b"\x07" * 32), TagKey(24, b"\x08" * 32)])
    company, seller, invoice = "91110000600037341L", "91310000132204523K", "24312000000012345678"
    serial, contract, project = "KJQ-2013-000123", "HT-2024-0099", "XM-2024-01"
    funding, payment = "CX-2013-0001", "CX-PAY-2013-001"
    office, host = world.offices[CHANGXING], world.offices[SHANGHAI]
    first_block = world.node.block_number() + 1
    firm_record = Firm(CHANGXING, keys.firm(company))
    firm = Party(firm_record, codec.id_of(firm_record), person("i15 firm"), firm_record.firm)
    lab_record = Lab(SHANGHAI, keys.firm(seller), "SH-LAB-0042")
    lab = Party(lab_record, codec.id_of(lab_record), person("i15 lab"), keys.firm(seller))
    world.directory.enrol(firm_record, firm.signer, by=office.directory)
    world.directory.admit(lab_record, lab.signer, lab.tag, world.now() + 900 * DAY, by=host.directory)
    world.directory.recognise([lab.id], 0, world.now() + 900 * DAY, by=office.directory)
    programme = world.programme(funded=0)
    world.programmes.fund(codec.id_of(programme), 10_000 * YUAN, keys.funding(CHANGXING, funding), by=office.payer)
    terms, recipient = world.terms(programme), Recipient(firm.tag, keys.serial(CHANGXING, serial))
    world.registry.issue(terms, [recipient], by=office.issuer)
    voucher = codec.voucher_of(terms, recipient)
    order = world.order(voucher, lab, 5_000 * YUAN, project=keys.project(company, project))
    redemption = world.redemption(
        order, 8_000 * YUAN, 4_800 * YUAN, invoice=keys.invoice(invoice), agreement=keys.agreement(seller, contract)
    )
    life = Life(world, programme, firm, lab, voucher, order, redemption)
    for step in (life.reserve, life.redeem, life.reject):
        step()
    life.redemption = replace(redemption, attempt=1)
    for step in (life.redeem, life.accept):
        step()
    world.registry.settle([life.claim], keys.payment(CHANGXING, payment), by=office.payer)
    world.registry.reverse(life.claim, 100, digest("reason"), by=office.reviewer)
    world.registry.refunded(life.filing, by=office.payer)

    written = b"".join([*chain_bytes(world.node, first_block), *kept_words(world)])
    for text in (company, seller, invoice, serial, contract, project, funding, payment):
        for form in (text, text.lower(), canonical_plain(text)):
            assert [name for name, told in tellings(form, CHANGXING).items() if told in written] == [], form
    assert b"SH-LAB-0042" in written
    assert all(each in written for each in (firm.tag, lab.tag, keys.funding(CHANGXING, funding), keys.payment(CHANGXING, payment)))


@pytest.mark.parametrize("name", ["text", "sha256", "keccak", "keccak of a word", "sha256 with its region"])
def test_i15_a_plain_hash_of_a_reference_would_be_found(world: World, name: str) -> None:
    """As a bank reference goes to the chain if nobody keys it."""
    reference, first_block = "CX-2013-0001", world.node.block_number() + 1
    programme = world.programme(funded=0)
    plain = tellings(reference, CHANGXING)[name].ljust(32, b"\0")[:32]
    world.programmes.fund(codec.id_of(programme), 1, plain, by=world.offices[CHANGXING].payer)

    written = b"".join([*chain_bytes(world.node, first_block), *kept_words(world)])

    assert name in [each for each, told in tellings(reference, CHANGXING).items() if told in written]


def kept_words(world: World) -> list[bytes]:
    """Every word of every slot that the contracts keep of what their events tell, with the keys that it is kept under."""
    storage, ledger = Storage(world.artifacts), Ledger(registry=Address(world.registry.address))
    by_address = {getattr(world, name).address.lower(): contract for name, contract in CONTRACTS.items()}
    now = Time(world.now())
    for log in world.node.rpc("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": list(by_address)}):
        topics = [bytes.fromhex(each[2:]) for each in log["topics"]]
        apply(ledger, events.decode(by_address[log["address"].lower()], topics, bytes.fromhex(log["data"][2:])), now)
    addresses = {contract: getattr(world, name).address for name, contract in CONTRACTS.items()}
    found = []
    for table in ("labs", "firms", "invoices", "agreements", "bank_references", "balances", "orders", "rotations", "flags", "closings"):
        for key in getattr(ledger, table):
            slots = storage.slots(table, key)
            for place in range(0, len(slots), 32):
                where = addresses[Contract(MIRRORED[table].contract)]
                word = world.node.rpc("eth_getStorageAt", where, "0x" + slots[place : place + 32].hex().lstrip("0"), "latest")
                found.append(bytes.fromhex(word[2:].zfill(64)))
    assert any(any(each) for each in found)
    return found


@pytest.mark.parametrize(
    "kind", [MotionKind.ADMIT, MotionKind.SUSPEND, MotionKind.REPLACE_KEYS, MotionKind.LIFT_FLAG, MotionKind.AUTHORISE_CLAIMANT]
)
def test_i16_no_region_alone_carries_a_motion(world: World, kind: MotionKind) -> None:
    lab = world.lab()
    world.directory.flag(lab.id, digest("reason"), by=world.offices[BEIJING].directory)
    region = {MotionKind.ADMIT: 440_000, MotionKind.AUTHORISE_CLAIMANT: 0}.get(kind, SHANGHAI)
    motion = world.motion(kind, region=region, account=person("a"), other=person("b"), subject=lab.id)
    enact = world.consortium.enact
    if kind is MotionKind.LIFT_FLAG:
        enact = world.directory.lift
    elif kind is MotionKind.AUTHORISE_CLAIMANT:
        enact = world.invoices.setRegistry

    for votes, voter in enumerate((BEIJING, TIANJIN, HEBEI), start=1):
        world.consortium.vote(motion, by=world.offices[voter].admin)
        with fails(world, "AlreadyVoted", motion=codec.id_of(motion), region=voter):
            world.consortium.vote(motion, by=world.offices[voter].admin)
        with fails(world, "NotCarried", motion=codec.id_of(motion), votes=votes, members=6):
            enact(motion, by=world.offices[voter].admin)
    for key in ("recovery", "issuer", "reviewer", "payer", "directory"):
        account = getattr(world.offices[CHANGXING], key)
        with fails(world, "NotAdmin", account=account):
            world.consortium.vote(motion, by=account)

    carried = world.consortium.vote(motion, by=world.offices[CHANGXING].admin)
    assert carried.only("Voted")["carried"] is True
    assert world.consortium.members() == 6


def test_i16_no_region_alone_takes_another_regions_flag_off(world: World) -> None:
    lab = world.lab()
    world.directory.flag(lab.id, digest("reason"), by=world.offices[BEIJING].directory)

    for region in REGIONS:
        if region != BEIJING:
            with fails(world, "NotOwnFlag", subject=lab.id, region=region):
                world.directory.unflag(lab.id, by=world.offices[region].directory)
    assert world.directory.labs(lab.id).flaggedUntil > world.now()
