"""
A process whose `main` submits one intent and dies by SIGKILL at a chosen point.

Points: `signing` (a nonce is chosen, nothing is signed), `storing` (signed and written, not committed), `before-sending` (signed and
stored, nothing sent), `after-sending` (the node has it, nothing is marked), `before-final` (it is mined, nothing is marked).
"""

import os
import signal

from registry.chain.node import Node
from registry.outbox import Intent, Outbox
from tests.nodes import person

TARGET = person("target").address
CALLDATA = b"payload"
POINTS = ("signing", "storing", "before-sending", "after-sending", "before-final")


def sender_at(point):
    """Whose process dies at a point: each has an account of its own, whose nonces begin at zero."""
    return person(f"sender of a process that dies {point}")


def intent_of(sender):
    return Intent(id="only once", what="test", target=TARGET, calldata=CALLDATA, sender=sender.address)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(Node):
    """A node whose client dies around a call of the payload's bytes."""

    point = ""

    def send_raw(self, raw):
        payload = CALLDATA in raw
        if payload and self.point == "before-sending":
            die()
        transaction = super().send_raw(raw)
        if payload and self.point == "after-sending":
            die()
        return transaction

    def receipt(self, transaction):
        receipt = super().receipt(transaction)
        if receipt is not None and self.point == "before-final":
            die()
        return receipt


class DyingAccount:
    """A key whose holder dies before the payload's signature is handed over."""

    def __init__(self, account):
        self.account = account
        self.address = account.address

    def sign_transaction(self, transaction_dict):
        if transaction_dict["data"] == CALLDATA:
            die()
        return self.account.sign_transaction(transaction_dict)


def _die_before_commit(outbox):
    insert = outbox._store.insert

    def insert_and_die(*row):
        insert(*row)
        die()

    outbox._store.insert = insert_and_die


def main(url, chain_id, path, point):
    node, sender = Dying(url), sender_at(point)
    node.point = point
    outbox = Outbox(path, node, chain_id=chain_id)
    outbox.attach(DyingAccount(sender) if point == "signing" else sender)
    if point == "storing":
        _die_before_commit(outbox)
    outbox.wait(outbox.submit(intent_of(sender)), 60)
