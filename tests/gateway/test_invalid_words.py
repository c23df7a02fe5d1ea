"""Words for what pydantic finds wrong with a request."""

import pytest
from pydantic_core._pydantic_core import list_all_errors

from gateway.invalid_words import WORDS, why_invalid

FOUND = {each["type"]: each for each in list_all_errors()}


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_every_type_is_one_of_pydantics_and_its_words_have_the_values_that_it_gives(kind):
    found = FOUND[kind]

    said = why_invalid({"type": kind, "msg": "An English sentence", "ctx": found.get("example_context") or {}})

    assert said.endswith("。 An English sentence.")
    assert "{" not in said


def test_a_type_without_words_keeps_its_english():
    assert why_invalid({"type": "url_parsing", "msg": "Input should be a valid URL"}) == "Input should be a valid URL"


def test_what_a_validator_of_ours_says_in_both_languages_stands_alone():
    assert why_invalid({"type": "value_error", "msg": "Value error, 须为整数。 A whole number is asked for."}) == (
        "须为整数。 A whole number is asked for."
    )
