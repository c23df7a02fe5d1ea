"""Every verb of the contracts is one method of the client, which sends it as it was asked to, to the contract that has it."""

import inspect
import re

from hypothesis import given

from registry import codec
from registry.chain.deploy import Deployment
from registry.client import Client, Done
from registry.outbox import Outcome, Ticket
from registry.ports import Receipt
from registry.solidity import checksummed
from tests.core.strategies import calls
from tests.nodes import person

SENDER = person("sender")
DEPLOYMENT = Deployment(
    chain_id=1,
    genesis_hash=bytes(32),
    block=1,
    **{each: checksummed(codec.keccak(each.encode())[:20]) for each in ("consortium", "directory", "invoices", "programmes", "registry")},
)

# What only another contract of ours may call.
AMONG_CONTRACTS = {"claim", "free", "commit", "uncommit", "pay", "payBack", "count", "uncount"}
# `list` is a word of Python.
METHODS = {"list": "list_items"}


def method_of(verb: str) -> str:
    return METHODS.get(verb, re.sub("(?<=[a-z])[A-Z]", lambda letter: f"_{letter[0]}", verb).lower())


class Recorder:
    """An outbox that keeps what it was given, and says that it happened."""

    def __init__(self):
        self.attached = []
        self.submitted = []

    def attach(self, account):
        self.attached.append(account)

    def submit(self, intent):
        self.submitted.append(intent)
        return Ticket(intent.id, intent.sender, 7, bytes(32))

    def wait(self, ticket, _timeout):
        return Outcome(ticket, Receipt(ticket.transaction, True, 5, bytes(32), 21_000, None, ()))  # noqa: FBT003


@given(calls.filter(lambda call: call[0] not in AMONG_CONTRACTS))
def test_a_method_sends_its_verb_with_the_arguments_in_their_order(call):
    verb, arguments = call
    outbox = Recorder()
    client = Client(None, DEPLOYMENT, outbox, SENDER)

    done = getattr(client, method_of(verb))(*arguments, intent_id="once")

    (intent,) = outbox.submitted
    sent = codec.decode(intent.calldata)
    assert (sent.verb.name, sent.values) == (verb, arguments)
    assert DEPLOYMENT.contracts[intent.target] == sent.verb.contract
    assert (intent.id, intent.what, intent.sender) == ("once", verb, SENDER.address)
    assert outbox.attached == [SENDER]
    assert done == Done((), bytes(32), 5)


def test_every_verb_has_a_method_and_every_method_a_verb():
    takes_intent = {
        name for name, each in inspect.getmembers(Client, inspect.isfunction) if "intent_id" in inspect.signature(each).parameters
    }

    assert takes_intent - {"send", "_send"} == {method_of(verb) for verb in codec.VERBS if verb not in AMONG_CONTRACTS}


def test_without_a_name_each_call_is_an_intent_of_its_own():
    outbox = Recorder()
    client = Client(None, DEPLOYMENT, outbox, SENDER)

    client.exit(bytes(32))
    client.exit(bytes(32))

    assert len({intent.id for intent in outbox.submitted}) == 2
