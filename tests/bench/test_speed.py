"""The arithmetic of the benches of speed: best rounds, ratios, goals and the page; and that callers see a wrong answer."""

import gc
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench import index, load, send, sign, verify
from tests.bench.gas import HOLDS, MISSED, Table
from tests.bench.speed import Goal, Rate, goals_table, rates_table, ratio, rewritten, take_turns

MARKS = "<!-- scripts/bench index --write: begin --><!-- scripts/bench index --write: end -->"


class Clock:
    """Each reading is told beforehand."""

    def __init__(self, *readings):
        self.readings = list(readings)

    def __call__(self):
        return self.readings.pop(0)


def rate(a_second):
    return Rate(count=a_second, seconds=1.0)


def test_a_rate_is_told_both_ways():
    measured = Rate(count=500, seconds=0.25)

    assert (measured.a_second, measured.microseconds) == (2_000, 500)


def test_a_ratio_says_how_many_times_as_fast_ours_is():
    assert ratio(rate(800), rate(100)) == 8
    assert ratio(Rate(count=10, seconds=1), Rate(count=10, seconds=10)) == 10


def test_sides_take_turns_and_their_best_rounds_count():
    ran = []
    sides = {"ours": lambda: ran.append("ours") or 10, "theirs": lambda: ran.append("theirs") or 20}

    rates = take_turns(sides, rounds=2, clock=Clock(0, 5, 5, 7, 7, 9, 9, 19))

    assert ran == ["ours", "theirs"] * 2
    assert rates == {"ours": Rate(count=10, seconds=2), "theirs": Rate(count=20, seconds=2)}


def test_a_best_round_is_the_one_with_most_a_second_and_not_the_shortest():
    counts = iter([10, 1])

    rates = take_turns({"ours": lambda: next(counts)}, rounds=2, clock=Clock(0, 2, 2, 3))

    assert rates["ours"] == Rate(count=10, seconds=2)


def test_a_side_may_tell_its_own_rate():
    rates = take_turns({"ours": lambda: rate(7)}, rounds=1, clock=Clock(0, 100))

    assert rates == {"ours": rate(7)}


def test_nothing_stays_frozen_when_a_side_fails():
    before = gc.get_freeze_count()

    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        take_turns({"ours": fail}, rounds=1)

    assert gc.get_freeze_count() <= before


@pytest.mark.parametrize(
    ("goal", "holds"),
    [
        (Goal(name="", value=8.0, least=8), True),
        (Goal(name="", value=7.99, least=8), False),
        (Goal(name="", value=1.2, most=1.2), True),
        (Goal(name="", value=1.21, most=1.2), False),
    ],
)
def test_a_goal_holds_from_its_bound_on(goal, holds):
    assert goal.holds is holds
    assert goal.row[-1] == (HOLDS if holds else MISSED)


def test_a_goal_is_told_with_its_bound():
    rows = goals_table([Goal(name="a", value=8.456, least=8), Goal(name="b", value=1.3, most=1.2)]).rows

    assert rows == [("a", "8.46", "≥ 8", HOLDS), ("b", "1.30", "≤ 1.2", MISSED)]


def test_both_sides_stand_in_the_table():
    table = rates_table("t", {"ours": rate(2_000), "theirs": rate(4)}, {"ours": "our side", "theirs": "their side"}, "things")

    assert table.rows == [("our side", "2,000", "2,000", "500.0"), ("their side", "4", "4", "250,000.0")]


def test_the_goals_of_the_index_are_those_of_the_issue():
    rates = {"ours": rate(40), "web3": rate(4), "web3 decoding": rate(8), "inserts": rate(100)}

    assert [(goal.value, goal.least) for goal in index.goals(rates)] == [(10, 8), (5, 8), (0.4, 0.35)]


def test_the_goals_of_sending_and_signing_are_those_of_the_issue():
    (sending,) = send.goals({"outbox": rate(33), "web3": rate(1)})
    (signing,) = sign.goals({"ours": rate(20), "bare": rate(23)})

    assert (sending.value, sending.least) == (33, 10)
    assert (signing.value, signing.most) == (1.15, 1.2)


def test_only_what_stands_between_a_command_s_marks_is_rewritten():
    page = f"# Speed {MARKS} and <!-- scripts/bench send --write: begin -->kept<!-- scripts/bench send --write: end -->"

    once = rewritten(page, "index", [Table("t", ("a",), [("1",)])], measured="today")
    twice = rewritten(once, "index", [Table("t", ("a",), [("2",)])], measured="tomorrow")

    assert "today" in once
    assert "| 1 |" in once
    assert "today" not in twice
    assert "| 2 |" in twice
    assert twice.startswith("# Speed <!--")
    assert twice.endswith("begin -->kept<!-- scripts/bench send --write: end -->")


@pytest.mark.parametrize("page", ["", "<!-- scripts/bench index --write: begin -->", "<!-- scripts/bench index --write: end -->"])
def test_a_page_without_its_marks_is_no_page(page):
    with pytest.raises(ValueError, match="marks"):
        rewritten(page, "index", [], measured="")


# Callers


CASES = [
    load.Case(load.request("POST", f"/{name}", {"X": "y"}, name.encode()), (b"said %b" % name.encode(),)) for name in ("a", "bb", "ccc")
]


@contextmanager
def echo(status=200, said="said "):
    """A server that keeps connections and says what it was told; and how often it was told what."""
    seen = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            told = self.rfile.read(int(self.headers["Content-Length"]))
            seen[told] += 1
            content = said.encode() + told
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_callers_ask_so_many_times_the_cases_in_turn():
    with echo() as (port, seen), load.Load() as callers:
        callers.prepare("echo", port, CASES)
        answered = [callers.run("echo", connections=4, requests=30), callers.run("echo", connections=100, requests=3)]

    assert [each.count for each in answered] == [30, 3]
    assert min(each.seconds for each in answered) > 0
    assert seen == {b"a": 11, b"bb": 11, b"ccc": 11}


@pytest.mark.parametrize("wrong", [{"status": 503}, {"said": "says "}], ids=str)
def test_callers_give_up_at_the_first_wrong_answer(wrong, capfd):
    with echo(**wrong) as (port, _), load.Load() as callers:
        callers.prepare("echo", port, CASES)
        with pytest.raises(load.WrongAnswer):
            callers.run("echo", connections=2, requests=4)

    assert "was answered" in capfd.readouterr().err


def test_an_answer_ends_where_its_length_says():
    answer = b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\nC: d\r\n\r\nabc"

    assert [load.end_of(answer[:end]) for end in (10, len(answer) - 4, len(answer) - 1)] == [0] * 3
    assert load.end_of(answer) == load.end_of(answer + b"HTTP/1.1") == len(answer)


# Verification


def test_each_side_of_verification_counts_where_it_does_best():
    rates = {
        "empty 1": rate(10),
        "empty 64": rate(100),
        "single 1": rate(5),
        "single 16": rate(80),
        "single 64": rate(60),
        "many": rate(400),
    }

    assert [(goal.value, goal.least) for goal in verify.goals(rates)] == [(0.8, 0.75), (5, 4)]


def test_a_question_of_verification_says_what_must_be_told():
    known = verify.Asked({}, "VALID", "0x12")
    unknown = verify.Asked({}, "NOT_VALID", None)

    assert known.told == (b'"status":"VALID"', b'"voucher_id":"0x12"')
    assert unknown.told == (b'"status":"NOT_VALID"', b'"voucher":null')


def test_a_hundred_in_one_call_are_told_of_each():
    asked = [verify.Asked({"n": number}, "VALID", f"0x{number:064x}") for number in range(250)]

    cases = verify.batches("tq_key", asked)

    assert [len(case.told) for case in cases] == [101, 101]
    assert cases[0].request.startswith(b"POST /v1/verifications/batch HTTP/1.1\r\n")
    assert b"Authorization: Bearer tq_key\r\n" in cases[0].request


def test_all_sides_of_verification_have_a_label():
    class Callers:
        def run(self, _name, *, connections, requests):
            return Rate(count=requests, seconds=1.0 * connections)

    turns = verify.turns(Callers(), 1_000)

    assert set(turns) == set(verify.labels())
    assert turns["single 1"]() == Rate(count=250, seconds=1.0)
    assert turns["single 64"]() == Rate(count=1_000, seconds=64.0)
    assert turns["many"]() == Rate(count=20 * verify.IN_ONE, seconds=1.0 * verify.OF_BATCH)


@pytest.mark.slow
def test_verification_is_played_with_right_answers_on_both_sides(monkeypatch):
    """Every answer is looked at by the callers; how quickly they came does not matter here."""
    for name, value in {"CONNECTIONS": (2,), "FIRMS": 2, "VOUCHERS": 110, "HELD": 1, "USED_UP": 1, "UNKNOWN": 5}.items():
        monkeypatch.setattr(verify, name, value)

    rates = verify.measure(requests=120, rounds=1)

    assert {name: each.count for name, each in rates.items()} == {"empty 2": 120, "single 2": 120, "many": 800}
