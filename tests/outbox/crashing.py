"""
A process that submits one intent and dies by SIGKILL at a chosen point: `crashing.py <url> <chain id> <outbox> <point>`.

Points: `signing` (a nonce is chosen, nothing is signed), `storing` (signed and written, not committed), `before-sending` (signed and
stored, nothing sent), `after-sending` (the node has it, nothing is marked), `before-final` (it is mined, nothing is marked).
"""

import os
import signal
import sys
from pathlib import Path

from registry.chain.node import Node
from registry.outbox import Intent, Outbox
from tests.nodes import person

SENDER = person("sender of a process that dies")
TARGET = person("target").address
INTENT = Intent(id="only once", what="test", target=TARGET, calldata=b"payload", sender=SENDER.address)
POINTS = ("signing", "storing", "before-sending", "after-sending", "before-final")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(Node):
    """A node whose client dies around a call of the payload's bytes."""

    point = ""

    def send_raw(self, raw):
        payload = INTENT.calldata in raw
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

    address = SENDER.address

    def sign_transaction(self, transaction_dict):
        if transaction_dict["data"] == INTENT.calldata:
            die()
        return SENDER.sign_transaction(transaction_dict)


def _die_before_commit(outbox):
    insert = outbox._store.insert

    def insert_and_die(*row):
        insert(*row)
        die()

    outbox._store.insert = insert_and_die


def main(url, chain_id, path, point):
    node = Dying(url)
    node.point = point
    outbox = Outbox(Path(path), node, chain_id=int(chain_id))
    outbox.attach(DyingAccount() if point == "signing" else SENDER)
    if point == "storing":
        _die_before_commit(outbox)
    outbox.wait(outbox.submit(INTENT), 60)


if __name__ == "__main__":
    main(*sys.argv[1:])
