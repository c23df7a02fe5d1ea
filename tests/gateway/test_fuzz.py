"""
The gateway under schemathesis, with all of its checks: thousands of cases, always of one seed, so that a run is red for a change alone.

At the boundaries of each schema a quick run stays within; what lies beyond is in its random cases, and in `test_bad_input`. Other seeds,
and as many cases as one likes, are `scripts/fuzz --examples N`.
"""

import pytest

from tests.effort import FULL
from tests.gateway.fuzz import fuzz


@pytest.mark.slow
def test_no_generated_request_meets_a_fault_or_an_answer_that_is_not_described():
    also = [("FIRM", "--phases", "examples,fuzzing")]
    everybody, firm = fuzz(3, "--seed", "4182", also=also, boundaries="all" if FULL else "positive")

    assert (everybody.status, everybody.generated - everybody.passed) == (0, 0)
    assert everybody.generated >= 2_000
    assert (firm.status, firm.generated - firm.passed) == (0, 0)
    assert firm.generated >= 100
