"""The index on real nodes: it follows final blocks, finds what was asked for, and can be thrown away."""

import gc
import sqlite3
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from registry.chain.devnode import Engine
from registry.chain.node import Node
from registry.errors import Unreachable
from registry.events import Issued, Redeemed, Reserved, Settled, topic
from registry.index import ChainReplaced, Index, NotFoldable, WrongIndex, rebuild
from registry.model import Stage, Time
from registry.ports import CannotServe
from tests.contracts.world import Life, tag
from tests.gateway.conftest import wait_until
from tests.networks import network

PATIENCE = 20.0


@pytest.fixture(scope="module")
def net(node):
    return network(node)


@pytest.fixture(scope="module")
def settled(net):
    return Life.begin(net.world).until("settled")


@pytest.fixture
def index(net, tmp_path):
    with Index(tmp_path / "index.sqlite", net.chain, net.deployment) as index:
        yield index


class Peer:
    """The node, with something wrong: each fault is a method that stands before the node's own."""

    def __init__(self, node, **faults):
        self._node = node
        self._faults = faults

    def __getattr__(self, name):
        own = getattr(self._node, name)
        return self._faults[name](own) if name in self._faults else own


def dropping(kind):
    """The node leaves out events of one kind."""
    return lambda own: lambda *wanted: [log for log in own(*wanted) if log.topics[0] != topic(kind)]


# Following the chain


def test_it_reads_up_to_the_final_head(net, settled, index):
    head = index.refresh()

    assert head == net.chain.finalised_head().number
    with index.snapshot() as seen:
        assert (seen.block, seen.time) == (head, net.chain.block(head).time)
        assert seen.ledger.orders[settled.order_id].stage is Stage.SETTLED
        assert seen.count() == len(net.chain.logs(0, head, list(net.deployment.contracts)))


def test_it_goes_on_where_it_stopped(net, index):
    index.refresh()
    life = Life.begin(net.world).until("open")

    index.refresh()

    with index.snapshot() as seen:
        assert seen.ledger.orders[life.order_id].stage is Stage.OPEN


def test_a_second_start_knows_what_the_first_one_read(net, settled, tmp_path):
    path = tmp_path / "index.sqlite"
    with Index(path, net.chain, net.deployment) as first:
        first.refresh()
        with first.snapshot() as seen:
            ledger, block = seen.ledger, seen.block

    with Index(path, None, net.deployment) as second, second.snapshot() as seen:
        assert (seen.ledger, seen.block) == (ledger, block)


def test_reading_anew_in_other_steps_gives_the_same_bytes(net, tmp_path, monkeypatch):
    with Index(tmp_path / "first.sqlite", net.chain, net.deployment) as first:
        first.refresh()
        Life.begin(net.world).until("redeemed")
        first.refresh()
        monkeypatch.setattr("registry.index.BLOCKS_AT_ONCE", 3)
        with Index(tmp_path / "second.sqlite", net.chain, net.deployment) as second:
            second.refresh()

            assert second.export() == first.export()
            assert second.export().count(b"\n") > 100


def test_age_is_the_age_of_the_newest_known_block(index):
    index.refresh()
    with index.snapshot() as seen:
        time = seen.time

    assert index.age(Time(time + 75)) == 75


def test_before_the_first_refresh_nothing_is_known_and_all_is_old(index):
    with index.snapshot() as seen:
        assert (seen.block, seen.count()) == (-1, 0)
    assert index.age(Time(1_700_000_000)) == 1_700_000_000


def test_an_unreachable_node_leaves_what_is_known(net, settled, index):
    index.refresh()

    def silent(_):
        raise Unreachable("nobody there")

    index._node = Peer(net.chain, finalised_head=lambda own: lambda: silent(own))
    with pytest.raises(Unreachable):
        index.refresh()

    with index.snapshot() as seen:
        assert seen.ledger.orders[settled.order_id].stage is Stage.SETTLED


def test_a_node_that_is_behind_changes_nothing(net, index):
    head = index.refresh()
    behind = net.chain.block(head - 5)
    index._node = Peer(net.chain, finalised_head=lambda _: lambda: behind)

    assert index.refresh() == head


# Finding


def test_a_voucher_is_found_by_firm_and_serial(settled, index):
    index.refresh()

    with index.snapshot() as seen:
        assert seen.vouchers_of(settled.voucher.firm, settled.voucher.serial) == [settled.voucher_id]
        assert seen.vouchers_of(settled.voucher.firm, tag("no such serial")) == []
        assert seen.vouchers_of(tag("no such firm"), settled.voucher.serial) == []


def test_orders_are_found_by_voucher_lab_and_firm_in_their_order(net, index):
    life = Life.begin(net.world, amount=1_000_00).until("open")
    first = life.order_id
    life.order = net.world.order(life.voucher, life.lab, 2_000_00)
    life.reserve()
    index.refresh()

    with index.snapshot() as seen:
        for found in (seen.orders_of_voucher(life.voucher_id), seen.orders_of_lab(life.lab.id), seen.orders_of_firm(life.firm.tag)):
            assert found == [first, life.order_id]


def test_a_reservation_is_found_with_its_time_also_after_opening_again(net, settled, index, tmp_path):
    index.refresh()
    with index.snapshot() as seen:
        reserved = next(entry for entry in seen.history_of(settled.order_id) if entry.name == "Reserved")
        found = seen.reservations_of(settled.voucher_id)
    index.close()

    with Index(index._path, None, net.deployment) as again, again.snapshot() as seen:
        assert list(seen.reservations_of(settled.voucher_id)) == list(found) == [(settled.order_id, reserved.logged.time)]
        assert seen.vouchers_of(settled.voucher.firm, settled.voucher.serial) == [settled.voucher_id]


def test_what_was_rolled_back_is_not_found(net, index, monkeypatch):
    """The file refuses a range after its events were folded: neither file nor memory may hold any of it."""
    index.refresh()
    life = Life.begin(net.world).until("open")

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(index, "_insert", full)
        with pytest.raises(sqlite3.OperationalError):
            index.refresh()
    with index.snapshot() as seen:
        before = seen.vouchers_of(life.voucher.firm, life.voucher.serial), list(seen.reservations_of(life.voucher_id))
    index.refresh()

    assert before == ([], [])
    with index.snapshot() as seen:
        assert seen.vouchers_of(life.voucher.firm, life.voucher.serial) == [life.voucher_id]
        assert [order for order, _ in seen.reservations_of(life.voucher_id)] == [life.order_id]


def test_ranges_grow_slowly_and_shrink_to_about_a_thousand_events(index):
    sizes = []
    for blocks, events in ((10, 0), (20, 5), (30, 30_000), (1, 100), (11, 11)):
        index._learn(blocks, events)
        sizes.append(index._stride)

    assert sizes == [20, 30, 1, 10, 21]


def test_history_of_voucher_and_order(settled, index):
    index.refresh()

    with index.snapshot() as seen:
        of_voucher, of_order = seen.history_of(settled.voucher_id), seen.history_of(settled.order_id)

    assert [entry.name for entry in of_order] == ["Reserved", "Claimed", "Redeemed", "Accepted", "Settled"]
    assert [entry.name for entry in of_voucher] == ["Issued", *(entry.name for entry in of_order)]
    assert of_order[0].logged.event == Reserved(settled.order_id, settled.order, Stage.OPEN, of_order[0].logged.event.deadline)
    assert [entry.logged.time for entry in of_voucher] == sorted(entry.logged.time for entry in of_voucher)


def test_the_trail_is_complete_in_pages_of_any_size(net, settled, index):
    index.refresh()

    with index.snapshot() as seen:
        whole = seen.trail()
        paged, after = [], None
        while page := seen.trail(after=after, limit=7):
            paged += page
            after = page[-1].position

    assert paged == whole
    assert [entry.position for entry in whole] == sorted(entry.position for entry in whole)
    assert {Issued, Reserved, Redeemed, Settled} <= {type(entry.logged.event) for entry in whole}


@pytest.mark.parametrize("position", ["", "x" * 18, "12"])
def test_a_position_that_nobody_gave_out_is_refused(index, position):
    with index.snapshot() as seen, pytest.raises(ValueError, match=r"position|invalid literal"):
        seen.trail(after=position)


# One snapshot is one block


def test_readers_see_one_block_while_another_is_read(net, index):
    """A refresh waits for the open snapshot, and what is asked in it stays of one block."""
    index.refresh()
    life = Life.begin(net.world).until("open")
    fetched = threading.Event()
    real = net.chain

    def announce(own):
        def blocks(numbers):
            found = own(numbers)
            fetched.set()
            return found

        return blocks

    index._node = Peer(real, blocks=announce)
    with ThreadPoolExecutor(1) as threads:
        with index.snapshot() as seen:
            refreshing = threads.submit(index.refresh)
            assert fetched.wait(PATIENCE)
            before = (seen.block, seen.orders_of_voucher(life.voucher_id), life.order_id in seen.ledger.order_records)
        head = refreshing.result(PATIENCE)

    assert before[1:] == ([], False)
    assert before[0] < head
    with index.snapshot() as seen:
        assert seen.orders_of_voucher(life.voucher_id) == [life.order_id]


def test_many_read_at_once_and_see_the_same(net, settled, index):
    index.refresh()
    readers = 8
    together = threading.Barrier(readers)

    def read():
        with index.snapshot() as seen:
            together.wait(PATIENCE)  # all of them are inside, none waits for another
            return [(entry.position, entry.name) for entry in seen.history_of(settled.voucher_id)]

    with ThreadPoolExecutor(readers) as threads:
        found = [each.result(PATIENCE) for each in [threads.submit(read) for _ in range(readers)]]

    assert len(found[0]) == 6
    assert found == [found[0]] * readers


class Gate:
    """A node that tells its head only once it is let, or fails to; `asked` counts how often that was."""

    def __init__(self, node):
        self._node = node
        self.asked = 0
        self.failure = None
        self.open = threading.Event()

    def __getattr__(self, name):
        return getattr(self._node, name)

    def finalised_head(self):
        head = self._node.finalised_head()
        self.asked += 1
        assert self.open.wait(PATIENCE)
        if self.failure is not None:
            raise self.failure
        return head


def waiting():
    """How many threads wait for what another one was asked."""
    # Up to Python 3.11 a collection within this call can hold up all threads for ever: https://github.com/python/cpython/issues/106883
    gc.disable()
    try:
        leaves = sys._current_frames().values()
    finally:
        gc.enable()
    stacks = [{frame.f_code.co_name for frame, _ in traceback.walk_stack(leaf)} for leaf in leaves]
    return sum({"refresh", "result"} <= names for names in stacks)


def test_all_who_come_while_the_node_is_asked_share_the_next_question(net, tmp_path):
    """Not the answer that is on its way, which may be older than they."""
    gate = Gate(net.chain)
    with Index(tmp_path / "index.sqlite", gate, net.deployment) as index, ThreadPoolExecutor(21) as threads:
        before = threads.submit(index.refresh)
        wait_until(lambda: gate.asked == 1)
        net.devnode.mine()
        others = [threads.submit(index.refresh) for _ in range(20)]
        wait_until(lambda: waiting() == 20)

        gate.open.set()

        assert [each.result(PATIENCE) for each in others] == [before.result() + 1] * 20
        assert gate.asked == 2


@pytest.mark.parametrize("failure", [Unreachable("switched off"), KeyError("a fault of ours")], ids=["silence", "fault"])
def test_all_who_wait_for_a_node_share_its_silence(net, tmp_path, failure):
    gate = Gate(net.chain)
    gate.failure = failure
    with Index(tmp_path / "index.sqlite", gate, net.deployment) as index, ThreadPoolExecutor(21) as threads:
        asking = [threads.submit(index.refresh)]
        wait_until(lambda: gate.asked == 1)
        asking += [threads.submit(index.refresh) for _ in range(20)]
        wait_until(lambda: waiting() == 20)

        gate.open.set()

        assert [each.exception(PATIENCE) for each in asking] == [failure] * 21
        assert gate.asked == 1
        gate.failure = None
        assert index.refresh() == net.chain.finalised_head().number


def test_a_reader_cannot_write(index):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        index._select("DELETE FROM logs")


def test_a_thread_may_open_a_snapshot_within_its_own(net, index):
    index.refresh()
    Life.begin(net.world)

    with ThreadPoolExecutor(1) as threads:
        with index.snapshot() as outer:
            refreshing = threads.submit(index.refresh)
            with index.snapshot() as inner:
                assert inner.block == outer.block
        refreshing.result(PATIENCE)


def test_a_thread_cannot_refresh_within_its_own_snapshot(net, index):
    index.refresh()
    Life.begin(net.world)

    with index.snapshot(), pytest.raises(RuntimeError, match="wait for itself"):
        index.refresh()


# What it refuses


def test_a_replaced_cursor_block_is_refused(net, index):
    head = index.refresh()
    Life.begin(net.world)
    replaced = replace(net.chain.block(head), hash=bytes(32))
    index._node = Peer(net.chain, block=lambda own: lambda number: replaced if number == head else own(number))
    before = index.export()

    with pytest.raises(ChainReplaced) as raised:
        index.refresh()

    assert raised.value.block == head
    assert index.export() == before


def test_a_chain_that_went_back_and_on_again_is_refused(net, nodes, node, tmp_path):
    """A development node put back to a snapshot: the block of that number is another one now."""
    with Index(tmp_path / "index.sqlite", net.chain, net.deployment) as index:
        point = node.snapshot()
        node.mine()
        index.refresh()
        node.revert(point)
        node.jump(100)
        node.mine()

        with pytest.raises(ChainReplaced):
            index.refresh()


def test_blocks_that_do_not_join_are_refused(net, index):
    def unjoined(own):
        return lambda numbers: [replace(block, parent=bytes(32)) for block in own(numbers)]

    index._node = Peer(net.chain, blocks=unjoined)

    with pytest.raises(ChainReplaced):
        index.refresh()
    with index.snapshot() as seen:
        assert seen.count() == 0


def test_a_log_of_another_block_is_refused(net, index):
    def misplaced(own):
        return lambda *range_: [replace(log, block_hash=bytes(32)) for log in own(*range_)]

    index._node = Peer(net.chain, logs=misplaced)

    with pytest.raises(ChainReplaced):
        index.refresh()


def test_an_event_left_out_is_noticed_and_nothing_of_it_is_kept(net, settled, index):
    index._node = Peer(net.chain, logs=dropping(Issued))

    with pytest.raises(NotFoldable):
        index.refresh()
    index._node = net.chain
    index.refresh()

    with index.snapshot() as seen:
        assert seen.ledger.orders[settled.order_id].stage is Stage.SETTLED


def test_a_file_of_another_deployment_is_refused(net, tmp_path):
    path = tmp_path / "index.sqlite"
    Index(path, net.chain, net.deployment).close()

    with pytest.raises(WrongIndex):
        Index(path, net.chain, replace(net.deployment, chain_id=1))


def test_a_node_without_the_cursor_s_block_is_unreachable_and_not_replaced(net, index):
    head = index.refresh()
    Life.begin(net.world)

    def lost(own):
        def block(number):
            if number == head:
                raise CannotServe("pruned")
            return own(number)

        return block

    index._node = Peer(net.chain, block=lost)

    with pytest.raises(CannotServe):
        index.refresh()


# Rebuilding


def test_a_rebuilt_index_has_the_same_bytes_and_told_how_far_it_was(net, settled, tmp_path, monkeypatch):
    path = tmp_path / "index.sqlite"
    with Index(path, net.chain, net.deployment) as index:
        head = index.refresh()
        before = index.export()
    monkeypatch.setattr("registry.index.BLOCKS_AT_ONCE", 10)
    told = []

    assert rebuild(path, net.chain, net.deployment, lambda done, left: told.append((done, left))) == head

    blocks = head - net.deployment.block + 1
    assert len(told) > 1
    assert [done + left for done, left in told] == [blocks] * len(told)
    assert told == sorted(told)
    assert told[-1] == (blocks, 0)
    with Index(path, net.chain, net.deployment) as index:
        assert index.export() == before
    assert [each.name for each in tmp_path.iterdir() if "new" in each.name] == []


@pytest.mark.parametrize("damage", [b"", b"no database", None])
def test_a_damaged_or_missing_index_is_rebuilt(net, settled, tmp_path, damage):
    path = tmp_path / "index.sqlite"
    if damage is not None:
        path.write_bytes(damage)

    rebuild(path, net.chain, net.deployment)

    with Index(path, None, net.deployment) as index, index.snapshot() as seen:
        assert seen.ledger.orders[settled.order_id].stage is Stage.SETTLED


def test_what_the_old_index_had_not_taken_in_does_not_get_into_the_new_one(net, settled, tmp_path):
    """A gateway that was killed leaves a write-ahead log behind; it belongs to the file that is replaced."""
    path = tmp_path / "index.sqlite"
    rebuild(path, net.chain, net.deployment)
    with Index(path, None, net.deployment) as index:
        whole = index.export()
    path.with_name(path.name + "-wal").write_bytes(b"left by a process that was killed")

    rebuild(path, net.chain, net.deployment)

    with Index(path, None, net.deployment) as index:
        assert index.export() == whole


def test_a_rebuild_that_fails_leaves_the_old_index(net, settled, tmp_path):
    path = tmp_path / "index.sqlite"
    rebuild(path, net.chain, net.deployment)
    before = path.read_bytes()

    with pytest.raises(NotFoldable):
        rebuild(path, Peer(net.chain, logs=dropping(Issued)), net.deployment)

    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_range_that_a_node_declines_is_read_in_parts(net, settled, tmp_path):
    """The same bytes from a node that gives no more than three blocks of logs at a time."""
    asked = []

    def declining(own):
        def request(method, params):
            if method == "eth_getLogs":
                asked.append(int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1)
                if asked[-1] > 3:
                    return {"error": {"code": -32005, "message": "Requested range exceeds maximum RPC range limit"}}
            return own(method, params)

        return request

    declines = Node(net.devnode.url)
    declines._post = declining(declines._post)
    with (
        Index(tmp_path / "whole.sqlite", net.chain, net.deployment) as whole,
        Index(tmp_path / "parts.sqlite", declines, net.deployment) as parts,
    ):
        whole.refresh()
        parts.refresh()

        assert parts.export() == whole.export()
    assert max(asked) > 3


# The node stops, comes back, or is another one. What a gateway answers from this is STALE when `age` is too great, and UNKNOWN
# when nothing was ever read.


def test_a_node_that_was_stopped_makes_what_is_known_older_and_a_restarted_one_younger(nodes, tmp_path):
    devnode = nodes.start(Engine.GANACHE)
    net = network(devnode)
    life = Life.begin(net.world).until("open")
    with Index(tmp_path / "index.sqlite", net.chain, net.deployment) as index:
        head = index.refresh()
        with index.snapshot() as seen:
            time = seen.time
        devnode.stop()

        with pytest.raises(Unreachable):
            index.refresh()
        assert index.age(Time(time + 3_600)) == 3_600
        with index.snapshot() as seen:
            assert (seen.block, seen.ledger.orders[life.order_id].stage) == (head, Stage.OPEN)

        again = nodes.start(Engine.GANACHE, chain_id=devnode.chain_id, directory=devnode.directory, port=devnode.port)
        again.jump(1_800)
        assert index.refresh() > head
        assert index.age(Time(time + 3_600)) <= 1_800
        with index.snapshot() as seen:
            assert seen.ledger.orders[life.order_id].stage is Stage.OPEN


def test_a_node_that_never_answered_leaves_nothing_known(nodes, tmp_path):
    devnode = nodes.start(Engine.ANVIL)
    net = network(devnode)
    devnode.kill()

    with Index(tmp_path / "index.sqlite", net.chain, net.deployment) as index:
        with pytest.raises(Unreachable):
            index.refresh()
        with index.snapshot() as seen:
            assert (seen.block, seen.count()) == (-1, 0)


def test_a_node_that_came_back_with_another_chain_is_refused_and_what_is_known_stays(nodes, tmp_path):
    """anvil keeps nothing: restarted under the same chain id on the same port, it has a chain of its own."""
    devnode = nodes.start(Engine.ANVIL, start_time=1_767_225_600)
    net = network(devnode)
    life = Life.begin(net.world).until("open")
    with Index(tmp_path / "index.sqlite", net.chain, net.deployment) as index:
        head = index.refresh()
        before = index.export()
        devnode.kill()
        other = nodes.start(Engine.ANVIL, chain_id=devnode.chain_id, port=devnode.port, start_time=1_767_000_000)

        # As long as it is shorter it might only be behind, and nothing changes.
        assert other.block_number() < head
        assert index.refresh() == head
        other.rpc("anvil_mine", hex(head - other.block_number()))
        with pytest.raises(ChainReplaced):
            index.refresh()

        assert index.export() == before
        with index.snapshot() as seen:
            assert seen.ledger.orders[life.order_id].stage is Stage.OPEN
