"""Decisions on vouchers: told and read without loss, made again from their own basis, and each kind of falsification found."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.codec import id_of
from registry.decision_audit import DecisionFault, Issuance, UsedSoFar, audit_decisions
from registry.decisions import DecisionBasis, DecisionMalformed, decide_voucher, read_decision
from registry.model import Digest, Fen, Id, Tag, Time
from registry.policy import (
    Applicant,
    Cap,
    Evidence,
    First,
    Granted,
    Grants,
    Period,
    Policy,
    Tranche,
    Used,
    Way,
    Who,
)
from registry.programme_file import read_programme_file

TEXT = (Path(__file__).resolve().parents[2] / "programmes" / "changxing-2013.toml").read_text(encoding="utf-8")
FILE = read_programme_file(TEXT)
PROGRAMME, HASH, CODE = id_of(FILE.programme), FILE.programme.policy_hash, FILE.programme.code
NOW, FACE = Time(1_387_454_400), Fen(1_000_000)
SCI_TECH = Applicant(who=Who.FIRM, registered_here=True, marks={"科技型企业": None})
FIRM, OTHER, OLDER = (Tag(bytes([epoch]) + bytes([number]) * 31) for epoch, number in ((2, 1), (2, 2), (1, 3)))


def voucher(number: int) -> Id:
    return Id(bytes([number]) * 32)


def granted(number: int, at: int = NOW - 10, **more) -> Granted:
    return Granted(**{"at": Time(at), "code": CODE, "face": FACE, "voucher": voucher(number)} | more)


def decided(number: int = 9, *earlier: Granted, **more):
    told = {"voucher": voucher(number), "programme": PROGRAMME, "policy_hash": HASH, "at": NOW, "face": FACE, "facts_number": 4}
    return decide_voucher(FILE.policy, CODE, DecisionBasis(**told | {"facts": SCI_TECH, "earlier": earlier} | more))


def issued(number: int, at: int, firm: Tag = FIRM, **more) -> Issuance:
    told = {"voucher": voucher(number), "programme": PROGRAMME, "code": CODE, "firm": firm, "face": FACE, "at": Time(at)}
    return Issuance(**told | more)


def faults(told, issued=None, *, policy_hash=HASH):
    return [(each.voucher, each.fault) for each in audit_decisions(TEXT, policy_hash, told, issued)]


def the_fault(*args, **more):
    (found,) = faults(*args, **more)
    assert found[0] == "0x" + voucher(9).hex()
    return found[1]


# Whatever the policy

money = st.integers(0, 10**12).map(Fen)
times = st.integers(0, 2**31).map(Time)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
maybe = st.one_of(st.none(), st.booleans())
amounts = st.one_of(st.none(), money)
ways = st.builds(
    Way,
    who=st.sampled_from(Who),
    registered_here=st.booleans(),
    most_staff=st.one_of(st.none(), st.integers(0, 500)),
    revenue_under=amounts,
    revenue_includes_the_limit=st.booleans(),
    most_capital=amounts,
    marks=st.lists(names, max_size=3).map(tuple),
    after_review=st.booleans(),
)
caps = st.builds(Cap, amount=money, period=st.sampled_from(Period), also_counts=st.lists(names, max_size=2).map(tuple))
tranches = st.builds(
    Tranche, first=money, first_is=st.sampled_from(First), next_after_bps=st.integers(0, 10_000), used=st.sampled_from(Used)
)
grants = st.builds(
    Grants,
    pre_issue=amounts,
    on_application=st.booleans(),
    top_up=st.booleans(),
    cap=st.one_of(st.none(), caps),
    tranche=st.one_of(st.none(), tranches),
)
policies = st.builds(
    Policy,
    services=st.just(()),
    ways=st.lists(ways, max_size=3).map(tuple),
    grants=grants,
    evidence=st.just(Evidence(required=())),
)
applicants = st.builds(
    Applicant,
    who=st.sampled_from(Who),
    registered_here=maybe,
    staff=st.one_of(st.none(), st.integers(0, 500)),
    revenue=amounts,
    capital=amounts,
    marks=st.one_of(st.none(), st.dictionaries(names, st.one_of(st.none(), times), max_size=3)),
    reviewed=maybe,
)
ids = st.binary(min_size=32, max_size=32)
bases = st.builds(
    DecisionBasis,
    voucher=ids.map(Id),
    programme=ids.map(Id),
    policy_hash=ids.map(Digest),
    at=times,
    face=money,
    facts_number=st.one_of(st.none(), st.integers(1, 10**6)),
    facts=st.one_of(st.none(), applicants),
    earlier=st.lists(
        st.builds(
            Granted,
            at=times,
            code=st.sampled_from(["A", "B"]),
            face=money,
            reserved=money,
            redeemed=money,
            settled=money,
            voucher=st.one_of(st.none(), ids.map(Id)),
        ),
        max_size=4,
    ).map(tuple),
)


@given(policies, bases)
def test_whatever_the_policy_and_the_basis_a_decision_is_read_as_it_was_told_and_made_again(policy, basis):
    decision = decide_voucher(policy, "A", basis)

    read = read_decision(json.loads(json.dumps(decision.document())))

    assert read == decision
    assert decide_voucher(policy, "A", read.basis) == decision


@pytest.mark.parametrize(
    "changed",
    [
        {"voucher_id": "0x12"},
        {"voucher_id": None},
        {"at": "1387454400"},
        {"at": True},
        {"at": -1},
        {"face": 1_000_000},
        {"face": "1e6"},
        {"facts": {"who": "FIRM"}},
        {"facts": "none"},
        {"earlier": [{}]},
        {"earlier": None},
        {"grant": [{"rule": "cap"}]},
        {"eligibility": [[{"rule": "who", "fact": None, "verdict": "YES", "zh": "", "en": ""}]]},
    ],
)
def test_what_is_no_decision_is_refused_and_found(changed):
    told = decided().document() | changed

    with pytest.raises(DecisionMalformed):
        read_decision(told)
    assert [fault for _, fault in faults([told])] == [DecisionFault.MALFORMED]


@pytest.mark.parametrize(("name", "value"), [("registered_here", "no"), ("registered_here", 1), ("staff", "3"), ("marks", ["科技型企业"])])
def test_a_fact_of_another_kind_is_no_fact(name, value):
    told = decided().document()

    assert [fault for _, fault in faults([told | {"facts": told["facts"] | {name: value}}])] == [DecisionFault.MALFORMED]


# From the file alone


def test_honest_decisions_have_no_difference():
    assert faults([decided(1).document(), decided(9, granted(1)).document()]) == []


def test_a_file_of_another_hash_proves_nothing():
    assert faults([decided().document()], policy_hash=Digest(bytes(32))) == [(None, DecisionFault.FILE)]


def test_a_decision_by_another_policy_or_of_another_programme_is_found():
    assert the_fault([decided(policy_hash=Digest(bytes(32))).document()]) is DecisionFault.POLICY_HASH
    assert the_fault([decided(programme=voucher(7)).document()]) is DecisionFault.PROGRAMME


def changed_finding(**changed):
    document = decided(9, granted(1)).document()
    return document | {"grant": [document["grant"][0] | changed, *document["grant"][1:]]}


@pytest.mark.parametrize(
    "told",
    [
        changed_finding(fact="0"),
        changed_finding(zh="符合。"),
        changed_finding(rule="another"),
        changed_finding(verdict="FAILS"),
        decided().document() | {"grant": []},
        decided().document() | {"eligibility": []},
    ],
)
def test_findings_that_do_not_follow_are_found(told):
    assert the_fault([told]) is DecisionFault.FINDINGS


def test_a_firm_that_is_not_eligible_by_its_own_facts_is_found_even_if_the_decision_says_so_itself():
    assert the_fault([decided(facts=replace(SCI_TECH, marks={})).document()]) is DecisionFault.DOES_NOT_HOLD
    assert the_fault([decided(facts=None, facts_number=None).document()]) is DecisionFault.DOES_NOT_HOLD


def test_facts_that_were_embellished_afterwards_do_not_yield_the_findings():
    told = decided(facts=replace(SCI_TECH, marks={})).document()
    embellished = told | {"facts": decided().document()["facts"]}

    assert the_fault([embellished]) is DecisionFault.FINDINGS


def test_a_grant_over_the_cap_is_found():
    assert the_fault([decided(9, *(granted(each) for each in range(1, 9)), granted(10, face=Fen(3_000_000))).document()]) is (
        DecisionFault.DOES_NOT_HOLD
    )


# By the chain


def used(at: int, **amounts: int) -> UsedSoFar:
    return UsedSoFar(at=Time(at), amounts={kind: Fen(amounts.get(kind.value.lower(), 0)) for kind in Used})


FIRST = decided(1, at=Time(NOW - 11)).document()


def chain(*more: Issuance, first: Issuance | None = None) -> list[Issuance]:
    return [first or issued(1, NOW - 10, uses=(used(NOW - 5, reserved=500_000), used(NOW - 4), used(NOW + 1, reserved=700_000))), *more]


def of_chain(decision, *, own: Issuance | None = None, among: list[Issuance] | None = None):
    return the_fault([FIRST, decision.document()], [*(among or chain()), own or issued(9, NOW + 2)])


def test_decisions_that_the_chain_bears_out_have_no_difference():
    told = [FIRST, decided(9, granted(1, reserved=Fen(500_000))).document()]

    assert faults(told, chain(issued(8, NOW, OTHER, programme=voucher(7)), issued(9, NOW + 2))) == []


def test_what_a_row_of_the_same_list_gives_is_counted_as_of_the_time_of_the_list():
    told = [decided(1).document(), decided(9, granted(1, NOW)).document()]

    assert faults(told, [issued(1, NOW + 2), issued(9, NOW + 2)]) == []


def test_a_voucher_without_a_decision_is_found():
    assert the_fault([FIRST], chain(issued(9, NOW))) is DecisionFault.DECISION_MISSING


def test_of_several_decisions_on_a_voucher_the_last_counts_and_one_without_a_voucher_harms_nobody():
    told = [FIRST, decided(9).document(), decided(9, granted(1)).document(), decided(5).document()]

    assert faults(told, chain(issued(9, NOW + 2))) == []


def test_another_face_than_was_asked_for_is_found():
    assert of_chain(decided(9, granted(1)), own=issued(9, NOW, face=Fen(2_000_000))) is DecisionFault.FACE


def test_a_decision_that_was_made_after_the_issue_is_found():
    assert of_chain(decided(9, granted(1)), own=issued(9, NOW - 1)) is DecisionFault.JUDGED_LATER


@pytest.mark.parametrize("before", [issued(1, NOW - 10), issued(1, NOW - 10, programme=voucher(7), code="CX-OLD")])
def test_an_earlier_grant_that_was_left_out_is_found_under_whatever_programme(before):
    assert of_chain(decided(9), among=[before]) is DecisionFault.GRANT_LEFT_OUT


OLD_LEDGER = {"code": "CX-OPENING", "programme": voucher(7)}


def test_what_an_older_ledger_granted_is_counted_as_there_and_at_least_by_what_is_left_of_it():
    left = issued(1, NOW - 10, face=Fen(300_000), **OLD_LEDGER)

    def with_faces(*faces: int) -> list[DecisionFault]:
        carried = (granted(1, NOW - 900, voucher=None, code="CX-OPENING", face=Fen(face)) for face in faces)
        return [fault for _, fault in faults([decided(9, *carried).document()], [left, issued(9, NOW)])]

    assert with_faces(1_000_000) == with_faces(200_000, 100_000) == []
    assert with_faces() == with_faces(299_999) == [DecisionFault.GRANT_LEFT_OUT]


def test_vouchers_of_an_older_ledger_have_no_decision_of_ours():
    assert faults([], [issued(1, NOW - 10, code="CX-OPENING")]) == []
    assert [fault for _, fault in faults([], [issued(1, NOW - 10)])] == [DecisionFault.DECISION_MISSING]


def test_a_grant_of_another_firm_or_that_is_none_or_comes_later_is_found():
    assert of_chain(decided(9, granted(1)), among=[issued(1, NOW - 10, OTHER)]) is DecisionFault.NOT_AN_EARLIER_GRANT
    assert of_chain(decided(9, granted(1), granted(6))) is DecisionFault.NOT_AN_EARLIER_GRANT
    assert of_chain(decided(9, granted(1), granted(6, voucher=None))) is DecisionFault.NOT_AN_EARLIER_GRANT
    told = [FIRST, decided(9, granted(1), granted(6)).document(), decided(6, granted(1), granted(9, NOW)).document()]
    assert faults(told, chain(issued(9, NOW), issued(6, NOW))) == [("0x" + voucher(9).hex(), DecisionFault.NOT_AN_EARLIER_GRANT)]


def test_a_grant_that_is_counted_twice_is_found():
    assert of_chain(decided(9, granted(1), granted(1))) is DecisionFault.NOT_AN_EARLIER_GRANT


def test_a_grant_under_a_tag_of_another_epoch_may_be_the_same_firms():
    assert faults([FIRST, decided(9, granted(1)).document()], [issued(1, NOW - 10, OLDER), issued(9, NOW)]) == []


@pytest.mark.parametrize("changed", [{"face": Fen(999_999)}, {"code": "CX-OTHER"}, {"at": NOW - 9}])
def test_a_grant_that_is_told_otherwise_is_found(changed):
    assert of_chain(decided(9, granted(1, **changed))) is DecisionFault.GRANT


@pytest.mark.parametrize("amounts", [{"reserved": 500_001}, {"redeemed": 1}, {"settled": 1}])
def test_more_used_than_there_ever_was_is_found(amounts):
    assert of_chain(decided(9, granted(1, **{name: Fen(each) for name, each in amounts.items()}))) is DecisionFault.MORE_USED


def test_use_of_later_is_no_use_yet():
    assert of_chain(decided(9, granted(1, reserved=Fen(700_000)))) is DecisionFault.MORE_USED
