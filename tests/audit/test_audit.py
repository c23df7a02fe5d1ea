"""The auditor's replay on real nodes, of an honest chain and of falsified ones: one test for each falsification."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from registry.audit import replay, slots, storage
from registry.chain import raw
from registry.chain.deploy import WrongDeployment
from registry.chain.devnode import Engine
from registry.events import Accepted, Funded, Issued, LabAdmitted, Offered, OfferWithdrawn, Redeemed, Reserved, Settled, Voted, topic
from registry.getters import MIRRORED
from registry.index import Index
from registry.model import Approval, Fen, FirstReview, MotionKind, Role, Slice
from registry.ports import CannotServe
from registry.proofs import listed_root
from registry.rules.vouchers import _move
from registry.solidity import keccak, type_of
from tests.audit.falsified import Falsified, hide, is_event, rehashed, rewrite
from tests.contracts.world import BEIJING, YUAN, Life, Refused, digest, person, tag
from tests.networks import network
from tests.nodes import as_it_was

SLICES = (Slice(Fen(100_000 * YUAN), 9000), Slice(Fen(1_000_000 * YUAN), 3000))

pytestmark = pytest.mark.both_in_full(Engine.GANACHE)


@pytest.fixture(scope="module")
def net(node):
    return network(node)


@pytest.fixture(scope="module")
def lives(net):
    """Vouchers at every stage, under flat and sliced rules, at home and across, single and joint; refusals and motions between them."""
    world = net.world
    settled = Life.begin(world).until("settled")
    reserved = Life.begin(world, approval=Approval.ALWAYS).until("reserved")
    endorsed = Life.begin(world, first_review=FirstReview.HOME, slices=SLICES).until("endorsed")
    rejected = Life.begin(world, slices=SLICES).until("redeemed")
    rejected.reject()
    declined = Life.begin(world, approval=Approval.ALWAYS).until("reserved")
    world.registry.decline([declined.reservation], by=declined.office.reviewer)
    refunded = Life.begin(world).until("settled")
    refunded.reverse(1_000 * YUAN)
    reversed_only = Life.begin(world).until("settled")
    reversed_only.reverse(2_000 * YUAN)
    refunded.refunded()
    joint = Life.begin(world, min_partners=3, amount=10_000 * YUAN).until("open")
    batched = Life.begin(world)
    signatures = world.signed(batched.order, batched.firm, batched.lab)
    reserve = world.registry.encode("reserve", batched.voucher, batched.order, signatures)
    accept = world.registry.encode("accept", [settled.claim])
    world.registry.tryEach([reserve, reserve, accept, bytes(4)], by=person("relay"))
    with pytest.raises(Refused):
        world.registry.reserve(batched.voucher, batched.order, signatures, by=person("relay"))
    flagged = world.firm()
    world.directory.flag(flagged.id, digest("reason"), by=world.offices[BEIJING].directory)
    world.directory.unflag(flagged.id, by=world.offices[BEIJING].directory)
    world.consortium.revoke(world.offices[BEIJING].second_reviewer, by=world.offices[BEIJING].admin)
    beijing = world.offices[BEIJING]
    for account in (person("offered a role"), person("offered none in the end")):
        world.consortium.offer(account, Role.PAYER, by=beijing.admin)
    world.consortium.revoke(person("offered none in the end"), by=beijing.admin)
    world.consortium.rotateRecovery(person("offered a key"), by=beijing.recovery)
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
        "batched": batched,
    }


def audited(net, **falsified):
    return replay(Falsified(net.chain, **falsified), net.deployment)


def found(audit):
    """The differences by what they are about and under which id."""
    return {(difference.what, difference.key) for difference in audit.differences}


def says(audit, what, key=None):
    """What the sides say in the one difference of this kind, under this id."""
    (one,) = [each for each in audit.differences if each.what == what and key in (None, each.key)]
    return one.says


def broken(audit):
    return {(breach.rule, breach.key) for breach in audit.breaches}


def block_of(net, kind, subject):
    """The number of the block in which an event stands."""
    head = net.chain.head().number
    return next(
        log.block
        for log in net.chain.logs(0, head, list(net.deployment.contracts))
        if is_event({"topics": [f"0x{each.hex()}" for each in log.topics]}, kind, subject)
    )


# An honest chain


def test_an_honest_chain_is_clean(net, lives):
    audit = replay(net.chain, net.deployment)

    assert audit.clean, (audit.differences, audit.breaches)
    assert audit.block == net.chain.finalised_head().number
    assert audit.block_hash == net.chain.finalised_head().hash
    assert audit.events == len(net.chain.logs(0, audit.block, list(net.deployment.contracts)))
    assert (audit.vouchers, audit.orders, audit.redemptions) == (9, 9, 5)
    assert audit.compared > 200


def test_what_an_engine_cannot_show_is_said(net, lives):
    """Neither has seals; anvil's storage roots are of its own making. Nothing else is left open."""
    audit = replay(net.chain, net.deployment)

    expected = {"seals", "storage"} if net.devnode.engine is Engine.ANVIL else {"seals"}
    assert {each.what for each in audit.unverified} == expected


def test_the_sums_are_those_of_the_contracts(net, lives):
    audit = replay(net.chain, net.deployment)

    assert audit.issued == sum(life.voucher.face for life in lives.values())
    assert audit.redeemed == sum(life.balance()[2] for life in lives.values())
    assert audit.settled == sum(life.pool()[2] for life in lives.values()) == (4_800 * 3 - 1_000) * YUAN


def test_two_audits_of_one_block_agree_on_the_trail(net, lives):
    assert replay(net.chain, net.deployment).trail == replay(net.chain, net.deployment).trail


def test_the_report_has_a_json_form(net, lives):
    life = lives["settled"]
    audit = audited(net, receipt=rewrite(Funded, life.programme_id, 0, type_of("uint64").encode(7)))

    report = json.loads(json.dumps(audit.to_json()))

    assert (report["clean"], report["settled"]) == (False, str(audit.settled))
    (pool,) = [each for each in report["differences"] if each["what"] == "pools"]
    assert pool["key"] == life.programme_id.hex()
    assert pool["says"]["events"]["funded"] == "7"
    assert pool["says"]["storage"]["funded"] == str(life.pool()[0])


def test_it_tells_how_far_it_is(net, lives):
    told = []

    replay(net.chain, net.deployment, progress=lambda *how_far: told.append(how_far))

    assert [part for part, done, of in told if done == of] == ["blocks", "events", "slots"]
    assert all(done <= of for _, done, of in told)


def test_other_contracts_are_not_replayed(net):
    with pytest.raises(WrongDeployment):
        replay(net.chain, replace(net.deployment, invoices=net.deployment.directory))


# What a node can leave out


@pytest.mark.parametrize(
    ("kind", "life", "table"),
    [(Settled, "settled", "orders"), (Redeemed, "endorsed", "orders"), (Funded, "settled", "pools"), (Issued, "joint", "balances")],
)
def test_a_dropped_event(net, lives, kind, life, table):
    of = lives[life]
    subject = {Funded: of.programme_id, Issued: of.voucher_id}.get(kind, of.order_id)
    number = block_of(net, kind, subject)

    audit = audited(net, receipt=hide(kind, about=subject))

    assert ("receipts", str(number)) in found(audit)
    assert (table, subject.hex()) in found(audit)
    assert audit.trail != replay(net.chain, net.deployment).trail


def test_a_dropped_event_whose_effect_was_overwritten(net, lives):
    """Whoever hides who accepted a claim changes no slot: it is settled since."""
    order = lives["settled"].order_id

    audit = audited(net, receipt=hide(Accepted, about=order))

    assert ("receipts", str(block_of(net, Accepted, order))) in found(audit)
    assert says(audit, "calls", order.hex() if ("calls", order.hex()) in found(audit) else "")["events"] == ()
    assert ("WrongStage", order.hex()) in broken(audit)


@pytest.mark.parametrize("kind", [Issued, Reserved, LabAdmitted])
def test_a_dropped_beginning_is_found_and_the_rest_still_compared(net, lives, kind):
    """What stands on a hidden event does not fit; the audit says so and goes on."""
    life = lives["endorsed"]
    subject = {Issued: life.voucher_id, Reserved: life.order_id, LabAdmitted: life.lab.id}[kind]

    audit = audited(net, receipt=hide(kind, about=subject))

    assert not audit.clean
    assert audit.compared > 200


@pytest.mark.parametrize(
    ("kind", "who", "table"), [(OfferWithdrawn, "offered none in the end", "offers"), (Offered, "offered a key", "offered_keys")]
)
def test_a_dropped_offer_or_withdrawal(net, lives, kind, who, table):
    subject = bytes.fromhex(person(who).address[2:]).rjust(32, b"\0")

    audit = audited(net, receipt=hide(kind, about=subject))

    assert {table, "receipts"} <= {what for what, _ in found(audit)}


def test_an_event_kept_from_gateways_only(net, lives):
    """The receipts tell all, the log entries that gateways ask for do not."""
    order = lives["settled"].order_id
    number = block_of(net, Settled, order)

    audit = audited(net, logs=lambda logs: [log for log in logs if log.block != number])

    assert found(audit) == {("logs", order.hex())}
    assert says(audit, "logs")["eth_getLogs"] is None


def test_a_hidden_transaction(net, lives):
    """The block is served without one of its transactions, and nobody answers for its receipt."""
    order = lives["settled"].order_id
    number = block_of(net, Settled, order)

    def empty(block):
        if int(block["number"], 16) == number:
            block["transactions"] = []

    audit = audited(net, block=empty)

    assert {("transactions", str(number)), ("receipts", str(number)), ("orders", order.hex()), ("logs", order.hex())} <= found(audit)


def test_a_hidden_transaction_with_a_header_to_match(net, lives):
    """The liar takes it out of the header's roots as well: then the next block's parent is another."""
    order = lives["settled"].order_id
    number = block_of(net, Settled, order)

    def empty(block):
        if int(block["number"], 16) == number:
            root = f"0x{listed_root([]).hex()}"
            return rehashed(block | {"transactions": [], "transactionsRoot": root, "receiptsRoot": root})
        return block

    audit = audited(net, block=empty)

    assert {("headers", str(number + 1)), ("orders", order.hex())} <= found(audit)
    assert not {("transactions", str(number)), ("receipts", str(number))} & found(audit)


def test_a_receipt_that_the_node_says_it_has_not(net, lives):
    order = lives["settled"].order_id
    number = block_of(net, Settled, order)
    lost = Falsified(net.chain)
    answer = lost.request_all

    def without(method, params):
        answers = answer(method, params)
        is_lost = [method == "eth_getTransactionReceipt" and int(each["blockNumber"], 16) == number for each in answers]
        return [None if gone else each for gone, each in zip(is_lost, answers, strict=True)]

    lost.request_all = without

    audit = replay(lost, net.deployment)

    assert ("receipts", str(number)) in found(audit)
    assert any("no receipt" in str(each.says) for each in audit.differences)


# What a node can change


def test_a_forged_receipt(net, lives):
    """An event with another amount: the receipt does not give the root in the header, and the fold does not give the storage."""
    life = lives["settled"]

    audit = audited(net, receipt=rewrite(Funded, life.programme_id, 0, type_of("uint64").encode(5)))

    assert ("receipts", str(block_of(net, Funded, life.programme_id))) in found(audit)
    pool = says(audit, "pools", life.programme_id.hex())
    assert (pool["events"].funded, pool["storage"].funded) == (5, life.pool()[0])


def test_a_forged_receipt_in_a_forged_block(net, lives):
    """The liar makes the receipts root and the block's hash fit; the block after it names another."""
    life = lives["settled"]
    number = block_of(net, Funded, life.programme_id)
    forge = rewrite(Funded, life.programme_id, 0, type_of("uint64").encode(5))
    receipts = []

    def keep(receipt):
        forge(receipt)
        if int(receipt["blockNumber"], 16) == number:
            receipts.append(receipt)

    audited(net, receipt=keep)
    root = _root_of(receipts)
    audit = audited(
        net,
        receipt=forge,
        block=lambda block: rehashed(block | {"receiptsRoot": root}) if int(block["number"], 16) == number else block,
    )

    assert {("headers", str(number + 1)), ("pools", life.programme_id.hex())} <= found(audit)
    assert ("receipts", str(number)) not in found(audit)


def _root_of(receipts):
    return f"0x{listed_root(raw._receipt(each).encoded for each in receipts).hex()}"


@pytest.mark.parametrize("field", ["timestamp", "stateRoot", "gasUsed", "logsBloom"])
def test_a_changed_header(net, lives, field):
    number = block_of(net, Settled, lives["settled"].order_id)

    def change(block):
        if int(block["number"], 16) == number:
            block[field] = f"{block[field][:-1]}{'1' if block[field][-1] != '1' else '2'}"

    audit = audited(net, block=change)

    assert {("headers", str(number)), ("headers", str(number + 1))} <= found(audit)


def test_another_genesis_block(net, lives):
    def change(block):
        return rehashed(block | {"timestamp": "0x1"}) if int(block["number"], 16) == 0 else block

    audit = audited(net, block=change)

    assert {("headers", "0"), ("headers", "1")} <= found(audit)


def test_a_changed_record_in_an_event(net, lives):
    """The order's event names another amount: its record no longer gives its id, nor is it what the parties signed."""
    order = lives["endorsed"].order_id

    audit = audited(net, receipt=rewrite(Reserved, order, 4, type_of("uint64").encode(4_999 * YUAN)))

    assert {("records", order.hex()), ("calls", order.hex()), ("orders", order.hex())} <= found(audit)
    assert says(audit, "records", order.hex())["event"] == order


def test_a_changed_record_in_calldata(net, lives):
    """The transaction asks for another amount than the one that was mined: another hash, another root, another event."""
    life = lives["endorsed"]
    number = block_of(net, Reserved, life.order_id)
    amount, other = (type_of("uint64").encode(fen).hex() for fen in (life.order.amount, life.order.amount + 100))

    def change(block):
        if int(block["number"], 16) == number:
            for each in block["transactions"]:
                each["input"] = each["input"].replace(amount, other)

    audit = audited(net, block=change)

    assert {("transactions", str(number)), ("transactions", f"{number}/0")} <= found(audit)
    assert life.order_id.hex() in {breach.key for breach in audit.breaches} | {key for what, key in found(audit) if what == "calls"}


def test_a_signature_that_is_not_the_firms(net, lives):
    """One bit of the firm's signature is another. The transaction's own signature no longer fits either, but that is not asked here."""
    life = lives["endorsed"]
    number = block_of(net, Reserved, life.order_id)
    signature = net.world.signed(life.order, life.firm, life.lab).firm.hex()
    other = f"{signature[:-1]}{'0' if signature[-1] != '0' else '1'}"

    def change(block):
        if int(block["number"], 16) == number:
            for each in block["transactions"]:
                assert signature in each["input"]
                each["input"] = each["input"].replace(signature, other)

    audit = audited(net, block=change)

    assert ("NotSignedBy", life.order_id.hex()) in broken(audit)


def test_a_subsidy_above_the_rule(net, lives):
    """The event gives all of the cost; what it earns is worked out from the programme's slices."""
    life = lives["endorsed"]
    subsidy = type_of("uint64").encode(life.redemption.cost)

    audit = audited(net, receipt=rewrite(Redeemed, life.order_id, 3, subsidy))

    (breach,) = [each for each in audit.breaches if each.rule == "I5" and each.key == life.order_id.hex()]
    earned = life.redemption.cost * 9 // 10
    assert f"earn {earned} fen, {life.redemption.cost} were asked for" in breach.found


def test_an_order_that_mixes_epochs_of_tags(net, lives):
    """Its project is of another epoch than its firm, so that a partner's or an earlier order's would not join it."""
    world = net.world
    with world.put_back():
        life = Life.begin(world)
        life.order = replace(life.order, project=tag("project", epoch=2))
        life.reserve()

        audit = replay(net.chain, net.deployment)

    assert audit.differences == ()
    assert broken(audit) == {("tags of one epoch", life.order_id.hex())}


def test_an_invented_event(net, lives):
    """A settlement of an order that nobody settled stands in the receipt of another's."""
    settled, endorsed = lives["reversed"].order_id, lives["endorsed"].order_id

    def invent(receipt):
        for log in list(receipt["logs"]):
            if is_event(log, Settled, settled):
                receipt["logs"].append(log | {"topics": [log["topics"][0], f"0x{endorsed.hex()}"]})

    audit = audited(net, receipt=invent)

    assert {("receipts", str(block_of(net, Settled, settled))), ("orders", endorsed.hex())} <= found(audit)


def test_an_unreadable_event(net, lives):
    programme = lives["settled"].programme_id

    def cut(receipt):
        for log in receipt["logs"]:
            if is_event(log, Funded, programme):
                log["data"] = log["data"][:-2]

    audit = audited(net, receipt=cut)

    assert {("events", programme.hex()), ("pools", programme.hex())} <= found(audit)


# What a fold can do wrong


def test_a_wrong_fold(net, lives, monkeypatch):
    """The fold forgets what lapses: vouchers of which a note lapsed differ from storage, and no others."""
    monkeypatch.setattr("registry.rules.vouchers._consume", _forgets_what_lapses)

    audit = replay(net.chain, net.deployment)

    lapsed = {("balances", life.voucher_id.hex()) for life in lives.values() if life.balance()[3]}
    assert lapsed
    assert lapsed <= found(audit)


def _forgets_what_lapses(ledger, claim, *, sign):
    _move(ledger, claim.voucher, reserved=-sign * claim.consumed, redeemed=sign * claim.subsidy)


def test_a_wrong_fold_of_invoices(net, lives, monkeypatch):
    """The fold counts no cost: the sums of the redemptions and storage both say so."""
    monkeypatch.setattr("registry.rules.vouchers._count_cost", lambda *_, **__: None)

    audit = replay(net.chain, net.deployment)

    life = lives["endorsed"]
    key = f"{life.programme_id.hex()}/{life.redemption.agreement.hex()}"
    both = [each.says for each in audit.differences if (each.what, each.key) == ("agreements", key)]
    assert both == [
        {"redemptions": life.redemption.cost, "events folded": 0},
        {"events": 0, "storage": life.redemption.cost},
    ]


# What storage can hold


def slot_of(net, table, key):
    return slots._entry(storage.layout(), MIRRORED[table], key)


def lying_word(net, table, key, falsify):
    slot = slot_of(net, table, key)

    def word(_, asked, answer):
        # ganache answers with no digits at all for an empty slot.
        return f"0x{falsify(int(answer.removeprefix('0x') or '0', 16)):064x}" if asked == slot else answer

    return word


def test_a_falsified_storage_word_is_found_by_its_proof(net, lives):
    life = lives["joint"]

    audit = audited(net, word=lying_word(net, "balances", life.voucher_id, lambda word: word + 100 - (100 << 64)))

    assert found(audit) == {("balances", life.voucher_id.hex()), ("storage.balances", life.voucher_id.hex())}
    assert audit.breaches == ()


def test_a_balance_beyond_its_face_breaks_i1(net, lives):
    life = lives["settled"]

    audit = audited(net, word=lying_word(net, "balances", life.voucher_id, lambda word: word + 100))

    assert broken(audit) == {("I1", life.voucher_id.hex())}


def test_an_invoice_claimed_beyond_its_amount_breaks_i3(net, lives):
    invoice = lives["settled"].redemption.invoice

    audit = audited(net, word=lying_word(net, "invoices", invoice, lambda word: (word >> 64 << 64) + 1))

    assert broken(audit) == {("I3", invoice.hex())}


def test_a_pool_that_pays_more_than_it_has_breaks_i4(net, lives):
    programme = lives["settled"].programme_id

    audit = audited(net, word=lying_word(net, "pools", programme, lambda _: 3 << 128 | 2 << 64 | 1))

    assert broken(audit) == {("I4", programme.hex())}
    assert len(audit.breaches) == 3


def test_a_slot_that_should_be_empty_again_is_asked_for(net, lives):
    """The rejected order's invoice was freed: the fold has nothing there, and storage that has something is found out."""
    invoice = lives["rejected"].redemption.invoice

    audit = audited(net, word=lying_word(net, "invoices", invoice, lambda _: 5))

    assert {("invoices", invoice.hex()), ("storage.invoices", invoice.hex())} <= found(audit)


SET_STORAGE = {Engine.ANVIL: "anvil_setStorageAt", Engine.GANACHE: "evm_setAccountStorageAt"}


def test_a_slot_changed_in_the_state_itself(net, lives):
    """Whoever can write the state, proofs and all, cannot write the events that would explain it."""
    life = lives["joint"]
    with as_it_was(net.devnode) as node:
        slot = slot_of(net, "balances", life.voucher_id)
        node.rpc(SET_STORAGE[node.engine], net.deployment.registry, f"0x{slot:064x}", f"0x{life.voucher.face:064x}")
        node.mine()

        audit = replay(net.chain, net.deployment)

    assert ("balances", life.voucher_id.hex()) in found(audit)
    assert says(audit, "balances")["storage"].available == life.voucher.face


def test_a_slot_that_no_event_names(net, lives):
    """A voucher out of nowhere."""
    if net.devnode.engine is Engine.ANVIL:
        pytest.skip("anvil's storage roots are of its own making; the report says that this stays open")
    with as_it_was(net.devnode) as node:
        slot = slot_of(net, "balances", keccak(b"a voucher out of nowhere"))
        node.rpc(SET_STORAGE[node.engine], net.deployment.registry, f"0x{slot:064x}", f"0x{1_000_000:064x}")
        node.mine()

        audit = replay(net.chain, net.deployment)

    assert found(audit) == {("storage", "VoucherRegistry")}


def test_a_motion_used_twice_over(net, lives):
    """Storage says that no motion was used, and yet a registry was authorised."""
    (motion,) = [
        log.topics[1]
        for log in net.chain.logs(0, net.chain.head().number, [net.deployment.consortium])
        if log.topics[0] == topic(Voted) and int.from_bytes(log.data[:32], "big") == MotionKind.AUTHORISE_REGISTRY
    ][:1]
    slot = slots._hashed(motion, storage.layout()["Invoices", "used"])

    audit = audited(net, word=lambda _, asked, answer: "0x0" if asked == slot else answer)

    assert ("used", f"AUTHORISE_REGISTRY/{net.deployment.registry}") in found(audit)


def test_a_node_without_proofs_is_not_taken_at_its_word_in_silence(net, lives):
    without = Falsified(net.chain)
    answer = without.request_all

    def no_proofs(method, params):
        if method == "eth_getProof":
            raise CannotServe("no such method")
        return answer(method, params)

    without.request_all = no_proofs

    audit = replay(without, net.deployment)

    assert audit.clean
    assert len([each for each in audit.unverified if each.what == "storage"]) == 5


# A gateway's index


@pytest.fixture
def index_file(net, lives, tmp_path):
    path = tmp_path / "index.sqlite"
    with Index(path, net.chain, net.deployment) as index:
        index.refresh()
    return path


def falsify(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement, values).rowcount == 1
        connection.commit()


def logged_at(path, kind, subject):
    with closing(sqlite3.connect(path)) as connection:
        ((block, log, data),) = connection.execute(
            "SELECT block, log, data FROM logs WHERE substr(topics, 1, 64) = ?", (topic(kind) + subject,)
        ).fetchall()
    return block, log, data


def test_an_honest_index_is_clean_even_if_it_is_behind(net, lives, index_file):
    Life.begin(net.world).until("open")

    audit = replay(net.chain, net.deployment, index=index_file)

    assert audit.clean, audit.differences


def test_a_changed_amount_in_a_gateways_index(net, lives, index_file):
    life = lives["settled"]
    block, log, data = logged_at(index_file, Funded, life.programme_id)
    falsify(index_file, "UPDATE logs SET data = ? WHERE block = ? AND log = ?", type_of("uint64").encode(1) + data[32:], block, log)

    audit = replay(net.chain, net.deployment, index=index_file)

    assert found(audit) == {("index.logs", life.programme_id.hex())}
    both = says(audit, "index.logs")
    assert both["index"] != both["chain"]


def test_an_event_dropped_from_a_gateways_index(net, lives, index_file):
    order = lives["settled"].order_id
    block, log, _ = logged_at(index_file, Settled, order)
    falsify(index_file, "DELETE FROM logs WHERE block = ? AND log = ?", block, log)

    audit = replay(net.chain, net.deployment, index=index_file)

    assert says(audit, "index.logs", order.hex())["index"] is None


def test_an_order_given_to_another_lab_in_a_gateways_index(net, lives, index_file):
    order = lives["settled"].order_id
    falsify(index_file, "UPDATE orders SET lab = ? WHERE id = ?", bytes(32), order)

    audit = replay(net.chain, net.deployment, index=index_file)

    assert found(audit) == {("index.orders", order.hex())}


def test_a_file_that_is_no_index(net, lives, tmp_path):
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"no database at all" * 100)

    assert found(replay(net.chain, net.deployment, index=path)) == {("index", "index.sqlite")}


def test_an_index_that_is_not_there(net, lives, tmp_path):
    with pytest.raises(FileNotFoundError):
        replay(net.chain, net.deployment, index=tmp_path / "index.sqlite")
