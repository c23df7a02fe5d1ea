"""Numbers of notes: lowest free first, none twice (I2)."""

from hypothesis import given
from hypothesis import strategies as st

from registry.model import Id
from registry.rules.notes import Span, give_back, take


def order(number: int) -> Id:
    return Id(number.to_bytes(32, "big"))


def numbers(spans: tuple[Span, ...]) -> list[int]:
    return [number for span in spans for number in range(span.first, span.last + 1)]


# A step takes so many notes for a new order, or gives back those of an earlier one.
STEPS = st.lists(st.tuples(st.booleans(), st.integers(min_value=1, max_value=9)), max_size=30)


@given(STEPS)
def test_spans_are_what_counting_single_notes_gives(steps):
    spans: tuple[Span, ...] = ()
    single: dict[int, int] = {}
    for number, (gives_back, count) in enumerate(steps):
        if gives_back:
            spans = give_back(spans, order(count))
            single = {note: owner for note, owner in single.items() if owner != count}
        else:
            spans = take(spans, order(number), count)
            free = [note for note in range(1, 300) if note not in single][:count]
            single |= dict.fromkeys(free, number)

        assert numbers(spans) == sorted(single)
        assert all(order(single[note]) == span.order for span in spans for note in range(span.first, span.last + 1))


def test_a_note_for_every_fen_takes_no_more_room_than_one():
    assert take((), order(1), 10**12) == (Span(1, 10**12, order(1)),)
