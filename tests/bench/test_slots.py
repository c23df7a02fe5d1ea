"""The floor's table of slots is what the contracts touch: compared, slot by slot, with the node's own trace of every step."""

import pytest

from registry.chain.artifacts import FOLDER, load
from registry.chain.devnode import Engine
from registry.codec import closing_id
from tests.bench.floor import NEEDS
from tests.bench.scenes import BANK_REFERENCE, START_TIME, Measured, Scenes, keep_time
from tests.contracts.storage import entry_slot, slot_of
from tests.contracts.world import CHANGXING, SHANGHAI, Life, World, keccak

Slot = tuple[str, int]


@pytest.fixture
def world(nodes) -> World:
    node = nodes.start(Engine.ANVIL, start_time=START_TIME)
    keep_time(node)
    return World(node, {path.stem: load(path.stem) for path in FOLDER.glob("*.json")})


def test_every_step_touches_exactly_the_slots_of_the_table(world):
    seen = set()

    for measured in Scenes(world, batch=4, notes=2).play():
        expected = slots_by_the_table(world, measured)
        traced = slots_by_the_trace(world, measured)
        named = {slot: (expected.get(slot, ("not in the table", ""))[0], kind) for slot, kind in traced.items()}
        assert named == expected, f"{measured.step}, {measured.items} at once"
        seen.add(measured.step)

    assert seen == set(NEEDS)


def slots_by_the_trace(world: World, measured: Measured) -> dict[Slot, str]:
    """Every slot that a transaction touched and what became of it. It must be the last that changed anything."""
    before = world.node.rpc("debug_traceTransaction", measured.transaction, {"tracer": "prestateTracer"})
    kinds = {}
    for address, account in before.items():
        for slot, value in account.get("storage", {}).items():
            after = int(world.node.rpc("eth_getStorageAt", address, slot, "latest"), 16)
            kinds[address.lower(), int(slot, 16)] = kind_of(int(value, 16), after)
    return kinds


def kind_of(before: int, after: int) -> str:
    if before == after:
        return "read"
    if before == 0:
        return "new"
    return "changed" if after else "cleared"


def slots_by_the_table(world: World, measured: Measured) -> dict[Slot, tuple[str, str]]:
    """The same by `NEEDS`: slot to its name and kind."""
    needs = NEEDS[measured.step]
    kinds = (("new", needs.new), ("changed", needs.changed), ("cleared", needs.cleared), ("read", needs.read + needs.spare))
    return {place(world, name, life, measured): (name, kind) for kind, names in kinds for name in names for life in measured.lives}


def place(world: World, name: str, life: Life, measured: Measured) -> Slot:
    """Where a slot of a life stands."""
    registry, lab, programme = bytes.fromhex(world.registry.address[2:]), life.order.lab, life.programme_id
    sender = bytes.fromhex(measured.by.address[2:])
    contract, label, keys, further = {
        "balance": (world.registry, "balances", [life.voucher_id], 0),
        "order": (world.registry, "orders", [life.order_id], 0),
        "invoice": (world.invoices, "invoices", [life.redemption.invoice], 0),
        "voided": (world.invoices, "voided", [registry, life.order_id], 0),
        "ledger": (world.invoices, "registries", [registry], 0),
        "latest": (world.invoices, "latest", [], 0),
        "agreement": (world.programmes, "agreements", [programme, life.redemption.agreement], 0),
        "pool": (world.programmes, "pools", [programme], 0),
        "rules": (world.programmes, "rulesWord", [programme], 0),
        "slices": (world.programmes, "_slices", [programme], 0),
        "slice 0": (world.programmes, "_slices", [programme], None),
        "slice 1": (world.programmes, "_slices", [programme], None),
        "firm": (world.directory, "firms", [life.firm.id], 0),
        "lab": (world.directory, "labs", [lab], 0),
        "lab seller": (world.directory, "labs", [lab], 1),
        "bank reference": (world.programmes, "bankReferences", [CHANGXING.to_bytes(32), BANK_REFERENCE], 0),
        "statement": (world.consortium, "closings", [month(world)], 0),
        "their statement": (world.consortium, "closings", [month(world)], 1),
        "recognition": (world.directory, "recognitions", [CHANGXING.to_bytes(32), lab], 0),
        "office": (world.consortium, "accounts", [sender], 0),
        "home": (world.consortium, "regions", [CHANGXING.to_bytes(32)], 0),
        "host": (world.consortium, "regions", [SHANGHAI.to_bytes(32)], 0),
    }[name]
    slot = entry_slot(slot_of(world.artifacts[contract.name], label), *keys)
    if further is None:
        # An array's elements stand from the hash of its own slot on.
        slot, further = int.from_bytes(keccak(slot.to_bytes(32))), int(name.removeprefix("slice "))
    return contract.address.lower(), slot + further


def month(world: World) -> bytes:
    """The id of the consortium's first month between the two."""
    return closing_id(CHANGXING, SHANGHAI, world.consortium.firstMonth())
