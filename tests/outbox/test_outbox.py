"""
Exactly once, under every fault that we could think of, against a node in memory.

Faults come in pairs: the answer fails and the node took nothing, the answer fails and the node took it. The outcome is the same.
"""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from registry.errors import OutcomeUnknown, Rejected, Unreachable
from registry.hsm import HsmUnavailable
from registry.outbox import Intent, IntentDiffers, NoSuchAccount, Outbox, OutboxClosed, SenderBusy, SignerSilent, State, WrongChain
from registry.ports import CannotServe
from tests.nodes import person
from tests.outbox.fake_node import FakeNode

CHAIN_ID = 777
PATIENCE = 10.0
SENDER = person("sender")
TARGET = person("target").address


def unreachable(transaction):
    return Unreachable("connection refused")


def silence(transaction):
    return OutcomeUnknown(transaction, "timed out")


def not_accepted(transaction):
    return Rejected("NotAccepted", {"message": "gas price too low"})


@pytest.fixture
def node():
    return FakeNode()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def outbox(path, node):
    with opened(path, node) as outbox:
        yield outbox


def opened(path, node, **options):
    outbox = Outbox(path, node, chain_id=CHAIN_ID, resend_seconds=0.02, **options)
    outbox.attach(SENDER)
    return outbox


def intent(name="first", calldata=None, sender=SENDER):
    return Intent(id=name, what="test", target=TARGET, calldata=calldata or name.encode(), sender=sender.address)


def send(outbox, each):
    return outbox.wait(outbox.submit(each), PATIENCE)


def rows(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT id, nonce, state FROM intents ORDER BY nonce").fetchall()


def until_sent(outbox, ticket):
    """Wait until the node was asked; fails after a while."""
    with outbox._changed:
        assert outbox._changed.wait_for(lambda: outbox.state_of(ticket) is not State.SIGNED, PATIENCE)


# What happens when nothing fails


def test_a_call_is_mined_once_and_final(outbox, node):
    outcome = send(outbox, intent())

    assert outcome.receipt.succeeded
    assert node.mined == [(SENDER.address, 0, b"first")]
    assert outbox.state_of(outcome.ticket) is State.FINAL
    assert outbox.unconfirmed() == []


def test_calls_are_mined_in_the_order_of_their_submission(outbox, node):
    tickets = [outbox.submit(intent(f"call {number}")) for number in range(20)]
    for ticket in tickets:
        outbox.wait(ticket, PATIENCE)

    assert [calldata for _, _, calldata in node.mined] == [b"call %d" % number for number in range(20)]


def test_the_same_intent_again_is_the_same_ticket(outbox, node):
    first = send(outbox, intent())
    second = send(outbox, intent())

    assert second == first
    assert len(node.mined) == 1


def test_the_same_id_for_another_call_is_refused(outbox, node):
    send(outbox, intent())

    for other in (intent(calldata=b"other"), replace(intent(), target=SENDER.address)):
        with pytest.raises(IntentDiffers):
            outbox.submit(other)

    assert len(node.mined) == 1


def test_fifty_submissions_at_once_are_one_transaction(outbox, node, path):
    together = threading.Barrier(50)

    def submit(_):
        together.wait()
        return outbox.submit(intent())

    with ThreadPoolExecutor(50) as threads:
        tickets = set(threads.map(submit, range(50)))

    (ticket,) = tickets
    outbox.wait(ticket, PATIENCE)
    assert len(node.mined) == 1
    assert rows(path) == [("first", 0, "final")]


def test_fifty_calls_at_once_take_fifty_nonces(outbox, node):
    with ThreadPoolExecutor(50) as threads:
        list(threads.map(lambda number: send(outbox, intent(f"call {number}")), range(50)))

    assert [nonce for _, nonce, _ in node.mined] == list(range(50))
    assert len({calldata for _, _, calldata in node.mined}) == 50


def test_an_id_goes_to_one_sender_only(outbox, node):
    other = person("other sender")
    outbox.attach(other)
    send(outbox, intent())

    with pytest.raises(IntentDiffers):
        outbox.submit(intent(sender=other))

    assert [sender for sender, _, _ in node.mined] == [SENDER.address]


def test_nonces_go_on_after_what_was_sent_elsewhere(outbox, node):
    node.take_nonce(SENDER.address, 0)

    assert send(outbox, intent()).ticket.nonce == 1


# Keys that do not sign


class Hanging:
    """A key in a device that signs only once it is let; `asked` when it was asked."""

    def __init__(self, account):
        self._account = account
        self.address = account.address
        self.asked = threading.Event()
        self.signs = threading.Event()

    def sign_transaction(self, transaction):
        self.asked.set()
        assert self.signs.wait(PATIENCE)
        return self._account.sign_transaction(transaction)


@pytest.fixture
def hanging():
    return Hanging(person("sender whose device hangs"))


@pytest.fixture
def submitting(outbox, hanging):
    """A call of the account whose device hangs, on its way from another thread."""
    outbox.attach(hanging)
    with ThreadPoolExecutor(2) as threads:
        hung = threads.submit(outbox.submit, intent("hung", sender=hanging))
        assert hanging.asked.wait(PATIENCE)
        try:
            yield threads, hung
        finally:
            hanging.signs.set()


def test_a_key_that_hangs_holds_up_no_other_account(outbox, node, hanging, submitting):
    threads, hung = submitting

    outcome = threads.submit(send, outbox, intent()).result(PATIENCE / 2)

    assert outcome.receipt.succeeded
    assert outbox.find("hung") is None
    hanging.signs.set()
    assert outbox.wait(hung.result(PATIENCE), PATIENCE).ticket.nonce == 0
    assert sorted(node.mined) == sorted([(SENDER.address, 0, b"first"), (hanging.address, 0, b"hung")])


def test_who_waits_behind_a_key_that_hangs_is_told_that_nothing_happened(outbox, path, hanging, submitting, monkeypatch):
    monkeypatch.setattr("registry.outbox.SIGNING_SECONDS", 0.05)
    threads, hung = submitting

    refused = threads.submit(outbox.submit, intent("behind it", sender=hanging)).exception(PATIENCE / 2)

    assert isinstance(refused, SignerSilent)
    assert rows(path) == []
    hanging.signs.set()
    hung.result(PATIENCE)
    assert outbox.submit(intent("behind it", sender=hanging)).nonce == 1


def test_what_is_signed_after_the_outbox_closed_is_neither_stored_nor_sent(outbox, node, path, hanging, submitting):
    _, hung = submitting

    outbox.close()
    hanging.signs.set()

    assert isinstance(hung.exception(PATIENCE), OutboxClosed)
    assert (rows(path), node.sends) == ([], [])


def test_a_key_that_fails_uses_no_nonce_up(outbox, node, path):
    class Removed:
        address = SENDER.address

        def sign_transaction(self, _transaction):
            raise HsmUnavailable("removed")

    outbox.attach(Removed())
    with pytest.raises(HsmUnavailable):
        outbox.submit(intent())
    assert rows(path) == []
    outbox.attach(SENDER)

    assert [send(outbox, intent(name)).ticket.nonce for name in ("first", "second")] == [0, 1]


# Refusals


def test_what_would_be_refused_is_not_signed(outbox, node, path):
    node.refuse_estimate = Rejected("PoolShort", {"free": 1})

    with pytest.raises(Rejected, match="PoolShort"):
        outbox.submit(intent())

    assert (rows(path), node.sends) == ([], [])


def test_a_refused_intent_may_be_tried_again_under_its_id(outbox, node):
    node.refuse_estimate = Rejected("PoolShort")
    with pytest.raises(Rejected):
        outbox.submit(intent())
    node.refuse_estimate = None

    assert send(outbox, intent()).receipt.succeeded


def test_what_was_refused_in_its_block_is_told_apart_from_what_may_still_happen(path, node):
    node.reverts[b"reverted"] = (None, SHORT)
    with opened(path, node) as outbox:
        send(outbox, intent("done"))
        with pytest.raises(Rejected):
            send(outbox, intent("reverted"))
        node.refuse_estimate = SHORT
        with pytest.raises(Rejected):
            outbox.submit(intent("never sent"))

        assert [each for each in ("done", "reverted", "never sent") if outbox.is_refused(each)] == ["reverted"]
    with opened(path, node) as outbox:
        assert outbox.is_refused("reverted")


def test_what_is_mined_and_not_final_is_not_refused_yet(outbox, node):
    node.finalised, node.reverts[b"first"] = 0, (None, SHORT)
    ticket = outbox.submit(intent())
    with outbox._changed:
        assert outbox._changed.wait_for(lambda: outbox.state_of(ticket) is State.MINED, PATIENCE)

    assert not outbox.is_refused("first")


OVER = Rejected("OverAvailable", {"voucher": bytes(32), "amount": 2**60})
SHORT = Rejected("PoolShort", {"free": 1})
FORGOTTEN = CannotServe("no such state")


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ((OVER, None), OVER),
        ((OVER, SHORT), OVER),
        ((None, SHORT), SHORT),
        ((FORGOTTEN, SHORT), SHORT),
        ((None, None), Rejected("Reverted")),
        ((FORGOTTEN, FORGOTTEN), Rejected("Reverted")),
    ],
)
def test_a_reverted_call_says_why_now_and_after_a_restart(path, node, answers, refusal):
    node.reverts[b"first"] = answers
    with opened(path, node) as outbox:
        with pytest.raises(Rejected) as raised:
            send(outbox, intent())
        assert (raised.value.code, raised.value.values) == (refusal.code, refusal.values)
    node.reverts.clear()

    with opened(path, node) as outbox, pytest.raises(Rejected) as raised:
        send(outbox, intent())

    assert (raised.value.code, raised.value.values) == (refusal.code, refusal.values)
    assert len(node.mined) == 1


# Faults of one answer, in pairs


@pytest.mark.parametrize("persist", [False, True], ids=["not-taken", "taken"])
@pytest.mark.parametrize("answer", [unreachable, silence, not_accepted])
def test_a_failed_answer_changes_nothing(outbox, node, persist, answer):
    node.fail_next_send(persist=persist, answer=answer)

    outcome = send(outbox, intent())

    assert outcome.receipt.succeeded
    assert node.mined == [(SENDER.address, 0, b"first")]
    assert len(set(node.sends)) == 1


@pytest.mark.parametrize("persist", [False, True], ids=["not-taken", "taken"])
def test_calls_behind_a_failed_one_keep_their_places(outbox, node, persist):
    node.fail_next_send(persist=persist, answer=silence)

    tickets = [outbox.submit(intent(f"call {number}")) for number in range(5)]
    for ticket in tickets:
        outbox.wait(ticket, PATIENCE)

    assert [calldata for _, _, calldata in node.mined] == [b"call %d" % number for number in range(5)]


@pytest.mark.parametrize("persist", [False, True], ids=["not-taken", "taken"])
@pytest.mark.parametrize("answer", [unreachable, silence, not_accepted])
def test_nothing_is_sent_past_a_gap(path, node, persist, answer):
    """A later nonce waits until the node surely has the earlier one; ganache would hold back its answer."""
    node.mining = False
    with Outbox(path, node, chain_id=CHAIN_ID) as silent:  # signs and stores; its worker gets nothing through
        silent.attach(SENDER)
        node.faults = [(False, unreachable)] * 1_000
        tickets = [silent.submit(intent(name)) for name in ("first", "second")]
    node.faults, node.sends = [(persist, answer)] * 3, []

    with opened(path, node) as outbox:
        until_sent(outbox, tickets[1])
        node.mining = True
        node.mine()
        node.mine()
        outcomes = [outbox.wait(ticket, PATIENCE) for ticket in tickets]

    assert [outcome.ticket.nonce for outcome in outcomes] == [0, 1]
    assert node.sends[:4] == [node.sends[0]] * 4
    assert len(set(node.sends)) == 2


@pytest.mark.parametrize(
    "complaint", [None, "nonce too low", "replacement transaction underpriced"], ids=["already known", "nonce too low", "underpriced"]
)
def test_a_node_that_complains_of_our_own_waiting_bytes_holds_nothing_up(outbox, node, complaint):
    """It took them, mines nothing yet, and names their repetition an error: what is behind is sent, and nothing twice."""
    node.mining, node.already_has = False, complaint
    node.fail_next_send(persist=True, answer=silence)

    tickets = [outbox.submit(intent(f"call {number}")) for number in range(3)]
    for ticket in tickets:
        until_sent(outbox, ticket)
    waiting = {raw for raw in node.sends if node.sends.count(raw) > 1}
    for _ in tickets:
        node.mine()
    outcomes = [outbox.wait(ticket, PATIENCE) for ticket in tickets]

    assert waiting, "the node was never asked again"
    assert [each.ticket.nonce for each in outcomes] == [0, 1, 2]
    assert [calldata for _, _, calldata in node.mined] == [b"call 0", b"call 1", b"call 2"]
    assert len(set(node.sends)) == 3


def test_a_node_that_forgot_what_it_had_gets_the_same_bytes_again(outbox, node):
    node.mining = False
    ticket = outbox.submit(intent())
    until_sent(outbox, ticket)
    node._pool.clear()
    node.mining = True

    assert outbox.wait(ticket, PATIENCE).receipt.succeeded
    assert len(set(node.sends)) == 1


def test_a_node_that_answers_nothing_for_a_while_loses_nothing(outbox, node):
    ticket = outbox.submit(intent())
    node.outages = 6

    assert outbox.wait(ticket, PATIENCE).receipt.succeeded
    assert len(node.mined) == 1


def test_an_outage_before_signing_is_unreachable_and_leaves_nothing(outbox, node, path):
    node.outages = 1

    with pytest.raises(Unreachable):
        outbox.submit(intent())

    assert (rows(path), node.sends) == ([], [])


def test_not_mined_in_time_is_unknown_and_not_failed(outbox, node):
    node.mining = False
    ticket = outbox.submit(intent())

    with pytest.raises(OutcomeUnknown) as raised:
        outbox.wait(ticket, 0.05)
    node.mining = True
    node.mine()

    assert raised.value.transaction == ticket.name
    assert outbox.wait(ticket, PATIENCE).receipt.succeeded
    assert len(node.mined) == 1


def test_mined_and_not_yet_final_is_unknown(outbox, node):
    node.finalised = 0
    ticket = outbox.submit(intent())

    with pytest.raises(OutcomeUnknown):
        outbox.wait(ticket, 0.1)
    node.finalised = None

    assert outbox.wait(ticket, PATIENCE).receipt.succeeded


def test_a_receipt_of_a_block_that_is_not_in_the_chain_is_not_final(outbox, node, monkeypatch):
    real = node.block
    monkeypatch.setattr(node, "block", lambda number: replace(real(number), hash=bytes(32)))
    ticket = outbox.submit(intent())

    with pytest.raises(OutcomeUnknown):
        outbox.wait(ticket, 0.1)
    monkeypatch.undo()

    assert outbox.wait(ticket, PATIENCE).receipt.succeeded


def test_a_replaced_block_takes_its_success_back(outbox, node):
    """What was mined and not final may disappear; the outbox then waits for the block that stays."""
    node.finalised = 0
    ticket = outbox.submit(intent())
    with outbox._changed:
        assert outbox._changed.wait_for(lambda: outbox.state_of(ticket) is State.MINED, PATIENCE)
    node.mining = False
    node.replace_last_block()
    with outbox._changed:
        assert outbox._changed.wait_for(lambda: outbox.state_of(ticket) is State.SENT, PATIENCE)

    node.mine()
    node.finalised = None

    assert outbox.wait(ticket, PATIENCE).receipt.block == 1
    assert len(node.mined) == 1


def test_a_nonce_that_somebody_else_used_is_never_filled_with_another_payload(outbox, node):
    """Nobody can say that it did not happen, so nobody does; what comes behind goes on."""
    node.mining = False
    ticket = outbox.submit(intent())
    until_sent(outbox, ticket)
    node._pool.clear()
    node.take_nonce(SENDER.address, 0)
    node.mining = True

    later = send(outbox, intent("later"))

    with pytest.raises(OutcomeUnknown):
        outbox.wait(ticket, 0.1)
    assert later.ticket.nonce == 1
    assert [(stuck, state) for stuck, state, _ in outbox.unconfirmed()] == [(ticket, State.SENT)]
    assert b"first" not in [calldata for _, _, calldata in node.mined]


# Restarts


@pytest.mark.parametrize("persist", [False, True], ids=["not-taken", "taken"])
def test_a_restart_goes_on_with_the_same_bytes(path, node, persist):
    node.mining = False
    with opened(path, node) as outbox:
        for _ in range(3):
            node.fail_next_send(persist=persist, answer=silence)
        ticket = outbox.submit(intent())
    node.mining = True
    node.mine()

    with Outbox(path, node, chain_id=CHAIN_ID) as outbox:
        outcome = outbox.wait(outbox.find("first"), PATIENCE)

    assert outcome.ticket == ticket
    assert len(node.mined) == 1
    assert len(set(node.sends)) <= 1


def test_nonces_go_on_after_a_restart_with_nothing_mined(path, node):
    node.mining = False
    with opened(path, node) as outbox:
        first = outbox.submit(intent("first"))

    with opened(path, node) as outbox:
        second = outbox.submit(intent("second"))
        until_sent(outbox, second)
        node.mining = True
        node.mine()
        node.mine()
        outcomes = [outbox.wait(each, PATIENCE) for each in (first, second)]

    assert [each.ticket.nonce for each in outcomes] == [0, 1]
    assert [calldata for _, _, calldata in node.mined] == [b"first", b"second"]


def test_an_answer_stays_the_same_after_a_restart(path, node):
    with opened(path, node) as outbox:
        first = send(outbox, intent())

    with opened(path, node) as outbox:
        assert send(outbox, intent()) == first


def test_waiting_ends_when_the_outbox_closes(path, node):
    node.mining = False
    outbox = opened(path, node)
    ticket = outbox.submit(intent())
    until_sent(outbox, ticket)

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(outbox.wait, ticket, PATIENCE)
        outbox.close()
        with pytest.raises(OutcomeUnknown):
            waiting.result(PATIENCE)


# Who may use it


def test_two_workers_for_one_sender_are_refused(outbox, path, node):
    with Outbox(path, node, chain_id=CHAIN_ID) as second, pytest.raises(SenderBusy):
        second.attach(SENDER)


def test_the_sender_is_free_again_when_its_worker_closed(path, node):
    opened(path, node).close()

    with opened(path, node) as outbox:
        assert send(outbox, intent()).receipt.succeeded


def test_a_sender_without_a_key_is_refused(outbox):
    with pytest.raises(NoSuchAccount):
        outbox.submit(intent(sender=person("somebody")))


def test_a_file_of_another_chain_is_refused(path, node):
    opened(path, node).close()

    with pytest.raises(WrongChain):
        Outbox(path, node, chain_id=CHAIN_ID + 1)


def test_the_file_keeps_every_commit_through_a_power_cut(outbox):
    pragmas = [outbox._store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    assert pragmas == ["wal", 2]


# An engine that mines nonce 0 again whenever it is sent


def test_nothing_that_matters_is_sent_under_a_nonce_that_the_engine_repeats(outbox, node):
    node.first_resendable_nonce = 1

    outcome = send(outbox, intent())

    assert outcome.ticket.nonce == 1
    assert node.mined == [(SENDER.address, 0, b""), (SENDER.address, 1, b"first")]
