"""
The least gas that a step can cost in this design, whoever writes it: computed, never measured.

    floor = 21,000                                    the transaction
          + 16 a byte of its calldata, 4 if zero
          + 375 a log + 375 a topic + 8 a byte        what it logs
          + 22,100 a slot written for the first time
          +  5,000 a slot changed
          +    200 a slot cleared                     5,000 less the refund of 4,800
          +  2,100 a slot only read
          +  3,000 a signature checked

Calldata and logs are those that were really sent and written. A slot counts once a transaction, as the cheapest execution
would touch it: `NEEDS` names the slots of every step, and test_slots.py finds the very same ones in the node's own trace.
Hashing, memory, arithmetic and calls from contract to contract count nothing here, so no implementation reaches the floor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TRANSACTION = 21_000
BYTE, ZERO_BYTE = 16, 4
LOG, TOPIC, LOG_BYTE = 375, 375, 8
NEW_SLOT, CHANGED_SLOT, CLEARED_SLOT, READ_SLOT = 22_100, 5_000, 200, 2_100
SIGNATURE = 3_000

# Slots of which every item has its own, and every firm; all others are shared by a batch for one programme at one lab.
OF_ITEM = frozenset({"balance", "order", "agreement", "invoice", "voided"})
OF_FIRM = frozenset({"firm"})


@dataclass(frozen=True, kw_only=True)
class Needs:
    """
    The slots, by name, that a step cannot do without, each under the most that happens to it, and the signatures an item has.

    `spare` are slots that the contracts touch and a step could do without. They are no part of the floor.
    """

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    signatures: int = 0

    def gas(self, *, items: int, firms: int) -> int:
        """What slots and signatures cost for a batch of `items` of `firms` different firms."""
        prices = ((self.new, NEW_SLOT), (self.changed, CHANGED_SLOT), (self.cleared, CLEARED_SLOT), (self.read, READ_SLOT))
        slots = sum(price * _count(name, items=items, firms=firms) for names, price in prices for name in names)
        return slots + SIGNATURE * self.signatures * items


def _count(name: str, *, items: int, firms: int) -> int:
    if name in OF_ITEM:
        return items
    return firms if name in OF_FIRM else 1


# `office` is the account that sends, `home` and `host` the two regions' status, `ledger` the registry's standing with Invoices,
# `latest` which registry may issue. Home is also who pays: a programme with another payer reads one region more.
_PARTIES = ("firm", "rules", "lab", "lab seller")
_OFFICE = ("rules", "office", "home")

NEEDS: Mapping[str, Needs] = {
    "open": Needs(new=("rules",), read=("office", "home", "latest", "ledger")),
    "fund": Needs(new=("bank reference",), changed=("pool",), read=("rules", "office")),
    "draw": Needs(new=("bank reference",), changed=("pool",), read=("rules", "office")),
    "issue": Needs(new=("balance",), read=("firm", *_OFFICE, "latest", "ledger")),
    "reserve": Needs(new=("order",), changed=("balance", "pool"), read=(*_PARTIES, "recognition", "home", "host"), signatures=2),
    "approve": Needs(changed=("order", "pool"), read=("firm", "lab", *_OFFICE, "host")),
    "decline": Needs(changed=("order", "balance"), read=_OFFICE),
    "release": Needs(changed=("order", "balance", "pool"), read=("rules", "lab"), signatures=1),
    "extend": Needs(changed=("order",), read=_OFFICE),
    "redeem": Needs(new=("invoice",), changed=("order", "balance"), read=(*_PARTIES, "ledger"), signatures=2),
    "endorse": Needs(changed=("order",), read=("firm", "rules", "lab", "office", "host")),
    "accept": Needs(changed=("order",), read=("firm", "lab", *_OFFICE)),
    "reject": Needs(changed=("order", "balance"), cleared=("invoice",), read=("voided", *_OFFICE, "ledger")),
    "settle": Needs(changed=("order", "pool"), read=("rules", "office")),
    "reverse": Needs(changed=("order",), read=_OFFICE),
    "refunded": Needs(changed=("order", "pool"), cleared=("invoice",), read=("voided", "rules", "office", "ledger")),
    "closeMonth": Needs(new=("statement",), read=("their statement", "office", "home", "host")),
    # The same steps under other rules, and what is refused.
    "reserve, to be approved": Needs(new=("order",), changed=("balance",), read=(*_PARTIES, "recognition", "home", "host"), signatures=2),
    "redeem, sliced": Needs(
        new=("invoice", "agreement"),
        changed=("order", "balance"),
        read=(*_PARTIES, "ledger", "slice 0"),
        spare=("slices", "slice 1"),
        signatures=2,
    ),
    "accept, a rest returned": Needs(changed=("order", "balance", "pool"), read=("firm", "lab", *_OFFICE)),
    "refused: seen before": Needs(read=("order",), spare=("balance", "rules")),
    "refused: not signed by the lab": Needs(read=("order", "balance", *_PARTIES, "recognition", "home", "host"), signatures=2),
}


def calldata_gas(body: bytes) -> int:
    """What a transaction pays for the bytes it brings."""
    zeros = body.count(0)
    return ZERO_BYTE * zeros + BYTE * (len(body) - zeros)


def log_gas(logs: Sequence[Mapping[str, Any]]) -> int:
    """What a receipt's logs cost, as JSON-RPC gives them."""
    return sum(LOG + TOPIC * len(log["topics"]) + LOG_BYTE * (len(log["data"].removeprefix("0x")) // 2) for log in logs)


def floor(step: str, *, body: bytes, logs: Sequence[Mapping[str, Any]], items: int, firms: int) -> int:
    """The least that one transaction of this step can cost."""
    return TRANSACTION + calldata_gas(body) + log_gas(logs) + NEEDS[step].gas(items=items, firms=firms)
