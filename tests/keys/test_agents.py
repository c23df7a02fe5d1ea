"""An agent signs for a firm: every use is found from the events alone, and the firm is told of each."""

from dataclasses import replace

import pytest

from registry.agent_book import AgentBook, PowerRefused
from registry.agents import PowerOfAttorney, Verb, acts_of, uses_of
from registry.codec import id_of
from registry.index import Index
from registry.model import NO_ID, Firm, Paid, Release, Role, Time
from registry.rules import RELEASE_GRACE, Enrol, Redeem, ReleaseOrder, Rotate, Signers, VetoRotation
from tests.contracts.world import CHANGXING as HOME
from tests.contracts.world import Life, person
from tests.networks import network
from tests.rules.scene import BEIJING, CHANGXING, DAY, START, YUAN, Scene, account, digest, tag

FIRM = Firm(CHANGXING, tag("firm"))
FIRM_ID = id_of(FIRM)
OWN, AGENT = account("firm"), account("agent")
POWER = PowerOfAttorney(FIRM_ID, AGENT, digest("power of attorney"), START, Time(START + 30 * DAY))


@pytest.fixture
def scene():
    return Scene()


def acts(scene, firm=FIRM):
    return list(acts_of(firm, scene.chain.log, scene.ledger))


def told(scene, firm=FIRM):
    return [(act.verb, act.key) for act in acts(scene, firm)]


def begun(scene, key=AGENT, **programme):
    """An order of the firm, whose key is `key` from now on."""
    if key != OWN:
        scene.chain.execute(Rotate(FIRM_ID, key), OWN)
    voucher = scene.issue(scene.open(**programme))
    order = scene.order(voucher, 5_000 * YUAN)
    scene.reserve(voucher, order)
    return voucher, order


# What is an act of the firm's key


def test_an_order_and_a_redemption_are_acts_of_the_key_that_signed_them(scene):
    voucher, order = begun(scene)
    scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN))

    reserve, redeem = acts(scene)[1:]

    assert (reserve.verb, reserve.key, reserve.order, reserve.amount) == (Verb.RESERVE, AGENT, id_of(order), 5_000 * YUAN)
    assert (redeem.verb, redeem.key, redeem.order, redeem.amount) == (Verb.REDEEM, AGENT, id_of(order), 4_800 * YUAN)
    assert reserve.position < redeem.position


def test_the_key_of_that_moment_counts_and_not_todays(scene):
    voucher, order = begun(scene, OWN)
    scene.chain.execute(Rotate(FIRM_ID, AGENT), OWN)
    scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN))
    scene.chain.execute(Rotate(FIRM_ID, OWN), AGENT)
    scene.reserve(voucher, scene.order(voucher, 1_000 * YUAN))

    assert told(scene) == [
        (Verb.RESERVE, OWN),
        (Verb.ROTATE, OWN),
        (Verb.REDEEM, AGENT),
        (Verb.ROTATE, AGENT),
        (Verb.RESERVE, OWN),
    ]


def test_the_party_that_is_not_paid_may_not_have_signed(scene):
    """A reviewer stood in for the firm at a redemption that pays the lab; where the firm is paid, it has signed."""
    reviewer = scene.who(CHANGXING, Role.REVIEWER)
    voucher, order = begun(scene, OWN)
    scene.chain.execute(
        Redeem(
            voucher,
            order,
            scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN),
            Signers(reviewer, account("lab"), digest("silence"), reviewer),
        ),
        account("anybody"),
    )
    paid_voucher, paid_order = begun(scene, OWN, paid_across=Paid.FIRM)
    scene.chain.execute(
        Redeem(
            paid_voucher,
            paid_order,
            scene.redemption(paid_order, 8_000 * YUAN, 4_800 * YUAN),
            Signers(OWN, reviewer, digest("silence"), reviewer),
        ),
        account("anybody"),
    )

    assert [(act.verb, act.order) for act in acts(scene)] == [
        (Verb.RESERVE, id_of(order)),
        (Verb.RESERVE, id_of(paid_order)),
        (Verb.REDEEM, id_of(paid_order)),
    ]


def reached(scene):
    """A joint voucher whose partners are all there: leaving takes firm and lab, or thirty days after the deadline anybody."""
    programme = scene.open(min_partners=2)
    vouchers = [scene.issue(programme, face=5_000 * YUAN), None]
    scene.enrol("partner")
    vouchers[1] = scene.issue(programme, firm="partner", face=5_000 * YUAN)
    orders = [scene.order(voucher, 5_000 * YUAN) for voucher in vouchers]
    for voucher, order in zip(vouchers, orders, strict=True):
        scene.reserve(voucher, order)
    return vouchers[0], orders[0]


def release(scene, voucher, order, firm):
    consent = Release(id_of(order), 0, Time(scene.chain.now + DAY))
    scene.chain.execute(ReleaseOrder(voucher, order, consent, Signers(firm, account("lab"))), account("anybody"))


def test_leaving_a_joint_voucher_takes_the_firms_signature(scene):
    voucher, order = reached(scene)

    release(scene, voucher, order, OWN)

    assert told(scene) == [(Verb.RESERVE, OWN), (Verb.RELEASE, OWN)]


def test_long_after_the_deadline_nobody_signs(scene):
    voucher, order = reached(scene)
    scene.chain.wait(60 * DAY + RELEASE_GRACE + 1)

    release(scene, voucher, order, account("nobody"))

    assert told(scene) == [(Verb.RESERVE, OWN)]


def test_an_ordinary_release_is_the_labs(scene):
    voucher, order = begun(scene, OWN)

    release(scene, voucher, order, account("nobody"))

    assert told(scene) == [(Verb.RESERVE, OWN)]


def test_a_veto_is_an_act(scene):
    scene.chain.execute(Rotate(FIRM_ID, account("new")), scene.who(CHANGXING, Role.DIRECTORY))
    scene.chain.execute(VetoRotation(FIRM_ID), OWN)

    assert told(scene) == [(Verb.VETO, OWN)]


def test_another_firms_orders_are_not_ours_even_under_the_same_tag(scene):
    """The same company is enrolled in two regions with two keys: its vouchers are each region's own."""
    begun(scene, OWN)
    elsewhere = Firm(BEIJING, tag("firm"))
    scene.chain.execute(Enrol(elsewhere, AGENT), scene.who(BEIJING, Role.DIRECTORY))
    scene.chain.execute(Rotate(id_of(elsewhere), account("another agent")), AGENT)

    assert told(scene, elsewhere) == [(Verb.ROTATE, AGENT)]
    assert told(scene) == [(Verb.RESERVE, OWN)]


# What is a use by an agent


def test_a_use_names_the_power_that_covers_it(scene):
    begun(scene)

    (use,) = uses_of(acts(scene), [POWER])

    assert (use.act.verb, use.power) == (Verb.RESERVE, POWER)


@pytest.mark.parametrize(
    "power",
    [
        replace(POWER, from_=Time(START + DAY)),
        replace(POWER, from_=Time(START - 2), until=Time(START - 1)),
    ],
    ids=["not yet", "no longer"],
)
def test_a_use_outside_the_power_is_told_all_the_more(scene, power):
    begun(scene)

    (use,) = uses_of(acts(scene), [power])

    assert use.power is None


def test_the_last_second_of_a_power_is_inclusive(scene):
    begun(scene)

    (use,) = uses_of(acts(scene), [replace(POWER, until=START)])

    assert use.power is not None


def test_the_firms_own_key_is_no_agents(scene):
    begun(scene, OWN)

    assert list(uses_of(acts(scene), [POWER])) == []


def test_a_power_of_another_firm_does_not_cover(scene):
    begun(scene)

    assert list(uses_of(acts(scene), [replace(POWER, firm=digest("another firm"))])) == []


@pytest.mark.parametrize("bad", [{"until": Time(START - 1)}, {"agent": "0x" + "0" * 40}, {"document": bytes(32)}])
def test_what_is_no_power_of_attorney(bad):
    with pytest.raises(ValueError, match="power of attorney"):
        replace(POWER, **bad)


# The book


@pytest.fixture
def book(tmp_path):
    with AgentBook(tmp_path / "agents.sqlite") as book:
        yield book


def test_the_firm_is_told_of_each_use_once(scene, book):
    book.enter(POWER)
    voucher, order = begun(scene)
    (use,) = book.untold(acts(scene))
    book.told(use, at=Time(START + 5), how="message")
    assert book.untold(acts(scene)) == []

    scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN))

    (use,) = book.untold(acts(scene))
    assert use.act.verb is Verb.REDEEM
    assert len(book.uses(acts(scene))) == 2


def test_a_crash_before_it_was_noted_tells_again(scene, tmp_path):
    begun(scene)
    with AgentBook(tmp_path / "agents.sqlite") as book:
        book.enter(POWER)
        before = book.untold(acts(scene))

    with AgentBook(tmp_path / "agents.sqlite") as book:
        assert book.untold(acts(scene)) == before != []


def test_a_power_is_entered_once(book):
    book.enter(POWER)
    book.enter(POWER)

    assert book.powers(FIRM_ID) == book.powers() == [POWER]
    with pytest.raises(PowerRefused):
        book.enter(replace(POWER, until=Time(START + 999 * DAY)))
    assert book.powers() == [POWER]


def test_a_use_after_the_power_was_withdrawn_is_outside_it(scene, book):
    book.enter(POWER)
    begun(scene)
    book.withdraw(POWER, Time(START + 1))
    scene.chain.wait(DAY)
    scene.reserve(*_another(scene))

    within, outside = book.uses(acts(scene))

    assert (within.power.until, outside.power) == (START, None)


def _another(scene):
    voucher = scene.issue(scene.open())
    return voucher, scene.order(voucher, 1_000 * YUAN)


def test_a_power_withdrawn_before_it_began_covers_nothing_and_its_agent_is_still_known(scene, book):
    book.enter(POWER)
    book.withdraw(POWER, START)
    begun(scene)

    (use,) = book.uses(acts(scene))

    assert use.power is None
    assert book.powers() == []
    assert book.agents(FIRM_ID) == {AGENT}


def test_the_first_withdrawal_stays(book):
    book.enter(POWER)
    book.withdraw(POWER, Time(START + 10))
    book.withdraw(POWER, Time(START + 20))

    assert [power.until for power in book.powers()] == [START + 9]


def test_only_what_is_in_the_book_is_withdrawn(book):
    with pytest.raises(PowerRefused):
        book.withdraw(POWER, START)


# On a chain, through a gateway's index


def test_uses_are_found_through_an_index(node, book, tmp_path):
    net = network(node)
    life = Life.begin(net.world)
    agent = person("agent of the firm")
    net.world.directory.rotate(life.firm.id, agent.address, by=life.firm.signer)
    signed = net.world.signed(life.order, replace(life.firm, signer=agent), life.lab)
    net.world.registry.reserve(life.voucher, life.order, signed, by=person("relay"))
    firm = Firm(HOME, life.firm.tag)
    book.enter(PowerOfAttorney(id_of(firm), agent.address, digest("document"), Time(0), Time(2**40 - 1)))

    with Index(tmp_path / "index.sqlite", net.chain, net.deployment) as index:
        index.refresh()
        with index.snapshot() as seen:
            orders = (entry for order in seen.orders_of_firm(firm.firm) for entry in seen.history_of(order))
            entries = sorted((*seen.history_of(id_of(firm)), *orders), key=lambda entry: entry.position)
            (use,) = book.untold(acts_of(firm, [entry.logged for entry in entries], seen.ledger))

    assert (use.act.verb, use.act.order, use.act.key) == (Verb.RESERVE, life.order_id, agent.address)
    assert use.act.order != NO_ID
    assert use.power is not None
