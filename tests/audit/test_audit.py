"""The auditor's replay on real nodes, of an honest chain and of falsified ones."""

from dataclasses import replace

import pytest

from registry.audit import replay
from registry.chain.deploy import WrongDeployment
from registry.errors import Rejected
from registry.events import (
    Accepted,
    Claimed,
    Funded,
    Granted,
    Issued,
    LabAdmitted,
    Offered,
    OfferWithdrawn,
    Redeemed,
    Reserved,
    Settled,
    topic,
)
from registry.model import Approval, Fen, FirstReview, MotionKind, Role, Slice
from registry.solidity import type_of
from tests.contracts.world import BEIJING, YUAN, Life, digest, person
from tests.networks import network

SLICES = (Slice(Fen(100_000 * YUAN), 9000), Slice(Fen(1_000_000 * YUAN), 3000))


@pytest.fixture(scope="module")
def net(node):
    return network(node)


@pytest.fixture(scope="module")
def lives(net):
    """Vouchers at every stage, under flat and sliced rules, at home and across, single and joint."""
    world = net.world
    settled = Life.begin(world).until("settled")
    reserved = Life.begin(world, approval=Approval.ALWAYS).until("reserved")
    endorsed = Life.begin(world, first_review=FirstReview.HOME, slices=SLICES).until("endorsed")
    rejected = Life.begin(world, slices=SLICES).until("redeemed")
    rejected.reject()
    declined = Life.begin(world, approval=Approval.ALWAYS).until("reserved")
    world.registry.decline([declined.reservation], by=declined.office.reviewer)
    refunded = Life.begin(world).until("settled")
    world.registry.reverse(refunded.claim, 1_000 * YUAN, digest("fraud"), by=refunded.office.reviewer)
    reversed_only = Life.begin(world).until("settled")
    world.registry.reverse(reversed_only.claim, 2_000 * YUAN, digest("fraud"), by=reversed_only.office.reviewer)
    world.registry.refunded(refunded.filing, by=refunded.payer)
    joint = Life.begin(world, min_partners=3, amount=10_000 * YUAN).until("open")
    flagged = world.firm()
    world.directory.flag(flagged.id, digest("reason"), by=world.offices[BEIJING].directory)
    world.directory.unflag(flagged.id, by=world.offices[BEIJING].directory)
    world.consortium.revoke(world.offices[BEIJING].second_reviewer, by=world.offices[BEIJING].admin)
    for account in (person("offered a role"), person("offered none in the end")):
        world.consortium.offer(account, Role.PAYER, by=world.offices[BEIJING].admin)
    world.consortium.revoke(person("offered none in the end"), by=world.offices[BEIJING].admin)
    world.consortium.rotateRecovery(person("offered a key"), by=world.offices[BEIJING].recovery)
    world.decide(MotionKind.SUSPEND, region=BEIJING)
    return {
        "settled": settled,
        "reserved": reserved,
        "endorsed": endorsed,
        "rejected": rejected,
        "declined": declined,
        "refunded": refunded,
        "reversed": reversed_only,
        "joint": joint,
    }


class Falsified:
    """A node that answers as the real one does, but for its logs or its contracts' answers."""

    def __init__(self, node, *, logs=None, ask_all=None):
        self._node = node
        self._logs = logs
        self._ask_all = ask_all

    def __getattr__(self, name):
        return getattr(self._node, name)

    def logs(self, *wanted):
        found = self._node.logs(*wanted)
        return self._logs(found) if self._logs else found

    def ask_all(self, questions, block):
        found = self._node.ask_all(questions, block)
        return self._ask_all(questions, found) if self._ask_all else found


def is_event(log, kind):
    return log.topics[0] == topic(kind)


def about(log, subject):
    return subject in log.topics


def test_an_honest_chain_is_clean(net, lives):
    audit = replay(net.chain, net.deployment)

    assert audit.clean, (audit.differences, audit.breaches)
    assert audit.block == net.chain.finalised_head().number
    assert audit.events == len(net.chain.logs(0, audit.block, list(net.deployment.contracts)))
    assert (audit.vouchers, audit.orders) == (8, 8)
    assert audit.compared > 8 * 8


def test_the_sums_are_those_of_the_contracts(net, lives):
    audit = replay(net.chain, net.deployment)

    assert audit.issued == sum(life.voucher.face for life in lives.values())
    assert audit.redeemed == sum(life.balance()[2] for life in lives.values())
    assert audit.settled == sum(life.pool()[2] for life in lives.values()) == (4_800 * 3 - 1_000) * YUAN


def hiding(net, kind, subject):
    """A node that hides one event and numbers the others as if it had never been."""

    def hide(logs):
        (hidden,) = [log for log in logs if is_event(log, kind) and about(log, subject)]
        later = [log for log in logs if log.block == hidden.block and log.index > hidden.index]
        return [replace(log, index=log.index - 1) if log in later else log for log in logs if log != hidden]

    return Falsified(net.chain, logs=hide)


@pytest.mark.parametrize(
    ("kind", "life", "table"),
    [(Settled, "settled", "orders"), (Redeemed, "endorsed", "orders"), (Funded, "settled", "pools")],
)
def test_a_dropped_event_is_found_by_the_id_that_it_is_about(net, lives, kind, life, table):
    subject = lives[life].programme_id if kind is Funded else lives[life].order_id
    honest = replay(net.chain, net.deployment)

    audit = replay(hiding(net, kind, subject), net.deployment)

    assert (table, subject.hex()) in {(difference.what, difference.key) for difference in audit.differences}
    assert audit.events == honest.events - 1
    assert audit.trail != honest.trail


def test_a_dropped_event_whose_effect_was_overwritten_is_found_by_the_skipped_stage(net, lives):
    """Whoever hides who accepted a claim changes no slot: it is settled since."""
    order = lives["settled"].order_id

    audit = replay(hiding(net, Accepted, order), net.deployment)

    assert audit.differences == ()
    assert [(breach.invariant, breach.key) for breach in audit.breaches] == [("I13", order.hex())]


def test_a_dropped_entry_leaves_a_gap_in_its_block(net, lives):
    """`Claimed` comes before `Redeemed` in one transaction."""
    order = lives["settled"].order_id
    hidden = Falsified(net.chain, logs=lambda logs: [log for log in logs if not (is_event(log, Claimed) and about(log, order))])

    audit = replay(hidden, net.deployment)

    assert any(breach.invariant == "I13" and "should come before it" in breach.found for breach in audit.breaches)


def test_two_audits_of_one_block_agree_on_the_trail(net, lives):
    assert replay(net.chain, net.deployment).trail == replay(net.chain, net.deployment).trail


@pytest.mark.parametrize("kind", [Issued, Reserved, LabAdmitted, Granted])
def test_a_dropped_beginning_is_found_and_the_rest_still_compared(net, lives, kind):
    """What stands on a hidden event does not fit; the audit says so and goes on."""
    first = next(log for log in net.chain.logs(0, net.chain.head().number, list(net.deployment.contracts)) if is_event(log, kind))
    hidden = Falsified(net.chain, logs=lambda logs: [log for log in logs if log != first])

    audit = replay(hidden, net.deployment)

    assert not audit.clean
    assert audit.compared > 8 * 7


@pytest.mark.parametrize(("kind", "table"), [(OfferWithdrawn, "offers"), (Offered, "offered_keys")])
def test_a_dropped_offer_or_withdrawal_is_found(net, lives, kind, table):
    """The last offer is that of a key's place."""
    last = [log for log in net.chain.logs(0, net.chain.head().number, [net.deployment.consortium]) if is_event(log, kind)][-1]
    hidden = Falsified(net.chain, logs=lambda logs: [log for log in logs if log != last])

    audit = replay(hidden, net.deployment)

    assert [difference.what for difference in audit.differences] == [table]


def test_a_changed_amount_is_found(net, lives):
    life = lives["settled"]

    def enriched(logs):
        amount = type_of("uint64")
        return [
            replace(log, data=amount.encode(amount.decode(log.data, 0)[0] + 1) + log.data[32:])
            if is_event(log, Funded) and about(log, life.programme_id)
            else log
            for log in logs
        ]

    audit = replay(Falsified(net.chain, logs=enriched), net.deployment)

    (difference,) = audit.differences
    assert (difference.what, difference.key) == ("pools", life.programme_id.hex())
    assert difference.by_events.funded == difference.by_contract.funded + 1


def test_an_invented_event_is_found(net, lives):
    life = lives["endorsed"]
    settled = next(
        log
        for log in net.chain.logs(0, net.chain.head().number, [net.deployment.registry])
        if is_event(log, Settled) and about(log, lives["settled"].order_id)
    )
    forged = replace(settled, topics=(settled.topics[0], life.order_id))

    audit = replay(Falsified(net.chain, logs=lambda logs: [*logs, forged]), net.deployment)

    assert ("orders", life.order_id.hex()) in {(difference.what, difference.key) for difference in audit.differences}


def test_an_unreadable_event_is_found(net, lives):
    target = next(log for log in net.chain.logs(0, net.chain.head().number, list(net.deployment.contracts)) if is_event(log, Funded))

    def cut(logs):
        return [replace(log, data=log.data[:-1]) if log == target else log for log in logs]

    audit = replay(Falsified(net.chain, logs=cut), net.deployment)

    assert ("events", f"{target.block}/{target.index}") in {(difference.what, difference.key) for difference in audit.differences}


def lying_about(net, life, falsify):
    """The node falsifies a voucher's balance, four words."""
    words = type_of("uint64")

    def is_asked(question):
        return question.to == net.deployment.registry and question.calldata[4:] == life.voucher_id

    def lie(questions, found):
        return [
            b"".join(map(words.encode, falsify(*(words.decode(answer, at)[0] for at in range(0, 128, 32)))))
            if is_asked(question)
            else answer
            for question, answer in zip(questions, found, strict=True)
        ]

    return Falsified(net.chain, ask_all=lie)


def test_a_balance_beyond_its_face_breaks_i1(net, lives):
    life = lives["settled"]

    audit = replay(lying_about(net, life, lambda available, *rest: (available + 100, *rest)), net.deployment)

    assert [(difference.what, difference.key) for difference in audit.differences] == [("balances", life.voucher_id.hex())]
    assert [(breach.invariant, breach.key) for breach in audit.breaches] == [("I1", life.voucher_id.hex())]


def test_a_balance_that_no_event_explains_is_found_even_if_it_adds_up(net, lives):
    life = lives["joint"]
    moved = lying_about(net, life, lambda available, reserved, *rest: (available + 100, reserved - 100, *rest))

    audit = replay(moved, net.deployment)

    assert [(difference.what, difference.key) for difference in audit.differences] == [("balances", life.voucher_id.hex())]
    assert audit.breaches == ()


def test_a_pool_that_pays_more_than_it_has_breaks_i4(net, lives):
    life = lives["settled"]

    def lie(questions, found):
        words = type_of("uint64")
        poor = words.encode(1) + words.encode(2) + words.encode(3)
        is_pool = [question.to == net.deployment.programmes and life.programme_id in question.calldata for question in questions]
        return [poor if pool and len(answer) == 96 else answer for pool, answer in zip(is_pool, found, strict=True)]

    audit = replay(Falsified(net.chain, ask_all=lie), net.deployment)

    assert {(breach.invariant, breach.key) for breach in audit.breaches} == {("I4", life.programme_id.hex())}
    assert len(audit.breaches) == 3


def test_an_invoice_claimed_beyond_its_amount_breaks_i3(net, lives):
    invoice = lives["settled"].redemption.invoice

    def lie(questions, found):
        one_fen = type_of("uint64").encode(1)
        return [
            one_fen + answer[32:] if invoice in question.calldata else answer for question, answer in zip(questions, found, strict=True)
        ]

    audit = replay(Falsified(net.chain, ask_all=lie), net.deployment)

    assert [(breach.invariant, breach.key) for breach in audit.breaches] == [("I3", invoice.hex())]


def test_a_slot_that_should_be_empty_again_is_asked_for(net, lives):
    """The rejected order's invoice was freed: the fold has nothing there, and a contract that has something is found out."""
    invoice = lives["rejected"].redemption.invoice
    live = type_of("uint64").encode(5) * 3 + bytes(32)

    def lie(questions, found):
        return [live if invoice in question.calldata else answer for question, answer in zip(questions, found, strict=True)]

    audit = replay(Falsified(net.chain, ask_all=lie), net.deployment)

    assert ("invoices", invoice.hex()) in {(difference.what, difference.key) for difference in audit.differences}


def test_an_answer_that_is_a_refusal_is_a_difference(net, lives):
    order = lives["settled"].order_id

    def refuse(questions, found):
        refusal = Rejected("Malformed")
        return [refusal if order in question.calldata else answer for question, answer in zip(questions, found, strict=True)]

    audit = replay(Falsified(net.chain, ask_all=refuse), net.deployment)

    assert {difference.key for difference in audit.differences} == {order.hex()}


def test_other_contracts_are_not_replayed(net):
    with pytest.raises(WrongDeployment):
        replay(net.chain, replace(net.deployment, invoices=net.deployment.directory))
