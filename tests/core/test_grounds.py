"""The ground of a flag: read by who holds the key, and by nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import Digest, Ground, Id, Keyring, Region, TagKey, ground_of, marked, salted, words_in

KEYS = Keyring([TagKey(1, bytes(32)), TagKey(2, b"\2" * 32)], epoch=2)
REGION, SUBJECT, WORDS = Region(330522), Id(b"\7" * 32), salted("涉嫌虚报".encode(), bytes(32))


@pytest.mark.parametrize("ground", Ground)
def test_a_ground_is_read_and_the_words_stand_beside_it(ground):
    reason = marked(KEYS, REGION, SUBJECT, ground, WORDS)

    assert ground_of(KEYS, REGION, SUBJECT, reason) is ground
    assert words_in(reason) == WORDS[:16]
    assert len(reason) == len(WORDS)


def test_the_same_ground_looks_another_for_another_region_or_subject():
    places = [(region, subject) for region in (REGION, Region(310000)) for subject in (SUBJECT, Id(bytes(32)))]

    assert len({marked(KEYS, *place, Ground.OTHER, WORDS)[:16] for place in places}) == len(places)
    assert ground_of(KEYS, Region(310000), SUBJECT, marked(KEYS, REGION, SUBJECT, Ground.OTHER, WORDS)) is None


def test_without_its_epoch_s_key_a_ground_is_not_read():
    reason = marked(KEYS, REGION, SUBJECT, Ground.FUNDS_OBTAINED, WORDS)

    assert ground_of(Keyring([TagKey(1, bytes(32))]), REGION, SUBJECT, reason) is None
    assert ground_of(Keyring([TagKey(2, bytes(32))], epoch=2), REGION, SUBJECT, reason) is None


@given(st.binary(min_size=32, max_size=32))
def test_a_hash_without_a_ground_names_none(reason):
    assert ground_of(KEYS, REGION, SUBJECT, Digest(reason)) is None
