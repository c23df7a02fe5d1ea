"""Tag keys: handed over to the right gateway and no other, compared without being shown, backed up and found again."""

import json
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import tag_keys
from registry.errors import TongquanError
from registry.keystore import KeyFileExists, KeyFileMalformed, KeyFileMissing, WrongPassword
from registry.tag_keys import HandoverKey, HandoverRefused, Match, Work, compare_fingerprints, create_tag_key, open_tag_key, seal_tag_key
from registry.tags import Keyring, TagKey, epoch_of

PASSWORD = "骑缝章 1949"
KEY = TagKey(26, bytes(range(32)))
FIRM = "91110000600037341L"


@pytest.fixture(scope="module")
def own():
    return HandoverKey.create()


# Making


def test_two_keys_of_one_epoch_are_two_keys():
    first, second = create_tag_key(27), create_tag_key(27)

    assert first.epoch == second.epoch == 27
    assert first.secret != second.secret
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize("epoch", [0, 256])
def test_an_epoch_is_one_byte(epoch):
    with pytest.raises(ValueError, match="epoch"):
        create_tag_key(epoch)


# Handing over


def test_a_key_is_handed_over(own):
    assert open_tag_key(seal_tag_key(KEY, own.public), own, KEY.fingerprint) == KEY


def test_the_fingerprint_may_be_typed_in_any_way(own):
    assert open_tag_key(seal_tag_key(KEY, own.public), own, KEY.fingerprint.upper().replace(" ", "")) == KEY


def test_the_sealed_text_shows_no_key(own):
    assert KEY.secret.hex() not in seal_tag_key(KEY, own.public)
    assert KEY.secret.hex() not in repr(KEY)
    assert own._secret.hex() not in repr(own)


def test_another_gateway_cannot_open_it(own):
    stranger = HandoverKey.create()
    text = seal_tag_key(KEY, own.public)

    with pytest.raises(HandoverRefused, match="this gateway's key"):
        open_tag_key(text, stranger, KEY.fingerprint)
    with pytest.raises(HandoverRefused, match="does not open"):
        open_tag_key(text.replace(own.public, stranger.public), stranger, KEY.fingerprint)


def test_a_key_that_somebody_else_sealed_to_us_is_not_taken(own):
    """Anybody can seal to a public key; the fingerprint that was read out is what tells."""
    with pytest.raises(HandoverRefused, match="announced"):
        open_tag_key(seal_tag_key(create_tag_key(26), own.public), own, KEY.fingerprint)


def test_a_key_of_another_epoch_is_not_taken(own):
    with pytest.raises(HandoverRefused, match="announced"):
        open_tag_key(seal_tag_key(TagKey(27, KEY.secret), own.public), own, KEY.fingerprint)


def test_an_altered_text_is_refused(own):
    found = json.loads(seal_tag_key(KEY, own.public))
    sealed = bytearray(bytes.fromhex(found["sealed"]))
    for place in (0, 40, len(sealed) - 1):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(HandoverRefused):
            open_tag_key(json.dumps(found | {"sealed": altered.hex()}), own, KEY.fingerprint)


def test_the_epoch_inside_counts_and_not_the_one_outside(own):
    found = json.loads(seal_tag_key(KEY, own.public)) | {"epoch": 99}

    assert open_tag_key(json.dumps(found), own, KEY.fingerprint).epoch == 26


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "x", "for": "", "sealed": ""}', '{"format": 1, "for": 2, "sealed": 3}'])
def test_what_is_no_sealed_key_is_refused(own, text):
    with pytest.raises(HandoverRefused):
        open_tag_key(text, own, KEY.fingerprint)


@pytest.mark.parametrize("public", ["", "00", "zz" * 32, "00" * 32])
def test_what_is_no_public_key_is_refused(public):
    with pytest.raises(HandoverRefused):
        seal_tag_key(KEY, public)


def test_a_handover_key_is_kept_under_a_password(own, tmp_path):
    path = tmp_path / "handover.json"
    own.save(path, PASSWORD, work=Work.LIGHT)

    assert HandoverKey.load(path, PASSWORD).public == own.public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(WrongPassword):
        HandoverKey.load(path, "another")
    with pytest.raises(KeyFileExists):
        own.save(path, PASSWORD, work=Work.LIGHT)


# Comparing


def test_two_gateways_with_the_same_keys_find_them_the_same():
    ours, theirs = (Keyring([TagKey(1, bytes(32)), KEY]).fingerprints for _ in range(2))

    assert set(compare_fingerprints(ours, theirs).values()) == {Match.SAME}


def test_a_key_that_was_made_twice_is_found():
    assert compare_fingerprints(Keyring([create_tag_key(27)]).fingerprints, Keyring([create_tag_key(27)]).fingerprints) == {
        27: Match.DIFFERENT
    }


def test_a_missing_key_is_found():
    assert compare_fingerprints({26: "aa"}, {27: "bb"}) == {26: Match.ONLY_OURS, 27: Match.ONLY_THEIRS}


@given(st.binary(min_size=32, max_size=32), st.integers(1, 255))
def test_a_fingerprint_is_no_tag_and_no_part_of_the_key(secret, epoch):
    key = TagKey(epoch, secret)
    plain = key.fingerprint.replace(" ", "")

    assert plain not in secret.hex()
    assert plain not in Keyring([key]).firm(FIRM, epoch=epoch).hex()
    assert key.fingerprint != TagKey(epoch % 255 + 1, secret).fingerprint


# Epochs


def test_a_voucher_s_project_takes_the_epoch_of_its_firm():
    keys = Keyring([TagKey(1, bytes(32)), TagKey(2, bytes([2]) * 32)])
    firm = keys.firm(FIRM, epoch=2)

    project = keys.project(FIRM, "P-1", epoch=epoch_of(firm))

    assert (epoch_of(firm), epoch_of(project)) == (2, 2)
    assert project != keys.project(FIRM, "P-1")


def test_one_firm_has_tags_that_do_not_meet_in_two_epochs():
    keys = Keyring([TagKey(1, bytes(32)), TagKey(2, bytes(32))])

    assert keys.firm(FIRM)[0] == 1
    assert keys.firm(FIRM, epoch=2)[0] == 2
    assert keys.firm(FIRM) == keys.firm(FIRM, epoch=1) != keys.firm(FIRM, epoch=2)


# The gateway's file


def test_keys_are_added_one_by_one(tmp_path):
    path = tmp_path / "tags.json"

    tag_keys.add_tag_key(path, KEY)
    tag_keys.add_tag_key(path, TagKey(1, bytes(32)))
    tag_keys.add_tag_key(path, KEY)

    assert tag_keys.read_tag_keys(path).epochs == (1, 26)
    assert tag_keys.read_tag_keys(path).fingerprints[26] == KEY.fingerprint
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["tags.json"]


def test_another_key_of_the_same_epoch_is_not_written_over_the_first(tmp_path):
    path = tmp_path / "tags.json"
    tag_keys.add_tag_key(path, KEY)
    before = path.read_bytes()

    with pytest.raises(KeyFileExists, match=KEY.fingerprint):
        tag_keys.add_tag_key(path, create_tag_key(26))

    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", '{"1": "aa"}', '{"0": "' + "aa" * 32 + '"}', '{"x": 1}'])
def test_what_is_no_file_of_keys_is_refused_without_showing_it(tmp_path, content):
    path = tmp_path / "tags.json"
    path.write_text(content)

    with pytest.raises(KeyFileMalformed) as refused:
        tag_keys.read_tag_keys(path)

    assert "aa" * 32 not in str(refused.value)


def test_no_file_is_said_so(tmp_path):
    with pytest.raises(KeyFileMissing):
        tag_keys.read_tag_keys(tmp_path / "tags.json")


# Backups


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    path = tmp_path_factory.mktemp("backup") / "backup.json"
    printed = tag_keys.back_up_tag_keys(path, [KEY, TagKey(1, bytes(32))], PASSWORD, work=Work.LIGHT)
    return path, printed


def test_a_backup_gives_back_what_went_in(backup):
    path, printed = backup

    restored = tag_keys.restore_tag_keys(path, PASSWORD)

    assert {key.epoch: key for key in restored} == {26: KEY, 1: TagKey(1, bytes(32))}
    assert {key.epoch: key.fingerprint for key in restored} == printed
    assert KEY.secret.hex() not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_wrong_password_opens_no_backup(backup):
    with pytest.raises(WrongPassword):
        tag_keys.restore_tag_keys(backup[0], PASSWORD + " ")


def test_a_backup_is_never_written_over(backup):
    with pytest.raises(KeyFileExists):
        tag_keys.back_up_tag_keys(backup[0], [KEY], PASSWORD, work=Work.LIGHT)


def test_a_backup_that_does_not_read_back_is_not_called_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tag_keys, "restore_tag_keys", lambda *_: [])

    with pytest.raises(KeyFileMalformed, match="does not hold"):
        tag_keys.back_up_tag_keys(tmp_path / "backup.json", [KEY], PASSWORD, work=Work.LIGHT)


def changed(backup, tmp_path, **changes):
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(json.loads(backup[0].read_text()) | changes))
    return path


@pytest.mark.parametrize(
    "changes",
    [{"format": "x"}, {"salt": "00"}, {"passes": 10**9}, {"memory": 2**62}, {"passes": "3"}, {"locked": 5}, {"holds": "handover key"}],
)
def test_a_backup_of_another_form_is_refused(backup, tmp_path, changes):
    with pytest.raises(KeyFileMalformed):
        tag_keys.restore_tag_keys(changed(backup, tmp_path, **changes), PASSWORD)


def test_a_handover_key_cannot_pass_for_a_backup(own, tmp_path):
    path = tmp_path / "handover.json"
    own.save(path, PASSWORD, work=Work.LIGHT)
    path.write_text(path.read_text().replace('"handover key"', '"tag keys"'))

    with pytest.raises(KeyFileMalformed, match="it holds a handover key"):
        tag_keys.restore_tag_keys(path, PASSWORD)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_an_altered_backup_never_opens(backup, tmp_path_factory, place):
    found = json.loads(backup[0].read_text())
    locked = bytearray(bytes.fromhex(found["locked"]))
    locked[place % len(locked)] ^= 1

    with pytest.raises(WrongPassword):
        tag_keys.restore_tag_keys(changed(backup, tmp_path_factory.mktemp("altered"), locked=locked.hex()), PASSWORD)


def test_the_standard_work_is_argon2s_moderate(monkeypatch, tmp_path):
    asked = []
    kdf = tag_keys.pwhash.argon2id.kdf
    monkeypatch.setattr(
        tag_keys.pwhash.argon2id, "kdf", lambda size, password, salt, *work: asked.append(work) or kdf(size, password, salt, 1, 8192)
    )

    tag_keys.back_up_tag_keys(tmp_path / "backup.json", [KEY], PASSWORD)

    assert asked[0] == (3, 2**28)


def test_all_that_is_raised_is_ours():
    assert issubclass(HandoverRefused, TongquanError)
