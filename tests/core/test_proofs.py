"""What a block's hash covers, on headers and tries made here: a chain of QBFT validators, sealed with keys of this test."""

import dataclasses

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from registry.proofs import (
    EMPTY_ROOT,
    QBFT_MIX_HASH,
    Header,
    ProofRefused,
    Seals,
    listed_root,
    number_bytes,
    proven_account,
    proven_word,
    storage_root,
)
from registry.signing import address_of, sign_digest
from registry.solidity import keccak

KEYS = [keccak(f"validator {number}".encode()) for number in range(4)]
VALIDATORS = [address_of(key) for key in KEYS]
EXTRA, MIX = 12, 13


def raw_address(address):
    return bytes.fromhex(address[2:])


def extra(seals, *, round_number=0, validators=VALIDATORS, vote=()):
    listed = [raw_address(each) for each in validators]
    return rlp.encode([bytes(32), listed, list(vote), number_bytes(round_number), list(seals)])


def header(extra_data, *, number=7, mix=QBFT_MIX_HASH):
    words = [bytes([place]) * 32 for place in range(6)]
    words[2] = raw_address(VALIDATORS[0])
    numbers = [number_bytes(each) for each in (1, number, 60_000_000, 0, 1_700_000_000)]
    return Header((*words, bytes(256), *numbers, extra_data, mix, bytes(8)))


def seal(digest, key):
    """As Besu writes it: r ‖ s ‖ parity."""
    compact = sign_digest(digest, key)
    return compact[:32] + bytes([compact[32] & 0x7F]) + compact[33:] + bytes([compact[32] >> 7])


def sealed(keys, *, round_number=0, **changes):
    unsealed = extra([], round_number=round_number, **changes)
    digest = keccak(rlp.encode(list(header(unsealed).fields)))
    return header(extra([seal(digest, key) for key in keys], round_number=round_number, **changes))


# Headers and seals


def test_a_header_without_seals_is_hashed_as_it_is():
    plain = header(b"", mix=bytes(32))

    assert plain.hash == keccak(rlp.encode(list(plain.fields)))


def test_neither_seals_nor_round_are_in_a_qbft_hash():
    unsealed = header(extra([]))

    assert sealed(KEYS, round_number=3).hash == sealed(KEYS[:2]).hash == keccak(rlp.encode(list(unsealed.fields)))


def test_every_field_is_in_the_hash():
    whole = sealed(KEYS)

    others = {
        dataclasses.replace(whole, fields=(*whole.fields[:place], whole.fields[place] + b"\1", *whole.fields[place + 1 :])).hash
        for place in range(len(whole.fields))
        if place not in (EXTRA, MIX)
    }

    assert len(others | {whole.hash}) == len(whole.fields) - 1


@pytest.mark.parametrize("round_number", [0, 1, 300])
@pytest.mark.parametrize("vote", [(), (bytes(20), b"\xff"), (bytes(20), b"")])
def test_seals_are_traced_back_to_their_validators(round_number, vote):
    block = sealed(KEYS[1:], round_number=round_number, vote=vote)

    assert block.sealed_by() == tuple(VALIDATORS[1:])


@pytest.mark.parametrize(("validators", "quorum"), [(1, 1), (3, 2), (4, 3), (6, 4), (7, 5)])
def test_two_thirds_are_a_quorum(validators, quorum):
    assert Seals.read(extra([], validators=VALIDATORS[:1] * validators)).quorum == quorum


def test_a_stranger_s_seal_does_not_count():
    assert sealed([KEYS[0], keccak(b"stranger")]).sealed_by() == (VALIDATORS[0],)


def test_one_validator_s_seal_counts_once():
    assert sealed([KEYS[0], KEYS[0]]).sealed_by() == (VALIDATORS[0],)


def test_a_seal_on_another_block_does_not_count():
    other = sealed(KEYS).seals.seals
    block = header(extra(other), number=8)

    assert block.sealed_by() == ()


@pytest.mark.parametrize("bad", [b"", bytes(65), b"\xff" * 65, bytes(64), b"\1" * 66])
def test_what_is_no_seal_does_not_count(bad):
    assert header(extra([bad])).sealed_by() == ()


@pytest.mark.parametrize(
    "bad",
    [b"", b"\xc0", b"\xff\xff", rlp.encode([bytes(32), [b"short"], [], b"", []]), rlp.encode([bytes(32), b"", [], b"", []])],
)
def test_extra_data_that_is_none_is_refused(bad):
    with pytest.raises(ProofRefused):
        _ = header(bad).hash


def test_too_few_fields_are_no_header():
    with pytest.raises(ProofRefused):
        Header((b"",) * 14)


# State


WORDS = {slot: keccak(bytes([slot])) for slot in range(20)}


def stored(words):
    trie = HexaryTrie({})
    for slot, word in words.items():
        trie[keccak(slot.to_bytes(32))] = rlp.encode(word.lstrip(b"\0"))
    return trie


def proof_of(trie, key):
    return [rlp.encode(node) for node in trie.get_proof(keccak(key))]


@given(st.dictionaries(st.integers(0, 2**256 - 1), st.binary(min_size=32, max_size=32)))
def test_the_root_is_that_of_the_slots_that_hold_something(words):
    assert storage_root(words) == stored({slot: word for slot, word in words.items() if any(word)}).root_hash


def test_a_slot_is_proven_and_so_is_an_empty_one():
    trie = stored(WORDS)

    for slot in (3, 19):
        assert proven_word(trie.root_hash, slot, proof_of(trie, slot.to_bytes(32))) == WORDS[slot]
    assert proven_word(trie.root_hash, 99, proof_of(trie, (99).to_bytes(32))) == bytes(32)
    assert proven_word(EMPTY_ROOT, 99, []) == bytes(32)


def test_a_changed_proof_is_refused():
    trie = stored(WORDS)
    proof = proof_of(trie, (3).to_bytes(32))

    for place in range(len(proof)):
        bad = [*proof[:place], proof[place][:-1] + bytes([proof[place][-1] ^ 1]), *proof[place + 1 :]]
        with pytest.raises(ProofRefused):
            proven_word(trie.root_hash, 3, bad)
    with pytest.raises(ProofRefused):
        proven_word(trie.root_hash, 3, proof[:-1])


def test_a_proof_of_another_slot_is_refused():
    trie = stored(WORDS)

    with pytest.raises(ProofRefused):
        proven_word(trie.root_hash, 4, proof_of(trie, (3).to_bytes(32)))


def test_an_account_is_proven():
    trie = HexaryTrie({})
    fields = [number_bytes(5), number_bytes(0), EMPTY_ROOT, keccak(b"code")]
    for each in VALIDATORS:
        trie[keccak(raw_address(each))] = rlp.encode(fields)
    proof = proof_of(trie, raw_address(VALIDATORS[2]))

    account = proven_account(trie.root_hash, VALIDATORS[2], proof)

    assert (account.nonce, account.storage_root, account.code_hash) == (5, EMPTY_ROOT, keccak(b"code"))
    stranger = address_of(keccak(b"stranger"))
    with pytest.raises(ProofRefused):
        proven_account(trie.root_hash, stranger, proof_of(trie, raw_address(stranger)))


# Lists


@given(st.lists(st.binary(min_size=1, max_size=100), max_size=200))
def test_a_list_s_root_is_its_own(entries):
    assert listed_root(entries) == listed_root(list(entries))
    if entries:
        assert listed_root([*entries[:-1], entries[-1] + b"\0"]) != listed_root(entries)
        assert listed_root(entries[:-1]) != listed_root(entries)


def test_an_empty_list_has_the_empty_root():
    assert listed_root([]) == EMPTY_ROOT
